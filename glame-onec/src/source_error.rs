use glame_core::ports::SourceError;

use crate::errors::{Fault, FaultKind};
use crate::records::Set;
use crate::records::bonus_points::BONUS_POINTS;
use crate::records::card::CARDS;
use crate::records::counterparty::COUNTERPARTIES;
use crate::records::document::{GOODS_RETURNS, RECEIPTS, RETURN_RECEIPTS, SALE_CORRECTIONS};
use crate::records::product::{CATEGORIES, MANUFACTURERS, PRODUCTS};
use crate::records::sale_line::{SALES, SALES_BY_CARDS};
use crate::records::store::STORES;

/// Every set that is read.
pub(crate) const ALL_SETS: [&Set; 13] = [
    &CARDS,
    &COUNTERPARTIES,
    &PRODUCTS,
    &CATEGORIES,
    &STORES,
    &SALES,
    &SALES_BY_CARDS,
    &RECEIPTS,
    &RETURN_RECEIPTS,
    &GOODS_RETURNS,
    &SALE_CORRECTIONS,
    &MANUFACTURERS,
    &BONUS_POINTS,
];

/// Says in the words of the port what a fault means to its caller.
pub(crate) fn source_error(fault: Fault) -> SourceError {
    let advice = match title_of(&fault) {
        Some(title) => format!("{fault}: {title}"),
        None => fault.to_string(),
    };
    let kind = fault.kind.clone();
    let source = fault.into_source();
    match kind {
        FaultKind::Unreachable
        | FaultKind::Slow
        | FaultKind::Interrupted
        | FaultKind::Busy
        | FaultKind::Maintenance
        | FaultKind::OutOfMemory
        | FaultKind::Internal
        | FaultKind::StaleSession
        | FaultKind::Changing => SourceError::Unavailable { advice, source },
        FaultKind::TooLarge
        | FaultKind::Untrusted
        | FaultKind::DiskFull
        | FaultKind::LoginRefused
        | FaultKind::RightsRefused
        | FaultKind::NotPublished
        | FaultKind::WrongAddress
        | FaultKind::UnknownField(_)
        | FaultKind::Redirected(_) => SourceError::Refused { advice, source },
        FaultKind::NoSuchObject
        | FaultKind::OperationRefused
        | FaultKind::RequestRefused
        | FaultKind::Unexpected(_) => SourceError::Unexpected { advice, source },
    }
}

/// Gives the box to tick in 1C, where a fault is about one.
fn title_of(fault: &Fault) -> Option<&'static str> {
    let about_publication = matches!(
        fault.kind,
        FaultKind::NotPublished | FaultKind::RightsRefused | FaultKind::UnknownField(_)
    );
    let set = ALL_SETS
        .into_iter()
        .find(|set| Some(set.name) == fault.set)?;
    about_publication.then_some(set.title)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unpublished_set_names_the_box_to_tick() {
        let error = source_error(Fault::new(FaultKind::NotPublished).about(SALES.name));
        assert!(matches!(error, SourceError::Refused { .. }));
        assert!(
            error.to_string().ends_with("Регистры накопления → Продажи"),
            "{error}"
        );
    }

    #[test]
    fn only_what_passes_by_itself_is_temporary() {
        assert!(source_error(Fault::new(FaultKind::Busy)).is_temporary());
        assert!(!source_error(Fault::new(FaultKind::LoginRefused)).is_temporary());
        assert!(!source_error(Fault::new(FaultKind::Unexpected("x"))).is_temporary());
    }
}
