//! Days of the calendar. Which one is today enters as an argument.

use std::fmt;
use std::str::FromStr;

/// A day of the Gregorian calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl Date {
    /// The day that is so many days after 1970-01-01, as a clock counts them.
    pub fn after_epoch(days: u64) -> Self {
        // The last day that four digits can name; clocks that are further ahead are broken.
        const LAST: u64 = 2_932_896;
        let mut left = days.min(LAST);
        let mut year = 1970_u16;
        loop {
            let length = if is_leap(year) { 366 } else { 365 };
            if left < length {
                break;
            }
            left -= length;
            year += 1;
        }
        let mut month = 1_u8;
        while left >= u64::from(days_in(year, month)) {
            left -= u64::from(days_in(year, month));
            month += 1;
        }
        // INVARIANT: less than the days of a month.
        Self { year, month, day: u8::try_from(left).unwrap_or(30) + 1 }
    }

    /// How many days after 1970-01-01 it is; none if it is before.
    pub fn days_after_epoch(self) -> Option<u64> {
        if self.year < 1970 {
            return None;
        }
        let years: u64 = (1970..self.year).map(|year| if is_leap(year) { 366 } else { 365 }).sum();
        let months: u64 = (1..self.month).map(|month| u64::from(days_in(self.year, month))).sum();
        Some(years + months + u64::from(self.day) - 1)
    }
}

fn is_leap(year: u16) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn days_in(year: u16, month: u8) -> u8 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// `2027-01-31`, and nothing shorter.
impl FromStr for Date {
    type Err = NotADate;

    fn from_str(text: &str) -> Result<Self, NotADate> {
        let mut parts = text.split('-');
        let mut number = |digits: usize| {
            let part = parts.next().ok_or(NotADate)?;
            if part.len() != digits || !part.bytes().all(|b| b.is_ascii_digit()) {
                return Err(NotADate);
            }
            part.parse::<u16>().map_err(|_| NotADate)
        };
        let (year, month, day) = (number(4)?, number(2)?, number(2)?);
        let (month, day) =
            (u8::try_from(month).map_err(|_| NotADate)?, u8::try_from(day).map_err(|_| NotADate)?);
        let real = (1..=12).contains(&month) && (1..=days_in(year, month)).contains(&day);
        if real && parts.next().is_none() { Ok(Self { year, month, day }) } else { Err(NotADate) }
    }
}

/// The text is no day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotADate;

impl fmt::Display for NotADate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a date such as 2027-01-31")
    }
}

impl std::error::Error for NotADate {}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_and_read() {
        for (days, text) in [
            (0, "1970-01-01"),
            (58, "1970-02-28"),
            (11_016, "2000-02-29"),
            (11_017, "2000-03-01"),
            (20_454, "2026-01-01"),
            (20_818, "2026-12-31"),
            (u64::MAX, "9999-12-31"),
        ] {
            let date = Date::after_epoch(days);
            assert_eq!(date.to_string(), text);
            assert_eq!(text.parse(), Ok(date));
        }
    }

    #[test]
    fn what_is_no_day_is_refused() {
        for text in ["2027-1-1", "2027-02-29", "2027-13-01", "2027-00-10", "27-01-01", "x", ""] {
            assert_eq!(text.parse::<Date>(), Err(NotADate), "{text}");
        }
        assert_eq!("2027-01-01-01".parse::<Date>(), Err(NotADate));
    }
}
