//! Recorded texts with placeholders, held against ours.
//!
//! What differs from server to server and from day to day (identities, revisions, times, allocated
//! addresses, …) stands in a recording as `<uid>`, `<rv>`, `<time>` and so on. Equal placeholders
//! need not stand for equal values, but each has a form, and ours must have it: a text matches a
//! recorded one if it can be read as that text with every placeholder filled in.

/// What may stand where a recording has a placeholder.
struct Placeholder {
    name: &'static str,
    /// Whether a run of characters can be one, given the whole run.
    is: fn(&str) -> bool,
    /// Which characters it is made of: what bounds the search.
    of: fn(char) -> bool,
}

/// The longest text tried for one placeholder: a certificate chain or a token, and some more.
const LONGEST: usize = 16 * 1024;

const PLACEHOLDERS: &[Placeholder] = &[
    Placeholder { name: "<uid>", is: is_uid, of: |c| c.is_ascii_hexdigit() || c == '-' },
    Placeholder { name: "<rv>", is: is_number, of: |c| c.is_ascii_digit() },
    Placeholder { name: "<time>", is: is_time, of: |c| is_word(c) || " :.,+".contains(c) },
    Placeholder { name: "<ip>", is: is_address, of: |c| c.is_ascii_digit() || c == '.' },
    Placeholder { name: "<port>", is: is_port, of: |c| c.is_ascii_digit() },
    Placeholder { name: "<rand>", is: is_random, of: |c| c.is_ascii_alphanumeric() },
    Placeholder { name: "<token>", is: is_token, of: |c| is_word(c) || ".+/=".contains(c) },
    Placeholder { name: "<continue>", is: is_base64, of: |c| is_word(c) || c == '=' },
    Placeholder { name: "<age>", is: is_age, of: |c| c.is_ascii_alphanumeric() },
    Placeholder { name: "<hash>", is: is_some, of: |c| is_word(c) || c == '=' },
    Placeholder { name: "<sha256>", is: is_digest, of: |c| c.is_ascii_hexdigit() },
    Placeholder { name: "<pem>", is: is_pem, of: |c| is_word(c) || " +/=\n".contains(c) },
    Placeholder { name: "<kid>", is: is_some, of: is_word },
    Placeholder { name: "<modulus>", is: is_some, of: is_word },
    Placeholder { name: "<klog>", is: is_klog, of: |c| is_word(c) || " :.".contains(c) },
    Placeholder { name: "<line>", is: is_number, of: |c| c.is_ascii_digit() },
    Placeholder { name: "<n>", is: is_number, of: |c| c.is_ascii_digit() },
];

/// Whether `text` is the recorded text `pattern` with its placeholders filled in.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    parted(pattern, text).is_none()
}

/// How far `pattern` and `text` can be read as the same, in bytes of each; `None` if to the end.
pub(crate) fn parted(pattern: &str, text: &str) -> Option<(usize, usize)> {
    if pattern == text {
        return None;
    }
    let mut furthest = (0, 0);
    if step(pattern, text, (0, 0), &mut furthest) { None } else { Some(furthest) }
}

/// Whether the recorded text holds a placeholder at all.
pub(crate) fn has_placeholder(pattern: &str) -> bool {
    pattern.contains('<') && PLACEHOLDERS.iter().any(|p| pattern.contains(p.name))
}

fn step(pattern: &str, text: &str, at: (usize, usize), furthest: &mut (usize, usize)) -> bool {
    let (literal, placeholder) = match next_placeholder(pattern) {
        Some((begins, placeholder)) => {
            (pattern.get(..begins).unwrap_or(pattern), Some(placeholder))
        }
        None => (pattern, None),
    };
    let common = common_prefix(literal, text);
    let reached = (at.0 + common, at.1 + common);
    if reached.1 >= furthest.1 {
        *furthest = reached;
    }
    if common < literal.len() {
        return false;
    }
    let rest = text.get(common..).unwrap_or("");
    let Some(placeholder) = placeholder else { return rest.is_empty() };
    let pattern = pattern.get(common + placeholder.name.len()..).unwrap_or("");
    // The longest filling first: what follows a placeholder is seldom made of its characters.
    let run = rest.chars().take_while(|c| (placeholder.of)(*c)).map(char::len_utf8).sum::<usize>();
    for end in (1..=run.min(LONGEST)).rev() {
        let Some((filling, rest)) = rest.split_at_checked(end) else { continue };
        let next = (reached.0 + placeholder.name.len(), reached.1 + end);
        if (placeholder.is)(filling) && step(pattern, rest, next, furthest) {
            return true;
        }
    }
    // Ours may hold the placeholder's own name: a recording is replayed against itself that way.
    rest.strip_prefix(placeholder.name).is_some_and(|rest| {
        let length = placeholder.name.len();
        step(pattern, rest, (reached.0 + length, reached.1 + length), furthest)
    })
}

fn next_placeholder(pattern: &str) -> Option<(usize, &'static Placeholder)> {
    pattern.match_indices('<').find_map(|(at, _)| {
        let rest = pattern.get(at..)?;
        PLACEHOLDERS.iter().find(|p| rest.starts_with(p.name)).map(|p| (at, p))
    })
}

fn common_prefix(one: &str, other: &str) -> usize {
    let pairs = one.chars().zip(other.chars());
    pairs.take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum()
}

// === The forms ===

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-' || c == '_'
}

fn is_some(text: &str) -> bool {
    !text.is_empty()
}

fn is_uid(text: &str) -> bool {
    let parts: Vec<usize> = text.split('-').map(str::len).collect();
    parts == [8, 4, 4, 4, 12]
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn is_digest(text: &str) -> bool {
    text.len() == 64
}

fn is_address(text: &str) -> bool {
    text.parse::<std::net::Ipv4Addr>().is_ok()
}

/// A node port: the range that is served if no flag says otherwise.
fn is_port(text: &str) -> bool {
    text.parse::<u16>().is_ok_and(|port| (30_000..=32_767).contains(&port))
}

/// The end of a generated name: five characters of those that cannot form words. Temporary files
/// of clients end in digits, more or fewer.
fn is_random(text: &str) -> bool {
    const ALPHABET: &str = "bcdfghjklmnpqrstvwxz2456789";
    let of_names = text.len() == 5 && text.chars().all(|c| ALPHABET.contains(c));
    of_names || is_number(text)
}

fn is_token(text: &str) -> bool {
    let parts: Vec<&str> = text.split('.').collect();
    let is_plain = parts.len() == 3 && parts.iter().all(|part| !part.is_empty());
    // Written out, or in base64 as a `Secret` holds it.
    (is_plain && text.starts_with("ey")) || (is_base64(text) && text.starts_with("ZXlK"))
}

fn is_base64(text: &str) -> bool {
    !text.trim_end_matches('=').is_empty()
}

fn is_pem(text: &str) -> bool {
    // Written out, or in base64 as `Secret` and `CertificateSigningRequest` hold it.
    text.starts_with("-----BEGIN ") || text.starts_with("LS0tLS1CRUdJTi")
}

/// `5s`, `3m20s`, `2d`: one or two numbers with their units.
fn is_age(text: &str) -> bool {
    let units: Vec<&str> = text.split_inclusive(|c: char| c.is_ascii_alphabetic()).collect();
    let is_unit = |unit: &&str| {
        let Some((number, letter)) = unit.split_at_checked(unit.len() - 1) else { return false };
        is_number(number) && "smhdy".contains(letter)
    };
    (1..=2).contains(&units.len()) && units.iter().all(is_unit)
}

/// Severity, day, time, thread: `E0131 10:20:30.123456    4711`.
fn is_klog(text: &str) -> bool {
    let mut parts = text.split_whitespace();
    let (Some(day), Some(time), Some(thread)) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let day = day.trim_start_matches(['I', 'W', 'E', 'F']);
    let digits = |text: &str, form: &str| has_form(text, form);
    let is_day = digits(day, "0000");
    is_day && digits(time, "00:00:00.000000") && is_number(thread) && parts.next().is_none()
}

/// The forms of a moment: the API's two, that of HTTP, and those that Go and kubectl print.
fn is_time(text: &str) -> bool {
    const FORMS: &[&str] = &[
        "0000-00-00T00:00:00Z",
        "0000-00-00T00:00:00.000000Z",
        "0000-00-00T00:00:00+00:00",
        "aaa, 00 aaa 0000 00:00:00 GMT",
        "aaa, 00 aaa 0000 00:00:00 +0000",
        "0000-00-00 00:00:00 +0000 UTC",
        "0000-00-00 00:00:00.000000000 +0000",
        "0000-00-00 00:00:00.000000000 +0000 UTC",
        "0000-00-00 00:00:00",
    ];
    FORMS.iter().any(|form| has_form(text, form)) || is_nanoseconds(text)
}

/// Go leaves out the zeros at the end of a fraction: `2026-01-02T03:04:05.12Z`, and the same as it
/// prints a time.
fn is_nanoseconds(text: &str) -> bool {
    let Some((whole, rest)) = text.split_once('.') else { return false };
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let Some(rest) = rest.get(digits..) else { return false };
    let whole_has = |form: &str| has_form(whole, form);
    (1..=9).contains(&digits)
        && ((whole_has("0000-00-00T00:00:00") && (rest == "Z" || has_form(rest, "+00:00")))
            || (whole_has("0000-00-00 00:00:00") && rest.starts_with(" +0000")))
}

/// `0` stands for a digit, `a` for a letter, everything else for itself.
fn has_form(text: &str, form: &str) -> bool {
    text.len() == form.len()
        && text.chars().zip(form.chars()).all(|(c, form)| match form {
            '0' => c.is_ascii_digit(),
            'a' => c.is_ascii_alphabetic(),
            _ => c == form,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, text: &str, matching: bool) {
        assert_eq!(matches(pattern, text), matching, "{pattern} and {text}");
    }

    #[test]
    fn a_placeholder_stands_for_a_text_of_its_form() {
        let uid = "7f3a4a52-1cf0-44e1-8ac3-1a2b3c4d5e6f";
        for (pattern, text, matching) in [
            ("<uid>", uid, true),
            ("<uid>", "7f3a4a52", false),
            ("JTI=<uid>", &format!("JTI={uid}"), true),
            ("<rv>", "17", true),
            ("<rv>", "", false),
            ("<rv>", "x", false),
            ("current: <rv>", "current: 9", true),
            ("<time>", "2026-01-02T03:04:05Z", true),
            ("<time>", "2026-01-02T03:04:05.123456Z", true),
            ("<time>", "2026-01-02", false),
            ("<time>", "Fri, 02 Jan 2026 03:04:05 GMT", true),
            ("at <time>, then", "at 2026-01-02T03:04:05Z, then", true),
            ("<ip>", "10.0.0.7", true),
            ("<ip>", "None", false),
            ("80:<port>/TCP,53:<port>/UDP", "80:30001/TCP,53:32767/UDP", true),
            ("80:<port>/TCP", "80:80/TCP", false),
            ("cm-<rand>", "cm-x7k2z", true),
            ("cm-<rand>", "cm-aaaaa", false),
            ("cm-<rand>", "cm-", false),
            ("<token>", "eyJh.eyJp.c2ln", true),
            ("<token>", "ZXlKaC5leUpwLmMybG4=", true),
            ("<token>", "secret", false),
            ("<continue>", "eyJ2IjoibWV0YSJ9", true),
            ("<age>", "3m20s", true),
            ("<age>", "now", false),
            ("\"<hash>\"", "\"A1B2\"", true),
            ("<sha256>", &"0f".repeat(32), true),
            ("<sha256>", "0f", false),
            ("<pem>", "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t", true),
            ("<pem>", "nothing", false),
            ("W<klog> a.go:<line>] x", "W0131 10:20:30.123456    4711 a.go:71] x", true),
            ("W<klog> a.go:<line>] x", "W0131 4711 a.go:71] x", false),
        ] {
            check(pattern, text, matching);
        }
    }

    #[test]
    fn other_angles_and_everything_between_are_literal() {
        check("<none>", "<none>", true);
        check("<none>", "none", false);
        check("a <uid b", "a <uid b", true);
        check("exact", "exact", true);
        check("exact", "Exact", false);
        check("<rv><rv>", "12", true);
        check("<rv><rv>", "1", false);
    }

    #[test]
    fn the_place_of_parting_is_the_furthest() {
        assert_eq!(parted("rv <rv> of a", "rv 123 of b"), Some((11, 10)));
        assert_eq!(parted("abc", "abd"), Some((2, 2)));
        assert_eq!(parted("abc", "abcd"), Some((3, 3)));
        assert_eq!(parted("é<rv>", "é1"), None);
    }
}
