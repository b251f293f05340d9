use glame_core::purchases::{DocumentKind, DocumentScope};
use uuid::Uuid;

/// Gives the first key of a page, which begins behind `after`; none if nothing can follow.
pub(crate) fn first_after(after: Option<&Uuid>) -> Option<Uuid> {
    match after {
        None => Some(Uuid::nil()),
        Some(after) => after.as_u128().checked_add(1).map(Uuid::from_u128),
    }
}

/// Gives the codes of the kinds of documents that a scope holds.
pub(crate) fn kinds_of(scope: DocumentScope) -> Vec<i16> {
    (1..)
        .map_while(|code| Some((code, DocumentKind::from_code(code)?)))
        .filter(|(_, kind)| scope.holds(*kind))
        .map(|(code, _)| code)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_begins_with_the_very_next_key() {
        let seven = Uuid::from_u128(7);
        assert_eq!(first_after(None), Some(Uuid::nil()));
        assert_eq!(first_after(Some(&seven)), Some(Uuid::from_u128(8)));
        assert_eq!(first_after(Some(&Uuid::max())), None);
    }

    #[test]
    fn the_scopes_divide_the_kinds() {
        let opening = DocumentKind::OpeningBalance.code();
        let all = kinds_of(DocumentScope::All);
        assert_eq!(kinds_of(DocumentScope::OpeningBalancesOnly), [opening]);
        assert!(all.contains(&DocumentKind::Other.code()));
        assert!(!kinds_of(DocumentScope::ExceptOpeningBalances).contains(&opening));
        assert_eq!(
            kinds_of(DocumentScope::ExceptOpeningBalances).len() + 1,
            all.len()
        );
    }
}
