//! Moments in JSON: RFC 3339, read as Go's `time.Parse` reads it and printed in UTC.

/// What Go calls the layouts.
const SECONDS: &str = "2006-01-02T15:04:05Z07:00";
const MICROS: &str = "2006-01-02T15:04:05.000000Z07:00";

/// How fine a moment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// `metav1.Time`: a fraction is read and dropped.
    Second,
    /// `metav1.MicroTime`: six digits behind the point, neither more nor fewer.
    Micro,
}

/// The moment as it is printed again; none for the zero time, which is printed as `null`.
///
/// # Errors
/// What Go says of a text that is no such moment.
pub(crate) fn canonical(text: &str, step: Step) -> Result<Option<String>, String> {
    let mut read = Read { text, rest: text, step };
    let (seconds, nanos) = read.moment()?;
    Ok(print(seconds, nanos, step))
}

/// Seconds since 1970 and nanoseconds as text; none for the zero time and for what has no year of
/// four digits.
pub(crate) fn print(seconds: i64, nanos: u32, step: Step) -> Option<String> {
    if seconds == ZERO && nanos == 0 {
        return None;
    }
    let (day, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = civil(day);
    if !(0..=9999).contains(&year) {
        return None;
    }
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let whole = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
    Some(match step {
        Step::Second => whole + "Z",
        Step::Micro => format!("{whole}.{:06}Z", nanos / 1000),
    })
}

/// The first second of the year 1, which is Go's zero time.
const ZERO: i64 = -62_135_596_800;

struct Read<'a> {
    text: &'a str,
    rest: &'a str,
    step: Step,
}

impl Read<'_> {
    fn moment(&mut self) -> Result<(i64, u32), String> {
        let year = self.digits(4, "2006")?;
        self.mark("-")?;
        let month = self.digits(2, "01")?;
        if !(1..=12).contains(&month) {
            return Err(self.outside("month"));
        }
        self.mark("-")?;
        let day = self.digits(2, "02")?;
        self.mark("T")?;
        // Go takes an hour of one digit, too.
        let two = self.rest.as_bytes().get(1).is_some_and(u8::is_ascii_digit);
        let hour = self.digits(if two { 2 } else { 1 }, "15")?;
        if hour >= 24 {
            return Err(self.outside("hour"));
        }
        self.mark(":")?;
        let minute = self.digits(2, "04")?;
        if minute >= 60 {
            return Err(self.outside("minute"));
        }
        self.mark(":")?;
        let second = self.digits(2, "05")?;
        if second >= 60 {
            return Err(self.outside("second"));
        }
        let nanos = self.fraction()?;
        let offset = self.offset()?;
        if !self.rest.is_empty() {
            let (text, rest) = (quoted(self.text), quoted(self.rest));
            return Err(format!("parsing time {text}: extra text: {rest}"));
        }
        if day < 1 || day > days(year, month) {
            return Err(self.outside("day"));
        }
        let midnight = from_civil(year, month, day) * 86_400;
        Ok((midnight + hour * 3600 + minute * 60 + second - offset, nanos))
    }

    /// Exactly so many digits.
    fn digits(&mut self, count: usize, layout: &str) -> Result<i64, String> {
        let Some((digits, rest)) = self.rest.split_at_checked(count) else {
            return Err(self.cannot(layout));
        };
        if !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(self.cannot(layout));
        }
        self.rest = rest;
        digits.parse().map_err(|_| self.cannot(layout))
    }

    fn mark(&mut self, mark: &str) -> Result<(), String> {
        self.rest = self.rest.strip_prefix(mark).ok_or_else(|| self.cannot(mark))?;
        Ok(())
    }

    fn fraction(&mut self) -> Result<u32, String> {
        let digits = self.rest.strip_prefix(['.', ',']).unwrap_or("");
        let count = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
        let end = match self.step {
            Step::Second if count == 0 => return Ok(0),
            Step::Second => count,
            Step::Micro if count < 6 => return Err(self.cannot(".000000")),
            Step::Micro => 6,
        };
        let mut nanos = 0;
        for place in 0..9 {
            let digit = digits.as_bytes().get(place).filter(|_| place < end);
            nanos = nanos * 10 + digit.map_or(0, |d| u32::from(d - b'0'));
        }
        self.rest = digits.get(end..).unwrap_or("");
        Ok(nanos)
    }

    /// Seconds east of UTC.
    fn offset(&mut self) -> Result<i64, String> {
        if let Some(rest) = self.rest.strip_prefix('Z') {
            self.rest = rest;
            return Ok(0);
        }
        let before = self.rest;
        let east = match before.as_bytes().first() {
            Some(b'+') => 1,
            Some(b'-') => -1,
            _ => return Err(self.cannot("Z07:00")),
        };
        self.rest = before.get(1..).unwrap_or("");
        let read = (|| {
            let hours = self.digits(2, "").ok()?;
            self.mark(":").ok()?;
            Some((hours, self.digits(2, "").ok()?))
        })();
        match read {
            Some((hours, _)) if hours > 24 => Err(self.outside("time zone offset hour")),
            Some((_, minutes)) if minutes > 60 => Err(self.outside("time zone offset minute")),
            Some((hours, minutes)) => Ok(east * (hours * 3600 + minutes * 60)),
            None => {
                self.rest = before;
                Err(self.cannot("Z07:00"))
            }
        }
    }

    fn cannot(&self, layout: &str) -> String {
        let whole = if self.step == Step::Second { SECONDS } else { MICROS };
        let (text, rest) = (quoted(self.text), quoted(self.rest));
        format!("parsing time {text} as {whole:?}: cannot parse {rest} as {layout:?}")
    }

    fn outside(&self, what: &str) -> String {
        format!("parsing time {}: {what} out of range", quoted(self.text))
    }
}

/// A text as Go's package for time quotes it, which is not how Go quotes elsewhere.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => out.extend(['\\', char::from(byte)]),
            b' '..0x80 => out.push(char::from(byte)),
            _ => out.push_str(&format!("\\x{byte:02x}")),
        }
    }
    out.push('"');
    out
}

fn days(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970 of a day of the Gregorian calendar: months are counted from March, so that the
/// leap day is the last of its year.
fn from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month > 2 { year } else { year - 1 };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The day of the Gregorian calendar of days since 1970.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days.saturating_add(719_468);
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let march = (5 * of_year + 2) / 153;
    let month = if march < 10 { march + 3 } else { march - 9 };
    let day = of_year - (153 * march + 2) / 5 + 1;
    (year + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, step: Step, want: &str) {
        let said = match canonical(text, step) {
            Ok(printed) => printed.unwrap_or_else(|| "null".to_owned()),
            Err(why) => why,
        };
        assert_eq!(said, want, "{text}");
    }

    #[test]
    fn moments_in_seconds() {
        for (text, want) in [
            ("2026-11-21T10:20:30Z", "2026-11-21T10:20:30Z"),
            ("2026-11-21T10:20:30.999999999Z", "2026-11-21T10:20:30Z"),
            ("2026-11-21T00:20:30+02:00", "2026-11-20T22:20:30Z"),
            ("2026-11-21T7:20:30Z", "2026-11-21T07:20:30Z"),
            ("2024-02-29T23:59:59-00:01", "2024-03-01T00:00:59Z"),
            ("1969-12-31T23:59:59Z", "1969-12-31T23:59:59Z"),
            ("0000-01-01T00:00:00Z", "0000-01-01T00:00:00Z"),
            ("0001-01-01T00:00:00Z", "null"),
            ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"),
            (
                "yesterday",
                "parsing time \"yesterday\" as \"2006-01-02T15:04:05Z07:00\": \
                 cannot parse \"yesterday\" as \"2006\"",
            ),
            (
                "2026-11-21",
                "parsing time \"2026-11-21\" as \"2006-01-02T15:04:05Z07:00\": \
                 cannot parse \"\" as \"T\"",
            ),
            (
                "é\n\\",
                "parsing time \"\\xc3\\xa9\\x0a\\\\\" as \"2006-01-02T15:04:05Z07:00\": \
                 cannot parse \"\\xc3\\xa9\\x0a\\\\\" as \"2006\"",
            ),
            ("2026-13-21T10:20:30Z", "parsing time \"2026-13-21T10:20:30Z\": month out of range"),
            ("2025-02-29T10:20:30Z", "parsing time \"2025-02-29T10:20:30Z\": day out of range"),
            ("2025-02-28T24:20:30Z", "parsing time \"2025-02-28T24:20:30Z\": hour out of range"),
            ("2025-02-28T23:20:30Zx", "parsing time \"2025-02-28T23:20:30Zx\": extra text: \"x\""),
            (
                "2025-02-28T23:20:30",
                "parsing time \"2025-02-28T23:20:30\" as \"2006-01-02T15:04:05Z07:00\": \
                 cannot parse \"\" as \"Z07:00\"",
            ),
        ] {
            check(text, Step::Second, want);
        }
    }

    #[test]
    fn moments_in_microseconds() {
        check("2026-11-21T10:20:30.123456Z", Step::Micro, "2026-11-21T10:20:30.123456Z");
        check("2026-11-21T10:20:30.000001+01:00", Step::Micro, "2026-11-21T09:20:30.000001Z");
        check(
            "2026-11-21T10:20:30Z",
            Step::Micro,
            "parsing time \"2026-11-21T10:20:30Z\" as \"2006-01-02T15:04:05.000000Z07:00\": \
             cannot parse \"Z\" as \".000000\"",
        );
    }

    #[test]
    fn every_day_of_some_centuries() {
        for day in -800_000..200_000 {
            let (year, month, of_month) = civil(day);
            assert_eq!(from_civil(year, month, of_month), day);
            assert!(of_month <= days(year, month));
        }
    }
}
