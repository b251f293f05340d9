use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use glame_core::ports::{CodeMessage, CodeSender, CodeSenderError};
use reqwest::Method;
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;

use super::transport::{Call, Transport, refused};

/// SMS Aero, by its interface `v2`: basic authentication with e-mail and key, JSON both ways.
#[derive(Debug, Clone)]
pub struct SmsAero {
    transport: Transport,
    url: String,
    authorization: HeaderValue,
    sign: String,
}

/// What `sms/send` answers: `success` with the message, or without it and with a reason.
#[derive(Deserialize)]
struct Answered {
    success: Option<bool>,
    /// `no credits` or `reject`, in the place of `success`.
    result: Option<String>,
    /// The field that is wrong, with the reason.
    data: Option<serde_json::Value>,
}

impl SmsAero {
    /// The address of the provider.
    pub const URL: &str = "https://gate.smsaero.ru/v2";

    /// The sender's name that needs no agreement.
    pub const SIGN: &str = "SMS Aero";

    /// Prepares the provider.
    ///
    /// # Errors
    /// That no HTTP client can be made, or the login cannot be written in a header.
    pub fn new(
        url: &str,
        email: &str,
        key: &SecretString,
        sign: &str,
        timeout: Duration,
    ) -> Result<Self, CodeSenderError> {
        let login = BASE64_STANDARD.encode(format!("{email}:{}", key.expose_secret()));
        let mut authorization = HeaderValue::try_from(format!("Basic {login}"))
            .map_err(|_| refused("correct the login in [auth.sms]"))?;
        authorization.set_sensitive(true);
        Ok(Self {
            transport: Transport::new(url, timeout)?,
            url: format!("{}/sms/send", url.trim_end_matches('/')),
            authorization,
            sign: sign.to_owned(),
        })
    }
}

#[async_trait]
impl CodeSender for SmsAero {
    async fn send(&self, message: &CodeMessage) -> Result<(), CodeSenderError> {
        let body = json!({
            "number": message.phone.digits().to_string(),
            "text": message.text,
            "sign": self.sign,
        });
        let call = Call {
            method: Method::POST,
            url: self.url.clone(),
            authorization: Some(self.authorization.clone()),
            body: Some(("application/json", body.to_string())),
        };
        let answer = self.transport.call(&call).await?;
        // It explains itself in the body of a 400 too.
        if answer.status.as_u16() != 400 {
            answer.check_status()?;
        }
        let answered: Answered = answer.json()?;
        match (answered.success, answered.result.as_deref()) {
            (Some(true), _) => Ok(()),
            (_, Some("no credits")) => Err(refused("pay SMS Aero: there is no money left")),
            _ if names_the_number(answered.data.as_ref()) => Err(CodeSenderError::Undeliverable),
            _ => Err(refused(
                "SMS Aero takes no message; check the sender's name and the account",
            )),
        }
    }
}

/// Tells whether the number is what is wrong.
fn names_the_number(data: Option<&serde_json::Value>) -> bool {
    data.is_some_and(|data| data.get("number").is_some())
}
