use serde_json::Value;

use super::service;

/// Gives the OpenAPI document of all areas.
#[must_use]
pub fn document() -> Value {
    serde_json::from_str(&service().spec()).unwrap_or_default()
}
