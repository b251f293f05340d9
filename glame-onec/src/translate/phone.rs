use glame_core::values::PhoneNumber;

/// Finds the first telephone number in a field that may hold two, glued together or not.
///
/// Numbers are read as Russian unless they say otherwise.
pub(super) fn first_in(text: &str) -> Option<PhoneNumber> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    if let Ok(number) = PhoneNumber::parse(text) {
        return Some(number);
    }
    let mut parts = text.split([',', ';', '/', '\n', '|']);
    parts
        .find_map(|part| PhoneNumber::parse(part).ok())
        .or_else(|| glued(text))
}

/// Cuts the first number out of digits that hold more than one.
fn glued(text: &str) -> Option<PhoneNumber> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    if !(10..=40).contains(&digits.len()) {
        return None;
    }
    let national = match digits.as_bytes() {
        // A seven or an eight in front of the ten digits, and sometimes both.
        [b'8', b'7', b'9', ..] => digits.get(2..12),
        [b'7' | b'8', b'9', ..] => digits.get(1..11),
        [b'9', ..] => digits.get(..10),
        _ => None,
    }?;
    PhoneNumber::parse(&format!("+7{national}")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_number_is_found() {
        for text in [
            "79990000001",
            "+7 (999) 000-00-01",
            "8 999 000 00 01",
            "9990000001",
            "8-999-000-00-01, 8-999-000-00-02",
            "89990000001/89990000002",
            "8999000000189990000002",
            "8999000000189990000002 мама",
            "879990000001",
            " +7 999 000 00 01; дом. 12-34-56",
        ] {
            let found = first_in(text).map(PhoneNumber::digits);
            assert_eq!(found, Some(79_990_000_001), "{text}");
        }
    }

    #[test]
    fn what_is_no_number_gives_none() {
        for text in [
            "",
            "  ",
            "нет",
            "12-34",
            "0000000000",
            "1234567890123456789012345678901234567890123",
        ] {
            assert_eq!(first_in(text), None, "{text}");
        }
    }
}
