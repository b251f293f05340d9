use std::sync::LazyLock;

use super::super::special::gauss_legendre;

/// Nodes for any range; more change nothing in ten digits.
const MANY: usize = 32;

/// A Gauss-Legendre rule on [0, 1], and where it has twelve digits.
#[derive(Debug)]
struct Rule {
    /// Up to this fall of the logarithm of the integrand.
    fall: f64,
    /// Up to this end of the range: the integrand has poles at a distance of π from it.
    end: f64,
    /// The nodes with their weights.
    nodes: Vec<(f64, f64)>,
}

/// The fewer nodes, the gentler the integrand must be: a rule of n nodes leaves about
/// (fall/2)²ⁿ/(2n)! of an exponential, and ρ⁻²ⁿ for the poles with ρ = z + √(z²+1), z = 2π/end.
static RULES: LazyLock<[Rule; 3]> = LazyLock::new(|| {
    [
        rule(2.0, 1.0, gauss_legendre::<8>()),
        rule(5.0, 2.0, gauss_legendre::<12>()),
        rule(10.0, 4.0, gauss_legendre::<16>()),
    ]
});
static MANY_NODES: LazyLock<[(f64, f64); MANY]> = LazyLock::new(gauss_legendre);

fn rule<const N: usize>(fall: f64, end: f64, nodes: [(f64, f64); N]) -> Rule {
    let nodes = nodes.to_vec();
    Rule { fall, end, nodes }
}

/// Gives the nodes on [0, 1] with their weights.
pub(super) fn nodes() -> impl Iterator<Item = (f64, f64)> {
    MANY_NODES.iter().copied()
}

/// ∫ (1 + u/b)^−p (1 + u/l)^−q du from 0 to an end: what drop-out in continuous time asks for.
///
/// The textbooks write it as a difference of two hypergeometric functions, which cancel. The
/// integrand is positive, smooth and falling, so that a Gauss-Legendre rule has it to the last
/// digits, if the variable is the logarithm of the *smaller* of both times and the range ends
/// where one factor alone has fallen by e⁻⁴⁵.
#[derive(Debug, Clone, Copy)]
pub(super) struct Decay {
    near: Factor,
    far: Factor,
    /// Which factor is the near one.
    order: Order,
    /// The end of the range in the logarithm of 1 + u/near.
    end: f64,
}

/// (1 + u/time)^−power.
#[derive(Debug, Clone, Copy)]
pub(super) struct Factor {
    pub(super) power: f64,
    pub(super) time: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    BuyingIsNear,
    LivingIsNear,
}

/// The means and covariances, under the normalised integrand, of
/// ln(1 + u/b), 1/(b+u) − 1/b, ln(1 + u/l), 1/(l+u) − 1/l.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moments {
    pub(super) ln_integral: f64,
    pub(super) means: [f64; 4],
    /// The upper triangle.
    pub(super) covariances: [[f64; 4]; 4],
}

impl Decay {
    /// Takes both factors and the end of the range, which is above zero.
    pub(super) fn new(buying: Factor, living: Factor, until: f64) -> Self {
        let (near, far, order) = if buying.time <= living.time {
            (buying, living, Order::BuyingIsNear)
        } else {
            (living, buying, Order::LivingIsNear)
        };
        let fallen = |factor: Factor| factor.time * (45.0 / factor.power).exp_m1();
        let until = until.min(fallen(near)).min(fallen(far));
        Self {
            near,
            far,
            order,
            end: (until / near.time).ln_1p(),
        }
    }

    /// Gives ln of the integral.
    pub(super) fn ln_integral(&self) -> f64 {
        self.ln_integral_by(self.rule())
    }

    fn ln_integral_by(&self, rule: &[(f64, f64)]) -> f64 {
        let ratio = self.near.time / self.far.time;
        let mut sum = 0.0;
        for (node, weight) in rule {
            let near = self.end * node;
            let grown = near.exp();
            let far = ((grown - 1.0) * ratio).ln_1p();
            sum += weight * (near - self.near.power * near - self.far.power * far).exp();
        }
        sum.ln() + (self.end * self.near.time).ln()
    }

    /// Gives ln of the integral together with the moments that its derivatives are made of.
    pub(super) fn moments(&self) -> Moments {
        let ratio = self.near.time / self.far.time;
        let near_inverse = 1.0 / self.near.time;
        let far_inverse = 1.0 / self.far.time;
        let mut sum = 0.0;
        let mut firsts = [0.0; 4];
        let mut seconds = [[0.0; 4]; 4];
        for (node, weight) in self.rule() {
            let near = self.end * node;
            let grown = near.exp();
            let beyond = (grown - 1.0) * ratio;
            let far = (1.0 + beyond).ln();
            let mass = weight * (near - self.near.power * near - self.far.power * far).exp();
            let values = [
                near,
                near_inverse / grown - near_inverse,
                far,
                far_inverse / (1.0 + beyond) - far_inverse,
            ];
            sum += mass;
            for i in 0..4 {
                let part = mass * values[i];
                firsts[i] += part;
                for j in i..4 {
                    seconds[i][j] += part * values[j];
                }
            }
        }
        let means = firsts.map(|first| first / sum);
        let mut covariances = [[0.0; 4]; 4];
        for i in 0..4 {
            for j in i..4 {
                covariances[i][j] = seconds[i][j] / sum - means[i] * means[j];
            }
        }
        let moments = Moments {
            ln_integral: sum.ln() + (self.end * self.near.time).ln(),
            means,
            covariances,
        };
        match self.order {
            Order::BuyingIsNear => moments,
            Order::LivingIsNear => moments.swapped(),
        }
    }

    fn rule(&self) -> &'static [(f64, f64)] {
        let far_end = ((self.end.exp() - 1.0) * (self.near.time / self.far.time)).ln_1p();
        let fall = self.end + self.near.power * self.end + self.far.power * far_end;
        let fitting = RULES
            .iter()
            .find(|rule| fall < rule.fall && self.end < rule.end);
        fitting.map_or(&*MANY_NODES, |rule| &rule.nodes)
    }
}

impl Moments {
    /// Exchanges both factors.
    fn swapped(self) -> Self {
        let [ln_near, near, ln_far, far] = self.means;
        let [[a, b, c, d], [_, e, f, g], [_, _, h, i], [_, _, _, j]] = self.covariances;
        Self {
            ln_integral: self.ln_integral,
            means: [ln_far, far, ln_near, near],
            covariances: [
                [h, i, c, f],
                [0.0, j, d, g],
                [0.0, 0.0, a, b],
                [0.0, 0.0, 0.0, e],
            ],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::factor;
    use super::*;

    /// The integral by a rule of a thousand panels in u.
    fn by_panels(buying: Factor, living: Factor, until: f64) -> f64 {
        let panels = 1_000_u32;
        let width = until / f64::from(panels);
        let at = |u: f64| {
            (-buying.power * (u / buying.time).ln_1p() - living.power * (u / living.time).ln_1p())
                .exp()
        };
        let mut sum = 0.0;
        for panel in 0..panels {
            for (node, weight) in nodes() {
                sum += weight * at(width * (f64::from(panel) + node));
            }
        }
        sum * width
    }

    #[test]
    fn fewer_nodes_change_nothing_in_twelve_digits() {
        let mut used = [0; 4];
        for power in [0.2, 0.9, 1.7, 3.1, 6.4] {
            for (buying, living) in [(20.0, 9.0), (9.0, 9.0), (5.0, 300.0), (0.4, 0.01)] {
                for q in [0.3, 1.01, 1.6, 4.0] {
                    for step in 0..60 {
                        let until = 1e-4 * 1.3_f64.powi(step);
                        let buying = factor(power, buying);
                        let living = factor(q, living);
                        let decay = Decay::new(buying, living, until);
                        let nodes = decay.rule();
                        used[nodes.len() / 8 - 1] += 1;
                        let (few, many) = (decay.ln_integral(), decay.ln_integral_by(&*MANY_NODES));
                        let scale = many.abs().max(1.0);
                        assert!(
                            (few - many).abs() < 1e-12 * scale,
                            "{decay:?} with {} nodes: {few} and {many}",
                            nodes.len()
                        );
                    }
                }
            }
        }
        // Rules of 8 and 12, of 16, and of 32 nodes.
        assert!(used[0] > 100 && used[1] > 100 && used[3] > 100, "{used:?}");
    }

    #[test]
    fn the_rule_has_ten_digits_whatever_the_powers_and_times() {
        for power in [0.3, 2.0, 40.0, 900.0] {
            for (buying, living) in [(5.0, 9.0), (9.0, 0.01), (0.4, 300.0), (400.0, 1.0)] {
                for (q, until) in [(1.01, 1e-6), (1.6, 0.5), (1.6, 30.0), (8.0, 70.0)] {
                    let buying = Factor {
                        power,
                        time: buying,
                    };
                    let living = Factor {
                        power: q,
                        time: living,
                    };
                    let found = Decay::new(buying, living, until).ln_integral();
                    let expected = by_panels(buying, living, until).ln();
                    assert!(
                        (found - expected).abs() < 2e-10,
                        "{buying:?} {living:?} {until}: {found} and {expected}"
                    );
                }
            }
        }
    }
}
