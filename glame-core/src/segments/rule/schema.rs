use serde_json::{Map, Value, json};

use super::shape::{self, MAX_DAYS, Operator, Shape};
use super::{Field, SegmentRule};

/// Gives the JSON Schema (draft 2020-12) of rules, made from the table that the parser uses.
///
/// What it cannot say, the parser still checks: at most [`SegmentRule::MAX_DEPTH`] levels and
/// [`SegmentRule::MAX_LEAVES`] leaves, and that the first value of a pair is not the greater one.
#[must_use]
pub fn rule_schema() -> Value {
    let part = json!({"$ref": "#/$defs/condition"});
    let parts = json!({"type": "array", "items": part, "minItems": 1});
    let mut forms = vec![
        object(&[("all", parts.clone())], &["all"]),
        object(&[("any", parts)], &["any"]),
        object(&[("not", part.clone())], &["not"]),
    ];
    forms.extend(Field::all().flat_map(leaves));
    let mut document = object(
        &[
            ("version", json!({"const": SegmentRule::VERSION})),
            ("rule", part),
        ],
        &["version", "rule"],
    );
    document["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    document["title"] = json!("A rule of a customer segment");
    document["description"] = json!(format!(
        "At most {} levels of conditions and {} leaves. What is not known of a customer is \
         neither true nor false; a member is for whom the rule is true.",
        SegmentRule::MAX_DEPTH,
        SegmentRule::MAX_LEAVES
    ));
    document["$defs"] = json!({"condition": {"anyOf": forms}});
    document
}

/// Gives the forms of the leaves of a field: one for each shape that its values have.
fn leaves(field: Field) -> Vec<Value> {
    let mut by_shape: Vec<(Shape, Vec<Operator>)> = Vec::new();
    for (op, shape) in field.operators() {
        match by_shape.iter_mut().find(|(known, _)| *known == shape) {
            Some((_, operators)) => operators.push(op),
            None => by_shape.push((shape, vec![op])),
        }
    }
    let forms = by_shape.into_iter().map(|(shape, operators)| {
        let operators: Vec<_> = operators.into_iter().map(Operator::as_str).collect();
        let mut properties = vec![
            ("field", json!({"const": field.as_str()})),
            ("op", json!({ "enum": operators })),
            ("value", shape.schema()),
        ];
        let mut required = vec!["field", "op", "value"];
        match field {
            Field::Purchases(_) => {
                properties.push(("of", narrowing()));
                properties.push(("window", window()));
            }
            Field::Bucket => {
                properties.push(("seed", shape::text_schema()));
                required.push("seed");
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
        let mut leaf = object(&properties, &required);
        leaf["description"] = json!(field.about());
        leaf
    });
    forms.collect()
}

fn narrowing() -> Value {
    let names = shape::list_schema(&shape::text_schema());
    let mut of = object(
        &[
            ("category", names.clone()),
            ("brand", names.clone()),
            ("store", names),
        ],
        &[],
    );
    of["minProperties"] = json!(1);
    of
}

fn window() -> Value {
    let days = json!({"type": "integer", "minimum": 0, "maximum": MAX_DAYS});
    let date = json!({"type": "string", "format": "date"});
    let mut dates = object(&[("from", date.clone()), ("to", date)], &[]);
    dates["minProperties"] = json!(1);
    json!({"anyOf": [object(&[("last_days", days)], &["last_days"]), dates]})
}

fn object(properties: &[(&str, Value)], required: &[&str]) -> Value {
    let properties: Map<String, Value> = properties
        .iter()
        .map(|(key, schema)| ((*key).to_owned(), schema.clone()))
        .collect();
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}
