//! A damped Newton method for likelihoods of a few positive parameters.
//!
//! Parameters are optimised as logarithms inside a box. The likelihoods give exact second
//! derivatives, so that a handful of steps reach the last digits; the damping of Levenberg and
//! Marquardt keeps far starts and flat directions from doing harm.

/// How far one step may change a logarithm.
const LONGEST_STEP: f64 = 2.0;

/// How many steps are tried. Healthy data need ten; the walk to a bound needs some more.
const MOST_STEPS: u32 = 200;

/// A function at a point, with its derivatives.
#[derive(Debug, Clone, Copy)]
pub(super) struct Local<const N: usize> {
    pub(super) value: f64,
    pub(super) gradient: [f64; N],
    /// The upper triangle; the lower one follows from it.
    pub(super) hessian: [[f64; N]; N],
}

impl<const N: usize> Local<N> {
    pub(super) const ZERO: Self = Self {
        value: 0.0,
        gradient: [0.0; N],
        hessian: [[0.0; N]; N],
    };

    /// Adds the values and derivatives of another part of the sum.
    pub(super) fn add(mut self, other: &Self) -> Self {
        self.value += other.value;
        for i in 0..N {
            self.gradient[i] += other.gradient[i];
            for j in i..N {
                self.hessian[i][j] += other.hessian[i][j];
            }
        }
        self
    }

    /// Turns derivatives by positive parameters into derivatives by their logarithms.
    pub(super) fn by_logarithms(mut self, parameters: &[f64; N]) -> Self {
        for i in 0..N {
            self.gradient[i] *= parameters[i];
            for j in i..N {
                self.hessian[i][j] *= parameters[i] * parameters[j];
                self.hessian[j][i] = self.hessian[i][j];
            }
            self.hessian[i][i] += self.gradient[i];
        }
        self
    }

    fn is_finite(&self) -> bool {
        self.value.is_finite()
            && self.gradient.iter().all(|slope| slope.is_finite())
            && self.hessian.iter().flatten().all(|bend| bend.is_finite())
    }
}

/// Where a likelihood is largest.
#[derive(Debug, Clone, Copy)]
pub(super) struct Optimum<const N: usize> {
    /// The logarithms of the parameters.
    pub(super) logarithms: [f64; N],
    pub(super) local: Local<N>,
    /// How the search ended.
    pub(super) end: SearchEnd,
}

/// How a search ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SearchEnd {
    /// At a maximum inside the box.
    Inside,
    /// At a maximum with a parameter at the edge of the box.
    AtBound,
    /// Nowhere: no step raised the likelihood, though its slope said so.
    Lost,
}

impl<const N: usize> Optimum<N> {
    pub(super) fn parameters(&self) -> [f64; N] {
        self.logarithms.map(f64::exp)
    }

    /// Gives the standard errors of the logarithms; none where the likelihood is flat.
    pub(super) fn standard_errors(&self) -> Option<[f64; N]> {
        let information = self.local.hessian.map(|row| row.map(|bend| -bend));
        let factor = cholesky(&information, &[true; N])?;
        let mut errors = [0.0; N];
        for (i, error) in errors.iter_mut().enumerate() {
            let mut unit = [0.0; N];
            unit[i] = 1.0;
            *error = solve(&factor, &unit)[i].sqrt();
        }
        Some(errors)
    }
}

/// Finds the maximum from a start; `bounds` are those of the logarithms.
pub(super) fn maximise<const N: usize>(
    start: [f64; N],
    bounds: &[(f64, f64); N],
    evaluate: impl Fn(&[f64; N]) -> Local<N>,
) -> Optimum<N> {
    let mut at: [f64; N] = std::array::from_fn(|i| start[i].clamp(bounds[i].0, bounds[i].1));
    let mut local = evaluate(&at);
    let mut evaluations = 1;
    let mut damping = 0.0;
    let mut end = SearchEnd::Lost;
    while evaluations < MOST_STEPS && local.is_finite() {
        let free = free_coordinates(&at, bounds, &local.gradient);
        let step = damped_step(&local, &free, &mut damping);
        let next: [f64; N] =
            std::array::from_fn(|i| (at[i] + step[i]).clamp(bounds[i].0, bounds[i].1));
        let promised = promise(&local, &at, &next);
        let negligible = promised <= 1e-15 * local.value.abs().max(1e-300);
        let found = evaluate(&next);
        evaluations += 1;
        let gained = found.value - local.value;
        if negligible {
            // The last step is below what the sum can show, but the parameters gain digits by it.
            if found.is_finite() && gained >= -1e-13 * local.value.abs() {
                (at, local) = (next, found);
            }
            end = if free_coordinates(&at, bounds, &local.gradient) == [true; N] {
                SearchEnd::Inside
            } else {
                SearchEnd::AtBound
            };
            break;
        }
        let trust = if found.is_finite() {
            gained / promised
        } else {
            -1.0
        };
        if trust > 1e-4 {
            (at, local) = (next, found);
        } else if damping > 1e10 {
            break;
        }
        damping = match trust {
            trust if trust > 0.75 && damping < 1e-6 => 0.0,
            trust if trust > 0.75 => damping / 8.0,
            trust if trust > 0.25 => damping,
            _ => f64::max(damping, 1e-4) * 6.0,
        };
    }
    Optimum {
        logarithms: at,
        local,
        end,
    }
}

/// Tells which coordinates may move: those that do not press against an edge.
fn free_coordinates<const N: usize>(
    at: &[f64; N],
    bounds: &[(f64, f64); N],
    gradient: &[f64; N],
) -> [bool; N] {
    std::array::from_fn(|i| {
        let (low, high) = bounds[i];
        !((at[i] <= low && gradient[i] <= 0.0) || (at[i] >= high && gradient[i] >= 0.0))
    })
}

/// Solves (D λ − H) p = g over the free coordinates, with as much damping as makes it definite.
fn damped_step<const N: usize>(local: &Local<N>, free: &[bool; N], damping: &mut f64) -> [f64; N] {
    let scale = (0..N).fold(0.0, |largest: f64, i| {
        largest.max(local.hessian[i][i].abs())
    });
    loop {
        let mut matrix = local.hessian.map(|row| row.map(|bend| -bend));
        for (i, row) in matrix.iter_mut().enumerate() {
            row[i] += *damping * row[i].abs().max(1e-9 * scale).max(1e-300);
        }
        if let Some(factor) = cholesky(&matrix, free) {
            let gradient = std::array::from_fn(|i| if free[i] { local.gradient[i] } else { 0.0 });
            let step = solve(&factor, &gradient);
            let longest = step
                .iter()
                .fold(0.0, |most: f64, part| most.max(part.abs()));
            let shrink = (LONGEST_STEP / longest).min(1.0);
            return step.map(|part| part * shrink);
        }
        *damping = damping.max(1e-4) * 6.0;
        if *damping > 1e30 {
            return [0.0; N];
        }
    }
}

/// What the quadratic that touches the function here says a move will gain.
fn promise<const N: usize>(local: &Local<N>, from: &[f64; N], to: &[f64; N]) -> f64 {
    let mut gain = 0.0;
    for i in 0..N {
        let step = to[i] - from[i];
        gain += local.gradient[i] * step;
        for j in 0..N {
            gain += 0.5 * local.hessian[i][j] * step * (to[j] - from[j]);
        }
    }
    gain
}

/// Factors a symmetric matrix; coordinates that are not free stand alone. None if not definite.
fn cholesky<const N: usize>(matrix: &[[f64; N]; N], free: &[bool; N]) -> Option<[[f64; N]; N]> {
    let mut factor = [[0.0; N]; N];
    for i in 0..N {
        for j in 0..=i {
            let entry = match (free[i] && free[j], i == j) {
                (true, _) => matrix[i][j],
                (false, true) => 1.0,
                (false, false) => 0.0,
            };
            let rest = entry - (0..j).map(|k| factor[i][k] * factor[j][k]).sum::<f64>();
            if i == j {
                // A pivot that is all rounding error tells nothing about the direction.
                if rest.is_nan() || rest <= 1e-14 * entry.abs() {
                    return None;
                }
                factor[i][i] = rest.sqrt();
            } else {
                factor[i][j] = rest / factor[j][j];
            }
        }
    }
    Some(factor)
}

fn solve<const N: usize>(factor: &[[f64; N]; N], right: &[f64; N]) -> [f64; N] {
    let mut solution = *right;
    for i in 0..N {
        for k in 0..i {
            solution[i] -= factor[i][k] * solution[k];
        }
        solution[i] /= factor[i][i];
    }
    for i in (0..N).rev() {
        for k in i + 1..N {
            solution[i] -= factor[k][i] * solution[k];
        }
        solution[i] /= factor[i][i];
    }
    solution
}

#[cfg(test)]
mod tests {
    use super::*;

    /// −(e^u − 3)² − (e^v − 2)² + (e^u − 3)(e^v − 2), by logarithms u and v.
    fn hill(logarithms: &[f64; 2]) -> Local<2> {
        let parameters = logarithms.map(f64::exp);
        let (x, y) = (parameters[0] - 3.0, parameters[1] - 2.0);
        Local {
            value: -x * x - y * y + x * y,
            gradient: [-2.0 * x + y, -2.0 * y + x],
            hessian: [[-2.0, 1.0], [0.0, -2.0]],
        }
        .by_logarithms(&parameters)
    }

    #[test]
    fn the_top_of_a_hill_is_found_from_far_away() {
        for start in [[0.0, 0.0], [-5.0, 4.0], [8.0, -8.0]] {
            let found = maximise(start, &[(-10.0, 10.0); 2], hill);
            assert_eq!(found.end, SearchEnd::Inside, "{start:?}");
            let [x, y] = found.parameters();
            assert!((x - 3.0).abs() < 1e-9 && (y - 2.0).abs() < 1e-9, "{x} {y}");
            assert!(found.standard_errors().is_some());
        }
    }

    #[test]
    fn a_hill_beyond_the_edge_ends_at_the_edge() {
        let found = maximise([0.0, 0.0], &[(-10.0, 1.0), (-10.0, 10.0)], hill);
        assert_eq!(found.end, SearchEnd::AtBound);
        assert!((found.logarithms[0] - 1.0).abs() < 1e-12);
        let best = 2.0 + (1.0_f64.exp() - 3.0) / 2.0;
        assert!((found.parameters()[1] - best).abs() < 1e-8);
    }

    #[test]
    fn a_function_without_a_value_is_given_up() {
        let nowhere = |_: &[f64; 1]| Local {
            value: f64::NAN,
            ..Local::ZERO
        };
        let found = maximise([0.0], &[(-1.0, 1.0)], nowhere);
        assert_eq!(found.end, SearchEnd::Lost);
    }
}
