//! What sign-in needs of the world: passwords, chance, and messages to customers.

mod code_senders;
mod passwords;
mod secret_file;
mod secrets;

pub use code_senders::{HttpSender, LoggingSender, MessageTemplate, SmsAero, SmsRu, TemplateError};
pub use passwords::Argon2Hasher;
pub use secret_file::{SecretFileError, secret_beside};
pub use secrets::SystemSecrets;
