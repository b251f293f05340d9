//! What happens to a base while it runs.

use uuid::Uuid;

use crate::document::{Document, DocumentKind, Line};
use crate::world::World;

const NAMESPACE: Uuid = Uuid::from_u128(0x5c0e_7a10_51f7_5c0a_9f0e_4d1d_8a7b_6c22);

/// Enters one anonymous receipt in the middle of the past.
pub(crate) fn insert_a_receipt(world: &mut World, number: u64) {
    let documents = world.base.documents();
    if documents == 0 {
        return;
    }
    let date = world.base.date_of(documents / 2);
    let sold = world.base.document(documents / 2);
    let id = Uuid::new_v5(&NAMESPACE, format!("inserted/{number}").as_bytes());
    let lines = sold
        .lines
        .into_iter()
        .take(1)
        .map(|line| Line {
            number: 1,
            thousandths: line.thousandths.abs(),
            kopecks: line.kopecks.abs(),
            customer: Uuid::nil(),
            card: Uuid::nil(),
            owner: Uuid::nil(),
            basis: None,
            ..line
        })
        .collect();
    world.put_document(Document {
        number: format!("НФВС-{number:06}"),
        store: sold.store,
        till: sold.till,
        lines,
        ..Document::posted(DocumentKind::Receipt, id, date)
    });
}
