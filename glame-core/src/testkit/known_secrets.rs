use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use sha2::{Digest, Sha256};

use crate::access::{Password, PasswordHash};
use crate::ports::{
    CodeMessage, CodeSender, CodeSenderError, HashingError, NoRandomness, PasswordCheck,
    PasswordHasher, SecretSource,
};

/// Bytes that look like chance and are the same in every run; for tests only.
#[derive(Debug, Default)]
pub struct KnownSecrets(AtomicU64);

impl SecretSource for KnownSecrets {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        for chunk in bytes.chunks_mut(32) {
            let number = self.0.fetch_add(1, Ordering::Relaxed);
            let drawn = Sha256::digest(number.to_be_bytes());
            chunk.copy_from_slice(&drawn[..chunk.len()]);
        }
        Ok(())
    }
}

/// A password hasher that is quick and counts; for tests only.
#[derive(Debug, Default)]
pub struct QuickHasher {
    compared: AtomicU64,
}

impl QuickHasher {
    /// How hashes begin that are weaker than those of today.
    pub const OUTDATED: &str = "$outdated$";

    const TODAY: &str = "$quick$";

    /// Gives how many passwords have been compared.
    pub fn compared(&self) -> u64 {
        self.compared.load(Ordering::Relaxed)
    }

    /// Hashes a password as if it had been long ago.
    #[must_use]
    pub fn outdated(password: &str) -> PasswordHash {
        PasswordHash::from_phc(format!("{}{password}", Self::OUTDATED))
    }
}

#[async_trait]
impl PasswordHasher for QuickHasher {
    async fn hash(&self, password: &Password) -> Result<PasswordHash, HashingError> {
        let text = format!("{}{}", Self::TODAY, password.as_str());
        Ok(PasswordHash::from_phc(text))
    }

    async fn verify(
        &self,
        password: &Password,
        hash: &PasswordHash,
    ) -> Result<PasswordCheck, HashingError> {
        self.compared.fetch_add(1, Ordering::Relaxed);
        let phc = hash.as_phc();
        if let Some(known) = phc.strip_prefix(Self::OUTDATED) {
            return Ok(if known == password.as_str() {
                PasswordCheck::RightButOutdated
            } else {
                PasswordCheck::Wrong
            });
        }
        match phc.strip_prefix(Self::TODAY) {
            Some(known) if known == password.as_str() => Ok(PasswordCheck::Right),
            Some(_) => Ok(PasswordCheck::Wrong),
            None => Err(HashingError::Malformed),
        }
    }

    fn decoy(&self) -> PasswordHash {
        PasswordHash::from_phc(format!("{}\0", Self::TODAY))
    }
}

/// A sender that keeps what it is given.
#[derive(Debug, Default)]
pub struct KeptMessages(Mutex<Vec<CodeMessage>>);

impl KeptMessages {
    /// Gives what was sent, first to last.
    pub fn sent(&self) -> Vec<CodeMessage> {
        self.0.lock().unwrap().clone()
    }
}

#[async_trait]
impl CodeSender for KeptMessages {
    async fn send(&self, message: &CodeMessage) -> Result<(), CodeSenderError> {
        self.0.lock().unwrap().push(message.clone());
        Ok(())
    }
}
