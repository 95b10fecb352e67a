//! What the checks of alerts have in common.

use portcullis_object::{Cursor, Object};

use crate::context::{Context, is_calico};

/// Every GlobalAlert that has a spec.
pub(crate) fn alerts<'a>(context: &Context<'a>) -> impl Iterator<Item = (&'a Object, Cursor<'a>)> {
    let objects: &'a [Object] = context.objects;
    objects
        .iter()
        .filter(|o| is_calico(o) && o.kind() == "GlobalAlert")
        .filter_map(|o| Some((o, o.root().field("spec")?)))
}

/// The seconds of a duration as Go writes it: `1m`, `1h30m`, `90s`.
pub(crate) fn seconds(text: &str) -> Option<u64> {
    let mut total = 0_u64;
    let mut rest = text.trim();
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, after) = rest.split_at_checked(digits)?;
        let unit = after.chars().next()?;
        let factor = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            _ => return None,
        };
        total = total.checked_add(number.parse::<u64>().ok()?.checked_mul(factor)?)?;
        rest = after.get(unit.len_utf8()..)?;
    }
    (total > 0).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn durations_as_go_writes_them() {
        for (text, want) in [
            ("1m", Some(60)),
            ("1h30m", Some(5400)),
            ("90s", Some(90)),
            ("", None),
            ("m", None),
            ("5", None),
            ("99999999999999999999h", None),
        ] {
            assert_eq!(seconds(text), want, "{text}");
        }
    }
}
