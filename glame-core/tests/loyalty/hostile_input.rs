//! Whatever comes as a command, a programme or a stored explanation: an error, never a panic.

use std::sync::LazyLock;

use glame_core::loyalty::{
    ChainHash, Explain, IdempotencyKey, LoyaltyProgramme, LoyaltyTransaction, Request,
};
use glame_core::testkit::fixtures::loyalty::{day, earn, posting, spend_on, take_back};
use proptest::prelude::*;
use serde_json::Value;

use crate::book::{Book, anna};

/// The JSON of real requests, explanations and a programme.
static SAMPLES: LazyLock<Vec<String>> = LazyLock::new(samples);

fn samples() -> Vec<String> {
    let mut book = Book::new();
    let commands = [
        earn(1, day(0), 30_000),
        spend_on(1, 150),
        take_back(1, 1, day(1), 10_000),
    ];
    let mut samples = vec![serde_json::to_string(&LoyaltyProgramme::ladder()).unwrap()];
    for command in commands {
        let request = posting(anna(), command.clone(), None).request;
        samples.push(serde_json::to_string(&request).unwrap());
        book.post(command);
    }
    for transaction in &book.transactions {
        samples.push(serde_json::to_string(transaction).unwrap());
        samples.push(serde_json::to_string(&transaction.explain).unwrap());
    }
    samples
}

/// Reads a text as everything that is ever read; what is read must survive its own JSON.
fn read(text: &str) {
    if let Ok(request) = serde_json::from_str::<Request>(text) {
        let json = serde_json::to_string(&request).unwrap();
        assert_eq!(serde_json::from_str::<Request>(&json).unwrap(), request);
        let mut book = Book::new();
        let _ = book.try_posting(&glame_core::loyalty::Posting {
            request,
            ..posting(anna(), earn(1, day(0), 1), None)
        });
    }
    if let Ok(explain) = serde_json::from_str::<Explain>(text) {
        let json = serde_json::to_string(&explain).unwrap();
        assert_eq!(serde_json::from_str::<Explain>(&json).unwrap(), explain);
        if let Explain::Receipt { settlement, .. } = explain {
            let _ = settlement.earning.points_for(settlement.earning.basis);
        }
    }
    if let Ok(programme) = serde_json::from_str::<LoyaltyProgramme>(text)
        && programme.check().is_ok()
    {
        let mut book = Book::under(programme);
        let _ = book.try_post(earn(1, day(0), 30_000));
    }
    if let Ok(transaction) = serde_json::from_str::<LoyaltyTransaction>(text) {
        let mut book = Book::new();
        let _ = book.account.apply(&transaction);
    }
    let _ = serde_json::from_str::<ChainHash>(text);
    let _ = IdempotencyKey::parse(text);
}

/// Puts another value in the place of the n-th value inside a JSON text.
fn replaced(value: &mut Value, nth: &mut usize, with: &Value) {
    if *nth == 0 {
        *value = with.clone();
        *nth = usize::MAX;
        return;
    }
    *nth -= 1;
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| replaced(item, nth, with)),
        Value::Object(fields) => {
            fields
                .values_mut()
                .for_each(|field| replaced(field, nth, with));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn hostile_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        prop::sample::select(vec![
            "-0.01",
            "92233720368547758.07",
            "0000-00-00",
            "1e999",
            "NaN"
        ])
        .prop_map(Value::from),
        Just(Value::Array(Vec::new())),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_a_reader_panic(text in ".{0,200}") {
        read(&text);
    }

    #[test]
    fn no_change_of_a_value_makes_a_reader_panic(
        sample in any::<prop::sample::Index>(),
        nth in 0_usize..60,
        with in hostile_value(),
    ) {
        let mut value: Value = serde_json::from_str(&SAMPLES[sample.index(SAMPLES.len())]).unwrap();
        let mut nth = nth;
        replaced(&mut value, &mut nth, &with);
        read(&value.to_string());
    }

    #[test]
    fn no_flipped_byte_makes_a_reader_panic(
        sample in any::<prop::sample::Index>(),
        place in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut bytes = SAMPLES[sample.index(SAMPLES.len())].clone().into_bytes();
        let place = place.index(bytes.len());
        bytes[place] = byte;
        read(&String::from_utf8_lossy(&bytes));
    }
}
