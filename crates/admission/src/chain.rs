//! The chain: every plugin in its place.

use crate::plugins::{
    certificate, claim_resize, default_ingress_class, default_storage_class, default_tolerations,
    in_use, limit_ranger, namespace_lifecycle, node_restriction, pod_security, pod_topology,
    priority, runtime_class, service_account, taint_nodes,
};
use crate::review::{Facts, Review};
use crate::{Object, Refusal};

/// The plugins in the order of the original. What judges by policies and webhooks of the user comes behind
/// these, and quotas last of all.
const PLUGINS: [&dyn Plugin; 17] = [
    &namespace_lifecycle::NamespaceLifecycle,
    &limit_ranger::LimitRanger,
    &service_account::ServiceAccount,
    &node_restriction::NodeRestriction,
    &taint_nodes::TaintNodesByCondition,
    &pod_security::PodSecurityLabels,
    &priority::Priority,
    &default_tolerations::DefaultTolerationSeconds,
    &default_storage_class::DefaultStorageClass,
    &in_use::StorageObjectInUseProtection,
    &claim_resize::PersistentVolumeClaimResize,
    &runtime_class::RuntimeClass,
    &certificate::CertificateApproval,
    &certificate::CertificateSigning,
    &certificate::CertificateSubjectRestriction,
    &default_ingress_class::DefaultIngressClass,
    &pod_topology::PodTopologyLabels,
];

/// One turn of a plugin: the question, what was there before, and whom to ask about the world.
pub(crate) struct Turn<'a> {
    pub review: &'a Review,
    /// The object as it is stored; none where it is new, and none in the first half of a deletion.
    pub old: Option<&'a Object>,
    pub facts: &'a dyn Facts,
}

/// A plugin of the chain. Each looks at [`Turn::review`] first: most are about one resource.
pub(crate) trait Plugin: Sync {
    /// Its turn in the first half: it may change the object, or refuse it before anybody else looks at it.
    fn change(&self, _turn: &Turn<'_>, _object: &mut Object) -> Result<(), Refusal> {
        Ok(())
    }

    /// Its turn in the second half: it judges the object as it would be stored.
    fn judge(&self, _turn: &Turn<'_>, _object: &Object) -> Result<(), Refusal> {
        Ok(())
    }
}

/// A chain between its halves. To get it out of there, the object has to be judged.
#[derive(Debug)]
#[must_use = "an object is admitted by the second half only"]
pub struct Chain {
    review: Review,
}

/// The proof that the whole chain let something pass.
///
/// Only [`Chain::resume`] makes it, and who stores something asks for it.
#[derive(Debug)]
pub struct Passed(());

impl Chain {
    /// The first half: every plugin may change the object. What comes back is to be held to the rules of
    /// its kind, and the chain to be resumed with it.
    ///
    /// What is deleted is only known by its name yet: its `object` is empty and there is no `old`, so that
    /// an immortal object is refused before anybody is told whether it is there.
    ///
    /// # Errors
    /// The refusal of the first plugin that refuses it.
    pub fn start(
        review: Review,
        mut object: Object,
        old: Option<&Object>,
        facts: &dyn Facts,
    ) -> Result<(Object, Self), Refusal> {
        let turn = Turn { review: &review, old, facts };
        for plugin in PLUGINS {
            plugin.change(&turn, &mut object)?;
        }
        Ok((object, Self { review }))
    }

    /// The second half: every plugin may refuse the object as it would be stored; of a deletion, as it is
    /// stored, which `old` is too.
    ///
    /// # Errors
    /// The refusal of the first plugin that refuses it.
    pub fn resume(
        self,
        object: &Object,
        old: Option<&Object>,
        facts: &dyn Facts,
    ) -> Result<Passed, Refusal> {
        let turn = Turn { review: &self.review, old, facts };
        for plugin in PLUGINS {
            plugin.judge(&turn, object)?;
        }
        Ok(Passed(()))
    }
}
