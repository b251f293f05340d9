use std::time::Duration;

use poem::http::{HeaderMap, HeaderValue};

/// What a client is told of a limit (the draft of the IETF on `RateLimit` fields).
#[derive(Debug, Clone, Copy)]
pub(crate) struct RateLimitFields {
    /// What is counted.
    pub(crate) name: &'static str,
    /// How much of it a window allows.
    pub(crate) most: u32,
    /// How long a window lasts.
    pub(crate) window: Duration,
    /// How much is left in this one.
    pub(crate) left: u32,
    /// How long it is until this one ends.
    pub(crate) ends_in: Duration,
}

impl RateLimitFields {
    /// Tells it, in place of whatever else was told.
    pub(crate) fn tell(self, headers: &mut HeaderMap) {
        let Self { name, most, .. } = self;
        let window = self.window.as_secs();
        let policy = format!("\"{name}\";q={most};w={window}");
        let limit = format!("\"{name}\";r={};t={}", self.left, self.ends_in.as_secs());
        for (field, text) in [("ratelimit-policy", policy), ("ratelimit", limit)] {
            if let Ok(value) = HeaderValue::from_str(&text) {
                headers.insert(field, value);
            }
        }
    }
}
