use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::ports::{CardPoints, PointsSource, Rejected, SourceAnswer, SourceError};
use crate::values::CardRef;

/// The points of a shop's base made of lists: a real adapter of [`PointsSource`] for tests.
///
/// Change the lists between two readings to play what happens in a shop.
#[derive(Debug, Default)]
pub struct ListPoints {
    /// What was given to cards or, if negative, taken from them, and since when that counts.
    pub movements: Mutex<Vec<(DateTime<Utc>, CardPoints)>>,
    /// Cards whose points cannot be understood.
    pub unreadable: Mutex<Vec<CardRef>>,
}

#[async_trait]
impl PointsSource for ListPoints {
    async fn card_points(
        &self,
        as_of: DateTime<Utc>,
    ) -> Result<SourceAnswer<Vec<CardPoints>>, SourceError> {
        let unreadable = self.unreadable.lock().unwrap().clone();
        let mut sums: BTreeMap<CardRef, i64> = BTreeMap::new();
        for (at, moved) in self.movements.lock().unwrap().iter() {
            if *at <= as_of && !unreadable.contains(&moved.card) {
                *sums.entry(moved.card).or_default() += moved.points;
            }
        }
        let answer = sums
            .into_iter()
            .filter(|(_, points)| *points != 0)
            .map(|(card, points)| CardPoints { card, points })
            .collect();
        let rejected = unreadable.iter().map(|card| Rejected {
            set: "points".to_owned(),
            reference: card.to_string(),
            reason: "cannot be understood".to_owned(),
        });
        Ok(SourceAnswer {
            answer,
            rejected: rejected.collect(),
            requests: 1,
        })
    }
}
