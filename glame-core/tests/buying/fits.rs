use glame_core::analytics::PurchaseColumns;
use glame_core::analytics::buying::{
    BuyingFit, CollapsedSpend, CollapsedSummaries, FittedParameter, ModelKind, PurchaseDays,
    PurchaseSummary, SpendFit, SummaryCollector, Verdict,
};

use crate::cdnow::{Cdnow, purchases};

/// What a fit must come to: log-likelihood, and parameters with their standard errors.
struct Reference {
    kind: ModelKind,
    log_likelihood: f64,
    parameters: [(&'static str, f64, f64); 4],
}

const REFERENCES: [Reference; 3] = [
    Reference {
        kind: ModelKind::BgNbd,
        log_likelihood: -9_582.425_560_57,
        parameters: [
            ("r", 0.242_592_907_204, 0.012_557_319_583_8),
            ("alpha", 4.413_531_561_21, 0.378_221_415_527),
            ("a", 0.792_886_148_099, 0.185_719_143_096),
            ("b", 2.425_753_436_49, 0.705_345_755_104),
        ],
    },
    Reference {
        kind: ModelKind::MbgNbd,
        log_likelihood: -9_582.132_684_9,
        parameters: [
            ("r", 0.524_837_983_666, 0.083_264_064_613_6),
            ("alpha", 6.182_992_019_67, 0.695_597_932_855),
            ("a", 0.891_356_155_332, 0.154_785_311_403),
            ("b", 1.613_999_334_73, 0.537_472_360_548),
        ],
    },
    Reference {
        kind: ModelKind::ParetoNbd,
        log_likelihood: -9_594.973_929_83,
        parameters: [
            ("r", 0.553_275_508_69, 0.047_628_754_429_6),
            ("alpha", 10.577_612_238_7, 0.842_723_923_504),
            ("s", 0.606_213_568_674, 0.187_279_569_471),
            ("beta", 11.667_911_237_9, 6.211_029_319_87),
        ],
    },
];

fn assert_parameters(found: &[FittedParameter], expected: &[(&str, f64, f64)]) {
    assert_eq!(found.len(), expected.len());
    for (found, (name, value, error)) in found.iter().zip(expected) {
        assert_eq!(found.name, *name);
        let off = (found.value / value - 1.0).abs();
        assert!(off < 1e-8, "{name} is {}, not {value}", found.value);
        let off = (found.standard_error.unwrap() / error - 1.0).abs();
        assert!(off < 1e-6, "{name}: {found:?}, not {error}");
    }
}

#[test]
fn fits_find_the_reference_parameters_to_the_last_digits() {
    let cdnow = Cdnow::read();
    let data = CollapsedSummaries::of(&cdnow.summaries, 1);
    assert_eq!((data.customers(), data.repeat_buyers()), (2_357, 946));
    for reference in &REFERENCES {
        let fit = BuyingFit::of(reference.kind, &data, 1);
        assert_eq!(fit.verdict, Verdict::Converged);
        assert_parameters(&fit.parameters, &reference.parameters);
        let log_likelihood = fit.log_likelihood.unwrap();
        let off = (log_likelihood - reference.log_likelihood).abs();
        assert!(off < 2e-8, "{log_likelihood}");
    }
}

#[test]
fn the_worth_of_purchases_is_fitted_as_by_the_reference() {
    let cdnow = Cdnow::read();
    let fit = SpendFit::of(&CollapsedSpend::of(&cdnow.summaries, 2), 2);
    assert_eq!((fit.verdict, fit.customers), (Verdict::Converged, 946));
    let expected = [
        ("p", 6.248_802_486_83, 1.189_687_036_05),
        ("q", 3.744_588_452_57, 0.290_165_614_946),
        ("gamma", 15.447_748_013_2, 4.159_993_875_66),
    ];
    assert_parameters(&fit.parameters, &expected);
    assert!((fit.log_likelihood.unwrap() + 4_055.923_243_5).abs() < 1e-7);
}

#[test]
fn predictions_of_own_fits_are_the_references() {
    let cdnow = Cdnow::read();
    let data = CollapsedSummaries::of(&cdnow.summaries, 1);
    for (name, kind) in ["mbgnbd", "bgnbd", "pnbd"].iter().zip(ModelKind::ALL) {
        let model = BuyingFit::of(kind, &data, 1).model.unwrap();
        let found = model.predict_all(&cdnow.summaries, 39.0, 1);
        let expected = cdnow.column(&format!("{name}.exp_39w"));
        for (found, expected) in found.iter().zip(expected) {
            assert!((found.expected_purchases / expected - 1.0).abs() < 1e-6);
        }
    }
}

#[test]
fn neither_threads_nor_the_order_of_customers_change_a_bit_of_a_fit() {
    let cdnow = Cdnow::read();
    let mut reversed = cdnow.summaries.clone();
    reversed.reverse();
    let mut paged = SummaryCollector::default();
    for page in reversed.chunks(100) {
        paged.add(page);
    }
    for kind in ModelKind::ALL {
        let alone = BuyingFit::of(kind, &CollapsedSummaries::of(&cdnow.summaries, 1), 1);
        for threads in 1..4 {
            let data = CollapsedSummaries::of(&reversed, threads);
            assert_eq!(BuyingFit::of(kind, &data, threads), alone);
        }
        assert_eq!(BuyingFit::of(kind, &paged.collapse(), 2), alone);
    }
    let alone = SpendFit::of(&CollapsedSpend::of(&cdnow.summaries, 1), 1);
    let other = SpendFit::of(&CollapsedSpend::of(&reversed, 3), 2);
    assert_eq!(alone, other);
}

#[test]
fn the_ledger_gives_the_published_summaries() {
    let rows = purchases();
    let customer: Vec<u32> = rows.iter().map(|row| row.0).collect();
    let day: Vec<u32> = rows.iter().map(|row| row.1).collect();
    let cents: Vec<i64> = rows.iter().map(|row| row.2).collect();
    let columns = PurchaseColumns::try_new(2_357, &customer, &day, &cents).unwrap();
    let end = chrono::NaiveDate::from_ymd_opt(1997, 9, 30).unwrap();
    let end = u32::try_from(end.to_epoch_days()).unwrap();
    let found = PurchaseDays::gather(columns, 2).summaries(end);
    let cdnow = Cdnow::read();
    let rounded = |weeks: f64| (weeks * 100.0).round() / 100.0;
    for (found, published) in found.iter().zip(&cdnow.summaries) {
        let found = found.unwrap();
        let published: &PurchaseSummary = published;
        assert_eq!(found.repeats(), published.repeats());
        assert!((rounded(found.last_weeks()) - published.last_weeks()).abs() < 1e-9);
        assert!((rounded(found.age_weeks()) - published.age_weeks()).abs() < 1e-9);
    }
}
