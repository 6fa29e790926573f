//! Several workers at one task: they end together, at the first failure or when whoever asked wants no more of it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::ReplayError;

/// How often the caller is asked whether to go on.
const ASKED_EVERY: Duration = Duration::from_millis(20);

/// Called now and then by whatever takes long.
///
/// # Errors
/// [`ReplayError::Stopped`], when it shall not go on.
pub type Check<'c> = dyn FnMut() -> Result<(), ReplayError> + 'c;

/// Sets the flag for the others unless its worker came to a good end; a panic is none.
struct Alarm<'s> {
    stop: &'s AtomicBool,
    well: bool,
}

impl Drop for Alarm<'_> {
    fn drop(&mut self) {
        if !self.well {
            self.stop.store(true, Ordering::Relaxed);
        }
    }
}

/// Runs `work` on so many threads; each is given what it has to call now and then. `go_on` is asked on this thread.
///
/// # Errors
/// The first failure of a worker; [`ReplayError::Stopped`] when `go_on` said no; [`ReplayError::Broken`] after a panic.
pub fn crew(
    workers: usize,
    work: impl Fn(&mut Check<'_>) -> Result<(), ReplayError> + Sync,
    go_on: &mut dyn FnMut() -> bool,
) -> Result<(), ReplayError> {
    let stop = AtomicBool::new(false);
    let one = || {
        let mut alarm = Alarm { stop: &stop, well: false };
        let done = work(&mut || if stop.load(Ordering::Relaxed) { Err(ReplayError::Stopped) } else { Ok(()) });
        alarm.well = done.is_ok();
        done
    };
    let ends: Vec<Result<(), ReplayError>> = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..workers.max(1)).map(|_| scope.spawn(one)).collect();
        while handles.iter().any(|h| !h.is_finished()) {
            if !go_on() {
                stop.store(true, Ordering::Relaxed);
            }
            std::thread::sleep(ASKED_EVERY);
        }
        handles.into_iter().map(|h| h.join().unwrap_or_else(|panic| Err(ReplayError::Broken(told(&*panic))))).collect()
    });
    // Whoever stopped because of another's failure has nothing to tell.
    let (stopped, failed): (Vec<ReplayError>, Vec<_>) =
        ends.into_iter().filter_map(Result::err).partition(|e| matches!(e, ReplayError::Stopped));
    failed.into_iter().chain(stopped).next().map_or(Ok(()), Err)
}

fn told(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|t| (*t).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "without a word".to_owned())
}

/// Asks `go_on` at most so often, however often it is called itself.
pub fn paced(mut go_on: impl FnMut() -> bool) -> impl FnMut() -> Result<(), ReplayError> {
    let mut asked = Instant::now();
    move || {
        if asked.elapsed() < ASKED_EVERY {
            return Ok(());
        }
        asked = Instant::now();
        if go_on() { Ok(()) } else { Err(ReplayError::Stopped) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    /// Works until it is told to stop.
    fn endless(check: &mut Check<'_>) -> Result<(), ReplayError> {
        loop {
            check()?;
            std::thread::yield_now();
        }
    }

    #[test]
    fn the_failure_of_one_worker_ends_the_others_and_is_what_is_told() {
        let number = AtomicUsize::new(0);
        let work = |check: &mut Check<'_>| match number.fetch_add(1, Ordering::Relaxed) {
            1 => Err(ReplayError::Foreign("an event")),
            _ => endless(check),
        };
        let told = crew(4, work, &mut || true).unwrap_err();
        assert!(matches!(told, ReplayError::Foreign("an event")), "{told}");
    }

    #[test]
    fn a_panic_ends_the_others_and_is_told_as_a_fault_of_the_program() {
        let number = AtomicUsize::new(0);
        let work = |check: &mut Check<'_>| match number.fetch_add(1, Ordering::Relaxed) {
            0 => panic!("seven"),
            _ => endless(check),
        };
        let told = crew(3, work, &mut || true).unwrap_err();
        assert!(matches!(&told, ReplayError::Broken(why) if why == "seven"), "{told}");
    }

    #[test]
    fn whoever_says_stop_is_obeyed_at_once() {
        let told = crew(2, endless, &mut || false).unwrap_err();
        assert!(matches!(told, ReplayError::Stopped), "{told}");
        crew(2, |_| Ok(()), &mut || true).unwrap();
    }
}
