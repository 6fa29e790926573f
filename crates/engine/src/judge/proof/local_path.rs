//! Where a visitor may be sent back to: a path of the same site and nothing else.

/// Longest path a visitor is sent back to, in bytes.
pub const MAX_LOCAL_PATH: usize = 2048;

/// Whether `path` is an absolute path of the same site, so that sending a visitor there is not an open redirect.
///
/// Stricter than the grammar (RFC 3986 section 3.3), because browsers are laxer (the URL standard turns `\` into `/`
/// and drops tabs and line ends): printable ASCII only, no backslash, one leading slash, no dot segment right after it.
#[must_use]
pub fn is_local_path(path: &str) -> bool {
    let bytes = path.as_bytes();
    bytes.len() <= MAX_LOCAL_PATH
        && bytes.first() == Some(&b'/')
        && bytes.get(1) != Some(&b'/')
        && !["/./", "/../"].iter().any(|p| path.starts_with(p))
        && bytes.iter().all(|b| b.is_ascii_graphic() && *b != b'\\')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_paths_of_this_site_are_local() {
        for good in ["/", "/members/42?tab=a%20b&x=//y#top", "/a//b", "/.well-known/x", "/@home:80"] {
            assert!(is_local_path(good), "{good}");
        }
        for bad in [
            "",
            "members",
            "//evil.example/",
            "/\\evil.example",
            "\\/evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            "https://evil.example/",
            "javascript:alert(1)",
            " /members",
            "/caf\u{e9}",
            "/.//evil.example",
            "/..//evil.example",
            "/a b",
        ] {
            assert!(!is_local_path(bad), "{bad:?}");
        }
        assert!(!is_local_path(&format!("/{}", "a".repeat(MAX_LOCAL_PATH))));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn what_is_local_keeps_scheme_and_host_when_resolved(path in "[/\\\\.a:@\\t\\n ?#%]{0,12}") {
            if is_local_path(&path) {
                let tidy: String = path.chars().filter(|c| !c.is_ascii_control()).collect();
                prop_assert!(tidy.starts_with('/') && !tidy.replace('\\', "/").starts_with("//"));
            }
        }
    }
}
