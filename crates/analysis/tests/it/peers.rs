//! Who is selected: policies' subjects and rules' ends.

use expect_test::expect;

use crate::support::{check, check_in_cluster};

#[test]
fn a_selector_in_a_namespaced_policy_is_about_its_own_namespace() {
    let policies = r#"
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: own, namespace: shop}
spec:
  selector: app == 'web'
  ingress:
  - action: Allow
    source: {selector: has(app)}
"#;
    check_in_cluster(
        policies,
        "shop/db shop/web:80",
        expect![[r#"
        allow shop/db -> shop/web tcp/80
          egress allow: no policy selects shop/db for egress: everything is allowed
          ingress allow: rule 0 of NetworkPolicy shop/own allows tcp/80 from shop/db k8s:7
    "#]],
    );
    check_in_cluster(
        policies,
        "dev/box shop/web:80",
        expect![[r#"
        deny dev/box -> shop/web tcp/80
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress deny: NetworkPolicy shop/own selects shop/web, and no rule of tier default allows tcp/80 from dev/box k8s:1
    "#]],
    );
    check_in_cluster(
        policies,
        "ip/198.51.100.1 shop/web:80",
        expect![[r#"
        deny ip/198.51.100.1 -> shop/web tcp/80
          ingress deny: NetworkPolicy shop/own selects shop/web, and no rule of tier default allows tcp/80 from ip/198.51.100.1 k8s:1
    "#]],
    );
}

#[test]
fn a_selector_in_a_global_policy_is_about_everyone_known() {
    let policies = r#"
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: known}
spec:
  selector: app == 'web'
  ingress:
  - action: Allow
    source: {selector: all()}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkSet
metadata: {name: partners}
spec: {nets: [198.51.100.0/24]}
"#;
    check_in_cluster(
        policies,
        "dev/box shop/web:80",
        expect![[r#"
        allow dev/box -> shop/web tcp/80
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress allow: rule 0 of GlobalNetworkPolicy known allows tcp/80 from dev/box k8s:7
    "#]],
    );
    check_in_cluster(
        policies,
        "ip/198.51.100.1 shop/web:80",
        expect![[r#"
        allow ip/198.51.100.1 -> shop/web tcp/80
          ingress allow: rule 0 of GlobalNetworkPolicy known allows tcp/80 from ip/198.51.100.1 k8s:7
    "#]],
    );
    check_in_cluster(
        policies,
        "ip/203.0.113.1 shop/web:80",
        expect![[r#"
        deny ip/203.0.113.1 -> shop/web tcp/80
          ingress deny: GlobalNetworkPolicy known selects shop/web, and no rule of tier default allows tcp/80 from ip/203.0.113.1 k8s:1
    "#]],
    );
}

#[test]
fn global_network_sets_are_reached_from_a_namespace_by_global() {
    let policies = r#"
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: sets, namespace: shop}
spec:
  selector: app == 'web'
  egress:
  - action: Allow
    destination: {selector: role == 'partner', namespaceSelector: global()}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkSet
metadata: {name: partners, labels: {role: partner}}
spec: {nets: [198.51.100.0/24, 192.0.2.7]}
---
apiVersion: projectcalico.org/v3
kind: NetworkSet
metadata: {name: partners, namespace: shop, labels: {role: partner}}
spec: {nets: [203.0.113.0/24]}
"#;
    check_in_cluster(
        policies,
        "shop/web ip/198.51.100.9:443",
        expect![[r#"
        allow shop/web -> ip/198.51.100.9 tcp/443
          egress allow: rule 0 of NetworkPolicy shop/sets allows tcp/443 to ip/198.51.100.9 k8s:7
    "#]],
    );
    check_in_cluster(
        policies,
        "shop/web ip/192.0.2.7:443",
        expect![[r#"
        allow shop/web -> ip/192.0.2.7 tcp/443
          egress allow: rule 0 of NetworkPolicy shop/sets allows tcp/443 to ip/192.0.2.7 k8s:7
    "#]],
    );
    check_in_cluster(
        policies,
        "shop/web ip/203.0.113.9:443",
        expect![[r#"
        deny shop/web -> ip/203.0.113.9 tcp/443
          egress deny: NetworkPolicy shop/sets selects shop/web, and no rule of tier default allows tcp/443 to ip/203.0.113.9 k8s:1
    "#]],
    );
}

#[test]
fn a_namespace_selector_alone_means_everything_in_those_namespaces() {
    let policies = r#"
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: teams, namespace: shop}
spec:
  selector: app == 'web'
  ingress:
  - action: Allow
    source: {namespaceSelector: "team == 'blue'"}
---
apiVersion: projectcalico.org/v3
kind: NetworkSet
metadata: {name: office, namespace: dev}
spec: {nets: [192.0.2.0/24]}
"#;
    check_in_cluster(
        policies,
        "dev/box shop/web:80",
        expect![[r#"
        allow dev/box -> shop/web tcp/80
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress allow: rule 0 of NetworkPolicy shop/teams allows tcp/80 from dev/box k8s:7
    "#]],
    );
    check_in_cluster(
        policies,
        "ip/192.0.2.9 shop/web:80",
        expect![[r#"
        allow ip/192.0.2.9 -> shop/web tcp/80
          ingress allow: rule 0 of NetworkPolicy shop/teams allows tcp/80 from ip/192.0.2.9 k8s:7
    "#]],
    );
    check_in_cluster(
        policies,
        "shop/db shop/web:80",
        expect![[r#"
        deny shop/db -> shop/web tcp/80
          egress allow: no policy selects shop/db for egress: everything is allowed
          ingress deny: NetworkPolicy shop/teams selects shop/web, and no rule of tier default allows tcp/80 from shop/db k8s:1
    "#]],
    );
}

#[test]
fn a_negated_selector_alone_also_means_strangers() {
    let policies = r#"
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: not}
spec:
  selector: app == 'web'
  ingress:
  - action: Allow
    source: {notSelector: "app == 'db'"}
"#;
    check_in_cluster(
        policies,
        "ip/203.0.113.1 shop/web:80",
        expect![[r#"
        allow ip/203.0.113.1 -> shop/web tcp/80
          ingress allow: rule 0 of GlobalNetworkPolicy not allows tcp/80 from ip/203.0.113.1 k8s:7
    "#]],
    );
    check_in_cluster(
        policies,
        "shop/db shop/web:80",
        expect![[r#"
        deny shop/db -> shop/web tcp/80
          egress allow: no policy selects shop/db for egress: everything is allowed
          ingress deny: GlobalNetworkPolicy not selects shop/web, and no rule of tier default allows tcp/80 from shop/db k8s:1
    "#]],
    );
    check_in_cluster(
        policies,
        "dev/box shop/web:80",
        expect![[r#"
        allow dev/box -> shop/web tcp/80
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress allow: rule 0 of GlobalNetworkPolicy not allows tcp/80 from dev/box k8s:7
    "#]],
    );
}

#[test]
fn a_negated_selector_in_a_namespaced_policy_is_about_its_own_namespace() {
    let policies = r#"
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: not, namespace: shop}
spec:
  selector: app == 'db'
  ingress:
  - action: Allow
    source: {notSelector: "app == 'db'"}
"#;
    check_in_cluster(
        policies,
        "shop/web shop/db:80",
        expect![[r#"
        allow shop/web -> shop/db tcp/80
          egress allow: no policy selects shop/web for egress: everything is allowed
          ingress allow: rule 0 of NetworkPolicy shop/not allows tcp/80 from shop/web k8s:7
    "#]],
    );
    check_in_cluster(
        policies,
        "ip/203.0.113.1 shop/db:80",
        expect![[r#"
        deny ip/203.0.113.1 -> shop/db tcp/80
          ingress deny: NetworkPolicy shop/not selects shop/db, and no rule of tier default allows tcp/80 from ip/203.0.113.1 k8s:1
    "#]],
    );
    check_in_cluster(
        policies,
        "dev/box shop/db:80",
        expect![[r#"
        deny dev/box -> shop/db tcp/80
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress deny: NetworkPolicy shop/not selects shop/db, and no rule of tier default allows tcp/80 from dev/box k8s:1
    "#]],
    );
}

#[test]
fn service_accounts_select_by_name_and_by_label() {
    let policies = r#"
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: accounts}
spec:
  selector: app == 'web'
  serviceAccountSelector: "!has(role)"
  ingress:
  - action: Allow
    protocol: TCP
    source: {serviceAccounts: {names: [keeper], selector: role == 'trusted'}}
  - action: Allow
    protocol: UDP
    source: {serviceAccounts: {names: [default]}}
"#;
    check_in_cluster(
        policies,
        "shop/db shop/web:80",
        expect![[r#"
        allow shop/db -> shop/web tcp/80
          egress allow: no policy selects shop/db for egress: everything is allowed
          ingress allow: rule 0 of GlobalNetworkPolicy accounts allows tcp/80 from shop/db k8s:8
    "#]],
    );
    check_in_cluster(
        policies,
        "dev/box shop/web:80",
        expect![[r#"
        deny dev/box -> shop/web tcp/80
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress deny: GlobalNetworkPolicy accounts selects shop/web, and no rule of tier default allows tcp/80 from dev/box k8s:1
    "#]],
    );
    check_in_cluster(
        policies,
        "dev/box shop/web:80/udp",
        expect![[r#"
        allow dev/box -> shop/web udp/80
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress allow: rule 1 of GlobalNetworkPolicy accounts allows udp/80 from dev/box k8s:11
    "#]],
    );
}

#[test]
fn a_global_policy_over_namespaces_does_not_select_others() {
    let policies = r#"
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: teams}
spec:
  namespaceSelector: projectcalico.org/name in {'dev'}
  types: [Ingress]
"#;
    check_in_cluster(
        policies,
        "shop/web dev/box:80",
        expect![[r#"
        deny shop/web -> dev/box tcp/80
          egress allow: no policy selects shop/web for egress: everything is allowed
          ingress deny: GlobalNetworkPolicy teams selects dev/box, and no rule of tier default allows tcp/80 from shop/web k8s:1
    "#]],
    );
    check_in_cluster(
        policies,
        "dev/box shop/web:80",
        expect![[r#"
        allow dev/box -> shop/web tcp/80
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress allow: no policy selects shop/web for ingress: everything is allowed
    "#]],
    );
}

#[test]
fn namespaces_have_their_automatic_label() {
    let policies = r#"
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: from-dev, namespace: shop}
spec:
  podSelector: {}
  ingress:
  - from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: dev}}}]
"#;
    check_in_cluster(
        policies,
        "dev/box shop/web:80",
        expect![[r#"
        allow dev/box -> shop/web tcp/80
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress allow: rule 0 of KubernetesNetworkPolicy shop/from-dev allows tcp/80 from dev/box k8s:7
    "#]],
    );
    check_in_cluster(
        policies,
        "shop/db shop/web:80",
        expect![[r#"
        deny shop/db -> shop/web tcp/80
          egress allow: no policy selects shop/db for egress: everything is allowed
          ingress deny: KubernetesNetworkPolicy shop/from-dev selects shop/web, and no rule of tier default allows tcp/80 from shop/db k8s:1
    "#]],
    );
}

#[test]
fn selectors_of_one_kubernetes_peer_meet_and_of_two_add_up() {
    let policies = r#"
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: peers, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  ingress:
  - from:
    - namespaceSelector: {matchLabels: {team: blue}}
      podSelector: {matchExpressions: [{key: app, operator: NotIn, values: [box]}]}
    - podSelector: {matchExpressions: [{key: app, operator: Exists}, {key: tier, operator: DoesNotExist}]}
"#;
    check_in_cluster(
        policies,
        "dev/box shop/web:80",
        expect![[r#"
        deny dev/box -> shop/web tcp/80
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress deny: KubernetesNetworkPolicy shop/peers selects shop/web, and no rule of tier default allows tcp/80 from dev/box k8s:1
    "#]],
    );
    check_in_cluster(
        policies,
        "shop/db shop/web:80",
        expect![[r#"
        allow shop/db -> shop/web tcp/80
          egress allow: no policy selects shop/db for egress: everything is allowed
          ingress allow: rule 0 of KubernetesNetworkPolicy shop/peers allows tcp/80 from shop/db k8s:10
    "#]],
    );
}

#[test]
fn a_block_of_addresses_has_holes() {
    let policies = r#"
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: block, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  ingress:
  - from:
    - ipBlock: {cidr: 198.51.100.0/24, except: [198.51.100.128/25]}
"#;
    check_in_cluster(
        policies,
        "ip/198.51.100.9 shop/web:80",
        expect![[r#"
        allow ip/198.51.100.9 -> shop/web tcp/80
          ingress allow: rule 0 of KubernetesNetworkPolicy shop/block allows tcp/80 from ip/198.51.100.9 k8s:8
    "#]],
    );
    check_in_cluster(
        policies,
        "ip/198.51.100.200 shop/web:80",
        expect![[r#"
        deny ip/198.51.100.200 -> shop/web tcp/80
          ingress deny: KubernetesNetworkPolicy shop/block selects shop/web, and no rule of tier default allows tcp/80 from ip/198.51.100.200 k8s:1
    "#]],
    );
}

#[test]
fn pods_cannot_give_themselves_what_namespaces_hand_down() {
    let policies = r#"
apiVersion: v1
kind: Pod
metadata: {name: liar, namespace: dev, labels: {pcns.team: red, projectcalico.org/namespace: shop, projectcalico.org/serviceaccount: keeper}}
status: {podIP: 10.0.0.9}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop}
status: {podIP: 10.0.0.1}
---
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {team: red}}
---
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: own, namespace: shop}
spec:
  ingress:
  - {action: Allow, protocol: TCP, source: {selector: all()}}
  - {action: Allow, protocol: UDP, source: {namespaceSelector: team == 'red'}}
  - {action: Allow, protocol: SCTP, source: {serviceAccounts: {names: [keeper]}}}
"#;
    check(
        policies,
        "dev/liar shop/web:80",
        expect![[r#"
        deny dev/liar -> shop/web tcp/80
          egress allow: no policy selects dev/liar for egress: everything is allowed
          ingress deny: NetworkPolicy shop/own selects shop/web, and no rule of tier default allows tcp/80 from dev/liar k8s:16
        assumed: namespace dev is not given: it has its automatic label only
    "#]],
    );
    check(
        policies,
        "dev/liar shop/web:80/udp",
        expect![[r#"
        deny dev/liar -> shop/web udp/80
          egress allow: no policy selects dev/liar for egress: everything is allowed
          ingress deny: NetworkPolicy shop/own selects shop/web, and no rule of tier default allows udp/80 from dev/liar k8s:16
        assumed: namespace dev is not given: it has its automatic label only
    "#]],
    );
    check(
        policies,
        "dev/liar shop/web:80/sctp",
        expect![[r#"
        deny dev/liar -> shop/web sctp/80
          egress allow: no policy selects dev/liar for egress: everything is allowed
          ingress deny: NetworkPolicy shop/own selects shop/web, and no rule of tier default allows sctp/80 from dev/liar k8s:16
        assumed: namespace dev is not given: it has its automatic label only
    "#]],
    );
}

#[test]
fn a_service_as_destination_means_its_endpoints_and_ports() {
    let policies = r#"
apiVersion: v1
kind: Service
metadata: {name: sql, namespace: shop}
spec: {selector: {app: db}, ports: [{port: 1, targetPort: sql}]}
---
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: to-sql, namespace: dev}
spec:
  egress:
  - action: Allow
    destination: {services: {name: sql, namespace: shop}}
  types: [Egress]
---
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: from-sql, namespace: shop}
spec:
  selector: app == 'web'
  ingress:
  - action: Allow
    source: {services: {name: sql, namespace: shop}}
"#;
    check_in_cluster(
        policies,
        "dev/box svc/shop/sql",
        expect![[r#"
        allow dev/box -> shop/db tcp/5432 by svc/shop/sql
          egress allow: rule 0 of NetworkPolicy dev/to-sql allows tcp/5432 to shop/db k8s:11
          ingress allow: no policy selects shop/db for ingress: everything is allowed
    "#]],
    );
    check_in_cluster(
        policies,
        "dev/box shop/db:5433",
        expect![[r#"
        deny dev/box -> shop/db tcp/5433
          egress deny: NetworkPolicy dev/to-sql selects dev/box, and no rule of tier default allows tcp/5433 to shop/db k8s:6
          ingress allow: no policy selects shop/db for ingress: everything is allowed
    "#]],
    );
    check_in_cluster(
        policies,
        "shop/db shop/web:80",
        expect![[r#"
        allow shop/db -> shop/web tcp/80
          egress allow: no policy selects shop/db for egress: everything is allowed
          ingress allow: rule 0 of NetworkPolicy shop/from-sql allows tcp/80 from shop/db k8s:21
    "#]],
    );
    check_in_cluster(
        policies,
        "dev/box:5432 shop/web:80",
        expect![[r#"
        deny dev/box -> shop/web tcp/80
          egress deny: NetworkPolicy dev/to-sql selects dev/box, and no rule of tier default allows tcp/80 to shop/web k8s:6
          ingress deny: NetworkPolicy shop/from-sql selects shop/web, and no rule of tier default allows tcp/80 from dev/box k8s:15
    "#]],
    );
}
