use std::sync::Arc;

use super::{Check, Examination, RecorderKeyShape, advice_on, tick, tick_all};
use crate::metadata::{EntityType, Metadata, PublishedSets};
use crate::query::service_document_url;
use crate::records::Set;
use crate::records::card::CARDS;
use crate::records::counterparty::COUNTERPARTIES;
use crate::records::document::{DOCUMENT_TYPES, OPENING_BALANCES, RECEIPTS};
use crate::records::product::{CATEGORIES, PRODUCTS};
use crate::records::sale_line::{RECORDER, SALES_BY_CARDS};
use crate::records::store::STORES;
use crate::source_error::ALL_SETS;
use crate::transport::Expected;

impl Examination<'_> {
    /// Asks for the list of published sets, which proves address and login too.
    pub(super) async fn check_reachability(&mut self) -> Option<Arc<PublishedSets>> {
        let base = self.source.base();
        base.forget_published().await;
        let url = service_document_url(base.root());
        let first = base
            .call(
                url,
                "service document",
                Expected::ServiceDocument,
                &self.meter,
            )
            .await;
        let published = match first {
            Ok(answer) => {
                let millis = u64::try_from(answer.first_byte.as_millis()).unwrap_or(u64::MAX);
                self.capabilities.first_byte_ms = Some(millis);
                self.capabilities.server = answer.server;
                base.published(&self.meter).await
            }
            Err(fault) => Err(fault),
        };
        match published {
            Ok(published) => {
                let message = format!("the service answers and publishes {} sets", published.len());
                self.found(Check::Reachability, None, message);
                Some(published)
            }
            Err(fault) => {
                self.fail(
                    Check::Reachability,
                    None,
                    fault.to_string(),
                    advice_on(&fault),
                );
                None
            }
        }
    }

    /// Checks that all needed sets are published, and those that add to them.
    pub(super) fn check_publication(&mut self, published: &PublishedSets) {
        for set in [&CARDS, &COUNTERPARTIES, self.main_set()] {
            if published.contains(set.name) {
                self.found(Check::Publication, Some(set.name), "published");
            } else {
                let message = "not published, and nothing can be read without it";
                let advice = tick(set.title, set.meaning);
                self.fail(Check::Publication, Some(set.name), message, advice);
            }
        }
        for set in [self.other_set(), &PRODUCTS, &CATEGORIES, &STORES] {
            if published.contains(set.name) {
                self.found(Check::Publication, Some(set.name), "published");
            } else {
                let message = format!("not published: {} will be missing", set.meaning);
                let advice = tick(set.title, set.meaning);
                self.warn(Check::Publication, Some(set.name), message, advice);
            }
        }
        self.check_documents(published);
        self.capabilities.receipts_published = published.contains(RECEIPTS.name);
        self.capabilities.opening_balances_published =
            published.contains(SALES_BY_CARDS.name) && published.contains(OPENING_BALANCES);
    }

    /// Checks that lines can be told apart by the documents that wrote them.
    fn check_documents(&mut self, published: &PublishedSets) {
        let missing: Vec<String> = DOCUMENT_TYPES
            .iter()
            .filter(|document| !published.contains(document.name))
            .map(|document| format!("«{}»", document.title))
            .collect();
        if missing.is_empty() {
            self.found(
                Check::Publication,
                None,
                "all documents that write sales are published",
            );
            return;
        }
        let message = format!(
            "{} kinds of documents that write sales are not published: their lines, if there are \
             any, will be set aside",
            missing.len()
        );
        let advice = tick_all("Документы", &missing, "documents that write sales");
        self.warn(Check::Publication, None, message, advice);
    }

    /// Compares the fields of the published sets with those that are read.
    pub(super) async fn check_fields(&mut self, published: &PublishedSets) {
        let names: Vec<&str> = ALL_SETS.iter().map(|set| set.name).collect();
        let metadata = match self.metadata().await {
            Ok(document) => Metadata::read(&document, &names),
            Err(fault) => Err(fault),
        };
        let metadata = match metadata {
            Ok(metadata) => metadata,
            Err(fault) => {
                self.warn(Check::Fields, None, fault.to_string(), advice_on(&fault));
                return;
            }
        };
        for set in ALL_SETS {
            if let Some(entity) = metadata
                .entity(set.name)
                .filter(|_| published.contains(set.name) && self.reads(set))
            {
                self.compare_fields(set, entity);
            }
        }
        if let Some(register) = metadata.entity(self.main_set().name) {
            let shape = if register.properties.contains_key(RECORDER) {
                RecorderKeyShape::Composite
            } else {
                RecorderKeyShape::SingleType
            };
            self.capabilities.recorder_key_shape = Some(shape);
        }
    }

    fn compare_fields(&mut self, set: &'static Set, entity: &EntityType) {
        let missing = |fields: &[&'static str]| {
            let absent = |field: &&&str| {
                let name = field.split('/').next().unwrap_or(field);
                !entity.properties.contains_key(name)
            };
            fields
                .iter()
                .filter(absent)
                .copied()
                .collect::<Vec<_>>()
                .join(", ")
        };
        let wrong_type = set.required.iter().chain(set.optional).find(|field| {
            let kind = entity.properties.get(**field);
            field.ends_with("_Key") && kind.is_some_and(|kind| kind != "Edm.Guid")
        });
        let (required, optional) = (missing(set.required), missing(set.optional));
        if !required.is_empty() {
            let message = format!("the base has no {required}");
            let advice = "this configuration names its fields otherwise: report its version, for a \
                          mapping is needed";
            self.fail(Check::Fields, Some(set.name), message, advice.to_owned());
        } else if let Some(field) = wrong_type {
            let message = format!("{field} is no reference of one type");
            let advice = "report the version of the configuration, for a mapping is needed";
            self.fail(Check::Fields, Some(set.name), message, advice.to_owned());
        } else if !optional.is_empty() {
            let message = format!("the base has no {optional}; it is read without");
            self.found(Check::Fields, Some(set.name), message);
        } else {
            self.found(Check::Fields, Some(set.name), "all fields are there");
        }
    }
}
