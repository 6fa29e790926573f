//! The closed list of reasons: what the operator and what the visitor is told.
//!
//! Codes with parts (`budget.personal.session.hour`, `rule.NAME`) are listed by their beginning.

use super::signals;

/// One reason, or one family of reasons.
#[derive(Debug, Clone, Copy)]
pub struct ReasonDoc {
    /// The code, or its beginning up to and with the last fixed dot.
    pub code: &'static str,
    /// For the operator.
    pub operator: &'static str,
    /// For the visitor, in plain words.
    pub visitor: &'static str,
}

const OTHERS: [ReasonDoc; 21] = [
    ReasonDoc {
        code: "budget.",
        operator: "A budget of distinct people is spent: sensitivity, level and window follow.",
        visitor: "You have already been shown many different people.",
    },
    ReasonDoc {
        code: "beyond.prove",
        operator: "Kept asking for new people after the budget was spent: a challenge.",
        visitor: "You asked for many more people after that.",
    },
    ReasonDoc {
        code: "beyond.sign_in",
        operator: "Kept asking for new people after the budget was spent: sign-in is asked.",
        visitor: "You asked for many more people after that.",
    },
    ReasonDoc {
        code: "beyond.refuse",
        operator: "Kept asking for new people after the budget was spent: refused for a while.",
        visitor: "You asked for many more people after that.",
    },
    ReasonDoc {
        code: "posture.raised",
        operator: "All strangers together are shown unusually many people; newcomers are shown less.",
        visitor: "Just now somebody seems to be collecting people here, so we show new visitors less.",
    },
    ReasonDoc {
        code: "posture.high",
        operator: "All strangers together are shown far too many people; newcomers are shown next to nobody more.",
        visitor: "Just now somebody seems to be collecting people here, so we show new visitors very little.",
    },
    ReasonDoc {
        code: "never.",
        operator: "Fields of this sensitivity are never shown to this standing.",
        visitor: "Some details are not shown to visitors.",
    },
    ReasonDoc {
        code: "on_request.",
        operator: "Fields of this sensitivity are shown one person at a time, on request.",
        visitor: "Some details are shown one person at a time, when you ask for them.",
    },
    ReasonDoc {
        code: "measure_watch",
        operator: "Somebody decided to watch this principal: its requests are marked, nothing else.",
        visitor: "",
    },
    ReasonDoc {
        code: "measure_budget",
        operator: "Somebody decided to lower this principal's budgets, until it expires.",
        visitor: "Somebody of the site decided to show you fewer people for a while.",
    },
    ReasonDoc {
        code: "measure_prove",
        operator: "Somebody decided to challenge this principal, until it expires.",
        visitor: "Somebody of the site decided to ask for a quick check first.",
    },
    ReasonDoc {
        code: "measure_refuse",
        operator: "Somebody decided to refuse this principal, until it expires.",
        visitor: "Somebody of the site decided to stop visits from here for a while.",
    },
    ReasonDoc {
        code: "measure_release",
        operator: "Somebody released this principal: no signal and no rule counts, budgets do.",
        visitor: "",
    },
    ReasonDoc {
        code: "measure_posture",
        operator: "Somebody decided that the site is at least so tense for everybody, until it expires: newcomers are \
                   shown less.",
        visitor: "Somebody of the site decided to show new visitors less for a while.",
    },
    ReasonDoc {
        code: "measure_mask",
        operator: "Somebody decided to mask this field for everybody, until it expires.",
        visitor: "Somebody of the site decided to show some details to nobody for a while.",
    },
    ReasonDoc {
        code: "measure_close",
        operator: "Somebody decided to close this route for everybody, until it expires.",
        visitor: "Somebody of the site decided to close this part of it for everybody for a while.",
    },
    ReasonDoc {
        code: "solved_work",
        operator: "A challenge was solved by the browser's own work, with JavaScript.",
        visitor: "",
    },
    ReasonDoc {
        code: "solved_wait",
        operator: "A challenge was solved by waiting, the way without JavaScript.",
        visitor: "",
    },
    ReasonDoc {
        code: "rule.",
        operator: "A rule of the operator; its name follows.",
        visitor: "A rule of this site does not allow this.",
    },
    ReasonDoc {
        code: "rule_failed.",
        operator: "A rule of the operator could not be evaluated; its name follows.",
        visitor: "A rule of this site could not be checked.",
    },
    ReasonDoc {
        code: "unreadable",
        operator: "An answer that shows people could not be read; people in it were not counted.",
        visitor: "",
    },
];

const VISITOR_SIGNAL: &str = "The way this site is being read looks like a program that collects people.";

/// All reasons there are.
pub fn all() -> impl Iterator<Item = ReasonDoc> {
    OTHERS.into_iter().chain(signals::ALL.into_iter().map(|(_, code, operator)| ReasonDoc {
        code,
        operator,
        visitor: VISITOR_SIGNAL,
    }))
}

/// The entry of the list a code belongs to.
#[must_use]
pub fn lookup(code: &str) -> Option<ReasonDoc> {
    all().find(|r| code == r.code || (r.code.ends_with('.') && code.starts_with(r.code)))
}

/// What the visitor is told of a reason; `None` when there is nothing to tell.
#[must_use]
pub fn visitor_sentence(code: &str) -> Option<&'static str> {
    lookup(code).map(|r| r.visitor).filter(|s| !s.is_empty())
}
