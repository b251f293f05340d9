use chrono::NaiveDateTime;
use glame_core::values::{CardRef, DocumentRef, Quantity};

use super::Reason;
use crate::local_time;
use crate::numbers::NumberText;
use crate::page::BrokenRow;
use crate::records::Text;
use crate::records::bonus_points::{BalanceRow, CARD_KEY, PointsRow};

/// Whose points a row tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CardOf {
    /// Those of this card.
    Card(CardRef),
    /// Nobody's: the reference is empty.
    Nobody,
    /// That cannot be read, so that any balance may be wrong.
    Unreadable,
}

/// A line of the register of points, understood or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PointsLine {
    /// Since when it counts, in local time.
    pub(crate) at: Option<NaiveDateTime>,
    /// The document that wrote it.
    pub(crate) recorder: Option<DocumentRef>,
    /// Its number inside the document.
    pub(crate) number: Option<u32>,
    /// Whose points they are.
    pub(crate) card: CardOf,
    /// By how many thousandths of a point it changes the balance; by nothing if switched off.
    pub(crate) change: Result<i64, Reason>,
}

/// Reads a line of the register.
pub(crate) fn points_line(row: &PointsRow<'_>) -> PointsLine {
    let at = moment(row.period.as_deref());
    let recorder = document(row.recorder.as_deref());
    let number = row.line_number.and_then(NumberText::integer);
    let change = match row.active {
        Some(false) => Ok(0),
        Some(true) => at
            .and_then(|_| recorder.ok_or(Reason::Malformed("Recorder")))
            .and_then(|_| number.ok_or(Reason::Malformed("LineNumber")))
            .and_then(|_| change(row)),
        None => Err(Reason::Missing("Active")),
    };
    PointsLine {
        at: at.ok(),
        recorder,
        number,
        card: card(row.card.as_ref()),
        change,
    }
}

/// Reads of a line with other types what still can be told.
pub(crate) fn broken_line(row: &BrokenRow<'_>) -> PointsLine {
    let card_text = row.text_field(CARD_KEY).map(Text::from);
    PointsLine {
        at: moment(row.text_field("Period").as_deref()).ok(),
        recorder: document(row.text_field("Recorder").as_deref()),
        number: row.whole_number("LineNumber"),
        card: card(card_text.as_ref()),
        change: Err(Reason::WrongTypes),
    }
}

/// Reads a balance, in thousandths of a point.
pub(crate) fn balance(row: &BalanceRow<'_>) -> (CardOf, Result<i64, Reason>) {
    let given = thousandths(row.given, "НачисленоBalance");
    let points = given.and_then(|given| {
        let burnt = thousandths(row.burnt, "КСписаниюBalance")?;
        difference(given, burnt, "КСписаниюBalance")
    });
    (card(row.card.as_ref()), points)
}

fn change(row: &PointsRow<'_>) -> Result<i64, Reason> {
    let given = thousandths(row.given, "Начислено")?;
    let burnt = thousandths(row.burnt, "КСписанию")?;
    match row.direction.as_deref() {
        Some("Receipt") => difference(given, burnt, "КСписанию"),
        Some("Expense") => difference(burnt, given, "Начислено"),
        Some(_) => Err(Reason::Malformed("RecordType")),
        None => Err(Reason::Missing("RecordType")),
    }
}

fn difference(plus: i64, minus: i64, field: &'static str) -> Result<i64, Reason> {
    plus.checked_sub(minus).ok_or(Reason::Inexact(field))
}

/// Reads points: 1C keeps two decimals, a third leaves room for other configurations.
fn thousandths(number: Option<NumberText<'_>>, field: &'static str) -> Result<i64, Reason> {
    let text = number.ok_or(Reason::Missing(field))?.text();
    Quantity::parse(text)
        .map(Quantity::thousandths)
        .map_err(|_| Reason::Malformed(field))
}

fn card(text: Option<&Text<'_>>) -> CardOf {
    match text.map(|text| CardRef::parse(text)) {
        Some(Ok(Some(card))) => CardOf::Card(card),
        Some(Ok(None)) => CardOf::Nobody,
        Some(Err(_)) | None => CardOf::Unreadable,
    }
}

fn document(text: Option<&str>) -> Option<DocumentRef> {
    text.and_then(|text| DocumentRef::parse(text).ok().flatten())
}

fn moment(text: Option<&str>) -> Result<NaiveDateTime, Reason> {
    let text = text.ok_or(Reason::Missing("Period"))?;
    let date = local_time::parse(text).map_err(|_| Reason::Malformed("Period"))?;
    date.ok_or(Reason::Missing("Period"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORDER: &str = "7a10e001-3f2b-11ef-8a01-0050569a0001";
    const HOLDER: &str = "7a10c001-3f2b-11ef-8a01-0050569a0001";
    const ZERO: &str = "00000000-0000-0000-0000-000000000000";

    /// A line of the register, with one field replaced or, if empty, left out.
    fn read(name: &str, value: &str) -> PointsLine {
        let mut fields = vec![
            ("Recorder", format!("\"{RECORDER}\"")),
            ("LineNumber", "\"3\"".to_owned()),
            ("Period", "\"2025-03-01T14:05:09\"".to_owned()),
            ("Active", "true".to_owned()),
            ("RecordType", "\"Receipt\"".to_owned()),
            (CARD_KEY, format!("\"{HOLDER}\"")),
            ("Начислено", "120.25".to_owned()),
            ("КСписанию", "20".to_owned()),
        ];
        fields.retain(|(known, _)| *known != name);
        if !value.is_empty() {
            fields.push((name, value.to_owned()));
        }
        let fields: Vec<String> = fields
            .iter()
            .map(|(name, value)| format!("\"{name}\":{value}"))
            .collect();
        points_line(&serde_json::from_str(&format!("{{{}}}", fields.join(","))).unwrap())
    }

    #[test]
    fn a_receipt_adds_and_an_expense_takes_away() {
        let line = read("Active", "true");
        assert_eq!(line.change, Ok(100_250));
        assert_eq!(
            line.card,
            CardOf::Card(CardRef::parse(HOLDER).unwrap().unwrap())
        );
        assert_eq!(line.number, Some(3));
        assert_eq!(read("RecordType", "\"Expense\"").change, Ok(-100_250));
        assert_eq!(read("Active", "false").change, Ok(0), "switched off");
    }

    #[test]
    fn nothing_is_read_as_zero() {
        for (field, value, reason) in [
            ("Начислено", "", Reason::Missing("Начислено")),
            ("Начислено", "null", Reason::Missing("Начислено")),
            ("КСписанию", "\"\"", Reason::Malformed("КСписанию")),
            ("КСписанию", "0.0005", Reason::Malformed("КСписанию")),
            ("RecordType", "\"Приход\"", Reason::Malformed("RecordType")),
            ("RecordType", "", Reason::Missing("RecordType")),
            ("Active", "", Reason::Missing("Active")),
            ("Period", "\"вчера\"", Reason::Malformed("Period")),
            ("LineNumber", "-1", Reason::Malformed("LineNumber")),
            ("Recorder", "\"x\"", Reason::Malformed("Recorder")),
        ] {
            assert_eq!(read(field, value).change, Err(reason), "{field} {value}");
        }
    }

    #[test]
    fn an_empty_card_is_nobody_and_a_missing_one_anybody() {
        assert_eq!(read(CARD_KEY, &format!("\"{ZERO}\"")).card, CardOf::Nobody);
        for unreadable in ["", "null", "\"\"", "\"Анна\""] {
            assert_eq!(
                read(CARD_KEY, unreadable).card,
                CardOf::Unreadable,
                "{unreadable}"
            );
        }
    }

    #[test]
    fn a_balance_is_what_was_given_less_what_is_to_burn() {
        let read = |json: &str| balance(&serde_json::from_str(json).unwrap()).1;
        let cases = [
            (
                r#"{"НачисленоBalance":640,"КСписаниюBalance":100}"#,
                Ok(540_000),
            ),
            (
                r#"{"НачисленоBalance":-0.5,"КСписаниюBalance":0}"#,
                Ok(-500),
            ),
            (
                r#"{"НачисленоBalance":640}"#,
                Err(Reason::Missing("КСписаниюBalance")),
            ),
            (
                r#"{"НачисленоBalance":"много","КСписаниюBalance":0}"#,
                Err(Reason::Malformed("НачисленоBalance")),
            ),
        ];
        for (json, expected) in cases {
            assert_eq!(read(json), expected, "{json}");
        }
    }
}
