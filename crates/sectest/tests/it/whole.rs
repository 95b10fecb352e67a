//! Whole files: what stands around assertions, steps, places, what is not known.

use expect_test::{Expect, expect};
use portcullis_core::Place;
use portcullis_object::{Input, Limits, Sources, load};
use portcullis_sectest::{Outcome, Results, Trace, read, sources, yaml_of_case};

use crate::{judge, judge_loaded, judge_with, load_both, shown};

const HEAD: &str = "apiVersion: portcullis.dev/v1alpha1\nkind: SecurityTest\nmetadata: {name: t}\n";

const CLUSTER: &str = "\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: c, image: i, ports: [{containerPort: 80}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: shop, labels: {app: db}}
spec: {containers: [{name: c, image: i, ports: [{containerPort: 5432}]}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec:
  podSelector: {matchLabels: {app: db}}
  ingress:
  - from: [{podSelector: {matchLabels: {app: web}}}]
    ports: [{port: 5432}]
";

/// The text that a place underlines.
fn underlined(place: Option<&Place>, sources: &Sources) -> String {
    let Some(place) = place else { return "nothing".into() };
    let located = sources.locate(place).expect("a place in a document");
    let text = sources.file_text(place.document());
    let text = text.get(located.range.clone()).expect("within the file");
    let line = text.lines().next().unwrap_or("").trim();
    format!("{}:{}: {line}", located.input, located.line).trim_end().to_owned()
}

/// Every outcome of a file: test, title, what came of it, and what is underlined.
#[track_caller]
fn check(text: &str, want: Expect) {
    check_results(judge_with(text, CLUSTER), want);
}

#[track_caller]
fn check_results((results, sources): (Results, Sources), want: Expect) {
    let line = |o: &Outcome| {
        format!(
            "[{}] {}\n{}  at {}\n",
            o.test,
            o.title,
            shown(o),
            underlined(o.place.as_ref(), &sources)
        )
    };
    want.assert_eq(&results.outcomes.iter().map(line).collect::<String>());
}

#[test]
fn a_file_that_asserts_nothing_fails() {
    check(
        "",
        expect![[r#"
        [] the file
        malformed: the file asserts nothing
          help: a test is an object of kind SecurityTest, portcullis.dev/v1alpha1
          at nothing
    "#]],
    );
    check(
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n",
        expect![[r#"
        [] the file
        malformed: the file asserts nothing
          help: a test is an object of kind SecurityTest, portcullis.dev/v1alpha1
          at t.sectest.yaml:1: apiVersion: v1
    "#]],
    );
    check(
        HEAD,
        expect![[r#"
        [t] the test
        malformed: the test asserts nothing
          help: add `assert:`
          at t.sectest.yaml:1: apiVersion: portcullis.dev/v1alpha1
    "#]],
    );
    check(
        &format!("{HEAD}assert: []\n"),
        expect![[r#"
        [t] the test
        malformed: an empty list asserts nothing
          at t.sectest.yaml:4: []
    "#]],
    );
    check(
        &format!("{HEAD}steps: []\n"),
        expect![[r#"
        [t] the test
        malformed: the test asserts nothing
          help: add `assert:`
          at t.sectest.yaml:1: apiVersion: portcullis.dev/v1alpha1
    "#]],
    );
}

#[test]
fn a_document_that_cannot_be_read_may_have_been_a_test() {
    let text = format!(
        "{HEAD}assert: ['shop/web -> shop/db:5432 allow']\n---\n{HEAD}assert: [* -> a deny]\n"
    );
    check_results(
        judge_loaded(load_both(&text, CLUSTER)),
        expect![[r#"
            [] the file
            malformed: a document of the file cannot be read
              help: what it asserts, if it is a test, is not judged
              at t.sectest.yaml:5:
            [t] shop/web -> shop/db:5432 allow
            pass: shop/web -> shop/db tcp/5432 is allowed: rule 0 of KubernetesNetworkPolicy shop/db allows tcp/5432 from shop/web
              at t.sectest.yaml:4: 'shop/web -> shop/db:5432 allow'
        "#]],
    );
}

#[test]
fn what_a_file_may_not_say() {
    let line = "assert: [shop/web -> shop/db:5432 allow]\n";
    check(
        &format!(
            "apiVersion: portcullis.dev/v1\nkind: SecurityTest\nmetadata: {{name: t}}\n{line}"
        ),
        expect![[r#"
            [] the file
            malformed: version `v1` is not known
              help: write portcullis.dev/v1alpha1
              at t.sectest.yaml:1: portcullis.dev/v1
        "#]],
    );
    check(
        &format!(
            "apiVersion: portcullis.dev/v1alpha1\nkind: SecurityTests\nmetadata: {{name: t}}\n{line}"
        ),
        expect![[r#"
            [] the file
            malformed: there is no kind `SecurityTests` here
              help: did you mean `SecurityTest`?
              at t.sectest.yaml:2: SecurityTests
        "#]],
    );
    check(
        &format!("apiVersion: v1\nkind: SecurityTest\nmetadata: {{name: t}}\n{line}"),
        expect![[r#"
            [] the file
            malformed: a SecurityTest of `v1`
              help: write portcullis.dev/v1alpha1
              at t.sectest.yaml:1: v1
        "#]],
    );
    check(
        &format!("apiVersion: portcullis.dev/v1alpha1\nkind: SecurityTest\n{line}"),
        expect![[r#"
        [] the test
        malformed: the test has no name
          help: add metadata: {name: …}
          at t.sectest.yaml:1: apiVersion: portcullis.dev/v1alpha1
        [] shop/web -> shop/db:5432 allow
        pass: shop/web -> shop/db tcp/5432 is allowed: rule 0 of KubernetesNetworkPolicy shop/db allows tcp/5432 from shop/web
          at t.sectest.yaml:3: shop/web -> shop/db:5432 allow
    "#]],
    );
    check(
        &format!("{HEAD}asert: [x]\n{line}"),
        expect![[r#"
        [t] the test
        malformed: there is no field `asert` here
          help: did you mean `assert`?
          at t.sectest.yaml:4: asert
        [t] shop/web -> shop/db:5432 allow
        pass: shop/web -> shop/db tcp/5432 is allowed: rule 0 of KubernetesNetworkPolicy shop/db allows tcp/5432 from shop/web
          at t.sectest.yaml:5: shop/web -> shop/db:5432 allow
    "#]],
    );
    check(
        &format!("{HEAD}cluster: {{overlay: [x]}}\n{line}"),
        expect![[r#"
        [t] the test
        malformed: `overlay` comes later
          help: a test claims today what RBAC allows and which connections pass
          at t.sectest.yaml:4: overlay
        [t] shop/web -> shop/db:5432 allow
        pass: shop/web -> shop/db tcp/5432 is allowed: rule 0 of KubernetesNetworkPolicy shop/db allows tcp/5432 from shop/web
          at t.sectest.yaml:5: shop/web -> shop/db:5432 allow
    "#]],
    );
    check(
        &format!("{HEAD}cluster: {{settings: {{webhooks: {{}}}}}}\n{line}"),
        expect![[r#"
        [t] the test
        malformed: `webhooks` comes later
          help: a test claims today what RBAC allows and which connections pass
          at t.sectest.yaml:4: webhooks
        [t] shop/web -> shop/db:5432 allow
        pass: shop/web -> shop/db tcp/5432 is allowed: rule 0 of KubernetesNetworkPolicy shop/db allows tcp/5432 from shop/web
          at t.sectest.yaml:5: shop/web -> shop/db:5432 allow
    "#]],
    );
    check(
        &format!("{HEAD}cluster: {{settings: {{podNetworks: [ten]}}}}\n{line}"),
        expect![[r#"
        [t] the test
        malformed: `ten` is no network such as 10.0.0.0/8
          at t.sectest.yaml:4: ten
        [t] shop/web -> shop/db:5432 allow
        pass: shop/web -> shop/db tcp/5432 is allowed: rule 0 of KubernetesNetworkPolicy shop/db allows tcp/5432 from shop/web
          at t.sectest.yaml:5: shop/web -> shop/db:5432 allow
    "#]],
    );
    check(
        &format!("{HEAD}cluster: {{fixtures: [{{pod: {{name: p, lables: {{}}}}}}]}}\n{line}"),
        expect![[r#"
            [t] the test
            malformed: there is no field `lables` here
              help: did you mean `labels`?
              at t.sectest.yaml:4: lables
            [t] shop/web -> shop/db:5432 allow
            pass: shop/web -> shop/db tcp/5432 is allowed: rule 0 of KubernetesNetworkPolicy shop/db allows tcp/5432 from shop/web
              at t.sectest.yaml:5: shop/web -> shop/db:5432 allow
        "#]],
    );
    check(
        &format!("{HEAD}cluster: {{fixtures: [{{pod: {{name: p, ports: [http]}}}}]}}\n{line}"),
        expect![[r#"
            [t] the test
            malformed: a port is written 80 or 53/udp
              at t.sectest.yaml:4: http
            [t] shop/web -> shop/db:5432 allow
            pass: shop/web -> shop/db tcp/5432 is allowed: rule 0 of KubernetesNetworkPolicy shop/db allows tcp/5432 from shop/web
              at t.sectest.yaml:5: shop/web -> shop/db:5432 allow
        "#]],
    );
    check(
        &format!("{HEAD}cluster: {{fixtures: [{{pod: {{name: db, namespace: shop}}}}]}}\n{line}"),
        expect![[r#"
            [t] the test
            malformed: Pod shop/db is there already: a fixture adds to the sources
              at t.sectest.yaml:4: {name: db, namespace: shop}
            [t] shop/web -> shop/db:5432 allow
            pass: shop/web -> shop/db tcp/5432 is allowed: rule 0 of KubernetesNetworkPolicy shop/db allows tcp/5432 from shop/web
              at t.sectest.yaml:5: shop/web -> shop/db:5432 allow
        "#]],
    );
    check(
        &format!("{HEAD}cluster: {{fixtures: [{{ip: {{office: 10.0.0.0/8}}}}]}}\n{line}"),
        expect![[r#"
            [t] the test
            malformed: `10.0.0.0/8` is not an address
              help: a whole network comes later: name one address of it
              at t.sectest.yaml:4: 10.0.0.0/8
            [t] shop/web -> shop/db:5432 allow
            pass: shop/web -> shop/db tcp/5432 is allowed: rule 0 of KubernetesNetworkPolicy shop/db allows tcp/5432 from shop/web
              at t.sectest.yaml:5: shop/web -> shop/db:5432 allow
        "#]],
    );
    check(
        &format!("{HEAD}cluster: {{fixtures: [{{ip: {{7up: 10.0.0.1}}}}]}}\n{line}"),
        expect![[r#"
            [t] the test
            malformed: `7up` is no name: letters first, then digits and dashes too
              at t.sectest.yaml:4: 7up
            [t] shop/web -> shop/db:5432 allow
            pass: shop/web -> shop/db tcp/5432 is allowed: rule 0 of KubernetesNetworkPolicy shop/db allows tcp/5432 from shop/web
              at t.sectest.yaml:5: shop/web -> shop/db:5432 allow
        "#]],
    );
    check(
        &format!("{HEAD}cluster: {{fixtures: [{{}}]}}\n{line}"),
        expect![[r#"
        [t] the test
        malformed: a fixture says pod, ip or user, or is an object
          at t.sectest.yaml:4: {}
        [t] shop/web -> shop/db:5432 allow
        pass: shop/web -> shop/db tcp/5432 is allowed: rule 0 of KubernetesNetworkPolicy shop/db allows tcp/5432 from shop/web
          at t.sectest.yaml:5: shop/web -> shop/db:5432 allow
    "#]],
    );
}

#[test]
fn sources_are_listed_once_and_as_written() {
    let cluster = "cluster: {sources: [../k8s/, '-', ../k8s/]}\n";
    let text = format!("{HEAD}{cluster}---\n{HEAD}cluster: {{sources: git:main:k8s}}\n");
    let loaded = load(vec![Input { name: "t".into(), bytes: text.into() }], &Limits::default());
    let suite = read(&loaded.objects, &loaded.unreadable);
    let found: Vec<String> =
        sources(&suite).iter().map(|s| format!("{} {}", s.text, s.origin.path)).collect();
    assert_eq!(
        found,
        ["../k8s/ cluster.sources[0]", "- cluster.sources[1]", "git:main:k8s cluster.sources"]
    );
}

#[test]
fn groups_hand_down_their_name_and_conditions() {
    check(
        &format!(
            "{HEAD}assert:\n- name: outer\n  skip: {{reason: r, until: 2026-12-31}}\n  assert:\n  - name: inner\n    \
             assert: [shop/web -> shop/db:5432 allow]\n  - bad\n"
        ),
        expect![[r#"
            [t] outer: inner: shop/web -> shop/db:5432 allow
            skipped: until 2026-12-31: r
              at t.sectest.yaml:9: shop/web -> shop/db:5432 allow
            [t] outer: bad
            malformed: `bad` claims nothing that is known
              help: write `user/jane can get pods in shop`, `who can delete pods exactly group/ops` or `shop/cart -> shop/db:5432 deny`
              at t.sectest.yaml:10: bad
        "#]],
    );
}

#[test]
fn the_namespace_of_a_test_is_that_of_what_names_none() {
    check(
        "apiVersion: portcullis.dev/v1alpha1\nkind: SecurityTest\nmetadata: {name: t, namespace: shop}\n\
         assert:\n- web -> db:5432 allow\n- app=web -> other/app=db:80 deny\n- user/x cannot get pods\n",
        expect![[r#"
            [t] shop/web -> shop/db:5432 allow
            pass: shop/web -> shop/db tcp/5432 is allowed: rule 0 of KubernetesNetworkPolicy shop/db allows tcp/5432 from shop/web
              at t.sectest.yaml:5: web -> db:5432 allow
            [t] shop/app=web -> other/app=db:80 deny
            malformed: there is no pod with app=db in namespace `other`
              at t.sectest.yaml:6: app=web -> other/app=db:80 deny
            [t] user/x cannot get pods
            malformed: no binding and no fixture names user `x`
              at t.sectest.yaml:7: user/x cannot get pods
        "#]],
    );
}

#[test]
fn settings_change_the_cluster() {
    let line = "assert: ['who can get nodes count 1..']\n";
    check(
        &format!("{HEAD}{line}"),
        expect![[r#"
        [t] who can get nodes count 1..
        pass: 9 holders
          at t.sectest.yaml:4: 'who can get nodes count 1..'
    "#]],
    );
    check(
        &format!("{HEAD}cluster: {{settings: {{bootstrap: false}}}}\n{line}"),
        expect![[r#"
        [t] who can get nodes count 1..
        fail: nobody can get nodes in the cluster
          at t.sectest.yaml:5: 'who can get nodes count 1..'
    "#]],
    );
    let all = "cluster:\n  settings:\n    namespace: shop\n    intake: stored\n    refused: absent\n    \
               aggregation: as-stored\n    podNetworks: [10.0.0.0/8]\n    resolve: {a.example: 10.1.1.1}\n    \
               without: [CiliumNetworkPolicy]\n";
    check(
        &format!("{HEAD}{all}assert: ['web -> db:5432 allow']\n"),
        expect![[r#"
        [t] web -> db:5432 allow
        pass: shop/web -> shop/db tcp/5432 is allowed: rule 0 of KubernetesNetworkPolicy shop/db allows tcp/5432 from shop/web
          at t.sectest.yaml:13: 'web -> db:5432 allow'
    "#]],
    );
}

#[test]
fn steps_patch_one_upon_the_other() {
    check(
        &format!(
            "{HEAD}assert: ['shop/web -> shop/db:5432 allow']\nsteps:\n\
             - patch: {{pod/shop/web: {{metadata: {{labels: {{app: other}}}}}}}}\n  assert: ['shop/web -> shop/db:5432 deny by shop/db']\n\
             - patch: {{netpol/shop/db: {{spec: {{ingress: null}}}}, pod/shop/web: {{metadata: {{labels: {{app: web}}}}}}}}\n  \
             assert: ['shop/web -> shop/db:5432 deny', 'shop/web -> shop/db:5432 allow']\n"
        ),
        expect![[r#"
            [t] shop/web -> shop/db:5432 allow
            pass: shop/web -> shop/db tcp/5432 is allowed: rule 0 of KubernetesNetworkPolicy shop/db allows tcp/5432 from shop/web
              at t.sectest.yaml:4: 'shop/web -> shop/db:5432 allow'
            [t] step 1: shop/web -> shop/db:5432 deny by policy/shop/db
            pass: shop/web -> shop/db tcp/5432 is denied: KubernetesNetworkPolicy shop/db selects shop/db, and no rule of tier default allows tcp/5432 from shop/web
              at t.sectest.yaml:7: 'shop/web -> shop/db:5432 deny by shop/db'
            [t] step 2: shop/web -> shop/db:5432 deny
            pass: shop/web -> shop/db tcp/5432 is denied: KubernetesNetworkPolicy shop/db selects shop/db, and no rule of tier default allows tcp/5432 from shop/web
              at t.sectest.yaml:9: 'shop/web -> shop/db:5432 deny'
            [t] step 2: shop/web -> shop/db:5432 allow
            fail: shop/web -> shop/db tcp/5432 is denied: KubernetesNetworkPolicy shop/db selects shop/db, and no rule of tier default allows tcp/5432 from shop/web
              at t.sectest.yaml:9: 'shop/web -> shop/db:5432 allow'
        "#]],
    );
}

#[test]
fn a_patch_changes_one_object_there_is() {
    let step = |patch: &str| {
        format!("{HEAD}steps:\n- patch: {patch}\n  assert: ['shop/web -> shop/db:5432 allow']\n")
    };
    check(
        &step("{pod/shop/weg: {metadata: {labels: {app: x}}}}"),
        expect![[r#"
        [t] the test
        malformed: there is no `pod/shop/weg`
          help: did you mean `pod/shop/web`?
          at t.sectest.yaml:5: pod/shop/weg
        [t] step 1: shop/web -> shop/db:5432 allow
        malformed: not judged, as a patch before it cannot be applied
          at t.sectest.yaml:6: 'shop/web -> shop/db:5432 allow'
    "#]],
    );
    check(
        &step("{pod/shop/web: {metadata: {labels: {app: web}}}}"),
        expect![[r#"
        [t] the test
        malformed: the patch changes nothing
          at t.sectest.yaml:5: pod/shop/web
        [t] step 1: shop/web -> shop/db:5432 allow
        malformed: not judged, as a patch before it cannot be applied
          at t.sectest.yaml:6: 'shop/web -> shop/db:5432 allow'
    "#]],
    );
    check(
        &step("{pod/shop/web: {metadata: {name: other}}}"),
        expect![[r#"
        [t] the test
        malformed: the patch would make it another object
          at t.sectest.yaml:5: pod/shop/web
        [t] step 1: shop/web -> shop/db:5432 allow
        malformed: not judged, as a patch before it cannot be applied
          at t.sectest.yaml:6: 'shop/web -> shop/db:5432 allow'
    "#]],
    );
    check(
        &step("{pod/shop/web: {kind: null}}"),
        expect![[r#"
        [t] the test
        malformed: the patch would make it another object
          at t.sectest.yaml:5: pod/shop/web
        [t] step 1: shop/web -> shop/db:5432 allow
        malformed: not judged, as a patch before it cannot be applied
          at t.sectest.yaml:6: 'shop/web -> shop/db:5432 allow'
    "#]],
    );
    check(
        &step("{pod: {}}"),
        expect![[r#"
        [t] the test
        malformed: `pod` names no object
          help: write KIND/NAME or KIND/NAMESPACE/NAME
          at t.sectest.yaml:5: pod
        [t] step 1: shop/web -> shop/db:5432 allow
        malformed: not judged, as a patch before it cannot be applied
          at t.sectest.yaml:6: 'shop/web -> shop/db:5432 allow'
    "#]],
    );
    check(
        &step("{}"),
        expect![[r#"
        [t] the test
        malformed: an empty patch changes nothing
          at t.sectest.yaml:5: {}
    "#]],
    );
    check(
        &format!("{HEAD}steps:\n- patsch: {{}}\n"),
        expect![[r#"
        [t] the test
        malformed: there is no field `patsch` here
          help: did you mean `patch`?
          at t.sectest.yaml:5: patsch
    "#]],
    );
    check(
        &format!("{HEAD}steps:\n- patch: {{pod/shop/web: {{metadata: {{labels: null}}}}}}\n"),
        expect![[r#"
            [t] the test
            malformed: `assert` is missing
              at t.sectest.yaml:5: patch: {pod/shop/web: {metadata: {labels: null}}}
        "#]],
    );
}

/// What decides each counterexample, and where it stands.
#[track_caller]
fn check_origin(text: &str, want: Expect) {
    let (results, sources) = judge_with(text, CLUSTER);
    let mut shown = String::new();
    for example in results.outcomes.iter().filter_map(|o| o.counterexample.as_ref()) {
        let origin = match &example.trace {
            Trace::Flow(answer) => {
                let by = answer.flows.first().and_then(|flow| flow.ingress.decided_by.clone());
                by.and_then(|by| by.origin)
            }
            Trace::Access { reasons, .. } | Trace::Grants(reasons) => {
                reasons.first().and_then(|reason| reason.origin.clone())
            }
        };
        let place = origin.map(Place::At);
        let underlined = underlined(place.as_ref(), &sources);
        shown.push_str(&format!("{}\n  {underlined}\n", example.what));
    }
    want.assert_eq(&shown);
}

#[test]
fn a_counterexample_points_at_what_somebody_wrote() {
    let step = |patch: &str, line: &str| {
        format!("{HEAD}steps:\n- patch:\n    {patch}\n  assert: ['{line}']\n")
    };
    let denied = "shop/web -> shop/db:80 allow";
    check_origin(
        &format!("{HEAD}assert: ['{denied}']\n"),
        expect![[r#"
        shop/web -> shop/db tcp/80 is denied
          k8s.yaml:11: apiVersion: networking.k8s.io/v1
    "#]],
    );
    // What the patch does not touch stands in the source; what it says stands in the test.
    check_origin(
        &step("netpol/shop/db: {metadata: {labels: {a: b}}}", denied),
        expect![[r#"
        shop/web -> shop/db tcp/80 is denied
          k8s.yaml:11: apiVersion: networking.k8s.io/v1
    "#]],
    );
    check_origin(
        &step("netpol/shop/db: {metadata: {labels: {a: b}}}", "shop/web -> shop/db:5432 deny"),
        expect![[r#"
            shop/web -> shop/db tcp/5432 is allowed
              k8s.yaml:17: {podSelector: {matchLabels: {app: web}}}
        "#]],
    );
    check_origin(
        &step(
            "netpol/shop/db: {spec: {ingress: [{ports: [{port: 80}]}]}}",
            "shop/web -> shop/db:80 deny",
        ),
        expect![[r#"
            shop/web -> shop/db tcp/80 is allowed
              t.sectest.yaml:6: {ports: [{port: 80}]}
        "#]],
    );
    let fixture = "apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: all, namespace: shop}, \
                   spec: {podSelector: {}, ingress: [{ports: [{port: 80}]}]}";
    check_origin(
        &format!(
            "{HEAD}cluster:\n  fixtures:\n  - {{{fixture}}}\nassert: ['shop/web -> shop/db:80 deny']\n"
        ),
        expect![[r#"
            shop/web -> shop/db tcp/80 is allowed
              t.sectest.yaml:6: {ports: [{port: 80}]}
        "#]],
    );
}

#[test]
fn a_right_points_at_the_rule_that_gives_it() {
    let rules = "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: r}\n\
                 rules:\n- {apiGroups: [''], resources: [pods], verbs: [get]}\n\
                 ---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: b}\n\
                 roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: r}\n\
                 subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: jane}]\n";
    let assertions = "assert:\n- user/jane cannot get pods\n- who can get pods besides built-in exactly []\n\
                      steps:\n- patch:\n    clusterrole/r:\n      rules:\n\
                      \x20     - {apiGroups: [''], resources: [pods, nodes], verbs: [get]}\n  \
                      assert:\n  - user/jane cannot get nodes\n";
    check_origin(
        &format!("{HEAD}{assertions}{rules}"),
        expect![[r#"
        user/jane may get pods in default
          t.sectest.yaml:19: {apiGroups: [''], resources: [pods], verbs: [get]}
        user/jane can get pods in default, and is not listed: ClusterRoleBinding b grants ClusterRole r#0 to User jane
          t.sectest.yaml:19: {apiGroups: [''], resources: [pods], verbs: [get]}
        user/jane may get nodes in the cluster
          t.sectest.yaml:11: {apiGroups: [''], resources: [pods, nodes], verbs: [get]}
    "#]],
    );
}

#[test]
fn a_folder_of_sources_may_hold_the_test_file() {
    let test = format!("{HEAD}assert: ['shop/web -> shop/db:5432 allow']\n");
    let (results, _) = judge_with(&test, &format!("{CLUSTER}---\n{HEAD}assert: [nonsense]\n"));
    let statuses: Vec<String> = results.outcomes.iter().map(|o| o.status.to_string()).collect();
    assert_eq!(statuses, ["pass"]);
}

#[test]
fn what_is_wrong_with_a_fixture_is_said_at_its_place() {
    let fixture = "apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: x, namespace: shop}, \
                   spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: ten}}]}]}";
    let text = format!(
        "{HEAD}cluster:\n  fixtures:\n  - {{{fixture}}}\nassert: ['shop/db -> shop/web:80 allow']\n"
    );
    let (results, sources) = judge_with(&text, CLUSTER);
    let found: Vec<String> = results
        .diagnostics
        .iter()
        .map(|d| format!("{}: {}\n", d.message, underlined(d.place(), &sources)))
        .collect();
    expect![[r#"
        `ten` is not a network such as 10.0.0.0/8: t.sectest.yaml:6: ten
    "#]]
    .assert_eq(&found.concat());
}

#[test]
fn unknown_fails_unless_it_is_accepted() {
    // A policy that the API would refuse: what its author will do is not known.
    let refused = "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: x, namespace: shop}\n\
                   spec: {podSelector: {}, ingress: [{ports: [{port: 99999}]}]}\n";
    let text = |assertion: &str| format!("{HEAD}assert: [{assertion}]\n{refused}");
    check(
        &text("shop/db -> shop/web:80 allow"),
        expect![[r#"
        [t] shop/db -> shop/web:80 allow
        unknown: shop/db -> shop/web tcp/80 is unknown: it depends on what becomes of NetworkPolicy shop/x, which would be refused: port 99999 is not between 1 and 65535
          at t.sectest.yaml:4: shop/db -> shop/web:80 allow
    "#]],
    );
    check(
        &text("some shop/db -> shop/web:80 deny"),
        expect![[r#"
        [t] some shop/db -> shop/web:80 deny
        unknown: shop/db -> shop/web tcp/80 is unknown: it depends on what becomes of NetworkPolicy shop/x, which would be refused: port 99999 is not between 1 and 65535
          at t.sectest.yaml:4: some shop/db -> shop/web:80 deny
    "#]],
    );
    check(
        &text("'only [] -> shop/web:80'"),
        expect![[r#"
        [t] only [] -> shop/web:80
        unknown: shop/db -> shop/web tcp/80 is unknown: it depends on what becomes of NetworkPolicy shop/x, which would be refused: port 99999 is not between 1 and 65535
          at t.sectest.yaml:4: 'only [] -> shop/web:80'
    "#]],
    );
    check(
        &text(
            "{accept: unknown, reason: mended tomorrow, from: shop/db, to: 'shop/web:80', verdict: allow}",
        ),
        expect![[r#"
            [t] shop/db -> shop/web:80 allow
            pass: unknown, which is accepted: mended tomorrow
              at t.sectest.yaml:4: {accept: unknown, reason: mended tomorrow, from: shop/db, to: 'shop/web:80', verdict: allow}
        "#]],
    );
    // What is known to be wrong is not excused.
    check(
        &text(
            "{accept: unknown, reason: mended tomorrow, from: shop/db, to: 'ip/192.0.2.1:80', verdict: deny}",
        ),
        expect![[r#"
            [t] shop/db -> ip/192.0.2.1:80 deny
            fail: shop/db -> ip/192.0.2.1 tcp/80 is allowed: no policy selects shop/db for egress: everything is allowed
              at t.sectest.yaml:4: {accept: unknown, reason: mended tomorrow, from: shop/db, to: 'ip/192.0.2.1:80', verdict: deny}
        "#]],
    );
}

#[test]
fn doubtful_bindings_make_holders_unknown() {
    let broken = "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: x}\n\
                  roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}\n\
                  subjects: [{kind: user, name: jane}]\n";
    let text = |assertion: &str| {
        format!(
            "{HEAD}cluster: {{settings: {{bootstrap: false}}}}\nassert: ['{assertion}']\n{broken}"
        )
    };
    check(
        &text("who can get pods exactly []"),
        expect![[r#"
        [t] who can get pods exactly []
        unknown: somebody else may be one: ClusterRoleBinding x is in doubt: it would be refused: `user` is not a kind of subject
          at t.sectest.yaml:5: 'who can get pods exactly []'
    "#]],
    );
    check(
        &text("who can get pods superset user/jane"),
        expect![[r#"
        [t] who can get pods superset user/jane
        unknown: user/jane is listed, and nothing lets them get pods in default
          at t.sectest.yaml:5: 'who can get pods superset user/jane'
    "#]],
    );
    check(
        &text("group/system:authenticated cannot get pods"),
        expect![[r#"
        [t] group/system:authenticated cannot get pods
        unknown: group/system:authenticated may or may not get pods in default: ClusterRoleBinding x is in doubt: it would be refused: `user` is not a kind of subject
          at t.sectest.yaml:5: 'group/system:authenticated cannot get pods'
    "#]],
    );
}

#[test]
fn a_case_keeps_the_lines_of_its_prose() {
    let prose = format!(
        "# Shut\n\nProse.\n\n```yaml\n{CLUSTER}```\n\nMore.\n\n```yaml\n{HEAD}assert:\n- shop/web -> shop/db:80 allow\n```\n"
    );
    let yaml = String::from_utf8(yaml_of_case(prose.as_bytes())).expect("text");
    let (results, sources) = judge(&yaml);
    let outcome = &results.outcomes[0];
    let line = |place: &Place| sources.locate(place).expect("a line").line;
    let want = prose.lines().position(|line| line.contains("db:80")).expect("there") + 1;
    assert_eq!(outcome.place.as_ref().map(line), Some(want));
}

#[test]
fn what_was_assumed_is_said_once() {
    let (results, _) = judge_with(
        &format!(
            "{HEAD}assert: ['shop/web -> shop/db:5432 allow', 'shop/db -> shop/web:80 allow']\n"
        ),
        CLUSTER,
    );
    let assumed: Vec<&str> = results.assumed.iter().map(|a| a.what.as_str()).collect();
    expect![[r#"
        pod shop/web is one running pod whose address is not known
        namespace shop is not given: it has its automatic label only
        pod shop/db is one running pod whose address is not known
    "#]]
    .assert_eq(&format!("{}\n", assumed.join("\n")));
}

#[test]
fn who_is_not_asked_about_is_said() {
    let probe = "---\napiVersion: v1\nkind: Pod\nmetadata: {name: probe, namespace: shop}\n\
                 spec: {containers: [{name: c, image: i}]}\n";
    let text = format!("{HEAD}assert: ['shop/web -> shop/* allow except to shop/db']\n{probe}");
    let (results, _) = judge_with(&text, CLUSTER);
    let skipped: Vec<&str> = results.skipped.iter().map(|s| s.why.as_str()).collect();
    assert_eq!(
        skipped,
        ["pod/shop/probe: connections to it are not asked about, as it declares no port"]
    );
}
