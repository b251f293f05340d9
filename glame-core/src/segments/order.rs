use std::collections::{BTreeMap, BTreeSet};

use crate::values::SegmentId;

/// Tells why segments cannot be evaluated one after the other.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SegmentOrderError {
    /// Segments ask about each other in a circle.
    #[error("segments ask about each other in a circle: {}", shown(.0))]
    Circle(Vec<SegmentId>),
    /// A segment asks about one that is not at work.
    #[error("segment {segment} asks about segment {asked}, which is not an active segment")]
    Missing {
        /// Who asks.
        segment: SegmentId,
        /// About whom.
        asked: SegmentId,
    },
}

fn shown(circle: &[SegmentId]) -> String {
    let ids: Vec<String> = circle.iter().map(ToString::to_string).collect();
    ids.join(" → ")
}

/// Orders segments so that each comes after those that its rule asks about.
///
/// The order depends on the segments alone: among those that are ready the smallest id comes first.
pub fn evaluation_order(
    segments: &BTreeMap<SegmentId, BTreeSet<SegmentId>>,
) -> Result<Vec<SegmentId>, SegmentOrderError> {
    let mut waiting: BTreeMap<SegmentId, usize> = BTreeMap::new();
    let mut asked_by: BTreeMap<SegmentId, Vec<SegmentId>> = BTreeMap::new();
    for (segment, asked) in segments {
        waiting.insert(*segment, asked.len());
        for other in asked {
            if !segments.contains_key(other) {
                return Err(SegmentOrderError::Missing {
                    segment: *segment,
                    asked: *other,
                });
            }
            asked_by.entry(*other).or_default().push(*segment);
        }
    }
    let mut ready: BTreeSet<SegmentId> = waiting
        .iter()
        .filter(|(_, count)| **count == 0)
        .map(|(segment, _)| *segment)
        .collect();
    let mut order = Vec::with_capacity(segments.len());
    while let Some(segment) = ready.pop_first() {
        order.push(segment);
        waiting.remove(&segment);
        for next in asked_by.remove(&segment).unwrap_or_default() {
            if let Some(count) = waiting.get_mut(&next) {
                *count -= 1;
                if *count == 0 {
                    ready.insert(next);
                }
            }
        }
    }
    if waiting.is_empty() {
        return Ok(order);
    }
    Err(SegmentOrderError::Circle(circle(segments, &waiting)))
}

/// Finds a circle among segments each of which still waits for another of them.
fn circle(
    segments: &BTreeMap<SegmentId, BTreeSet<SegmentId>>,
    waiting: &BTreeMap<SegmentId, usize>,
) -> Vec<SegmentId> {
    let mut path: Vec<SegmentId> = Vec::new();
    let mut next = waiting.keys().next().copied();
    while let Some(segment) = next {
        if let Some(begin) = path.iter().position(|seen| *seen == segment) {
            let mut circle = path.split_off(begin);
            circle.push(segment);
            return circle;
        }
        path.push(segment);
        let mut asked = segments.get(&segment).into_iter().flatten();
        next = asked.find(|other| waiting.contains_key(other)).copied();
    }
    path
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn id(n: u128) -> SegmentId {
        SegmentId::from_uuid(Uuid::from_u128(n))
    }

    fn order(asks: &[(u128, &[u128])]) -> Result<Vec<SegmentId>, SegmentOrderError> {
        let segments = asks
            .iter()
            .map(|(segment, asked)| (id(*segment), asked.iter().map(|other| id(*other)).collect()));
        evaluation_order(&segments.collect())
    }

    #[test]
    fn a_segment_comes_after_those_it_asks_about() {
        assert_eq!(
            order(&[(1, &[3]), (2, &[1]), (3, &[])]),
            Ok(vec![id(3), id(1), id(2)])
        );
        assert_eq!(order(&[(2, &[]), (1, &[])]), Ok(vec![id(1), id(2)]));
        assert_eq!(order(&[]), Ok(Vec::new()));
    }

    #[test]
    fn a_circle_is_named() {
        assert_eq!(
            order(&[(1, &[1])]),
            Err(SegmentOrderError::Circle(vec![id(1), id(1)]))
        );
        assert_eq!(
            order(&[(1, &[2]), (2, &[3]), (3, &[2]), (4, &[])]),
            Err(SegmentOrderError::Circle(vec![id(2), id(3), id(2)]))
        );
    }

    #[test]
    fn what_is_not_there_cannot_be_asked_about() {
        let missing = SegmentOrderError::Missing {
            segment: id(1),
            asked: id(2),
        };
        assert_eq!(order(&[(1, &[2])]), Err(missing));
    }
}
