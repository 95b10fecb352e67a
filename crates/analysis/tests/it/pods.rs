//! Pods and templates: who is an endpoint, and who stands for whom.

use expect_test::expect;

use crate::support::{check, check_in_cluster};

#[test]
fn pods_win_over_their_templates() {
    let policies = r#"
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec: {template: {metadata: {labels: {app: old}}}}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: web-5d4, namespace: shop, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: web, controller: true}]}
spec: {template: {metadata: {labels: {app: web}}}}
---
apiVersion: v1
kind: Pod
metadata: {name: web-5d4-a, namespace: shop, labels: {app: web}, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web-5d4, controller: true}]}
status: {podIP: 10.0.0.1}
---
apiVersion: v1
kind: Pod
metadata: {name: web-5d4-b, namespace: shop, labels: {app: web}, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web-5d4, controller: true}]}
status: {podIP: 10.0.0.2}
"#;
    check(
        policies,
        "shop/web ip/203.0.113.1:80",
        expect![[r#"
        allow:
        allow shop/web-5d4-a -> ip/203.0.113.1 tcp/80
          egress allow: no policy selects shop/web-5d4-a for egress: everything is allowed
        allow shop/web-5d4-b -> ip/203.0.113.1 tcp/80
          egress allow: no policy selects shop/web-5d4-b for egress: everything is allowed
        assumed: namespace shop is not given: it has its automatic label only
    "#]],
    );
    check(
        policies,
        "deploy/shop/web ip/203.0.113.1:80",
        expect![[r#"
        allow:
        allow shop/web-5d4-a -> ip/203.0.113.1 tcp/80
          egress allow: no policy selects shop/web-5d4-a for egress: everything is allowed
        allow shop/web-5d4-b -> ip/203.0.113.1 tcp/80
          egress allow: no policy selects shop/web-5d4-b for egress: everything is allowed
        assumed: namespace shop is not given: it has its automatic label only
    "#]],
    );
    check(
        policies,
        "rs/shop/web-5d4 ip/203.0.113.1:80",
        expect![[r#"
        allow:
        allow shop/web-5d4-a -> ip/203.0.113.1 tcp/80
          egress allow: no policy selects shop/web-5d4-a for egress: everything is allowed
        allow shop/web-5d4-b -> ip/203.0.113.1 tcp/80
          egress allow: no policy selects shop/web-5d4-b for egress: everything is allowed
        assumed: namespace shop is not given: it has its automatic label only
    "#]],
    );
    check(
        policies,
        "shop/app=web ip/203.0.113.1:80",
        expect![[r#"
        allow:
        allow shop/web-5d4-a -> ip/203.0.113.1 tcp/80
          egress allow: no policy selects shop/web-5d4-a for egress: everything is allowed
        allow shop/web-5d4-b -> ip/203.0.113.1 tcp/80
          egress allow: no policy selects shop/web-5d4-b for egress: everything is allowed
        assumed: namespace shop is not given: it has its automatic label only
    "#]],
    );
    check(
        policies,
        "shop/app=old ip/203.0.113.1:80",
        expect![[r#"
        error: there is no pod with app=old in namespace `shop`
    "#]],
    );
}

#[test]
fn the_names_tell_where_the_replica_set_or_job_is_not_given() {
    let policies = r#"
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec: {template: {metadata: {labels: {app: web}}}}
---
apiVersion: v1
kind: Pod
metadata: {name: web-5d4-a, namespace: shop, labels: {app: web, pod-template-hash: 5d4a}, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web-5d4a, controller: true}]}
status: {podIP: 10.0.0.1}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: tick, namespace: shop}
spec: {jobTemplate: {spec: {template: {metadata: {labels: {app: tick}}}}}}
---
apiVersion: v1
kind: Pod
metadata: {name: tick-28400000-x, namespace: shop, labels: {app: tick}, ownerReferences: [{apiVersion: batch/v1, kind: Job, name: tick-28400000, controller: true}]}
status: {podIP: 10.0.0.3, phase: Running}
"#;
    check(
        policies,
        "deploy/shop/web ip/203.0.113.1:80",
        expect![[r#"
        allow shop/web-5d4-a -> ip/203.0.113.1 tcp/80
          egress allow: no policy selects shop/web-5d4-a for egress: everything is allowed
        assumed: namespace shop is not given: it has its automatic label only
    "#]],
    );
    check(
        policies,
        "cj/shop/tick ip/203.0.113.1:80",
        expect![[r#"
        allow shop/tick-28400000-x -> ip/203.0.113.1 tcp/80
          egress allow: no policy selects shop/tick-28400000-x for egress: everything is allowed
        assumed: namespace shop is not given: it has its automatic label only
    "#]],
    );
}

#[test]
fn templates_of_templates_are_one_endpoint() {
    let policies = r#"
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec: {template: {metadata: {labels: {app: web}}}}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: web-1, namespace: shop, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: web}]}
spec: {template: {metadata: {labels: {app: web, old: 'true'}}}}
"#;
    check(
        policies,
        "rs/shop/web-1 ip/203.0.113.1:80",
        expect![[r#"
        allow shop/web -> ip/203.0.113.1 tcp/80
          egress allow: no policy selects shop/web for egress: everything is allowed
        assumed: deployment shop/web is one running pod whose address is not known [--pod-cidr]
        assumed: namespace shop is not given: it has its automatic label only
    "#]],
    );
    check(
        policies,
        "shop/web ip/203.0.113.1:80",
        expect![[r#"
        allow shop/web -> ip/203.0.113.1 tcp/80
          egress allow: no policy selects shop/web for egress: everything is allowed
        assumed: deployment shop/web is one running pod whose address is not known [--pod-cidr]
        assumed: namespace shop is not given: it has its automatic label only
    "#]],
    );
}

#[test]
fn a_pod_without_status_runs_at_an_unknown_address() {
    let policies = r#"
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop}
---
apiVersion: v1
kind: Pod
metadata: {name: empty, namespace: shop}
status: {}
"#;
    check(
        policies,
        "shop/web ip/203.0.113.1:80",
        expect![[r#"
        allow shop/web -> ip/203.0.113.1 tcp/80
          egress allow: no policy selects shop/web for egress: everything is allowed
        assumed: pod shop/web is one running pod whose address is not known [--pod-cidr]
        assumed: namespace shop is not given: it has its automatic label only
    "#]],
    );
    check(
        policies,
        "shop/empty ip/203.0.113.1:80",
        expect![[r#"
        allow shop/empty -> ip/203.0.113.1 tcp/80
          egress allow: no policy selects shop/empty for egress: everything is allowed
        assumed: pod shop/empty is one running pod whose address is not known [--pod-cidr]
        assumed: namespace shop is not given: it has its automatic label only
    "#]],
    );
}

#[test]
fn finished_and_unscheduled_pods_are_no_endpoints() {
    let policies = r#"
apiVersion: v1
kind: Pod
metadata: {name: done, namespace: shop}
status: {phase: Succeeded, podIP: 10.0.0.1}
---
apiVersion: v1
kind: Pod
metadata: {name: crashed, namespace: shop}
status: {phase: Failed}
---
apiVersion: v1
kind: Pod
metadata: {name: pending, namespace: shop}
status: {phase: Pending}
---
apiVersion: batch/v1
kind: Job
metadata: {name: once, namespace: shop}
spec: {template: {spec: {}}}
---
apiVersion: v1
kind: Pod
metadata: {name: once-x, namespace: shop, ownerReferences: [{apiVersion: batch/v1, kind: Job, name: once, controller: true}]}
status: {phase: Succeeded}
"#;
    check(
        policies,
        "shop/done ip/203.0.113.1:80",
        expect![[r#"
        error: shop/done is no endpoint: it has succeeded
    "#]],
    );
    check(
        policies,
        "shop/crashed ip/203.0.113.1:80",
        expect![[r#"
        error: shop/crashed is no endpoint: it has failed
    "#]],
    );
    check(
        policies,
        "shop/pending ip/203.0.113.1:80",
        expect![[r#"
        error: shop/pending is no endpoint: its status has no address
    "#]],
    );
    check(
        policies,
        "shop/once ip/203.0.113.1:80",
        expect![[r#"
        error: shop/once-x is no endpoint: it has succeeded
    "#]],
    );
    check(
        policies,
        "ip/203.0.113.1 ip/10.0.0.1:80",
        expect![[r#"
        allow ip/203.0.113.1 -> ip/10.0.0.1 tcp/80
    "#]],
    );
}

#[test]
fn the_network_plug_in_knows_an_address_before_the_status_does() {
    let policies = r#"
apiVersion: v1
kind: Pod
metadata: {name: new, namespace: shop, annotations: {cni.projectcalico.org/podIPs: '10.0.0.5/32,fd00::5/128'}}
status: {phase: Pending}
"#;
    check(
        policies,
        "ip/10.0.0.5 ip/203.0.113.1:80",
        expect![[r#"
        allow shop/new -> ip/203.0.113.1 tcp/80
          egress allow: no policy selects shop/new for egress: everything is allowed
          note: 10.0.0.5 is the address of shop/new
        assumed: namespace shop is not given: it has its automatic label only
    "#]],
    );
    check(
        policies,
        "ip/[fd00::5] ip/[2001:db8::1]:80 --ip-version 6",
        expect![[r#"
        allow shop/new -> ip/2001:db8::1 tcp/80
          egress allow: no policy selects shop/new for egress: everything is allowed
          note: fd00::5 is the address of shop/new
        assumed: namespace shop is not given: it has its automatic label only
    "#]],
    );
}

#[test]
fn no_policy_on_pods_applies_on_the_host_network() {
    let policies = r#"
apiVersion: v1
kind: Pod
metadata: {name: agent, namespace: shop}
spec: {hostNetwork: true, nodeName: n1}
---
apiVersion: v1
kind: Node
metadata: {name: n1}
status: {addresses: [{type: InternalIP, address: 192.0.2.1}]}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop}
status: {podIP: 10.0.0.1}
---
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: own, namespace: shop}
spec: {types: [Ingress, Egress], ingress: [{action: Allow, source: {selector: all()}}, {action: Allow, protocol: UDP, source: {nets: [192.0.2.0/24]}}]}
"#;
    check(
        policies,
        "shop/agent shop/web:80",
        expect![[r#"
        unknown shop/agent -> shop/web tcp/80
          ingress deny: NetworkPolicy shop/own selects shop/web, and no rule of tier default allows tcp/80 from shop/agent k8s:17
          depends on whether shop/web runs on node n1: a node reaches its own pods whatever policy says [`spec.nodeName` of the pods in the input]
          note: shop/agent is in its node's network: no policy on pods applies to it
        assumed: namespace shop is not given: it has its automatic label only
    "#]],
    );
    check(
        policies,
        "shop/agent shop/web:80/udp",
        expect![[r#"
        allow shop/agent -> shop/web udp/80
          ingress allow: rule 1 of NetworkPolicy shop/own allows udp/80 from shop/agent k8s:20
          note: shop/agent is in its node's network: no policy on pods applies to it
        assumed: namespace shop is not given: it has its automatic label only
    "#]],
    );
    check(
        policies,
        "shop/web shop/agent:80",
        expect![[r#"
        deny shop/web -> shop/agent tcp/80
          egress deny: NetworkPolicy shop/own selects shop/web, and no rule of tier default allows tcp/80 to shop/agent k8s:17
          note: shop/agent is in its node's network: no policy on pods applies to it
        assumed: namespace shop is not given: it has its automatic label only
    "#]],
    );
    check(
        policies,
        "ip/203.0.113.1 shop/agent:80",
        expect![[r#"
        allow ip/203.0.113.1 -> shop/agent tcp/80
          note: shop/agent is in its node's network: no policy on pods applies to it
        assumed: namespace shop is not given: it has its automatic label only
    "#]],
    );
}

#[test]
fn an_address_that_is_a_pods_is_that_pod() {
    let policies = r#"
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: shut, namespace: shop}
spec: {podSelector: {matchLabels: {app: web}}}
"#;
    check_in_cluster(
        policies,
        "dev/box ip/10.0.0.1:80",
        expect![[r#"
        deny dev/box -> shop/web tcp/80
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress deny: KubernetesNetworkPolicy shop/shut selects shop/web, and no rule of tier default allows tcp/80 from dev/box k8s:1
          note: 10.0.0.1 is the address of shop/web
    "#]],
    );
    check_in_cluster(
        policies,
        "ip/10.1.0.1 shop/db:80",
        expect![[r#"
        allow dev/box -> shop/db tcp/80
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress allow: no policy selects shop/db for ingress: everything is allowed
          note: 10.1.0.1 is the address of dev/box
    "#]],
    );
}

#[test]
fn names_without_a_namespace_are_in_the_default_one() {
    let policies = r#"
apiVersion: v1
kind: Pod
metadata: {name: web}
status: {podIP: 10.0.0.1}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: shut}
spec: {podSelector: {}}
"#;
    check(
        policies,
        "ip/203.0.113.1 web:80",
        expect![[r#"
        deny ip/203.0.113.1 -> default/web tcp/80
          ingress deny: KubernetesNetworkPolicy default/shut selects default/web, and no rule of tier default allows tcp/80 from ip/203.0.113.1 k8s:7
        assumed: namespace default is not given: it has its automatic label only
    "#]],
    );
    check(
        policies,
        "ip/203.0.113.1 web:80 -n shop",
        expect![[r#"
        deny ip/203.0.113.1 -> shop/web tcp/80
          ingress deny: KubernetesNetworkPolicy shop/shut selects shop/web, and no rule of tier default allows tcp/80 from ip/203.0.113.1 k8s:7
        assumed: namespace shop is not given: it has its automatic label only
    "#]],
    );
    check(
        policies,
        "ip/203.0.113.1 shop/web:80 -n shop",
        expect![[r#"
        deny ip/203.0.113.1 -> shop/web tcp/80
          ingress deny: KubernetesNetworkPolicy shop/shut selects shop/web, and no rule of tier default allows tcp/80 from ip/203.0.113.1 k8s:7
        assumed: namespace shop is not given: it has its automatic label only
    "#]],
    );
    check(
        policies,
        "ip/203.0.113.1 default/web:80 -n shop",
        expect![[r#"
        error: there is no pod or workload `default/web`
        help: did you mean `shop/web`?
    "#]],
    );
}

#[test]
fn a_list_is_its_items() {
    check(
        r#"
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Pod
  metadata: {name: web, namespace: shop}
  status: {podIP: 10.0.0.1}
- apiVersion: networking.k8s.io/v1
  kind: NetworkPolicyList
  items:
  - metadata: {name: shut, namespace: shop}
    spec: {podSelector: {}}
"#,
        "ip/203.0.113.1 shop/web:80",
        expect![[r#"
            deny ip/203.0.113.1 -> shop/web tcp/80
              ingress deny: KubernetesNetworkPolicy shop/shut selects shop/web, and no rule of tier default allows tcp/80 from ip/203.0.113.1 k8s:12
            assumed: namespace shop is not given: it has its automatic label only
        "#]],
    );
}

#[test]
fn of_twins_the_last_one_counts() {
    check(
        r#"
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop}
status: {podIP: 10.0.0.1}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: twin, namespace: shop}
spec: {podSelector: {}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: twin, namespace: shop}
spec: {podSelector: {}, ingress: [{}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: twin, namespace: other}
spec: {podSelector: {}}
"#,
        "ip/203.0.113.1 shop/web:80",
        expect![[r#"
            allow ip/203.0.113.1 -> shop/web tcp/80
              ingress allow: rule 0 of KubernetesNetworkPolicy shop/twin allows tcp/80 from ip/203.0.113.1 k8s:15
            assumed: namespace shop is not given: it has its automatic label only
            skipped: NetworkPolicy shop/twin is given again, and the last one counts k8s:7
        "#]],
    );
}

#[test]
fn a_refused_twin_does_not_replace_the_one_that_is_there() {
    let policies = r#"
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop}
status: {podIP: 10.0.0.1}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: twin, namespace: shop}
spec: {podSelector: {}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: twin, namespace: shop}
spec: {podSelector: {}, ingress: [{ports: [{port: 0}]}]}
"#;
    check(
        policies,
        "ip/203.0.113.1 shop/web:80",
        expect![[r#"
        unknown ip/203.0.113.1 -> shop/web tcp/80
          ingress unknown: it depends on a fact that is not given
          depends on what becomes of NetworkPolicy shop/twin, which would be refused: port 0 is not between 1 and 65535 [--refused absent]
          without it: deny
        assumed: namespace shop is not given: it has its automatic label only
        skipped: NetworkPolicy shop/twin would be refused: port 0 is not between 1 and 65535 k8s:12
    "#]],
    );
    check(
        policies,
        "ip/203.0.113.1 shop/web:80 --refused absent",
        expect![[r#"
        deny ip/203.0.113.1 -> shop/web tcp/80
          ingress deny: KubernetesNetworkPolicy shop/twin selects shop/web, and no rule of tier default allows tcp/80 from ip/203.0.113.1 k8s:7
        assumed: namespace shop is not given: it has its automatic label only
        skipped: NetworkPolicy shop/twin would be refused: port 0 is not between 1 and 65535 k8s:12
    "#]],
    );
}

#[test]
fn a_pod_and_itself_are_taken_for_two_of_its_kind() {
    check_in_cluster(
        r#"
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: shut, namespace: shop}
spec: {podSelector: {}}
"#,
        "shop/web shop/web:8080",
        expect![[r#"
            deny shop/web -> shop/web tcp/8080
              egress allow: no policy selects shop/web for egress: everything is allowed
              ingress deny: KubernetesNetworkPolicy shop/shut selects shop/web, and no rule of tier default allows tcp/8080 from shop/web k8s:1
              note: this is about two pods like shop/web: a pod always reaches itself
        "#]],
    );
}
