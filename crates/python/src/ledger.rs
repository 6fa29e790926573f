//! The record room's part of the face: headers and entries as JSON, one string each.

use std::path::PathBuf;

use hedgerow_engine::doors::{Pseudonym, Reference};
use hedgerow_engine::record::{self, Follower, Item, Query, RecordError};
use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::prelude::*;

use crate::{json, site_keys};

#[expect(clippy::needless_pass_by_value, reason = "the shape of map_err")]
fn failed(e: RecordError) -> PyErr {
    PyOSError::new_err(e.to_string())
}

fn name(text: &str) -> PyResult<Pseudonym> {
    Pseudonym::from_hex(text)
        .ok_or_else(|| PyValueError::new_err(format!("`{text}` is not a keyed name: 24 hexadecimal digits")))
}

/// A header, an entry, or, for a damaged line, an object with the one key `problem`: reading goes on after it.
fn told(item: Result<Item, RecordError>) -> PyResult<String> {
    match item {
        Ok(Item::Header(h)) => json(&h),
        Ok(Item::Entry(e)) => json(&e),
        Err(e @ RecordError::Damaged { .. }) => json(&serde_json::json!({"problem": e.to_string()})),
        Err(e) => Err(failed(e)),
    }
}

/// Lines of a ledger.
#[pyclass]
struct LedgerLines {
    // Boxed, as what it holds may want a wider alignment than Python gives its objects.
    items: Box<dyn Iterator<Item = Result<Item, RecordError>> + Send + Sync>,
}

#[pymethods]
impl LedgerLines {
    fn __iter__(this: PyRef<'_, Self>) -> PyRef<'_, Self> {
        this
    }

    fn __next__(&mut self, py: Python<'_>) -> PyResult<Option<String>> {
        py.detach(|| self.items.next()).map(told).transpose()
    }
}

/// Reads a ledger's folder: all since a time, or what concerns one person, or one principal by the beginning of its
/// keyed name.
#[pyfunction]
#[pyo3(signature = (folder, since_ms, person=None, principal=None))]
fn read_ledger(
    folder: PathBuf,
    since_ms: u64,
    person: Option<String>,
    principal: Option<String>,
) -> PyResult<LedgerLines> {
    let items = record::select(&folder, Query { since_ms, person, principal }).map_err(failed)?;
    Ok(LedgerLines { items: Box::new(items) })
}

/// The last entries of a ledger, oldest first, each after the header that explains it where that is another one.
#[pyfunction]
fn tail_ledger(py: Python<'_>, folder: PathBuf, count: usize) -> PyResult<Vec<String>> {
    let last = py.detach(|| record::tail(&folder, count)).map_err(failed)?;
    let mut out = Vec::with_capacity(last.len() + 1);
    let mut known = None;
    for (header, entry) in last {
        if known.as_ref() != Some(&header) {
            out.push(json(&header)?);
            known = Some(header);
        }
        out.push(json(&entry)?);
    }
    Ok(out)
}

/// Gives what was added to a ledger since it was asked last.
#[pyclass]
struct LedgerFollower {
    follower: Box<Follower>,
}

#[pymethods]
impl LedgerFollower {
    #[new]
    fn new(py: Python<'_>, folder: PathBuf) -> PyResult<Self> {
        Ok(Self { follower: Box::new(py.detach(|| Follower::from_end(&folder)).map_err(failed)?) })
    }

    fn poll(&mut self, py: Python<'_>) -> PyResult<Vec<String>> {
        py.detach(|| self.follower.poll()).map_err(failed)?.into_iter().map(told).collect()
    }
}

/// Verifies a ledger's folder; the report as JSON.
#[pyfunction]
fn verify_ledger(py: Python<'_>, folder: PathBuf) -> PyResult<String> {
    json(&py.detach(|| record::verify(&folder)).map_err(failed)?)
}

/// Entries of a reference, as a JSON list.
#[pyfunction]
fn find_reference(py: Python<'_>, folder: PathBuf, reference: &str) -> PyResult<String> {
    let r: Reference =
        reference.parse().map_err(|()| PyValueError::new_err(format!("`{reference}` is not a reference")))?;
    json(&py.detach(|| record::find(&folder, r)).map_err(failed)?)
}

/// Opens a sealed address; None when none is kept under that name.
#[pyfunction]
fn open_address(folder: PathBuf, secret: &str, site: &str, pseudonym: &str) -> PyResult<Option<String>> {
    let keys = site_keys(secret, site)?;
    let found = record::open_address(&folder, keys.seal_key(), name(pseudonym)?).map_err(failed)?;
    Ok(found.map(|a| a.to_string()))
}

/// Adds all of this to the module.
pub fn add_to(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<LedgerLines>()?;
    m.add_class::<LedgerFollower>()?;
    m.add_function(wrap_pyfunction!(read_ledger, m)?)?;
    m.add_function(wrap_pyfunction!(tail_ledger, m)?)?;
    m.add_function(wrap_pyfunction!(verify_ledger, m)?)?;
    m.add_function(wrap_pyfunction!(find_reference, m)?)?;
    m.add_function(wrap_pyfunction!(open_address, m)?)
}
