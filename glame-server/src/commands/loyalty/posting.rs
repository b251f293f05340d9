mod lines;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use futures_util::{StreamExt, stream};
use glame_core::loyalty::{
    Command, IdempotencyKey, LoyaltyError, MOST_POSTINGS, NotPosted, Posted, Posting,
};
use glame_core::values::UserId;
use serde::Serialize;

use super::desk::{Desk, RefusalView};
use crate::commands::CommandError;
use crate::output::{describe, grouped, print};
use crate::reports::TransactionView;
use lines::{Line, LineError, NumberedLine, lines_of};

/// Carries out postings that come as lines of JSON.
#[derive(Debug, Args)]
#[command(
    after_help = "A line: {\"user\": \"<UUID>\", \"idempotency_key\": \"order-17\", \
    \"command\": \"spend\", \"points\": 100, \"reason\": \"Оплата баллами\", \"source\": \
    \"platform\"}\n\nCommands and their fields:\n  receipt: receipt, purchased_at, basis (roubles \
    as a string; null once the receipt is no more)\n  return: document, line, receipt, returned_at, \
    amount\n  spend: points, receipt, receipt_total\n  bonus: rule, occasion, points, \
    available_from, expires_at\n  adjust: points, note (and actor)\n  reverse: transaction\n  \
    reconcile: balance\n  expire: none, and needs no key\n\nThe order of the lines of one customer \
    holds only with --concurrency 1."
)]
pub(in crate::commands) struct Post {
    /// The file, or - for standard input
    #[arg(long, value_name = "FILE", default_value = "-")]
    file: PathBuf,
    /// How many transactions of the database are open at once
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    concurrency: u16,
    /// The most postings that one transaction of the database takes
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = parse_batch)]
    batch: usize,
}

/// What came of a line, as programs read it.
#[derive(Debug, Serialize)]
struct OutcomeView<'a> {
    line: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<UserId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    idempotency_key: Option<&'a IdempotencyKey>,
    /// `posted`, `refused`, `invalid` (the line cannot be understood) or `failed` (send it again).
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    replayed: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    transactions: Option<Vec<TransactionView<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<RefusalView>,
}

/// What came of a posting.
#[derive(Clone)]
enum Outcome {
    Posted(Posted),
    Refused(RefusalView),
    /// The database failed; the same line may be sent again.
    Failed(RefusalView),
}

/// What came of some lines that were carried out together.
struct Answer {
    lines: Vec<String>,
    undone: u64,
    failure: Option<CommandError>,
}

fn parse_batch(text: &str) -> Result<usize, String> {
    let batch = text.parse().ok();
    batch
        .filter(|batch| (1..=MOST_POSTINGS).contains(batch))
        .ok_or_else(|| format!("expected a number from 1 to {MOST_POSTINGS}"))
}

impl Post {
    pub(super) async fn run(self, desk: &Desk) -> Result<ExitCode, CommandError> {
        let batch = self.batch;
        let lines = lines_of(&self.file, batch)?;
        let batches = stream::unfold(lines, |mut lines| async move {
            let mut taken = Vec::new();
            // Takes what is there, so that a client that waits for its answer gets one.
            let count = lines.recv_many(&mut taken, batch).await;
            (count > 0).then_some((taken, lines))
        });
        let answers = batches
            .map(|lines| desk.answer(lines))
            .buffered(usize::from(self.concurrency));
        let mut answers = std::pin::pin!(answers);
        let (mut all, mut undone) = (0_u64, 0);
        while let Some(answer) = answers.next().await {
            all += u64::try_from(answer.lines.len()).unwrap_or(u64::MAX);
            undone += answer.undone;
            print(&answer.lines.join("\n"))?;
            if let Some(failure) = answer.failure {
                return Err(failure);
            }
        }
        if undone == 0 {
            return Ok(ExitCode::SUCCESS);
        }
        Err(format!(
            "{} of {} lines were not carried out; each says why",
            grouped(&undone.to_string()),
            grouped(&all.to_string())
        )
        .into())
    }
}

impl Desk {
    /// Carries some lines out together and tells what came of each.
    async fn answer(&self, lines: Vec<Result<NumberedLine, CommandError>>) -> Answer {
        let mut answer = Answer {
            lines: Vec::new(),
            undone: 0,
            failure: None,
        };
        let mut read = Vec::with_capacity(lines.len());
        for line in lines {
            match line {
                Ok(line) => read.push(line),
                Err(error) => answer.failure = Some(error),
            }
        }
        let mut postings = Vec::new();
        let mut outcomes: Vec<Option<Result<Outcome, LineError>>> = Vec::with_capacity(read.len());
        for line in &read {
            let prepared = match &line.content {
                Ok(line) => Ok(self.prepare(line).await),
                Err(error) => Err(error.clone()),
            };
            outcomes.push(match prepared {
                Ok(Ok(posting)) => {
                    postings.push(posting);
                    None
                }
                Ok(Err(error)) => Some(Ok(answer.note(error))),
                Err(error) => Some(Err(error)),
            });
        }
        let mut posted = self.post_together(postings, &mut answer).await.into_iter();
        for (line, outcome) in read.iter().zip(outcomes) {
            let outcome = outcome.or_else(|| posted.next().map(Ok));
            let Some(outcome) = outcome else { continue };
            let view = view_of(line, &outcome);
            answer.undone += u64::from(view.status != "posted");
            match serde_json::to_string(&view) {
                Ok(text) => answer.lines.push(text),
                Err(error) => answer.failure = Some(error.into()),
            }
        }
        answer
    }

    /// Makes the posting of a line; a receipt is told with what is known of the customer.
    async fn prepare(&self, line: &Line) -> Result<Posting, LoyaltyError> {
        let request = &line.request;
        if let Command::Receipt(fact) = request.command {
            let authority = request.authority.clone();
            let key = line.idempotency_key.clone();
            return self.service.earning(line.user, fact, authority, key).await;
        }
        Ok(line.posting())
    }

    /// Posts in one transaction, or one by one where something is wrong with one of them.
    async fn post_together(&self, postings: Vec<Posting>, answer: &mut Answer) -> Vec<Outcome> {
        let outcome = |result: Result<Posted, NotPosted>| match result {
            Ok(posted) => Outcome::Posted(posted),
            Err(error) => Outcome::Refused(RefusalView::of_posting(&error)),
        };
        if postings.is_empty() {
            return Vec::new();
        }
        match self.service.post_batch(postings.clone()).await {
            Ok(results) => return results.into_iter().map(outcome).collect(),
            // What concerns one customer only is told to nobody else.
            Err(error) if RefusalView::of(&error).is_some() && postings.len() > 1 => {}
            Err(error) => {
                let outcome = answer.note(error);
                return vec![outcome; postings.len()];
            }
        }
        let mut outcomes = Vec::with_capacity(postings.len());
        for posting in postings {
            outcomes.push(match self.service.post(posting).await {
                Ok(posted) => Outcome::Posted(posted),
                Err(error) => answer.note(error),
            });
        }
        outcomes
    }
}

impl Answer {
    /// Takes an error for the outcome of one line; nothing goes on after a failed database.
    fn note(&mut self, error: LoyaltyError) -> Outcome {
        if let Some(view) = RefusalView::of(&error) {
            return Outcome::Refused(view);
        }
        let view = RefusalView::plain("failed", describe(&error));
        self.failure = Some(error.into());
        Outcome::Failed(view)
    }
}

fn view_of<'a>(line: &'a NumberedLine, outcome: &'a Result<Outcome, LineError>) -> OutcomeView<'a> {
    let content = line.content.as_ref().ok();
    let mut view = OutcomeView {
        line: line.number,
        user_id: content.map(|line| line.user),
        idempotency_key: content.and_then(|line| line.idempotency_key.as_ref()),
        status: "posted",
        replayed: None,
        transactions: None,
        error: None,
    };
    match outcome {
        Ok(Outcome::Posted(posted)) => {
            let transactions = posted.transactions.iter();
            view.replayed = Some(posted.replayed);
            view.transactions = Some(transactions.map(TransactionView::from).collect());
        }
        Ok(Outcome::Refused(error)) => (view.status, view.error) = ("refused", Some(error.clone())),
        Ok(Outcome::Failed(error)) => (view.status, view.error) = ("failed", Some(error.clone())),
        Err(LineError(message)) => {
            let error = RefusalView::plain("invalid_line", message.clone());
            (view.status, view.error) = ("invalid", Some(error));
        }
    }
    view
}
