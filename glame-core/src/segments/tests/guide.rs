use std::collections::BTreeSet;
use std::num::NonZeroUsize;

use chrono::{Days, TimeDelta};
use serde_json::json;

use super::population::{self, ZONE, moment, now, people};
use crate::analytics::{CustomerStatus, RfmInputs, RfmScore, RfmSegment, StatusPolicy};
use crate::segments::{Memberships, Moment, SegmentRule, Verdict, default_segments};
use crate::values::Money;

/// Gives the names of the default segments that hold each customer.
fn names(people: &[population::Person], moment: Moment) -> Vec<BTreeSet<&'static str>> {
    let snapshot = population::snapshot(people);
    let mut names = vec![BTreeSet::new(); people.len()];
    for template in default_segments() {
        let rule = &template.rule;
        let outcome = snapshot
            .evaluate(rule, moment, &Memberships::new(), NonZeroUsize::MIN)
            .unwrap();
        for row in outcome.matched().iter() {
            names[row].insert(template.name.as_str());
        }
    }
    names
}

#[test]
fn five_segments_of_the_guide_and_eleven_of_the_map_ship() {
    let all = default_segments();
    let names: BTreeSet<_> = all.iter().map(|template| template.name.as_str()).collect();
    assert_eq!((all.len(), names.len()), (16, 16));
    let guide: Vec<_> = all[..5]
        .iter()
        .map(|template| (template.name.as_str(), template.color.as_str()))
        .collect();
    assert_eq!(
        guide,
        [
            ("VIP", "#FFD700"),
            ("Активные", "#4CAF50"),
            ("Регулярные", "#2196F3"),
            ("Спящие", "#9E9E9E"),
            ("Новые", "#FF9800")
        ]
    );
    for (template, segment) in all[5..].iter().zip(RfmSegment::ALL) {
        let expected = json!({"field": "rfm_segment", "op": "eq", "value": segment.as_str()});
        assert_eq!(template.rule.to_json()["rule"], expected);
    }
}

#[test]
fn the_segments_of_the_guide_are_the_statuses() {
    let mut expected = Vec::new();
    let mut everyone = Vec::new();
    let sample = people(200, 5).into_iter().find(|person| {
        person
            .metrics
            .as_ref()
            .is_some_and(|metrics| metrics.rfm_score.is_some())
    });
    let sample = sample.unwrap();
    let cells = RfmScore::cells().map(Some).chain([None]);
    for (n, (cell, days)) in cells
        .flat_map(|cell| [0, 90, 91, 180, 181].map(|days| (cell, days)))
        .enumerate()
    {
        let mut person = sample.clone();
        person.user.id =
            crate::values::UserId::from_uuid(uuid::Uuid::from_u128(n.try_into().unwrap()));
        let metrics = person.metrics.as_mut().unwrap();
        metrics.rfm_score = cell;
        metrics.figures.last_purchase_at = cell.map(|_| now() - TimeDelta::days(days));
        let scored = cell.map(|cell| {
            let inputs = RfmInputs {
                recency_days: days.try_into().unwrap(),
                frequency: 1,
                monetary: Money::ZERO,
            };
            (inputs, cell)
        });
        expected.push(StatusPolicy::default().status(scored));
        everyone.push(person);
    }
    let guide = ["VIP", "Активные", "Регулярные", "Спящие", "Новые"];
    for (names, status) in names(&everyone, moment()).iter().zip(expected) {
        let place = CustomerStatus::ALL
            .iter()
            .position(|one| *one == status)
            .unwrap();
        let of_guide: Vec<_> = guide.iter().filter(|name| names.contains(*name)).collect();
        assert_eq!(of_guide, [&guide[place]], "{status:?}");
    }
}

#[test]
fn two_hundred_days_of_silence_make_a_customer_sleep_without_a_new_figure() {
    let mut people = people(200, 5);
    people.retain(|person| {
        person
            .metrics
            .as_ref()
            .is_some_and(|metrics| metrics.rfm_score.is_some())
    });
    for person in &mut people {
        let metrics = person.metrics.as_mut().unwrap();
        metrics.figures.last_purchase_at = Some(now());
    }
    assert!(
        names(&people, moment())
            .iter()
            .all(|names| !names.contains("Спящие"))
    );
    let later = Moment::at(now() + Days::new(200), ZONE);
    assert!(names(&people, later).iter().all(|names| {
        names.contains("Спящие") && !names.contains("VIP") && !names.contains("Активные")
    }));
}

#[test]
fn an_explanation_shows_the_value_and_the_leaf_that_decided() {
    let mut people = people(1, 1);
    people[0].points = 40;
    people[0].metrics = None;
    people[0].user.city = Some(crate::testkit::fixtures::text("Ялта"));
    let snapshot = population::snapshot(&people);
    let rule = SegmentRule::from_json(&json!({"version": 1, "rule": {"all": [
        {"field": "city", "op": "contains", "value": "ЯЛ"},
        {"any": [
            {"field": "recency_days", "op": "lte", "value": 30},
            {"field": "loyalty_points", "op": "gte", "value": 100}
        ]},
        {"field": "loyalty_points", "op": "gte", "value": 50},
        {"field": "loyalty_points", "op": "gte", "value": 60}
    ]}}))
    .unwrap();
    let explained = snapshot
        .explain(&rule, 0, moment(), &Memberships::new())
        .unwrap()
        .unwrap();
    assert_eq!(explained.verdict, Verdict::False);
    let leaves: Vec<_> = explained
        .deciding_leaves()
        .into_iter()
        .map(|leaf| (leaf.pointer.as_str(), leaf.verdict, leaf.value.as_deref()))
        .collect();
    assert_eq!(leaves, [("/rule/all/2", Verdict::False, Some("40"))]);
    assert_eq!(explained.parts[0].value.as_deref(), Some("Ялта"));
    let any = &explained.parts[1];
    assert_eq!(
        (any.verdict, any.pointer.as_str()),
        (Verdict::Unknown, "/rule/all/1")
    );
    assert_eq!(any.parts[0].value, None);
    assert_eq!(
        snapshot.explain(&rule, 1, moment(), &Memberships::new()),
        Ok(None)
    );
}
