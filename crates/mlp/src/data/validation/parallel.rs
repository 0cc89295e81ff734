//! Tasks shared among threads, their results in order.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::Error;

/// The results of the tasks 0 to `n_tasks`, or the error of the first that fails.
///
/// Tasks are begun in their order. When one fails no other is begun, so all before the first that fails have been: which
/// error is handed out does not depend on the threads.
pub(super) fn in_parallel<S: Send>(
    threads: usize,
    n_tasks: usize,
    run: impl Fn(usize) -> Result<S, Error> + Sync,
) -> Result<Vec<S>, Error> {
    if threads == 0 {
        return Err(Error::Setting { setting: "threads", wants: "at least 1", got: "0".to_owned() });
    }
    if threads.min(n_tasks) == 1 {
        return (0..n_tasks).map(run).collect();
    }
    let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
    let results: Vec<Mutex<Option<Result<S, Error>>>> = (0..n_tasks).map(|_| Mutex::new(None)).collect();
    let work = || {
        // A thread that panics leaves its task without a result, and the others stop.
        let _stop = StopOnPanic(&failed);
        while !failed.load(Ordering::Relaxed) {
            let task = next.fetch_add(1, Ordering::Relaxed);
            if task >= n_tasks {
                break;
            }
            let result = run(task);
            failed.fetch_or(result.is_err(), Ordering::Relaxed);
            *results[task].lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
        }
    };
    let panic = thread::scope(|scope| {
        let others: Vec<_> = (0..threads.min(n_tasks)).map(|_| scope.spawn(work)).collect();
        // All are joined: what is left to the scope panics with words of its own.
        others.into_iter().filter_map(|thread| thread.join().err()).reduce(|first, _| first)
    });
    if let Some(panic) = panic {
        resume_unwind(panic);
    }
    // The tasks without a result are those after an error.
    results
        .into_iter()
        .filter_map(|result| result.into_inner().unwrap_or_else(PoisonError::into_inner))
        .collect()
}

/// Says that a thread failed when it unwinds.
struct StopOnPanic<'a>(&'a AtomicBool);

impl Drop for StopOnPanic<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.store(true, Ordering::Relaxed);
        }
    }
}
