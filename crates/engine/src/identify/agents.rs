//! Reads the user agent once: who it says it is, and which browser it claims.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

use super::agent_names::NAMES;

/// What kind of software names itself. In the order in which one name outranks another in the same user agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// A search engine's crawler.
    Search,
    /// A robot for anything else: training data, SEO, archives, measurement.
    Declared,
    /// Link previews, feed readers, monitors.
    Preview,
    /// A programming library, a command-line tool, a driven browser.
    Library,
    /// Says that it is a robot without a name we know.
    Nameless,
}

/// A browser family, as claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// Chrome and what is built on Chromium and says so (Edge, Opera, Brave, Vivaldi).
    Chromium,
    /// Firefox and Tor Browser.
    Firefox,
    /// Safari, and every browser on iOS, which all use its engine.
    Safari,
    /// A text browser: a visitor like any other.
    Text,
    /// Anything else.
    Other,
}

/// The operating system a user agent claims, as far as client hints can contradict it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Platform {
    /// Windows.
    Windows,
    /// macOS.
    Mac,
    /// Android.
    Android,
    /// Chrome OS.
    ChromeOs,
    /// Linux that is none of these.
    Linux,
}

/// What a user agent says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Agent {
    /// The strongest name in it: short name and class.
    pub named: Option<(&'static str, Class)>,
    /// The browser it claims to be.
    pub family: Family,
    /// Major version of that browser; 0 when it is not said.
    pub major: u16,
    /// The platform it claims.
    pub platform: Option<Platform>,
    /// A known engine inside something else (WebView, television, Electron, an old branch), whose headers differ.
    pub embedded: bool,
}

#[derive(Clone, Copy)]
enum Mark {
    Name(&'static str, Class),
    Robot,
    Browser(Family, bool),
    Platform(Platform),
    Embedded,
}

/// Words of robots without a name we know; matched anywhere.
const ROBOT_WORDS: [&str; 9] =
    ["bot/", "bot;", "bot)", "crawler", "spider", "scraper", "+http", "harvester", "headless"];

/// Token, family, and whether the number behind it is that family's version.
const BROWSERS: [(&str, Family, bool); 15] = [
    ("chrome/", Family::Chromium, true),
    ("chromium/", Family::Chromium, true),
    ("firefox/", Family::Firefox, true),
    ("version/", Family::Safari, true),
    // On iOS every browser is Safari's engine under another number.
    ("crios/", Family::Safari, false),
    ("fxios/", Family::Safari, false),
    ("edgios/", Family::Safari, false),
    ("w3m/", Family::Text, false),
    ("lynx/", Family::Text, false),
    ("links (", Family::Text, false),
    ("links/", Family::Text, false),
    ("elinks", Family::Text, false),
    ("browsh", Family::Text, false),
    ("dillo/", Family::Text, false),
    ("netsurf/", Family::Text, false),
];

const PLATFORMS: [(&str, Platform); 6] = [
    ("windows nt", Platform::Windows),
    ("macintosh", Platform::Mac),
    ("android", Platform::Android),
    ("cros ", Platform::ChromeOs),
    ("linux x86_64", Platform::Linux),
    ("linux aarch64", Platform::Linux),
];

const EMBEDDED: [&str; 18] = [
    "; wv)",
    "electron/",
    "qtwebengine",
    "samsungbrowser/",
    "tizen",
    "web0s",
    "webos",
    "smart-tv",
    "crkey",
    "aftm",
    "cef/",
    "version/4.0 chrome/",
    "miuibrowser",
    "huaweibrowser",
    "ucbrowser",
    "yabrowser",
    "goanna",
    "seamonkey",
];

struct Table {
    automaton: AhoCorasick,
    marks: Vec<Mark>,
}

/// One automaton for all words and all sites; it is made once and is about 200 KiB.
static TABLE: LazyLock<Option<Table>> = LazyLock::new(|| {
    let words = NAMES
        .iter()
        .map(|(token, name, class)| (*token, Mark::Name(name, *class)))
        .chain(ROBOT_WORDS.iter().map(|w| (*w, Mark::Robot)))
        .chain(BROWSERS.iter().map(|(w, f, v)| (*w, Mark::Browser(*f, *v))))
        .chain(PLATFORMS.iter().map(|(w, p)| (*w, Mark::Platform(*p))))
        .chain(EMBEDDED.iter().map(|w| (*w, Mark::Embedded)));
    let (tokens, marks): (Vec<_>, Vec<_>) = words.unzip();
    let automaton =
        AhoCorasick::builder().ascii_case_insensitive(true).match_kind(MatchKind::Standard).build(tokens).ok()?;
    Some(Table { automaton, marks })
});

/// Whether the words could be compiled; asked once, when a site is made, so that requests need no error path.
pub(super) fn ready() -> bool {
    TABLE.is_some()
}

/// Most bytes of a user agent that are read; browsers stay far below.
const MAX_BYTES: usize = 1024;

/// Reads a user agent.
#[must_use]
pub fn read(user_agent: &[u8]) -> Agent {
    let text = user_agent.get(..MAX_BYTES).unwrap_or(user_agent);
    let mut agent = Agent { named: None, family: Family::Other, major: 0, platform: None, embedded: false };
    let Some(table) = TABLE.as_ref() else {
        return agent;
    };
    let (mut robot, mut facebook, mut twitter) = (false, false, false);
    let mut named: Option<(Class, usize, usize, &'static str)> = None;
    for hit in table.automaton.find_overlapping_iter(text) {
        let before = hit.start().checked_sub(1).and_then(|i| text.get(i)).copied();
        let starts = !before.is_some_and(|b| b.is_ascii_alphanumeric());
        match table.marks.get(hit.pattern().as_usize()) {
            Some(Mark::Name(name, class)) if starts => {
                facebook |= *name == "facebookexternalhit";
                twitter |= *name == "twitterbot";
                // Strongest class, then the first in the text, then the longest word at that place.
                let rank = (*class, hit.start(), usize::MAX - hit.end());
                if named.is_none_or(|(c, s, e, _)| rank < (c, s, e)) {
                    named = Some((rank.0, rank.1, rank.2, name));
                }
            }
            Some(Mark::Robot) => robot |= !is_cubot(text, hit.start()),
            Some(Mark::Browser(family, versioned)) if starts => {
                let number = if *versioned { text.get(hit.end()..) } else { None };
                claim(&mut agent, *family, number.unwrap_or_default());
            }
            Some(Mark::Platform(platform)) => agent.platform = stronger(agent.platform, *platform),
            Some(Mark::Embedded) => agent.embedded = true,
            _ => {}
        }
    }
    agent.named = if facebook && twitter {
        // Messages on Apple devices names both previews at once, from the sender's own address.
        Some(("imessage-preview", Class::Preview))
    } else {
        named.map(|(class, _, _, name)| (name, class)).or(robot.then_some(("nameless-robot", Class::Nameless)))
    };
    agent
}

/// A maker of phones whose name ends in `bot`.
fn is_cubot(text: &[u8], at: usize) -> bool {
    at.checked_sub(2).and_then(|from| text.get(from..at)).is_some_and(|t| t.eq_ignore_ascii_case(b"cu"))
}

/// Chrome names Safari's tokens too, and Android's old WebView `Version/4.0`; the more telling name stands.
fn claim(agent: &mut Agent, family: Family, after: &[u8]) {
    let rank = |f: Family| match f {
        Family::Other => 0,
        Family::Safari => 1,
        Family::Firefox => 2,
        Family::Chromium => 3,
        Family::Text => 4,
    };
    if rank(family) > rank(agent.family) {
        agent.family = family;
        let digits = after.iter().take_while(|b| b.is_ascii_digit()).take(4);
        agent.major = digits.fold(0u16, |v, b| v.saturating_mul(10).saturating_add(u16::from(b - b'0')));
    }
}

/// `Linux` stands in Android's user agents too.
fn stronger(old: Option<Platform>, new: Platform) -> Option<Platform> {
    match (old, new) {
        (Some(Platform::Android), _) => old,
        _ => Some(new),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn named(ua: &str) -> Option<(&'static str, Class)> {
        read(ua.as_bytes()).named
    }

    #[test]
    fn robots_libraries_and_services_are_known_by_their_names() {
        for (ua, name, class) in [
            ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "googlebot", Class::Search),
            (
                "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm) Chrome/116.0.1938.76 Safari/537.36",
                "bingbot",
                Class::Search,
            ),
            (
                "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
                "gptbot",
                Class::Declared,
            ),
            ("Mozilla/5.0 (compatible; ClaudeBot/1.0; +claudebot@anthropic.com)", "claudebot", Class::Declared),
            ("CCBot/2.0 (https://commoncrawl.org/faq/)", "ccbot", Class::Declared),
            ("Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)", "ahrefsbot", Class::Declared),
            (
                "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
                "facebookexternalhit",
                Class::Preview,
            ),
            ("Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", "slackbot", Class::Preview),
            ("WhatsApp/2.23.20.0", "whatsapp", Class::Preview),
            ("Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)", "uptimerobot", Class::Preview),
            ("Feedly/1.0 (+http://www.feedly.com/fetcher.html; 3 subscribers)", "feedly", Class::Preview),
            ("curl/8.5.0", "curl", Class::Library),
            ("Wget/1.21.4", "wget", Class::Library),
            ("python-requests/2.32.3", "python-requests", Class::Library),
            ("python-httpx/0.27.0", "python-httpx", Class::Library),
            ("Python/3.11 aiohttp/3.9.5", "python", Class::Library),
            ("Scrapy/2.11.2 (+https://scrapy.org)", "scrapy", Class::Library),
            ("Go-http-client/2.0", "go-http-client", Class::Library),
            ("Java/17.0.2", "java", Class::Library),
            ("libwww-perl/6.77", "libwww-perl", Class::Library),
            ("axios/1.7.2", "axios", Class::Library),
            ("PostmanRuntime/7.39.0", "postmanruntime", Class::Library),
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/126.0.0.0 Safari/537.36",
                "headlesschrome",
                Class::Library,
            ),
            ("FooSpider (+https://foo.example)", "nameless-robot", Class::Nameless),
        ] {
            assert_eq!(named(ua), Some((name, class)), "{ua}");
        }
    }

    #[test]
    fn people_are_not_taken_for_robots() {
        for ua in [
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0",
            "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15",
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/126.0.6478.54 Mobile/15E148 Safari/604.1",
            "Mozilla/5.0 (Linux; Android 9; CUBOT; CUBOT_X18) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36",
            "w3m/0.5.3+git20230121",
            "Lynx/2.9.0dev.12 libwww-FM/2.14 SSL-MM/1.4.1",
            "Links (2.29; Linux 6.1 x86_64; GNU C 12.2; text)",
            "ELinks/0.16.1 (textmode; Linux; 80x24)",
            "Opera/9.80 (Windows NT 6.1; WOW64) Presto/2.12.388 Version/12.18",
            "Mozilla/5.0 (Linux; Android 10) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/78.0.3904.108 Mobile Safari/537.36 SogouMSE,SogouMobileBrowser/5.2",
        ] {
            assert_eq!(named(ua), None, "{ua}");
        }
    }

    #[test]
    fn the_claimed_browser_its_version_and_platform_are_read() {
        let a = read(b"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36");
        assert_eq!(
            (a.family, a.major, a.platform, a.embedded),
            (Family::Chromium, 126, Some(Platform::Android), false)
        );
        let a = read(b"Mozilla/5.0 (Linux; Android 14; Pixel 8 Build/UQ1A; wv) AppleWebKit/537.36 Version/4.0 Chrome/126.0.0.0 Mobile Safari/537.36");
        assert_eq!((a.family, a.embedded), (Family::Chromium, true));
        let a = read(b"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15");
        assert_eq!((a.family, a.major, a.platform), (Family::Safari, 17, Some(Platform::Mac)));
        assert_eq!(read(b"w3m/0.5.3").family, Family::Text);
        let a = read(b"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 CriOS/126.0.6478.54 Mobile/15E148 Safari/604.1");
        assert_eq!((a.family, a.major), (Family::Safari, 0));
    }

    #[test]
    fn a_preview_of_apple_messages_is_not_a_forged_facebook() {
        let ua = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) AppleWebKit/601.2.4 (KHTML, like Gecko) Version/9.0.1 Safari/601.2.4 facebookexternalhit/1.1 Facebot Twitterbot/1.0";
        assert_eq!(named(ua), Some(("imessage-preview", Class::Preview)));
    }

    #[test]
    fn every_name_is_found_by_its_own_token_and_is_lower_case() {
        for (token, name, _) in NAMES {
            assert!(read(token.as_bytes()).named.is_some(), "{token}");
            assert_eq!(**name, name.to_ascii_lowercase());
            assert!(!name.contains(' '), "{name}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..1200)) {
            let _ = read(&bytes);
        }
    }
}
