//! Services: which flows stand behind one, and where traffic seems to come from.

use expect_test::expect;

use crate::support::check_in_cluster;

#[test]
fn a_service_stands_for_the_pods_it_selects() {
    let policies = r#"
apiVersion: v1
kind: Service
metadata: {name: front, namespace: shop}
spec:
  selector: {app: web}
  ports: [{name: a, port: 80, targetPort: http}, {name: b, port: 53, protocol: UDP, targetPort: 5353}, {name: c, port: 7}]
"#;
    check_in_cluster(
        policies,
        "dev/box svc/shop/front",
        expect![[r#"
        allow:
        allow dev/box -> shop/web tcp/8080 by svc/shop/front
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress allow: no policy selects shop/web for ingress: everything is allowed
        allow dev/box -> shop/web udp/5353 by svc/shop/front
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress allow: no policy selects shop/web for ingress: everything is allowed
        allow dev/box -> shop/web tcp/7 by svc/shop/front
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress allow: no policy selects shop/web for ingress: everything is allowed
    "#]],
    );
    check_in_cluster(
        policies,
        "dev/box svc/shop/front:80",
        expect![[r#"
        allow dev/box -> shop/web tcp/8080 by svc/shop/front
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress allow: no policy selects shop/web for ingress: everything is allowed
    "#]],
    );
    check_in_cluster(
        policies,
        "dev/box svc/shop/front:b/udp",
        expect![[r#"
        allow dev/box -> shop/web udp/5353 by svc/shop/front
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress allow: no policy selects shop/web for ingress: everything is allowed
    "#]],
    );
    check_in_cluster(
        policies,
        "dev/box svc/shop/front:8080",
        expect![[r#"
        error: there is no port 8080/tcp of svc/shop/front
        help: there is 80/tcp, 53/udp, 7/tcp
    "#]],
    );
    check_in_cluster(
        policies,
        "dev/box svc/shop/front/icmp",
        expect![[r#"
        error: svc/shop/front forwards its ports only
        help: ask for the pods behind it
    "#]],
    );
}

#[test]
fn some_of_several_flows_make_it_mixed() {
    let policies = r#"
apiVersion: v1
kind: Service
metadata: {name: all, namespace: shop}
spec: {selector: {}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: both, namespace: shop}
spec: {selector: {kind: any}, ports: [{port: 80}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: both-1, namespace: shop, labels: {kubernetes.io/service-name: both}}
addressType: IPv4
endpoints: [{addresses: [10.0.0.1]}, {addresses: [10.0.0.2], conditions: {ready: false}}, {addresses: [192.0.2.1]}]
ports: [{port: 8080, protocol: TCP}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: shut, namespace: shop}
spec: {podSelector: {matchLabels: {app: db}}}
"#;
    check_in_cluster(
        policies,
        "dev/box svc/shop/both",
        expect![[r#"
        mixed:
        allow dev/box -> shop/web tcp/8080 by svc/shop/both
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress allow: no policy selects shop/web for ingress: everything is allowed
        deny dev/box -> shop/db tcp/8080 by svc/shop/both
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress deny: KubernetesNetworkPolicy shop/shut selects shop/db, and no rule of tier default allows tcp/8080 from dev/box k8s:18
        allow dev/box -> ip/192.0.2.1 tcp/8080 by svc/shop/both
          egress allow: no policy selects dev/box for egress: everything is allowed
    "#]],
    );
    check_in_cluster(
        policies,
        "dev/box svc/shop/all",
        expect![[r#"
        error: svc/shop/all is no endpoint: it has no selector, and no EndpointSlice of it is given
    "#]],
    );
    check_in_cluster(
        policies,
        "svc/shop/both dev/box:80",
        expect![[r#"
        allow:
        allow shop/web -> dev/box tcp/80
          egress allow: no policy selects shop/web for egress: everything is allowed
          ingress allow: no policy selects dev/box for ingress: everything is allowed
        allow shop/db -> dev/box tcp/80
          egress allow: no policy selects shop/db for egress: everything is allowed
          ingress allow: no policy selects dev/box for ingress: everything is allowed
        allow ip/192.0.2.1 -> dev/box tcp/80
          ingress allow: no policy selects dev/box for ingress: everything is allowed
    "#]],
    );
}

#[test]
fn endpoints_count_where_no_slice_speaks() {
    let policies = r#"
apiVersion: v1
kind: Service
metadata: {name: old, namespace: shop}
spec: {ports: [{port: 80}]}
---
apiVersion: v1
kind: Endpoints
metadata: {name: old, namespace: shop}
subsets: [{addresses: [{ip: 10.0.0.1}], ports: [{port: 8080}]}]
---
apiVersion: v1
kind: Service
metadata: {name: new, namespace: shop}
spec: {ports: [{port: 80}]}
---
apiVersion: v1
kind: Endpoints
metadata: {name: new, namespace: shop}
subsets: [{addresses: [{ip: 10.0.0.1}], ports: [{port: 8080}]}]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: new-1, namespace: shop, labels: {kubernetes.io/service-name: new}}
addressType: IPv4
endpoints: [{addresses: [10.0.0.2]}]
ports: [{port: 5432}]
"#;
    check_in_cluster(
        policies,
        "dev/box svc/shop/old:80",
        expect![[r#"
        allow dev/box -> shop/web tcp/8080 by svc/shop/old
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress allow: no policy selects shop/web for ingress: everything is allowed
    "#]],
    );
    check_in_cluster(
        policies,
        "dev/box svc/shop/new:80",
        expect![[r#"
        allow dev/box -> shop/db tcp/5432 by svc/shop/new
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress allow: no policy selects shop/db for ingress: everything is allowed
    "#]],
    );
}

#[test]
fn services_that_lead_nowhere_say_why() {
    let policies = r#"
apiVersion: v1
kind: Service
metadata: {name: none, namespace: shop}
spec: {selector: {app: nobody}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: bare, namespace: shop}
spec: {ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: alias, namespace: shop}
spec: {type: ExternalName, externalName: db.example.com, ports: [{port: 80}]}
"#;
    check_in_cluster(
        policies,
        "dev/box svc/shop/none",
        expect![[r#"
        error: svc/shop/none is no endpoint: no pod of `shop` has app == "nobody"
    "#]],
    );
    check_in_cluster(
        policies,
        "dev/box svc/shop/bare",
        expect![[r#"
        error: svc/shop/bare is no endpoint: it has no selector, and no EndpointSlice of it is given
    "#]],
    );
    check_in_cluster(
        policies,
        "dev/box svc/shop/alias",
        expect![[r#"
        error: svc/shop/alias is no endpoint: it is only another name for `db.example.com`: ask for dns/db.example.com
    "#]],
    );
    check_in_cluster(
        policies,
        "dev/box svc/shop/nome",
        expect![[r#"
        error: there is no service `shop/nome`
        help: did you mean `svc/shop/none`?
    "#]],
    );
}

#[test]
fn traffic_from_outside_comes_from_a_node_unless_its_source_is_kept() {
    let policies = r#"
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec: {podSelector: {matchLabels: {app: web}}, ingress: [{from: [{podSelector: {}}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: front, namespace: shop}
spec: {type: LoadBalancer, selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: kept, namespace: shop}
spec: {type: NodePort, externalTrafficPolicy: Local, selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: nodes, namespace: shop}
spec:
  selector: app == 'web'
  ingress:
  - {action: Allow, source: {nets: [192.0.2.0/24]}}
---
apiVersion: v1
kind: Node
metadata: {name: n1}
status: {addresses: [{type: InternalIP, address: 192.0.2.1}, {type: Hostname, address: n1}]}
"#;
    check_in_cluster(
        policies,
        "ip/203.0.113.9 svc/shop/front:80",
        expect![[r#"
        allow ip/203.0.113.9 (as a node) -> shop/web tcp/80 by svc/shop/front
          ingress allow: rule 0 of NetworkPolicy shop/nodes allows tcp/80 from ip/203.0.113.9 (as a node) k8s:22
          note: externalTrafficPolicy is Cluster: policy sees the address of a node, not ip/203.0.113.9
    "#]],
    );
    check_in_cluster(
        policies,
        "ip/203.0.113.9 svc/shop/kept:80",
        expect![[r#"
        deny ip/203.0.113.9 -> shop/web tcp/80 by svc/shop/kept
          ingress deny: KubernetesNetworkPolicy shop/web selects shop/web, and no rule of tier default allows tcp/80 from ip/203.0.113.9 k8s:1
    "#]],
    );
    check_in_cluster(
        policies,
        "dev/box svc/shop/front:80",
        expect![[r#"
        deny dev/box -> shop/web tcp/80 by svc/shop/front
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress deny: KubernetesNetworkPolicy shop/web selects shop/web, and no rule of tier default allows tcp/80 from dev/box k8s:1
    "#]],
    );
    check_in_cluster(
        policies,
        "shop/db svc/shop/front:80",
        expect![[r#"
        allow shop/db -> shop/web tcp/80 by svc/shop/front
          egress allow: no policy selects shop/db for egress: everything is allowed
          ingress allow: rule 0 of KubernetesNetworkPolicy shop/web allows tcp/80 from shop/db k8s:4
    "#]],
    );
    check_in_cluster(
        policies,
        "node/n1 svc/shop/front:80",
        expect![[r#"
        allow node/n1 -> shop/web tcp/80 by svc/shop/front
          ingress allow: rule 0 of NetworkPolicy shop/nodes allows tcp/80 from node/n1 k8s:22
    "#]],
    );
    check_in_cluster(
        policies,
        "ip/192.0.2.1 svc/shop/front:80",
        expect![[r#"
        allow ip/192.0.2.1 -> shop/web tcp/80 by svc/shop/front
          ingress allow: rule 0 of NetworkPolicy shop/nodes allows tcp/80 from ip/192.0.2.1 k8s:22
    "#]],
    );
}

#[test]
fn a_cluster_address_is_the_service_behind_it() {
    let policies = r#"
apiVersion: v1
kind: Service
metadata: {name: front, namespace: shop}
spec: {clusterIP: 10.96.0.7, selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: out, namespace: dev}
spec:
  egress:
  - {action: Deny, destination: {nets: [10.96.0.0/16]}}
  - {action: Allow}
"#;
    check_in_cluster(
        policies,
        "dev/box ip/10.96.0.7:80",
        expect![[r#"
        allow dev/box -> shop/web tcp/8080 by svc/shop/front
          egress allow: rule 1 of NetworkPolicy dev/out allows tcp/8080 to shop/web k8s:12
          ingress allow: no policy selects shop/web for ingress: everything is allowed
          note: 10.96.0.7 is the address of svc/shop/front
    "#]],
    );
    check_in_cluster(
        policies,
        "dev/box ip/10.96.0.7:81",
        expect![[r#"
        error: there is no port 81/tcp of svc/shop/front
        help: there is 80/tcp
    "#]],
    );
    check_in_cluster(
        policies,
        "dev/box ip/10.96.0.8:80",
        expect![[r#"
        deny dev/box -> ip/10.96.0.8 tcp/80
          egress deny: rule 0 of NetworkPolicy dev/out denies tcp/80 to ip/10.96.0.8 k8s:11
    "#]],
    );
}

#[test]
fn pods_on_the_host_network_stand_behind_services_too() {
    let policies = r#"
apiVersion: v1
kind: Pod
metadata: {name: agent, namespace: shop, labels: {app: agent}}
spec: {hostNetwork: true}
status: {podIP: 192.0.2.1, hostIP: 192.0.2.1}
---
apiVersion: v1
kind: Service
metadata: {name: agent, namespace: shop}
spec: {selector: {app: agent}, ports: [{port: 80}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: shut, namespace: shop}
spec: {podSelector: {}}
"#;
    check_in_cluster(
        policies,
        "dev/box svc/shop/agent:80",
        expect![[r#"
        allow dev/box -> shop/agent tcp/80 by svc/shop/agent
          egress allow: no policy selects dev/box for egress: everything is allowed
          note: shop/agent is in its node's network: no policy on pods applies to it
    "#]],
    );
    check_in_cluster(
        policies,
        "svc/shop/agent shop/web:80",
        expect![[r#"
        unknown shop/agent -> shop/web tcp/80
          ingress deny: KubernetesNetworkPolicy shop/shut selects shop/web, and no rule of tier default allows tcp/80 from shop/agent k8s:12
          depends on whether shop/agent and shop/web run on one node: a node reaches its own pods whatever policy says [`spec.nodeName` of the pods in the input]
          note: shop/agent is in its node's network: no policy on pods applies to it
    "#]],
    );
}

#[test]
fn a_headless_service_is_a_name_for_its_pods() {
    let policies = r#"
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {clusterIP: None, selector: {app: web}, ports: [{name: a, port: 80, targetPort: 8080}, {name: b, port: 81, targetPort: 8080}]}
---
apiVersion: v1
kind: Service
metadata: {name: bare, namespace: shop}
spec: {clusterIP: None, selector: {app: web}}
---
apiVersion: v1
kind: Service
metadata: {name: lost, namespace: shop}
spec: {clusterIP: None, selector: {app: web}, ports: [{port: 80, targetPort: nobodys}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec: {podSelector: {matchLabels: {app: web}}, ingress: [{ports: [{port: 8080}]}]}
"#;
    // Nothing stands between: port 80 of the name is port 80 of a pod.
    check_in_cluster(
        policies,
        "dev/box svc/shop/web:80",
        expect![[r#"
        deny dev/box -> shop/web tcp/80 by svc/shop/web
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress deny: KubernetesNetworkPolicy shop/web selects shop/web, and no rule of tier default allows tcp/80 from dev/box k8s:16
          note: svc/shop/web is headless: its name leads to the pods, and port 80 stays as it is
    "#]],
    );
    check_in_cluster(
        policies,
        "dev/box svc/shop/web:8080",
        expect![[r#"
        allow dev/box -> shop/web tcp/8080 by svc/shop/web
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress allow: rule 0 of KubernetesNetworkPolicy shop/web allows tcp/8080 from dev/box k8s:19
    "#]],
    );
    // A name of a port is looked up with the name (SRV), and so are ports that are not said.
    check_in_cluster(
        policies,
        "dev/box svc/shop/web:a",
        expect![[r#"
        allow dev/box -> shop/web tcp/8080 by svc/shop/web
          egress allow: no policy selects dev/box for egress: everything is allowed
          ingress allow: rule 0 of KubernetesNetworkPolicy shop/web allows tcp/8080 from dev/box k8s:19
    "#]],
    );
    check_in_cluster(
        policies,
        "dev/box svc/shop/bare",
        expect![[r#"
        error: svc/shop/bare is no endpoint: it has no ports: ask for the pods behind it
    "#]],
    );
    check_in_cluster(
        policies,
        "dev/box svc/shop/lost",
        expect![[r#"
        error: svc/shop/lost is no endpoint: none of its pods has a port of the name that it sends to
    "#]],
    );
}

#[test]
fn a_node_port_leads_on_to_pods() {
    let policies = r#"
apiVersion: v1
kind: Node
metadata: {name: n1}
status: {addresses: [{type: InternalIP, address: 192.0.2.1}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {type: NodePort, selector: {app: web}, ports: [{port: 80, targetPort: 8080, nodePort: 30080}]}
"#;
    check_in_cluster(
        policies,
        "ip/203.0.113.1 node/n1:30080",
        expect![[r#"
        error: tcp/30080 of a node is a node port of svc/shop/web
        help: for what its pods are told, ask for svc/shop/web:80/tcp
    "#]],
    );
    check_in_cluster(
        policies,
        "ip/203.0.113.1 ip/192.0.2.1:30080",
        expect![[r#"
        error: tcp/30080 of a node is a node port of svc/shop/web
        help: for what its pods are told, ask for svc/shop/web:80/tcp
    "#]],
    );
    check_in_cluster(
        policies,
        "ip/203.0.113.1 ip/192.0.2.1:30080/udp",
        expect![[r#"
        allow ip/203.0.113.1 -> ip/192.0.2.1 udp/30080
    "#]],
    );
    check_in_cluster(
        policies,
        "ip/203.0.113.1 ip/192.0.2.1:30081",
        expect![[r#"
        allow ip/203.0.113.1 -> ip/192.0.2.1 tcp/30081
    "#]],
    );
    let behind = format!(
        "{policies}---
apiVersion: projectcalico.org/v3
kind: HostEndpoint
metadata: {{name: n1-eth0}}
spec: {{node: n1, interfaceName: eth0, expectedIPs: [192.0.2.1]}}
"
    );
    check_in_cluster(
        &behind,
        "ip/203.0.113.1 hep/n1-eth0:30080",
        expect![[r#"
        deny ip/203.0.113.1 -> hep/n1-eth0 tcp/30080
          ingress deny: no policy decides, and no profile of hep/n1-eth0 allows it
          note: tcp/30080 of a node is a node port of svc/shop/web: for what its pods are told, ask for svc/shop/web:80/tcp
        assumed: hep/n1-eth0 is the endpoint of the interface in question
    "#]],
    );
}

#[test]
fn the_address_of_a_load_balancer_is_the_services() {
    let policies = r#"
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {type: LoadBalancer, externalTrafficPolicy: Local, selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
status: {loadBalancer: {ingress: [{hostname: lb.example.com}, {ip: 203.0.113.200}]}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec: {podSelector: {matchLabels: {app: web}}, ingress: [{from: [{ipBlock: {cidr: 198.51.100.0/24}}]}]}
"#;
    check_in_cluster(
        policies,
        "ip/198.51.100.1 ip/203.0.113.200:80",
        expect![[r#"
        allow ip/198.51.100.1 -> shop/web tcp/8080 by svc/shop/web
          ingress allow: rule 0 of KubernetesNetworkPolicy shop/web allows tcp/8080 from ip/198.51.100.1 k8s:10
          note: 203.0.113.200 is the address of svc/shop/web
    "#]],
    );
    check_in_cluster(
        policies,
        "ip/192.0.2.1 ip/203.0.113.200:80",
        expect![[r#"
        deny ip/192.0.2.1 -> shop/web tcp/8080 by svc/shop/web
          ingress deny: KubernetesNetworkPolicy shop/web selects shop/web, and no rule of tier default allows tcp/8080 from ip/192.0.2.1 k8s:7
          note: 203.0.113.200 is the address of svc/shop/web
    "#]],
    );
    check_in_cluster(
        policies,
        "ip/192.0.2.1 ip/203.0.113.200:8080",
        expect![[r#"
            allow ip/192.0.2.1 -> ip/203.0.113.200 tcp/8080
        "#]],
    );
}
