//! The entry for fuzzers: bytes that may be a request line or a selector, and a short replay in every
//! test run.

use super::{FieldSelector, LabelSelector, RequestInfo};

/// The verbs that a resource can be asked with.
const VERBS: [&str; 11] = [
    "",
    "create",
    "delete",
    "deletecollection",
    "get",
    "list",
    "patch",
    "proxy",
    "update",
    "watch",
    "head",
];

/// Reads the bytes as a request line (the method up to the first blank, then the address), and as
/// selectors.
///
/// # Panics
///
/// If what was read contradicts itself, or does not survive being printed.
pub fn request(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (method, address) = text.split_once(' ').unwrap_or(("GET", text));
    if let Ok(info) = RequestInfo::parse(method, address) {
        request_is_consistent(&info);
    }
    label_selector(text);
    field_selector(text);
}

fn request_is_consistent(info: &RequestInfo) {
    if !info.is_resource {
        assert!(info.parts.is_empty() && info.resource.is_empty() && info.namespace.is_empty());
        return;
    }
    assert!(VERBS.contains(&info.verb.as_str()), "{info:?}");
    assert!(matches!(info.api_prefix.as_str(), "api" | "apis"), "{info:?}");
    assert_eq!(info.parts.first(), Some(&info.resource), "{info:?}");
    // A name that the path does not give is one that a field selector demands, and could be given.
    let given = info.parts.get(1).map(|part| part.as_str()).unwrap_or_default();
    if given.is_empty() {
        assert!(!info.name.contains(['/', '%']) && !matches!(info.name.as_str(), "." | ".."));
        assert!(info.name.is_empty() || matches!(info.verb.as_str(), "list" | "watch"), "{info:?}");
    } else {
        assert_eq!(info.name, given, "{info:?}");
    }
}

fn label_selector(text: &str) {
    let Ok(selector) = LabelSelector::parse(text) else { return };
    let printed: Vec<_> = selector.requirements().iter().map(ToString::to_string).collect();
    assert_eq!(LabelSelector::parse(&printed.join(",")), Ok(selector), "{text:?}");
}

fn field_selector(text: &str) {
    let Ok(selector) = FieldSelector::parse(text) else { return };
    let mut printed: Vec<_> = selector.requirements().iter().map(ToString::to_string).collect();
    let again = FieldSelector::parse(&printed.join(","))
        .map(|again| again.requirements().iter().map(ToString::to_string).collect::<Vec<_>>());
    // `a==b` and `a=b` are sorted as they are written, and printed alike.
    printed.sort();
    let again = again.map(|mut again| {
        again.sort();
        again
    });
    assert_eq!(again, Ok(printed), "{text:?}");
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEEDS: [&str; 8] = [
        "GET /api/v1/namespaces/ns/pods/p/log?watch=1&fieldSelector=metadata.name%3Dx",
        "DELETE /apis/apps/v1/deployments?labelSelector=a+in+(b,c),!d,e>1&limit=5",
        "POST /api/v1/watch/namespaces/a%2Fb//x/../status",
        "a in (b,c),!d,e!=f,g==h,i>1,j<2,k notin (,)",
        r"metadata.name=a\,b\=c\\,spec.nodeName!=d,=,x==y",
        "PATCH /apis/g/v/proxy/namespaces/n/finalize/y?watch=false;x&&%zz=1",
        "/livez?verbose",
        "in in (in),notin notin (notin)",
    ];

    /// Numbers that look random and are the same in every run (Marsaglia, xorshift64).
    fn next(state: &mut u64) -> usize {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        usize::try_from(*state >> 33).expect("31 bits")
    }

    #[test]
    fn what_was_cut_and_stirred_is_read_or_refused() {
        const BYTES: &[u8] = b"/%.,=!()<>&?; \\2fFeE0aZ\t\n\0inotw\xc3\xa9";
        let mut state = 0x9e37_79b9_7f4a_7c15;
        for _ in 0..60_000 {
            let mut data = SEEDS[next(&mut state) % SEEDS.len()].as_bytes().to_vec();
            for _ in 0..next(&mut state) % 6 {
                let (at, byte) =
                    (next(&mut state) % data.len(), BYTES[next(&mut state) % BYTES.len()]);
                match next(&mut state) % 4 {
                    0 => data[at] = byte,
                    1 => data.insert(at, byte),
                    2 if data.len() > 1 => drop(data.remove(at)),
                    _ => {
                        let seed = SEEDS[next(&mut state) % SEEDS.len()].as_bytes();
                        data.extend(&seed[next(&mut state) % seed.len()..]);
                    }
                }
            }
            request(&data);
        }
    }
}
