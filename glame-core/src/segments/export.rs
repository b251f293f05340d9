use std::collections::{BTreeSet, btree_set};
use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::AssignmentSource;
use crate::customers::Channel;
use crate::users::User;
use crate::values::Money;

/// The heads of the columns of [`csv_rows`], with the mark by which Excel knows UTF-8.
pub const CSV_HEADER: &str = "\u{feff}user_id,full_name,phone,email,city,gender,birth_date,\
                              discount_card_number,total_purchases,total_spent,source\r\n";

/// The fewest rows that Yandex Audience takes.
pub const YANDEX_AUDIENCE_MIN_ROWS: usize = 100;

/// A member of a segment as it is exported.
#[derive(Debug, Clone, Copy)]
pub struct ExportRow<'a> {
    /// Who.
    pub user: &'a User,
    /// How often the member has bought.
    pub total_purchases: u32,
    /// What the member has spent.
    pub total_spent: Money,
    /// Why the customer belongs to the segment.
    pub source: AssignmentSource,
}

/// Writes members as lines of CSV (RFC 4180), without the header, so that a file is made in pages.
///
/// A text that a spreadsheet would take for a formula is kept from it by an apostrophe. Phones are
/// written with the country code and without the plus.
#[must_use]
pub fn csv_rows(rows: &[ExportRow<'_>]) -> String {
    let mut csv = String::new();
    for row in rows {
        let user = row.user;
        let text = |text: Option<&str>| cell(text.unwrap_or_default());
        let cells = [
            user.id.to_string(),
            text(
                user.full_name
                    .as_ref()
                    .map(crate::values::PlainText::as_str),
            ),
            user.phone
                .as_ref()
                .map(|phone| phone.digits().to_string())
                .unwrap_or_default(),
            text(user.email.as_ref().map(crate::values::EmailAddress::as_str)),
            text(user.city.as_ref().map(crate::values::PlainText::as_str)),
            user.gender
                .map(crate::users::Gender::as_str)
                .unwrap_or_default()
                .to_owned(),
            user.birth_date
                .map(|date| date.to_string())
                .unwrap_or_default(),
            text(
                user.discount_card_number
                    .as_ref()
                    .map(crate::values::CardNumber::as_str),
            ),
            row.total_purchases.to_string(),
            row.total_spent.to_string(),
            row.source.as_str().to_owned(),
        ];
        csv.push_str(&cells.join(","));
        csv.push_str("\r\n");
    }
    csv
}

/// Writes a text as one cell that is a text for every program that reads it.
fn cell(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠']);
    let guard = if is_formula { "'" } else { "" };
    if is_formula || text.contains([',', '"', '\n', '\r', ';']) {
        format!("\"{guard}{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

/// Tells that Yandex Audience would refuse the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "Yandex Audience needs at least {YANDEX_AUDIENCE_MIN_ROWS} customers who have agreed and left \
     a phone or an e-mail address, and there are {rows}"
)]
pub struct TooFewRows {
    /// How many there are.
    pub rows: usize,
}

/// Hashed CRM data for Yandex Audience, gathered page by page: columns `phone` and `email`.
///
/// Each value is hashed apart by SHA-256 (MD5 is refused since January 2025), the phone as digits
/// with the country code, the address in small letters. Addresses that are not Latin are left out.
/// No two lines are equal, and ordered by their hashes they tell nothing about the customers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct YandexAudience {
    contacts: BTreeSet<HashedContacts>,
}

/// The lines of a file for Yandex Audience, the heads of the columns first.
#[derive(Debug)]
pub struct AudienceFile {
    heads: Option<&'static str>,
    contacts: btree_set::IntoIter<HashedContacts>,
}

/// The hashes of a phone and of an address.
type HashedContacts = (Option<[u8; 32]>, Option<[u8; 32]>);

impl YandexAudience {
    /// Adds a customer: the phone if `agrees` to short messages or calls, and the address if
    /// `agrees` to letters. Who has left neither is no line.
    pub fn add(&mut self, user: &User, agrees: impl Fn(Channel) -> bool) {
        let phone = user
            .phone
            .filter(|_| agrees(Channel::Sms) || agrees(Channel::Phone));
        let email = user.email.as_ref().filter(|email| {
            let is_latin = email.as_str().is_ascii();
            is_latin && agrees(Channel::Email)
        });
        if phone.is_some() || email.is_some() {
            self.contacts.insert((
                phone.map(|phone| hashed(&phone.digits().to_string())),
                email.map(|email| hashed(email.as_str())),
            ));
        }
    }

    /// Gives the file.
    ///
    /// # Errors
    /// [`TooFewRows`] if it would have fewer than [`YANDEX_AUDIENCE_MIN_ROWS`].
    pub fn finish(self) -> Result<AudienceFile, TooFewRows> {
        let rows = self.contacts.len();
        if rows < YANDEX_AUDIENCE_MIN_ROWS {
            return Err(TooFewRows { rows });
        }
        Ok(AudienceFile {
            heads: Some("phone,email\n"),
            contacts: self.contacts.into_iter(),
        })
    }
}

impl Iterator for AudienceFile {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        if let Some(heads) = self.heads.take() {
            return Some(heads.to_owned());
        }
        let (phone, email) = self.contacts.next()?;
        Some(format!("{},{}\n", hex(phone), hex(email)))
    }
}

fn hashed(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

fn hex(hash: Option<[u8; 32]>) -> String {
    let mut hex = String::with_capacity(64);
    for byte in hash.iter().flatten() {
        // Writing into a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::fixtures;

    fn yandex_audience(
        users: &[User],
        agrees: impl Fn(&User, Channel) -> bool,
    ) -> Result<String, TooFewRows> {
        let mut audience = YandexAudience::default();
        for user in users {
            audience.add(user, |channel| agrees(user, channel));
        }
        Ok(audience.finish()?.collect())
    }

    #[test]
    fn what_looks_like_a_formula_stays_a_text() {
        let cases = [
            ("Анна", "Анна"),
            ("=1+1", "\"'=1+1\""),
            ("+7", "\"'+7\""),
            ("-3", "\"'-3\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            (
                "=HYPERLINK(\"http://x\")",
                "\"'=HYPERLINK(\"\"http://x\"\")\"",
            ),
            ("Ялта, центр", "\"Ялта, центр\""),
            ("Ялта; =1+1", "\"Ялта; =1+1\""),
            ("сказал \"да\"", "\"сказал \"\"да\"\"\""),
            ("", ""),
        ];
        for (text, expected) in cases {
            assert_eq!(cell(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_member_is_one_line() {
        let mut user = fixtures::customer(1);
        user.full_name = Some(fixtures::text("=cmd|' /C calc'!A0"));
        let row = ExportRow {
            user: &user,
            total_purchases: 3,
            total_spent: Money::from_kopecks(1_250_050),
            source: AssignmentSource::Manual,
        };
        let id = user.id;
        assert_eq!(
            csv_rows(&[row]),
            format!(
                "{id},\"'=cmd|' /C calc'!A0\",79990000001,customer1@example.org,Ялта,female,\
                 1990-02-03,2900000000001,3,12500.50,manual\r\n"
            )
        );
        assert_eq!(
            CSV_HEADER.split(',').count(),
            csv_rows(&[row]).split(',').count()
        );
    }

    #[test]
    fn an_audience_is_hashed_filtered_and_large_enough() {
        let users: Vec<User> = (1..=101).map(fixtures::customer).collect();
        let file = yandex_audience(&users, |user, _| *user != users[0]).unwrap();
        let lines: Vec<&str> = file.lines().collect();
        assert_eq!((lines[0], lines.len()), ("phone,email", 101));
        // SHA-256 of 79990000002 and of customer2@example.org.
        assert!(lines.contains(&"e312ec0a6b34c2a3e83eb9bad3b808170ac9e45563a3072d50a7df483867acef,5840ef51e0699fa48946e40228d5582f1e00299f847afaefc4226c54470c5a9b"), "{}", lines[1]);
        let few = yandex_audience(&users[1..], |user, _| *user != users[1]);
        assert_eq!(few, Err(TooFewRows { rows: 99 }));
    }

    #[test]
    fn each_contact_needs_an_agreement_of_its_own() {
        let users: Vec<User> = (1..=100).map(fixtures::customer).collect();
        let cells = |agreed: &'static [Channel]| {
            let file = yandex_audience(&users, |_, channel| agreed.contains(&channel)).unwrap();
            let (phone, email) = file.lines().nth(1).unwrap().split_once(',').unwrap();
            (phone.len(), email.len())
        };
        assert_eq!(cells(&[Channel::Sms]), (64, 0));
        assert_eq!(cells(&[Channel::Phone]), (64, 0));
        assert_eq!(cells(&[Channel::Email]), (0, 64));
        assert_eq!(cells(&[Channel::Email, Channel::Sms]), (64, 64));
        let nobody = yandex_audience(&users, |_, channel| channel == Channel::Push);
        assert_eq!(nobody, Err(TooFewRows { rows: 0 }));
    }

    #[test]
    fn whoever_comes_twice_or_without_contacts_is_no_row() {
        let mut users: Vec<User> = (1..=100).map(fixtures::customer).collect();
        users.push(users[0].clone());
        users[1].phone = None;
        users[1].email = None;
        assert_eq!(
            yandex_audience(&users, |_, _| true),
            Err(TooFewRows { rows: 99 })
        );
    }
}
