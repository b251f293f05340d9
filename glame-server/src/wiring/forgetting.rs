use async_trait::async_trait;
use glame_core::access::{AccessService, Caller, SessionScope};
use glame_core::customers::Forgets;
use glame_core::ports::BoxError;
use glame_core::values::UserId;

/// The sessions of a customer who is forgotten: they end.
#[derive(Debug)]
pub(crate) struct SessionsOf(pub(crate) AccessService);

#[async_trait]
impl Forgets for SessionsOf {
    fn name(&self) -> &'static str {
        "sign-in"
    }

    async fn forget(&self, user: UserId) -> Result<(), BoxError> {
        let caller = Caller::system();
        self.0
            .revoke_sessions(&caller, user, SessionScope::All)
            .await?;
        Ok(())
    }
}
