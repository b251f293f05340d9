use std::time::Duration;

use reqwest::Url;
use reqwest::header::HeaderValue;

use super::SettingsError;

const FIELD: &str = "base_url";
const SERVICE: [&str; 2] = ["odata", "standard.odata"];

/// Turns the address that a person copies into the root of the OData service, with a final slash.
///
/// Strips the interface language that the browser shows (`/ru/`), adds the service path if it
/// is missing, drops the query and the fragment.
pub(super) fn service_root(address: &str) -> Result<Url, SettingsError> {
    let mut url = Url::parse(address.trim()).map_err(|_| {
        SettingsError::new(
            FIELD,
            "is not an address such as https://1cfresh.com/a/sbm/1",
        )
    })?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(SettingsError::new(
            FIELD,
            "must begin with https:// or http://",
        ));
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err(SettingsError::new(FIELD, "names no host"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(SettingsError::new(
            FIELD,
            "must not hold the login; give it as credentials",
        ));
    }
    url.set_query(None);
    url.set_fragment(None);

    let mut segments: Vec<&str> = url
        .path()
        .split('/')
        .filter(|part| !part.is_empty())
        .collect();
    if let Some(at) = segments
        .iter()
        .position(|part| part.eq_ignore_ascii_case(SERVICE[0]))
    {
        segments.truncate(at);
    }
    if segments.len() > 1 && segments.last().is_some_and(|part| is_language(part)) {
        segments.pop();
    }
    segments.extend(SERVICE);
    let path = format!("/{}/", segments.join("/"));
    url.set_path(&path);
    Ok(url)
}

/// Gives the pause that is polite towards this host.
pub(super) fn default_pause(root: &Url) -> Duration {
    let host = root.host_str().unwrap_or_default();
    let local = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
    if local {
        Duration::ZERO
    } else {
        Duration::from_millis(250)
    }
}

/// Tells whether a part of the path is an interface language of 1C's web client.
fn is_language(part: &str) -> bool {
    let code = part.split('_').next().unwrap_or_default();
    code.len() == 2 && part.len() <= 5 && code.bytes().all(|byte| byte.is_ascii_lowercase())
}

/// Makes a header value that tracing and `Debug` never show.
pub(super) fn sensitive(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_copied_address_leads_to_the_same_service() {
        let expected = "https://msk1.1cfresh.com/a/sbm/1234567/odata/standard.odata/";
        for address in [
            "https://msk1.1cfresh.com/a/sbm/1234567",
            "https://msk1.1cfresh.com/a/sbm/1234567/",
            "https://msk1.1cfresh.com/a/sbm/1234567/ru/",
            "https://msk1.1cfresh.com/a/sbm/1234567/en",
            " https://msk1.1cfresh.com/a/sbm/1234567/ru_RU/?code=1#e1cib ",
            "https://msk1.1cfresh.com/a/sbm/1234567/odata/standard.odata",
            "https://msk1.1cfresh.com/a/sbm/1234567/odata/standard.odata/",
            "https://msk1.1cfresh.com/a/sbm/1234567/ru/odata/standard.odata/$metadata",
            "https://MSK1.1cfresh.com:443/a/sbm/1234567/odata",
        ] {
            assert_eq!(
                service_root(address).unwrap().as_str(),
                expected,
                "{address}"
            );
        }
    }

    #[test]
    fn a_base_with_a_short_name_keeps_it() {
        let root = service_root("http://server/ut").unwrap();
        assert_eq!(root.as_str(), "http://server/ut/odata/standard.odata/");
        let root = service_root("http://сервер/база").unwrap();
        assert!(
            root.as_str()
                .ends_with("/%D0%B1%D0%B0%D0%B7%D0%B0/odata/standard.odata/"),
            "{root}"
        );
    }

    #[test]
    fn addresses_that_cannot_work_are_refused() {
        for address in [
            "",
            "1cfresh.com/a/sbm/1",
            "ftp://host/x",
            "https://u:p@host/x",
            "data:,x",
        ] {
            assert!(service_root(address).is_err(), "{address}");
        }
    }

    #[test]
    fn only_the_local_machine_is_called_without_a_pause() {
        let pause = |address| default_pause(&service_root(address).unwrap());
        assert_eq!(pause("http://127.0.0.1:8080/a/sbm/1"), Duration::ZERO);
        assert_eq!(
            pause("https://1cfresh.com/a/sbm/1"),
            Duration::from_millis(250)
        );
    }
}
