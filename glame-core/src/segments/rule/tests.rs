use proptest::prelude::*;
use serde_json::{Value, json};

use super::shape::{self, ROUBLES};
use super::*;

fn refused(rule: &Value) -> Vec<String> {
    let document = json!({"version": 1, "rule": rule});
    let errors = SegmentRule::from_json(&document).unwrap_err();
    errors.errors().iter().map(ToString::to_string).collect()
}

#[test]
fn an_error_names_its_place_and_what_is_allowed() {
    let cases = [
        (
            json!({"all": []}),
            "/rule/all: expected a list of at least one condition",
        ),
        (
            json!({"any": {}}),
            "/rule/any: expected a list of at least one condition",
        ),
        (
            json!({"all": [{"field": "min_purchases", "op": "gte", "value": 3}]}),
            "/rule/all/0/field: unknown field \"min_purchases\"; allowed: total_spent, ",
        ),
        (
            json!({"not": {"field": "status", "op": "gt", "value": "VIP"}}),
            "/rule/not/op: unknown operator \"gt\" of status; allowed: eq, ne, in, not_in, known",
        ),
        (
            json!({"field": "status", "op": "eq", "value": "vip"}),
            "/rule/value: expected one of VIP, Active, Regular, Sleeping, New",
        ),
        (
            json!({"field": "total_spent", "op": "gte", "value": 50_000}),
            "/rule/value: expected roubles as a decimal string",
        ),
        (
            json!({"field": "total_spent", "op": "gte", "value": "0.005"}),
            "/rule/value: expected roubles as a decimal string",
        ),
        (
            json!({"field": "rfm_total", "op": "gte", "value": 16}),
            "/rule/value: expected a whole number from 3 to 15",
        ),
        (
            json!({"field": "p_alive", "op": "lt", "value": 1.5}),
            "/rule/value: expected a number from 0 to 1",
        ),
        (
            json!({"field": "total_purchases", "op": "between", "value": [5, 2]}),
            "/rule/value: the first value is greater than the second",
        ),
        (
            json!({"field": "birth_date", "op": "on", "value": "2025-2-3"}),
            "/rule/value: expected a date",
        ),
        (
            json!({"field": "birthday", "op": "in_months", "value": [13]}),
            "/rule/value: expected a list of 1 to 200 values, each a month from 1 to 12",
        ),
        (
            json!({"field": "city", "op": "eq", "value": "Ялта", "window": {"last_days": 3}}),
            "/rule/window: unknown key \"window\"; allowed: field, op, value",
        ),
        (
            json!({"field": "purchase_count", "op": "gte", "value": 1, "of": {}}),
            "/rule/of: expected an object with category, brand or store",
        ),
        (
            json!({"field": "purchase_count", "op": "gte", "value": 1,
                   "window": {"from": "2025-02-01", "to": "2025-01-01"}}),
            "/rule/window: the first value is greater than the second",
        ),
        (
            json!({"field": "bucket", "op": "lt", "value": 10}),
            "/rule/seed: expected a text that names the experiment",
        ),
        (
            json!({"field": "segments", "op": "has_any", "value": ["VIP"]}),
            "/rule/value: expected a list of 1 to 200 values, each the id of a segment",
        ),
        (
            json!({"all": [{"field": "has_phone", "op": "eq", "value": true}], "any": []}),
            "/rule/any: unknown key \"any\"; allowed: all",
        ),
        (json!({"a/b~c": 1}), "/rule: expected a condition"),
        (json!(true), "/rule: expected a condition"),
    ];
    for (rule, expected) in cases {
        let errors = refused(&rule);
        assert!(errors[0].starts_with(expected), "{rule}: {errors:?}");
    }
}

#[test]
fn all_errors_are_told_at_once() {
    let errors = refused(&json!({"all": [
        {"field": "x", "op": "eq", "value": 1},
        {"field": "age", "op": "older", "value": 1},
        {"field": "age", "op": "gt", "value": "1", "a/b~": 2}
    ]}));
    let pointers: Vec<_> = errors
        .iter()
        .map(|error| error.split(':').next().unwrap())
        .collect();
    assert_eq!(
        pointers,
        [
            "/rule/all/0/field",
            "/rule/all/1/op",
            "/rule/all/2/a~1b~0",
            "/rule/all/2/value"
        ]
    );
}

#[test]
fn another_version_is_refused() {
    let leaf = json!({"field": "has_phone", "op": "eq", "value": true});
    for version in [json!(0), json!(2), json!("1"), json!(1.5), Value::Null] {
        let document = json!({"version": version, "rule": leaf});
        let errors = SegmentRule::from_json(&document).unwrap_err();
        assert_eq!(errors.to_string(), "/version: unknown version; allowed: 1");
    }
    assert!(SegmentRule::from_json(&leaf).is_err());
}

#[test]
fn hostile_documents_are_refused_quickly() {
    let deep = format!("{}{}", "{\"not\":".repeat(100_000), "}".repeat(100_000));
    let wide = format!("[{}1]", "1,".repeat(200_000));
    let cases = [
        String::new(),
        "{".to_owned(),
        "null".to_owned(),
        "\u{0}".to_owned(),
        deep[..200_000].to_owned(),
        deep,
        wide,
        r#"{"version": 1, "version": 1, "rule": {"field": "has_phone", "op": "eq", "value": true}}"#
            .to_owned(),
        r#"{"version": 1, "rule": {"field": "has_phone", "op": "eq", "value": true}} x"#.to_owned(),
        r#"{"version": 1e400, "rule": {}}"#.to_owned(),
        r#"{"version": 1, "rule": {"field": "age", "op": "eq", "value": 1e400}}"#.to_owned(),
        r#"{"version": 1, "rule": {"field": "age", "op": "eq", "value": 1e18}}"#.to_owned(),
        r#"{"version": 1, "rule": {"field": "p_alive", "op": "eq", "value": 1e-9}}"#.to_owned(),
    ];
    for text in cases {
        let shown: String = text.chars().take(60).collect();
        assert!(SegmentRule::parse(&text).is_err(), "{shown}");
    }
    // What is echoed of a hostile key is short.
    let long = json!({"field": "x".repeat(100_000), "op": "eq", "value": 1});
    assert!(refused(&long)[0].len() < 1_500);
}

#[test]
fn limits_are_exact() {
    let leaf = json!({"field": "has_phone", "op": "eq", "value": true});
    let parse = |rule: Value| SegmentRule::from_json(&json!({"version": 1, "rule": rule}));
    let nested = |levels: usize| (1..levels).fold(leaf.clone(), |part, _| json!({"not": part}));
    assert!(parse(nested(SegmentRule::MAX_DEPTH)).is_ok());
    let errors = parse(nested(SegmentRule::MAX_DEPTH + 1)).unwrap_err();
    assert_eq!(errors.errors()[0].problem, RuleProblem::TooDeep(16));

    let wide = |leaves: usize| json!({"any": vec![leaf.clone(); leaves]});
    assert!(parse(wide(SegmentRule::MAX_LEAVES)).is_ok());
    let errors = parse(wide(SegmentRule::MAX_LEAVES + 1)).unwrap_err();
    assert_eq!(errors.errors()[0].problem, RuleProblem::TooManyLeaves(200));

    let cities = |count: usize| json!({"field": "city", "op": "in", "value": vec!["Ялта"; count]});
    assert!(parse(cities(200)).is_ok());
    assert!(parse(cities(201)).is_err());
    let city = |chars: usize| json!({"field": "city", "op": "eq", "value": "я".repeat(chars)});
    assert!(parse(city(200)).is_ok());
    assert!(parse(city(201)).is_err());
}

#[test]
fn serde_reads_and_writes_the_document() {
    let text = r#"{"version":1,"rule":{"field":"age","op":"gte","value":18}}"#;
    let rule: SegmentRule = serde_json::from_str(text).unwrap();
    assert_eq!(serde_json::to_value(&rule).unwrap(), rule.to_json());
    assert!(serde_json::from_str::<SegmentRule>(r#"{"version":2}"#).is_err());
}

proptest! {
    #[test]
    fn a_rule_is_read_as_it_was_written(document in samples::documents()) {
        let rule = SegmentRule::from_json(&document).unwrap();
        prop_assert_eq!(rule.to_json(), document.clone());
        prop_assert_eq!(SegmentRule::parse(&document.to_string()), Ok(rule));
    }

    #[test]
    fn what_the_parser_reads_the_schema_allows(document in samples::documents()) {
        let schema = rule_schema();
        prop_assert!(SegmentRule::from_json(&document).is_ok());
        prop_assert!(allows(&schema, &schema, &document), "{document}");
    }

    /// Documents are bent at one place; parser and schema judge each of them alike.
    #[test]
    fn parser_and_schema_agree_on_bent_documents(
        document in samples::documents(),
        place in any::<proptest::sample::Index>(),
        bend in 0..9_usize,
    ) {
        let mut document = document;
        let mut pointers = Vec::new();
        places(&document, String::new(), &mut pointers);
        let pointer = place.get(&pointers);
        let target = document.pointer_mut(pointer).unwrap();
        *target = match bend {
            0 => Value::Null,
            1 => json!("eq"),
            2 => json!(7),
            3 => json!(-1),
            4 => json!([]),
            5 => json!({"last_days": 3}),
            6 => json!([target.clone()]),
            7 => json!("12.345"),
            _ => match target.as_object() {
                Some(object) => {
                    let mut more = object.clone();
                    more.insert("x".to_owned(), json!(1));
                    Value::Object(more)
                }
                None => json!(0.5),
            },
        };
        let schema = rule_schema();
        let is_read = match SegmentRule::from_json(&document) {
            Ok(_) => true,
            // The order of a pair is beyond the schema.
            Err(errors) => errors.errors().iter().all(|error| error.problem == RuleProblem::Reversed),
        };
        prop_assert_eq!(is_read, allows(&schema, &schema, &document), "{}", document);
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in ".{0,200}") {
        let _ = SegmentRule::parse(&text);
    }
}

fn places(value: &Value, pointer: String, found: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            for (key, part) in object {
                places(part, format!("{pointer}/{key}"), found);
            }
        }
        Value::Array(list) => {
            for (index, part) in list.iter().enumerate() {
                places(part, format!("{pointer}/{index}"), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    found.push(pointer);
}

/// A judge of the keywords of JSON Schema that the schema of rules uses, and of no others.
fn allows(root: &Value, schema: &Value, value: &Value) -> bool {
    let rules = schema.as_object().unwrap();
    rules.iter().all(|(keyword, rule)| match keyword.as_str() {
        // Generated numbers have few decimals.
        "$schema" | "$defs" | "title" | "description" | "multipleOf" => true,
        "$ref" => {
            let pointer = rule.as_str().unwrap().strip_prefix('#').unwrap();
            allows(root, root.pointer(pointer).unwrap(), value)
        }
        "anyOf" => rule
            .as_array()
            .unwrap()
            .iter()
            .any(|form| allows(root, form, value)),
        "type" => match rule.as_str().unwrap() {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "boolean" => value.is_boolean(),
            "number" => value.is_number(),
            "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
            other => panic!("{other}"),
        },
        "const" => value == rule,
        "enum" => rule.as_array().unwrap().contains(value),
        "required" => {
            let mut keys = rule.as_array().unwrap().iter();
            keys.all(|key| value.get(key.as_str().unwrap()).is_some())
        }
        "properties" => value.as_object().is_none_or(|object| {
            let known = |(key, part): (&String, &Value)| {
                rule.get(key).is_none_or(|form| allows(root, form, part))
            };
            object.iter().all(known)
        }),
        "additionalProperties" => value.as_object().is_none_or(|object| {
            object
                .keys()
                .all(|key| schema["properties"].get(key).is_some())
        }),
        "minProperties" => value
            .as_object()
            .is_none_or(|object| object.len() >= usize::try_from(rule.as_u64().unwrap()).unwrap()),
        "items" => value
            .as_array()
            .is_none_or(|list| list.iter().all(|item| allows(root, rule, item))),
        "minItems" | "maxItems" => value.as_array().is_none_or(|list| {
            let limit = usize::try_from(rule.as_u64().unwrap()).unwrap();
            if keyword == "minItems" {
                list.len() >= limit
            } else {
                list.len() <= limit
            }
        }),
        "minLength" | "maxLength" => value.as_str().is_none_or(|text| {
            let limit = usize::try_from(rule.as_u64().unwrap()).unwrap();
            let length = text.chars().count();
            if keyword == "minLength" {
                length >= limit
            } else {
                length <= limit
            }
        }),
        "minimum" => value
            .as_f64()
            .is_none_or(|number| number >= rule.as_f64().unwrap()),
        "maximum" => value
            .as_f64()
            .is_none_or(|number| number <= rule.as_f64().unwrap()),
        "pattern" => value
            .as_str()
            .is_none_or(|text| match rule.as_str().unwrap() {
                ROUBLES => shape::is_decimal(text),
                r"\S" => !text.trim().is_empty(),
                other => panic!("{other}"),
            }),
        "format" => value
            .as_str()
            .is_none_or(|text| match rule.as_str().unwrap() {
                "date" => text.parse::<chrono::NaiveDate>().is_ok(),
                "uuid" => uuid::Uuid::try_parse(text).is_ok(),
                other => panic!("{other}"),
            }),
        other => panic!("{other}"),
    })
}
