use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest, Sha256};

use super::{Explain, RuleRef, Sequence, Term};
use crate::values::{DocumentRef, PlainText, Points, TransactionId, UserId};

/// One operation with points: a row that is written once and never changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoyaltyTransaction {
    /// Names the transaction everywhere.
    pub id: TransactionId,
    /// Whose points these are.
    pub user: UserId,
    /// The number of the transaction in the user's ledger.
    pub sequence: Sequence,
    /// What kind of operation it is.
    #[serde(rename = "type")]
    pub kind: TransactionKind,
    /// What it changes; negative where points go.
    pub points: i64,
    /// What all transactions up to this one come to; negative where there is a debt.
    pub balance_after: i64,
    /// The lot that it makes.
    pub lot: Option<NewLot>,
    /// What it takes from lots (negative) and puts back into them (positive).
    pub draws: Vec<Draw>,
    /// What it adds to the debt, or repays of it (negative).
    pub debt_change: i64,
    /// Why, in words that the customer may read.
    pub reason: PlainText,
    /// Where it comes from.
    pub source: Source,
    /// Who has done it, where it was a person.
    pub actor: Option<Actor>,
    /// The receipt that it is about.
    pub receipt: Option<DocumentRef>,
    /// The transaction that it takes back, in whole or in part.
    pub reverses: Option<Sequence>,
    /// When it takes effect in the world.
    pub effective_at: DateTime<Utc>,
    /// When it was written down.
    pub recorded_at: DateTime<Utc>,
    /// The rules under which it was decided.
    pub rule: RuleRef,
    /// The key that the client gave.
    pub idempotency_key: Option<IdempotencyKey>,
    /// Names the deed itself: no other transaction of the user has the same.
    pub natural_key: String,
    /// How it came about.
    pub explain: Explain,
    /// The hash of the transaction before it.
    pub previous_hash: ChainHash,
    /// The hash of all the above.
    pub hash: ChainHash,
}

/// What kind of operation a transaction is. A reversal has the kind of what it takes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransactionKind {
    /// Points for a receipt.
    Earn,
    /// Points that pay.
    Spend,
    /// Points whose time is over.
    Expire,
    /// Points that are given without a receipt.
    Bonus,
    /// A correction.
    Manual,
}

/// The lot that a credit makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewLot {
    /// How many points; a debt is repaid out of them.
    pub points: Points,
    /// When they can be spent.
    #[serde(flatten)]
    pub term: Term,
}

/// What a transaction does to one lot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draw {
    /// The lot.
    pub lot: Sequence,
    /// What it takes (negative) or puts back (positive).
    pub points: i64,
}

/// Where a transaction comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The shop's base.
    Onec,
    /// GLAME itself: its jobs and its API.
    Platform,
    /// A person.
    Manual,
    /// A campaign.
    Campaign,
}

macro_rules! names {
    ($name:ident { $($variant:ident = $text:literal),* $(,)? }) => {
        impl $name {
            /// Every one.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Gives the name that the API and the databases use.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }

            /// Finds one by its name.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.as_str() == name)
            }
        }
    };
}

names!(TransactionKind {
    Earn = "earn",
    Spend = "spend",
    Expire = "expire",
    Bonus = "bonus",
    Manual = "manual",
});
names!(Source {
    Onec = "onec",
    Platform = "platform",
    Manual = "manual",
    Campaign = "campaign",
});

/// A person or a program that acts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Actor {
    /// A user of GLAME.
    User(UserId),
    /// Somebody outside of it, by a name: an operator of the command line, a program.
    Named(PlainText),
}

/// Tells that nobody is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an actor is the id of a user or a name")]
pub struct ParseActorError;

impl FromStr for Actor {
    type Err = ParseActorError;

    fn from_str(text: &str) -> Result<Self, ParseActorError> {
        match text.trim().parse() {
            Ok(uuid) => Ok(Self::User(UserId::from_uuid(uuid))),
            Err(_) => PlainText::clean(text)
                .map(Self::Named)
                .ok_or(ParseActorError),
        }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(user) => user.fmt(f),
            Self::Named(name) => name.fmt(f),
        }
    }
}

impl Serialize for Actor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Actor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

/// A key by which a client repeats a command without repeating the deed: 1 to 200 characters.
///
/// Keys of different users do not meet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct IdempotencyKey(String);

/// Tells that a text cannot be a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an idempotency key has 1 to 200 printable characters of ASCII, such as a UUID")]
pub struct ParseKeyError;

impl IdempotencyKey {
    /// Takes a key.
    pub fn parse(text: &str) -> Result<Self, ParseKeyError> {
        let printable = text.bytes().all(|byte| (0x21..=0x7e).contains(&byte));
        if (1..=200).contains(&text.len()) && printable {
            Ok(Self(text.to_owned()))
        } else {
            Err(ParseKeyError)
        }
    }

    /// Gives the key.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for IdempotencyKey {
    type Error = ParseKeyError;

    fn try_from(text: String) -> Result<Self, ParseKeyError> {
        Self::parse(&text)
    }
}

impl From<IdempotencyKey> for String {
    fn from(key: IdempotencyKey) -> Self {
        key.0
    }
}

/// The SHA-256 that ties a transaction to all before it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct ChainHash([u8; 32]);

impl ChainHash {
    /// What the first transaction of a ledger is tied to.
    pub const ZERO: Self = Self([0; 32]);

    /// Takes bytes that storage has kept.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Gives the bytes to keep.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for ChainHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ChainHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for ChainHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ChainHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let digits = (text.len() == 64 && text.is_ascii()).then_some(text.as_bytes());
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.unwrap_or_default().chunks(2)) {
            let pair = std::str::from_utf8(pair).map_err(de::Error::custom)?;
            *byte = u8::from_str_radix(pair, 16).map_err(de::Error::custom)?;
        }
        digits
            .map(|_| Self(bytes))
            .ok_or_else(|| de::Error::custom("not 64 hexadecimal digits"))
    }
}

impl LoyaltyTransaction {
    /// Counts the hash anew: SHA-256 over the JSON of all fields but the hash itself.
    ///
    /// The hash of the transaction before it is among them, so that no row can be changed, left
    /// out or put in between without every later hash telling.
    #[must_use]
    pub fn compute_hash(&self) -> ChainHash {
        let mut hash = Sha256::new();
        let sealed = Sealed { transaction: self };
        // Writing to a hash cannot fail, and every field has a form in JSON.
        let written = serde_json::to_writer(HashWriter(&mut hash), &sealed);
        debug_assert!(written.is_ok(), "a transaction has a form in JSON");
        ChainHash(hash.finalize().into())
    }
}

/// The fields of a transaction that its hash speaks of.
struct Sealed<'a> {
    transaction: &'a LoyaltyTransaction,
}

impl Serialize for Sealed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let unsealed = ChainHash::ZERO;
        let LoyaltyTransaction {
            id,
            user,
            sequence,
            kind,
            points,
            balance_after,
            lot,
            draws,
            debt_change,
            reason,
            source,
            actor,
            receipt,
            reverses,
            effective_at,
            recorded_at,
            rule,
            idempotency_key,
            natural_key,
            explain,
            previous_hash,
            hash: _,
        } = self.transaction;
        (
            (id, user, sequence, kind, points, balance_after),
            (lot, draws, debt_change, reason, source, actor),
            (receipt, reverses, effective_at, recorded_at, rule),
            (
                idempotency_key,
                natural_key,
                explain,
                previous_hash,
                unsealed,
            ),
        )
            .serialize(serializer)
    }
}

struct HashWriter<'a>(&'a mut Sha256);

impl std::io::Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_short_and_printable() {
        assert!(IdempotencyKey::parse("order-17/spend").is_ok());
        for text in ["", " ", "ключ", "a b", "a\n", &"x".repeat(201)] {
            assert!(IdempotencyKey::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn an_actor_is_a_user_or_a_name() {
        let id = "00000000-0000-0000-0000-000000000007";
        assert!(matches!(id.parse(), Ok(Actor::User(_))));
        assert!(matches!("кассир 3".parse(), Ok(Actor::Named(_))));
        assert_eq!(" \n".parse::<Actor>(), Err(ParseActorError));
    }

    #[test]
    fn a_hash_is_read_as_it_is_shown() {
        let hash = ChainHash([7; 32]);
        let json = serde_json::to_string(&hash).unwrap();
        assert_eq!(serde_json::from_str::<ChainHash>(&json).unwrap(), hash);
        for bad in [
            "\"\"",
            "\"07\"",
            &format!("\"{}\"", "зз".repeat(16)),
            &format!("\"{}\"", "x".repeat(64)),
        ] {
            assert!(serde_json::from_str::<ChainHash>(bad).is_err(), "{bad}");
        }
    }
}
