//! A moment, as clocks count it. Which one is now enters as an argument.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::Date;

/// Nanoseconds since 1970-01-01T00:00:00Z. It prints in whole seconds as `metav1.Time` does:
/// `2027-01-31T08:15:00Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

const NANOS: u64 = 1_000_000_000;
const DAY: u64 = 86_400;

impl Timestamp {
    /// So many seconds after the epoch. What no clock shows (after the year 2554) is the last moment
    /// that can be counted.
    pub fn from_seconds(seconds: u64) -> Self {
        Self(seconds.saturating_mul(NANOS))
    }

    /// What a clock shows, as the time since the epoch.
    pub fn since_epoch(elapsed: Duration) -> Self {
        Self(u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX))
    }

    /// Whole seconds since the epoch.
    pub fn seconds(self) -> u64 {
        self.0 / NANOS
    }

    /// Nanoseconds since the epoch.
    pub fn nanoseconds(self) -> u64 {
        self.0
    }

    /// The moment so much later.
    pub fn after(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)))
    }

    /// How long it is since `earlier`; zero if that lies ahead.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.seconds();
        let (date, time) = (Date::after_epoch(seconds / DAY), seconds % DAY);
        write!(f, "{date}T{:02}:{:02}:{:02}Z", time / 3600, time / 60 % 60, time % 60)
    }
}

/// Not a moment as RFC 3339 writes it, or before 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotATimestamp;

impl fmt::Display for NotATimestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a time such as 2027-01-31T08:15:00Z")
    }
}

impl std::error::Error for NotATimestamp {}

/// RFC 3339: `2027-01-31T08:15:00Z`, with a fraction, or with an offset instead of the `Z`.
impl FromStr for Timestamp {
    type Err = NotATimestamp;

    fn from_str(text: &str) -> Result<Self, NotATimestamp> {
        let (date, rest) = text.split_once('T').ok_or(NotATimestamp)?;
        let date: Date = date.parse().map_err(|_| NotATimestamp)?;
        let zone = rest.find(['Z', '+', '-']).ok_or(NotATimestamp)?;
        let (clock, zone) = rest.split_at(zone);
        let (clock, fraction) = clock.split_once('.').map_or((clock, None), |(c, f)| (c, Some(f)));
        let (hours, minutes, seconds) = match clock.split(':').collect::<Vec<_>>().as_slice() {
            [h, m, s] => (two_digits(h, 23)?, two_digits(m, 59)?, two_digits(s, 59)?),
            _ => return Err(NotATimestamp),
        };
        let local = date.days_after_epoch().ok_or(NotATimestamp)? * DAY
            + hours * 3600
            + minutes * 60
            + seconds;
        let utc = match zone.as_bytes() {
            [b'Z'] => local,
            [sign, ..] => {
                let (h, m) = zone.get(1..).and_then(|z| z.split_once(':')).ok_or(NotATimestamp)?;
                let offset = two_digits(h, 23)? * 3600 + two_digits(m, 59)? * 60;
                match sign {
                    b'+' => local.checked_sub(offset).ok_or(NotATimestamp)?,
                    _ => local + offset,
                }
            }
            [] => return Err(NotATimestamp),
        };
        let nanos = fraction.map_or(Ok(0), nanoseconds)?;
        let whole = utc.checked_mul(NANOS).ok_or(NotATimestamp)?;
        Ok(Self(whole.checked_add(nanos).ok_or(NotATimestamp)?))
    }
}

fn two_digits(text: &str, max: u64) -> Result<u64, NotATimestamp> {
    if text.len() != 2 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NotATimestamp);
    }
    text.parse().ok().filter(|number| *number <= max).ok_or(NotATimestamp)
}

fn nanoseconds(fraction: &str) -> Result<u64, NotATimestamp> {
    if fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NotATimestamp);
    }
    // What is finer than a nanosecond is cut off.
    let digits = fraction.get(..9).unwrap_or(fraction);
    format!("{digits:0<9}").parse().map_err(|_| NotATimestamp)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_print_as_they_were_read() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2000-02-29T23:59:59Z", 951_868_799),
            ("2026-11-21T12:00:00Z", 1_795_262_400),
        ] {
            let moment: Timestamp = text.parse().unwrap();
            assert_eq!((moment.seconds(), moment.to_string().as_str()), (seconds, text));
            assert_eq!(moment, Timestamp::from_seconds(seconds));
        }
    }

    #[test]
    fn offsets_and_fractions_are_understood() {
        let noon: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        assert_eq!("2026-11-21T14:30:00+02:30".parse(), Ok(noon));
        assert_eq!("2026-11-21T07:00:00-05:00".parse(), Ok(noon));
        let later: Timestamp = "2026-11-21T12:00:00.25Z".parse().unwrap();
        assert_eq!(later.since(noon), Duration::from_millis(250));
        assert_eq!(noon.after(Duration::from_millis(250)), later);
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for text in [
            "",
            "2026-11-21",
            "2026-11-21T12:00Z",
            "2026-11-21T24:00:00Z",
            "2026-02-30T00:00:00Z",
            "2026-11-21T12:00:00",
            "2026-11-21T12:00:00.Z",
            "1970-01-01T00:00:00+01:00",
            "2026-11-21T12:00:00+1:00",
            "2026-11-21 12:00:00Z",
            "9999-01-01T00:00:00Z",
        ] {
            assert_eq!(text.parse::<Timestamp>(), Err(NotATimestamp), "{text}");
        }
    }
}
