//! How ends are called, and what is said where nothing is called so.

use expect_test::expect;

use crate::support::{check, check_in_cluster};

#[test]
fn names_lead_to_pods_and_errors_to_names() {
    let policies = r#"
# nothing
"#;
    check_in_cluster(
        policies,
        "shop/web shop/bd:80",
        expect![[r#"
        error: there is no pod or workload `shop/bd`
        help: did you mean `shop/db`?
    "#]],
    );
    check_in_cluster(
        policies,
        "shop/wbe shop/db:80",
        expect![[r#"
        error: there is no pod or workload `shop/wbe`
        help: did you mean `shop/web`?
    "#]],
    );
    check_in_cluster(
        policies,
        "web shop/db:80",
        expect![[r#"
        error: there is no pod or workload `default/web`
        help: did you mean `shop/web`?
    "#]],
    );
    check_in_cluster(
        policies,
        "pod/shop/web shop/db:sql",
        expect![[r#"
        allow shop/web -> shop/db tcp/5432
          egress allow: no policy selects shop/web for egress: everything is allowed
          ingress allow: no policy selects shop/db for ingress: everything is allowed
    "#]],
    );
    check_in_cluster(
        policies,
        "shop/web shop/db:sqll",
        expect![[r#"
        error: there is no port `sqll` (tcp) of shop/db
        help: there is sql
    "#]],
    );
    check_in_cluster(
        policies,
        "deploy/shop/web shop/db:80",
        expect![[r#"
        error: there is no Deployment `shop/web`
        help: did you mean `pod/shop/web`?
    "#]],
    );
    check_in_cluster(
        policies,
        "shop/app=web shop/db:80",
        expect![[r#"
        allow shop/web -> shop/db tcp/80
          egress allow: no policy selects shop/web for egress: everything is allowed
          ingress allow: no policy selects shop/db for ingress: everything is allowed
    "#]],
    );
    check_in_cluster(
        policies,
        "shop/app=none shop/db:80",
        expect![[r#"
        error: there is no pod with app=none in namespace `shop`
    "#]],
    );
    check_in_cluster(
        policies,
        "app=web shop/db:80 -n shop",
        expect![[r#"
        allow shop/web -> shop/db tcp/80
          egress allow: no policy selects shop/web for egress: everything is allowed
          ingress allow: no policy selects shop/db for ingress: everything is allowed
    "#]],
    );
    check_in_cluster(
        policies,
        "shop/web shop/db",
        expect![[r#"
        allow shop/web -> shop/db tcp/5432
          egress allow: no policy selects shop/web for egress: everything is allowed
          ingress allow: no policy selects shop/db for ingress: everything is allowed
    "#]],
    );
    check_in_cluster(
        policies,
        "shop/web dev/box",
        expect![[r#"
        error: no port is said, and dev/box declares none
        help: write one: dev/box:80
    "#]],
    );
    check_in_cluster(
        policies,
        "shop/web:http shop/db:80",
        expect![[r#"
        error: behind a source only a port number can stand
        help: the protocol goes behind the destination: FROM TO:PORT/udp
    "#]],
    );
    check_in_cluster(
        policies,
        "shop/web/icmp shop/db:80",
        expect![[r#"
        error: behind a source only a port number can stand
        help: the protocol goes behind the destination: FROM TO:PORT/udp
    "#]],
    );
    check_in_cluster(
        policies,
        "shop/web shop/db:80/icmp",
        expect![[r#"
        error: `shop/db:80/icmp` names no endpoint: the protocol icmp has no ports
    "#]],
    );
    check_in_cluster(
        policies,
        "shop/web shop/db:99999",
        expect![[r#"
        error: `shop/db:99999` names no endpoint: port 99999 is not between 1 and 65535
    "#]],
    );
    check_in_cluster(
        policies,
        "shop/web ip/10.0.0.256:80",
        expect![[r#"
        error: `ip/10.0.0.256:80` names no endpoint: `10.0.0.256` is not an address
    "#]],
    );
    check_in_cluster(
        policies,
        "shop/web ip/203.0.113.1",
        expect![[r#"
        error: no port is said, and ip/203.0.113.1 declares none
        help: write one: ip/203.0.113.1:80
    "#]],
    );
    check_in_cluster(
        policies,
        "shop/web thing/shop/db:80",
        expect![[r#"
        error: `thing/shop/db:80` names no endpoint: `thing` is not a kind such as pod, deploy, svc
    "#]],
    );
    check_in_cluster(
        policies,
        "shop/web shop//db:80",
        expect![[r#"
        error: `shop//db:80` names no endpoint: a part of it is empty
    "#]],
    );
}

#[test]
fn a_name_that_several_kinds_have_is_a_pod_else_ambiguous() {
    let policies = r#"
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec: {template: {}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web, namespace: shop}
spec: {template: {}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: db, namespace: shop}
spec: {template: {}}
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: shop}
status: {podIP: 10.0.0.1}
"#;
    check(
        policies,
        "shop/web shop/db:80",
        expect![[r#"
        error: `shop/web` could be several things
        help: say which: deployment/shop/web, statefulset/shop/web
    "#]],
    );
    check(
        policies,
        "deploy/shop/web shop/db:80",
        expect![[r#"
        allow shop/web -> shop/db tcp/80
          egress allow: no policy selects shop/web for egress: everything is allowed
          ingress allow: no policy selects shop/db for ingress: everything is allowed
        assumed: deployment shop/web is one running pod whose address is not known [--pod-cidr]
        assumed: namespace shop is not given: it has its automatic label only
    "#]],
    );
    check(
        policies,
        "shop/db deploy/shop/db:80",
        expect![[r#"
        allow shop/db -> shop/db tcp/80
          egress allow: no policy selects shop/db for egress: everything is allowed
          ingress allow: no policy selects shop/db for ingress: everything is allowed
        assumed: namespace shop is not given: it has its automatic label only
        assumed: deployment shop/db is one running pod whose address is not known [--pod-cidr]
    "#]],
    );
}

#[test]
fn without_a_port_every_declared_one_is_asked() {
    let policies = r#"
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  containers: [{name: a, ports: [{containerPort: 8080}, {containerPort: 53, protocol: UDP}]}]
status: {podIP: 10.0.0.1}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 9090}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec: {podSelector: {}, ingress: [{ports: [{port: 8080}]}]}
"#;
    check(
        policies,
        "ip/203.0.113.1 shop/web",
        expect![[r#"
        mixed:
        deny ip/203.0.113.1 -> shop/web udp/53
          ingress deny: KubernetesNetworkPolicy shop/web selects shop/web, and no rule of tier default allows udp/53 from ip/203.0.113.1 k8s:14
        allow ip/203.0.113.1 -> shop/web tcp/8080
          ingress allow: rule 0 of KubernetesNetworkPolicy shop/web allows tcp/8080 from ip/203.0.113.1 k8s:17
        deny ip/203.0.113.1 -> shop/web tcp/9090
          ingress deny: KubernetesNetworkPolicy shop/web selects shop/web, and no rule of tier default allows tcp/9090 from ip/203.0.113.1 k8s:14
        assumed: namespace shop is not given: it has its automatic label only
    "#]],
    );
    check(
        policies,
        "ip/203.0.113.1 shop/web/17",
        expect![[r#"
        deny ip/203.0.113.1 -> shop/web udp/53
          ingress deny: KubernetesNetworkPolicy shop/web selects shop/web, and no rule of tier default allows udp/53 from ip/203.0.113.1 k8s:14
        assumed: namespace shop is not given: it has its automatic label only
    "#]],
    );
}
