//! Endpoints and EndpointSlices: where the pods of a service are.

use std::net::{IpAddr, Ipv6Addr};

use portcullis_core::Timestamp;
use serde_json::Value;

use crate::ip::{ip_faults, parse_ip};
use crate::path::Path;
use crate::value::{default_text, integer, is_set, list, maps, maps_mut, same, text, texts};
use crate::{FieldError, Kind, Object, age, generation, label, metadata, name};

pub(crate) static ENDPOINTS: Endpoints = Endpoints;
pub(crate) static ENDPOINT_SLICE: EndpointSlice = EndpointSlice;

/// The most endpoints of a slice: what has more is cut into several.
const ENDPOINTS_MAX: usize = 1000;

/// The most addresses of an endpoint of a slice.
const ADDRESSES_MAX: usize = 100;

/// The most ports of a slice.
const PORTS_MAX: usize = 20_000;

/// How many of a list a cell shows.
const SHOWN: usize = 3;

const PROTOCOLS: [&str; 3] = ["SCTP", "TCP", "UDP"];

/// `v1/Endpoints`.
pub(crate) struct Endpoints;

/// `discovery.k8s.io/v1/EndpointSlice`.
pub(crate) struct EndpointSlice;

// === impl Endpoints ===

impl Kind for Endpoints {
    fn default(&self, object: &mut Object) {
        for subset in maps_mut(object, "subsets") {
            for port in maps_mut(subset, "ports") {
                default_text(port, "protocol", "TCP");
            }
        }
    }

    fn validate(&self, object: &Object) -> Vec<FieldError> {
        let mut faults = Vec::new();
        let path = Path::root("subsets");
        for (i, subset) in maps(object, "subsets") {
            subset_faults(subset, &path.index(i), &mut faults);
        }
        faults
    }

    fn validate_update(&self, object: &Object, old: &Object) -> Vec<FieldError> {
        let mut faults = Vec::new();
        metadata::change_faults(self, object, old, &mut faults);
        metadata::kind_faults(self, object, metadata::is_namespaced(object), &mut faults);
        faults.append(&mut self.validate(object));
        faults
    }

    fn cells(&self, object: &Object, now: Timestamp) -> Option<Vec<Value>> {
        let endpoints = if list(object, "subsets").is_empty() {
            label::NONE.to_owned()
        } else {
            shown(&addresses(object), "")
        };
        Some(vec![name::of(object).into(), endpoints.into(), age::of(object, now).into()])
    }

    fn creates_on_update(&self) -> bool {
        true
    }
}

fn subset_faults(subset: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    let lists = ["addresses", "notReadyAddresses"];
    if lists.iter().all(|field| list(subset, field).is_empty()) {
        let detail = "must specify `addresses` or `notReadyAddresses`";
        faults.push(FieldError::required(path, detail));
    }
    for field in lists {
        let path = path.field(field);
        for (i, address) in maps(subset, field) {
            let path = path.index(i);
            address_faults(text(address, "ip"), &path.field("ip"), faults);
            let host = text(address, "hostname");
            if !host.is_empty() {
                for fault in name::label_faults(host) {
                    faults.push(FieldError::invalid(path.field("hostname"), host, fault));
                }
            }
            if let Some(node) = address.get("nodeName").and_then(Value::as_str) {
                for fault in name::subdomain_faults(node) {
                    faults.push(FieldError::invalid(path.field("nodeName"), node, fault));
                }
            }
        }
    }
    let path = path.field("ports");
    let named = list(subset, "ports").len() > 1;
    for (i, port) in maps(subset, "ports") {
        let path = path.index(i);
        match text(port, "name") {
            "" if named => faults.push(FieldError::required(path.field("name"), "")),
            "" => {}
            given => {
                for fault in name::label_faults(given) {
                    faults.push(FieldError::invalid(path.field("name"), given, fault));
                }
            }
        }
        let number = integer(port, "port").unwrap_or_default();
        for fault in name::port_number_faults(number) {
            faults.push(FieldError::invalid(path.field("port"), number, fault));
        }
        protocol_faults(port, &path, faults);
    }
}

fn protocol_faults(port: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    match text(port, "protocol") {
        "" => faults.push(FieldError::required(path.field("protocol"), "")),
        given if !PROTOCOLS.contains(&given) => {
            faults.push(FieldError::unsupported(path.field("protocol"), given, &PROTOCOLS));
        }
        _ => {}
    }
    if let Some(given) = port.get("appProtocol").and_then(Value::as_str) {
        label::key_faults(given, &path.field("appProtocol"), faults);
    }
}

/// Appends what is wrong with the address of an endpoint: it must lead from one machine to another.
fn address_faults(given: &str, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    let Some(address) = parse_ip(given) else {
        return ip_faults(given, *path, faults);
    };
    let (unspecified, loopback) = (address.is_unspecified(), address.is_loopback());
    let (local, multicast) = match address {
        IpAddr::V4(a) => (a.is_link_local(), a.octets().starts_with(&[224, 0, 0])),
        IpAddr::V6(a) => {
            (is_link_local(a), a.segments().first().is_some_and(|s| s & 0xff0f == 0xff02))
        }
    };
    for (is, detail) in [
        (unspecified, "may not be unspecified (0.0.0.0 or ::)"),
        (loopback, "may not be in the loopback range (127.0.0.0/8, ::1/128)"),
        (local, "may not be in the link-local range (169.254.0.0/16, fe80::/10)"),
        (multicast, "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)"),
    ] {
        if is {
            faults.push(FieldError::invalid(path, given, detail));
        }
    }
}

fn is_link_local(address: Ipv6Addr) -> bool {
    address.segments().first().is_some_and(|first| first & 0xffc0 == 0xfe80)
}

/// Every address that is ready, with each port of its subset.
fn addresses(object: &Object) -> Vec<String> {
    let mut all = Vec::new();
    for (_, subset) in maps(object, "subsets") {
        let ips = || maps(subset, "addresses").map(|(_, address)| text(address, "ip"));
        if list(subset, "ports").is_empty() {
            all.extend(ips().map(ToOwned::to_owned));
        }
        for (_, port) in maps(subset, "ports") {
            let port = integer(port, "port").unwrap_or_default();
            all.extend(ips().map(|ip| match ip.contains(':') {
                true => format!("[{ip}]:{port}"),
                false => format!("{ip}:{port}"),
            }));
        }
    }
    all
}

/// The first few, and how many more there are.
fn shown(all: &[String], none: &str) -> String {
    match all.get(..SHOWN) {
        Some(first) if all.len() > SHOWN => {
            format!("{} + {} more...", first.join(","), all.len() - SHOWN)
        }
        _ if all.is_empty() => none.to_owned(),
        _ => all.join(","),
    }
}

// === impl EndpointSlice ===

impl Kind for EndpointSlice {
    fn default(&self, object: &mut Object) {
        for port in maps_mut(object, "ports") {
            default_text(port, "name", "");
            default_text(port, "protocol", "TCP");
        }
    }

    fn prepare_create(&self, object: &mut Object) {
        generation::first(object);
    }

    fn prepare_update(&self, object: &mut Object, old: &Object) {
        let labels = |object| crate::value::at(object, &["metadata", "labels"]);
        generation::next(object, old, &["addressType", "endpoints", "ports"]);
        if generation::of(object) == generation::of(old) && !same(labels(object), labels(old)) {
            generation::raise(object, old);
        }
    }

    fn validate(&self, object: &Object) -> Vec<FieldError> {
        let mut faults = Vec::new();
        let kind = text(object, "addressType");
        match kind {
            "" => faults.push(FieldError::required("addressType", "")),
            "FQDN" | "IPv4" | "IPv6" => {}
            other => {
                let taken = ["FQDN", "IPv4", "IPv6"];
                faults.push(FieldError::unsupported("addressType", other, &taken));
            }
        }
        let path = Path::root("endpoints");
        let count = list(object, "endpoints").len();
        if count > ENDPOINTS_MAX {
            faults.push(FieldError::too_many(path, count, ENDPOINTS_MAX));
            return faults;
        }
        for (i, endpoint) in maps(object, "endpoints") {
            endpoint_faults(endpoint, kind, &path.index(i), &mut faults);
        }
        slice_port_faults(object, &mut faults);
        faults
    }

    fn validate_update(&self, object: &Object, old: &Object) -> Vec<FieldError> {
        let mut faults = Vec::new();
        metadata::kind_faults(self, object, metadata::is_namespaced(object), &mut faults);
        faults.append(&mut self.validate(object));
        let kind = text(object, "addressType");
        if kind != text(old, "addressType") {
            faults.push(FieldError::invalid("addressType", kind, "field is immutable"));
        }
        faults
    }

    fn cells(&self, object: &Object, now: Timestamp) -> Option<Vec<Value>> {
        let ports: Vec<String> = maps(object, "ports")
            .map(|(_, port)| integer(port, "port").map_or("*".to_owned(), |port| port.to_string()))
            .collect();
        let addresses: Vec<String> = maps(object, "endpoints")
            .flat_map(|(_, endpoint)| texts(endpoint, "addresses"))
            .map(ToOwned::to_owned)
            .collect();
        Some(vec![
            name::of(object).into(),
            text(object, "addressType").into(),
            shown(&ports, "<unset>").into(),
            shown(&addresses, "<unset>").into(),
            age::of(object, now).into(),
        ])
    }
}

fn endpoint_faults(endpoint: &Object, kind: &str, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    let at = path.field("addresses");
    let count = list(endpoint, "addresses").len();
    if count == 0 {
        faults.push(FieldError::required(at, "must contain at least 1 address"));
    } else if count > ADDRESSES_MAX {
        faults.push(FieldError::too_many(at, count, ADDRESSES_MAX));
    }
    for (i, given) in texts(endpoint, "addresses").enumerate() {
        let address = parse_ip(given);
        match (kind, address) {
            ("IPv4" | "IPv6", None) => ip_faults(given, at.index(i), faults),
            ("IPv4", Some(IpAddr::V6(_))) => {
                faults.push(FieldError::invalid(at, given, "must be an IPv4 address"));
            }
            ("IPv6", Some(IpAddr::V4(_))) => {
                faults.push(FieldError::invalid(at, given, "must be an IPv6 address"));
            }
            ("IPv4" | "IPv6", Some(_)) => address_faults(given, &at.index(i), faults),
            ("FQDN", _) => domain_faults(given, at.index(i), faults),
            _ => {}
        }
    }
    if let Some(node) = endpoint.get("nodeName").and_then(Value::as_str) {
        for fault in name::subdomain_faults(node) {
            faults.push(FieldError::invalid(path.field("nodeName"), node, fault));
        }
    }
    if let Some(host) = endpoint.get("hostname").and_then(Value::as_str) {
        for fault in name::label_faults(host) {
            faults.push(FieldError::invalid(path.field("hostname"), host, fault));
        }
    }
}

fn domain_faults(given: &str, path: Path<'_>, faults: &mut Vec<FieldError>) {
    if given.is_empty() {
        faults.push(FieldError::required(path, ""));
        return;
    }
    let bare = given.strip_suffix('.').unwrap_or(given);
    let found = name::subdomain_faults(bare);
    if !found.is_empty() {
        faults.push(FieldError::invalid(path, bare, found.join(",")));
    } else if !bare.contains('.') {
        let detail = "should be a domain with at least two segments separated by dots";
        faults.push(FieldError::invalid(path, bare, detail));
    }
}

fn slice_port_faults(object: &Object, faults: &mut Vec<FieldError>) {
    let path = Path::root("ports");
    let count = list(object, "ports").len();
    if count > PORTS_MAX {
        faults.push(FieldError::too_many(path, count, PORTS_MAX));
        return;
    }
    let mut seen: Vec<&str> = Vec::new();
    for (i, port) in maps(object, "ports") {
        let path = path.index(i);
        let named = text(port, "name");
        if !named.is_empty() {
            for fault in name::label_faults(named) {
                faults.push(FieldError::invalid(path.field("name"), named, fault));
            }
        }
        if seen.contains(&named) {
            faults.push(FieldError::duplicate(path.field("name"), named));
        }
        seen.push(named);
        if is_set(port, "port") {
            let number = integer(port, "port").unwrap_or_default();
            for fault in name::port_number_faults(number) {
                faults.push(FieldError::invalid(path.field("port"), number, fault));
            }
        }
        protocol_faults(port, &path, faults);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::joined;

    #[track_caller]
    fn check(kind: &dyn Kind, object: Value, want: &str) {
        let mut object = object.as_object().unwrap().clone();
        kind.default(&mut object);
        let faults = kind.validate(&object);
        assert_eq!(if faults.is_empty() { String::new() } else { joined(&faults) }, want);
    }

    #[test]
    fn endpoints_lead_elsewhere() {
        check(
            &ENDPOINTS,
            json!({"subsets": [{"addresses": [{"ip": "1.2.3.4"}], "ports": [{"port": 80}]}]}),
            "",
        );
        check(
            &ENDPOINTS,
            json!({"subsets": [{}, {"addresses": [{"ip": "127.0.0.1"}, {"ip": "x"}],
                "ports": [{"port": 0, "name": "a"}, {"port": 1, "protocol": "X"}]}]}),
            "[subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`, \
             subsets[1].addresses[0].ip: Invalid value: \"127.0.0.1\": may not be in the loopback range \
             (127.0.0.0/8, ::1/128), subsets[1].addresses[1].ip: Invalid value: \"x\": must be a valid IP \
             address, (e.g. 10.9.8.7 or 2001:db8::ffff), subsets[1].ports[0].port: Invalid value: 0: must be \
             between 1 and 65535, inclusive, subsets[1].ports[1].name: Required value, \
             subsets[1].ports[1].protocol: Unsupported value: \"X\": supported values: \"SCTP\", \"TCP\", \
             \"UDP\"]",
        );
    }

    #[test]
    fn slices_are_of_one_family() {
        check(
            &ENDPOINT_SLICE,
            json!({"addressType": "IPv6", "endpoints": [{"addresses": ["2001:db8::1"]}]}),
            "",
        );
        check(
            &ENDPOINT_SLICE,
            json!({"addressType": "IPv6", "endpoints": [{"addresses": ["1.2.3.4"]}, {}],
                "ports": [{}, {"port": 0}]}),
            "[endpoints[0].addresses: Invalid value: \"1.2.3.4\": must be an IPv6 address, \
             endpoints[1].addresses: Required value: must contain at least 1 address, ports[1].name: \
             Duplicate value: \"\", ports[1].port: Invalid value: 0: must be between 1 and 65535, inclusive]",
        );
        check(&ENDPOINT_SLICE, json!({}), "addressType: Required value");
        check(
            &ENDPOINT_SLICE,
            json!({"addressType": "FQDN", "endpoints": [{"addresses": ["a.test.", "a"]}]}),
            "endpoints[0].addresses[1]: Invalid value: \"a\": should be a domain with at least two segments \
             separated by dots",
        );
    }

    #[test]
    fn rows_show_three() {
        let ips: Vec<Value> = (1..=4).map(|i| json!({"ip": format!("10.0.0.{i}")})).collect();
        let object = json!({"metadata": {"name": "e"}, "subsets": [{"addresses": ips, "ports": [{"port": 80}]}]});
        let cells = ENDPOINTS.cells(object.as_object().unwrap(), Timestamp::from_seconds(0));
        let want = json!(["e", "10.0.0.1:80,10.0.0.2:80,10.0.0.3:80 + 1 more...", "<unknown>"]);
        assert_eq!(cells.map(Value::from), Some(want));
        let object = json!({"metadata": {"name": "s"}, "addressType": "IPv4"});
        let cells = ENDPOINT_SLICE.cells(object.as_object().unwrap(), Timestamp::from_seconds(0));
        assert_eq!(
            cells.map(Value::from),
            Some(json!(["s", "IPv4", "<unset>", "<unset>", "<unknown>"]))
        );
    }
}
