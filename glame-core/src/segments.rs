//! Who belongs together: rules, the segments that they make, and membership.
//!
//! A [`SegmentRule`] is data. It is evaluated over a [`SegmentSnapshot`], which holds all customers
//! as columns, at one [`Moment`]; what comes out is the same for a preview, for a list of members
//! and for an explanation. [`materialise`] turns it into memberships, beside which people may
//! include and exclude customers by hand.

mod bitmap;
mod defaults;
mod evaluate;
mod explain;
mod export;
mod facts;
mod import;
mod membership;
mod order;
mod rule;
mod segment;
mod service;
mod snapshot;

#[cfg(test)]
mod tests;

pub use bitmap::Bitmap;
pub use defaults::{SegmentTemplate, default_segments};
pub use evaluate::{Memberships, Moment, Outcome, UnknownSegment};
pub use explain::{Explanation, Verdict};
pub use export::{
    AudienceFile, CSV_HEADER, ExportRow, TooFewRows, YANDEX_AUDIENCE_MIN_ROWS, YandexAudience,
    csv_rows,
};
pub use facts::{CustomerFacts, Forecast, millionths};
pub use import::{MemberFile, MemberFileError, MemberLine, MemberLineError, MemberName};
pub use membership::{Decision, Matching, MembershipChange, Overrides, Preview, materialise};
pub use order::{SegmentOrderError, evaluation_order};
pub use rule::{
    ChoiceField, Condition, DateField, Field, FlagField, Leaf, Measure, NumberField, Operator,
    RuleError, RuleErrors, RuleProblem, SegmentRule, SetField, TextField, rule_schema,
};
pub use segment::{
    AssignmentSource, Colour, Confidence, CustomerSegment, ParseColourError, ParseConfidenceError,
    SegmentKind, SegmentOrigin, SegmentState, SegmentVersion, UserSegment,
};
pub use service::{
    Decided, Imported, NewSegment, Population, Refreshed, RefusedLine, SegmentEdit, SegmentError,
    SegmentService, SegmentSettings, SegmentStats,
};
pub use snapshot::{SegmentSnapshot, SnapshotBuilder, SnapshotError};
