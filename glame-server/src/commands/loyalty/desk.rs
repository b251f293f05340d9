use std::sync::Arc;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use glame_core::loyalty::{
    LoyaltyAccount, LoyaltyBalance, LoyaltyError, LoyaltyService, LoyaltyTransaction, NotPosted,
    Posted, Posting, Refusal,
};
use glame_core::ports::{Clock, Storage};
use glame_core::values::UserId;
use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::clock::SystemClock;
use crate::commands::CommandError;
use crate::commands::sync::Shown;
use crate::output::{print, print_json};
use crate::reports::{BalanceView, TransactionView, transactions_table};
use crate::settings::Settings;
use crate::wiring;

/// The loyalty programme as the commands use it.
pub(super) struct Desk {
    pub(super) service: LoyaltyService,
    pub(super) storage: Arc<dyn Storage>,
    pub(super) zone: Tz,
}

/// What came of a command, as programs read it.
#[derive(Debug, Serialize)]
struct OutcomeView<'a> {
    transactions: Vec<TransactionView<'a>>,
    replayed: bool,
    dry_run: bool,
    balance: BalanceView,
}

/// Why nothing was done, as programs read it.
#[derive(Debug, Clone, Serialize)]
pub(super) struct RefusalView {
    code: &'static str,
    message: String,
    /// The figures of a refusal: what was asked for, what there is.
    #[serde(skip_serializing_if = "Map::is_empty")]
    figures: Map<String, Value>,
    /// The fields in which a request differs from the one that its key stands for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fields: Vec<String>,
    /// Whether it had been refused before, under the same idempotency key.
    repeated: bool,
}

#[derive(Debug, Serialize)]
struct RefusedView<'a> {
    error: &'a RefusalView,
}

impl Desk {
    pub(super) async fn open(settings: &Settings) -> Result<Self, CommandError> {
        let storage = wiring::storage(settings).await?;
        let service = wiring::loyalty(settings, Arc::clone(&storage))?;
        let zone = service.programme().zone;
        Ok(Self {
            service,
            storage,
            zone,
        })
    }

    /// Carries a posting out, or previews it, and gives the balance after it.
    pub(super) async fn post(
        &self,
        posting: Posting,
        dry_run: bool,
    ) -> Result<(Posted, LoyaltyBalance), LoyaltyError> {
        let user = posting.user;
        if dry_run {
            let posted = self.service.preview(posting).await?;
            let balance = self.balance_after(user, &posted.transactions).await?;
            return Ok((posted, balance));
        }
        let posted = self.service.post(posting).await?;
        Ok((posted, self.service.get_loyalty_balance(user).await?))
    }

    /// Gives the balance that transactions would leave which are not stored.
    pub(super) async fn balance_after(
        &self,
        user: UserId,
        transactions: &[LoyaltyTransaction],
    ) -> Result<LoyaltyBalance, LoyaltyError> {
        let mut account = self.account(user).await?;
        let last = account.header().sequence;
        // Those of a replay are stored already.
        for transaction in transactions.iter().filter(|one| one.sequence > last) {
            account
                .apply(transaction)
                .map_err(|source| LoyaltyError::Ledger { user, source })?;
        }
        Ok(account.balance(now_of(&account)))
    }

    /// Replays the account of a customer.
    pub(super) async fn account(&self, user: UserId) -> Result<LoyaltyAccount, LoyaltyError> {
        let history = self.service.history(user).await?;
        LoyaltyAccount::replay(user, &history)
            .map_err(|(_, source)| LoyaltyError::Ledger { user, source })
    }

    /// Shows what came of a command.
    pub(super) fn show(
        &self,
        posted: &Posted,
        balance: LoyaltyBalance,
        dry_run: bool,
        shown: Shown,
    ) -> Result<(), CommandError> {
        let transactions: Vec<TransactionView<'_>> = posted
            .transactions
            .iter()
            .map(TransactionView::from)
            .collect();
        let balance = BalanceView::from(balance);
        if shown == Shown::Json {
            print_json(&OutcomeView {
                transactions,
                replayed: posted.replayed,
                dry_run,
                balance,
            })?;
            return Ok(());
        }
        if transactions.is_empty() {
            print("there was nothing to do")?;
        } else {
            print(&transactions_table(&transactions, self.zone))?;
        }
        if posted.replayed {
            print("this had been done before, under the same idempotency key")?;
        }
        if dry_run {
            print("nothing was stored; afterwards there would be:")?;
        }
        print(&balance.to_text(self.zone))?;
        Ok(())
    }
}

impl RefusalView {
    /// Shows a refusal; none for a failure of the database, which refuses nothing.
    pub(super) fn of(error: &LoyaltyError) -> Option<Self> {
        let code = match error {
            LoyaltyError::NotPosted(not_posted) => return Some(Self::of_posting(not_posted)),
            LoyaltyError::UnknownUser(_) => "unknown_user",
            LoyaltyError::KeptElsewhere(_) => "kept_elsewhere",
            LoyaltyError::BatchTooLarge => "batch_too_large",
            LoyaltyError::Ledger { .. } | LoyaltyError::Storage(_) | _ => return None,
        };
        Some(Self::plain(code, error.to_string()))
    }

    /// Shows why a posting was not carried out.
    pub(super) fn of_posting(error: &NotPosted) -> Self {
        let message = error.to_string();
        match error {
            NotPosted::Refused { refusal } => Self {
                figures: figures_of(refusal),
                ..Self::plain(refusal.code(), message)
            },
            NotPosted::RefusedBefore { refusal } => Self {
                figures: figures_of(refusal),
                repeated: true,
                ..Self::plain(refusal.code(), message)
            },
            NotPosted::KeyReused { fields } => Self {
                fields: fields.clone(),
                ..Self::plain("key_reused", message)
            },
        }
    }

    /// Shows a refusal without figures.
    pub(super) fn plain(code: &'static str, message: String) -> Self {
        Self {
            code,
            message,
            figures: Map::new(),
            fields: Vec::new(),
            repeated: false,
        }
    }
}

impl std::fmt::Display for RefusalView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code, self.message)?;
        let figures: Vec<String> = self
            .figures
            .iter()
            .map(|(name, value)| match value {
                Value::String(text) => format!("{name} {text}"),
                Value::Null
                | Value::Bool(_)
                | Value::Number(_)
                | Value::Array(_)
                | Value::Object(_) => format!("{name} {value}"),
            })
            .collect();
        if figures.is_empty() {
            return Ok(());
        }
        write!(f, " ({})", figures.join(", "))
    }
}

/// Gives the time, which is never before the last transaction of an account.
fn now_of(account: &LoyaltyAccount) -> DateTime<Utc> {
    let now = SystemClock.now();
    let last = account.header().recorded_at;
    last.map_or(now, |last| last.max(now))
}

/// Gives the figures that explain a refusal.
fn figures_of(refusal: &Refusal) -> Map<String, Value> {
    let Ok(Value::Object(mut figures)) = serde_json::to_value(refusal) else {
        return Map::new();
    };
    figures.remove("refused");
    figures
}

/// Tells why a command was not carried out: on standard output for programs, and as the error.
pub(super) fn refused(error: LoyaltyError, shown: Shown) -> CommandError {
    let Some(view) = RefusalView::of(&error) else {
        return error.into();
    };
    if shown == Shown::Json
        && let Err(error) = print_json(&RefusedView { error: &view })
    {
        return error.into();
    }
    view.to_string().into()
}

/// Reads the id of a customer.
pub(super) fn parse_user(text: &str) -> Result<UserId, String> {
    Uuid::try_parse(text).map(UserId::from_uuid).map_err(|_| {
        "expected the id of a customer, a UUID as `glame report top --json` shows it in user_id; \
         card and phone numbers are not looked up"
            .to_owned()
    })
}
