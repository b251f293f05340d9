use super::*;
use crate::testkit::fixtures::{customer, minute, profile, text};

fn anna() -> Profile {
    Profile {
        user: customer(1),
        version: ProfileVersion::FIRST,
        edits: ProfileEdits::default(),
        erased_at: None,
    }
}

fn moved(city: &str) -> ProfileChange {
    ProfileChange {
        city: FieldChange::Set(Some(text(city))),
        ..ProfileChange::default()
    }
}

fn operator() -> Actor {
    Actor::Named(text("оператор"))
}

#[test]
fn an_edit_holds_over_what_the_base_says_and_can_be_taken_back() {
    let mut anna = anna();
    assert!(anna.change(&moved("Керчь"), &operator(), minute(1)));
    assert_eq!(anna.user.city, Some(text("Керчь")));
    let mut source = profile(1);
    source.city = Some(text("Судак"));
    assert!(anna.take_source(&source, minute(2)));
    assert_eq!(anna.user.city, Some(text("Керчь")));
    assert!(
        !anna.take_source(&source, minute(3)),
        "the same again changes nothing"
    );
    let back = ProfileChange {
        city: FieldChange::TakeBack,
        ..ProfileChange::default()
    };
    assert!(anna.change(&back, &operator(), minute(4)));
    assert_eq!(anna.user.city, Some(text("Судак")));
    assert!(anna.edits.is_empty());
    assert_eq!(anna.version, ProfileVersion::new(4));
}

#[test]
fn a_field_can_be_emptied_and_stays_empty() {
    let mut anna = anna();
    let emptied = ProfileChange {
        email: FieldChange::Set(None),
        ..ProfileChange::default()
    };
    assert!(anna.change(&emptied, &operator(), minute(1)));
    assert!(!anna.take_source(&profile(1), minute(2)));
    assert_eq!(anna.user.email, None);
}

#[test]
fn what_is_so_already_is_no_edit() {
    let mut anna = anna();
    assert!(!anna.change(&moved("Ялта"), &operator(), minute(1)));
    assert_eq!(
        (anna.version, anna.user.updated_at),
        (ProfileVersion::FIRST, minute(0))
    );
}

#[test]
fn of_a_forgotten_person_only_the_mark_for_deletion_is_taken() {
    let mut anna = anna();
    anna.user = User::from_holder(
        crate::users::Holder::Counterparty(crate::testkit::fixtures::counterparty(1)),
        minute(0),
    );
    anna.erased_at = Some(minute(0));
    assert!(!anna.take_source(&profile(1), minute(1)));
    let removed = CustomerProfile {
        removed: true,
        ..profile(1)
    };
    assert!(anna.take_source(&removed, minute(1)));
    assert_eq!((anna.user.removed, &anna.user.full_name), (true, &None));
}

#[test]
fn values_that_cannot_be_are_refused_by_field() {
    let today = minute(0).date_naive();
    let change = |set: fn(&mut ProfileChange)| {
        let mut change = ProfileChange::default();
        set(&mut change);
        change.check(today).err().map(|invalid| invalid.field)
    };
    assert_eq!(change(|_| ()), None);
    assert_eq!(
        change(|it| it.full_name = FieldChange::Set(Some(text("79990000001")))),
        Some(ProfileField::FullName)
    );
    assert_eq!(
        change(|it| it.birth_date = FieldChange::Set(NaiveDate::from_ymd_opt(2025, 6, 16))),
        Some(ProfileField::BirthDate)
    );
    assert_eq!(
        change(|it| it.birth_date = FieldChange::Set(NaiveDate::from_ymd_opt(1900, 1, 1))),
        Some(ProfileField::BirthDate)
    );
    assert_eq!(
        change(|it| it.city = FieldChange::Set(Some(text(&"я".repeat(101))))),
        Some(ProfileField::City)
    );
    assert_eq!(change(|it| it.email = FieldChange::Set(None)), None);
}

#[test]
fn debug_shows_nothing_of_the_person() {
    let mut anna = anna();
    anna.change(&moved("Керчь"), &operator(), minute(1));
    let shown = format!("{anna:?} {:?} {:?}", moved("Керчь"), anna.edits.city);
    assert!(
        !shown.contains("Керчь") && !shown.contains("Примерова"),
        "{shown}"
    );
}
