use serde::{Deserialize, Serialize};

use super::PurchaseDay;
use super::float;
use super::numbering::index;

/// From so many gaps on a customer has a rhythm.
const FEWEST_GAPS: usize = 4;

/// Gaps that lie within fewer days are a burst and no rhythm.
const SHORTEST_SPAN_DAYS: u32 = 28;

/// So short a silence breaks nobody's rhythm.
const SHORTEST_SILENCE_DAYS: u32 = 7;

/// The silence of a customer against the gaps between the customer's own purchases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rhythm {
    /// Days since the last purchase.
    pub silent_days: u32,
    /// The gaps between purchases that it is measured by.
    pub gaps: u32,
    /// Half of the gaps were at most so many days long.
    pub median_gap_days: u32,
    /// Nine tenths of them.
    pub long_gap_days: u32,
}

impl Rhythm {
    /// Measures the purchase days of a customer, ascending, as of the end of a day.
    ///
    /// None for fewer than four gaps, or for gaps that lie within four weeks: three purchases are no
    /// rhythm, and neither is a burst of them.
    #[must_use]
    pub fn of(days: &[PurchaseDay], as_of: u32) -> Option<Self> {
        let seen = days.partition_point(|purchase| purchase.day <= as_of);
        let days = &days[..seen];
        let mut gaps: Vec<u32> = days
            .windows(2)
            .map(|pair| pair[1].day - pair[0].day)
            .collect();
        let span = days.last()?.day - days.first()?.day;
        if gaps.len() < FEWEST_GAPS || span < SHORTEST_SPAN_DAYS {
            return None;
        }
        gaps.sort_unstable();
        Some(Self {
            silent_days: as_of - days.last()?.day,
            gaps: u32::try_from(gaps.len()).unwrap_or(u32::MAX),
            median_gap_days: smallest_that_covers(&gaps, 50),
            long_gap_days: smallest_that_covers(&gaps, 90),
        })
    }

    /// Tells whether the customer has been silent for more than a week and for longer than nine
    /// tenths of the own gaps.
    #[must_use]
    pub const fn is_broken(&self) -> bool {
        self.silent_days > self.long_gap_days && self.silent_days > SHORTEST_SILENCE_DAYS
    }

    /// Tells whether the rhythm is broken and the silence beyond twice the long gap.
    #[must_use]
    pub const fn is_long_broken(&self) -> bool {
        self.is_broken() && self.silent_days > self.long_gap_days.saturating_mul(2)
    }
}

/// Gives the smallest value that so many percent of ascending values do not exceed.
fn smallest_that_covers(ascending: &[u32], percent: usize) -> u32 {
    let rank = (ascending.len() * percent).div_ceil(100).max(1);
    ascending.get(rank - 1).copied().unwrap_or_default()
}

/// The gaps between the purchases of a whole shop, those still open counted as what they are.
///
/// The estimate of Kaplan and Meier: a customer who has been silent for 200 days has a gap of at
/// least 200 days, and leaving it out would make every quantile too short.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShopRhythm {
    /// Days with the share of gaps that are longer, falling.
    still_open: Vec<(u32, f64)>,
}

impl ShopRhythm {
    /// Learns from the purchase days of every customer as of the end of a day.
    #[must_use]
    pub fn learn<'a>(customers: impl IntoIterator<Item = &'a [PurchaseDay]>, as_of: u32) -> Self {
        // By length: gaps that ended, and gaps that were open still.
        let (mut ended, mut open): (Vec<u64>, Vec<u64>) = (Vec::new(), Vec::new());
        let count = |counts: &mut Vec<u64>, days: u32| {
            let place = index(days);
            if counts.len() <= place {
                counts.resize(place + 1, 0);
            }
            counts[place] += 1;
        };
        for days in customers {
            let seen = days.partition_point(|purchase| purchase.day <= as_of);
            let days = &days[..seen];
            for pair in days.windows(2) {
                count(&mut ended, pair[1].day - pair[0].day);
            }
            if let Some(last) = days.last() {
                count(&mut open, as_of - last.day);
            }
        }
        let length = ended.len().max(open.len());
        ended.resize(length, 0);
        open.resize(length, 0);
        let mut at_risk: u64 = ended.iter().chain(&open).sum();
        let mut share = 1.0;
        let mut still_open = Vec::new();
        for (days, (ended, open)) in (0..).zip(ended.iter().zip(&open)) {
            if *ended > 0 {
                share *= 1.0 - count_of(*ended) / count_of(at_risk);
                still_open.push((days, share));
            }
            at_risk -= ended + open;
        }
        Self { still_open }
    }

    /// Gives the days within which so large a share of gaps has ended; none if it never does.
    #[must_use]
    pub fn days_until(&self, share: f64) -> Option<u32> {
        self.still_open
            .iter()
            .find(|(_, open)| *open <= 1.0 - share)
            .map(|(days, _)| *days)
    }

    /// Gives the share of gaps that are longer than so many days.
    #[must_use]
    pub fn share_longer(&self, days: u32) -> f64 {
        let ended = self
            .still_open
            .partition_point(|(length, _)| *length <= days);
        ended
            .checked_sub(1)
            .and_then(|last| self.still_open.get(last))
            .map_or(1.0, |(_, share)| *share)
    }
}

fn count_of(number: u64) -> f64 {
    float::of_count(usize::try_from(number).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(days: &[u32]) -> Vec<PurchaseDay> {
        days.iter()
            .map(|day| PurchaseDay {
                day: *day,
                kopecks: 100,
            })
            .collect()
    }

    #[test]
    fn silence_is_held_against_own_gaps() {
        let monthly = days(&[0, 30, 60, 92, 121]);
        assert_eq!(Rhythm::of(&monthly, 100), None, "three gaps are no rhythm");
        let rhythm = Rhythm::of(&monthly, 150).unwrap();
        assert_eq!(
            rhythm,
            Rhythm {
                silent_days: 29,
                gaps: 4,
                median_gap_days: 30,
                long_gap_days: 32,
            }
        );
        assert!(!rhythm.is_broken());
        assert!(Rhythm::of(&monthly, 154).unwrap().is_broken());
        assert!(!Rhythm::of(&monthly, 185).unwrap().is_long_broken());
        assert!(Rhythm::of(&monthly, 186).unwrap().is_long_broken());
    }

    #[test]
    fn a_burst_is_no_rhythm_and_a_day_is_no_silence() {
        assert_eq!(Rhythm::of(&days(&[0, 1, 2, 3, 4]), 7), None);
        assert_eq!(Rhythm::of(&days(&[0, 7, 14, 21, 27]), 60), None);
        assert!(Rhythm::of(&days(&[0, 7, 14, 21, 28]), 60).is_some());
        let daily: Vec<u32> = (0..60).collect();
        let after = |silent: u32| Rhythm::of(&days(&daily), 59 + silent).unwrap();
        assert!(!after(7).is_broken() && after(8).is_long_broken());
    }

    #[test]
    fn gaps_that_are_open_still_count() {
        // Gaps of 10 and 20 ended; one of 15 is open: 1 → 2/3 → 2/3 · 0.
        let shop = [days(&[0, 10, 30]), days(&[15])];
        let shop = ShopRhythm::learn(shop.iter().map(Vec::as_slice), 30);
        // The open gap of the first customer has length zero.
        assert!((shop.share_longer(9) - 1.0).abs() < 1e-12);
        assert!((shop.share_longer(10) - 2.0 / 3.0).abs() < 1e-12);
        assert!((shop.share_longer(19) - 2.0 / 3.0).abs() < 1e-12);
        assert!(shop.share_longer(20).abs() < 1e-12);
        assert_eq!(shop.days_until(0.3), Some(10));
        assert_eq!(shop.days_until(0.5), Some(20));
        let nobody = ShopRhythm::learn([], 30);
        assert_eq!(nobody.days_until(0.5), None);
    }
}
