use glame_core::analytics::PurchaseColumns;
use glame_core::analytics::buying::{CalibrationReport, ModelKind, PurchaseDays, Verdict};

use crate::cdnow::purchases;

/// 30 September 1997 and 30 June 1998: 39 weeks to learn from, and 39 to foretell.
fn days() -> (PurchaseDays, (u32, u32)) {
    let rows = purchases();
    let customer: Vec<u32> = rows.iter().map(|row| row.0).collect();
    let day: Vec<u32> = rows.iter().map(|row| row.1).collect();
    let cents: Vec<i64> = rows.iter().map(|row| row.2).collect();
    let columns = PurchaseColumns::try_new(2_357, &customer, &day, &cents).unwrap();
    let day = |year, month, day| {
        let date = chrono::NaiveDate::from_ymd_opt(year, month, day).unwrap();
        u32::try_from(date.to_epoch_days()).unwrap()
    };
    let period = (day(1997, 9, 30), day(1998, 6, 30));
    (PurchaseDays::gather(columns, 2), period)
}

#[test]
fn forecasts_of_a_period_that_was_not_seen_are_as_good_as_the_references() {
    let (days, period) = days();
    // Mean absolute error, correlation, area under the curve, Brier score of the references.
    let cases = [
        (ModelKind::BgNbd, 0.785_5, 0.625_6, 0.756_9, 0.161_22),
        (ModelKind::MbgNbd, 0.764_8, 0.627_2, 0.760_1, 0.161_41),
        (ModelKind::ParetoNbd, 0.754_5, 0.630_2, 0.778_7, 0.162),
    ];
    for (kind, error, correlation, area, brier) in cases {
        let (fit, report) = CalibrationReport::hold_out(kind, &days, period, 2);
        let report = report.unwrap();
        assert_eq!(fit.verdict, Verdict::Converged);
        assert_eq!((report.customers, report.groups.len()), (2_357, 10));
        assert!((report.purchases.actual - 1_882.0).abs() < 1e-9);
        assert!(report.purchases.mean_absolute_error < error + 5e-4);
        assert!(report.purchases.correlation.unwrap() > correlation - 5e-4);
        let found = report.buyers.area_under_curve.unwrap();
        assert!(found > area - 0.025, "{kind:?} {found}");
        assert!(report.buyers.brier < brier + 5e-4);
        // Both rules without a model do worse in what they are for.
        assert!(report.purchases_by_rate.mean_absolute_error > 1.0);
        assert!(report.buyers_by_share.brier > report.buyers.brier + 0.03);
    }
}

#[test]
fn without_a_later_day_there_is_nothing_to_compare() {
    let (days, (end, _)) = days();
    let (fit, report) = CalibrationReport::hold_out(ModelKind::MbgNbd, &days, (end, end), 1);
    assert_eq!(fit.verdict, Verdict::Converged);
    assert_eq!(report, None);
}
