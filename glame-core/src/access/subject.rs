use std::cmp::Reverse;
use std::fmt;

use chrono::{DateTime, Utc};

use super::SubjectKey;
use super::secret::{Purpose, ServerSecret};
use crate::values::{CardNumber, PhoneNumber, UserId};

/// What a customer signs in with: the number of a discount card or a phone, in any writing.
///
/// Many shops make the phone the number of the card, so a text that reads as a phone is looked for
/// as both. `Debug` masks it.
///
/// ```
/// use glame_core::access::SignInName;
///
/// let one = SignInName::parse("+7 (978) 000-00-01")?;
/// assert_eq!(one, SignInName::parse("8 978 0000001")?);
/// assert_eq!(one.card_numbers().len(), 3);
/// # Ok::<(), glame_core::access::ParseSignInNameError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub enum SignInName {
    /// A text that reads as a phone.
    Phone(PhoneNumber),
    /// Any other number of a card.
    Card(CardNumber),
}

/// Tells that a text is neither the number of a card nor a phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("neither a card number nor a telephone number")]
pub struct ParseSignInNameError;

impl SignInName {
    /// Reads what somebody has typed or scanned.
    pub fn parse(text: &str) -> Result<Self, ParseSignInNameError> {
        if let Ok(phone) = PhoneNumber::parse(text) {
            return Ok(Self::Phone(phone));
        }
        CardNumber::parse(text)
            .map(Self::Card)
            .map_err(|_| ParseSignInNameError)
    }

    /// Gives the phone, if it reads as one.
    #[must_use]
    pub const fn phone(&self) -> Option<PhoneNumber> {
        match self {
            Self::Phone(phone) => Some(*phone),
            Self::Card(_) => None,
        }
    }

    /// Gives the numbers that a card with this name may have in the shop's base.
    ///
    /// Of a Russian phone these are `79…`, `89…` and the ten digits; with a plus it is never found.
    #[must_use]
    pub fn card_numbers(&self) -> Vec<CardNumber> {
        let phone = match self {
            Self::Card(number) => return vec![number.clone()],
            Self::Phone(phone) => phone.digits().to_string(),
        };
        let mut spellings = vec![phone.clone()];
        if let Some(national) = phone.strip_prefix('7').filter(|rest| rest.len() == 10) {
            spellings.push(format!("8{national}"));
            spellings.push(national.to_owned());
        }
        let numbers = spellings.iter().map(|text| CardNumber::parse(text));
        numbers.filter_map(Result::ok).collect()
    }

    /// Gives the key under which codes and counts are kept, the same for every writing.
    #[must_use]
    pub fn key(&self, secret: &ServerSecret) -> SubjectKey {
        let hash = match self {
            Self::Phone(phone) => {
                secret.keyed_hash(Purpose::Subject, &[b"phone", &phone.digits().to_be_bytes()])
            }
            Self::Card(number) => {
                secret.keyed_hash(Purpose::Subject, &[b"card", number.as_str().as_bytes()])
            }
        };
        SubjectKey::from_bytes(hash)
    }
}

impl fmt::Debug for SignInName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Phone(phone) => phone.fmt(f),
            Self::Card(number) => number.fmt(f),
        }
    }
}

/// A customer whom a name may mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInCandidate {
    /// The customer.
    pub user: UserId,
    /// The number that messages go to.
    pub phone: Option<PhoneNumber>,
    /// The number of the card that was found, or else of the one that stands for the customer.
    pub card_number: Option<CardNumber>,
    /// Whether a valid card has the number, and not only the customer the phone.
    pub by_card: bool,
    /// When the customer was first stored.
    pub created_at: DateTime<Utc>,
}

impl SignInCandidate {
    /// Gives the phone that a code goes to.
    ///
    /// A card whose number is a phone stands in for a phone that nobody has entered.
    #[must_use]
    pub fn code_phone(&self) -> Option<PhoneNumber> {
        self.phone.or_else(|| {
            let number = self.card_number.as_ref()?;
            PhoneNumber::parse(number.as_str()).ok()
        })
    }
}

/// Chooses whom a name means.
///
/// A holder of a valid card with the number goes before those who only have the phone: the shop
/// has given the card to one person, while a family may share a phone. Among equals it is the one
/// whom the shop has known longest, and then the smallest id, so that the choice depends neither on
/// the order of rows nor on the day.
#[must_use]
pub fn choose_candidate(candidates: Vec<SignInCandidate>) -> Option<SignInCandidate> {
    candidates.into_iter().min_by_key(|candidate| {
        (
            Reverse(candidate.by_card),
            candidate.created_at,
            candidate.user,
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::fixtures::access::server_secret;
    use crate::testkit::fixtures::{card_number, customer, minute};

    fn candidate(n: u128, by_card: bool, known_since: i64) -> SignInCandidate {
        SignInCandidate {
            user: customer(n).id,
            phone: customer(n).phone,
            card_number: Some(card_number(n)),
            by_card,
            created_at: minute(known_since),
        }
    }

    #[test]
    fn one_subject_has_many_writings() {
        let key = |text| SignInName::parse(text).unwrap().key(&server_secret());
        for text in [
            "+7 (978) 000-00-01",
            "89780000001",
            "9780000001",
            "7 978 000 00 01",
        ] {
            assert_eq!(key(text), key("79780000001"), "{text}");
        }
        assert_eq!(key(" 29 000 а"), key("29000А"));
        assert_ne!(key("2900000000001"), key("2900000000002"));
        for text in ["", "  ", &"1".repeat(101)] {
            assert_eq!(SignInName::parse(text), Err(ParseSignInNameError));
        }
    }

    #[test]
    fn a_phone_is_looked_for_as_a_card_in_each_writing() {
        let numbers = |text| -> Vec<String> {
            let name = SignInName::parse(text).unwrap();
            let numbers = name.card_numbers();
            numbers
                .iter()
                .map(|number| number.as_str().to_owned())
                .collect()
        };
        assert_eq!(
            numbers("8 978 000-00-01"),
            ["79780000001", "89780000001", "9780000001"]
        );
        assert_eq!(numbers("+44 20 7946 0018"), ["442079460018"]);
        assert_eq!(numbers("29 00"), ["2900"]);
    }

    #[test]
    fn the_choice_does_not_depend_on_the_order() {
        // The holder of the card, though known for the shortest time; then the longest known.
        let ranked = [
            candidate(1, true, 9),
            candidate(2, false, 1),
            candidate(3, false, 5),
        ];
        for skipped in 0..ranked.len() {
            let mut rest = ranked[skipped..].to_vec();
            assert_eq!(choose_candidate(rest.clone()).as_ref(), rest.first());
            let best = rest[0].clone();
            rest.reverse();
            assert_eq!(choose_candidate(rest), Some(best));
        }
        let twins = [candidate(4, false, 1), candidate(5, false, 1)];
        let first = twins.iter().map(|twin| twin.user).min();
        let chosen = choose_candidate(twins.to_vec()).map(|chosen| chosen.user);
        assert_eq!(chosen, first);
        assert_eq!(choose_candidate(Vec::new()), None);
    }

    #[test]
    fn a_card_that_is_a_phone_stands_in_for_a_missing_phone() {
        let mut nameless = candidate(1, true, 0);
        nameless.phone = None;
        assert_eq!(nameless.code_phone(), None);
        nameless.card_number = Some(CardNumber::parse("79780000001").unwrap());
        let phone = PhoneNumber::parse("9780000001").unwrap();
        assert_eq!(nameless.code_phone(), Some(phone));
        assert_eq!(candidate(2, true, 0).code_phone(), customer(2).phone);
    }
}
