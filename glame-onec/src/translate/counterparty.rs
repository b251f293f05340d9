use chrono::{Datelike, NaiveDate};
use glame_core::ports::{CustomerProfile, Rejected};
use glame_core::users::Gender;
use glame_core::values::{CounterpartyRef, EmailAddress, PhoneNumber, PlainText};

use super::{Reason, named, phone, required_key};
use crate::local_time;
use crate::records::counterparty::{
    COUNTERPARTIES, ContactRow, CounterpartyRow, contact_kind, gender,
};

/// Years up to this one stand for a date of birth that nobody knows.
const LAST_UNKNOWN_YEAR: i32 = 1900;

/// Reads a counterparty; a folder is none.
///
/// Contacts that cannot be read are left out: people type there what they like.
pub(crate) fn profile(row: &CounterpartyRow<'_>) -> Result<Option<CustomerProfile>, Rejected> {
    if row.is_folder == Some(true) {
        return Ok(None);
    }
    read(row)
        .map(Some)
        .map_err(|reason| reason.reject(&COUNTERPARTIES, named(row.reference.as_ref())))
}

fn read(row: &CounterpartyRow<'_>) -> Result<CustomerProfile, Reason> {
    let contacts = row.contacts.as_deref().unwrap_or_default();
    Ok(CustomerProfile {
        counterparty: CounterpartyRef::from_uuid(required_key(row.reference.as_ref(), "Ref_Key")?),
        full_name: row.name.as_deref().and_then(PlainText::clean),
        phone: telephone(row, contacts),
        email: email(row, contacts),
        gender: match row.gender.as_deref() {
            Some(gender::FEMALE) => Some(Gender::Female),
            Some(gender::MALE) => Some(Gender::Male),
            _ => None,
        },
        birth_date: birth_date(row),
        city: city(contacts),
        removed: row
            .marked_for_deletion
            .ok_or(Reason::Missing("DeletionMark"))?,
    })
}

fn of_kind<'a>(
    contacts: &'a [ContactRow<'a>],
    kind: &'static str,
) -> impl Iterator<Item = &'a ContactRow<'a>> {
    contacts
        .iter()
        .filter(move |contact| contact.kind.as_deref() == Some(kind))
}

/// Takes the digits that 1C made, else what was typed, else what 1C searches by.
fn telephone(row: &CounterpartyRow<'_>, contacts: &[ContactRow<'_>]) -> Option<PhoneNumber> {
    let phones = || of_kind(contacts, contact_kind::PHONE);
    let digits = phones()
        .filter_map(|contact| contact.phone.as_deref())
        .find_map(phone::first_in);
    let typed = || {
        phones()
            .filter_map(|contact| contact.shown.as_deref())
            .find_map(phone::first_in)
    };
    let searched = || row.phone_for_search.as_deref().and_then(phone::first_in);
    digits.or_else(typed).or_else(searched)
}

fn email(row: &CounterpartyRow<'_>, contacts: &[ContactRow<'_>]) -> Option<EmailAddress> {
    let emails = || of_kind(contacts, contact_kind::EMAIL);
    let first = |text: &str| {
        text.split([',', ';', ' '])
            .find_map(|part| EmailAddress::parse(part).ok())
    };
    emails()
        .filter_map(|contact| contact.email.as_deref())
        .find_map(first)
        .or_else(|| {
            emails()
                .filter_map(|contact| contact.shown.as_deref())
                .find_map(first)
        })
        .or_else(|| row.email_for_search.as_deref().and_then(first))
}

/// Takes the city of an address only: guesses from other fields made phones and streets cities.
fn city(contacts: &[ContactRow<'_>]) -> Option<PlainText> {
    of_kind(contacts, contact_kind::ADDRESS)
        .filter_map(|contact| contact.city.as_deref())
        .find_map(|city| {
            let city = city.trim();
            let name = city
                .strip_suffix(" г")
                .or_else(|| city.strip_prefix("г. "))
                .unwrap_or(city);
            PlainText::clean(name)
        })
}

fn birth_date(row: &CounterpartyRow<'_>) -> Option<NaiveDate> {
    let date = local_time::parse(row.birth_date.as_deref()?).ok()??.date();
    (date.year() > LAST_UNKNOWN_YEAR).then_some(date)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_json(fields: &str) -> CustomerProfile {
        let json = format!(
            "{{\"Ref_Key\":\"7a10a001-3f2b-11ef-8a01-0050569a0001\",\"DeletionMark\":false,\
             \"IsFolder\":false,\"Description\":\"Примерова Анна\",{fields}}}"
        );
        profile(&serde_json::from_str(&json).unwrap())
            .unwrap()
            .unwrap()
    }

    #[test]
    fn a_customer_is_read() {
        let profile = read_json(
            r#""Пол":"Женский","ДатаРождения":"1990-02-03T00:00:00","КонтактнаяИнформация":[
                {"Тип":"Телефон","Представление":"+7 (999) 000-00-02","НомерТелефона":"79990000001"},
                {"Тип":"АдресЭлектроннойПочты","Представление":"Anna@Example.ru","АдресЭП":""},
                {"Тип":"Адрес","Представление":"299011, Севастополь г, Лесная ул","Город":"Севастополь г"}]"#,
        );
        assert_eq!(profile.full_name.unwrap().as_str(), "Примерова Анна");
        assert_eq!(profile.phone.unwrap().digits(), 79_990_000_001);
        assert_eq!(profile.email.unwrap().as_str(), "anna@example.ru");
        assert_eq!(profile.gender, Some(Gender::Female));
        assert_eq!(profile.birth_date, NaiveDate::from_ymd_opt(1990, 2, 3));
        assert_eq!(profile.city.unwrap().as_str(), "Севастополь");
    }

    #[test]
    fn a_phone_is_looked_for_in_order() {
        let typed = r#""КонтактнаяИнформация":[{"Тип":"Телефон","НомерТелефона":"",
            "Представление":"8 999 000-00-03"}],"НомерТелефонаДляПоиска":"79990000004""#;
        assert_eq!(read_json(typed).phone.unwrap().digits(), 79_990_000_003);
        let searched = r#""КонтактнаяИнформация":[],"НомерТелефонаДляПоиска":"79990000004""#;
        assert_eq!(read_json(searched).phone.unwrap().digits(), 79_990_000_004);
        // The number of another kind of contact is no telephone.
        let fax = r#""КонтактнаяИнформация":[{"Тип":"Факс","НомерТелефона":"79990000005"}]"#;
        assert_eq!(read_json(fax).phone, None);
    }

    #[test]
    fn what_nobody_knows_is_none() {
        for date in ["0001-01-01T00:00:00", "1900-01-01T00:00:00", "завтра"] {
            let profile = read_json(&format!("\"Пол\":\"\",\"ДатаРождения\":\"{date}\""));
            assert_eq!((profile.birth_date, profile.gender), (None, None));
        }
        let address =
            r#""КонтактнаяИнформация":[{"Тип":"Адрес","Представление":"ул. Лесная","Город":""}]"#;
        assert_eq!(read_json(address).city, None);
    }

    #[test]
    fn folders_are_left_out_and_rows_without_a_key_rejected() {
        let read = |json: &str| profile(&serde_json::from_str(json).unwrap());
        assert_eq!(read(r#"{"IsFolder":true}"#), Ok(None));
        assert!(read(r#"{"IsFolder":false,"DeletionMark":false}"#).is_err());
    }
}
