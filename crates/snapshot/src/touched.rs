//! What a change of a snapshot may change for those who ask it.

use std::sync::Arc;

use portcullis_core::{Namespace, ObjectRef};
use portcullis_netpol::Flow;
use portcullis_rbac::Requester;

use crate::snapshot::{Snapshot, WorkloadId};

/// What a change may change. What it does not name is as before: the same answers, for the same
/// reasons. That a reason stands in another document now is no change.
#[derive(Clone, Debug, Default)]
pub struct Touched {
    pub(crate) network: portcullis_netpol::Touched,
    /// Of [`Snapshot::without_refused`].
    pub(crate) without_refused: portcullis_netpol::Touched,
    pub(crate) workloads: Vec<WorkloadId>,
    pub(crate) services: Vec<usize>,
    pub(crate) namespaces: Vec<Namespace>,
    pub(crate) appeared: Vec<Arc<ObjectRef>>,
    pub(crate) vanished: Vec<Arc<ObjectRef>>,
    pub(crate) rbac: bool,
    /// None where nothing less than everything can be said.
    pub(crate) grants: Option<portcullis_rbac::Touched>,
    pub(crate) remarks: bool,
}

impl Touched {
    /// Whether nothing changes.
    pub fn is_nothing(&self) -> bool {
        self.network.is_nothing()
            && self.without_refused.is_nothing()
            && self.workloads.is_empty()
            && self.services.is_empty()
            && self.namespaces.is_empty()
            && self.appeared.is_empty()
            && self.vanished.is_empty()
            && !self.rbac
            && !self.remarks
    }

    /// Whether what network policy says about a flow may change. `snapshot` is the one before the
    /// change or the one after it.
    pub fn concerns(&self, snapshot: &Snapshot, flow: &Flow) -> bool {
        self.network.concerns(snapshot.network(), flow)
            || self
                .without_refused
                .concerns(snapshot.without_refused().unwrap_or(snapshot.network()), flow)
    }

    /// What network policy says about whom.
    pub fn network(&self) -> &portcullis_netpol::Touched {
        &self.network
    }

    /// The workloads that came, went, or are not what they were: their labels, ports, account, node or
    /// state.
    pub fn workloads(&self) -> &[WorkloadId] {
        &self.workloads
    }

    /// The services, by their places, that came, went, or lead elsewhere.
    pub fn services(&self) -> &[usize] {
        &self.services
    }

    /// The namespaces that came, went, have other labels, or are given where they were only used.
    pub fn namespaces(&self) -> &[Namespace] {
        &self.namespaces
    }

    /// The objects that are there now and were not.
    pub fn appeared(&self) -> &[Arc<ObjectRef>] {
        &self.appeared
    }

    /// The objects that were there and are no more.
    pub fn vanished(&self) -> &[Arc<ObjectRef>] {
        &self.vanished
    }

    /// Whether any answer about roles and bindings may change, were it only what is told beside a
    /// refusal.
    pub fn rbac(&self) -> bool {
        self.rbac
    }

    /// Whether what a requester is allowed in a namespace (or, without one, in the cluster) may change,
    /// or by what. `snapshot` is the one before the change or the one after it.
    pub fn concerns_requester(
        &self,
        snapshot: &Snapshot,
        requester: &Requester,
        namespace: Option<&Namespace>,
    ) -> bool {
        let concerns = |grants: &portcullis_rbac::Touched| {
            grants.concerns(snapshot.rbac(), requester, namespace)
        };
        self.rbac && self.grants.as_ref().is_none_or(concerns)
    }

    /// Whether something else that is told with answers changed: what is refused, skipped, carried or
    /// in doubt, tiers, network sets, host endpoints and the options of their nodes, nodes, and the
    /// resources that are defined.
    pub fn remarks(&self) -> bool {
        self.remarks
    }
}
