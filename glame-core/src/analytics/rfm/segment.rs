use serde::{Deserialize, Serialize};

use super::RfmScore;

/// The name of a group of cells: the map that marketers know, by recency and by the mean of
/// frequency and monetary rounded half up.
///
/// | R \ FM | 5 | 4 | 3 | 2 | 1 |
/// | --- | --- | --- | --- | --- | --- |
/// | **5** | champions | champions | potential loyal | potential loyal | new |
/// | **4** | loyal | loyal | potential loyal | potential loyal | promising |
/// | **3** | loyal | loyal | needs attention | about to sleep | about to sleep |
/// | **2** | at risk | at risk | at risk | hibernating | hibernating |
/// | **1** | cannot lose | cannot lose | hibernating | hibernating | lost |
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RfmSegment {
    /// Bought lately, buys often and much.
    Champions,
    /// Buys often and much, not quite lately.
    Loyal,
    /// Bought lately, on the way to loyalty.
    PotentialLoyal,
    /// Has just bought for the first time.
    New,
    /// Bought little, not long ago.
    Promising,
    /// Middling in everything.
    NeedsAttention,
    /// Bought little, a while ago.
    AboutToSleep,
    /// Used to buy, has been away for months.
    AtRisk,
    /// Used to buy often and much, has been away for long.
    CannotLose,
    /// Bought little, long ago.
    Hibernating,
    /// Bought once, very long ago.
    Lost,
}

impl RfmSegment {
    /// Every segment, best first.
    pub const ALL: [Self; 11] = [
        Self::Champions,
        Self::Loyal,
        Self::PotentialLoyal,
        Self::New,
        Self::Promising,
        Self::NeedsAttention,
        Self::AboutToSleep,
        Self::AtRisk,
        Self::CannotLose,
        Self::Hibernating,
        Self::Lost,
    ];

    /// Names the segment of a cell.
    #[must_use]
    pub const fn of(score: RfmScore) -> Self {
        let value = (score.frequency.get() + score.monetary.get()).div_ceil(2);
        match (score.recency.get(), value) {
            (5, 4..) => Self::Champions,
            (3 | 4, 4..) => Self::Loyal,
            (4.., 2..) => Self::PotentialLoyal,
            (5, _) => Self::New,
            (4, _) => Self::Promising,
            (3, 3..) => Self::NeedsAttention,
            (3, _) => Self::AboutToSleep,
            (2, 3..) => Self::AtRisk,
            (1, 4..) => Self::CannotLose,
            (1, 1) => Self::Lost,
            _ => Self::Hibernating,
        }
    }

    /// Gives the name that the API and the reports use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Champions => "champions",
            Self::Loyal => "loyal",
            Self::PotentialLoyal => "potential_loyal",
            Self::New => "new",
            Self::Promising => "promising",
            Self::NeedsAttention => "needs_attention",
            Self::AboutToSleep => "about_to_sleep",
            Self::AtRisk => "at_risk",
            Self::CannotLose => "cannot_lose",
            Self::Hibernating => "hibernating",
            Self::Lost => "lost",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::analytics::Score;

    #[test]
    fn each_cell_has_one_name_and_each_name_its_cells() {
        let mut cells: BTreeMap<RfmSegment, u32> = BTreeMap::new();
        for score in RfmScore::cells() {
            *cells.entry(score.segment()).or_default() += 1;
        }
        assert_eq!(cells.values().sum::<u32>(), 125);
        assert_eq!(cells.len(), RfmSegment::ALL.len());
    }

    #[test]
    fn the_table_in_the_documentation_holds() {
        use RfmSegment::{
            AboutToSleep, AtRisk, CannotLose, Champions, Hibernating, Lost, Loyal, NeedsAttention,
            New, PotentialLoyal, Promising,
        };
        // Rows by recency from 5 to 1, columns by value from 5 to 1.
        let table = [
            [Champions, Champions, PotentialLoyal, PotentialLoyal, New],
            [Loyal, Loyal, PotentialLoyal, PotentialLoyal, Promising],
            [Loyal, Loyal, NeedsAttention, AboutToSleep, AboutToSleep],
            [AtRisk, AtRisk, AtRisk, Hibernating, Hibernating],
            [CannotLose, CannotLose, Hibernating, Hibernating, Lost],
        ];
        for score in RfmScore::cells() {
            let value = (score.frequency.get() + score.monetary.get()).div_ceil(2);
            let row = usize::from(5 - score.recency.get());
            let expected = table[row][usize::from(5 - value)];
            assert_eq!(score.segment(), expected, "{score}");
        }
    }

    #[test]
    fn a_better_score_never_leads_from_champions_to_lost() {
        let best = RfmScore {
            recency: Score::BEST,
            frequency: Score::BEST,
            monetary: Score::BEST,
        };
        let worst = RfmScore {
            recency: Score::WORST,
            frequency: Score::WORST,
            monetary: Score::WORST,
        };
        assert_eq!(best.segment(), RfmSegment::Champions);
        assert_eq!(worst.segment(), RfmSegment::Lost);
    }
}
