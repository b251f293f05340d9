use super::shape::{Operator, Scale, Shape, Unit};
use crate::analytics::{CustomerStatus, RfmSegment};
use crate::users::Gender;

macro_rules! fields {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $text:literal, $about:literal;)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $(#[doc = $about] $variant,)* }

        impl $name {
            /// Every field of this type.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Gives the name that rules use.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// Says what the field is.
            #[must_use]
            pub const fn about(self) -> &'static str {
                match self { $(Self::$variant => $about,)* }
            }
        }
    };
}

fields! {
    /// A number that is known of a customer.
    NumberField {
        TotalSpent = "total_spent", "everything ever spent, net of returns, in roubles";
        TotalPurchases = "total_purchases", "receipts that were not returned in full";
        AverageReceipt = "average_receipt", "money per receipt, in roubles; unknown before the first purchase";
        RecencyDays = "recency_days", "days since the last purchase; unknown before the first";
        Age = "age", "full years of age";
        RecencyScore = "recency_score", "the R of RFM, from 1 to 5; unknown before the first purchase";
        FrequencyScore = "frequency_score", "the F of RFM, from 1 to 5; unknown before the first purchase";
        MonetaryScore = "monetary_score", "the M of RFM, from 1 to 5; unknown before the first purchase";
        RfmTotal = "rfm_total", "R + F + M, from 3 to 15; unknown before the first purchase";
        LoyaltyPoints = "loyalty_points", "points that can be spent now";
        PAlive = "p_alive", "the probability that the customer still buys, from 0 to 1; unknown without a model";
        ExpectedPurchases = "expected_purchases", "purchases that the model expects in its horizon";
        ExpectedSpend = "expected_spend", "money that the model expects in its horizon, in roubles";
        Clv = "clv", "the discounted value of what is still to come, in roubles";
    }
}

fields! {
    /// A day of the shop's calendar that is known of a customer.
    DateField {
        FirstPurchaseDate = "first_purchase_date", "the day of the first purchase";
        LastPurchaseDate = "last_purchase_date", "the day of the last purchase";
        BirthDate = "birth_date", "the day of birth";
    }
}

fields! {
    /// A text that is known of a customer; large and small letters, and ё and е, are the same.
    TextField {
        City = "city", "the city of the postal address";
        LoyaltyLevel = "loyalty_level", "the id of the level in the loyalty programme";
        PreferredStore = "preferred_store", "the name or the id of the store with the most receipts";
    }
}

fields! {
    /// One of a few words.
    ChoiceField {
        Gender = "gender", "the gender, where the shop knows it";
        Status = "status", "the guide's word for the customer";
        RfmSegment = "rfm_segment", "the named RFM segment; unknown before the first purchase";
        ChurnLevel = "churn_level", "how likely the customer is to leave; unknown without a forecast";
    }
}

fields! {
    /// Several texts at once; large and small letters, and ё and е, are the same.
    SetField {
        FavoriteCategories = "favorite_categories", "the five categories with the most money";
        FavoriteBrands = "favorite_brands", "the five brands with the most money";
        Stores = "stores", "the names or the ids of all stores with a purchase";
    }
}

fields! {
    /// Something that is so or not.
    FlagField {
        HasPhone = "has_phone", "whether a phone number is known";
        HasEmail = "has_email", "whether an e-mail address is known";
        HasCard = "has_card", "whether a valid discount card is known";
    }
}

fields! {
    /// What is counted of the purchases that a leaf describes.
    Measure {
        Count = "purchase_count", "receipts with a matching line that was not returned";
        Sum = "purchase_sum", "money of matching lines, net of returns, in roubles";
    }
}

/// What a leaf of a rule asks about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// A number.
    Number(NumberField),
    /// A day.
    Date(DateField),
    /// A text.
    Text(TextField),
    /// One of a few words.
    Choice(ChoiceField),
    /// Several texts.
    Set(SetField),
    /// Yes or no.
    Flag(FlagField),
    /// The day and month of birth, whatever the year.
    Birthday,
    /// Purchases of a category, brand or store in a window.
    Purchases(Measure),
    /// Membership in other segments.
    Segments,
    /// A stable number from 0 to 99 of the customer, for A/B tests and control groups.
    Bucket,
}

impl Field {
    /// Gives every field there is, in the order of the documentation.
    pub fn all() -> impl Iterator<Item = Self> {
        let numbers = NumberField::ALL.iter().copied().map(Self::Number);
        let dates = DateField::ALL.iter().copied().map(Self::Date);
        let texts = TextField::ALL.iter().copied().map(Self::Text);
        let choices = ChoiceField::ALL.iter().copied().map(Self::Choice);
        let sets = SetField::ALL.iter().copied().map(Self::Set);
        let flags = FlagField::ALL.iter().copied().map(Self::Flag);
        let measures = Measure::ALL.iter().copied().map(Self::Purchases);
        let single = [Self::Birthday, Self::Segments, Self::Bucket];
        let known = numbers.chain(dates).chain(texts).chain(choices);
        known.chain(sets).chain(flags).chain(measures).chain(single)
    }

    /// Finds a field by its name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::all().find(|field| field.as_str() == name)
    }

    /// Gives the name that rules use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Number(field) => field.as_str(),
            Self::Date(field) => field.as_str(),
            Self::Text(field) => field.as_str(),
            Self::Choice(field) => field.as_str(),
            Self::Set(field) => field.as_str(),
            Self::Flag(field) => field.as_str(),
            Self::Purchases(measure) => measure.as_str(),
            Self::Birthday => "birthday",
            Self::Segments => "segments",
            Self::Bucket => "bucket",
        }
    }

    /// Says what the field is.
    #[must_use]
    pub const fn about(self) -> &'static str {
        match self {
            Self::Number(field) => field.about(),
            Self::Date(field) => field.about(),
            Self::Text(field) => field.about(),
            Self::Choice(field) => field.about(),
            Self::Set(field) => field.about(),
            Self::Flag(field) => field.about(),
            Self::Purchases(measure) => measure.about(),
            Self::Birthday => "the birthday; 29 February is kept on 28 February in common years",
            Self::Segments => "membership in other segments, by their ids",
            Self::Bucket => {
                "a number from 0 to 99 that follows from the seed and the customer alone; \
                 below 10 are a tenth of all customers"
            }
        }
    }

    /// Gives the operators of the field, each with the values that it takes.
    #[must_use]
    pub(super) fn operators(self) -> Vec<(Operator, Shape)> {
        match self {
            Self::Number(field) => and_known(numeric(field.scale())),
            Self::Purchases(Measure::Count) => numeric(Scale::new(Unit::Whole, 0, 1_000_000)),
            Self::Purchases(Measure::Sum) => numeric(Scale::MONEY),
            Self::Bucket => numeric(Scale::new(Unit::Whole, 0, 100)),
            Self::Date(_) => and_known(calendar()),
            Self::Text(_) => and_known(vec![
                (Operator::Eq, Shape::Text),
                (Operator::Ne, Shape::Text),
                (Operator::In, Shape::Texts),
                (Operator::NotIn, Shape::Texts),
                (Operator::Contains, Shape::Text),
                (Operator::StartsWith, Shape::Text),
            ]),
            Self::Choice(field) => and_known(vec![
                (Operator::Eq, Shape::Word(field.words())),
                (Operator::Ne, Shape::Word(field.words())),
                (Operator::In, Shape::Words(field.words())),
                (Operator::NotIn, Shape::Words(field.words())),
            ]),
            Self::Set(_) => vec![
                (Operator::HasAny, Shape::Texts),
                (Operator::HasAll, Shape::Texts),
                (Operator::HasNone, Shape::Texts),
                (Operator::Only, Shape::Texts),
            ],
            Self::Segments => vec![
                (Operator::HasAny, Shape::Segments),
                (Operator::HasAll, Shape::Segments),
                (Operator::HasNone, Shape::Segments),
            ],
            Self::Flag(_) => vec![(Operator::Eq, Shape::Flag)],
            Self::Birthday => and_known(vec![
                (Operator::WithinNextDays, Shape::Days),
                (Operator::WithinLastDays, Shape::Days),
                (Operator::InMonths, Shape::Months),
            ]),
        }
    }
}

fn numeric(scale: Scale) -> Vec<(Operator, Shape)> {
    vec![
        (Operator::Eq, Shape::Number(scale)),
        (Operator::Ne, Shape::Number(scale)),
        (Operator::Lt, Shape::Number(scale)),
        (Operator::Lte, Shape::Number(scale)),
        (Operator::Gt, Shape::Number(scale)),
        (Operator::Gte, Shape::Number(scale)),
        (Operator::Between, Shape::NumberPair(scale)),
        (Operator::In, Shape::Numbers(scale)),
    ]
}

fn calendar() -> Vec<(Operator, Shape)> {
    vec![
        (Operator::On, Shape::Date),
        (Operator::Before, Shape::Date),
        (Operator::After, Shape::Date),
        (Operator::OnOrBefore, Shape::Date),
        (Operator::OnOrAfter, Shape::Date),
        (Operator::Between, Shape::DatePair),
        (Operator::WithinLastDays, Shape::Days),
        (Operator::MoreThanDaysAgo, Shape::Days),
    ]
}

fn and_known(mut operators: Vec<(Operator, Shape)>) -> Vec<(Operator, Shape)> {
    operators.push((Operator::Known, Shape::Flag));
    operators
}

impl NumberField {
    /// Gives what the numbers of the field look like.
    #[must_use]
    pub(in crate::segments) const fn scale(self) -> Scale {
        match self {
            Self::TotalSpent | Self::AverageReceipt | Self::ExpectedSpend | Self::Clv => {
                Scale::MONEY
            }
            Self::TotalPurchases => Scale::new(Unit::Whole, 0, 1_000_000),
            Self::RecencyDays => Scale::new(Unit::Whole, 0, 100_000),
            Self::Age => Scale::new(Unit::Whole, 0, 200),
            Self::RecencyScore | Self::FrequencyScore | Self::MonetaryScore => {
                Scale::new(Unit::Whole, 1, 5)
            }
            Self::RfmTotal => Scale::new(Unit::Whole, 3, 15),
            Self::LoyaltyPoints => Scale::new(Unit::Whole, 0, 1_000_000_000_000),
            Self::PAlive => Scale::new(Unit::Millionths, 0, 1_000_000),
            Self::ExpectedPurchases => Scale::new(Unit::Millionths, 0, 1_000_000_000_000),
        }
    }
}

impl ChoiceField {
    /// Gives the words to choose from.
    #[must_use]
    pub const fn words(self) -> &'static [&'static str] {
        match self {
            Self::Gender => &GENDERS,
            Self::Status => &STATUSES,
            Self::RfmSegment => &RFM_SEGMENTS,
            Self::ChurnLevel => &["low", "medium", "high"],
        }
    }
}

const GENDERS: [&str; 2] = [Gender::Female.as_str(), Gender::Male.as_str()];

const STATUSES: [&str; CustomerStatus::ALL.len()] = {
    let mut words = [""; CustomerStatus::ALL.len()];
    let mut index = 0;
    while index < words.len() {
        words[index] = CustomerStatus::ALL[index].as_str();
        index += 1;
    }
    words
};

const RFM_SEGMENTS: [&str; RfmSegment::ALL.len()] = {
    let mut words = [""; RfmSegment::ALL.len()];
    let mut index = 0;
    while index < words.len() {
        words[index] = RfmSegment::ALL[index].as_str();
        index += 1;
    }
    words
};

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_field_has_a_name_of_its_own() {
        let names: BTreeSet<_> = Field::all().map(Field::as_str).collect();
        assert_eq!(names.len(), Field::all().count());
        for field in Field::all() {
            assert_eq!(Field::from_name(field.as_str()), Some(field));
        }
        assert_eq!(Field::from_name("min_purchases"), None);
    }

    #[test]
    fn no_operator_of_a_field_comes_twice() {
        for field in Field::all() {
            let operators = field.operators();
            let names: BTreeSet<_> = operators.iter().map(|(op, _)| op.as_str()).collect();
            assert_eq!(names.len(), operators.len(), "{}", field.as_str());
        }
    }
}
