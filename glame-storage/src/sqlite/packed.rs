//! Many rows as one parameter: records of fixed width, one behind the other, in one blob.
//!
//! A statement for each row costs a walk to the driver's thread and back, about 20 µs, and a JSON
//! list has to be parsed. Of a blob `substr` cuts out a field without looking at the others. Measured
//! side by side, 20,000 lines took 0.38 s row by row, 0.21 s as JSON and 0.13 s like this.

use uuid::Uuid;

/// Rows for a statement that takes them apart again with `substr`.
///
/// A UUID takes 16 bytes, the zero UUID standing for none. An integer takes 20 characters, as
/// many as the longest of 64 bits has, because `CAST` reads digits and nothing in SQLite reads bytes.
#[derive(Debug, Default)]
pub(super) struct PackedRows {
    bytes: Vec<u8>,
}

impl PackedRows {
    /// Appends a UUID.
    pub(super) fn uuid(&mut self, uuid: &Uuid) -> &mut Self {
        self.bytes.extend_from_slice(uuid.as_bytes());
        self
    }

    /// Appends a UUID that may be missing.
    pub(super) fn optional_uuid(&mut self, uuid: Option<&Uuid>) -> &mut Self {
        self.uuid(uuid.unwrap_or(&Uuid::nil()))
    }

    /// Appends an integer.
    pub(super) fn integer(&mut self, number: i64) -> &mut Self {
        self.bytes
            .extend_from_slice(format!("{number:020}").as_bytes());
        self
    }

    /// Gives the parameter.
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_integer_takes_the_same_room() {
        for number in [0, -1, 7, i64::MIN, i64::MAX] {
            let mut rows = PackedRows::default();
            rows.integer(number);
            assert_eq!(rows.as_bytes().len(), 20, "{number}");
        }
    }
}
