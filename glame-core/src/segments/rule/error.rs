use std::fmt;

/// Tells everything that is wrong with a rule, so that it can be put right at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleErrors(Vec<RuleError>);

/// Tells what is wrong at one place of a rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{pointer}: {problem}", pointer = if pointer.is_empty() { "/" } else { pointer.as_str() })]
pub struct RuleError {
    /// The place, as a JSON pointer (RFC 6901); empty for the whole document.
    pub pointer: String,
    /// What is wrong, and what is allowed.
    pub problem: RuleProblem,
}

/// What can be wrong with a rule, and what is allowed instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RuleProblem {
    /// The text is not JSON.
    #[error("not JSON: {0}")]
    NotJson(String),
    /// The document is larger than any rule needs to be.
    #[error("larger than {0} bytes")]
    TooLarge(usize),
    /// The version is not one that this program reads.
    #[error("unknown version; allowed: 1")]
    Version,
    /// Something else was expected.
    #[error("expected {0}")]
    Expected(&'static str),
    /// A key has no meaning here.
    #[error("unknown key {key:?}; allowed: {allowed}")]
    Key {
        /// The key, cut if it is long.
        key: String,
        /// The keys that have one.
        allowed: String,
    },
    /// A field does not exist.
    #[error("unknown field {field:?}; allowed: {allowed}")]
    Field {
        /// The field, cut if it is long.
        field: String,
        /// The fields that exist.
        allowed: String,
    },
    /// A field has no such operator.
    #[error("unknown operator {operator:?} of {field}; allowed: {allowed}")]
    Operator {
        /// The operator, cut if it is long.
        operator: String,
        /// The field.
        field: &'static str,
        /// The operators that it has.
        allowed: String,
    },
    /// The value does not fit the operator.
    #[error("expected {0}")]
    Value(String),
    /// The first of two values is greater than the second.
    #[error("the first value is greater than the second")]
    Reversed,
    /// Conditions are nested too deeply.
    #[error("nested more than {0} levels deep")]
    TooDeep(usize),
    /// There are too many leaves.
    #[error("more than {0} leaves in one rule")]
    TooManyLeaves(usize),
}

impl RuleErrors {
    /// Takes what was found, the first error first; there is at least one.
    pub(super) const fn new(errors: Vec<RuleError>) -> Self {
        Self(errors)
    }

    /// Gives the errors in the order of the document.
    #[must_use]
    pub fn errors(&self) -> &[RuleError] {
        &self.0
    }
}

impl fmt::Display for RuleErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for RuleErrors {}
