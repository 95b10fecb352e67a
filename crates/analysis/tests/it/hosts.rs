//! Nodes and host endpoints.

use expect_test::expect;

use crate::support::{check, check_in_cluster};

#[test]
fn a_node_reaches_its_own_pods_whatever_policy_says() {
    let policies = r#"
apiVersion: v1
kind: Node
metadata: {name: n1}
status: {addresses: [{type: InternalIP, address: 192.0.2.1}]}
---
apiVersion: v1
kind: Node
metadata: {name: n2}
status: {addresses: [{type: InternalIP, address: 192.0.2.2}]}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop}
spec: {nodeName: n1}
status: {podIP: 10.0.0.1}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: db, namespace: shop}
spec: {template: {}}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent, namespace: shop}
spec: {template: {spec: {hostNetwork: true}}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: shut, namespace: shop}
spec: {podSelector: {}}
"#;
    check(
        policies,
        "node/n1 shop/web:80",
        expect![[r#"
        allow node/n1 -> shop/web tcp/80
        assumed: namespace shop is not given: it has its automatic label only
    "#]],
    );
    check(
        policies,
        "node/n2 shop/web:80",
        expect![[r#"
        deny node/n2 -> shop/web tcp/80
          ingress deny: KubernetesNetworkPolicy shop/shut selects shop/web, and no rule of tier default allows tcp/80 from node/n2 k8s:28
        assumed: namespace shop is not given: it has its automatic label only
    "#]],
    );
    check(
        policies,
        "ip/192.0.2.1 shop/web:80",
        expect![[r#"
        allow ip/192.0.2.1 -> shop/web tcp/80
        assumed: namespace shop is not given: it has its automatic label only
    "#]],
    );
    check(
        policies,
        "node/n1 shop/db:80",
        expect![[r#"
        unknown node/n1 -> shop/db tcp/80
          ingress deny: KubernetesNetworkPolicy shop/shut selects shop/db, and no rule of tier default allows tcp/80 from node/n1 k8s:28
          depends on whether shop/db runs on node n1: a node reaches its own pods whatever policy says [`spec.nodeName` of the pods in the input]
        assumed: deployment shop/db is one running pod whose address is not known [--pod-cidr]
        assumed: namespace shop is not given: it has its automatic label only
    "#]],
    );
    check(
        policies,
        "shop/agent shop/web:80",
        expect![[r#"
        unknown shop/agent -> shop/web tcp/80
          ingress deny: KubernetesNetworkPolicy shop/shut selects shop/web, and no rule of tier default allows tcp/80 from shop/agent k8s:28
          depends on whether shop/agent and shop/web run on one node: a node reaches its own pods whatever policy says [`spec.nodeName` of the pods in the input]
          note: shop/agent is in its node's network: no policy on pods applies to it
        assumed: namespace shop is not given: it has its automatic label only
    "#]],
    );
}

#[test]
fn a_host_endpoint_without_profile_and_policy_denies_all_but_failsafes() {
    let policies = r#"
apiVersion: v1
kind: Node
metadata: {name: n1}
status: {addresses: [{type: InternalIP, address: 192.0.2.1}]}
---
apiVersion: v1
kind: Node
metadata: {name: n2}
status: {addresses: [{type: InternalIP, address: 192.0.2.2}]}
---
apiVersion: projectcalico.org/v3
kind: HostEndpoint
metadata: {name: n1-eth0, labels: {host: n1}}
spec: {node: n1, interfaceName: eth0, expectedIPs: [192.0.2.1], ports: [{name: kubelet, protocol: TCP, port: 10250}]}
---
"#;
    check(
        policies,
        "ip/203.0.113.1 hep/n1-eth0:80",
        expect![[r#"
        deny ip/203.0.113.1 -> hep/n1-eth0 tcp/80
          ingress deny: no policy decides, and no profile of hep/n1-eth0 allows it
        assumed: hep/n1-eth0 is the endpoint of the interface in question
    "#]],
    );
    check(
        policies,
        "ip/203.0.113.1 hep/n1-eth0:22",
        expect![[r#"
        allow ip/203.0.113.1 -> hep/n1-eth0 tcp/22
          ingress allow: tcp/22 is a failsafe port: it stays open whatever policy says
        assumed: hep/n1-eth0 is the endpoint of the interface in question
    "#]],
    );
    check(
        policies,
        "ip/203.0.113.1 node/n1:22",
        expect![[r#"
        allow ip/203.0.113.1 -> hep/n1-eth0 tcp/22
          ingress allow: tcp/22 is a failsafe port: it stays open whatever policy says
        assumed: hep/n1-eth0 is the endpoint of the interface in question
    "#]],
    );
    check(
        policies,
        "ip/203.0.113.1 ip/192.0.2.1:80",
        expect![[r#"
        deny ip/203.0.113.1 -> ip/192.0.2.1 tcp/80
          ingress deny: no policy decides, and no profile of ip/192.0.2.1 allows it
        assumed: hep/n1-eth0 is the endpoint of the interface in question
    "#]],
    );
    check(
        policies,
        "node/n1 ip/203.0.113.1:53/udp",
        expect![[r#"
        allow hep/n1-eth0 -> ip/203.0.113.1 udp/53
          egress allow: udp/53 is a failsafe port: it stays open whatever policy says
        assumed: hep/n1-eth0 is the endpoint of the interface in question
    "#]],
    );
    check(
        policies,
        "node/n1 ip/203.0.113.1:443",
        expect![[r#"
        deny hep/n1-eth0 -> ip/203.0.113.1 tcp/443
          egress deny: no policy decides, and no profile of hep/n1-eth0 allows it
        assumed: hep/n1-eth0 is the endpoint of the interface in question
    "#]],
    );
    check(
        policies,
        "ip/203.0.113.1 node/n2:80",
        expect![[r#"
        allow ip/203.0.113.1 -> node/n2 tcp/80
    "#]],
    );
    check(
        policies,
        "ip/203.0.113.1 hep/n1-eth0:kubelet",
        expect![[r#"
        deny ip/203.0.113.1 -> hep/n1-eth0 tcp/10250
          ingress deny: no policy decides, and no profile of hep/n1-eth0 allows it
        assumed: hep/n1-eth0 is the endpoint of the interface in question
    "#]],
    );
}

#[test]
fn failsafe_ports_are_configured_for_all_nodes() {
    let policies = r#"
apiVersion: v1
kind: Node
metadata: {name: n1}
status: {addresses: [{type: InternalIP, address: 192.0.2.1}]}
---
apiVersion: v1
kind: Node
metadata: {name: n2}
status: {addresses: [{type: InternalIP, address: 192.0.2.2}]}
---
apiVersion: projectcalico.org/v3
kind: HostEndpoint
metadata: {name: n1-eth0, labels: {host: n1}}
spec: {node: n1, interfaceName: eth0, expectedIPs: [192.0.2.1], ports: [{name: kubelet, protocol: TCP, port: 10250}]}
---
apiVersion: projectcalico.org/v3
kind: FelixConfiguration
metadata: {name: default}
spec:
  failsafeInboundHostPorts: [{protocol: TCP, port: 2222, net: 203.0.113.0/24}]
  failsafeOutboundHostPorts: []
---
apiVersion: projectcalico.org/v3
kind: FelixConfiguration
metadata: {name: node.n1}
spec: {}
"#;
    check(
        policies,
        "ip/203.0.113.1 hep/n1-eth0:22",
        expect![[r#"
        deny ip/203.0.113.1 -> hep/n1-eth0 tcp/22
          ingress deny: no policy decides, and no profile of hep/n1-eth0 allows it
        assumed: hep/n1-eth0 is the endpoint of the interface in question
        skipped: FelixConfiguration node.n1 is about single nodes: failsafe ports are those of all nodes k8s:24
    "#]],
    );
    check(
        policies,
        "ip/203.0.113.1 hep/n1-eth0:2222",
        expect![[r#"
        allow ip/203.0.113.1 -> hep/n1-eth0 tcp/2222
          ingress allow: tcp/2222 is a failsafe port: it stays open whatever policy says
        assumed: hep/n1-eth0 is the endpoint of the interface in question
        skipped: FelixConfiguration node.n1 is about single nodes: failsafe ports are those of all nodes k8s:24
    "#]],
    );
    check(
        policies,
        "ip/198.51.100.1 hep/n1-eth0:2222",
        expect![[r#"
        deny ip/198.51.100.1 -> hep/n1-eth0 tcp/2222
          ingress deny: no policy decides, and no profile of hep/n1-eth0 allows it
        assumed: hep/n1-eth0 is the endpoint of the interface in question
        skipped: FelixConfiguration node.n1 is about single nodes: failsafe ports are those of all nodes k8s:24
    "#]],
    );
    check(
        policies,
        "node/n1 ip/203.0.113.1:53/udp",
        expect![[r#"
        deny hep/n1-eth0 -> ip/203.0.113.1 udp/53
          egress deny: no policy decides, and no profile of hep/n1-eth0 allows it
        assumed: hep/n1-eth0 is the endpoint of the interface in question
        skipped: FelixConfiguration node.n1 is about single nodes: failsafe ports are those of all nodes k8s:24
    "#]],
    );
}

#[test]
fn profiles_decide_after_the_last_tier() {
    let policies = r#"
apiVersion: v1
kind: Node
metadata: {name: n1}
status: {addresses: [{type: InternalIP, address: 192.0.2.1}]}
---
apiVersion: v1
kind: Node
metadata: {name: n2}
status: {addresses: [{type: InternalIP, address: 192.0.2.2}]}
---
apiVersion: projectcalico.org/v3
kind: HostEndpoint
metadata: {name: n1-eth0}
spec: {node: n1, interfaceName: eth0, profiles: [web, projectcalico-default-allow]}
---
apiVersion: projectcalico.org/v3
kind: HostEndpoint
metadata: {name: n2-eth0}
spec: {node: n2, interfaceName: eth0, profiles: [nowhere]}
---
apiVersion: projectcalico.org/v3
kind: Profile
metadata: {name: web}
spec:
  labelsToApply: {from-profile: here}
  ingress:
  - {action: Deny, protocol: TCP, destination: {ports: [81]}}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: by-label}
spec: {selector: from-profile == 'here', types: [Ingress], ingress: [{action: Deny, protocol: TCP, destination: {ports: [82]}}, {action: Pass}]}
"#;
    check(
        policies,
        "ip/203.0.113.1 hep/n1-eth0:80",
        expect![[r#"
        allow ip/203.0.113.1 -> hep/n1-eth0 tcp/80
          ingress allow: profile projectcalico-default-allow of hep/n1-eth0 says allow
        assumed: hep/n1-eth0 is the endpoint of the interface in question
    "#]],
    );
    check(
        policies,
        "ip/203.0.113.1 hep/n1-eth0:81",
        expect![[r#"
        deny ip/203.0.113.1 -> hep/n1-eth0 tcp/81
          ingress deny: profile web of hep/n1-eth0 says deny
        assumed: hep/n1-eth0 is the endpoint of the interface in question
    "#]],
    );
    check(
        policies,
        "ip/203.0.113.1 hep/n1-eth0:82",
        expect![[r#"
        deny ip/203.0.113.1 -> hep/n1-eth0 tcp/82
          ingress deny: rule 0 of GlobalNetworkPolicy by-label denies tcp/82 from ip/203.0.113.1 k8s:33
        assumed: hep/n1-eth0 is the endpoint of the interface in question
    "#]],
    );
    check(
        policies,
        "ip/203.0.113.1 hep/n2-eth0:80",
        expect![[r#"
        deny ip/203.0.113.1 -> hep/n2-eth0 tcp/80
          ingress deny: profile nowhere of hep/n2-eth0 says deny
        assumed: hep/n2-eth0 is the endpoint of the interface in question
    "#]],
    );
}

#[test]
fn classes_of_policy_are_asked_one_after_the_other() {
    let policies = r#"
apiVersion: v1
kind: Node
metadata: {name: n1}
status: {addresses: [{type: InternalIP, address: 192.0.2.1}]}
---
apiVersion: v1
kind: Node
metadata: {name: n2}
status: {addresses: [{type: InternalIP, address: 192.0.2.2}]}
---
apiVersion: projectcalico.org/v3
kind: HostEndpoint
metadata: {name: n1-eth0, labels: {host: n1}}
spec: {node: n1, interfaceName: eth0, expectedIPs: [192.0.2.1], ports: [{name: kubelet, protocol: TCP, port: 10250}]}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: untracked}
spec:
  selector: has(host)
  doNotTrack: true
  applyOnForward: true
  types: [Ingress, Egress]
  ingress: [{action: Allow, protocol: UDP}]
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: before-dnat}
spec:
  selector: has(host)
  preDNAT: true
  applyOnForward: true
  types: [Ingress]
  ingress: [{action: Deny, source: {nets: [203.0.113.0/24]}}]
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: normal}
spec:
  selector: has(host)
  types: [Ingress]
  ingress: [{action: Allow}]
"#;
    check(
        policies,
        "ip/203.0.113.1 hep/n1-eth0:53/udp",
        expect![[r#"
        allow ip/203.0.113.1 -> hep/n1-eth0 udp/53
          ingress allow: rule 0 of GlobalNetworkPolicy untracked allows udp/53 from ip/203.0.113.1 k8s:25
        assumed: hep/n1-eth0 is the endpoint of the interface in question
    "#]],
    );
    check(
        policies,
        "ip/203.0.113.1 hep/n1-eth0:80",
        expect![[r#"
        deny ip/203.0.113.1 -> hep/n1-eth0 tcp/80
          ingress deny: rule 0 of GlobalNetworkPolicy before-dnat denies tcp/80 from ip/203.0.113.1 k8s:35
        assumed: hep/n1-eth0 is the endpoint of the interface in question
    "#]],
    );
    check(
        policies,
        "ip/198.51.100.1 hep/n1-eth0:80",
        expect![[r#"
        allow ip/198.51.100.1 -> hep/n1-eth0 tcp/80
          ingress allow: rule 0 of GlobalNetworkPolicy normal allows tcp/80 from ip/198.51.100.1 k8s:43
        assumed: hep/n1-eth0 is the endpoint of the interface in question
    "#]],
    );
    check(
        policies,
        "ip/203.0.113.1 hep/n1-eth0:22",
        expect![[r#"
        allow ip/203.0.113.1 -> hep/n1-eth0 tcp/22
          ingress allow: tcp/22 is a failsafe port: it stays open whatever policy says
        assumed: hep/n1-eth0 is the endpoint of the interface in question
    "#]],
    );
}

#[test]
fn policy_on_forwarded_traffic_may_stop_a_pods_flow() {
    let policies = r#"
apiVersion: v1
kind: Node
metadata: {name: n1}
status: {addresses: [{type: InternalIP, address: 192.0.2.1}]}
---
apiVersion: v1
kind: Node
metadata: {name: n2}
status: {addresses: [{type: InternalIP, address: 192.0.2.2}]}
---
apiVersion: projectcalico.org/v3
kind: HostEndpoint
metadata: {name: n1-eth0, labels: {host: n1}}
spec: {node: n1, interfaceName: eth0, expectedIPs: [192.0.2.1], ports: [{name: kubelet, protocol: TCP, port: 10250}]}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: forward}
spec:
  selector: has(host)
  applyOnForward: true
  types: [Ingress]
  ingress: [{action: Allow, source: {nets: [198.51.100.0/24]}}]
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop}
spec: {nodeName: n1}
status: {podIP: 10.0.0.1}
---
apiVersion: v1
kind: Pod
metadata: {name: far, namespace: shop}
spec: {nodeName: n2}
status: {podIP: 10.0.0.2}
"#;
    check(
        policies,
        "ip/203.0.113.1 shop/web:80",
        expect![[r#"
        unknown ip/203.0.113.1 -> shop/web tcp/80
          ingress allow: no policy selects shop/web for ingress: everything is allowed
          depends on whether it passes hep/n1-eth0, where GlobalNetworkPolicy forward stops it
        assumed: namespace shop is not given: it has its automatic label only
    "#]],
    );
    check(
        policies,
        "ip/198.51.100.1 shop/web:80",
        expect![[r#"
        allow ip/198.51.100.1 -> shop/web tcp/80
          ingress allow: no policy selects shop/web for ingress: everything is allowed
        assumed: namespace shop is not given: it has its automatic label only
    "#]],
    );
    check(
        policies,
        "ip/203.0.113.1 shop/far:80",
        expect![[r#"
        allow ip/203.0.113.1 -> shop/far tcp/80
          ingress allow: no policy selects shop/far for ingress: everything is allowed
        assumed: namespace shop is not given: it has its automatic label only
    "#]],
    );
}

#[test]
fn policies_for_hosts_do_nothing_to_pods() {
    check_in_cluster(
        r#"
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: before-dnat}
spec: {preDNAT: true, applyOnForward: true, types: [Ingress], ingress: [{action: Deny}]}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: untracked}
spec: {doNotTrack: true, applyOnForward: true, types: [Ingress], ingress: [{action: Deny}]}
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
fn a_host_endpoint_is_a_peer_by_its_expected_addresses() {
    let policies = r#"
apiVersion: v1
kind: Node
metadata: {name: n1}
status: {addresses: [{type: InternalIP, address: 192.0.2.1}]}
---
apiVersion: v1
kind: Node
metadata: {name: n2}
status: {addresses: [{type: InternalIP, address: 192.0.2.2}]}
---
apiVersion: projectcalico.org/v3
kind: HostEndpoint
metadata: {name: n1-eth0, labels: {host: n1}}
spec: {node: n1, interfaceName: eth0, expectedIPs: [192.0.2.1], ports: [{name: kubelet, protocol: TCP, port: 10250}]}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop}
spec: {nodeName: n3}
status: {podIP: 10.0.0.1}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: from-hosts}
spec: {namespaceSelector: all(), types: [Ingress], ingress: [{action: Allow, source: {selector: has(host)}}]}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: hosts}
spec: {selector: has(host), types: [Egress], egress: [{action: Allow}]}
"#;
    check(
        policies,
        "node/n1 shop/web:80",
        expect![[r#"
        allow hep/n1-eth0 -> shop/web tcp/80
          egress allow: rule 0 of GlobalNetworkPolicy hosts allows tcp/80 to shop/web k8s:31
          ingress allow: rule 0 of GlobalNetworkPolicy from-hosts allows tcp/80 from hep/n1-eth0 k8s:26
        assumed: hep/n1-eth0 is the endpoint of the interface in question
        assumed: namespace shop is not given: it has its automatic label only
    "#]],
    );
    check(
        policies,
        "node/n2 shop/web:80",
        expect![[r#"
        deny node/n2 -> shop/web tcp/80
          ingress deny: GlobalNetworkPolicy from-hosts selects shop/web, and no rule of tier default allows tcp/80 from node/n2 k8s:23
        assumed: namespace shop is not given: it has its automatic label only
    "#]],
    );
}

#[test]
fn a_node_with_several_host_endpoints_must_be_told_apart() {
    let policies = r#"
apiVersion: v1
kind: Node
metadata: {name: n1}
status: {addresses: [{type: InternalIP, address: 192.0.2.1}]}
---
apiVersion: v1
kind: Node
metadata: {name: n2}
status: {addresses: [{type: InternalIP, address: 192.0.2.2}]}
---
apiVersion: projectcalico.org/v3
kind: HostEndpoint
metadata: {name: n1-eth0, labels: {host: n1}}
spec: {node: n1, interfaceName: eth0, expectedIPs: [192.0.2.1], ports: [{name: kubelet, protocol: TCP, port: 10250}]}
---
apiVersion: projectcalico.org/v3
kind: HostEndpoint
metadata: {name: n1-eth1}
spec: {node: n1, interfaceName: eth1}
"#;
    check(
        policies,
        "ip/203.0.113.1 node/n1:80",
        expect![[r#"
        error: `node/n1` could be several things
        help: say which: hep/n1-eth0, hep/n1-eth1
    "#]],
    );
    check(
        policies,
        "ip/203.0.113.1 hep/n1-eth:80",
        expect![[r#"
        error: there is no host endpoint `n1-eth`
        help: did you mean `hep/n1-eth0`?
    "#]],
    );
    check(
        policies,
        "ip/203.0.113.1 node/n9:80",
        expect![[r#"
        error: there is no node `n9`
        help: did you mean `node/n1`?
    "#]],
    );
}

#[test]
fn a_refused_host_endpoint_or_profile_leaves_the_answer_open() {
    let policies = r#"
apiVersion: v1
kind: Node
metadata: {name: n1}
status: {addresses: [{type: InternalIP, address: 192.0.2.1}]}
---
apiVersion: v1
kind: Node
metadata: {name: n2}
status: {addresses: [{type: InternalIP, address: 192.0.2.2}]}
---
apiVersion: projectcalico.org/v3
kind: HostEndpoint
metadata: {name: n1-eth0}
spec: {node: n1, interfaceName: a-name-that-is-too-long, expectedIPs: [192.0.2.1]}
---
apiVersion: projectcalico.org/v3
kind: HostEndpoint
metadata: {name: n2-eth0}
spec: {node: n2, interfaceName: eth0, profiles: [web]}
---
apiVersion: projectcalico.org/v3
kind: Profile
metadata: {name: web}
spec: {ingress: [{action: allow}]}
"#;
    check(
        policies,
        "ip/203.0.113.1 hep/n1-eth0:80",
        expect![[r#"
        error: hep/n1-eth0 is no endpoint: nobody knows what becomes of HostEndpoint n1-eth0, which would be refused: `a-name-that-is-too-long` is longer than the 15 characters of an interface name
    "#]],
    );
    check(
        policies,
        "ip/203.0.113.1 node/n1:80",
        expect![[r#"
        unknown ip/203.0.113.1 -> node/n1 tcp/80
          depends on what becomes of HostEndpoint n1-eth0, which would be refused: `a-name-that-is-too-long` is longer than the 15 characters of an interface name [--refused absent]
          without it: allow
        skipped: HostEndpoint n1-eth0 would be refused: `a-name-that-is-too-long` is longer than the 15 characters of an interface name k8s:12
        skipped: Profile web would be refused: `allow` is not an action: letter case counts k8s:22
    "#]],
    );
    check(
        policies,
        "ip/203.0.113.1 node/n2:80",
        expect![[r#"
        unknown ip/203.0.113.1 -> hep/n2-eth0 tcp/80
          ingress deny: profile web of hep/n2-eth0 says deny
          depends on what becomes of Profile web, which would be refused: `allow` is not an action: letter case counts [--refused absent]
          without it: deny
        assumed: hep/n2-eth0 is the endpoint of the interface in question
        skipped: HostEndpoint n1-eth0 would be refused: `a-name-that-is-too-long` is longer than the 15 characters of an interface name k8s:12
        skipped: Profile web would be refused: `allow` is not an action: letter case counts k8s:22
    "#]],
    );
    check(
        policies,
        "ip/203.0.113.1 node/n1:80 --refused absent",
        expect![[r#"
        allow ip/203.0.113.1 -> node/n1 tcp/80
        skipped: HostEndpoint n1-eth0 would be refused: `a-name-that-is-too-long` is longer than the 15 characters of an interface name k8s:12
        skipped: Profile web would be refused: `allow` is not an action: letter case counts k8s:22
    "#]],
    );
    check(
        policies,
        "ip/203.0.113.1 node/n2:80 --refused absent",
        expect![[r#"
        deny ip/203.0.113.1 -> hep/n2-eth0 tcp/80
          ingress deny: profile web of hep/n2-eth0 says deny
        assumed: hep/n2-eth0 is the endpoint of the interface in question
        skipped: HostEndpoint n1-eth0 would be refused: `a-name-that-is-too-long` is longer than the 15 characters of an interface name k8s:12
        skipped: Profile web would be refused: `allow` is not an action: letter case counts k8s:22
    "#]],
    );
}

#[test]
fn a_node_reaches_its_own_pods_past_its_host_endpoint() {
    let policies = r#"
apiVersion: v1
kind: Node
metadata: {name: n1}
status: {addresses: [{type: InternalIP, address: 192.0.2.1}]}
---
apiVersion: v1
kind: Pod
metadata: {name: agent, namespace: shop}
spec: {nodeName: n1, hostNetwork: true}
status: {podIP: 192.0.2.1}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop}
spec: {nodeName: n1}
status: {podIP: 10.0.0.1}
---
apiVersion: projectcalico.org/v3
kind: HostEndpoint
metadata: {name: n1-all, labels: {host: n1}}
spec: {node: n1, interfaceName: "*"}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: metrics}
spec: {selector: has(host), ingress: [{action: Allow, protocol: TCP, destination: {ports: [9100]}}]}
"#;
    // Traffic to pods of the node itself takes no interface that a host endpoint stands for.
    check(
        policies,
        "hep/n1-all shop/web:80",
        expect![[r#"
        allow hep/n1-all -> shop/web tcp/80
        assumed: hep/n1-all is the endpoint of the interface in question
        assumed: namespace shop is not given: it has its automatic label only
    "#]],
    );
}

#[test]
fn a_pod_in_its_nodes_network_has_the_nodes_host_endpoint() {
    let policies = r#"
apiVersion: v1
kind: Node
metadata: {name: n1}
status: {addresses: [{type: InternalIP, address: 192.0.2.1}]}
---
apiVersion: v1
kind: Pod
metadata: {name: agent, namespace: shop}
spec: {nodeName: n1, hostNetwork: true}
status: {podIP: 192.0.2.1}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop}
spec: {nodeName: n1}
status: {podIP: 10.0.0.1}
---
apiVersion: projectcalico.org/v3
kind: HostEndpoint
metadata: {name: n1-all, labels: {host: n1}}
spec: {node: n1, interfaceName: "*"}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: metrics}
spec: {selector: has(host), ingress: [{action: Allow, protocol: TCP, destination: {ports: [9100]}}]}
"#;
    check(
        policies,
        "shop/agent ip/203.0.113.1:443",
        expect![[r#"
        deny shop/agent -> ip/203.0.113.1 tcp/443
          egress deny: no policy decides, and no profile of shop/agent allows it
          note: shop/agent is in its node's network: no policy on pods applies to it
        assumed: namespace shop is not given: it has its automatic label only
        assumed: hep/n1-all is the endpoint of the interface in question
    "#]],
    );
    check(
        policies,
        "ip/203.0.113.1 shop/agent:9100",
        expect![[r#"
        allow ip/203.0.113.1 -> shop/agent tcp/9100
          ingress allow: rule 0 of GlobalNetworkPolicy metrics allows tcp/9100 from ip/203.0.113.1 k8s:27
          note: shop/agent is in its node's network: no policy on pods applies to it
        assumed: namespace shop is not given: it has its automatic label only
        assumed: hep/n1-all is the endpoint of the interface in question
    "#]],
    );
    check(
        policies,
        "ip/203.0.113.1 shop/agent:9101",
        expect![[r#"
        deny ip/203.0.113.1 -> shop/agent tcp/9101
          ingress deny: GlobalNetworkPolicy metrics selects shop/agent, and no rule of tier default allows tcp/9101 from ip/203.0.113.1 k8s:24
          note: shop/agent is in its node's network: no policy on pods applies to it
        assumed: namespace shop is not given: it has its automatic label only
        assumed: hep/n1-all is the endpoint of the interface in question
    "#]],
    );
    check(
        policies,
        "shop/agent shop/web:80",
        expect![[r#"
        allow shop/agent -> shop/web tcp/80
          note: shop/agent is in its node's network: no policy on pods applies to it
        assumed: namespace shop is not given: it has its automatic label only
        assumed: hep/n1-all is the endpoint of the interface in question
    "#]],
    );
}

#[test]
fn a_pod_reaches_its_own_node_as_felix_is_configured() {
    let policies = r#"
apiVersion: v1
kind: Pod
metadata: {name: near, namespace: shop, labels: {app: near}}
spec: {nodeName: n1}
status: {podIP: 10.0.0.1}
---
apiVersion: v1
kind: Pod
metadata: {name: far, namespace: shop}
spec: {nodeName: n2}
status: {podIP: 10.0.0.2}
---
apiVersion: projectcalico.org/v3
kind: HostEndpoint
metadata: {name: n1-all, labels: {host: n1}}
spec: {node: n1, interfaceName: "*", expectedIPs: [192.0.2.1]}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: metrics}
spec: {selector: has(host), ingress: [{action: Allow, protocol: TCP, destination: {ports: [9100]}}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: near, namespace: shop}
spec: {podSelector: {matchLabels: {app: near}}, policyTypes: [Egress], egress: [{ports: [{port: 9100}, {port: 9101}]}]}
"#;
    let felix = |action: &str| {
        format!(
            "{policies}---
apiVersion: projectcalico.org/v3
kind: FelixConfiguration
metadata: {{name: default}}
spec: {{defaultEndpointToHostAction: {action}}}
"
        )
    };
    check(
        policies,
        "shop/far hep/n1-all:9100",
        expect![[r#"
        allow shop/far -> hep/n1-all tcp/9100
          egress allow: no policy selects shop/far for egress: everything is allowed
          ingress allow: rule 0 of GlobalNetworkPolicy metrics allows tcp/9100 from shop/far k8s:22
        assumed: namespace shop is not given: it has its automatic label only
        assumed: hep/n1-all is the endpoint of the interface in question
    "#]],
    );
    check(
        policies,
        "shop/near hep/n1-all:9100",
        expect![[r#"
        unknown shop/near -> hep/n1-all tcp/9100
          egress allow: rule 0 of KubernetesNetworkPolicy shop/near allows tcp/9100 to hep/n1-all k8s:27
          ingress unknown: shop/near runs on that node: defaultEndpointToHostAction of FelixConfiguration decides, and is not given
          depends on what Felix does with traffic of pods to their own node: not policy, but defaultEndpointToHostAction decides whether shop/near reaches it [the FelixConfiguration `default` in the input]
        assumed: namespace shop is not given: it has its automatic label only
        assumed: hep/n1-all is the endpoint of the interface in question
    "#]],
    );
    check(
        policies,
        "shop/near hep/n1-all:9102",
        expect![[r#"
        deny shop/near -> hep/n1-all tcp/9102
          egress deny: KubernetesNetworkPolicy shop/near selects shop/near, and no rule of tier default allows tcp/9102 to hep/n1-all k8s:24
          ingress unknown: shop/near runs on that node: defaultEndpointToHostAction of FelixConfiguration decides, and is not given
        assumed: namespace shop is not given: it has its automatic label only
        assumed: hep/n1-all is the endpoint of the interface in question
    "#]],
    );
    check(
        &felix("Drop"),
        "shop/near hep/n1-all:9100",
        expect![[r#"
        deny shop/near -> hep/n1-all tcp/9100
          egress allow: rule 0 of KubernetesNetworkPolicy shop/near allows tcp/9100 to hep/n1-all k8s:27
          ingress deny: shop/near runs on that node: defaultEndpointToHostAction of FelixConfiguration drops it
        assumed: namespace shop is not given: it has its automatic label only
        assumed: hep/n1-all is the endpoint of the interface in question
    "#]],
    );
    check(
        &felix("ACCEPT"),
        "shop/near ip/192.0.2.1:9101",
        expect![[r#"
        allow shop/near -> ip/192.0.2.1 tcp/9101
          egress allow: rule 0 of KubernetesNetworkPolicy shop/near allows tcp/9101 to ip/192.0.2.1 k8s:27
          ingress allow: shop/near runs on that node: defaultEndpointToHostAction of FelixConfiguration accepts it
        assumed: namespace shop is not given: it has its automatic label only
        assumed: hep/n1-all is the endpoint of the interface in question
    "#]],
    );
    check(
        &felix("Return"),
        "shop/near hep/n1-all:9100",
        expect![[r#"
        allow shop/near -> hep/n1-all tcp/9100
          egress allow: rule 0 of KubernetesNetworkPolicy shop/near allows tcp/9100 to hep/n1-all k8s:27
          ingress allow: rule 0 of GlobalNetworkPolicy metrics allows tcp/9100 from shop/near k8s:22
        assumed: namespace shop is not given: it has its automatic label only
        assumed: hep/n1-all is the endpoint of the interface in question
    "#]],
    );
    check(
        &felix("Return"),
        "shop/near hep/n1-all:9101",
        expect![[r#"
        deny shop/near -> hep/n1-all tcp/9101
          egress allow: rule 0 of KubernetesNetworkPolicy shop/near allows tcp/9101 to hep/n1-all k8s:27
          ingress deny: GlobalNetworkPolicy metrics selects hep/n1-all, and no rule of tier default allows tcp/9101 from shop/near k8s:19
        assumed: namespace shop is not given: it has its automatic label only
        assumed: hep/n1-all is the endpoint of the interface in question
    "#]],
    );
}
