//! Staged policies: never a verdict, always a word about what they would do.

use expect_test::expect;

use crate::support::check_in_cluster;

#[test]
fn each_staged_kind_would_decide() {
    let policies = r#"
apiVersion: projectcalico.org/v3
kind: StagedGlobalNetworkPolicy
metadata: {name: later}
spec: {order: 1, selector: app == 'web', ingress: [{action: Deny}]}
---
apiVersion: projectcalico.org/v3
kind: StagedNetworkPolicy
metadata: {name: later, namespace: shop}
spec: {selector: app == 'db', ingress: [{action: Deny, source: {selector: app == 'web'}}, {action: Allow}]}
---
apiVersion: projectcalico.org/v3
kind: StagedKubernetesNetworkPolicy
metadata: {name: later, namespace: dev}
spec: {podSelector: {}, policyTypes: [Ingress]}
"#;
    check_in_cluster(
        policies,
        "dev/box shop/web:80",
        expect![[r#"
        allow dev/box -> shop/web tcp/80
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress allow: no policy selects shop/web for ingress: everything is allowed
          would deny
            egress allow: no policy selects dev/box for egress: everything is allowed
            ingress deny: rule 0 of StagedGlobalNetworkPolicy later denies tcp/80 from dev/box k8s:4
    "#]],
    );
    check_in_cluster(
        policies,
        "shop/web shop/db:80",
        expect![[r#"
        allow shop/web -> shop/db tcp/80
          egress allow: no policy selects shop/web for egress: everything is allowed
          ingress allow: no policy selects shop/db for ingress: everything is allowed
          would deny
            egress allow: no policy selects shop/web for egress: everything is allowed
            ingress deny: rule 0 of StagedNetworkPolicy shop/later denies tcp/80 from shop/web k8s:9
    "#]],
    );
    check_in_cluster(
        policies,
        "shop/web dev/box:80",
        expect![[r#"
        allow shop/web -> dev/box tcp/80
          egress allow: no policy selects shop/web for egress: everything is allowed
          ingress allow: no policy selects dev/box for ingress: everything is allowed
          would deny
            egress allow: no policy selects shop/web for egress: everything is allowed
            ingress deny: StagedKubernetesNetworkPolicy dev/later selects dev/box, and no rule of tier default allows tcp/80 from shop/web k8s:11
    "#]],
    );
}

#[test]
fn staged_policies_that_agree_still_change_who_decides() {
    check_in_cluster(
        r#"
apiVersion: projectcalico.org/v3
kind: StagedNetworkPolicy
metadata: {name: later, namespace: shop}
spec: {selector: app == 'web', ingress: [{action: Allow}]}
"#,
        "dev/box shop/web:80",
        expect![[r#"
            allow dev/box -> shop/web tcp/80
              egress allow: no policy selects dev/box for egress: everything is allowed
              ingress allow: no policy selects shop/web for ingress: everything is allowed
              would allow
                egress allow: no policy selects dev/box for egress: everything is allowed
                ingress allow: rule 0 of StagedNetworkPolicy shop/later allows tcp/80 from dev/box k8s:4
        "#]],
    );
}

#[test]
fn a_tier_of_staged_policies_alone_has_no_say() {
    check_in_cluster(
        r#"
apiVersion: projectcalico.org/v3
kind: Tier
metadata: {name: first}
spec: {order: 1}
---
apiVersion: projectcalico.org/v3
kind: StagedGlobalNetworkPolicy
metadata: {name: first.later}
spec: {tier: first, selector: all(), types: [Ingress, Egress]}
"#,
        "dev/box shop/web:80",
        expect![[r#"
            allow dev/box -> shop/web tcp/80
              egress allow: no policy selects dev/box for egress: everything is allowed
              ingress allow: no policy selects shop/web for ingress: everything is allowed
              would deny
                egress deny: StagedGlobalNetworkPolicy first.later selects dev/box, and no rule of tier first allows tcp/80 to shop/web k8s:6
                ingress deny: StagedGlobalNetworkPolicy first.later selects shop/web, and no rule of tier first allows tcp/80 from dev/box k8s:6
        "#]],
    );
}

#[test]
fn a_staged_deletion_is_not_evaluated() {
    check_in_cluster(
        r#"
apiVersion: projectcalico.org/v3
kind: StagedNetworkPolicy
metadata: {name: gone, namespace: shop}
spec: {stagedAction: Delete}
---
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: gone, namespace: shop}
spec: {selector: app == 'web', ingress: [{action: Deny}]}
"#,
        "dev/box shop/web:80",
        expect![[r#"
            deny dev/box -> shop/web tcp/80
              egress allow: no policy selects dev/box for egress: everything is allowed
              ingress deny: rule 0 of NetworkPolicy shop/gone denies tcp/80 from dev/box k8s:9
        "#]],
    );
}

#[test]
fn learn_and_ignore_are_staged_like_any_other() {
    check_in_cluster(
        r#"
apiVersion: projectcalico.org/v3
kind: StagedNetworkPolicy
metadata: {name: learning, namespace: shop}
spec: {stagedAction: Learn, selector: app == 'web', types: [Ingress]}
"#,
        "dev/box shop/web:80",
        expect![[r#"
            allow dev/box -> shop/web tcp/80
              egress allow: no policy selects dev/box for egress: everything is allowed
              ingress allow: no policy selects shop/web for ingress: everything is allowed
              would deny
                egress allow: no policy selects dev/box for egress: everything is allowed
                ingress deny: StagedNetworkPolicy shop/learning selects shop/web, and no rule of tier default allows tcp/80 from dev/box k8s:1
        "#]],
    );
}

#[test]
fn a_staged_policy_for_host_endpoints_would_decide_there() {
    check_in_cluster(
        r#"
apiVersion: projectcalico.org/v3
kind: HostEndpoint
metadata: {name: n1-eth0, labels: {host: yes-it-is}}
spec: {node: n1, interfaceName: eth0, expectedIPs: [192.0.2.1], profiles: [projectcalico-default-allow]}
---
apiVersion: projectcalico.org/v3
kind: StagedGlobalNetworkPolicy
metadata: {name: later}
spec: {selector: has(host), ingress: [{action: Deny}]}
"#,
        "ip/203.0.113.1 hep/n1-eth0:80",
        expect![[r#"
            allow ip/203.0.113.1 -> hep/n1-eth0 tcp/80
              ingress allow: profile projectcalico-default-allow of hep/n1-eth0 says allow
              would deny
                ingress deny: rule 0 of StagedGlobalNetworkPolicy later denies tcp/80 from ip/203.0.113.1 k8s:9
            assumed: hep/n1-eth0 is the endpoint of the interface in question
        "#]],
    );
}
