/// A set of rows of a snapshot, one bit a row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bitmap {
    words: Vec<u64>,
    rows: usize,
}

impl Bitmap {
    /// Gives the empty set over so many rows.
    #[must_use]
    pub fn none(rows: usize) -> Self {
        Self {
            words: vec![0; rows.div_ceil(64)],
            rows,
        }
    }

    /// Takes whole words, the first row in the lowest bit; bits beyond the last row are dropped.
    #[must_use]
    pub(super) fn from_words(mut words: Vec<u64>, rows: usize) -> Self {
        words.resize(rows.div_ceil(64), 0);
        if let Some(last) = words.last_mut() {
            *last &= last_word(rows);
        }
        Self { words, rows }
    }

    /// Gives how many rows there are, in the set or not.
    #[must_use]
    pub const fn rows(&self) -> usize {
        self.rows
    }

    /// Tells whether a row is in the set; one beyond the last is not.
    #[must_use]
    pub fn contains(&self, row: usize) -> bool {
        self.word(row / 64) >> (row % 64) & 1 == 1
    }

    /// Puts a row in or takes it out; one beyond the last is ignored.
    pub(super) fn set(&mut self, row: usize, is_in: bool) {
        if row >= self.rows {
            return;
        }
        let bit = 1 << (row % 64);
        if let Some(word) = self.words.get_mut(row / 64) {
            *word = if is_in { *word | bit } else { *word & !bit };
        }
    }

    /// Adds a row at the end.
    pub(super) fn push(&mut self, is_in: bool) {
        if self.rows.is_multiple_of(64) {
            self.words.push(0);
        }
        self.rows += 1;
        self.set(self.rows - 1, is_in);
    }

    /// Gives the 64 rows of a word; beyond the last there are none.
    pub(super) fn word(&self, word: usize) -> u64 {
        self.words.get(word).copied().unwrap_or_default()
    }

    /// Counts the rows in the set.
    #[must_use]
    pub fn count(&self) -> usize {
        let ones = |word: &u64| usize::try_from(word.count_ones()).unwrap_or_default();
        self.words.iter().map(ones).sum()
    }

    /// Gives the rows in the set, in their order.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.words.iter().enumerate().flat_map(|(index, word)| {
            let mut rest = *word;
            std::iter::from_fn(move || {
                let bit = usize::try_from(rest.trailing_zeros()).ok()?;
                (rest != 0).then(|| {
                    rest &= rest - 1;
                    index * 64 + bit
                })
            })
        })
    }
}

/// Gives the bits of the last word that stand for rows.
pub(super) const fn last_word(rows: usize) -> u64 {
    match rows % 64 {
        0 => u64::MAX,
        rest => (1 << rest) - 1,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_bitmap_is_a_set_of_rows(bits in proptest::collection::vec(any::<bool>(), 0..300)) {
            let mut pushed = Bitmap::default();
            let mut placed = Bitmap::none(bits.len());
            for (row, bit) in bits.iter().enumerate() {
                pushed.push(*bit);
                placed.set(row, *bit);
            }
            prop_assert_eq!(&pushed, &placed);
            prop_assert_eq!(pushed.rows(), bits.len());
            let rows: Vec<usize> = (0..bits.len()).filter(|row| bits[*row]).collect();
            prop_assert_eq!(pushed.count(), rows.len());
            prop_assert_eq!(pushed.iter().collect::<Vec<_>>(), rows);
            prop_assert!((0..bits.len()).all(|row| pushed.contains(row) == bits[row]));
        }
    }

    #[test]
    fn rows_beyond_the_last_are_never_in() {
        let mut bitmap = Bitmap::from_words(vec![u64::MAX; 2], 65);
        bitmap.set(65, true);
        assert_eq!(bitmap.count(), 65);
        assert!(!bitmap.contains(65) && !bitmap.contains(1_000));
    }
}
