//! Small clusters of every kind, made from a seed as text. The vocabulary is small so that objects meet:
//! names are put again, owners are missing, selectors match.

use portcullis_object::{Input, Limits, Object, load};

/// Marsaglia's xorshift64*: the same everywhere, which is all that is asked of it.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        // Neighbouring seeds must not begin alike, and zero would stay zero.
        let mut random = Self((seed + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        random.next();
        random
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        ((self.next() >> 33) as usize) % bound
    }

    /// True `percent` times in a hundred.
    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub fn pick<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())].clone()
    }
}

pub const NAMESPACES: &[&str] = &["a", "b", "default"];
pub const SERVICES: &[&str] = &["front", "back"];
pub const ADDRESSES: &[&str] = &["10.0.0.1", "10.0.0.2", "10.0.0.3", "192.168.0.1", "fd00::1"];
const NETS: &[&str] = &["10.0.0.0/24", "10.0.0.2/32", "0.0.0.0/0", "203.0.113.0/24", "fd00::/16"];
const ACCOUNTS: &[&str] = &["default", "robot"];
const TIERS: &[&str] = &["default", "top", "low", "kube-admin"];
pub const PROFILES: &[&str] = &["kns.a", "one", "projectcalico-default-allow"];
const LABELS: &[&str] = &["app: web", "app: db", "zone: x", "zone: w"];
const CALICO_SELECTORS: &[&str] =
    &["all()", "app == 'web'", "has(zone)", "zone in {'x','w'}", "pcns.zone == 'x'", "!has(app)"];
const OWNERS: &[(&str, &str)] = &[
    ("ReplicaSet", "web-5d"),
    ("ReplicaSet", "db-5d"),
    ("Deployment", "web"),
    ("Deployment", "db"),
    ("Job", "tick-27"),
    ("CronJob", "tick"),
    ("DaemonSet", "web"),
];

/// The objects of these texts, each in a document of its own.
pub fn objects(texts: &[String]) -> Vec<Object> {
    let input = |(i, text): (usize, &String)| Input {
        name: format!("{i}.yaml"),
        bytes: text.as_bytes().to_vec(),
    };
    let inputs = texts.iter().enumerate().map(input).collect();
    let loaded = load(inputs, &Limits::default());
    let documents = loaded.objects.iter().map(|o| o.document().0 as usize);
    assert!(documents.eq(0..texts.len()), "{texts:#?}\n{:#?}", loaded.diagnostics);
    loaded.objects
}

/// An object of any kind, as text.
pub fn text(random: &mut Random) -> String {
    let namespace = random.pick(NAMESPACES);
    let (version, kind, scope, names, rest): (&str, &str, bool, &[&str], String) = match random
        .below(50)
    {
        0 | 1 => ("v1", "Namespace", false, &["a", "b"], String::new()),
        2 => ("v1", "ServiceAccount", true, ACCOUNTS, String::new()),
        3 => ("v1", "Node", false, &["n1", "n2"], node(random)),
        4..=13 | 48 | 49 => ("v1", "Pod", true, &["p", "q", "web-5d-x", "db-5d-y", "tick-27-z"], {
            let (spec, status) = (pod_spec(random), status(random));
            format!("spec: {spec}\n{status}")
        }),
        14 | 15 => ("apps/v1", "Deployment", true, &["web", "db"], template(random)),
        16 | 17 => ("apps/v1", "ReplicaSet", true, &["web-5d", "db-5d"], template(random)),
        18 => ("extensions/v1beta1", "Deployment", true, &["web"], template(random)),
        19 => ("batch/v1", "Job", true, &["tick-27"], template(random)),
        20 => ("batch/v1", "CronJob", true, &["tick"], {
            let labels = labels(random);
            let spec = pod_spec(random);
            format!(
                "spec: {{jobTemplate: {{spec: {{template: {{metadata: {{labels: {labels}}}, spec: {spec}}}}}}}}}\n"
            )
        }),
        21..=23 => ("v1", "Service", true, SERVICES, service(random)),
        24 | 44..=46 => {
            ("discovery.k8s.io/v1", "EndpointSlice", true, &["s1", "s2"], slice(random))
        }
        25 | 47 => ("v1", "Endpoints", true, SERVICES, endpoints(random)),
        26 | 27 => ("networking.k8s.io/v1", "NetworkPolicy", true, &["np", "deny"], {
            network_policy(random)
        }),
        28 => {
            let version = random.pick(&["projectcalico.org/v3", "crd.projectcalico.org/v1"]);
            (version, "NetworkPolicy", true, &["np", "top.np"], calico(random))
        }
        29 | 30 => {
            ("projectcalico.org/v3", "GlobalNetworkPolicy", false, &["g1", "g2", "top.g"], {
                calico(random)
            })
        }
        31 => {
            let kind = random.pick(&["StagedNetworkPolicy", "StagedGlobalNetworkPolicy"]);
            let namespaced = kind == "StagedNetworkPolicy";
            ("projectcalico.org/v3", kind, namespaced, &["s1"], calico(random))
        }
        32 => ("policy.networking.k8s.io/v1alpha2", "ClusterNetworkPolicy", false, &["c1"], {
            cluster_policy(random)
        }),
        33 => ("projectcalico.org/v3", "Tier", false, &["top", "low", "default"], tier(random)),
        34 => {
            let kind = random.pick(&["NetworkSet", "GlobalNetworkSet"]);
            let net = random.pick(NETS);
            let namespaced = kind == "NetworkSet";
            (
                "projectcalico.org/v3",
                kind,
                namespaced,
                &["set"],
                format!("spec: {{nets: ['{net}']}}\n"),
            )
        }
        35 => ("projectcalico.org/v3", "Profile", false, PROFILES, {
            let (action, label) = (random.pick(&["Allow", "Deny"]), random.pick(LABELS));
            format!(
                "spec: {{ingress: [{{action: {action}}}], egress: [{{action: Allow}}], labelsToApply: {{{label}}}}}\n"
            )
        }),
        36 => ("projectcalico.org/v3", "HostEndpoint", false, &["h1", "h2"], {
            let (address, profile) = (random.pick(ADDRESSES), random.pick(PROFILES));
            format!(
                "spec: {{node: n1, interfaceName: eth0, expectedIPs: ['{address}'], profiles: [{profile}, one]}}\n"
            )
        }),
        37 => ("projectcalico.org/v3", "FelixConfiguration", false, &["default", "node.n1"], {
            let action = random.pick(&["Drop", "Accept", "Return"]);
            format!(
                "spec: {{defaultEndpointToHostAction: {action}, failsafeInboundHostPorts: [{{protocol: TCP, port: 22}}]}}\n"
            )
        }),
        38 => ("cilium.io/v2", "CiliumNetworkPolicy", true, &["cnp"], "spec: {}\n".into()),
        39 => rbac_role(random),
        40 => rbac_binding(random),
        41 => (
            "apiextensions.k8s.io/v1",
            "CustomResourceDefinition",
            false,
            &["foos.example.com", "bars.example.com"],
            {
                let plural = random.pick(&["foos", "bars"]);
                format!(
                    "spec: {{group: example.com, scope: Namespaced, names: {{plural: {plural}, kind: Foo}}}}\n"
                )
            },
        ),
        42 => ("example.com/v1", "Foo", true, &["f1", "f2"], String::new()),
        _ => ("v1", "ConfigMap", true, &["c"], String::new()),
    };
    let name = random.pick(names);
    let labels = match kind {
        "Pod" => pod_labels(random),
        "EndpointSlice" => format!("{{kubernetes.io/service-name: {}}}", random.pick(SERVICES)),
        _ => labels(random),
    };
    let named = match random.below(25) {
        0 => "generateName: x-".to_owned(),
        _ => format!("name: {name}"),
    };
    let inside = match scope && !(namespace == "default" && random.chance(50)) {
        true => format!(", namespace: {namespace}"),
        false => String::new(),
    };
    let owner = match random.chance(60)
        && matches!(kind, "Pod" | "ReplicaSet" | "Deployment" | "Job")
    {
        true => {
            let (kind, name) = random.pick(OWNERS);
            format!(
                ", ownerReferences: [{{apiVersion: v1, kind: {kind}, name: {name}, uid: u, controller: true}}]"
            )
        }
        false => String::new(),
    };
    // What the original would refuse: a field it does not know, or one of the wrong type.
    let fault = match random.below(14) {
        0 if rest.starts_with("spec: {") => {
            let rest = rest.replacen("spec: {", "spec: {nonsense: 1, ", 1).replace(", }", "}");
            return format!(
                "apiVersion: {version}\nkind: {kind}\nmetadata: {{{named}{inside}, labels: {labels}{owner}}}\n{rest}"
            );
        }
        1 => "nonsense: 1\n",
        _ => "",
    };
    format!(
        "apiVersion: {version}\nkind: {kind}\nmetadata: {{{named}{inside}, labels: {labels}{owner}}}\n{fault}{rest}"
    )
}

fn labels(random: &mut Random) -> String {
    let mut pairs: Vec<&str> = Vec::new();
    for prefix in ["app", "zone"] {
        let of: Vec<&str> = LABELS.iter().copied().filter(|l| l.starts_with(prefix)).collect();
        if random.chance(60) {
            pairs.push(random.pick(&of));
        }
    }
    format!("{{{}}}", pairs.join(", "))
}

fn pod_labels(random: &mut Random) -> String {
    let labels = labels(random);
    match (random.chance(60), labels.as_str()) {
        (true, "{}") => "{pod-template-hash: 5d}".into(),
        (true, labels) => labels.replace('}', ", pod-template-hash: 5d}"),
        (false, labels) => labels.into(),
    }
}

fn pod_spec(random: &mut Random) -> String {
    let account = random.pick(ACCOUNTS);
    let host = random.chance(15);
    let node = random.pick(&["n1", "n2"]);
    let port = random.pick(&[80, 8080]);
    let name = random.pick(&["http", "dns"]);
    format!(
        "{{serviceAccountName: {account}, hostNetwork: {host}, nodeName: {node}, containers: [{{name: c, image: i, ports: [{{name: {name}, containerPort: {port}}}], env: [{{name: A, value: front}}]}}]}}"
    )
}

fn status(random: &mut Random) -> String {
    match random.below(6) {
        0 => String::new(),
        1 => "status: {phase: Pending}\n".into(),
        2 => "status: {phase: Succeeded}\n".into(),
        _ => {
            let address = random.pick(ADDRESSES);
            format!(
                "status: {{phase: Running, podIP: '{address}', podIPs: [{{ip: '{address}'}}]}}\n"
            )
        }
    }
}

fn template(random: &mut Random) -> String {
    let (labels, spec) = (pod_labels(random), pod_spec(random));
    format!("spec: {{template: {{metadata: {{labels: {labels}}}, spec: {spec}}}}}\n")
}

fn node(random: &mut Random) -> String {
    let address = random.pick(&["192.168.0.1", "192.168.0.2"]);
    format!("status: {{addresses: [{{type: InternalIP, address: {address}}}]}}\n")
}

fn service(random: &mut Random) -> String {
    let selector = match random.chance(75) {
        true => format!("selector: {{{}}}, ", random.pick(LABELS)),
        false => String::new(),
    };
    let target = random.pick(&["80", "http", "dns", "8080"]);
    format!("spec: {{{selector}ports: [{{name: p, port: 80, targetPort: {target}}}]}}\n")
}

fn slice(random: &mut Random) -> String {
    let (one, other) = (random.pick(ADDRESSES), random.pick(ADDRESSES));
    format!(
        "addressType: IPv4\nendpoints: [{{addresses: ['{one}']}}, {{addresses: ['{other}']}}]\nports: [{{name: p, port: 8080, protocol: TCP}}]\n"
    )
}

fn endpoints(random: &mut Random) -> String {
    let address = random.pick(ADDRESSES);
    match random.chance(20) {
        true => String::new(),
        false => format!(
            "subsets: [{{addresses: [{{ip: '{address}'}}], ports: [{{name: p, port: 80}}]}}]\n"
        ),
    }
}

fn network_policy(random: &mut Random) -> String {
    let (subject, peer) = (random.pick(LABELS), random.pick(LABELS));
    let of = random.pick(&["podSelector", "namespaceSelector"]);
    let port = random.pick(&["80", "http"]);
    format!(
        "spec: {{podSelector: {{matchLabels: {{{subject}}}}}, policyTypes: [Ingress, Egress], ingress: [{{from: [{{{of}: {{matchLabels: {{{peer}}}}}}}], ports: [{{port: {port}}}]}}], egress: [{{}}]}}\n"
    )
}

fn calico(random: &mut Random) -> String {
    let subject = random.pick(CALICO_SELECTORS);
    let tier = random.pick(TIERS);
    let order = random.pick(&["1", "2.5", "10"]);
    let action = random.pick(&["Allow", "Deny", "Pass", "Log", "Nonsense"]);
    let source = match random.below(5) {
        0 => format!("source: {{selector: \"{}\"}}", random.pick(CALICO_SELECTORS)),
        1 => format!("source: {{nets: ['{}']}}", random.pick(NETS)),
        2 => format!("source: {{serviceAccounts: {{names: [{}]}}}}", random.pick(ACCOUNTS)),
        3 => format!("source: {{namespaceSelector: \"{}\"}}", random.pick(CALICO_SELECTORS)),
        _ => {
            let (name, namespace) = (random.pick(SERVICES), random.pick(NAMESPACES));
            format!("destination: {{services: {{name: {name}, namespace: {namespace}}}}}")
        }
    };
    let (types, rules) = match source.starts_with("destination") {
        true => ("Egress", "egress"),
        false => ("Ingress", "ingress"),
    };
    let staged = match random.chance(8) {
        true => "stagedAction: Delete, ",
        false => "",
    };
    format!(
        "spec: {{{staged}tier: {tier}, order: {order}, selector: \"{subject}\", types: [{types}], {rules}: [{{action: {action}, {source}}}]}}\n"
    )
}

fn cluster_policy(random: &mut Random) -> String {
    let (tier, action) =
        (random.pick(&["Admin", "Baseline"]), random.pick(&["Accept", "Deny", "Pass"]));
    let label = random.pick(LABELS);
    format!(
        "spec: {{tier: {tier}, priority: 5, subject: {{namespaces: {{matchLabels: {{{label}}}}}}}, ingress: [{{action: {action}, from: [{{namespaces: {{}}}}]}}]}}\n"
    )
}

fn tier(random: &mut Random) -> String {
    let order = random.pick(&["5", "100", "1000000"]);
    let action = random.pick(&["Pass", "Deny", "Nonsense"]);
    format!("spec: {{order: {order}, defaultAction: {action}}}\n")
}

type Made = (&'static str, &'static str, bool, &'static [&'static str], String);

const RBAC: &str = "rbac.authorization.k8s.io/v1";

fn rbac_role(random: &mut Random) -> Made {
    let kind = random.pick(&["Role", "ClusterRole"]);
    let verb = random.pick(&["get", "list", "'*'"]);
    let rules = format!("rules: [{{apiGroups: [''], resources: [pods], verbs: [{verb}]}}]\n");
    (RBAC, kind, kind == "Role", &["reader", "writer"], rules)
}

fn rbac_binding(random: &mut Random) -> Made {
    let kind = random.pick(&["RoleBinding", "ClusterRoleBinding"]);
    let name = random.pick(&["reader", "writer"]);
    let user = random.pick(&["eve", "bob"]);
    let rest = format!(
        "roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: {name}}}\nsubjects: [{{kind: User, apiGroup: rbac.authorization.k8s.io, name: {user}}}]\n"
    );
    (RBAC, kind, kind == "RoleBinding", &["bind", "tie"], rest)
}
