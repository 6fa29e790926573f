//! The files the pages load, compiled in.

use std::fmt::Write as _;
use std::sync::LazyLock;

use sha2::{Digest, Sha256};

/// A file as it is served.
#[derive(Debug)]
pub struct Asset {
    /// Its path below `/.hedgerow/assets/`.
    pub path: &'static str,
    /// Its bytes.
    pub bytes: &'static [u8],
    /// `Content-Type`.
    pub content_type: &'static str,
    /// `ETag` with its quotes (RFC 9110 section 8.8.3). Serve with `Cache-Control: no-cache`, so that it is asked for
    /// after an update of the gateway and not sent again otherwise.
    pub etag: String,
}

const CSS: &str = "text/css; charset=utf-8";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";

static ASSETS: LazyLock<[Asset; 6]> = LazyLock::new(|| {
    [
        asset("hedgerow.css", include_bytes!("../../assets/hedgerow.css"), CSS),
        asset("prove.js", include_bytes!("../../assets/prove.js"), JAVASCRIPT),
        asset("altcha/altcha.min.js", include_bytes!("../../assets/altcha/altcha.min.js"), JAVASCRIPT),
        asset("altcha/pbkdf2.js", include_bytes!("../../assets/altcha/pbkdf2.js"), JAVASCRIPT),
        // The licences travel with the files they belong to.
        asset("altcha/LICENSE.txt", include_bytes!("../../assets/altcha/LICENSE.txt"), TEXT),
        asset("altcha/LICENSE-svelte.md", include_bytes!("../../assets/altcha/LICENSE-svelte.md"), TEXT),
    ]
});

fn asset(path: &'static str, bytes: &'static [u8], content_type: &'static str) -> Asset {
    Asset { path, bytes, content_type, etag: format!("\"{}\"", &hex(&Sha256::digest(bytes))[..32]) }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut s, b| {
        let _ = write!(s, "{b:02x}");
        s
    })
}

/// The file at `path` below `/.hedgerow/assets/`, if there is one. A lookup in a fixed list: no path leads to the disk.
#[must_use]
pub fn assets(path: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|a| a.path == path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_widget_is_byte_for_byte_what_was_recorded() {
        let recorded = include_str!("../../assets/altcha/SHA256SUMS");
        assert_eq!(recorded.lines().count(), 4);
        for line in recorded.lines() {
            let (sum, name) = line.split_once("  ").unwrap();
            let asset = assets(&format!("altcha/{name}")).unwrap_or_else(|| panic!("{name} is not served"));
            assert_eq!(hex(&Sha256::digest(asset.bytes)), sum, "{name} changed: see assets/README.md");
        }
    }

    #[test]
    fn only_listed_files_are_served_and_each_has_its_own_tag() {
        for path in ["", "/", "../Cargo.toml", "altcha/../prove.js", "altcha", "PROVE.JS", "altcha/SHA256SUMS"] {
            assert!(assets(path).is_none(), "{path}");
        }
        let mut tags: Vec<_> = ASSETS.iter().map(|a| &a.etag).collect();
        tags.sort();
        tags.dedup();
        assert_eq!(tags.len(), ASSETS.len());
    }

    #[test]
    fn no_file_of_ours_loads_anything_from_another_host() {
        for path in ["hedgerow.css", "prove.js"] {
            let text = std::str::from_utf8(assets(path).unwrap().bytes).unwrap();
            assert!(!text.contains("http:") && !text.contains("https:") && !text.contains("//cdn"), "{path}");
        }
    }
}
