//! The joint: what the server asks of every kind.

use portcullis_core::Timestamp;
use serde_json::{Map, Value};

use crate::config_map::CONFIG_MAP;
use crate::namespace::NAMESPACE;
use crate::network_policy::NETWORK_POLICY;
use crate::pod::{POD, POD_TEMPLATE};
use crate::secret::SECRET;
use crate::service::SERVICE;
use crate::service_account::SERVICE_ACCOUNT;
use crate::workload::{
    CRON_JOB, DAEMON_SET, DEPLOYMENT, DEPLOYMENT_V1BETA1, JOB, REPLICA_SET, REPLICATION_CONTROLLER,
    STATEFUL_SET,
};
use crate::{
    FieldError, admission_policy, autoscaling, certificate, disruption, endpoints, event,
    extension, flow_control, ingress, lease, metadata, name, node, quota, rbac, rows, scheduling,
    storage, webhook,
};

/// An object as JSON, its fields in the order of the API.
pub type Object = Map<String, Value>;

/// A column of a Table: name, type, format, priority.
pub type Columns = &'static [(&'static str, &'static str, &'static str, u8)];

/// When something is written, and by whom.
#[derive(Clone, Copy, Debug)]
pub struct Occasion<'a> {
    /// The moment of the write.
    pub now: Timestamp,
    /// The requester's name.
    pub user: &'a str,
    /// The requester's uid; empty where there is none.
    pub uid: &'a str,
    /// The requester's groups.
    pub groups: &'a [String],
    /// What else is known of the requester: lists of text by key.
    pub extra: &'a Object,
}

/// What the server does with objects of one kind. The defaults are those of a kind that nothing more is
/// known about: accepted as it is, shown by name and age.
///
/// A subresource that is written like an object (`status`, `approval`, `finalize`) is a kind of its own:
/// [`Kind::subresource`].
pub trait Kind: Sync {
    /// Fills in what the client left out. Called on everything that is decoded, patches included, before
    /// [`Kind::prepare_create`] or [`Kind::prepare_update`].
    fn default(&self, _object: &mut Object) {}

    /// The group and version that objects of this version are stored and judged in, where it is another.
    fn stored_as(&self, _version: &str) -> Option<(&'static str, &'static str)> {
        None
    }

    /// Turns an object of this version, filled in, into the one form in which all versions and groups of
    /// the kind are stored and judged; most have but one.
    fn to_stored(&self, _version: &str, _object: &mut Object) {}

    /// The way back, before an answer in this version.
    fn to_version(&self, _version: &str, _object: &mut Object) {}

    /// Takes away or sets what a client has no say in when it creates, as `status`.
    fn prepare_create(&self, _object: &mut Object) {}

    /// The same for an update; also raises `metadata.generation` where the kind has one and it changed.
    fn prepare_update(&self, _object: &mut Object, _old: &Object) {}

    /// Sets what only the occasion knows: when it happens, and who asks. Called after
    /// [`Kind::prepare_create`] or [`Kind::prepare_update`]; `old` is what is being changed.
    fn stamp(&self, _object: &mut Object, _old: Option<&Object>, _on: &Occasion<'_>) {}

    /// Everything that is wrong with a new object beside its metadata, in the order of the API.
    fn validate(&self, _object: &Object) -> Vec<FieldError> {
        Vec::new()
    }

    /// Everything that the kind's own rule finds wrong with the change from `old`. Unlike
    /// [`Kind::validate`] it speaks of the metadata too, as kinds differ in how often and where they do;
    /// [`update_faults`](crate::update_faults) adds what holds for every kind.
    fn validate_update(&self, object: &Object, old: &Object) -> Vec<FieldError> {
        let mut faults = Vec::new();
        metadata::change_faults(self, object, old, &mut faults);
        faults.append(&mut self.validate(object));
        faults
    }

    /// Whether a finalizer without a domain must be one that the API knows. It must for the kinds of
    /// kube-apiserver itself, and need not for those of the rooms beside it (registration, extensions).
    fn standard_finalizers(&self) -> bool {
        true
    }

    /// The warnings that preparing a new object gives, and so stand even when it is then refused. What is
    /// accepted has them among [`Kind::warnings`].
    fn early_warnings(&self, _object: &Object) -> Vec<String> {
        Vec::new()
    }

    /// What is accepted but not wise; each becomes a `Warning` header.
    fn warnings(&self, _object: &Object, _old: Option<&Object>) -> Vec<String> {
        Vec::new()
    }

    /// What a field selector's label stands for, or `None` where the kind has no such label.
    /// `metadata.name` and `metadata.namespace` are everybody's and not asked here.
    fn selectable(&self, _object: &Object, _label: &str) -> Option<String> {
        None
    }

    /// The cells of a row of a Table, in the order of the kind's columns; `None` where the kind has
    /// only the name, and the age or the time of its creation.
    fn cells(&self, _object: &Object, _now: Timestamp) -> Option<Vec<Value>> {
        None
    }

    /// Whether a PUT of what is not there creates it.
    fn creates_on_update(&self) -> bool {
        false
    }

    /// Whether an update may leave out the resourceVersion.
    fn updates_unconditionally(&self) -> bool {
        true
    }

    /// Whether what an object owns stays when it is deleted and nobody says what is to become of it, as it
    /// did before there was garbage collection.
    fn orphans(&self) -> bool {
        false
    }

    /// What is wrong with a name, in the words of the API; nothing where it is fine. The rule of most
    /// kinds is that of a DNS subdomain.
    fn name_faults(&self, name: &str) -> Vec<String> {
        name::subdomain_faults(name)
    }

    /// How a subresource that is written like the object behaves.
    fn subresource(&self, _name: &str) -> Option<&'static dyn Kind> {
        None
    }
}

/// The group of what admission is configured by.
const ADMISSION: &str = "admissionregistration.k8s.io";

/// The group of fairness among requests.
const FLOW_CONTROL: &str = "flowcontrol.apiserver.k8s.io";

/// How the objects of a resource behave. Resources that nothing more is known about have the defaults of
/// [`Kind`].
pub fn kind(group: &str, resource: &str) -> &'static dyn Kind {
    match (group, resource) {
        ("", "componentstatuses") => &rows::COMPONENT,
        ("", "configmaps") => &CONFIG_MAP,
        ("", "endpoints") => &endpoints::ENDPOINTS,
        ("", "limitranges") => &quota::LIMIT_RANGE,
        ("", "resourcequotas") => &quota::QUOTA,
        ("", "events") => &event::CORE_EVENT,
        ("", "namespaces") => &NAMESPACE,
        ("", "secrets") => &SECRET,
        ("", "serviceaccounts") => &SERVICE_ACCOUNT,
        (ADMISSION, "validatingwebhookconfigurations") => &webhook::VALIDATING,
        (ADMISSION, "mutatingwebhookconfigurations") => &webhook::MUTATING,
        (ADMISSION, "validatingadmissionpolicies") => &admission_policy::POLICY,
        (ADMISSION, "validatingadmissionpolicybindings") => &admission_policy::BINDING,
        ("apiextensions.k8s.io", "customresourcedefinitions") => &extension::DEFINITION,
        ("apiregistration.k8s.io", "apiservices") => &extension::API_SERVICE,
        ("apps", "controllerrevisions") => &rows::REVISION,
        ("autoscaling", "horizontalpodautoscalers") => &autoscaling::AUTOSCALER,
        ("certificates.k8s.io", "certificatesigningrequests") => &certificate::REQUEST,
        ("coordination.k8s.io", "leases") => &lease::LEASE,
        ("discovery.k8s.io", "endpointslices") => &endpoints::ENDPOINT_SLICE,
        ("events.k8s.io", "events") => &event::EVENT,
        (FLOW_CONTROL, "flowschemas") => &flow_control::FLOW_SCHEMA,
        (FLOW_CONTROL, "prioritylevelconfigurations") => &flow_control::PRIORITY_LEVEL,
        ("extensions", "deployments") => &DEPLOYMENT_V1BETA1,
        ("networking.k8s.io", "ingresses") => &ingress::INGRESS,
        ("networking.k8s.io", "ingressclasses") => &ingress::INGRESS_CLASS,
        ("networking.k8s.io", "ipaddresses") => &rows::IP_ADDRESS,
        ("networking.k8s.io", "servicecidrs") => &rows::SERVICE_CIDR,
        ("networking.k8s.io", "networkpolicies") => &NETWORK_POLICY,
        ("node.k8s.io", "runtimeclasses") => &scheduling::RUNTIME_CLASS,
        ("policy", "poddisruptionbudgets") => &disruption::BUDGET,
        ("rbac.authorization.k8s.io", "roles") => &rbac::ROLE,
        ("rbac.authorization.k8s.io", "clusterroles") => &rbac::CLUSTER_ROLE,
        ("rbac.authorization.k8s.io", "rolebindings") => &rbac::ROLE_BINDING,
        ("rbac.authorization.k8s.io", "clusterrolebindings") => &rbac::CLUSTER_ROLE_BINDING,
        ("resource.k8s.io", "resourceclaims") => &rows::RESOURCE_CLAIM,
        ("resource.k8s.io", "resourceslices") => &rows::RESOURCE_SLICE,
        ("scheduling.k8s.io", "priorityclasses") => &scheduling::PRIORITY_CLASS,
        ("", "nodes") => &node::NODE,
        ("", "persistentvolumeclaims") => &storage::CLAIM,
        ("", "persistentvolumes") => &storage::VOLUME,
        ("", "pods") => &POD,
        ("", "podtemplates") => &POD_TEMPLATE,
        ("", "replicationcontrollers") => &REPLICATION_CONTROLLER,
        ("", "services") => &SERVICE,
        ("apps", "daemonsets") => &DAEMON_SET,
        ("apps", "deployments") => &DEPLOYMENT,
        ("apps", "replicasets") => &REPLICA_SET,
        ("apps", "statefulsets") => &STATEFUL_SET,
        ("batch", "cronjobs") => &CRON_JOB,
        ("batch", "jobs") => &JOB,
        ("storage.k8s.io", "csidrivers") => &storage::DRIVER,
        ("storage.k8s.io", "csinodes") => &storage::NODE_DRIVERS,
        ("storage.k8s.io", "storageclasses") => &storage::CLASS,
        ("storage.k8s.io", "volumeattachments") => &storage::ATTACHMENT,
        _ => &Generic,
    }
}

/// A kind that nothing more is known about.
struct Generic;

impl Kind for Generic {}
