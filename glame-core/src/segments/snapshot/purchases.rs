use super::column::{self, Dictionary};
use crate::segments::Bitmap;

/// The purchases of all customers, line by line, each customer's together.
///
/// The lines of one receipt follow one another, so that receipts are counted in one pass.
#[derive(Debug, Default)]
pub(in crate::segments) struct Purchases {
    /// Where the lines of each customer end.
    pub(super) ends: Vec<u32>,
    pub(in crate::segments) day: Vec<i32>,
    pub(in crate::segments) category: Vec<u32>,
    pub(in crate::segments) brand: Vec<u32>,
    pub(in crate::segments) store: Vec<u32>,
    pub(in crate::segments) kopecks: Vec<i64>,
    /// The number of the receipt among those of its customer.
    pub(in crate::segments) receipt: Vec<u32>,
    pub(in crate::segments) is_kept: Bitmap,
    pub(in crate::segments) categories: Dictionary,
    pub(in crate::segments) brands: Dictionary,
}

impl Purchases {
    /// Gives where the lines of a customer lie.
    pub(in crate::segments) fn lines(&self, row: usize) -> std::ops::Range<usize> {
        column::slice_of(&self.ends, row).unwrap_or_default()
    }
}
