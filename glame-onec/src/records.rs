//! What 1C sends, exactly as it sends it: the sets, their fields and their rows.
//!
//! These files alone know how 1C names things. Every field is optional, because folders and other
//! versions leave some out; what is missing but needed makes a rejected record, not a failed page.

pub(crate) mod bonus_points;
pub(crate) mod card;
pub(crate) mod counterparty;
pub(crate) mod document;
pub(crate) mod product;
pub(crate) mod sale_line;
pub(crate) mod store;

use std::borrow::Cow;

use serde::Deserialize;

/// A text of a record, borrowed from the page where it holds no escapes.
pub(crate) type Text<'a> = Cow<'a, str>;

/// A set that is read, with what is asked of it.
#[derive(Debug)]
pub(crate) struct Set {
    /// Its name in addresses.
    pub(crate) name: &'static str,
    /// Its place in the list of the REST service settings, as 1C's interface shows it.
    pub(crate) title: &'static str,
    /// What it holds, for those who do not read Russian.
    pub(crate) meaning: &'static str,
    /// The fields without which nothing can be made of a row.
    pub(crate) required: &'static [&'static str],
    /// The fields that some versions do not have.
    pub(crate) optional: &'static [&'static str],
    /// Orders that make pages follow one another, the best first.
    pub(crate) orders: &'static [&'static [&'static str]],
}

/// A row of a catalogue of which only the name is needed: a category, a folder, a manufacturer.
#[derive(Debug, Deserialize)]
pub(crate) struct NamedRecord<'a> {
    #[serde(rename = "Ref_Key", borrow)]
    pub(crate) reference: Option<Text<'a>>,
    #[serde(rename = "Description", borrow)]
    pub(crate) name: Option<Text<'a>>,
}

/// A row of which only the key is needed.
#[derive(Debug, Deserialize)]
pub(crate) struct KeyRecord<'a> {
    #[serde(rename = "Ref_Key", borrow)]
    pub(crate) reference: Option<Text<'a>>,
}

/// The order of catalogues: by code, which is stable on live bases, then by the reference.
const CATALOGUE_ORDERS: &[&[&str]] = &[&["Code", "Ref_Key"], &["Ref_Key"]];
