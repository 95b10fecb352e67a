//! Every code: what raises it, what it underlines, and what is accepted instead.

use std::fmt::Write as _;

use expect_test::expect_file;
use portcullis_core::Code;
use portcullis_object::{Input, Limits, load};
use portcullis_snapshot::codes::{self, *};
use portcullis_snapshot::{Settings, Snapshot};

/// One finding of a code: a kind, what raises it there, and what does not.
type Case = (Code, &'static str, &'static str, &'static str);

const CASES: &[Case] = &[
    (
        NAME,
        "NetworkPolicy",
        "metadata: {name: Web}",
        r#"metadata: {name: web}
spec: {}"#,
    ),
    (
        NAME,
        "NetworkPolicy",
        r#"metadata: {name: a.b.c}
spec: {}"#,
        r#"metadata: {name: knp.default.a.b}
spec: {}"#,
    ),
    (
        NAME,
        "Tier",
        r#"metadata: {name: a.b}
spec: {}"#,
        r#"metadata: {name: a-b}
spec: {}"#,
    ),
    (
        NAME,
        "Tier",
        r#"metadata: {name: tttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttt}
spec: {}"#,
        r#"metadata: {name: ttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttt}
spec: {}"#,
    ),
    (
        NAME,
        "NetworkPolicy",
        r#"metadata: {labels: {a: b}}
spec: {}"#,
        r#"metadata: {generateName: web-}
spec: {}"#,
    ),
    (NAME, "Namespace", "metadata: {name: a.b}", "metadata: {name: a-b}"),
    (
        NAME,
        "Role",
        r#"metadata: {name: a/b}
rules: []"#,
        r#"metadata: {name: 'system:Node'}
rules: []"#,
    ),
    (
        NAME,
        "ClusterRole",
        r#"metadata: {labels: {}}
rules: []"#,
        r#"metadata: {name: r}
rules: []"#,
    ),
    (
        NAME,
        "HostEndpoint",
        "spec: {node: n1, interfaceName: eth0, profiles: [Not_A_Name]}",
        "spec: {node: n1, interfaceName: eth0, profiles: [a.b]}",
    ),
    (VALUE, "Tier", "spec: {defaultAction: Drop}", "spec: {defaultAction: Pass}"),
    (VALUE, "StagedNetworkPolicy", "spec: {stagedAction: Remove}", "spec: {stagedAction: Set}"),
    (
        VALUE,
        "NetworkPolicy",
        "spec: {ingress: [{action: Allow, ipVersion: 5}]}",
        "spec: {ingress: [{action: Allow, ipVersion: 4}]}",
    ),
    (
        VALUE,
        "NetworkPolicy",
        "spec: {performanceHints: [Fast]}",
        "spec: {performanceHints: [AssumeNeededOnEveryNode]}",
    ),
    (
        VALUE,
        "ClusterNetworkPolicy",
        "spec: {tier: Middle, priority: 1, subject: {namespaces: {}}}",
        "spec: {tier: Admin, priority: 1, subject: {namespaces: {}}}",
    ),
    (
        LABEL,
        "NetworkSet",
        r#"metadata: {name: x, labels: {projectcalico.org/namespace: a}}
spec: {}"#,
        r#"metadata: {name: x, labels: {projectcalico.org/name: a}}
spec: {}"#,
    ),
    (LABEL, "Profile", "spec: {labelsToApply: {'a b': c}}", "spec: {labelsToApply: {a/b: c}}"),
    (
        TWINS,
        "",
        r#"apiVersion: projectcalico.org/v3
kind: NetworkSet
metadata: {name: a}
spec: {}
---
apiVersion: projectcalico.org/v3
kind: NetworkSet
metadata: {name: a}
spec: {}
"#,
        r#"apiVersion: projectcalico.org/v3
kind: NetworkSet
metadata: {name: a}
spec: {}
---
apiVersion: projectcalico.org/v3
kind: NetworkSet
metadata: {name: b}
spec: {}
"#,
    ),
    (
        NUMBER,
        "ClusterNetworkPolicy",
        "spec: {tier: Admin, priority: 1001, subject: {namespaces: {}}}",
        "spec: {tier: Admin, priority: 1000, subject: {namespaces: {}}}",
    ),
    (SELECTOR, "NetworkPolicy", "spec: {selector: app = 'web'}", "spec: {selector: app == 'web'}"),
    (
        SELECTOR,
        "NetworkPolicy",
        "spec: {ingress: [{action: Allow, source: {notSelector: 'has(app'}}]}",
        "spec: {ingress: [{action: Allow, source: {notSelector: has(app)}}]}",
    ),
    (
        SELECTOR,
        "GlobalNetworkPolicy",
        r#"spec:
  selector: |
    has(a) &&
    has(b)"#,
        r#"spec:
  selector: >-
    has(a) &&
    has(b)"#,
    ),
    (
        GLOBAL,
        "NetworkPolicy",
        "spec: {ingress: [{action: Allow, source: {selector: global()}}]}",
        "spec: {ingress: [{action: Allow, source: {namespaceSelector: global()}}]}",
    ),
    (
        GLOBAL,
        "NetworkPolicy",
        "spec: {ingress: [{action: Allow, source: {namespaceSelector: global() || has(a)}}]}",
        "spec: {ingress: [{action: Allow, source: {namespaceSelector: all()}}]}",
    ),
    (
        LABEL_SELECTOR,
        "KubernetesNetworkPolicy",
        "spec: {podSelector: {matchLabels: {a b: c}}}",
        "spec: {podSelector: {matchLabels: {a.b/c: d}}}",
    ),
    (
        LABEL_SELECTOR,
        "KubernetesNetworkPolicy",
        "spec: {podSelector: {matchLabels: {a: 'b c'}}}",
        "spec: {podSelector: {matchLabels: {a: ''}}}",
    ),
    (
        LABEL_SELECTOR,
        "KubernetesNetworkPolicy",
        "spec: {podSelector: {matchExpressions: [{key: a, operator: In, values: []}]}}",
        "spec: {podSelector: {matchExpressions: [{key: a, operator: In, values: [b]}]}}",
    ),
    (
        LABEL_SELECTOR,
        "KubernetesNetworkPolicy",
        "spec: {podSelector: {matchExpressions: [{key: a, operator: Exists, values: [b]}]}}",
        "spec: {podSelector: {matchExpressions: [{key: a, operator: Exists}]}}",
    ),
    (
        LABEL_SELECTOR,
        "KubernetesNetworkPolicy",
        "spec: {podSelector: {matchExpressions: [{key: a, operator: Is, values: [b]}]}}",
        "spec: {podSelector: {matchExpressions: [{key: a, operator: DoesNotExist}]}}",
    ),
    (
        SELECTOR_LENGTH,
        "NetworkPolicy",
        "spec: {selector: has(aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa) && has(bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb)}",
        "spec: {selector: has(aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa) && has(bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb)}",
    ),
    (
        ACTION,
        "NetworkPolicy",
        "spec: {ingress: [{action: Accept}]}",
        "spec: {ingress: [{action: Log}]}",
    ),
    (
        ACTION,
        "NetworkPolicy",
        "spec: {ingress: [{action: allow}]}",
        "spec: {ingress: [{action: Pass}]}",
    ),
    (
        ACTION,
        "ClusterNetworkPolicy",
        "spec: {tier: Admin, priority: 1, subject: {namespaces: {}}, ingress: [{name: a, action: Allow, from: [{namespaces: {}}]}]}",
        "spec: {tier: Admin, priority: 1, subject: {namespaces: {}}, ingress: [{name: a, action: Accept, from: [{namespaces: {}}]}]}",
    ),
    (
        PROTOCOL,
        "NetworkPolicy",
        "spec: {ingress: [{action: Allow, protocol: TPC}]}",
        "spec: {ingress: [{action: Allow, protocol: SCTP}]}",
    ),
    (
        PROTOCOL,
        "NetworkPolicy",
        "spec: {ingress: [{action: Allow, protocol: tcp}]}",
        "spec: {ingress: [{action: Allow, protocol: TCP}]}",
    ),
    (
        PROTOCOL,
        "NetworkPolicy",
        "spec: {ingress: [{action: Allow, protocol: 256}]}",
        "spec: {ingress: [{action: Allow, protocol: 255}]}",
    ),
    (
        PROTOCOL,
        "NetworkPolicy",
        "spec: {ingress: [{action: Allow, ipVersion: 6, protocol: ICMP}]}",
        "spec: {ingress: [{action: Allow, ipVersion: 6, protocol: ICMPv6}]}",
    ),
    (
        PROTOCOL,
        "KubernetesNetworkPolicy",
        "spec: {podSelector: {}, ingress: [{ports: [{protocol: ICMP}]}]}",
        "spec: {podSelector: {}, ingress: [{ports: [{protocol: SCTP}]}]}",
    ),
    (
        PROTOCOL,
        "ClusterNetworkPolicy",
        "spec: {tier: Admin, priority: 1, subject: {namespaces: {}}, ingress: [{name: a, action: Accept, from: [{namespaces: {}}], protocols: [{}]}]}",
        "spec: {tier: Admin, priority: 1, subject: {namespaces: {}}, ingress: [{name: a, action: Accept, from: [{namespaces: {}}], protocols: [{tcp: {}}]}]}",
    ),
    (
        PROTOCOL,
        "FelixConfiguration",
        r#"metadata: {name: default}
spec: {failsafeInboundHostPorts: [{protocol: XYZ, port: 22}]}"#,
        r#"metadata: {name: default}
spec: {failsafeInboundHostPorts: [{protocol: TCP, port: 22}]}"#,
    ),
    (
        PORTS_NEED_PROTOCOL,
        "NetworkPolicy",
        "spec: {ingress: [{action: Allow, destination: {ports: [80]}}]}",
        "spec: {ingress: [{action: Allow, protocol: TCP, destination: {ports: [80]}}]}",
    ),
    (
        PORTS_NEED_PROTOCOL,
        "NetworkPolicy",
        "spec: {ingress: [{action: Allow, protocol: ICMP, destination: {ports: [http]}}]}",
        "spec: {ingress: [{action: Allow, destination: {ports: [http]}}]}",
    ),
    (
        PORT,
        "NetworkPolicy",
        "spec: {ingress: [{action: Allow, protocol: TCP, destination: {ports: [0]}}]}",
        "spec: {ingress: [{action: Allow, protocol: TCP, destination: {ports: [1]}}]}",
    ),
    (
        PORT,
        "NetworkPolicy",
        "spec: {ingress: [{action: Allow, protocol: TCP, destination: {ports: ['90:80']}}]}",
        "spec: {ingress: [{action: Allow, protocol: TCP, destination: {ports: ['80:90']}}]}",
    ),
    (
        PORT,
        "NetworkPolicy",
        "spec: {ingress: [{action: Allow, protocol: TCP, destination: {ports: ['ht tp']}}]}",
        "spec: {ingress: [{action: Allow, protocol: TCP, destination: {ports: [http]}}]}",
    ),
    (
        PORT,
        "KubernetesNetworkPolicy",
        "spec: {podSelector: {}, ingress: [{ports: [{port: 65536}]}]}",
        "spec: {podSelector: {}, ingress: [{ports: [{port: 65535}]}]}",
    ),
    (
        PORT,
        "KubernetesNetworkPolicy",
        "spec: {podSelector: {}, ingress: [{ports: [{port: 80, endPort: 79}]}]}",
        "spec: {podSelector: {}, ingress: [{ports: [{port: 80, endPort: 80}]}]}",
    ),
    (
        PORT,
        "KubernetesNetworkPolicy",
        "spec: {podSelector: {}, ingress: [{ports: [{endPort: 80}]}]}",
        "spec: {podSelector: {}, ingress: [{ports: [{protocol: UDP}]}]}",
    ),
    (
        PORT,
        "KubernetesNetworkPolicy",
        "spec: {podSelector: {}, ingress: [{ports: [{port: http, endPort: 80}]}]}",
        "spec: {podSelector: {}, ingress: [{ports: [{port: http}]}]}",
    ),
    (
        PORT,
        "KubernetesNetworkPolicy",
        "spec: {podSelector: {}, ingress: [{ports: [{port: '80'}]}]}",
        "spec: {podSelector: {}, ingress: [{ports: [{port: a1}]}]}",
    ),
    (
        PORT,
        "ClusterNetworkPolicy",
        "spec: {tier: Admin, priority: 1, subject: {namespaces: {}}, ingress: [{name: a, action: Accept, from: [{namespaces: {}}], protocols: [{tcp: {destinationPort: {number: 0}}}]}]}",
        "spec: {tier: Admin, priority: 1, subject: {namespaces: {}}, ingress: [{name: a, action: Accept, from: [{namespaces: {}}], protocols: [{tcp: {destinationPort: {range: {start: 1, end: 2}}}}]}]}",
    ),
    (
        PORT,
        "HostEndpoint",
        "spec: {node: n1, interfaceName: eth0, ports: [{name: a, protocol: TCP, port: 70000}]}",
        "spec: {node: n1, interfaceName: eth0, ports: [{name: a, protocol: TCP, port: 7000}]}",
    ),
    (
        PORT,
        "FelixConfiguration",
        r#"metadata: {name: default}
spec: {failsafeInboundHostPorts: [{protocol: TCP, port: 70000}]}"#,
        r#"metadata: {name: default}
spec: {failsafeInboundHostPorts: []}"#,
    ),
    (
        NET,
        "NetworkPolicy",
        "spec: {ingress: [{action: Allow, source: {nets: [10.0.0.0/33]}}]}",
        "spec: {ingress: [{action: Allow, source: {nets: [10.0.0.0/32]}}]}",
    ),
    (
        NET,
        "NetworkPolicy",
        "spec: {ingress: [{action: Allow, source: {nets: [10.0.0.1]}}]}",
        "spec: {ingress: [{action: Allow, source: {nets: [10.0.0.1/32]}}]}",
    ),
    (
        NET,
        "NetworkPolicy",
        "spec: {ingress: [{action: Allow, source: {nets: [10.0.0.1/8]}}]}",
        "spec: {ingress: [{action: Allow, source: {nets: [10.0.0.0/8]}}]}",
    ),
    (
        NET,
        "KubernetesNetworkPolicy",
        "spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.300/8}}]}]}",
        "spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}}]}]}",
    ),
    (
        NET,
        "KubernetesNetworkPolicy",
        "spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [11.0.0.0/16]}}]}]}",
        "spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}]}]}",
    ),
    (
        NET,
        "GlobalNetworkSet",
        "spec: {nets: [example.com]}",
        "spec: {nets: [10.0.0.1, 10.0.0.1/8, 'fd00::/8']}",
    ),
    (
        NET,
        "HostEndpoint",
        "spec: {node: n1, expectedIPs: [10.0.0.0/8]}",
        "spec: {node: n1, expectedIPs: [10.0.0.1]}",
    ),
    (
        NET_UNMASKED,
        "KubernetesNetworkPolicy",
        "spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.1.2.3/8}}]}]}",
        "spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}}]}]}",
    ),
    (
        NET_FAMILIES,
        "NetworkPolicy",
        "spec: {ingress: [{action: Allow, source: {nets: [10.0.0.0/8]}, destination: {notNets: ['fd00::/8']}}]}",
        "spec: {ingress: [{action: Allow, source: {nets: ['fe80::/10']}, destination: {notNets: ['fd00::/8']}}]}",
    ),
    (
        NET_VERSION,
        "NetworkPolicy",
        "spec: {ingress: [{action: Allow, ipVersion: 6, source: {nets: [10.0.0.0/8]}}]}",
        "spec: {ingress: [{action: Allow, ipVersion: 4, source: {nets: [10.0.0.0/8]}}]}",
    ),
    (
        NET_CATCH_ALL,
        "NetworkPolicy",
        "spec: {ingress: [{action: Allow, source: {notNets: [0.0.0.0/0]}}]}",
        "spec: {ingress: [{action: Allow, source: {notNets: [0.0.0.0/1]}}]}",
    ),
    (
        SERVICE,
        "NetworkPolicy",
        "spec: {ingress: [{action: Allow, destination: {services: {name: a, namespace: b}}}]}",
        "spec: {egress: [{action: Allow, destination: {services: {name: a, namespace: b}}}]}",
    ),
    (
        SERVICE,
        "NetworkPolicy",
        "spec: {ingress: [{action: Allow, source: {services: {name: a, namespace: b}, selector: has(a)}}]}",
        "spec: {ingress: [{action: Allow, source: {services: {name: a, namespace: b}}}]}",
    ),
    (
        SERVICE,
        "NetworkPolicy",
        "spec: {egress: [{action: Allow, protocol: TCP, destination: {services: {name: a, namespace: b}, ports: [80]}}]}",
        "spec: {ingress: [{action: Allow, protocol: TCP, source: {services: {name: a, namespace: b}}, destination: {ports: [80]}}]}",
    ),
    (
        SERVICE,
        "NetworkPolicy",
        "spec: {ingress: [{action: Allow, source: {services: {namespace: b}}}]}",
        "spec: {ingress: [{action: Allow, source: {services: {name: a, namespace: b}}}]}",
    ),
    (
        SERVICE,
        "GlobalNetworkPolicy",
        "spec: {ingress: [{action: Allow, source: {services: {name: a}}}]}",
        "spec: {ingress: [{action: Allow, source: {services: {name: a, namespace: b}}}]}",
    ),
    (
        SERVICE,
        "NetworkPolicy",
        "spec: {ingress: [{action: Allow, source: {services: {name: a}}}]}",
        "spec: {ingress: [{action: Allow, source: {services: {name: a, namespace: b}}}]}",
    ),
    (
        ICMP,
        "NetworkPolicy",
        "spec: {ingress: [{action: Allow, protocol: TCP, icmp: {type: 8}}]}",
        "spec: {ingress: [{action: Allow, protocol: ICMP, icmp: {type: 8}}]}",
    ),
    (
        ICMP,
        "NetworkPolicy",
        "spec: {ingress: [{action: Allow, protocol: ICMP, icmp: {code: 0}}]}",
        "spec: {ingress: [{action: Allow, protocol: ICMP, icmp: {type: 8, code: 0}}]}",
    ),
    (
        ICMP,
        "NetworkPolicy",
        "spec: {ingress: [{action: Allow, protocol: ICMP, notICMP: {type: 255}}]}",
        "spec: {ingress: [{action: Allow, protocol: 58, notICMP: {type: 254}}]}",
    ),
    (
        HTTP,
        "NetworkPolicy",
        "spec: {egress: [{action: Allow, http: {methods: [GET]}}]}",
        "spec: {ingress: [{action: Allow, http: {methods: [GET]}}]}",
    ),
    (
        HTTP,
        "NetworkPolicy",
        "spec: {ingress: [{action: Deny, http: {methods: [GET]}}]}",
        "spec: {ingress: [{action: Allow, protocol: TCP, http: {paths: [{prefix: /a}]}}]}",
    ),
    (
        HTTP,
        "NetworkPolicy",
        "spec: {ingress: [{action: Allow, http: {paths: [{exact: /a, prefix: /b}]}}]}",
        "spec: {ingress: [{action: Allow, http: {paths: [{exact: /a}, {prefix: /b}]}}]}",
    ),
    (
        HTTP,
        "NetworkPolicy",
        "spec: {ingress: [{action: Allow, http: {paths: [{exact: 'a?b'}]}}]}",
        "spec: {ingress: [{action: Allow, http: {paths: [{exact: /a}]}}]}",
    ),
    (
        HTTP,
        "NetworkPolicy",
        "spec: {ingress: [{action: Allow, protocol: UDP, http: {methods: [GET]}}]}",
        "spec: {ingress: [{action: Allow, protocol: 6, http: {methods: [GET]}}]}",
    ),
    (
        PEER,
        "KubernetesNetworkPolicy",
        "spec: {podSelector: {}, ingress: [{from: [{}]}]}",
        "spec: {podSelector: {}, ingress: [{from: [{podSelector: {}}]}]}",
    ),
    (
        PEER,
        "KubernetesNetworkPolicy",
        "spec: {podSelector: {}, egress: [{to: [{podSelector: {}, ipBlock: {cidr: 10.0.0.0/8}}]}]}",
        "spec: {podSelector: {}, egress: [{to: [{podSelector: {}}, {ipBlock: {cidr: 10.0.0.0/8}}]}]}",
    ),
    (
        PEER,
        "ClusterNetworkPolicy",
        "spec: {tier: Admin, priority: 1, subject: {namespaces: {}}, ingress: [{name: a, action: Deny, from: []}]}",
        "spec: {tier: Admin, priority: 1, subject: {namespaces: {}}, ingress: [{name: a, action: Deny, from: [{namespaces: {}}]}]}",
    ),
    (
        PEER,
        "ClusterNetworkPolicy",
        "spec: {tier: Admin, priority: 1, subject: {}}",
        "spec: {tier: Admin, priority: 1, subject: {pods: {namespaceSelector: {}, podSelector: {}}}}",
    ),
    (
        UNSUPPORTED_PEER,
        "ClusterNetworkPolicy",
        "spec: {tier: Admin, priority: 1, subject: {namespaces: {}}, egress: [{name: a, action: Deny, to: [{nodes: {}}]}]}",
        "spec: {tier: Admin, priority: 1, subject: {namespaces: {}}, egress: [{name: a, action: Deny, to: [{networks: [10.0.0.0/8]}]}]}",
    ),
    (
        TWICE,
        "NetworkPolicy",
        "spec: {types: [Ingress, Ingress]}",
        "spec: {types: [Ingress, Egress]}",
    ),
    (
        TWICE,
        "NetworkPolicy",
        "spec: {ingress: [{action: Allow, source: {nets: [10.0.0.0/8, 10.0.0.0/8]}}]}",
        "spec: {ingress: [{action: Allow, source: {nets: [10.0.0.0/8, 11.0.0.0/8]}}]}",
    ),
    (
        TWICE,
        "NetworkPolicy",
        "spec: {ingress: [{action: Allow, http: {methods: [GET, GET]}}]}",
        "spec: {ingress: [{action: Allow, http: {methods: [GET, PUT]}}]}",
    ),
    (
        LIST_LENGTH,
        "NetworkPolicy",
        "spec: {ingress: [{action: Allow, protocol: TCP, destination: {ports: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51]}}]}",
        "spec: {ingress: [{action: Allow, protocol: TCP, destination: {ports: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50]}}]}",
    ),
    (
        DOMAIN,
        "NetworkPolicy",
        "spec: {ingress: [{action: Allow, source: {domains: [a.example.com]}}]}",
        "spec: {egress: [{action: Allow, destination: {domains: [a.example.com]}}]}",
    ),
    (
        DOMAIN,
        "NetworkPolicy",
        "spec: {egress: [{action: Allow, destination: {domains: ['*.*.com']}}]}",
        "spec: {egress: [{action: Allow, destination: {domains: ['*.example.com']}}]}",
    ),
    (TIER_MISSING, "NetworkPolicy", "spec: {tier: security}", "spec: {tier: default}"),
    (
        TIER_BUILT_IN,
        "Tier",
        r#"metadata: {name: default}
spec: {order: 5, defaultAction: Pass}"#,
        r#"metadata: {name: kube-admin}
spec: {order: 1000, defaultAction: Pass}"#,
    ),
    (TYPES, "NetworkPolicy", "spec: {types: [ingress]}", "spec: {types: [Ingress]}"),
    (TYPES, "NetworkPolicy", "spec: {types: []}", "spec: {types: [Egress]}"),
    (
        TYPES,
        "KubernetesNetworkPolicy",
        "spec: {podSelector: {}, policyTypes: [ingress]}",
        "spec: {podSelector: {}, policyTypes: [Egress]}",
    ),
    (
        TYPES,
        "KubernetesNetworkPolicy",
        "spec: {podSelector: {}, policyTypes: [Ingress, Egress, Ingress]}",
        "spec: {podSelector: {}, policyTypes: []}",
    ),
    (
        HOST_ENDPOINT,
        "HostEndpoint",
        "spec: {interfaceName: eth0}",
        "spec: {node: n1, interfaceName: '*'}",
    ),
    (
        HOST_ENDPOINT,
        "HostEndpoint",
        "spec: {node: n1}",
        "spec: {node: n1, expectedIPs: [10.0.0.1]}",
    ),
    (
        HOST_ENDPOINT,
        "HostEndpoint",
        "spec: {node: n1, interfaceName: a-long-interface}",
        "spec: {node: n1, interfaceName: fifteen-letters}",
    ),
    (
        HOST_POLICY,
        "GlobalNetworkPolicy",
        "spec: {preDNAT: true, doNotTrack: true, applyOnForward: true, types: [Ingress]}",
        "spec: {preDNAT: true, applyOnForward: true, types: [Ingress]}",
    ),
    (
        HOST_POLICY,
        "GlobalNetworkPolicy",
        "spec: {doNotTrack: true}",
        "spec: {doNotTrack: true, applyOnForward: true}",
    ),
    (
        HOST_POLICY,
        "GlobalNetworkPolicy",
        "spec: {preDNAT: true, applyOnForward: true, types: [Ingress, Egress], egress: [{action: Allow}]}",
        "spec: {preDNAT: true, applyOnForward: true, ingress: [{action: Allow}]}",
    ),
    (
        STAGED_DELETE,
        "StagedNetworkPolicy",
        "spec: {stagedAction: Delete, selector: has(a)}",
        "spec: {stagedAction: Delete, tier: default, selector: ''}",
    ),
    (
        FOREIGN,
        "",
        r#"apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: a}
spec: {}
"#,
        r#"apiVersion: cilium.io/v2
kind: CiliumEndpoint
metadata: {name: a}
"#,
    ),
    (
        VERSION,
        "",
        r#"apiVersion: extensions/v1beta1
kind: NetworkPolicy
metadata: {name: a}
spec: {podSelector: {}}
"#,
        r#"apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: a}
spec: {podSelector: {}}
"#,
    ),
    (
        VERSION,
        "",
        r#"apiVersion: rbac.authorization.k8s.io/v1beta1
kind: Role
metadata: {name: a}
rules: []
"#,
        r#"apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: a}
rules: []
"#,
    ),
    (
        VERSION,
        "",
        r#"apiVersion: crd.projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: a}
spec: {}
"#,
        r#"apiVersion: crd.projectcalico.org/v1
kind: NetworkPolicy
metadata: {name: a}
spec: {}
"#,
    ),
    (
        RBAC_RULE,
        "Role",
        "rules: [{apiGroups: [''], resources: [pods], verbs: []}]",
        "rules: [{apiGroups: [''], resources: [pods], verbs: [get]}]",
    ),
    (
        RBAC_RULE,
        "Role",
        "rules: [{resources: [pods], verbs: [get]}]",
        "rules: [{apiGroups: [''], resources: [pods], verbs: [get]}]",
    ),
    (
        RBAC_RULE,
        "Role",
        "rules: [{apiGroups: [''], verbs: [get]}]",
        "rules: [{apiGroups: [''], resources: ['*'], verbs: ['*']}]",
    ),
    (RBAC_RULE, "Role", "rules: [{nonResourceURLs: [/healthz], verbs: [get]}]", "rules: []"),
    (
        RBAC_RULE,
        "ClusterRole",
        "rules: [{nonResourceURLs: [/healthz], apiGroups: [''], resources: [pods], verbs: [get]}]",
        "rules: [{nonResourceURLs: [/healthz], verbs: [get]}]",
    ),
    (
        RBAC_SUBJECT,
        "RoleBinding",
        r#"subjects: [{kind: Robot, name: jane}]
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}"#,
        r#"subjects: [{kind: User, name: jane}]
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}"#,
    ),
    (
        RBAC_SUBJECT,
        "RoleBinding",
        r#"subjects: [{kind: User, name: ''}]
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}"#,
        r#"subjects: [{kind: ServiceAccount, name: a}]
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}"#,
    ),
    (
        RBAC_SUBJECT,
        "ClusterRoleBinding",
        r#"subjects: [{kind: ServiceAccount, name: a}]
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}"#,
        r#"subjects: [{kind: ServiceAccount, name: a, namespace: b}]
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}"#,
    ),
    (
        RBAC_SUBJECT,
        "RoleBinding",
        r#"subjects: [{kind: Group, name: g, apiGroup: apps}]
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}"#,
        r#"subjects: [{kind: Group, name: g, apiGroup: rbac.authorization.k8s.io}]
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}"#,
    ),
    (
        RBAC_ROLE_REF,
        "RoleBinding",
        r#"subjects: []
roleRef: {apiGroup: apps, kind: Role, name: a}"#,
        r#"subjects: []
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: a}"#,
    ),
    (
        RBAC_ROLE_REF,
        "ClusterRoleBinding",
        r#"subjects: [{kind: User, name: jane}]
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: a}"#,
        r#"subjects: [{kind: User, name: jane}]
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}"#,
    ),
    (
        RBAC_ROLE_REF,
        "RoleBinding",
        r#"subjects: [{kind: User, name: jane}]
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Group, name: a}"#,
        r#"subjects: [{kind: User, name: jane}]
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}"#,
    ),
    (
        RBAC_AGGREGATION,
        "ClusterRole",
        r#"aggregationRule: {clusterRoleSelectors: []}
rules: []"#,
        r#"aggregationRule: {clusterRoleSelectors: [{matchLabels: {a: b}}]}
rules: []"#,
    ),
];

/// A whole document: the body may leave out who it is.
fn document(kind: &str, body: &str) -> String {
    let group = match kind {
        "" => return body.to_owned(),
        "KubernetesNetworkPolicy" => "networking.k8s.io/v1",
        "ClusterNetworkPolicy" => "policy.networking.k8s.io/v1alpha2",
        "Role" | "ClusterRole" | "RoleBinding" | "ClusterRoleBinding" => {
            "rbac.authorization.k8s.io/v1"
        }
        "Namespace" => "v1",
        _ => "projectcalico.org/v3",
    };
    let kind = kind.strip_prefix("Kubernetes").unwrap_or(kind);
    let metadata = if body.contains("metadata:") { "" } else { "metadata: {name: x}\n" };
    format!("apiVersion: {group}\nkind: {kind}\n{metadata}{body}\n")
}

/// Every finding: code, severity, what is underlined, message and help.
fn findings(text: &str) -> Vec<(Code, String)> {
    let input = Input { name: "x.yaml".into(), bytes: text.as_bytes().to_vec() };
    let loaded = load(vec![input], &Limits::default());
    assert!(loaded.diagnostics.is_empty(), "{text}: {:?}", loaded.diagnostics);
    let (_, found) = Snapshot::build(&loaded.objects, &loaded.unreadable, &Settings::default());
    let shown = |diagnostic: &portcullis_core::Diagnostic| {
        let place = diagnostic.place().expect("a place");
        let located = loaded.sources.locate(place).expect("a place in the text");
        let text = loaded.sources.file_text(place.document());
        let underlined = text.get(located.range).expect("a range of the text").trim_end();
        let refuses = if diagnostic.refuses { ", refused" } else { "" };
        let mut line = format!(
            "{} {}{refuses}: {}\n    at `{underlined}`",
            diagnostic.code, diagnostic.severity, diagnostic.message
        );
        for help in &diagnostic.help {
            let _ = write!(line, "\n    help: {help}");
        }
        (diagnostic.code, line)
    };
    found.iter().map(shown).collect()
}

#[test]
fn each_case_raises_its_code_and_its_counterpart_nothing() {
    let mut all = String::new();
    for (code, kind, wrong, right) in CASES {
        let found = findings(&document(kind, wrong));
        assert!(found.iter().any(|(c, _)| c == code), "{code} {wrong}: {found:?}");
        let _ = writeln!(all, "{kind} {wrong}");
        for (_, line) in found {
            let _ = writeln!(all, "  {}", line.replace('\n', "\n  "));
        }
        let found = findings(&document(kind, right));
        assert!(found.is_empty(), "{code} {right}: {found:?}");
    }
    expect_file!["refusals.txt"].assert_eq(&all);
}

#[test]
fn every_code_has_a_case_and_every_message_is_for_people() {
    for (code, what) in codes::ALL {
        assert!(CASES.iter().any(|(c, ..)| c == code), "no case of {code}: {what}");
    }
    for (_, kind, wrong, _) in CASES {
        for (_, line) in findings(&document(kind, wrong)) {
            let message = line.split_once(": ").and_then(|(_, rest)| rest.lines().next());
            let message = message.expect("a message");
            assert!(!message.ends_with('.'), "{message}");
            assert!(!message.contains("::") && !message.contains("Some("), "{message}");
        }
    }
}
