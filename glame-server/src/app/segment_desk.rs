use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::TimeDelta;
use glame_core::analytics::AsOf;
use glame_core::ports::{Clock, Storage};
use glame_core::segments::{Population, SegmentError, SegmentService};
use glame_core::sync::SyncKind;

use crate::clock::SystemClock;
use crate::settings::Settings;
use crate::wiring;

/// Where people work with segments: it keeps all customers at hand for previews.
///
/// Customers are read once for all who ask at the same time, and again when they are too old, a job
/// has filled the segments or somebody has changed one here. What is begun goes on when whoever has
/// asked gives up: in a large shop the reading takes longer than a request may, and the next one
/// finds it done. Nobody who changes a segment waits for it.
#[derive(Debug, Clone)]
pub struct SegmentDesk {
    storage: Arc<dyn Storage>,
    service: SegmentService,
    settings: Arc<Settings>,
    warm: Arc<Mutex<Warm>>,
    /// The turn to read all customers.
    reading: Arc<tokio::sync::Mutex<()>>,
}

/// The customers at hand.
#[derive(Debug, Default)]
struct Warm {
    /// How often somebody has changed a segment here.
    changes: u64,
    /// The customers, with the changes that there had been when they were begun to be read.
    population: Option<(u64, Arc<Population>)>,
}

/// The service, for as long as somebody changes segments; whoever asks afterwards is not given
/// customers of before.
#[derive(Debug)]
pub struct Changing<'a> {
    desk: &'a SegmentDesk,
}

impl Deref for Changing<'_> {
    type Target = SegmentService;

    fn deref(&self) -> &SegmentService {
        &self.desk.service
    }
}

impl Drop for Changing<'_> {
    fn drop(&mut self) {
        self.desk.warm().changes += 1;
    }
}

impl SegmentDesk {
    /// Puts the desk together.
    #[must_use]
    pub fn new(storage: Arc<dyn Storage>, service: SegmentService, settings: &Settings) -> Self {
        Self {
            storage,
            service,
            settings: Arc::new(settings.clone()),
            warm: Arc::default(),
            reading: Arc::default(),
        }
    }

    /// Gives the service for whatever changes no segment.
    #[must_use]
    pub const fn service(&self) -> &SegmentService {
        &self.service
    }

    /// Gives the service to somebody who changes a segment.
    #[must_use]
    pub const fn changing(&self) -> Changing<'_> {
        Changing { desk: self }
    }

    /// Gives all customers, as they were at most `analytics.snapshot_seconds` ago.
    pub async fn population(&self) -> Result<Arc<Population>, SegmentError> {
        let desk = self.clone();
        to_its_end(async move { desk.read().await }).await
    }

    /// Gives the instant that figures speak of.
    #[must_use]
    pub fn as_of(&self) -> AsOf {
        wiring::as_of(&self.settings)
    }

    async fn read(&self) -> Result<Arc<Population>, SegmentError> {
        // What comes later is no matter of who asks now: one reading serves all who waited for it.
        let asked = self.warm().changes;
        if let Some(population) = self.at_hand(asked).await? {
            return Ok(population);
        }
        let _turn = self.reading.lock().await;
        if let Some(population) = self.at_hand(asked).await? {
            return Ok(population);
        }
        let begun = self.warm().changes;
        let population = Arc::new(self.service.load(self.as_of()).await?);
        self.warm().population = Some((begun, Arc::clone(&population)));
        Ok(population)
    }

    /// Gives the customers at hand if they are fresh and know of so many changes.
    async fn at_hand(&self, asked: u64) -> Result<Option<Arc<Population>>, SegmentError> {
        let known = self.warm().population.clone();
        let Some((_, population)) = known.filter(|(begun, _)| *begun >= asked) else {
            return Ok(None);
        };
        let keeps = Duration::from_secs(u64::from(self.settings.analytics.snapshot_seconds));
        let keeps = TimeDelta::from_std(keeps).unwrap_or(TimeDelta::MAX);
        let age = SystemClock.now().signed_duration_since(population.now());
        let is_fresh = age <= keeps && !self.filled_since(&population).await?;
        Ok(is_fresh.then_some(population))
    }

    fn warm(&self) -> std::sync::MutexGuard<'_, Warm> {
        // Whoever has panicked meanwhile has left it whole: it is changed by single assignments.
        self.warm.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells whether a replica has filled the segments since these customers were read.
    async fn filled_since(&self, population: &Population) -> Result<bool, SegmentError> {
        let filled = self.storage.last_succeeded(SyncKind::Segments).await?;
        let filled = filled.and_then(|run| run.finished_at);
        Ok(filled.is_some_and(|filled| filled >= population.now()))
    }
}

/// Waits for work that goes on if nobody waits any more.
async fn to_its_end<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    match tokio::spawn(work).await {
        Ok(done) => done,
        // Nobody cancels it, so that it has panicked.
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

#[cfg(test)]
mod tests {
    use glame_core::testkit::MemoryStorage;

    use super::*;

    #[tokio::test]
    async fn customers_are_read_once_for_all_until_somebody_changes_a_segment() {
        let settings = Settings::default();
        let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::default());
        let service = wiring::segments(&settings, Arc::clone(&storage)).unwrap();
        let desk = SegmentDesk::new(storage, service, &settings);
        let (one, other) = tokio::join!(desk.population(), desk.population());
        let first = one.unwrap();
        assert!(Arc::ptr_eq(&first, &other.unwrap()));
        assert!(Arc::ptr_eq(&first, &desk.population().await.unwrap()));

        desk.changing().install_defaults().await.unwrap();
        let (one, other) = tokio::join!(desk.population(), desk.population());
        let second = one.unwrap();
        assert!(!Arc::ptr_eq(&first, &second));
        assert!(Arc::ptr_eq(&second, &other.unwrap()));
        assert_eq!((first.stats().len(), second.stats().len()), (0, 16));
    }

    #[tokio::test]
    async fn customers_of_before_a_change_serve_only_who_asked_before_it() {
        let settings = Settings::default();
        let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::default());
        let service = wiring::segments(&settings, Arc::clone(&storage)).unwrap();
        let desk = SegmentDesk::new(storage, service, &settings);
        let begun = desk.population().await.unwrap();
        drop(desk.changing());
        let before = desk.at_hand(0).await.unwrap();
        assert!(before.is_some_and(|population| Arc::ptr_eq(&begun, &population)));
        assert!(desk.at_hand(1).await.unwrap().is_none());
    }
}
