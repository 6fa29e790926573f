//! Form posts: those to our own addresses, and those that a challenge met on their way.

use bytes::Bytes;
use http::Request;
use http::header::CONTENT_TYPE;
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use percent_encoding::percent_decode_str;

/// Longest form that is read, in bytes.
pub const LONGEST: usize = 64 * 1024;

/// Most fields a form may have.
const MOST_FIELDS: usize = 200;

/// What became of a form that was challenged.
pub enum Carried {
    /// The request was no form post.
    Nothing,
    /// Its fields.
    Fields(Vec<(String, String)>),
    /// An upload, or too long.
    Lost,
}

/// Reads the body of a small form.
///
/// # Errors
/// When it is longer than [`LONGEST`], or breaks off.
pub async fn read(body: Incoming) -> Result<Bytes, String> {
    Limited::new(body, LONGEST).collect().await.map(http_body_util::Collected::to_bytes).map_err(|e| e.to_string())
}

/// Fields of `application/x-www-form-urlencoded` text (URL Standard, section 5.1); at most 200.
#[must_use]
pub fn fields(text: &[u8]) -> Vec<(String, String)> {
    String::from_utf8_lossy(text)
        .split('&')
        .filter(|p| !p.is_empty())
        .take(MOST_FIELDS)
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        })
        .collect()
}

fn decode(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

/// The value of a field.
#[must_use]
pub fn value<'a>(fields: &'a [(String, String)], name: &str) -> Option<&'a str> {
    fields.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str()).filter(|v| !v.is_empty())
}

/// What a challenged request carried, so that it survives the challenge.
pub async fn carry(request: Request<Incoming>) -> Carried {
    if matches!(*request.method(), http::Method::GET | http::Method::HEAD) {
        return Carried::Nothing;
    }
    let urlencoded = request
        .headers()
        .get(CONTENT_TYPE)
        .is_some_and(|t| t.as_bytes().to_ascii_lowercase().starts_with(b"application/x-www-form-urlencoded"));
    if !urlencoded {
        return Carried::Lost;
    }
    match read(request.into_body()).await {
        Ok(body) => Carried::Fields(fields(&body)),
        Err(_) => Carried::Lost,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_as_browsers_write_it() {
        let f = fields(b"q=Ada+Quill%26feather&page=2&&flag&q=second");
        assert_eq!(value(&f, "q"), Some("Ada Quill&feather"));
        assert_eq!(value(&f, "page"), Some("2"));
        assert_eq!(value(&f, "flag"), None);
        assert_eq!(f.len(), 4);
    }
}
