//! What the original would refuse, and what cannot be read.

use expect_test::expect;

use crate::support::check_in_cluster;

#[test]
fn a_refused_policy_leaves_open_what_it_could_decide() {
    let policies = r#"
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: typo, namespace: shop}
spec: {podSelector: {matchLabels: {app: web}}, ingres: [{}]}
"#;
    check_in_cluster(
        policies,
        "dev/box shop/web:80",
        expect![[r#"
        unknown dev/box -> shop/web tcp/80
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress unknown: it depends on a fact that is not given
          depends on what becomes of NetworkPolicy shop/typo, which would be refused: unknown field `spec.ingres` [--refused absent]
          without it: allow
        skipped: NetworkPolicy shop/typo would be refused: unknown field `spec.ingres` k8s:1
    "#]],
    );
    check_in_cluster(
        policies,
        "dev/box shop/db:80",
        expect![[r#"
        allow dev/box -> shop/db tcp/80
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress allow: no policy selects shop/db for ingress: everything is allowed
        skipped: NetworkPolicy shop/typo would be refused: unknown field `spec.ingres` k8s:1
    "#]],
    );
    check_in_cluster(
        policies,
        "shop/web dev/box:80",
        expect![[r#"
        unknown shop/web -> dev/box tcp/80
          egress unknown: it depends on a fact that is not given
          ingress allow: no policy selects dev/box for ingress: everything is allowed
          depends on what becomes of NetworkPolicy shop/typo, which would be refused: unknown field `spec.ingres` [--refused absent]
          without it: allow
        skipped: NetworkPolicy shop/typo would be refused: unknown field `spec.ingres` k8s:1
    "#]],
    );
    check_in_cluster(
        policies,
        "dev/box shop/web:80 --refused absent",
        expect![[r#"
        allow dev/box -> shop/web tcp/80
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress allow: no policy selects shop/web for ingress: everything is allowed
        skipped: NetworkPolicy shop/typo would be refused: unknown field `spec.ingres` k8s:1
    "#]],
    );
}

#[test]
fn what_an_earlier_policy_decides_is_not_in_doubt() {
    let policies = r#"
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: first, namespace: shop}
spec: {order: 1, selector: app == 'web', ingress: [{action: Deny, protocol: UDP}]}
---
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: broken, namespace: shop}
spec: {order: 2, selector: app == 'web', ingress: [{action: Accept}]}
"#;
    check_in_cluster(
        policies,
        "dev/box shop/web:53/udp",
        expect![[r#"
        deny dev/box -> shop/web udp/53
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress deny: rule 0 of NetworkPolicy shop/first denies udp/53 from dev/box k8s:4
        skipped: NetworkPolicy shop/broken would be refused: `Accept` is not an action k8s:6
    "#]],
    );
    check_in_cluster(
        policies,
        "dev/box shop/web:80",
        expect![[r#"
        unknown dev/box -> shop/web tcp/80
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress unknown: it depends on a fact that is not given
          depends on what becomes of NetworkPolicy shop/broken, which would be refused: `Accept` is not an action [--refused absent]
          without it: deny
        skipped: NetworkPolicy shop/broken would be refused: `Accept` is not an action k8s:6
    "#]],
    );
}

#[test]
fn a_selector_that_cannot_be_parsed_could_select_anybody_in_reach() {
    let policies = r#"
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: typo, namespace: shop}
spec: {selector: app = 'web', types: [Ingress]}
"#;
    check_in_cluster(
        policies,
        "dev/box shop/db:80",
        expect![[r#"
        unknown dev/box -> shop/db tcp/80
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress unknown: it depends on a fact that is not given
          depends on what becomes of NetworkPolicy shop/typo, which would be refused: the selector `app = 'web'` cannot be parsed: expected == (a single = is no operator) after `app` [--refused absent]
          without it: allow
        skipped: NetworkPolicy shop/typo would be refused: the selector `app = 'web'` cannot be parsed: expected == (a single = is no operator) after `app` k8s:1
    "#]],
    );
    check_in_cluster(
        policies,
        "shop/db dev/box:80",
        expect![[r#"
        allow shop/db -> dev/box tcp/80
          egress allow: no policy selects shop/db for egress: everything is allowed
          ingress allow: no policy selects dev/box for ingress: everything is allowed
        skipped: NetworkPolicy shop/typo would be refused: the selector `app = 'web'` cannot be parsed: expected == (a single = is no operator) after `app` k8s:1
    "#]],
    );
}

#[test]
fn a_refused_tier_puts_its_policies_in_doubt() {
    let policies = r#"
apiVersion: projectcalico.org/v3
kind: Tier
metadata: {name: security}
spec: {order: 10, defaultAction: Drop}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: security.web}
spec: {tier: security, selector: app == 'web', types: [Ingress]}
"#;
    check_in_cluster(
        policies,
        "dev/box shop/web:80",
        expect![[r#"
        unknown dev/box -> shop/web tcp/80
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress unknown: it depends on a fact that is not given
          depends on what becomes of Tier security, which would be refused: `Drop` is not the default action of a tier [--refused absent]
          without it: deny
        skipped: Tier security would be refused: `Drop` is not the default action of a tier k8s:1
    "#]],
    );
    check_in_cluster(
        policies,
        "dev/box shop/db:80",
        expect![[r#"
        allow dev/box -> shop/db tcp/80
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress allow: no policy selects shop/db for ingress: everything is allowed
        skipped: Tier security would be refused: `Drop` is not the default action of a tier k8s:1
    "#]],
    );
    check_in_cluster(
        policies,
        "dev/box shop/web:80 --refused absent",
        expect![[r#"
        deny dev/box -> shop/web tcp/80
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress deny: GlobalNetworkPolicy security.web selects shop/web, and no rule of tier security allows tcp/80 from dev/box k8s:6
        skipped: Tier security would be refused: `Drop` is not the default action of a tier k8s:1
    "#]],
    );
}

#[test]
fn a_changed_built_in_tier_is_refused_and_the_built_in_one_stays() {
    check_in_cluster(
        r#"
apiVersion: projectcalico.org/v3
kind: Tier
metadata: {name: default}
spec: {order: 5, defaultAction: Pass}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: shut, namespace: shop}
spec: {podSelector: {}}
"#,
        "dev/box shop/web:80",
        expect![[r#"
            deny dev/box -> shop/web tcp/80
              egress allow: no policy selects dev/box for egress: everything is allowed
              ingress deny: KubernetesNetworkPolicy shop/shut selects shop/web, and no rule of tier default allows tcp/80 from dev/box k8s:6
            skipped: Tier default would be refused: the tier `default` has the order 1000000 k8s:1
        "#]],
    );
}

#[test]
fn a_refused_network_set_may_hold_anything() {
    let policies = r#"
apiVersion: projectcalico.org/v3
kind: GlobalNetworkSet
metadata: {name: bad, labels: {role: bad}}
spec: {nets: [10.1.0.0/33]}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: no-bad}
spec: {selector: app == 'web', types: [Ingress], ingress: [{action: Deny, source: {selector: role == 'bad'}}, {action: Allow}]}
"#;
    check_in_cluster(
        policies,
        "dev/box shop/web:80",
        expect![[r#"
        unknown dev/box -> shop/web tcp/80
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress unknown: it depends on a fact that is not given
          depends on whether the refused network set `bad` holds dev/box [--refused absent]
          without it: allow
        skipped: GlobalNetworkSet bad would be refused: `10.1.0.0/33` is not an address or network k8s:1
    "#]],
    );
    check_in_cluster(
        policies,
        "dev/box shop/db:80",
        expect![[r#"
        allow dev/box -> shop/db tcp/80
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress allow: no policy selects shop/db for ingress: everything is allowed
        skipped: GlobalNetworkSet bad would be refused: `10.1.0.0/33` is not an address or network k8s:1
    "#]],
    );
    check_in_cluster(
        policies,
        "dev/box shop/web:80 --refused absent",
        expect![[r#"
        allow dev/box -> shop/web tcp/80
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress allow: rule 1 of GlobalNetworkPolicy no-bad allows tcp/80 from dev/box k8s:9
        skipped: GlobalNetworkSet bad would be refused: `10.1.0.0/33` is not an address or network k8s:1
    "#]],
    );
}

#[test]
fn a_refused_staged_policy_changes_no_verdict() {
    check_in_cluster(
        r#"
apiVersion: projectcalico.org/v3
kind: StagedNetworkPolicy
metadata: {name: later, namespace: shop}
spec: {selector: app == 'web', ingress: [{action: deny}]}
"#,
        "dev/box shop/web:80",
        expect![[r#"
            allow dev/box -> shop/web tcp/80
              egress allow: no policy selects dev/box for egress: everything is allowed
              ingress allow: no policy selects shop/web for ingress: everything is allowed
              would unknown
                egress allow: no policy selects dev/box for egress: everything is allowed
                ingress unknown: it depends on a fact that is not given
            skipped: StagedNetworkPolicy shop/later would be refused: `deny` is not an action: letter case counts k8s:1
        "#]],
    );
}

#[test]
fn versions_that_are_not_served_are_refused() {
    let policies = r#"
apiVersion: extensions/v1beta1
kind: NetworkPolicy
metadata: {name: old, namespace: shop}
spec: {podSelector: {matchLabels: {app: web}}}
---
apiVersion: projectcalico.org/v1
kind: NetworkPolicy
metadata: {name: older, namespace: shop}
spec: {selector: app == 'db'}
"#;
    check_in_cluster(
        policies,
        "dev/box shop/web:80",
        expect![[r#"
        unknown dev/box -> shop/web tcp/80
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress unknown: it depends on a fact that is not given
          depends on what becomes of NetworkPolicy shop/old, which would be refused: NetworkPolicy is not served as `extensions/v1beta1` [--refused absent]
          without it: allow
        skipped: NetworkPolicy shop/old would be refused: NetworkPolicy is not served as `extensions/v1beta1` k8s:1
        skipped: NetworkPolicy shop/older would be refused: NetworkPolicy is not served as `projectcalico.org/v1` k8s:6
    "#]],
    );
    check_in_cluster(
        policies,
        "dev/box shop/db:80",
        expect![[r#"
        unknown dev/box -> shop/db tcp/80
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress unknown: it depends on a fact that is not given
          depends on what becomes of NetworkPolicy shop/older, which would be refused: NetworkPolicy is not served as `projectcalico.org/v1` [--refused absent]
          without it: allow
        skipped: NetworkPolicy shop/old would be refused: NetworkPolicy is not served as `extensions/v1beta1` k8s:1
        skipped: NetworkPolicy shop/older would be refused: NetworkPolicy is not served as `projectcalico.org/v1` k8s:6
    "#]],
    );
}

#[test]
fn an_unreadable_document_that_names_a_policy_kind_could_be_any_policy() {
    let policies = r#"
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: broken, namespace: shop
spec: [
"#;
    check_in_cluster(
        policies,
        "dev/box shop/web:80",
        expect![[r#"
        unknown dev/box -> shop/web tcp/80
          egress unknown: it depends on a fact that is not given
          ingress unknown: it depends on a fact that is not given
          depends on what becomes of the NetworkPolicy in a document that cannot be read [--refused absent]
          without it: allow
    "#]],
    );
    check_in_cluster(
        policies,
        "dev/box shop/web:80 --refused absent",
        expect![[r#"
        allow dev/box -> shop/web tcp/80
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress allow: no policy selects shop/web for ingress: everything is allowed
    "#]],
    );
    check_in_cluster(
        policies,
        "dev/box ip/203.0.113.1:80",
        expect![[r#"
        unknown dev/box -> ip/203.0.113.1 tcp/80
          egress unknown: it depends on a fact that is not given
          depends on what becomes of the NetworkPolicy in a document that cannot be read [--refused absent]
          without it: allow
    "#]],
    );
    check_in_cluster(
        policies,
        "ip/203.0.113.1 ip/203.0.113.2:80",
        expect![[r#"
        allow ip/203.0.113.1 -> ip/203.0.113.2 tcp/80
    "#]],
    );
}

#[test]
fn an_unreadable_document_of_another_kind_is_no_policy() {
    check_in_cluster(
        r#"
apiVersion: v1
kind: ConfigMap
metadata: {name: broken
data: [
"#,
        "dev/box shop/web:80",
        expect![[r#"
            allow dev/box -> shop/web tcp/80
              egress allow: no policy selects dev/box for egress: everything is allowed
              ingress allow: no policy selects shop/web for ingress: everything is allowed
        "#]],
    );
}

#[test]
fn what_stays_denied_without_the_doubt_is_still_said() {
    check_in_cluster(
        r#"
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: broken, namespace: shop}
spec: {order: 2, selector: app == 'web', ingress: [{action: Allow, protocol: TCP, destination: {ports: [70000]}}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: shut, namespace: shop}
spec: {podSelector: {}}
"#,
        "dev/box shop/web:80",
        expect![[r#"
            unknown dev/box -> shop/web tcp/80
              egress allow: no policy selects dev/box for egress: everything is allowed
              ingress unknown: it depends on a fact that is not given
              depends on what becomes of NetworkPolicy shop/broken, which would be refused: `70000` is not between 1 and 65535 [--refused absent]
              without it: deny
            skipped: NetworkPolicy shop/broken would be refused: `70000` is not between 1 and 65535 k8s:1
        "#]],
    );
}

#[test]
fn a_pod_whose_side_denies_settles_a_doubt_at_the_other() {
    check_in_cluster(
        r#"
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: broken, namespace: shop}
spec: {selector: app == 'web', ingress: [{action: Accept}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: shut, namespace: dev}
spec: {podSelector: {}, policyTypes: [Egress]}
"#,
        "dev/box shop/web:80",
        expect![[r#"
            deny dev/box -> shop/web tcp/80
              egress deny: KubernetesNetworkPolicy dev/shut selects dev/box, and no rule of tier default allows tcp/80 to shop/web k8s:6
              ingress unknown: it depends on a fact that is not given
            skipped: NetworkPolicy shop/broken would be refused: `Accept` is not an action k8s:1
        "#]],
    );
}

#[test]
fn a_fault_in_its_types_leaves_both_directions_open() {
    let policies = r#"
apiVersion: v1
kind: List
items:
- apiVersion: networking.k8s.io/v1
  kind: NetworkPolicy
  metadata: {name: typo, namespace: shop}
  spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Ingres]}
- apiVersion: networking.k8s.io/v1
  kind: NetworkPolicy
  metadata: {name: port, namespace: shop}
  spec: {podSelector: {matchLabels: {app: db}}, ingress: [{ports: [{port: 0}]}]}
"#;
    check_in_cluster(
        policies,
        "dev/box shop/web:80",
        expect![[r#"
        unknown dev/box -> shop/web tcp/80
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress unknown: it depends on a fact that is not given
          depends on what becomes of NetworkPolicy shop/typo, which would be refused: `Ingres` is not a policy type [--refused absent]
          without it: allow
        skipped: NetworkPolicy shop/typo would be refused: `Ingres` is not a policy type k8s:4
        skipped: NetworkPolicy shop/port would be refused: port 0 is not between 1 and 65535 k8s:8
    "#]],
    );
    check_in_cluster(
        policies,
        "shop/web dev/box:80",
        expect![[r#"
        unknown shop/web -> dev/box tcp/80
          egress unknown: it depends on a fact that is not given
          ingress allow: no policy selects dev/box for ingress: everything is allowed
          depends on what becomes of NetworkPolicy shop/typo, which would be refused: `Ingres` is not a policy type [--refused absent]
          without it: allow
        skipped: NetworkPolicy shop/typo would be refused: `Ingres` is not a policy type k8s:4
        skipped: NetworkPolicy shop/port would be refused: port 0 is not between 1 and 65535 k8s:8
    "#]],
    );
    check_in_cluster(
        policies,
        "dev/box shop/db:80",
        expect![[r#"
        unknown dev/box -> shop/db tcp/80
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress unknown: it depends on a fact that is not given
          depends on what becomes of NetworkPolicy shop/port, which would be refused: port 0 is not between 1 and 65535 [--refused absent]
          without it: allow
        skipped: NetworkPolicy shop/typo would be refused: `Ingres` is not a policy type k8s:4
        skipped: NetworkPolicy shop/port would be refused: port 0 is not between 1 and 65535 k8s:8
    "#]],
    );
    check_in_cluster(
        policies,
        "shop/db dev/box:80",
        expect![[r#"
        allow shop/db -> dev/box tcp/80
          egress allow: no policy selects shop/db for egress: everything is allowed
          ingress allow: no policy selects dev/box for ingress: everything is allowed
        skipped: NetworkPolicy shop/typo would be refused: `Ingres` is not a policy type k8s:4
        skipped: NetworkPolicy shop/port would be refused: port 0 is not between 1 and 65535 k8s:8
    "#]],
    );
}

#[test]
fn a_fault_in_its_order_could_put_it_first() {
    let policies = r#"
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: sure, namespace: shop}
spec: {order: 1, selector: app == 'web', ingress: [{action: Allow}]}
---
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: typo, namespace: shop}
spec: {order: first, selector: app == 'web', ingress: [{action: Deny}]}
"#;
    check_in_cluster(
        policies,
        "dev/box shop/web:80",
        expect![[r#"
        unknown dev/box -> shop/web tcp/80
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress unknown: it depends on a fact that is not given
          depends on what becomes of NetworkPolicy shop/typo, which would be refused: `spec.order` must be a number, not a string [--refused absent]
          without it: allow
        skipped: NetworkPolicy shop/typo would be refused: `spec.order` must be a number, not a string k8s:6
    "#]],
    );
}
