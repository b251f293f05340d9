use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::loyalty::Actor;
use crate::values::{PlainText, UserId};

/// A way to reach a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// Short messages.
    Sms,
    /// E-mail.
    Email,
    /// Notifications of an application or a browser.
    Push,
    /// Calls.
    Phone,
}

impl Channel {
    /// Every channel.
    pub const ALL: [Self; 4] = [Self::Sms, Self::Email, Self::Push, Self::Phone];

    /// Gives the name that the API uses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sms => "sms",
            Self::Email => "email",
            Self::Push => "push",
            Self::Phone => "phone",
        }
    }
}

/// What a customer agrees to: a purpose, and a channel where the purpose is to reach them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConsentTopic {
    /// Advertisement by a channel.
    Marketing(Channel),
    /// That language models look at figures of theirs, without their name.
    AnalyticsAi,
}

impl ConsentTopic {
    /// Every topic.
    pub const ALL: [Self; 5] = [
        Self::Marketing(Channel::Sms),
        Self::Marketing(Channel::Email),
        Self::Marketing(Channel::Push),
        Self::Marketing(Channel::Phone),
        Self::AnalyticsAi,
    ];

    /// Gives the name that the databases use: the purpose, and the channel behind a point.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Marketing(Channel::Sms) => "marketing.sms",
            Self::Marketing(Channel::Email) => "marketing.email",
            Self::Marketing(Channel::Push) => "marketing.push",
            Self::Marketing(Channel::Phone) => "marketing.phone",
            Self::AnalyticsAi => "analytics_ai",
        }
    }

    /// Gives the purpose as the API names it: `marketing` or `analytics_ai`.
    #[must_use]
    pub const fn purpose(self) -> &'static str {
        match self {
            Self::Marketing(_) => "marketing",
            Self::AnalyticsAi => "analytics_ai",
        }
    }

    /// Gives the channel, where the purpose has one.
    #[must_use]
    pub const fn channel(self) -> Option<Channel> {
        match self {
            Self::Marketing(channel) => Some(channel),
            Self::AnalyticsAi => None,
        }
    }

    /// Finds a topic by its name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|topic| topic.as_str() == name)
    }
}

impl Serialize for ConsentTopic {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// What a customer has decided about a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConsentDecision {
    /// They agree.
    Granted,
    /// They do not, or not any more.
    Withdrawn,
}

impl ConsentDecision {
    /// Gives the name that the API and the databases use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Granted => "granted",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// Finds a decision by its name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Granted, Self::Withdrawn]
            .into_iter()
            .find(|decision| decision.as_str() == name)
    }
}

/// Where a decision was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConsentSource {
    /// In the cabinet, by the customer.
    Cabinet,
    /// To somebody of the staff.
    Staff,
    /// By a link in a message, or an answer to it.
    Message,
    /// It follows from the erasure of the person.
    Erasure,
}

impl ConsentSource {
    /// Every source.
    pub const ALL: [Self; 4] = [Self::Cabinet, Self::Staff, Self::Message, Self::Erasure];

    /// Gives the name that the API and the databases use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cabinet => "cabinet",
            Self::Staff => "staff",
            Self::Message => "message",
            Self::Erasure => "erasure",
        }
    }

    /// Finds a source by its name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|source| source.as_str() == name)
    }
}

/// The version of the text that the customer has read, such as `2026-03`.
pub type ConsentVersion = PlainText;

/// One decision, which is written once and never changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConsentRecord {
    /// Whose decision.
    pub user: UserId,
    /// The number of the decision among all of the customer, from one on.
    pub sequence: u32,
    /// About what.
    pub topic: ConsentTopic,
    /// What was decided.
    pub decision: ConsentDecision,
    /// The version of the text that was agreed to.
    pub text_version: ConsentVersion,
    /// Where it was told.
    pub source: ConsentSource,
    /// Who has written it down.
    pub actor: Actor,
    /// When.
    pub at: DateTime<Utc>,
}

/// The last decision about a topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConsentState {
    /// What was decided.
    pub decision: ConsentDecision,
    /// The version of the text.
    pub text_version: ConsentVersion,
    /// Where it was told.
    pub source: ConsentSource,
    /// When.
    pub at: DateTime<Utc>,
}

/// What a customer agrees to now. Whoever has decided nothing agrees to nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Consents(BTreeMap<ConsentTopic, ConsentState>);

impl Consents {
    /// Gathers decisions, the earlier ones first.
    #[must_use]
    pub fn fold<'a>(records: impl IntoIterator<Item = &'a ConsentRecord>) -> Self {
        let states = records.into_iter().map(|record| {
            let state = ConsentState {
                decision: record.decision,
                text_version: record.text_version.clone(),
                source: record.source,
                at: record.at,
            };
            (record.topic, state)
        });
        Self(states.collect())
    }

    /// Tells whether the customer agrees to a topic.
    #[must_use]
    pub fn granted(&self, topic: ConsentTopic) -> bool {
        self.state(topic)
            .is_some_and(|state| state.decision == ConsentDecision::Granted)
    }

    /// Gives the last decision about a topic; none if there was never one.
    #[must_use]
    pub fn state(&self, topic: ConsentTopic) -> Option<&ConsentState> {
        self.0.get(&topic)
    }

    /// Gives every topic with its last decision.
    pub fn states(&self) -> impl Iterator<Item = (ConsentTopic, Option<&ConsentState>)> {
        ConsentTopic::ALL
            .into_iter()
            .map(|topic| (topic, self.state(topic)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::fixtures::{customer, minute, text};

    fn record(sequence: u32, topic: ConsentTopic, decision: ConsentDecision) -> ConsentRecord {
        ConsentRecord {
            user: customer(1).id,
            sequence,
            topic,
            decision,
            text_version: text("2026-03"),
            source: ConsentSource::Cabinet,
            actor: Actor::User(customer(1).id),
            at: minute(sequence.into()),
        }
    }

    #[test]
    fn the_last_decision_about_each_topic_holds() {
        let sms = ConsentTopic::Marketing(Channel::Sms);
        let history = [
            record(1, sms, ConsentDecision::Granted),
            record(2, ConsentTopic::AnalyticsAi, ConsentDecision::Granted),
            record(3, sms, ConsentDecision::Withdrawn),
        ];
        let now = Consents::fold(&history);
        assert!(!now.granted(sms));
        assert!(now.granted(ConsentTopic::AnalyticsAi));
        assert!(!now.granted(ConsentTopic::Marketing(Channel::Email)));
        assert!(Consents::fold(&history[..1]).granted(sms));
        assert_eq!(now.states().count(), ConsentTopic::ALL.len());
    }

    #[test]
    fn names_lead_back_to_what_they_name() {
        for topic in ConsentTopic::ALL {
            assert_eq!(ConsentTopic::from_name(topic.as_str()), Some(topic));
        }
        for source in ConsentSource::ALL {
            assert_eq!(ConsentSource::from_name(source.as_str()), Some(source));
        }
    }
}
