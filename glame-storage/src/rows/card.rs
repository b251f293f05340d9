use glame_core::ports::StorageError;
use glame_core::users::DiscountCard;
use glame_core::values::{CardNumber, CardRef, UserId};
use uuid::Uuid;

use crate::tables::DISCOUNT_CARDS;

/// A row of `discount_cards`.
#[derive(Debug)]
pub(crate) struct CardRow {
    pub(crate) user_id: Uuid,
    pub(crate) card: Uuid,
    pub(crate) number: Option<String>,
    pub(crate) removed: bool,
}

impl TryFrom<CardRow> for DiscountCard {
    type Error = StorageError;

    fn try_from(row: CardRow) -> Result<Self, StorageError> {
        Ok(Self {
            card: CardRef::from_uuid(row.card),
            user: UserId::from_uuid(row.user_id),
            number: row
                .number
                .map(|number| CardNumber::parse(&number))
                .transpose()
                .map_err(DISCOUNT_CARDS.corrupt("number"))?,
            removed: row.removed,
        })
    }
}
