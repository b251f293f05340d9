use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;

use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use super::naive::Naive;
use super::population::{self, Person, moment, now, people};
use crate::segments::rule::samples;
use crate::segments::{
    AssignmentSource, Bitmap, Decision, Matching, Memberships, Outcome, Overrides, SegmentRule,
    SegmentSnapshot, Verdict, materialise,
};
use crate::values::{SegmentId, UserId};

const ONE: NonZeroUsize = NonZeroUsize::MIN;

fn rule(condition: &Value) -> SegmentRule {
    SegmentRule::from_json(&json!({"version": 1, "rule": condition})).unwrap()
}

/// Three segments to ask about: every second, every third and every fifth customer.
fn segments(people: &[Person]) -> (Memberships, BTreeMap<String, BTreeSet<usize>>) {
    let mut memberships = Memberships::new();
    let mut sets = BTreeMap::new();
    for (n, step) in [(1, 2), (2, 3), (3, 5)] {
        let id = SegmentId::from_uuid(Uuid::from_u128(n));
        let rows: BTreeSet<usize> = (0..people.len()).step_by(step).collect();
        let mut bitmap = Bitmap::none(people.len());
        for row in &rows {
            bitmap.set(*row, true);
        }
        memberships.insert(id, bitmap);
        sets.insert(id.to_string(), rows);
    }
    (memberships, sets)
}

fn evaluate(snapshot: &SegmentSnapshot, people: &[Person], condition: &Value) -> Outcome {
    let (memberships, _) = segments(people);
    snapshot
        .evaluate(&rule(condition), moment(), &memberships, ONE)
        .unwrap()
}

fn verdict(outcome: &Outcome, row: usize) -> Option<bool> {
    match (
        outcome.matched().contains(row),
        outcome.refuted().contains(row),
    ) {
        (true, false) => Some(true),
        (false, true) => Some(false),
        (false, false) => None,
        (true, true) => panic!("row {row} is both"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn columns_say_what_the_naive_evaluator_says(
        condition in samples::conditions(),
        count in 0..150_usize,
        seed in any::<u64>(),
    ) {
        let people = people(count, seed);
        let snapshot = population::snapshot(&people);
        let (_, members) = segments(&people);
        let naive = Naive { today: moment().today(), members: &members };
        let outcome = evaluate(&snapshot, &people, &condition);
        for (row, person) in people.iter().enumerate() {
            prop_assert_eq!(
                verdict(&outcome, row),
                naive.holds(&condition, row, person),
                "row {} of {}: {:?}", row, condition, person
            );
        }
        let unknown = (0..count).filter(|row| verdict(&outcome, *row).is_none()).count();
        prop_assert_eq!(outcome.unknown(), unknown);
    }

    #[test]
    fn de_morgan_holds_in_three_values(
        parts in proptest::collection::vec(samples::conditions(), 1..4),
        seed in any::<u64>(),
    ) {
        let people = people(70, seed);
        let snapshot = population::snapshot(&people);
        let says = |condition: Value| evaluate(&snapshot, &people, &condition);
        let negated: Vec<Value> = parts.iter().map(|part| json!({"not": part})).collect();
        prop_assert_eq!(
            says(json!({"not": {"all": parts}})),
            says(json!({"any": negated}))
        );
        prop_assert_eq!(
            says(json!({"not": {"any": parts}})),
            says(json!({"all": negated}))
        );
        let twice = json!({"not": {"not": parts[0]}});
        prop_assert_eq!(says(twice), says(parts[0].clone()));
        // What is unknown stays so: neither a part nor its negation matches.
        let either = says(json!({"any": [parts[0], negated[0]]}));
        prop_assert_eq!(either.refuted().count(), 0);
        prop_assert_eq!(either.unknown(), says(parts[0].clone()).unknown());
    }

    #[test]
    fn an_explanation_agrees_with_the_list_of_members(
        condition in samples::conditions(),
        seed in any::<u64>(),
    ) {
        let people = people(70, seed);
        let snapshot = population::snapshot(&people);
        let (memberships, _) = segments(&people);
        let document = json!({"version": 1, "rule": condition});
        let outcome = evaluate(&snapshot, &people, &condition);
        for row in [0, 13, 63, 64, 69] {
            let explained = snapshot
                .explain(&rule(&condition), row, moment(), &memberships)
                .unwrap()
                .unwrap();
            let expected = match verdict(&outcome, row) {
                Some(true) => Verdict::True,
                Some(false) => Verdict::False,
                None => Verdict::Unknown,
            };
            prop_assert_eq!(explained.verdict, expected);
            let deciding = explained.deciding_leaves();
            prop_assert!(!deciding.is_empty());
            for leaf in deciding {
                prop_assert_eq!(document.pointer(&leaf.pointer), leaf.leaf.as_ref());
            }
        }
    }

    /// Preview, members and memberships are one number, and a refresh that changes nothing writes nothing.
    #[test]
    fn a_preview_counts_what_is_materialised(
        condition in samples::conditions(),
        seed in any::<u64>(),
        by_hand in proptest::collection::vec((0..90_usize, any::<bool>()), 0..10),
    ) {
        let people = people(80, seed);
        let snapshot = population::snapshot(&people);
        let outcome = evaluate(&snapshot, &people, &condition);
        let decide = |(row, is_in): &(usize, bool)| {
            // Some decisions are about customers who are not there.
            let user = people.get(*row).map_or(UserId::from_uuid(Uuid::max()), |p| p.user.id);
            (user, if *is_in { Decision::Include } else { Decision::Exclude })
        };
        let overrides: Overrides = by_hand.iter().map(decide).collect();
        let preview = snapshot.preview(&outcome, &overrides, 7);
        let rows = snapshot.members(&outcome, &overrides);
        let members: Vec<UserId> = rows.iter().map(|row| snapshot.users()[row]).collect();
        let matching = Matching {
            segment: SegmentId::from_uuid(Uuid::from_u128(9)),
            source: AssignmentSource::Ai,
            confidence: None,
            now: now(),
        };
        let first = materialise(matching, &members, &overrides, &[]);
        prop_assert_eq!(preview.customer_count, members.len());
        prop_assert_eq!(first.customer_count, members.len());
        prop_assert_eq!(&first.entered, &members);
        prop_assert_eq!(first.put.len(), members.len());
        prop_assert_eq!(preview.sample.len(), members.len().min(7));
        prop_assert!(preview.sample.iter().all(|user| members.contains(user)));
        for (user, decision) in overrides.iter().filter(|(user, _)| snapshot.row_of(*user).is_some()) {
            prop_assert_eq!(members.contains(&user), decision == Decision::Include);
        }
        let again = materialise(matching, &members, &overrides, &first.put);
        prop_assert_eq!((again.put.len(), again.entered.len(), again.left.len()), (0, 0, 0));
        // Whoever enters and whoever leaves does so once.
        let few: Vec<UserId> = members.iter().copied().step_by(2).collect();
        let fewer = materialise(matching, &few, &overrides, &first.put);
        prop_assert_eq!(fewer.left.len(), members.len() - few.len());
        let back = materialise(matching, &members, &overrides, &first.put[..0]);
        prop_assert_eq!(back.entered.len(), members.len());
    }

}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn threads_do_not_change_the_outcome(condition in samples::conditions(), seed in any::<u64>()) {
        let people = people(5_000, seed % 4);
        let snapshot = population::snapshot(&people);
        let (memberships, _) = segments(&people);
        let outcome = |threads| {
            let threads = NonZeroUsize::new(threads).unwrap();
            snapshot.evaluate(&rule(&condition), moment(), &memberships, threads).unwrap()
        };
        prop_assert_eq!(outcome(1), outcome(2));
        prop_assert_eq!(outcome(1), outcome(7));
    }
}

#[test]
fn the_tables_of_kleene_hold() {
    // Nothing is known of the models; phones are known.
    let mut people = people(1, 1);
    people[0].forecast = None;
    people[0].user.phone = Some(crate::values::PhoneNumber::parse("9780000001").unwrap());
    let snapshot = population::snapshot(&people);
    let leaf = |value: Option<bool>| match value {
        Some(is) => json!({"field": "has_phone", "op": "eq", "value": is}),
        None => json!({"field": "p_alive", "op": "gt", "value": 0.5}),
    };
    let values = [Some(true), Some(false), None];
    for left in values {
        for right in values {
            let of = |key: &str| {
                verdict(
                    &evaluate(&snapshot, &people, &json!({key: [leaf(left), leaf(right)]})),
                    0,
                )
            };
            let (all, any) = match (left, right) {
                (Some(left), Some(right)) => (Some(left && right), Some(left || right)),
                (Some(false), None) | (None, Some(false)) => (Some(false), None),
                (Some(true), None) | (None, Some(true)) => (None, Some(true)),
                (None, None) => (None, None),
            };
            assert_eq!((of("all"), of("any")), (all, any), "{left:?} {right:?}");
        }
    }
}

#[test]
fn an_unknown_segment_is_refused() {
    let people = people(3, 1);
    let snapshot = population::snapshot(&people);
    let id = Uuid::from_u128(77).to_string();
    let rule = rule(&json!({"field": "segments", "op": "has_none", "value": [id]}));
    let refused = snapshot.evaluate(&rule, moment(), &Memberships::new(), ONE);
    assert_eq!(
        refused.unwrap_err().0,
        SegmentId::from_uuid(Uuid::from_u128(77))
    );
}

#[test]
fn sources_are_kept_and_a_member_stays_one_when_only_the_source_changes() {
    let users: Vec<UserId> = (1..=4)
        .map(|n| UserId::from_uuid(Uuid::from_u128(n)))
        .collect();
    let matching = Matching {
        segment: SegmentId::from_uuid(Uuid::from_u128(9)),
        source: AssignmentSource::Auto,
        confidence: None,
        now: now(),
    };
    let first = materialise(matching, &users[..2], &Overrides::default(), &[]);
    let later = Matching {
        now: now() + chrono::TimeDelta::days(1),
        ..matching
    };
    let by_hand: Overrides = [(users[1], Decision::Include), (users[3], Decision::Include)]
        .into_iter()
        .collect();
    let change = materialise(later, &[users[1], users[3]], &by_hand, &first.put);
    assert_eq!(change.entered, [users[3]]);
    assert_eq!(change.left, [users[0]]);
    assert_eq!(change.customer_count, 2);
    let sources: Vec<_> = change
        .put
        .iter()
        .map(|one| (one.user, one.source, one.assigned_at))
        .collect();
    assert_eq!(
        sources,
        [
            (users[1], AssignmentSource::Manual, now()),
            (users[3], AssignmentSource::Manual, later.now)
        ]
    );
}
