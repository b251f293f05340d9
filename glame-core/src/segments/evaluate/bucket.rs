use sha2::{Digest, Sha256};

use crate::values::UserId;

/// Turns the name of an experiment into a number: the first 64 bits of its SHA-256.
pub(in crate::segments) fn seed_of(name: &str) -> u64 {
    let digest = Sha256::digest(name.as_bytes());
    digest
        .iter()
        .take(8)
        .fold(0, |seed, byte| seed << 8 | u64::from(*byte))
}

/// Gives the bucket of a customer, from 0 to 99.
///
/// The halves of the id are stirred into the seed one after the other by the finalizer of
/// `SplitMix64` (Steele, Lea, Flood 2014); the result is spread over the buckets by multiplication.
/// It must never change: customers would move between the arms of running experiments.
pub(in crate::segments) fn bucket_of(seed: u64, user: UserId) -> i64 {
    let (high, low) = user.as_uuid().as_u64_pair();
    let hash = stirred(stirred(seed ^ high) ^ low);
    i64::try_from((u128::from(hash) * 100) >> 64).unwrap_or_default()
}

const fn stirred(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_customer_stays_in_a_bucket_for_ever() {
        let bucket = |seed, n| bucket_of(seed_of(seed), UserId::from_uuid(Uuid::from_u128(n)));
        assert_eq!(
            [
                bucket("spring", 1),
                bucket("spring", 2),
                bucket("autumn", 1),
                bucket("autumn", 2)
            ],
            [41, 41, 72, 48]
        );
    }

    #[test]
    fn buckets_are_equally_full_and_experiments_independent() {
        let (spring, autumn) = (seed_of("spring"), seed_of("autumn"));
        let mut both = [[0_u32; 100]; 2];
        let mut together = 0;
        for n in 0..100_000 {
            let user = UserId::from_uuid(Uuid::from_u128(n));
            let buckets = [bucket_of(spring, user), bucket_of(autumn, user)];
            for (counts, bucket) in both.iter_mut().zip(buckets) {
                counts[usize::try_from(bucket).unwrap()] += 1;
            }
            together += u32::from(buckets.iter().all(|bucket| *bucket < 50));
        }
        // A thousand are expected in each; five standard deviations are 158.
        assert!(
            both.iter()
                .flatten()
                .all(|count| (842..=1_158).contains(count))
        );
        // A quarter of all; five standard deviations are 685.
        assert!((24_315..=25_685).contains(&together), "{together}");
    }
}
