use reqwest::RequestBuilder;
use reqwest::header::{COOKIE, HeaderMap, HeaderValue, SET_COOKIE};

use crate::errors::FaultKind;

/// The header by which a client asks for a session of its own.
pub(super) const HEADER: &str = "IBSession";

/// The 1C session that calls share, if they do.
#[derive(Debug)]
pub(super) enum Session {
    /// Calls share none.
    Off,
    /// The next call asks for one.
    Wanted,
    /// Calls send this cookie.
    Started(HeaderValue),
}

impl Session {
    /// Adds what the session needs.
    pub(super) fn on_request(&self, request: RequestBuilder) -> RequestBuilder {
        match self {
            Self::Off => request,
            Self::Wanted => request.header(HEADER, "start"),
            Self::Started(cookie) => request.header(COOKIE, cookie.clone()),
        }
    }

    /// Keeps the cookie, if the base gave one; a base that gives none works without.
    pub(super) fn on_response(&mut self, headers: &HeaderMap) {
        if matches!(self, Self::Off) {
            return;
        }
        if let Some(cookie) = headers.get_all(SET_COOKIE).iter().find_map(session_cookie) {
            *self = Self::Started(cookie);
        }
    }

    /// Tells whether a fault may come from a cookie that is no longer known.
    pub(super) fn may_be_stale(&self, fault: &FaultKind) -> bool {
        matches!(self, Self::Started(_))
            && matches!(
                fault,
                FaultKind::StaleSession
                    | FaultKind::Busy
                    | FaultKind::RequestRefused
                    | FaultKind::WrongAddress
            )
    }
}

fn session_cookie(header: &HeaderValue) -> Option<HeaderValue> {
    let pair = header.to_str().ok()?.split(';').next()?.trim();
    let (name, value) = pair.split_once('=')?;
    if !name.eq_ignore_ascii_case("ibsession") || value.is_empty() {
        return None;
    }
    let mut cookie = HeaderValue::from_str(pair).ok()?;
    cookie.set_sensitive(true);
    Some(cookie)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_session_cookie_is_kept_and_others_are_not() {
        let mut headers = HeaderMap::new();
        headers.append(
            SET_COOKIE,
            HeaderValue::from_static("vrs_session=1; path=/"),
        );
        let mut session = Session::Wanted;
        session.on_response(&headers);
        assert!(matches!(session, Session::Wanted));
        headers.append(
            SET_COOKIE,
            HeaderValue::from_static("ibsession=5f; path=/; HttpOnly"),
        );
        session.on_response(&headers);
        assert!(
            matches!(&session, Session::Started(cookie) if cookie.as_bytes() == b"ibsession=5f")
        );
        assert!(session.may_be_stale(&FaultKind::StaleSession));
        assert!(!Session::Off.may_be_stale(&FaultKind::StaleSession));
    }

    #[test]
    fn a_session_that_was_not_asked_for_is_not_kept() {
        let mut headers = HeaderMap::new();
        headers.append(SET_COOKIE, HeaderValue::from_static("ibsession=5f"));
        let mut session = Session::Off;
        session.on_response(&headers);
        assert!(matches!(session, Session::Off));
    }
}
