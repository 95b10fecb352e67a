//! Who may do what, and why not.

use expect_test::expect;

use crate::support::check_access;

#[test]
fn allowed_by_a_binding_and_a_rule() {
    let policies = r#"
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader, namespace: shop}
rules:
- {apiGroups: [''], resources: [pods], verbs: [get]}
- {apiGroups: [''], resources: [pods/log], resourceNames: [web], verbs: [get]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: readers, namespace: shop}
subjects: [{kind: Group, name: devs, apiGroup: rbac.authorization.k8s.io}]
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
"#;
    check_access(
        policies,
        "jane get pods -n shop --as-group devs",
        expect![[r#"
            allow
              RoleBinding shop/readers grants Role shop/reader#0 to Group devs k8s:5
        "#]],
    );
    check_access(
        policies,
        "jane get pods/log -n shop --name web --as-group devs",
        expect![[r#"
            allow
              RoleBinding shop/readers grants Role shop/reader#1 to Group devs k8s:6
        "#]],
    );
    check_access(
        policies,
        "jane get pods/log -n shop --name db --as-group devs",
        expect![[r#"
            deny
              Role shop/reader#1, granted by RoleBinding shop/readers, has only the resource names "web" k8s:6
        "#]],
    );
    check_access(
        policies,
        "jane delete pods -n shop --as-group devs",
        expect![[r#"
            deny
              Role shop/reader#0, granted by RoleBinding shop/readers, has only the verbs "get" k8s:5
        "#]],
    );
    check_access(
        policies,
        "jane get pods -n dev --as-group devs",
        expect![[r#"
            deny
              RoleBinding shop/readers grants it, only in namespace shop k8s:5
              no binding in scope names the requester
        "#]],
    );
    check_access(
        policies,
        "jane get pods -n shop",
        expect![[r#"
            deny
              no binding in scope names the requester
        "#]],
    );
    check_access(
        policies,
        "jane get /healthz --as-group system:authenticated",
        expect![[r#"
            allow
              ClusterRoleBinding system:discovery grants ClusterRole system:discovery#0 to Group system:authenticated
              ClusterRoleBinding system:public-info-viewer grants ClusterRole system:public-info-viewer#0 to Group system:authenticated
        "#]],
    );
}

#[test]
fn masters_are_let_pass_before_anything_is_asked() {
    let policies = r#"
# nothing
"#;
    check_access(
        policies,
        "jane delete nodes --as-group system:masters",
        expect![[r#"
        allow
          members of system:masters are let pass before RBAC is asked
    "#]],
    );
    check_access(
        policies,
        "jane delete nodes",
        expect![[r#"
            deny
              no binding in scope names the requester
        "#]],
    );
}

#[test]
fn a_binding_to_no_role_is_named() {
    check_access(
        r#"
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: lost}
subjects: [{kind: User, name: jane, apiGroup: rbac.authorization.k8s.io}]
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: nowhere}
"#,
        "jane get pods -n shop",
        expect![[r#"
            deny
              ClusterRoleBinding lost grants ClusterRole nowhere to User jane, and there is no such role k8s:5
        "#]],
    );
}

#[test]
fn own_roles_are_gathered_into_the_ones_every_server_has() {
    let policies = r#"
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: gadgets, labels: {rbac.authorization.k8s.io/aggregate-to-edit: 'true'}}
rules: [{apiGroups: [example.com], resources: [gadgets], verbs: [create]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: editors, namespace: shop}
subjects: [{kind: User, name: jane, apiGroup: rbac.authorization.k8s.io}]
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: edit}
"#;
    check_access(
        policies,
        "jane create gadgets.example.com -n shop",
        expect![[r#"
            allow
              RoleBinding shop/editors grants ClusterRole edit#0 to User jane k8s:4
        "#]],
    );
    check_access(
        policies,
        "jane create pods -n shop",
        expect![[r#"
            allow
              RoleBinding shop/editors grants ClusterRole edit#3 to User jane
        "#]],
    );
    check_access(
        policies,
        "jane create gadgets.example.com -n dev",
        expect![[r#"
            deny
              RoleBinding shop/editors grants it, only in namespace shop k8s:4
              no binding in scope names the requester
        "#]],
    );
}

#[test]
fn a_refused_role_or_binding_could_lift_a_refusal() {
    let policies = r#"
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader, namespace: shop}
rules: [{apiGroups: [''], resources: [pods], verbs: []}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: readers, namespace: shop}
subjects: [{kind: User, name: jane, apiGroup: rbac.authorization.k8s.io}]
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: broken, namespace: dev}
subjects: [{kind: Robot, name: r2}]
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
"#;
    check_access(
        policies,
        "jane get pods -n shop",
        expect![[r#"
            unknown
              RoleBinding shop/readers grants Role reader to User jane, and there is no such role k8s:10
              in doubt: Role shop/reader: it would be refused: a rule has at least one verb k8s:1
        "#]],
    );
    check_access(
        policies,
        "john get pods -n shop",
        expect![[r#"
            deny
              no binding in scope names the requester
        "#]],
    );
    check_access(
        policies,
        "john get pods -n dev",
        expect![[r#"
            unknown
              no binding in scope names the requester
              in doubt: RoleBinding dev/broken: it would be refused: `Robot` is not a kind of subject k8s:12
        "#]],
    );
    check_access(
        policies,
        "jane get pods -n shop --refused absent",
        expect![[r#"
            deny
              RoleBinding shop/readers grants Role reader to User jane, and there is no such role k8s:10
        "#]],
    );
    check_access(
        policies,
        "jane get nodes",
        expect![[r#"
            deny
              no binding in scope names the requester
        "#]],
    );
}

#[test]
fn a_refused_role_could_be_gathered_into_a_bound_one() {
    let policies = r#"
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: gadgets, labels: {rbac.authorization.k8s.io/aggregate-to-view: 'true'}}
rules: [{resources: [gadgets], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: viewers, namespace: shop}
subjects: [{kind: User, name: jane, apiGroup: rbac.authorization.k8s.io}]
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: edit}
"#;
    check_access(
        policies,
        "jane get gadgets.example.com -n shop",
        expect![[r#"
            unknown
              no rule is about it; named by RoleBinding shop/viewers k8s:6
              in doubt: ClusterRole gadgets: it would be refused: a rule about resources has at least one API group (`""` is the core group) k8s:1
        "#]],
    );
    check_access(
        policies,
        "john get gadgets.example.com -n shop",
        expect![[r#"
            deny
              no binding in scope names the requester
        "#]],
    );
    check_access(
        policies,
        "jane get pods -n shop",
        expect![[r#"
            allow
              RoleBinding shop/viewers grants ClusterRole edit#15 to User jane
        "#]],
    );
}

#[test]
fn an_unreadable_document_that_names_a_role_could_grant_anything() {
    let policies = r#"
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: broken
subjects: [
"#;
    check_access(
        policies,
        "jane get pods -n shop",
        expect![[r#"
            unknown
              no binding in scope names the requester
              in doubt: RoleBinding: the document cannot be read
        "#]],
    );
    check_access(
        policies,
        "jane get pods -n shop --as-group system:masters",
        expect![[r#"
        allow
          members of system:masters are let pass before RBAC is asked
    "#]],
    );
    check_access(
        policies,
        "jane get pods -n shop --refused absent",
        expect![[r#"
            deny
              no binding in scope names the requester
        "#]],
    );
}

#[test]
fn of_twins_the_last_one_counts_and_a_refused_one_never_does() {
    let policies = r#"
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: reader}
rules: [{apiGroups: [''], resources: [pods], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: reader}
rules: [{apiGroups: [''], resources: [pods], verbs: [list]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: reader}
rules: [{apiGroups: [''], resources: [pods], verbs: []}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: readers}
subjects: [{kind: User, name: jane, apiGroup: rbac.authorization.k8s.io}]
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: reader}
"#;
    check_access(
        policies,
        "jane list pods -n shop",
        expect![[r#"
            allow
              ClusterRoleBinding readers grants ClusterRole reader#0 to User jane k8s:9
        "#]],
    );
    check_access(
        policies,
        "jane get pods -n shop --refused absent",
        expect![[r#"
            deny
              ClusterRole reader#0, granted by ClusterRoleBinding readers, has only the verbs "list" k8s:9
        "#]],
    );
}
