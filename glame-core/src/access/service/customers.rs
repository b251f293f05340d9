use chrono::{DateTime, TimeDelta, Utc};

use super::{AccessError, AccessService, SessionOwner, SignedIn, count};
use crate::access::{
    AuditAction, AuditDetails, AuditNote, Caller, CodeCheck, CustomerCode, LimitDecision,
    OneTimeCode, RESEND_AFTER, RequestOrigin, SessionKind, SignInCandidate, SignInName, StoredCode,
    choose_candidate,
};
use crate::ports::{CodeMessage, UnitOfWork};
use crate::users::Role;
use crate::values::{PhoneNumber, UserId};

/// A code was asked for; everybody is told the same, and `message` is not told at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeRequested {
    /// When the code ends.
    pub expires_at: DateTime<Utc>,
    /// After how long another may be asked for.
    pub resend_after: TimeDelta,
    /// What is left of the attempts.
    pub limit: LimitDecision,
    /// The message that is to be sent when the request has been answered; none where nobody is
    /// known by the name, has no phone, or proves himself in another way.
    ///
    /// It must not be sent before: who waits for the provider would see who is known.
    pub message: Option<CodeMessage>,
}

/// A code with whom it lets in, if anybody.
struct MadeCode {
    code: OneTimeCode,
    user: Option<UserId>,
    phone: Option<PhoneNumber>,
}

impl AccessService {
    /// Makes a code for whom a card number or a phone means.
    ///
    /// The answer is the same, and so is what is read and written, whether anybody is known by the
    /// name or not: who is unknown gets a code as well, which lets nobody in and is not sent.
    ///
    /// # Errors
    /// [`AccessError::TooManyAttempts`]; [`AccessError::TooSoon`] within [`RESEND_AFTER`] of the
    /// code before, which does not count as an attempt.
    pub async fn request_code(
        &self,
        name: &SignInName,
        origin: &RequestOrigin,
    ) -> Result<CodeRequested, AccessError> {
        let now = self.outside.clock.now();
        let subject = name.key(&self.secret);
        let candidate = self.candidate(name).await?;
        let made = self.code_for(candidate.as_ref())?;
        let limits = &self.settings.limits;
        let attempts = self.attempts(
            &[limits.codes, limits.codes_a_day],
            subject.as_bytes(),
            limits.codes_per_address,
            origin,
        );
        let mut work = self.storage.begin().await?;
        let limit = count(work.as_mut(), &attempts, now).await?;
        if limit.exceeded {
            return Err(AccessError::TooManyAttempts(limit));
        }
        let before = work.lock_code(&subject).await?;
        if let Some(retry_after) = before.and_then(|code| code.resend_in(now)) {
            return Err(AccessError::TooSoon { retry_after });
        }
        let code = StoredCode::issue(&self.secret, subject, made.user, &made.code, now);
        work.put_code(&code).await?;
        let note = AuditNote::new(AuditAction::CodeRequested, made.user);
        self.note(work.as_mut(), &Caller::anonymous(origin), note)
            .await?;
        work.commit().await?;
        Ok(CodeRequested {
            expires_at: code.expires_at,
            resend_after: RESEND_AFTER,
            limit,
            message: made.phone.map(|phone| CodeMessage {
                phone,
                text: self.settings.code_text.with(&made.code),
            }),
        })
    }

    /// Takes note that somebody asks whether a card is known, and does not tell.
    ///
    /// What is read and written is the same whether it is or not. Whoever holds the card learns so
    /// from the message with the code.
    ///
    /// # Errors
    /// [`AccessError::TooManyAttempts`].
    pub async fn verify_card(
        &self,
        name: &SignInName,
        origin: &RequestOrigin,
    ) -> Result<LimitDecision, AccessError> {
        let now = self.outside.clock.now();
        let subject = name.key(&self.secret);
        let candidate = self.candidate(name).await?;
        let limits = &self.settings.limits;
        let attempts = self.attempts(
            &[limits.checks],
            subject.as_bytes(),
            limits.checks_per_address,
            origin,
        );
        let mut work = self.storage.begin().await?;
        let limit = count(work.as_mut(), &attempts, now).await?;
        if limit.exceeded {
            return Err(AccessError::TooManyAttempts(limit));
        }
        let user = candidate.map(|candidate| candidate.user);
        let note = AuditNote::new(AuditAction::CardChecked, user);
        self.note(work.as_mut(), &Caller::anonymous(origin), note)
            .await?;
        work.commit().await?;
        Ok(limit)
    }

    /// Signs a customer in with a card number or a phone, and a code.
    ///
    /// # Errors
    /// [`AccessError::SignInRefused`] whatever is wrong, [`AccessError::TooManyAttempts`].
    pub async fn login_by_card(
        &self,
        name: &SignInName,
        code: &str,
        origin: &RequestOrigin,
    ) -> Result<SignedIn, AccessError> {
        // What is no code at all is refused for everybody, and needs no attempt.
        let typed = OneTimeCode::parse(code).ok_or(AccessError::SignInRefused)?;
        let now = self.outside.clock.now();
        let subject = name.key(&self.secret);
        let candidate = self.candidate(name).await?;
        let made = self.code_for(candidate.as_ref())?;
        let limits = &self.settings.limits;
        let attempts = self.attempts(
            &[limits.logins],
            subject.as_bytes(),
            limits.logins_per_address,
            origin,
        );
        let mut work = self.storage.begin().await?;
        let limit = count(work.as_mut(), &attempts, now).await?;
        if limit.exceeded {
            return Err(AccessError::TooManyAttempts(limit));
        }
        let stored = work.lock_code(&subject).await?;
        let stored = match self.settings.customer_code {
            CustomerCode::Sms => stored,
            // The card is always there, so that nobody must have asked for it.
            CustomerCode::CardSuffix => Some(stored.filter(|code| !code.is_over(now)).unwrap_or(
                StoredCode::issue(&self.secret, subject, made.user, &made.code, now),
            )),
        };
        let check = self
            .try_code(work.as_mut(), stored, made.user, &typed, now)
            .await?;
        self.finish_login(work, made.user, check, limit, origin)
            .await
    }

    /// Ends a sign-in with a session or with a refusal.
    async fn finish_login(
        &self,
        mut work: Box<dyn UnitOfWork>,
        user: Option<UserId>,
        check: CodeCheck,
        limit: LimitDecision,
        origin: &RequestOrigin,
    ) -> Result<SignedIn, AccessError> {
        let way = AuditDetails::new().word("by", "card");
        let caller = Caller::anonymous(origin);
        let (CodeCheck::Right, Some(user)) = (check, user) else {
            let note = AuditNote::new(AuditAction::SignInRefused, user).with(way);
            self.note(work.as_mut(), &caller, note).await?;
            work.commit().await?;
            return Err(AccessError::SignInRefused);
        };
        let owner = SessionOwner {
            user,
            role: Role::Customer,
            kind: SessionKind::Customer,
            must_change_password: false,
        };
        let signed_in = self
            .open_session(work.as_mut(), owner, origin, limit)
            .await?;
        let note = AuditNote::new(AuditAction::SignedIn, Some(user)).with(way);
        let caller = signed_in.principal.caller(origin);
        self.note(work.as_mut(), &caller, note).await?;
        work.commit().await?;
        Ok(signed_in)
    }

    /// Tries a code and writes down what came of it.
    async fn try_code(
        &self,
        work: &mut dyn UnitOfWork,
        stored: Option<StoredCode>,
        user: Option<UserId>,
        typed: &OneTimeCode,
        now: DateTime<Utc>,
    ) -> Result<CodeCheck, AccessError> {
        let Some(mut stored) = stored else {
            return Ok(CodeCheck::Void);
        };
        let check = stored.check(&self.secret, user, typed, now);
        match check {
            CodeCheck::Right => stored.used_at = Some(now),
            CodeCheck::Wrong => stored.tries += 1,
            CodeCheck::Void => return Ok(check),
        }
        work.put_code(&stored).await?;
        Ok(check)
    }

    async fn candidate(&self, name: &SignInName) -> Result<Option<SignInCandidate>, AccessError> {
        let candidates = self
            .storage
            .sign_in_candidates(&name.card_numbers(), name.phone())
            .await?;
        Ok(choose_candidate(candidates))
    }

    /// Makes the code that a customer must know; nobody gets one too, which nobody can use.
    fn code_for(&self, candidate: Option<&SignInCandidate>) -> Result<MadeCode, AccessError> {
        let drawn = OneTimeCode::draw(self.outside.secrets.as_ref())?;
        let phone = candidate.and_then(SignInCandidate::code_phone);
        let number = candidate.and_then(|candidate| candidate.card_number.as_ref());
        let user = candidate.map(|candidate| candidate.user);
        Ok(match self.settings.customer_code {
            CustomerCode::Sms => MadeCode {
                code: drawn,
                user: user.filter(|_| phone.is_some()),
                phone,
            },
            CustomerCode::CardSuffix => {
                let suffix = number.and_then(|number| OneTimeCode::suffix_of(number.as_str()));
                MadeCode {
                    user: user.filter(|_| suffix.is_some()),
                    code: suffix.unwrap_or(drawn),
                    phone: None,
                }
            }
        })
    }
}
