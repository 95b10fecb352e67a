//! The entries for fuzzers: bytes that may be a request line, headers or where a list goes on, and a
//! short replay in every test run.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use portcullis_identity::bearer::Bearer;
use portcullis_identity::impersonation::{self, ATTEMPTS_MAX, Impersonation, Turn};
use portcullis_identity::user::split_service_account;

use crate::continue_token::Continue;
use crate::negotiate::{self, Encoding, Form, MetaVersion, Offer, Shape};
use crate::request_info::{FieldSelector, LabelSelector, RequestInfo};
use crate::server::joined;
use crate::{authn, body};

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

/// Reads the bytes as the token with which a list goes on, and as what is in one.
///
/// # Panics
///
/// If a token that was read leads out of its list, or is read as another after it was printed.
pub fn continue_token(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    for token in [text.into_owned(), URL_SAFE_NO_PAD.encode(data)] {
        let Ok(read) = Continue::read(&token) else { continue };
        assert!(read.revision.is_none_or(|revision| revision.0 > 0), "{read:?}");
        assert!(!read.start.starts_with('/'), "{read:?}");
        assert!(!read.start.split('/').any(|step| matches!(step, "." | "..")), "{read:?}");
        // The first key of all is written with a slash, as a token without a start is none.
        if !read.start.is_empty() {
            assert_eq!(Continue::read(&read.token()).as_ref(), Ok(&read));
        }
    }
}

/// Reads the bytes as the head of a request, one header a line.
///
/// # Panics
///
/// If somebody is taken for more than was asked to be allowed, a wish to be taken for somebody else is
/// passed over, or a form is chosen that is not offered or does not lead to itself.
pub fn headers(data: &[u8]) {
    let mut headers = HeaderMap::new();
    for line in data.split(|byte| *byte == b'\n') {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let (name, value) = line.split_at(colon);
        let value = value.trim_ascii_start().strip_prefix(b":").unwrap_or_default().trim_ascii();
        if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(name), HeaderValue::from_bytes(value))
        {
            headers.append(name, value);
        }
    }
    authorization(&headers);
    somebody_else(&headers);
    for offer in [Offer::Objects, Offer::Watch, Offer::Roots, Offer::Plain] {
        accepted(&joined(&headers, &header::ACCEPT), offer);
    }
    let content_type = joined(&headers, &header::CONTENT_TYPE);
    let media_type = body::media_type(&content_type);
    assert_eq!(body::media_type(media_type), media_type);
}

fn authorization(headers: &HeaderMap) {
    let bearer = authn::bearer(headers);
    let Some(value) = headers.get(header::AUTHORIZATION) else {
        assert_eq!(bearer, Bearer::Absent);
        return;
    };
    match bearer {
        Bearer::Token("") => assert!(std::str::from_utf8(value.as_bytes()).is_err(), "{value:?}"),
        Bearer::Token(token) => {
            assert!(!token.contains(' '), "{value:?}");
            assert_eq!(Bearer::of(&format!("Bearer {token} rest")), bearer);
        }
        Bearer::Absent | Bearer::Misplaced => {}
    }
}

/// Whoever is taken for somebody else has nothing that was not asked for, and nothing is forgotten.
fn somebody_else(headers: &HeaderMap) {
    let asking: Vec<_> = headers
        .iter()
        .filter(|(name, value)| impersonation::is_impersonation(name.as_str()) && !value.is_empty())
        .map(|(name, _)| name)
        .collect();
    let Ok(Some(wanted)) = authn::impersonation(headers) else {
        let first_is_empty =
            |name: &&HeaderName| headers.get(*name).is_some_and(HeaderValue::is_empty);
        let nothing_asked = asking.iter().all(first_is_empty);
        assert!(authn::impersonation(headers).is_err() || nothing_asked, "{headers:?}");
        return;
    };
    let (asked, user) = walked(wanted);
    assert!(!asked.is_empty() && asked.len() <= ATTEMPTS_MAX);
    let of = |resource: &str| -> BTreeSet<&str> {
        asked.iter().filter(|one| one.resource == resource).map(|one| one.name.as_str()).collect()
    };
    let account = split_service_account(&user.name);
    match account {
        Some((namespace, name)) => {
            assert!(asked.iter().any(|one| {
                one.resource == "serviceaccounts" && one.namespace == namespace && one.name == name
            }));
        }
        None => assert!(of("users").contains(user.name.as_str()), "{user:?}"),
    }
    assert!(user.uid.is_empty() || of("uids").contains(user.uid.as_str()), "{user:?}");
    let groups = of("groups");
    for group in &user.groups {
        let of_accounts = account.is_some() && groups.is_empty();
        let implied = match group.as_str() {
            "system:authenticated" | "system:unauthenticated" => true,
            other => of_accounts && other.starts_with("system:serviceaccounts"),
        };
        assert!(implied || groups.contains(group.as_str()), "{user:?}");
    }
    let extras =
        user.extra.iter().flat_map(|(key, values)| values.iter().map(move |value| (key, value)));
    for (key, value) in extras {
        assert!(asked.iter().any(|one| one.subresource == *key && one.name == *value), "{user:?}");
    }
}

/// Everything that has to be allowed, and who comes of it.
fn walked(wanted: Impersonation) -> (Vec<impersonation::Attempt>, portcullis_identity::User) {
    let mut asked = Vec::new();
    let mut turn = wanted.next();
    loop {
        match turn {
            Turn::Done(user) => return (asked, user.user().clone()),
            Turn::Ask(attempt, rest) => {
                asked.push(attempt);
                turn = rest.next();
            }
        }
    }
}

fn accepted(accept: &str, offer: Offer) {
    let form = match negotiate::negotiate(accept, offer) {
        Ok(form) => form,
        Err(status) => {
            assert_eq!(status.code, 406);
            return;
        }
    };
    let version =
        |version: MetaVersion| version.api_version().rsplit('/').next().unwrap_or_default();
    let shape = match form.shape {
        Shape::Itself => String::new(),
        Shape::Table(v) => format!(";as=Table;v={};g=meta.k8s.io", version(v)),
        Shape::PartialObject(v) => {
            format!(";as=PartialObjectMetadata;v={};g=meta.k8s.io", version(v))
        }
        Shape::PartialList(v) => {
            format!(";as=PartialObjectMetadataList;v={};g=meta.k8s.io", version(v))
        }
        Shape::GroupDiscovery => ";as=APIGroupDiscoveryList;v=v2;g=apidiscovery.k8s.io".to_owned(),
    };
    let offered = match offer {
        Offer::Objects => form.shape != Shape::GroupDiscovery,
        Offer::Watch => form.shape != Shape::GroupDiscovery && form.encoding == Encoding::Json,
        Offer::Roots => matches!(form.shape, Shape::Itself | Shape::GroupDiscovery),
        Offer::Plain => form.shape == Shape::Itself,
    };
    assert!(offered, "{accept:?}: {form:?}");
    let printed = format!("{}{shape}", form.encoding.media_type());
    assert_eq!(negotiate::negotiate(&printed, offer), Ok(form), "{accept:?}");
    assert_eq!(Form::of_errors(&printed).encoding, form.encoding);
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUESTS: [&str; 8] = [
        "GET /api/v1/namespaces/ns/pods/p/log?watch=1&fieldSelector=metadata.name%3Dx",
        "DELETE /apis/apps/v1/deployments?labelSelector=a+in+(b,c),!d,e>1&limit=5",
        "POST /api/v1/watch/namespaces/a%2Fb//x/../status",
        "a in (b,c),!d,e!=f,g==h,i>1,j<2,k notin (,)",
        r"metadata.name=a\,b\=c\\,spec.nodeName!=d,=,x==y",
        "PATCH /apis/g/v/proxy/namespaces/n/finalize/y?watch=false;x&&%zz=1",
        "/livez?verbose",
        "in in (in),notin notin (notin)",
    ];

    const TOKENS: [&str; 4] = [
        r#"{"v":"meta.k8s.io/v1","rv":12,"start":"a/b\u0000"}"#,
        r#"{"v":"meta.k8s.io/v1","rv":-1,"start":"/a"}"#,
        r#"{"v":"meta.k8s.io/v1","rv":1,"start":"/../a//b/."}"#,
        "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiJhXHUwMDAwIn0",
    ];

    const HEADS: [&str; 6] = [
        "Authorization: Bearer abc def\nAuthorization: Basic eDp5",
        "Impersonate-User: bob\nImpersonate-Group: qa\nimpersonate-group: \nImpersonate-Uid: 7\n\
         Impersonate-Extra-acme.test%2FProject: p1\nImpersonate-Extra-%zz: raw",
        "Impersonate-User: system:serviceaccount:dev:robot\nImpersonate-User: x\nImpersonate-Extra-: y",
        "Impersonate-User: system:anonymous\nImpersonate-Group: system:authenticated",
        "Accept: application/json;as=Table;v=v1;g=meta.k8s.io, application/yaml;q=0.5,*/*;q=.1\n\
         Accept: application/json;as=APIGroupDiscoveryList;v=v2;g=apidiscovery.k8s.io",
        "Accept: application/json;stream=watch;as=PartialObjectMetadataList;v=v1beta1;g=meta.k8s.io\n\
         Content-Type: application/apply-patch+yaml; charset=utf-8",
    ];

    /// Numbers that look random and are the same in every run (Marsaglia, xorshift64).
    fn next(state: &mut u64) -> usize {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        usize::try_from(*state >> 33).expect("31 bits")
    }

    /// Cuts and stirs seeds with these bytes, the same in every run.
    fn replay(rounds: usize, seeds: &[&str], bytes: &[u8], entry: fn(&[u8])) {
        let mut state = 0x9e37_79b9_7f4a_7c15;
        for seed in seeds {
            entry(seed.as_bytes());
        }
        for _ in 0..rounds {
            let mut data = seeds[next(&mut state) % seeds.len()].as_bytes().to_vec();
            for _ in 0..next(&mut state) % 6 {
                let (at, byte) =
                    (next(&mut state) % data.len(), bytes[next(&mut state) % bytes.len()]);
                match next(&mut state) % 4 {
                    0 => data[at] = byte,
                    1 => data.insert(at, byte),
                    2 if data.len() > 1 => drop(data.remove(at)),
                    _ => {
                        let seed = seeds[next(&mut state) % seeds.len()].as_bytes();
                        data.extend(&seed[next(&mut state) % seed.len()..]);
                    }
                }
            }
            entry(&data);
        }
    }

    #[test]
    fn requests_are_read_or_refused() {
        let bytes = b"/%.,=!()<>&?; \\2fFeE0aZ\t\n\0inotw\xc3\xa9";
        replay(60_000, &REQUESTS, bytes, request);
    }

    #[test]
    fn lists_go_on_or_are_refused() {
        replay(20_000, &TOKENS, b"/.\\\"{}:,-019ae\0 u\xc3\xa9", continue_token);
    }

    #[test]
    fn heads_are_read_or_refused() {
        replay(20_000, &HEADS, b"\n: ,;=/*%2fqQ0.1-_aE\t\xc3\xa9\xff", headers);
        // More than may be asked for at once, and more clauses than are looked at.
        headers(
            ("Impersonate-Group: g\n".repeat(ATTEMPTS_MAX) + "Impersonate-User: bob").as_bytes(),
        );
        headers("Accept: a,\n".repeat(2_000).as_bytes());
    }
}
