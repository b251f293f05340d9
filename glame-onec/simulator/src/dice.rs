//! Reproducible chance: every draw is a pure function of a seed and what it is drawn for.

/// A mixed number from which small decisions are cut.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    /// Mixes the seed, the purpose and the index (splitmix64).
    pub(crate) fn roll(seed: u64, purpose: u64, index: usize) -> Self {
        let index = u64::try_from(index).unwrap_or(u64::MAX);
        let mixed = seed ^ purpose.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Self(mix(
            mix(mixed).wrapping_add(index.wrapping_mul(0xd134_2543_de82_ef95))
        ))
    }

    /// Another draw that has nothing to do with this one.
    pub(crate) fn again(self) -> Self {
        Self(mix(self.0))
    }

    pub(crate) const fn bits(self) -> u64 {
        self.0
    }

    /// A number below `limit` (0 when the limit is 0).
    pub(crate) fn below(self, limit: usize) -> usize {
        let limit = u128::try_from(limit).unwrap_or(0);
        usize::try_from((u128::from(self.0) * limit) >> 64).unwrap_or(0)
    }

    pub(crate) fn number_below(self, limit: u32) -> u32 {
        u32::try_from((u128::from(self.0) * u128::from(limit)) >> 64).unwrap_or(0)
    }

    /// Like [`Self::below`], but the small numbers come more often.
    pub(crate) fn skewed_below(self, limit: usize) -> usize {
        let square = (u128::from(self.0) * u128::from(self.0)) >> 64;
        let limit = u128::try_from(limit).unwrap_or(0);
        usize::try_from((square * limit) >> 64).unwrap_or(0)
    }

    pub(crate) fn percent(self, chance: u32) -> bool {
        self.number_below(100) < chance
    }

    pub(crate) fn pick<T: Copy>(self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }
}

const fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_purpose_and_index_give_the_same_draw() {
        assert_eq!(Dice::roll(1, 2, 3).bits(), Dice::roll(1, 2, 3).bits());
        assert_ne!(Dice::roll(1, 2, 3).bits(), Dice::roll(1, 2, 4).bits());
        assert_ne!(Dice::roll(1, 2, 3).bits(), Dice::roll(1, 3, 3).bits());
    }

    #[test]
    fn draws_stay_below_their_limit() {
        for index in 0..1_000 {
            let dice = Dice::roll(7, 1, index);
            assert!(dice.below(10) < 10 && dice.skewed_below(10) < 10 && dice.number_below(3) < 3);
        }
        assert_eq!(Dice::roll(7, 1, 1).below(0), 0);
    }
}
