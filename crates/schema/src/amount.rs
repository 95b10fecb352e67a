//! Amounts to reckon with: `500m`, `2Gi`, `1e3` (`apimachinery/pkg/api/resource`).

use std::fmt;

use serde_json::{Map, Value};

use crate::quantity::{BINARY, DECIMAL, Unit, unit};

/// How many nanos one is: the finest step an amount has.
const NANOS: i128 = 1_000_000_000;
const NANOS_A_MILLI: i128 = 1_000_000;

/// More digits than this say nothing that the largest amount, 2^63 - 1, does not; and they keep every
/// step of the arithmetic below far from its limits.
const DIGITS_MAX: usize = 30;

/// How an amount was written, which is how it is printed again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Binary,
    Decimal,
    Exponent,
}

/// An amount, exact to a nano, between -(2^63 - 1) and 2^63 - 1. It prints in its canonical form.
#[derive(Clone, Copy, Debug)]
pub struct Quantity {
    nanos: i128,
    form: Form,
}

// === impl Quantity ===

impl Quantity {
    /// Reads an amount; `None` where the text is none. What is finer than a nano is rounded up, what is
    /// larger than the largest amount becomes it, as in the API.
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, rest) = match text.as_bytes().first()? {
            b'-' => (true, text.get(1..)?),
            b'+' => (false, text.get(1..)?),
            _ => (false, text),
        };
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, suffix) = rest.split_at_checked(end)?;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if fraction.contains('.') || (whole.is_empty() && fraction.is_empty()) {
            return None;
        }
        let (form, binary, decimal) = scale(suffix)?;
        let nanos = magnitude(whole, fraction, binary, decimal);
        Some(Self { nanos: if negative { -nanos } else { nanos }, form })
    }

    /// The amount of a field: text, or a plain number.
    pub fn of(object: &Map<String, Value>, field: &str) -> Option<Self> {
        match object.get(field)? {
            Value::String(text) => Self::parse(text),
            Value::Number(number) => Self::parse(&number.to_string()),
            _ => None,
        }
    }

    /// In nanos, for comparing and adding.
    pub const fn nanos(self) -> i128 {
        self.nanos
    }

    /// In whole units, rounded away from zero.
    pub const fn units(self) -> i128 {
        div_ceil(self.nanos, NANOS)
    }

    /// Whether it is a whole number to a milli: what counted resources must be.
    pub const fn is_whole(self) -> bool {
        div_ceil(self.nanos, NANOS_A_MILLI) % 1000 == 0
    }

    /// The same, rounded up to a milli; `None` where it already is one.
    pub const fn to_milli(self) -> Option<Self> {
        let nanos = div_ceil(self.nanos, NANOS_A_MILLI) * NANOS_A_MILLI;
        if nanos == self.nanos { None } else { Some(Self { nanos, form: self.form }) }
    }

    /// The sum, in the form of this one.
    pub const fn plus(self, other: Self) -> Self {
        Self { nanos: self.nanos.saturating_add(other.nanos), form: self.form }
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.nanos == other.nanos
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.nanos.cmp(&other.nanos)
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = self.nanos.unsigned_abs();
        // Small and uneven amounts print as decimals even when they were written as binaries.
        let binary = self.form == Form::Binary
            && size >= 1024 * NANOS.unsigned_abs()
            && size.is_multiple_of(NANOS.unsigned_abs());
        if self.nanos < 0 {
            f.write_str("-")?;
        }
        if binary {
            let mut whole = size / NANOS.unsigned_abs();
            let mut suffix = "";
            for (name, _) in BINARY {
                if !whole.is_multiple_of(1024) {
                    break;
                }
                (whole, suffix) = (whole / 1024, name);
            }
            return write!(f, "{whole}{suffix}");
        }
        if size == 0 {
            return f.write_str("0");
        }
        let (mut mantissa, mut exponent) = (size, -9);
        while mantissa.is_multiple_of(1000) && exponent < 18 {
            (mantissa, exponent) = (mantissa / 1000, exponent + 3);
        }
        match self.form {
            Form::Exponent if exponent != 0 => write!(f, "{mantissa}e{exponent}"),
            _ => {
                let suffix = DECIMAL.iter().find(|(_, power)| *power == exponent);
                write!(f, "{mantissa}{}", suffix.map_or("", |(name, _)| name))
            }
        }
    }
}

/// What a suffix stands for: the form, a power of two and a power of ten.
fn scale(suffix: &str) -> Option<(Form, u32, i64)> {
    Some(match unit(suffix)? {
        Unit::Binary(power) => (Form::Binary, power, 0),
        Unit::Decimal(power) => (Form::Decimal, 0, power),
        Unit::Exponent(power) => (Form::Exponent, 0, power),
    })
}

fn magnitude(whole: &str, fraction: &str, binary: u32, decimal: i64) -> i128 {
    const MOST: i128 = i64::MAX as i128 * NANOS;
    let digits = || whole.bytes().chain(fraction.bytes()).map(|digit| i128::from(digit - b'0'));
    let Ok(fraction_length) = i64::try_from(fraction.len()) else { return MOST };
    // The power of ten of the last digit, in nanos.
    let mut power = decimal.saturating_sub(fraction_length).saturating_add(9);
    let zeros = digits().take_while(|digit| *digit == 0).count();
    let total = whole.len() + fraction.len();
    if zeros == total {
        return 0;
    }
    let significant = total - zeros;
    let kept = significant.min(DIGITS_MAX);
    let mut value = digits().skip(zeros).take(kept).fold(0, |sum, digit| sum * 10 + digit);
    let mut inexact = digits().skip(zeros + kept).any(|digit| digit != 0);
    power = power.saturating_add(i64::try_from(significant - kept).unwrap_or(i64::MAX));
    // Two to the sixtieth times thirty digits would not fit: what is so large is the most already.
    for _ in 0..binary {
        if value > i128::MAX / 4 {
            return MOST;
        }
        value *= 2;
    }
    while power > 0 {
        if value > MOST {
            return MOST;
        }
        (value, power) = (value * 10, power - 1);
    }
    while power < 0 && value > 0 {
        inexact |= value % 10 != 0;
        (value, power) = (value / 10, power + 1);
    }
    (value + i128::from(inexact)).min(MOST)
}

/// Division by a positive number that rounds away from zero.
const fn div_ceil(value: i128, by: i128) -> i128 {
    let quotient = value / by;
    if value % by == 0 { quotient } else { quotient + value.signum() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_print_in_their_canonical_form() {
        for (text, want) in [
            ("0", "0"),
            ("0Gi", "0"),
            ("1", "1"),
            ("0.5", "500m"),
            ("500m", "500m"),
            ("1000m", "1"),
            ("1.5Gi", "1536Mi"),
            ("1024", "1024"),
            ("1024Ki", "1Mi"),
            ("1Ki", "1Ki"),
            ("0.5Ki", "512"),
            ("1000", "1k"),
            ("1500", "1500"),
            ("1e3", "1e3"),
            ("1E3", "1e3"),
            ("12e-1", "1200e-3"),
            ("100u", "100u"),
            ("0.1n", "1n"),
            ("-1", "-1"),
            ("+1", "1"),
            (".5", "500m"),
            ("5.", "5"),
            ("9223372036854775807", "9223372036854775807"),
            ("9223372036854775808", "9223372036854775807"),
            ("1000E", "9223372036854775807"),
            ("1e2000000000", "9223372036854775807"),
            ("1e-2000000000", "1e-9"),
            // The API keeps the lower half of the exponent's word.
            ("1e4294967299", "1e3"),
        ] {
            let quantity = Quantity::parse(text).map(|quantity| quantity.to_string());
            assert_eq!(quantity.as_deref(), Some(want), "{text}");
        }
        for text in ["", "-", "x", "1.2.3", ".", "1x", "1 ", "1e", "1ki", "--1", "1e1.5", "é"] {
            assert_eq!(Quantity::parse(text), None, "{text}");
        }
    }

    #[test]
    fn amounts_compare_by_what_they_are() {
        let parse = |text| Quantity::parse(text).unwrap();
        assert_eq!(parse("1Gi"), parse("1073741824"));
        assert!(parse("1") < parse("1001m"));
        assert!(parse("0.0001").to_milli().is_some_and(|rounded| rounded == parse("1m")));
        assert!(parse("1m").to_milli().is_none());
        assert!(parse("3").is_whole() && !parse("1500m").is_whole());
        assert_eq!(parse("100M").plus(parse("1Ki")).to_string(), "100001024");
        assert_eq!(parse("-1500m").units(), -2);
    }
}
