use serde_json::{Map, Value, json};

use super::{Condition, Field, Leaf, PurchaseScope, SegmentRule, Window};

pub(super) fn document(rule: &SegmentRule) -> Value {
    json!({"version": SegmentRule::VERSION, "rule": condition(&rule.condition)})
}

fn condition(part: &Condition) -> Value {
    match part {
        Condition::All(parts) => json!({"all": parts.iter().map(condition).collect::<Vec<_>>()}),
        Condition::Any(parts) => json!({"any": parts.iter().map(condition).collect::<Vec<_>>()}),
        Condition::Not(part) => json!({"not": condition(part)}),
        Condition::Leaf(part) => leaf(part),
    }
}

pub(super) fn leaf(leaf: &Leaf) -> Value {
    let operators = leaf.field.operators();
    let shape = operators.iter().find(|(op, _)| *op == leaf.op);
    let value = shape.map_or(Value::Null, |(_, shape)| shape.write(&leaf.operand));
    let mut object = Map::new();
    object.insert("field".to_owned(), leaf.field.as_str().into());
    object.insert("op".to_owned(), leaf.op.as_str().into());
    object.insert("value".to_owned(), value);
    if leaf.field == Field::Bucket {
        object.insert("seed".to_owned(), json!(leaf.seed));
    }
    scope(&leaf.purchases, &mut object);
    Value::Object(object)
}

fn scope(scope: &PurchaseScope, leaf: &mut Map<String, Value>) {
    let lists = [
        ("category", &scope.categories),
        ("brand", &scope.brands),
        ("store", &scope.stores),
    ];
    let of: Map<String, Value> = lists
        .into_iter()
        .filter(|(_, texts)| !texts.is_empty())
        .map(|(key, texts)| (key.to_owned(), json!(texts)))
        .collect();
    if !of.is_empty() {
        leaf.insert("of".to_owned(), Value::Object(of));
    }
    let window = match scope.window {
        Window::Ever => return,
        Window::LastDays(days) => json!({"last_days": days}),
        Window::Dates { from, to } => {
            let ends = [("from", from), ("to", to)];
            ends.into_iter()
                .filter_map(|(key, date)| Some((key.to_owned(), json!(date?))))
                .collect::<Map<_, _>>()
                .into()
        }
    };
    leaf.insert("window".to_owned(), window);
}
