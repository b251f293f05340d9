use std::fmt;

use async_trait::async_trait;

use super::BoxError;
use crate::values::PhoneNumber;

/// Sends one-time codes to customers.
#[cfg_attr(any(test, feature = "testkit"), mockall::automock)]
#[async_trait]
pub trait CodeSender: Send + Sync + fmt::Debug {
    /// Hands a message over to whoever delivers it.
    ///
    /// A message may be delivered twice if the answer of the provider is lost; it is never tried
    /// again when the provider may have taken it.
    async fn send(&self, message: &CodeMessage) -> Result<(), CodeSenderError>;
}

/// A message with a code; `Debug` shows neither the number nor the text.
#[derive(Clone, PartialEq, Eq)]
pub struct CodeMessage {
    /// Whom it goes to.
    pub phone: PhoneNumber,
    /// What it says, the code in it.
    pub text: String,
}

impl fmt::Debug for CodeMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CodeMessage(***)")
    }
}

/// Tells why a message was not handed over, by what to do next.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CodeSenderError {
    /// The provider cannot be reached or is busy: try later.
    #[error("the provider of messages is unavailable: {advice}")]
    Unavailable {
        /// What happened.
        advice: String,
        /// What the transport says.
        #[source]
        source: Option<BoxError>,
    },
    /// The provider refuses us: address, password, money, the sender's name. A person must act.
    #[error("the provider of messages refuses: {advice}")]
    Refused {
        /// What to do.
        advice: String,
    },
    /// The provider does not deliver to this number: the customer needs another way.
    #[error("the provider of messages does not deliver to this number")]
    Undeliverable,
}

impl CodeSenderError {
    /// Tells whether the same may work later without anybody's help.
    #[must_use]
    pub const fn is_temporary(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }
}
