use super::*;
use crate::api;
use crate::own;

fn served() -> Vec<&'static Group> {
    api::groups().iter().collect()
}

fn document(path: &str) -> Value {
    serde_json::from_slice(&v3(&served(), path).expect("there is one")).expect("it is JSON")
}

#[test]
fn every_document_of_the_index_is_there_and_whole() {
    let mut served = served();
    served.push(own::group());
    let index = v3_index(&served, "f");
    for (path, at) in index["paths"].as_object().expect("an object") {
        assert_eq!(at["serverRelativeURL"], format!("/openapi/v3/{path}?hash=f"));
        let bytes = v3(&served, path).expect("there is one");
        let document: Value = serde_json::from_slice(&bytes).expect("it is JSON");
        let schemas = document["components"]["schemas"].as_object().expect("an object");
        let mut referred = BTreeSet::new();
        references(&document, Speech::V3, &mut referred);
        for name in referred {
            assert!(schemas.contains_key(&name), "{path}: {name}");
        }
    }
    for absent in ["", "api/v2", "apis/nosuch", "apis/apps/v9", "apis//v1", "api/apps/v1"] {
        assert!(v3(&served, absent).is_none(), "{absent}");
    }
}

#[test]
fn what_kubectl_looks_for_is_there() {
    let apps = document("apis/apps/v1");
    let path = "/apis/apps/v1/namespaces/{namespace}/deployments/{name}";
    let patch = &apps["paths"][path]["patch"];
    let names: Vec<&str> = patch["parameters"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|parameter| parameter["name"].as_str())
        .collect();
    assert_eq!(names, ["dryRun", "fieldManager", "fieldValidation", "force"]);
    assert_eq!(patch["x-kubernetes-group-version-kind"]["kind"], "Deployment");
    let pod = &apps["components"]["schemas"]["io.k8s.api.core.v1.PodSpec"];
    let containers = &pod["properties"]["containers"];
    assert_eq!(containers["x-kubernetes-patch-merge-key"], "name");
    assert_eq!(containers["x-kubernetes-patch-strategy"], "merge");
}

#[test]
fn version_two_is_whole_and_says_the_same_in_both_forms() {
    let document: Value = serde_json::from_slice(&v2(&served())).expect("it is JSON");
    let definitions = document["definitions"].as_object().expect("an object");
    let mut referred = BTreeSet::new();
    references(&document, Speech::V2, &mut referred);
    for name in &referred {
        assert!(definitions.contains_key(name), "{name}");
    }
    let protobuf = v2_protobuf(&served());
    let text = String::from_utf8_lossy(&protobuf);
    for name in definitions.keys().chain(document["paths"].as_object().expect("an object").keys()) {
        assert!(text.contains(name), "{name}");
    }
    let names: Vec<&String> = document["paths"].as_object().expect("an object").keys().collect();
    assert!(names.len() > 350, "{}", names.len());
}
