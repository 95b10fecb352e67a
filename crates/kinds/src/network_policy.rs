//! NetworkPolicies (`networking.k8s.io/v1`).

use portcullis_core::Timestamp;
use serde_json::{Value, json};

use crate::ip::{Cidr, cidr_faults, cidr_warnings};
use crate::path::Path;
use crate::value::{default_text, default_value, list, map, map_mut, maps, maps_mut, text, texts};
use crate::{FieldError, Kind, Object, age, generation, label, metadata, name};

pub(crate) static NETWORK_POLICY: NetworkPolicy = NetworkPolicy;

/// `networking.k8s.io/v1/NetworkPolicy`.
pub(crate) struct NetworkPolicy;

/// Each direction: the field of its rules, and the field of their peers.
const DIRECTIONS: [(&str, &str); 2] = [("ingress", "from"), ("egress", "to")];

const SPEC: Path<'static> = Path::root("spec");

impl Kind for NetworkPolicy {
    fn default(&self, object: &mut Object) {
        let Some(spec) = map_mut(object, "spec") else {
            return default_value(
                object,
                "spec",
                json!({"podSelector": {}, "policyTypes": ["Ingress"]}),
            );
        };
        for (rules, _) in DIRECTIONS {
            for rule in maps_mut(spec, rules) {
                for port in maps_mut(rule, "ports") {
                    default_text(port, "protocol", "TCP");
                }
            }
        }
        // Without word of it a policy concerns what comes in, and what goes out if it has rules for that.
        if list(spec, "policyTypes").is_empty() {
            let out = !list(spec, "egress").is_empty();
            let types = if out { json!(["Ingress", "Egress"]) } else { json!(["Ingress"]) };
            spec.insert("policyTypes".to_owned(), types);
        }
    }

    fn prepare_create(&self, object: &mut Object) {
        generation::first(object);
    }

    fn prepare_update(&self, object: &mut Object, old: &Object) {
        generation::next(object, old, &["spec"]);
    }

    fn validate(&self, object: &Object) -> Vec<FieldError> {
        let mut faults = Vec::new();
        spec_faults(object, &[], &mut faults);
        faults
    }

    fn validate_update(&self, object: &Object, old: &Object) -> Vec<FieldError> {
        let mut faults = Vec::new();
        metadata::change_faults(self, object, old, &mut faults);
        // A network that the policy had may stay, whatever it is.
        let known: Vec<&str> = blocks(old)
            .flat_map(|(_, block)| [text(block, "cidr")].into_iter().chain(texts(block, "except")))
            .collect();
        spec_faults(object, &known, &mut faults);
        faults
    }

    fn warnings(&self, object: &Object, _old: Option<&Object>) -> Vec<String> {
        let mut warnings = Vec::new();
        for (place, block) in blocks(object) {
            let (rules, rule, peers, peer) = place;
            let path = SPEC.field(rules);
            let path = path.index(rule);
            let path = path.field(peers);
            let path = path.index(peer);
            let path = path.field("ipBlock");
            cidr_warnings(text(block, "cidr"), path.field("cidr"), &mut warnings);
            let path = path.field("except");
            for (i, except) in texts(block, "except").enumerate() {
                cidr_warnings(except, path.index(i), &mut warnings);
            }
        }
        warnings
    }

    fn cells(&self, object: &Object, now: Timestamp) -> Option<Vec<Value>> {
        let selector = map(object, "spec").and_then(|spec| map(spec, "podSelector"));
        Some(vec![
            name::of(object).into(),
            label::selector_text(selector).into(),
            age::of(object, now).into(),
        ])
    }
}

/// Every ipBlock with its place: direction, rule, field of peers, peer.
fn blocks(
    object: &Object,
) -> impl Iterator<Item = ((&'static str, usize, &'static str, usize), &Object)> {
    DIRECTIONS.into_iter().flat_map(move |(rules, peers)| {
        let spec = map(object, "spec");
        spec.into_iter().flat_map(move |spec| maps(spec, rules)).flat_map(move |(i, rule)| {
            maps(rule, peers)
                .filter_map(move |(j, peer)| Some(((rules, i, peers, j), map(peer, "ipBlock")?)))
        })
    })
}

fn spec_faults(object: &Object, known: &[&str], faults: &mut Vec<FieldError>) {
    let Some(spec) = map(object, "spec") else { return };
    if let Some(selector) = map(spec, "podSelector") {
        label::selector_faults(selector, &SPEC.field("podSelector"), faults);
    }
    for (rules, peers) in DIRECTIONS {
        let path = SPEC.field(rules);
        for (i, rule) in maps(spec, rules) {
            let path = path.index(i);
            let ports = path.field("ports");
            for (i, port) in maps(rule, "ports") {
                port_faults(port, &ports.index(i), faults);
            }
            let path = path.field(peers);
            for (i, peer) in maps(rule, peers) {
                peer_faults(peer, &path.index(i), known, faults);
            }
        }
    }
    let types = list(spec, "policyTypes");
    let path = SPEC.field("policyTypes");
    if types.len() > DIRECTIONS.len() {
        let detail = "may not specify more than two policyTypes";
        faults.push(FieldError::invalid(path, types.to_vec(), detail));
        return;
    }
    for (i, one) in texts(spec, "policyTypes").enumerate() {
        if !matches!(one, "Ingress" | "Egress") {
            faults.push(FieldError::unsupported(path.index(i), one, &["Ingress", "Egress"]));
        }
    }
}

fn port_faults(port: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    if let Some(protocol) = port.get("protocol").and_then(Value::as_str)
        && !matches!(protocol, "TCP" | "UDP" | "SCTP")
    {
        let taken = ["TCP", "UDP", "SCTP"];
        faults.push(FieldError::unsupported(path.field("protocol"), protocol, &taken));
    }
    let last = port.get("endPort").and_then(Value::as_i64);
    let mut last_fault = |detail: &str| {
        if let Some(last) = last {
            faults.push(FieldError::invalid(path.field("endPort"), last, detail));
        }
    };
    match port.get("port") {
        Some(Value::String(port_name)) => {
            last_fault("may not be specified when `port` is non-numeric");
            for fault in name::port_name_faults(port_name) {
                faults.push(FieldError::invalid(path.field("port"), port_name.as_str(), fault));
            }
        }
        Some(number) if number.is_i64() => {
            let first = number.as_i64().unwrap_or_default();
            for fault in name::port_number_faults(first) {
                faults.push(FieldError::invalid(path.field("port"), first, fault));
            }
            let Some(last) = last else { return };
            if last < first {
                // The text shows the port and not its end.
                let detail = "must be greater than or equal to `port`";
                faults.push(FieldError::invalid(path.field("endPort"), first, detail));
            }
            for fault in name::port_number_faults(last) {
                faults.push(FieldError::invalid(path.field("endPort"), last, fault));
            }
        }
        _ => last_fault("may not be specified when `port` is not specified"),
    }
}

fn peer_faults(peer: &Object, path: &Path<'_>, known: &[&str], faults: &mut Vec<FieldError>) {
    let mut kinds = 0;
    for field in ["podSelector", "namespaceSelector"] {
        if let Some(selector) = map(peer, field) {
            kinds += 1;
            label::selector_faults(selector, &path.field(field), faults);
        }
    }
    let block = map(peer, "ipBlock");
    if let Some(block) = block {
        kinds += 1;
        block_faults(block, &path.field("ipBlock"), known, faults);
    }
    if kinds == 0 {
        faults.push(FieldError::required(path, "must specify a peer"));
    } else if kinds > 1 && block.is_some() {
        let detail = "may not specify both ipBlock and another peer";
        faults.push(FieldError::forbidden(path, detail));
    }
}

fn block_faults(block: &Object, path: &Path<'_>, known: &[&str], faults: &mut Vec<FieldError>) {
    let cidr = text(block, "cidr");
    if cidr.is_empty() {
        faults.push(FieldError::required(path.field("cidr"), ""));
        return;
    }
    if !known.contains(&cidr) {
        cidr_faults(cidr, path.field("cidr"), faults);
    }
    let Some(cidr) = Cidr::parse(cidr) else { return };
    let path = path.field("except");
    for (i, except) in texts(block, "except").enumerate() {
        if !known.contains(&except) {
            cidr_faults(except, path.index(i), faults);
        }
        if Cidr::parse(except).is_some_and(|except| !cidr.is_wider_than(&except)) {
            let detail = "must be a strict subset of `cidr`";
            faults.push(FieldError::invalid(path.index(i), except, detail));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(spec: Value) -> Object {
        json!({"metadata": {"name": "p"}, "spec": spec}).as_object().unwrap().clone()
    }

    #[track_caller]
    fn check(given: Value, want: &[&str]) {
        let faults = NETWORK_POLICY.validate(&spec(given));
        assert_eq!(faults.iter().map(ToString::to_string).collect::<Vec<_>>(), want);
    }

    #[test]
    fn directions_and_protocols_are_filled_in() {
        for (given, want) in [
            (json!({"podSelector": {}}), json!({"podSelector": {}, "policyTypes": ["Ingress"]})),
            (
                json!({"egress": [{"ports": [{"port": 53}, {"protocol": "UDP"}]}]}),
                json!({"egress": [{"ports": [{"port": 53, "protocol": "TCP"}, {"protocol": "UDP"}]}],
                    "policyTypes": ["Ingress", "Egress"]}),
            ),
            (json!({"policyTypes": ["Egress"]}), json!({"policyTypes": ["Egress"]})),
        ] {
            let mut object = spec(given);
            NETWORK_POLICY.default(&mut object);
            assert_eq!(object.get("spec"), Some(&want));
        }
    }

    #[test]
    fn ports() {
        check(
            json!({"ingress": [{"ports": [{"port": 1, "endPort": 65535, "protocol": "TCP"}]}]}),
            &[],
        );
        check(
            json!({"egress": [{"ports": [
                {"port": 90, "endPort": 80}, {"endPort": 90}, {"port": "a", "endPort": 90},
                {"port": 0}, {"port": "Bad_Name"}, {"protocol": "ICMP"}]}]}),
            &[
                "spec.egress[0].ports[0].endPort: Invalid value: 90: must be greater than or equal to `port`",
                "spec.egress[0].ports[1].endPort: Invalid value: 90: may not be specified when `port` is not \
                 specified",
                "spec.egress[0].ports[2].endPort: Invalid value: 90: may not be specified when `port` is \
                 non-numeric",
                "spec.egress[0].ports[3].port: Invalid value: 0: must be between 1 and 65535, inclusive",
                "spec.egress[0].ports[4].port: Invalid value: \"Bad_Name\": must contain only alpha-numeric \
                 characters (a-z, 0-9), and hyphens (-)",
                "spec.egress[0].ports[5].protocol: Unsupported value: \"ICMP\": supported values: \"TCP\", \
                 \"UDP\", \"SCTP\"",
            ],
        );
    }

    #[test]
    fn peers() {
        check(
            json!({"ingress": [{"from": [
                {}, {"ipBlock": {"cidr": "10.0.0.0/8"}, "podSelector": {}}, {"ipBlock": {}},
                {"ipBlock": {"cidr": "10.1.0.0/16", "except": ["10.2.0.0/24", "10.1.0.0/16", "x"]}}]}]}),
            &[
                "spec.ingress[0].from[0]: Required value: must specify a peer",
                "spec.ingress[0].from[1]: Forbidden: may not specify both ipBlock and another peer",
                "spec.ingress[0].from[2].ipBlock.cidr: Required value",
                "spec.ingress[0].from[3].ipBlock.except[0]: Invalid value: \"10.2.0.0/24\": must be a strict \
                 subset of `cidr`",
                "spec.ingress[0].from[3].ipBlock.except[1]: Invalid value: \"10.1.0.0/16\": must be a strict \
                 subset of `cidr`",
                "spec.ingress[0].from[3].ipBlock.except[2]: Invalid value: \"x\": must be a valid CIDR value, \
                 (e.g. 10.9.8.0/24 or 2001:db8::/64)",
            ],
        );
        check(
            json!({"policyTypes": ["Nope"]}),
            &[
                "spec.policyTypes[0]: Unsupported value: \"Nope\": supported values: \"Ingress\", \"Egress\"",
            ],
        );
        check(
            json!({"policyTypes": ["Ingress", "Egress", "Ingress"]}),
            &[
                "spec.policyTypes: Invalid value: [\"Ingress\",\"Egress\",\"Ingress\"]: may not specify more than \
               two policyTypes",
            ],
        );
    }

    #[test]
    fn a_network_that_was_there_may_stay() {
        let odd = spec(json!({"egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/99"}}]}]}));
        assert_eq!(NETWORK_POLICY.validate(&odd).len(), 1);
        assert_eq!(NETWORK_POLICY.validate_update(&odd, &odd), []);
        assert_eq!(blocks(&odd).map(|(place, _)| place).next(), Some(("egress", 0, "to", 0)));
    }

    #[test]
    fn the_generation_counts_changes_of_the_spec() {
        let mut new = spec(json!({"podSelector": {}}));
        NETWORK_POLICY.prepare_create(&mut new);
        let old = new.clone();
        NETWORK_POLICY.prepare_update(&mut new, &old);
        assert_eq!(new, old);
        new.insert("spec".to_owned(), json!({"podSelector": {"matchLabels": {"a": "b"}}}));
        NETWORK_POLICY.prepare_update(&mut new, &old);
        assert_eq!(new["metadata"]["generation"], 2);
        let cells = NETWORK_POLICY.cells(&new, Timestamp::from_seconds(0));
        assert_eq!(cells, Some(vec![json!("p"), json!("a=b"), json!("<unknown>")]));
    }
}
