use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use glame_core::access::{
    AccessError, AccessOutside, AccessService, AccessSettings, AuditAction, AuditFilter, Caller,
    CodeRequested, CustomerCode, FirstPassword, NewStaffMember, SignInName, SignedIn, StaffMember,
};
use glame_core::ports::{Clock, Storage};
use glame_core::testkit::fixtures::access::{origin, server_secret};
use glame_core::testkit::fixtures::{card, customer, minute};
use glame_core::testkit::{CountingIds, KnownSecrets, ManualClock, MemoryStorage, QuickHasher};
use glame_core::users::{Role, User};
use glame_core::values::EmailAddress;

/// A password that is good enough.
pub(crate) const PASSWORD: &str = "гуси летят на юг";

/// The service with all that it stands on in the hand of a test.
pub(crate) struct Desk {
    pub(crate) storage: Arc<MemoryStorage>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) hasher: Arc<QuickHasher>,
    pub(crate) access: AccessService,
}

impl Desk {
    /// Opens a shop with customers 1 and 2, who hold the cards 1 and 2.
    pub(crate) async fn open() -> Self {
        Self::with(CustomerCode::Sms).await
    }

    pub(crate) async fn with(customer_code: CustomerCode) -> Self {
        let storage = Arc::new(MemoryStorage::default());
        let clock = Arc::new(ManualClock::at(minute(0)));
        let hasher = Arc::new(QuickHasher::default());
        let outside = AccessOutside {
            clock: clock.clone(),
            ids: Arc::new(CountingIds::default()),
            secrets: Arc::new(KnownSecrets::default()),
            passwords: hasher.clone(),
        };
        let settings = AccessSettings {
            customer_code,
            ..AccessSettings::default()
        };
        let shared: Arc<dyn Storage> = storage.clone();
        let access = AccessService::new(shared, outside, server_secret(), settings);
        let desk = Self {
            storage,
            clock,
            hasher,
            access,
        };
        let customers = [1, 2].map(customer);
        let mut work = desk.storage.begin().await.unwrap();
        work.put_users(&customers).await.unwrap();
        let cards = [1, 2].map(|n| card(n, customer(n).id));
        work.put_cards(&cards).await.unwrap();
        work.commit().await.unwrap();
        desk.storage.take_calls();
        desk
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    pub(crate) fn wait(&self, time: TimeDelta) {
        self.clock.advance(time);
    }

    pub(crate) async fn put(&self, user: User) {
        let mut work = self.storage.begin().await.unwrap();
        work.put_users(&[user]).await.unwrap();
        work.commit().await.unwrap();
    }

    pub(crate) async fn request(&self, who: &SignInName) -> Result<CodeRequested, AccessError> {
        self.access.request_code(who, &origin(1)).await
    }

    /// Asks for a code, which must be sent, and gives its digits.
    pub(crate) async fn code(&self, who: &SignInName) -> String {
        let message = self.request(who).await.unwrap().message.unwrap();
        let code: String = message.text.chars().filter(char::is_ascii_digit).collect();
        assert_eq!(code.len(), 6, "{}", message.text);
        code
    }

    pub(crate) async fn try_code(
        &self,
        who: &SignInName,
        code: &str,
    ) -> Result<SignedIn, AccessError> {
        self.access.login_by_card(who, code, &origin(1)).await
    }

    /// Signs a customer in.
    pub(crate) async fn sign_in(&self, n: u128) -> SignedIn {
        let who = card_name(n);
        let code = self.code(&who).await;
        self.try_code(&who, &code).await.unwrap()
    }

    /// Makes a member of staff with [`PASSWORD`].
    pub(crate) async fn hire(&self, name: &str, role: Role) -> StaffMember {
        let new = NewStaffMember {
            email: email(name),
            role,
            full_name: None,
            password: FirstPassword::Chosen(PASSWORD.to_owned()),
        };
        let created = self.access.create_staff(&Caller::system(), new).await;
        created.unwrap().member
    }

    pub(crate) async fn login(&self, name: &str, password: &str) -> Result<SignedIn, AccessError> {
        let email = email(name);
        self.access
            .login(email.as_str(), password, &origin(1))
            .await
    }

    /// Gives how often an action is in the audit log.
    pub(crate) async fn logged(&self, action: AuditAction) -> usize {
        let filter = AuditFilter {
            action: Some(action),
            ..AuditFilter::default()
        };
        let entries = self.access.audit_entries(&filter, None, 1_000).await;
        entries.unwrap().len()
    }

    pub(crate) async fn logged_in_all(&self) -> usize {
        let filter = AuditFilter::default();
        let entries = self.access.audit_entries(&filter, None, 1_000).await;
        entries.unwrap().len()
    }
}

pub(crate) fn email(name: &str) -> EmailAddress {
    EmailAddress::parse(&format!("{name}@example.org")).unwrap()
}

pub(crate) fn name(text: &str) -> SignInName {
    SignInName::parse(text).unwrap()
}

/// Gives the number of the n-th card as somebody reads it out.
pub(crate) fn card_name(n: u128) -> SignInName {
    name(&format!("29{n:011}"))
}

/// Gives another code of six digits.
pub(crate) fn another(code: &str) -> String {
    let number: u32 = code.parse().unwrap();
    format!("{:06}", (number + 1) % 1_000_000)
}
