use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use glame_core::access::{AccessService, Principal, SessionToken, TokenHash};
use glame_core::values::UserId;

use crate::api::Problem;

/// The most sessions that are remembered.
const MOST_REMEMBERED: usize = 50_000;

/// Who is signed in, remembered for a moment so that not every request asks the database.
///
/// A session that is ended here is forgotten at once; one that is ended by another replica is good
/// here until the moment is over.
#[derive(Debug, Clone)]
pub struct Sessions {
    access: AccessService,
    moment: Duration,
    known: Arc<Mutex<HashMap<TokenHash, (Principal, Instant)>>>,
}

impl Sessions {
    /// Remembers sessions for so long; for no time at all, each request asks the database.
    #[must_use]
    pub fn new(access: AccessService, moment: Duration) -> Self {
        Self {
            access,
            moment,
            known: Arc::default(),
        }
    }

    /// Tells who is signed in by a token.
    ///
    /// # Errors
    /// That nobody is, or that the database does not answer.
    pub async fn authenticate(&self, token: &str) -> Result<Principal, Problem> {
        let hash = SessionToken::parse(token).map(|token| token.hash());
        if let Some(principal) = hash.and_then(|hash| self.remembered(&hash)) {
            return Ok(principal);
        }
        let principal = self.access.authenticate(token).await?;
        if let Some(hash) = hash.filter(|_| !self.moment.is_zero()) {
            self.remember(hash, principal);
        }
        Ok(principal)
    }

    /// Forgets the sessions of a user, after something about them has changed.
    pub fn forget(&self, user: UserId) {
        self.known().retain(|_, (known, _)| known.user != user);
    }

    fn remembered(&self, hash: &TokenHash) -> Option<Principal> {
        let known = self.known();
        let (principal, since) = known.get(hash)?;
        (since.elapsed() < self.moment).then_some(*principal)
    }

    fn remember(&self, hash: TokenHash, principal: Principal) {
        let mut known = self.known();
        if known.len() >= MOST_REMEMBERED {
            let moment = self.moment;
            known.retain(|_, (_, since)| since.elapsed() < moment);
            if known.len() >= MOST_REMEMBERED {
                known.clear();
            }
        }
        known.insert(hash, (principal, Instant::now()));
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<TokenHash, (Principal, Instant)>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
