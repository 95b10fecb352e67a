//! Laws over every claim of the cases and of the boutique.

use portcullis_netpol::Direction;
use portcullis_object::{Input, Limits, load};
use portcullis_sectest::claim::{Are, Claim, Deed, Flow, Holders, May, Only, Scope};
use portcullis_sectest::{Assertion, Suite, Test, read};
use serde_json::{Value as Json, json};

use crate::cases::cases;
use crate::support::{File, repository};

/// Every suite on disk.
fn suites() -> Vec<Suite> {
    let boutique = repository("examples/boutique").join("boutique.sectest.yaml");
    cases().iter().chain([&boutique]).map(|path| File::open(path).suite).collect()
}

/// The claims of a test whose assertions are these, everything else being as it was.
fn claims_of(test: &Test, assertions: Vec<Json>) -> Vec<Result<Claim, String>> {
    let mut json = test.object.root().to_json();
    let fields = json.as_object_mut().expect("a document is a map");
    fields.insert("assert".into(), assertions.into());
    fields.shift_remove("steps");
    let input = Input { name: "again".into(), bytes: json.to_string().into_bytes() };
    let suite = read(&load(vec![input], &Limits::default()).objects, &[]);
    let [test] = suite.tests.as_slice() else { panic!("{:?}", suite.faults) };
    assert_eq!(test.faults, []);
    let all = test.assertions.iter().cloned();
    all.map(|a: Assertion| a.claim.map_err(|fault| fault.message)).collect()
}

/// Every claim is the same again when it is written so.
#[track_caller]
fn check(write: impl Fn(&Claim) -> Option<Json>) {
    let mut checked = 0;
    for test in suites().iter().flat_map(|suite| &suite.tests) {
        let claims = Assertion::all(test).map(|a| a.claim.clone().expect("readable"));
        let (claims, written): (Vec<Claim>, Vec<Json>) =
            claims.filter_map(|claim| Some((claim.clone(), write(&claim)?))).unzip();
        if written.is_empty() {
            continue;
        }
        checked += claims.len();
        let again = claims_of(test, written);
        assert_eq!(again, claims.into_iter().map(Ok).collect::<Vec<_>>(), "{}", test.name);
    }
    assert!(checked >= 100, "{checked} claims");
}

/// A table has no line of its own: it is many.
fn line(claim: &Claim) -> Option<Json> {
    match claim {
        Claim::Table(_) => None,
        claim => Some(claim.to_string().into()),
    }
}

fn map(claim: &Claim) -> Option<Json> {
    Some(match claim {
        Claim::May(May { subject, can, deed }) => {
            let verb = if *can { "can" } else { "cannot" };
            with_deed(json!({"subject": subject.to_string()}), verb, deed)
        }
        Claim::Holders(Holders { deed, built_in, are }) => {
            let who = with_deed(json!({"builtIn": built_in}), "can", deed);
            let listed = |subjects: &[_]| -> Json { texts(subjects).into() };
            match are {
                Are::Exactly(subjects) => json!({"who": who, "exactly": listed(subjects)}),
                Are::Subset(subjects) => json!({"who": who, "subset": listed(subjects)}),
                Are::Superset(subjects) => json!({"who": who, "superset": listed(subjects)}),
                Are::Count(min, usize::MAX) => json!({"who": who, "count": {"min": min}}),
                Are::Count(min, max) => json!({"who": who, "count": {"min": min, "max": max}}),
            }
        }
        Claim::Flow(Flow { some, from, to, allow, by, except }) => json!({
            "some": some,
            "from": from.to_string(),
            "to": to.to_string(),
            "verdict": if *allow { "allow" } else { "deny" },
            "by": texts(by),
            "except": texts(except),
        }),
        Claim::Only(Only { of, direction: Direction::Ingress, peers }) => {
            json!({"only": {"to": of.to_string(), "from": texts(peers)}})
        }
        Claim::Only(Only { of, direction: Direction::Egress, peers }) => {
            json!({"only": {"from": of.to_string(), "to": texts(peers)}})
        }
        Claim::Table(_) => return None,
    })
}

fn with_deed(mut map: Json, verb: &str, deed: &Deed) -> Json {
    map[verb] = texts(&deed.verbs).into();
    map["what"] = deed.resource.as_str().into();
    if let Some(object) = &deed.object {
        map["object"] = object.as_str().into();
    }
    match &deed.scope {
        Scope::Unsaid => {}
        Scope::In(namespace) => map["in"] = namespace.as_str().into(),
        Scope::Anywhere => map["scope"] = "anywhere".into(),
        Scope::Cluster => map["scope"] = "cluster".into(),
    }
    map
}

fn texts(items: &[impl ToString]) -> Vec<String> {
    items.iter().map(ToString::to_string).collect()
}

#[test]
fn the_line_of_a_claim_is_read_as_the_claim() {
    check(line);
}

#[test]
fn the_map_of_a_claim_is_read_as_the_claim() {
    check(map);
}
