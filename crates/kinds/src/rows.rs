//! Kinds that have rows of their own in tables and few rules beside: numbers of the network, revisions,
//! components, devices.

use portcullis_core::Timestamp;
use serde_json::{Value, json};

use crate::ip::{Cidr, ip_faults};
use crate::path::Path;
use crate::value::{copy, integer, list, maps, section, text, texts};
use crate::{FieldError, Kind, Object, age, label, metadata, name};

pub(crate) static IP_ADDRESS: IpAddress = IpAddress;
pub(crate) static SERVICE_CIDR: ServiceCidr = ServiceCidr::Whole;
static SERVICE_CIDR_STATUS: ServiceCidr = ServiceCidr::Status;
pub(crate) static REVISION: Revision = Revision;
pub(crate) static COMPONENT: Component = Component;
pub(crate) static RESOURCE_CLAIM: ResourceClaim = ResourceClaim::Whole;
static RESOURCE_CLAIM_STATUS: ResourceClaim = ResourceClaim::Status;
pub(crate) static RESOURCE_SLICE: ResourceSlice = ResourceSlice;

const SPEC: Path<'static> = Path::root("spec");

/// `networking.k8s.io/v1/IPAddress`.
pub(crate) struct IpAddress;

/// `networking.k8s.io/v1/ServiceCIDR`, whole or its status.
pub(crate) enum ServiceCidr {
    Whole,
    Status,
}

/// `apps/v1/ControllerRevision`.
pub(crate) struct Revision;

/// `v1/ComponentStatus`.
pub(crate) struct Component;

/// `resource.k8s.io/v1/ResourceClaim`, whole or its status.
pub(crate) enum ResourceClaim {
    Whole,
    Status,
}

/// `resource.k8s.io/v1/ResourceSlice`.
pub(crate) struct ResourceSlice;

impl Kind for IpAddress {
    fn validate(&self, object: &Object) -> Vec<FieldError> {
        let mut faults = Vec::new();
        let parent = section(section(object, "spec"), "parentRef");
        let path = SPEC.field("parentRef");
        if parent.is_empty() {
            faults.push(FieldError::required(path, ""));
            return faults;
        }
        for field in ["resource", "name"] {
            if text(parent, field).is_empty() {
                faults.push(FieldError::required(path.field(field), ""));
            }
        }
        faults
    }

    fn validate_update(&self, object: &Object, old: &Object) -> Vec<FieldError> {
        let mut faults = Vec::new();
        metadata::change_faults(self, object, old, &mut faults);
        let parent = |object| section(section(object, "spec"), "parentRef");
        if parent(object) != parent(old) {
            let shown = Value::Object(parent(object).clone());
            let detail = "field is immutable";
            faults.push(FieldError::invalid(SPEC.field("parentRef"), shown, detail));
        }
        faults
    }

    fn cells(&self, object: &Object, _now: Timestamp) -> Option<Vec<Value>> {
        let parent = section(section(object, "spec"), "parentRef");
        let group = text(parent, "group");
        let resource = text(parent, "resource");
        let kind =
            if group.is_empty() { resource.to_owned() } else { format!("{resource}.{group}") };
        let place = match text(parent, "namespace") {
            "" => text(parent, "name").to_owned(),
            namespace => format!("{namespace}/{}", text(parent, "name")),
        };
        Some(vec![name::of(object).into(), format!("{kind}/{place}").into()])
    }

    fn name_faults(&self, name: &str) -> Vec<String> {
        let mut faults = Vec::new();
        ip_faults(name, Path::root("name"), &mut faults);
        if !faults.is_empty()
            || name.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.to_string() == name)
        {
            return faults.into_iter().map(|fault| fault.detail).collect();
        }
        vec!["must be an IP address in canonical form".to_owned()]
    }
}

impl Kind for ServiceCidr {
    fn prepare_create(&self, object: &mut Object) {
        object.insert("status".to_owned(), json!({}));
    }

    fn prepare_update(&self, object: &mut Object, old: &Object) {
        match self {
            Self::Whole => copy(object, old, "status"),
            Self::Status => copy(object, old, "spec"),
        }
    }

    fn validate(&self, object: &Object) -> Vec<FieldError> {
        let mut faults = Vec::new();
        let path = SPEC.field("cidrs");
        let spec = section(object, "spec");
        let count = list(spec, "cidrs").len();
        if count == 0 {
            faults.push(FieldError::required(path, "at least one CIDR required"));
        } else if count > 2 {
            let given = list(spec, "cidrs").to_vec();
            let detail = "may only hold up to 2 values";
            faults.push(FieldError::invalid(path, given, detail));
        }
        let mut families: Vec<bool> = Vec::new();
        for (i, given) in texts(spec, "cidrs").enumerate() {
            crate::ip::cidr_faults(given, path.index(i), &mut faults);
            families.extend(Cidr::parse(given).map(|cidr| cidr.address.is_ipv4()));
        }
        if let [first, second] = families.as_slice()
            && first == second
        {
            let given = list(spec, "cidrs").to_vec();
            let detail = "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and \
                          2001:db8::/64";
            faults.push(FieldError::invalid(path, given, detail));
        }
        faults
    }

    fn cells(&self, object: &Object, now: Timestamp) -> Option<Vec<Value>> {
        let cidrs: Vec<&str> = texts(section(object, "spec"), "cidrs").collect();
        Some(vec![name::of(object).into(), cidrs.join(",").into(), age::of(object, now).into()])
    }

    fn subresource(&self, name: &str) -> Option<&'static dyn Kind> {
        (name == "status").then_some(&SERVICE_CIDR_STATUS as &dyn Kind)
    }
}

impl Kind for Revision {
    fn validate(&self, object: &Object) -> Vec<FieldError> {
        match integer(object, "revision") {
            Some(revision) if revision < 0 => {
                let detail = "must be greater than or equal to 0";
                vec![FieldError::invalid("revision", revision, detail)]
            }
            _ => Vec::new(),
        }
    }

    fn cells(&self, object: &Object, now: Timestamp) -> Option<Vec<Value>> {
        let owner = maps(section(object, "metadata"), "ownerReferences")
            .find(|(_, owner)| owner.get("controller") == Some(&Value::Bool(true)));
        let controller = owner.map_or(label::NONE.to_owned(), |(_, owner)| {
            let kind = text(owner, "kind").to_lowercase();
            let (group, _) = text(owner, "apiVersion").split_once('/').unwrap_or_default();
            match group {
                "" => format!("{kind}/{}", text(owner, "name")),
                group => format!("{kind}.{group}/{}", text(owner, "name")),
            }
        });
        let revision = integer(object, "revision").unwrap_or_default();
        Some(vec![
            name::of(object).into(),
            controller.into(),
            revision.into(),
            age::of(object, now).into(),
        ])
    }
}

impl Kind for Component {
    fn cells(&self, object: &Object, _now: Timestamp) -> Option<Vec<Value>> {
        let healthy = maps(object, "conditions")
            .map(|(_, condition)| condition)
            .find(|condition| text(condition, "type") == "Healthy");
        let (status, message, error) = healthy.map_or(("Unknown", "", ""), |condition| {
            let healthy = text(condition, "status") == "True";
            let status = if healthy { "Healthy" } else { "Unhealthy" };
            (status, text(condition, "message"), text(condition, "error"))
        });
        Some(vec![name::of(object).into(), status.into(), message.into(), error.into()])
    }
}

impl Kind for ResourceClaim {
    fn prepare_create(&self, object: &mut Object) {
        object.insert("status".to_owned(), json!({}));
    }

    fn prepare_update(&self, object: &mut Object, old: &Object) {
        match self {
            Self::Whole => copy(object, old, "status"),
            Self::Status => copy(object, old, "spec"),
        }
    }

    fn cells(&self, object: &Object, now: Timestamp) -> Option<Vec<Value>> {
        let status = section(object, "status");
        let mut states = Vec::new();
        if section(object, "metadata").contains_key("deletionTimestamp") {
            states.push("deleted");
        }
        if !status.contains_key("allocation") {
            if states.is_empty() {
                states.push("pending");
            }
        } else {
            states.push("allocated");
            if !list(status, "reservedFor").is_empty() {
                states.push("reserved");
            }
        }
        let state = states.join(",");
        Some(vec![name::of(object).into(), state.into(), age::of(object, now).into()])
    }

    fn subresource(&self, name: &str) -> Option<&'static dyn Kind> {
        (name == "status").then_some(&RESOURCE_CLAIM_STATUS as &dyn Kind)
    }
}

impl Kind for ResourceSlice {
    fn cells(&self, object: &Object, now: Timestamp) -> Option<Vec<Value>> {
        let spec = section(object, "spec");
        let node = match text(spec, "nodeName") {
            "" => "<unset>",
            node => node,
        };
        Some(vec![
            name::of(object).into(),
            node.into(),
            text(spec, "driver").into(),
            text(section(spec, "pool"), "name").into(),
            age::of(object, now).into(),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::joined;

    #[test]
    fn rows() {
        let now = Timestamp::from_seconds(0);
        let cases: [(&dyn Kind, Value, Value); 6] = [
            (
                &IP_ADDRESS,
                json!({"spec": {"parentRef": {"resource": "services", "namespace": "n", "name": "s"}}}),
                json!(["x", "services/n/s"]),
            ),
            (
                &SERVICE_CIDR,
                json!({"spec": {"cidrs": ["10.0.0.0/24", "fd00::/112"]}}),
                json!(["x", "10.0.0.0/24,fd00::/112", "<unknown>"]),
            ),
            (
                &REVISION,
                json!({"revision": 2, "metadata": {"ownerReferences": [{"apiVersion": "apps/v1",
                    "kind": "DaemonSet", "name": "d", "controller": true}]}}),
                json!(["x", "daemonset.apps/d", 2, "<unknown>"]),
            ),
            (
                &COMPONENT,
                json!({"conditions": [{"type": "Healthy", "status": "False", "message": "m", "error": "e"}]}),
                json!(["x", "Unhealthy", "m", "e"]),
            ),
            (
                &RESOURCE_CLAIM,
                json!({"status": {"allocation": {}, "reservedFor": [{}]}}),
                json!(["x", "allocated,reserved", "<unknown>"]),
            ),
            (
                &RESOURCE_SLICE,
                json!({"spec": {"driver": "d", "pool": {"name": "p"}}}),
                json!(["x", "<unset>", "d", "p", "<unknown>"]),
            ),
        ];
        for (kind, mut object, want) in cases {
            object["metadata"]["name"] = json!("x");
            let cells = kind.cells(object.as_object().unwrap(), now).map(Value::from);
            assert_eq!(cells, Some(want));
        }
    }

    #[test]
    fn ranges_are_of_each_family_once() {
        for (cidrs, want) in [
            (json!(["10.0.0.0/24", "fd00::/112"]), ""),
            (json!([]), "spec.cidrs: Required value: at least one CIDR required"),
            (
                json!(["10.0.0.0/24", "10.1.0.0/24"]),
                "spec.cidrs: Invalid value: [\"10.0.0.0/24\",\"10.1.0.0/24\"]: may specify no more than one IP \
                 for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64",
            ),
        ] {
            let object = json!({"spec": {"cidrs": cidrs}});
            let faults = SERVICE_CIDR.validate(object.as_object().unwrap());
            assert_eq!(if faults.is_empty() { String::new() } else { joined(&faults) }, want);
        }
        assert_eq!(IP_ADDRESS.name_faults("10.0.0.1"), [""; 0]);
        assert_eq!(
            IP_ADDRESS.name_faults("2001:DB8::1"),
            ["must be an IP address in canonical form"]
        );
    }
}
