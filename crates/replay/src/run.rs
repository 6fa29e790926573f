//! A whole replay on one machine: the three steps, one after the other, each on all workers.

use std::collections::{BTreeMap, HashMap as StdMap};
use std::fs::File;
use std::io::BufWriter;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::ReplayError;
use crate::attachment::Attachment;
use crate::crew::{Check, crew, paced};
use crate::gather::{Gathered, PartSource};
use crate::parsing::Parser;
use crate::partition::replay;
use crate::past::Past;
use crate::prints::{Prints, repeated};
use crate::recording::Recordings;
use crate::runs::{Merge, Run, SIGHTINGS};
use crate::scatter::RangeTally;
use crate::source::{self, Range};
use crate::tally::Tally;

/// Bytes of a file one worker takes at a time.
const RANGE: u64 = 16 << 20;

/// A replay of logs against one site's policy.
pub struct LogReplay {
    attachment: Attachment,
    done: Option<Done>,
}

struct Done {
    tally: Tally,
    past: Past,
    gathered: Gathered,
    input: Value,
}

/// What the reading step came to.
#[derive(Default)]
struct Read {
    runs: Vec<Run>,
    tally: Tally,
    members: StdMap<hedgerow_engine::doors::Pseudonym, u64>,
    broken: Vec<(PathBuf, String)>,
    prints: BTreeMap<PathBuf, Prints>,
}

/// How far the reading is.
#[derive(Default)]
struct Progress {
    bytes: AtomicU64,
    lines: AtomicU64,
}

impl LogReplay {
    /// A replay under a compiled policy.
    ///
    /// # Errors
    /// [`ReplayError`] says what of policy or options cannot be used.
    pub fn new(policy_json: &[u8], options_json: &[u8]) -> Result<Self, ReplayError> {
        Ok(Self { attachment: Attachment::new(policy_json, options_json)?, done: None })
    }

    fn workers(&self) -> usize {
        match self.attachment.options.workers {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            n => n.min(1024),
        }
    }

    /// Reads and replays files. `progress` is told bytes done, bytes in all and lines, and may stop it by saying `false`.
    ///
    /// # Errors
    /// [`ReplayError`], when a file cannot be opened or the temporary folder not written.
    pub fn run(
        &mut self,
        paths: &[PathBuf],
        mut progress: impl FnMut(u64, u64, u64) -> bool,
    ) -> Result<(), ReplayError> {
        self.done = None;
        let recordings = self.attachment.options.ledger_folder.as_deref().map(Recordings::begin).transpose()?;
        let mut ranges = Vec::new();
        let mut total = 0;
        for (i, path) in paths.iter().enumerate() {
            if paths[..i].contains(path) {
                return Err(ReplayError::Options(format!("the file {} is given twice", path.display())));
            }
            let fail = |source| ReplayError::Io { path: path.clone(), act: "read", source };
            total += source::shape(path).map_err(fail)?.bytes;
            ranges.extend(source::ranges(path, RANGE).map_err(fail)?);
        }
        let state = Progress::default();
        let read = self.read(&ranges, &state, &mut |bytes, lines| progress(bytes.min(total), total, lines))?;
        // Everything has been read, but not everything is done: whoever waits can still stop it.
        let mut go_on = || progress(total, total, read.tally.lines);
        let input = input(Some(paths.len()), Some(total), &read.broken, &read.prints);
        let sightings = Merge::of(&read.runs, &[SIGHTINGS])?;
        let members = read.members.values().copied();
        let past = Past::make(&self.attachment, sightings, &read.tally, members, &mut paced(&mut go_on))?;
        self.attachment.see(past.subresources);
        let parts = self.replay(&past, &read.runs, recordings.as_ref(), &mut go_on)?;
        let gathered = Gathered::of(&parts, &self.attachment.options.folder(), &mut paced(&mut go_on))?;
        recordings.map_or(Ok(()), Recordings::finish)?;
        progress(total, total, read.tally.lines);
        self.done = Some(Done { tally: read.tally, past, gathered, input });
        Ok(())
    }

    /// The first step, on all workers.
    fn read(
        &self,
        ranges: &[Range],
        state: &Progress,
        progress: &mut dyn FnMut(u64, u64) -> bool,
    ) -> Result<Read, ReplayError> {
        let next = AtomicUsize::new(0);
        let all: Mutex<Read> = Mutex::default();
        let folder = self.attachment.options.folder();
        let work = |check: &mut Check<'_>| -> Result<(), ReplayError> {
            let mut parser = Parser::new(&self.attachment);
            let limit = self.attachment.options.run_bytes();
            let mut runs = Vec::new();
            let mut members: StdMap<_, u64> = StdMap::new();
            let mut broken = Vec::new();
            let mut prints: BTreeMap<PathBuf, Prints> = BTreeMap::new();
            while let Some(range) = ranges.get(next.fetch_add(1, Ordering::Relaxed)) {
                let mut lines = parser.tally.lines;
                let (printed, failure) = parser.range(range, |parser, bytes| {
                    state.bytes.fetch_add(bytes, Ordering::Relaxed);
                    state.lines.fetch_add(parser.tally.lines - lines, Ordering::Relaxed);
                    lines = parser.tally.lines;
                    check()?;
                    if parser.bytes() >= limit {
                        let batches = parser.take();
                        batches.members.iter().for_each(|(a, m)| *members.entry(*a).or_default() |= m);
                        runs.push(Run::spill(&batches.sorted(), &folder)?);
                    }
                    Ok(())
                })?;
                prints.entry(range.path.clone()).or_default().add(printed);
                if let Some(why) = failure {
                    broken.push((range.path.clone(), why.to_string()));
                }
            }
            let batches = parser.take();
            batches.members.iter().for_each(|(a, m)| *members.entry(*a).or_default() |= m);
            runs.push(Run::keep(batches.sorted()));
            let mut all = all.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            all.runs.append(&mut runs);
            all.tally.add(std::mem::take(&mut parser.tally));
            all.broken.append(&mut broken);
            prints.into_iter().for_each(|(path, p)| all.prints.entry(path).or_default().add(p));
            members.into_iter().for_each(|(a, m)| *all.members.entry(a).or_default() |= m);
            Ok(())
        };
        let workers = self.workers().min(ranges.len()).max(1);
        crew(workers, work, &mut || {
            progress(state.bytes.load(Ordering::Relaxed), state.lines.load(Ordering::Relaxed))
        })?;
        Ok(all.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    /// The third step, on all workers; parts come back in the order of the groups.
    fn replay(
        &self,
        past: &Past,
        runs: &[Run],
        recordings: Option<&Recordings>,
        go_on: &mut dyn FnMut() -> bool,
    ) -> Result<Vec<PartSource>, ReplayError> {
        let next = AtomicUsize::new(0);
        let parts: Mutex<Vec<Option<File>>> = Mutex::new(past.groups.iter().map(|_| None).collect());
        let folder = self.attachment.options.folder();
        let work = |check: &mut Check<'_>| -> Result<(), ReplayError> {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let Some(group) = past.groups.get(number) else { return Ok(()) };
                let file = tempfile::tempfile_in(&folder).map_err(ReplayError::Temporary)?;
                let out = BufWriter::with_capacity(1 << 18, file);
                let recording = recordings.map(|r| r.chain(&self.attachment, number)).transpose()?;
                let out = replay(&self.attachment, past, group.len(), Merge::of(runs, group)?, recording, out, check)?;
                let file = out.into_inner().map_err(|e| ReplayError::Temporary(e.into_error()))?;
                parts.lock().unwrap_or_else(std::sync::PoisonError::into_inner)[number] = Some(file);
            }
        };
        crew(self.workers(), work, go_on)?;
        let parts = parts.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        Ok(parts.into_iter().flatten().map(PartSource::File).collect())
    }

    /// Puts together what the steps of [`crate::scatter`] gave, as [`LogReplay::run`] would have: parts in the order of
    /// the past's groups.
    ///
    /// # Errors
    /// [`ReplayError::Foreign`] for bytes of another version.
    pub fn gather(
        &mut self,
        parts: Vec<Vec<u8>>,
        read: RangeTally,
        past: Past,
        check: &mut Check<'_>,
    ) -> Result<(), ReplayError> {
        let parts: Vec<PartSource> = parts.into_iter().map(PartSource::Bytes).collect();
        let gathered = Gathered::of(&parts, &self.attachment.options.folder(), check)?;
        let input = input(Some(read.prints.len()), None, &read.broken, &read.prints);
        self.attachment.see(past.subresources);
        self.done = Some(Done { tally: read.tally, past, gathered, input });
        Ok(())
    }

    fn done(&self) -> Result<&Done, ReplayError> {
        self.done.as_ref().ok_or(ReplayError::NotRun)
    }

    /// The summary, as JSON.
    ///
    /// # Errors
    /// [`ReplayError::NotRun`].
    pub fn summary(&self) -> Result<String, ReplayError> {
        let d = self.done()?;
        Ok(crate::summary::of(&d.tally, &d.past, &d.gathered, &d.input).to_string())
    }

    /// All that was gathered.
    ///
    /// # Errors
    /// [`ReplayError::NotRun`].
    pub fn gathered(&self) -> Result<&Gathered, ReplayError> {
        Ok(&self.done()?.gathered)
    }
}

/// What is told of the files; not a function of the lines alone.
fn input(
    files: Option<usize>,
    bytes: Option<u64>,
    broken: &[(PathBuf, String)],
    prints: &BTreeMap<PathBuf, Prints>,
) -> Value {
    let mut told: Vec<Value> =
        broken.iter().map(|(path, why)| json!({"file": path.display().to_string(), "why": why})).collect();
    told.sort_by_key(ToString::to_string);
    json!({"files": files, "bytes": bytes, "broken": told, "repeated": repeated(prints)})
}
