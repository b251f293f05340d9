//! Base64, for logins and for versions.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            if place > chunk.len() {
                text.push('=');
            } else {
                let six = usize::try_from(bits >> (18 - 6 * place) & 63).unwrap_or(0);
                text.push(char::from(ALPHABET[six]));
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_padded_to_fours() {
        for (text, encoded) in [
            ("", ""),
            ("o", "bw=="),
            ("od", "b2Q="),
            ("odata:odata", "b2RhdGE6b2RhdGE="),
            ("Админ", "0JDQtNC80LjQvQ=="),
        ] {
            assert_eq!(encode(text.as_bytes()), encoded);
        }
    }
}
