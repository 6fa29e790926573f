//! Reading one answer of HTTP/1.1 to its end.

use std::io::{Error, ErrorKind, Read, Result};

/// Longest answer that is read, bytes: the bench's are far below.
const LONGEST: usize = 1 << 20;

/// An answer on its way over a kept connection.
pub struct Answer {
    room: Vec<u8>,
    /// So many bytes of it have come.
    filled: usize,
    /// Its status and where it ends, once its head has come.
    head: Option<(u16, Length)>,
}

impl Default for Answer {
    fn default() -> Self {
        Self { room: vec![0; 64 * 1024], filled: 0, head: None }
    }
}

impl Answer {
    /// Reads once. The status, when the answer has come to its end; the next one may follow then.
    ///
    /// # Errors
    /// The connection's (`WouldBlock` where nothing has come); `InvalidData` for what is no answer, has no length, or goes
    /// on after its end.
    pub fn read(&mut self, site: &mut impl Read) -> Result<Option<u16>> {
        if self.filled == LONGEST {
            return Err(odd("the answer is too long"));
        }
        if self.filled == self.room.len() {
            self.room.resize((2 * self.filled).min(LONGEST), 0);
        }
        let n = site.read(&mut self.room[self.filled..])?;
        if n == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        self.filled += n;
        let came = &self.room[..self.filled];
        if self.head.is_none() {
            self.head = head(came)?;
        }
        let Some((status, length)) = &self.head else { return Ok(None) };
        let status = *status;
        let end = match length {
            Length::Known(end) => Some(*end),
            Length::Chunked(body) => end_of_chunks(came, *body)?,
        };
        match end {
            Some(end) if self.filled == end => {
                (self.filled, self.head) = (0, None);
                Ok(Some(status))
            }
            Some(end) if self.filled > end => Err(odd("more than the answer came")),
            _ => Ok(None),
        }
    }
}

/// Where an answer ends.
enum Length {
    /// At this byte.
    Known(usize),
    /// Where its chunks end, which begin at this byte.
    Chunked(usize),
}

fn head(came: &[u8]) -> Result<Option<(u16, Length)>> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut parsed = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(body) = parsed.parse(came).map_err(|e| odd(&e.to_string()))? else {
        return Ok(None);
    };
    let status = parsed.code.unwrap_or(0);
    let value = |name: &str| parsed.headers.iter().find(|h| h.name.eq_ignore_ascii_case(name)).map(|h| h.value);
    if value("transfer-encoding").is_some_and(|v| v.eq_ignore_ascii_case(b"chunked")) {
        return Ok(Some((status, Length::Chunked(body))));
    }
    let length = value("content-length").and_then(|v| std::str::from_utf8(v).ok()?.parse::<usize>().ok());
    match length {
        Some(length) => Ok(Some((status, Length::Known(body.saturating_add(length))))),
        None => Err(odd("the answer has no length")),
    }
}

/// Where the chunks end, trailers included, once they have all come.
fn end_of_chunks(came: &[u8], mut at: usize) -> Result<Option<usize>> {
    loop {
        let left = came.get(at..).unwrap_or_default();
        let Ok(httparse::Status::Complete((line, size))) = httparse::parse_chunk_size(left) else {
            return if httparse::parse_chunk_size(left).is_err() { Err(odd("a chunk has no size")) } else { Ok(None) };
        };
        if size == 0 {
            let trailers = &left[line..];
            if trailers.starts_with(b"\r\n") {
                return Ok(Some(at + line + 2));
            }
            let end = trailers.windows(4).position(|w| w == b"\r\n\r\n");
            return Ok(end.map(|end| at + line + end + 4));
        }
        let size = usize::try_from(size).map_err(|_| odd("a chunk is too long"))?;
        at = at.saturating_add(line).saturating_add(size).saturating_add(2);
        if at > came.len() {
            return Ok(None);
        }
    }
}

fn odd(what: &str) -> Error {
    Error::new(ErrorKind::InvalidData, what.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hands out bytes a few at a time, as a slow connection does.
    struct Drops<'a>(&'a [u8], usize);

    impl Read for Drops<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
            let n = self.1.min(self.0.len()).min(buffer.len());
            buffer[..n].copy_from_slice(&self.0[..n]);
            self.0 = &self.0[n..];
            Ok(n)
        }
    }

    /// Reads on until the answer is there.
    fn read(answer: &mut Answer, site: &mut Drops<'_>) -> Result<u16> {
        loop {
            if let Some(status) = answer.read(site)? {
                return Ok(status);
            }
        }
    }

    #[test]
    fn an_answer_is_read_to_its_end_however_it_comes() {
        for answer in [
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nA\r\n0123456789\r\n0\r\nDone: yes\r\n\r\n",
        ] {
            for step in 1..=answer.len() {
                let mut site = Drops(answer.as_bytes(), step);
                assert_eq!(read(&mut Answer::default(), &mut site).unwrap(), 200, "{answer} by {step}");
                assert!(site.0.is_empty(), "{answer} by {step}");
            }
        }
    }

    #[test]
    fn one_answer_follows_the_other() {
        let one = b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno";
        let mut answer = Answer::default();
        for _ in 0..3 {
            assert_eq!(read(&mut answer, &mut Drops(one, 7)).unwrap(), 404);
        }
    }

    #[test]
    fn what_is_no_whole_answer_is_an_error() {
        for (answer, kind) in [
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", ErrorKind::UnexpectedEof),
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello!", ErrorKind::InvalidData),
            ("HTTP/1.1 200 OK\r\n\r\nhello", ErrorKind::InvalidData),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", ErrorKind::InvalidData),
            ("SSH-2.0-OpenSSH\r\n\r\n", ErrorKind::InvalidData),
            ("", ErrorKind::UnexpectedEof),
        ] {
            let error = read(&mut Answer::default(), &mut Drops(answer.as_bytes(), 4096)).unwrap_err();
            assert_eq!(error.kind(), kind, "{answer}");
        }
    }
}
