//! Lists as parameters: SQLite has no arrays, but it reads JSON with `json_each`.

use glame_core::ports::StorageError;
use serde::Serialize;
use uuid::Uuid;
use uuid::fmt::Simple;

use crate::driver_error::refused;

/// Writes rows as a JSON array for `json_each`.
pub(super) fn json_rows<'r, T, R: Serialize>(
    rows: &'r [T],
    row: impl FnMut(&'r T) -> R,
) -> Result<String, StorageError> {
    let rows: Vec<R> = rows.iter().map(row).collect();
    serde_json::to_string(&rows)
        .map_err(|source| refused("writing a list", "report this as a defect of glame", source))
}

/// Writes a UUID as `unhex` reads it.
pub(super) fn hex(uuid: &Uuid) -> Simple {
    uuid.simple()
}

/// Writes a hash as `unhex` reads it.
pub(super) fn hex_bytes(bytes: &[u8; 32]) -> String {
    let (first, second) = bytes.split_at(16);
    [first, second]
        .into_iter()
        .filter_map(|half| Uuid::from_slice(half).ok())
        .map(|half| half.simple().to_string())
        .collect()
}
