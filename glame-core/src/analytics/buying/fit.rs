use serde::{Deserialize, Serialize};

use super::gamma_gamma::{self, CollapsedSpend};
use super::newton::{Local, Optimum, SearchEnd, maximise};
use super::{
    BetaGeometric, BuyingModel, CollapsedSummaries, FittedParameter, GammaGamma, ModelKind,
    ParetoNbd, Verdict, beta_geometric, nbd, pareto_nbd,
};

/// Up to so many different summaries every start is tried on all of them.
const FEW_GROUPS: usize = 12_000;

/// With fewer customers who came back the parameters mean nothing.
const FEWEST_REPEAT_BUYERS: usize = 20;

/// Drop-out takes two parameters more. By Akaike's criterion it is told from none if they raise the
/// log-likelihood by more than so much.
const EVIDENT_GAIN: f64 = 2.0;

/// How far the logarithms of parameters may lie from those of a plain start.
const BOX: (f64, f64) = (-12.0, 14.0);

/// A model of purchase counts, fitted by maximum likelihood.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BuyingFit {
    /// Which model was fitted.
    pub kind: ModelKind,
    /// What the fit is worth.
    pub verdict: Verdict,
    /// The model; none if there was nothing to learn from.
    pub model: Option<BuyingModel>,
    /// Its parameters.
    pub parameters: Vec<FittedParameter>,
    /// The log-likelihood of (x, `t_x`, T), times in weeks.
    pub log_likelihood: Option<f64>,
    /// By how much drop-out raises it; none if there was nothing to learn from.
    #[serde(default)]
    pub gain_by_drop_out: Option<f64>,
    /// The customers who were looked at.
    pub customers: usize,
    /// Those of them who came back.
    pub repeat_buyers: usize,
}

/// The model of what purchases are worth, fitted by maximum likelihood.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SpendFit {
    /// What the fit is worth.
    pub verdict: Verdict,
    /// The model; none if there was nothing to learn from.
    pub model: Option<GammaGamma>,
    /// Its parameters.
    pub parameters: Vec<FittedParameter>,
    /// The log-likelihood of m given x, in kopecks.
    pub log_likelihood: Option<f64>,
    /// The repeat buyers who were looked at.
    pub customers: usize,
}

impl BuyingFit {
    /// Fits a model on `threads` threads, which change no bit of it.
    ///
    /// It always ends with a verdict: on hostile data with one that says why there is no model, or
    /// why it cannot be trusted. Parameters and likelihoods are finite.
    ///
    /// ```
    /// use glame_core::analytics::buying::{
    ///     BuyingFit, CollapsedSummaries, ModelKind, PurchaseSummary, Verdict,
    /// };
    ///
    /// let once = PurchaseSummary::try_new(0, 0.0, 30.0, 0.0)?;
    /// let data = CollapsedSummaries::of(&[once; 50], 1);
    /// let fit = BuyingFit::of(ModelKind::MbgNbd, &data, 1);
    /// assert_eq!(fit.verdict, Verdict::NoRepeatBuyers);
    /// # Ok::<(), glame_core::analytics::buying::SummaryError>(())
    /// ```
    #[must_use]
    pub fn of(kind: ModelKind, data: &CollapsedSummaries, threads: usize) -> Self {
        let nothing = |verdict| Self {
            kind,
            verdict,
            model: None,
            parameters: Vec::new(),
            log_likelihood: None,
            gain_by_drop_out: None,
            customers: data.customers(),
            repeat_buyers: data.repeat_buyers(),
        };
        if data.customers() == 0 {
            return nothing(Verdict::NoCustomers);
        }
        if data.largest_age() <= 0.0 {
            return nothing(Verdict::NoTime);
        }
        if data.repeat_buyers() == 0 {
            return nothing(Verdict::NoRepeatBuyers);
        }
        let scale = Scale::of(data);
        let without = search(
            data,
            &[[0.0, scale.ln_quarter], [-2.0, scale.ln_quarter - 1.0]],
            &[BOX, scale.time_box()],
            nbd::log_likelihood,
        );
        let found = with_drop_out(kind, data, (scale, &without), threads);
        if found.end == SearchEnd::Lost || without.end == SearchEnd::Lost {
            return nothing(Verdict::Unsettled);
        }
        let gain = found.local.value - without.local.value;
        let drops_out =
            gain >= 1e-3 && measures_drop_out(kind, found.parameters(), data.median_age_weeks());
        let settled = if drops_out {
            Settled::of(kind, &found, scale)
        } else {
            Settled::without_drop_out(kind, &without, scale)
        };
        Self {
            verdict: if data.repeat_buyers() < FEWEST_REPEAT_BUYERS {
                Verdict::TooFewRepeatBuyers
            } else {
                settled.verdict
            },
            model: Some(settled.model),
            parameters: settled.parameters,
            log_likelihood: Some(settled.log_likelihood),
            gain_by_drop_out: Some(if drops_out { gain } else { 0.0 }),
            ..nothing(settled.verdict)
        }
    }

    /// Tells whether the fit says who has dropped out: drop-out was measured, and it is evident.
    ///
    /// A fit may converge with next to none, which explains the data hardly better than none at all;
    /// everybody would be called alive for sure.
    #[must_use]
    pub fn tells_who_has_left(&self) -> bool {
        let is_evident = |gain| gain > EVIDENT_GAIN;
        self.verdict.measures_drop_out() && self.gain_by_drop_out.is_none_or(is_evident)
    }
}

impl SpendFit {
    /// Fits the model on `threads` threads, which change no bit of it.
    ///
    /// It always ends with a verdict. Parameters and likelihoods are finite.
    #[must_use]
    pub fn of(data: &CollapsedSpend, threads: usize) -> Self {
        let nothing = |verdict| Self {
            verdict,
            model: None,
            parameters: Vec::new(),
            log_likelihood: None,
            customers: data.customers(),
        };
        if data.customers() == 0 {
            return nothing(Verdict::NoRepeatBuyers);
        }
        let ln_mean = data.mean_kopecks().ln();
        let money_box = (ln_mean + BOX.0, ln_mean + BOX.1);
        let starts = [
            [1.0, 1.0, ln_mean],
            [0.0, 1.0, ln_mean],
            [3.0, 3.0, ln_mean],
        ];
        let bounds = [BOX, BOX, money_box];
        let found = best_of(&starts, &bounds, |at| {
            gamma_gamma::log_likelihood(data, at, threads)
        });
        if found.end == SearchEnd::Lost {
            return nothing(Verdict::Unsettled);
        }
        let [p, q, gamma] = found.parameters();
        let verdict = if data.customers() < FEWEST_REPEAT_BUYERS {
            Verdict::TooFewRepeatBuyers
        } else if q <= 1.0 {
            // Even if p lies at the edge, where purchases of one customer hardly vary.
            Verdict::NoFiniteMean
        } else if is_at_edge(&found, &bounds) {
            Verdict::AllAlike
        } else {
            Verdict::Converged
        };
        Self {
            verdict,
            model: Some(GammaGamma { p, q, gamma }),
            parameters: parameters(["p", "q", "gamma"], &found),
            log_likelihood: Some(found.local.value),
            customers: data.customers(),
        }
    }
}

impl SpendFit {
    /// Tells whether forecasts may rest on the mean worth of purchases: the fit can be trusted, and
    /// q lies above 1 by more than two standard errors, which are known. Nearer to 1 the mean of the
    /// population may be anything.
    #[must_use]
    pub fn has_mean(&self) -> bool {
        let mut parameters = self.parameters.iter();
        let q = parameters.find(|parameter| parameter.name == "q");
        let is_above_one = |q: &FittedParameter| {
            let error = q.standard_error;
            error.is_some_and(|error| q.value - 1.0 > 2.0 * error)
        };
        self.verdict.is_trusted() && q.is_some_and(is_above_one)
    }
}

/// Searches for the parameters of a model with drop-out.
fn with_drop_out(
    kind: ModelKind,
    data: &CollapsedSummaries,
    (scale, without): (Scale, &Optimum<2>),
    threads: usize,
) -> Optimum<4> {
    let (starts, bounds) = (scale.starts(kind, without), scale.bounds(kind));
    search(data, &starts, &bounds, |data, at| match kind {
        ModelKind::BgNbd | ModelKind::MbgNbd => {
            beta_geometric::log_likelihood(data, kind.drop_out(), at, threads)
        }
        ModelKind::ParetoNbd => pareto_nbd::log_likelihood(data, at, threads),
    })
}

/// The scale of time, and the starts and bounds that follow from it.
#[derive(Debug, Clone, Copy)]
struct Scale {
    /// ln of a quarter of the median age.
    ln_quarter: f64,
}

impl Scale {
    fn of(data: &CollapsedSummaries) -> Self {
        let median = data.median_age_weeks();
        let age = if median > 0.0 {
            median
        } else {
            data.largest_age()
        };
        Self {
            ln_quarter: (age / 4.0).ln(),
        }
    }

    fn time_box(self) -> (f64, f64) {
        (self.ln_quarter + BOX.0, self.ln_quarter + BOX.1)
    }

    fn bounds(self, kind: ModelKind) -> [(f64, f64); 4] {
        match kind {
            ModelKind::BgNbd | ModelKind::MbgNbd => [BOX, self.time_box(), BOX, BOX],
            ModelKind::ParetoNbd => [BOX, self.time_box(), BOX, self.time_box()],
        }
    }

    /// A plain start, one from the model without drop-out, and one with hardly any.
    fn starts(self, kind: ModelKind, without: &Optimum<2>) -> [[f64; 4]; 3] {
        let [r, alpha] = without.logarithms;
        let quarter = self.ln_quarter;
        match kind {
            ModelKind::BgNbd | ModelKind::MbgNbd => {
                let two = std::f64::consts::LN_2;
                [
                    [0.0, quarter, 0.0, two],
                    [r, alpha, -1.0, two],
                    [r, alpha, -3.0, 3.0],
                ]
            }
            ModelKind::ParetoNbd => [
                [0.0, quarter, 0.0, quarter],
                [r, alpha, -1.0, quarter + 1.0],
                [r, alpha, 1.0, quarter + 4.0],
            ],
        }
    }
}

/// Searches from several starts; on many groups, first on a part of them.
fn search<const N: usize>(
    data: &CollapsedSummaries,
    starts: &[[f64; N]],
    bounds: &[(f64, f64); N],
    evaluate: impl Fn(&CollapsedSummaries, &[f64; N]) -> Local<N>,
) -> Optimum<N> {
    if data.different() > FEW_GROUPS {
        let part = data.thinned(data.different().div_ceil(FEW_GROUPS / 2));
        let near = best_of(starts, bounds, |at| evaluate(&part, at));
        let found = maximise(near.logarithms, bounds, |at| evaluate(data, at));
        if found.end != SearchEnd::Lost {
            return found;
        }
    }
    best_of(starts, bounds, |at| evaluate(data, at))
}

fn best_of<const N: usize>(
    starts: &[[f64; N]],
    bounds: &[(f64, f64); N],
    evaluate: impl Fn(&[f64; N]) -> Local<N>,
) -> Optimum<N> {
    let mut best = maximise(starts[0], bounds, &evaluate);
    for start in &starts[1..] {
        let found = maximise(*start, bounds, &evaluate);
        let better = found.local.value > best.local.value + 1e-9 * best.local.value.abs();
        let first = best.end == SearchEnd::Lost;
        if found.end != SearchEnd::Lost && (better || first) {
            best = found;
        }
    }
    best
}

/// Tells whether drop-out is more than rounding.
fn measures_drop_out(kind: ModelKind, parameters: [f64; 4], median_age: f64) -> bool {
    let [_, _, drop_out, against] = parameters;
    match kind {
        ModelKind::BgNbd | ModelKind::MbgNbd => drop_out / (drop_out + against) >= 1e-4,
        ModelKind::ParetoNbd => drop_out / against * median_age >= 1e-4,
    }
}

/// Tells whether a parameter lies where the likelihood has become flat.
fn is_at_edge<const N: usize>(found: &Optimum<N>, bounds: &[(f64, f64); N]) -> bool {
    found.end != SearchEnd::Inside
        || found
            .logarithms
            .iter()
            .zip(bounds)
            .any(|(at, (low, high))| *at < low + 3.0 || *at > high - 3.0)
}

/// A fit that ended somewhere.
struct Settled {
    verdict: Verdict,
    model: BuyingModel,
    parameters: Vec<FittedParameter>,
    log_likelihood: f64,
}

impl Settled {
    fn of(kind: ModelKind, found: &Optimum<4>, scale: Scale) -> Self {
        Self {
            verdict: if is_at_edge(found, &scale.bounds(kind)) {
                Verdict::AllAlike
            } else {
                Verdict::Converged
            },
            model: model(kind, found.parameters()),
            parameters: parameters(kind.parameter_names(), found),
            log_likelihood: found.local.value,
        }
    }

    /// The negative binomial as the limit of the model: nobody drops out.
    fn without_drop_out(kind: ModelKind, found: &Optimum<2>, scale: Scale) -> Self {
        let [r, alpha] = found.parameters();
        let [name_r, name_alpha, name_none, name_rest] = kind.parameter_names();
        let mut parameters = parameters([name_r, name_alpha], found);
        parameters.extend([(name_none, 0.0), (name_rest, 1.0)].map(|(name, value)| {
            FittedParameter {
                name: name.to_owned(),
                value,
                standard_error: None,
            }
        }));
        Self {
            verdict: if is_at_edge(found, &[BOX, scale.time_box()]) {
                Verdict::AllAlike
            } else {
                Verdict::NoMeasurableDropOut
            },
            model: model(kind, [r, alpha, 0.0, 1.0]),
            parameters,
            log_likelihood: found.local.value,
        }
    }
}

fn model(kind: ModelKind, [r, alpha, third, fourth]: [f64; 4]) -> BuyingModel {
    match kind {
        ModelKind::BgNbd | ModelKind::MbgNbd => BuyingModel::BetaGeometric(BetaGeometric {
            r,
            alpha,
            a: third,
            b: fourth,
            drop_out: kind.drop_out(),
        }),
        ModelKind::ParetoNbd => BuyingModel::ParetoNbd(ParetoNbd {
            r,
            alpha,
            s: third,
            beta: fourth,
        }),
    }
}

fn parameters<const N: usize>(names: [&str; N], found: &Optimum<N>) -> Vec<FittedParameter> {
    let values = found.parameters();
    let errors = found.standard_errors();
    (0..N)
        .map(|i| FittedParameter {
            name: names[i].to_owned(),
            value: values[i],
            // The errors are of logarithms: by the delta method they are relative ones.
            standard_error: errors
                .map(|errors| errors[i] * values[i])
                .filter(|error| error.is_finite()),
        })
        .collect()
}
