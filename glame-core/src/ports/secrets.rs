use async_trait::async_trait;

use crate::access::{Password, PasswordHash};

/// Gives random bytes that nobody can guess.
#[cfg_attr(any(test, feature = "testkit"), mockall::automock)]
pub trait SecretSource: Send + Sync + std::fmt::Debug {
    /// Fills the bytes with chance.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoRandomness>;
}

/// Tells that the operating system has no randomness to give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gives no random numbers")]
pub struct NoRandomness;

/// Hashes passwords, slowly by design.
///
/// It is asynchronous although nothing is waited for but the processor: only the adapter can take
/// the work off the threads that answer requests.
#[cfg_attr(any(test, feature = "testkit"), mockall::automock)]
#[async_trait]
pub trait PasswordHasher: Send + Sync + std::fmt::Debug {
    /// Hashes a password with a salt of its own.
    async fn hash(&self, password: &Password) -> Result<PasswordHash, HashingError>;

    /// Compares a password with a hash; it takes as long whether it is right or wrong.
    async fn verify(
        &self,
        password: &Password,
        hash: &PasswordHash,
    ) -> Result<PasswordCheck, HashingError>;

    /// Gives the hash of a password that nobody knows.
    ///
    /// To compare with it takes as long as with one of [`hash`](Self::hash), so that nobody sees by
    /// the time whether there was anything to compare with.
    fn decoy(&self) -> PasswordHash;
}

/// What comes of comparing a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordCheck {
    /// It is another password.
    Wrong,
    /// It is the password.
    Right,
    /// It is the password, but its hash is weaker than those that are made today.
    RightButOutdated,
}

/// Tells why a password could not be hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HashingError {
    /// Too many passwords wait to be hashed: try later.
    #[error("too many passwords are being checked")]
    Busy,
    /// The stored text is no hash that can be compared with. A person must look.
    #[error("the stored password hash cannot be read")]
    Malformed,
    /// The hasher has failed.
    #[error("the password could not be hashed")]
    Failed,
}
