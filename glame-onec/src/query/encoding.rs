use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What stays as it is in the value of an option. A quote does not: URL libraries would change it.
const VALUE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'(')
    .remove(b')')
    .remove(b',')
    .remove(b'/')
    .remove(b':')
    .remove(b'*');

/// What stays as it is in a part of the path.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'$');

/// Encodes the value of an option; a space becomes `%20`.
pub(super) fn value(text: &str) -> String {
    utf8_percent_encode(text, VALUE).to_string()
}

/// Encodes a list of fields.
pub(super) fn list(fields: &[&str]) -> String {
    value(&fields.join(","))
}

/// Encodes a part of the path.
pub(super) fn segment(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

#[cfg(test)]
mod tests {
    use percent_encoding::percent_decode_str;
    use proptest::prelude::{any, proptest};

    use super::*;

    #[test]
    fn a_space_is_never_a_plus() {
        assert_eq!(value("a b+c"), "a%20b%2Bc");
        assert_eq!(
            value("'О''Нил' & #1"),
            "%27%D0%9E%27%27%D0%9D%D0%B8%D0%BB%27%20%26%20%231"
        );
    }

    proptest! {
        #[test]
        fn what_is_encoded_decodes_to_itself(text in any::<String>()) {
            let encoded = value(&text);
            assert!(encoded.is_ascii() && !encoded.contains(['+', ' ', '&', '#', '\'']));
            assert_eq!(percent_decode_str(&encoded).decode_utf8().unwrap(), text);
        }
    }
}
