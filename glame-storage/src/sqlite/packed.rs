//! Many rows as one parameter, and as one answer: records one behind the other in one blob.
//!
//! A statement for each row costs a walk to the driver's thread and back, about 20 µs, and a JSON
//! list has to be parsed. Of a blob `substr` cuts out a field without looking at the others. Measured
//! side by side, 20,000 lines took 0.38 s row by row, 0.21 s as JSON and 0.13 s like this.

use uuid::Uuid;

/// The length of a packed integer: the longest of 64 bits has as many characters.
const INTEGER: usize = 20;

/// Rows for a statement that takes them apart again with `substr`.
///
/// A UUID takes 16 bytes, the zero UUID standing for none. An integer takes 20 characters, because
/// `CAST` reads digits and nothing in SQLite reads bytes.
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
        let mut digits = [b'0'; INTEGER];
        let mut rest = number.unsigned_abs();
        for digit in digits.iter_mut().rev() {
            *digit += u8::try_from(rest % 10).unwrap_or_default();
            rest /= 10;
        }
        if number < 0 {
            digits[0] = b'-';
        }
        self.bytes.extend_from_slice(&digits);
        self
    }

    /// Gives the parameter.
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// Records that a statement has joined: UUIDs of 16 bytes, and integers that end with a space.
#[derive(Debug, Clone, Copy)]
pub(super) struct PackedFields<'a> {
    rest: &'a [u8],
}

/// Tells that a field is not as the statement should have written it.
#[derive(Debug, thiserror::Error)]
#[error("a joined record is broken")]
pub(super) struct BrokenRecord;

impl<'a> PackedFields<'a> {
    pub(super) const fn new(records: &'a [u8]) -> Self {
        Self { rest: records }
    }

    pub(super) const fn is_empty(self) -> bool {
        self.rest.is_empty()
    }

    /// Reads a UUID.
    pub(super) fn uuid(&mut self) -> Result<Uuid, BrokenRecord> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or(BrokenRecord)?;
        self.rest = rest;
        Ok(Uuid::from_bytes(*bytes))
    }

    /// Reads a UUID that may be missing.
    pub(super) fn optional_uuid(&mut self) -> Result<Option<Uuid>, BrokenRecord> {
        Ok(Some(self.uuid()?).filter(|uuid| !uuid.is_nil()))
    }

    /// Reads an integer.
    pub(super) fn integer(&mut self) -> Result<i64, BrokenRecord> {
        let is_space = |byte: &u8| *byte == b' ';
        let end = self.rest.iter().position(is_space).ok_or(BrokenRecord)?;
        let digits = str::from_utf8(&self.rest[..end]).map_err(|_| BrokenRecord)?;
        self.rest = &self.rest[end + 1..];
        digits.parse().map_err(|_| BrokenRecord)
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

    #[test]
    fn an_integer_is_written_with_all_its_digits() {
        for number in [0, -1, 7, 1_234_567_890, i64::MIN, i64::MAX] {
            let mut rows = PackedRows::default();
            rows.integer(number);
            assert_eq!(rows.as_bytes(), format!("{number:020}").as_bytes());
        }
    }

    #[test]
    fn joined_records_are_read_field_by_field() {
        let document = Uuid::from_u128(7);
        let records = [document.as_bytes(), &b"-5 "[..], &[0; 16], b"12 "].concat();
        let mut fields = PackedFields::new(&records);
        assert_eq!(fields.uuid().unwrap(), document);
        assert_eq!(fields.integer().unwrap(), -5);
        assert_eq!(fields.optional_uuid().unwrap(), None);
        assert!(!fields.is_empty());
        assert_eq!(fields.integer().unwrap(), 12);
        assert!(fields.is_empty());
        assert!(fields.uuid().is_err() && fields.integer().is_err());
    }
}
