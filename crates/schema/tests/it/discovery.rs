//! The documents of discovery, held against recorded ones.

use std::path::{Path, PathBuf};

use portcullis_schema::api::{self, Group};
use portcullis_schema::discovery;
use serde_json::{Map, Value};

/// A recorded document; none where it is not at hand.
fn recorded(name: &str) -> Option<Map<String, Value>> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora");
    let corpora = std::env::var_os("PORTCULLIS_CORPORA").map_or(beside, PathBuf::from);
    let path = corpora.join("kubernetes").join(name);
    let Ok(text) = std::fs::read_to_string(&path) else {
        crate::skipped(&format!("no recorded discovery at {}", path.display()));
        return None;
    };
    serde_json::from_str(&text).expect("it is an object")
}

fn core() -> &'static Group {
    api::groups().first().expect("the core group is served")
}

#[test]
fn legacy_documents_are_those_that_were_recorded() {
    let Some(recorded) = recorded("discovery-1.35.4.json") else { return };
    for (path, want) in &recorded {
        let parts: Vec<&str> = path.split('/').skip(1).collect();
        let named = |name: &str| api::groups().iter().find(|g| g.name == name).expect("served");
        let version = |group: &'static Group, name: &str| {
            let version = group.versions.iter().find(|v| v.name == name).expect("served");
            discovery::resources(group, version)
        };
        let got = match parts.as_slice() {
            ["api"] => discovery::core_versions(core(), "127.0.0.1:26443"),
            ["api", name] => version(core(), name),
            ["apis"] => discovery::groups(api::groups()),
            ["apis", group] => discovery::group(named(group)),
            ["apis", group, name] => version(named(group), name),
            _ => panic!("no such document: {path}"),
        };
        assert_eq!(got.to_string(), want.to_string(), "{path}");
    }
    assert!(recorded.len() > 40);
}

#[test]
fn aggregated_documents_are_those_that_were_recorded() {
    let Some(recorded) = recorded("discovery-aggregated-1.35.4.json") else { return };
    let (core, others) = api::groups().split_first().expect("the core group is served");
    assert_eq!(discovery::aggregated([core]).to_string(), recorded["/api"].to_string());
    assert_eq!(discovery::aggregated(others).to_string(), recorded["/apis"].to_string());
}
