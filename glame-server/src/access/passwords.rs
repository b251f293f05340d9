use std::sync::Arc;

use argon2::password_hash::phc;
use argon2::{Algorithm, Argon2, Params, Version};
use argon2::{PasswordHasher as _, PasswordVerifier as _};
use async_trait::async_trait;
use glame_core::access::{Password, PasswordHash};
use glame_core::ports::{HashingError, PasswordCheck, PasswordHasher, SecretSource};
use tokio::sync::Semaphore;

use crate::turns::Turns;

/// KiB of memory that one hash takes: the first choice of OWASP's Password Storage Cheat Sheet.
const MEMORY_KIB: u32 = 19_456;

/// Passes over the memory.
const PASSES: u32 = 2;

/// Lanes of one hash.
const LANES: u32 = 1;

/// How many passwords are hashed at once, so that sign-ins leave processors to other requests.
const AT_ONCE: usize = 2;

/// How many passwords may wait for their turn; more would wait for seconds and are refused.
const WAITING: usize = 30;

/// Hashes passwords with argon2id, on threads of their own.
#[derive(Debug, Clone)]
pub struct Argon2Hasher {
    secrets: Arc<dyn SecretSource>,
    decoy: PasswordHash,
    admitted: Arc<Semaphore>,
    turns: Turns,
}

impl Argon2Hasher {
    /// Prepares the hasher, which hashes a first password that nobody knows.
    ///
    /// # Errors
    /// That there is no randomness, or no memory.
    pub fn new(secrets: Arc<dyn SecretSource>) -> Result<Self, HashingError> {
        let mut unknown = [0; 32];
        secrets
            .fill(&mut unknown)
            .map_err(|_| HashingError::Failed)?;
        let decoy = hashed(&unknown, &salt(secrets.as_ref())?)?;
        Ok(Self {
            secrets,
            decoy,
            admitted: Arc::new(Semaphore::new(AT_ONCE + WAITING)),
            turns: Turns::new(AT_ONCE),
        })
    }

    /// Does the work when its turn has come, off the threads that answer requests.
    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, HashingError> + Send + 'static,
    ) -> Result<T, HashingError> {
        let admitted = Arc::clone(&self.admitted);
        let admitted = admitted
            .try_acquire_owned()
            .map_err(|_| HashingError::Busy)?;
        // A request that is given up leaves the work behind, which stays admitted to the end.
        let outcome = self.turns.run(move || {
            let outcome = work();
            drop(admitted);
            outcome
        });
        outcome.await.map_err(|_| HashingError::Failed)?
    }
}

#[async_trait]
impl PasswordHasher for Argon2Hasher {
    async fn hash(&self, password: &Password) -> Result<PasswordHash, HashingError> {
        let password = password.clone();
        let salt = salt(self.secrets.as_ref())?;
        self.in_turn(move || hashed(password.as_str().as_bytes(), &salt))
            .await
    }

    async fn verify(
        &self,
        password: &Password,
        hash: &PasswordHash,
    ) -> Result<PasswordCheck, HashingError> {
        let (password, hash) = (password.clone(), hash.clone());
        self.in_turn(move || verified(&password, &hash)).await
    }

    fn decoy(&self) -> PasswordHash {
        self.decoy.clone()
    }
}

fn argon2() -> Result<Argon2<'static>, HashingError> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|_| HashingError::Failed)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn salt(secrets: &dyn SecretSource) -> Result<[u8; 16], HashingError> {
    let mut salt = [0; 16];
    secrets.fill(&mut salt).map_err(|_| HashingError::Failed)?;
    Ok(salt)
}

fn hashed(password: &[u8], salt: &[u8]) -> Result<PasswordHash, HashingError> {
    let hash: phc::PasswordHash = argon2()?
        .hash_password_with_salt(password, salt)
        .map_err(|_| HashingError::Failed)?;
    Ok(PasswordHash::from_phc(hash.to_string()))
}

fn verified(password: &Password, hash: &PasswordHash) -> Result<PasswordCheck, HashingError> {
    let hash = phc::PasswordHash::new(hash.as_phc()).map_err(|_| HashingError::Malformed)?;
    let params = Params::try_from(&hash).map_err(|_| HashingError::Malformed)?;
    let bytes = password.as_str().as_bytes();
    // The parameters are those of the hash, whatever today's are.
    match argon2()?.verify_password(bytes, &hash) {
        Err(argon2::password_hash::Error::PasswordInvalid) => Ok(PasswordCheck::Wrong),
        Err(_) => Err(HashingError::Malformed),
        Ok(()) if is_of_today(&hash, &params) => Ok(PasswordCheck::Right),
        Ok(()) => Ok(PasswordCheck::RightButOutdated),
    }
}

fn is_of_today(hash: &phc::PasswordHash, params: &Params) -> bool {
    hash.algorithm.as_str() == "argon2id"
        && params.m_cost() >= MEMORY_KIB
        && params.t_cost() >= PASSES
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::SystemSecrets;

    fn password(text: &str) -> Password {
        Password::typed(text).unwrap()
    }

    fn hasher() -> Argon2Hasher {
        Argon2Hasher::new(Arc::new(SystemSecrets)).unwrap()
    }

    #[tokio::test]
    async fn a_password_is_told_from_others_and_no_hash_comes_twice() {
        let hasher = hasher();
        let hash = hasher.hash(&password("гуси летят на юг")).await.unwrap();
        assert!(
            hash.as_phc().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{}",
            hash.as_phc()
        );
        let check = async |text| hasher.verify(&password(text), &hash).await.unwrap();
        assert_eq!(check("гуси летят на юг").await, PasswordCheck::Right);
        assert_eq!(check("гуси летят на Юг").await, PasswordCheck::Wrong);
        let again = hasher.hash(&password("гуси летят на юг")).await.unwrap();
        assert_ne!(hash, again);
    }

    #[tokio::test]
    async fn a_weaker_hash_is_right_but_outdated_and_nonsense_is_told() {
        let weak = {
            let params = Params::new(64, 1, 1, None).unwrap();
            let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
            let hash: phc::PasswordHash = argon2
                .hash_password_with_salt(b"password", b"somesalt")
                .unwrap();
            PasswordHash::from_phc(hash.to_string())
        };
        let check = hasher().verify(&password("password"), &weak).await;
        assert_eq!(check, Ok(PasswordCheck::RightButOutdated));
        let check = hasher().verify(&password("passwort"), &weak).await;
        assert_eq!(check, Ok(PasswordCheck::Wrong));
        let nonsense = PasswordHash::from_phc("password".to_owned());
        let check = hasher().verify(&password("password"), &nonsense).await;
        assert_eq!(check, Err(HashingError::Malformed));
    }

    #[tokio::test]
    async fn nobody_knows_the_password_of_the_decoy() {
        let hasher = hasher();
        let check = hasher.verify(&password(""), &hasher.decoy()).await;
        assert_eq!(check, Ok(PasswordCheck::Wrong));
    }

    #[tokio::test]
    async fn too_many_at_once_are_refused() {
        let hasher = hasher();
        let all = hasher.admitted.clone();
        let _taken = all
            .acquire_many(u32::try_from(AT_ONCE + WAITING).unwrap())
            .await
            .unwrap();
        let outcome = hasher.hash(&password("гуси летят на юг")).await;
        assert_eq!(outcome, Err(HashingError::Busy));
    }
}
