//! The loyalty programme keeps its promises over a storage: each case is a property of the ledger.

use std::sync::Arc;

use chrono::TimeDelta;
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::loyalty::{
    BalanceAt, BirthdayBonus, Command, LevelBonus, LoyaltyError, LoyaltyProgramme, LoyaltyService,
    NotPosted, PointsLedger, Posting, Refusal, Sequence,
};
use crate::ports::{AccountQuery, AccountSnapshot, CardPoints, Clock, Storage};
use crate::testkit::fixtures::loyalty::{
    adjust, authority, bonus, day, earn, posting, spend, spend_on, take_back,
};
use crate::testkit::fixtures::{card, card_ref, customer, metrics, receipt};
use crate::testkit::ledger::{LedgerRun, Step, steps};
use crate::testkit::{ListPoints, ManualClock};
use crate::values::{PeriodRange, Points, UserId};

/// A programme over a storage with three customers in it.
struct Shop {
    storage: Arc<dyn Storage>,
    clock: Arc<ManualClock>,
    service: LoyaltyService,
}

impl Shop {
    async fn open(storage: Arc<dyn Storage>) -> Self {
        let mut work = storage.begin().await.unwrap();
        work.put_users(&[1, 2, 3].map(customer)).await.unwrap();
        work.commit().await.unwrap();
        Self::again(storage)
    }

    /// Opens the shop as another process would.
    fn again(storage: Arc<dyn Storage>) -> Self {
        let clock = Arc::new(ManualClock::at(day(0)));
        let service = LoyaltyService::new(
            Arc::clone(&storage),
            shared(&clock),
            LoyaltyProgramme::guide(),
            PointsLedger::Glame,
        );
        Self {
            storage,
            clock,
            service: service.unwrap(),
        }
    }

    fn wait(&self, days: i64) {
        self.clock.advance(TimeDelta::days(days));
    }

    async fn post(&self, command: Command) {
        let posting = posting(anna(), command, None);
        self.service.post(posting).await.unwrap();
    }

    async fn available(&self) -> i64 {
        let balance = self.service.get_loyalty_balance(anna()).await.unwrap();
        balance.available.get()
    }

    async fn snapshot(&self) -> AccountSnapshot {
        let mut snapshots = self
            .storage
            .loyalty_accounts(&[AccountQuery::of(anna())])
            .await
            .unwrap();
        snapshots.remove(0)
    }

    async fn must_verify(&self) {
        let verification = self.service.verify(&|_| {}).await.unwrap();
        assert_eq!(verification.findings, []);
    }
}

fn shared(clock: &Arc<ManualClock>) -> Arc<dyn Clock> {
    Arc::<ManualClock>::clone(clock)
}

fn anna() -> UserId {
    customer(1).id
}

fn refusal(error: LoyaltyError) -> Refusal {
    let LoyaltyError::NotPosted(
        NotPosted::Refused { refusal } | NotPosted::RefusedBefore { refusal },
    ) = error
    else {
        panic!("{error}");
    };
    refusal
}

/// L3: expiry acts by time, swept or not.
pub async fn l3_expiry_acts_by_time_swept_or_not(storage: Arc<dyn Storage>) {
    let shop = Shop::open(storage).await;
    shop.post(bonus(1, 300, Some(day(10)))).await;
    shop.wait(10);
    assert_eq!(shop.available().await, 0);
    let error = shop.service.post(posting(anna(), spend(100), None)).await;
    assert!(matches!(
        refusal(error.unwrap_err()),
        Refusal::NotEnough { .. }
    ));
    let swept = shop.service.expire_old_points().await.unwrap();
    assert_eq!((swept.accounts, swept.lots, swept.points), (1, 1, 300));
    let again = shop.service.expire_old_points().await.unwrap();
    assert_eq!((again.accounts, again.lots), (0, 0));
    shop.must_verify().await;
}

/// L5 and L7: spending the balance succeeds, one more is refused, and a refusal changes nothing.
pub async fn l5_and_l7_one_point_too_many_is_refused_with_nothing_written(
    storage: Arc<dyn Storage>,
) {
    let shop = Shop::open(storage).await;
    shop.post(earn(1, day(0), 20_000)).await;
    let before = shop.snapshot().await;
    for command in [spend(201), spend(99), earn(1, day(0), 20_000), adjust(-201)] {
        let outcome = shop.service.post(posting(anna(), command, None)).await;
        refusal(outcome.unwrap_err());
        assert_eq!(shop.snapshot().await, before);
    }
    shop.post(spend(200)).await;
    assert_eq!(shop.available().await, 0);
}

/// L8: what is stored is what a replay of the transactions gives.
pub async fn l8_a_replay_gives_what_is_stored(storage: Arc<dyn Storage>) {
    let shop = Shop::open(storage).await;
    shop.post(earn(1, day(0), 20_000)).await;
    shop.post(bonus(1, 150, Some(day(5)))).await;
    shop.post(spend_on(1, 250)).await;
    shop.wait(3);
    shop.post(take_back(1, 1, day(3), 10_000)).await;
    shop.wait(3);
    shop.service.expire_old_points().await.unwrap();
    let verification = shop.service.verify(&|_| {}).await.unwrap();
    assert_eq!((verification.accounts, verification.differences), (1, 0));
    assert!(verification.transactions >= 6);
}

/// I1: the same key gives the same result for ever, from another process too.
pub async fn i1_the_same_key_gives_the_same_result_for_ever(storage: Arc<dyn Storage>) {
    let shop = Shop::open(Arc::clone(&storage)).await;
    shop.post(earn(1, day(0), 50_000)).await;
    let pay = posting(anna(), spend(200), Some("pay-1"));
    let first = shop.service.post(pay.clone()).await.unwrap();
    assert!(!first.replayed);
    shop.post(spend(300)).await;
    let other = Shop::again(storage);
    other.wait(4_000);
    let again = other.service.post(pay).await.unwrap();
    assert!(again.replayed);
    assert_eq!(again.transactions, first.transactions);
    assert_eq!(shop.available().await, 0);
}

/// I2: another request under the same key is a conflict that names the fields.
pub async fn i2_another_request_under_a_key_names_the_differing_fields(storage: Arc<dyn Storage>) {
    let shop = Shop::open(storage).await;
    shop.post(earn(1, day(0), 50_000)).await;
    let pay = posting(anna(), spend(200), Some("pay-1"));
    shop.service.post(pay).await.unwrap();
    let before = shop.snapshot().await;
    let mut other = posting(anna(), spend(201), Some("pay-1"));
    other.request.authority.actor = None;
    let error = shop.service.post(other).await.unwrap_err();
    let LoyaltyError::NotPosted(NotPosted::KeyReused { fields }) = error else {
        panic!("{error}");
    };
    assert_eq!(fields, ["actor", "points"]);
    assert_eq!(shop.snapshot().await, before);
    // Keys of different customers do not meet.
    let berta = posting(customer(2).id, bonus(1, 5, None), Some("pay-1"));
    shop.service.post(berta).await.unwrap();
}

/// I3: a refusal that depends on the state repeats under its key; one that makes no sense does not.
pub async fn i3_a_refusal_repeats_under_its_key(storage: Arc<dyn Storage>) {
    let shop = Shop::open(storage).await;
    let pay = posting(anna(), spend(100), Some("pay-1"));
    let first = refusal(shop.service.post(pay.clone()).await.unwrap_err());
    shop.post(earn(1, day(0), 20_000)).await;
    let again = shop.service.post(pay).await.unwrap_err();
    assert!(matches!(
        &again,
        LoyaltyError::NotPosted(NotPosted::RefusedBefore { .. })
    ));
    assert_eq!(refusal(again), first);
    assert_eq!(shop.available().await, 200);

    let nonsense = posting(anna(), spend(0), Some("pay-2"));
    shop.service.post(nonsense).await.unwrap_err();
    let corrected = posting(anna(), spend(100), Some("pay-2"));
    shop.service.post(corrected).await.unwrap();
}

/// I4: a receipt earns once and a line of a return takes back once, whatever the keys.
pub async fn i4_a_deed_is_done_once_whatever_the_keys(storage: Arc<dyn Storage>) {
    let shop = Shop::open(storage).await;
    let deeds = [
        earn(1, day(0), 20_000),
        take_back(1, 1, day(0), 5_000),
        bonus(1, 10, None),
    ];
    for (n, command) in deeds.into_iter().enumerate() {
        let under = |key: &str| posting(anna(), command.clone(), Some(&format!("{key}-{n}")));
        shop.service.post(under("first")).await.unwrap();
        let again = shop.service.post(under("second")).await.unwrap_err();
        assert!(matches!(refusal(again), Refusal::AlreadyDone { .. }));
    }
    assert_eq!(shop.available().await, 160);
}

/// I5: the same key twice in one batch is a replay, and a batch is as one by one.
pub async fn i5_a_batch_is_as_one_by_one_and_repeats_its_keys(storage: Arc<dyn Storage>) {
    let shop = Shop::open(storage).await;
    let berta = customer(2).id;
    let postings = vec![
        posting(anna(), earn(1, day(0), 20_000), None),
        posting(berta, bonus(1, 300, None), Some("gift")),
        posting(anna(), spend(150), Some("pay")),
        posting(anna(), spend(100), None),
        posting(anna(), spend(150), Some("pay")),
        posting(berta, spend(300), Some("pay")),
    ];
    let batch = shop.service.post_batch(postings.clone()).await.unwrap();
    let shape: Vec<Option<bool>> = batch
        .iter()
        .map(|outcome| outcome.as_ref().ok().map(|posted| posted.replayed))
        .collect();
    assert_eq!(
        shape,
        [
            Some(false),
            Some(false),
            Some(false),
            None,
            Some(true),
            Some(false)
        ]
    );

    // One by one on another storage of the same kind gives the same rows; here, on memory.
    let single = Shop::open(Arc::new(crate::testkit::MemoryStorage::default())).await;
    for (posting, outcome) in postings.into_iter().zip(batch) {
        match single.service.post(posting).await {
            Ok(posted) => assert_eq!(Ok(posted), outcome),
            Err(error) => assert_eq!(refusal(error).code(), "not_enough"),
        }
    }
    assert_eq!(single.snapshot().await, shop.snapshot().await);
    shop.must_verify().await;
}

/// I5: work that is lost before its commit is done once by the retry.
pub async fn i5_work_that_is_lost_before_its_commit_is_done_once_by_the_retry(
    storage: Arc<dyn Storage>,
) {
    let shop = Shop::open(Arc::clone(&storage)).await;
    let gift = posting(anna(), bonus(1, 300, None), Some("gift"));
    for _ in 0..3 {
        let mut work = storage.begin().await.unwrap();
        work.lock_loyalty_accounts(&[AccountQuery::of(anna())])
            .await
            .unwrap();
        drop(work);
    }
    assert!(!shop.service.post(gift.clone()).await.unwrap().replayed);
    assert!(shop.service.post(gift).await.unwrap().replayed);
    assert_eq!(shop.available().await, 300);
}

/// I6: of concurrent spends of the whole balance just one succeeds.
pub async fn i6_of_concurrent_spends_of_the_whole_balance_one_succeeds(storage: Arc<dyn Storage>) {
    let shop = Shop::open(storage).await;
    shop.post(earn(1, day(0), 20_000)).await;
    let spends = (0..8).map(|n| {
        let service = shop.service.clone();
        let pay = posting(anna(), spend(200), Some(&format!("pay-{n}")));
        tokio::spawn(async move { service.post(pay).await.is_ok() })
    });
    let mut succeeded = 0;
    for spend in spends.collect::<Vec<_>>() {
        succeeded += u32::from(spend.await.unwrap());
    }
    assert_eq!((succeeded, shop.available().await), (1, 0));
    shop.must_verify().await;
}

/// I6: of concurrent tries under one key one is carried out, and all get its result.
pub async fn i6_concurrent_tries_under_one_key_are_carried_out_once(storage: Arc<dyn Storage>) {
    let shop = Shop::open(storage).await;
    let tries = (0..8).map(|_| {
        let service = shop.service.clone();
        let gift = posting(anna(), bonus(1, 300, None), Some("gift"));
        tokio::spawn(async move { service.post(gift).await.unwrap() })
    });
    let mut outcomes = Vec::new();
    for one in tries.collect::<Vec<_>>() {
        outcomes.push(one.await.unwrap());
    }
    let fresh = outcomes.iter().filter(|posted| !posted.replayed).count();
    assert_eq!((fresh, shop.available().await), (1, 300));
    assert!(
        outcomes
            .windows(2)
            .all(|pair| pair[0].transactions == pair[1].transactions)
    );
}

/// I6: works on the same accounts in opposite orders do not wait for each other for ever.
pub async fn i6_merges_in_opposite_directions_end(storage: Arc<dyn Storage>) {
    let shop = Shop::open(storage).await;
    let (anna, berta) = (anna(), customer(2).id);
    shop.post(bonus(1, 300, None)).await;
    for _ in 0..5 {
        let (one, other) = (shop.service.clone(), shop.service.clone());
        let there = tokio::spawn(async move { one.merge(anna, berta, authority()).await.unwrap() });
        let back =
            tokio::spawn(async move { other.merge(berta, anna, authority()).await.unwrap() });
        there.await.unwrap();
        back.await.unwrap();
    }
    let balance = |user| shop.service.get_loyalty_balance(user);
    let sum = balance(anna).await.unwrap().available.get()
        + balance(berta).await.unwrap().available.get();
    assert_eq!(sum, 300);
    shop.must_verify().await;
}

/// Preview equals commit: the same transactions, ids and hashes, and nothing stored before.
pub async fn e5_a_preview_is_what_the_posting_then_writes(storage: Arc<dyn Storage>) {
    let shop = Shop::open(storage).await;
    for command in [
        earn(1, day(0), 30_000),
        spend_on(1, 150),
        take_back(1, 1, day(0), 7_000),
    ] {
        let posting = posting(anna(), command, None);
        let before = shop.snapshot().await;
        let preview = shop.service.preview(posting.clone()).await.unwrap();
        assert_eq!(shop.snapshot().await, before);
        assert_eq!(shop.service.post(posting).await.unwrap(), preview);
    }
}

/// R: receipts that the synchronisation brings earn once, and returns take back.
pub async fn r5_purchases_are_settled_once_whatever_came_in_between(storage: Arc<dyn Storage>) {
    let shop = Shop::open(Arc::clone(&storage)).await;
    let bought = receipt(1, anna(), day(0), 3);
    let mut work = storage.begin().await.unwrap();
    work.add_receipts(&[bought.clone()]).await.unwrap();
    work.mark_for_settlement(&[anna()]).await.unwrap();
    work.commit().await.unwrap();
    let settled = shop.service.settle_purchases().await.unwrap();
    assert_eq!(
        (settled.customers, settled.transactions, settled.credited),
        (1, 1, 6)
    );
    let again = shop.service.settle_purchases().await.unwrap();
    assert_eq!(again.customers, 0);

    let mut work = storage.begin().await.unwrap();
    work.remove_receipts(&[bought.key]).await.unwrap();
    work.mark_for_settlement(&[anna()]).await.unwrap();
    work.commit().await.unwrap();
    let settled = shop.service.settle_purchases().await.unwrap();
    assert_eq!((settled.transactions, settled.taken_back), (1, 6));
    assert_eq!(shop.available().await, 0);
    shop.must_verify().await;
}

/// T1 and T2: the past answers as it did, and statements lead from one to the next.
pub async fn t1_and_t2_the_past_answers_as_it_did(storage: Arc<dyn Storage>) {
    let shop = Shop::open(storage).await;
    let mut answers = Vec::new();
    for command in [
        earn(1, day(0), 20_000),
        bonus(1, 500, Some(day(3))),
        spend(550),
        earn(2, day(0), 90_000),
        take_back(1, 1, day(4), 20_000),
    ] {
        shop.post(command).await;
        answers.push(shop.service.get_loyalty_balance(anna()).await.unwrap());
        shop.wait(1);
    }
    for answer in answers {
        let at = BalanceAt::Recorded(answer.as_of);
        assert_eq!(
            shop.service.balance_as_of(anna(), at).await.unwrap(),
            answer
        );
    }
    // The receipt of day 0 that came on day 3 counts from day 0 on where effects are asked for.
    let effective = BalanceAt::Effective(day(0));
    let balance = shop.service.balance_as_of(anna(), effective).await.unwrap();
    assert_eq!(balance.available.get(), 200 + 900);

    let statement = |from, to| {
        let range = PeriodRange::try_new(from, to).unwrap();
        shop.service.statement(anna(), range)
    };
    let first = statement(None, Some(day(2))).await.unwrap();
    let second = statement(Some(day(2)), None).await.unwrap();
    assert_eq!((first.lines.len(), second.lines.len()), (2, 3));
    assert_eq!((first.opening, first.closing), (0, second.opening));
    let sum: i64 = second.lines.iter().map(|line| line.points).sum();
    assert_eq!(second.opening + sum, second.closing);
}

/// T4: a merge keeps sums and expiries, and may be repeated.
pub async fn t4_a_merge_keeps_sums_and_expiries(storage: Arc<dyn Storage>) {
    let shop = Shop::open(storage).await;
    shop.post(earn(1, day(0), 20_000)).await;
    shop.post(bonus(1, 300, Some(day(3)))).await;
    let berta = customer(2).id;
    shop.service
        .merge(anna(), berta, authority())
        .await
        .unwrap();
    assert_eq!(
        shop.service
            .merge(anna(), berta, authority())
            .await
            .unwrap(),
        []
    );
    assert_eq!(shop.available().await, 0);
    let balance = shop.service.get_loyalty_balance(berta).await.unwrap();
    assert_eq!(balance.available.get(), 500);
    shop.wait(3);
    let balance = shop.service.get_loyalty_balance(berta).await.unwrap();
    assert_eq!(balance.available.get(), 200);
    shop.must_verify().await;
}

/// Presents for birthdays and levels are given once.
pub async fn presents_are_given_once(storage: Arc<dyn Storage>) {
    let mut shop = Shop::open(Arc::clone(&storage)).await;
    let points = Points::try_new(500).unwrap();
    let mut programme = LoyaltyProgramme::guide();
    programme.bonuses.birthday = Some(BirthdayBonus {
        points,
        days_before: 3,
        expires_after_days: 30,
    });
    programme.bonuses.level_up = Some(LevelBonus {
        points,
        expires_after_days: 60,
    });
    programme.levels[1].receipts = 1;
    let clock = shared(&shop.clock);
    let ledger = PointsLedger::Glame;
    shop.service = LoyaltyService::new(Arc::clone(&storage), clock, programme, ledger).unwrap();
    // The samples have their birthday on 3 February; the first sample day is 15 June.
    shop.wait(229);
    assert_eq!(
        shop.service
            .grant_birthday_bonuses()
            .await
            .unwrap()
            .customers,
        0
    );
    shop.wait(1);
    for expected in [3, 0] {
        let granted = shop.service.grant_birthday_bonuses().await.unwrap();
        assert_eq!(
            (granted.customers, granted.points),
            (expected, 500 * i128::from(expected))
        );
    }
    let mut work = storage.begin().await.unwrap();
    work.put_metrics(&[metrics(anna())]).await.unwrap();
    work.commit().await.unwrap();
    for expected in [1, 0] {
        let granted = shop.service.grant_level_bonuses().await.unwrap();
        assert_eq!(granted.customers, expected);
    }
    assert_eq!(shop.available().await, 1_000);
    shop.wait(31);
    assert_eq!(shop.available().await, 500);
    shop.must_verify().await;
}

/// Where the shop's base keeps the points, its balances are taken over, over all cards of a
/// customer; a card that cannot be read is left alone.
pub async fn the_balances_of_the_base_are_taken_over(storage: Arc<dyn Storage>) {
    let mut shop = Shop::open(Arc::clone(&storage)).await;
    let (anna, berta) = (anna(), customer(2).id);
    let mut work = storage.begin().await.unwrap();
    let cards = [card(1, anna), card(2, anna), card(3, berta)];
    work.put_cards(&cards).await.unwrap();
    work.commit().await.unwrap();
    let source = ListPoints::default();
    let tell = |n, points, at| {
        let card = card_ref(n);
        source
            .movements
            .lock()
            .unwrap()
            .push((at, CardPoints { card, points }));
    };
    tell(1, 300, day(0));
    tell(2, 50, day(0));
    tell(2, 1_000, day(9));
    tell(3, 80, day(0));
    tell(9, 5, day(0));
    let compared = shop.service.compare_with_source(&source).await.unwrap();
    assert_eq!(
        (
            compared.different,
            compared.unknown_cards,
            compared.corrected
        ),
        (2, 1, false)
    );
    let here = shop
        .service
        .reconcile_with_source(&source)
        .await
        .unwrap_err();
    assert!(matches!(here, LoyaltyError::KeptHere));

    let clock = shared(&shop.clock);
    let programme = LoyaltyProgramme::guide();
    shop.service =
        LoyaltyService::new(Arc::clone(&storage), clock, programme, PointsLedger::Onec).unwrap();
    for different in [2, 0] {
        let done = shop.service.reconcile_with_source(&source).await.unwrap();
        assert_eq!((done.different, done.corrected), (different, true));
    }
    assert_eq!(shop.available().await, 350);
    // Points of the future come when they are due; Berta's card cannot be read any more.
    shop.wait(9);
    source.unreadable.lock().unwrap().push(card_ref(3));
    let done = shop.service.reconcile_with_source(&source).await.unwrap();
    assert_eq!((done.different, done.rejected), (1, 1));
    assert_eq!(shop.available().await, 1_350);
    let balance = shop.service.get_loyalty_balance(berta).await.unwrap();
    assert_eq!(balance.available.get(), 80);
    let earned = shop
        .service
        .post(posting(anna, earn(1, day(0), 10_000), None))
        .await;
    assert!(matches!(earned, Err(LoyaltyError::KeptElsewhere(_))));
    shop.must_verify().await;
}

/// Random commands through the storage give what the pure ledger gives, step by step.
pub async fn random_commands_give_what_the_pure_ledger_gives(storage: Arc<dyn Storage>) {
    let shop = Shop::open(storage).await;
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[5; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let steps: Vec<Step> = loop {
        let steps = steps(120).new_tree(&mut runner).unwrap().current();
        if steps.len() > 80 {
            break steps;
        }
    };
    let mut run = LedgerRun::new(LoyaltyProgramme::guide());
    for step in steps {
        if let Step::Wait { minutes } = step {
            shop.clock.advance(TimeDelta::minutes(i64::from(minutes)));
        }
        if let Some((request, facts)) = run.asked(&step) {
            let posting = Posting {
                user: anna(),
                key: None,
                request,
                customer: facts,
            };
            let before = run.transactions().len();
            run.step(&step).unwrap();
            let expected = &run.transactions()[before..];
            match shop.service.post(posting).await {
                Ok(posted) => assert_eq!(posted.transactions, expected),
                Err(LoyaltyError::NotPosted(_)) => assert_eq!(expected, []),
                Err(error) => panic!("{error}"),
            }
        } else {
            run.step(&step).unwrap();
        }
    }
    run.finish().unwrap();
    let snapshot = shop.snapshot().await;
    assert_eq!(&snapshot.header, run.account().header());
    assert!(snapshot.header.sequence > Sequence::NONE);
    shop.must_verify().await;
}

/// An unknown customer is told from a customer without points.
pub async fn an_unknown_customer_is_told_apart(storage: Arc<dyn Storage>) {
    let shop = Shop::open(storage).await;
    assert_eq!(shop.available().await, 0);
    let nobody = customer(99).id;
    let unknown = |error| matches!(error, LoyaltyError::UnknownUser(user) if user == nobody);
    assert!(unknown(
        shop.service.get_loyalty_balance(nobody).await.unwrap_err()
    ));
    let gift = posting(nobody, bonus(1, 10, None), None);
    assert!(unknown(shop.service.post(gift.clone()).await.unwrap_err()));
    assert!(unknown(shop.service.preview(gift).await.unwrap_err()));
    assert!(unknown(shop.service.history(nobody).await.unwrap_err()));
}
