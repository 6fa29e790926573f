//! What a doctype says of the document's mode (HTML, section 13.2.6.4.1).

use super::Quirks;

/// Public identifiers of quirks mode begin so, in lower case.
const QUIRKS_STARTS: [&str; 55] = [
    "+//silmaril//dtd html pro v0r11 19970101//",
    "-//as//dtd html 3.0 aswedit + extensions//",
    "-//advasoft ltd//dtd html 3.0 aswedit + extensions//",
    "-//ietf//dtd html 2.0 level 1//",
    "-//ietf//dtd html 2.0 level 2//",
    "-//ietf//dtd html 2.0 strict level 1//",
    "-//ietf//dtd html 2.0 strict level 2//",
    "-//ietf//dtd html 2.0 strict//",
    "-//ietf//dtd html 2.0//",
    "-//ietf//dtd html 2.1e//",
    "-//ietf//dtd html 3.0//",
    "-//ietf//dtd html 3.2 final//",
    "-//ietf//dtd html 3.2//",
    "-//ietf//dtd html 3//",
    "-//ietf//dtd html level 0//",
    "-//ietf//dtd html level 1//",
    "-//ietf//dtd html level 2//",
    "-//ietf//dtd html level 3//",
    "-//ietf//dtd html strict level 0//",
    "-//ietf//dtd html strict level 1//",
    "-//ietf//dtd html strict level 2//",
    "-//ietf//dtd html strict level 3//",
    "-//ietf//dtd html strict//",
    "-//ietf//dtd html//",
    "-//metrius//dtd metrius presentational//",
    "-//microsoft//dtd internet explorer 2.0 html strict//",
    "-//microsoft//dtd internet explorer 2.0 html//",
    "-//microsoft//dtd internet explorer 2.0 tables//",
    "-//microsoft//dtd internet explorer 3.0 html strict//",
    "-//microsoft//dtd internet explorer 3.0 html//",
    "-//microsoft//dtd internet explorer 3.0 tables//",
    "-//netscape comm. corp.//dtd html//",
    "-//netscape comm. corp.//dtd strict html//",
    "-//o'reilly and associates//dtd html 2.0//",
    "-//o'reilly and associates//dtd html extended 1.0//",
    "-//o'reilly and associates//dtd html extended relaxed 1.0//",
    "-//sq//dtd html 2.0 hotmetal + extensions//",
    "-//softquad software//dtd hotmetal pro 6.0::19990601::extensions to html 4.0//",
    "-//softquad//dtd hotmetal pro 4.0::19971010::extensions to html 4.0//",
    "-//spyglass//dtd html 2.0 extended//",
    "-//sun microsystems corp.//dtd hotjava html//",
    "-//sun microsystems corp.//dtd hotjava strict html//",
    "-//w3c//dtd html 3 1995-03-24//",
    "-//w3c//dtd html 3.2 draft//",
    "-//w3c//dtd html 3.2 final//",
    "-//w3c//dtd html 3.2//",
    "-//w3c//dtd html 3.2s draft//",
    "-//w3c//dtd html 4.0 frameset//",
    "-//w3c//dtd html 4.0 transitional//",
    "-//w3c//dtd html experimental 19960712//",
    "-//w3c//dtd html experimental 970421//",
    "-//w3c//dtd w3 html//",
    "-//w3o//dtd w3 html 3.0//",
    "-//webtechs//dtd mozilla html 2.0//",
    "-//webtechs//dtd mozilla html//",
];

/// Public identifiers of quirks mode where there is no system identifier.
const QUIRKS_ALONE: [&str; 2] = ["-//w3c//dtd html 4.01 frameset//", "-//w3c//dtd html 4.01 transitional//"];

const QUIRKS_PUBLIC: [&str; 3] = ["-//w3o//dtd w3 html strict 3.0//en//", "-/w3c/dtd html 4.0 transitional/en", "html"];

const QUIRKS_SYSTEM: &str = "http://www.ibm.com/data/dtd/v11/ibmxhtml1-transitional.dtd";

/// The mode, by a doctype from `<!` to `>`. One that is not written as it should be is not looked into.
pub(super) fn mode(raw: &[u8]) -> Quirks {
    let text = String::from_utf8_lossy(raw).to_ascii_lowercase();
    let rest = trim(text.get(9..).unwrap_or_default().trim_end_matches('>'));
    let (name, rest) = rest.split_at(rest.find(is_space).unwrap_or(rest.len()));
    if name != "html" {
        return Quirks::Yes;
    }
    let rest = trim(rest);
    if rest.is_empty() {
        return Quirks::No;
    }
    let (public, system, rest) = if let Some(rest) = rest.strip_prefix("public") {
        let Some((public, rest)) = quoted(rest) else { return Quirks::Unknown };
        match quoted(rest) {
            Some((system, rest)) => (public, Some(system), rest),
            None => (public, None, rest),
        }
    } else {
        let Some((system, rest)) = rest.strip_prefix("system").and_then(quoted) else { return Quirks::Unknown };
        ("", Some(system), rest)
    };
    if !trim(rest).is_empty() || text.contains('\0') {
        return Quirks::Unknown;
    }
    let starts = |all: &[&str]| all.iter().any(|s| public.starts_with(s));
    let quirks = starts(&QUIRKS_STARTS)
        || (system.is_none() && starts(&QUIRKS_ALONE))
        || QUIRKS_PUBLIC.contains(&public)
        || system == Some(QUIRKS_SYSTEM);
    if quirks { Quirks::Yes } else { Quirks::No }
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{c}')
}

fn trim(text: &str) -> &str {
    text.trim_matches(is_space)
}

/// A string in quotes at the start, and what comes after it.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start_matches(is_space);
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    text.get(1..)?.split_once(quote)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mode_is_that_of_browsers() {
        for (raw, quirks) in [
            ("<!doctype html>", Quirks::No),
            ("<!DOCTYPE\nHTML >", Quirks::No),
            ("<!doctypehtml>", Quirks::No),
            ("<!doctype html system \"about:legacy-compat\">", Quirks::No),
            ("<!doctype html public \"-//W3C//DTD HTML 4.01//EN\">", Quirks::No),
            ("<!doctype html public \"-//W3C//DTD HTML 4.01 Transitional//EN\" \"x\">", Quirks::No),
            ("<!doctype html public \"-//W3C//DTD XHTML 1.0 Strict//EN\" 'x'>", Quirks::No),
            ("<!doctype html public \"-//W3C//DTD HTML 4.01 Transitional//EN\">", Quirks::Yes),
            ("<!doctype html public \"-//O'Reilly and Associates//DTD HTML 2.0//EN\" 'x'>", Quirks::Yes),
            ("<!doctype html PUBLIC 'HTML'>", Quirks::Yes),
            ("<!doctype>", Quirks::Yes),
            ("<!doctype x>", Quirks::Yes),
            ("<!doctype html foo>", Quirks::Unknown),
            ("<!doctype html public x>", Quirks::Unknown),
            ("<!doctype html public \"a\" 'b' c>", Quirks::Unknown),
        ] {
            assert_eq!(mode(raw.as_bytes()), quirks, "{raw}");
        }
    }
}
