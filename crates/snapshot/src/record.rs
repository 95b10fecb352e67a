//! One object as a snapshot keeps it: what it gives, and what was found in it.

use std::sync::Arc;

use portcullis_core::{
    Diagnostic, FieldPath, Labels, Namespace, ObjectRef, Origin, Place, Severity, Skipped,
};
use portcullis_netpol::{Doubt, Foreign, Order, Policy, Tier};
use portcullis_object::{Object, Unreadable};
use portcullis_rbac::{Binding, Role};
use smol_str::{SmolStr, format_smolstr};

use crate::codes;
use crate::doubt::Open;
use crate::findings::Findings;
use crate::lower::custom_resource::CustomResource;
use crate::lower::host_endpoint::{Felix, HostDraft, ProfileDraft};
use crate::lower::network_set::SetDraft;
use crate::lower::selectors::{NAME, OF_SERVICE_ACCOUNT};
use crate::lower::service::{Service, Slice};
use crate::lower::workload::{Life, Owner, PodDraft};
use crate::lower::{self, Lowered, UNREADABLE_TIER, canonical_group, name};
use crate::ownership::grandparent;
use crate::settings::{Refused, Settings};
use crate::snapshot::{
    DoubtedHost, HostDoubt, Node, RbacDoubt, RefusedObject, Workload, WorkloadState,
};

/// Before every order that can be written.
pub(crate) const FIRST: Order = Order(Some(f64::NEG_INFINITY));

/// One object that was given.
pub(crate) struct Record {
    /// Under which name it is found.
    pub(crate) identity: Arc<ObjectRef>,
    /// Whether it is there: neither refused nor given again.
    pub(crate) counts: bool,
    pub(crate) part: Part,
    pub(crate) diagnostics: Vec<Diagnostic>,
    pub(crate) refused: Option<Box<RefusedObject>>,
    pub(crate) skipped: Option<Box<Skipped>>,
}

/// What an object gives to the snapshot. What it could give if it were not refused is marked as in
/// doubt.
pub(crate) enum Part {
    Nothing,
    Namespace(Labels),
    /// The labels it hands down to its pods, as they have them.
    ServiceAccount(Labels),
    Node(Node),
    Pod(Box<PodPart>),
    Service(Box<Service>),
    Slices(Box<SlicesPart>),
    Policy(Arc<Policy>),
    Tier(Box<Tier>),
    Set(Box<SetDraft>, Option<Doubt>),
    Profile(Box<ProfileDraft>),
    Host(Box<HostDraft>),
    Felix(Box<Felix>),
    Foreign(Box<Foreign>),
    Role(Box<Role>),
    Binding(Box<Binding>),
    CustomResource(Box<CustomResource>),
    RbacDoubt(Box<RbacDoubt>),
    HostDoubt(Box<HostDoubt>),
    /// A kind that is not known here, as it is counted.
    Carried(SmolStr),
}

/// What of a pod or a template is no part of its [`Workload`].
pub(crate) struct PodPart {
    pub(crate) host_network: bool,
    pub(crate) life: Life,
    pub(crate) host_addresses: Vec<std::net::IpAddr>,
    /// The node whose addresses it has, where its own are not said.
    pub(crate) lives_at: Option<SmolStr>,
    pub(crate) owner: Option<Owner>,
    /// What its owner was itself made from, going by names: asked where the owner is not given.
    pub(crate) grandparent: Option<Owner>,
}

impl PodPart {
    /// Who may own it.
    pub(crate) fn owners(&self) -> [Option<&Owner>; 2] {
        [self.owner.as_ref(), self.grandparent.as_ref()]
    }
}

/// The slices of one service that one object lists.
pub(crate) struct SlicesPart {
    pub(crate) namespace: Namespace,
    pub(crate) service: SmolStr,
    pub(crate) slices: Vec<Slice>,
}

/// The identity that a reference stands for: of a group with two names, in the namespace it really is
/// in.
pub(crate) fn identity(reference: &Arc<ObjectRef>, settings: &Settings) -> Arc<ObjectRef> {
    let namespaced = lower::is_namespaced(&reference.group, &reference.kind).unwrap_or(true);
    let given = reference.namespace.as_ref().filter(|n| !n.as_str().is_empty());
    let namespace = namespaced.then(|| given.unwrap_or(&settings.default_namespace));
    let group = canonical_group(&reference.group);
    if namespace == reference.namespace.as_ref() && group == reference.group {
        return Arc::clone(reference);
    }
    let namespace = namespace.cloned();
    Arc::new(ObjectRef { group: group.into(), namespace, ..ObjectRef::clone(reference) })
}

impl Part {
    /// Whether a namespace that it is in is there, given or not.
    pub(crate) fn fills(&self) -> bool {
        matches!(self, Self::Pod(_) | Self::Service(_) | Self::Policy(_) | Self::Set(..))
    }

    /// Under which namespace and name roles (true) or bindings hold it.
    pub(crate) fn rule_key(&self) -> Option<(bool, Option<Namespace>, SmolStr)> {
        match self {
            Self::Role(role) => Some((true, role.namespace.clone(), role.name.clone())),
            Self::Binding(b) => Some((false, b.namespace.clone(), b.name.clone())),
            _ => None,
        }
    }
}

// === Reading ===

/// One object, what it became, and what was found in it.
pub(crate) struct Read<'a> {
    object: &'a Object,
    pub(crate) identity: Arc<ObjectRef>,
    lowered: Lowered,
    diagnostics: Vec<Diagnostic>,
    /// Why the original would refuse it, if it would.
    refusal: Option<String>,
}

impl<'a> Read<'a> {
    pub(crate) fn new(object: &'a Object, settings: &Settings) -> Self {
        let intake = settings.intake.of(object.group());
        let mut out = Findings::new(intake, portcullis_object::check(object));
        let lowered = lower::object(object, settings, &mut out);
        let refusal = out.refusal().map(|d| d.message.clone());
        let identity = identity(object.reference(), settings);
        Self { object, identity, lowered, diagnostics: out.into_diagnostics(), refusal }
    }

    pub(crate) fn is_refused(&self) -> bool {
        self.refusal.is_some()
    }

    /// What is kept of an object that is replaced by `later`.
    pub(crate) fn twin(mut self, later: &Object) -> Record {
        let what = self.object.reference();
        self.diagnostics.push(
            Diagnostic::new(
                codes::TWINS,
                Severity::Warning,
                name::place(self.object),
                format!("{what} is given again; the last one counts"),
            )
            .also(name::place(later), "this one counts"),
        );
        let skipped = Skipped {
            origin: Some(self.object.origin()),
            why: format!("{what} is given again, and the last one counts"),
        };
        Record {
            identity: self.identity,
            counts: false,
            part: Part::Nothing,
            diagnostics: self.diagnostics,
            refused: None,
            skipped: Some(Box::new(skipped)),
        }
    }

    /// What is kept of any other object, with the workload it is, if it is one; `replaced` is whether
    /// there is a later one of the same identity that counts.
    pub(crate) fn record(
        self,
        settings: &Settings,
        replaced: bool,
    ) -> (Record, Option<Arc<Workload>>) {
        let Self { object, identity, lowered, diagnostics, refusal } = self;
        let counts = refusal.is_none();
        let mut record = Record {
            identity,
            counts,
            part: Part::Nothing,
            diagnostics,
            refused: None,
            skipped: None,
        };
        let Some(why) = refusal else {
            let workload = record.take(object, lowered, settings);
            return (record, workload);
        };
        let what = object.reference().to_string();
        record.skipped = Some(Box::new(Skipped {
            origin: Some(object.origin()),
            why: format!("{what} would be refused: {why}"),
        }));
        // Once mended it would be replaced all the same.
        if settings.refused == Refused::Unknown && !replaced {
            let open = Open::in_policy(object, &record.diagnostics);
            record.part = doubt(object, lowered, open, &what, &why);
        }
        let origin = Some(object.origin());
        record.refused = Some(Box::new(RefusedObject { what, why, origin }));
        (record, None)
    }
}

impl Record {
    fn take(
        &mut self,
        object: &Object,
        lowered: Lowered,
        settings: &Settings,
    ) -> Option<Arc<Workload>> {
        self.part = match lowered {
            Lowered::Namespace(labels) => Part::Namespace(labels),
            Lowered::ServiceAccount(labels) => {
                let name = (format_smolstr!("{OF_SERVICE_ACCOUNT}{NAME}"), object.name().into());
                let handed = labels
                    .iter()
                    .map(|(k, v)| (format_smolstr!("{OF_SERVICE_ACCOUNT}{k}"), SmolStr::from(v)));
                Part::ServiceAccount(handed.chain(std::iter::once(name)).collect())
            }
            Lowered::Node(addresses) => {
                Part::Node(Node { name: object.name().into(), addresses, origin: object.origin() })
            }
            Lowered::Pod(draft) => {
                let (part, workload) = split(draft);
                self.part = Part::Pod(Box::new(part));
                return Some(Arc::new(workload));
            }
            Lowered::Service(service) => Part::Service(Box::new(service)),
            Lowered::Slices(slices) => match slices.first() {
                Some(first) => Part::Slices(Box::new(SlicesPart {
                    namespace: first.namespace.clone(),
                    service: first.service.clone(),
                    slices,
                })),
                None => Part::Nothing,
            },
            Lowered::Policy(policy) => Part::Policy(Arc::new(policy)),
            Lowered::Tier(tier) => Part::Tier(Box::new(tier)),
            Lowered::Set(set) => Part::Set(Box::new(set), None),
            Lowered::Profile(profile) => Part::Profile(Box::new(profile)),
            Lowered::Host(host) => Part::Host(Box::new(host)),
            Lowered::Felix(felix) => Part::Felix(Box::new(felix)),
            Lowered::Foreign(foreign) => self.foreign(foreign, settings),
            Lowered::Role(role) => Part::Role(Box::new(role)),
            Lowered::Binding(binding) => Part::Binding(Box::new(binding)),
            Lowered::CustomResource(resource) => Part::CustomResource(Box::new(resource)),
            Lowered::Unread(why) => {
                self.skipped = Some(Box::new(Skipped {
                    origin: Some(object.origin()),
                    why: format!("{} {why}", object.reference()),
                }));
                Part::Nothing
            }
            Lowered::Silent => Part::Nothing,
            Lowered::Carried => Part::Carried(match object.group() {
                "" => object.kind().into(),
                group => format_smolstr!("{}.{group}", object.kind()),
            }),
        };
        None
    }

    fn foreign(&mut self, foreign: Foreign, settings: &Settings) -> Part {
        if settings.without.iter().any(|k| k.eq_ignore_ascii_case(&foreign.kind)) {
            self.skipped = Some(Box::new(Skipped {
                origin: Some(foreign.origin),
                why: format!("{} is said not to be in force here", foreign.what),
            }));
            return Part::Nothing;
        }
        self.diagnostics.push(Diagnostic::new(
            codes::FOREIGN,
            Severity::Info,
            Place::At(foreign.origin.clone()),
            format!("{} is not judged: answers it could change are unknown", foreign.what),
        ));
        Part::Foreign(Box::new(foreign))
    }
}

/// Parts a draft into the workload, whose state is not known yet, and what that is derived from.
fn split(draft: PodDraft) -> (PodPart, Workload) {
    let grandparent = draft.owner.as_ref().and_then(|owner| grandparent(&draft.labels, owner));
    let says_address = matches!(draft.life, Life::At(_)) || !draft.host_addresses.is_empty();
    let lives_at = draft.node.clone().filter(|_| draft.host_network && !says_address);
    let part = PodPart {
        host_network: draft.host_network,
        life: draft.life,
        host_addresses: draft.host_addresses,
        lives_at,
        owner: draft.owner,
        grandparent,
    };
    let workload = Workload {
        kind: draft.kind,
        namespace: draft.namespace,
        name: draft.name,
        labels: draft.labels,
        service_account: draft.service_account,
        ports: draft.ports,
        variables: draft.variables,
        node: draft.node,
        state: WorkloadState::No(""),
        origin: draft.origin,
    };
    (part, workload)
}

/// What a refused object could do, marked as in doubt.
fn doubt(object: &Object, lowered: Lowered, open: Open, what: &str, why: &str) -> Part {
    let doubt = Doubt { why: format!("{what}, which would be refused: {why}") };
    let rbac = |role, binding| {
        Part::RbacDoubt(Box::new(RbacDoubt {
            what: what.to_owned(),
            why: format!("it would be refused: {why}"),
            role,
            binding,
            origin: object.origin(),
        }))
    };
    let host = |why: String, about| Part::HostDoubt(Box::new(HostDoubt { why, about }));
    match lowered {
        Lowered::Policy(mut policy) => {
            if open.directions {
                (policy.ingress, policy.egress) = (true, true);
            }
            if open.order && policy.kind.has_order() {
                policy.order = FIRST;
            }
            if open.tier && policy.kind.has_order() {
                policy.tier = UNREADABLE_TIER.into();
            }
            Part::Policy(Arc::new(Policy { doubt: Some(doubt), ..policy }))
        }
        Lowered::Tier(mut tier) => {
            tier.doubt = Some(doubt);
            if open.order {
                tier.order = FIRST;
            }
            Part::Tier(Box::new(tier))
        }
        Lowered::Set(set) => Part::Set(Box::new(set), Some(doubt)),
        Lowered::Role(role) => rbac(Some(role), None),
        Lowered::Binding(binding) => rbac(None, Some(binding)),
        Lowered::Host(draft) => {
            let HostDraft { name, node, addresses, .. } = draft;
            host(doubt.why, DoubtedHost::Endpoint { name, node, addresses })
        }
        Lowered::Profile(profile) => host(doubt.why, DoubtedHost::Profile(profile.profile.name)),
        Lowered::Felix(..) => host(doubt.why, DoubtedHost::Failsafes),
        // Kinds that are never refused, or say nothing that a verdict depends on.
        Lowered::Namespace(_)
        | Lowered::ServiceAccount(_)
        | Lowered::Node(_)
        | Lowered::Pod(_)
        | Lowered::Service(_)
        | Lowered::Slices(_)
        | Lowered::Foreign(_)
        | Lowered::CustomResource(_)
        | Lowered::Unread(_)
        | Lowered::Silent
        | Lowered::Carried => Part::Nothing,
    }
}

// === What cannot be read ===

/// What is kept of documents that cannot be read. They stand behind all objects.
#[derive(Default)]
pub(crate) struct Unread {
    pub(crate) refused: Vec<RefusedObject>,
    pub(crate) rbac_doubts: Vec<RbacDoubt>,
    pub(crate) policies: Vec<Arc<Policy>>,
}

impl Unread {
    pub(crate) fn new(documents: &[Unreadable], settings: &Settings) -> Self {
        let mut unread = Self::default();
        for document in documents {
            unread.document(document, settings);
        }
        unread
    }

    fn document(&mut self, document: &Unreadable, settings: &Settings) {
        let Some(kind) = &document.policy_kind else { return };
        let origin = Origin { document: document.document, object: None, path: FieldPath::root() };
        self.refused.push(RefusedObject {
            what: kind.clone(),
            why: "the document cannot be read".into(),
            origin: Some(origin.clone()),
        });
        if settings.refused == Refused::Absent {
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
            let why = format!("the {kind} in a document that cannot be read");
            let policy = lower::unreadable(kind, origin);
            self.policies.push(Arc::new(Policy { doubt: Some(Doubt { why }), ..policy }));
        }
    }
}
