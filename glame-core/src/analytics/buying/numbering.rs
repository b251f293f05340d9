//! Distinct values numbered as they come.

/// A value that tells where it would like to lie.
pub(super) trait Numbered: Copy + PartialEq {
    /// Spreads values evenly over all 64 bits, the upper ones first.
    fn spread(self) -> u64;
}

impl Numbered for u64 {
    fn spread(self) -> u64 {
        // Weeks are sevenths in doubles: their lower bits alone would not tell them apart.
        let mixed = (self ^ (self >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9)
    }
}

/// Numbers distinct values from zero, in the order of their first coming.
#[derive(Debug, Clone)]
pub(super) struct Numbering<K> {
    keys: Vec<K>,
    /// One more than the number of the value that lies there, zero where none does.
    slots: Vec<u32>,
}

impl<K: Numbered> Numbering<K> {
    pub(super) fn new() -> Self {
        Self {
            keys: Vec::new(),
            slots: vec![0; 1_024],
        }
    }

    /// Gives the number of a value, a new one for a new value.
    pub(super) fn number(&mut self, key: K) -> u32 {
        let mask = self.slots.len() - 1;
        let mut place = self.home(key);
        loop {
            match self.slots[place] {
                0 => break,
                taken => {
                    let number = taken - 1;
                    if self.keys[index(number)] == key {
                        return number;
                    }
                }
            }
            place = (place + 1) & mask;
        }
        self.keys.push(key);
        let taken = u32::try_from(self.keys.len()).unwrap_or(u32::MAX);
        self.slots[place] = taken;
        if self.keys.len() * 2 > self.slots.len() {
            self.grow();
        }
        taken - 1
    }

    /// Gives the values by their numbers.
    pub(super) fn keys(&self) -> &[K] {
        &self.keys
    }

    fn home(&self, key: K) -> usize {
        let shift = 64 - self.slots.len().trailing_zeros();
        usize::try_from(key.spread() >> shift).unwrap_or_default()
    }

    fn grow(&mut self) {
        self.slots = vec![0; self.slots.len() * 4];
        let mask = self.slots.len() - 1;
        for (number, key) in (1..).zip(&self.keys) {
            let mut place = self.home(*key);
            while self.slots[place] != 0 {
                place = (place + 1) & mask;
            }
            self.slots[place] = number;
        }
    }
}

/// Gives a number as an index.
pub(super) fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_get_equal_numbers() {
        let mut numbering = Numbering::new();
        for round in 0..2 {
            for value in 0..5_000_u64 {
                let number = numbering.number((f64::from(u32::MAX) / 7.0).to_bits() + value);
                assert_eq!(u64::from(number), value, "round {round}");
            }
        }
        assert_eq!(numbering.keys().len(), 5_000);
    }
}
