//! Work on two cores that gives the same bits as on one.
//!
//! Work is cut into chunks of a fixed size whatever the number of threads, and what the chunks
//! give is put together in their order.

use std::thread;

/// Gives what `work` makes of each chunk, in order.
pub(super) fn map<T: Sync, R: Send>(
    items: &[T],
    chunk: usize,
    threads: usize,
    work: impl Fn(&[T]) -> R + Sync,
) -> Vec<R> {
    let chunks = items.len().div_ceil(chunk.max(1));
    let share = chunks.div_ceil(threads.max(1)).max(1);
    if share >= chunks {
        return items.chunks(chunk.max(1)).map(work).collect();
    }
    let work = &work;
    thread::scope(|scope| {
        let mut parts = items.chunks(share * chunk);
        let first = parts.next().unwrap_or_default();
        let others: Vec<_> = parts
            .map(|part| scope.spawn(move || part.chunks(chunk).map(work).collect::<Vec<R>>()))
            .collect();
        let mut results: Vec<R> = first.chunks(chunk).map(work).collect();
        for other in others {
            match other.join() {
                Ok(part) => results.extend(part),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        results
    })
}

/// Lets `work` fill what belongs to each chunk of `items`.
pub(super) fn fill<T: Sync, R: Send>(
    items: &[T],
    results: &mut [R],
    threads: usize,
    work: impl Fn(&[T], &mut [R]) + Sync,
) {
    let share = items.len().div_ceil(threads.max(1)).max(1);
    if share >= items.len() {
        work(items, results);
        return;
    }
    let work = &work;
    thread::scope(|scope| {
        for (items, results) in items.chunks(share).zip(results.chunks_mut(share)) {
            scope.spawn(move || work(items, results));
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_come_back_in_order_whatever_the_threads() {
        let items: Vec<u32> = (0..1_000).collect();
        let alone = map(&items, 7, 1, <[u32]>::to_vec);
        for threads in 2..5 {
            assert_eq!(map(&items, 7, threads, <[u32]>::to_vec), alone);
        }
        assert!(map(&items[..0], 7, 2, <[u32]>::len).is_empty());
    }
}
