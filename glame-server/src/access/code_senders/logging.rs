use async_trait::async_trait;
use glame_core::ports::{CodeMessage, CodeSender, CodeSenderError};

/// Writes messages to standard error instead of sending them: for development only.
///
/// It is the one place that shows a code, and the settings must ask for it by name.
#[derive(Debug, Clone, Copy, Default)]
pub struct LoggingSender;

#[async_trait]
impl CodeSender for LoggingSender {
    async fn send(&self, message: &CodeMessage) -> Result<(), CodeSenderError> {
        tracing::warn!(
            phone = ?message.phone,
            text = message.text,
            "NOT SENT: auth.sms.provider = \"log\" shows codes in the log; never use it in a shop"
        );
        Ok(())
    }
}
