use super::super::PurchaseSummary;
use super::super::chunks;
use super::super::float;
use super::super::newton::Local;
use super::super::special::{digamma_step, ln_gamma, ln_gamma_step, trigamma};

/// How many customers are added up at a time.
const CHUNK: usize = 8_192;

/// What repeat buyers spend, by the number of purchases: what a Gamma-Gamma fit works on.
///
/// Customers without repeat purchases, or without a worth of them, are left out. The rest is
/// sorted, so that neither the order of customers nor the number of threads changes a bit.
#[derive(Debug, Clone, Default)]
pub struct CollapsedSpend {
    /// The means of customers in kopecks, by the number of purchases and then by size.
    means: Vec<f64>,
    /// Runs of equal numbers of purchases.
    runs: Vec<Run>,
    mean: f64,
}

/// Customers with equal numbers of purchases.
#[derive(Debug, Clone, Copy)]
struct Run {
    repeats: u32,
    start: usize,
    end: usize,
    /// Σ ln m.
    ln_means: f64,
}

/// Collects what customers spend, chunk by chunk.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct SpendCollector {
    rows: Vec<(u32, u64)>,
}

impl SpendCollector {
    pub(in super::super) fn add(&mut self, summaries: &[PurchaseSummary]) {
        self.rows.extend(spend_rows(summaries));
    }

    pub(in super::super) fn collapse(mut self) -> CollapsedSpend {
        self.rows.sort_unstable();
        CollapsedSpend::of_sorted(&self.rows)
    }
}

fn spend_rows(summaries: &[PurchaseSummary]) -> impl Iterator<Item = (u32, u64)> {
    summaries
        .iter()
        .filter(|summary| summary.repeats() > 0 && summary.mean_kopecks() > 0.0)
        // The bits of positive doubles sort as the numbers do.
        .map(|summary| (summary.repeats(), summary.mean_kopecks().to_bits()))
}

impl CollapsedSpend {
    /// Collapses summaries on `threads` threads.
    #[must_use]
    pub fn of(summaries: &[PurchaseSummary], threads: usize) -> Self {
        let share = summaries.len().div_ceil(threads.max(1)).max(1);
        let parts = chunks::map(summaries, share, threads, |part| {
            let mut rows: Vec<(u32, u64)> = spend_rows(part).collect();
            rows.sort_unstable();
            rows
        });
        let mut rows = parts.concat();
        // This sort finds runs that are sorted already and merges them.
        rows.sort_by_key(|row| *row);
        Self::of_sorted(&rows)
    }

    fn of_sorted(rows: &[(u32, u64)]) -> Self {
        let means: Vec<f64> = rows.iter().map(|row| f64::from_bits(row.1)).collect();
        let mut runs: Vec<Run> = Vec::new();
        let mut start = 0;
        for run in rows.chunk_by(|one, other| one.0 == other.0) {
            let end = start + run.len();
            runs.push(Run {
                repeats: run[0].0,
                start,
                end,
                ln_means: means[start..end].iter().map(|mean| mean.ln()).sum(),
            });
            start = end;
        }
        let mean = means.iter().sum::<f64>() / float::of_count(means.len().max(1));
        Self { means, runs, mean }
    }

    /// Gives how many customers there are.
    #[must_use]
    pub fn customers(&self) -> usize {
        self.means.len()
    }

    /// Gives the mean of the customers' means in kopecks: the scale of money.
    #[must_use]
    pub const fn mean_kopecks(&self) -> f64 {
        self.mean
    }
}

/// Gives the log-likelihood of (p, q, γ) and its derivatives by their logarithms.
///
/// A customer whose x repeat purchases are worth m on average adds
///
/// ```text
/// ln Γ(px+q) − ln Γ(px) − ln Γ(q) + q ln γ + (px−1) ln m + px ln x − (px+q) ln(xm+γ)
/// ```
///
/// Gamma functions depend on x alone and are found once for each x.
pub(in super::super) fn log_likelihood(
    data: &CollapsedSpend,
    logarithms: &[f64; 3],
    threads: usize,
) -> Local<3> {
    let parameters = logarithms.map(f64::exp);
    let mut sum = Local::ZERO;
    for run in &data.runs {
        let repeats = f64::from(run.repeats);
        let parts = chunks::map(&data.means[run.start..run.end], CHUNK, threads, |means| {
            scale_sums(means, repeats, parameters[2])
        });
        let scales = parts.iter().fold([0.0; 3], |sum: [f64; 3], part| {
            [sum[0] + part[0], sum[1] + part[1], sum[2] + part[2]]
        });
        add_run(run, scales, &parameters, &mut sum);
    }
    sum.by_logarithms(&parameters)
}

/// Σ ln(1 + xm/γ), Σ 1/(xm+γ), Σ 1/(xm+γ)².
fn scale_sums(means: &[f64], repeats: f64, gamma: f64) -> [f64; 3] {
    let mut sums = [0.0; 3];
    let share = repeats / gamma;
    // Logarithms are taken of products of a few factors, which cannot overflow.
    for few in means.chunks(8) {
        let mut product = 1.0;
        for mean in few {
            let grown = 1.0 + mean * share;
            let inverse = 1.0 / (grown * gamma);
            product *= grown.min(1e38);
            sums[1] += inverse;
            sums[2] += inverse * inverse;
        }
        sums[0] += product.ln();
    }
    sums
}

fn add_run(run: &Run, scales: [f64; 3], parameters: &[f64; 3], sum: &mut Local<3>) {
    let [p, q, gamma] = *parameters;
    let customers = float::of_count(run.end - run.start);
    let x = f64::from(run.repeats);
    let (shape, power) = (p * x, p * x + q);
    let [ln_grown, inverse, square] = scales;
    let ln_share = run.ln_means + customers * (x.ln() - gamma.ln());

    sum.value += customers * (ln_gamma_step(shape, q) - ln_gamma(q)) - run.ln_means
        + shape * ln_share
        - power * ln_grown;
    sum.gradient[0] += x * (customers * digamma_step(shape, q) + ln_share - ln_grown);
    sum.gradient[1] += customers * digamma_step(q, shape) - ln_grown;
    sum.gradient[2] += customers * q / gamma - power * inverse;
    sum.hessian[0][0] += customers * x * x * (trigamma(power) - trigamma(shape));
    sum.hessian[0][1] += customers * x * trigamma(power);
    sum.hessian[1][1] += customers * (trigamma(power) - trigamma(q));
    sum.hessian[0][2] -= x * inverse;
    sum.hessian[1][2] += customers / gamma - inverse;
    sum.hessian[2][2] += power * square - customers * q / (gamma * gamma);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::analytics::buying::sample::{assert_derivatives, summaries};

    proptest! {
        #[test]
        fn derivatives_are_those_of_central_differences(
            rows in prop::collection::vec(summaries(), 1..30),
            logarithms in prop::array::uniform2(-3.0_f64..3.0),
            ln_gamma in 5.0_f64..14.0,
        ) {
            let data = CollapsedSpend::of(&rows, 1);
            let at = [logarithms[0], logarithms[1], ln_gamma];
            assert_derivatives(&at, |at| log_likelihood(&data, at, 1));
        }
    }
}
