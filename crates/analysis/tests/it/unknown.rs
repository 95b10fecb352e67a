//! What is not known splits the walk; a verdict is definite only if every case agrees.

use expect_test::expect;

use crate::support::{check, check_in_cluster};

#[test]
fn an_unknown_address_may_be_in_a_network() {
    let policies = r#"
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec: {template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, ports: [{containerPort: 80}]}]}}}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: nets}
spec:
  types: [Egress]
  egress:
  - {action: Deny, source: {nets: [10.0.0.0/8]}}
  - {action: Allow}
"#;
    check(
        policies,
        "shop/web ip/203.0.113.1:80",
        expect![[r#"
        unknown shop/web -> ip/203.0.113.1 tcp/80
          egress unknown: it depends on a fact that is not given
          depends on whether the address of shop/web is in 10.0.0.0/8 [--pod-cidr NETWORK]
        assumed: deployment shop/web is one running pod whose address is not known [--pod-cidr]
        assumed: namespace shop is not given: it has its automatic label only
    "#]],
    );
    check(
        policies,
        "shop/web ip/203.0.113.1:80 --pod-cidr 10.244.0.0/16",
        expect![[r#"
        deny shop/web -> ip/203.0.113.1 tcp/80
          egress deny: rule 0 of GlobalNetworkPolicy nets denies tcp/80 to ip/203.0.113.1 k8s:13
        assumed: deployment shop/web is one running pod whose address is not known [--pod-cidr]
        assumed: namespace shop is not given: it has its automatic label only
    "#]],
    );
    check(
        policies,
        "shop/web ip/203.0.113.1:80 --pod-cidr 172.16.0.0/16",
        expect![[r#"
        allow shop/web -> ip/203.0.113.1 tcp/80
          egress allow: rule 1 of GlobalNetworkPolicy nets allows tcp/80 to ip/203.0.113.1 k8s:14
        assumed: deployment shop/web is one running pod whose address is not known [--pod-cidr]
        assumed: namespace shop is not given: it has its automatic label only
    "#]],
    );
    check(
        policies,
        "shop/web ip/203.0.113.1:80 --pod-cidr 8.0.0.0/6",
        expect![[r#"
        unknown shop/web -> ip/203.0.113.1 tcp/80
          egress unknown: it depends on a fact that is not given
          depends on whether the address of shop/web is in 10.0.0.0/8 [--pod-cidr NETWORK]
        assumed: deployment shop/web is one running pod whose address is not known [--pod-cidr]
        assumed: namespace shop is not given: it has its automatic label only
    "#]],
    );
}

#[test]
fn a_verdict_is_definite_if_all_cases_agree() {
    check(
        r#"
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec: {template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, ports: [{containerPort: 80}]}]}}}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: nets}
spec:
  types: [Egress]
  egress:
  - {action: Allow, source: {nets: [10.0.0.0/8]}}
  - {action: Allow}
"#,
        "shop/web ip/203.0.113.1:80",
        expect![[r#"
            allow shop/web -> ip/203.0.113.1 tcp/80
              egress allow: every case agrees, each by another rule: allow
            assumed: deployment shop/web is one running pod whose address is not known [--pod-cidr]
            assumed: namespace shop is not given: it has its automatic label only
        "#]],
    );
}

#[test]
fn what_the_other_side_denies_stays_denied() {
    check(
        r#"
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec: {template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, ports: [{containerPort: 80}]}]}}}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: nets}
spec:
  selector: app == 'web'
  types: [Egress]
  egress:
  - {action: Allow, source: {nets: [10.0.0.0/8]}}
---
apiVersion: v1
kind: Pod
metadata: {name: shut, namespace: shop}
status: {podIP: 10.0.0.9}
---
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: shut, namespace: shop}
spec: {selector: "!has(app)", types: [Ingress]}
"#,
        "shop/web shop/shut:80",
        expect![[r#"
            deny shop/web -> shop/shut tcp/80
              egress unknown: it depends on a fact that is not given
              ingress deny: NetworkPolicy shop/shut selects shop/shut, and no rule of tier default allows tcp/80 from shop/web k8s:21
            assumed: deployment shop/web is one running pod whose address is not known [--pod-cidr]
            assumed: namespace shop is not given: it has its automatic label only
        "#]],
    );
}

#[test]
fn an_unknown_pod_is_never_at_another_pods_address() {
    check(
        r#"
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec: {template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, ports: [{containerPort: 80}]}]}}}
---
apiVersion: v1
kind: Pod
metadata: {name: other, namespace: dev, labels: {app: other}}
status: {podIP: 10.0.0.9}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: from-other}
spec: {selector: app == 'other', types: [Ingress], ingress: [{action: Allow, source: {selector: app == 'other'}}]}
"#,
        "shop/web dev/other:80",
        expect![[r#"
            deny shop/web -> dev/other tcp/80
              egress allow: no policy selects shop/web for egress: everything is allowed
              ingress deny: GlobalNetworkPolicy from-other selects dev/other, and no rule of tier default allows tcp/80 from shop/web k8s:12
            assumed: deployment shop/web is one running pod whose address is not known [--pod-cidr]
            assumed: namespace shop is not given: it has its automatic label only
            assumed: namespace dev is not given: it has its automatic label only
        "#]],
    );
}

#[test]
fn a_network_set_may_hold_an_unknown_address() {
    let policies = r#"
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec: {template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, ports: [{containerPort: 80}]}]}}}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkSet
metadata: {name: bad, labels: {role: bad}}
spec: {nets: [10.9.0.0/16]}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: no-bad}
spec: {types: [Ingress], ingress: [{action: Deny, source: {selector: role == 'bad'}}, {action: Allow}]}
"#;
    check(
        policies,
        "shop/web shop/web:80",
        expect![[r#"
            unknown shop/web -> shop/web tcp/80
              egress allow: no policy selects shop/web for egress: everything is allowed
              ingress unknown: it depends on a fact that is not given
              depends on whether the address of shop/web is in 10.9.0.0/16 [--pod-cidr NETWORK]
              note: this is about two pods like shop/web: a pod always reaches itself
            assumed: deployment shop/web is one running pod whose address is not known [--pod-cidr]
            assumed: namespace shop is not given: it has its automatic label only
        "#]],
    );
    check(
        policies,
        "shop/web shop/web:80 --pod-cidr 10.8.0.0/16",
        expect![[r#"
            allow shop/web -> shop/web tcp/80
              egress allow: no policy selects shop/web for egress: everything is allowed
              ingress allow: rule 1 of GlobalNetworkPolicy no-bad allows tcp/80 from shop/web k8s:15
              note: this is about two pods like shop/web: a pod always reaches itself
            assumed: deployment shop/web is one running pod whose address is not known [--pod-cidr]
            assumed: namespace shop is not given: it has its automatic label only
        "#]],
    );
}

#[test]
fn a_name_in_a_rule_may_resolve_to_the_address() {
    let policies = r#"
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: out, namespace: shop}
spec:
  selector: app == 'web'
  types: [Egress]
  egress:
  - {action: Allow, destination: {domains: ['*.twilio.com']}}
"#;
    check_in_cluster(
        policies,
        "shop/web ip/203.0.113.1:443",
        expect![[r#"
        unknown shop/web -> ip/203.0.113.1 tcp/443
          egress unknown: it depends on a fact that is not given
          depends on whether `*.twilio.com` resolves to ip/203.0.113.1 [--resolve NAME=ADDRESS]
    "#]],
    );
    check_in_cluster(
        policies,
        "shop/web ip/203.0.113.1:443 --resolve api.twilio.com=203.0.113.1",
        expect![[r#"
        allow shop/web -> ip/203.0.113.1 tcp/443
          egress allow: rule 0 of NetworkPolicy shop/out allows tcp/443 to ip/203.0.113.1 k8s:8
    "#]],
    );
    check_in_cluster(
        policies,
        "shop/web ip/203.0.113.1:443 --resolve api.twilio.com=203.0.113.2",
        expect![[r#"
        deny shop/web -> ip/203.0.113.1 tcp/443
          egress deny: NetworkPolicy shop/out selects shop/web, and no rule of tier default allows tcp/443 to ip/203.0.113.1 k8s:1
    "#]],
    );
    check_in_cluster(
        policies,
        "shop/web dns/api.twilio.com:443",
        expect![[r#"
        allow shop/web -> dns/api.twilio.com tcp/443
          egress allow: rule 0 of NetworkPolicy shop/out allows tcp/443 to dns/api.twilio.com k8s:8
        assumed: api.twilio.com is outside of the cluster and shares no address with another name [--resolve]
    "#]],
    );
    check_in_cluster(
        policies,
        "shop/web dns/twilio.com:443",
        expect![[r#"
        deny shop/web -> dns/twilio.com tcp/443
          egress deny: NetworkPolicy shop/out selects shop/web, and no rule of tier default allows tcp/443 to dns/twilio.com k8s:1
        assumed: twilio.com is outside of the cluster and shares no address with another name [--resolve]
    "#]],
    );
    check_in_cluster(
        policies,
        "shop/web shop/db:443",
        expect![[r#"
        deny shop/web -> shop/db tcp/443
          egress deny: NetworkPolicy shop/out selects shop/web, and no rule of tier default allows tcp/443 to shop/db k8s:1
          ingress allow: no policy selects shop/db for ingress: everything is allowed
    "#]],
    );
}

#[test]
fn names_in_a_network_set_work_for_the_rules_that_select_it() {
    let policies = r#"
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: out, namespace: shop}
spec:
  selector: app == 'web'
  types: [Egress]
  egress:
  - {action: Allow, destination: {selector: role == 'api'}}
---
apiVersion: projectcalico.org/v3
kind: NetworkSet
metadata: {name: apis, namespace: shop, labels: {role: api}}
spec: {allowedEgressDomains: [api.twilio.com], nets: [198.51.100.0/24]}
"#;
    check_in_cluster(
        policies,
        "shop/web dns/API.twilio.com:443",
        expect![[r#"
        allow shop/web -> dns/api.twilio.com tcp/443
          egress allow: rule 0 of NetworkPolicy shop/out allows tcp/443 to dns/api.twilio.com k8s:8
        assumed: api.twilio.com is outside of the cluster and shares no address with another name [--resolve]
    "#]],
    );
    check_in_cluster(
        policies,
        "shop/web dns/api.example.com:443",
        expect![[r#"
        unknown shop/web -> dns/api.example.com tcp/443
          egress unknown: it depends on a fact that is not given
          depends on whether the address of dns/api.example.com is in 198.51.100.0/24 [--resolve api.example.com=ADDRESS]
        assumed: api.example.com is outside of the cluster and shares no address with another name [--resolve]
    "#]],
    );
    check_in_cluster(
        policies,
        "shop/web ip/198.51.100.7:443",
        expect![[r#"
        allow shop/web -> ip/198.51.100.7 tcp/443
          egress allow: rule 0 of NetworkPolicy shop/out allows tcp/443 to ip/198.51.100.7 k8s:8
    "#]],
    );
    check_in_cluster(
        policies,
        "shop/web dns/cdn.example.com:443 --resolve cdn.example.com=198.51.100.7",
        expect![[r#"
        allow shop/web -> dns/cdn.example.com tcp/443
          egress allow: rule 0 of NetworkPolicy shop/out allows tcp/443 to dns/cdn.example.com k8s:8
        assumed: cdn.example.com is outside of the cluster and shares no address with another name [--resolve]
    "#]],
    );
    check_in_cluster(
        policies,
        "shop/web dns/a.example.com:443 --resolve a.example.com=203.0.113.1 --resolve api.twilio.com=203.0.113.1",
        expect![[r#"
        allow shop/web -> dns/a.example.com tcp/443
          egress allow: rule 0 of NetworkPolicy shop/out allows tcp/443 to dns/a.example.com k8s:8
        assumed: a.example.com is outside of the cluster and shares no address with another name [--resolve]
    "#]],
    );
}

#[test]
fn a_name_may_be_in_a_network() {
    let policies = r#"
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: out, namespace: shop}
spec:
  selector: app == 'web'
  types: [Egress]
  egress:
  - {action: Allow, destination: {nets: [203.0.113.0/24]}}
"#;
    check_in_cluster(
        policies,
        "shop/web dns/api.example.com:443",
        expect![[r#"
        unknown shop/web -> dns/api.example.com tcp/443
          egress unknown: it depends on a fact that is not given
          depends on whether the address of dns/api.example.com is in 203.0.113.0/24 [--resolve api.example.com=ADDRESS]
        assumed: api.example.com is outside of the cluster and shares no address with another name [--resolve]
    "#]],
    );
    check_in_cluster(
        policies,
        "shop/web dns/api.example.com:443 --resolve api.example.com=203.0.113.9",
        expect![[r#"
        allow shop/web -> dns/api.example.com tcp/443
          egress allow: rule 0 of NetworkPolicy shop/out allows tcp/443 to dns/api.example.com k8s:8
        assumed: api.example.com is outside of the cluster and shares no address with another name [--resolve]
    "#]],
    );
    check_in_cluster(
        policies,
        "dns/api.example.com shop/web:80",
        expect![[r#"
        error: `dns/api.example.com` cannot be where a connection comes from
        help: give its address: ip/ADDRESS
    "#]],
    );
}

#[test]
fn what_is_somewhere_else_is_not_at_the_address_of_a_known_pod() {
    check_in_cluster(
        r#"
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: not-the-database}
spec:
  selector: app == 'web'
  types: [Egress]
  egress:
  - {action: Deny, destination: {nets: [10.0.0.2/32]}}
  - {action: Allow}
"#,
        "shop/web dns/example.com:443",
        expect![[r#"
            allow shop/web -> dns/example.com tcp/443
              egress allow: rule 1 of GlobalNetworkPolicy not-the-database allows tcp/443 to dns/example.com k8s:9
            assumed: example.com is outside of the cluster and shares no address with another name [--resolve]
        "#]],
    );
}
