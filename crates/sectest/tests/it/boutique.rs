//! The boutique's own test file: all of it holds, and each part of it is held by a policy.

use std::collections::{BTreeMap, BTreeSet};

use portcullis_object::Object;
use portcullis_sectest::claim::{By, Claim};
use portcullis_sectest::{Assertion, Results, Status};

use crate::shown;
use crate::support::{File, repository};

fn boutique() -> File {
    File::open(&repository("examples/boutique").join("boutique.sectest.yaml"))
}

/// The titles of what does not hold.
fn fallen(results: &Results) -> BTreeSet<String> {
    let fallen = results.outcomes.iter().filter(|o| o.status == Status::Fail);
    fallen.map(|o| o.title.clone()).collect()
}

#[test]
fn all_of_it_passes() {
    let file = boutique();
    let results = file.run();
    for outcome in &results.outcomes {
        assert_eq!(outcome.status, Status::Pass, "{}\n{}", outcome.title, shown(outcome));
    }
    assert!(results.outcomes.len() >= 40, "{} assertions", results.outcomes.len());
    assert_eq!(results.diagnostics, []);
}

/// What the assertions of a file fall with: policy by policy, those that fail without it.
fn deletions(file: &File) -> BTreeMap<String, BTreeSet<String>> {
    let is_policy = |o: &&Object| o.kind().ends_with("NetworkPolicy");
    let mut fallen_by = BTreeMap::new();
    for policy in file.objects.iter().filter(is_policy) {
        let others: Vec<Object> =
            file.objects.iter().filter(|o| o.origin() != policy.origin()).cloned().collect();
        let name = policy.reference().path().to_string();
        fallen_by.insert(name, fallen(&file.run_with(&others)));
    }
    fallen_by
}

/// Whether a policy of this path (`NAMESPACE/NAME`, or `NAME`) is the one meant.
fn is_meant(path: &str, namespace: Option<&str>, name: &str) -> bool {
    let (of, called) = match path.split_once('/') {
        Some((of, called)) => (Some(of), called),
        None => (None, path),
    };
    let without_tier = called.split_once('.').map(|(_, rest)| rest);
    namespace.is_none_or(|n| of == Some(n)) && (called == name || without_tier == Some(name))
}

#[test]
fn each_network_assertion_fails_when_its_policy_is_deleted() {
    let file = boutique();
    let fallen_by = deletions(&file);
    let mut network = 0;
    for assertion in file.suite.tests.iter().flat_map(Assertion::all) {
        let Ok(claim) = &assertion.claim else { panic!("{assertion:?}") };
        let falls = |name: &str| fallen_by[name].iter().any(|t| t.ends_with(&assertion.title));
        let named: Vec<&String> = match claim {
            Claim::Flow(flow) => fallen_by
                .keys()
                .filter(|path| {
                    flow.by.iter().any(|by| {
                        matches!(by, By::Policy { namespace, name, .. }
                        if is_meant(path, namespace.as_deref(), name))
                    })
                })
                .collect(),
            Claim::Only(_) | Claim::Table(_) => {
                network += 1;
                assert!(
                    fallen_by.keys().any(|path| falls(path)),
                    "nothing holds {}",
                    assertion.title
                );
                continue;
            }
            Claim::May(_) | Claim::Holders(_) => continue,
        };
        network += 1;
        assert_eq!(named.len(), 1, "{} names one policy: {named:?}", assertion.title);
        assert!(falls(named[0]), "{} holds without {}", assertion.title, named[0]);
    }
    assert!(network >= 40, "{network} assertions on the network");
}

#[test]
fn no_policy_can_be_deleted_unseen() {
    for (policy, fallen) in deletions(&boutique()) {
        assert!(!fallen.is_empty(), "nothing fails without {policy}");
    }
}
