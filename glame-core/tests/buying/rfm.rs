use std::fmt::Write;

use glame_core::analytics::{PurchaseColumns, RfmColumns, RfmPolicy, RfmScore, Score};
use sha2::{Digest, Sha256};

use crate::cdnow::purchases;

/// The scores by quintiles of the reference: 2,357 customers as of 1 July 1998, hashed as
/// hundreds, tens and units of recency, frequency and money, two bytes each, by customer.
const SHA_256: &str = "4db7cedadb2be3948611c03ef65a80ad742cbe0d19abe959809cb39b907a1544";

#[test]
fn scores_by_quintiles_are_those_of_the_reference() {
    let rows = purchases();
    let customer: Vec<u32> = rows.iter().map(|row| row.0).collect();
    let day: Vec<u32> = rows.iter().map(|row| row.1).collect();
    // The references count a free disc as nothing.
    let cents: Vec<i64> = rows.iter().map(|row| row.2).collect();
    let columns = PurchaseColumns::try_new(2_357, &customer, &day, &cents).unwrap();
    let today = chrono::NaiveDate::from_ymd_opt(1998, 7, 1).unwrap();
    let today = u32::try_from(today.to_epoch_days()).unwrap();

    let figures = RfmColumns::aggregate(columns, 2);
    let cuts = RfmPolicy::quantiles()
        .cuts(&figures.population(today))
        .unwrap();
    let scores: Vec<RfmScore> = figures
        .score(&cuts, today)
        .into_iter()
        .map(Option::unwrap)
        .collect();

    let counts = |score: fn(&RfmScore) -> u8| {
        let mut counts = [0; 5];
        for one in &scores {
            counts[usize::from(score(one) - 1)] += 1;
        }
        counts
    };
    assert_eq!(counts(|one| one.recency.get()), [459, 478, 475, 471, 474]);
    assert_eq!(counts(|one| one.frequency.get()), [1_205, 0, 406, 358, 388]);
    assert_eq!(counts(|one| one.monetary.get()), [481, 462, 472, 470, 472]);
    let mut hash = Sha256::new();
    for score in &scores {
        let digits = [score.recency, score.frequency, score.monetary].map(Score::get);
        let [r, f, m] = digits.map(u16::from);
        hash.update((100 * r + 10 * f + m).to_le_bytes());
    }
    let mut hex = String::new();
    for byte in hash.finalize() {
        write!(hex, "{byte:02x}").unwrap();
    }
    assert_eq!(hex, SHA_256);
}
