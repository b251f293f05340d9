use super::{AccessError, AccessService, SessionOwner, SignedIn};
use crate::access::{
    AuditAction, AuditDetails, AuditNote, Caller, LimitDecision, Password, PasswordHash, Principal,
    RequestOrigin, RoleRefusal, SessionKind, SessionScope, StaffChange, StaffMember, decide_role,
};
use crate::ports::{PasswordCheck, StorageError};
use crate::users::Role;
use crate::values::{EmailAddress, PlainText, UserId};

/// Who is to be made a member of staff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewStaffMember {
    /// The address to sign in with.
    pub email: EmailAddress,
    /// What the member may do.
    pub role: Role,
    /// The name, for other members.
    pub full_name: Option<PlainText>,
    /// The first password.
    pub password: FirstPassword,
}

/// The first password of a member of staff.
#[derive(Clone, PartialEq, Eq)]
pub enum FirstPassword {
    /// One that the member has chosen.
    Chosen(String),
    /// One that is drawn, told once, and must be changed at the first sign-in.
    Temporary,
}

impl std::fmt::Debug for FirstPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Chosen(_) => "Chosen(***)",
            Self::Temporary => "Temporary",
        })
    }
}

/// A member of staff was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaffCreated {
    /// The member.
    pub member: StaffMember,
    /// The password that was drawn, to be told once.
    pub temporary_password: Option<Password>,
}

/// A member of staff who knows the password.
struct Proved {
    member: StaffMember,
    /// The password hashed anew, if its hash is weaker than those of today.
    renewed: Option<PasswordHash>,
}

impl AccessService {
    /// Signs a member of staff in with an e-mail address and a password.
    ///
    /// An unknown address takes as long as a known one: a password is compared either way, and the
    /// same is written.
    ///
    /// # Errors
    /// [`AccessError::SignInRefused`] whatever is wrong, [`AccessError::TooManyAttempts`],
    /// [`AccessError::Hashing`] if too many passwords are being checked.
    pub async fn login(
        &self,
        email: &str,
        password: &str,
        origin: &RequestOrigin,
    ) -> Result<SignedIn, AccessError> {
        // What cannot be an address or a password is refused for everybody, and needs no attempt.
        let refused = || AccessError::SignInRefused;
        let email = EmailAddress::parse(email).map_err(|_| refused())?;
        let password = Password::typed(password).ok_or_else(refused)?;
        let limits = &self.settings.limits;
        let attempts = self.attempts(
            &[limits.logins],
            email.as_str().as_bytes(),
            limits.logins_per_address,
            origin,
        );
        let limit = self.count_alone(&attempts).await?;
        if limit.exceeded {
            return Err(AccessError::TooManyAttempts(limit));
        }
        let member = self.storage.staff_by_email(&email).await?;
        let user = member.as_ref().map(|member| member.user);
        match self.prove(member, &password).await? {
            Some(proved) => self.open_staff_session(proved, origin, limit).await,
            None => self.refuse_login(user, origin).await,
        }
    }

    /// Compares a password, with something even where nobody is known; gives who may sign in.
    async fn prove(
        &self,
        member: Option<StaffMember>,
        password: &Password,
    ) -> Result<Option<Proved>, AccessError> {
        let passwords = &self.outside.passwords;
        let hash = match &member {
            Some(member) => member.password.clone(),
            None => passwords.decoy(),
        };
        let check = passwords.verify(password, &hash).await?;
        let Some(member) = member.filter(|member| !member.disabled) else {
            return Ok(None);
        };
        Ok(match check {
            PasswordCheck::Wrong => None,
            PasswordCheck::Right => Some(Proved {
                member,
                renewed: None,
            }),
            PasswordCheck::RightButOutdated => Some(Proved {
                member,
                renewed: Some(passwords.hash(password).await?),
            }),
        })
    }

    /// Begins a session of a member of whom nothing has changed while the password was compared.
    async fn open_staff_session(
        &self,
        proved: Proved,
        origin: &RequestOrigin,
        limit: LimitDecision,
    ) -> Result<SignedIn, AccessError> {
        let Proved { member, renewed } = proved;
        let user = Some(member.user);
        let mut work = self.storage.begin().await?;
        // Whoever was changed meanwhile, disabled perhaps, signs in anew.
        if work.lock_staff_member(member.user).await?.as_ref() != Some(&member) {
            drop(work);
            return self.refuse_login(user, origin).await;
        }
        let owner = SessionOwner {
            user: member.user,
            role: member.role,
            kind: SessionKind::Staff,
            must_change_password: member.must_change_password,
        };
        if let Some(password) = renewed {
            let renewed = StaffMember {
                password,
                version: member.version.saturating_add(1),
                ..member
            };
            work.put_staff_member(&renewed, self.outside.clock.now())
                .await?;
        }
        let signed_in = self
            .open_session(work.as_mut(), owner, origin, limit)
            .await?;
        let note = AuditNote::new(AuditAction::SignedIn, user).with(by_password());
        let caller = signed_in.principal.caller(origin);
        self.note(work.as_mut(), &caller, note).await?;
        work.commit().await?;
        Ok(signed_in)
    }

    async fn refuse_login(
        &self,
        user: Option<UserId>,
        origin: &RequestOrigin,
    ) -> Result<SignedIn, AccessError> {
        let note = AuditNote::new(AuditAction::SignInRefused, user).with(by_password());
        self.record(&Caller::anonymous(origin), note).await?;
        Err(AccessError::SignInRefused)
    }

    /// Sets another password of the member who asks, and gives how many other sessions it has ended.
    ///
    /// # Errors
    /// [`AccessError::WrongPassword`], [`AccessError::WeakPassword`],
    /// [`AccessError::TooManyAttempts`]; [`RoleRefusal::UnknownMember`] if a customer asks.
    pub async fn change_password(
        &self,
        principal: &Principal,
        current: &str,
        new: &str,
        origin: &RequestOrigin,
    ) -> Result<u64, AccessError> {
        let limits = &self.settings.limits;
        let user = principal.user;
        let attempts = self.attempts(
            &[limits.logins],
            user.as_uuid().as_bytes(),
            limits.logins_per_address,
            origin,
        );
        let limit = self.count_alone(&attempts).await?;
        if limit.exceeded {
            return Err(AccessError::TooManyAttempts(limit));
        }
        let member = self.storage.staff_member(user).await?;
        let member = member.ok_or(RoleRefusal::UnknownMember)?;
        let new = Password::new_for(member.email.as_str(), new)?;
        let caller = principal.caller(origin);
        let current = Password::typed(current).ok_or(AccessError::WrongPassword)?;
        let check = self.outside.passwords.verify(&current, &member.password);
        if check.await? == PasswordCheck::Wrong {
            let note = AuditNote::new(AuditAction::PasswordChangeRefused, Some(user));
            self.record(&caller, note).await?;
            return Err(AccessError::WrongPassword);
        }
        let changed = StaffMember {
            password: self.outside.passwords.hash(&new).await?,
            must_change_password: false,
            ..member
        };
        let ended = SessionScope::AllBut(principal.session);
        let action = AuditAction::PasswordChanged;
        self.put_password(&caller, changed, ended, action).await
    }

    /// Gives a member of staff a temporary password, which must be changed at the next sign-in, and
    /// ends all sessions of the member.
    ///
    /// # Errors
    /// [`RoleRefusal::UnknownMember`].
    pub async fn reset_password(
        &self,
        caller: &Caller,
        user: UserId,
    ) -> Result<Password, AccessError> {
        let member = self.storage.staff_member(user).await?;
        let member = member.ok_or(RoleRefusal::UnknownMember)?;
        let temporary = Password::draw(self.outside.secrets.as_ref())?;
        let changed = StaffMember {
            password: self.outside.passwords.hash(&temporary).await?,
            must_change_password: true,
            ..member
        };
        let action = AuditAction::PasswordReset;
        self.put_password(caller, changed, SessionScope::All, action)
            .await?;
        Ok(temporary)
    }

    /// Stores another password of a member, of whom nothing else has changed since it was read.
    async fn put_password(
        &self,
        caller: &Caller,
        member: StaffMember,
        ended: SessionScope,
        action: AuditAction,
    ) -> Result<u64, AccessError> {
        let now = self.outside.clock.now();
        let member = StaffMember {
            password_changed_at: now,
            version: member.version.saturating_add(1),
            ..member
        };
        let mut work = self.storage.begin().await?;
        work.put_staff_member(&member, now).await?;
        let ended = work.revoke_sessions(member.user, ended, now).await?;
        let details = AuditDetails::new().count("sessions", ended);
        let note = AuditNote::new(action, Some(member.user)).with(details);
        self.note(work.as_mut(), caller, note).await?;
        work.commit().await?;
        Ok(ended)
    }

    /// Makes a member of staff.
    ///
    /// # Errors
    /// [`AccessError::EmailTaken`], [`AccessError::WeakPassword`]; [`RoleRefusal::NotForStaff`] for
    /// the role of customers.
    pub async fn create_staff(
        &self,
        caller: &Caller,
        new: NewStaffMember,
    ) -> Result<StaffCreated, AccessError> {
        if new.role == Role::Customer {
            return Err(RoleRefusal::NotForStaff.into());
        }
        let (password, temporary_password) = match &new.password {
            FirstPassword::Chosen(text) => (Password::new_for(new.email.as_str(), text)?, None),
            FirstPassword::Temporary => {
                let drawn = Password::draw(self.outside.secrets.as_ref())?;
                (drawn.clone(), Some(drawn))
            }
        };
        let hash = self.outside.passwords.hash(&password).await?;
        let now = self.outside.clock.now();
        let member = StaffMember {
            user: UserId::from_uuid(self.outside.ids.next()),
            role: new.role,
            email: new.email,
            full_name: new.full_name,
            password: hash,
            password_changed_at: now,
            must_change_password: temporary_password.is_some(),
            disabled: false,
            version: 1,
            created_at: now,
        };
        let mut work = self.storage.begin().await?;
        match work.add_staff_member(&member).await {
            Err(StorageError::Conflict { .. }) => return Err(AccessError::EmailTaken),
            outcome => outcome?,
        }
        let details = AuditDetails::new().word("role", member.role.as_str());
        let note = AuditNote::new(AuditAction::StaffCreated, Some(member.user)).with(details);
        self.note(work.as_mut(), caller, note).await?;
        work.commit().await?;
        Ok(StaffCreated {
            member,
            temporary_password,
        })
    }

    /// Lists members of staff by user id; the last one leads to the next page.
    pub async fn list_staff(
        &self,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<StaffMember>, AccessError> {
        Ok(self.storage.staff_after(after, limit).await?)
    }

    /// Finds a member of staff by the address.
    pub async fn staff_by_email(
        &self,
        email: &EmailAddress,
    ) -> Result<Option<StaffMember>, AccessError> {
        Ok(self.storage.staff_by_email(email).await?)
    }

    /// Gives a member of staff another role, which ends all sessions of the member.
    ///
    /// # Errors
    /// Those of [`decide_role`].
    pub async fn set_role(
        &self,
        caller: &Caller,
        user: UserId,
        role: Role,
    ) -> Result<StaffMember, AccessError> {
        self.change_staff(caller, user, StaffChange::Role(role))
            .await
    }

    /// Lets a member of staff sign in no more, and ends all sessions of the member.
    ///
    /// # Errors
    /// Those of [`decide_role`].
    pub async fn disable(&self, caller: &Caller, user: UserId) -> Result<StaffMember, AccessError> {
        self.change_staff(caller, user, StaffChange::Disable).await
    }

    /// Lets a member of staff sign in again.
    ///
    /// # Errors
    /// [`RoleRefusal::UnknownMember`].
    pub async fn enable(&self, caller: &Caller, user: UserId) -> Result<StaffMember, AccessError> {
        self.change_staff(caller, user, StaffChange::Enable).await
    }

    /// Changes what a member may do; what changes nothing is not written down.
    async fn change_staff(
        &self,
        caller: &Caller,
        user: UserId,
        change: StaffChange,
    ) -> Result<StaffMember, AccessError> {
        let now = self.outside.clock.now();
        let mut work = self.storage.begin().await?;
        // All are locked, so that two administrators cannot take each other's role at once.
        let staff = work.lock_staff().await?;
        let changed = decide_role(&staff, caller.actor.user(), user, change)?;
        let Some(before) = staff
            .iter()
            .find(|member| **member != changed && member.user == user)
        else {
            return Ok(changed);
        };
        work.put_staff_member(&changed, now).await?;
        let (action, details) = match change {
            StaffChange::Role(role) => {
                let roles = AuditDetails::new().word("role", role.as_str());
                let roles = roles.word("was", before.role.as_str());
                (AuditAction::RoleChanged, roles)
            }
            StaffChange::Disable => (AuditAction::StaffDisabled, AuditDetails::new()),
            StaffChange::Enable => (AuditAction::StaffEnabled, AuditDetails::new()),
        };
        let ended = work.revoke_sessions(user, SessionScope::All, now).await?;
        let note = AuditNote::new(action, Some(user)).with(details.count("sessions", ended));
        self.note(work.as_mut(), caller, note).await?;
        work.commit().await?;
        Ok(changed)
    }
}

fn by_password() -> AuditDetails {
    AuditDetails::new().word("by", "password")
}
