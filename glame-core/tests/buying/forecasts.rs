use chrono::NaiveDate;
use glame_core::analytics::PurchaseColumns;
use glame_core::analytics::buying::{
    CustomerForecast, FittedModels, ForecastBasis, ForecastPolicy, ModelCollector, ModelKind,
    PurchaseDays, PurchaseSummary, Verdict, forecast_shop,
};

use crate::cdnow::purchases;

fn columns(rows: &[(u32, u32, i64)]) -> (Vec<u32>, Vec<u32>, Vec<i64>) {
    let mut columns = (Vec::new(), Vec::new(), Vec::new());
    for (customer, day, cents) in rows {
        columns.0.push(*customer);
        columns.1.push(*day);
        columns.2.push(*cents);
    }
    columns
}

fn end() -> (u32, NaiveDate) {
    let date = NaiveDate::from_ymd_opt(1997, 9, 30).unwrap();
    (u32::try_from(date.to_epoch_days()).unwrap(), date)
}

#[test]
fn a_shop_is_forecast_at_once_as_it_is_page_by_page() {
    let (customer, day, cents) = columns(&purchases());
    let columns = PurchaseColumns::try_new(2_358, &customer, &day, &cents).unwrap();
    let (models, forecasts) = forecast_shop(columns, end(), ForecastPolicy::default(), 2);
    assert_eq!(models.counts.verdict, Verdict::Converged);
    assert!(models.counts.gain_by_drop_out.unwrap() > 50.0);
    assert!(models.counts.tells_who_has_left());
    assert_eq!(models.spend.verdict, Verdict::Converged);
    assert_eq!(forecasts.len(), 2_358);
    assert_eq!(forecasts[2_357], None, "who has not bought is not forecast");

    let summaries: Vec<PurchaseSummary> = PurchaseDays::gather(columns, 1)
        .summaries(end().0)
        .into_iter()
        .flatten()
        .collect();
    let mut collector = ModelCollector::default();
    for page in summaries.chunks(500).rev() {
        collector.add(page);
    }
    let paged = collector.fit(ForecastPolicy::default(), end().1, 1);
    assert_eq!(
        paged, models,
        "pages, their order and threads change no bit"
    );
    let mut at_once = forecasts.iter().flatten();
    for page in summaries.chunks(500) {
        for forecast in paged.forecast(page, 1) {
            assert_eq!(Some(&forecast), at_once.next());
        }
    }
}

#[test]
fn a_forecast_names_its_model_and_day_and_survives_storage() {
    let (customer, day, cents) = columns(&purchases());
    let columns = PurchaseColumns::try_new(2_357, &customer, &day, &cents).unwrap();
    let (models, forecasts) = forecast_shop(columns, end(), ForecastPolicy::default(), 2);
    let first = forecasts[0].unwrap();
    assert_eq!(first.basis, ForecastBasis::Model(ModelKind::MbgNbd));
    assert_eq!(
        (first.basis.as_str(), first.fitted_on),
        ("mbg-nbd", end().1)
    );
    let by_model = first.by_model.unwrap();
    // The reference's 37.19 dollars rest on rounded times and worths.
    let dollars = by_model.value_to_come.unwrap().kopecks();
    assert!((3_700..3_740).contains(&dollars), "{dollars}");

    let stored = serde_json::to_string(&(&models, first)).unwrap();
    let (read_models, read): (FittedModels, CustomerForecast) =
        serde_json::from_str(&stored).unwrap();
    assert_eq!((read.basis, read.fitted_on), (first.basis, first.fitted_on));
    let read = read.by_model.unwrap();
    assert_eq!(read.value_to_come, by_model.value_to_come);
    // JSON may lose the last bit of a double.
    assert!((read.p_purchase / by_model.p_purchase - 1.0).abs() < 1e-14);
    let again = read_models.trusted_model().unwrap().parameters();
    for ((name, read), (_, fitted)) in again
        .iter()
        .zip(models.trusted_model().unwrap().parameters())
    {
        assert!((read / fitted - 1.0).abs() < 1e-14, "{name}");
    }
}

#[test]
fn a_plain_rule_answers_where_no_fit_can_be_trusted() {
    let few = [(0, 0, 500), (0, 70, 500), (1, 3, 900)];
    let (customer, day, cents) = columns(&few);
    let columns = PurchaseColumns::try_new(2, &customer, &day, &cents).unwrap();
    let date = NaiveDate::from_ymd_opt(2025, 3, 1).unwrap();
    let (models, forecasts) = forecast_shop(columns, (84, date), ForecastPolicy::default(), 2);
    assert_eq!(models.counts.verdict, Verdict::TooFewRepeatBuyers);
    let first = forecasts[0].unwrap();
    assert_eq!(
        (first.basis, first.by_model),
        (ForecastBasis::Heuristic, None)
    );
    assert!((first.mean_gap_weeks - 8.0).abs() < 1e-12);
    let expected = NaiveDate::from_ymd_opt(2025, 4, 26);
    assert_eq!(first.next_purchase_date(date), expected);
    assert_eq!(first.overdue_days(), None);
    // The other one bought once, 81 days ago: a purchase after thirty days has not come.
    let second = forecasts[1].unwrap();
    assert_eq!(second.next_purchase_date(date), None);
    assert_eq!(second.overdue_days(), Some(51));
}

/// Shops of one-time and repeat buyers who keep coming, so that nobody is seen to drop out.
#[test]
fn nobody_is_called_alive_for_sure_where_no_drop_out_is_measured() {
    let mut rows = Vec::new();
    for customer in 0..200 {
        let often = usize::try_from(7 + customer % 9).unwrap();
        let days = (customer % 7..=364).step_by(often);
        rows.extend(days.map(|day| (customer, day, 500)));
    }
    let (customer, day, cents) = columns(&rows);
    let columns = PurchaseColumns::try_new(200, &customer, &day, &cents).unwrap();
    let date = NaiveDate::from_ymd_opt(2025, 3, 1).unwrap();
    let (models, forecasts) = forecast_shop(columns, (370, date), ForecastPolicy::default(), 2);
    assert_eq!(models.counts.verdict, Verdict::NoMeasurableDropOut);
    for forecast in forecasts.into_iter().flatten() {
        let by_model = forecast.by_model.unwrap();
        assert_eq!(by_model.next_purchase.p_alive, None);
        assert!(by_model.next_purchase.weeks.is_some());
    }
}

#[test]
fn worth_without_a_mean_is_told_by_medians_and_never_summed() {
    let (customer, day, cents) = columns(&purchases());
    let columns = PurchaseColumns::try_new(2_357, &customer, &day, &cents).unwrap();
    let (mut models, _) = forecast_shop(columns, end(), ForecastPolicy::default(), 2);
    assert!(models.spend.has_mean());
    let customer = PurchaseSummary::try_new(3, 20.0, 30.0, 2_000.0).unwrap();
    // With these q there is no mean, or none that could be told from it.
    for (q, error) in [(0.9, Some(0.05)), (1.02, Some(0.05)), (1.5, None)] {
        let model = models.spend.model.as_mut().unwrap();
        model.q = q;
        let told = models
            .spend
            .parameters
            .iter_mut()
            .find(|one| one.name == "q")
            .unwrap();
        (told.value, told.standard_error) = (q, error);
        models.spend.verdict = if q > 1.0 {
            Verdict::Converged
        } else {
            Verdict::NoFiniteMean
        };
        let by_model = models.forecast(&[customer], 1)[0].by_model.unwrap();
        assert_eq!(
            (by_model.expected_spend, by_model.value_to_come),
            (None, None),
            "{q}"
        );
        assert!(by_model.median_spend.unwrap().kopecks() > 0);
    }
}
