//! Which pods stand for which templates.

use portcullis_object::{Input, Limits, load};
use portcullis_snapshot::{Settings, Snapshot, WorkloadState};

/// The names of what stands for the ReplicaSet `a/web` of these documents.
#[track_caller]
fn check(documents: &[&str], want: &[&str]) {
    let bytes = documents.join("---\n").into_bytes();
    let loaded = load(vec![Input { name: "a.yaml".into(), bytes }], &Limits::default());
    assert!(loaded.diagnostics.is_empty(), "{:?}", loaded.diagnostics);
    let (snapshot, _) = Snapshot::build(&loaded.objects, &[], &Settings::default());
    let found = snapshot.workloads_named(Some("ReplicaSet"), "a", "web");
    let [(id, _)] = found.as_slice() else { panic!("{found:?}") };
    let standing = snapshot.standing_for(*id);
    let names: Vec<&str> = standing.iter().map(|id| snapshot.workload(*id).name.as_str()).collect();
    assert_eq!(names, want);
    let endpoint = |id| matches!(snapshot.workload(id).state, WorkloadState::Endpoint(_));
    assert!(standing.into_iter().all(endpoint));
}

/// A ReplicaSet that says it was made from this one.
fn replica_set(owner: &str) -> String {
    format!(
        "apiVersion: apps/v1
kind: ReplicaSet
metadata:
  name: web
  namespace: a
  ownerReferences: [{{apiVersion: apps/v1, kind: ReplicaSet, name: {owner}, uid: u, controller: true}}]
spec: {{selector: {{matchLabels: {{app: web}}}}, template: {{metadata: {{labels: {{app: web}}}}, spec: {{containers: [{{name: c, image: i}}]}}}}}}
"
    )
}

const POD: &str = "apiVersion: v1
kind: Pod
metadata:
  name: one
  namespace: a
  ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web, uid: u, controller: true}]
spec: {containers: [{name: c, image: i}]}
";

#[test]
fn pods_stand_for_what_they_were_made_from() {
    check(&[&replica_set("other"), POD], &["one"]);
    check(&[&replica_set("other")], &["web"]);
}

#[test]
fn a_template_that_names_itself_was_made_from_nothing_and_has_its_pods() {
    check(&[&replica_set("web"), POD], &["one"]);
    check(&[POD, &replica_set("web")], &["one"]);
    check(&[&replica_set("web")], &["web"]);
}
