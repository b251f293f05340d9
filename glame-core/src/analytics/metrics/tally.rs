use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::catalogue::Product;
use crate::purchases::{DocumentKind, LineKind, PurchaseLine};
use crate::values::{DocumentRef, PlainText, ProductRef, Quantity, StoreRef, VariantRef};

/// How much later than one of its receipts a shift report may be dated: no shift lasts longer.
const SHIFT: TimeDelta = TimeDelta::days(1);

/// The purchases of a customer while they are added up.
#[derive(Debug, Default)]
pub(super) struct Tally<'a> {
    pub(super) sales: BTreeMap<DocumentRef, Sale>,
    /// What was brought back, by the document that had sold it.
    returned: BTreeMap<DocumentRef, Returned>,
    pub(super) categories: BTreeMap<&'a PlainText, i128>,
    pub(super) brands: BTreeMap<&'a PlainText, i128>,
    pub(super) kopecks: i128,
}

/// One document that makes a purchase, or takes one back.
#[derive(Debug)]
pub(super) struct Sale {
    pub(super) purchased_at: DateTime<Utc>,
    pub(super) store: Option<StoreRef>,
    pub(super) sells: bool,
    is_report: bool,
    goods: Goods,
}

/// What was brought back of one sale.
#[derive(Debug)]
struct Returned {
    /// When that began.
    first_at: DateTime<Utc>,
    goods: Goods,
}

/// What is bought and brought back as the same thing.
type Article = (Option<ProductRef>, Option<VariantRef>);

/// Articles of one document, net.
type Goods = BTreeMap<Article, Net>;

/// So much of an article.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Net {
    thousandths: i128,
    kopecks: i128,
}

impl Net {
    fn add(&mut self, other: Self) {
        self.thousandths += other.thousandths;
        self.kopecks += other.kopecks;
    }
}

impl<'a> Tally<'a> {
    pub(super) fn add(
        &mut self,
        line: &PurchaseLine,
        kind: LineKind,
        product: Option<&'a Product>,
    ) {
        if !kind.makes_a_purchase() {
            return;
        }
        let net = Net {
            thousandths: i128::from(line.quantity.thousandths()),
            kopecks: i128::from(line.amount.kopecks()),
        };
        self.kopecks += net.kopecks;
        if let (LineKind::Goods, Some(product)) = (kind, product) {
            if let Some(category) = &product.category {
                *self.categories.entry(category).or_default() += net.kopecks;
            }
            if let Some(brand) = &product.brand {
                *self.brands.entry(brand).or_default() += net.kopecks;
            }
        }

        let sale = self
            .sales
            .entry(line.document.document)
            .or_insert_with(|| Sale {
                purchased_at: line.purchased_at,
                store: line.store,
                sells: false,
                is_report: line.document.kind == DocumentKind::ShiftReport,
                goods: Goods::new(),
            });
        // A shift report may hold returns beside sales; only a correction takes back and gives.
        let takes_back =
            line.quantity < Quantity::ZERO || line.document.kind == DocumentKind::SaleCorrection;
        let goods = match line.returns {
            Some(original) if takes_back => {
                let returned = self.returned.entry(original).or_insert_with(|| Returned {
                    first_at: line.purchased_at,
                    goods: Goods::new(),
                });
                &mut returned.goods
            }
            Some(_) | None => {
                sale.sells |= line.quantity > Quantity::ZERO;
                &mut sale.goods
            }
        };
        goods
            .entry((line.product, line.variant))
            .or_default()
            .add(net);
    }

    /// Sets what was brought back against the sales.
    ///
    /// What names its sale comes first, so that the rest finds only what is still there.
    pub(super) fn take_back(&mut self) {
        let nameless = self.take_nameless();
        let mut archived = Vec::new();
        for (original, returned) in std::mem::take(&mut self.returned) {
            match self.sales.get_mut(&original) {
                Some(sale) => sale.change(&returned.goods),
                None => archived.push(returned),
            }
        }
        self.take_from_reports(archived);
        self.take_from_last(nameless);
    }

    /// Takes out what documents bring back beyond what they have sold themselves.
    fn take_nameless(&mut self) -> BTreeMap<Article, Vec<(DateTime<Utc>, i128)>> {
        let mut nameless: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for sale in self.sales.values_mut() {
            for (article, net) in &mut sale.goods {
                if net.thousandths < 0 {
                    let returns = nameless.entry(*article).or_default();
                    returns.push((sale.purchased_at, -net.thousandths));
                    *net = Net::default();
                }
            }
        }
        nameless
    }

    /// Sets returns of receipts that are not there against the shift reports that may hold these.
    ///
    /// One receipt lies in one report, so that the report must hold all that was brought back of
    /// it; of several such reports the last one counts.
    fn take_from_reports(&mut self, mut archived: Vec<Returned>) {
        if archived.is_empty() {
            return;
        }
        let reports = self.sales.iter().filter(|(_, sale)| sale.is_report);
        let mut reports: Vec<(DateTime<Utc>, DocumentRef)> = reports
            .map(|(document, sale)| (sale.purchased_at, *document))
            .collect();
        reports.sort_unstable();
        // The documents are in order already, and the sort is stable.
        archived.sort_by_key(|returned| returned.first_at);
        for returned in archived {
            let in_time = reports.partition_point(|(at, _)| *at < returned.first_at + SHIFT);
            let holder = reports[..in_time]
                .iter()
                .rev()
                .map(|(_, document)| document)
                .find(|document| self.sales[document].holds(&returned.goods));
            if let Some(sale) = holder.and_then(|document| self.sales.get_mut(document)) {
                sale.change(&returned.goods);
            }
        }
    }

    /// Sets returns that name nothing against the last sales before them that are still there.
    fn take_from_last(&mut self, nameless: BTreeMap<Article, Vec<(DateTime<Utc>, i128)>>) {
        if nameless.is_empty() {
            return;
        }
        let mut sold: BTreeMap<Article, Vec<(DateTime<Utc>, &mut Net)>> = BTreeMap::new();
        for sale in self.sales.values_mut() {
            for (article, net) in &mut sale.goods {
                if net.thousandths > 0 && nameless.contains_key(article) {
                    let sales = sold.entry(*article).or_default();
                    sales.push((sale.purchased_at, net));
                }
            }
        }
        for (article, mut returns) in nameless {
            returns.sort_unstable();
            let mut sales = sold.remove(&article).unwrap_or_default();
            // The sort is stable: sales of one instant stay in the order of their documents.
            sales.sort_by_key(|(at, _)| *at);
            let mut sales = sales.into_iter().peekable();
            let mut open: Vec<&mut Net> = Vec::new();
            for (at, mut missing) in returns {
                while let Some((_, net)) = sales.next_if(|(sold_at, _)| *sold_at <= at) {
                    open.push(net);
                }
                while let Some(net) = open.last_mut().filter(|_| missing > 0) {
                    let taken = missing.min(net.thousandths);
                    net.kopecks -= net.kopecks * taken / net.thousandths;
                    net.thousandths -= taken;
                    missing -= taken;
                    if net.thousandths == 0 {
                        open.pop();
                    }
                }
            }
        }
    }

    /// Tells whether a line has sold an article of which something was not brought back.
    pub(super) fn keeps(&self, line: &PurchaseLine) -> bool {
        let sale = self.sales.get(&line.document.document);
        let net = sale.and_then(|sale| sale.goods.get(&(line.product, line.variant)));
        line.quantity > Quantity::ZERO && net.is_some_and(|net| net.thousandths > 0)
    }

    /// Gives the sales of which something was not brought back.
    pub(super) fn kept(&self) -> Vec<&Sale> {
        self.sales.values().filter(|sale| sale.is_kept()).collect()
    }
}

impl Sale {
    fn change(&mut self, goods: &Goods) {
        for (article, net) in goods {
            self.goods.entry(*article).or_default().add(*net);
        }
    }

    /// Tells whether the sale has at least what was brought back, in pieces and in money.
    fn holds(&self, returned: &Goods) -> bool {
        returned.iter().all(|(article, back)| {
            let sold = self.goods.get(article).copied().unwrap_or_default();
            back.thousandths >= 0
                || (sold.thousandths + back.thousandths >= 0 && sold.kopecks + back.kopecks >= 0)
        })
    }

    fn is_kept(&self) -> bool {
        self.goods.values().any(|net| net.thousandths > 0)
    }

    /// Gives what was paid for what was not brought back.
    pub(super) fn kept_kopecks(&self) -> i128 {
        let kept = self.goods.values().filter(|net| net.thousandths > 0);
        kept.map(|net| net.kopecks).sum()
    }
}
