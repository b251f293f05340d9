//! What the API takes and gives about segments.

use chrono::{DateTime, NaiveDate, Utc};
use glame_core::ports::{SegmentTransition, StoredSegment};
use glame_core::segments::{
    Colour, CustomerSegment, Decided, Decision, Explanation, Imported, NewSegment, Population,
    Preview, SegmentEdit, SegmentKind, SegmentOrigin, SegmentRule, SegmentState, UserSegment,
    Verdict,
};
use glame_core::values::PlainText;
use poem_openapi::types::{Any, Example};
use poem_openapi::{Enum, Object};
use serde_json::{Value, json};
use uuid::Uuid;

use super::super::paging::Page;
use super::super::problem::FieldProblem;
use super::super::text::plain;
use super::super::{Problem, ProblemCode, Text};

/// Whether a segment is at work.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case", rename = "SegmentState")]
pub enum StateName {
    /// It is being written and has no members.
    Draft,
    /// It is at work.
    #[default]
    Active,
    /// It is out of use and has no members.
    Archived,
}

impl From<StateName> for SegmentState {
    fn from(name: StateName) -> Self {
        match name {
            StateName::Draft => Self::Draft,
            StateName::Active => Self::Active,
            StateName::Archived => Self::Archived,
        }
    }
}

impl From<SegmentState> for StateName {
    fn from(state: SegmentState) -> Self {
        match state {
            SegmentState::Draft => Self::Draft,
            SegmentState::Active => Self::Active,
            SegmentState::Archived => Self::Archived,
        }
    }
}

/// A segment that is to be made.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields, example)]
pub struct SegmentInput {
    /// What people call it.
    #[oai(validator(min_length = 1, max_length = 200))]
    pub name: Text,
    /// What it is for.
    #[oai(validator(min_length = 1, max_length = 2000))]
    pub description: Option<Text>,
    /// The colour on screens.
    #[oai(validator(pattern = "^#[0-9A-Fa-f]{6}$"))]
    pub color: Option<Text>,
    /// Whether it is at work at once.
    #[oai(default)]
    pub state: StateName,
    /// The rule, as `GET /api/admin/segments/schema` describes it; absent for a list that is kept by
    /// hand.
    pub rule: Option<Any<Value>>,
}

impl Example for SegmentInput {
    fn example() -> Self {
        Self {
            name: "Кольца за сезон".into(),
            description: Some("Купили кольцо за последние 90 дней".into()),
            color: Some("#FFD700".into()),
            state: StateName::Active,
            rule: Some(Any(json!({"version": 1, "rule": {"all": [
                {"field": "total_spent", "op": "gte", "value": "50000"},
                {"field": "recency_days", "op": "lte", "value": 90},
            ]}}))),
        }
    }
}

impl SegmentInput {
    pub(super) fn read(&self) -> Result<NewSegment, Problem> {
        Ok(NewSegment {
            name: plain(&self.name, "/name")?,
            description: text(self.description.as_deref(), "/description")?,
            color: colour(self.color.as_deref())?.unwrap_or_default(),
            origin: SegmentOrigin::Manual,
            state: self.state.into(),
            kind: match &self.rule {
                Some(rule) => SegmentKind::Rule(rule_of(&rule.0)?),
                None => SegmentKind::List,
            },
        })
    }
}

/// What is to be changed in a segment; what is absent stays.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields, example)]
pub struct SegmentEditInput {
    /// What people call it.
    #[oai(validator(min_length = 1, max_length = 200))]
    pub name: Option<Text>,
    /// What it is for.
    #[oai(validator(min_length = 1, max_length = 2000))]
    pub description: Option<Text>,
    /// The colour on screens.
    #[oai(validator(pattern = "^#[0-9A-Fa-f]{6}$"))]
    pub color: Option<Text>,
    /// Whether it is at work.
    pub state: Option<StateName>,
    /// The rule.
    pub rule: Option<Any<Value>>,
}

impl Example for SegmentEditInput {
    fn example() -> Self {
        Self {
            name: Some("Кольца прошлого сезона".into()),
            description: None,
            color: None,
            state: Some(StateName::Archived),
            rule: None,
        }
    }
}

impl SegmentEditInput {
    pub(super) fn read(&self) -> Result<SegmentEdit, Problem> {
        let rule = self.rule.as_ref().map(|rule| rule_of(&rule.0));
        Ok(SegmentEdit {
            name: text(self.name.as_deref(), "/name")?,
            description: text(self.description.as_deref(), "/description")?,
            color: colour(self.color.as_deref())?,
            state: self.state.map(Into::into),
            kind: rule.transpose()?.map(SegmentKind::Rule),
        })
    }
}

fn text(text: Option<&str>, pointer: &str) -> Result<Option<PlainText>, Problem> {
    text.map(|text| plain(text, pointer)).transpose()
}

fn colour(text: Option<&str>) -> Result<Option<Colour>, Problem> {
    let parsed = text.map(Colour::parse).transpose();
    parsed
        .map_err(|error| Problem::of_field(ProblemCode::ValueInvalid, "/color", error.to_string()))
}

/// Reads a rule; every error has its place.
pub(super) fn rule_of(rule: &Value) -> Result<SegmentRule, Problem> {
    SegmentRule::from_json(rule).map_err(|errors| {
        let detail = errors.to_string();
        let fields = errors.errors().iter().map(|error| FieldProblem {
            pointer: format!("/rule{}", error.pointer),
            detail: error.problem.to_string(),
        });
        Problem::new(ProblemCode::ValueInvalid, detail).with_errors(fields.collect())
    })
}

/// A segment.
#[derive(Debug, Object)]
#[oai(rename = "Segment", skip_serializing_if_is_none)]
pub struct SegmentView {
    /// Its id.
    pub id: Uuid,
    /// What people call it.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// The colour on screens.
    pub color: String,
    /// Whether it is at work.
    pub state: StateName,
    /// Who made it: `auto`, `manual` or `ai`.
    pub origin: String,
    /// Whether the program has made it.
    pub is_auto_generated: bool,
    /// The rule; absent for a list that is kept by hand.
    pub rule: Option<Any<Value>>,
    /// How many members it has since the last refresh.
    pub customer_count: u64,
    /// When the members were made last.
    pub refreshed_at: Option<DateTime<Utc>>,
    /// When the figures had been made that the rule looked at.
    pub figures_at: Option<DateTime<Utc>>,
    /// The version, as in `ETag`.
    pub version: u32,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was changed last.
    pub updated_at: DateTime<Utc>,
}

impl SegmentView {
    pub(super) fn of_new(segment: &CustomerSegment) -> Self {
        Self::from(&StoredSegment {
            segment: segment.clone(),
            customer_count: 0,
            refresh: None,
        })
    }
}

impl From<&StoredSegment> for SegmentView {
    fn from(stored: &StoredSegment) -> Self {
        let segment = &stored.segment;
        Self {
            id: *segment.id.as_uuid(),
            name: segment.name.as_str().to_owned(),
            description: super::super::views::text_of(segment.description.as_ref()),
            color: segment.color.as_str().to_owned(),
            state: segment.state.into(),
            origin: segment.origin.as_str().to_owned(),
            is_auto_generated: segment.origin != SegmentOrigin::Manual,
            rule: segment.rule().map(|rule| Any(rule.to_json())),
            customer_count: stored.customer_count,
            refreshed_at: stored.refresh.map(|refresh| refresh.refreshed_at),
            figures_at: stored.refresh.and_then(|refresh| refresh.figures_at),
            version: segment.version.get(),
            created_at: segment.created_at,
            updated_at: segment.updated_at,
        }
    }
}

/// All segments.
#[derive(Debug, Object)]
pub struct SegmentList {
    /// The segments.
    pub segments: Vec<SegmentView>,
    /// How many there are.
    pub total: usize,
}

/// A rule that is to be tried.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields, example)]
pub struct PreviewAsked {
    /// The rule.
    pub rule: Any<Value>,
    /// A segment whose decisions by hand count.
    pub segment_id: Option<Uuid>,
    /// How many members to show.
    #[oai(default, validator(maximum(value = "100")))]
    pub sample: u32,
}

impl Example for PreviewAsked {
    fn example() -> Self {
        Self {
            rule: Any(json!({"version": 1, "rule":
                {"field": "recency_days", "op": "gt", "value": 180}})),
            segment_id: None,
            sample: 5,
        }
    }
}

/// What a rule would hold.
#[derive(Debug, Object)]
#[oai(skip_serializing_if_is_none)]
pub struct SegmentPreview {
    /// How many members there would be.
    pub customer_count: usize,
    /// How many customers have no value for something that the rule asks about.
    pub unknown: usize,
    /// The first members, by user id.
    pub sample: Vec<Uuid>,
    /// All customers that were looked at.
    pub total_customers: usize,
    /// The day to which silence and windows are counted.
    pub as_of: NaiveDate,
    /// When the customers were read.
    pub read_at: DateTime<Utc>,
    /// When their figures were made.
    pub figures_at: Option<DateTime<Utc>>,
}

impl SegmentPreview {
    pub(super) fn of(preview: &Preview, population: &Population) -> Self {
        Self {
            customer_count: preview.customer_count,
            unknown: preview.unknown,
            sample: preview.sample.iter().map(|user| *user.as_uuid()).collect(),
            total_customers: population.snapshot().users().len(),
            as_of: population.day(),
            read_at: population.now(),
            figures_at: population.figures_at(),
        }
    }
}

/// A page of members.
#[derive(Debug, Object)]
pub struct SegmentMembers {
    /// How many members there are in all.
    pub customer_count: u64,
    /// The members.
    pub members: Vec<MemberView>,
    /// Where the list goes on.
    pub page: Page,
}

/// A member of a segment.
#[derive(Debug, Object)]
#[oai(rename = "SegmentMember", skip_serializing_if_is_none)]
pub struct MemberView {
    /// The customer.
    pub user_id: Uuid,
    /// Why: `auto` by a rule, `manual` by hand, `ai` by a rule that a model has proposed.
    pub source: String,
    /// Since when.
    pub assigned_at: DateTime<Utc>,
}

impl From<&UserSegment> for MemberView {
    fn from(member: &UserSegment) -> Self {
        Self {
            user_id: *member.user.as_uuid(),
            source: member.source.as_str().to_owned(),
            assigned_at: member.assigned_at,
        }
    }
}

/// What is decided by hand about customers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case", rename = "MembershipDecision")]
pub enum DecisionName {
    /// They are members, whatever the rule says.
    #[default]
    Include,
    /// They are none, whatever the rule says.
    Exclude,
    /// The rule decides again.
    ByRule,
}

impl From<Decision> for DecisionName {
    fn from(decision: Decision) -> Self {
        match decision {
            Decision::Include => Self::Include,
            Decision::Exclude => Self::Exclude,
        }
    }
}

impl From<DecisionName> for Option<Decision> {
    fn from(decision: DecisionName) -> Self {
        match decision {
            DecisionName::Include => Some(Decision::Include),
            DecisionName::Exclude => Some(Decision::Exclude),
            DecisionName::ByRule => None,
        }
    }
}

/// Customers about whom somebody decides.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields, example)]
pub struct MembersDecided {
    /// The customers.
    #[oai(validator(min_items = 1, max_items = 1000))]
    pub user_ids: Vec<Uuid>,
    /// What is decided.
    pub decision: DecisionName,
}

impl Example for MembersDecided {
    fn example() -> Self {
        Self {
            user_ids: vec![Uuid::from_u128(0x0190_c0de_0000_7000_8000_0000_0000_0001)],
            decision: DecisionName::Include,
        }
    }
}

/// What became of a table of customers.
#[derive(Debug, Object)]
pub struct MembersImported {
    /// Whether it was only tried and nothing is stored.
    pub dry_run: bool,
    /// How many lines it had under the heads of its columns.
    pub lines: u64,
    /// About how many customers the decision was stored, or would be.
    pub customers: u64,
    /// How many lines name no customer.
    pub refused: u64,
    /// The first hundred of these.
    pub refused_lines: Vec<RefusedLineView>,
}

/// A line that names no customer.
#[derive(Debug, Object)]
#[oai(rename = "RefusedLine")]
pub struct RefusedLineView {
    /// Its number in the file; the heads of the columns are line 1.
    pub line: u64,
    /// Why.
    pub reason: String,
}

impl MembersImported {
    pub(super) fn new(imported: Imported, dry_run: bool) -> Self {
        let refused = imported.refused_lines.into_iter();
        Self {
            dry_run,
            lines: imported.lines,
            customers: imported.customers,
            refused: imported.refused,
            refused_lines: refused
                .map(|refused| RefusedLineView {
                    line: refused.line,
                    reason: refused.reason.to_string(),
                })
                .collect(),
        }
    }
}

/// What became of a decision.
#[derive(Debug, Object)]
pub struct DecisionMade {
    /// Whether it was only tried and nothing is stored.
    pub dry_run: bool,
    /// About how many customers it holds, or would hold.
    pub stored: usize,
    /// Who is no customer.
    pub strangers: Vec<Uuid>,
}

impl DecisionMade {
    pub(super) fn new(decided: &Decided, dry_run: bool) -> Self {
        Self {
            dry_run,
            stored: decided.stored,
            strangers: decided
                .strangers
                .iter()
                .map(|user| *user.as_uuid())
                .collect(),
        }
    }
}

/// Why a customer is a member, or is none.
#[derive(Debug, Object)]
#[oai(skip_serializing_if_is_none)]
pub struct MembershipExplained {
    /// Whether the customer is a member.
    pub is_member: bool,
    /// What was decided by hand, whatever the rule says.
    pub decided_by_hand: Option<DecisionName>,
    /// The day to which silence and windows are counted.
    pub as_of: NaiveDate,
    /// What the rule says; absent for a list that is kept by hand.
    pub explanation: Option<ExplanationView>,
}

/// What a condition says of a customer.
#[derive(Debug, Object)]
#[oai(rename = "Explanation", skip_serializing_if_is_none)]
pub struct ExplanationView {
    /// The place of the condition in the rule, as a JSON pointer.
    pub pointer: String,
    /// `true`, `false` or `unknown`.
    pub verdict: String,
    /// Whether the whole would be otherwise if this were.
    pub decides: bool,
    /// The condition, if it is a leaf.
    pub leaf: Option<Any<Value>>,
    /// What the customer has there.
    pub value: Option<String>,
    /// The conditions within.
    pub parts: Vec<ExplanationView>,
}

impl From<&Explanation> for ExplanationView {
    fn from(explanation: &Explanation) -> Self {
        let verdict = match explanation.verdict {
            Verdict::True => "true",
            Verdict::False => "false",
            Verdict::Unknown => "unknown",
        };
        Self {
            pointer: explanation.pointer.clone(),
            verdict: verdict.to_owned(),
            decides: explanation.decides,
            leaf: explanation.leaf.clone().map(Any),
            value: explanation.value.clone(),
            parts: explanation.parts.iter().map(Self::from).collect(),
        }
    }
}

/// A page of transitions.
#[derive(Debug, Object)]
pub struct SegmentTransitions {
    /// The transitions, the oldest first.
    pub transitions: Vec<TransitionView>,
    /// Where the list goes on.
    pub page: Page,
}

/// A customer has entered or left.
#[derive(Debug, Object)]
#[oai(rename = "SegmentTransition")]
pub struct TransitionView {
    /// The customer.
    pub user_id: Uuid,
    /// `entered` or `left`.
    pub transition: String,
    /// When.
    pub happened_at: DateTime<Utc>,
}

impl From<&SegmentTransition> for TransitionView {
    fn from(row: &SegmentTransition) -> Self {
        Self {
            user_id: *row.user.as_uuid(),
            transition: row.transition.as_str().to_owned(),
            happened_at: row.happened_at,
        }
    }
}
