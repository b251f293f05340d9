use chrono::NaiveDate;

use super::*;
use crate::analytics::buying::{
    BetaGeometric, BuyingFit, BuyingModel, ForecastPolicy, ModelKind, SpendFit, Verdict,
};

/// Models fitted to CDNOW, with a verdict of choice.
fn models(kind: ModelKind, verdict: Verdict) -> FittedModels {
    FittedModels {
        policy: ForecastPolicy::default(),
        fitted_on: NaiveDate::from_ymd_opt(2025, 3, 1).unwrap(),
        counts: BuyingFit {
            kind,
            verdict,
            model: Some(BuyingModel::BetaGeometric(BetaGeometric {
                r: 0.524_8,
                alpha: 6.183,
                a: 0.891_4,
                b: 1.614,
                drop_out: kind.drop_out(),
            })),
            parameters: Vec::new(),
            log_likelihood: None,
            gain_by_drop_out: Some(100.0),
            customers: 2_357,
            repeat_buyers: 946,
        },
        spend: SpendFit {
            verdict: Verdict::NoRepeatBuyers,
            model: None,
            parameters: Vec::new(),
            log_likelihood: None,
            customers: 0,
        },
    }
}

fn risk(days: &[u32], as_of: u32, rfm_total: Option<u8>, models: &FittedModels) -> ChurnRisk {
    let days: Vec<PurchaseDay> = days
        .iter()
        .map(|day| PurchaseDay {
            day: *day,
            kopecks: 100,
        })
        .collect();
    let evidence = ChurnEvidence {
        days: &days,
        as_of,
        rfm_total,
    };
    ChurnRisk::of(evidence, models, ChurnPolicy::default())
}

#[test]
fn silence_raises_the_risk_by_the_model() {
    let models = models(ModelKind::MbgNbd, Verdict::Converged);
    let often = [0, 20, 35, 60, 80];
    let cases = [
        (&often[..], 90, ChurnLevel::Low),
        (&often[..], 180, ChurnLevel::High),
        (&often[..3], 200, ChurnLevel::High),
        (&often[..3], 50, ChurnLevel::Low),
        (&often[..3], 120, ChurnLevel::Medium),
    ];
    for (days, as_of, level) in cases {
        let found = risk(days, as_of, None, &models);
        assert_eq!(found.level, level, "{days:?} {as_of}: {found:?}");
        assert_eq!(found.basis, ChurnBasis::Model);
        assert!((0.0..=1.0).contains(&found.score));
    }
}

#[test]
fn who_breaks_the_own_rhythm_is_at_risk_before_the_model_says_so() {
    let models = models(ModelKind::MbgNbd, Verdict::Converged);
    let weekly: Vec<u32> = (0..30).map(|week| week * 7).collect();
    let on_time = risk(&weekly, 203 + 7, None, &models);
    assert_eq!(on_time.level, ChurnLevel::Low);
    let late = risk(&weekly, 203 + 8, None, &models);
    assert!(late.score < 0.3, "the model is not alarmed: {late:?}");
    assert_eq!(late.level, ChurnLevel::Medium);
    assert!(matches!(
        late.factors.last(),
        Some(ChurnFactor::OwnRhythm {
            silent_days: 8,
            long_gap_days: 7,
            ..
        })
    ));
    // Three weeks may be a holiday; then the model doubts too.
    let levels = [15, 22, 36, 64].map(|silent| {
        let found = risk(&weekly, 203 + silent, None, &models);
        (found.level, found.score)
    });
    assert_eq!(
        levels.map(|(level, _)| level),
        [
            ChurnLevel::Medium,
            ChurnLevel::Medium,
            ChurnLevel::High,
            ChurnLevel::High,
        ],
        "{levels:?}"
    );
}

#[test]
fn a_burst_of_purchases_alarms_nobody() {
    let models = models(ModelKind::MbgNbd, Verdict::Converged);
    let burst = risk(&[0, 1, 2, 3, 4], 7, None, &models);
    assert_eq!(burst.level, ChurnLevel::Low, "{burst:?}");
    assert!(
        !burst
            .factors
            .iter()
            .any(|one| matches!(one, ChurnFactor::OwnRhythm { .. }))
    );
}

#[test]
fn one_time_buyers_take_the_prior_of_the_population() {
    let mbg = models(ModelKind::MbgNbd, Verdict::Converged);
    let found = risk(&[0], 270, None, &mbg);
    assert_eq!(found.basis, ChurnBasis::Model);
    assert!(found.factors.contains(&ChurnFactor::BoughtOnce));
    assert!((0.3..0.7).contains(&(1.0 - found.score)), "{found:?}");
    // BG/NBD would call them alive for ever.
    let bg = models(ModelKind::BgNbd, Verdict::Converged);
    assert_eq!(risk(&[0], 270, None, &bg).basis, ChurnBasis::Heuristic);
}

#[test]
fn points_answer_where_no_fit_says_who_has_left() {
    for verdict in [
        Verdict::NoMeasurableDropOut,
        Verdict::TooFewRepeatBuyers,
        Verdict::AllAlike,
    ] {
        let models = models(ModelKind::MbgNbd, verdict);
        // Silence, purchases a month, RFM total.
        let cases = [
            (&[0][..], 30, None, 0.0, ChurnLevel::Low),
            (&[0][..], 61, None, 3.0, ChurnLevel::Medium),
            (&[0, 30, 60][..], 121, None, 1.0, ChurnLevel::Low),
            (&[0][..], 91, None, 4.0, ChurnLevel::Medium),
            (&[0][..], 181, None, 5.0, ChurnLevel::High),
            (&[0][..], 91, Some(5), 6.0, ChurnLevel::High),
            (&[0][..], 91, Some(6), 4.0, ChurnLevel::Medium),
            (&[0, 10, 20, 30][..], 91, Some(3), 3.0, ChurnLevel::Medium),
        ];
        for (days, as_of, rfm, points, level) in cases {
            let found = risk(days, as_of, rfm, &models);
            assert_eq!(found.basis, ChurnBasis::Heuristic);
            assert_eq!(found.level, level, "{days:?} {as_of} {rfm:?}: {found:?}");
            assert!((found.score - points / 7.0).abs() < 1e-12, "{found:?}");
        }
        let weekly: Vec<u32> = (0..30).map(|week| week * 7).collect();
        let levels = [7, 8, 55].map(|silent| risk(&weekly, 203 + silent, None, &models).level);
        let (low, medium) = (ChurnLevel::Low, ChurnLevel::Medium);
        assert_eq!(
            levels,
            [low, medium, medium],
            "the own rhythm counts here too"
        );
    }
}

#[test]
fn drop_out_that_is_hardly_told_from_none_says_of_nobody_that_they_are_alive() {
    let mut models = models(ModelKind::MbgNbd, Verdict::Converged);
    for (gain, basis) in [
        (None, ChurnBasis::Model),
        (Some(2.1), ChurnBasis::Model),
        (Some(1.9), ChurnBasis::Heuristic),
        (Some(0.0), ChurnBasis::Heuristic),
    ] {
        models.counts.gain_by_drop_out = gain;
        let found = risk(&[0, 20, 35], 400, None, &models);
        assert_eq!(
            (found.level, found.basis),
            (ChurnLevel::High, basis),
            "{gain:?}"
        );
    }
}

#[test]
fn who_never_bought_has_not_left() {
    let models = models(ModelKind::MbgNbd, Verdict::Converged);
    let found = risk(&[], 100, None, &models);
    assert_eq!(found.level, ChurnLevel::Low);
    assert_eq!(found.factors, [ChurnFactor::NeverBought]);
    assert_eq!(risk(&[200], 100, None, &models).level, ChurnLevel::Low);
}
