//! From drafts to a snapshot: who inherits which labels, and which pods are endpoints.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::IpAddr;

use portcullis_core::net::NamedPort;
use portcullis_core::{Diagnostic, Labels, Namespace, ObjectRef, Origin, Place, Severity, Skipped};
use portcullis_netpol::{
    Action, Compiled, DefaultAction, Doubt, Endpoint, EndpointId, EndpointKind, Input, NetworkSet,
    Order, Policy, Profile, Rule, Tier,
};
use portcullis_object::{Object, Unreadable};
use portcullis_rbac::{Binding, Role, RulesBuilder};
use smol_str::{SmolStr, format_smolstr};

use crate::codes;
use crate::doubt::Touched;
use crate::findings::Findings;
use crate::lower::custom_resource::CustomResource;
use crate::lower::host_endpoint::{self, Felix, HostDraft, ProfileDraft};
use crate::lower::network_set::SetDraft;
use crate::lower::selectors::{
    NAME, NAMESPACE, OF_NAMESPACE, OF_SERVICE_ACCOUNT, ORCHESTRATOR, SERVICE_ACCOUNT,
};
use crate::lower::service::{Service, Slice};
use crate::lower::workload::{Life, PodDraft};
use crate::lower::{self, Lowered, UNREADABLE_TIER, canonical_group, name, tier};
use crate::ownership;
use crate::routes::Routes;
use crate::settings::{Aggregation, Refused, Settings};
use crate::snapshot::{
    DoubtedHost, HostDoubt, Node, RbacDoubt, RefusedObject, Snapshot, Workload, WorkloadId,
    WorkloadState,
};

/// The label that every namespace has.
const NAMESPACE_NAME: &str = "kubernetes.io/metadata.name";
/// The profile that allows everything, for host endpoints.
const DEFAULT_ALLOW: &str = "projectcalico-default-allow";

impl Snapshot {
    /// Turns objects into a snapshot, and says what was found in them.
    ///
    /// Total: an object that cannot be lowered is reported, and everything else is there. Of two
    /// objects of one identity the last one counts, as when they are applied in turn.
    pub fn build(
        objects: &[Object],
        unreadable: &[Unreadable],
        settings: &Settings,
    ) -> (Self, Vec<Diagnostic>) {
        let mut build = Build { settings: settings.clone(), ..Build::default() };
        let read: Vec<Read<'_>> =
            objects.iter().map(|object| Read::new(object, settings)).collect();
        // What is refused never replaces what is there.
        let there = read.iter().enumerate().filter(|(_, r)| r.refusal.is_none());
        let last: HashMap<Identity, usize> =
            there.map(|(index, r)| (identity(r.object, settings), index)).collect();
        for (index, read) in read.into_iter().enumerate() {
            let object = read.object;
            let later = last
                .get(&identity(object, settings))
                .copied()
                .filter(|later| *later > index && !object.name().is_empty());
            build.object(read, later.and_then(|later| objects.get(later)));
        }
        for document in unreadable {
            build.unreadable(document);
        }
        build.finish()
    }
}

type Identity = (String, String, String, String);

fn identity(object: &Object, settings: &Settings) -> Identity {
    let namespaced = lower::is_namespaced(object.group(), object.kind()).unwrap_or(true);
    let namespace = match object.namespace().filter(|n| !n.is_empty()) {
        Some(given) if namespaced => given,
        None if namespaced => settings.default_namespace.as_str(),
        _ => "",
    };
    let group = canonical_group(object.group());
    (group.to_owned(), object.kind().to_owned(), namespace.to_owned(), object.name().to_owned())
}

/// One object, what it became, and what was found in it.
struct Read<'a> {
    object: &'a Object,
    lowered: Lowered,
    diagnostics: Vec<Diagnostic>,
    /// Why the original would refuse it, if it would.
    refusal: Option<String>,
}

impl<'a> Read<'a> {
    fn new(object: &'a Object, settings: &Settings) -> Self {
        let intake = settings.intake.of(object.group());
        let mut out = Findings::new(intake, portcullis_object::check(object));
        let lowered = lower::object(object, settings, &mut out);
        let refusal = out.refusal().map(|d| d.message.clone());
        Self { object, lowered, diagnostics: out.into_diagnostics(), refusal }
    }
}

/// Before every order that can be written.
const FIRST: Order = Order(Some(f64::NEG_INFINITY));

/// What has been lowered so far.
#[derive(Default)]
struct Build {
    settings: Settings,
    diagnostics: Vec<Diagnostic>,
    namespaces: BTreeMap<Namespace, (Labels, bool)>,
    accounts: HashMap<(Namespace, SmolStr), Labels>,
    nodes: Vec<Node>,
    pods: Vec<PodDraft>,
    services: Vec<Service>,
    slices: Vec<Slice>,
    tiers: Vec<Tier>,
    sets: Vec<(SetDraft, Option<Doubt>)>,
    profiles: Vec<ProfileDraft>,
    hosts: Vec<HostDraft>,
    felix: Felix,
    network: Input,
    roles: Vec<Role>,
    bindings: Vec<Binding>,
    rbac_doubts: Vec<RbacDoubt>,
    host_doubts: Vec<HostDoubt>,
    custom_resources: Vec<CustomResource>,
    refused: Vec<RefusedObject>,
    carried: BTreeMap<String, usize>,
    skipped: Vec<Skipped>,
}

// === Taking objects in ===

impl Build {
    fn twin(&mut self, object: &Object, later: &Object) {
        let what = object.reference();
        self.diagnostics.push(
            Diagnostic::new(
                codes::TWINS,
                Severity::Warning,
                name::place(object),
                format!("{what} is given again; the last one counts"),
            )
            .also(name::place(later), "this one counts"),
        );
        self.skipped.push(Skipped {
            origin: Some(object.origin()),
            why: format!("{what} is given again, and the last one counts"),
        });
    }

    /// Takes one object in; `later` is the one of the same identity that replaces it.
    fn object(&mut self, read: Read<'_>, later: Option<&Object>) {
        let Read { object, lowered, diagnostics, refusal } = read;
        let touched = Touched::by(object, &diagnostics);
        self.diagnostics.extend(diagnostics);
        let Some(why) = refusal else {
            match later {
                Some(later) => self.twin(object, later),
                None => self.take(object, lowered),
            }
            return;
        };
        let what = object.reference().to_string();
        self.refused.push(RefusedObject {
            what: what.clone(),
            why: why.clone(),
            origin: Some(object.origin()),
        });
        self.skipped.push(Skipped {
            origin: Some(object.origin()),
            why: format!("{what} would be refused: {why}"),
        });
        // Once mended it would be replaced all the same.
        if self.settings.refused == Refused::Unknown && later.is_none() {
            self.doubt(object, lowered, touched, &why);
        }
    }

    /// Keeps what a refused object could do, marked as in doubt.
    fn doubt(&mut self, object: &Object, lowered: Lowered, touched: Touched, why: &str) {
        let what = object.reference().to_string();
        let doubt = Doubt { why: format!("{what}, which would be refused: {why}") };
        match lowered {
            Lowered::Policy(mut policy) => {
                if touched.directions {
                    (policy.ingress, policy.egress) = (true, true);
                }
                if touched.order && policy.kind.has_order() {
                    policy.order = FIRST;
                }
                if touched.tier && policy.kind.has_order() {
                    policy.tier = UNREADABLE_TIER.into();
                }
                self.policy(Policy { doubt: Some(doubt), ..policy });
            }
            Lowered::Tier(mut tier) => {
                tier.doubt = Some(doubt);
                if touched.order {
                    tier.order = FIRST;
                }
                self.tiers.push(tier);
            }
            Lowered::Set(set) => self.set(set, Some(doubt)),
            Lowered::Role(role) => self.rbac_doubts.push(RbacDoubt {
                what,
                why: format!("it would be refused: {why}"),
                role: Some(role),
                binding: None,
                origin: object.origin(),
            }),
            Lowered::Binding(binding) => self.rbac_doubts.push(RbacDoubt {
                what,
                why: format!("it would be refused: {why}"),
                role: None,
                binding: Some(binding),
                origin: object.origin(),
            }),
            Lowered::Host(host) => self.host_doubts.push(HostDoubt {
                why: doubt.why,
                about: DoubtedHost::Endpoint {
                    name: host.name,
                    node: host.node,
                    addresses: host.addresses,
                },
            }),
            Lowered::Profile(profile) => self.host_doubts.push(HostDoubt {
                why: doubt.why,
                about: DoubtedHost::Profile(profile.profile.name),
            }),
            Lowered::Felix(..) => {
                self.host_doubts.push(HostDoubt { why: doubt.why, about: DoubtedHost::Failsafes })
            }
            // Kinds that are never refused, or say nothing that a verdict depends on.
            Lowered::Namespace(_)
            | Lowered::ServiceAccount(..)
            | Lowered::Node(_)
            | Lowered::Pod(_)
            | Lowered::Service(_)
            | Lowered::Slices(_)
            | Lowered::Foreign(_)
            | Lowered::CustomResource(_)
            | Lowered::Unread(_)
            | Lowered::Silent
            | Lowered::Carried => {}
        }
    }

    fn take(&mut self, object: &Object, lowered: Lowered) {
        match lowered {
            Lowered::Namespace(labels) => {
                self.namespaces.insert(Namespace::new(object.name()), (labels, true));
            }
            Lowered::ServiceAccount(namespace, labels) => {
                self.accounts.insert((namespace, object.name().into()), labels);
            }
            Lowered::Node(addresses) => {
                let name = object.name().into();
                self.nodes.push(Node { name, addresses, origin: object.origin() });
            }
            Lowered::Pod(pod) => {
                self.used(&pod.namespace);
                self.pods.push(pod);
            }
            Lowered::Service(service) => {
                self.used(&service.namespace);
                self.services.push(service);
            }
            Lowered::Slices(slices) => self.slices.extend(slices),
            Lowered::Policy(policy) => self.policy(policy),
            Lowered::Tier(tier) => self.tiers.push(tier),
            Lowered::Set(set) => self.set(set, None),
            Lowered::Profile(profile) => self.profiles.push(profile),
            Lowered::Host(host) => self.hosts.push(host),
            Lowered::Felix(felix) => self.felix = felix,
            Lowered::Foreign(foreign) => self.foreign(foreign),
            Lowered::Role(role) => self.roles.push(role),
            Lowered::Binding(binding) => self.bindings.push(binding),
            Lowered::CustomResource(resource) => self.custom_resources.push(resource),
            Lowered::Unread(why) => self.skipped.push(Skipped {
                origin: Some(object.origin()),
                why: format!("{} {why}", object.reference()),
            }),
            Lowered::Silent => {}
            Lowered::Carried => {
                let kind = match object.group() {
                    "" => object.kind().to_owned(),
                    group => format!("{}.{group}", object.kind()),
                };
                *self.carried.entry(kind).or_default() += 1;
            }
        }
    }

    fn policy(&mut self, policy: Policy) {
        if let Some(namespace) = policy.namespace.clone() {
            self.used(&namespace);
        }
        self.network.policies.push(policy);
    }

    fn set(&mut self, set: SetDraft, doubt: Option<Doubt>) {
        if let Some(namespace) = set.namespace.clone() {
            self.used(&namespace);
        }
        self.sets.push((set, doubt));
    }

    fn foreign(&mut self, foreign: portcullis_netpol::Foreign) {
        let without = self.settings.without.iter().any(|k| k.eq_ignore_ascii_case(&foreign.kind));
        if without {
            self.skipped.push(Skipped {
                origin: Some(foreign.origin),
                why: format!("{} is said not to be in force here", foreign.what),
            });
            return;
        }
        self.diagnostics.push(Diagnostic::new(
            codes::FOREIGN,
            Severity::Info,
            Place::At(foreign.origin.clone()),
            format!("{} is not judged: answers it could change are unknown", foreign.what),
        ));
        self.network.foreign.push(foreign);
    }

    fn used(&mut self, namespace: &Namespace) {
        if !self.namespaces.contains_key(namespace) {
            self.namespaces.insert(namespace.clone(), (Labels::default(), false));
        }
    }

    fn unreadable(&mut self, document: &Unreadable) {
        let Some(kind) = &document.policy_kind else { return };
        let origin = Origin {
            document: document.document,
            object: None,
            path: portcullis_core::FieldPath::root(),
        };
        let why = format!("the {kind} in a document that cannot be read");
        self.refused.push(RefusedObject {
            what: kind.clone(),
            why: "the document cannot be read".into(),
            origin: Some(origin.clone()),
        });
        if self.settings.refused == Refused::Absent {
            return;
        }
        let is_rbac =
            matches!(kind.as_str(), "Role" | "ClusterRole" | "RoleBinding" | "ClusterRoleBinding");
        if is_rbac {
            self.rbac_doubts.push(RbacDoubt {
                what: kind.clone(),
                why: "the document cannot be read".into(),
                role: None,
                binding: None,
                origin,
            });
        } else if !kind.starts_with("Staged") {
            let policy = lower::unreadable(kind, origin);
            self.network.policies.push(Policy { doubt: Some(Doubt { why }), ..policy });
        }
    }
}

// === Putting them together ===

impl Build {
    fn finish(mut self) -> (Snapshot, Vec<Diagnostic>) {
        let rbac = self.rules();
        let namespaces = self.namespace_labels();
        let undoubted = self.undoubted_policies();
        self.order_tiers();
        let mut network = std::mem::take(&mut self.network);
        network.tiers = std::mem::take(&mut self.tiers);
        network.profiles = self.profiles(&namespaces);
        network.sets = self.network_sets(&namespaces);
        let workloads = self.endpoints(&namespaces, &mut network);
        let by_endpoint = workloads.iter().enumerate().filter_map(|(i, w)| match w.state {
            WorkloadState::Endpoint(endpoint) => Some((endpoint, WorkloadId(i))),
            _ => None,
        });
        let by_endpoint = by_endpoint.collect();
        let hosts = self.host_endpoints(&mut network);
        let routes = Routes {
            services: &self.services,
            slices: &self.slices,
            pods: &self.pods,
            workloads: &workloads,
        };
        let backends = routes.backends();
        network.services = routes.service_endpoints(&backends);
        let (inbound, outbound) = host_endpoint::default_failsafes();
        network.failsafe_inbound = self.felix.failsafe_inbound.take().unwrap_or(inbound);
        network.failsafe_outbound = self.felix.failsafe_outbound.take().unwrap_or(outbound);
        network.resolved.clone_from(&self.settings.resolved);
        let without_refused = undoubted.map(|(tiers, policies)| {
            let mut without = Input { tiers, policies, ..network.clone() };
            without.sets.retain(|set| set.doubt.is_none());
            Compiled::new(without)
        });
        let snapshot = Snapshot {
            network: Compiled::new(network),
            without_refused,
            rbac,
            rbac_doubts: self.rbac_doubts,
            host_doubts: self.host_doubts,
            pod_to_host: self.felix.pod_to_host,
            workloads,
            by_endpoint,
            services: self.services,
            backends,
            namespaces,
            nodes: self.nodes,
            hosts,
            custom_resources: self.custom_resources,
            refused: self.refused,
            carried: self.carried,
            skipped: self.skipped,
            settings: self.settings,
        };
        (snapshot, self.diagnostics)
    }

    /// The tiers and policies that are not in doubt, if anything that connections depend on is.
    ///
    /// A policy of a tier that is in doubt is not so itself: without the tier it stands in one that
    /// nobody defines.
    fn undoubted_policies(&self) -> Option<(Vec<Tier>, Vec<Policy>)> {
        let sure = |doubt: &Option<Doubt>| doubt.is_none();
        let in_doubt = !self.host_doubts.is_empty()
            || self.sets.iter().any(|(_, doubt)| doubt.is_some())
            || self.tiers.iter().any(|tier| tier.doubt.is_some())
            || self.network.policies.iter().any(|policy| policy.doubt.is_some());
        if !in_doubt {
            return None;
        }
        let given = self.tiers.iter().filter(|tier| sure(&tier.doubt));
        let built_in = tier::built_in()
            .filter(|b| !self.tiers.iter().any(|t| t.name == b.name && sure(&t.doubt)));
        let policies = self.network.policies.iter().filter(|policy| sure(&policy.doubt));
        Some((given.cloned().chain(built_in).collect(), policies.cloned().collect()))
    }

    /// Adds the built-in tiers, and puts the policies of doubtful tiers in doubt.
    fn order_tiers(&mut self) {
        for built_in in tier::built_in() {
            if !self.tiers.iter().any(|t| t.name == built_in.name && t.doubt.is_none()) {
                self.tiers.retain(|t| t.name != built_in.name);
                self.tiers.push(built_in);
            }
        }
        let tiers: HashMap<&SmolStr, &Tier> = self.tiers.iter().map(|t| (&t.name, t)).collect();
        for policy in &mut self.network.policies {
            let Some(tier) = tiers.get(&policy.tier) else {
                if policy.tier != UNREADABLE_TIER {
                    let message = format!(
                        "the tier `{}` is not defined: the policy is asked after all others, and what it selects is denied at its end",
                        policy.tier
                    );
                    let place = Place::At(policy.origin.field("spec").field("tier"));
                    self.diagnostics.push(Diagnostic::new(
                        codes::TIER_MISSING,
                        Severity::Warning,
                        place,
                        message,
                    ));
                }
                continue;
            };
            if policy.doubt.is_none() {
                policy.doubt.clone_from(&tier.doubt);
            }
        }
        if self.network.policies.iter().any(|p| p.tier == UNREADABLE_TIER) {
            let object = ObjectRef {
                group: SmolStr::default(),
                kind: "Tier".into(),
                namespace: None,
                name: UNREADABLE_TIER.into(),
            };
            let origin = Origin::built_in(object);
            self.tiers.push(Tier::new(UNREADABLE_TIER, FIRST, DefaultAction::Pass, origin));
        }
    }

    fn rules(&mut self) -> portcullis_rbac::Rules {
        let mut builder = RulesBuilder::new();
        if self.settings.bootstrap {
            builder = builder.with_bootstrap();
        }
        for role in self.roles.drain(..) {
            builder.role(role);
        }
        for binding in self.bindings.drain(..) {
            builder.binding(binding);
        }
        if self.settings.aggregation == Aggregation::Resolve {
            builder = builder.aggregated();
        }
        builder.build()
    }

    /// Every namespace with the labels it really has.
    fn namespace_labels(&mut self) -> BTreeMap<Namespace, (Labels, bool)> {
        std::mem::take(&mut self.namespaces)
            .into_iter()
            .map(|(name, (labels, given))| {
                let own = labels.iter().map(|(k, v)| (SmolStr::from(k), SmolStr::from(v)));
                let automatic = (NAMESPACE_NAME.into(), name.as_str().into());
                let all = own.chain(std::iter::once(automatic)).collect();
                (name, (all, given))
            })
            .collect()
    }

    /// The profiles of namespaces, which allow everything, and those that are given.
    fn profiles(&self, namespaces: &BTreeMap<Namespace, (Labels, bool)>) -> Vec<Profile> {
        let open = |name: String, kind: &str, object: &str| {
            let origin = Origin::built_in(ObjectRef {
                group: SmolStr::default(),
                kind: kind.into(),
                namespace: None,
                name: object.into(),
            });
            let rule = Rule::new(Action::Allow, 0, origin);
            Profile {
                name: name.into(),
                ingress_rules: vec![rule.clone()],
                egress_rules: vec![rule],
            }
        };
        let of_namespaces =
            namespaces.keys().map(|n| open(format!("kns.{n}"), "Namespace", n.as_str()));
        let allow = std::iter::once(open(DEFAULT_ALLOW.into(), "Profile", DEFAULT_ALLOW));
        let given = self.profiles.iter().map(|p| p.profile.clone());
        allow.chain(of_namespaces).chain(given).collect()
    }

    fn network_sets(
        &mut self,
        namespaces: &BTreeMap<Namespace, (Labels, bool)>,
    ) -> Vec<NetworkSet> {
        self.sets
            .drain(..)
            .map(|(set, doubt)| {
                let inherited = set.namespace.as_ref().map(|n| of_namespace(n, namespaces));
                let own = set.labels.iter().map(|(k, v)| (SmolStr::from(k), SmolStr::from(v)));
                let namespace =
                    set.namespace.as_ref().map(|n| (NAMESPACE.into(), SmolStr::from(n.as_str())));
                let labels = inherited.into_iter().flatten().chain(own).chain(namespace).collect();
                NetworkSet {
                    namespace: set.namespace,
                    name: set.name,
                    labels,
                    nets: set.nets,
                    domains: set.domains,
                    doubt,
                    origin: set.origin,
                }
            })
            .collect()
    }

    /// Turns pods and templates into workloads and endpoints.
    fn endpoints(
        &self,
        namespaces: &BTreeMap<Namespace, (Labels, bool)>,
        network: &mut Input,
    ) -> Vec<Workload> {
        let nodes: HashMap<&SmolStr, &Node> = self.nodes.iter().map(|n| (&n.name, n)).collect();
        let owners = ownership::owners(&self.pods);
        let children = ownership::children(&owners);
        let mut workloads = Vec::with_capacity(self.pods.len());
        for (index, pod) in self.pods.iter().enumerate() {
            let pods = self.pods_under(index, &children);
            let owner = owners.get(index).copied().flatten();
            let state = if pod.kind != "Pod" && !pods.is_empty() {
                WorkloadState::Through(pods.into_iter().map(WorkloadId).collect())
            } else if let (true, Some(owner)) = (pod.kind != "Pod", owner) {
                WorkloadState::Through(vec![WorkloadId(owner)])
            } else if let Life::Not(why) = pod.life {
                WorkloadState::No(why)
            } else if pod.host_network {
                WorkloadState::HostNetwork(addresses_of_node(pod, &nodes))
            } else {
                let id = EndpointId(u32::try_from(network.endpoints.len()).unwrap_or(u32::MAX));
                network.endpoints.push(self.endpoint(pod, namespaces));
                WorkloadState::Endpoint(id)
            };
            workloads.push(Workload {
                kind: pod.kind.clone(),
                namespace: pod.namespace.clone(),
                name: pod.name.clone(),
                labels: pod.labels.clone(),
                service_account: pod.service_account.clone(),
                ports: pod.ports.clone(),
                variables: pod.variables.clone(),
                node: pod.node.clone(),
                state,
                origin: pod.origin.clone(),
            });
        }
        workloads
    }

    fn pods_under(&self, index: usize, children: &[Vec<usize>]) -> Vec<usize> {
        let mut found = Vec::new();
        let mut seen = HashSet::from([index]);
        let mut open = children.get(index).cloned().unwrap_or_default();
        while let Some(next) = open.pop() {
            if !seen.insert(next) {
                continue;
            }
            if self.pods.get(next).is_some_and(|p| p.kind == "Pod") {
                found.push(next);
            }
            open.extend(children.get(next).into_iter().flatten());
        }
        found.sort_unstable();
        found
    }

    fn endpoint(
        &self,
        pod: &PodDraft,
        namespaces: &BTreeMap<Namespace, (Labels, bool)>,
    ) -> Endpoint {
        let account = self.accounts.get(&(pod.namespace.clone(), pod.service_account.clone()));
        let of_account = account.into_iter().flat_map(|labels| {
            let name = (format_smolstr!("{OF_SERVICE_ACCOUNT}{NAME}"), pod.service_account.clone());
            handed_down(OF_SERVICE_ACCOUNT, labels).chain(std::iter::once(name))
        });
        let own = pod.labels.iter().filter(|(key, _)| {
            // A pod cannot give itself what only namespaces and service accounts hand down.
            !key.starts_with(OF_NAMESPACE) && !key.starts_with(OF_SERVICE_ACCOUNT)
        });
        let own = own.map(|(k, v)| (SmolStr::from(k), SmolStr::from(v)));
        let fixed = [
            (NAMESPACE.into(), SmolStr::from(pod.namespace.as_str())),
            (ORCHESTRATOR.into(), "k8s".into()),
            (SERVICE_ACCOUNT.into(), pod.service_account.clone()),
        ];
        // Of a key given twice the last one counts: the first profile over the second, own labels
        // over inherited ones, fixed ones over all.
        let labels = of_account
            .chain(of_namespace(&pod.namespace, namespaces))
            .chain(own)
            .chain(fixed)
            .collect();
        Endpoint {
            kind: EndpointKind::Workload { namespace: pod.namespace.clone() },
            name: pod.name.clone(),
            labels,
            addresses: match &pod.life {
                Life::At(addresses) => addresses.clone(),
                _ => Vec::new(),
            },
            ports: pod
                .ports
                .iter()
                .filter(|p| !p.name.is_empty() || p.on_host)
                .map(|p| NamedPort { name: p.name.clone(), protocol: p.protocol, port: p.port })
                .collect(),
            profiles: vec![
                format_smolstr!("kns.{}", pod.namespace),
                format_smolstr!("ksa.{}.{}", pod.namespace, pod.service_account),
            ],
            origin: pod.origin.clone(),
        }
    }

    fn host_endpoints(&mut self, network: &mut Input) -> Vec<(SmolStr, SmolStr, EndpointId)> {
        let profiles: HashMap<&SmolStr, &Labels> =
            self.profiles.iter().map(|p| (&p.profile.name, &p.labels)).collect();
        let mut hosts = Vec::new();
        for host in std::mem::take(&mut self.hosts) {
            // The first profile's labels count over the second's, so they are given last.
            let inherited = host.profiles.iter().rev().filter_map(|name| profiles.get(name));
            let inherited = inherited.flat_map(|labels| labels.iter());
            let labels = inherited
                .chain(host.labels.iter())
                .map(|(k, v)| (SmolStr::from(k), SmolStr::from(v)))
                .collect();
            let id = EndpointId(u32::try_from(network.endpoints.len()).unwrap_or(u32::MAX));
            hosts.push((host.name.clone(), host.node, id));
            network.endpoints.push(Endpoint {
                kind: EndpointKind::Host,
                name: host.name,
                labels,
                addresses: host.addresses,
                ports: host.ports,
                profiles: host.profiles,
                origin: host.origin,
            });
        }
        hosts
    }
}

/// The addresses of a pod in its node's network: its own, else the node's.
fn addresses_of_node(pod: &PodDraft, nodes: &HashMap<&SmolStr, &Node>) -> Vec<IpAddr> {
    let own = match &pod.life {
        Life::At(addresses) => addresses,
        _ => &pod.host_addresses,
    };
    let node = || pod.node.as_ref().and_then(|name| nodes.get(name));
    if own.is_empty() {
        node().map(|n| n.addresses.clone()).unwrap_or_default()
    } else {
        own.clone()
    }
}

fn handed_down(prefix: &str, labels: &Labels) -> impl Iterator<Item = (SmolStr, SmolStr)> {
    labels.iter().map(move |(k, v)| (format_smolstr!("{prefix}{k}"), SmolStr::from(v)))
}

/// What a namespace hands down. Its name comes last: no label of its own can change it.
fn of_namespace<'a>(
    namespace: &'a Namespace,
    namespaces: &'a BTreeMap<Namespace, (Labels, bool)>,
) -> impl Iterator<Item = (SmolStr, SmolStr)> + 'a {
    let labels = namespaces.get(namespace).map(|(labels, _)| labels);
    let name = (format_smolstr!("{OF_NAMESPACE}{NAME}"), SmolStr::from(namespace.as_str()));
    labels.into_iter().flat_map(|l| handed_down(OF_NAMESPACE, l)).chain(std::iter::once(name))
}
