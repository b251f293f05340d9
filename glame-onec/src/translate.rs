//! Rows of 1C become records of the domain, or are rejected with a reason.

mod card;
mod counterparty;
mod header;
mod phone;
mod points;
mod product;
mod sale_line;
mod store;

use std::fmt;

use glame_core::ports::Rejected;
use uuid::Uuid;

pub(crate) use card::card;
pub(crate) use counterparty::profile;
pub(crate) use header::{Header, header};
pub(crate) use points::{CardOf, PointsLine, balance, broken_line, points_line};
pub(crate) use product::{Names, product};
pub(crate) use sale_line::{DraftLine, period, reference as line_reference, sale_line};
pub(crate) use store::store;

use crate::page::guid_only;
use crate::records::{KeyRecord, NamedRecord, Set, Text};

/// Why a row cannot be understood. Names fields, never their values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    /// A field that is needed is missing or empty.
    Missing(&'static str),
    /// A field does not hold what 1C's type of it holds.
    Malformed(&'static str),
    /// An amount does not fit into kopecks, a quantity not into thousandths.
    Inexact(&'static str),
    /// The type of the document is not published.
    UnpublishedType,
    /// The recorder is no document.
    NoDocument,
    /// The type of the receipt behind a line of a shift report is not published.
    ReceiptUnpublished,
    /// The set of the header that says whose the line is is not published.
    HeaderUnpublished(&'static str),
    /// That header is not in its set.
    HeaderMissing(&'static str),
    /// That header cannot be understood.
    HeaderUnreadable(&'static str),
    /// An opening balance in the register that must not hold any.
    MisplacedOpeningBalance,
    /// The fields have other types than they should.
    WrongTypes,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(field) => write!(f, "{field} is missing or empty"),
            Self::Malformed(field) => write!(f, "{field} cannot be read"),
            Self::Inexact(field) => write!(f, "{field} has too many digits to be exact"),
            Self::UnpublishedType => f.write_str(
                "the kind of its document is not published; tick all documents that write sales \
                 in the REST service settings",
            ),
            Self::NoDocument => f.write_str("it was written by something that is no document"),
            Self::ReceiptUnpublished => f.write_str(
                "the kind of its receipt is not published, so that nobody can tell whose it is; tick \
                 all documents that write sales in the REST service settings",
            ),
            Self::HeaderUnpublished(set) => write!(
                f,
                "its header in {set} is not published; tick it in the REST service settings"
            ),
            Self::HeaderMissing(set) => write!(f, "its header in {set} was not found"),
            Self::HeaderUnreadable(set) => write!(f, "its header in {set} cannot be read"),
            Self::MisplacedOpeningBalance => {
                f.write_str("opening balances are read from the register of sales by cards")
            }
            Self::WrongTypes => f.write_str("its fields have other types than expected"),
        }
    }
}

impl Reason {
    /// Sets a row aside.
    pub(crate) fn reject(self, set: &Set, reference: impl Into<String>) -> Rejected {
        Rejected {
            set: set.name.to_owned(),
            reference: reference.into(),
            reason: self.to_string(),
        }
    }
}

/// Reads a reference; the zero GUID is none, and so is a field that is not there.
fn optional_key(text: Option<&Text<'_>>, field: &'static str) -> Result<Option<Uuid>, Reason> {
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let guid = Uuid::try_parse(text).map_err(|_| Reason::Malformed(field))?;
    Ok((!guid.is_nil()).then_some(guid))
}

/// Reads a reference that must be there.
fn required_key(text: Option<&Text<'_>>, field: &'static str) -> Result<Uuid, Reason> {
    optional_key(text, field)?.ok_or(Reason::Missing(field))
}

/// Names a row of a catalogue in a report.
fn named(reference: Option<&Text<'_>>) -> String {
    reference.map_or_else(|| "unknown".to_owned(), |text| guid_only(text))
}

/// Reads a row of which only the name is needed.
pub(crate) fn named_row(row: &NamedRecord<'_>) -> Option<(Uuid, String)> {
    let key = required_key(row.reference.as_ref(), "Ref_Key").ok()?;
    let name = row
        .name
        .as_deref()
        .map(str::trim)
        .filter(|name| !name.is_empty())?;
    Some((key, name.to_owned()))
}

/// Reads a row of which only the key is needed.
pub(crate) fn key_row(row: &KeyRecord<'_>) -> Option<Uuid> {
    required_key(row.reference.as_ref(), "Ref_Key").ok()
}
