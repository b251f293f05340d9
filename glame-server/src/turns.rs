//! Work that blocks its thread, so much of a kind at once.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::{JoinError, spawn_blocking};

/// Lets so much blocking work of a kind be done at once; more of it waits.
///
/// All blocking work of a process shares a few hundred threads. Work that cannot be called off, such as
/// looking a name up, would take all of them where many give up waiting for it, and nothing else
/// that blocks could be done.
#[derive(Debug, Clone)]
pub(crate) struct Turns(Arc<Semaphore>);

impl Turns {
    pub(crate) fn new(at_once: usize) -> Self {
        Self(Arc::new(Semaphore::new(at_once)))
    }

    /// Does the work when its turn has come, off the threads that answer requests.
    ///
    /// Whoever gives up waiting leaves the work behind, which keeps its turn to the end.
    ///
    /// # Errors
    /// That the work has panicked.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, JoinError> {
        // Nobody closes the semaphore, so that there is always a turn to wait for.
        let turn = Arc::clone(&self.0).acquire_owned().await.ok();
        spawn_blocking(move || {
            let outcome = work();
            drop(turn);
            outcome
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn what_was_given_up_keeps_its_turn_and_no_more_than_that() {
        let turns = Turns::new(3);
        let begun = Arc::new(AtomicUsize::new(0));
        let (release, released) = mpsc::channel::<()>();
        let released = Arc::new(std::sync::Mutex::new(released));
        for _ in 0..20 {
            let (begun, released) = (Arc::clone(&begun), Arc::clone(&released));
            let endless = turns.run(move || {
                begun.fetch_add(1, Ordering::Relaxed);
                let _ = released.lock().unwrap().recv();
            });
            let given_up = tokio::time::timeout(Duration::from_millis(5), endless).await;
            assert!(given_up.is_err());
        }
        assert_eq!(begun.load(Ordering::Relaxed), 3);
        drop(release);
        assert_eq!(turns.run(|| 7).await.unwrap(), 7);
    }
}
