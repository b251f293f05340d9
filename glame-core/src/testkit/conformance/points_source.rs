//! The points that a shop's base keeps.

use std::collections::BTreeSet;

use chrono::TimeDelta;

use crate::ports::{CardPoints, PointsSource};
use crate::testkit::fixtures;
use crate::values::CardRef;

/// The days of a hundred years.
const CENTURY: i64 = 36_525;

fn sorted(mut points: Vec<CardPoints>) -> Vec<CardPoints> {
    points.sort_by_key(|points| points.card);
    points
}

/// Every card that has points comes once, and no other.
pub async fn every_card_with_points_comes_once(source: &dyn PointsSource) {
    let answer = source.card_points(fixtures::minute(0)).await.unwrap();
    assert!(answer.requests > 0, "points come from requests");
    assert!(
        !answer.answer.is_empty(),
        "the suite needs a shop with points"
    );
    let different: BTreeSet<_> = answer.answer.iter().map(|points| points.card).collect();
    assert_eq!(different.len(), answer.answer.len());
    assert!(answer.answer.iter().all(|points| points.points != 0));
}

/// What is dated after the instant does not count.
pub async fn what_comes_later_does_not_count(source: &dyn PointsSource) {
    let long_ago = fixtures::minute(0) - TimeDelta::days(CENTURY);
    assert_eq!(source.card_points(long_ago).await.unwrap().answer, []);
}

/// The same instant gives the same points, whatever was asked between.
pub async fn the_points_of_an_instant_stay_the_same(source: &dyn PointsSource) {
    let then = fixtures::minute(0);
    let first = source.card_points(then).await.unwrap().answer;
    source
        .card_points(then + TimeDelta::days(CENTURY))
        .await
        .unwrap();
    let again = source.card_points(then).await.unwrap().answer;
    assert_eq!(sorted(again), sorted(first));
}

/// A card of which something was not understood has no balance.
pub async fn a_rejected_card_is_not_answered(source: &dyn PointsSource) {
    let answer = source.card_points(fixtures::minute(0)).await.unwrap();
    let rejected: BTreeSet<CardRef> = answer
        .rejected
        .iter()
        .filter_map(|rejected| CardRef::parse(&rejected.reference).ok().flatten())
        .collect();
    let answered = |points: &&CardPoints| rejected.contains(&points.card);
    assert_eq!(answer.answer.iter().find(answered), None);
}
