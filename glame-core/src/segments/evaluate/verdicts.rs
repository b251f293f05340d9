use crate::segments::bitmap::last_word;

/// How many words are looked at together: 4 096 customers, whose verdicts fit into the first cache.
pub(super) const BLOCK_WORDS: usize = 64;

/// Some neighbouring rows of a snapshot.
#[derive(Debug, Clone, Copy)]
pub(in crate::segments) struct Block {
    pub(super) first_word: usize,
    pub(super) rows: usize,
}

impl Block {
    /// Takes the rows from a word on, of so many in the whole snapshot.
    pub(super) const fn new(first_word: usize, rows: usize) -> Self {
        Self { first_word, rows }
    }

    /// Takes the 64 rows, one of which this is.
    pub(in crate::segments) fn around(row: usize, rows: usize) -> Self {
        let first_word = row / 64;
        Self::new(first_word, rows.min(first_word * 64 + 64))
    }

    pub(super) fn words(self) -> usize {
        self.rows
            .div_ceil(64)
            .saturating_sub(self.first_word)
            .min(BLOCK_WORDS)
    }

    pub(super) fn first_row(self) -> usize {
        self.first_word * 64
    }

    pub(super) fn end_row(self) -> usize {
        self.rows.min(self.first_row() + BLOCK_WORDS * 64)
    }

    /// Gives the bits of a word of the block that stand for rows.
    pub(super) fn mask(self, word: usize) -> u64 {
        match self.rows.saturating_sub((self.first_word + word) * 64) {
            64.. => u64::MAX,
            0 => 0,
            rest => last_word(rest),
        }
    }
}

/// Some rows of a block, a bit for each.
#[derive(Debug, Clone)]
pub(in crate::segments) struct Rows(pub(super) [u64; BLOCK_WORDS]);

impl Rows {
    /// Takes all rows of a block.
    pub(in crate::segments) fn all(block: Block) -> Self {
        Self(Verdicts::all_true(block).yes)
    }

    pub(super) fn without(&self, others: &[u64; BLOCK_WORDS]) -> Self {
        let mut rest = self.clone();
        for (mine, others) in rest.0.iter_mut().zip(others) {
            *mine &= !others;
        }
        rest
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }
}

/// What a condition says of the rows of a block: so, not so; neither is unknown.
///
/// With true and false kept apart, the tables of Kleene's logic are two operations for each
/// connective, and a negation swaps the two.
#[derive(Debug, Clone)]
pub(in crate::segments) struct Verdicts {
    pub(in crate::segments) yes: [u64; BLOCK_WORDS],
    pub(in crate::segments) no: [u64; BLOCK_WORDS],
}

impl Verdicts {
    pub(super) const UNKNOWN: Self = Self {
        yes: [0; BLOCK_WORDS],
        no: [0; BLOCK_WORDS],
    };

    pub(super) fn all_true(block: Block) -> Self {
        let mut verdicts = Self::UNKNOWN;
        for (index, word) in verdicts.yes.iter_mut().enumerate() {
            *word = block.mask(index);
        }
        verdicts
    }

    pub(super) const fn negated(self) -> Self {
        Self {
            yes: self.no,
            no: self.yes,
        }
    }

    pub(super) fn and(&mut self, other: &Self) {
        for (mine, theirs) in self.yes.iter_mut().zip(&other.yes) {
            *mine &= theirs;
        }
        for (mine, theirs) in self.no.iter_mut().zip(&other.no) {
            *mine |= theirs;
        }
    }

    pub(super) fn or(&mut self, other: &Self) {
        for (mine, theirs) in self.yes.iter_mut().zip(&other.yes) {
            *mine |= theirs;
        }
        for (mine, theirs) in self.no.iter_mut().zip(&other.no) {
            *mine &= theirs;
        }
    }
}
