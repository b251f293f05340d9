//! The CDNOW sample with its reference quantities.

use std::collections::HashMap;
use std::io::Read;

use flate2::read::GzDecoder;
use glame_core::analytics::buying::{
    BetaGeometric, BuyingModel, DropOut, GammaGamma, ParetoNbd, PurchaseSummary,
};

pub(crate) const BG_NBD: BuyingModel = BuyingModel::BetaGeometric(BetaGeometric {
    r: 0.242_592_907_204,
    alpha: 4.413_531_561_21,
    a: 0.792_886_148_099,
    b: 2.425_753_436_49,
    drop_out: DropOut::AfterRepeats,
});

pub(crate) const MBG_NBD: BuyingModel = BuyingModel::BetaGeometric(BetaGeometric {
    r: 0.524_837_983_666,
    alpha: 6.182_992_019_67,
    a: 0.891_356_155_332,
    b: 1.613_999_334_73,
    drop_out: DropOut::AfterEveryPurchase,
});

pub(crate) const PARETO_NBD: ParetoNbd = ParetoNbd {
    r: 0.553_275_508_69,
    alpha: 10.577_612_238_7,
    s: 0.606_213_568_674,
    beta: 11.667_911_237_9,
};

pub(crate) const GAMMA_GAMMA: GammaGamma = GammaGamma {
    p: 6.248_802_486_83,
    q: 3.744_588_452_57,
    gamma: 15.447_748_013_2,
};

/// The customers with a column of reference figures each.
pub(crate) struct Cdnow {
    pub(crate) summaries: Vec<PurchaseSummary>,
    columns: HashMap<String, Vec<f64>>,
}

impl Cdnow {
    pub(crate) fn read() -> Self {
        let csv = unpack(include_bytes!("../data/cdnow/reference.csv.gz"));
        let mut lines = csv.lines();
        let names: Vec<&str> = lines.next().unwrap().split(',').collect();
        let mut columns: HashMap<String, Vec<f64>> = HashMap::new();
        for line in lines {
            for (name, cell) in names.iter().zip(line.split(',')) {
                let column = columns.entry((*name).to_owned()).or_default();
                column.push(cell.parse().unwrap());
            }
        }
        let rows = columns["x"].iter().zip(&columns["tx"]);
        let rows = rows.zip(columns["T"].iter().zip(&columns["m"]));
        let summaries = rows
            .map(|((x, last), (age, mean))| {
                let repeats = format!("{x}").parse().unwrap();
                PurchaseSummary::try_new(repeats, *last, *age, *mean).unwrap()
            })
            .collect();
        Self { summaries, columns }
    }

    pub(crate) fn column(&self, name: &str) -> &[f64] {
        &self.columns[name]
    }
}

/// Gives the purchases: customer, day since 1970, cents.
///
/// Some discs were free. They count as a cent each: the references take such a day for a purchase,
/// and we take a day without money for none.
pub(crate) fn purchases() -> Vec<(u32, u32, i64)> {
    let text = unpack(include_bytes!("../data/cdnow/purchases.txt.gz"));
    let day = |text: &str| {
        let date = chrono::NaiveDate::parse_from_str(text, "%Y%m%d").unwrap();
        u32::try_from(date.to_epoch_days()).unwrap()
    };
    text.lines()
        .map(|line| {
            let cells: Vec<&str> = line.split_whitespace().collect();
            let cents: i64 = cells[4].replace('.', "").parse().unwrap();
            let cents = cents.max(1);
            (cells[1].parse::<u32>().unwrap() - 1, day(cells[2]), cents)
        })
        .collect()
}

fn unpack(packed: &[u8]) -> String {
    let mut text = String::new();
    GzDecoder::new(packed).read_to_string(&mut text).unwrap();
    text
}
