//! Pages of lists: cursors that only this server can have made.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use glame_core::access::CursorKey;
use poem_openapi::Object;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Problem, ProblemCode};

/// Where a list goes on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Object)]
#[oai(skip_serializing_if_is_none)]
pub struct Page {
    /// Whether there is more.
    pub has_more: bool,
    /// What to send as `cursor` for the next page; absent on the last one.
    pub next: Option<String>,
}

/// Makes cursors and reads them again.
///
/// A cursor is the place in JSON with a keyed hash over it and the name of the list, so that nobody
/// can make one up, nor use one of another list or another customer.
#[derive(Debug, Clone)]
pub struct Cursors {
    key: CursorKey,
}

impl Cursors {
    /// Makes cursors under the secret of the server, so that all replicas read them.
    #[must_use]
    pub const fn new(key: CursorKey) -> Self {
        Self { key }
    }

    /// Tells where a list goes on; `list` names it with everything that it was asked for.
    #[must_use]
    pub fn page<P: Serialize>(&self, list: &str, next: Option<&P>) -> Page {
        let next = next.and_then(|place| {
            let place = serde_json::to_vec(place).ok()?;
            let mut bytes = self.key.tag(list.as_bytes(), &place).to_vec();
            bytes.extend_from_slice(&place);
            Some(URL_SAFE_NO_PAD.encode(bytes))
        });
        Page {
            has_more: next.is_some(),
            next,
        }
    }

    /// Reads the cursor of a list.
    ///
    /// # Errors
    /// [`ProblemCode::CursorInvalid`] if it was not made here for just this list.
    pub fn place<P: DeserializeOwned>(
        &self,
        list: &str,
        cursor: Option<&str>,
    ) -> Result<Option<P>, Problem> {
        let Some(cursor) = cursor else {
            return Ok(None);
        };
        let place = || -> Option<P> {
            let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
            let (tag, place) = bytes.split_first_chunk()?;
            self.key
                .verifies(list.as_bytes(), place, tag)
                .then(|| serde_json::from_slice(place).ok())?
        };
        place().map(Some).ok_or_else(|| {
            Problem::of_field(
                ProblemCode::CursorInvalid,
                "cursor",
                "take page.next of the page before, with the same filters and order",
            )
        })
    }
}

/// Cuts the row behind a page off, which was asked for to know whether there is more, and gives the
/// place where the list goes on then.
pub fn cut<R, P>(mut rows: Vec<R>, limit: u32, place: impl FnOnce(&R) -> P) -> (Vec<R>, Option<P>) {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    if rows.len() <= limit {
        return (rows, None);
    }
    rows.truncate(limit);
    let next = rows.last().map(place);
    (rows, next)
}

#[cfg(test)]
mod tests {
    use glame_core::access::ServerSecret;

    use super::*;

    fn cursors(n: u8) -> Cursors {
        let text = format!("a-secret-for-tests-only-number-{n}");
        Cursors::new(CursorKey::new(ServerSecret::parse(&text).unwrap()))
    }

    #[test]
    fn a_cursor_leads_back_to_its_place_and_to_no_other_list() {
        let page = cursors(1).page("customers?sort=name", Some(&("Анна", 7)));
        assert!(page.has_more);
        let cursor = page.next.as_deref();
        let place = |cursors: &Cursors, list: &str, cursor: Option<&str>| {
            cursors.place::<(String, u32)>(list, cursor)
        };
        let ours = cursors(1);
        assert_eq!(
            place(&ours, "customers?sort=name", cursor),
            Ok(Some(("Анна".to_owned(), 7)))
        );
        assert!(place(&ours, "customers?sort=spent", cursor).is_err());
        assert!(place(&cursors(2), "customers?sort=name", cursor).is_err());
        for forged in ["", "x", "AAAA", "=%", &cursor.unwrap()[..20]] {
            assert!(place(&ours, "customers?sort=name", Some(forged)).is_err());
        }
        assert_eq!(place(&ours, "customers?sort=name", None), Ok(None));
    }

    #[test]
    fn the_last_page_has_no_cursor() {
        assert_eq!(cursors(1).page::<u8>("list", None), Page::default());
    }

    #[test]
    fn a_page_goes_on_only_where_a_row_is_left() {
        let place = |row: &i32| *row;
        assert_eq!(cut(vec![1, 2, 3], 2, place), (vec![1, 2], Some(2)));
        assert_eq!(cut(vec![1, 2], 2, place), (vec![1, 2], None));
        assert_eq!(cut(vec![], 2, place), (vec![], None));
    }
}
