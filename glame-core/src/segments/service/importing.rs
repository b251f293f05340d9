use std::collections::{BTreeSet, HashMap};

use super::members::Effect;
use super::{SegmentError, SegmentService};
use crate::ports::StorageError;
use crate::segments::{Decision, MemberLine, MemberLineError, MemberName};
use crate::values::{CardNumber, PhoneNumber, SegmentId, UserId};

/// So many lines are worked off together.
const LINES_A_STEP: usize = 1_000;

/// So many refused lines are told one by one.
const TOLD: usize = 100;

/// What became of a list of customers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Imported {
    /// How many lines it had.
    pub lines: u64,
    /// About how many customers the decision was stored.
    pub customers: u64,
    /// How many lines name no customer.
    pub refused: u64,
    /// The first hundred of these.
    pub refused_lines: Vec<RefusedLine>,
}

/// A line that names no customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefusedLine {
    /// Its number in the file.
    pub line: u64,
    /// Why.
    pub reason: MemberLineError,
}

impl SegmentService {
    /// Includes or excludes the customers of a list by hand, as [`decide`](Self::decide) does.
    ///
    /// All customers with a phone are meant by it. Lines are worked off by thousands: if that breaks
    /// off, what was stored stays, and the same list can be imported again.
    pub async fn import(
        &self,
        segment: SegmentId,
        lines: impl Iterator<Item = MemberLine> + Send,
        decision: Option<Decision>,
    ) -> Result<Imported, SegmentError> {
        let stored = self.segment(segment).await?.segment;
        self.import_with(lines, Effect::Stored(&stored, decision))
            .await
    }

    /// Tells what [`import`](Self::import) would do; nothing is stored.
    pub async fn preview_import(
        &self,
        segment: SegmentId,
        lines: impl Iterator<Item = MemberLine> + Send,
    ) -> Result<Imported, SegmentError> {
        self.segment(segment).await?;
        self.import_with(lines, Effect::OnlyTold).await
    }

    async fn import_with(
        &self,
        lines: impl Iterator<Item = MemberLine> + Send,
        effect: Effect<'_>,
    ) -> Result<Imported, SegmentError> {
        let (mut imported, mut decided) = (Imported::default(), BTreeSet::new());
        let mut lines = lines.peekable();
        while lines.peek().is_some() {
            let page: Vec<MemberLine> = lines.by_ref().take(LINES_A_STEP).collect();
            let named = self.named_in(&page).await?;
            let mut customers = BTreeSet::new();
            for line in page {
                imported.lines += 1;
                match line.name.and_then(|name| named.customers(&name)) {
                    Ok(found) => customers.extend(found),
                    Err(reason) => {
                        let line = line.line;
                        imported.refused += 1;
                        if imported.refused_lines.len() < TOLD {
                            imported.refused_lines.push(RefusedLine { line, reason });
                        }
                    }
                }
            }
            let new: Vec<UserId> = customers.difference(&decided).copied().collect();
            self.carry_out(effect, &new).await?;
            decided.extend(new);
        }
        imported.customers = u64::try_from(decided.len()).unwrap_or(u64::MAX);
        Ok(imported)
    }

    async fn named_in(&self, lines: &[MemberLine]) -> Result<Named, StorageError> {
        let (mut ids, mut phones, mut cards) = (Vec::new(), Vec::new(), Vec::new());
        for name in lines.iter().filter_map(|line| line.name.as_ref().ok()) {
            match name {
                MemberName::User(id) => ids.push(*id),
                MemberName::Phone(phone) => phones.push(*phone),
                MemberName::Card(numbers) => cards.extend_from_slice(numbers),
            }
        }
        let mut named = Named {
            ids: self.customers_among(&ids).await?,
            ..Named::default()
        };
        for (phone, user) in self.storage.customers_with_phones(&phones).await? {
            named.phones.entry(phone).or_default().push(user);
        }
        for (number, user) in self.storage.customers_with_cards(&cards).await? {
            named.cards.entry(number).or_default().push(user);
        }
        Ok(named)
    }
}

/// The customers whom some lines name.
#[derive(Debug, Default)]
struct Named {
    ids: BTreeSet<UserId>,
    phones: HashMap<PhoneNumber, Vec<UserId>>,
    cards: HashMap<CardNumber, Vec<UserId>>,
}

impl Named {
    fn customers(&self, name: &MemberName) -> Result<Vec<UserId>, MemberLineError> {
        let found: Vec<UserId> = match name {
            MemberName::User(id) => self.ids.get(id).copied().into_iter().collect(),
            MemberName::Phone(phone) => self.phones.get(phone).cloned().unwrap_or_default(),
            MemberName::Card(numbers) => {
                let held = numbers.iter().filter_map(|number| self.cards.get(number));
                held.flatten().copied().collect()
            }
        };
        if found.is_empty() {
            return Err(MemberLineError::Unknown);
        }
        Ok(found)
    }
}
