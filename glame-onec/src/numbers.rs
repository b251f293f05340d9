//! Numbers as 1C writes them: integers as numbers or strings, money as text that is never a float.

use serde::Deserialize;
use serde_json::value::RawValue;

/// The text of a number in a record, without its quotes.
///
/// 1C sends short integers as numbers and long ones as strings, and the limit differs.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(transparent)]
pub(crate) struct NumberText<'a>(#[serde(borrow)] &'a RawValue);

impl<'a> NumberText<'a> {
    /// Gives the text, which may still be anything but a number.
    pub(crate) fn text(self) -> &'a str {
        let text = self.0.get();
        text.strip_prefix('"')
            .and_then(|text| text.strip_suffix('"'))
            .unwrap_or(text)
            .trim()
    }

    /// Reads a whole number.
    pub(crate) fn integer(self) -> Option<u32> {
        let text = self.text();
        let whole = text.split_once('.').map_or(text, |(whole, zeros)| {
            if zeros.bytes().all(|byte| byte == b'0') {
                whole
            } else {
                ""
            }
        });
        whole.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use glame_core::values::{Money, Quantity};

    use super::*;

    fn number(json: &str) -> NumberText<'_> {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn integers_come_as_numbers_and_as_strings() {
        let cases = [
            ("1", Some(1)),
            ("\"1\"", Some(1)),
            ("\" 12 \"", Some(12)),
            ("2.0", Some(2)),
            ("2.5", None),
            ("-1", None),
            ("null", None),
            ("\"\"", None),
            ("99999999999", None),
        ];
        for (json, expected) in cases {
            assert_eq!(number(json).integer(), expected, "{json}");
        }
    }

    #[test]
    fn money_is_read_from_its_text_to_the_kopeck() {
        let kopecks = |json| Money::parse_roubles(number(json).text()).map(Money::kopecks);
        assert_eq!(kopecks("12490.5"), Ok(1_249_050));
        assert_eq!(kopecks("-0.1"), Ok(-10));
        assert_eq!(kopecks("1.24905E4"), Ok(1_249_050));
        assert_eq!(kopecks("\"7\""), Ok(700));
        assert_eq!(kopecks("92233720368547758.07"), Ok(i64::MAX));
        for refused in ["0.005", "null", "\"\"", "true", "{}", "1e40"] {
            assert!(kopecks(refused).is_err(), "{refused}");
        }
        assert_eq!(
            Quantity::parse(number("0.125").text()),
            Ok(Quantity::from_thousandths(125))
        );
    }
}
