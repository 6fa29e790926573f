//! robots.txt as an auditor reads it (RFC 9309): did this visitor ask for what its rules refuse?

/// Most bytes that are read; what follows is ignored (RFC 9309, section 2.5, asks for at least 500 KiB).
pub const MAX_BYTES: usize = 500 * 1024;

/// A parsed robots.txt.
#[derive(Debug, Clone, Default)]
pub struct Robots {
    groups: Vec<Group>,
}

#[derive(Debug, Clone, Default)]
struct Group {
    /// Product tokens, lower case; `*` for anybody else.
    agents: Vec<String>,
    rules: Vec<Rule>,
}

#[derive(Debug, Clone)]
struct Rule {
    allow: bool,
    /// Normalised pattern, with `*`, and `$` removed.
    pattern: Vec<u8>,
    /// Whether it must match to the end.
    anchored: bool,
    /// Length in octets of the pattern as compared, which decides between rules.
    weight: usize,
}

impl Robots {
    /// Reads robots.txt. Never fails: lines that are not understood are passed over and end nothing (section 2.2.4).
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut end = text.len().min(MAX_BYTES);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let text = text.get(..end).unwrap_or_default();
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut groups: Vec<Group> = Vec::new();
        let mut naming = false;
        for line in text.split(['\n', '\r']) {
            let line = line.split('#').next().unwrap_or_default();
            let Some((key, value)) = line.split_once(':') else {
                continue;
            };
            let (key, value) = (key.trim(), value.trim());
            if key.eq_ignore_ascii_case("user-agent") {
                if !naming {
                    groups.push(Group::default());
                    naming = true;
                }
                if let (Some(group), Some(token)) = (groups.last_mut(), token(value)) {
                    group.agents.push(token);
                }
            } else if key.eq_ignore_ascii_case("allow") || key.eq_ignore_ascii_case("disallow") {
                naming = false;
                // Rules before any user-agent line belong to nobody; an empty rule says nothing (section 2.2.2).
                if let (Some(group), false) = (groups.last_mut(), value.is_empty()) {
                    group.rules.push(Rule::new(key.eq_ignore_ascii_case("allow"), value));
                }
            }
        }
        Self { groups }
    }

    /// Whether the rules for `agent` (a product token, any case) refuse `path` (with its query, if it has one).
    ///
    /// All groups that name the agent are one group; `*` is used only when none does (section 2.2.1). The longest match
    /// in octets decides, `allow` among equals (section 2.2.2). robots.txt itself is never refused (section 2.3).
    #[must_use]
    pub fn refuses(&self, agent: &str, path: &str) -> bool {
        if path == "/robots.txt" {
            return false;
        }
        let named = |g: &&Group| g.agents.iter().any(|a| a != "*" && a.eq_ignore_ascii_case(agent));
        let specific = self.groups.iter().any(|g| named(&g));
        let path = normalised(path, false);
        let mut best: Option<(usize, bool)> = None;
        for group in self.groups.iter().filter(|g| if specific { named(g) } else { g.agents.iter().any(|a| a == "*") })
        {
            for rule in &group.rules {
                // A tuple compares the length first and then `true` above `false`: allow wins ties.
                if best.is_none_or(|b| (rule.weight, rule.allow) > b) && rule.matches(&path) {
                    best = Some((rule.weight, rule.allow));
                }
            }
        }
        best.is_some_and(|(_, allow)| !allow)
    }

    /// Whether there is any rule at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.groups.iter().all(|g| g.rules.is_empty())
    }
}

/// The product token of a user-agent line: letters, `_` and `-` (section 2.2.1); what follows, such as a version, is
/// not part of it.
fn token(value: &str) -> Option<String> {
    if value.starts_with('*') {
        return Some("*".to_owned());
    }
    let end = value.bytes().position(|b| !(b.is_ascii_alphanumeric() || b == b'_' || b == b'-')).unwrap_or(value.len());
    let token = value.get(..end).unwrap_or_default();
    (!token.is_empty()).then(|| token.to_ascii_lowercase())
}

impl Rule {
    fn new(allow: bool, value: &str) -> Self {
        let pattern = normalised(value, true);
        let weight = pattern.len();
        let (pattern, anchored) = match pattern.split_last() {
            Some((b'$', before)) => (before.to_vec(), true),
            _ => (pattern, false),
        };
        Self { allow, pattern, anchored, weight }
    }

    /// Matches from the start of the path. A greedy walk with one way back needs no more than pattern × path steps, and
    /// no stack, whatever a stranger writes.
    fn matches(&self, path: &[u8]) -> bool {
        let (mut p, mut s) = (0, 0);
        let mut star: Option<(usize, usize)> = None;
        loop {
            match self.pattern.get(p) {
                None if !self.anchored || s == path.len() => return true,
                Some(b'*') => {
                    star = Some((p + 1, s));
                    p += 1;
                    continue;
                }
                Some(c) if path.get(s) == Some(c) => {
                    p += 1;
                    s += 1;
                    continue;
                }
                _ => {}
            }
            match star {
                Some((after, at)) if at < path.len() => {
                    star = Some((after, at + 1));
                    (p, s) = (after, at + 1);
                }
                _ => return false,
            }
        }
    }
}

/// One spelling for each path: octets that are not ASCII are percent-encoded, encoded unreserved characters are decoded,
/// and hexadecimal digits are upper case (RFC 9309, section 2.2.2; RFC 3986, section 6.2.2). Reserved characters keep the
/// form they were written in, because `%2F` and `/` are different paths; the same holds for `%2A` and `%24` in a pattern.
fn normalised(text: &str, pattern: bool) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len() + 1);
    if pattern && !matches!(bytes.first(), Some(b'/' | b'*')) {
        // A rule written without its slash is meant from the root, as most crawlers read it.
        out.push(b'/');
    }
    let hex = |b: Option<&u8>| b.and_then(|b| (*b as char).to_digit(16)).and_then(|d| u8::try_from(d).ok());
    let escape = |out: &mut Vec<u8>, b: u8| out.extend_from_slice(format!("%{b:02X}").as_bytes());
    let mut i = 0;
    while let Some(&b) = bytes.get(i) {
        match (b, hex(bytes.get(i + 1)), hex(bytes.get(i + 2))) {
            (b'%', Some(high), Some(low)) => {
                let octet = high << 4 | low;
                if octet.is_ascii_alphanumeric() || b"-._~".contains(&octet) {
                    out.push(octet);
                } else {
                    escape(&mut out, octet);
                }
                i += 2;
            }
            // A `*` in a path, or a `$` anywhere but at a rule's end, is only itself; a rule writes it encoded (2.2.3).
            (b'*', ..) if !pattern => escape(&mut out, b),
            (b'$', ..) if !pattern || i + 1 < bytes.len() => escape(&mut out, b),
            _ if b.is_ascii_graphic() => out.push(b),
            _ => escape(&mut out, b),
        }
        i += 1;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn refuses(robots: &str, agent: &str, path: &str) -> bool {
        Robots::parse(robots).refuses(agent, path)
    }

    #[test]
    fn groups_of_one_agent_are_merged_and_the_star_is_for_others_only() {
        let text = "User-agent: a\nDisallow: /x\n\nUser-agent: *\nDisallow: /\n\nuser-agent: A/2.1\nDisallow: /y\n";
        assert!(refuses(text, "a", "/x/1"));
        assert!(refuses(text, "A", "/y"));
        assert!(!refuses(text, "a", "/z"));
        assert!(refuses(text, "b", "/z"));
    }

    #[test]
    fn several_agents_share_a_group_and_unknown_lines_do_not_split_it() {
        let text =
            "User-agent: a\nSitemap: https://x.example/s.xml\nCrawl-delay: 5\nUser-agent: b\nnonsense\nDisallow: /p\n";
        assert!(refuses(text, "a", "/p"));
        assert!(refuses(text, "b", "/p"));
        assert!(!refuses(text, "c", "/p"));
    }

    #[test]
    fn the_longest_match_wins_and_allow_wins_a_tie() {
        let text = "User-agent: *\nDisallow: /members\nAllow: /members/open\nAllow: /t\nDisallow: /t\n";
        assert!(refuses(text, "x", "/members/7"));
        assert!(!refuses(text, "x", "/members/open/7"));
        assert!(!refuses(text, "x", "/t"));
        assert!(refuses("User-agent: *\nAllow: /p\nDisallow: /*.php\n", "x", "/p.php"));
    }

    #[test]
    fn stars_and_the_dollar_sign_work() {
        let text = "User-agent: *\nDisallow: /*.gif$\nDisallow: /a*b*c\nDisallow: /exact$\n";
        assert!(refuses(text, "x", "/i/one.gif"));
        assert!(!refuses(text, "x", "/i/one.gif?s=1"));
        assert!(refuses(text, "x", "/a-b-b-c-d"));
        assert!(!refuses(text, "x", "/a-c-b"));
        assert!(refuses(text, "x", "/exact"));
        assert!(!refuses(text, "x", "/exactly"));
        assert!(refuses("User-agent: *\nDisallow: *\n", "x", "/"));
    }

    #[test]
    fn encodings_are_compared_in_one_spelling() {
        let text = "User-agent: *\nDisallow: /foo/bar/ツ\nDisallow: /%62%61z\nDisallow: /q%3Cx\nDisallow: /s%2fa\n";
        assert!(refuses(text, "x", "/foo/bar/%E3%83%84"));
        assert!(refuses(text, "x", "/baz"));
        assert!(refuses(text, "x", "/%62az"));
        assert!(refuses(text, "x", "/q%3cx"));
        assert!(refuses(text, "x", "/s%2Fa"));
        assert!(!refuses(text, "x", "/s/a"));
        assert!(!refuses("User-agent: *\nDisallow: /%2A\n", "x", "/abc"));
        let special = "User-agent: *\nDisallow: /with-%2A.html\nDisallow: /cost$5%24\n";
        assert!(refuses(special, "x", "/with-*.html"));
        assert!(refuses(special, "x", "/with-%2a.html"));
        assert!(!refuses(special, "x", "/with-x.html"));
        assert!(refuses(special, "x", "/cost$5$/more"));
    }

    #[test]
    fn empty_rules_comments_byte_order_marks_and_line_ends_mean_what_they_should() {
        assert!(!refuses("User-agent: *\nDisallow:\n", "x", "/a"));
        assert!(refuses("\u{feff}User-Agent : *\r\nDISALLOW : /a # not this\rAllow: /b", "x", "/a"));
        assert!(!refuses("Disallow: /\n", "x", "/a"));
        assert!(!refuses("User-agent: *\nDisallow: /\n", "x", "/robots.txt"));
        assert!(refuses("User-agent: *\nDisallow: /\n", "x", "/robots.txt2"));
        assert!(!refuses("", "x", "/"));
        assert!(Robots::parse("User-agent: *\n").is_empty());
    }

    #[test]
    fn what_lies_beyond_the_bound_is_ignored_and_what_lies_before_it_is_not() {
        let filler = "# ü\n".repeat(MAX_BYTES / 5);
        let text = format!("User-agent: *\nDisallow: /early\n{filler}{filler}Disallow: /late\n");
        assert!(refuses(&text, "x", "/early"));
        assert!(!refuses(&text, "x", "/late"));
    }

    #[test]
    fn a_pattern_full_of_stars_ends_quickly() {
        let text = format!("User-agent: *\nDisallow: /{}b\n", "a*".repeat(2000));
        assert!(!refuses(&text, "x", &format!("/{}", "a".repeat(4000))));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn no_text_makes_the_reader_panic(text in "\\PC{0,200}", path in "/\\PC{0,40}", near in "(user-agent|allow|disallow):[*/$%a-f0-9]{0,9}") {
            let _ = refuses(&text, "x", &path);
            let _ = refuses(&format!("user-agent:*\n{near}"), "x", &path);
        }

        #[test]
        fn a_path_refused_literally_is_refused_with_everything_below_it(path in "/[a-z]{1,8}", below in "[a-z/]{0,8}") {
            let refused = refuses(&format!("user-agent: *\ndisallow: {path}"), "x", &format!("{path}{below}"));
            prop_assert!(refused);
        }
    }
}
