//! A second evaluator, of documents and owned customers, written without a look at the first.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, Days, NaiveDate};
use rust_decimal::Decimal;
use serde_json::Value;

use super::population::{Bought, Person, ZONE, stores};
use crate::segments::evaluate::{bucket_of, seed_of};
use crate::values::{Money, StoreRef};

pub(super) struct Naive<'a> {
    pub(super) today: NaiveDate,
    /// Who belongs to the segments of the test, by the text of their ids.
    pub(super) members: &'a BTreeMap<String, BTreeSet<usize>>,
}

impl Naive<'_> {
    pub(super) fn holds(&self, rule: &Value, row: usize, person: &Person) -> Option<bool> {
        if let Some(parts) = rule["all"].as_array() {
            let verdicts: Vec<_> = parts
                .iter()
                .map(|part| self.holds(part, row, person))
                .collect();
            return if verdicts.contains(&Some(false)) {
                Some(false)
            } else if verdicts.contains(&None) {
                None
            } else {
                Some(true)
            };
        }
        if let Some(parts) = rule["any"].as_array() {
            let verdicts: Vec<_> = parts
                .iter()
                .map(|part| self.holds(part, row, person))
                .collect();
            return if verdicts.contains(&Some(true)) {
                Some(true)
            } else if verdicts.contains(&None) {
                None
            } else {
                Some(false)
            };
        }
        match rule.get("not") {
            Some(part) => self.holds(part, row, person).map(|verdict| !verdict),
            None => self.leaf(rule, row, person),
        }
    }

    fn leaf(&self, leaf: &Value, row: usize, person: &Person) -> Option<bool> {
        let field = leaf["field"].as_str().unwrap();
        let (op, value) = (leaf["op"].as_str().unwrap(), &leaf["value"]);
        match field {
            "has_phone" => Some(person.user.phone.is_some() == *value),
            "has_email" => Some(person.user.email.is_some() == *value),
            "has_card" => Some(person.user.discount_card_number.is_some() == *value),
            "city" | "loyalty_level" | "preferred_store" => text(op, value, names(field, person)),
            "gender" | "status" | "rfm_segment" | "churn_level" => {
                word(op, value, choice(field, person))
            }
            "favorite_categories" | "favorite_brands" | "stores" => {
                Some(set(op, value, &sets(field, person)))
            }
            "first_purchase_date" | "last_purchase_date" | "birth_date" => {
                self.date(op, value, date(field, person))
            }
            "birthday" => self.birthday(op, value, person.user.birth_date),
            "segments" => {
                let is_in = |id: &Value| self.members[id.as_str().unwrap()].contains(&row);
                let mut ids = value.as_array().unwrap().iter();
                Some(match op {
                    "has_any" => ids.any(is_in),
                    "has_all" => ids.all(is_in),
                    _ => !ids.any(is_in),
                })
            }
            "bucket" => {
                let seed = seed_of(leaf["seed"].as_str().unwrap());
                number(op, value, Some(bucket_of(seed, person.user.id).into()))
            }
            "purchase_count" | "purchase_sum" => {
                let lines: Vec<_> = person
                    .purchases
                    .iter()
                    .filter(|line| self.counts(leaf, line))
                    .collect();
                let kept = lines.iter().filter(|line| line.is_kept);
                let receipts: BTreeSet<_> = kept.map(|line| line.document).collect();
                let sum = Money::try_sum(lines.iter().map(|line| line.amount)).unwrap();
                let measured = if field == "purchase_sum" {
                    sum.to_roubles()
                } else {
                    Decimal::from(receipts.len())
                };
                number(op, value, Some(measured))
            }
            _ => number(op, value, self.number(field, person)),
        }
    }

    fn number(&self, field: &str, person: &Person) -> Option<Decimal> {
        let figures = person.metrics.as_ref().map(|metrics| &metrics.figures);
        let score = person
            .metrics
            .as_ref()
            .and_then(|metrics| metrics.rfm_score);
        let forecast = person.forecast;
        match field {
            "total_spent" => Some(figures.map_or(Decimal::ZERO, |f| f.total_spent.to_roubles())),
            "total_purchases" => Some(figures.map_or(0, |f| f.total_purchases).into()),
            "average_receipt" => figures?.average_receipt.map(Money::to_roubles),
            "recency_days" => {
                let last = date("last_purchase_date", person)?;
                Some((self.today - last).num_days().max(0).into())
            }
            "age" => {
                let birth = person.user.birth_date?;
                let birthdays = (birth.year() + 1..=self.today.year())
                    .filter(|year| is_birthday_by(birth, *year, self.today));
                Some(birthdays.count().into())
            }
            "recency_score" => Some(score?.recency.get().into()),
            "frequency_score" => Some(score?.frequency.get().into()),
            "monetary_score" => Some(score?.monetary.get().into()),
            "rfm_total" => Some(score?.total().into()),
            "loyalty_points" => Some(person.points.into()),
            "p_alive" => Some(Decimal::new(forecast?.p_alive?, 6)),
            "expected_purchases" => Some(Decimal::new(forecast?.expected_purchases?, 6)),
            "expected_spend" => Some(forecast?.expected_spend?.to_roubles()),
            "clv" => Some(forecast?.clv?.to_roubles()),
            other => panic!("{other}"),
        }
    }

    fn date(&self, op: &str, value: &Value, fact: Option<NaiveDate>) -> Option<bool> {
        if op == "known" {
            return Some(fact.is_some() == *value);
        }
        let fact = fact?;
        let at = |value: &Value| value.as_str().unwrap().parse::<NaiveDate>().unwrap();
        let days_ago = (self.today - fact).num_days();
        Some(match op {
            "on" => fact == at(value),
            "before" => fact < at(value),
            "after" => fact > at(value),
            "on_or_before" => fact <= at(value),
            "on_or_after" => fact >= at(value),
            "between" => at(&value[0]) <= fact && fact <= at(&value[1]),
            "within_last_days" => (0..=value.as_i64().unwrap()).contains(&days_ago),
            "more_than_days_ago" => days_ago > value.as_i64().unwrap(),
            other => panic!("{other}"),
        })
    }

    fn birthday(&self, op: &str, value: &Value, birth: Option<NaiveDate>) -> Option<bool> {
        if op == "known" {
            return Some(birth.is_some() == *value);
        }
        let birth = birth?;
        let is_birthday = |day: NaiveDate| {
            let tomorrow = day + Days::new(1);
            (day.month(), day.day()) == (birth.month(), birth.day())
                || ((birth.month(), birth.day()) == (2, 29)
                    && (day.month(), day.day()) == (2, 28)
                    && tomorrow.month() == 3)
        };
        Some(match op {
            "in_months" => value.as_array().unwrap().contains(&birth.month().into()),
            "within_next_days" => {
                (0..=value.as_u64().unwrap()).any(|days| is_birthday(self.today + Days::new(days)))
            }
            _ => {
                (0..=value.as_u64().unwrap()).any(|days| is_birthday(self.today - Days::new(days)))
            }
        })
    }

    fn counts(&self, leaf: &Value, line: &Bought) -> bool {
        let named = |list: &Value, names: &[String]| {
            list.as_array().is_none_or(|list| {
                list.iter()
                    .any(|one| names.iter().any(|name| same(one.as_str().unwrap(), name)))
            })
        };
        let (of, window) = (&leaf["of"], &leaf["window"]);
        let one = |name: &Option<crate::values::PlainText>| -> Vec<String> {
            name.iter().map(ToString::to_string).collect()
        };
        let day = |value: &Value| {
            value
                .as_str()
                .map(|text| text.parse::<NaiveDate>().unwrap())
        };
        named(&of["category"], &one(&line.category))
            && named(&of["brand"], &one(&line.brand))
            && named(&of["store"], &line.store.map(names_of).unwrap_or_default())
            && day(&window["from"]).is_none_or(|from| from <= line.day)
            && day(&window["to"]).is_none_or(|to| line.day <= to)
            && window["last_days"]
                .as_i64()
                .is_none_or(|days| (0..=days).contains(&(self.today - line.day).num_days()))
    }
}

fn names(field: &str, person: &Person) -> Option<Vec<String>> {
    match field {
        "city" => Some(vec![person.user.city.as_ref()?.to_string()]),
        "loyalty_level" => Some(vec![person.level?.to_owned()]),
        _ => {
            // Most receipts, then most money, then the latest purchase, then the first id.
            let stores: BTreeSet<StoreRef> = person
                .purchases
                .iter()
                .filter_map(|line| line.store)
                .collect();
            let mut best: Option<((usize, Money, NaiveDate), StoreRef)> = None;
            for store in stores {
                let lines = || {
                    let of_store = |line: &&Bought| line.store == Some(store) && line.is_kept;
                    person.purchases.iter().filter(of_store)
                };
                let Some(day) = lines().map(|line| line.day).max() else {
                    continue;
                };
                let receipts: BTreeSet<_> = lines().map(|line| line.document).collect();
                let money = Money::try_sum(lines().map(|line| line.amount)).unwrap();
                let rank = (receipts.len(), money, day);
                if best.is_none_or(|(other, _)| rank > other) {
                    best = Some((rank, store));
                }
            }
            Some(names_of(best?.1))
        }
    }
}

fn is_birthday_by(birth: NaiveDate, year: i32, today: NaiveDate) -> bool {
    let birthday = birth
        .with_year(year)
        .or(NaiveDate::from_ymd_opt(year, 2, 28))
        .unwrap();
    birthday <= today
}

fn date(field: &str, person: &Person) -> Option<NaiveDate> {
    let figures = person.metrics.as_ref().map(|metrics| &metrics.figures);
    let at = match field {
        "first_purchase_date" => figures?.first_purchase_at,
        "last_purchase_date" => figures?.last_purchase_at,
        _ => return person.user.birth_date,
    };
    Some(at?.with_timezone(&ZONE).date_naive())
}

fn choice(field: &str, person: &Person) -> Option<String> {
    let metrics = person.metrics.as_ref();
    let word = match field {
        "gender" => person.user.gender?.as_str(),
        "status" => metrics.map_or("New", |metrics| metrics.status.as_str()),
        "rfm_segment" => metrics?.rfm_score?.segment().as_str(),
        _ => person.forecast?.churn_level?.as_str(),
    };
    Some(word.to_owned())
}

fn sets(field: &str, person: &Person) -> Vec<Vec<String>> {
    let likes = person
        .metrics
        .as_ref()
        .map(|metrics| &metrics.figures.preferences);
    let chosen = match (field, likes) {
        ("stores", _) => {
            let kept = person.purchases.iter().filter(|line| line.is_kept);
            let stores: BTreeSet<_> = kept.filter_map(|line| line.store).collect();
            return stores.into_iter().map(names_of).collect();
        }
        (_, None) => return Vec::new(),
        ("favorite_categories", Some(likes)) => &likes.favorite_categories,
        (_, Some(likes)) => &likes.favorite_brands,
    };
    chosen
        .iter()
        .map(|liked| vec![liked.name.to_string()])
        .collect()
}

fn names_of(store: StoreRef) -> Vec<String> {
    let known = stores().into_iter().filter(|known| known.store == store);
    let names = known.map(|known| known.name.to_string());
    names.chain([store.to_string()]).collect()
}

fn same(left: &str, right: &str) -> bool {
    plain(left) == plain(right)
}

fn plain(text: &str) -> String {
    let small = text.to_lowercase();
    let letters = small
        .chars()
        .map(|letter| if letter == 'ё' { 'е' } else { letter });
    letters.collect::<String>().trim().to_owned()
}

fn number(op: &str, value: &Value, fact: Option<Decimal>) -> Option<bool> {
    if op == "known" {
        return Some(fact.is_some() == *value);
    }
    let fact = fact?;
    let read = |value: &Value| -> Decimal {
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        text.parse().unwrap()
    };
    Some(match op {
        "eq" => fact == read(value),
        "ne" => fact != read(value),
        "lt" => fact < read(value),
        "lte" => fact <= read(value),
        "gt" => fact > read(value),
        "gte" => fact >= read(value),
        "between" => read(&value[0]) <= fact && fact <= read(&value[1]),
        "in" => value
            .as_array()
            .unwrap()
            .iter()
            .any(|one| fact == read(one)),
        other => panic!("{other}"),
    })
}

fn text(op: &str, value: &Value, names: Option<Vec<String>>) -> Option<bool> {
    if op == "known" {
        return Some(names.is_some() == *value);
    }
    let names = names?;
    let one_of = |list: &[Value]| {
        list.iter()
            .any(|one| names.iter().any(|name| same(name, one.as_str().unwrap())))
    };
    let part = || plain(value.as_str().unwrap());
    Some(match op {
        "eq" => one_of(std::slice::from_ref(value)),
        "ne" => !one_of(std::slice::from_ref(value)),
        "in" => one_of(value.as_array().unwrap()),
        "not_in" => !one_of(value.as_array().unwrap()),
        "contains" => names.iter().any(|name| plain(name).contains(&part())),
        "starts_with" => names.iter().any(|name| plain(name).starts_with(&part())),
        other => panic!("{other}"),
    })
}

fn word(op: &str, value: &Value, fact: Option<String>) -> Option<bool> {
    if op == "known" {
        return Some(fact.is_some() == *value);
    }
    let fact = Value::String(fact?);
    Some(match op {
        "eq" => fact == *value,
        "ne" => fact != *value,
        "in" => value.as_array().unwrap().contains(&fact),
        "not_in" => !value.as_array().unwrap().contains(&fact),
        other => panic!("{other}"),
    })
}

fn set(op: &str, value: &Value, facts: &[Vec<String>]) -> bool {
    let wanted = value.as_array().unwrap();
    let is =
        |fact: &Vec<String>, one: &Value| fact.iter().any(|name| same(name, one.as_str().unwrap()));
    let has = |one: &Value| facts.iter().any(|fact| is(fact, one));
    match op {
        "has_any" => wanted.iter().any(has),
        "has_all" => wanted.iter().all(has),
        "has_none" => !wanted.iter().any(has),
        "only" => {
            let is_wanted = |fact: &Vec<String>| wanted.iter().any(|one| is(fact, one));
            !facts.is_empty() && facts.iter().all(is_wanted)
        }
        other => panic!("{other}"),
    }
}
