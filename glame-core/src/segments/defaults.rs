use std::sync::LazyLock;

use serde::Deserialize;

use super::{Colour, SegmentRule};
use crate::values::PlainText;

/// A segment that ships with the program: data, which people may change once it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SegmentTemplate {
    /// What people call it.
    pub name: PlainText,
    /// What it is for.
    pub description: PlainText,
    /// The colour on screens.
    pub color: Colour,
    /// Who belongs to it.
    pub rule: SegmentRule,
}

static DEFAULTS: LazyLock<Vec<SegmentTemplate>> = LazyLock::new(|| {
    // The tests read it: a program that was built holds a document that reads.
    serde_json::from_str(include_str!("defaults.json")).unwrap_or_default()
});

/// Gives the segments of the guide (VIP, Активные, Регулярные, Спящие, Новые) and the eleven of the
/// RFM map.
///
/// The five follow [`StatusPolicy::default`](crate::analytics::StatusPolicy), but count silence to
/// the moment of the evaluation, so that a customer falls asleep without any new figure.
#[must_use]
pub fn default_segments() -> &'static [SegmentTemplate] {
    &DEFAULTS
}
