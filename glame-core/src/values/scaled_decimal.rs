use std::fmt;

/// Tells why a text is not a decimal number that fits exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseDecimalError {
    /// The text is not a number.
    #[error("not a decimal number")]
    Malformed,
    /// The number has more decimals than the value can keep.
    #[error("more than {0} decimals")]
    TooPrecise(u32),
    /// The number does not fit.
    #[error("the number is too large")]
    TooLarge,
}

/// Reads `12490.5`, `-3`, `1e3` as an integer of 10⁻ˢᶜᵃˡᵉ, exactly or not at all.
///
/// The text is never turned into a binary fraction on the way.
pub(crate) fn parse(text: &str, scale: u32) -> Result<i64, ParseDecimalError> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (
            mantissa,
            exponent
                .parse::<i32>()
                .map_err(|_| ParseDecimalError::Malformed)?,
        ),
        None => (text, 0),
    };
    let (negative, digits) = match mantissa.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, mantissa.strip_prefix('+').unwrap_or(mantissa)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && fraction.is_empty() {
        return Err(ParseDecimalError::Malformed);
    }

    let mut unscaled: i128 = 0;
    for byte in whole.bytes().chain(fraction.bytes()) {
        if !byte.is_ascii_digit() {
            return Err(ParseDecimalError::Malformed);
        }
        unscaled = unscaled
            .checked_mul(10)
            .and_then(|value| value.checked_add(i128::from(byte - b'0')))
            .ok_or(ParseDecimalError::TooLarge)?;
    }
    let decimals = i32::try_from(fraction.len()).map_err(|_| ParseDecimalError::TooLarge)?;
    let shift = i32::try_from(scale)
        .ok()
        .and_then(|scale| scale.checked_add(exponent)?.checked_sub(decimals))
        .ok_or(ParseDecimalError::TooLarge)?;
    let scaled = shifted(unscaled, shift, scale)?;
    let signed = if negative { -scaled } else { scaled };
    i64::try_from(signed).map_err(|_| ParseDecimalError::TooLarge)
}

/// Multiplies by 10ˢʰⁱᶠᵗ; a negative shift must lose nothing.
fn shifted(unscaled: i128, shift: i32, scale: u32) -> Result<i128, ParseDecimalError> {
    if unscaled == 0 {
        return Ok(0);
    }
    let power = 10_i128.checked_pow(shift.unsigned_abs());
    if shift >= 0 {
        return power
            .and_then(|power| unscaled.checked_mul(power))
            .ok_or(ParseDecimalError::TooLarge);
    }
    match power {
        Some(power) if unscaled % power == 0 => Ok(unscaled / power),
        _ => Err(ParseDecimalError::TooPrecise(scale)),
    }
}

/// Writes an integer of 10⁻ˢᶜᵃˡᵉ with all its decimals: `12490.50`.
pub(super) fn write(f: &mut fmt::Formatter<'_>, scaled: i64, scale: u32) -> fmt::Result {
    let unit = 10_u64.pow(scale);
    let magnitude = scaled.unsigned_abs();
    let sign = if scaled < 0 { "-" } else { "" };
    let width = usize::try_from(scale).unwrap_or_default();
    write!(f, "{sign}{}.{:0width$}", magnitude / unit, magnitude % unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_exactly() {
        let cases = [
            ("12490.5", Ok(1_249_050)),
            ("2", Ok(200)),
            ("-0.01", Ok(-1)),
            ("+7.10", Ok(710)),
            (".5", Ok(50)),
            ("5.", Ok(500)),
            ("1.500", Ok(150)),
            ("1e3", Ok(100_000)),
            ("1.5E-1", Ok(15)),
            ("0e-99", Ok(0)),
            ("92233720368547758.07", Ok(i64::MAX)),
            ("-92233720368547758.08", Ok(i64::MIN)),
            ("92233720368547758.08", Err(ParseDecimalError::TooLarge)),
            ("1e40", Err(ParseDecimalError::TooLarge)),
            ("0.005", Err(ParseDecimalError::TooPrecise(2))),
            ("1e-3", Err(ParseDecimalError::TooPrecise(2))),
            ("1e-99", Err(ParseDecimalError::TooPrecise(2))),
            ("", Err(ParseDecimalError::Malformed)),
            (".", Err(ParseDecimalError::Malformed)),
            ("-", Err(ParseDecimalError::Malformed)),
            ("1 000", Err(ParseDecimalError::Malformed)),
            ("1,5", Err(ParseDecimalError::Malformed)),
            ("12abc", Err(ParseDecimalError::Malformed)),
            ("1e", Err(ParseDecimalError::Malformed)),
            ("NaN", Err(ParseDecimalError::Malformed)),
            ("--1", Err(ParseDecimalError::Malformed)),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text, 2), expected, "{text:?}");
        }
    }
}
