use super::PurchaseSummary;
use super::chunks;
use super::float;
use super::numbering::{Numbered, Numbering, index};

/// Customers with equal (x, `t_x`, T) put together: what a fit works on.
///
/// A million customers of a shop have some hundred thousand different summaries at most. Groups are
/// sorted, so that neither the order of customers nor the number of threads changes a bit of what
/// is made of them.
#[derive(Debug, Clone)]
pub struct CollapsedSummaries {
    pub(super) groups: Vec<Group>,
    /// The different `t_x` and T, which groups name by number.
    pub(super) lasts: Vec<f64>,
    pub(super) ages: Vec<f64>,
    /// Customers by x, ascending.
    pub(super) histogram: Vec<(u32, f64)>,
    customers: usize,
    repeat_buyers: usize,
    median_age: f64,
}

/// Customers whose summaries are equal.
#[derive(Debug, Clone, Copy)]
pub(super) struct Group {
    pub(super) customers: f64,
    pub(super) repeats: u32,
    pub(super) last: u32,
    pub(super) age: u32,
}

/// The bits of (x, `t_x`, T), which sort as the numbers do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Timing {
    pub(super) repeats: u32,
    last: u64,
    age: u64,
}

impl Timing {
    pub(super) const fn of(summary: &PurchaseSummary) -> Self {
        Self {
            repeats: summary.repeats(),
            last: summary.last_weeks().to_bits(),
            age: summary.age_weeks().to_bits(),
        }
    }
}

impl Numbered for Timing {
    fn spread(self) -> u64 {
        let times = self.last.rotate_left(21) ^ self.age ^ (self.age >> 32);
        (times ^ u64::from(self.repeats).wrapping_mul(0x94d0_49bb_1331_11eb)).spread()
    }
}

/// Collects summaries chunk by chunk, so that no more than the different ones are held.
#[derive(Debug, Clone)]
pub struct SummaryCollector {
    timings: Numbering<Timing>,
    customers: Vec<usize>,
}

impl Default for SummaryCollector {
    fn default() -> Self {
        Self {
            timings: Numbering::new(),
            customers: Vec::new(),
        }
    }
}

impl SummaryCollector {
    /// Adds the summaries of more customers.
    pub fn add(&mut self, summaries: &[PurchaseSummary]) {
        for summary in summaries {
            self.add_customers(Timing::of(summary), 1);
        }
    }

    fn add_customers(&mut self, timing: Timing, customers: usize) {
        let number = index(self.timings.number(timing));
        match self.customers.get_mut(number) {
            Some(count) => *count += customers,
            None => self.customers.push(customers),
        }
    }

    fn add_all(&mut self, other: &Self) {
        for (timing, customers) in other.timings.keys().iter().zip(&other.customers) {
            self.add_customers(*timing, *customers);
        }
    }

    /// Sorts what was collected.
    #[must_use]
    pub fn collapse(&self) -> CollapsedSummaries {
        let timings = self.timings.keys().iter().copied();
        let mut counted: Vec<(Timing, usize)> =
            timings.zip(self.customers.iter().copied()).collect();
        counted.sort_unstable();
        CollapsedSummaries::of_sorted(&counted)
    }
}

impl CollapsedSummaries {
    /// Collapses summaries on `threads` threads.
    #[must_use]
    pub fn of(summaries: &[PurchaseSummary], threads: usize) -> Self {
        let share = summaries.len().div_ceil(threads.max(1)).max(1);
        let mut parts = chunks::map(summaries, share, threads, |part| {
            let mut collector = SummaryCollector::default();
            collector.add(part);
            collector
        })
        .into_iter();
        let mut all = parts.next().unwrap_or_default();
        for part in parts {
            all.add_all(&part);
        }
        all.collapse()
    }

    fn of_sorted(counted: &[(Timing, usize)]) -> Self {
        let (mut lasts, mut ages) = (Numbering::new(), Numbering::new());
        let mut histogram: Vec<(u32, f64)> = Vec::new();
        let (mut customers, mut repeat_buyers) = (0, 0);
        let mut groups = Vec::with_capacity(counted.len());
        for (timing, count) in counted {
            customers += count;
            if timing.repeats > 0 {
                repeat_buyers += count;
            }
            let weight = float::of_count(*count);
            match histogram.last_mut() {
                Some((repeats, sum)) if *repeats == timing.repeats => *sum += weight,
                Some(_) | None => histogram.push((timing.repeats, weight)),
            }
            groups.push(Group {
                customers: weight,
                repeats: timing.repeats,
                last: lasts.number(timing.last),
                age: ages.number(timing.age),
            });
        }
        let ages = weeks(&ages);
        Self {
            median_age: median_age(&groups, &ages),
            groups,
            lasts: weeks(&lasts),
            ages,
            histogram,
            customers,
            repeat_buyers,
        }
    }

    /// Keeps every `step`-th group: enough to find out where to look for the best parameters.
    pub(super) fn thinned(&self, step: usize) -> Self {
        let groups: Vec<Group> = self.groups.iter().step_by(step).copied().collect();
        let mut histogram: Vec<(u32, f64)> = Vec::new();
        for group in &groups {
            match histogram.last_mut() {
                Some((repeats, sum)) if *repeats == group.repeats => *sum += group.customers,
                Some(_) | None => histogram.push((group.repeats, group.customers)),
            }
        }
        Self {
            groups,
            histogram,
            ..self.clone()
        }
    }

    /// Gives how many customers were put together.
    #[must_use]
    pub const fn customers(&self) -> usize {
        self.customers
    }

    /// Gives how many of them came back at least once.
    #[must_use]
    pub const fn repeat_buyers(&self) -> usize {
        self.repeat_buyers
    }

    /// Gives how many different summaries there are.
    #[must_use]
    pub fn different(&self) -> usize {
        self.groups.len()
    }

    /// Gives the median age of customers, in weeks: the scale of time.
    #[must_use]
    pub const fn median_age_weeks(&self) -> f64 {
        self.median_age
    }

    /// Gives the sum of the customers of the groups.
    pub(super) fn weight(&self) -> f64 {
        self.histogram.iter().map(|(_, customers)| customers).sum()
    }

    /// Gives the largest age, in weeks.
    pub(super) fn largest_age(&self) -> f64 {
        self.ages.iter().copied().fold(0.0, f64::max)
    }
}

fn weeks(times: &Numbering<u64>) -> Vec<f64> {
    times.keys().iter().copied().map(f64::from_bits).collect()
}

fn median_age(groups: &[Group], ages: &[f64]) -> f64 {
    let mut weights = vec![0.0; ages.len()];
    for group in groups {
        weights[index(group.age)] += group.customers;
    }
    let mut ordered: Vec<(f64, f64)> = ages.iter().copied().zip(weights).collect();
    ordered.sort_unstable_by(|one, other| one.0.total_cmp(&other.0));
    let half: f64 = ordered.iter().map(|(_, weight)| weight).sum::<f64>() / 2.0;
    let mut below = 0.0;
    for (age, weight) in ordered {
        below += weight;
        if below >= half {
            return age;
        }
    }
    0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(repeats: u32, last: f64, age: f64) -> PurchaseSummary {
        PurchaseSummary::try_new(repeats, last, age, 0.0).unwrap()
    }

    #[test]
    fn equal_summaries_become_one_group() {
        let rows = [
            summary(2, 3.0, 10.0),
            summary(0, 0.0, 10.0),
            summary(2, 3.0, 10.0),
            summary(2, 4.0, 12.0),
        ];
        let collapsed = CollapsedSummaries::of(&rows, 2);
        assert_eq!(collapsed.different(), 3);
        assert_eq!((collapsed.customers(), collapsed.repeat_buyers()), (4, 3));
        assert_eq!(collapsed.histogram, [(0, 1.0), (2, 3.0)]);
        assert!((collapsed.median_age_weeks() - 10.0).abs() < 1e-12);
        assert_eq!(CollapsedSummaries::of(&[], 2).different(), 0);
    }
}
