use std::sync::Arc;

use futures_util::future::join_all;
use tokio::sync::{Semaphore, mpsc, oneshot};

use crate::api::{Problem, ProblemCode};

/// How many questions wait for an answer at the most; more are made to wait before they are asked.
const MOST_WAITING: usize = 1_024;

/// How many questions are asked together at the most.
const MOST_TOGETHER: usize = 64;

/// Questions that are asked at the same time, put to the database as one.
///
/// Whoever asks while a lane is free is asked for at once; whoever asks meanwhile goes with the next
/// batch, which begins after all of its questions were asked: nobody is told what is older than the
/// question. A batch that fails is asked again one by one, so that nobody suffers for another's row.
#[derive(Debug)]
pub(super) struct Batches<Q, A> {
    asked: mpsc::Sender<Asked<Q, A>>,
}

#[derive(Debug)]
struct Asked<Q, A> {
    question: Q,
    answer: oneshot::Sender<Result<A, Problem>>,
}

impl<Q, A> Batches<Q, A>
where
    Q: Clone + Send + Sync + 'static,
    A: Send + 'static,
{
    /// Begins to answer by `ask`, which gives an answer for each question, in their order; so many
    /// batches at most are under way at once.
    pub(super) fn begin<F, W>(lanes: usize, ask: F) -> Self
    where
        F: Fn(Vec<Q>) -> W + Send + Sync + 'static,
        W: Future<Output = Result<Vec<A>, Problem>> + Send + 'static,
    {
        let (asked, waiting) = mpsc::channel(MOST_WAITING);
        let lanes = Arc::new(Semaphore::new(lanes));
        tokio::spawn(answer_all(waiting, lanes, Arc::new(ask)));
        Self { asked }
    }

    /// Asks, and waits for the answer.
    ///
    /// # Errors
    /// Those of the database.
    pub(super) async fn ask(&self, question: Q) -> Result<A, Problem> {
        let (answer, answered) = oneshot::channel();
        let asked = Asked { question, answer };
        // The other side ends with the server, or by a defect that its log tells.
        let ended = || Problem::new(ProblemCode::Internal, "questions are not answered any more");
        self.asked.send(asked).await.map_err(|_| ended())?;
        answered.await.map_err(|_| ended())?
    }
}

async fn answer_all<Q, A, F, W>(
    mut waiting: mpsc::Receiver<Asked<Q, A>>,
    lanes: Arc<Semaphore>,
    ask: Arc<F>,
) where
    Q: Clone + Send + Sync + 'static,
    A: Send + 'static,
    F: Fn(Vec<Q>) -> W + Send + Sync + 'static,
    W: Future<Output = Result<Vec<A>, Problem>> + Send + 'static,
{
    while let Ok(lane) = Arc::clone(&lanes).acquire_owned().await {
        let Some(first) = waiting.recv().await else {
            return;
        };
        // Questions of requests that have come with the first one are about to be asked.
        tokio::task::yield_now().await;
        let mut batch = vec![first];
        while batch.len() < MOST_TOGETHER
            && let Ok(next) = waiting.try_recv()
        {
            batch.push(next);
        }
        let ask = Arc::clone(&ask);
        tokio::spawn(async move {
            let refused = answer(batch, ask.as_ref()).await;
            // Whoever has just heard often asks again at once, and goes with the next batch then.
            tokio::task::yield_now().await;
            drop(lane);
            join_all(
                refused
                    .into_iter()
                    .map(|asked| answer_alone(asked, ask.as_ref())),
            )
            .await;
        });
    }
}

/// Answers a batch; gives the questions back that must be asked one by one.
async fn answer<Q, A, F, W>(batch: Vec<Asked<Q, A>>, ask: &F) -> Vec<Asked<Q, A>>
where
    Q: Clone + Send + Sync,
    A: Send,
    F: Fn(Vec<Q>) -> W + Send + Sync,
    W: Future<Output = Result<Vec<A>, Problem>> + Send,
{
    let questions = batch.iter().map(|asked| asked.question.clone()).collect();
    match ask(questions).await {
        Ok(answers) if answers.len() == batch.len() => {
            for (asked, answer) in batch.into_iter().zip(answers) {
                // Whoever has gone needs no answer.
                let _ = asked.answer.send(Ok(answer));
            }
            Vec::new()
        }
        Err(problem) if batch.len() == 1 => {
            for asked in batch {
                let _ = asked.answer.send(Err(problem.clone()));
            }
            Vec::new()
        }
        Ok(_) | Err(_) => batch,
    }
}

async fn answer_alone<Q, A, F, W>(asked: Asked<Q, A>, ask: &F)
where
    Q: Send,
    A: Send,
    F: Fn(Vec<Q>) -> W + Send + Sync,
    W: Future<Output = Result<Vec<A>, Problem>> + Send,
{
    let answer = ask(vec![asked.question]).await;
    let answer = answer.and_then(|mut answers| answers.pop().ok_or_else(unanswered));
    let _ = asked.answer.send(answer);
}

fn unanswered() -> Problem {
    Problem::new(ProblemCode::Internal, "a question has no answer")
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::Mutex;

    use futures_util::future::{Either, join, select};

    use super::*;

    type Seen = Arc<Mutex<Vec<Vec<u32>>>>;

    /// Doubles numbers, refuses any batch with a 13 in it, and tells the batches that there were.
    fn doubling() -> (Batches<u32, u32>, Seen) {
        let batches = Seen::default();
        let seen = Arc::clone(&batches);
        let doubling = Batches::begin(2, move |numbers: Vec<u32>| {
            seen.lock().unwrap().push(numbers.clone());
            async move {
                tokio::task::yield_now().await;
                if numbers.contains(&13) {
                    return Err(Problem::new(ProblemCode::Unavailable, "thirteen"));
                }
                Ok(numbers.iter().map(|number| 2 * number).collect())
            }
        });
        (doubling, batches)
    }

    #[tokio::test]
    async fn everybody_gets_the_own_answer_and_many_are_asked_for_together() {
        let (doubling, batches) = doubling();
        let answers = join_all((100..200).map(|number| doubling.ask(number))).await;
        for (number, answer) in (100..200).zip(answers) {
            assert_eq!(answer, Ok(2 * number));
        }
        assert!(batches.lock().unwrap().len() <= 4, "{batches:?}");
    }

    #[tokio::test]
    async fn whoever_asks_alone_is_asked_for_at_once() {
        let (doubling, batches) = doubling();
        assert_eq!(doubling.ask(4).await, Ok(8));
        assert_eq!(*batches.lock().unwrap(), [[4]]);
    }

    #[tokio::test]
    async fn nobody_suffers_for_another() {
        let (doubling, _) = doubling();
        let answers = join_all([12, 13, 14].map(|number| doubling.ask(number))).await;
        assert_eq!((&answers[0], &answers[2]), (&Ok(24), &Ok(28)));
        assert!(answers[1].is_err());
    }

    #[tokio::test]
    async fn whoever_must_be_asked_alone_holds_nobody_up() {
        let stubborn = Batches::begin(1, |numbers: Vec<u32>| async move {
            tokio::task::yield_now().await;
            match &numbers[..] {
                [13] => std::future::pending().await,
                numbers if numbers.contains(&13) => {
                    Err(Problem::new(ProblemCode::Unavailable, "thirteen"))
                }
                numbers => Ok(numbers.to_vec()),
            }
        });
        let (twelve, thirteen) = (stubborn.ask(12), stubborn.ask(13));
        let both = join(twelve, thirteen);
        let others = async {
            tokio::task::yield_now().await;
            assert_eq!(stubborn.ask(14).await, Ok(14));
        };
        // Thirteen is never answered.
        assert!(matches!(
            select(pin!(both), pin!(others)).await,
            Either::Right(_)
        ));
    }

    #[tokio::test]
    async fn too_few_answers_go_to_nobody() {
        let forgetful = Batches::begin(1, |numbers: Vec<u32>| async move {
            tokio::task::yield_now().await;
            let even = numbers.into_iter().filter(|number| number % 2 == 0);
            Ok(even.collect())
        });
        let answers = join_all([1, 2, 3, 4].map(|number| forgetful.ask(number))).await;
        assert_eq!((&answers[1], &answers[3]), (&Ok(2), &Ok(4)));
        assert!(answers[0].is_err() && answers[2].is_err());
    }
}
