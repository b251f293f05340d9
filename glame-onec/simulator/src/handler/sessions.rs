//! Sessions that a client keeps by a cookie, as `IBSession: start` asks for.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use hyper::header::{COOKIE, HeaderName};
use uuid::Uuid;

use super::Asked;
use crate::answer::{Answer, XML};

const STALE_SESSION: &str = concat!(
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?><exception ",
    "xmlns=\"http://v8.1c.ru/8.2/virtual-resource-system\" ",
    "xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" ",
    "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"Exception\" reason=\"406\">",
    "<descr xmlns=\"http://v8.1c.ru/8.1/data/core\">Истекло время ожидания сеанса</descr></exception>",
);

const IB_SESSION: HeaderName = HeaderName::from_static("ibsession");

/// The sessions that are open.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    ids: BTreeSet<String>,
    made: u64,
}

impl Sessions {
    /// Checks the cookie of a request; gives the cookie to set, or the refusal.
    pub(super) fn enter(&self, asked: &Asked) -> Result<Option<String>, Answer> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let cookie = asked
            .header(COOKIE)
            .split(';')
            .find_map(|pair| pair.trim().strip_prefix("ibsession="));
        if let Some(id) = cookie {
            if !open.ids.contains(id) {
                return Err(stale_session());
            }
            if asked.header(IB_SESSION) == "finish" {
                open.ids.remove(id);
            }
            return Ok(None);
        }
        if asked.header(IB_SESSION) != "start" {
            return Ok(None);
        }
        open.made += 1;
        let name = format!("session/{}", open.made);
        let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()).to_string();
        let cookie = format!("ibsession={id}");
        open.ids.insert(id);
        Ok(Some(cookie))
    }

    /// Ends every session, so that the cookies out there are stale.
    pub(super) fn end_all(&self) {
        self.open
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .ids
            .clear();
    }
}

/// What the session layer says before OData hears of the request.
pub(super) fn stale_session() -> Answer {
    Answer::new(406, XML, STALE_SESSION)
}
