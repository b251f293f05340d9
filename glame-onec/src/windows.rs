//! Rows of a stretch of time, window by window, without deep `$skip`.
//!
//! A window asks for one row more than a page holds. If that row comes, the window is cut before
//! the last moment seen, so that no row is fetched twice in vain; if the base does not order its
//! rows, the window is narrowed instead. Only the rows of a single second are read with `$skip`.

mod cut;
mod pace;
mod pages;

use std::hash::Hash;

use chrono::NaiveDateTime;

use crate::base::{Base, Order, Page, Wanted};
use crate::errors::{Fault, FaultKind};
use crate::query::{Comparison, Filter};
use crate::records::Set;
use crate::transport::Meter;

pub(crate) use pace::Pace;

use cut::{Cut, Fetched, cut};
use pages::Pages;

/// The most rows that are read with `$skip`; the opening balances of a large base fit well.
const MAX_SKIPPED_ROWS: u64 = 2_000_000;
/// How often pages are read while rows move under the reader.
const MAX_PASSES: u32 = 4;

/// A half-open stretch of local time; a missing end is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stretch {
    pub(crate) from: Option<NaiveDateTime>,
    pub(crate) to: Option<NaiveDateTime>,
}

impl Stretch {
    fn holds(self, at: NaiveDateTime) -> bool {
        self.from.is_none_or(|from| from <= at) && self.to.is_none_or(|to| at < to)
    }
}

/// A row that lies somewhere in time.
pub(crate) trait TimedRow: Send {
    /// What tells two rows apart.
    type Key: Copy + Eq + Hash + Send;

    /// The local moment, if it can be read.
    fn at(&self) -> Option<NaiveDateTime>;

    /// The key of the row, if it can be read.
    fn key(&self) -> Option<Self::Key>;
}

/// Reads the rows of a page.
pub(crate) type ReadPage<'a, R> = &'a (dyn Fn(&[u8]) -> Result<Vec<R>, Fault> + Sync);

/// The rows of a window, all of them.
#[derive(Debug)]
pub(crate) struct Window<R> {
    /// Where the window ends; the next one begins there.
    pub(crate) to: Option<NaiveDateTime>,
    pub(crate) rows: Vec<R>,
}

/// A set whose rows lie in time.
#[derive(Debug, Clone)]
pub(crate) struct Timeline<'a> {
    pub(crate) base: &'a Base,
    pub(crate) set: &'static Set,
    /// The field of the moment.
    pub(crate) moment: &'static str,
    /// What else rows must match.
    pub(crate) filter: Option<Filter>,
}

impl Timeline<'_> {
    /// Reads the first window of a stretch: as much of it as a page holds.
    pub(crate) async fn first_window<R: TimedRow>(
        &self,
        stretch: Stretch,
        pace: &mut Pace,
        read: ReadPage<'_, R>,
        meter: &Meter,
    ) -> Result<Window<R>, Fault> {
        if self.base.filters_refused(self.set) {
            return self.scan(stretch, pace, read, meter).await;
        }
        let zone = self.base.settings().zone;
        let mut to = pace.end_of_first_window(stretch, self.base.now(), zone);
        loop {
            let part = Stretch {
                from: stretch.from,
                to,
            };
            let asked = pace.rows();
            match self.rows(Some(part), asked + 1, 0, read, meter).await {
                Ok(fetched) if fetched.rows.len() <= count(asked) => {
                    pace.grow(part, fetched.rows.len());
                    return Ok(Window {
                        to,
                        rows: fetched.rows,
                    });
                }
                Ok(fetched) => match cut(fetched, part, zone) {
                    Cut::Before(end, rows) => {
                        pace.filled();
                        return Ok(Window {
                            to: Some(end),
                            rows,
                        });
                    }
                    Cut::Narrower(end) => {
                        to = Some(end);
                        pace.narrowed(stretch.from, end);
                    }
                    Cut::Unreadable => {
                        let what = "with dates that cannot be read";
                        return Err(Fault::new(FaultKind::Unexpected(what)).about(self.set.name));
                    }
                    Cut::OneSecond(second) => {
                        let rows = self
                            .by_skip(Some(second), second, pace, read, meter)
                            .await?;
                        return Ok(Window {
                            to: second.to,
                            rows,
                        });
                    }
                },
                Err(fault) if fault.asks_for_less() => {
                    to = pace.shrink(part, fault, self.base.now(), zone)?;
                }
                Err(fault) if fault.refuses_filter() && self.filter.is_none() => {
                    self.base.learn_refused_filters(self.set);
                    return self.scan(stretch, pace, read, meter).await;
                }
                Err(fault) => return Err(fault),
            }
        }
    }

    /// Reads the whole set and keeps a stretch of it: the last resort where filters are refused.
    async fn scan<R: TimedRow>(
        &self,
        stretch: Stretch,
        pace: &mut Pace,
        read: ReadPage<'_, R>,
        meter: &Meter,
    ) -> Result<Window<R>, Fault> {
        let rows = self.by_skip(None, stretch, pace, read, meter).await?;
        Ok(Window {
            to: stretch.to,
            rows,
        })
    }

    /// Reads all windows of a stretch.
    pub(crate) async fn all<R: TimedRow>(
        &self,
        stretch: Stretch,
        read: ReadPage<'_, R>,
        meter: &Meter,
    ) -> Result<Vec<R>, Fault> {
        let mut pace = Pace::new(self.base.settings().page_sizes.sales);
        let mut rows = Vec::new();
        let mut rest = stretch;
        loop {
            let window = self.first_window(rest, &mut pace, read, meter).await?;
            rows.extend(window.rows);
            if window.to == stretch.to {
                return Ok(rows);
            }
            rest.from = window.to;
        }
    }

    /// Reads rows page by page, however many there are, and keeps a stretch of them.
    ///
    /// Rows that are entered or deleted meanwhile move others across the seam of two pages: all
    /// pages are then read again, larger ones, for those have fewer seams.
    async fn by_skip<R: TimedRow>(
        &self,
        asked: Option<Stretch>,
        kept: Stretch,
        pace: &mut Pace,
        read: ReadPage<'_, R>,
        meter: &Meter,
    ) -> Result<Vec<R>, Fault> {
        for pass in 0..MAX_PASSES {
            let pages = Pages::new(1 << pass);
            if let Some(mut rows) = self.seamless(asked, pages, pace, read, meter).await? {
                rows.retain(|row| row.at().is_none_or(|at| kept.holds(at)));
                return Ok(rows);
            }
            tracing::warn!(
                set = self.set.name,
                "rows have moved from one page to another; they are read again"
            );
        }
        Err(Fault::new(FaultKind::Changing).about(self.set.name))
    }

    /// Reads all pages once; gives none if one does not go on where the one before it ended.
    async fn seamless<R: TimedRow>(
        &self,
        asked: Option<Stretch>,
        mut pages: Pages<R>,
        pace: &mut Pace,
        read: ReadPage<'_, R>,
        meter: &Meter,
    ) -> Result<Option<Vec<R>>, Fault> {
        while pages.end() < MAX_SKIPPED_ROWS {
            let (skip, top) = pages.next(pace.rows());
            let rows = match self.rows(asked, top, skip, read, meter).await {
                Ok(fetched) => fetched.rows,
                Err(fault) if fault.asks_for_less() && pace.fewer_rows() => continue,
                Err(fault) => return Err(fault),
            };
            let last = rows.len() < count(top);
            if !pages.join(skip, rows, last) {
                return Ok(None);
            }
            if last {
                return Ok(Some(pages.into_rows()));
            }
        }
        let what = "with more rows than can be read page by page";
        Err(Fault::new(FaultKind::Unexpected(what)).about(self.set.name))
    }

    async fn rows<R: TimedRow>(
        &self,
        part: Option<Stretch>,
        top: u32,
        skip: u64,
        read: ReadPage<'_, R>,
        meter: &Meter,
    ) -> Result<Fetched<R>, Fault> {
        let bound = |comparison, at| Filter::moment(self.moment, comparison, at);
        let from = part
            .and_then(|part| part.from)
            .map(|at| bound(Comparison::AtLeast, at));
        let to = part
            .and_then(|part| part.to)
            .map(|at| bound(Comparison::Before, at));
        let wanted = Wanted {
            set: self.set,
            filter: Filter::all(from.into_iter().chain(to).chain(self.filter.clone())),
            order: Order::Best,
            top: Some(top),
            skip,
        };
        let Page { body, ordered } = self.base.page(&wanted, meter).await?;
        let rows = read(&body).map_err(|fault| fault.about(self.set.name))?;
        let outside = part.is_some_and(|part| {
            rows.iter()
                .filter_map(TimedRow::at)
                .any(|at| !part.holds(at))
        });
        if outside {
            let what = "with rows outside the period that was asked for";
            return Err(Fault::new(FaultKind::Unexpected(what)).about(self.set.name));
        }
        Ok(Fetched { rows, ordered })
    }
}

fn count(rows: u32) -> usize {
    usize::try_from(rows).unwrap_or(usize::MAX)
}
