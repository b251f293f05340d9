//! The in-memory adapters keep the promises of their ports.
#![expect(
    clippy::unused_async,
    reason = "the suite awaits what other adapters must open"
)]
#![expect(
    clippy::unwrap_used,
    reason = "a step of a test that fails is a failed test"
)]

mod storage {
    use glame_core::testkit::MemoryStorage;

    async fn fresh() -> (MemoryStorage, ()) {
        (MemoryStorage::default(), ())
    }

    glame_core::storage_conformance!(fresh);
    glame_core::loyalty_conformance!(fresh);
}

mod source {
    use glame_core::purchases::DocumentKind;
    use glame_core::testkit::{ListSource, fixtures};
    use glame_core::users::Holder;

    async fn fresh() -> (ListSource, ()) {
        let source = ListSource::default();
        {
            let mut cards = source.cards.lock().unwrap();
            let mut profiles = source.profiles.lock().unwrap();
            let mut sales = source.sales.lock().unwrap();
            for n in 1..=5 {
                cards.push(fixtures::card_record(n, Some(fixtures::counterparty(n))));
                profiles.push(fixtures::profile(n));
                for month in 0..12 {
                    sales.push(fixtures::sale_line(
                        n * 100 + u128::try_from(month).unwrap(),
                        Holder::Counterparty(fixtures::counterparty(n)),
                        fixtures::minute(month * 43_200 - 50_000),
                        1_000,
                    ));
                }
            }
            let mut opening = sales[0].clone();
            opening.document = fixtures::document(DocumentKind::OpeningBalance, 1);
            sales.push(opening);
        }
        *source.products.lock().unwrap() = (1..=5).map(fixtures::product).collect();
        *source.stores.lock().unwrap() = (1..=3).map(fixtures::store).collect();
        (source, ())
    }

    glame_core::sales_source_conformance!(fresh);
}

mod lists_of_points {
    use glame_core::ports::CardPoints;
    use glame_core::testkit::{ListPoints, fixtures};

    async fn fresh() -> (ListPoints, ()) {
        let source = ListPoints::default();
        let moved = |minute, card, points| {
            let card = fixtures::card_ref(card);
            (fixtures::minute(minute), CardPoints { card, points })
        };
        // One card has points, one owes some, one has nothing left, and one is not understood.
        source.movements.lock().unwrap().extend([
            moved(-10, 1, 500),
            moved(0, 1, -120),
            moved(10, 1, -380),
            moved(-10, 2, -7),
            moved(-20, 3, 50),
            moved(-10, 3, -50),
            moved(-10, 4, 90),
        ]);
        source
            .unreadable
            .lock()
            .unwrap()
            .push(fixtures::card_ref(4));
        (source, ())
    }

    glame_core::points_source_conformance!(fresh);
}
