//! The service of segments over a storage in memory.

#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;

use chrono::TimeDelta;
use glame_core::analytics::{AsOf, MetricsPolicy, Scoring};
use glame_core::customers::{Channel, ConsentDecision, ConsentRecord, ConsentSource, ConsentTopic};
use glame_core::loyalty::Actor;
use glame_core::ports::{Clock, SegmentReader, Storage, Transition};
use glame_core::segments::{
    AssignmentSource, Colour, Decision, Imported, MemberFile, MemberLineError, NewSegment,
    RefusedLine, SegmentEdit, SegmentError, SegmentKind, SegmentOrderError, SegmentOrigin,
    SegmentRule, SegmentService, SegmentSettings, SegmentState, SegmentVersion,
};
use glame_core::testkit::fixtures::{customer, metrics, minute, text};
use glame_core::testkit::{CountingIds, ManualClock, MemoryStorage};
use glame_core::users::User;
use glame_core::values::{SegmentId, UserId};
use serde_json::{Value, json};

struct Shop {
    storage: Arc<MemoryStorage>,
    clock: Arc<ManualClock>,
    service: SegmentService,
}

/// A shop with so many customers, all of whom have bought once today.
async fn shop(customers: u128) -> Shop {
    let storage = Arc::new(MemoryStorage::default());
    let clock = Arc::new(ManualClock::at(minute(60)));
    let users: Vec<User> = (1..=customers).map(customer).collect();
    let figures: Vec<_> = users.iter().map(|user| metrics(user.id)).collect();
    let policy = MetricsPolicy::default();
    let mut work = storage.begin().await.unwrap();
    work.put_users(&users).await.unwrap();
    work.put_metrics(&figures).await.unwrap();
    work.put_scoring(&Scoring {
        as_of: AsOf::Now(minute(60)),
        cuts: policy.rfm.cuts(&[]).unwrap(),
        policy: policy.clone(),
        computed_at: minute(60),
        customers: 0,
        scored: 0,
    })
    .await
    .unwrap();
    work.commit().await.unwrap();
    let service = SegmentService::new(
        storage.clone(),
        clock.clone(),
        Arc::new(CountingIds::default()),
        SegmentSettings {
            metrics: policy,
            programme: None,
            threads: NonZeroUsize::MIN,
        },
    );
    Shop {
        storage,
        clock,
        service,
    }
}

fn new_segment(name: &str, condition: &Value) -> NewSegment {
    let document = json!({"version": 1, "rule": condition});
    NewSegment {
        name: text(name),
        description: None,
        color: Colour::default(),
        origin: SegmentOrigin::Manual,
        state: SegmentState::Active,
        kind: SegmentKind::Rule(SegmentRule::from_json(&document).unwrap()),
    }
}

fn has_phone() -> Value {
    json!({"field": "has_phone", "op": "eq", "value": true})
}

fn asks_about(segment: SegmentId) -> Value {
    json!({"not": {"field": "segments", "op": "has_any", "value": [segment.to_string()]}})
}

impl Shop {
    async fn refresh(&self) -> BTreeMap<SegmentId, (u64, u64, u64)> {
        let population = self
            .service
            .load(AsOf::Now(self.clock.now()))
            .await
            .unwrap();
        let refreshed = self.service.refresh_all(&population).await.unwrap();
        refreshed
            .into_iter()
            .map(|one| (one.segment, (one.entered, one.left, one.customer_count)))
            .collect()
    }

    async fn members(&self, segment: SegmentId) -> Vec<(UserId, AssignmentSource)> {
        let members = self.service.members(segment, None, 10_000).await.unwrap();
        members
            .into_iter()
            .map(|member| (member.user, member.source))
            .collect()
    }

    async fn id_of(&self, name: &str) -> SegmentId {
        let segments = self.storage.segments().await.unwrap();
        segments
            .iter()
            .find(|stored| stored.segment.name == text(name))
            .unwrap()
            .segment
            .id
    }
}

#[tokio::test]
async fn a_silent_customer_moves_to_sleeping_by_the_clock_alone() {
    let shop = shop(3).await;
    assert_eq!(shop.service.install_defaults().await.unwrap(), 16);
    assert_eq!(shop.service.install_defaults().await.unwrap(), 0);
    let (regular, sleeping) = (shop.id_of("Регулярные").await, shop.id_of("Спящие").await);
    let first = shop.refresh().await;
    assert_eq!(first[&sleeping], (0, 0, 0));
    assert_eq!(first[&regular], (3, 0, 3));
    assert!(
        shop.refresh()
            .await
            .values()
            .all(|(entered, left, _)| (*entered, *left) == (0, 0))
    );

    shop.clock.advance(TimeDelta::days(200));
    let later = shop.refresh().await;
    assert_eq!(later[&regular], (0, 3, 0));
    assert_eq!(later[&sleeping], (3, 0, 3));
    let history = shop
        .storage
        .transitions_of(customer(1).id, 100)
        .await
        .unwrap();
    let of_regular: Vec<_> = history
        .iter()
        .filter(|row| row.segment == regular)
        .map(|row| row.transition)
        .collect();
    assert_eq!(of_regular, [Transition::Left, Transition::Entered]);
}

#[tokio::test]
async fn a_preview_is_the_list_of_members_in_every_page() {
    let shop = shop(2_345).await;
    let halves = json!({"field": "bucket", "seed": "halves", "op": "lt", "value": 50});
    let segment = shop
        .service
        .create(new_segment("Половина", &halves))
        .await
        .unwrap();
    let population = shop
        .service
        .load(AsOf::Now(shop.clock.now()))
        .await
        .unwrap();
    let preview = population
        .preview(segment.rule().unwrap(), Some(segment.id), 5)
        .unwrap();
    assert!(
        (1_000..1_345).contains(&preview.customer_count),
        "{preview:?}"
    );
    assert_eq!(preview.sample.len(), 5);
    shop.refresh().await;
    let stored = shop.service.segment(segment.id).await.unwrap();
    assert_eq!(shop.members(segment.id).await.len(), preview.customer_count);
    assert_eq!(
        stored.customer_count,
        u64::try_from(preview.customer_count).unwrap()
    );
    assert_eq!(stored.refresh.unwrap().refreshed_at, minute(60));

    let (mut rows, mut after) = (0, None);
    while let Some((last, csv)) = shop.service.export_csv(segment.id, after).await.unwrap() {
        rows += csv.lines().count();
        after = Some(last);
    }
    assert_eq!(rows, preview.customer_count);
    let nobody = shop.service.export_yandex_audience(segment.id).await;
    assert!(matches!(nobody, Err(SegmentError::TooFew(_))));
    // Every third agrees to letters, one has changed her mind.
    let letters = ConsentTopic::Marketing(Channel::Email);
    let consent = |n, sequence, decision| ConsentRecord {
        user: customer(n).id,
        sequence,
        topic: letters,
        decision,
        text_version: text("2026-03"),
        source: ConsentSource::Cabinet,
        actor: Actor::User(customer(n).id),
        at: minute(0),
    };
    let agreed = (3..=2_345).step_by(3);
    let mut records: Vec<ConsentRecord> = agreed
        .map(|n| consent(n, 1, ConsentDecision::Granted))
        .collect();
    records.push(consent(3, 2, ConsentDecision::Withdrawn));
    let mut work = shop.storage.begin().await.unwrap();
    work.add_consents(&records).await.unwrap();
    work.commit().await.unwrap();
    let members = shop.members(segment.id).await;
    let agreed = (6..=2_345).step_by(3).map(|n| customer(n).id);
    let is_member = |id: &UserId| members.iter().any(|(member, _)| member == id);
    let expected = agreed.filter(is_member).count();
    let audience = shop.service.export_yandex_audience(segment.id).await;
    assert_eq!(audience.unwrap().count(), expected + 1);
}

#[tokio::test]
async fn a_list_of_customers_is_imported_line_by_line() {
    let shop = shop(2_345).await;
    let list = NewSegment {
        kind: SegmentKind::List,
        ..new_segment("Список", &has_phone())
    };
    let segment = shop.service.create(list).await.unwrap().id;
    // Every customer twice, once by the phone and once by the id.
    let twice = (1..=2_000).map(customer).flat_map(|user| {
        let phone = user.phone.unwrap().digits();
        [
            format!(";{phone};;\n"),
            format!(";;{};«{phone}»\n", user.id),
        ]
    });
    let heads = "discount_card_number;phone;user_id;comment\n".to_owned();
    let strange = ";;;nobody\n;79999999999;;a stranger\n".to_owned();
    let csv: String = [heads].into_iter().chain(twice).chain([strange]).collect();
    let import = async |decision| {
        let lines = MemberFile::open(csv.as_bytes()).unwrap();
        shop.service.import(segment, lines, decision).await.unwrap()
    };
    let lines = MemberFile::open(csv.as_bytes()).unwrap();
    let told = shop.service.preview_import(segment, lines).await.unwrap();
    assert_eq!(shop.members(segment).await.len(), 0);
    let imported = import(Some(Decision::Include)).await;
    let refused = |line, reason| RefusedLine { line, reason };
    let expected = Imported {
        lines: 4_002,
        customers: 2_000,
        refused: 2,
        refused_lines: vec![
            refused(4_002, MemberLineError::Empty),
            refused(4_003, MemberLineError::Unknown),
        ],
    };
    assert_eq!(told, expected);
    assert_eq!(imported, expected);
    assert_eq!(shop.members(segment).await.len(), 2_000);
    assert_eq!(import(Some(Decision::Include)).await, expected, "once more");
    shop.refresh().await;
    assert_eq!(shop.members(segment).await.len(), 2_000);
    assert_eq!(import(Some(Decision::Exclude)).await, expected);
    assert_eq!(shop.members(segment).await.len(), 0);
    let strange = SegmentId::from_uuid(uuid::Uuid::nil());
    let nothing = shop.service.import(strange, std::iter::empty(), None).await;
    assert!(matches!(nothing, Err(SegmentError::NotFound(_))));
}

#[tokio::test]
async fn decisions_by_hand_act_at_once_and_survive() {
    let shop = shop(3).await;
    let [anna, boris, vera] = [1, 2, 3].map(|n| customer(n).id);
    let mut without_phone = customer(3);
    without_phone.phone = None;
    let mut work = shop.storage.begin().await.unwrap();
    work.put_users(&[without_phone]).await.unwrap();
    work.commit().await.unwrap();
    let segment = shop
        .service
        .create(new_segment("С телефоном", &has_phone()))
        .await
        .unwrap()
        .id;
    shop.refresh().await;
    shop.clock.advance(TimeDelta::minutes(1));
    let stranger = customer(9).id;
    let told = shop
        .service
        .preview_decision(segment, &[vera, stranger])
        .await
        .unwrap();
    assert_eq!((told.stored, told.strangers), (1, vec![stranger]));
    assert_eq!(shop.members(segment).await.len(), 2);
    let decided = shop
        .service
        .decide(segment, &[vera, stranger], Some(Decision::Include))
        .await
        .unwrap();
    assert_eq!((decided.stored, decided.strangers), (1, vec![stranger]));
    shop.service
        .decide(segment, &[anna], Some(Decision::Exclude))
        .await
        .unwrap();
    let mut expected = vec![
        (boris, AssignmentSource::Auto),
        (vera, AssignmentSource::Manual),
    ];
    expected.sort_by_key(|(user, _)| *user);
    assert_eq!(shop.members(segment).await, expected);
    assert_eq!(
        shop.service.segment(segment).await.unwrap().customer_count,
        2
    );
    shop.clock.advance(TimeDelta::minutes(1));
    assert_eq!(shop.refresh().await[&segment], (0, 0, 2));
    assert_eq!(shop.members(segment).await, expected);

    shop.service
        .decide(segment, &[anna, vera], None)
        .await
        .unwrap();
    shop.clock.advance(TimeDelta::minutes(1));
    assert_eq!(shop.refresh().await[&segment], (1, 1, 2));
}

#[tokio::test]
async fn a_list_has_whom_it_was_given_and_keeps_them() {
    let shop = shop(4).await;
    let list = NewSegment {
        kind: SegmentKind::List,
        ..new_segment("Список", &has_phone())
    };
    let list = shop.service.create(list).await.unwrap().id;
    let users: Vec<UserId> = (1..=3).map(|n| customer(n).id).collect();
    shop.service
        .decide(list, &users, Some(Decision::Include))
        .await
        .unwrap();
    assert_eq!(shop.refresh().await[&list], (0, 0, 3));
    // Whoever is removed from the shop's base leaves.
    let mut gone = customer(1);
    gone.removed = true;
    let mut work = shop.storage.begin().await.unwrap();
    work.put_users(&[gone]).await.unwrap();
    work.commit().await.unwrap();
    shop.clock.advance(TimeDelta::minutes(1));
    assert_eq!(shop.refresh().await[&list], (0, 1, 2));
}

#[tokio::test]
async fn segments_ask_about_each_other_without_circles() {
    let shop = shop(3).await;
    let service = &shop.service;
    let first = service
        .create(new_segment("Первый", &has_phone()))
        .await
        .unwrap();
    let second = service
        .create(new_segment("Второй", &asks_about(first.id)))
        .await
        .unwrap();
    let refreshed = shop.refresh().await;
    assert_eq!((refreshed[&first.id].2, refreshed[&second.id].2), (3, 0));

    let edit = |condition: &Value| SegmentEdit {
        kind: Some(new_segment("x", condition).kind),
        ..SegmentEdit::default()
    };
    let circle = service
        .update(
            first.id,
            SegmentVersion::FIRST,
            edit(&asks_about(second.id)),
        )
        .await;
    assert!(matches!(
        circle,
        Err(SegmentError::Order(SegmentOrderError::Circle(_)))
    ));
    let archived = SegmentEdit {
        state: Some(SegmentState::Archived),
        ..SegmentEdit::default()
    };
    let asked = service
        .update(first.id, SegmentVersion::FIRST, archived.clone())
        .await;
    assert!(matches!(
        asked,
        Err(SegmentError::Order(SegmentOrderError::Missing { .. }))
    ));
    let draft = NewSegment {
        state: SegmentState::Draft,
        ..new_segment("Черновик", &asks_about(customer_segment()))
    };
    assert!(matches!(
        service.create(draft).await,
        Err(SegmentError::Order(_))
    ));

    service
        .update(second.id, SegmentVersion::FIRST, archived.clone())
        .await
        .unwrap();
    let changed = service
        .update(first.id, SegmentVersion::FIRST, archived)
        .await
        .unwrap();
    assert_eq!(changed.version, SegmentVersion::from_number(2));
    assert_eq!(shop.refresh().await[&first.id], (0, 3, 0));
}

fn customer_segment() -> SegmentId {
    SegmentId::from_uuid(*customer(7).id.as_uuid())
}

#[tokio::test]
async fn whoever_has_not_seen_the_last_version_changes_nothing() {
    let shop = shop(2).await;
    let service = &shop.service;
    let segment = service
        .create(new_segment("Имя", &has_phone()))
        .await
        .unwrap();
    let rename = |name: &str| SegmentEdit {
        name: Some(text(name)),
        ..SegmentEdit::default()
    };
    let population = service.load(AsOf::Now(shop.clock.now())).await.unwrap();
    service
        .update(segment.id, segment.version, rename("Другое"))
        .await
        .unwrap();
    let stale = service
        .update(segment.id, segment.version, rename("Третье"))
        .await;
    assert!(matches!(stale, Err(SegmentError::Changed { .. })));
    let taken = service.create(new_segment("Другое", &has_phone())).await;
    assert!(matches!(taken, Err(SegmentError::NameTaken)));
    // A population of before does not write over the change.
    let refreshed = service.refresh_all(&population).await.unwrap();
    assert!(refreshed[0].is_superseded);
    assert_eq!(shop.members(segment.id).await, []);
}

#[tokio::test]
async fn what_is_decided_while_a_refresh_runs_holds() {
    let shop = shop(4).await;
    let service = &shop.service;
    let everybody = service
        .create(new_segment("Все", &has_phone()))
        .await
        .unwrap();
    let nobody = service
        .create(new_segment("Никто", &json!({"not": has_phone()})))
        .await
        .unwrap();
    let mut users: Vec<UserId> = (1..=4).map(|n| customer(n).id).collect();
    users.sort();
    let decide = async |segment: SegmentId, user, decision| {
        let decided = service.decide(segment, &[user], decision).await.unwrap();
        assert_eq!(decided.stored, 1);
    };
    decide(everybody.id, users[0], Some(Decision::Exclude)).await;
    decide(nobody.id, users[0], Some(Decision::Include)).await;
    let population = service.load(AsOf::Now(shop.clock.now())).await.unwrap();

    // Excluded, included, left to the rule again, and a customer who has come since.
    shop.clock.advance(TimeDelta::minutes(5));
    decide(everybody.id, users[1], Some(Decision::Exclude)).await;
    decide(everybody.id, users[0], None).await;
    decide(nobody.id, users[1], Some(Decision::Include)).await;
    decide(nobody.id, users[0], Some(Decision::Exclude)).await;
    let newcomer = customer(5);
    let mut work = shop.storage.begin().await.unwrap();
    work.put_users(std::slice::from_ref(&newcomer))
        .await
        .unwrap();
    work.commit().await.unwrap();
    decide(nobody.id, newcomer.id, Some(Decision::Include)).await;

    shop.clock.advance(TimeDelta::minutes(5));
    service.refresh_all(&population).await.unwrap();
    // They enter when it is written, and not before what was decided meanwhile.
    let entered = shop.storage.transitions_of(users[2], 9).await.unwrap();
    let entered: Vec<_> = entered.iter().map(|one| one.happened_at).collect();
    assert_eq!(entered, [shop.clock.now()]);
    let auto = |user: &UserId| (*user, AssignmentSource::Auto);
    let manual = |user: UserId| (user, AssignmentSource::Manual);
    let expected: Vec<_> = users[2..].iter().map(auto).collect();
    assert_eq!(shop.members(everybody.id).await, expected);
    let mut expected = vec![manual(users[1]), manual(newcomer.id)];
    expected.sort();
    assert_eq!(shop.members(nobody.id).await, expected);

    // The next refresh has nothing to mend but what was left to the rule.
    let next = shop.refresh().await;
    assert_eq!(next[&everybody.id], (2, 0, 4));
    assert_eq!(next[&nobody.id], (0, 0, 2));
}

#[tokio::test]
async fn two_edits_at_once_close_no_circle() {
    let shop = shop(1).await;
    let service = &shop.service;
    let one = service.create(new_segment("Один", &has_phone())).await;
    let other = service.create(new_segment("Другой", &has_phone())).await;
    let (one, other) = (one.unwrap(), other.unwrap());
    let asking = |segment: SegmentId| SegmentEdit {
        kind: Some(new_segment("Имя", &asks_about(segment)).kind),
        ..SegmentEdit::default()
    };
    let (first, second) = tokio::join!(
        service.update(one.id, one.version, asking(other.id)),
        service.update(other.id, other.version, asking(one.id)),
    );
    assert!(first.is_ok() != second.is_ok(), "{first:?} {second:?}");
    service.load(AsOf::Now(shop.clock.now())).await.unwrap();
}

#[tokio::test]
async fn a_decision_that_waits_is_made_when_its_turn_comes() {
    let shop = shop(1).await;
    let service = &shop.service;
    let everybody = service.create(new_segment("Все", &has_phone())).await;
    let (segment, anna) = (everybody.unwrap().id, customer(1).id);
    shop.refresh().await;
    let another = shop.storage.begin().await.unwrap();
    let users = [anna];
    let decide = service.decide(segment, &users, Some(Decision::Exclude));
    let wait = async {
        tokio::task::yield_now().await;
        shop.clock.advance(TimeDelta::minutes(5));
        drop(another);
    };
    let (decided, ()) = tokio::join!(decide, wait);
    assert_eq!(decided.unwrap().stored, 1);
    let last = shop.storage.transitions_of(anna, 1).await.unwrap()[0];
    let left = (Transition::Left, shop.clock.now());
    assert_eq!((last.transition, last.happened_at), left);
}
