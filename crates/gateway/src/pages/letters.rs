//! What visitors can write to us: the appeal of somebody who was stopped, and the report of somebody who found people's
//! information elsewhere.

use askama::Template;
use hedgerow_engine::doors::Reference;

use super::{PageContext, render, words};

/// Name of the hidden field with the form's token.
pub const FIELD_TOKEN: &str = "hedgerow-token";

/// Which form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Letter {
    /// Somebody was stopped and says that it is wrong.
    Appeal,
    /// Somebody found people's information elsewhere.
    Report,
}

/// One field of a form.
#[derive(Debug, Clone, Copy)]
pub struct LetterField {
    /// Its name in the form, and in what is kept.
    pub name: &'static str,
    /// What it asks.
    pub label: &'static str,
    /// How to answer; may be empty.
    pub hint: &'static str,
    /// `line`, `text` or `check`.
    pub kind: &'static str,
    /// Most characters a browser lets in; the gateway counts bytes.
    pub longest: usize,
    /// Whether the form cannot be sent without it.
    pub needed: bool,
    rows: u8,
    autocomplete: &'static str,
}

const LINE: LetterField =
    LetterField { name: "", label: "", hint: "", kind: "line", longest: 200, needed: false, rows: 0, autocomplete: "" };
const TEXT: LetterField = LetterField { kind: "text", rows: 6, ..LINE };
const CHECK: LetterField = LetterField { kind: "check", longest: 3, ..LINE };
const REPLY: LetterField = LetterField {
    name: "reply",
    label: "Your e-mail address or phone number, if you want an answer",
    hint: "You can leave this empty.",
    autocomplete: "email",
    ..LINE
};

const APPEAL: [LetterField; 5] = [
    LetterField {
        name: "reference",
        label: "Reference number",
        hint: "It stands on the page that stopped you. Leave it empty if you do not have it.",
        longest: 20,
        ..LINE
    },
    LetterField { name: "message", label: "What happened?", longest: 4_000, needed: true, ..TEXT },
    REPLY,
    LetterField { name: "aid", label: "I use a screen reader or another aid", ..CHECK },
    LetterField { name: "no_script", label: "My browser works without JavaScript", ..CHECK },
];

const REPORT: [LetterField; 4] = [
    LetterField {
        name: "where",
        label: "Where did you find it?",
        hint: "An address on the web, a name of a market or a channel, or in your own words.",
        longest: 2_000,
        needed: true,
        rows: 3,
        ..TEXT
    },
    LetterField { name: "since", label: "Since when is it there, as far as you know?", ..LINE },
    LetterField {
        name: "records",
        label: "A few examples of what you found",
        hint: "Three or four lines are enough to compare. Please do not send everything.",
        longest: 10_000,
        rows: 8,
        ..TEXT
    },
    LetterField { label: "How can we reach you, if we have questions?", ..REPLY },
];

impl Letter {
    /// The last part of its address.
    #[must_use]
    pub fn action(self) -> &'static str {
        match self {
            Self::Appeal => "appeal",
            Self::Report => "report",
        }
    }

    /// Its fields, in order.
    #[must_use]
    pub fn fields(self) -> &'static [LetterField] {
        match self {
            Self::Appeal => &APPEAL,
            Self::Report => &REPORT,
        }
    }
}

struct Shown<'a> {
    name: &'static str,
    label: &'static str,
    hint: &'static str,
    kind: &'static str,
    longest: usize,
    needed: bool,
    rows: u8,
    autocomplete: &'static str,
    value: &'a str,
}

struct FormNames {
    token: &'static str,
}

const NAMES: FormNames = FormNames { token: FIELD_TOKEN };

#[derive(Template)]
#[template(path = "appeal.html")]
struct AppealHtml<'a> {
    page: &'a PageContext<'a>,
    heading: &'static str,
    names: FormNames,
    action: &'static str,
    token: &'a str,
    problem: Option<&'a str>,
    fields: Vec<Shown<'a>>,
}

#[derive(Template)]
#[template(path = "report.html")]
struct ReportHtml<'a> {
    page: &'a PageContext<'a>,
    heading: &'static str,
    names: FormNames,
    action: &'static str,
    token: &'a str,
    problem: Option<&'a str>,
    fields: Vec<Shown<'a>>,
}

/// A form, filled with what the visitor has already written; `problem` says why it was not taken.
#[must_use]
pub fn letter_form(
    page: &PageContext<'_>,
    letter: Letter,
    token: &str,
    values: &[(String, String)],
    problem: Option<&str>,
) -> String {
    let fields = letter
        .fields()
        .iter()
        .map(|f| Shown {
            name: f.name,
            label: f.label,
            hint: f.hint,
            kind: f.kind,
            longest: f.longest,
            needed: f.needed,
            rows: f.rows,
            autocomplete: f.autocomplete,
            value: values.iter().find(|(n, _)| n == f.name).map_or("", |(_, v)| v.as_str()),
        })
        .collect();
    let (names, action) = (NAMES, letter.action());
    match letter {
        Letter::Appeal => {
            render(&AppealHtml { page, heading: "Were you stopped by mistake?", names, action, token, problem, fields })
        }
        Letter::Report => {
            let heading = "Did you find people's information elsewhere?";
            render(&ReportHtml { page, heading, names, action, token, problem, fields })
        }
    }
}

#[derive(Template)]
#[template(path = "letter_kept.html")]
struct KeptHtml<'a> {
    page: &'a PageContext<'a>,
    heading: &'static str,
    thanks: &'static str,
    number: Reference,
    about: Option<Reference>,
    next: &'static str,
    reply: &'static str,
}

/// The letter is kept (status 200): its number, and what happens next.
#[must_use]
pub fn letter_kept(
    page: &PageContext<'_>,
    letter: Letter,
    number: Reference,
    about: Option<Reference>,
    answered: bool,
) -> String {
    let (thanks, next) = match letter {
        Letter::Appeal => (
            "Thank you. Your letter has arrived, and a person will read it.",
            "We look at what happened and decide. If we were wrong, the way is opened for you again.",
        ),
        Letter::Report => (
            "Thank you for telling us. Your letter has arrived, and a person will read it.",
            "We compare what you found with our own records. If people are affected, we tell them and do what the law asks.",
        ),
    };
    let reply = if answered {
        "We answer at the address that you left. Please keep the number of your letter."
    } else {
        "You left no address, so we cannot answer you. If you want an answer, write to the address below and name the \
         number of your letter."
    };
    // The number is in the list already; a second one below would only be noise.
    let page = &PageContext { reference: None, ..*page };
    render(&KeptHtml { page, heading: "Your letter has arrived", thanks, number, about, next, reply })
}

#[derive(Template)]
#[template(path = "closed.html")]
struct ClosedHtml<'a> {
    page: &'a PageContext<'a>,
    heading: &'static str,
    ends: Option<String>,
    retry: Option<String>,
}

/// Closed, or masked, for everybody by a person's decision (status 503): that it is not about the visitor, and when it ends.
#[must_use]
pub fn closed(page: &PageContext<'_>, until_s: Option<u64>, retry_after_s: Option<u32>) -> String {
    render(&ClosedHtml {
        page,
        heading: "This is closed for a while",
        ends: until_s.map(words::moment),
        retry: retry_after_s.map(words::span),
    })
}

#[derive(Template)]
#[template(path = "stopped.html")]
struct StoppedHtml<'a> {
    page: &'a PageContext<'a>,
    heading: &'static str,
    ends: String,
    retry: Option<String>,
}

/// Refused by a person's decision (status 403): who decided, when it ends, and the way to appeal.
#[must_use]
pub fn stopped(page: &PageContext<'_>, until_s: u64, retry_after_s: Option<u32>) -> String {
    render(&StoppedHtml {
        page,
        heading: "We stopped visits from here",
        ends: words::moment(until_s),
        retry: retry_after_s.map(words::span),
    })
}
