//! A day, as a skip names the last one it counts on.

use std::fmt;
use std::str::FromStr;

/// A day of the Gregorian calendar. Days are ordered as they follow each other.
///
/// Nothing here knows which day it is: the caller says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

/// A text that is no day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DateError(String);

/// Days in each month of a year that is no leap year.
const DAYS: [u8; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

impl Date {
    /// The day, if the calendar has it.
    pub fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let leap =
            year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let days = DAYS.get(usize::from(month.checked_sub(1)?))?;
        let days = if month == 2 && leap { 29 } else { *days };
        (1..=days).contains(&day).then_some(Self { year, month, day })
    }
}

/// `2027-01-31`.
impl FromStr for Date {
    type Err = DateError;

    fn from_str(text: &str) -> Result<Self, DateError> {
        let read = || {
            let mut parts = text.split('-');
            let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
            let digits = |t: &str, n| t.len() == n && t.bytes().all(|b| b.is_ascii_digit());
            if parts.next().is_some() || !digits(year, 4) || !digits(month, 2) || !digits(day, 2) {
                return None;
            }
            Self::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)
        };
        read().ok_or_else(|| DateError(text.to_owned()))
    }
}

/// `2027-01-31`.
impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl fmt::Display for DateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is no day: write it as 2027-01-31", self.0)
    }
}

impl std::error::Error for DateError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_and_printed() {
        for text in ["2026-12-01", "2024-02-29", "2000-02-29", "9999-12-31"] {
            assert_eq!(text.parse::<Date>().map(|d| d.to_string()).as_deref(), Ok(text));
        }
        for text in [
            "",
            "2026",
            "2026-13-01",
            "2025-02-29",
            "1900-02-29",
            "2026-1-1",
            "2026-04-31",
            "2026-01-01-",
            "+026-01-01",
        ] {
            let error = text.parse::<Date>().expect_err(text).to_string();
            assert_eq!(error, format!("`{text}` is no day: write it as 2027-01-31"));
        }
    }

    #[test]
    fn days_follow_each_other() {
        let day = |text: &str| text.parse::<Date>().expect("a day");
        assert!(day("2026-12-31") < day("2027-01-01"));
        assert!(day("2026-02-01") > day("2026-01-31"));
    }
}
