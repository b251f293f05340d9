use std::process::ExitCode;

use chrono::{DateTime, Utc};
use clap::Args;
use glame_core::loyalty::{
    Actor, Authority, Command, CustomerFacts, IdempotencyKey, LoyaltyError, NotPosted, Posted,
    Posting, ReceiptFact, Refusal, Request, ReturnFact, Source, decide_merge,
};
use glame_core::ports::{AccountNeeds, AccountQuery, Clock};
use glame_core::values::{DocumentRef, Money, PlainText, Points, TransactionId, UserId};
use uuid::Uuid;

use super::desk::{Desk, parse_user, refused};
use super::moment::Moment;
use crate::clock::SystemClock;
use crate::commands::CommandError;
use crate::commands::sync::Shown;

/// Why points move, on whose word, and how that is shown.
#[derive(Debug, Args)]
struct Wish {
    /// Why, in words that the customer may read
    #[arg(long, value_name = "TEXT", value_parser = parse_text)]
    reason: Option<PlainText>,
    /// Where it comes from: onec, platform, manual or campaign
    #[arg(long, value_parser = parse_source)]
    source: Option<Source>,
    /// Who wants it: the id of a user or a name
    #[arg(long, value_name = "WHO")]
    actor: Option<Actor>,
    /// Store nothing; show what would be done
    #[arg(long)]
    dry_run: bool,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// A wish that may be repeated without repeating the deed.
#[derive(Debug, Args)]
struct Keyed {
    /// The key by which the command may be repeated without repeating the deed
    #[arg(long, value_name = "KEY", value_parser = IdempotencyKey::parse)]
    idempotency_key: IdempotencyKey,
    #[command(flatten)]
    wish: Wish,
}

#[derive(Debug, Args)]
pub(in crate::commands) struct Earn {
    /// The id of the customer
    #[arg(value_parser = parse_user)]
    user: UserId,
    /// The document of the receipt
    #[arg(long, value_name = "UUID", value_parser = parse_document)]
    receipt: DocumentRef,
    /// The money that was paid
    #[arg(long, value_name = "ROUBLES", value_parser = Money::parse_roubles)]
    amount: Money,
    /// When it was paid [default: now]
    #[arg(long, value_name = "TIME")]
    at: Option<Moment>,
    #[command(flatten)]
    keyed: Keyed,
}

#[derive(Debug, Args)]
pub(in crate::commands) struct Return {
    /// The id of the customer
    #[arg(value_parser = parse_user)]
    user: UserId,
    /// The document of the receipt whose goods come back
    #[arg(long, value_name = "UUID", value_parser = parse_document)]
    receipt: DocumentRef,
    /// The document of the return
    #[arg(long, value_name = "UUID", value_parser = parse_document)]
    document: DocumentRef,
    /// The line of that document [default: the document as a whole]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    line: u32,
    /// The money that was paid back
    #[arg(long, value_name = "ROUBLES", value_parser = Money::parse_roubles)]
    amount: Money,
    /// When it was paid back [default: now]
    #[arg(long, value_name = "TIME")]
    at: Option<Moment>,
    #[command(flatten)]
    keyed: Keyed,
}

#[derive(Debug, Args)]
pub(in crate::commands) struct Spend {
    /// The id of the customer
    #[arg(value_parser = parse_user)]
    user: UserId,
    /// How many points
    #[arg(long, value_name = "N", value_parser = parse_points)]
    points: Points,
    /// The document of the receipt that they pay
    #[arg(long, value_name = "UUID", value_parser = parse_document, requires = "total")]
    receipt: Option<DocumentRef>,
    /// The sum of that receipt before the points
    #[arg(long, value_name = "ROUBLES", value_parser = Money::parse_roubles, requires = "receipt")]
    total: Option<Money>,
    #[command(flatten)]
    keyed: Keyed,
}

#[derive(Debug, Args)]
pub(in crate::commands) struct Bonus {
    /// The id of the customer
    #[arg(value_parser = parse_user)]
    user: UserId,
    /// The rule that gives them: `birthday`, `level_up`, or the name of a campaign
    #[arg(long)]
    rule: String,
    /// What they are given for: a date, a level, a name; once for each
    #[arg(long)]
    occasion: String,
    /// How many points
    #[arg(long, value_name = "N", value_parser = parse_points)]
    points: Points,
    /// From when they can be spent [default: at once]
    #[arg(long, value_name = "TIME")]
    available_from: Option<Moment>,
    /// When they expire [default: never]
    #[arg(long, value_name = "TIME")]
    expires_at: Option<Moment>,
    #[command(flatten)]
    keyed: Keyed,
}

#[derive(Debug, Args)]
pub(in crate::commands) struct Adjust {
    /// The id of the customer
    #[arg(value_parser = parse_user)]
    user: UserId,
    /// How many points are given, or taken (negative)
    #[arg(long, value_name = "±N", allow_negative_numbers = true)]
    points: i64,
    /// What there is to say for it, for colleagues only
    #[arg(long, value_name = "TEXT", value_parser = parse_text)]
    note: PlainText,
    #[command(flatten)]
    keyed: Keyed,
}

#[derive(Debug, Args)]
pub(in crate::commands) struct Reverse {
    /// The id of the customer
    #[arg(value_parser = parse_user)]
    user: UserId,
    /// The transaction that is taken back
    #[arg(long, value_name = "UUID")]
    transaction: Uuid,
    #[command(flatten)]
    keyed: Keyed,
}

#[derive(Debug, Args)]
pub(in crate::commands) struct Merge {
    /// The id of the customer whose points move
    #[arg(value_parser = parse_user)]
    from: UserId,
    /// The id of the customer who has them afterwards
    #[arg(value_parser = parse_user)]
    into: UserId,
    #[command(flatten)]
    wish: Wish,
}

impl Wish {
    const fn shown(&self) -> Shown {
        Shown::from_flag(self.json)
    }

    fn authority(&self, reason: &str, source: Source) -> Authority {
        Authority {
            reason: self.reason.clone().unwrap_or_else(|| words(reason)),
            source: self.source.unwrap_or(source),
            actor: self.actor.clone(),
        }
    }
}

impl Keyed {
    /// Carries a command out and shows what came of it.
    async fn carry_out(
        self,
        desk: &Desk,
        user: UserId,
        command: Command,
        authority: Authority,
    ) -> Result<ExitCode, CommandError> {
        let shown = self.wish.shown();
        let posting = Posting {
            user,
            key: Some(self.idempotency_key),
            request: Request { command, authority },
            customer: CustomerFacts::default(),
        };
        let (posted, balance) = desk
            .post(posting, self.wish.dry_run)
            .await
            .map_err(|error| refused(error, shown))?;
        desk.show(&posted, balance, self.wish.dry_run, shown)?;
        Ok(ExitCode::SUCCESS)
    }

    /// Gives the time of a command that tells none: now, or that of the first call under its key.
    async fn time_of(&self, desk: &Desk, user: UserId) -> Result<DateTime<Utc>, CommandError> {
        let query = AccountQuery {
            user,
            needs: AccountNeeds {
                keys: vec![self.idempotency_key.clone()],
                ..AccountNeeds::default()
            },
        };
        let accounts = desk.storage.loyalty_accounts(&[query]).await?;
        let mut requests = accounts.iter().flat_map(|account| &account.requests);
        let told = requests.find_map(|stored| match &stored.request.command {
            Command::Receipt(fact) => Some(fact.purchased_at),
            Command::Return(fact) => Some(fact.returned_at),
            Command::Spend { .. }
            | Command::Bonus { .. }
            | Command::Adjust { .. }
            | Command::Expire
            | Command::Reverse { .. }
            | Command::Reconcile { .. } => None,
        });
        Ok(told.unwrap_or_else(|| SystemClock.now()))
    }
}

impl Earn {
    pub(super) async fn run(self, desk: &Desk) -> Result<ExitCode, CommandError> {
        let purchased_at = match self.at {
            Some(at) => at.begin(desk.zone),
            None => self.keyed.time_of(desk, self.user).await?,
        };
        let fact = ReceiptFact {
            receipt: self.receipt,
            purchased_at,
            basis: Some(self.amount),
        };
        let wish = &self.keyed.wish;
        let (shown, dry_run) = (wish.shown(), wish.dry_run);
        let authority = wish.authority("Покупка", Source::Platform);
        let key = Some(self.keyed.idempotency_key);
        let outcome = match desk.service.earning(self.user, fact, authority, key).await {
            Ok(posting) => desk.post(posting, dry_run).await,
            Err(error) => Err(error),
        };
        let (posted, balance) = outcome.map_err(|error| refused(error, shown))?;
        desk.show(&posted, balance, dry_run, shown)?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Return {
    pub(super) async fn run(self, desk: &Desk) -> Result<ExitCode, CommandError> {
        let returned_at = match self.at {
            Some(at) => at.begin(desk.zone),
            None => self.keyed.time_of(desk, self.user).await?,
        };
        let command = Command::Return(ReturnFact {
            document: self.document,
            line: self.line,
            receipt: self.receipt,
            returned_at,
            amount: self.amount,
        });
        let authority = self.keyed.wish.authority("Возврат", Source::Platform);
        self.keyed
            .carry_out(desk, self.user, command, authority)
            .await
    }
}

impl Spend {
    pub(super) async fn run(self, desk: &Desk) -> Result<ExitCode, CommandError> {
        let command = Command::Spend {
            points: self.points,
            receipt: self.receipt,
            receipt_total: self.total,
        };
        let authority = self
            .keyed
            .wish
            .authority("Оплата баллами", Source::Platform);
        self.keyed
            .carry_out(desk, self.user, command, authority)
            .await
    }
}

impl Bonus {
    pub(super) async fn run(self, desk: &Desk) -> Result<ExitCode, CommandError> {
        let begin = |moment: Moment| moment.begin(desk.zone);
        let command = Command::Bonus {
            rule: self.rule,
            occasion: self.occasion,
            points: self.points,
            available_from: self.available_from.map(begin),
            expires_at: self.expires_at.map(begin),
        };
        let authority = self.keyed.wish.authority("Бонус", Source::Platform);
        self.keyed
            .carry_out(desk, self.user, command, authority)
            .await
    }
}

impl Adjust {
    pub(super) async fn run(self, desk: &Desk) -> Result<ExitCode, CommandError> {
        let command = Command::Adjust {
            points: self.points,
            note: self.note,
        };
        let authority = self.keyed.wish.authority("Корректировка", Source::Manual);
        self.keyed
            .carry_out(desk, self.user, command, authority)
            .await
    }
}

impl Reverse {
    pub(super) async fn run(self, desk: &Desk) -> Result<ExitCode, CommandError> {
        let command = Command::Reverse {
            transaction: TransactionId::from_uuid(self.transaction),
        };
        let authority = self.keyed.wish.authority("Отмена", Source::Manual);
        self.keyed
            .carry_out(desk, self.user, command, authority)
            .await
    }
}

impl Merge {
    pub(super) async fn run(self, desk: &Desk) -> Result<ExitCode, CommandError> {
        let (shown, dry_run) = (self.wish.shown(), self.wish.dry_run);
        let authority = self.wish.authority("Объединение карт", Source::Manual);
        let moved = if dry_run {
            self.preview(desk, &authority).await
        } else {
            let moved = desk.service.merge(self.from, self.into, authority).await;
            moved.map(|transactions| Posted {
                transactions,
                replayed: false,
            })
        };
        let moved = moved.map_err(|error| refused(error, shown))?;
        let taken: Vec<_> = moved
            .transactions
            .iter()
            .filter(|one| one.user == self.into)
            .cloned()
            .collect();
        let balance = desk.balance_after(self.into, &taken).await?;
        desk.show(&moved, balance, dry_run, shown)?;
        Ok(ExitCode::SUCCESS)
    }

    async fn preview(&self, desk: &Desk, authority: &Authority) -> Result<Posted, LoyaltyError> {
        if self.from == self.into {
            return Err(NotPosted::from(Refusal::Invalid {
                problem: "name two different customers".to_owned(),
            })
            .into());
        }
        let source = desk.account(self.from).await?;
        let target = desk.account(self.into).await?;
        let programme = desk.service.programme();
        let now = SystemClock.now();
        let (given, taken) =
            decide_merge(&source, &target, authority, programme, now).map_err(NotPosted::from)?;
        Ok(Posted {
            transactions: given.into_iter().chain(taken).collect(),
            replayed: false,
        })
    }
}

/// Takes words of our own.
pub(super) fn words(text: &str) -> PlainText {
    #[expect(clippy::expect_used, reason = "words of our own are not empty")]
    PlainText::clean(text).expect("a reason has words")
}

fn parse_text(text: &str) -> Result<PlainText, String> {
    PlainText::clean(text).ok_or_else(|| "the text is empty".to_owned())
}

fn parse_source(text: &str) -> Result<Source, String> {
    Source::from_name(text).ok_or_else(|| "expected onec, platform, manual or campaign".to_owned())
}

fn parse_points(text: &str) -> Result<Points, String> {
    let points: Option<i64> = text.parse().ok();
    points
        .and_then(|points| Points::try_new(points).ok())
        .ok_or_else(|| "expected a whole number of points".to_owned())
}

fn parse_document(text: &str) -> Result<DocumentRef, String> {
    match DocumentRef::parse(text) {
        Ok(Some(document)) => Ok(document),
        Ok(None) => Err("the zero GUID names no document".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}
