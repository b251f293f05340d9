//! What a customer agrees to.

use chrono::{DateTime, Utc};
use glame_core::customers::{
    Channel, ConsentDecision, ConsentState, ConsentTopic, Consents, NewConsent,
};
use poem_openapi::types::Example;
use poem_openapi::{Enum, Object};

use super::super::text::plain;
use super::super::{Problem, Text};

/// What a customer may agree to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum TopicName {
    /// Messages about offers by SMS.
    #[oai(rename = "marketing.sms")]
    MarketingSms,
    /// Messages about offers by e-mail.
    #[oai(rename = "marketing.email")]
    MarketingEmail,
    /// Messages about offers on the telephone screen.
    #[oai(rename = "marketing.push")]
    MarketingPush,
    /// Calls about offers.
    #[oai(rename = "marketing.phone")]
    MarketingPhone,
    /// That figures, without the name, are looked at by a language model.
    #[oai(rename = "analytics_ai")]
    AnalyticsAi,
}

/// A decision of a customer.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
pub struct ConsentGiven {
    /// What it is about.
    pub topic: TopicName,
    /// Whether the customer agrees.
    pub granted: bool,
    /// Which text the customer has read.
    #[oai(validator(min_length = 1, max_length = 100))]
    pub text_version: Text,
}

/// Decisions of a customer.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields, example)]
pub struct ConsentsGiven {
    /// The decisions.
    #[oai(validator(min_items = 1, max_items = 5))]
    pub consents: Vec<ConsentGiven>,
}

impl Example for ConsentsGiven {
    fn example() -> Self {
        let sms = ConsentGiven {
            topic: TopicName::MarketingSms,
            granted: true,
            text_version: "2026-01".into(),
        };
        Self {
            consents: vec![sms],
        }
    }
}

/// What a customer has agreed to.
#[derive(Debug, Object)]
#[oai(skip_serializing_if_is_none)]
pub struct ConsentView {
    /// What it is about.
    pub topic: String,
    /// Whether the customer agrees; who was never asked does not.
    pub granted: bool,
    /// Which text the customer has read.
    pub text_version: Option<String>,
    /// When the decision was made.
    pub at: Option<DateTime<Utc>>,
}

/// What a customer has agreed to, topic by topic.
#[derive(Debug, Object)]
pub struct ConsentList {
    /// All topics.
    pub consents: Vec<ConsentView>,
}

impl From<&Consents> for ConsentList {
    fn from(consents: &Consents) -> Self {
        let view = |(topic, state): (ConsentTopic, Option<&ConsentState>)| ConsentView {
            topic: topic.as_str().to_owned(),
            granted: consents.granted(topic),
            text_version: state.map(|state| state.text_version.as_str().to_owned()),
            at: state.map(|state| state.at),
        };
        Self {
            consents: consents.states().map(view).collect(),
        }
    }
}

impl ConsentsGiven {
    /// Reads the decisions.
    pub fn read(&self) -> Result<Vec<NewConsent>, Problem> {
        let read = |given: &ConsentGiven| {
            Ok(NewConsent {
                topic: match given.topic {
                    TopicName::MarketingSms => ConsentTopic::Marketing(Channel::Sms),
                    TopicName::MarketingEmail => ConsentTopic::Marketing(Channel::Email),
                    TopicName::MarketingPush => ConsentTopic::Marketing(Channel::Push),
                    TopicName::MarketingPhone => ConsentTopic::Marketing(Channel::Phone),
                    TopicName::AnalyticsAi => ConsentTopic::AnalyticsAi,
                },
                decision: if given.granted {
                    ConsentDecision::Granted
                } else {
                    ConsentDecision::Withdrawn
                },
                text_version: plain(&given.text_version, "/consents/text_version")?,
            })
        };
        self.consents.iter().map(read).collect()
    }
}
