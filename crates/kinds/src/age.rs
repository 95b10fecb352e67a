//! Ages as tables show them.

use std::time::Duration;

use portcullis_core::Timestamp;
use serde_json::Value;

use crate::Object;
use crate::value::at;

/// What stands in a cell whose time is not known.
pub(crate) const UNKNOWN: &str = "<unknown>";

/// The cells of a kind whose table has only a name and an age.
pub fn name_and_age(object: &Object, now: Timestamp) -> Vec<Value> {
    let name = object.get("metadata").and_then(|metadata| metadata.get("name")).cloned();
    vec![name.unwrap_or_else(|| "".into()), of(object, now).into()]
}

/// How long the object exists, as its AGE column shows it.
pub(crate) fn of(object: &Object, now: Timestamp) -> String {
    since(at(object, &["metadata", "creationTimestamp"]), now)
}

/// How long ago a time was; `<unknown>` where there is none.
pub(crate) fn since(time: Option<&Value>, now: Timestamp) -> String {
    time.and_then(Value::as_str)
        .and_then(|text| text.parse::<Timestamp>().ok())
        .map_or_else(|| UNKNOWN.to_owned(), |then| short(now.since(then)))
}

/// A duration in two units at most, the second one only while it says something (`HumanDuration` of
/// apimachinery): `45s`, `5m3s`, `12m`, `3h20m`, `2d4h`, `5y20d`.
pub(crate) fn short(duration: Duration) -> String {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    const YEAR: u64 = 365 * DAY;
    let seconds = duration.as_secs();
    let two = |large: u64, large_unit: &str, small_unit: &str, small: u64| {
        let rest = seconds % large / small;
        let whole = seconds / large;
        if rest == 0 {
            format!("{whole}{large_unit}")
        } else {
            format!("{whole}{large_unit}{rest}{small_unit}")
        }
    };
    match seconds {
        _ if seconds < 2 * MINUTE => format!("{seconds}s"),
        _ if seconds < 10 * MINUTE => two(MINUTE, "m", "s", 1),
        _ if seconds < 3 * HOUR => format!("{}m", seconds / MINUTE),
        _ if seconds < 8 * HOUR => two(HOUR, "h", "m", MINUTE),
        _ if seconds < 2 * DAY => format!("{}h", seconds / HOUR),
        _ if seconds < 8 * DAY => two(DAY, "d", "h", HOUR),
        _ if seconds < 2 * YEAR => format!("{}d", seconds / DAY),
        _ if seconds < 8 * YEAR => two(YEAR, "y", "d", DAY),
        _ => format!("{}y", seconds / YEAR),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn durations_are_short() {
        for (seconds, want) in [
            (0, "0s"),
            (119, "119s"),
            (120, "2m"),
            (303, "5m3s"),
            (720, "12m"),
            (3 * 3600, "3h"),
            (3 * 3600 + 1200, "3h20m"),
            (8 * 3600 + 60, "8h"),
            (2 * 86400 + 4 * 3600, "2d4h"),
            (8 * 86400 + 3600, "8d"),
            (729 * 86400, "729d"),
            (731 * 86400, "2y1d"),
            (3000 * 86400, "8y"),
        ] {
            assert_eq!(short(Duration::from_secs(seconds)), want);
        }
    }

    #[test]
    fn an_age_needs_a_time() {
        let now = Timestamp::from_seconds(1_000);
        let object = json!({"metadata": {"creationTimestamp": "1970-01-01T00:15:00Z"}});
        assert_eq!(of(object.as_object().unwrap(), now), "100s");
        assert_eq!(of(&Object::new(), now), UNKNOWN);
        let ahead = json!("1970-01-02T00:00:00Z");
        assert_eq!(since(Some(&ahead), now), "0s");
    }
}
