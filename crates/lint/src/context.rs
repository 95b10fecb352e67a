//! What a check looks at.

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};

use portcullis_core::{Diagnostic, DocumentId, Namespace, Origin, Place, Selector};
use portcullis_netpol::{
    Compiled, Direction, Endpoint, EndpointId, EndpointKind, Peer, Policy, PolicyKind, Rule,
};
use portcullis_object::{Cursor, Loaded, NodeKind, Object, Sources};
use portcullis_snapshot::{ContainerPort, Snapshot, WorkloadId, WorkloadState};

use crate::config::Config;
use crate::roles::{self, BindingView};

/// The label by which lowered selectors ask for a namespace.
pub(crate) const NAMESPACE_LABEL: &str = "projectcalico.org/namespace";
/// The API group of RBAC.
pub(crate) const RBAC: &str = "rbac.authorization.k8s.io";

/// The objects, the snapshot that was built from them, and what checks often need of both.
pub(crate) struct Context<'a> {
    pub(crate) objects: &'a [Object],
    pub(crate) loaded: &'a Loaded,
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) config: &'a Config,
    by_document: HashMap<DocumentId, &'a Object>,
    /// The endpoints that have a label: most selectors ask for one, and need not look elsewhere.
    by_label: HashMap<(&'a str, &'a str), Vec<EndpointId>>,
    all: Vec<EndpointId>,
    label_keys: OnceCell<HashSet<&'a str>>,
    workloads: HashMap<EndpointId, WorkloadId>,
    policies: Vec<PolicyView<'a>>,
    bindings: OnceCell<Vec<BindingView<'a>>>,
}

/// A policy with its document.
pub(crate) struct PolicyView<'a> {
    pub(crate) policy: &'a Policy,
    pub(crate) object: &'a Object,
    /// Its `spec`, if it is a map.
    pub(crate) spec: Option<Cursor<'a>>,
    /// The endpoints it selects, found when first asked for.
    selected: OnceCell<Vec<EndpointId>>,
}

/// One rule of a document, with all that it was converted into.
pub(crate) struct RuleView<'a> {
    pub(crate) direction: Direction,
    /// Counted from 0.
    pub(crate) number: usize,
    pub(crate) at: Cursor<'a>,
    /// At least one.
    pub(crate) lowered: Vec<&'a Rule>,
}

/// A selector of Calico's language as it is written.
pub(crate) struct Written<'a> {
    /// Its text.
    pub(crate) at: Cursor<'a>,
    /// `selector`, `namespaceSelector`, ….
    pub(crate) field: &'a str,
    /// The rule and the end of it (`source`, `destination`) it stands in; none for the subject.
    pub(crate) rule: Option<(Direction, &'static str, Cursor<'a>)>,
    pub(crate) selector: Selector,
}

pub(crate) const DIRECTIONS: [Direction; 2] = [Direction::Ingress, Direction::Egress];

// === impl Context ===

impl<'a> Context<'a> {
    pub(crate) fn new(loaded: &'a Loaded, snapshot: &'a Snapshot, config: &'a Config) -> Self {
        let mut context = Self {
            objects: &loaded.objects,
            loaded,
            snapshot,
            config,
            by_document: loaded.objects.iter().map(|o| (o.document(), o)).collect(),
            by_label: HashMap::new(),
            all: Vec::new(),
            label_keys: OnceCell::new(),
            workloads: HashMap::new(),
            policies: Vec::new(),
            bindings: OnceCell::new(),
        };
        for (id, workload) in snapshot.workloads() {
            if let WorkloadState::Endpoint(endpoint) = workload.state {
                context.workloads.insert(endpoint, id);
            }
        }
        for (id, endpoint) in snapshot.network().endpoints() {
            context.all.push(id);
            for label in endpoint.labels.iter() {
                context.by_label.entry(label).or_default().push(id);
            }
        }
        let objects: HashMap<Origin, &'a Object> =
            loaded.objects.iter().map(|o| (o.origin(), o)).collect();
        for policy in snapshot.network().policies() {
            let Some(object) = objects.get(&policy.origin) else { continue };
            let spec = object.root().field("spec").filter(|s| s.kind() == NodeKind::Map);
            let selected = OnceCell::new();
            context.policies.push(PolicyView { policy, object, spec, selected });
        }
        context
    }

    pub(crate) fn network(&self) -> &'a Compiled {
        self.snapshot.network()
    }

    pub(crate) fn sources(&self) -> &'a Sources {
        &self.loaded.sources
    }

    /// The node that an origin names.
    pub(crate) fn node(&self, origin: &Origin) -> Option<Cursor<'a>> {
        self.by_document.get(&origin.document)?.root().at_path(&origin.path)
    }

    /// The object that a finding is about.
    pub(crate) fn object_of(&self, finding: &Diagnostic) -> Option<&'a Object> {
        let origin = finding.origin()?;
        let first = *self.by_document.get(&origin.document)?;
        let is = |o: &&Object| origin.object.as_ref().is_none_or(|r| o.reference() == r);
        if is(&first) {
            return Some(first);
        }
        self.objects.iter().find(|o| o.document() == origin.document && is(o))
    }

    /// Every policy that could be read, in order of evaluation.
    pub(crate) fn policies(&self) -> &[PolicyView<'a>] {
        &self.policies
    }

    /// Every binding that is given.
    pub(crate) fn bindings(&self) -> &[BindingView<'a>] {
        self.bindings.get_or_init(|| roles::bindings(self))
    }

    /// The endpoints that a policy selects.
    pub(crate) fn selected<'s>(&self, view: &'s PolicyView<'_>) -> &'s [EndpointId] {
        view.selected.get_or_init(|| self.matching(&view.policy.subject))
    }

    /// The endpoints that a selector matches.
    pub(crate) fn matching(&self, selector: &Selector) -> Vec<EndpointId> {
        self.candidates(selector).collect()
    }

    /// Whether a selector matches any endpoint at all.
    pub(crate) fn matches_something(&self, selector: &Selector) -> bool {
        self.candidates(selector).next().is_some()
    }

    fn candidates<'s>(&'s self, selector: &'s Selector) -> impl Iterator<Item = EndpointId> + 's {
        let mut labels = Vec::new();
        required(selector, &mut labels);
        let having = |label| self.by_label.get(&label).map_or(&[][..], Vec::as_slice);
        let all = labels.into_iter().map(having).min_by_key(|ids| ids.len());
        let all = all.unwrap_or(&self.all);
        all.iter().copied().filter(|id| selector.matches(&self.endpoint(*id).labels))
    }

    pub(crate) fn endpoint(&self, id: EndpointId) -> &'a Endpoint {
        self.network().endpoint(id)
    }

    /// Whether anything is given that policies can select.
    pub(crate) fn has_endpoints(&self) -> bool {
        !self.all.is_empty()
    }

    /// Whether anything is given in a namespace that policies can select.
    pub(crate) fn has_endpoints_in(&self, namespace: &str) -> bool {
        self.by_label.contains_key(&(NAMESPACE_LABEL, namespace))
    }

    /// The ports that the containers behind an endpoint declare, named or not.
    pub(crate) fn declared_ports(&self, id: EndpointId) -> &'a [ContainerPort] {
        let workload = self.workloads.get(&id);
        workload.map_or(&[], |id| self.snapshot.workload(*id).ports.as_slice())
    }

    /// Whether something that is given has every label that the selector asks about: one that nothing
    /// has may be that of something given elsewhere.
    pub(crate) fn knows_labels(&self, selector: &Selector) -> bool {
        let known = self.label_keys.get_or_init(|| {
            let of_sets = self.network().sets().flat_map(|s| s.labels.iter());
            self.by_label.keys().copied().chain(of_sets).map(|(key, _)| key).collect()
        });
        selector.keys().iter().all(|key| known.contains(key))
    }

    /// Whether a network set is one that the selector matches.
    pub(crate) fn matches_a_set(&self, selector: &Selector) -> bool {
        self.network().sets().any(|set| selector.matches(&set.labels))
    }

    /// How an endpoint is called in a sentence.
    pub(crate) fn name_of(&self, id: EndpointId) -> String {
        let endpoint = self.endpoint(id);
        match &endpoint.kind {
            EndpointKind::Workload { namespace } => format!("{namespace}/{}", endpoint.name),
            EndpointKind::Host => format!("host endpoint {}", endpoint.name),
        }
    }

    /// The objects of one kind of a group.
    pub(crate) fn of_kind<'s>(
        &'s self,
        group: &'s str,
        kind: &'s str,
    ) -> impl Iterator<Item = &'a Object> + 's {
        self.objects.iter().filter(move |o| o.group() == group && o.kind() == kind)
    }

    /// The namespace an object is in, said or taken to be so.
    pub(crate) fn namespace<'s>(&'s self, object: &'s Object) -> &'s str {
        let given = object.namespace().filter(|n| !n.is_empty());
        given.unwrap_or_else(|| self.snapshot.settings().default_namespace.as_str())
    }
}

/// The namespace that everything selected is in, where the selector says one.
pub(crate) fn namespace_of(selector: &Selector) -> Option<&str> {
    match selector {
        Selector::Equals(key, value) if key == NAMESPACE_LABEL => Some(value),
        Selector::And(all) => all.iter().find_map(namespace_of),
        _ => None,
    }
}

/// The labels that everything selected has.
fn required<'s>(selector: &'s Selector, out: &mut Vec<(&'s str, &'s str)>) {
    match selector {
        Selector::Equals(key, value) => out.push((key, value)),
        Selector::And(all) => all.iter().for_each(|s| required(s, out)),
        _ => {}
    }
}

/// Where an object is named, or else its kind: what is underlined for the whole of it.
pub(crate) fn name_place(object: &Object) -> Place {
    let root = object.root();
    let name = root.field("metadata").and_then(|m| m.field("name"));
    name.or_else(|| root.field("kind")).unwrap_or(root).at()
}

/// Whether an object is one of Calico's.
pub(crate) fn is_calico(object: &Object) -> bool {
    matches!(object.group(), "projectcalico.org" | "crd.projectcalico.org")
}

/// The field, unless it is absent, null, or an empty list or map.
pub(crate) fn filled<'a>(at: Cursor<'a>, field: &str) -> Option<Cursor<'a>> {
    let collection = |c: &Cursor<'_>| matches!(c.kind(), NodeKind::Map | NodeKind::List);
    at.field(field).filter(|c| !(c.is_null() || collection(c) && c.is_empty()))
}

/// `ingress` or `egress`, as the list of rules is called.
pub(crate) fn field_of(direction: Direction) -> &'static str {
    match direction {
        Direction::Ingress => "ingress",
        Direction::Egress => "egress",
    }
}

/// The other end of a flow, seen from the endpoint that the rule protects.
pub(crate) fn far(rule: &Rule, direction: Direction) -> &Peer {
    match direction {
        Direction::Ingress => &rule.source,
        Direction::Egress => &rule.destination,
    }
}

/// Whether a peer says nothing about the address.
pub(crate) fn is_everyone(peer: &Peer) -> bool {
    peer.nets.is_none()
        && peer.not_nets.is_none()
        && peer.selector.is_none()
        && peer.not_selector.is_none()
        && peer.service.is_none()
        && peer.domains.is_empty()
}

/// Whether a rule matches every flow.
pub(crate) fn is_unconditional(rule: &Rule) -> bool {
    let silent = |p: &Peer| is_everyone(p) && p.ports.is_empty() && p.not_ports.is_empty();
    rule.family.is_none()
        && rule.protocol.is_none()
        && rule.not_protocol.is_none()
        && rule.icmp.is_none()
        && rule.not_icmp.is_none()
        && silent(&rule.source)
        && silent(&rule.destination)
        && !rule.http
}

// === impl PolicyView ===

impl<'a> PolicyView<'a> {
    /// The name, to be underlined.
    pub(crate) fn place(&self) -> Place {
        name_place(self.object)
    }

    /// The value of a field of the spec, or the name where it is absent.
    pub(crate) fn field_place(&self, field: &str) -> Place {
        let field = self.spec.and_then(|s| s.field(field)).filter(|f| !f.is_null());
        field.map_or_else(|| self.place(), Cursor::at)
    }

    /// Whether it is a policy of Calico's own kinds.
    pub(crate) fn is_calico(&self) -> bool {
        matches!(
            self.policy.kind,
            PolicyKind::Global
                | PolicyKind::Namespaced
                | PolicyKind::StagedGlobal
                | PolicyKind::StagedNamespaced
        )
    }

    /// Whether it is a NetworkPolicy of Kubernetes, staged or not.
    pub(crate) fn is_kubernetes(&self) -> bool {
        matches!(self.policy.kind, PolicyKind::Kubernetes | PolicyKind::StagedKubernetes)
    }

    /// Whether it is in no namespace.
    pub(crate) fn is_global(&self) -> bool {
        matches!(self.policy.kind, PolicyKind::Global | PolicyKind::StagedGlobal)
    }

    pub(crate) fn namespace(&self) -> Option<&'a Namespace> {
        self.policy.namespace.as_ref()
    }

    /// Its rules as they are written, of one direction.
    pub(crate) fn rules_of(&self, direction: Direction) -> Vec<RuleView<'a>> {
        let listed = self.spec.and_then(|s| s.field(field_of(direction)));
        let mut lowered = self.policy.rules(direction).iter().peekable();
        let mut views = Vec::new();
        for (number, at) in listed.into_iter().flat_map(Cursor::items).enumerate() {
            let mut own = Vec::new();
            while let Some(rule) = lowered.next_if(|rule| rule.number <= number) {
                own.push(rule);
            }
            if !own.is_empty() {
                views.push(RuleView { direction, number, at, lowered: own });
            }
        }
        views
    }

    /// Its rules as they are written, of the directions it has a say on.
    pub(crate) fn rules(&self) -> Vec<RuleView<'a>> {
        let asked = DIRECTIONS.into_iter().filter(|d| self.policy.looks(*d));
        asked.flat_map(|d| self.rules_of(d)).collect()
    }

    /// Its selectors in Calico's language that can be parsed, as they are written.
    pub(crate) fn written(&self) -> Vec<Written<'a>> {
        const SUBJECT: [&str; 3] = ["selector", "namespaceSelector", "serviceAccountSelector"];
        const PEER: [&str; 3] = ["selector", "notSelector", "namespaceSelector"];
        let mut found = Vec::new();
        if !self.is_calico() {
            return found;
        }
        let Some(spec) = self.spec else { return found };
        let read = |at: Cursor<'a>, field: &'static str| {
            let text = at.field(field).filter(|f| f.as_str().is_some_and(|t| !t.is_empty()))?;
            Some((text, Selector::parse(text.as_str()?).ok()?))
        };
        for field in SUBJECT {
            if let Some((at, selector)) = read(spec, field) {
                found.push(Written { at, field, rule: None, selector });
            }
        }
        for direction in DIRECTIONS {
            let rules = spec.field(field_of(direction)).into_iter().flat_map(Cursor::items);
            for rule in rules {
                for end in ["source", "destination"] {
                    let Some(entity) = rule.field(end) else { continue };
                    for field in PEER {
                        if let Some((at, selector)) = read(entity, field) {
                            let rule = Some((direction, end, rule));
                            found.push(Written { at, field, rule, selector });
                        }
                    }
                }
            }
        }
        found
    }
}

// === impl RuleView ===

impl<'a> RuleView<'a> {
    /// The end that names the peers: `from`, `to`, `source` or `destination`.
    pub(crate) fn peers(&self) -> Option<Cursor<'a>> {
        let names = match self.direction {
            Direction::Ingress => ["from", "source"],
            Direction::Egress => ["to", "destination"],
        };
        names.into_iter().find_map(|name| self.at.field(name))
    }

    /// The action, to be underlined; where the kind has none, the first field of the rule.
    pub(crate) fn place(&self) -> Place {
        match (self.at.field("action"), self.at.entries().next()) {
            (Some(action), _) => action.at(),
            (None, Some((_, first))) => first.key_place(),
            (None, None) => self.at.at(),
        }
    }
}
