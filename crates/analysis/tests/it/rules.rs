//! What a rule matches.

use expect_test::expect;

use crate::support::{check, check_in_cluster};

#[test]
fn every_criterion_must_hold() {
    let policies = r#"
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  selector: app == 'web'
  ingress:
  - action: Allow
    protocol: TCP
    source: {namespaceSelector: team == 'blue', nets: [10.1.0.0/16]}
    destination: {ports: [80, '8000:8100', http]}
"#;
    check_in_cluster(
        policies,
        "dev/box shop/web:8080",
        expect![[r#"
        allow dev/box -> shop/web tcp/8080
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress allow: rule 0 of NetworkPolicy shop/web allows tcp/8080 from dev/box k8s:7
    "#]],
    );
    check_in_cluster(
        policies,
        "dev/box shop/web:8101",
        expect![[r#"
        deny dev/box -> shop/web tcp/8101
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress deny: NetworkPolicy shop/web selects shop/web, and no rule of tier default allows tcp/8101 from dev/box k8s:1
    "#]],
    );
    check_in_cluster(
        policies,
        "dev/box shop/web:80/udp",
        expect![[r#"
        deny dev/box -> shop/web udp/80
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress deny: NetworkPolicy shop/web selects shop/web, and no rule of tier default allows udp/80 from dev/box k8s:1
    "#]],
    );
    check_in_cluster(
        policies,
        "shop/db shop/web:80",
        expect![[r#"
        deny shop/db -> shop/web tcp/80
          egress allow: no policy selects shop/db for egress: everything is allowed
          ingress deny: NetworkPolicy shop/web selects shop/web, and no rule of tier default allows tcp/80 from shop/db k8s:1
    "#]],
    );
}

#[test]
fn a_named_port_is_each_endpoints_own() {
    let policies = r#"
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: named}
spec:
  ingress:
  - action: Allow
    protocol: TCP
    destination: {ports: [http]}
  - action: Allow
    destination: {ports: [udp-in]}
"#;
    check_in_cluster(
        policies,
        "dev/box shop/web:8080",
        expect![[r#"
        allow dev/box -> shop/web tcp/8080
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress allow: rule 0 of GlobalNetworkPolicy named allows tcp/8080 from dev/box k8s:6
    "#]],
    );
    check_in_cluster(
        policies,
        "dev/box shop/db:8080",
        expect![[r#"
        deny dev/box -> shop/db tcp/8080
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress deny: GlobalNetworkPolicy named selects shop/db, and no rule of tier default allows tcp/8080 from dev/box k8s:1
    "#]],
    );
    check_in_cluster(
        policies,
        "dev/box shop/web:5353/udp",
        expect![[r#"
        allow dev/box -> shop/web udp/5353
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress allow: rule 1 of GlobalNetworkPolicy named allows udp/5353 from dev/box k8s:9
    "#]],
    );
    check_in_cluster(
        policies,
        "dev/box shop/web:5353",
        expect![[r#"
        deny dev/box -> shop/web tcp/5353
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress deny: GlobalNetworkPolicy named selects shop/web, and no rule of tier default allows tcp/5353 from dev/box k8s:1
    "#]],
    );
}

#[test]
fn ports_can_be_excluded() {
    let policies = r#"
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: not}
spec:
  ingress:
  - action: Allow
    protocol: TCP
    destination: {notPorts: [22, '8000:9000']}
"#;
    check_in_cluster(
        policies,
        "dev/box shop/web:22",
        expect![[r#"
        deny dev/box -> shop/web tcp/22
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress deny: GlobalNetworkPolicy not selects shop/web, and no rule of tier default allows tcp/22 from dev/box k8s:1
    "#]],
    );
    check_in_cluster(
        policies,
        "dev/box shop/web:8080",
        expect![[r#"
        deny dev/box -> shop/web tcp/8080
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress deny: GlobalNetworkPolicy not selects shop/web, and no rule of tier default allows tcp/8080 from dev/box k8s:1
    "#]],
    );
    check_in_cluster(
        policies,
        "dev/box shop/web:443",
        expect![[r#"
        allow dev/box -> shop/web tcp/443
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress allow: rule 0 of GlobalNetworkPolicy not allows tcp/443 from dev/box k8s:6
    "#]],
    );
}

#[test]
fn source_ports_are_ephemeral_unless_said() {
    let policies = r#"
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: from-dns}
spec:
  selector: app == 'web'
  ingress:
  - action: Allow
    protocol: UDP
    source: {ports: [53, '40000:40010']}
"#;
    check_in_cluster(
        policies,
        "dev/box:53 shop/web:5000/udp",
        expect![[r#"
        allow dev/box -> shop/web udp/5000
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress allow: rule 0 of GlobalNetworkPolicy from-dns allows udp/5000 from dev/box k8s:7
    "#]],
    );
    check_in_cluster(
        policies,
        "dev/box:54 shop/web:5000/udp",
        expect![[r#"
        deny dev/box -> shop/web udp/5000
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress deny: GlobalNetworkPolicy from-dns selects shop/web, and no rule of tier default allows udp/5000 from dev/box k8s:1
    "#]],
    );
    check_in_cluster(
        policies,
        "dev/box shop/web:5000/udp",
        expect![[r#"
        unknown dev/box -> shop/web udp/5000
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress unknown: it depends on a fact that is not given
          depends on whether the source port is in 53, 40000-40010 [a port behind the source: FROM:PORT]
        assumed: the source port is an ephemeral one (32768-60999)
    "#]],
    );
}

#[test]
fn protocols_go_by_name_or_number() {
    let policies = r#"
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: numbered, namespace: shop}
spec:
  selector: app == 'web'
  ingress:
  - {action: Allow, protocol: 132}
  - {action: Allow, protocol: '47'}
  - {action: Allow, protocol: UDPLite}
"#;
    check_in_cluster(
        policies,
        "dev/box shop/web:80/sctp",
        expect![[r#"
        allow dev/box -> shop/web sctp/80
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress allow: rule 0 of NetworkPolicy shop/numbered allows sctp/80 from dev/box k8s:7
    "#]],
    );
    check_in_cluster(
        policies,
        "dev/box shop/web/47",
        expect![[r#"
        allow dev/box -> shop/web 47
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress allow: rule 1 of NetworkPolicy shop/numbered allows 47 from dev/box k8s:8
    "#]],
    );
    check_in_cluster(
        policies,
        "dev/box shop/web/136",
        expect![[r#"
        error: no port is said, and shop/web declares none of udplite
        help: write one: shop/web:80/udplite
    "#]],
    );
    check_in_cluster(
        policies,
        "dev/box shop/web:80",
        expect![[r#"
        deny dev/box -> shop/web tcp/80
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress deny: NetworkPolicy shop/numbered selects shop/web, and no rule of tier default allows tcp/80 from dev/box k8s:1
    "#]],
    );
    check_in_cluster(
        policies,
        "dev/box shop/web/50",
        expect![[r#"
        deny dev/box -> shop/web 50
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress deny: NetworkPolicy shop/numbered selects shop/web, and no rule of tier default allows 50 from dev/box k8s:1
    "#]],
    );
}

#[test]
fn a_protocol_can_be_excluded() {
    let policies = r#"
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: not-tcp, namespace: shop}
spec:
  selector: app == 'web'
  ingress:
  - {action: Allow, notProtocol: TCP}
"#;
    check_in_cluster(
        policies,
        "dev/box shop/web:80/udp",
        expect![[r#"
        allow dev/box -> shop/web udp/80
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress allow: rule 0 of NetworkPolicy shop/not-tcp allows udp/80 from dev/box k8s:7
    "#]],
    );
    check_in_cluster(
        policies,
        "dev/box shop/web:80",
        expect![[r#"
        deny dev/box -> shop/web tcp/80
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress deny: NetworkPolicy shop/not-tcp selects shop/web, and no rule of tier default allows tcp/80 from dev/box k8s:1
    "#]],
    );
}

#[test]
fn icmp_goes_by_type_and_code() {
    let policies = r#"
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: ping, namespace: shop}
spec:
  selector: app == 'web'
  ingress:
  - action: Allow
    protocol: ICMP
    icmp: {type: 8, code: 0}
  - action: Deny
    protocol: ICMP
    notICMP: {type: 3}
  - action: Allow
    protocol: 1
    icmp: {type: 3}
"#;
    check_in_cluster(
        policies,
        "dev/box shop/web/icmp:8.0",
        expect![[r#"
        allow dev/box -> shop/web icmp
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress allow: rule 0 of NetworkPolicy shop/ping allows icmp from dev/box k8s:7
    "#]],
    );
    check_in_cluster(
        policies,
        "dev/box shop/web/icmp:8.1",
        expect![[r#"
        deny dev/box -> shop/web icmp
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress deny: rule 1 of NetworkPolicy shop/ping denies icmp from dev/box k8s:10
    "#]],
    );
    check_in_cluster(
        policies,
        "dev/box shop/web/icmp:3.4",
        expect![[r#"
        allow dev/box -> shop/web icmp
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress allow: rule 2 of NetworkPolicy shop/ping allows icmp from dev/box k8s:13
    "#]],
    );
    check_in_cluster(
        policies,
        "dev/box shop/web/icmp:8",
        expect![[r#"
        unknown dev/box -> shop/web icmp
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress unknown: it depends on a fact that is not given
          depends on whether the ICMP code is 0 [a code behind the type: TO/icmp:TYPE.CODE]
    "#]],
    );
    check_in_cluster(
        policies,
        "dev/box shop/web/icmp",
        expect![[r#"
        unknown dev/box -> shop/web icmp
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress unknown: it depends on a fact that is not given
          depends on whether the ICMP type is 8 [a type behind the destination: TO/icmp:TYPE]
          depends on whether the ICMP code is 0 [a code behind the type: TO/icmp:TYPE.CODE]
          depends on whether the ICMP type is 3 [a type behind the destination: TO/icmp:TYPE]
    "#]],
    );
    check_in_cluster(
        policies,
        "dev/box shop/web:80",
        expect![[r#"
        deny dev/box -> shop/web tcp/80
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress deny: NetworkPolicy shop/ping selects shop/web, and no rule of tier default allows tcp/80 from dev/box k8s:1
    "#]],
    );
}

#[test]
fn nets_of_both_families_have_their_own_rules() {
    let policies = r#"
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop}
status: {podIPs: [{ip: 10.0.0.1}, {ip: 'fd00::1'}]}
---
apiVersion: v1
kind: Pod
metadata: {name: old, namespace: shop}
status: {podIP: 10.0.0.2}
---
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: nets, namespace: shop}
spec:
  ingress:
  - action: Allow
    source: {nets: ['2001:db8::/32']}
  - action: Allow
    source: {notNets: [192.0.2.0/24]}
"#;
    check(
        policies,
        "ip/[2001:db8::7] shop/web:80 --ip-version 6",
        expect![[r#"
        allow ip/2001:db8::7 -> shop/web tcp/80
          ingress allow: rule 0 of NetworkPolicy shop/nets allows tcp/80 from ip/2001:db8::7 k8s:17
        assumed: namespace shop is not given: it has its automatic label only
    "#]],
    );
    check(
        policies,
        "ip/[2001:db9::7] shop/web:80 --ip-version 6",
        expect![[r#"
        deny ip/2001:db9::7 -> shop/web tcp/80
          ingress deny: NetworkPolicy shop/nets selects shop/web, and no rule of tier default allows tcp/80 from ip/2001:db9::7 k8s:12
        assumed: namespace shop is not given: it has its automatic label only
    "#]],
    );
    check(
        policies,
        "ip/198.51.100.1 shop/web:80",
        expect![[r#"
        allow ip/198.51.100.1 -> shop/web tcp/80
          ingress allow: rule 1 of NetworkPolicy shop/nets allows tcp/80 from ip/198.51.100.1 k8s:19
        assumed: namespace shop is not given: it has its automatic label only
    "#]],
    );
    check(
        policies,
        "ip/192.0.2.1 shop/web:80",
        expect![[r#"
        deny ip/192.0.2.1 -> shop/web tcp/80
          ingress deny: NetworkPolicy shop/nets selects shop/web, and no rule of tier default allows tcp/80 from ip/192.0.2.1 k8s:12
        assumed: namespace shop is not given: it has its automatic label only
    "#]],
    );
    check(
        policies,
        "ip/[2001:db8::7] shop/old:80 --ip-version 6",
        expect![[r#"
        error: shop/old is no endpoint: it has no address of IPv6
    "#]],
    );
    check(
        policies,
        "ip/2001:db8::7 shop/web:80",
        expect![[r#"
        error: 2001:db8::7 is not an address of IPv4
        help: give --ip-version 6 to ask about IPv6
    "#]],
    );
}

#[test]
fn a_rule_for_one_ip_version_is_not_about_the_other() {
    let policies = r#"
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop}
status: {podIPs: [{ip: 10.0.0.1}, {ip: 'fd00::1'}]}
---
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: six, namespace: shop}
spec:
  ingress:
  - {action: Allow, ipVersion: 6}
"#;
    check(
        policies,
        "ip/[2001:db8::7] shop/web:80 --ip-version 6",
        expect![[r#"
        allow ip/2001:db8::7 -> shop/web tcp/80
          ingress allow: rule 0 of NetworkPolicy shop/six allows tcp/80 from ip/2001:db8::7 k8s:12
        assumed: namespace shop is not given: it has its automatic label only
    "#]],
    );
    check(
        policies,
        "ip/192.0.2.1 shop/web:80",
        expect![[r#"
        deny ip/192.0.2.1 -> shop/web tcp/80
          ingress deny: NetworkPolicy shop/six selects shop/web, and no rule of tier default allows tcp/80 from ip/192.0.2.1 k8s:7
        assumed: namespace shop is not given: it has its automatic label only
    "#]],
    );
}

#[test]
fn icmp_by_name_has_a_family_and_by_number_has_none() {
    let policies = r#"
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop}
status: {podIPs: [{ip: 10.0.0.1}, {ip: 'fd00::1'}]}
---
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: echo, namespace: shop}
spec:
  ingress:
  - {action: Allow, protocol: ICMPv6, icmp: {type: 128}}
"#;
    check(
        policies,
        "ip/[2001:db8::7] shop/web/icmp:128 --ip-version 6",
        expect![[r#"
        allow ip/2001:db8::7 -> shop/web icmpv6
          ingress allow: rule 0 of NetworkPolicy shop/echo allows icmpv6 from ip/2001:db8::7 k8s:12
        assumed: namespace shop is not given: it has its automatic label only
    "#]],
    );
    check(
        policies,
        "ip/192.0.2.1 shop/web/icmp:128",
        expect![[r#"
        deny ip/192.0.2.1 -> shop/web icmp
          ingress deny: NetworkPolicy shop/echo selects shop/web, and no rule of tier default allows icmp from ip/192.0.2.1 k8s:7
        assumed: namespace shop is not given: it has its automatic label only
    "#]],
    );
}

#[test]
fn http_is_not_looked_at_on_packets() {
    check_in_cluster(
        r#"
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: get, namespace: shop}
spec:
  selector: app == 'web'
  ingress:
  - action: Allow
    http: {methods: [GET]}
"#,
        "dev/box shop/web:80",
        expect![[r#"
            allow dev/box -> shop/web tcp/80
              egress allow: no policy selects dev/box for egress: everything is allowed
              ingress allow: rule 0 of NetworkPolicy shop/get allows tcp/80 from dev/box k8s:7
              note: rule 0 of NetworkPolicy shop/get asks for HTTP methods or paths, and packets do not show them
        "#]],
    );
}

#[test]
fn kubernetes_ports_default_to_tcp_and_ranges_are_inclusive() {
    let policies = r#"
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: ports, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  ingress:
  - ports: [{port: 80}, {port: 8000, endPort: 8080}, {protocol: SCTP}, {port: udp-in, protocol: UDP}]
"#;
    check_in_cluster(
        policies,
        "dev/box shop/web:80",
        expect![[r#"
        allow dev/box -> shop/web tcp/80
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress allow: rule 0 of KubernetesNetworkPolicy shop/ports allows tcp/80 from dev/box k8s:7
    "#]],
    );
    check_in_cluster(
        policies,
        "dev/box shop/web:8080",
        expect![[r#"
        allow dev/box -> shop/web tcp/8080
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress allow: rule 0 of KubernetesNetworkPolicy shop/ports allows tcp/8080 from dev/box k8s:7
    "#]],
    );
    check_in_cluster(
        policies,
        "dev/box shop/web:8081",
        expect![[r#"
        deny dev/box -> shop/web tcp/8081
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress deny: KubernetesNetworkPolicy shop/ports selects shop/web, and no rule of tier default allows tcp/8081 from dev/box k8s:1
    "#]],
    );
    check_in_cluster(
        policies,
        "dev/box shop/web:9/sctp",
        expect![[r#"
        allow dev/box -> shop/web sctp/9
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress allow: rule 0 of KubernetesNetworkPolicy shop/ports allows sctp/9 from dev/box k8s:7
    "#]],
    );
    check_in_cluster(
        policies,
        "dev/box shop/web:5353/udp",
        expect![[r#"
        allow dev/box -> shop/web udp/5353
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress allow: rule 0 of KubernetesNetworkPolicy shop/ports allows udp/5353 from dev/box k8s:7
    "#]],
    );
    check_in_cluster(
        policies,
        "dev/box shop/web:80/udp",
        expect![[r#"
        deny dev/box -> shop/web udp/80
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress deny: KubernetesNetworkPolicy shop/ports selects shop/web, and no rule of tier default allows udp/80 from dev/box k8s:1
    "#]],
    );
}

#[test]
fn policy_types_follow_the_rules_that_are_there() {
    let policies = r#"
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: both, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  egress:
  - to: [{podSelector: {matchLabels: {app: db}}}]
---
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: out, namespace: dev}
spec:
  egress:
  - action: Deny
    destination: {selector: app == 'nobody'}
"#;
    check_in_cluster(
        policies,
        "shop/web dev/box:80",
        expect![[r#"
        deny shop/web -> dev/box tcp/80
          egress deny: KubernetesNetworkPolicy shop/both selects shop/web, and no rule of tier default allows tcp/80 to dev/box k8s:1
          ingress allow: no policy selects dev/box for ingress: everything is allowed
    "#]],
    );
    check_in_cluster(
        policies,
        "dev/box shop/web:80",
        expect![[r#"
        deny dev/box -> shop/web tcp/80
          egress deny: NetworkPolicy dev/out selects dev/box, and no rule of tier default allows tcp/80 to shop/web k8s:9
          ingress deny: KubernetesNetworkPolicy shop/both selects shop/web, and no rule of tier default allows tcp/80 from dev/box k8s:1
    "#]],
    );
    check_in_cluster(
        policies,
        "shop/web shop/db:80",
        expect![[r#"
        allow shop/web -> shop/db tcp/80
          egress allow: rule 0 of KubernetesNetworkPolicy shop/both allows tcp/80 to shop/db k8s:7
          ingress allow: no policy selects shop/db for ingress: everything is allowed
    "#]],
    );
    check_in_cluster(
        policies,
        "shop/db dev/box:1",
        expect![[r#"
        allow shop/db -> dev/box tcp/1
          egress allow: no policy selects shop/db for egress: everything is allowed
          ingress allow: no policy selects dev/box for ingress: everything is allowed
    "#]],
    );
}

#[test]
fn backing_resources_without_types_look_both_ways() {
    let policies = r#"
apiVersion: crd.projectcalico.org/v1
kind: NetworkPolicy
metadata: {name: default.web, namespace: shop}
spec:
  selector: app == 'web'
  ingress:
  - {action: Allow}
"#;
    check_in_cluster(
        policies,
        "dev/box shop/web:80",
        expect![[r#"
        allow dev/box -> shop/web tcp/80
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress allow: rule 0 of NetworkPolicy shop/default.web allows tcp/80 from dev/box k8s:7
    "#]],
    );
    check_in_cluster(
        policies,
        "shop/web dev/box:80",
        expect![[r#"
        deny shop/web -> dev/box tcp/80
          egress deny: NetworkPolicy shop/default.web selects shop/web, and no rule of tier default allows tcp/80 to dev/box k8s:1
          ingress allow: no policy selects dev/box for ingress: everything is allowed
    "#]],
    );
}
