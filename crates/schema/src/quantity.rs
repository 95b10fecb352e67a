//! Amounts as text: what `resource.Quantity` reads, and how it prints them again.

/// What the API says of a text that is no amount.
const FORMAT: &str = "quantities must match the regular expression \
                      '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
/// What the API says of a unit without a number, where it does not read it as zero.
const NUMERIC: &str = "unable to parse numeric part of quantity";
/// What the API says of an unknown unit.
const SUFFIX: &str = "unable to parse quantity's suffix";

/// The largest amount that is kept of binary units: the API caps there.
const BINARY_MAX: &str = "9223372036854775807";
/// More digits than these before the point are more than [`BINARY_MAX`].
const BINARY_DIGITS_MAX: usize = 19;
/// Digits behind the point that can matter: 2^60 has 19 digits and the finest step is a nano, so all
/// further ones only tell whether something was left.
const FRACTION_DIGITS_MAX: usize = 30;
/// Decimal numbers with more digits than these are not reckoned with in a machine word.
const WORD_DIGITS_MAX: usize = 18;
/// The finest step, as a power of ten.
const NANO: i64 = -9;

/// The decimal units with their powers of ten.
pub(crate) const DECIMAL: [(&str, i64); 10] = [
    ("n", -9),
    ("u", -6),
    ("m", -3),
    ("", 0),
    ("k", 3),
    ("M", 6),
    ("G", 9),
    ("T", 12),
    ("P", 15),
    ("E", 18),
];

/// The binary units with their powers of two.
pub(crate) const BINARY: [(&str, u32); 6] =
    [("Ki", 10), ("Mi", 20), ("Gi", 30), ("Ti", 40), ("Pi", 50), ("Ei", 60)];

/// How an amount is written, with the power of ten or two that its unit stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Decimal(i64),
    Exponent(i64),
    Binary(u32),
}

/// The amount as the API prints it. None if it is printed as it stands, which is the common case and
/// costs no allocation.
///
/// The API keeps the spelling of what it can hold in a machine word and finds short enough, and
/// writes everything else anew: `1000m` becomes `1`, `0.5` becomes `500m`, `1.5Gi` becomes `1536Mi`.
///
/// # Errors
/// What the API says of a text that is no amount.
pub fn canonical(text: &str) -> Result<Option<String>, &'static str> {
    let parts = Parts::read(text)?;
    let unit = unit(parts.suffix).ok_or(SUFFIX)?;
    if !parts.has_digits && !parts.fits_a_word(unit) {
        return Err(NUMERIC);
    }
    if text == "0" || parts.keeps_its_spelling(unit) {
        return Ok(None);
    }
    Ok(Some(parts.print(unit)))
}

struct Parts<'a> {
    negative: bool,
    /// Digits before the point without zeros in front; `0` if there is none.
    whole: &'a str,
    /// Digits behind the point.
    fraction: &'a str,
    suffix: &'a str,
    has_digits: bool,
}

// === impl Parts ===

impl<'a> Parts<'a> {
    fn read(text: &'a str) -> Result<Self, &'static str> {
        if text.is_empty() {
            return Err(FORMAT);
        }
        let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
        let stripped = unsigned.trim_start_matches('0');
        let (whole, rest) = split_digits(stripped);
        let whole = if whole.is_empty() { "0" } else { whole };
        let (fraction, suffix) = match rest.strip_prefix('.') {
            Some(behind) => split_digits(behind),
            None => ("", rest),
        };
        let unit =
            suffix.trim_start_matches(['e', 'E', 'i', 'n', 'u', 'm', 'k', 'K', 'M', 'G', 'T', 'P']);
        let digits = unit.strip_prefix(['+', '-']).unwrap_or(unit);
        if !split_digits(digits).1.is_empty() {
            return Err(FORMAT);
        }
        let has_digits = unsigned.starts_with(|c: char| c.is_ascii_digit()) || !fraction.is_empty();
        Ok(Self { negative: text.starts_with('-'), whole, fraction, suffix, has_digits })
    }

    /// Whether the API reckons with it in a machine word: few digits, nothing finer than a nano.
    fn fits_a_word(&self, unit: Unit) -> bool {
        match unit {
            Unit::Decimal(_) | Unit::Exponent(_) => {
                self.whole.len() + self.fraction.len() <= WORD_DIGITS_MAX
                    && self.scale(unit) >= NANO
            }
            Unit::Binary(power) => {
                let room = usize::try_from(14_u32.saturating_sub(power * 3 / 10)).unwrap_or(0);
                self.fraction.is_empty() && self.whole.len() <= room
            }
        }
    }

    /// Whether the API keeps the text: it reckons with it in a machine word, and finds no shorter
    /// spelling in another unit.
    fn keeps_its_spelling(&self, unit: Unit) -> bool {
        let short = match unit {
            Unit::Decimal(_) | Unit::Exponent(_) => {
                self.scale(unit) % 3 == 0
                    && self.last_digits() != "000"
                    && !self.whole.starts_with('0')
            }
            Unit::Binary(_) => self.whole.parse::<u64>().is_ok_and(|n| n % 8 != 0),
        };
        short && self.fits_a_word(unit)
    }

    /// The power of ten of the last digit.
    fn scale(&self, unit: Unit) -> i64 {
        let behind = i64::try_from(self.fraction.len()).unwrap_or(i64::MAX);
        match unit {
            Unit::Decimal(power) | Unit::Exponent(power) => power.saturating_sub(behind),
            Unit::Binary(_) => behind.saturating_neg(),
        }
    }

    /// The last three digits; fewer if there are fewer.
    fn last_digits(&self) -> String {
        let mut last: Vec<char> = self.fraction.chars().rev().take(3).collect();
        last.extend(self.whole.chars().rev().take(3 - last.len()));
        last.iter().rev().collect()
    }

    fn print(&self, unit: Unit) -> String {
        let mut number = match unit {
            Unit::Decimal(_) | Unit::Exponent(_) => Digits::decimal(self, unit),
            Unit::Binary(power) => Digits::binary(self, power),
        };
        if number.is_zero() {
            return "0".to_owned();
        }
        let sign = if self.negative { "-" } else { "" };
        if matches!(unit, Unit::Binary(_))
            && let Some(value) = number.whole_number()
            && value >= 1024
        {
            let mut value = value;
            let mut unit = "";
            for (name, _) in BINARY {
                if value % 1024 != 0 {
                    break;
                }
                value /= 1024;
                unit = name;
            }
            return format!("{sign}{value}{unit}");
        }
        number.shift_to_thousands();
        let (digits, power) = (number.text(), number.power);
        match unit {
            Unit::Exponent(_) if power != 0 => format!("{sign}{digits}e{power}"),
            Unit::Exponent(_) => format!("{sign}{digits}"),
            _ => {
                // Beyond the largest unit the API prints none.
                let unit = DECIMAL.iter().find(|(_, p)| *p == power).map_or("", |(name, _)| name);
                format!("{sign}{digits}{unit}")
            }
        }
    }
}

fn split_digits(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// The unit of a suffix, if it is one.
pub(crate) fn unit(suffix: &str) -> Option<Unit> {
    if let Some((_, power)) = DECIMAL.iter().find(|(name, _)| *name == suffix) {
        return Some(Unit::Decimal(*power));
    }
    if let Some((_, power)) = BINARY.iter().find(|(name, _)| *name == suffix) {
        return Some(Unit::Binary(*power));
    }
    let exponent = suffix.strip_prefix(['e', 'E'])?;
    // The API keeps the lower half of the exponent's word.
    let [a, b, c, d, ..] = exponent.parse::<i64>().ok()?.to_le_bytes();
    Some(Unit::Exponent(i64::from(i32::from_le_bytes([a, b, c, d]))))
}

/// A number without sign: digits times a power of ten, most significant digit first.
struct Digits {
    digits: Vec<u8>,
    power: i64,
}

// === impl Digits ===

impl Digits {
    fn decimal(parts: &Parts<'_>, unit: Unit) -> Self {
        let digits = parts.whole.bytes().chain(parts.fraction.bytes()).map(|b| b - b'0');
        let mut number = Self { digits: digits.collect(), power: parts.scale(unit) };
        number.round_up_to_nanos();
        number
    }

    fn binary(parts: &Parts<'_>, power: u32) -> Self {
        let largest = || Self { digits: BINARY_MAX.bytes().map(|b| b - b'0').collect(), power: 0 };
        if parts.whole.len() > BINARY_DIGITS_MAX {
            return largest();
        }
        let digits = parts.whole.bytes().chain(parts.fraction.bytes().take(FRACTION_DIGITS_MAX));
        let mut digits: Vec<u8> = digits.map(|b| b - b'0').collect();
        let mut behind = parts.fraction.len().min(FRACTION_DIGITS_MAX);
        if parts.fraction.bytes().skip(FRACTION_DIGITS_MAX).any(|b| b != b'0') {
            digits.push(1);
            behind += 1;
        }
        for _ in 0..power {
            let mut carry = 0;
            for digit in digits.iter_mut().rev() {
                let double = *digit * 2 + carry;
                (*digit, carry) = (double % 10, double / 10);
            }
            if carry > 0 {
                digits.insert(0, carry);
            }
        }
        let behind = i64::try_from(behind).unwrap_or(i64::MAX);
        let mut number = Self { digits, power: -behind };
        number.round_up_to_nanos();
        let max: u128 = BINARY_MAX.parse().unwrap_or(u128::MAX);
        if number.whole_part() >= max { largest() } else { number }
    }

    /// Asking for too little of something is not asking for nothing: it is rounded away from zero.
    fn round_up_to_nanos(&mut self) {
        if self.power >= NANO || self.is_zero() {
            return;
        }
        let drop = usize::try_from(NANO.saturating_sub(self.power)).unwrap_or(usize::MAX);
        let keep = self.digits.len().saturating_sub(drop);
        let lost = self.digits.iter().skip(keep).any(|d| *d != 0);
        self.digits.truncate(keep);
        self.power = NANO;
        if lost {
            self.increment();
        }
    }

    fn increment(&mut self) {
        for digit in self.digits.iter_mut().rev() {
            if *digit < 9 {
                *digit += 1;
                return;
            }
            *digit = 0;
        }
        self.digits.insert(0, 1);
    }

    fn is_zero(&self) -> bool {
        self.digits.iter().all(|d| *d == 0)
    }

    /// What stands before the point, of a number without zeros left out.
    fn whole_part(&self) -> u128 {
        let behind = usize::try_from(-self.power).unwrap_or(0);
        let whole = self.digits.iter().take(self.digits.len().saturating_sub(behind));
        whole.fold(0, |n: u128, d| n.saturating_mul(10).saturating_add(u128::from(*d)))
    }

    /// Its value if it is a whole number that a machine word holds.
    fn whole_number(&self) -> Option<u64> {
        let behind = usize::try_from(-self.power.min(0)).ok()?;
        let (whole, fraction) =
            self.digits.split_at_checked(self.digits.len().checked_sub(behind)?)?;
        if self.power > 0 || fraction.iter().any(|d| *d != 0) {
            return None;
        }
        whole.iter().try_fold(0_u64, |n, d| n.checked_mul(10)?.checked_add(u64::from(*d)))
    }

    /// Without zeros at the end, as far as the power stays a multiple of three.
    fn shift_to_thousands(&mut self) {
        while self.digits.len() > 1 && self.digits.last() == Some(&0) {
            self.digits.pop();
            self.power += 1;
        }
        let more = self.power.rem_euclid(3);
        self.power -= more;
        self.digits.extend((0..more).map(|_| 0));
    }

    fn text(&self) -> String {
        let digits = self.digits.iter().skip_while(|d| **d == 0);
        digits.map(|d| char::from(d + b'0')).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_as_they_are_printed() {
        for (text, want) in [
            ("0", "0"),
            ("1", "1"),
            ("+5", "+5"),
            ("-5", "-5"),
            ("100m", "100m"),
            ("1000m", "1"),
            ("1500m", "1500m"),
            ("0.5", "500m"),
            (".5", "500m"),
            ("1.", "1."),
            ("00.10", "100m"),
            ("1.50", "1500m"),
            ("10", "10"),
            ("1000", "1k"),
            ("1024", "1024"),
            ("1e3", "1e3"),
            ("1E3", "1E3"),
            ("12e4", "120e3"),
            ("1e-3", "1e-3"),
            ("1000e3", "1e6"),
            ("100e3", "100e3"),
            ("128974848", "128974848"),
            ("129e6", "129e6"),
            ("129M", "129M"),
            ("128974848000m", "128974848"),
            ("123Mi", "123Mi"),
            ("1000Ki", "1000Ki"),
            ("1024Mi", "1Gi"),
            ("2048Mi", "2Gi"),
            ("8Gi", "8Gi"),
            ("1.5Gi", "1536Mi"),
            ("0.5Ki", "512"),
            ("0.1Gi", "107374182400m"),
            ("0Ki", "0"),
            ("m", "0"),
            (".", "0"),
            ("1n", "1n"),
            ("0.1n", "1n"),
            ("1.0000000001", "1000000001n"),
            ("-0.5", "-500m"),
            ("-1.5Gi", "-1536Mi"),
            ("9223372036854775807", "9223372036854775807"),
            ("10Ei", "9223372036854775807"),
            ("100Ei", "9223372036854775807"),
            ("123456789012345678901234567890", "123456789012345678901234567890"),
            ("1E", "1E"),
            ("1e100", "10e99"),
            ("0.0001Ki", "102400u"),
        ] {
            let printed = canonical(text).expect(text).unwrap_or_else(|| text.to_owned());
            assert_eq!(printed, want, "{text}");
            let again = canonical(&printed).expect(text).unwrap_or_else(|| printed.clone());
            assert_eq!(again, printed, "{text}, printed and read again");
        }
    }

    #[test]
    fn what_is_no_amount() {
        for (text, want) in [
            ("", FORMAT),
            ("abc", FORMAT),
            ("1.2.3", FORMAT),
            ("--1", SUFFIX),
            ("Pi", NUMERIC),
            ("1 ", FORMAT),
            ("{}", FORMAT),
            ("true", FORMAT),
            ("1Mi3x", FORMAT),
            ("1e", SUFFIX),
            ("1Mi3", SUFFIX),
            ("1i", SUFFIX),
            ("1K", SUFFIX),
            ("1e99999999999999999999", SUFFIX),
        ] {
            assert_eq!(canonical(text), Err(want), "{text}");
        }
    }
}
