//! All customers as columns, so that a rule looks at a million of them in milliseconds.

pub(super) mod column;
pub(super) mod purchases;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use chrono_tz::Tz;

use self::column::{Column, Dictionary, NO_CODE, Numbers, Sets};
use self::purchases::Purchases;
use super::{
    Bitmap, ChoiceField, CustomerFacts, DateField, FlagField, NumberField, SetField, TextField,
};
use crate::analytics::buying::ChurnLevel;
use crate::analytics::{BoughtLine, CustomerStatus, Preference};
use crate::catalogue::Store;
use crate::values::{Money, StoreRef, UserId};

/// What rules can ask about all customers, column by column.
///
/// It holds no names, phones or addresses. Figures and scores in it are as of the moment at which
/// they were made; silence, ages and windows are counted to the moment of the evaluation.
#[derive(Debug)]
pub struct SegmentSnapshot {
    pub(super) users: Vec<UserId>,
    pub(super) numbers: BTreeMap<NumberField, Numbers>,
    pub(super) dates: BTreeMap<DateField, Column<i32>>,
    pub(super) texts: BTreeMap<TextField, Vec<u32>>,
    pub(super) choices: BTreeMap<ChoiceField, Vec<u32>>,
    pub(super) sets: BTreeMap<SetField, Sets>,
    pub(super) flags: BTreeMap<FlagField, Bitmap>,
    /// Month × 32 + day of birth.
    pub(super) birthdays: Vec<u32>,
    pub(super) purchases: Purchases,
    pub(super) cities: Dictionary,
    pub(super) levels: Dictionary,
    pub(super) stores: Dictionary,
    pub(super) favorite_categories: Dictionary,
    pub(super) favorite_brands: Dictionary,
}

impl SegmentSnapshot {
    /// Gives the customers, by user id; a row is a place in this list.
    #[must_use]
    pub fn users(&self) -> &[UserId] {
        &self.users
    }

    /// Finds the row of a customer.
    #[must_use]
    pub fn row_of(&self, user: UserId) -> Option<usize> {
        self.users.binary_search(&user).ok()
    }

    pub(super) fn dictionary(&self, field: TextField) -> &Dictionary {
        match field {
            TextField::City => &self.cities,
            TextField::LoyaltyLevel => &self.levels,
            TextField::PreferredStore => &self.stores,
        }
    }

    pub(super) fn set_dictionary(&self, field: SetField) -> &Dictionary {
        match field {
            SetField::FavoriteCategories => &self.favorite_categories,
            SetField::FavoriteBrands => &self.favorite_brands,
            SetField::Stores => &self.stores,
        }
    }
}

/// Tells why a customer cannot be added to a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// Customers come by user id, each once.
    #[error("customer {0} does not come after the one before")]
    OutOfOrder(UserId),
    /// Four billion lines are the most.
    #[error("there are too many purchases for one snapshot")]
    TooLarge,
}

/// Gathers a [`SegmentSnapshot`], customer by customer.
#[derive(Debug)]
pub struct SnapshotBuilder {
    zone: Tz,
    store_names: HashMap<StoreRef, String>,
    store_codes: HashMap<StoreRef, u32>,
    snapshot: SegmentSnapshot,
}

impl SnapshotBuilder {
    /// Begins with no customers; days are those of the shop's calendar in `zone`.
    #[must_use]
    pub fn new(zone: Tz, stores: &[Store]) -> Self {
        let name = |store: &Store| (store.store, store.name.as_str().to_owned());
        let derived =
            |field: &NumberField| matches!(field, NumberField::RecencyDays | NumberField::Age);
        let column = |field: &NumberField| {
            let scale = field.scale();
            let is_small = i32::try_from(scale.min).is_ok() && i32::try_from(scale.max).is_ok();
            let numbers = if is_small {
                Numbers::Small(Column::default())
            } else {
                Numbers::Large(Column::default())
            };
            (*field, numbers)
        };
        Self {
            zone,
            store_names: stores.iter().map(name).collect(),
            store_codes: HashMap::new(),
            snapshot: SegmentSnapshot {
                users: Vec::new(),
                // Silence and age follow from days at the moment of the evaluation.
                numbers: NumberField::ALL
                    .iter()
                    .filter(|field| !derived(field))
                    .map(column)
                    .collect(),
                dates: empty(DateField::ALL),
                texts: empty(TextField::ALL),
                choices: empty(ChoiceField::ALL),
                sets: empty(SetField::ALL),
                flags: empty(FlagField::ALL),
                birthdays: Vec::new(),
                purchases: Purchases::default(),
                cities: Dictionary::default(),
                levels: Dictionary::default(),
                stores: Dictionary::default(),
                favorite_categories: Dictionary::default(),
                favorite_brands: Dictionary::default(),
            },
        }
    }

    /// Adds a customer whose user id is greater than those before.
    pub fn push(&mut self, facts: &CustomerFacts<'_>) -> Result<(), SnapshotError> {
        let user = facts.user.id;
        if self.snapshot.users.last().is_some_and(|last| *last >= user) {
            return Err(SnapshotError::OutOfOrder(user));
        }
        let lines = self.snapshot.purchases.day.len() + facts.purchases.len();
        if u32::try_from(lines).is_err() {
            return Err(SnapshotError::TooLarge);
        }
        self.snapshot.users.push(user);
        for (field, column) in &mut self.snapshot.numbers {
            column.push(number_of(*field, facts));
        }
        for (field, column) in &mut self.snapshot.dates {
            column.push(date_of(*field, facts, self.zone).map(|day| day.num_days_from_ce()));
        }
        for (field, codes) in &mut self.snapshot.choices {
            let word = word_of(*field, facts);
            let place = word.and_then(|word| field.words().iter().position(|one| *one == word));
            codes.push(
                place
                    .and_then(|place| u32::try_from(place).ok())
                    .unwrap_or(NO_CODE),
            );
        }
        for (field, bits) in &mut self.snapshot.flags {
            bits.push(match field {
                FlagField::HasPhone => facts.user.phone.is_some(),
                FlagField::HasEmail => facts.user.email.is_some(),
                FlagField::HasCard => facts.user.discount_card_number.is_some(),
            });
        }
        let birth = facts.user.birth_date;
        self.snapshot
            .birthdays
            .push(birth.map_or(NO_CODE, month_and_day));
        self.push_texts(facts);
        self.push_purchases(facts.purchases);
        Ok(())
    }

    fn push_texts(&mut self, facts: &CustomerFacts<'_>) {
        let preferred = preferred_store(facts.purchases).map(|store| self.store_code(store));
        let kept = facts.purchases.iter().filter(|line| line.is_kept);
        let visited: BTreeSet<StoreRef> = kept.filter_map(|line| line.store).collect();
        let visited: Vec<u32> = visited
            .into_iter()
            .map(|store| self.store_code(store))
            .collect();

        let snapshot = &mut self.snapshot;
        for (field, codes) in &mut snapshot.texts {
            let code = match field {
                TextField::City => {
                    let city = facts.user.city.as_ref();
                    city.map(|city| snapshot.cities.code(city.as_str()))
                }
                TextField::LoyaltyLevel => {
                    facts.loyalty_level.map(|level| snapshot.levels.code(level))
                }
                TextField::PreferredStore => preferred,
            };
            codes.push(code.unwrap_or(NO_CODE));
        }
        let likes = facts.metrics.map(|metrics| &metrics.figures.preferences);
        for (field, sets) in &mut snapshot.sets {
            let names = |list: &[Preference], dictionary: &mut Dictionary| -> Vec<u32> {
                let codes = list
                    .iter()
                    .map(|liked| dictionary.code(liked.name.as_str()));
                codes.collect()
            };
            let codes = match (field, likes) {
                (SetField::FavoriteCategories, Some(likes)) => names(
                    &likes.favorite_categories,
                    &mut snapshot.favorite_categories,
                ),
                (SetField::FavoriteBrands, Some(likes)) => {
                    names(&likes.favorite_brands, &mut snapshot.favorite_brands)
                }
                (SetField::Stores, _) => visited.clone(),
                (SetField::FavoriteCategories | SetField::FavoriteBrands, None) => Vec::new(),
            };
            sets.push(codes);
        }
    }

    fn push_purchases(&mut self, lines: &[BoughtLine<'_>]) {
        let mut lines: Vec<&BoughtLine<'_>> = lines.iter().collect();
        lines.sort_by_key(|line| line.document);
        let mut receipt: u32 = 0;
        let mut before = None;
        for line in lines {
            if before.is_some_and(|before| before != line.document) {
                receipt = receipt.saturating_add(1);
            }
            before = Some(line.document);
            let store = line.store.map_or(NO_CODE, |store| self.store_code(store));
            let purchases = &mut self.snapshot.purchases;
            let category = line
                .category
                .map(|name| purchases.categories.code(name.as_str()));
            let brand = line.brand.map(|name| purchases.brands.code(name.as_str()));
            purchases.day.push(line.day.num_days_from_ce());
            purchases.category.push(category.unwrap_or(NO_CODE));
            purchases.brand.push(brand.unwrap_or(NO_CODE));
            purchases.store.push(store);
            purchases.kopecks.push(line.amount.kopecks());
            purchases.receipt.push(receipt);
            purchases.is_kept.push(line.is_kept);
        }
        let purchases = &mut self.snapshot.purchases;
        let end = u32::try_from(purchases.day.len()).unwrap_or(u32::MAX);
        purchases.ends.push(end);
    }

    fn store_code(&mut self, store: StoreRef) -> u32 {
        let (names, dictionary) = (&self.store_names, &mut self.snapshot.stores);
        *self.store_codes.entry(store).or_insert_with(|| {
            let id = store.to_string();
            match names.get(&store) {
                Some(name) => dictionary.add(name, &[name, &id]),
                None => dictionary.add(&id, &[&id]),
            }
        })
    }

    /// Gives the snapshot.
    #[must_use]
    pub fn finish(self) -> SegmentSnapshot {
        self.snapshot
    }
}

fn empty<F: Copy + Ord, C: Default>(fields: &[F]) -> BTreeMap<F, C> {
    fields.iter().map(|field| (*field, C::default())).collect()
}

pub(super) fn month_and_day(date: NaiveDate) -> u32 {
    date.month() * 32 + date.day()
}

/// Gives the store with the most receipts, then the most money, then the latest purchase.
pub(super) fn preferred_store(lines: &[BoughtLine<'_>]) -> Option<StoreRef> {
    let mut stores: BTreeMap<StoreRef, (BTreeSet<_>, i128, NaiveDate)> = BTreeMap::new();
    for line in lines.iter().filter(|line| line.is_kept) {
        let Some(store) = line.store else { continue };
        let (receipts, kopecks, day) = stores
            .entry(store)
            .or_insert_with(|| (BTreeSet::new(), 0, line.day));
        receipts.insert(line.document);
        *kopecks += i128::from(line.amount.kopecks());
        *day = line.day.max(*day);
    }
    let ranked = stores
        .into_iter()
        .max_by_key(|(store, (receipts, kopecks, day))| {
            (receipts.len(), *kopecks, *day, std::cmp::Reverse(*store))
        });
    ranked.map(|(store, _)| store)
}

fn number_of(field: NumberField, facts: &CustomerFacts<'_>) -> Option<i64> {
    let figures = facts.metrics.map(|metrics| &metrics.figures);
    let score = facts.metrics.and_then(|metrics| metrics.rfm_score);
    let forecast = facts.forecast;
    match field {
        NumberField::TotalSpent => Some(figures.map_or(0, |figures| figures.total_spent.kopecks())),
        NumberField::TotalPurchases => {
            Some(figures.map_or(0, |figures| i64::from(figures.total_purchases)))
        }
        NumberField::AverageReceipt => figures?.average_receipt.map(Money::kopecks),
        NumberField::RecencyScore => Some(i64::from(score?.recency.get())),
        NumberField::FrequencyScore => Some(i64::from(score?.frequency.get())),
        NumberField::MonetaryScore => Some(i64::from(score?.monetary.get())),
        NumberField::RfmTotal => Some(i64::from(score?.total())),
        NumberField::LoyaltyPoints => Some(facts.loyalty_points),
        NumberField::PAlive => forecast?.p_alive,
        NumberField::ExpectedPurchases => forecast?.expected_purchases,
        NumberField::ExpectedSpend => forecast?.expected_spend.map(Money::kopecks),
        NumberField::Clv => forecast?.clv.map(Money::kopecks),
        NumberField::RecencyDays | NumberField::Age => None,
    }
}

fn date_of(field: DateField, facts: &CustomerFacts<'_>, zone: Tz) -> Option<NaiveDate> {
    let figures = facts.metrics.map(|metrics| &metrics.figures);
    let day = |at: DateTime<Utc>| at.with_timezone(&zone).date_naive();
    match field {
        DateField::FirstPurchaseDate => figures?.first_purchase_at.map(day),
        DateField::LastPurchaseDate => figures?.last_purchase_at.map(day),
        DateField::BirthDate => facts.user.birth_date,
    }
}

fn word_of(field: ChoiceField, facts: &CustomerFacts<'_>) -> Option<&'static str> {
    match field {
        ChoiceField::Gender => facts.user.gender.map(crate::users::Gender::as_str),
        ChoiceField::Status => {
            let status = facts.metrics.map(|metrics| metrics.status);
            Some(status.unwrap_or(CustomerStatus::New).as_str())
        }
        ChoiceField::RfmSegment => {
            let score = facts.metrics.and_then(|metrics| metrics.rfm_score);
            score.map(|score| score.segment().as_str())
        }
        ChoiceField::ChurnLevel => facts.forecast?.churn_level.map(ChurnLevel::as_str),
    }
}
