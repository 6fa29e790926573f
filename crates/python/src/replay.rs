//! The replay's part of the face: a whole replay as one object, and its steps as functions over bytes.

use std::path::PathBuf;

use hedgerow_replay::crew::{Check, paced};
use hedgerow_replay::past::Past;
use hedgerow_replay::runs::SIGHTINGS;
use hedgerow_replay::scatter::{self, RangeTally};
use hedgerow_replay::source::{self, Range};
use hedgerow_replay::{Attachment, LogReplay as Replay, Options, ReplayError};
use pyo3::exceptions::{PyIndexError, PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::json;

#[expect(clippy::needless_pass_by_value, reason = "the shape of map_err")]
fn failed(e: ReplayError) -> PyErr {
    let text = e.to_string();
    match e {
        ReplayError::Policy(_) | ReplayError::Options(_) | ReplayError::Foreign(_) => PyValueError::new_err(text),
        ReplayError::Io { .. } | ReplayError::Temporary(_) | ReplayError::Ledger(_) => PyOSError::new_err(text),
        ReplayError::Stopped | ReplayError::NotRun | ReplayError::Broken(_) => PyRuntimeError::new_err(text),
    }
}

fn read_json<'d, T: serde::Deserialize<'d>>(what: &str, text: &'d str) -> PyResult<T> {
    serde_json::from_str(text).map_err(|e| PyValueError::new_err(format!("{what} cannot be read: {e}")))
}

/// Does something long without holding Python, but for now and then, so that Ctrl-C ends it.
fn interruptible<T: Send>(
    py: Python<'_>,
    act: impl FnOnce(&mut Check<'_>) -> Result<T, ReplayError> + Send,
) -> PyResult<T> {
    let mut raised = None;
    let done = py.detach(|| {
        act(&mut paced(|| {
            raised = Python::attach(|py| py.check_signals()).err();
            raised.is_none()
        }))
    });
    raised.map_or_else(|| done.map_err(failed), Err)
}

/// Replays access logs against one site's policy.
#[pyclass]
struct LogReplay {
    // Boxed, as what it holds may want a wider alignment than Python gives its objects.
    replay: Box<Replay>,
}

#[pymethods]
impl LogReplay {
    #[new]
    fn new(py: Python<'_>, policy_json: &str, options_json: &str) -> PyResult<Self> {
        let made = py.detach(|| Replay::new(policy_json.as_bytes(), options_json.as_bytes()));
        Ok(Self { replay: Box::new(made.map_err(failed)?) })
    }

    fn run(&mut self, py: Python<'_>, paths: Vec<PathBuf>, progress: Py<PyAny>) -> PyResult<()> {
        let mut raised = None;
        let replay = &mut self.replay;
        let done = py.detach(|| {
            replay.run(&paths, |bytes, total, lines| {
                Python::attach(|py| {
                    let told = py.check_signals().and_then(|()| progress.call1(py, (bytes, total, lines)));
                    raised = told.err();
                    raised.is_none()
                })
            })
        });
        match raised {
            Some(error) => Err(error),
            None => done.map_err(failed),
        }
    }

    fn gather(&mut self, py: Python<'_>, parts: Vec<Vec<u8>>, tally_json: &str, past_json: &str) -> PyResult<()> {
        let (tally, past): (RangeTally, Past) =
            (read_json("the tally", tally_json)?, read_json("the past", past_json)?);
        interruptible(py, |check| self.replay.gather(parts, tally, past, check))
    }

    fn summary(&self) -> PyResult<String> {
        self.replay.summary().map_err(failed)
    }

    #[pyo3(signature = (at_least_people=0))]
    fn actors(this: Py<Self>, at_least_people: u64) -> Actors {
        Actors { of: this, next: 0, at_least_people }
    }

    fn people<'py>(&self, py: Python<'py>, actor: usize) -> PyResult<Bound<'py, PyBytes>> {
        let found = self.replay.gathered().and_then(|g| g.actor(actor)).map_err(failed)?;
        let (_, people) = found.ok_or_else(|| PyIndexError::new_err(format!("there is no actor {actor}")))?;
        let mut bytes = Vec::with_capacity(people.serialized_size());
        people.serialize_into(&mut bytes)?;
        Ok(PyBytes::new(py, &bytes))
    }

    fn person(&self, number: usize) -> PyResult<String> {
        let names = &self.replay.gathered().map_err(failed)?.names;
        names
            .get(number)
            .map(|n| n.to_string())
            .ok_or_else(|| PyIndexError::new_err(format!("there is no person {number}")))
    }

    fn popularity<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let all = &self.replay.gathered().map_err(failed)?.popularity;
        let bytes: Vec<u8> = all.iter().flat_map(|n| n.to_le_bytes()).collect();
        Ok(PyBytes::new(py, &bytes))
    }
}

/// The actors of a replay.
#[pyclass]
struct Actors {
    of: Py<LogReplay>,
    next: usize,
    at_least_people: u64,
}

#[pymethods]
impl Actors {
    fn __iter__(this: PyRef<'_, Self>) -> PyRef<'_, Self> {
        this
    }

    fn __next__(&mut self, py: Python<'_>) -> PyResult<Option<String>> {
        // A `progress` that asks for actors meets a replay that is being changed: an error, not a panic.
        let of = self.of.try_borrow(py)?;
        let gathered = of.replay.gathered().map_err(failed)?;
        loop {
            let Some((json, people)) = gathered.actor(self.next).map_err(failed)? else { return Ok(None) };
            self.next += 1;
            if people.len() >= self.at_least_people {
                return Ok(Some(json));
            }
        }
    }
}

fn attachment(policy_json: &str, options_json: &str) -> PyResult<Attachment> {
    Attachment::new(policy_json.as_bytes(), options_json.as_bytes()).map_err(failed)
}

/// The rooms of one step among several, which name people and principals alike only with one secret.
fn shared_attachment(policy_json: &str, options_json: &str) -> PyResult<Attachment> {
    let options: Options = read_json("the options", options_json)?;
    if options.secret.is_none() {
        let why =
            "the steps of a divided replay need one `secret`: give them the options that `replay_options` returns";
        return Err(PyValueError::new_err(why));
    }
    attachment(policy_json, options_json)
}

/// Options with a secret, drawn now if they have none: what whoever divides a replay hands to all steps.
#[pyfunction]
fn replay_options(options_json: &str) -> PyResult<String> {
    Options::with_secret(options_json.as_bytes()).map_err(failed)
}

/// Divides a file into ranges that can be parsed side by side.
#[pyfunction]
fn replay_ranges(path: PathBuf, each_bytes: u64) -> PyResult<Vec<(u64, u64)>> {
    Ok(source::ranges(&path, each_bytes)?.into_iter().map(|r| (r.start, r.end)).collect())
}

/// Batches of events, each with the number of its partition, and the tally.
type Parsed<'py> = (Vec<(usize, Bound<'py, PyBytes>)>, String);

/// Step one: a range's events by partition, and its tally as JSON.
#[pyfunction]
fn replay_parse<'py>(
    py: Python<'py>,
    policy_json: &str,
    options_json: &str,
    path: PathBuf,
    start: u64,
    end: u64,
) -> PyResult<Parsed<'py>> {
    let at = shared_attachment(policy_json, options_json)?;
    let (parts, tally) = interruptible(py, |check| scatter::parse(&at, &Range { path, start, end }, check))?;
    let parts = parts.into_iter().map(|(part, bytes)| (part, PyBytes::new(py, &bytes))).collect();
    Ok((parts, json(&tally)?))
}

/// Sums tallies.
#[pyfunction]
fn replay_tally(tallies_json: Vec<String>) -> PyResult<String> {
    let mut all = RangeTally::default();
    for text in &tallies_json {
        all.add(read_json("a tally", text)?);
    }
    json(&all)
}

/// Step two: the past, as JSON.
#[pyfunction]
fn replay_timeline(
    py: Python<'_>,
    policy_json: &str,
    options_json: &str,
    sightings: Vec<Vec<u8>>,
    tally_json: &str,
) -> PyResult<String> {
    let at = shared_attachment(policy_json, options_json)?;
    let tally: RangeTally = read_json("the tally", tally_json)?;
    json(&interruptible(py, |check| scatter::timeline(&at, sightings, &tally, check))?)
}

/// Step three: a group of partitions, replayed.
#[pyfunction]
fn replay_partition<'py>(
    py: Python<'py>,
    policy_json: &str,
    options_json: &str,
    past_json: &str,
    group: usize,
    batches: Vec<Vec<u8>>,
) -> PyResult<Bound<'py, PyBytes>> {
    let mut at = shared_attachment(policy_json, options_json)?;
    let past: Past = read_json("the past", past_json)?;
    let part = interruptible(py, |check| scatter::partition(&mut at, &past, group, batches, check))?;
    Ok(PyBytes::new(py, &part))
}

/// Replays a ledger's disclosures since a time under a policy; the report as JSON.
#[pyfunction]
fn replay_ledger(
    py: Python<'_>,
    policy_json: &str,
    options_json: &str,
    folder: PathBuf,
    since_ms: u64,
) -> PyResult<String> {
    let at = attachment(policy_json, options_json)?;
    json(&interruptible(py, |check| hedgerow_replay::backtest::backtest(&at, &folder, since_ms, check))?)
}

/// Whether a policy's replay can be divided by network.
#[pyfunction]
fn replay_divisible(policy_json: &str, options_json: &str) -> PyResult<bool> {
    Ok(attachment(policy_json, options_json)?.divisible())
}

/// Adds all of this to the module.
pub fn add_to(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add("REPLAY_SIGHTINGS", SIGHTINGS)?;
    m.add_class::<LogReplay>()?;
    m.add_function(wrap_pyfunction!(replay_options, m)?)?;
    m.add_function(wrap_pyfunction!(replay_ranges, m)?)?;
    m.add_function(wrap_pyfunction!(replay_parse, m)?)?;
    m.add_function(wrap_pyfunction!(replay_tally, m)?)?;
    m.add_function(wrap_pyfunction!(replay_timeline, m)?)?;
    m.add_function(wrap_pyfunction!(replay_partition, m)?)?;
    m.add_function(wrap_pyfunction!(replay_ledger, m)?)?;
    m.add_function(wrap_pyfunction!(replay_divisible, m)?)
}
