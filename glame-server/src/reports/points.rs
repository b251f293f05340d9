use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use glame_core::loyalty::{
    Actor, ChainHash, Draw, Expiring, Explain, IdempotencyKey, LiabilityReport, LoyaltyBalance,
    LoyaltyTransaction, NewLot, RuleRef, Sequence, Source, Statement, TransactionKind,
};
use glame_core::values::{DocumentRef, PlainText, Points, TransactionId, UserId};
use serde::Serialize;

use super::csv_text;
use crate::output::{grouped, table};

/// A transaction with points.
#[derive(Debug, Serialize)]
pub struct TransactionView<'a> {
    /// Its id.
    pub id: TransactionId,
    /// Whose points these are.
    pub user_id: UserId,
    /// Its number in the ledger of the user.
    pub sequence: Sequence,
    /// What kind of operation it is.
    #[serde(rename = "type")]
    pub kind: TransactionKind,
    /// What it changes.
    pub points: i64,
    /// What all transactions up to this one come to.
    pub balance_after: i64,
    /// Why, in words that the customer may read.
    pub reason: &'a PlainText,
    /// Where it comes from.
    pub source: Source,
    /// Who has done it, where it was a person.
    pub actor: Option<&'a Actor>,
    /// The receipt that it is about.
    pub receipt: Option<DocumentRef>,
    /// The transaction that it takes back.
    pub reverses: Option<Sequence>,
    /// When it takes effect in the world.
    pub effective_at: DateTime<Utc>,
    /// When it was written down.
    pub recorded_at: DateTime<Utc>,
    /// The rules under which it was decided.
    pub rule: &'a RuleRef,
    /// The key that the client gave.
    pub idempotency_key: Option<&'a IdempotencyKey>,
    /// The lot that it makes.
    pub lot: Option<NewLot>,
    /// What it takes from lots and puts back into them.
    pub draws: &'a [Draw],
    /// What it adds to the debt, or repays of it.
    pub debt_change: i64,
    /// How it came about.
    pub explain: &'a Explain,
    /// The hash that ties it to all before it.
    pub hash: ChainHash,
}

/// What a customer has.
#[derive(Debug, Serialize)]
pub struct BalanceView {
    /// Whose points these are.
    pub user_id: UserId,
    /// The instant that it speaks of.
    pub as_of: DateTime<Utc>,
    /// What can be spent.
    pub available: Points,
    /// What can be spent later.
    pub pending: Points,
    /// What is owed.
    pub debt: Points,
    /// The available points that expire, soonest first.
    pub expiring: Vec<Expiring>,
}

/// The transactions of a stretch of time, with what there was before and after.
#[derive(Debug, Serialize)]
pub struct StatementView<'a> {
    /// Whose points these are.
    pub user_id: UserId,
    /// The first instant inside; none from the beginning on.
    pub from: Option<DateTime<Utc>>,
    /// The first instant after it; none up to now.
    pub to: Option<DateTime<Utc>>,
    /// What all transactions before it come to.
    pub opening: i64,
    /// The transactions, in the order in which they were written down.
    pub lines: Vec<TransactionView<'a>>,
    /// What all transactions up to its end come to.
    pub closing: i64,
}

impl<'a> From<&'a LoyaltyTransaction> for TransactionView<'a> {
    fn from(transaction: &'a LoyaltyTransaction) -> Self {
        Self {
            id: transaction.id,
            user_id: transaction.user,
            sequence: transaction.sequence,
            kind: transaction.kind,
            points: transaction.points,
            balance_after: transaction.balance_after,
            reason: &transaction.reason,
            source: transaction.source,
            actor: transaction.actor.as_ref(),
            receipt: transaction.receipt,
            reverses: transaction.reverses,
            effective_at: transaction.effective_at,
            recorded_at: transaction.recorded_at,
            rule: &transaction.rule,
            idempotency_key: transaction.idempotency_key.as_ref(),
            lot: transaction.lot,
            draws: &transaction.draws,
            debt_change: transaction.debt_change,
            explain: &transaction.explain,
            hash: transaction.hash,
        }
    }
}

impl From<LoyaltyBalance> for BalanceView {
    fn from(balance: LoyaltyBalance) -> Self {
        Self {
            user_id: balance.user,
            as_of: balance.as_of,
            available: balance.available,
            pending: balance.pending,
            debt: balance.debt,
            expiring: balance.expiring,
        }
    }
}

impl BalanceView {
    /// Tells the balance in lines.
    #[must_use]
    pub fn to_text(&self, zone: Tz) -> String {
        let number = |points: Points| grouped(&points.to_string());
        let mut lines = vec![format!(
            "{} points can be spent, {} later, {} are owed",
            number(self.available),
            number(self.pending),
            number(self.debt)
        )];
        lines.extend(self.expiring.iter().map(|expiring| {
            let at = expiring.at.with_timezone(&zone).format("%Y-%m-%d %H:%M");
            format!("{} of them expire at {at}", number(expiring.points))
        }));
        lines.join("\n")
    }
}

impl<'a> StatementView<'a> {
    /// Shows a statement.
    #[must_use]
    pub fn new(statement: &'a Statement) -> Self {
        Self {
            user_id: statement.user,
            from: statement.range.from(),
            to: statement.range.to(),
            opening: statement.opening,
            lines: statement.lines.iter().map(TransactionView::from).collect(),
            closing: statement.closing,
        }
    }

    /// Lays the statement out as a table.
    #[must_use]
    pub fn to_table(&self, zone: Tz) -> String {
        format!(
            "opening balance: {}\n\n{}\n\nclosing balance: {}",
            grouped(&self.opening.to_string()),
            transactions_table(&self.lines, zone),
            grouped(&self.closing.to_string())
        )
    }

    /// Writes the statement as CSV, with the balances before and after as rows of their own.
    #[must_use]
    pub fn to_csv(&self) -> String {
        let mut csv = String::from(
            "type,sequence,id,recorded_at,effective_at,points,balance_after,reason,source,actor,\
             receipt,reverses,idempotency_key",
        );
        let mut row = |cells: [String; 13]| {
            csv.push_str("\r\n");
            csv.push_str(&cells.join(","));
        };
        let edge = |name: &str, at: Option<DateTime<Utc>>, balance: i64| {
            let mut cells: [String; 13] = Default::default();
            name.clone_into(&mut cells[0]);
            cells[3] = at.map(instant).unwrap_or_default();
            cells[6] = balance.to_string();
            cells
        };
        row(edge("opening", self.from, self.opening));
        for line in &self.lines {
            let text = |text: Option<String>| csv_text(&text.unwrap_or_default());
            row([
                line.kind.as_str().to_owned(),
                line.sequence.to_string(),
                line.id.to_string(),
                instant(line.recorded_at),
                instant(line.effective_at),
                line.points.to_string(),
                line.balance_after.to_string(),
                csv_text(line.reason.as_str()),
                line.source.as_str().to_owned(),
                text(line.actor.map(ToString::to_string)),
                text(line.receipt.map(|receipt| receipt.to_string())),
                text(line.reverses.map(|sequence| sequence.to_string())),
                text(line.idempotency_key.map(|key| key.as_str().to_owned())),
            ]);
        }
        row(edge("closing", self.to, self.closing));
        csv
    }
}

/// Lays transactions out as a table.
#[must_use]
pub fn transactions_table(transactions: &[TransactionView<'_>], zone: Tz) -> String {
    let rows: Vec<Vec<String>> = transactions
        .iter()
        .map(|line| {
            let at = line.recorded_at.with_timezone(&zone);
            vec![
                at.format("%Y-%m-%d %H:%M:%S").to_string(),
                line.sequence.to_string(),
                line.kind.as_str().to_owned(),
                grouped(&line.points.to_string()),
                grouped(&line.balance_after.to_string()),
                line.reason.to_string(),
                line.id.to_string(),
            ]
        })
        .collect();
    let header = ["at", "no.", "type", "points", "balance", "reason", "id"];
    table(&header, &rows)
}

/// Lays out what the shop owes its customers.
#[must_use]
pub fn liability_table(report: &LiabilityReport) -> String {
    let number = |points: i128| grouped(&points.to_string());
    let mut text = format!(
        "Points of {} customers: {} can be spent, {} later, {} are owed by customers",
        grouped(&report.accounts.to_string()),
        number(report.outstanding),
        number(report.pending),
        number(report.debt),
    );
    let months: Vec<Vec<String>> = report
        .expected_to_expire
        .iter()
        .map(|(month, points)| vec![month.clone(), number(*points)])
        .chain([vec!["never".to_owned(), number(report.never_expire)]])
        .collect();
    let rules: Vec<Vec<String>> = report
        .rules
        .iter()
        .map(|total| {
            vec![
                format!("{} v{}", total.rule.id, total.rule.version),
                total.kind.as_str().to_owned(),
                grouped(&total.transactions.to_string()),
                number(total.credited),
                number(total.debited),
            ]
        })
        .collect();
    let rules_header = ["rule", "type", "transactions", "credited", "debited"];
    for part in [
        table(&["expire in", "points"], &months),
        table(&rules_header, &rules),
    ] {
        text.push_str("\n\n");
        text.push_str(&part);
    }
    text
}

/// Writes what the shop owes its customers as CSV, a figure each row.
#[must_use]
pub fn liability_csv(report: &LiabilityReport) -> String {
    let mut rows = vec![
        "section,name,type,transactions,credited,debited,points".to_owned(),
        format!("total,accounts,,,,,{}", report.accounts),
        format!("total,outstanding,,,,,{}", report.outstanding),
        format!("total,pending,,,,,{}", report.pending),
        format!("total,debt,,,,,{}", report.debt),
    ];
    let months = report.expected_to_expire.iter();
    rows.extend(months.map(|(month, points)| format!("expire,{month},,,,,{points}")));
    rows.push(format!("expire,never,,,,,{}", report.never_expire));
    rows.extend(report.rules.iter().map(|total| {
        format!(
            "rule,{},{},{},{},{},{}",
            csv_text(&format!("{} v{}", total.rule.id, total.rule.version)),
            total.kind.as_str(),
            total.transactions,
            total.credited,
            total.debited,
            total.credited - total.debited
        )
    }));
    rows.join("\r\n")
}

fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)
}
