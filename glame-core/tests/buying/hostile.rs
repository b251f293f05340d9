//! Data that no model likes: each gets a clear verdict and finite numbers.

use glame_core::analytics::PurchaseColumns;
use glame_core::analytics::buying::{
    BuyingFit, CollapsedSpend, CollapsedSummaries, ForecastPolicy, ModelKind, PurchaseSummary,
    SpendFit, Verdict, forecast_shop,
};
use glame_core::values::Money;
use proptest::prelude::*;

/// Customers by (x, `t_x`, T, m).
type Rows = Vec<(u32, f64, f64, f64)>;

fn summaries(rows: &Rows) -> Vec<PurchaseSummary> {
    rows.iter()
        .map(|(x, last, age, mean)| PurchaseSummary::try_new(*x, *last, *age, *mean).unwrap())
        .collect()
}

fn assert_finite(fit: &BuyingFit, summaries: &[PurchaseSummary]) {
    let numbers = fit
        .parameters
        .iter()
        .flat_map(|parameter| [Some(parameter.value), parameter.standard_error]);
    for number in numbers.chain([fit.log_likelihood]).flatten() {
        assert!(number.is_finite(), "{fit:?}");
    }
    let Some(model) = fit.model else { return };
    for summary in summaries {
        for weeks in [0.0, 1.0, 52.0, 1_000.0] {
            let prediction = model.predict(summary, weeks);
            assert!(
                (0.0..=1.0).contains(&prediction.p_alive)
                    && (0.0..=1.0).contains(&prediction.p_purchase)
                    && prediction.expected_purchases.is_finite()
                    && prediction.expected_purchases >= 0.0,
                "{fit:?} {summary:?} {prediction:?}"
            );
        }
    }
}

fn repeated(row: (u32, f64, f64, f64), times: usize) -> Rows {
    vec![row; times]
}

/// Wholesalers who come at a rate of their own and never stop.
fn wholesalers() -> Rows {
    (0..300_u32)
        .map(|number| {
            let age = 10.0 + f64::from(number % 40);
            let repeats = (number * 7) % 23 + number % 5;
            let last = if repeats == 0 {
                0.0
            } else {
                age * f64::from(repeats) / f64::from(repeats + 1)
            };
            (repeats, last, age, 500.0)
        })
        .collect()
}

#[test]
fn degenerate_data_get_a_clear_verdict() {
    let mut busy = wholesalers();
    busy.push((1_000_000, 49.0, 50.0, 900.0));
    busy.push((1_000_000, 5.0, 50.0, 900.0));
    let mut few = repeated((0, 0.0, 30.0, 0.0), 100);
    few.extend(repeated((2, 10.0, 30.0, 700.0), 5));
    let at_the_end: Rows = (1..60)
        .map(|x| (x % 7, if x % 7 == 0 { 0.0 } else { 20.0 }, 20.0, 100.0))
        .collect();
    let cases: [(&str, Rows, &[Verdict]); 11] = [
        ("empty", Vec::new(), &[Verdict::NoCustomers]),
        (
            "no repeat buyer",
            repeated((0, 0.0, 30.0, 0.0), 100),
            &[Verdict::NoRepeatBuyers],
        ),
        (
            "one customer",
            vec![(3, 10.0, 30.0, 500.0)],
            &[Verdict::TooFewRepeatBuyers],
        ),
        ("few repeat buyers", few, &[Verdict::TooFewRepeatBuyers]),
        (
            "zero age",
            repeated((0, 0.0, 0.0, 0.0), 50),
            &[Verdict::NoTime],
        ),
        (
            "all equal",
            repeated((4, 20.0, 30.0, 500.0), 200),
            &[Verdict::AllAlike, Verdict::NoMeasurableDropOut],
        ),
        (
            "all equal once",
            repeated((1, 20.0, 30.0, 500.0), 200),
            &[Verdict::AllAlike, Verdict::NoMeasurableDropOut],
        ),
        (
            "nobody drops out",
            wholesalers(),
            &[Verdict::NoMeasurableDropOut],
        ),
        (
            "the last purchase at the very end",
            at_the_end,
            &[Verdict::NoMeasurableDropOut, Verdict::AllAlike],
        ),
        (
            "a million purchases",
            busy,
            &[
                Verdict::Converged,
                Verdict::NoMeasurableDropOut,
                Verdict::AllAlike,
            ],
        ),
        (
            "repeats at time zero",
            repeated((2, 0.0, 30.0, 500.0), 200),
            &[Verdict::AllAlike, Verdict::Converged],
        ),
    ];
    let mut wrong = Vec::new();
    for (name, rows, verdicts) in cases {
        let summaries = summaries(&rows);
        let data = CollapsedSummaries::of(&summaries, 1);
        for kind in ModelKind::ALL {
            let fit = BuyingFit::of(kind, &data, 1);
            assert_finite(&fit, &summaries);
            if !verdicts.contains(&fit.verdict) {
                wrong.push((name, fit));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn without_drop_out_everybody_is_alive_and_its_parameters_have_no_errors() {
    let summaries = summaries(&wholesalers());
    let data = CollapsedSummaries::of(&summaries, 1);
    for kind in ModelKind::ALL {
        let fit = BuyingFit::of(kind, &data, 1);
        let model = fit.model.unwrap();
        assert!(
            summaries
                .iter()
                .all(|summary| model.p_alive(summary) > 0.999)
        );
        assert_eq!(fit.parameters[2].standard_error, None);
        assert_eq!(fit.parameters[3].standard_error, None);
    }
}

#[test]
fn the_worth_of_purchases_gets_a_clear_verdict() {
    let spread = |number: u32| f64::from((number * 7_919) % 1_000 + 1);
    // A few spend a thousand times as much as the rest, and each customer varies as well.
    let heavy = |number: u32| {
        let customer = (1.0 / (1.0 - f64::from(number) / 997.0)).powf(1.6) * 100.0;
        let repeats = [1, 4, 9][usize::try_from(number % 3).unwrap()];
        let off = if number.is_multiple_of(2) { 0.5 } else { -0.5 };
        let mean = customer * (1.0 + off / f64::from(repeats).sqrt());
        (repeats, 20.0, 30.0, mean)
    };
    let cases: [(&str, Rows, Verdict); 4] = [
        (
            "nobody came back",
            repeated((0, 0.0, 30.0, 0.0), 100),
            Verdict::NoRepeatBuyers,
        ),
        (
            "all worth the same",
            repeated((3, 20.0, 30.0, 500.0), 100),
            Verdict::AllAlike,
        ),
        (
            "a few",
            (0..10).map(|n| (2, 20.0, 30.0, spread(n))).collect(),
            Verdict::TooFewRepeatBuyers,
        ),
        (
            "without a mean",
            (0..997).map(heavy).collect(),
            Verdict::NoFiniteMean,
        ),
    ];
    for (name, rows, verdict) in cases {
        let summaries = summaries(&rows);
        let fit = SpendFit::of(&CollapsedSpend::of(&summaries, 1), 1);
        assert_eq!(fit.verdict, verdict, "{name}: {fit:?}");
        let Some(model) = fit.model else { continue };
        for summary in &summaries {
            let spend = model.expected_spend(summary).kopecks();
            assert!(spend.is_finite() && spend > 0.0, "{name}: {spend}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_data_make_a_fit_fail(
        rows in prop::collection::vec(
            (prop_oneof![Just(0_u32), 0_u32..6, 0_u32..100_000], 0_u16..900, 0_u16..900, 0_u32..9),
            0..60,
        ),
        threads in 1_usize..3,
    ) {
        let rows: Rows = rows
            .into_iter()
            .map(|(x, last, silence, mean)| {
                let last = if x == 0 { 0 } else { last };
                let age = f64::from(last + silence) / 7.0;
                (x, f64::from(last) / 7.0, age, f64::from(mean))
            })
            .collect();
        let summaries = summaries(&rows);
        let data = CollapsedSummaries::of(&summaries, threads);
        for kind in ModelKind::ALL {
            let fit = BuyingFit::of(kind, &data, threads);
            prop_assert!(fit.verdict != Verdict::Unsettled, "{fit:?}");
            assert_finite(&fit, &summaries);
        }
        let spend = SpendFit::of(&CollapsedSpend::of(&summaries, threads), threads);
        prop_assert!(spend.verdict != Verdict::Unsettled, "{spend:?}");
    }
}

#[test]
fn refunds_beyond_purchases_leave_finite_forecasts() {
    // Every second customer brings back more than was bought, some of them on later days.
    let (mut customer, mut day, mut kopecks) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..120_u32 {
        for purchase in 0..4 {
            let at = number % 30 + purchase * (9 + number % 13);
            let refund = number % 2 == 0 && purchase > 1;
            customer.push(number);
            day.push(at);
            kopecks.push(if refund { -90_000 } else { 10_000 });
        }
    }
    let columns = PurchaseColumns::try_new(120, &customer, &day, &kopecks).unwrap();
    let date = chrono::NaiveDate::from_ymd_opt(2025, 3, 1).unwrap();
    let (models, forecasts) = forecast_shop(columns, (150, date), ForecastPolicy::default(), 2);
    for parameter in models
        .counts
        .parameters
        .iter()
        .chain(&models.spend.parameters)
    {
        assert!(parameter.value.is_finite(), "{models:?}");
    }
    for forecast in forecasts.into_iter().flatten() {
        assert!(forecast.mean_gap_weeks.is_finite());
        let Some(by_model) = forecast.by_model else {
            continue;
        };
        assert!(by_model.expected_purchases.is_finite() && by_model.p_purchase.is_finite());
        let worth = by_model.value_to_come.unwrap_or_default();
        assert!(worth >= Money::ZERO, "{by_model:?}");
    }
}
