use glame_core::loyalty::Reconciliation;
use glame_core::ports::StorageError;

use crate::tables::RECONCILIATIONS;

/// Writes the document of `reconciliations`.
pub(crate) fn reconciliation_document(found: &Reconciliation) -> Result<String, StorageError> {
    serde_json::to_string(found).map_err(RECONCILIATIONS.corrupt("document"))
}

/// Reads the document of `reconciliations`.
pub(crate) fn reconciliation_from(document: &str) -> Result<Reconciliation, StorageError> {
    serde_json::from_str(document).map_err(RECONCILIATIONS.corrupt("document"))
}
