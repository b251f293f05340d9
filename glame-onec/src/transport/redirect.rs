use reqwest::header::LOCATION;
use reqwest::{Response, Url};

use crate::errors::{Fault, FaultKind};

/// Finds where a redirect leads; the login never leaves its origin.
pub(super) fn target(from: &Url, response: &Response) -> Result<Url, Fault> {
    let location = response
        .headers()
        .get(LOCATION)
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    within_origin(from, location.as_deref()).map_err(|kind| {
        let mut fault = Fault::new(kind);
        fault.status = Some(response.status().as_u16());
        fault
    })
}

fn within_origin(from: &Url, location: Option<&str>) -> Result<Url, FaultKind> {
    let target = location
        .and_then(|location| from.join(location).ok())
        .ok_or(FaultKind::Unexpected("with a redirect that leads nowhere"))?;
    if target.origin() == from.origin() {
        Ok(target)
    } else {
        Err(FaultKind::Redirected(target.origin().ascii_serialization()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_redirects_inside_the_origin_are_followed() {
        let from = Url::parse("https://1c.example/a/sbm/1/odata/standard.odata/X").unwrap();
        let inside = within_origin(&from, Some("/b/X")).unwrap();
        assert_eq!(inside.as_str(), "https://1c.example/b/X");
        for (location, origin) in [
            ("https://login.example/?secret=1", "https://login.example"),
            ("//evil.example/", "https://evil.example"),
            ("http://1c.example/a", "http://1c.example"),
            ("https://1c.example:8443/a", "https://1c.example:8443"),
        ] {
            let refused = within_origin(&from, Some(location)).unwrap_err();
            assert_eq!(
                refused,
                FaultKind::Redirected(origin.to_owned()),
                "{location}"
            );
        }
        assert!(within_origin(&from, None).is_err());
    }
}
