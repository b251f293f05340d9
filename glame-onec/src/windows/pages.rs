use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::TimedRow;

/// Pages that are read with `$skip`, each beginning with a row of the one before it.
///
/// Without that row nobody would see that a row was deleted between two pages: all later rows move
/// up by one, and the first of the next page is skipped.
#[derive(Debug)]
pub(super) struct Pages<R: TimedRow> {
    /// How many times the usual page is asked for.
    times: u32,
    rows: Vec<R>,
    /// How many rows lie before the next page.
    end: u64,
    /// Where each row with a key lies.
    places: HashMap<R::Key, u64>,
    /// The last row with a key, and where it lies.
    seam: Option<(u64, R::Key)>,
}

impl<R: TimedRow> Pages<R> {
    pub(super) fn new(times: u32) -> Self {
        Self {
            times,
            rows: Vec::new(),
            end: 0,
            places: HashMap::new(),
            seam: None,
        }
    }

    /// Gives how many rows lie before the next page.
    pub(super) const fn end(&self) -> u64 {
        self.end
    }

    /// Gives `$skip` and `$top` of the next page.
    pub(super) fn next(&self, rows: u32) -> (u64, u32) {
        let skip = self.seam.map_or(0, |(place, _)| place);
        let overlap = u32::try_from(self.end - skip).unwrap_or(u32::MAX);
        let top = rows.saturating_mul(self.times).saturating_add(overlap);
        (skip, top)
    }

    /// Adds a page, if it goes on where the one before it ended.
    pub(super) fn join(&mut self, skip: u64, page: Vec<R>, last: bool) -> bool {
        let overlap = usize::try_from(self.end - skip).unwrap_or(usize::MAX);
        let first = page.first().and_then(TimedRow::key);
        if self.seam.is_some_and(|(_, key)| first != Some(key)) {
            return false;
        }
        let before = self.end;
        for row in page.into_iter().skip(overlap) {
            if let Some(key) = row.key() {
                match self.places.entry(key) {
                    // The same row twice on one page is an oddity of that page.
                    Entry::Occupied(place) if *place.get() >= skip => continue,
                    Entry::Occupied(_) => return false,
                    Entry::Vacant(place) => place.insert(self.end),
                };
                self.seam = Some((self.end, key));
            }
            self.rows.push(row);
            self.end += 1;
        }
        last || before < self.end
    }

    pub(super) fn into_rows(self) -> Vec<R> {
        self.rows
    }
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDateTime;

    use super::*;

    /// A row of which only the key is known, or not even that.
    #[derive(Debug)]
    struct Row(Option<u32>);

    impl TimedRow for Row {
        type Key = u32;

        fn at(&self) -> Option<NaiveDateTime> {
            None
        }

        fn key(&self) -> Option<u32> {
            self.0
        }
    }

    /// Joins pages of these keys, zero for none; gives how many rows there are if all fit.
    fn joined(pages: &[&[u32]]) -> Option<usize> {
        let mut whole: Pages<Row> = Pages::new(1);
        for (at, keys) in pages.iter().enumerate() {
            let rows = keys.iter().map(|key| Row((*key > 0).then_some(*key)));
            let (skip, _) = whole.next(3);
            if !whole.join(skip, rows.collect(), at + 1 == pages.len()) {
                return None;
            }
        }
        Some(whole.into_rows().len())
    }

    #[test]
    fn pages_that_begin_with_the_last_row_are_joined() {
        assert_eq!(joined(&[&[1, 2, 3], &[3, 4, 5, 6], &[6]]), Some(6));
        assert_eq!(joined(&[&[]]), Some(0));
    }

    #[test]
    fn a_row_that_moved_over_the_seam_is_seen() {
        assert_eq!(joined(&[&[1, 2, 3], &[4, 5]]), None, "one was deleted");
        assert_eq!(joined(&[&[1, 2, 3], &[]]), None, "two were deleted");
        assert_eq!(joined(&[&[1, 2, 3], &[2, 3, 4]]), None, "one was entered");
        assert_eq!(joined(&[&[1, 2, 3], &[3, 1]]), None, "the order changed");
    }

    #[test]
    fn a_row_without_a_key_is_bridged() {
        let mut whole: Pages<Row> = Pages::new(2);
        assert!(whole.join(0, vec![Row(Some(1)), Row(None)], false));
        assert_eq!(whole.next(3), (0, 8));
        assert_eq!(joined(&[&[1, 2, 0], &[2, 0, 0, 4], &[4]]), Some(5));
    }

    #[test]
    fn a_row_that_comes_twice_on_a_page_counts_once() {
        assert_eq!(joined(&[&[1, 1, 2], &[2, 2, 3], &[3]]), Some(3));
    }

    #[test]
    fn a_base_that_goes_on_with_nothing_new_is_no_end() {
        let mut whole: Pages<Row> = Pages::new(1);
        assert!(whole.join(0, vec![Row(Some(1))], false));
        assert!(!whole.join(0, vec![Row(Some(1)), Row(Some(1))], false));
    }
}
