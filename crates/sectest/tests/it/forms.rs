//! Every form of an assertion: one that holds, one that does not, one that is malformed; as a line
//! and as a map, with the same outcome.

use expect_test::{Expect, expect};

use crate::{judge, shown};

/// A shop: `web` and `api` may reach `db`, nobody else may; jane reads pods, ops delete them.
const CLUSTER: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {serviceAccountName: web, containers: [{name: c, image: i, ports: [{containerPort: 80}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: api, namespace: shop, labels: {app: api}}
spec: {containers: [{name: c, image: i, ports: [{containerPort: 80}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: shop, labels: {app: db}}
spec: {containers: [{name: c, image: i, ports: [{containerPort: 5432, name: sql}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: probe, namespace: dev, labels: {app: probe}}
spec: {containers: [{name: c, image: i}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec:
  podSelector: {matchLabels: {app: db}}
  ingress:
  - from: [{podSelector: {matchLabels: {app: web}}}]
    ports: [{port: 5432}]
  - from: [{podSelector: {matchLabels: {app: api}}}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader, namespace: shop}
rules:
- {apiGroups: [''], resources: [pods], verbs: [get, list]}
- {apiGroups: [''], resources: [secrets], verbs: [get], resourceNames: [tls]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: readers, namespace: shop}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects: [{kind: User, name: jane}, {kind: ServiceAccount, name: web}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: killer}
rules: [{apiGroups: [''], resources: [pods], verbs: [delete]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: killers}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: killer}
subjects: [{kind: Group, name: ops}]
---
apiVersion: portcullis.dev/v1alpha1
kind: SecurityTest
metadata: {name: t}
cluster:
  fixtures:
  - ip: {internet: 198.51.100.7}
  - user: {olga: {groups: [ops]}}
  - pod: {name: extra, namespace: dev, labels: {app: extra}, serviceAccount: robot, ports: [80, 53/udp]}
  settings: {bootstrap: false}
assert:
";

/// One assertion, what came of it.
fn outcome(assertion: &str) -> (String, String) {
    let (results, _) = judge(&format!("{CLUSTER}- {assertion}\n"));
    assert_eq!(results.outcomes.len(), 1, "{assertion}: {:?}", results.outcomes);
    let outcome = &results.outcomes[0];
    (outcome.title.clone(), shown(outcome))
}

/// A line comes to this.
#[track_caller]
fn check(line: &str, want: Expect) {
    want.assert_eq(&outcome(line).1);
}

/// A line and a map are the same assertion, and come to this.
#[track_caller]
fn same(line: &str, map: &str, want: Expect) {
    let (from_line, from_map) = (outcome(line), outcome(map));
    assert_eq!(from_line, from_map, "{line} and {map}");
    want.assert_eq(&from_line.1);
}

#[test]
fn can() {
    same(
        "user/jane can get,list pods in shop",
        "{subject: user/jane, can: [get, list], what: pods, in: shop}",
        expect![[r#"
            pass: 2 attempts
        "#]],
    );
    same(
        "user/jane can get,delete pods in shop",
        "{subject: user/jane, can: 'get,delete', what: pods, in: shop}",
        expect![[r#"
            fail: 1 of 2 attempts: user/jane may not delete pods in shop: Role shop/reader#0, granted by RoleBinding shop/readers, has only the verbs "get", "list"
        "#]],
    );
    same(
        "user/jane can gett pods in shop",
        "{subject: user/jane, can: gett, what: pods, in: shop}",
        expect![[r#"
            malformed: `gett` is no known verb
              help: did you mean `get`?
        "#]],
    );
}

#[test]
fn cannot() {
    same(
        "user/jane cannot delete pods anywhere",
        "{subject: user/jane, cannot: delete, what: pods, scope: anywhere}",
        expect![[r#"
            pass: 4 attempts
        "#]],
    );
    // One secret is enough to make it false.
    same(
        "user/jane cannot get secrets in shop",
        "{subject: user/jane, cannot: get, what: secrets, in: shop}",
        expect![[r#"
            fail: 1 of 2 attempts: user/jane may get secrets `tls` in shop: RoleBinding shop/readers grants Role shop/reader#1 to User jane
        "#]],
    );
    check(
        "user/jane cannot list secrets in shop",
        expect![[r#"
        pass: user/jane may not list secrets in shop: Role shop/reader#1, granted by RoleBinding shop/readers, has only the verbs "get" and the resource names "tls"
    "#]],
    );
    check(
        "user/jane cannot get secrets other in shop",
        expect![[r#"
        pass: user/jane may not get secrets `other` in shop: Role shop/reader#1, granted by RoleBinding shop/readers, has only the resource names "tls"
    "#]],
    );
    same(
        "user/jahne cannot get secrets",
        "{subject: user/jahne, cannot: get, what: secrets}",
        expect![[r#"
            malformed: no binding and no fixture names user `jahne`
              help: did you mean `user/jane`?
        "#]],
    );
    check(
        "user/jane cannot get secrets in shoq",
        expect![[r#"
        malformed: there is no namespace `shoq`
          help: did you mean `shop`?
    "#]],
    );
    check(
        "user/jane cannot get secretz in shop",
        expect![[r#"
        malformed: there is no resource `secretz`
          help: did you mean `secrets`?
    "#]],
    );
    check(
        "user/jane cannot get nodes in shop",
        expect![[r#"
        malformed: `nodes` live in no namespace, also not in `shop`
    "#]],
    );
    check(
        "user/jane cannot get things.nobody.example in shop",
        expect![[r#"
        malformed: nobody defines API group `nobody.example`, and no rule names it
    "#]],
    );
}

#[test]
fn subjects_and_scopes() {
    check(
        "sa/shop:web can get pods in shop",
        expect![[r#"
        pass: sa/shop:web may get pods in shop: RoleBinding shop/readers grants Role shop/reader#0 to ServiceAccount shop/web
    "#]],
    );
    check(
        "sa/shop:* cannot delete pods anywhere",
        expect![[r#"
        pass: 8 attempts
    "#]],
    );
    check(
        "sa/shop:* cannot list pods in shop",
        expect![[r#"
        fail: 1 of 2 attempts: sa/shop:web may list pods in shop: RoleBinding shop/readers grants Role shop/reader#0 to ServiceAccount shop/web
    "#]],
    );
    check(
        "sa/nowhere:* cannot list pods in shop",
        expect![[r#"
        malformed: there is no service account in namespace `nowhere`
    "#]],
    );
    check(
        "sa/shop:wep can get pods in shop",
        expect![[r#"
        malformed: there is no service account `shop:wep`
          help: did you mean `sa/shop:web`?
    "#]],
    );
    check(
        "sa/dev:robot cannot get pods in shop",
        expect![[r#"
        pass: sa/dev:robot may not get pods in shop: no binding in scope names the requester
    "#]],
    );
    check(
        "group/system:authenticatd cannot delete pods",
        expect![[r#"
            malformed: no binding and no fixture names group `system:authenticatd`
              help: did you mean `group/system:authenticated`?
        "#]],
    );
    check(
        "group/system:authenticated cannot delete pods",
        expect![[r#"
        pass: group/system:authenticated may not delete pods in default: no binding in scope names the requester
    "#]],
    );
    check(
        "group/ops can delete pods anywhere",
        expect![[r#"
        pass: 4 attempts
    "#]],
    );
    check(
        "user/olga can delete pods cluster",
        expect![[r#"
        pass: user/olga may delete pods in the cluster: ClusterRoleBinding killers grants ClusterRole killer#0 to Group ops
    "#]],
    );
    check(
        "group/opz cannot delete pods",
        expect![[r#"
        malformed: no binding and no fixture names group `opz`
          help: did you mean `group/ops`?
    "#]],
    );
    same(
        "user/jane can get pods",
        "{subject: user/jane, can: get, what: pods}",
        expect![[r#"
        fail: user/jane may not get pods in default: RoleBinding shop/readers grants it, only in namespace shop
    "#]],
    );
    check(
        "user/jane cannot get /healthz",
        expect![[r#"
        pass: user/jane may not get /healthz: no binding in scope names the requester
    "#]],
    );
    check(
        "user/jane cannot get /healthz in shop",
        expect![[r#"
        malformed: a URL is in no namespace, also not in `shop`
    "#]],
    );
}

#[test]
fn maps_of_rights_that_are_malformed() {
    for (map, want) in [
        (
            "{subject: user/jane, can: get, cannot: list, what: pods}",
            expect![[r#"
            malformed: both `can` and `cannot` are said
        "#]],
        ),
        (
            "{subject: user/jane, what: pods}",
            expect![[r#"
            malformed: neither `can` nor `cannot` is said
        "#]],
        ),
        (
            "{subject: user/jane, can: get}",
            expect![[r#"
            malformed: `what` is missing
        "#]],
        ),
        (
            "{subject: user/jane, can: get, whot: pods}",
            expect![[r#"
            malformed: there is no field `whot` here
              help: did you mean `what`?
        "#]],
        ),
        (
            "{subject: user/jane, can: get, what: pods, in: shop, scope: cluster}",
            expect![[r#"
            malformed: both `in` and `scope` are said
        "#]],
        ),
        (
            "{subject: user/jane, can: get, what: pods, scope: everywhere}",
            expect![[r#"
            malformed: `scope` is anywhere or cluster, not `everywhere`
        "#]],
        ),
        (
            "{subject: [user/jane], can: get, what: pods}",
            expect![[r#"
            malformed: `subject` must be a string, not a list
        "#]],
        ),
        (
            "{subject: user/jane, can: [], what: pods}",
            expect![[r#"
            malformed: no verb is said
        "#]],
        ),
        (
            "{subject: user/jane, can: get, what: 1}",
            expect![[r#"
            malformed: `what` must be a string, not a number
              help: quote it
        "#]],
        ),
        (
            "{subject: user/jane, never: [RB030]}",
            expect![[r#"
            malformed: `never` comes later
              help: a test claims today what RBAC allows and which connections pass
        "#]],
        ),
    ] {
        check(map, want);
    }
}

#[test]
fn who() {
    same(
        "who can get pods in shop exactly user/jane, sa/shop:web",
        "{who: {can: get, what: pods, in: shop}, exactly: [user/jane, sa/shop:web]}",
        expect![[r#"
            pass: 2 holders
        "#]],
    );
    same(
        "who can get pods in shop exactly user/jane",
        "{who: {can: get, what: pods, in: shop}, exactly: [user/jane]}",
        expect![[r#"
            fail: sa/shop:web can get pods in shop, and is not listed: RoleBinding shop/readers grants Role shop/reader#0 to ServiceAccount shop/web
        "#]],
    );
    check(
        "who can get pods in shop exactly user/jane, sa/shop:web, group/ops",
        expect![[r#"
        fail: group/ops is listed, and nothing lets them get pods in shop
    "#]],
    );
    same(
        "who can delete pods anywhere subset group/ops, user/jane",
        "{who: {can: delete, what: pods, scope: anywhere}, subset: [group/ops, user/jane]}",
        expect![[r#"
            pass: 1 holder
        "#]],
    );
    check(
        "who can delete pods anywhere subset user/jane",
        expect![[r#"
        fail: group/ops can delete pods anywhere, and is not listed: ClusterRoleBinding killers grants ClusterRole killer#0 to Group ops
    "#]],
    );
    same(
        "who can get secrets in shop superset user/jane",
        "{who: {can: get, what: secrets, in: shop}, superset: [user/jane]}",
        expect![[r#"
            pass: 2 holders
        "#]],
    );
    check(
        "who can delete pods superset user/jane",
        expect![[r#"
        fail: user/jane is listed, and nothing lets them delete pods in default
    "#]],
    );
    same(
        "who can delete pods cluster count 1",
        "{who: {can: delete, what: pods, scope: cluster}, count: 1}",
        expect![[r#"
            pass: 1 holder
        "#]],
    );
    same(
        "who can delete pods count 2..",
        "{who: {can: delete, what: pods}, count: {min: 2}}",
        expect![[r#"
            fail: 1 can delete pods in default: group/ops
        "#]],
    );
    same(
        "who can get pods in shop count 0..1",
        "{who: {can: get, what: pods, in: shop}, count: {max: 1}}",
        expect![[r#"
            fail: 2 can get pods in shop: user/jane, sa/shop:web
        "#]],
    );
    check(
        "who can create pods exactly []",
        expect![[r#"
        pass: nobody
    "#]],
    );
    same(
        "who can get podz count 1",
        "{who: {can: get, what: podz}, count: 1}",
        expect![[r#"
        malformed: there is no resource `podz`
          help: did you mean `pods`?
    "#]],
    );
    for (map, want) in [
        (
            "{who: {can: get, what: pods}}",
            expect![[r#"
            malformed: it is not said who
              help: add exactly, subset, superset or count
        "#]],
        ),
        (
            "{who: {can: get, what: pods}, exactly: [], subset: []}",
            expect![[r#"
            malformed: one comparison is enough
        "#]],
        ),
        (
            "{who: {can: get, what: pods}, exactly: user/jane}",
            expect![[r#"
            malformed: `exactly` must be a list, not a string
        "#]],
        ),
        (
            "{who: {can: get, what: pods}, exactly: [jane]}",
            expect![[r#"
            malformed: `jane` is nobody
              help: write user/NAME, group/NAME or sa/NAMESPACE:NAME
        "#]],
        ),
        (
            "{who: {can: get, what: pods, wher: shop}, count: 1}",
            expect![[r#"
            malformed: there is no field `wher` here
              help: it may have can, what, object, in, scope, builtIn
        "#]],
        ),
        (
            "{who: {can: get, what: pods}, count: -1}",
            expect![[r#"
            malformed: a count is not negative
        "#]],
        ),
        (
            "{who: {can: get, what: pods}, count: {min: 2, max: 1}}",
            expect![[r#"
            malformed: `2..1` is no count: write 3, 1..3 or 1..
        "#]],
        ),
        (
            "{who: get, count: 1}",
            expect![[r#"
            malformed: `who` must be a map, not a string
        "#]],
        ),
    ] {
        check(map, want);
    }
}

#[test]
fn flows() {
    same(
        "shop/web -> shop/db:5432 allow",
        "{from: shop/web, to: 'shop/db:5432', verdict: allow}",
        expect![[r#"
            pass: shop/web -> shop/db tcp/5432 is allowed: rule 0 of KubernetesNetworkPolicy shop/db allows tcp/5432 from shop/web
        "#]],
    );
    same(
        "shop/web -> shop/db :sql deny",
        "{from: shop/web, to: 'shop/db:sql', verdict: deny}",
        expect![[r#"
            fail: shop/web -> shop/db tcp/5432 is allowed: rule 0 of KubernetesNetworkPolicy shop/db allows tcp/5432 from shop/web
        "#]],
    );
    same(
        "dev/probe -> shop/db:5432 deny",
        "{from: dev/probe, to: 'shop/db:5432', verdict: deny}",
        expect![[r#"
            pass: dev/probe -> shop/db tcp/5432 is denied: KubernetesNetworkPolicy shop/db selects shop/db, and no rule of tier default allows tcp/5432 from dev/probe
        "#]],
    );
    check(
        "dev/probe -> shop/db:5432 allow",
        expect![[r#"
        fail: dev/probe -> shop/db tcp/5432 is denied: KubernetesNetworkPolicy shop/db selects shop/db, and no rule of tier default allows tcp/5432 from dev/probe
    "#]],
    );
    same(
        "dev/prope -> shop/db:5432 deny",
        "{from: dev/prope, to: 'shop/db:5432', verdict: deny}",
        expect![[r#"
            malformed: there is no pod or workload `dev/prope`
              help: did you mean `dev/probe`?
        "#]],
    );
    check(
        "dev/probe -> shop/app=dp:5432 deny",
        expect![[r#"
        malformed: there is no pod with app=dp in namespace `shop`
    "#]],
    );
    check(
        "shop/web -> shop/db:sequel deny",
        expect![[r#"
        malformed: there is no port `sequel` (tcp) of shop/db
          help: there is sql
    "#]],
    );
    check(
        "shop/web -> dev/probe deny",
        expect![[r#"
        malformed: no port is said, and dev/probe declares none
          help: write one: dev/probe:80
    "#]],
    );
    check(
        "ip/internet -> shop/db:5432 deny",
        expect![[r#"
        pass: ip/198.51.100.7 -> shop/db tcp/5432 is denied: KubernetesNetworkPolicy shop/db selects shop/db, and no rule of tier default allows tcp/5432 from ip/198.51.100.7
    "#]],
    );
    check(
        "ip/inter -> shop/db:5432 deny",
        expect![[r#"
        malformed: the fixtures name no address `inter`
          help: name it under cluster.fixtures: - ip: {NAME: ADDRESS}
    "#]],
    );
    check(
        "dev/extra -> shop/db:5432 deny",
        expect![[r#"
        pass: dev/extra -> shop/db tcp/5432 is denied: KubernetesNetworkPolicy shop/db selects shop/db, and no rule of tier default allows tcp/5432 from dev/extra
    "#]],
    );
    check(
        "shop/web -> dev/extra:53/udp allow",
        expect![[r#"
        pass: shop/web -> dev/extra udp/53 is allowed: no policy selects dev/extra for ingress: everything is allowed
    "#]],
    );
}

#[test]
fn flows_of_everybody() {
    check(
        "dev/* -> shop/db:5432 deny",
        expect![[r#"
        pass: 2 flows
    "#]],
    );
    check(
        "'* -> shop/db:5432 deny'",
        expect![[r#"
        fail: 2 of 5 flows: shop/web -> shop/db tcp/5432 is allowed: rule 0 of KubernetesNetworkPolicy shop/db allows tcp/5432 from shop/web
    "#]],
    );
    check(
        "shop/* -> dev/* allow",
        expect![[r#"
        pass: 6 flows
    "#]],
    );
    check(
        "nowhere/* -> shop/db:5432 deny",
        expect![[r#"
        malformed: there is no workload in namespace `nowhere`
    "#]],
    );
    check(
        "shob/* -> shop/db:5432 deny",
        expect![[r#"
        malformed: there is no workload in namespace `shob`
          help: did you mean `shop`?
    "#]],
    );
}

#[test]
fn some() {
    same(
        "some shop/* -> shop/db:5432 allow",
        "{some: true, from: shop/*, to: 'shop/db:5432', verdict: allow}",
        expect![[r#"
            pass: shop/web -> shop/db tcp/5432 is allowed: rule 0 of KubernetesNetworkPolicy shop/db allows tcp/5432 from shop/web
        "#]],
    );
    check(
        "some dev/* -> shop/db:5432 allow",
        expect![[r#"
        fail: none of 2 flows; the first: dev/probe -> shop/db tcp/5432 is denied: KubernetesNetworkPolicy shop/db selects shop/db, and no rule of tier default allows tcp/5432 from dev/probe
    "#]],
    );
    check(
        "some dev/* -> shop/dp:5432 allow",
        expect![[r#"
        malformed: there is no pod or workload `shop/dp`
          help: did you mean `shop/db`?
    "#]],
    );
}

#[test]
fn except() {
    same(
        "'* -> shop/db:5432 deny except from shop/web, from shop/api'",
        "{from: '*', to: 'shop/db:5432', verdict: deny, except: [from shop/web, {from: shop/api}]}",
        expect![[r#"
            pass: 5 flows
        "#]],
    );
    check(
        "'* -> shop/db:5432 deny except from shop/web'",
        expect![[r#"
        fail: 1 of 5 flows: shop/api -> shop/db tcp/5432 is allowed: rule 1 of KubernetesNetworkPolicy shop/db allows tcp/5432 from shop/api
    "#]],
    );
    check(
        "'* -> shop/db:5432 deny except from shop/web, from shop/api, from dev/probe'",
        expect![[r#"
            fail: 1 of 5 flows: dev/probe -> shop/db tcp/5432 is denied: KubernetesNetworkPolicy shop/db selects shop/db, and no rule of tier default allows tcp/5432 from dev/probe, though it is excepted
        "#]],
    );
    check(
        "dev/* -> shop/db:5432 deny except from shop/web",
        expect![[r#"
        malformed: `from shop/web` is an exception to none of its flows
    "#]],
    );
    check(
        "shop/web -> shop/* allow except to shop/db:80, to shop/api:80",
        expect![[r#"
        malformed: `to shop/db:80` is an exception to none of its flows
    "#]],
    );
    check(
        "{from: '*', to: 'shop/db:5432', verdict: deny, except: [{}]}",
        expect![[r#"
        malformed: an exception says `from`, `to` or both
    "#]],
    );
}

#[test]
fn by() {
    same(
        "dev/probe -> shop/db:5432 deny by ingress, shop/db",
        "{from: dev/probe, to: 'shop/db:5432', verdict: deny, by: [ingress, policy/shop/db]}",
        expect![[r#"
            pass: dev/probe -> shop/db tcp/5432 is denied: KubernetesNetworkPolicy shop/db selects shop/db, and no rule of tier default allows tcp/5432 from dev/probe
        "#]],
    );
    check(
        "shop/api -> shop/db:5432 allow by shop/db#1",
        expect![[r#"
        pass: shop/api -> shop/db tcp/5432 is allowed: rule 1 of KubernetesNetworkPolicy shop/db allows tcp/5432 from shop/api
    "#]],
    );
    check(
        "shop/api -> shop/db:5432 allow by shop/db#0",
        expect![[r#"
        fail: not by policy/shop/db#0: shop/api -> shop/db tcp/5432 is allowed: rule 1 of KubernetesNetworkPolicy shop/db allows tcp/5432 from shop/api
    "#]],
    );
    check(
        "dev/probe -> shop/db:5432 deny by egress",
        expect![[r#"
        fail: not by egress: dev/probe -> shop/db tcp/5432 is denied: KubernetesNetworkPolicy shop/db selects shop/db, and no rule of tier default allows tcp/5432 from dev/probe
    "#]],
    );
    check(
        "dev/probe -> shop/db:5432 deny by tier/default",
        expect![[r#"
        pass: dev/probe -> shop/db tcp/5432 is denied: KubernetesNetworkPolicy shop/db selects shop/db, and no rule of tier default allows tcp/5432 from dev/probe
    "#]],
    );
    check(
        "dev/probe -> shop/db:5432 deny by tier/defualt",
        expect![[r#"
        fail: not by tier/defualt: dev/probe -> shop/db tcp/5432 is denied: KubernetesNetworkPolicy shop/db selects shop/db, and no rule of tier default allows tcp/5432 from dev/probe
          help: did you mean `tier/default`?
    "#]],
    );
    check(
        "dev/probe -> shop/db:5432 deny by shop/bd",
        expect![[r#"
        fail: not by policy/shop/bd: dev/probe -> shop/db tcp/5432 is denied: KubernetesNetworkPolicy shop/db selects shop/db, and no rule of tier default allows tcp/5432 from dev/probe
          help: did you mean `policy/shop/db`?
    "#]],
    );
    check(
        "shop/web -> shop/api:80 allow by profile/kns.shop",
        expect![[r#"
        pass: shop/web -> shop/api tcp/80 is allowed: no policy selects shop/api for ingress: everything is allowed
    "#]],
    );
    check(
        "shop/web -> shop/api:80 allow by ingress",
        expect![[r#"
        fail: not by ingress: shop/web -> shop/api tcp/80 is allowed: no policy selects shop/api for ingress: everything is allowed
    "#]],
    );
    check(
        "shop/api -> shop/db:5432 allow by shop/",
        expect![[r#"
        malformed: `shop/` names nothing that decides
          help: write ingress, egress, tier/NAME, NAMESPACE/POLICY, POLICY#RULE or profile/NAME
    "#]],
    );
}

#[test]
fn icmp() {
    same(
        "icmp: dev/probe -> shop/db type=8 code=0 deny",
        "{from: dev/probe, to: shop/db, icmp: {type: 8, code: 0}, verdict: deny}",
        expect![[r#"
            pass: dev/probe -> shop/db icmp is denied: KubernetesNetworkPolicy shop/db selects shop/db, and no rule of tier default allows icmp from dev/probe
        "#]],
    );
    assert_eq!(
        outcome("icmp: dev/probe -> shop/db type=8 deny"),
        outcome("dev/probe -> shop/db/icmp:8 deny")
    );
    check(
        "icmp: shop/web -> shop/db deny",
        expect![[r#"
        pass: shop/web -> shop/db icmp is denied: KubernetesNetworkPolicy shop/db selects shop/db, and no rule of tier default allows icmp from shop/web
    "#]],
    );
    check(
        "icmp: shop/web -> shop/db allow",
        expect![[r#"
        fail: shop/web -> shop/db icmp is denied: KubernetesNetworkPolicy shop/db selects shop/db, and no rule of tier default allows icmp from shop/web
    "#]],
    );
    check(
        "icmp: shop/web -> shop/db type=300 deny",
        expect![[r#"
        malformed: `shop/db/icmp:300` names no endpoint: `300` is not between 0 and 255
    "#]],
    );
    check(
        "icmp: shop/web -> shop/db code=3 deny",
        expect![[r#"
        malformed: a code belongs to a type
          help: add type=
    "#]],
    );
    check(
        "icmp: shop/web",
        expect![[r#"
        malformed: no connection is said
          help: write FROM -> TO type=8 deny
    "#]],
    );
    check(
        "{from: shop/web, to: shop/db, icmp: {code: 3}, verdict: deny}",
        expect![[r#"
        malformed: a code belongs to a type
          help: add `type:`
    "#]],
    );
}

#[test]
fn maps_of_flows_that_are_malformed() {
    for (map, want) in [
        (
            "{from: shop/web, to: shop/db}",
            expect![[r#"
            malformed: `verdict` is missing
        "#]],
        ),
        (
            "{from: shop/web, verdict: deny}",
            expect![[r#"
            malformed: `to` is missing
        "#]],
        ),
        (
            "{from: shop/web, to: shop/db, verdict: denied}",
            expect![[r#"
            malformed: `verdict` is allow or deny, not `denied`
        "#]],
        ),
        (
            "{from: shop/web, to: shop/db, verdict: deny, buy: x}",
            expect![[r#"
            malformed: there is no field `buy` here
              help: did you mean `by`?
        "#]],
        ),
        (
            "{from: shop/web, to: shop/db, verdict: deny, some: yes please}",
            expect![[r#"
            malformed: `some` must be a boolean, not a string
        "#]],
        ),
        (
            "{from: shop/web, to: shop/db, verdict: deny, by: x#y}",
            expect![[r#"
            malformed: `x#y` names nothing that decides
              help: write ingress, egress, tier/NAME, NAMESPACE/POLICY, POLICY#RULE or profile/NAME
        "#]],
        ),
        (
            "{from: 3, to: shop/db, verdict: deny}",
            expect![[r#"
            malformed: `from` must be a string, not a number
              help: quote it
        "#]],
        ),
    ] {
        check(map, want);
    }
}

#[test]
fn only() {
    same(
        "only shop/web, shop/api -> shop/db:5432",
        "only: {to: 'shop/db:5432', from: [shop/web, shop/api]}",
        expect![[r#"
            pass: 5 flows
        "#]],
    );
    same(
        "only shop/web -> shop/db:5432",
        "only: {to: 'shop/db:5432', from: [shop/web]}",
        expect![[r#"
            fail: 1 of 5 flows: shop/api -> shop/db tcp/5432 is allowed: rule 1 of KubernetesNetworkPolicy shop/db allows tcp/5432 from shop/api, and it is not listed
        "#]],
    );
    check(
        "only shop/web, shop/api, dev/probe -> shop/db:5432",
        expect![[r#"
        fail: 1 of 5 flows: dev/probe -> shop/db tcp/5432 is denied: KubernetesNetworkPolicy shop/db selects shop/db, and no rule of tier default allows tcp/5432 from dev/probe, though `dev/probe` is listed
    "#]],
    );
    check(
        "only shop/web:5432, shop/api, shop/api:80 -> shop/db:5432",
        expect![[r#"
        pass: 10 flows
    "#]],
    );
    same(
        "shop/web -> only shop/db:5432",
        "only: {from: shop/web, to: ['shop/db:5432']}",
        expect![[r#"
            fail: 4 of 5 flows: shop/web -> shop/api tcp/80 is allowed: no policy selects shop/api for ingress: everything is allowed, and it is not listed
        "#]],
    );
    check(
        "shop/web -> only shop/db:5432, shop/api, dev/extra, ip/internet:5432",
        expect![[r#"
        pass: 5 flows
    "#]],
    );
    check(
        "only [] -> shop/dp:5432",
        expect![[r#"
        malformed: there is no pod or workload `shop/dp`
          help: did you mean `shop/db`?
    "#]],
    );
    check(
        "only shop/wep -> shop/db:5432",
        expect![[r#"
        malformed: there is no pod or workload `shop/wep`
          help: did you mean `shop/web`?
    "#]],
    );
    check(
        "only [] -> dev/probe",
        expect![[r#"
        malformed: no port is said, and dev/probe declares none
          help: write one: dev/probe:80
    "#]],
    );
    for (map, want) in [
        (
            "only: {to: shop/db}",
            expect![[r#"
            malformed: `from` is missing
        "#]],
        ),
        (
            "only: {to: shop/db, from: shop/web}",
            expect![[r#"
            malformed: `only` lists one side
              help: write from: [END, …] for who may reach it, to: [END, …] for what it may reach
        "#]],
        ),
        (
            "only: {to: [shop/db], from: [shop/web]}",
            expect![[r#"
            malformed: `only` is about one side: the other is one end, not a list
        "#]],
        ),
        (
            "only: {to: shop/db, form: [shop/web]}",
            expect![[r#"
            malformed: there is no field `form` here
              help: did you mean `from`?
        "#]],
        ),
        (
            "only: shop/db",
            expect![[r#"
            malformed: `only` must be a map, not a string
        "#]],
        ),
    ] {
        check(map, want);
    }
}

#[test]
fn tables() {
    let table = |rows: &str| {
        format!("table: |\n{}", rows.lines().map(|l| format!("    {l}\n")).collect::<String>())
    };
    check(
        &table(
            ".        shop/web shop/db:5432\nshop/api    .          +\ndev/probe   +          -",
        ),
        expect![[r#"
            pass: 3 flows
        "#]],
    );
    check(
        &table(":5432    shop/web shop/db\nshop/api    +          +\ndev/probe   +          +"),
        expect![[r#"
            fail: 1 of 4 flows: dev/probe -> shop/db tcp/5432 is denied: KubernetesNetworkPolicy shop/db selects shop/db, and no rule of tier default allows tcp/5432 from dev/probe
        "#]],
    );
    check(
        &table(".          shop/db\nshop/api   80,5432\nshop/web  5432"),
        expect![[r#"
        pass: 3 flows
    "#]],
    );
    check(
        &table("shop/db:5432\nshop/ipa +"),
        expect![[r#"
        malformed: there is no pod or workload `shop/ipa`
          help: did you mean `shop/api`?
    "#]],
    );
    check(
        &table("shop/db:5432\nshop/api"),
        expect![[r#"
        malformed: row `shop/api` fills 0 of 1 columns
    "#]],
    );
    check(
        &table("shop/db:5432\nshop/web maybe!"),
        expect![[r#"
        malformed: `maybe!` is no cell
          help: write + for allow, - for deny, . for nothing, or ports
    "#]],
    );
    check(
        "table: [a]",
        expect![[r#"
        malformed: `table` must be a string, not a list
    "#]],
    );
}

#[test]
fn what_is_no_assertion() {
    for (map, want) in [
        (
            "hello",
            expect![[r#"
            malformed: `hello` claims nothing that is known
              help: write `user/jane can get pods in shop`, `who can delete pods exactly group/ops` or `shop/cart -> shop/db:5432 deny`
        "#]],
        ),
        (
            "''",
            expect![[r#"
            malformed: this is empty
        "#]],
        ),
        (
            "12",
            expect![[r#"
            malformed: an assertion is a line or a map, not a number
        "#]],
        ),
        (
            "{}",
            expect![[r#"
            malformed: this claims nothing
              help: a claim has `subject`, `who`, `from` and `to`, `only` or `table`, or is a line
        "#]],
        ),
        (
            "{claim: x}",
            expect![[r#"
            malformed: there is no field `claim` here
              help: it may have subject, who, from, to, only, table, icmp, assert, name, skip, accept, reason, allowEmpty
        "#]],
        ),
        (
            "{admit: pod.yaml}",
            expect![[r#"
            malformed: `admit` comes later
              help: a test claims today what RBAC allows and which connections pass
        "#]],
        ),
        (
            "{reject: pod.yaml}",
            expect![[r#"
            malformed: `reject` comes later
              help: a test claims today what RBAC allows and which connections pass
        "#]],
        ),
        (
            "{diff: {opens: none}}",
            expect![[r#"
            malformed: `diff` comes later
              help: a test claims today what RBAC allows and which connections pass
        "#]],
        ),
        (
            "{staged: {policy: x}}",
            expect![[r#"
            malformed: `staged` comes later
              help: a test claims today what RBAC allows and which connections pass
        "#]],
        ),
        (
            "diff opens none",
            expect![[r#"
            malformed: `diff` comes later
              help: a test claims today what RBAC allows and which connections pass
        "#]],
        ),
    ] {
        check(map, want);
    }
}

#[test]
fn what_is_allowed_to_be_empty_excuses_nothing_else() {
    for (map, want) in [
        (
            "{allowEmpty: true, subject: user/nobody, cannot: get, what: pods, in: shop}",
            expect![[r#"
                pass: user/nobody may not get pods in shop: no binding in scope names the requester
            "#]],
        ),
        (
            "{allowEmpty: true, subject: user/nobody, can: get, what: pods, in: shop}",
            expect![[r#"
            fail: user/nobody may not get pods in shop: no binding in scope names the requester
        "#]],
        ),
        (
            "{allowEmpty: true, subject: group/ops, cannot: delete, what: pods, in: nowhere}",
            expect![[r#"
                fail: group/ops may delete pods in nowhere: ClusterRoleBinding killers grants ClusterRole killer#0 to Group ops
            "#]],
        ),
        (
            "{allowEmpty: true, subject: sa/no:body, cannot: get, what: things.nobody.example}",
            expect![[r#"
                pass: sa/no:body may not get things.nobody.example in default: no binding in scope names the requester
            "#]],
        ),
        (
            "{allowEmpty: true, subject: sa/no:*, cannot: get, what: pods}",
            expect![[r#"
            pass: nothing to judge, which is allowed: there is no service account in namespace `no`
        "#]],
        ),
        (
            "{allowEmpty: true, subject: user/jane, cannot: gett, what: pods}",
            expect![[r#"
            malformed: `gett` is no known verb
              help: did you mean `get`?
        "#]],
        ),
        (
            "{allowEmpty: true, assert: ['* -> shop/db:5432 deny except from shop/wep']}",
            expect![[r#"
                fail: 2 of 5 flows: shop/web -> shop/db tcp/5432 is allowed: rule 0 of KubernetesNetworkPolicy shop/db allows tcp/5432 from shop/web
            "#]],
        ),
        (
            "{allowEmpty: true, assert: ['dev/* -> shop/db:5432 deny except from dev/prope']}",
            expect![[r#"
                pass: 2 flows
            "#]],
        ),
        (
            "{allowEmpty: true, assert: ['only shop/web, shop/nobody -> shop/db:5432']}",
            expect![[r#"
            fail: 1 of 5 flows: shop/api -> shop/db tcp/5432 is allowed: rule 1 of KubernetesNetworkPolicy shop/db allows tcp/5432 from shop/api, and it is not listed
        "#]],
        ),
        (
            "{allowEmpty: true, assert: ['only shop/web -> shop/nobody:5432']}",
            expect![[r#"
            pass: nothing to judge, which is allowed: there is no pod or workload `shop/nobody`
        "#]],
        ),
        (
            "{allowEmpty: true, table: \"shop/db:5432\\nshop/wep +\\ndev/probe +\"}",
            expect![[r#"
            fail: dev/probe -> shop/db tcp/5432 is denied: KubernetesNetworkPolicy shop/db selects shop/db, and no rule of tier default allows tcp/5432 from dev/probe
        "#]],
        ),
        (
            "{allowEmpty: true, assert: ['some shop/wep -> shop/db:5432 allow']}",
            expect![[r#"
                pass: nothing to judge, which is allowed: there is no pod or workload `shop/wep`
            "#]],
        ),
    ] {
        check(map, want);
    }
}

#[test]
fn names_skips_and_acceptance() {
    for (map, want) in [
        (
            "{name: open, assert: [shop/web -> shop/db:5432 allow]}",
            expect![[r#"
            pass: shop/web -> shop/db tcp/5432 is allowed: rule 0 of KubernetesNetworkPolicy shop/db allows tcp/5432 from shop/web
        "#]],
        ),
        (
            "{skip: {reason: INC-1, until: 2026-06-01}, from: shop/web, to: 'shop/db:5432', verdict: deny}",
            expect![[r#"
                skipped: until 2026-06-01: INC-1
            "#]],
        ),
        (
            "{skip: {reason: INC-1, until: 2026-05-31}, from: shop/web, to: 'shop/db:5432', verdict: allow}",
            expect![[r#"
                fail: the skip ended on 2026-05-31: INC-1
            "#]],
        ),
        (
            "{skip: {reason: INC-1, until: soon}, from: shop/web, to: 'shop/db:5432', verdict: deny}",
            expect![[r#"
                malformed: `soon` is not a date such as 2027-01-31
            "#]],
        ),
        (
            "{skip: {until: 2026-06-01}, from: shop/web, to: 'shop/db:5432', verdict: deny}",
            expect![[r#"
                malformed: `reason` is missing
            "#]],
        ),
        (
            "{skip: {reason: INC-1}, from: shop/web, to: 'shop/db:5432', verdict: deny}",
            expect![[r#"
            malformed: `until` is missing
        "#]],
        ),
        (
            "{allowEmpty: true, from: shop/nobody, to: 'shop/db:5432', verdict: deny}",
            expect![[r#"
                pass: nothing to judge, which is allowed: there is no pod or workload `shop/nobody`
            "#]],
        ),
        (
            "{allowEmpty: true, from: shop/web, to: 'shop/db:0', verdict: deny}",
            expect![[r#"
            malformed: `shop/db:0` names no endpoint: port 0 is not between 1 and 65535
        "#]],
        ),
        (
            "{allowEmpty: 1, from: shop/web, to: 'shop/db:80', verdict: deny}",
            expect![[r#"
            malformed: `allowEmpty` must be a boolean, not a number
        "#]],
        ),
        (
            "{accept: unknown, from: shop/web, to: 'shop/db:5432', verdict: allow}",
            expect![[r#"
            malformed: it is not said why unknown is good enough
              help: add `reason:` beside it
        "#]],
        ),
        (
            "{accept: unknwon, reason: x, from: shop/web, to: 'shop/db:5432', verdict: allow}",
            expect![[r#"
                malformed: `accept` is unknown, not `unknwon`
                  help: did you mean `unknown`?
            "#]],
        ),
        (
            "{reason: x, from: shop/web, to: 'shop/db:5432', verdict: allow}",
            expect![[r#"
            malformed: a reason for nothing
              help: it belongs to `accept: unknown`
        "#]],
        ),
        (
            "{assert: []}",
            expect![[r#"
            malformed: an empty list asserts nothing
        "#]],
        ),
        (
            "{assert: x}",
            expect![[r#"
            malformed: `assert` must be a list, not a string
        "#]],
        ),
        (
            "{name: x, assert: [a], from: b}",
            expect![[r#"
            malformed: there is no field `from` here
              help: it may have assert, name, skip, accept, reason, allowEmpty
        "#]],
        ),
    ] {
        check(map, want);
    }
}
