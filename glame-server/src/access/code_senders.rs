//! Who delivers codes: providers of SMS over HTTP, or the log.
//!
//! Neither numbers nor codes are ever logged, nor what a provider says, which may repeat them.

mod http;
mod logging;
mod sms_aero;
mod sms_ru;
mod transport;

pub use http::{HttpSender, MessageTemplate, TemplateError};
pub use logging::LoggingSender;
pub use sms_aero::SmsAero;
pub use sms_ru::SmsRu;
