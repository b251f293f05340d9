use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use glame_core::ports::{CodeMessage, CodeSender, CodeSenderError};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::transport::{Call, Transport, not_understood, refused};

/// SMS.RU, by `sms/send` with `json=1`; the key goes in the body, not in the address.
#[derive(Debug, Clone)]
pub struct SmsRu {
    transport: Transport,
    url: String,
    api_id: SecretString,
    from: Option<String>,
}

/// What `sms/send` answers: a code for the whole, and one for each number.
#[derive(Deserialize)]
struct Answered {
    status_code: i64,
    #[serde(default)]
    sms: BTreeMap<String, AnsweredNumber>,
}

#[derive(Deserialize)]
struct AnsweredNumber {
    status_code: i64,
}

impl SmsRu {
    /// The address of the provider.
    pub const URL: &str = "https://sms.ru";

    /// Prepares the provider; `from` is the sender's name, where one is agreed on.
    ///
    /// # Errors
    /// That no HTTP client can be made.
    pub fn new(
        url: &str,
        api_id: SecretString,
        from: Option<String>,
        timeout: Duration,
    ) -> Result<Self, CodeSenderError> {
        Ok(Self {
            transport: Transport::new(url, timeout)?,
            url: format!("{}/sms/send", url.trim_end_matches('/')),
            api_id,
            from,
        })
    }
}

#[async_trait]
impl CodeSender for SmsRu {
    async fn send(&self, message: &CodeMessage) -> Result<(), CodeSenderError> {
        let number = message.phone.digits().to_string();
        let mut fields = vec![
            ("api_id", self.api_id.expose_secret()),
            ("to", &number),
            ("msg", &message.text),
            ("json", "1"),
        ];
        fields.extend(self.from.as_deref().map(|from| ("from", from)));
        let fields: Vec<String> = fields
            .into_iter()
            .map(|(name, text)| format!("{name}={}", utf8_percent_encode(text, NON_ALPHANUMERIC)))
            .collect();
        let call = Call {
            method: Method::POST,
            url: self.url.clone(),
            authorization: None,
            body: Some(("application/x-www-form-urlencoded", fields.join("&"))),
        };
        let answer = self.transport.call(&call).await?;
        answer.check_status()?;
        let answered: Answered = answer.json()?;
        meaning(answered.status_code)?;
        let of_number = answered.sms.get(&number).ok_or_else(not_understood)?;
        meaning(of_number.status_code)
    }
}

/// Tells what a code of SMS.RU means: <https://sms.ru/api/send>.
fn meaning(code: i64) -> Result<(), CodeSenderError> {
    Err(match code {
        100..=103 => return Ok(()),
        // The recipient is wrong, cannot be sent to, is on the stop list, or had enough for today.
        202 | 207 | 209 | 230..=233 => CodeSenderError::Undeliverable,
        220 | 500 => CodeSenderError::Unavailable {
            advice: format!("SMS.RU is busy (code {code})"),
            source: None,
        },
        200 | 300..=302 => refused("check auth.sms.key: SMS.RU does not know this api_id"),
        201 => refused("pay SMS.RU: there is no money left"),
        204 => refused("agree on the sender's name with SMS.RU, or leave auth.sms.sender out"),
        _ => refused(&format!("SMS.RU takes no message (code {code})")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_says_what_to_do_next() {
        assert!(meaning(100).is_ok());
        for code in [202, 207, 209, 231] {
            let outcome = meaning(code);
            assert!(
                matches!(outcome, Err(CodeSenderError::Undeliverable)),
                "{code}"
            );
        }
        for (code, is_temporary) in [
            (220, true),
            (500, true),
            (200, false),
            (201, false),
            (999, false),
        ] {
            assert_eq!(
                meaning(code).unwrap_err().is_temporary(),
                is_temporary,
                "{code}"
            );
        }
    }
}
