//! Examples of requests and answers, for each operation.
//!
//! What bodies of requests look like, the types tell. The answers are those of a real server: the
//! file is written by the very run that checks it (see docs/TESTING.md).

use serde_json::{Map, Value};

const EXAMPLES: &str = include_str!("examples.json");

/// Adds the examples to a document.
pub(super) fn show(document: &mut Value) {
    let examples: Value = serde_json::from_str(EXAMPLES).unwrap_or_default();
    let paths = document["paths"].as_object_mut().into_iter().flatten();
    let operations = paths.flat_map(|(_, methods)| methods.as_object_mut().into_iter().flatten());
    for (_, operation) in operations {
        show_parameters(operation, &examples["parameters"]);
        let id = operation["operationId"].as_str().unwrap_or_default();
        if let Some(answer) = examples["answers"].get(id) {
            show_answer(operation, answer);
        }
    }
}

/// Whoever tries an operation out needs the parameters without which it does nothing.
fn show_parameters(operation: &mut Value, examples: &Value) {
    let parameters = operation.get_mut("parameters");
    for parameter in parameters
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
    {
        let name = parameter["name"].as_str().unwrap_or_default();
        if let Some(example) = examples.get(name) {
            parameter["example"] = example.clone();
        }
    }
}

fn show_answer(operation: &mut Value, answer: &Value) {
    let is_success = |status: &str| status.starts_with('2');
    let responses = operation["responses"].as_object_mut().into_iter().flatten();
    let contents = responses
        .filter(|(status, _)| is_success(status))
        .filter_map(|(_, response)| response["content"].as_object_mut());
    for content in contents.flat_map(Map::values_mut) {
        content["example"] = answer.clone();
    }
}
