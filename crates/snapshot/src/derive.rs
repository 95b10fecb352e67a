//! What follows from what is given: who inherits which labels, and which pods are endpoints.
//!
//! Everything here is asked of one thing at a time, so that a change asks only about what it concerns
//! and a snapshot made from scratch asks the same about everything.

use std::net::IpAddr;
use std::sync::Arc;

use portcullis_core::net::NamedPort;
use portcullis_core::{Diagnostic, Labels, Namespace, ObjectRef, Origin, Place, Severity};
use portcullis_netpol::{
    Action, DefaultAction, Doubt, Endpoint, EndpointKind, NetworkSet, Policy, Profile, Rule, Tier,
};
use portcullis_rbac::{Rules, RulesBuilder};
use smol_str::{SmolStr, format_smolstr};

use crate::codes;
use crate::lower::selectors::{
    NAMESPACE, OF_NAMESPACE, OF_SERVICE_ACCOUNT, ORCHESTRATOR, SERVICE_ACCOUNT,
};
use crate::lower::workload::Life;
use crate::lower::{UNREADABLE_TIER, tier};
use crate::record::{FIRST, Part, PodPart};
use crate::register::{Inside, List};
use crate::seats::Seat;
use crate::settings::Aggregation;
use crate::snapshot::{Snapshot, Workload, WorkloadId, WorkloadState};

/// The profile that allows everything, for host endpoints.
pub(crate) const DEFAULT_ALLOW: &str = "projectcalico-default-allow";
/// The group that Calico's kinds are found in.
const CALICO: &str = "projectcalico.org";

/// What a workload is in traffic; an endpoint has no number yet.
pub(crate) enum State {
    Endpoint,
    Else(WorkloadState),
}

// === Pods ===

impl Snapshot {
    /// What of the pod or template here takes part in traffic.
    pub(crate) fn state(&self, seat: Seat, pod: &PodPart, workload: &Workload) -> State {
        let through = |seats: Vec<Seat>| {
            let ids = seats.into_iter().map(|seat| WorkloadId(seat.index()));
            State::Else(WorkloadState::Through(ids.collect()))
        };
        if workload.kind != "Pod" {
            let pods = self.pods_under(seat);
            if !pods.is_empty() {
                return through(pods);
            }
            if let Some(owner) = self.owner(seat) {
                return through(vec![owner]);
            }
        }
        if let Life::Not(why) = pod.life {
            return State::Else(WorkloadState::No(why));
        }
        if pod.host_network {
            return State::Else(WorkloadState::HostNetwork(self.addresses_of_node(pod)));
        }
        State::Endpoint
    }

    /// The addresses of a pod in its node's network: its own, else the node's.
    fn addresses_of_node(&self, pod: &PodPart) -> Vec<IpAddr> {
        match (&pod.life, &pod.lives_at) {
            (Life::At(addresses), _) => addresses.clone(),
            (_, Some(node)) => self.node(node).map(|n| n.addresses.clone()).unwrap_or_default(),
            (_, None) => pod.host_addresses.clone(),
        }
    }

    /// The endpoint that a pod is.
    pub(crate) fn endpoint(&self, workload: &Workload, pod: &PodPart) -> Endpoint {
        let none = Labels::default();
        let inside = self.register.inside(&workload.namespace);
        let account = inside.and_then(|inside| self.account(inside, &workload.service_account));
        // A pod cannot give itself what only namespaces and service accounts hand down.
        let is_own = |(key, _): &&(SmolStr, SmolStr)| {
            !key.starts_with(OF_NAMESPACE) && !key.starts_with(OF_SERVICE_ACCOUNT)
        };
        let own = workload.labels.pairs();
        let (before, after) =
            own.split_at(own.partition_point(|(key, _)| key.as_str() < OF_NAMESPACE));
        let fixed = [
            (SmolStr::new_static(NAMESPACE), workload.namespace.as_str().into()),
            (SmolStr::new_static(ORCHESTRATOR), SmolStr::new_static("k8s")),
            (SmolStr::new_static(SERVICE_ACCOUNT), workload.service_account.clone()),
        ];
        // Of a key given twice the last one counts: fixed ones over all. The others differ by their
        // prefixes, and in this order hardly anything is left to be sorted.
        let labels = before
            .iter()
            .chain(inside.map_or(&none, |inside| &inside.handed).pairs())
            .chain(account.unwrap_or(&none).pairs())
            .chain(after.iter().filter(is_own))
            .cloned()
            .chain(fixed)
            .collect();
        Endpoint {
            kind: EndpointKind::Workload { namespace: workload.namespace.clone() },
            name: workload.name.clone(),
            labels,
            addresses: match &pod.life {
                Life::At(addresses) => addresses.clone(),
                _ => Vec::new(),
            },
            ports: workload
                .ports
                .iter()
                .filter(|p| !p.name.is_empty() || p.on_host)
                .map(|p| NamedPort { name: p.name.clone(), protocol: p.protocol, port: p.port })
                .collect(),
            profiles: vec![
                profile_of(&workload.namespace),
                format_smolstr!("ksa.{}.{}", workload.namespace, workload.service_account),
            ],
            origin: workload.origin.clone(),
        }
    }

    /// The labels that a service account hands down to those inside its namespace.
    fn account(&self, inside: &Inside, name: &SmolStr) -> Option<&Labels> {
        let seats = inside.accounts.get(name)?;
        let mut records = seats.iter().rev().filter_map(|seat| self.record(seat));
        match &records.find(|record| record.counts)?.part {
            Part::ServiceAccount(labels) => Some(labels),
            _ => None,
        }
    }
}

/// The name of the profile of a namespace.
pub(crate) fn profile_of(namespace: &Namespace) -> SmolStr {
    format_smolstr!("kns.{namespace}")
}

// === Hosts, sets, profiles ===

impl Snapshot {
    /// The endpoint that a HostEndpoint is.
    pub(crate) fn host(&self, seat: Seat) -> Option<Endpoint> {
        let Part::Host(host) = &self.record(seat)?.part else { return None };
        // The first profile's labels count over the second's, so they are given last.
        let inherited = host.profiles.iter().rev().filter_map(|name| self.labels_of_profile(name));
        let labels = inherited
            .flat_map(Labels::iter)
            .chain(host.labels.iter())
            .map(|(k, v)| (SmolStr::from(k), SmolStr::from(v)))
            .collect();
        Some(Endpoint {
            kind: EndpointKind::Host,
            name: host.name.clone(),
            labels,
            addresses: host.addresses.clone(),
            ports: host.ports.clone(),
            profiles: host.profiles.clone(),
            origin: host.origin.clone(),
        })
    }

    fn given_profile(&self, name: &SmolStr) -> Option<&crate::lower::host_endpoint::ProfileDraft> {
        let seat = self.seat(&ObjectRef {
            group: SmolStr::new_static(CALICO),
            kind: SmolStr::new_static("Profile"),
            namespace: None,
            name: name.clone(),
        })?;
        match &self.record(seat)?.part {
            Part::Profile(profile) => Some(profile),
            _ => None,
        }
    }

    fn labels_of_profile(&self, name: &SmolStr) -> Option<&Labels> {
        self.given_profile(name).map(|profile| &profile.labels)
    }

    /// The profile of this name: one that is given, that of a namespace, or the one that allows
    /// everything to hosts.
    pub(crate) fn profile(&self, name: &SmolStr) -> Option<Profile> {
        if let Some(given) = self.given_profile(name) {
            return Some(given.profile.clone());
        }
        let (kind, object) = match name.strip_prefix("kns.") {
            Some(namespace) => {
                self.register.inside(&Namespace::new(namespace)).filter(|i| i.exists())?;
                ("Namespace", namespace)
            }
            None => ("Profile", Some(name.as_str()).filter(|name| *name == DEFAULT_ALLOW)?),
        };
        let origin = Origin::built_in(ObjectRef {
            group: SmolStr::default(),
            kind: kind.into(),
            namespace: None,
            name: object.into(),
        });
        let rule = Rule::new(Action::Allow, 0, origin);
        Some(Profile {
            name: name.clone(),
            ingress_rules: vec![rule.clone()],
            egress_rules: vec![rule],
        })
    }

    /// The network set here, with the labels it inherits.
    pub(crate) fn set(&self, seat: Seat) -> Option<NetworkSet> {
        let Part::Set(set, doubt) = &self.record(seat)?.part else { return None };
        let inside = set.namespace.as_ref().and_then(|n| self.register.inside(n));
        let namespace = set.namespace.as_ref().map(|n| (NAMESPACE, n.as_str()));
        let inherited = inside.into_iter().flat_map(|inside| inside.handed.iter());
        let labels = inherited
            .chain(set.labels.iter())
            .chain(namespace)
            .map(|(k, v)| (SmolStr::from(k), SmolStr::from(v)))
            .collect();
        Some(NetworkSet {
            namespace: set.namespace.clone(),
            name: set.name.clone(),
            labels,
            nets: set.nets.clone(),
            domains: set.domains.clone(),
            doubt: doubt.clone(),
            origin: set.origin.clone(),
        })
    }
}

// === Policies and tiers ===

impl Snapshot {
    /// All tiers: those given, those that are there anyway, and that of policies whose own cannot be
    /// read. `sure` is without what would be refused.
    pub(crate) fn all_tiers(&self, sure: bool) -> Vec<Tier> {
        let given = self.register.listed(List::Tiers).iter();
        let given = given.filter_map(|seat| match &self.record(seat)?.part {
            Part::Tier(tier) if !sure || tier.doubt.is_none() => Some(Tier::clone(tier)),
            _ => None,
        });
        let mut tiers: Vec<Tier> = given.collect();
        for built_in in tier::built_in() {
            if !tiers.iter().any(|t| t.name == built_in.name && t.doubt.is_none()) {
                tiers.retain(|t| t.name != built_in.name);
                tiers.push(built_in);
            }
        }
        let mut unreadable = self.register.of_tier(UNREADABLE_TIER).iter();
        if unreadable
            .any(|seat| !sure || self.given_policy(seat).is_some_and(|p| p.doubt.is_none()))
            || (!sure && !self.unread.policies.is_empty())
        {
            let origin = Origin::built_in(ObjectRef {
                group: SmolStr::default(),
                kind: "Tier".into(),
                namespace: None,
                name: UNREADABLE_TIER.into(),
            });
            tiers.push(Tier::new(UNREADABLE_TIER, FIRST, DefaultAction::Pass, origin));
        }
        tiers
    }

    /// Why every policy of the tier of this name is in doubt, if the tier is.
    pub(crate) fn doubt_of_tier(&self, name: &str) -> Option<&Doubt> {
        self.tiers.iter().rfind(|tier| tier.name == name)?.doubt.as_ref()
    }

    /// The policy here as it was given.
    pub(crate) fn given_policy(&self, seat: Seat) -> Option<&Arc<Policy>> {
        match &self.record(seat)?.part {
            Part::Policy(policy) => Some(policy),
            _ => None,
        }
    }

    /// The policy here, in doubt if its tier is.
    pub(crate) fn policy(&self, seat: Seat) -> Option<Arc<Policy>> {
        let policy = self.given_policy(seat)?;
        match self.doubt_of_tier(&policy.tier).filter(|_| policy.doubt.is_none()) {
            Some(doubt) => {
                let policy = Policy { doubt: Some(doubt.clone()), ..Policy::clone(policy) };
                Some(Arc::new(policy))
            }
            None => Some(Arc::clone(policy)),
        }
    }

    /// The policy here, unless it is itself in doubt: without a tier that is in doubt it stands in one
    /// that nobody defines.
    pub(crate) fn sure_policy(&self, seat: Seat) -> Option<Arc<Policy>> {
        self.given_policy(seat).filter(|policy| policy.doubt.is_none()).cloned()
    }

    /// What is to be said of a policy whose tier is not there.
    pub(crate) fn tier_missing(&self, seat: Seat) -> Option<Diagnostic> {
        let policy = self.given_policy(seat)?;
        let is_there = self.tiers.iter().any(|tier| tier.name == policy.tier);
        if is_there || policy.tier == UNREADABLE_TIER {
            return None;
        }
        let message = format!(
            "the tier `{}` is not defined: the policy is asked after all others, and what it selects is denied at its end",
            policy.tier
        );
        let place = Place::At(policy.origin.field("spec").field("tier"));
        Some(Diagnostic::new(codes::TIER_MISSING, Severity::Warning, place, message))
    }
}

// === RBAC ===

impl Snapshot {
    /// Roles and bindings, put together from nothing.
    pub(crate) fn rules(&self) -> Rules {
        let mut builder = RulesBuilder::new();
        if self.settings.bootstrap {
            builder = builder.with_bootstrap();
        }
        for seat in self.register.listed(List::Roles).iter() {
            if let Some(Part::Role(role)) = self.record(seat).map(|r| &r.part) {
                builder.role(portcullis_rbac::Role::clone(role));
            }
        }
        for seat in self.register.listed(List::Bindings).iter() {
            if let Some(Part::Binding(binding)) = self.record(seat).map(|r| &r.part) {
                builder.binding(portcullis_rbac::Binding::clone(binding));
            }
        }
        if self.settings.aggregation == Aggregation::Resolve {
            builder = builder.aggregated();
        }
        builder.build()
    }
}
