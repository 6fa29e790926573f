//! The Python face of the engine and the gateway: the module `hedgerow._engine`, and nothing else.
//!
//! Types are those of `src/hedgerow/_engine.pyi`; conversion happens here, once. Whatever takes long lets go of the
//! interpreter.

mod ledger;
mod replay;

use hedgerow_engine::doors::Level;
use hedgerow_engine::identify::{AsnTable, Crawlers, Keys, TokenAlgorithm, TokenKeys, dns_name_belongs as belongs};
use hedgerow_engine::policy::Policy;
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;

// An answer makes and frees many small pieces; this allocator keeps them on the worker's own lists.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn site_keys(secret: &str, site: &str) -> PyResult<Keys> {
    let root = hedgerow_gateway::sites::unhex(secret)
        .ok_or_else(|| PyValueError::new_err("the secret must be 64 hexadecimal digits"))?;
    Ok(Keys::from_secret(&hedgerow_gateway::sites::site_secret(&root, site)))
}

fn json(value: &impl serde::Serialize) -> PyResult<String> {
    serde_json::to_string(value).map_err(|e| PyValueError::new_err(e.to_string()))
}

/// Serves until drained.
#[pyfunction]
fn run_edge(py: Python<'_>, settings_json: &str) -> PyResult<()> {
    hedgerow_gateway::telling::begin();
    py.detach(|| hedgerow_gateway::run(settings_json)).map_err(PyRuntimeError::new_err)
}

/// Raises ValueError when compiled tables do not hold together.
#[pyfunction]
fn check_policy(compiled_json: &str) -> PyResult<()> {
    let policy = Policy::from_json(compiled_json.as_bytes()).map_err(|e| PyValueError::new_err(e.to_string()))?;
    for site in &policy.sites {
        for i in 0..site.routes.len() {
            hedgerow_engine::answer::Plan::compile(site, i).map_err(|e| PyValueError::new_err(e.to_string()))?;
        }
        hedgerow_engine::judge::Judge::new(site).map_err(|e| PyValueError::new_err(e.to_string()))?;
    }
    Ok(())
}

/// What is wrong with a CSS selector, or None.
#[pyfunction]
fn check_selector(text: &str) -> Option<String> {
    hedgerow_engine::answer::check_selector(text).err()
}

/// What is wrong with a CEL expression, or None.
#[pyfunction]
fn check_rule(text: &str) -> Option<String> {
    hedgerow_engine::judge::check_expression(text).err()
}

/// The keyed name of an address at a site.
#[pyfunction]
fn address_name(secret: &str, site: &str, address: &str) -> PyResult<String> {
    let address = address.parse().map_err(|_| PyValueError::new_err(format!("`{address}` is not an address")))?;
    Ok(hedgerow_engine::identify::address_name(&site_keys(secret, site)?, address).hex())
}

/// The keyed name of an account at a site.
#[pyfunction]
fn account_name(secret: &str, site: &str, account: &str) -> PyResult<String> {
    Ok(site_keys(secret, site)?.pseudonym(Level::Account, account.as_bytes()).hex())
}

/// Whether a DNS name belongs to a crawler's operator.
#[pyfunction]
fn dns_name_belongs(agent: &str, dns_name: &str) -> bool {
    belongs(agent, dns_name)
}

/// What is wrong with a table of autonomous systems, or None.
#[pyfunction]
fn check_asn_table(py: Python<'_>, path: std::path::PathBuf) -> Option<String> {
    py.detach(|| AsnTable::open(&path)).err().map(|e| e.to_string())
}

/// What is wrong with a file of keys for tokens under these algorithms, or None.
#[pyfunction]
fn check_token_keys(py: Python<'_>, path: std::path::PathBuf, algorithms: Vec<String>) -> Option<String> {
    let known: Result<Vec<TokenAlgorithm>, _> = algorithms.iter().map(|a| a.parse()).collect();
    match known {
        Err(_) => Some(format!("`{}` holds an algorithm that is not known", algorithms.join(", "))),
        Ok(known) => py.detach(|| TokenKeys::open(&path, &known)).err().map(|e| format!("{}: {e}", path.display())),
    }
}

/// The crawlers of this release: names, agents, ranges and DNS names, as JSON.
#[pyfunction]
fn shipped_crawlers() -> &'static str {
    Crawlers::shipped_document()
}

/// What is wrong with such a document, or None.
#[pyfunction]
fn check_crawlers(document: &str) -> Option<String> {
    Crawlers::check_document(document.as_bytes()).err().map(|e| e.to_string())
}

/// Every reason a verdict can have: code, sentence for the operator, sentence for the visitor; as JSON.
#[pyfunction]
fn reasons() -> PyResult<String> {
    let all: Vec<_> = hedgerow_engine::judge::reasons::all()
        .map(|r| serde_json::json!({"code": r.code, "operator": r.operator, "visitor": r.visitor}))
        .collect();
    json(&all)
}

#[pymodule]
fn _engine(m: &Bound<'_, PyModule>) -> PyResult<()> {
    ledger::add_to(m)?;
    replay::add_to(m)?;
    m.add_function(wrap_pyfunction!(run_edge, m)?)?;
    m.add_function(wrap_pyfunction!(check_policy, m)?)?;
    m.add_function(wrap_pyfunction!(check_selector, m)?)?;
    m.add_function(wrap_pyfunction!(check_rule, m)?)?;
    m.add_function(wrap_pyfunction!(address_name, m)?)?;
    m.add_function(wrap_pyfunction!(account_name, m)?)?;
    m.add_function(wrap_pyfunction!(dns_name_belongs, m)?)?;
    m.add_function(wrap_pyfunction!(check_asn_table, m)?)?;
    m.add_function(wrap_pyfunction!(check_token_keys, m)?)?;
    m.add_function(wrap_pyfunction!(shipped_crawlers, m)?)?;
    m.add_function(wrap_pyfunction!(check_crawlers, m)?)?;
    m.add_function(wrap_pyfunction!(reasons, m)?)?;
    Ok(())
}
