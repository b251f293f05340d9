use std::sync::{Arc, Mutex, PoisonError};

use tokio::task::JoinSet;

/// What goes on after the answer: messages on their way, jobs that were begun.
///
/// The server ends after them, as far as its time to stop allows.
#[derive(Debug, Clone, Default)]
pub struct Errands(Arc<Mutex<JoinSet<()>>>);

impl Errands {
    /// Begins a piece of work that nobody waits for.
    pub fn run(&self, work: impl Future<Output = ()> + Send + 'static) {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while running.try_join_next().is_some() {}
        running.spawn(work);
    }

    /// Waits until all that was begun has ended.
    pub async fn finished(&self) {
        let mut running = {
            let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *running)
        };
        while running.join_next().await.is_some() {}
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn whoever_waits_sees_all_of_them_end() {
        let (errands, done) = (Errands::default(), Arc::new(AtomicUsize::new(0)));
        for _ in 0..10 {
            let done = Arc::clone(&done);
            errands.run(async move {
                tokio::task::yield_now().await;
                done.fetch_add(1, Ordering::Relaxed);
            });
        }
        errands.finished().await;
        assert_eq!(done.load(Ordering::Relaxed), 10);
        errands.finished().await;
    }
}
