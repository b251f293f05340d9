use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::SegmentRule;
use crate::values::{PlainText, SegmentId, UserId};

/// A group of customers, made by a rule or by hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerSegment {
    /// Our name for the segment.
    pub id: SegmentId,
    /// What people call it; no two segments have one name.
    pub name: PlainText,
    /// What it is for.
    pub description: Option<PlainText>,
    /// The colour on screens.
    pub color: Colour,
    /// Who made it.
    pub origin: SegmentOrigin,
    /// Whether it is at work.
    pub state: SegmentState,
    /// How customers come to belong to it.
    pub kind: SegmentKind,
    /// Counts the changes; whoever changes the segment says which version was seen.
    pub version: SegmentVersion,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

impl CustomerSegment {
    /// Gives the rule; a list has none.
    #[must_use]
    pub const fn rule(&self) -> Option<&SegmentRule> {
        match &self.kind {
            SegmentKind::Rule(rule) => Some(rule),
            SegmentKind::List => None,
        }
    }

    /// Tells whether the segment is at work.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.state == SegmentState::Active
    }

    /// Gives the source of the memberships that the rule makes.
    #[must_use]
    pub const fn rule_source(&self) -> AssignmentSource {
        match self.origin {
            SegmentOrigin::Auto | SegmentOrigin::Manual => AssignmentSource::Auto,
            SegmentOrigin::Ai => AssignmentSource::Ai,
        }
    }
}

/// How customers come to belong to a segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SegmentKind {
    /// By a rule, anew at each refresh.
    Rule(SegmentRule),
    /// By hand alone.
    List,
}

/// Membership of a customer in a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserSegment {
    /// Who.
    pub user: UserId,
    /// In which segment.
    pub segment: SegmentId,
    /// Why.
    pub source: AssignmentSource,
    /// Since when without a break.
    pub assigned_at: DateTime<Utc>,
    /// How sure a model is; none where no model had a say.
    pub confidence: Option<Confidence>,
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$variant_doc])* $variant,)* }

        impl $name {
            /// Every one of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Gives the name that the API and the databases use.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// Finds one by its name.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.as_str() == name)
            }
        }
    };
}

words! {
    /// Who made a segment.
    SegmentOrigin {
        /// It came with the program.
        Auto = "auto",
        /// A person.
        Manual = "manual",
        /// A language model; a person activates it.
        Ai = "ai",
    }
}

words! {
    /// Whether a segment is at work.
    SegmentState {
        /// Proposed or in preparation: it has no members and nobody may refer to it.
        Draft = "draft",
        /// At work.
        Active = "active",
        /// Out of use; it has no members, and its name stays taken.
        Archived = "archived",
    }
}

words! {
    /// Why a customer belongs to a segment.
    AssignmentSource {
        /// The rule of a segment that a person or the program made.
        Auto = "auto",
        /// A person put the customer in.
        Manual = "manual",
        /// The rule of a segment that a language model made.
        Ai = "ai",
    }
}

/// Counts the changes of a segment, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SegmentVersion(u32);

impl SegmentVersion {
    /// The version of a segment that nobody has changed yet.
    pub const FIRST: Self = Self(1);

    /// Takes a number of changes.
    #[must_use]
    pub const fn from_number(number: u32) -> Self {
        Self(number)
    }

    /// Gives the number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }

    /// Gives the version after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// A colour, `#RRGGBB` in capital letters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Colour(String);

/// Tells that a text is not a colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a colour: expected # and six hexadecimal digits")]
pub struct ParseColourError;

impl Colour {
    /// Reads `#FFD700` or `#ffd700`.
    pub fn parse(text: &str) -> Result<Self, ParseColourError> {
        let digits = text.strip_prefix('#').ok_or(ParseColourError)?;
        if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(ParseColourError);
        }
        Ok(Self(text.to_ascii_uppercase()))
    }

    /// Gives the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Colour {
    /// Gives the grey of segments that nobody has coloured.
    fn default() -> Self {
        Self("#757575".to_owned())
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Colour {
    type Error = ParseColourError;

    fn try_from(text: String) -> Result<Self, ParseColourError> {
        Self::parse(&text)
    }
}

impl From<Colour> for String {
    fn from(colour: Colour) -> Self {
        colour.0
    }
}

/// How sure a model is, in hundredths of a percent: 10 000 is certain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct Confidence(u16);

/// Tells that a number is not a confidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a confidence is a whole number from 0 to 10000 hundredths of a percent")]
pub struct ParseConfidenceError;

impl Confidence {
    /// Takes hundredths of a percent, at most 10 000.
    pub const fn try_new(hundredths: u16) -> Result<Self, ParseConfidenceError> {
        if hundredths > 10_000 {
            Err(ParseConfidenceError)
        } else {
            Ok(Self(hundredths))
        }
    }

    /// Gives the hundredths of a percent.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl TryFrom<u16> for Confidence {
    type Error = ParseConfidenceError;

    fn try_from(hundredths: u16) -> Result<Self, ParseConfidenceError> {
        Self::try_new(hundredths)
    }
}

impl From<Confidence> for u16 {
    fn from(confidence: Confidence) -> Self {
        confidence.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_is_written_in_one_way() {
        assert_eq!(Colour::parse("#ffd700").unwrap().as_str(), "#FFD700");
        for text in [
            "",
            "FFD700",
            "#FFD70",
            "#FFD7000",
            "#GGGGGG",
            "#фффффф",
            "red",
        ] {
            assert_eq!(Colour::parse(text), Err(ParseColourError), "{text:?}");
        }
    }

    #[test]
    fn nobody_is_surer_than_certain() {
        assert_eq!(Confidence::try_new(10_000).unwrap().get(), 10_000);
        assert_eq!(Confidence::try_new(10_001), Err(ParseConfidenceError));
        assert!(serde_json::from_str::<Confidence>("10001").is_err());
    }

    #[test]
    fn names_are_found_again() {
        for state in SegmentState::ALL {
            assert_eq!(SegmentState::from_name(state.as_str()), Some(*state));
            assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
        }
        assert_eq!(
            AssignmentSource::from_name("ai"),
            Some(AssignmentSource::Ai)
        );
        assert_eq!(SegmentOrigin::from_name("AI"), None);
    }
}
