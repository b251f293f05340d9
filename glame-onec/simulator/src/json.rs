//! Writes JSON straight into bytes; a page of a register never becomes a tree.

use uuid::Uuid;

const HEX: &[u8; 16] = b"0123456789abcdef";

pub(crate) fn push_guid(out: &mut Vec<u8>, id: Uuid) {
    let mut text = [b'-'; 36];
    let mut at = 0;
    for (index, byte) in id.as_bytes().iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            at += 1;
        }
        text[at] = HEX[usize::from(byte >> 4)];
        text[at + 1] = HEX[usize::from(byte & 15)];
        at += 2;
    }
    out.extend_from_slice(&text);
}

pub(crate) fn push_padded(out: &mut Vec<u8>, mut number: u32, width: usize) {
    let mut digits = [b'0'; 10];
    let mut at = digits.len();
    while number > 0 {
        at -= 1;
        digits[at] = digit(u64::from(number % 10));
        number /= 10;
    }
    out.extend_from_slice(&digits[at.min(digits.len() - width)..]);
}

pub(crate) fn push_integer(out: &mut Vec<u8>, number: i64) {
    if number < 0 {
        out.push(b'-');
    }
    push_digits(out, number.unsigned_abs());
}

/// Writes a decimal without trailing zeros: `12490.5`, `2`, `-0.05`.
pub(crate) fn push_decimal(out: &mut Vec<u8>, units: i64, scale: u8) {
    if units < 0 {
        out.push(b'-');
    }
    let power = 10_u64.pow(u32::from(scale));
    let magnitude = units.unsigned_abs();
    push_digits(out, magnitude / power);
    let mut rest = magnitude % power;
    if rest == 0 {
        return;
    }
    out.push(b'.');
    let mut place = power / 10;
    while rest > 0 {
        out.push(digit(rest / place));
        rest %= place;
        place /= 10;
    }
}

fn push_digits(out: &mut Vec<u8>, mut number: u64) {
    let mut digits = [b'0'; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = digit(number % 10);
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

fn digit(number: u64) -> u8 {
    b'0' + u8::try_from(number).unwrap_or(0)
}

/// Writes a string with its quotes, escaped.
pub(crate) fn push_string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    for byte in text.bytes() {
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0..0x20 => {
                out.extend_from_slice(b"\\u00");
                out.push(HEX[usize::from(byte >> 4)]);
                out.push(HEX[usize::from(byte & 15)]);
            }
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_have_no_trailing_zeros() {
        for (units, scale, text) in [
            (1_249_050, 2, "12490.5"),
            (200, 2, "2"),
            (-5, 2, "-0.05"),
            (0, 2, "0"),
            (1_250, 3, "1.25"),
            (-80_995_000, 3, "-80995"),
        ] {
            let mut out = Vec::new();
            push_decimal(&mut out, units, scale);
            assert_eq!(String::from_utf8(out).unwrap(), text);
        }
    }

    #[test]
    fn strings_are_escaped_as_json_asks() {
        let mut out = Vec::new();
        push_string(&mut out, "О\"Нил\\ \n\u{1}ё");
        let read: String = serde_json::from_slice(&out).unwrap();
        assert_eq!(read, "О\"Нил\\ \n\u{1}ё");
    }

    #[test]
    fn guids_look_as_uuid_prints_them() {
        let id = Uuid::from_u128(0x7a10_c001_3f2b_11ef_8a01_0050_569a_0001);
        let mut out = Vec::new();
        push_guid(&mut out, id);
        assert_eq!(String::from_utf8(out).unwrap(), id.to_string());
    }
}
