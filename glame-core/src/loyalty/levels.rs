use serde::Serialize;

use super::{Level, LoyaltyProgramme};
use crate::values::Money;

/// Where a customer stands in the levels of the programme.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// The highest level that is reached; none where the programme has no levels.
    pub level: Option<Level>,
    /// The level above it, if there is one.
    pub next: Option<Level>,
    /// How many receipts are missing to it.
    pub missing_receipts: u32,
    /// How much money is missing to it.
    pub missing_spent: Money,
}

impl LoyaltyProgramme {
    /// Tells where a customer stands who has so many receipts and has spent so much.
    ///
    /// ```
    /// use glame_core::loyalty::LoyaltyProgramme;
    /// use glame_core::values::Money;
    ///
    /// let spent = Money::parse_roubles("60000")?;
    /// let standing = LoyaltyProgramme::guide().standing(7, spent);
    /// assert_eq!(standing.level.unwrap().name, "Активный");
    /// assert_eq!(standing.missing_receipts, 3);
    /// # Ok::<(), glame_core::values::MoneyError>(())
    /// ```
    #[must_use]
    pub fn standing(&self, receipts: u32, spent: Money) -> Standing {
        let reached = |level: &&Level| level.receipts <= receipts && level.spent <= spent;
        // Levels rise, so that those which are reached come first. Nobody is below the first.
        let count = self.levels.iter().take_while(reached).count().max(1);
        let level = self.levels.get(count - 1).cloned();
        let next = self.levels.get(count).cloned();
        let missing = |level: &Level| {
            level
                .spent
                .checked_sub(spent)
                .map(|missing| missing.max(Money::ZERO))
        };
        Standing {
            level,
            missing_receipts: next
                .as_ref()
                .map_or(0, |next| next.receipts.saturating_sub(receipts)),
            missing_spent: next.as_ref().and_then(missing).unwrap_or_default(),
            next,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_takes_both_its_conditions() {
        let programme = LoyaltyProgramme::guide();
        let cases = [
            (0, 0, "new", 5, 0),
            (4, 90_000, "new", 1, 0),
            (5, 0, "active", 5, 50_000),
            (12, 49_999, "active", 0, 1),
            (10, 50_000, "vip", 0, 0),
        ];
        for (receipts, spent, level, missing_receipts, missing_roubles) in cases {
            let money = |roubles| Money::from_whole_roubles(roubles).unwrap();
            let standing = programme.standing(receipts, money(spent));
            assert_eq!(
                standing.level.unwrap().id,
                level,
                "{receipts} for {spent} ₽"
            );
            assert_eq!(standing.missing_receipts, missing_receipts);
            assert_eq!(standing.missing_spent, money(missing_roubles));
        }
    }

    #[test]
    fn a_debtor_of_the_shop_stands_on_the_first_level() {
        let standing = LoyaltyProgramme::ladder().standing(1, Money::from_kopecks(-1));
        assert_eq!(standing.level.unwrap().id, "percent-3");
    }

    #[test]
    fn a_programme_without_levels_has_no_standing() {
        let programme = LoyaltyProgramme {
            levels: Vec::new(),
            ..LoyaltyProgramme::guide()
        };
        let standing = programme.standing(3, Money::ZERO);
        assert_eq!((standing.level, standing.next), (None, None));
    }
}
