//! Whose answers a change may change.

use std::net::IpAddr;
use std::sync::Arc;

use portcullis_core::{Family, Ranges, net};
use smol_str::SmolStr;

use crate::compiled::Compiled;
use crate::flow::{Flow, Party};
use crate::model::{
    Endpoint, EndpointId, EndpointKind, Member, NetworkSet, Policy, ServiceEndpoints, Tier,
};

/// Whose answers a change may change: a flow that is not [concerned](Touched::concerns) is judged
/// after it as before, by the same policy and rule.
///
/// It describes rather than lists, so that a policy on every pod costs no more to say than one on a
/// single pod.
#[derive(Clone, Debug, Default)]
pub struct Touched {
    everything: bool,
    hosts: bool,
    endpoints: Vec<EndpointId>,
    /// Whom these select is asked about other policies.
    policies: Vec<Arc<Policy>>,
    /// Who has these profiles is asked about other rules.
    profiles: Vec<SmolStr>,
    /// Addresses that mean something else to rules.
    v4: Vec<(u128, u128)>,
    v6: Vec<(u128, u128)>,
}

// === Asking it ===

impl Touched {
    /// Whether nothing changes.
    pub fn is_nothing(&self) -> bool {
        !self.everything
            && !self.hosts
            && self.endpoints.is_empty()
            && self.policies.is_empty()
            && self.profiles.is_empty()
            && self.v4.is_empty()
            && self.v6.is_empty()
    }

    /// Whether the answers about an endpoint may change, whatever is at the other end. `compiled` is
    /// the one before the change or the one after it: an endpoint that differs is concerned in both.
    pub fn concerns_endpoint(&self, compiled: &Compiled, id: EndpointId) -> bool {
        if self.everything || self.endpoints.contains(&id) {
            return true;
        }
        let Some(endpoint) = compiled.find_endpoint(id) else { return false };
        self.hosts && endpoint.kind == EndpointKind::Host
            || self.policies.iter().any(|policy| policy.subject.matches(&endpoint.labels))
            || self.profiles.iter().any(|name| endpoint.profiles.contains(name))
            || endpoint.addresses.iter().any(|address| self.has_address(*address))
    }

    /// Whether a flow's answer may change. `compiled` is the one before the change or the one after
    /// it.
    pub fn concerns(&self, compiled: &Compiled, flow: &Flow) -> bool {
        let concerns = |party: &Party| {
            party.endpoint.is_some_and(|id| self.concerns_endpoint(compiled, id))
                || !party.addresses.and(&self.addresses(flow.family)).is_empty()
        };
        self.everything || concerns(&flow.from) || concerns(&flow.to)
    }

    /// The endpoints that are not what they were.
    pub fn endpoints(&self) -> &[EndpointId] {
        &self.endpoints
    }

    fn has_address(&self, address: IpAddr) -> bool {
        let number = net::number(address);
        let spans = match Family::of(address) {
            Family::V4 => &self.v4,
            Family::V6 => &self.v6,
        };
        spans.iter().any(|(first, last)| (*first..=*last).contains(&number))
    }

    fn addresses(&self, family: Family) -> Ranges {
        Ranges::of(match family {
            Family::V4 => self.v4.iter().copied(),
            Family::V6 => self.v6.iter().copied(),
        })
    }
}

// === Saying it ===

impl Touched {
    /// This and what the other one says.
    pub fn and(mut self, other: Self) -> Self {
        self.everything |= other.everything;
        self.hosts |= other.hosts;
        self.endpoints.extend(other.endpoints);
        self.policies.extend(other.policies);
        self.profiles.extend(other.profiles);
        self.v4.extend(other.v4);
        self.v6.extend(other.v6);
        self
    }

    pub(crate) fn everything(&mut self) {
        self.everything = true;
    }

    pub(crate) fn hosts(&mut self) {
        self.hosts = true;
    }

    pub(crate) fn profile(&mut self, name: &SmolStr) {
        self.profiles.push(name.clone());
    }

    pub(crate) fn policy(&mut self, policy: &Arc<Policy>) {
        self.policies.push(Arc::clone(policy));
    }

    pub(crate) fn endpoint(
        &mut self,
        id: EndpointId,
        old: Option<&Endpoint>,
        new: Option<&Endpoint>,
    ) {
        self.endpoints.push(id);
        for address in old.into_iter().chain(new).flat_map(|e| &e.addresses) {
            self.address(*address);
        }
    }

    fn address(&mut self, address: IpAddr) {
        let number = net::number(address);
        self.spans(Family::of(address)).push((number, number));
    }

    fn spans(&mut self, family: Family) -> &mut Vec<(u128, u128)> {
        match family {
            Family::V4 => &mut self.v4,
            Family::V6 => &mut self.v6,
        }
    }

    pub(crate) fn sets(&mut self, old: Option<&NetworkSet>, new: Option<&NetworkSet>) {
        for set in old.into_iter().chain(new) {
            // A doubtful set may hold any address, and a name may resolve to any.
            if set.doubt.is_some() || !set.domains.is_empty() {
                self.everything = true;
            }
            for family in [Family::V4, Family::V6] {
                self.spans(family).extend_from_slice(set.nets.of(family).spans());
            }
        }
    }

    pub(crate) fn service(&mut self, compiled: &Compiled, service: &ServiceEndpoints) {
        for (member, _) in &service.members {
            match member {
                Member::Address(address) => self.address(*address),
                Member::Endpoint(id) => {
                    let endpoint = compiled.find_endpoint(*id);
                    self.endpoint(*id, endpoint, None);
                }
            }
        }
    }

    /// Tiers in another order, or that end otherwise: whom their policies select is concerned.
    pub(crate) fn tiers(&mut self, after: &Compiled, before: &[Arc<Tier>]) {
        let said = |tier: &Tier| {
            let order = tier.order.0.map(f64::to_bits);
            (tier.defined, order, tier.default_action, tier.doubt.clone())
        };
        let now = |name: &SmolStr| after.tiers().map(|(_, t)| t).find(|t| t.name == *name);
        let was = |name: &SmolStr| before.iter().find(|t| t.name == *name);
        let gone = before.iter().filter(|t| now(&t.name).map(said) != Some(said(t)));
        let come = after.tiers().map(|(_, t)| t);
        let come = come.filter(|t| was(&t.name).map(|t| said(t)) != Some(said(t)));
        let policies = gone.flat_map(|t| &t.policies).chain(come.flat_map(|t| &t.policies));
        self.policies.extend(policies.filter_map(|id| after.shared_policy(*id)).cloned());
    }
}
