//! Reads the packed columns; `data/pack_online_retail.py` describes the layout.

use std::io::Read;

const PACKED: &[u8] = include_bytes!("../../../data/online_retail.bin.gz");

/// The data set in memory.
#[derive(Debug)]
pub(super) struct Packed {
    pub(super) articles: Vec<Article>,
    pub(super) folders: Vec<String>,
    pub(super) categories: Vec<String>,
    pub(super) countries: Vec<String>,
    pub(super) invoices: Vec<Invoice>,
    /// Article, pieces, thousandths of a pound.
    pub(super) lines: Vec<(u32, i32, i32)>,
}

#[derive(Debug)]
pub(super) struct Article {
    pub(super) code: String,
    pub(super) description: String,
    pub(super) category: usize,
    pub(super) folder: Option<usize>,
    pub(super) service: bool,
}

#[derive(Debug, Default)]
pub(super) struct Invoice {
    pub(super) number: String,
    /// Minutes since 2010-12-01T00:00.
    pub(super) minute: i64,
    /// 0 when nobody was named.
    pub(super) customer: usize,
    pub(super) country: usize,
    pub(super) first_line: usize,
    pub(super) lines: usize,
    pub(super) basis: Option<usize>,
}

impl Packed {
    pub(super) fn unpack() -> Self {
        let mut bytes = Vec::new();
        flate2::read::GzDecoder::new(PACKED)
            .read_to_end(&mut bytes)
            .expect("the embedded data set is whole");
        let mut columns = Columns { bytes: &bytes };
        let articles = (0..columns.number()).map(|_| columns.article()).collect();
        let [folders, categories, countries] = [(); 3].map(|()| columns.texts());
        let invoices = columns.invoices();
        let count = invoices
            .last()
            .map_or(0, |last| last.first_line + last.lines);
        let mut lines = vec![(0, 0, 0); count];
        for line in &mut lines {
            line.0 = columns.small();
        }
        for line in &mut lines {
            line.1 = columns.signed();
        }
        for line in &mut lines {
            line.2 = columns.signed();
        }
        Self {
            articles,
            folders,
            categories,
            countries,
            invoices,
            lines,
        }
    }
}

struct Columns<'a> {
    bytes: &'a [u8],
}

impl Columns<'_> {
    fn number(&mut self) -> usize {
        let (mut number, mut shift) = (0, 0);
        loop {
            let (byte, rest) = self.bytes.split_first().expect("the columns are complete");
            self.bytes = rest;
            number |= usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return number;
            }
            shift += 7;
        }
    }

    fn small(&mut self) -> u32 {
        u32::try_from(self.number()).expect("a packed number fits 32 bits")
    }

    fn signed(&mut self) -> i32 {
        let zigzag = self.small();
        let magnitude = i32::try_from(zigzag >> 1).expect("half of 32 bits fits");
        if zigzag & 1 == 0 {
            magnitude
        } else {
            -magnitude - 1
        }
    }

    fn text(&mut self) -> String {
        let length = self.number();
        let (text, rest) = self.bytes.split_at(length);
        self.bytes = rest;
        String::from_utf8(text.to_vec()).expect("packed text is UTF-8")
    }

    fn texts(&mut self) -> Vec<String> {
        (0..self.number()).map(|_| self.text()).collect()
    }

    fn article(&mut self) -> Article {
        Article {
            code: self.text(),
            description: self.text(),
            category: self.number(),
            folder: self.number().checked_sub(1),
            service: self.number() == 1,
        }
    }

    fn invoices(&mut self) -> Vec<Invoice> {
        let mut invoices: Vec<Invoice> = (0..self.number())
            .map(|_| Invoice {
                number: self.text(),
                ..Invoice::default()
            })
            .collect();
        let mut minute = 0;
        for invoice in &mut invoices {
            minute += i64::from(self.small());
            invoice.minute = minute;
        }
        for invoice in &mut invoices {
            invoice.customer = self.number();
        }
        for invoice in &mut invoices {
            invoice.country = self.number();
        }
        let mut first_line = 0;
        for invoice in &mut invoices {
            invoice.first_line = first_line;
            invoice.lines = self.number();
            first_line += invoice.lines;
        }
        for invoice in &mut invoices {
            invoice.basis = self.number().checked_sub(1);
        }
        invoices
    }
}
