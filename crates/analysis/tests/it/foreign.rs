//! Policies of other engines: recognised, not judged, and said.

use expect_test::expect;

use crate::support::check_in_cluster;

#[test]
fn a_policy_of_another_engine_may_decide_either_way() {
    let policies = r#"
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: l7, namespace: shop}
spec: {endpointSelector: {}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: shut, namespace: dev}
spec: {podSelector: {}}
"#;
    check_in_cluster(
        policies,
        "dev/box shop/web:80",
        expect![[r#"
        unknown dev/box -> shop/web tcp/80
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress unknown: it depends on a fact that is not given
          depends on what CiliumNetworkPolicy shop/l7 does: its kind is not judged here [--without CiliumNetworkPolicy]
    "#]],
    );
    check_in_cluster(
        policies,
        "shop/web dev/box:80",
        expect![[r#"
        deny shop/web -> dev/box tcp/80
          egress unknown: it depends on a fact that is not given
          ingress deny: KubernetesNetworkPolicy dev/shut selects dev/box, and no rule of tier default allows tcp/80 from shop/web k8s:6
    "#]],
    );
    check_in_cluster(
        policies,
        "dev/box shop/web:80 --without CiliumNetworkPolicy",
        expect![[r#"
        allow dev/box -> shop/web tcp/80
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress allow: no policy selects shop/web for ingress: everything is allowed
        skipped: CiliumNetworkPolicy shop/l7 is said not to be in force here k8s:1
    "#]],
    );
    check_in_cluster(
        policies,
        "dev/box ip/203.0.113.1:80",
        expect![[r#"
        allow dev/box -> ip/203.0.113.1 tcp/80
          egress allow: no policy selects dev/box for egress: everything is allowed
    "#]],
    );
}

#[test]
fn a_policy_that_only_takes_away_leaves_a_deny() {
    let policies = r#"
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: web, namespace: shop}
spec: {action: DENY}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: shut, namespace: shop}
spec: {podSelector: {matchLabels: {app: db}}}
"#;
    check_in_cluster(
        policies,
        "dev/box shop/web:80",
        expect![[r#"
        unknown dev/box -> shop/web tcp/80
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress unknown: it depends on a fact that is not given
          depends on what AuthorizationPolicy shop/web does: its kind is not judged here [--without AuthorizationPolicy]
    "#]],
    );
    check_in_cluster(
        policies,
        "dev/box shop/db:80",
        expect![[r#"
        deny dev/box -> shop/db tcp/80
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress deny: KubernetesNetworkPolicy shop/shut selects shop/db, and no rule of tier default allows tcp/80 from dev/box k8s:6
    "#]],
    );
}

#[test]
fn policies_of_the_whole_cluster_concern_everyone() {
    let policies = r#"
apiVersion: policy.networking.k8s.io/v1alpha1
kind: AdminNetworkPolicy
metadata: {name: admin}
spec: {priority: 1}
---
apiVersion: crd.antrea.io/v1beta1
kind: ClusterNetworkPolicy
metadata: {name: antrea}
spec: {}
"#;
    check_in_cluster(
        policies,
        "dev/box shop/web:80",
        expect![[r#"
        unknown dev/box -> shop/web tcp/80
          egress unknown: it depends on a fact that is not given
          ingress unknown: it depends on a fact that is not given
          depends on what AdminNetworkPolicy admin does: its kind is not judged here [--without AdminNetworkPolicy]
          depends on what ClusterNetworkPolicy antrea does: its kind is not judged here [--without ClusterNetworkPolicy]
    "#]],
    );
    check_in_cluster(
        policies,
        "dev/box shop/web:80 --without AdminNetworkPolicy --without ClusterNetworkPolicy",
        expect![[r#"
        allow dev/box -> shop/web tcp/80
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress allow: no policy selects shop/web for ingress: everything is allowed
        skipped: AdminNetworkPolicy admin is said not to be in force here k8s:1
        skipped: ClusterNetworkPolicy antrea is said not to be in force here k8s:6
    "#]],
    );
}

#[test]
fn a_kind_nobody_knows_is_counted() {
    check_in_cluster(
        r#"
apiVersion: example.com/v1
kind: Gadget
metadata: {name: a}
---
apiVersion: example.com/v1
kind: Gadget
metadata: {name: b}
"#,
        "dev/box shop/web:80",
        expect![[r#"
            allow dev/box -> shop/web tcp/80
              egress allow: no policy selects dev/box for egress: everything is allowed
              ingress allow: no policy selects shop/web for ingress: everything is allowed
            skipped: 2 objects of kind Gadget.example.com: the kind is not known here
        "#]],
    );
}
