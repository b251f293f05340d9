use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};
use serde::Deserialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::{Check, Examination, advice_on};
use crate::errors::{Fault, FaultKind};
use crate::metadata::PublishedSets;
use crate::page::for_each_row;
use crate::query::{Comparison, Filter, Query};
use crate::records::card::CARDS;
use crate::records::document::{OPENING_BALANCES, TypeName, type_name, types_of};
use crate::records::sale_line::{PERIOD, RECORDER, SALES_BY_CARDS, SaleLineRow};
use crate::records::store::STORES;
use crate::records::{KeyRecord, Set};
use crate::transport::Expected;

/// A line that can be asked for again.
struct Sample {
    recorder: Uuid,
    type_name: &'static str,
}

impl Examination<'_> {
    /// Asks for one row with the fields that a reading asks for.
    pub(super) async fn check_rights(&mut self, set: &'static Set) {
        let fields = self.source.base().fields_of(set);
        let query = Query::new(set.name, &fields).top(Some(1));
        match self.ask(query, set).await {
            Ok(_) => self.found(Check::Rights, Some(set.name), "the user may read it"),
            Err(fault) => {
                let (message, advice) = (fault.to_string(), advice_on(&fault));
                if matches!(&fault.kind, FaultKind::UnknownField(Some(field))
                    if !set.required.contains(&field.as_str()))
                {
                    // A reading leaves such a field out by itself.
                    self.warn(Check::Fields, Some(set.name), message, advice);
                } else {
                    self.fail(Check::Rights, Some(set.name), message, advice);
                }
            }
        }
    }

    /// Finds out which filters and orders the base understands.
    pub(super) async fn check_language(&mut self) {
        let sample = self.check_encoding().await;
        self.check_zone().await;
        self.check_order().await;
        self.check_type_filter().await;
        if let Some(sample) = sample {
            self.check_document_filter(&sample).await;
        }
    }

    async fn check_encoding(&mut self) -> Option<Sample> {
        let set = self.main_set();
        let filter = Filter::all([
            Filter::moment(PERIOD, Comparison::AtLeast, year(2000)),
            Filter::moment(PERIOD, Comparison::Before, year(2100)),
            Filter::flag("Active", true),
        ]);
        let query = Query::new(set.name, &self.source.base().fields_of(set));
        match self.ask(query.filter(filter).top(Some(1)), set).await {
            Ok(page) => {
                self.found(Check::Encoding, Some(set.name), "periods are understood");
                self.look_at_line(&page)
            }
            Err(fault) => {
                self.fail(
                    Check::Encoding,
                    Some(set.name),
                    fault.to_string(),
                    advice_on(&fault),
                );
                None
            }
        }
    }

    /// Learns from one line how the base writes lines.
    fn look_at_line(&mut self, page: &[u8]) -> Option<Sample> {
        #[derive(Deserialize)]
        struct Numbered<'a> {
            #[serde(rename = "LineNumber", borrow)]
            number: &'a RawValue,
        }
        let _ = for_each_row::<Numbered<'_>>(page, |row| {
            self.capabilities.int64_as_string =
                row.ok().map(|row| row.number.get().starts_with('"'));
        });
        let mut sample = None;
        let _ = for_each_row::<SaleLineRow<'_>>(page, |row| {
            let Ok(row) = row else { return };
            let kind = type_name(row.recorder_type.as_deref().unwrap_or_default());
            let recorder = row
                .recorder
                .as_deref()
                .and_then(|text| Uuid::try_parse(text).ok());
            if let (TypeName::Document(kind), Some(recorder)) = (kind, recorder) {
                sample = types_of(kind).next().map(|type_name| Sample {
                    recorder,
                    type_name,
                });
            }
        });
        sample
    }

    /// Looks for sales of the coming hours: the base lies further east than the settings say.
    async fn check_zone(&mut self) {
        let (set, base) = (self.main_set(), self.source.base());
        let Some(now) = base.now() else { return };
        let filter = Filter::all([
            Filter::moment(PERIOD, Comparison::AtLeast, now + TimeDelta::minutes(10)),
            Filter::moment(PERIOD, Comparison::Before, now + TimeDelta::hours(12)),
        ]);
        let query = Query::new(set.name, set.required)
            .filter(filter)
            .top(Some(1));
        // A base that refuses the question has been told of by the check before.
        let Ok(page) = self.ask(query, set).await else {
            return;
        };
        let rows = for_each_row::<KeyRecord<'_>>(&page, |_| {}).unwrap_or_default();
        let zone = base.settings().zone;
        if rows == 0 {
            self.found(
                Check::Zone,
                Some(set.name),
                format!("no sale is ahead of the time in {zone}"),
            );
        } else {
            let message = format!("sales are dated up to twelve hours ahead of the time in {zone}");
            let advice = "compare a fresh receipt with the till slip, and set zone to the time zone \
                          of the base («Часовой пояс» in «Администрирование»)";
            self.warn(Check::Zone, Some(set.name), message, advice.to_owned());
        }
    }

    async fn check_order(&mut self) {
        let set = self.main_set();
        let order = set.orders.first().copied().unwrap_or_default();
        let query = Query::new(set.name, set.required)
            .order_by(order)
            .top(Some(2));
        let outcome = self.ask(query, set).await;
        self.capabilities.orderby_composite_ok = accepted(outcome.as_ref());
        match outcome {
            Ok(_) => self.found(
                Check::Order,
                Some(set.name),
                "the complete key is accepted as order",
            ),
            Err(fault) => self.warn(
                Check::Order,
                Some(set.name),
                fault.to_string(),
                "nothing to do: windows are narrowed instead, which takes more requests".to_owned(),
            ),
        }
    }

    async fn check_type_filter(&mut self) {
        if !self.capabilities.opening_balances_published {
            return;
        }
        let set = &SALES_BY_CARDS;
        let filter = Some(Filter::IsOf(RECORDER, OPENING_BALANCES));
        let query = Query::new(set.name, set.required)
            .filter(filter)
            .top(Some(1));
        let outcome = self.ask(query, set).await;
        self.capabilities.type_filter_ok = accepted(outcome.as_ref());
        match outcome {
            Ok(_) => self.found(Check::TypeFilter, Some(set.name), "isof is understood"),
            Err(fault) => self.warn(
                Check::TypeFilter,
                Some(set.name),
                fault.to_string(),
                "nothing to do: opening balances are looked for in the whole register".to_owned(),
            ),
        }
    }

    async fn check_document_filter(&mut self, sample: &Sample) {
        let set = self.main_set();
        let filter = Some(Filter::composite(
            RECORDER,
            sample.recorder,
            sample.type_name,
        ));
        let query = Query::new(set.name, set.required)
            .filter(filter)
            .top(Some(1));
        let found = match self.ask(query, set).await {
            Ok(page) => for_each_row::<KeyRecord<'_>>(&page, |_| {}).map(|rows| rows > 0),
            Err(fault) => Err(fault),
        };
        self.capabilities.document_filter_ok = Some(matches!(found, Ok(true)));
        match found {
            Ok(true) => self.found(Check::DocumentFilter, Some(set.name), "cast is understood"),
            Ok(false) => self.warn(
                Check::DocumentFilter,
                Some(set.name),
                "a document that has lines is not found by cast",
                "moved documents cannot be followed: read the whole register from time to time"
                    .to_owned(),
            ),
            Err(fault) => {
                self.warn(
                    Check::DocumentFilter,
                    Some(set.name),
                    fault.to_string(),
                    advice_on(&fault),
                );
            }
        }
    }

    /// Finds out how rows can be counted.
    pub(super) async fn check_counting(&mut self, published: &PublishedSets) {
        let base = self.source.base();
        if published.contains(CARDS.name) {
            let url = Query::new(CARDS.name, CARDS.required).count_url(base.root());
            let outcome = base
                .call(url, CARDS.name, Expected::Count, &self.meter)
                .await;
            self.capabilities.count_supported = Some(outcome.is_ok());
            let message =
                match outcome.map(|answer| String::from_utf8_lossy(&answer.body).into_owned()) {
                    Ok(count) => format!("the base holds {} discount cards", count.trim()),
                    Err(_) => "the base does not count; nothing needs it".to_owned(),
                };
            self.found(Check::Count, Some(CARDS.name), message);
        }
        if published.contains(STORES.name) {
            let query = Query::new(STORES.name, STORES.required)
                .top(Some(1))
                .with_inline_count();
            if let Ok(page) = self.ask(query, &STORES).await {
                let rows = for_each_row::<KeyRecord<'_>>(&page, |_| {}).unwrap_or_default();
                let decisive = counted(&page).is_some_and(|count| count > 1);
                self.capabilities.inlinecount_ignores_top = decisive.then_some(rows > 1);
            }
        }
    }
}

/// Reads the number of all rows beside those of a page.
fn counted(page: &[u8]) -> Option<u64> {
    #[derive(Deserialize)]
    struct Counted<'a> {
        #[serde(rename = "odata.count", borrow)]
        count: Option<crate::numbers::NumberText<'a>>,
    }
    let counted: Counted<'_> = serde_json::from_slice(page).ok()?;
    counted.count.and_then(|count| count.text().parse().ok())
}

/// Tells whether a request was accepted or refused; a broken connection says neither.
fn accepted<T>(outcome: Result<&T, &Fault>) -> Option<bool> {
    match outcome {
        Ok(_) => Some(true),
        Err(fault) => fault.asks_for_simpler().then_some(false),
    }
}

fn year(year: i32) -> NaiveDateTime {
    NaiveDate::from_yo_opt(year, 1)
        .unwrap_or_default()
        .and_time(NaiveTime::MIN)
}
