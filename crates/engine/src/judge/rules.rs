//! The operator's rules: CEL (Common Expression Language) over `request`, `identity` and `state`.
//!
//! A fact is made when a rule comes to it: most rules end after one of them, and gathering all of them first cost ten times
//! what asking for one does.

use std::collections::HashMap;

use cel::common::types::{CelBool, CelMap, CelMapKey, CelString, CelUInt};
use cel::common::value::{CowVal, Val};
use cel::context::VariableResolver;
use cel::{Context, Program, Value};

use super::Snapshot;
use crate::doors::{Identity, Request, Standing};
use crate::policy::{Rule, Window};

/// Longest expression, bytes.
const LONGEST: usize = 4096;

/// A rule that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("rule `{name}` cannot be read: {why}")]
pub struct RuleError {
    name: String,
    why: String,
}

/// Compiled rules, in the policy's order.
pub(super) struct Rules {
    programs: Vec<Program>,
    /// The language's own functions, registered once: to do so for every request costs more than the rest of a verdict.
    language: Context<'static, 'static>,
}

/// Whether an expression compiles.
///
/// # Errors
/// What is wrong with it, in the compiler's words.
pub fn check(expression: &str) -> Result<(), String> {
    if expression.len() > LONGEST {
        return Err(format!("it is longer than {LONGEST} bytes"));
    }
    Program::compile(expression).map(drop).map_err(|e| e.to_string())
}

impl Rules {
    pub(super) fn compile(rules: &[Rule]) -> Result<Self, RuleError> {
        let programs = rules
            .iter()
            .map(|r| {
                check(&r.when)
                    .and_then(|()| Program::compile(&r.when).map_err(|e| e.to_string()))
                    .map_err(|why| RuleError { name: r.name.clone(), why })
            })
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self { programs, language: Context::default() })
    }

    /// What each rule says, in order, evaluated when it is asked for.
    pub(super) fn evaluate<'r>(
        &'r self,
        rules: &'r [Rule],
        facts: Facts<'r>,
    ) -> impl Iterator<Item = (&'r Rule, Result<bool, String>)> {
        self.programs.iter().zip(rules).map(move |(program, rule)| {
            let mut scope = self.language.new_inner_scope();
            scope.set_variable_resolver(&facts);
            let outcome = match program.execute(&scope) {
                Ok(Value::Bool(b)) => Ok(b),
                Ok(_) => Err("it gave something other than true or false".to_owned()),
                Err(e) => Err(e.to_string()),
            };
            (rule, outcome)
        })
    }
}

/// What rules can ask about one request.
pub(super) struct Facts<'a> {
    pub(super) req: &'a Request<'a>,
    pub(super) id: &'a Identity,
    pub(super) snap: &'a Snapshot,
    /// Points of the signals, before any rule.
    pub(super) risk: u16,
}

const REQUEST: [&str; 6] = ["method", "host", "path", "query", "user_agent", "headers"];
const IDENTITY: [&str; 8] = ["lane", "standing", "agent", "address", "account", "asn", "session_age_s", "proven"];
const STATE: [&str; 6] = ["people_hour", "people_day", "people_month", "beyond", "risk", "posture"];
const PEOPLE: [&str; 3] = ["basic", "personal", "contact"];

type Fact<'b> = Option<CowVal<'b, 'b>>;

impl VariableResolver for Facts<'_> {
    /// A variable by its whole name, as the language looks for it first (`request.user_agent`, then `request`): so a rule
    /// that names a fact gets that one alone, and one that goes over all of them gets a map.
    fn resolve<'b>(&'b self, variable: &str) -> Option<CowVal<'b, 'b>> {
        match variable.split_once('.') {
            Some(("request", fact)) => self.of_request(fact),
            Some(("identity", fact)) => self.of_identity(fact),
            Some(("state", fact)) => self.of_state(fact),
            Some(_) => None,
            None => match variable {
                "request" => map(REQUEST, |fact| self.of_request(fact)),
                "identity" => map(IDENTITY, |fact| self.of_identity(fact)),
                "state" => map(STATE, |fact| self.of_state(fact)),
                _ => None,
            },
        }
    }
}

impl Facts<'_> {
    fn of_request(&self, fact: &str) -> Fact<'_> {
        let req = self.req;
        match fact {
            "method" => text(req.method),
            "host" => text(req.host),
            "path" => text(req.path),
            "query" => text(req.query.unwrap_or("")),
            "user_agent" => text(req.headers.get(http::header::USER_AGENT).and_then(|v| v.to_str().ok()).unwrap_or("")),
            "headers" => {
                let names = req.headers.keys().map(http::HeaderName::as_str);
                // Of several of one name, the last that is text.
                map(names, |name| req.headers.get_all(name).iter().rev().find_map(|v| v.to_str().ok()).and_then(text))
            }
            _ => None,
        }
    }

    fn of_identity(&self, fact: &str) -> Fact<'_> {
        let id = self.id;
        match fact {
            "lane" => text(id.lane.word()),
            "standing" => text(self.snap.standing.word()),
            "agent" => text(id.agent.as_deref().unwrap_or("")),
            "address" => Some(CowVal::owned(CelString::from(id.address_raw.to_string()))),
            "account" => truth(id.account.is_some_and(|a| a.confirmed)),
            "asn" => number(id.asn.unwrap_or(0)),
            "session_age_s" => {
                let age_s = |since_s| (self.req.now_ms / 1000).saturating_sub(since_s);
                number(id.session.filter(|s| s.returned).map_or(0, |s| age_s(s.since_s)))
            }
            "proven" => truth(self.snap.standing == Standing::Proven),
            _ => None,
        }
    }

    fn of_state(&self, fact: &str) -> Fact<'_> {
        match fact.split_once('.').unwrap_or((fact, "")) {
            ("people_hour", column) => self.people(Window::Hour, column),
            ("people_day", column) => self.people(Window::Day, column),
            ("people_month", column) => self.people(Window::Month, column),
            ("beyond", "") => number(self.snap.beyond),
            ("risk", "") => number(self.risk),
            ("posture", "") => text(self.snap.posture.word()),
            _ => None,
        }
    }

    fn people(&self, window: Window, column: &str) -> Fact<'_> {
        let people = |column: &str| {
            let at = PEOPLE.iter().position(|c| *c == column)?;
            number(self.snap.people[window as usize][at])
        };
        if column.is_empty() { map(PEOPLE, people) } else { people(column) }
    }
}

fn text(s: &str) -> Fact<'_> {
    Some(CowVal::owned(CelString::from(s)))
}

fn truth<'b>(b: bool) -> Fact<'b> {
    Some(CowVal::owned(CelBool::from(b)))
}

fn number<'b>(n: impl Into<u64>) -> Fact<'b> {
    Some(CowVal::owned(CelUInt::from(n.into())))
}

/// All facts of a list that there are, as a map.
fn map<'b>(names: impl IntoIterator<Item = &'b str>, fact: impl Fn(&'b str) -> Fact<'b>) -> Fact<'b> {
    let all: HashMap<CelMapKey<'b>, Box<dyn Val + 'b>> =
        names.into_iter().filter_map(|name| Some((CelMapKey::from(name), fact(name)?.into_owned()))).collect();
    Some(CowVal::owned(CelMap::from(all)))
}
