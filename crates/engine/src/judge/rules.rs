//! The operator's rules: CEL (Common Expression Language) over `request`, `identity` and `state`.

use std::collections::HashMap;

use cel::{Context, Program, Value};
use serde::Serialize;

use super::Snapshot;
use crate::doors::{Identity, Lane, Request, Standing};
use crate::policy::{Rule, Window};
use crate::state::Posture;

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
    needs: Needs,
}

/// Which facts the rules read: what no rule reads is not gathered.
#[derive(Debug, Clone, Copy)]
struct Needs {
    request: bool,
    /// Whether `headers` stands anywhere in a rule: too many at worst, never too few.
    headers: bool,
    identity: bool,
    state: bool,
}

impl Needs {
    fn of(rules: &[Rule], programs: &[Program]) -> Self {
        let reads = |name: &str| programs.iter().any(|p| p.references().has_variable(name));
        let whole = rules.iter().any(|r| r.when.contains("headers") || r.when.contains('['));
        Self { request: reads("request"), headers: whole, identity: reads("identity"), state: reads("state") }
    }
}

#[derive(Serialize)]
struct RequestFacts<'a> {
    method: &'a str,
    host: &'a str,
    path: &'a str,
    query: &'a str,
    user_agent: &'a str,
    headers: HashMap<&'a str, &'a str>,
}

#[derive(Serialize)]
struct IdentityFacts<'a> {
    lane: Lane,
    standing: Standing,
    agent: &'a str,
    address: String,
    account: bool,
    asn: u32,
    session_age_s: u64,
    proven: bool,
}

#[derive(Serialize)]
struct People {
    basic: u32,
    personal: u32,
    contact: u32,
}

#[derive(Serialize)]
struct StateFacts {
    people_hour: People,
    people_day: People,
    people_month: People,
    beyond: u32,
    risk: u16,
    posture: Posture,
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
        let needs = Needs::of(rules, &programs);
        Ok(Self { programs, language: Context::default(), needs })
    }

    /// Evaluates the rules one by one; the facts are only gathered when there is a rule.
    pub(super) fn evaluate<'r>(
        &'r self,
        rules: &'r [Rule],
        req: &Request<'_>,
        id: &Identity,
        snap: &Snapshot,
        risk: u16,
    ) -> Vec<(&'r Rule, Result<bool, String>)> {
        if self.programs.is_empty() {
            return Vec::new();
        }
        let mut context = self.language.new_inner_scope();
        if let Err(e) = facts(&mut context, self.needs, req, id, snap, risk) {
            return rules.iter().map(|r| (r, Err(e.clone()))).collect();
        }
        self.programs
            .iter()
            .zip(rules)
            .map(|(program, rule)| {
                let outcome = match program.execute(&context) {
                    Ok(Value::Bool(b)) => Ok(b),
                    Ok(_) => Err("it gave something other than true or false".to_owned()),
                    Err(e) => Err(e.to_string()),
                };
                (rule, outcome)
            })
            .collect()
    }
}

fn facts(
    context: &mut Context<'_, '_>,
    needs: Needs,
    req: &Request<'_>,
    id: &Identity,
    snap: &Snapshot,
    risk: u16,
) -> Result<(), String> {
    if needs.request {
        context.add_variable("request", request_facts(req, needs.headers)).map_err(|e| e.to_string())?;
    }
    if needs.identity {
        context.add_variable("identity", identity_facts(req, id, snap)).map_err(|e| e.to_string())?;
    }
    if needs.state {
        context.add_variable("state", state_facts(snap, risk)).map_err(|e| e.to_string())?;
    }
    Ok(())
}

fn request_facts<'a>(req: &Request<'a>, headers: bool) -> RequestFacts<'a> {
    let text = |v: &'a http::HeaderValue| v.to_str().ok();
    RequestFacts {
        method: req.method,
        host: req.host,
        path: req.path,
        query: req.query.unwrap_or(""),
        user_agent: req.headers.get(http::header::USER_AGENT).and_then(text).unwrap_or(""),
        headers: match headers {
            true => req.headers.iter().filter_map(|(n, v)| Some((n.as_str(), text(v)?))).collect(),
            false => HashMap::new(),
        },
    }
}

fn identity_facts<'a>(req: &Request<'_>, id: &'a Identity, snap: &Snapshot) -> IdentityFacts<'a> {
    IdentityFacts {
        lane: id.lane,
        standing: snap.standing,
        agent: id.agent.as_deref().unwrap_or(""),
        address: id.address_raw.to_string(),
        account: id.account.is_some_and(|a| a.confirmed),
        asn: id.asn.unwrap_or(0),
        session_age_s: id.session.filter(|s| s.returned).map_or(0, |s| (req.now_ms / 1000).saturating_sub(s.since_s)),
        proven: snap.standing == Standing::Proven,
    }
}

fn state_facts(snap: &Snapshot, risk: u16) -> StateFacts {
    let people = |w: Window| {
        let [basic, personal, contact] = snap.people[w as usize];
        People { basic, personal, contact }
    };
    StateFacts {
        people_hour: people(Window::Hour),
        people_day: people(Window::Day),
        people_month: people(Window::Month),
        beyond: snap.beyond,
        risk,
        posture: snap.posture,
    }
}
