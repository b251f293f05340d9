use std::collections::HashMap;

use crate::segments::Bitmap;

/// The code of a value that is not known.
pub(in crate::segments) const NO_CODE: u32 = u32::MAX;

/// Numbers of all customers, some of which may not be known.
#[derive(Debug, Default)]
pub(in crate::segments) struct Column<T> {
    pub(in crate::segments) cells: Vec<T>,
    /// Which are known; none if all are.
    pub(in crate::segments) known: Option<Bitmap>,
}

impl<T: Default + Copy> Column<T> {
    pub(super) fn push(&mut self, value: Option<T>) {
        if self.known.is_none() && value.is_none() {
            let mut known = Bitmap::default();
            for _ in &self.cells {
                known.push(true);
            }
            self.known = Some(known);
        }
        if let Some(known) = &mut self.known {
            known.push(value.is_some());
        }
        self.cells.push(value.unwrap_or_default());
    }

    pub(in crate::segments) fn get(&self, row: usize) -> Option<T> {
        let is_known = self.known.as_ref().is_none_or(|known| known.contains(row));
        self.cells.get(row).copied().filter(|_| is_known)
    }
}

/// A column of numbers, as narrow as its field allows.
#[derive(Debug)]
pub(in crate::segments) enum Numbers {
    Small(Column<i32>),
    Large(Column<i64>),
}

impl Numbers {
    /// Adds a number; one that the field cannot have is cut to the nearest that it can.
    pub(super) fn push(&mut self, value: Option<i64>) {
        match self {
            Self::Small(column) => column.push(value.map(saturated)),
            Self::Large(column) => column.push(value),
        }
    }

    pub(in crate::segments) fn get(&self, row: usize) -> Option<i64> {
        match self {
            Self::Small(column) => column.get(row).map(i64::from),
            Self::Large(column) => column.get(row),
        }
    }
}

pub(in crate::segments) fn saturated(value: i64) -> i32 {
    let extreme = if value < 0 { i32::MIN } else { i32::MAX };
    i32::try_from(value).unwrap_or(extreme)
}

/// Texts that many customers share, each with a number.
#[derive(Debug, Default)]
pub(in crate::segments) struct Dictionary {
    codes: HashMap<String, u32>,
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    shown: String,
    /// What rules may call it, folded.
    names: Vec<String>,
}

impl Dictionary {
    pub(super) fn code(&mut self, text: &str) -> u32 {
        if let Some(code) = self.codes.get(text) {
            return *code;
        }
        let code = self.add(text, &[text]);
        self.codes.insert(text.to_owned(), code);
        code
    }

    /// Adds an entry that goes by several names.
    pub(super) fn add(&mut self, shown: &str, names: &[&str]) -> u32 {
        let code = u32::try_from(self.entries.len()).unwrap_or(NO_CODE);
        self.entries.push(Entry {
            shown: shown.to_owned(),
            names: names.iter().map(|name| folded(name)).collect(),
        });
        code
    }

    pub(in crate::segments) fn text(&self, code: u32) -> Option<&str> {
        let entry = self.entries.get(index(code))?;
        Some(&entry.shown)
    }

    /// Tells of each code whether one of its names passes; the test gets folded names.
    pub(in crate::segments) fn table(&self, passes: impl Fn(&str) -> bool) -> Vec<bool> {
        let any = |entry: &Entry| entry.names.iter().any(|name| passes(name));
        self.entries.iter().map(any).collect()
    }

    /// Gives for each code which of these texts it is, counted from one; zero if it is none.
    pub(in crate::segments) fn classes(&self, texts: &[String]) -> Vec<u16> {
        let mut wanted: HashMap<String, u16> = HashMap::new();
        for text in texts {
            let next = u16::try_from(wanted.len() + 1).unwrap_or(u16::MAX);
            wanted.entry(folded(text)).or_insert(next);
        }
        let class = |entry: &Entry| entry.names.iter().find_map(|name| wanted.get(name));
        let classes = self.entries.iter().map(class);
        classes
            .map(|class| class.copied().unwrap_or_default())
            .collect()
    }
}

/// Gives a text in the form in which texts are compared: trimmed, small letters, ё as е.
pub(in crate::segments) fn folded(text: &str) -> String {
    text.trim().to_lowercase().replace('ё', "е")
}

/// Gives the place of a code in a table; one that is not known lies beyond every table.
pub(in crate::segments) fn index(code: u32) -> usize {
    usize::try_from(code).unwrap_or(usize::MAX)
}

/// Several codes of each customer, end to end.
#[derive(Debug, Default)]
pub(in crate::segments) struct Sets {
    /// Where the codes of each customer end.
    ends: Vec<u32>,
    codes: Vec<u32>,
}

impl Sets {
    pub(super) fn push(&mut self, codes: impl IntoIterator<Item = u32>) {
        self.codes.extend(codes);
        self.ends
            .push(u32::try_from(self.codes.len()).unwrap_or(u32::MAX));
    }

    pub(in crate::segments) fn get(&self, row: usize) -> &[u32] {
        slice_of(&self.ends, row)
            .and_then(|range| self.codes.get(range))
            .unwrap_or_default()
    }
}

/// Gives where the values of a customer lie.
pub(super) fn slice_of(ends: &[u32], row: usize) -> Option<std::ops::Range<usize>> {
    let begin = row
        .checked_sub(1)
        .map_or(Some(0), |before| ends.get(before).copied())?;
    Some(index(begin)..index(*ends.get(row)?))
}
