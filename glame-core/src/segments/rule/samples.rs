//! Rules for tests, made from the same table as the parser and the schema.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use uuid::Uuid;

use super::Field;
use super::shape::{Scale, Shape, Unit};

/// The names that generated customers and rules share, spelled in different ways.
pub(in crate::segments) const NAMES: [&str; 8] = [
    "Кольца",
    "кольца",
    "СЕРЬГИ",
    "Серьги",
    "Ёлочные броши",
    "елочные БРОШИ",
    "Ялта",
    "бутик 1",
];

/// Gives documents of all shapes.
pub(in crate::segments) fn documents() -> impl Strategy<Value = Value> {
    conditions().prop_map(|rule| json!({"version": 1, "rule": rule}))
}

/// Gives conditions with up to a few dozen leaves.
pub(in crate::segments) fn conditions() -> impl Strategy<Value = Value> {
    let fields: Vec<Field> = Field::all().collect();
    let leaf = select(fields).prop_flat_map(leaf_of);
    leaf.prop_recursive(4, 24, 4, |part| {
        let parts = proptest::collection::vec(part.clone(), 1..4);
        prop_oneof![
            parts.clone().prop_map(|parts| json!({"all": parts})),
            parts.prop_map(|parts| json!({"any": parts})),
            part.prop_map(|part| json!({"not": part})),
        ]
    })
}

/// Gives leaves that ask about a field.
pub(in crate::segments) fn leaf_of(field: Field) -> BoxedStrategy<Value> {
    let comparison =
        select(field.operators()).prop_flat_map(|(op, shape)| (Just(op.as_str()), value_of(shape)));
    let extras = (names(), names(), windows(), any::<[bool; 3]>());
    (comparison, extras)
        .prop_map(move |((op, value), (some, others, window, has))| {
            let mut leaf = json!({"field": field.as_str(), "op": op, "value": value});
            match field {
                Field::Bucket => leaf["seed"] = some[0].clone(),
                Field::Purchases(_) => {
                    if has[0] {
                        leaf["window"] = window;
                    }
                    if has[1] {
                        leaf["of"] = json!({"category": some});
                    }
                    if has[2] {
                        leaf["of"]["store"] = others;
                    }
                }
                Field::Number(_)
                | Field::Date(_)
                | Field::Text(_)
                | Field::Choice(_)
                | Field::Set(_)
                | Field::Flag(_)
                | Field::Birthday
                | Field::Segments => {}
            }
            leaf
        })
        .boxed()
}

fn windows() -> impl Strategy<Value = Value> {
    prop_oneof![
        (0..400_i64).prop_map(|days| json!({"last_days": days})),
        value_of(Shape::DatePair).prop_map(|pair| json!({"from": pair[0], "to": pair[1]})),
        value_of(Shape::Date).prop_map(|date| json!({"to": date})),
    ]
}

fn names() -> impl Strategy<Value = Value> {
    proptest::collection::vec(select(NAMES.to_vec()), 1..3).prop_map(|names| json!(names))
}

/// Gives values of a shape that generated customers are likely to have.
fn value_of(shape: Shape) -> BoxedStrategy<Value> {
    match shape {
        Shape::Number(scale) => number(scale).boxed(),
        Shape::NumberPair(scale) => (near(scale), 0..1_000_i64)
            .prop_map(move |(from, more)| {
                let to = (from + more).min(scale.max);
                json!([written(scale, from), written(scale, to)])
            })
            .boxed(),
        Shape::Numbers(scale) => list(number(scale)),
        Shape::Days => (0..400_i64).prop_map(|days| json!(days)).boxed(),
        Shape::Date => day().prop_map(|date| json!(date)).boxed(),
        Shape::DatePair => (day(), 0..400_u64)
            .prop_map(|(from, days)| json!([from, from + chrono::Days::new(days)]))
            .boxed(),
        Shape::Text => select(NAMES.to_vec()).prop_map(|text| json!(text)).boxed(),
        Shape::Texts => names().boxed(),
        Shape::Word(words) => select(words.to_vec()).prop_map(|word| json!(word)).boxed(),
        Shape::Words(words) => list(select(words.to_vec()).prop_map(|word| json!(word))),
        Shape::Months => list((1..=12).prop_map(|month| json!(month))),
        Shape::Flag => any::<bool>().prop_map(|is| json!(is)).boxed(),
        Shape::Segments => list((1..=3_u128).prop_map(|n| json!(Uuid::from_u128(n).to_string()))),
    }
}

fn day() -> impl Strategy<Value = chrono::NaiveDate> {
    (0..1_200_u64).prop_map(|days| {
        chrono::NaiveDate::from_ymd_opt(2023, 1, 1).unwrap() + chrono::Days::new(days)
    })
}

/// Small numbers mostly, and the ends of the scale.
fn near(scale: Scale) -> impl Strategy<Value = i64> {
    let unit = match scale.unit {
        Unit::Whole => 1,
        Unit::Roubles => 50_000,
        Unit::Millionths => 100_000,
    };
    prop_oneof![
        8 => (-2..60_i64).prop_map(move |number| (number * unit).clamp(scale.min, scale.max)),
        1 => select(vec![scale.min, scale.max]),
    ]
}

fn number(scale: Scale) -> impl Strategy<Value = Value> {
    near(scale).prop_map(move |number| written(scale, number))
}

fn written(scale: Scale, number: i64) -> Value {
    let text = scale.unit.text(number);
    match scale.unit {
        Unit::Roubles => json!(text),
        Unit::Whole | Unit::Millionths => serde_json::from_str(&text).unwrap(),
    }
}

fn list(item: impl Strategy<Value = Value> + 'static) -> BoxedStrategy<Value> {
    proptest::collection::vec(item, 1..4)
        .prop_map(Value::Array)
        .boxed()
}
