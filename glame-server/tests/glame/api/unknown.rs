//! Whoever tries to sign in learns from no answer, and from no clock, who is known.
//!
//! Known and unknown are asked for in turn, each first in every other pair, so that whatever else the
//! machine does slows down both. Their times are compared by rank (Mann and Whitney), which neither a
//! slow machine nor a few slow answers move; a hash of a password or a message that only one side
//! waits for makes nearly every answer of it the slower one.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use glame_onec_simulator::BaseSettings;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use super::client::{Answer, PASSWORD, Served, email_of};
use super::sms::Provider;
use crate::shop::{Database, Shop};

/// How many cards of each side are asked for.
const CARDS: usize = 200;

/// How often each side of the members of staff is asked for; passwords take long.
const MEMBERS: usize = 60;

/// Limits that are never reached: the measurements alone are many attempts.
const NO_LIMITS: &str = "[auth.limits]\ncodes = 1000000\ncodes_a_day = 1000000\n\
    codes_per_address = 1000000\nchecks = 1000000\nchecks_per_address = 1000000\n\
    logins = 1000000\nlogins_per_address = 1000000\n";

/// What somebody learns of one side.
#[derive(Default)]
struct Learnt {
    /// The different answers, but for what differs between any two.
    answers: BTreeSet<String>,
    times: Vec<Duration>,
}

impl Learnt {
    async fn ask(&mut self, ask: impl Future<Output = Answer>) {
        let begun = Instant::now();
        let answer = ask.await;
        self.times.push(begun.elapsed());
        self.answers.insert(essence(&answer));
    }
}

/// Gives status, head and body without the name of the request and the time of day.
fn essence(answer: &Answer) -> String {
    let mut headers: HeaderMap = answer.headers.clone();
    let mut body = answer.json();
    for (field, header) in [("trace_id", "x-request-id"), ("expires_at", "date")] {
        // The length of an instant differs by its last zeros.
        headers.remove("content-length");
        headers.remove(header);
        if let Some(value) = body.get_mut(field) {
            *value = Value::from("…");
        }
    }
    format!("{} {headers:?} {body}", answer.status)
}

/// Gives how many of a hundred pairs have the slower one first.
fn slower(first: &[Duration], second: &[Duration]) -> usize {
    let pairs = first
        .iter()
        .flat_map(|one| second.iter().map(move |other| one.cmp(other)));
    let halves: usize = pairs
        .map(|order| match order {
            std::cmp::Ordering::Less => 0,
            std::cmp::Ordering::Equal => 1,
            std::cmp::Ordering::Greater => 2,
        })
        .sum();
    50 * halves / (first.len() * second.len())
}

/// Tells whether so many slower ones of a hundred can come about where both sides, of so many times
/// each, are alike: they lie within five standard deviations (Mann and Whitney) of one half.
#[expect(
    clippy::float_arithmetic,
    reason = "a share of pairs is judged, no points"
)]
fn is_chance(slower: usize, times: usize) -> bool {
    let times = f64::from(u32::try_from(times).unwrap());
    let deviation = 100.0 * ((2.0 * times + 1.0) / (12.0 * times * times)).sqrt();
    let distance = f64::from(u32::try_from(slower.abs_diff(50)).unwrap());
    distance <= 5.0 * deviation
}

/// Asks for known and unknown ones in turn; gives what is learnt of either.
async fn compared<'a>(
    known: &'a [String],
    unknown: &'a [String],
    ask: impl AsyncFn(&'a str) -> Answer,
) -> (Learnt, Learnt) {
    let (mut of_known, mut of_unknown) = (Learnt::default(), Learnt::default());
    for (pair, (known, unknown)) in known.iter().zip(unknown).enumerate() {
        if pair % 2 == 0 {
            of_known.ask(ask(known)).await;
            of_unknown.ask(ask(unknown)).await;
        } else {
            of_unknown.ask(ask(unknown)).await;
            of_known.ask(ask(known)).await;
        }
    }
    (of_known, of_unknown)
}

/// Fails where anything tells known from unknown.
fn assert_alike(what: &str, status: u16, (known, unknown): (Learnt, Learnt)) {
    assert_eq!(known.answers, unknown.answers, "{what}");
    let answers: Vec<&String> = known.answers.iter().collect();
    assert_eq!(answers.len(), 1, "{what}: {answers:?}");
    assert!(
        answers[0].starts_with(&status.to_string()),
        "{what}: {answers:?}"
    );
    let slower = slower(&known.times, &unknown.times);
    let known_times = known.times.len();
    let medians = [median(known.times), median(unknown.times)];
    assert!(
        is_chance(slower, known_times),
        "{what}: known ones are the slower in {slower} of 100 pairs; medians {medians:?}"
    );
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// Opens a shop whose codes go out by a provider, with no limits in the way.
async fn without_limits(provider: &Provider, database: Database) -> Served {
    let base = BaseSettings::Generated {
        customers: 3 * CARDS,
        lines: 1_000,
        seed: 4,
    };
    let shop = Shop::open(base, database).await;
    std::fs::write(shop.directory.path().join("glame.toml"), NO_LIMITS).unwrap();
    Served::of(provider.of(shop)).await
}

/// Gives numbers of cards whose holders get codes, and as many of no card that look the same.
async fn cards(served: &Served) -> (Vec<String>, Vec<String>) {
    let holders = served.holders().await;
    let mut phones = BTreeSet::new();
    let known: Vec<String> = holders
        .iter()
        .filter(|holder| phones.insert(holder.phone.clone()))
        .map(|holder| holder.card.clone())
        .take(CARDS)
        .collect();
    assert_eq!(known.len(), CARDS, "the shop has too few holders of cards");
    let taken: BTreeSet<&String> = holders.iter().map(|holder| &holder.card).collect();
    let unknown = known.iter().map(|card| {
        // The first three digits tell what kind of number it is.
        let (kind, rest) = card.split_at(3);
        let others = (1..10).map(|step| format!("{kind}{}", turned(rest, step)));
        let mut free = others.filter(|other| !taken.contains(other));
        free.next().unwrap()
    });
    (known.clone(), unknown.collect())
}

/// Puts another digit in the place of each.
fn turned(digits: &str, step: u32) -> String {
    let turn = |c: char| {
        let digit = c.to_digit(10).unwrap_or_default();
        char::from_digit((digit + step) % 10, 10).unwrap()
    };
    digits.chars().map(turn).collect()
}

async fn cards_are_known_to_their_holders_alone(database: Database) {
    let provider = Provider::open().await;
    let served = without_limits(&provider, database).await;
    let (known, unknown) = cards(&served).await;

    let check = async |card: &str| {
        let body = json!({ "card_number": card });
        served.say("/api/auth/verify-card", &body).await
    };
    let checks = compared(&known, &unknown, check).await;
    assert_alike("checking a card", 200, checks);

    let ask = async |card: &str| {
        let body = json!({ "card_number": card });
        served.say("/api/auth/request-code", &body).await
    };
    let codes = compared(&known, &unknown, ask).await;
    // Each of the known was sent a code, while the provider took its time; nobody else was.
    for _ in 0..500 {
        if provider.phones() >= CARDS {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(provider.phones(), CARDS);
    assert_alike("asking for a code", 200, codes);

    // Four digits are never the code, which has six.
    let sign_in = async |card: &str| {
        let body = json!({ "card_number": card, "code": "0000" });
        served.say("/api/auth/login-by-card", &body).await
    };
    let refusals = compared(&known, &unknown, sign_in).await;
    assert_alike("a wrong code", 401, refusals);
}

#[tokio::test(flavor = "multi_thread")]
async fn cards_are_known_to_their_holders_alone_on_sqlite() {
    cards_are_known_to_their_holders_alone(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cards_are_known_to_their_holders_alone_on_postgres() {
    cards_are_known_to_their_holders_alone(Database::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn members_of_staff_are_known_to_themselves_alone() {
    let provider = Provider::open().await;
    let served = without_limits(&provider, Database::Postgres).await;
    let known = vec![email_of("admin"); MEMBERS];
    let unknown: Vec<String> = (0..MEMBERS)
        .map(|n| format!("no-{n:02}@example.com"))
        .collect();
    let no_addresses = vec!["admin.example.com".to_owned(); MEMBERS];

    let sign_in = async |email: &str| {
        let body = json!({ "email": email, "password": "another-secret-for-a-test" });
        served.say("/api/auth/login", &body).await
    };
    let refusals = compared(&known, &unknown, &sign_in).await;
    assert_alike("a wrong password", 401, refusals);

    // The clock is fine enough: what is no address needs no hash of a password, and it shows.
    let (hashed, not_hashed) = compared(&known, &no_addresses, &sign_in).await;
    assert_eq!(hashed.answers, not_hashed.answers);
    let slower = slower(&hashed.times, &not_hashed.times);
    assert!(slower > 95, "a hash shows in {slower} of 100 pairs only");

    let right = json!({ "email": known[0], "password": PASSWORD });
    served.say("/api/auth/login", &right).await.expect(200);
}

#[test]
fn ranks_tell_the_slower_side_however_noisy_the_machine_is() {
    let millis = |times: &[u64]| -> Vec<Duration> {
        times.iter().copied().map(Duration::from_millis).collect()
    };
    let quiet = millis(&[3, 4, 5, 4, 3, 4]);
    let noisy = millis(&[3, 4, 900, 4, 3, 5]);
    let longer = millis(&[28, 29, 30, 29, 900, 29]);
    assert_eq!(slower(&quiet, &quiet), 50);
    assert!(is_chance(slower(&noisy, &quiet), CARDS));
    assert!(!is_chance(slower(&longer, &noisy), CARDS));
    assert!(!is_chance(slower(&quiet, &longer), CARDS));
}
