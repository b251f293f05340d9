//! The OpenAPI document, complete.
//!
//! The framework makes it of the types, and leaves a few things out that its own parsers do: that
//! `null` stands for an absent field of a request, that a field which no request has is refused,
//! and what `format` is called. Without them generated clients are poorer, and a fuzzer is told
//! that right requests are wrong.

mod examples;

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::service;

/// Gives the OpenAPI document of all areas.
#[must_use]
pub fn document() -> Value {
    let plain = serde_json::from_str(&service().spec()).unwrap_or_default();
    let mut document = completed(plain);
    examples::show(&mut document);
    document
}

/// Gives the pages that show the document: Scalar's, and Swagger's.
#[must_use]
pub fn pages() -> [String; 2] {
    let service = service();
    let (plain, complete) = (service.spec(), document().to_string());
    [service.scalar_html(), service.swagger_ui_html()].map(|page| page.replace(&plain, &complete))
}

fn completed(mut document: Value) -> Value {
    let requests = schemas_of_requests(&document);
    each_object(&mut document, &mut |object| {
        name_the_format(object);
        bound_the_number(object);
        name_the_media_type(object);
        say_it_once(object);
    });
    for name in requests {
        if let Some(schema) = document["components"]["schemas"][&name].as_object_mut() {
            tell_what_is_parsed(schema);
        }
    }
    document
}

/// Names the schemas that requests are made of.
fn schemas_of_requests(document: &Value) -> BTreeSet<String> {
    let paths = document["paths"].as_object().into_iter().flatten();
    let operations = paths.flat_map(|(_, methods)| methods.as_object().into_iter().flatten());
    let mut found = BTreeSet::new();
    let mut to_read: Vec<&Value> = operations
        .map(|(_, operation)| &operation["requestBody"])
        .collect();
    while let Some(value) = to_read.pop() {
        match value {
            Value::Object(object) => {
                let named = object.get("$ref").and_then(Value::as_str);
                let name = named.and_then(|path| path.rsplit('/').next());
                if let Some(name) = name.filter(|name| found.insert((*name).to_owned())) {
                    to_read.push(&document["components"]["schemas"][name]);
                }
                to_read.extend(object.values());
            }
            Value::Array(values) => to_read.extend(values),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    found
}

fn each_object(value: &mut Value, change: &mut impl FnMut(&mut Map<String, Value>)) {
    match value {
        Value::Object(object) => {
            change(object);
            for inner in object.values_mut() {
                each_object(inner, change);
            }
        }
        Value::Array(values) => {
            for inner in values {
                each_object(inner, change);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// `date` is what everybody else calls the framework's `naive-date`.
fn name_the_format(object: &mut Map<String, Value>) {
    if object
        .get("format")
        .is_some_and(|name| name == "naive-date")
    {
        object.insert("format".to_owned(), json!("date"));
    }
}

/// What has no sign is not negative, and 32 bits are 32 bits.
fn bound_the_number(object: &mut Map<String, Value>) {
    let format = object
        .get("format")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let most = match format {
        "uint16" => Some(u64::from(u16::MAX)),
        "uint32" => Some(u64::from(u32::MAX)),
        "uint64" => None,
        _ => return,
    };
    object.entry("minimum").or_insert(json!(0));
    if let Some(most) = most {
        object.entry("maximum").or_insert(json!(most));
    }
}

/// JSON is always in UTF-8; generators look for the plain name.
fn name_the_media_type(object: &mut Map<String, Value>) {
    if let Some(content) = object.remove("application/json; charset=utf-8") {
        object.insert("application/json".to_owned(), content);
    }
}

/// A description beside a reference is said outside of it already.
fn say_it_once(object: &mut Map<String, Value>) {
    if let Some(Value::Array(parts)) = object.get_mut("allOf") {
        parts.retain(|part| {
            part.as_object()
                .is_none_or(|part| part.contains_key("$ref"))
        });
    }
}

/// A field that may be absent may be `null`; a field that is not named is refused.
fn tell_what_is_parsed(schema: &mut Map<String, Value>) {
    let required = schema.get("required").cloned().unwrap_or_default();
    let Some(Value::Object(properties)) = schema.get_mut("properties") else {
        return;
    };
    for (name, property) in properties {
        let names = required.as_array().into_iter().flatten();
        if let (false, Some(property)) = (
            names.clone().any(|one| one == name),
            property.as_object_mut(),
        ) {
            property.insert("nullable".to_owned(), json!(true));
        }
    }
    schema.insert("additionalProperties".to_owned(), json!(false));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_says_what_the_parsers_do() {
        let framework = json!({
            "paths": { "/things": { "post": {
                "requestBody": { "content": { "application/json; charset=utf-8": {
                    "schema": { "$ref": "#/components/schemas/NewThing" },
                } } },
            } } },
            "components": { "schemas": {
                "NewThing": { "required": ["name"], "properties": {
                    "name": { "type": "string" },
                    "born": { "type": "string", "format": "naive-date" },
                    "times": { "type": "integer", "format": "uint32", "maximum": 9 },
                    "kind": { "allOf": [{ "$ref": "#/components/schemas/Kind" }, { "description": "x" }] },
                } },
                "Kind": { "type": "string", "enum": ["a"] },
                "Thing": { "properties": { "name": { "type": "string" } } },
            } },
        });
        let completed = completed(framework);
        let body = &completed["paths"]["/things"]["post"]["requestBody"]["content"];
        assert!(body["application/json"]["schema"].is_object());
        let schemas = &completed["components"]["schemas"];
        assert_eq!(
            schemas["NewThing"],
            json!({ "required": ["name"], "additionalProperties": false, "properties": {
                "name": { "type": "string" },
                "born": { "type": "string", "format": "date", "nullable": true },
                "times": {
                    "type": "integer", "format": "uint32", "minimum": 0, "maximum": 9, "nullable": true,
                },
                "kind": { "allOf": [{ "$ref": "#/components/schemas/Kind" }], "nullable": true },
            } })
        );
        // What is only answered stays open: new fields may come.
        assert_eq!(
            schemas["Thing"],
            json!({ "properties": { "name": { "type": "string" } } })
        );
        assert_eq!(schemas["Kind"], json!({ "type": "string", "enum": ["a"] }));
    }

    #[test]
    fn the_pages_show_the_complete_document() {
        let complete = document().to_string();
        for page in pages() {
            assert!(page.contains(&complete));
        }
    }
}
