use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use futures_channel::{mpsc, oneshot};
use futures_util::StreamExt;

use super::super::{Posted, Posting};
use super::{LoyaltyError, LoyaltyService};
use crate::ports::StorageError;

/// The most postings that are carried out together.
const MOST_TOGETHER: usize = 256;

/// How many groups are under way at once: while one waits for the database, the next is decided.
const LANES: usize = 2;

/// How many postings may wait; whoever comes when it is full does not wait for a group.
const MOST_WAITING: usize = 4_096;

/// A posting that waits for its group, and whom to tell what became of it.
type Waiting = (Posting, oneshot::Sender<Result<Posted, LoyaltyError>>);

/// The way of postings into groups.
#[derive(Debug, Clone)]
pub(super) struct Groups(mpsc::Sender<Waiting>);

/// The work of carrying out in one transaction what is asked for at the same time; somebody must
/// [`run`](Self::run) it.
///
/// It ends when the service that it was made for, and every clone of that, is gone.
#[derive(Debug)]
#[must_use = "postings are carried out together only while this runs"]
pub struct GroupCommit {
    waiting: mpsc::Receiver<Waiting>,
    service: LoyaltyService,
}

impl LoyaltyService {
    /// Makes [`post`](Self::post) carry out together, in one transaction, what is asked for at the
    /// same time, as databases write the commits of many at once.
    ///
    /// Each caller still hears when what it asked for is stored for good, and the outcome is that of
    /// posting one by one in the order of arrival. Postings without an idempotency key go alone,
    /// because only a key makes it safe to try again what has failed together.
    ///
    /// ```no_run
    /// # async fn example(service: glame_core::loyalty::LoyaltyService) {
    /// let (service, groups) = service.with_group_commit();
    /// tokio::spawn(groups.run());
    /// # let _ = service;
    /// # }
    /// ```
    pub fn with_group_commit(self) -> (Self, GroupCommit) {
        let (sender, waiting) = mpsc::channel(MOST_WAITING);
        let alone = Self {
            groups: None,
            ..self
        };
        let groups = GroupCommit {
            waiting,
            service: alone.clone(),
        };
        let grouped = Self {
            groups: Some(Groups(sender)),
            ..alone
        };
        (grouped, groups)
    }
}

impl Groups {
    /// Has a posting carried out with others, or alone if nobody carries out groups.
    pub(super) async fn post(
        &self,
        posting: Posting,
        service: &LoyaltyService,
    ) -> Result<Posted, LoyaltyError> {
        let (reply, outcome) = oneshot::channel();
        match self.0.clone().try_send((posting.clone(), reply)) {
            Ok(()) => match outcome.await {
                Ok(outcome) => outcome,
                // Its group has vanished, whether stored or not: the key tells.
                Err(oneshot::Canceled) => service.post_alone(posting).await,
            },
            Err(_) => service.post_alone(posting).await,
        }
    }
}

impl GroupCommit {
    /// Carries out what comes, until nobody can ask any more.
    pub async fn run(self) {
        let Self { waiting, service } = self;
        waiting
            .ready_chunks(MOST_TOGETHER)
            .for_each_concurrent(LANES, |group| carry_out(&service, group))
            .await;
    }
}

/// Carries out a group and tells everybody; what hinders all of them is left to those it concerns.
async fn carry_out(service: &LoyaltyService, group: Vec<Waiting>) {
    let (postings, replies): (Vec<_>, Vec<_>) = group.into_iter().unzip();
    let outcomes: Vec<Result<Posted, LoyaltyError>> =
        match service.post_batch(postings.clone()).await {
            Ok(outcomes) => outcomes
                .into_iter()
                .map(|outcome| outcome.map_err(LoyaltyError::from))
                .collect(),
            Err(error) if postings.len() == 1 => vec![Err(error)],
            Err(LoyaltyError::Storage(StorageError::Unavailable { during, source })) => {
                // To wait for the database once for each of them would take too long.
                let source = Arc::<dyn std::error::Error + Send + Sync>::from(source);
                let unavailable = |_| {
                    Err(LoyaltyError::Storage(StorageError::Unavailable {
                        during,
                        source: Box::new(Arc::clone(&source)),
                    }))
                };
                postings.iter().map(unavailable).collect()
            }
            Err(_) => one_by_one(service, postings).await,
        };
    for (reply, outcome) in replies.into_iter().zip(outcomes) {
        // Whoever does not wait any more may ask again under the same key.
        let _ = reply.send(outcome);
    }
    others_first().await;
}

/// Waits until everybody who can go on now has done so.
///
/// Who has just heard often asks again at once. The next group takes all of them, and one statement
/// for many costs little more than one for a few.
async fn others_first() {
    let mut waited = false;
    poll_fn(|context| {
        if waited {
            return Poll::Ready(());
        }
        waited = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

async fn one_by_one(
    service: &LoyaltyService,
    postings: Vec<Posting>,
) -> Vec<Result<Posted, LoyaltyError>> {
    let mut outcomes = Vec::with_capacity(postings.len());
    for posting in postings {
        outcomes.push(service.post_alone(posting).await);
    }
    outcomes
}
