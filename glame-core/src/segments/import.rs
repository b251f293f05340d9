use uuid::Uuid;

use crate::access::SignInName;
use crate::values::{CardNumber, PhoneNumber, UserId};

/// Reads a list of customers line by line, as [`csv_rows`](super::csv_rows) or a spreadsheet writes
/// it: CSV under the heads of its columns, separated by commas, semicolons or tabs.
///
/// A line names a customer by `user_id`, `discount_card_number` or `phone`, the first of them that is
/// filled; all other columns are left out.
///
/// ```
/// use glame_core::segments::{MemberFile, MemberName};
///
/// let file = "phone;comment\n+7 978 000-00-01;звонила\nне знаю;\n";
/// let lines: Vec<_> = MemberFile::open(file.as_bytes())?.collect();
/// assert!(matches!(lines[0].name, Ok(MemberName::Phone(_))));
/// assert_eq!(lines[1].line, 3);
/// assert!(lines[1].name.is_err());
/// # Ok::<(), glame_core::segments::MemberFileError>(())
/// ```
#[derive(Debug)]
pub struct MemberFile<'a> {
    reader: csv::Reader<&'a [u8]>,
    columns: Columns,
    text: &'a str,
    /// The line of the record read last, and where that begins in the text.
    line: u64,
    begin: usize,
}

/// Where a file names customers.
#[derive(Debug, Clone, Copy)]
struct Columns {
    user_id: Option<usize>,
    card: Option<usize>,
    phone: Option<usize>,
}

/// Tells why a file is no list of customers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MemberFileError {
    /// It is not in UTF-8.
    #[error("the file is not in UTF-8: save it as \"CSV UTF-8\"")]
    NotUtf8,
    /// Its first line names no column by which customers are found.
    #[error("the first line must name one of the columns user_id, discount_card_number and phone")]
    NoColumn,
}

/// A line of a list of customers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberLine {
    /// Its number in the file; the heads of the columns are line 1.
    pub line: u64,
    /// Whom it names.
    pub name: Result<MemberName, MemberLineError>,
}

/// By what a line names a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MemberName {
    /// By our id.
    User(UserId),
    /// By the number of a card, in the writings that it may have.
    Card(Vec<CardNumber>),
    /// By the phone.
    Phone(PhoneNumber),
}

/// Tells why a line names no customer. What stands in it is not repeated: it is personal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum MemberLineError {
    /// The cells that could name a customer are empty or missing.
    #[error("none of user_id, discount_card_number and phone is filled")]
    Empty,
    /// The id is none.
    #[error("user_id is not an id")]
    NotAnId,
    /// The number of the card is none.
    #[error("discount_card_number is not the number of a card")]
    NotACard,
    /// The phone is none.
    #[error("phone is not a telephone number")]
    NotAPhone,
    /// No customer is meant.
    #[error("no customer has this id, card or phone")]
    Unknown,
}

impl<'a> MemberFile<'a> {
    /// Opens a file by the heads of its columns.
    pub fn open(csv: &'a [u8]) -> Result<Self, MemberFileError> {
        let text = str::from_utf8(csv).map_err(|_| MemberFileError::NotUtf8)?;
        let text = text.trim_start_matches('\u{feff}');
        let heads = text.lines().next().unwrap_or_default();
        let separators = [b',', b';', b'\t'].into_iter();
        let count = |separator: &u8| heads.bytes().filter(|byte| byte == separator).count();
        // Of equally frequent ones the last is taken, so that a single column is separated somehow.
        let separator = separators.max_by_key(count).unwrap_or(b',');
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(separator)
            .flexible(true)
            .trim(csv::Trim::All)
            .from_reader(text.as_bytes());
        let columns = reader.headers().ok().and_then(Columns::find);
        Ok(Self {
            columns: columns.ok_or(MemberFileError::NoColumn)?,
            reader,
            text,
            line: 1,
            begin: 0,
        })
    }

    /// Gives the number of the line in which a record begins.
    ///
    /// The reader counts from the end of the record before, which may still be on the line of that
    /// one and may have empty lines behind it.
    fn line_of(&mut self, record: &csv::StringRecord) -> u64 {
        let text = self.text.as_bytes();
        let end = record.position().map_or(0, csv::Position::byte);
        let end = usize::try_from(end).unwrap_or(text.len());
        let empty = text[end..].iter();
        let begin = end + empty.take_while(|byte| b"\r\n".contains(byte)).count();
        let passed = text[self.begin..begin].iter();
        self.line += passed.map(|&byte| u64::from(byte == b'\n')).sum::<u64>();
        self.begin = begin;
        self.line
    }
}

impl Iterator for MemberFile<'_> {
    type Item = MemberLine;

    fn next(&mut self) -> Option<MemberLine> {
        let mut record = csv::StringRecord::new();
        // It cannot fail: the text is in memory and in UTF-8, and lines may have any number of cells.
        let is_there = self.reader.read_record(&mut record).unwrap_or_default();
        is_there.then(|| MemberLine {
            line: self.line_of(&record),
            name: self.columns.name(&record),
        })
    }
}

impl Columns {
    fn find(heads: &csv::StringRecord) -> Option<Self> {
        let place = |name: &str| {
            heads
                .iter()
                .position(|head| head.eq_ignore_ascii_case(name))
        };
        let columns = Self {
            user_id: place("user_id"),
            card: place("discount_card_number"),
            phone: place("phone"),
        };
        let named = [columns.user_id, columns.card, columns.phone];
        named.iter().any(Option::is_some).then_some(columns)
    }

    fn name(self, record: &csv::StringRecord) -> Result<MemberName, MemberLineError> {
        // Programs that guard cells against formulas put an apostrophe before them.
        let cell = |place: Option<usize>| {
            let text = record.get(place?)?.trim_start_matches('\'');
            (!text.is_empty()).then_some(text)
        };
        if let Some(id) = cell(self.user_id) {
            let id = Uuid::parse_str(id).map_err(|_| MemberLineError::NotAnId)?;
            return Ok(MemberName::User(UserId::from_uuid(id)));
        }
        if let Some(number) = cell(self.card) {
            let name = SignInName::parse(number).map_err(|_| MemberLineError::NotACard)?;
            return Ok(MemberName::Card(name.card_numbers()));
        }
        let phone = cell(self.phone).ok_or(MemberLineError::Empty)?;
        let phone = PhoneNumber::parse(phone).map_err(|_| MemberLineError::NotAPhone)?;
        Ok(MemberName::Phone(phone))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{AssignmentSource, CSV_HEADER, ExportRow, csv_rows};
    use super::*;
    use crate::testkit::fixtures;
    use crate::values::Money;

    fn lines(csv: &str) -> Vec<MemberLine> {
        MemberFile::open(csv.as_bytes()).unwrap().collect()
    }

    fn names(csv: &str) -> Vec<Result<MemberName, MemberLineError>> {
        lines(csv).into_iter().map(|line| line.name).collect()
    }

    #[test]
    fn a_line_names_a_customer_by_the_first_cell_that_is_filled() {
        let (id, phone) = (
            fixtures::customer(1).id,
            fixtures::customer(1).phone.unwrap(),
        );
        let csv = format!(
            "user_id,phone,discount_card_number\n\
             {id},не телефон,\n\
             ,+7 999 000-00-01,29 00\n\
             ,8 (999) 000-00-01,\n\
             ,,\n\
             мимо,,\n\
             ,12,\n"
        );
        let card = vec![CardNumber::parse("2900").unwrap()];
        let expected = [
            Ok(MemberName::User(id)),
            Ok(MemberName::Card(card)),
            Ok(MemberName::Phone(phone)),
            Err(MemberLineError::Empty),
            Err(MemberLineError::NotAnId),
            Err(MemberLineError::NotAPhone),
        ];
        assert_eq!(names(&csv), expected);
        let numbers: Vec<u64> = lines(&csv).iter().map(|line| line.line).collect();
        assert_eq!(numbers, [2, 3, 4, 5, 6, 7]);
    }

    #[test]
    fn what_spreadsheets_write_is_read() {
        let phone = fixtures::customer(1).phone.unwrap();
        for csv in [
            "phone\n79990000001\n",
            "\u{feff}PHONE;имя\r\n\"+7 (999) 000-00-01\";\"Анна; Иванова\"\r\n",
            "имя\tphone\nАнна\t'+79990000001",
            "phone,имя\n79990000001,\"две\nстроки\"\n\n",
        ] {
            assert_eq!(names(csv), [Ok(MemberName::Phone(phone))], "{csv:?}");
        }
        assert_eq!(names("phone,имя\n,Анна\nБез телефона\n").len(), 2);
    }

    #[test]
    fn a_file_without_columns_is_refused() {
        for csv in ["", "79990000001\n", "телефон;имя\n1;2\n"] {
            let error = MemberFile::open(csv.as_bytes()).unwrap_err();
            assert_eq!(error, MemberFileError::NoColumn, "{csv:?}");
        }
        // «телефон» as Excel writes it in Windows-1251.
        let error = MemberFile::open(b"\xf2\xe5\xeb\xe5\xf4\xee\xed\n").unwrap_err();
        assert_eq!(error, MemberFileError::NotUtf8);
    }

    #[test]
    fn an_export_can_be_imported() {
        let users: Vec<_> = (1..=3).map(fixtures::customer).collect();
        let rows = users.iter().map(|user| ExportRow {
            user,
            total_purchases: 1,
            total_spent: Money::ZERO,
            source: AssignmentSource::Auto,
        });
        let csv = format!("{CSV_HEADER}{}", csv_rows(&rows.collect::<Vec<_>>()));
        let expected: Vec<_> = users
            .iter()
            .map(|user| Ok(MemberName::User(user.id)))
            .collect();
        assert_eq!(names(&csv), expected);
    }

    proptest! {
        #[test]
        fn no_file_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(file) = MemberFile::open(&bytes) {
                file.for_each(drop);
            }
            let headed = [b"phone,user_id\n".as_slice(), &bytes].concat();
            if let Ok(file) = MemberFile::open(&headed) {
                file.for_each(drop);
            }
        }

        #[test]
        fn no_line_is_lost_or_misnumbered(
            cells in prop::collection::vec(("[a-z0-9,;\"' \n]{1,12}", 1..3_usize), 0..20),
            end in prop::sample::select(vec!["\n", "\r\n"]),
        ) {
            let (mut csv, mut numbers) = (format!("phone,name{end}"), Vec::new());
            for (cell, ends) in &cells {
                numbers.push(csv.split('\n').count());
                csv += "\"";
                csv += &cell.replace('"', "\"\"");
                csv += "\",x";
                csv += &end.repeat(*ends);
            }
            let lines = lines(&csv).into_iter();
            let read: Vec<usize> = lines.map(|line| line.line.try_into().unwrap()).collect();
            prop_assert_eq!(read, numbers);
        }
    }
}
