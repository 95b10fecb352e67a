//! The first file from what holds today is a test file, and all of it holds.

use expect_test::expect;
use portcullis_object::{Input, Limits, Object, load};
use portcullis_sectest::{Given, Results, Status, init, read, run};
use portcullis_snapshot::{Settings, Snapshot};

use crate::support::{File, repository};
use crate::{shown, today};

/// The first file for these objects, and what comes of it when it is run against them.
fn first(objects: &[Object]) -> (String, Results) {
    let settings = Settings::default();
    let (snapshot, _) = Snapshot::build(objects, &[], &settings);
    let text = init(&snapshot, &["k8s/"]);
    let input = Input { name: "first".into(), bytes: text.clone().into_bytes() };
    let loaded = load(vec![input], &Limits::default());
    assert_eq!(loaded.diagnostics, [], "{text}");
    let given = Given { objects, unreadable: &[], settings: &settings, today: today() };
    (text, run(&read(&loaded.objects, &[]), &given))
}

#[track_caller]
fn check(yaml: &str, want: expect_test::Expect) {
    let input = Input { name: "k8s".into(), bytes: yaml.into() };
    let (text, results) = first(&load(vec![input], &Limits::default()).objects);
    for outcome in &results.outcomes {
        assert_eq!(outcome.status, Status::Pass, "{}\n{}\n{text}", outcome.title, shown(outcome));
    }
    want.assert_eq(&text);
}

#[test]
fn a_small_shop() {
    check(
        "
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: c, image: i, ports: [{containerPort: 80}, {containerPort: 9000}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: shop, labels: {app: db}}
spec: {containers: [{name: c, image: i, ports: [{containerPort: 5432}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: probe, namespace: dev}
spec: {containers: [{name: c, image: i}]}
---
apiVersion: v1
kind: Pod
metadata: {name: open, namespace: dev}
spec: {containers: [{name: c, image: i, ports: [{containerPort: 80}]}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: shop, namespace: shop}
spec: {podSelector: {}, ingress: [{from: [{namespaceSelector: {}}], ports: [{port: 80}]}]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: admins, namespace: shop}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: admin}
subjects: [{kind: Group, name: 'team: shop'}]
",
        expect![[r##"
            # What holds today. Strike what should not hold, keep the rest, and say what is missing.
            apiVersion: portcullis.dev/v1alpha1
            kind: SecurityTest
            metadata:
              name: today
            cluster:
              sources:
              - k8s/
            assert:
            # --- Who alone reaches each workload ---
            - only pod/dev/open:80, pod/dev/probe:80, pod/shop/db:80 -> pod/shop/web
            - "only [] -> pod/shop/db"
            # dev/probe is not asked about: no port is said, and dev/probe declares none
            # dev/open is open to every workload here: should it be?
            # --- Who may write policy, besides those whom every server lets ---
            - who: {can: [create, update, patch, delete], what: networkpolicies.networking.k8s.io, scope: anywhere, builtIn: false}
              exactly:
              - "group/team: shop"
            - who: {can: [create, update, patch, delete], what: rolebindings.rbac.authorization.k8s.io, scope: anywhere, builtIn: false}
              exactly:
              - "group/team: shop"
            - who: {can: [create, update, patch, delete], what: clusterrolebindings.rbac.authorization.k8s.io, scope: anywhere, builtIn: false}
              exactly: []
            - who: {can: [create, update, patch, delete], what: roles.rbac.authorization.k8s.io, scope: anywhere, builtIn: false}
              exactly:
              - "group/team: shop"
            - who: {can: [create, update, patch, delete], what: clusterroles.rbac.authorization.k8s.io, scope: anywhere, builtIn: false}
              exactly: []
        "##]],
    );
}

#[test]
fn nothing_at_all_still_says_who_may_write_policy() {
    check(
        "",
        expect![[r#"
        # What holds today. Strike what should not hold, keep the rest, and say what is missing.
        apiVersion: portcullis.dev/v1alpha1
        kind: SecurityTest
        metadata:
          name: today
        cluster:
          sources:
          - k8s/
        assert:
        # --- Who alone reaches each workload ---
        # --- Who may write policy, besides those whom every server lets ---
        - who: {can: [create, update, patch, delete], what: networkpolicies.networking.k8s.io, scope: anywhere, builtIn: false}
          exactly: []
        - who: {can: [create, update, patch, delete], what: rolebindings.rbac.authorization.k8s.io, scope: anywhere, builtIn: false}
          exactly: []
        - who: {can: [create, update, patch, delete], what: clusterrolebindings.rbac.authorization.k8s.io, scope: anywhere, builtIn: false}
          exactly: []
        - who: {can: [create, update, patch, delete], what: roles.rbac.authorization.k8s.io, scope: anywhere, builtIn: false}
          exactly: []
        - who: {can: [create, update, patch, delete], what: clusterroles.rbac.authorization.k8s.io, scope: anywhere, builtIn: false}
          exactly: []
    "#]],
    );
}

#[test]
fn what_is_in_doubt_is_accepted_with_the_reason() {
    check(
        "
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: x}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
subjects: [{kind: user, name: jane}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: n, namespace: shop}
spec: {podSelector: {}, ingress: [{ports: [{port: 99999}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop}
spec: {containers: [{name: c, image: i, ports: [{containerPort: 80}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: shop}
spec: {containers: [{name: c, image: i, ports: [{containerPort: 80}]}]}
",
        expect![[r##"
            # What holds today. Strike what should not hold, keep the rest, and say what is missing.
            apiVersion: portcullis.dev/v1alpha1
            kind: SecurityTest
            metadata:
              name: today
            cluster:
              sources:
              - k8s/
            assert:
            # --- Who alone reaches each workload ---
            # shop/web is reached by somebody or not, depending on what is not known
            # shop/db is reached by somebody or not, depending on what is not known
            # --- Who may write policy, besides those whom every server lets ---
            - who: {can: [create, update, patch, delete], what: networkpolicies.networking.k8s.io, scope: anywhere, builtIn: false}
              exactly: []
              accept: unknown
              reason: "somebody else may be one: ClusterRoleBinding x is in doubt: it would be refused: `user` is not a kind of subject"
            - who: {can: [create, update, patch, delete], what: rolebindings.rbac.authorization.k8s.io, scope: anywhere, builtIn: false}
              exactly: []
              accept: unknown
              reason: "somebody else may be one: ClusterRoleBinding x is in doubt: it would be refused: `user` is not a kind of subject"
            - who: {can: [create, update, patch, delete], what: clusterrolebindings.rbac.authorization.k8s.io, scope: anywhere, builtIn: false}
              exactly: []
              accept: unknown
              reason: "somebody else may be one: ClusterRoleBinding x is in doubt: it would be refused: `user` is not a kind of subject"
            - who: {can: [create, update, patch, delete], what: roles.rbac.authorization.k8s.io, scope: anywhere, builtIn: false}
              exactly: []
              accept: unknown
              reason: "somebody else may be one: ClusterRoleBinding x is in doubt: it would be refused: `user` is not a kind of subject"
            - who: {can: [create, update, patch, delete], what: clusterroles.rbac.authorization.k8s.io, scope: anywhere, builtIn: false}
              exactly: []
              accept: unknown
              reason: "somebody else may be one: ClusterRoleBinding x is in doubt: it would be refused: `user` is not a kind of subject"
        "##]],
    );
}

#[test]
fn the_boutique() {
    let file = File::open(&repository("examples/boutique").join("boutique.sectest.yaml"));
    let (text, results) = first(&file.objects);
    for outcome in &results.outcomes {
        assert_eq!(outcome.status, Status::Pass, "{}\n{}\n{text}", outcome.title, shown(outcome));
    }
    // Every workload with a port is kept from somebody there.
    assert!(
        text.contains("- only deployment/default/cartservice -> deployment/default/redis-cart\n"),
        "{text}"
    );
}
