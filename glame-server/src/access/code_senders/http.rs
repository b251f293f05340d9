use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use glame_core::ports::{CodeMessage, CodeSender, CodeSenderError};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

use super::transport::{Call, Transport, refused};

/// Any provider that takes a message by one HTTP call and answers with a status.
#[derive(Debug, Clone)]
pub struct HttpSender {
    transport: Transport,
    template: MessageTemplate,
    authorization: Option<HeaderValue>,
}

/// How a call is made of a message: `{phone}` and `{text}` stand for its parts.
///
/// They are percent-encoded in the address, and written as JSON strings in the body, without quotes
/// of their own. The number is digits with the country code. Without a body it is a `GET`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageTemplate {
    url: String,
    body: Option<String>,
}

/// Tells why a template makes no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// The address is none.
    #[error("must begin with http:// or https://")]
    NoAddress,
    /// The message would not be told whole.
    #[error("{{phone}} and {{text}} must stand in auth.sms.url or in auth.sms.body")]
    NoPlace,
    /// The body is no JSON.
    #[error("auth.sms.body must be JSON when {{phone}} and {{text}} are filled in")]
    NotJson,
}

impl MessageTemplate {
    /// Takes a template as it is configured.
    pub fn parse(url: &str, body: Option<&str>) -> Result<Self, TemplateError> {
        if !url.starts_with("https://") && !url.starts_with("http://") {
            return Err(TemplateError::NoAddress);
        }
        let holds =
            |place: &str| url.contains(place) || body.is_some_and(|body| body.contains(place));
        if !holds("{phone}") || !holds("{text}") {
            return Err(TemplateError::NoPlace);
        }
        let template = Self {
            url: url.to_owned(),
            body: body.map(str::to_owned),
        };
        match template.body_of("79780000001", "a \"quoted\" text") {
            Some(body) if serde_json::from_str::<serde_json::Value>(&body).is_err() => {
                Err(TemplateError::NotJson)
            }
            _ => Ok(template),
        }
    }

    fn url_of(&self, phone: &str, text: &str) -> String {
        let encoded = |text| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        fill(&self.url, &encoded(phone), &encoded(text))
    }

    fn body_of(&self, phone: &str, text: &str) -> Option<String> {
        let written = serde_json::Value::from(text).to_string();
        let inner = written.trim_start_matches('"').strip_suffix('"');
        let body = self.body.as_ref()?;
        Some(fill(body, phone, inner.unwrap_or_default()))
    }
}

/// Fills both places at once, so that a text which names a place stays as it is.
fn fill(template: &str, phone: &str, text: &str) -> String {
    let with_phone = |part: &str| part.replace("{phone}", phone);
    let parts: Vec<String> = template.split("{text}").map(with_phone).collect();
    parts.join(text)
}

impl HttpSender {
    /// Prepares the provider: with user and key it signs in by `Basic`, with a key alone by `Bearer`.
    ///
    /// # Errors
    /// That no HTTP client can be made, or the login cannot be written in a header.
    pub fn new(
        template: MessageTemplate,
        user: Option<&str>,
        key: Option<&SecretString>,
        timeout: Duration,
    ) -> Result<Self, CodeSenderError> {
        let authorization = key.map(|key| match user {
            Some(user) => {
                let login = BASE64_STANDARD.encode(format!("{user}:{}", key.expose_secret()));
                format!("Basic {login}")
            }
            None => format!("Bearer {}", key.expose_secret()),
        });
        let authorization = authorization
            .map(HeaderValue::try_from)
            .transpose()
            .map_err(|_| refused("correct the login in [auth.sms]"))?
            .map(|mut value| {
                value.set_sensitive(true);
                value
            });
        Ok(Self {
            transport: Transport::new(&template.url, timeout)?,
            template,
            authorization,
        })
    }
}

#[async_trait]
impl CodeSender for HttpSender {
    async fn send(&self, message: &CodeMessage) -> Result<(), CodeSenderError> {
        let phone = message.phone.digits().to_string();
        let body = self.template.body_of(&phone, &message.text);
        let call = Call {
            method: if body.is_some() {
                Method::POST
            } else {
                Method::GET
            },
            url: self.template.url_of(&phone, &message.text),
            authorization: self.authorization.clone(),
            body: body.map(|body| ("application/json", body)),
        };
        self.transport.call(&call).await?.check_status()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_filled_in_whatever_it_says() {
        let body = r#"{"to": "{phone}", "message": "{text}"}"#;
        let template = MessageTemplate::parse("https://sms.example/send", Some(body)).unwrap();
        let text = "Код \"1\"\n{phone} \\ {text}";
        let filled = template.body_of("79780000001", text).unwrap();
        let filled: serde_json::Value = serde_json::from_str(&filled).unwrap();
        assert_eq!(filled["to"], "79780000001");
        assert_eq!(filled["message"], text);
        let in_url = "https://sms.example/send?to={phone}&text={text}";
        let template = MessageTemplate::parse(in_url, None).unwrap();
        assert_eq!(
            template.url_of("79780000001", "a&b {phone}"),
            "https://sms.example/send?to=79780000001&text=a%26b%20%7Bphone%7D"
        );
    }

    #[test]
    fn a_template_that_makes_no_message_is_refused() {
        let whole = "https://sms.example/?to={phone}&text={text}";
        let cases = [
            ("sms.example?{phone}{text}", None, TemplateError::NoAddress),
            ("https://sms.example/{phone}", None, TemplateError::NoPlace),
            (whole, Some(r#"{"to": "#), TemplateError::NotJson),
        ];
        for (url, body, expected) in cases {
            assert_eq!(MessageTemplate::parse(url, body), Err(expected), "{url}");
        }
    }
}
