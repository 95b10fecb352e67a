//! When a CronJob runs, in the words of `cron` as the API reads it.

use super::time_zone;
use crate::go_text::quoted;

/// A field of a schedule: its least and most value, and words for them that begin at the least.
struct Bounds {
    least: u64,
    most: u64,
    words: &'static [&'static str],
}

const FIELDS: [Bounds; 5] = [
    Bounds { least: 0, most: 59, words: &[] },
    Bounds { least: 0, most: 23, words: &[] },
    Bounds { least: 1, most: 31, words: &[] },
    Bounds {
        least: 1,
        most: 12,
        words: &[
            "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
        ],
    },
    Bounds { least: 0, most: 6, words: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"] },
];

/// What is wrong with a schedule, if anything is.
pub(super) fn fault(schedule: &str) -> Option<String> {
    check(schedule).err()
}

fn check(schedule: &str) -> Result<(), String> {
    let mut rest = schedule;
    if ["TZ=", "CRON_TZ="].iter().any(|prefix| schedule.starts_with(prefix)) {
        let (zone, after) = schedule.split_once(' ').ok_or_else(|| {
            "invalid schedule format: runtime error: slice bounds out of range".to_owned()
        })?;
        let zone = zone.split_once('=').map_or("", |(_, zone)| zone);
        if !matches!(zone, "" | "Local") && !time_zone::is_known(zone) {
            return Err(format!("provided bad location {zone}: unknown time zone {zone}"));
        }
        rest = after.trim();
    }
    if rest.starts_with('@') {
        return descriptor(rest);
    }
    let parts: Vec<&str> = rest.split_whitespace().collect();
    if parts.len() != FIELDS.len() {
        return Err(format!(
            "expected exactly {} fields, found {}: [{}]",
            FIELDS.len(),
            parts.len(),
            parts.join(" ")
        ));
    }
    FIELDS.iter().zip(parts).try_for_each(|(bounds, part)| {
        part.split(',').filter(|range| !range.is_empty()).try_for_each(|one| range(bounds, one))
    })
}

fn descriptor(text: &str) -> Result<(), String> {
    const KNOWN: [&str; 7] =
        ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];
    if KNOWN.contains(&text) {
        return Ok(());
    }
    match text.strip_prefix("@every ") {
        Some(duration) if crate::is_duration(duration) => Ok(()),
        Some(duration) => Err(format!(
            "failed to parse duration {text}: time: invalid duration {}",
            quoted(duration)
        )),
        None => Err(format!("unrecognized descriptor: {text}")),
    }
}

fn range(bounds: &Bounds, text: &str) -> Result<(), String> {
    let mut steps = text.split('/');
    let span = steps.next().unwrap_or_default();
    let mut ends = span.split('-');
    let first = ends.next().unwrap_or_default();
    let (mut start, mut end) = (bounds.least, bounds.most);
    let is_single = !span.contains('-');
    if !matches!(first, "*" | "?") {
        start = number_or_word(bounds, first)?;
        end = match (ends.next(), ends.next()) {
            (None, _) => start,
            (Some(last), None) => number_or_word(bounds, last)?,
            (Some(_), Some(_)) => return Err(format!("too many hyphens: {text}")),
        };
    }
    let mut step = 1;
    match (steps.next(), steps.next()) {
        (None, _) => {}
        (Some(by), None) => {
            step = number(by)?;
            if is_single {
                end = bounds.most;
            }
        }
        (Some(_), Some(_)) => return Err(format!("too many slashes: {text}")),
    }
    if start < bounds.least {
        let least = bounds.least;
        return Err(format!("beginning of range ({start}) below minimum ({least}): {text}"));
    }
    if end > bounds.most {
        return Err(format!("end of range ({end}) above maximum ({}): {text}", bounds.most));
    }
    if start > end {
        return Err(format!("beginning of range ({start}) beyond end of range ({end}): {text}"));
    }
    if step == 0 {
        return Err(format!("step of range should be a positive number: {text}"));
    }
    Ok(())
}

fn number_or_word(bounds: &Bounds, text: &str) -> Result<u64, String> {
    let lower = text.to_lowercase();
    let word = (bounds.least..).zip(bounds.words).find(|(_, word)| **word == lower);
    word.map_or_else(|| number(text), |(value, _)| Ok(value))
}

fn number(text: &str) -> Result<u64, String> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let fault = |why| {
        format!("failed to parse int from {text}: strconv.Atoi: parsing {}: {why}", quoted(text))
    };
    if !is_number {
        return Err(fault("invalid syntax"));
    }
    let value: i64 = text.parse().map_err(|_| fault("value out of range"))?;
    u64::try_from(value).map_err(|_| format!("negative number ({value}) not allowed: {text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_are_read() {
        for (schedule, want) in [
            ("*/5 * * * *", ""),
            ("0 0 1,15 jan-mar MON", ""),
            ("@hourly", ""),
            ("@every 1h30m", ""),
            ("TZ=UTC * * * * *", ""),
            ("bad", "expected exactly 5 fields, found 1: [bad]"),
            ("", "expected exactly 5 fields, found 0: []"),
            ("@often", "unrecognized descriptor: @often"),
            ("@every x", "failed to parse duration @every x: time: invalid duration \"x\""),
            ("60 * * * *", "end of range (60) above maximum (59): 60"),
            ("* * 0 * *", "beginning of range (0) below minimum (1): 0"),
            ("5-1 * * * *", "beginning of range (5) beyond end of range (1): 5-1"),
            ("1-2-3 * * * *", "too many hyphens: 1-2-3"),
            ("*/1/2 * * * *", "too many slashes: */1/2"),
            ("*/0 * * * *", "step of range should be a positive number: */0"),
            (
                "x * * * *",
                "failed to parse int from x: strconv.Atoi: parsing \"x\": invalid syntax",
            ),
            ("TZ=Nope * * * * *", "provided bad location Nope: unknown time zone Nope"),
        ] {
            assert_eq!(fault(schedule).unwrap_or_default(), want, "{schedule}");
        }
    }
}
