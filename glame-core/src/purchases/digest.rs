use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::Receipt;
use crate::values::{DocumentRef, ProductRef, StoreRef, VariantRef};

/// Tells two versions of a receipt apart: the first half of a SHA-256 over all that it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ReceiptDigest([u8; 16]);

impl ReceiptDigest {
    /// Takes bytes that storage has kept.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Gives the bytes to keep.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Condenses the content of a receipt; its key is known apart and left out.
    pub(super) fn of(receipt: &Receipt) -> Self {
        let mut hash = Sha256::new();
        hash.update(uuid_bytes(receipt.store.as_ref().map(StoreRef::as_uuid)));
        hash.update(uuid_bytes(
            receipt.returns.as_ref().map(DocumentRef::as_uuid),
        ));
        for line in &receipt.lines {
            hash.update(line.line_number.to_be_bytes());
            hash.update(uuid_bytes(line.product.as_ref().map(ProductRef::as_uuid)));
            hash.update(uuid_bytes(line.variant.as_ref().map(VariantRef::as_uuid)));
            hash.update(line.quantity.thousandths().to_be_bytes());
            hash.update(line.amount.kopecks().to_be_bytes());
        }
        let full = hash.finalize();
        let mut half = [0; 16];
        half.copy_from_slice(&full[..16]);
        Self(half)
    }
}

/// Gives the bytes of a reference; an empty one is the zero GUID, which no filled one equals.
fn uuid_bytes(uuid: Option<&Uuid>) -> [u8; 16] {
    uuid.map_or([0; 16], |uuid| *uuid.as_bytes())
}
