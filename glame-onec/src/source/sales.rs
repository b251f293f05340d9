use chrono::{DateTime, Utc};
use glame_core::ports::SalesWindow;
use glame_core::purchases::{DocumentKey, DocumentKind, DocumentScope};
use glame_core::values::PeriodRange;

use super::OnecSource;
use crate::errors::{Fault, FaultKind};
use crate::local_time;
use crate::query::Filter;
use crate::records::document::{HEADER_SETS, OPENING_BALANCES};
use crate::records::sale_line::{PERIOD, RECORDER, SALES_BY_CARDS};
use crate::sales::{
    Finished, Line, Part, PartPlan, Plan, SalesPlace, lines_of, lines_of_documents,
    understands_types,
};
use crate::transport::Meter;
use crate::windows::{Pace, Stretch, Timeline, Window};

impl OnecSource {
    /// Reads the lines of one window of a part.
    async fn window(
        &self,
        plan: &PartPlan,
        stretch: Stretch,
        pace: &mut Pace,
        meter: &Meter,
    ) -> Result<Window<Line>, Fault> {
        let (set, zone) = (plan.set, self.base.settings().zone);
        let read = move |page: &[u8]| lines_of(set, zone, page);
        let whole = Timeline {
            base: &self.base,
            set,
            moment: PERIOD,
            filter: None,
        };
        if plan.scope != DocumentScope::OpeningBalancesOnly || !self.base.sorts_by_type() {
            return whole.first_window(stretch, pace, &read, meter).await;
        }
        let filter = Some(Filter::IsOf(RECORDER, OPENING_BALANCES));
        let narrow = Timeline {
            filter,
            ..whole.clone()
        };
        match narrow.first_window(stretch, pace, &read, meter).await {
            Ok(window) if !window.rows.is_empty() => return Ok(window),
            // No opening balances, or a base that finds nothing by type.
            Ok(window) if understands_types(&self.base, set, meter).await? => return Ok(window),
            Ok(_) => {}
            Err(fault) if fault.asks_for_simpler() => {}
            Err(fault) => return Err(fault),
        }
        tracing::warn!(
            set = set.name,
            "1C finds nothing by type; the whole register is read"
        );
        self.base.forget_type_filter();
        whole.first_window(stretch, pace, &read, meter).await
    }

    /// Reads the window after a place.
    pub(super) async fn sales_window(
        &self,
        since: Option<DateTime<Utc>>,
        after: Option<SalesPlace>,
        meter: &Meter,
    ) -> Result<SalesWindow, Fault> {
        let settings = self.base.settings();
        if after.is_none() {
            self.base.forget_published().await;
            self.base.relearn(Plan::main_set(settings.sales_register));
            self.base.relearn(&SALES_BY_CARDS);
            for set in HEADER_SETS {
                self.base.relearn(set);
            }
        }
        let published = self.base.published(meter).await?;
        let plan = Plan::new(settings.sales_register, &published, since, settings.zone);
        let mut place = after.unwrap_or_else(|| SalesPlace {
            register: settings.sales_register,
            part: plan.first_part(),
            from: None,
            pace: Pace::new(settings.page_sizes.sales),
        });
        let part = plan.part(place.part).unwrap_or_else(|| {
            // It was published when the reading began and is not any more.
            (place.part, place.from) = (Part::Lines, None);
            plan.lines()
        });
        let stretch = Stretch {
            from: place.from.or(part.stretch.from),
            to: part.stretch.to,
        };
        let window = self.window(&part, stretch, &mut place.pace, meter).await?;
        let finished = Finished::from(window.rows, part.set, part.scope, &self.base, meter).await?;

        let instant = |local| local_time::to_utc(local, settings.zone);
        let from = place.from.map(instant).or(part.from);
        let ended = window.to == part.stretch.to;
        let to = if ended {
            part.to
        } else {
            window.to.map(instant)
        };
        let range = PeriodRange::try_new(from, to).map_err(|error| {
            Fault::caused_by(
                FaultKind::Unexpected("with a period that holds nothing"),
                error,
            )
        })?;
        place.from = window.to.filter(|_| !ended);
        let next = match (ended, place.part) {
            (true, Part::Lines) => None,
            (true, Part::OpeningBalances) => Some(SalesPlace {
                part: Part::Lines,
                ..place
            }),
            (false, _) => Some(place),
        };
        Ok(SalesWindow {
            range,
            documents: part.scope,
            unreadable: finished.unreadable,
            lines: finished.lines,
            inactive: finished.inactive,
            rejected: finished.rejected,
            next: next.map(|place| place.to_cursor()),
            requests: meter.requests(),
        })
    }

    /// Reads the lines of documents, each from the register that holds it.
    pub(super) async fn lines_of(
        &self,
        documents: &[DocumentKey],
        meter: &Meter,
    ) -> Result<Finished, Fault> {
        let register = self.base.settings().sales_register;
        let (opening, others): (Vec<DocumentKey>, Vec<DocumentKey>) = documents
            .iter()
            .partition(|key| key.kind == DocumentKind::OpeningBalance);
        let mut all = Finished::default();
        for (set, scope, documents) in [
            (&SALES_BY_CARDS, DocumentScope::OpeningBalancesOnly, opening),
            (
                Plan::main_set(register),
                DocumentScope::ExceptOpeningBalances,
                others,
            ),
        ] {
            if documents.is_empty() {
                continue;
            }
            let lines = lines_of_documents(&self.base, set, &documents, meter).await?;
            let finished = Finished::from(lines, set, scope, &self.base, meter).await?;
            all.lines.extend(finished.lines);
            all.rejected.extend(finished.rejected);
        }
        Ok(all)
    }
}
