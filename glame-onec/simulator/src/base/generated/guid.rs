//! GUIDs that carry their index, scattered so that their order says nothing about time.

use uuid::Uuid;

/// What a GUID names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Document,
    Card,
    Counterparty,
    Product,
    Category,
    Characteristic,
    Store,
    Till,
}

impl Kind {
    const fn tag(self) -> u8 {
        match self {
            Self::Document => 0xd1,
            Self::Card => 0xca,
            Self::Counterparty => 0xc0,
            Self::Product => 0xf0,
            Self::Category => 0xf1,
            Self::Characteristic => 0xf2,
            Self::Store => 0x50,
            Self::Till => 0x51,
        }
    }
}

const SCATTER: u64 = 0x9e37_79b9_7f4b;
const GATHER: u64 = inverse(SCATTER);
const MASK: u64 = (1 << 48) - 1;

/// All GUIDs of one base; another seed gives other GUIDs.
#[derive(Clone, Copy, Debug)]
pub(super) struct GuidSpace {
    tail: [u8; 6],
}

impl GuidSpace {
    pub(super) const fn new(seed: u64) -> Self {
        let bytes = seed.wrapping_mul(0xd134_2543_de82_ef95).to_le_bytes();
        Self {
            tail: [bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5]],
        }
    }

    pub(super) fn id(self, kind: Kind, index: usize) -> Uuid {
        let index = u64::try_from(index).unwrap_or(u64::MAX) + 1;
        let scattered = index.wrapping_mul(SCATTER) & MASK;
        let mut bytes = [0; 16];
        bytes[..6].copy_from_slice(&scattered.to_be_bytes()[2..]);
        bytes[6..10].copy_from_slice(&[0x11, 0xef, 0x8a, kind.tag()]);
        bytes[10..].copy_from_slice(&self.tail);
        Uuid::from_bytes(bytes)
    }

    pub(super) fn find(self, kind: Kind, id: Uuid) -> Option<usize> {
        let bytes = id.as_bytes();
        if bytes[6..10] != [0x11, 0xef, 0x8a, kind.tag()] || bytes[10..] != self.tail {
            return None;
        }
        let mut wide = [0; 8];
        wide[2..].copy_from_slice(&bytes[..6]);
        let index = u64::from_be_bytes(wide).wrapping_mul(GATHER) & MASK;
        usize::try_from(index).ok()?.checked_sub(1)
    }
}

/// The inverse of an odd number modulo 2^64 (Newton doubles the right bits at each step).
const fn inverse(odd: u64) -> u64 {
    let mut guess = odd;
    let mut step = 0;
    while step < 6 {
        guess = guess.wrapping_mul(2_u64.wrapping_sub(odd.wrapping_mul(guess)));
        step += 1;
    }
    guess
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guid_leads_back_to_its_index() {
        let space = GuidSpace::new(42);
        for index in [0, 1, 2, 1_000, 123_456_789] {
            let id = space.id(Kind::Card, index);
            assert_eq!(space.find(Kind::Card, id), Some(index));
            assert_eq!(space.find(Kind::Document, id), None);
            assert_eq!(GuidSpace::new(43).find(Kind::Card, id), None);
        }
        assert_eq!(space.find(Kind::Card, Uuid::nil()), None);
    }
}
