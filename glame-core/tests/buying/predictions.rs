use glame_core::analytics::buying::{
    BuyingModel, Discounting, ExpectedSpend, ModelKind, PurchaseSummary,
};

use crate::cdnow::{BG_NBD, Cdnow, GAMMA_GAMMA, MBG_NBD, PARETO_NBD};

/// The references have twelve digits; ours must share eight, or ten decimals where they are small.
fn assert_column(cdnow: &Cdnow, name: &str, figure: impl Fn(&PurchaseSummary) -> f64) {
    let expected = cdnow.column(name);
    assert_eq!(cdnow.summaries.len(), expected.len());
    for (customer, (summary, expected)) in (1..).zip(cdnow.summaries.iter().zip(expected)) {
        let found = figure(summary);
        if expected.is_infinite() && found.is_infinite() {
            continue;
        }
        let error = (found - expected).abs();
        let allowed = if expected.abs() < 1e-2 {
            f64::max(1e-10, 1e-8 * expected.abs())
        } else {
            1e-8 * expected.abs()
        };
        assert!(
            error <= allowed,
            "{name} of customer {customer}: {found} is not {expected}"
        );
    }
}

fn models() -> [(&'static str, BuyingModel); 3] {
    [
        ("bgnbd", BG_NBD),
        ("mbgnbd", MBG_NBD),
        ("pnbd", BuyingModel::ParetoNbd(PARETO_NBD)),
    ]
}

#[test]
fn the_chance_of_being_alive_is_the_references_for_every_customer() {
    let cdnow = Cdnow::read();
    for (name, model) in models() {
        assert_column(&cdnow, &format!("{name}.p_alive"), |summary| {
            model.p_alive(summary)
        });
    }
}

#[test]
fn expected_purchases_are_the_references_for_every_customer() {
    let cdnow = Cdnow::read();
    for (name, model) in models() {
        for weeks in [1, 4, 13, 26, 39, 52_u8] {
            assert_column(&cdnow, &format!("{name}.exp_{weeks}w"), |summary| {
                model.expected_purchases(summary, f64::from(weeks))
            });
        }
    }
}

#[test]
fn the_next_purchase_is_the_references_for_every_customer() {
    let cdnow = Cdnow::read();
    assert_column(&cdnow, "bgnbd.p_purchase_13w", |summary| {
        BG_NBD.p_purchase(summary, 13.0)
    });
    for (percent, share) in [(10, 0.1), (25, 0.25), (50, 0.5)] {
        let name = format!("bgnbd.next_purchase_q{percent}_w");
        assert_column(&cdnow, &name, |summary| {
            BG_NBD
                .weeks_until_purchase(summary, share)
                .unwrap_or(f64::INFINITY)
        });
    }
}

#[test]
fn expected_spend_and_value_are_the_references_for_every_customer() {
    let cdnow = Cdnow::read();
    let spend = |summary: &PurchaseSummary| match GAMMA_GAMMA.expected_spend(summary) {
        ExpectedSpend::Mean(mean) => mean,
        ExpectedSpend::Median(_) => panic!("the population has a mean"),
    };
    assert_column(&cdnow, "gg.cond_mean", spend);
    let monthly = Discounting::monthly(12, 0.01);
    for (name, model) in models() {
        assert_column(
            &cdnow,
            &format!("{name}.clv_12m_1pct_lifetimes"),
            |summary| spend(summary) * model.discounted_purchases(summary, &monthly),
        );
    }
    let weekly = Discounting::weekly(52, 0.15);
    for (name, model) in [models()[0], models()[2]] {
        assert_column(&cdnow, &format!("{name}.clv_52w_15pct_weekly"), |summary| {
            spend(summary) * model.discounted_purchases(summary, &weekly)
        });
    }
    let rate = 1.15_f64.ln() / 52.0;
    assert_column(&cdnow, "pnbd.dert", |summary| {
        PARETO_NBD.discounted_residual_purchases(summary, rate)
    });
    assert_column(&cdnow, "pnbd.clv_inf_dert", |summary| {
        spend(summary) * PARETO_NBD.discounted_residual_purchases(summary, rate)
    });
}

#[test]
fn many_at_once_are_predicted_as_one_by_one_whatever_the_threads() {
    let cdnow = Cdnow::read();
    for (_, model) in models() {
        assert!(ModelKind::ALL.contains(&model.kind()));
        let alone: Vec<_> = cdnow
            .summaries
            .iter()
            .map(|summary| model.predict(summary, 39.0))
            .collect();
        for threads in 1..4 {
            assert_eq!(model.predict_all(&cdnow.summaries, 39.0, threads), alone);
        }
    }
}
