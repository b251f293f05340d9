//! A base as its readers see it: pages of sets, with what was learnt about it on the way.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use chrono::NaiveDateTime;
use reqwest::Url;

use crate::errors::{Fault, FaultKind};
use crate::local_time;
use crate::metadata::{PublishedSets, published_sets};
use crate::query::{Filter, Query, service_document_url};
use crate::records::Set;
use crate::settings::{CheckedSettings, OnecSettings, SettingsError};
use crate::transport::{Answer, Call, Expected, Meter, OnSlowness, Transport};

/// One base with its settings.
#[derive(Debug)]
pub(crate) struct Base {
    transport: Transport,
    settings: OnecSettings,
    learnt: Mutex<Learnt>,
    published: tokio::sync::Mutex<Option<Arc<PublishedSets>>>,
}

/// What a base has refused so far, so that it is not asked again.
#[derive(Debug, Default)]
struct Learnt {
    /// The fields that can be asked of a set, where some could not.
    fields: HashMap<SetKey, Vec<&'static str>>,
    /// How many orders of a set were refused.
    orders: HashMap<&'static str, usize>,
    /// Whether lines of a set can be asked for by their document.
    document_filters: HashMap<&'static str, bool>,
    /// The sets that cannot be asked for a stretch of time.
    filters_refused: HashSet<&'static str>,
    /// Whether rows cannot be asked for by the type of their document.
    type_filter_refused: bool,
}

type SetKey = (&'static str, &'static [&'static str]);

/// A page that is wanted.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub(crate) set: &'static Set,
    pub(crate) filter: Option<Filter>,
    /// Whether rows must follow one another in the order of the set.
    pub(crate) order: Order,
    pub(crate) top: Option<u32>,
    pub(crate) skip: u64,
}

/// Whether the order of rows matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// It does: the best order that the base accepts is asked for.
    Best,
    /// All matching rows come at once, so it does not.
    Any,
}

/// A page that came.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) body: Bytes,
    /// Whether the base accepted an order.
    pub(crate) ordered: bool,
}

impl Base {
    pub(crate) fn new(settings: CheckedSettings) -> Result<Self, SettingsError> {
        Ok(Self {
            transport: Transport::new(&settings)?,
            settings: settings.given,
            learnt: Mutex::default(),
            published: tokio::sync::Mutex::default(),
        })
    }

    pub(crate) const fn settings(&self) -> &OnecSettings {
        &self.settings
    }

    pub(crate) fn root(&self) -> &Url {
        self.transport.root()
    }

    /// Ends the session at 1C, if one is shared.
    pub(crate) async fn finish_session(&self) {
        self.transport.finish_session().await;
    }

    /// Gives the local time of the base as its last answer showed it.
    pub(crate) fn now(&self) -> Option<NaiveDateTime> {
        let server_time = self.transport.server_time()?;
        Some(local_time::to_local(
            server_time.and_utc(),
            self.settings.zone,
        ))
    }

    /// Makes a call that is no page.
    pub(crate) async fn call(
        &self,
        url: Url,
        name: &'static str,
        expected: Expected,
        meter: &Meter,
    ) -> Result<Answer, Fault> {
        let call = Call {
            url,
            set: name,
            expected,
            on_slowness: OnSlowness::Repeat,
        };
        self.transport.fetch(&call, meter).await
    }

    /// Reads a virtual table; fails soon, for there is another way to what it tells.
    pub(crate) async fn virtual_table(
        &self,
        url: Url,
        set: &'static Set,
        meter: &Meter,
    ) -> Result<Bytes, Fault> {
        let call = Call {
            url,
            set: set.name,
            expected: Expected::Collection,
            on_slowness: OnSlowness::Fail,
        };
        Ok(self.transport.fetch(&call, meter).await?.body)
    }

    /// Reads a page, without the fields and the order that the base does not accept.
    pub(crate) async fn page(&self, wanted: &Wanted, meter: &Meter) -> Result<Page, Fault> {
        let refused_before = self.refused_orders(wanted.set);
        let on_slowness = match wanted.top {
            Some(_) => OnSlowness::Fail,
            // Rows by key are few: the answer cannot be made smaller.
            None => OnSlowness::Repeat,
        };
        loop {
            let order = self.order_of(wanted);
            let call = Call {
                url: self.query(wanted).order_by(order).url(self.root()),
                set: wanted.set.name,
                expected: Expected::Collection,
                on_slowness,
            };
            let fault = match self.transport.fetch(&call, meter).await {
                Ok(answer) => {
                    return Ok(Page {
                        body: answer.body,
                        ordered: !order.is_empty(),
                    });
                }
                Err(fault) => fault,
            };
            let simpler = if let FaultKind::UnknownField(Some(field)) = &fault.kind {
                self.forget_field(wanted.set, field)
            } else if fault.asks_for_simpler() && self.forget_columns(wanted.set) {
                true
            } else if fault.asks_for_simpler() && !order.is_empty() {
                self.forget_order(wanted.set, order);
                true
            } else {
                false
            };
            if !simpler {
                // What was refused without any order was not refused for its order.
                self.learn_orders(wanted.set, refused_before);
                return Err(self.without_foreign_names(wanted.set, fault));
            }
        }
    }

    /// Keeps the name of a field only if it was ours to ask for: 1C's text could hold anything.
    fn without_foreign_names(&self, set: &'static Set, mut fault: Fault) -> Fault {
        if let FaultKind::UnknownField(Some(name)) = &fault.kind {
            let fields = self.fields_of(set);
            let ours = fields
                .iter()
                .flat_map(|field| field.split('/'))
                .any(|part| part == name);
            if !ours {
                fault.kind = FaultKind::UnknownField(None);
            }
        }
        fault
    }

    /// Splits alternatives into pages whose addresses stay short.
    pub(crate) fn any_of(&self, wanted: &Wanted, branches: Vec<Filter>) -> Vec<Wanted> {
        self.query(wanted)
            .any_of(self.root(), branches)
            .into_iter()
            .map(|query| Wanted {
                filter: query.into_filter(),
                ..wanted.clone()
            })
            .collect()
    }

    /// Gives the published sets; asked once until somebody forgets them.
    pub(crate) async fn published(&self, meter: &Meter) -> Result<Arc<PublishedSets>, Fault> {
        let mut known = self.published.lock().await;
        if let Some(sets) = &*known {
            return Ok(Arc::clone(sets));
        }
        let url = service_document_url(self.root());
        let answer = self
            .call(url, "service document", Expected::ServiceDocument, meter)
            .await?;
        let sets = Arc::new(published_sets(&answer.body)?);
        *known = Some(Arc::clone(&sets));
        Ok(sets)
    }

    /// Asks again what is published when that is next needed: somebody may have ticked a box.
    pub(crate) async fn forget_published(&self) {
        *self.published.lock().await = None;
    }

    /// Gives the fields of a set that the base is known or believed to have.
    pub(crate) fn fields_of(&self, set: &'static Set) -> Vec<&'static str> {
        let learnt = self.learnt();
        learnt
            .fields
            .get(&(set.name, set.required))
            .cloned()
            .unwrap_or_else(|| all_fields(set))
    }

    fn query(&self, wanted: &Wanted) -> Query {
        Query::new(wanted.set.name, &self.fields_of(wanted.set))
            .filter(wanted.filter.clone())
            .top(wanted.top)
            .skip(wanted.skip)
            .hidden_rows(self.settings.hidden_rows)
    }

    fn order_of(&self, wanted: &Wanted) -> &'static [&'static str] {
        match wanted.order {
            Order::Any => &[],
            Order::Best => {
                let refused = self.refused_orders(wanted.set);
                wanted.set.orders.get(refused).copied().unwrap_or_default()
            }
        }
    }

    fn forget_order(&self, set: &'static Set, refused: &'static [&'static str]) {
        let next = set
            .orders
            .iter()
            .position(|order| *order == refused)
            .map_or(0, |at| at + 1);
        tracing::warn!(
            set = set.name,
            order = refused.join(","),
            "1C refuses an order"
        );
        self.learn_orders(set, next);
    }

    fn refused_orders(&self, set: &Set) -> usize {
        self.learnt()
            .orders
            .get(set.name)
            .copied()
            .unwrap_or_default()
    }

    fn learn_orders(&self, set: &Set, refused: usize) {
        self.learnt().orders.insert(set.name, refused);
    }

    fn learnt(&self) -> MutexGuard<'_, Learnt> {
        self.learnt.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells whether a set has refused to be asked for a stretch of time.
    pub(crate) fn filters_refused(&self, set: &Set) -> bool {
        self.learnt().filters_refused.contains(set.name)
    }

    /// Learns that it has.
    pub(crate) fn learn_refused_filters(&self, set: &'static Set) {
        tracing::warn!(
            set = set.name,
            "1C refuses to filter; the whole set is read"
        );
        self.learnt().filters_refused.insert(set.name);
    }

    /// Tells whether rows of a register can be asked for by the type of their document.
    pub(crate) fn sorts_by_type(&self) -> bool {
        !self.learnt().type_filter_refused
    }

    /// Learns that they cannot.
    pub(crate) fn forget_type_filter(&self) {
        self.learnt().type_filter_refused = true;
    }

    /// Forgets what a set has refused: a new reading asks for everything again.
    pub(crate) fn relearn(&self, set: &'static Set) {
        let mut learnt = self.learnt();
        learnt.fields.remove(&(set.name, set.required));
        learnt.orders.remove(set.name);
        learnt.document_filters.remove(set.name);
        learnt.filters_refused.remove(set.name);
        learnt.type_filter_refused = false;
    }

    /// Asks for whole tables from now on instead of some of their columns.
    fn forget_columns(&self, set: &'static Set) -> bool {
        let mut fields = self.fields_of(set);
        let column = fields
            .iter()
            .find_map(|field| field.split_once('/').map(|(_, name)| name));
        let Some(column) = column.filter(|column| leave_out(&mut fields, set, column)) else {
            return false;
        };
        tracing::warn!(set = set.name, column, "1C refuses columns of a table");
        self.learnt()
            .fields
            .insert((set.name, set.required), fields);
        true
    }

    /// Tells whether lines can be asked for by their document, once that was found out.
    pub(crate) fn document_filter(&self, set: &Set) -> Option<bool> {
        self.learnt().document_filters.get(set.name).copied()
    }

    /// Learns whether they can.
    pub(crate) fn learn_document_filter(&self, set: &'static Set, understood: bool) {
        if !understood {
            tracing::warn!(
                set = set.name,
                "1C finds no lines by their document; one by one then"
            );
        }
        self.learnt().document_filters.insert(set.name, understood);
    }

    /// Leaves a field out from now on, if rows can be understood without it.
    fn forget_field(&self, set: &'static Set, missing: &str) -> bool {
        let mut fields = self.fields_of(set);
        if !leave_out(&mut fields, set, missing) {
            return false;
        }
        tracing::warn!(
            set = set.name,
            field = missing,
            "the base has no such field"
        );
        self.learnt()
            .fields
            .insert((set.name, set.required), fields);
        true
    }
}

fn all_fields(set: &'static Set) -> Vec<&'static str> {
    set.required.iter().chain(set.optional).copied().collect()
}

/// Takes a field out of a selection; of a table it asks for all columns instead of some.
fn leave_out(fields: &mut Vec<&'static str>, set: &Set, missing: &str) -> bool {
    if set.required.contains(&missing) {
        return false;
    }
    let before = fields.len();
    fields.retain(|field| *field != missing && table_of(field) != Some(missing));
    if fields.len() < before {
        return true;
    }
    let is_column = |field: &&str| {
        field
            .split_once('/')
            .is_some_and(|(_, column)| column == missing)
    };
    let Some(table) = fields
        .iter()
        .find(|field| is_column(field))
        .and_then(|field| table_of(field))
    else {
        return false;
    };
    fields.retain(|field| table_of(field) != Some(table));
    fields.push(table);
    true
}

fn table_of(field: &str) -> Option<&str> {
    field.split_once('/').map(|(table, _)| table)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::counterparty::COUNTERPARTIES;

    #[test]
    fn an_optional_field_is_left_out_and_a_required_one_is_not() {
        let mut fields = all_fields(&COUNTERPARTIES);
        assert!(leave_out(&mut fields, &COUNTERPARTIES, "Пол"));
        assert!(!fields.contains(&"Пол"));
        assert!(!leave_out(&mut fields, &COUNTERPARTIES, "Пол"), "only once");
        assert!(!leave_out(&mut fields, &COUNTERPARTIES, "Ref_Key"));
        assert!(!leave_out(&mut fields, &COUNTERPARTIES, "Чужое"));
    }

    #[test]
    fn a_table_is_asked_for_as_a_whole_before_it_is_left_out() {
        let mut fields = all_fields(&COUNTERPARTIES);
        assert!(leave_out(&mut fields, &COUNTERPARTIES, "Город"));
        assert!(fields.contains(&"КонтактнаяИнформация"));
        assert!(!fields.iter().any(|field| field.contains('/')));
        assert!(leave_out(
            &mut fields,
            &COUNTERPARTIES,
            "КонтактнаяИнформация"
        ));
        assert!(!fields.contains(&"КонтактнаяИнформация"));
    }
}
