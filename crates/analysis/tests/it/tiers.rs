//! Tiers, the order in them, and how they end.

use expect_test::expect;

use crate::support::{check_in_cluster, check_trace};

#[test]
fn without_policy_everything_passes() {
    check_in_cluster(
        r#"
# nothing
"#,
        "shop/web shop/db:5432",
        expect![[r#"
            allow shop/web -> shop/db tcp/5432
              egress allow: no policy selects shop/web for egress: everything is allowed
              ingress allow: no policy selects shop/db for ingress: everything is allowed
        "#]],
    );
}

#[test]
fn a_tier_that_selects_nobody_has_no_say() {
    check_in_cluster(
        r#"
apiVersion: projectcalico.org/v3
kind: Tier
metadata: {name: security}
spec: {order: 100, defaultAction: Deny}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: security.others}
spec: {tier: security, order: 1, selector: app == 'nobody', types: [Ingress, Egress]}
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
fn a_policy_without_rules_makes_its_tier_apply_and_the_end_denies() {
    let policies = r#"
apiVersion: projectcalico.org/v3
kind: Tier
metadata: {name: security}
spec: {order: 100, defaultAction: Deny}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: security.shut}
spec: {tier: security, order: 1, selector: app == 'web', types: [Ingress]}
"#;
    check_in_cluster(
        policies,
        "dev/box shop/web:80",
        expect![[r#"
        deny dev/box -> shop/web tcp/80
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress deny: GlobalNetworkPolicy security.shut selects shop/web, and no rule of tier security allows tcp/80 from dev/box k8s:6
    "#]],
    );
    check_in_cluster(
        policies,
        "shop/web dev/box:80",
        expect![[r#"
        allow shop/web -> dev/box tcp/80
          egress allow: no policy selects shop/web for egress: everything is allowed
          ingress allow: no policy selects dev/box for ingress: everything is allowed
    "#]],
    );
}

#[test]
fn a_policy_that_only_logs_ends_with_its_tier() {
    check_in_cluster(
        r#"
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: log}
spec:
  selector: app == 'web'
  ingress:
  - action: Log
"#,
        "dev/box shop/web:80",
        expect![[r#"
            deny dev/box -> shop/web tcp/80
              egress allow: no policy selects dev/box for egress: everything is allowed
              ingress deny: GlobalNetworkPolicy log selects shop/web, and no rule of tier default allows tcp/80 from dev/box k8s:1
        "#]],
    );
}

#[test]
fn the_default_pass_of_a_tier_asks_the_next() {
    check_trace(
        r#"
apiVersion: projectcalico.org/v3
kind: Tier
metadata: {name: first}
spec: {order: 1, defaultAction: Pass}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: first.nothing}
spec: {tier: first, selector: all(), types: [Ingress]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: shut, namespace: shop}
spec: {podSelector: {}}
"#,
        "dev/box shop/web:80",
        expect![[r#"
            egress allow
               first(1) : no policy selects it k8s:1
               default(1000000) : no policy selects it
            => () Profile kns.dev: allow
            ingress deny
               first(1) GlobalNetworkPolicy first.nothing: has no ingress rules k8s:6
               first(1) : end of tier: pass k8s:1
               default(1000000) KubernetesNetworkPolicy shop/shut: has no ingress rules k8s:11
            => default(1000000) : end of tier: deny
        "#]],
    );
}

#[test]
fn pass_skips_the_rest_of_its_tier() {
    let policies = r#"
apiVersion: projectcalico.org/v3
kind: Tier
metadata: {name: first}
spec: {order: 1}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: first.pass}
spec:
  tier: first
  order: 1
  ingress:
  - action: Log
  - action: Pass
    source: {selector: app == 'box'}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: first.shut}
spec:
  tier: first
  order: 2
  ingress:
  - action: Deny
"#;
    check_trace(
        policies,
        "dev/box shop/web:80",
        expect![[r#"
        egress allow
           first(1) : no policy selects it k8s:1
        => () Profile kns.dev: allow
        ingress allow
           first(1) GlobalNetworkPolicy first.pass rule 0: log k8s:13
           first(1) GlobalNetworkPolicy first.pass rule 1: pass k8s:14
        => () Profile kns.shop: allow
    "#]],
    );
    check_trace(
        policies,
        "shop/db shop/web:80",
        expect![[r#"
            egress allow
               first(1) : no policy selects it k8s:1
            => () Profile kns.shop: allow
            ingress deny
               first(1) GlobalNetworkPolicy first.pass rule 0: log k8s:13
               first(1) GlobalNetworkPolicy first.pass: none of its other rules matches k8s:6
            => first(1) GlobalNetworkPolicy first.shut rule 0: deny k8s:24
        "#]],
    );
}

#[test]
fn an_allow_ends_the_walk_for_its_direction_only() {
    check_trace(
        r#"
apiVersion: projectcalico.org/v3
kind: Tier
metadata: {name: first}
spec: {order: 1}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: first.open}
spec:
  tier: first
  selector: app == 'web'
  ingress:
  - action: Allow
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: shut, namespace: shop}
spec: {podSelector: {}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: shut, namespace: dev}
spec: {podSelector: {}, policyTypes: [Egress]}
"#,
        "dev/box shop/web:80",
        expect![[r#"
            egress deny
               first(1) : no policy selects it k8s:1
               default(1000000) KubernetesNetworkPolicy dev/shut: has no egress rules k8s:20
            => default(1000000) : end of tier: deny
            ingress allow
            => first(1) GlobalNetworkPolicy first.open rule 0: allow k8s:13
        "#]],
    );
}

#[test]
fn tiers_of_equal_order_go_by_name() {
    check_trace(
        r#"
apiVersion: projectcalico.org/v3
kind: Tier
metadata: {name: b}
spec: {order: 5}
---
apiVersion: projectcalico.org/v3
kind: Tier
metadata: {name: a}
spec: {order: 5}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: b.open}
spec: {tier: b, ingress: [{action: Allow}]}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: a.shut}
spec: {tier: a, ingress: [{action: Deny}]}
"#,
        "dev/box shop/web:80",
        expect![[r#"
            egress allow
               a(5) : no policy selects it k8s:6
               b(5) : no policy selects it k8s:1
            => () Profile kns.dev: allow
            ingress deny
            => a(5) GlobalNetworkPolicy a.shut rule 0: deny k8s:19
        "#]],
    );
}

#[test]
fn a_tier_without_order_stands_beside_the_default_tier_and_names_decide() {
    check_trace(
        r#"
apiVersion: projectcalico.org/v3
kind: Tier
metadata: {name: app}
---
apiVersion: projectcalico.org/v3
kind: Tier
metadata: {name: security}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: security.shut}
spec: {tier: security, ingress: [{action: Deny}]}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: app.pass}
spec: {tier: app, ingress: [{action: Pass}]}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: open}
spec: {ingress: [{action: Pass}]}
"#,
        "dev/box shop/web:80",
        expect![[r#"
            egress allow
               app(1000000) : no policy selects it k8s:1
               default(1000000) : no policy selects it
               security(1000000) : no policy selects it k8s:5
            => () Profile kns.dev: allow
            ingress deny
               app(1000000) GlobalNetworkPolicy app.pass rule 0: pass k8s:17
               default(1000000) GlobalNetworkPolicy open rule 0: pass k8s:22
            => security(1000000) GlobalNetworkPolicy security.shut rule 0: deny k8s:12
        "#]],
    );
}

#[test]
fn a_tier_that_nobody_defines_is_asked_last_and_denies() {
    let policies = r#"
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: nowhere.open}
spec: {tier: nowhere, order: 1, selector: app == 'web', ingress: [{action: Allow, source: {selector: app == 'db'}}]}
---
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: base}
spec:
  tier: Baseline
  priority: 1
  subject: {namespaces: {}}
  ingress:
  - {name: all, action: Pass, from: [{namespaces: {}}]}
"#;
    check_trace(
        policies,
        "dev/box shop/web:80",
        expect![[r#"
        egress allow
           kube-baseline(10000000) : no policy selects it
           nowhere(-) : no policy selects it k8s:1
        => () Profile kns.dev: allow
        ingress deny
           kube-baseline(10000000) KubernetesClusterNetworkPolicy base rule 0: pass k8s:14
           nowhere(-) GlobalNetworkPolicy nowhere.open: its rule does not match k8s:1
        => nowhere(-) : end of tier: deny k8s:1
    "#]],
    );
    check_trace(
        policies,
        "shop/db shop/web:80",
        expect![[r#"
        egress allow
           kube-baseline(10000000) : no policy selects it
           nowhere(-) : no policy selects it k8s:1
        => () Profile kns.shop: allow
        ingress allow
           kube-baseline(10000000) KubernetesClusterNetworkPolicy base rule 0: pass k8s:14
        => nowhere(-) GlobalNetworkPolicy nowhere.open rule 0: allow k8s:4
    "#]],
    );
}

#[test]
fn policies_of_equal_order_go_by_name_namespace_kind_as_one_text() {
    check_trace(
        r#"
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: a, namespace: shop}
spec: {order: 10, selector: app == 'web', ingress: [{action: Log}]}
---
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: a1, namespace: shop}
spec: {order: 10, selector: app == 'web', ingress: [{action: Allow}]}
---
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: a-b, namespace: shop}
spec: {order: 10, selector: app == 'web', ingress: [{action: Log}]}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: a}
spec: {order: 10, selector: app == 'web', ingress: [{action: Log}]}
"#,
        "dev/box shop/web:80",
        expect![[r#"
            egress allow
               default(1000000) : no policy selects it
            => () Profile kns.dev: allow
            ingress allow
               default(1000000) NetworkPolicy shop/a-b rule 0: log k8s:14
               default(1000000) NetworkPolicy shop/a-b: its rule only logs k8s:11
               default(1000000) GlobalNetworkPolicy a rule 0: log k8s:19
               default(1000000) GlobalNetworkPolicy a: its rule only logs k8s:16
               default(1000000) NetworkPolicy shop/a rule 0: log k8s:4
               default(1000000) NetworkPolicy shop/a: its rule only logs k8s:1
            => default(1000000) NetworkPolicy shop/a1 rule 0: allow k8s:9
        "#]],
    );
}

#[test]
fn no_order_comes_after_every_number_and_kubernetes_stands_at_1000() {
    check_trace(
        r#"
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: last, namespace: shop}
spec: {selector: app == 'web', ingress: [{action: Deny}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: middle, namespace: shop}
spec: {podSelector: {matchLabels: {app: web}}}
---
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: before, namespace: shop}
spec: {order: 999.5, selector: app == 'web', ingress: [{action: Log}]}
---
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: after, namespace: shop}
spec: {order: 1001, selector: app == 'web', ingress: [{action: Log}]}
---
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: below, namespace: shop}
spec: {order: -3, selector: app == 'web', ingress: [{action: Log}]}
"#,
        "dev/box shop/web:80",
        expect![[r#"
            egress allow
               default(1000000) : no policy selects it
            => () Profile kns.dev: allow
            ingress deny
               default(1000000) NetworkPolicy shop/below rule 0: log k8s:24
               default(1000000) NetworkPolicy shop/below: its rule only logs k8s:21
               default(1000000) NetworkPolicy shop/before rule 0: log k8s:14
               default(1000000) NetworkPolicy shop/before: its rule only logs k8s:11
               default(1000000) KubernetesNetworkPolicy shop/middle: has no ingress rules k8s:6
               default(1000000) NetworkPolicy shop/after rule 0: log k8s:19
               default(1000000) NetworkPolicy shop/after: its rule only logs k8s:16
            => default(1000000) NetworkPolicy shop/last rule 0: deny k8s:4
        "#]],
    );
}

#[test]
fn cluster_policies_stand_before_and_after_everything() {
    let policies = r#"
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: admin}
spec:
  tier: Admin
  priority: 10
  subject: {pods: {namespaceSelector: {matchLabels: {team: red}}, podSelector: {matchLabels: {app: web}}}}
  ingress:
  - name: hand-on
    action: Pass
    from: [{namespaces: {matchLabels: {team: blue}}}]
---
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: base}
spec:
  tier: Baseline
  priority: 0
  subject: {namespaces: {}}
  ingress:
  - name: shut
    action: Deny
    from: [{namespaces: {}}]
  egress:
  - name: out
    action: Accept
    to: [{networks: [0.0.0.0/0]}]
"#;
    check_trace(
        policies,
        "dev/box shop/web:80",
        expect![[r#"
        egress allow
           kube-admin(1000) : no policy selects it
        => kube-baseline(10000000) KubernetesClusterNetworkPolicy base rule 0: allow k8s:27
        ingress deny
           kube-admin(1000) KubernetesClusterNetworkPolicy admin rule 0: pass k8s:11
        => kube-baseline(10000000) KubernetesClusterNetworkPolicy base rule 0: deny k8s:23
    "#]],
    );
    check_trace(
        policies,
        "shop/db dev/box:80",
        expect![[r#"
        egress allow
           kube-admin(1000) : no policy selects it
        => kube-baseline(10000000) KubernetesClusterNetworkPolicy base rule 0: allow k8s:27
        ingress deny
           kube-admin(1000) : no policy selects it
        => kube-baseline(10000000) KubernetesClusterNetworkPolicy base rule 0: deny k8s:23
    "#]],
    );
}

#[test]
fn staged_policies_are_shown_and_change_nothing() {
    check_trace(
        r#"
apiVersion: projectcalico.org/v3
kind: StagedGlobalNetworkPolicy
metadata: {name: later}
spec: {order: 1, selector: app == 'web', ingress: [{action: Deny}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: open, namespace: shop}
spec: {podSelector: {}, ingress: [{}]}
"#,
        "dev/box shop/web:80",
        expect![[r#"
            egress allow
               default(1000000) : no policy selects it
            => () Profile kns.dev: allow
            ingress allow
               default(1000000) StagedGlobalNetworkPolicy later: staged: would deny k8s:1
            => default(1000000) KubernetesNetworkPolicy shop/open rule 0: allow k8s:9
        "#]],
    );
}
