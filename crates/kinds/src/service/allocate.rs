//! Cluster addresses and node ports: what a service asks for, and what it gets.

use std::net::{IpAddr, Ipv4Addr};
use std::ops::RangeInclusive;

use serde_json::{Value, json};

use super::{
    SPEC, has_address, has_health_port, has_node_ports, is_headless, node_ports, takes_node_ports,
};
use crate::value::{integer, map, map_mut, maps, maps_mut, text, texts};
use crate::{FieldError, Object, ip};

/// How much of a range is kept for those who name what they want (KEP-3070, KEP-3668): a share of it,
/// within bounds; a range no larger than the least is not divided.
const ADDRESS_SHARE: u64 = 16;
const ADDRESSES_KEPT: RangeInclusive<u64> = 16..=256;
const PORT_SHARE: u64 = 32;
const PORTS_KEPT: RangeInclusive<u64> = 16..=128;

/// What there is to give out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pools {
    /// The network of cluster addresses, as its first address and the length of its prefix.
    pub network: (Ipv4Addr, u8),
    /// The ports of nodes.
    pub ports: RangeInclusive<u16>,
}

/// What services hold by now.
pub struct InUse<'a> {
    /// Whether an address is taken.
    pub address: &'a dyn Fn(IpAddr) -> bool,
    /// Whether a node port is taken.
    pub port: &'a dyn Fn(u16) -> bool,
}

/// What a service holds of what there is only once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Its cluster addresses.
    pub addresses: Vec<IpAddr>,
    /// Its node ports, the one for health checks among them.
    pub ports: Vec<u16>,
}

/// What a service asks for that it does not hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// A cluster address: a certain one, or any.
    pub address: Option<Option<String>>,
    /// Node ports, by the place of the port in the service; a certain one, or any (0).
    pub ports: Vec<(usize, i64)>,
    /// The port for health checks, likewise.
    pub health: Option<i64>,
}

/// Why a service does not get what it asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Refusal {
    /// It asks for what it cannot have: 422.
    Invalid(Box<FieldError>),
    /// There is nothing left, or the API has no better word: 500 with this text.
    Internal(String),
}

impl Default for Pools {
    /// `10.0.0.0/24` and 30000–32767, as the API server has them.
    fn default() -> Self {
        Self { network: (Ipv4Addr::new(10, 0, 0, 0), 24), ports: 30000..=32767 }
    }
}

/// What a stored service holds; what it does not name, or names in no form of an address, is nothing.
pub fn held(service: &Object) -> Held {
    let Some(spec) = map(service, "spec") else { return Held::default() };
    let mut held = Held::default();
    if has_address(spec) && !is_headless(spec) {
        held.addresses = texts(spec, "clusterIPs").filter_map(ip::parse_ip).collect();
    }
    let health = integer(spec, "healthCheckNodePort").filter(|_| has_health_port(spec));
    let ports = if has_node_ports(spec) { node_ports(spec) } else { Vec::new() };
    for port in ports.into_iter().chain(health).filter_map(|port| u16::try_from(port).ok()) {
        if port != 0 && !held.ports.contains(&port) {
            held.ports.push(port);
        }
    }
    held
}

/// What a service, prepared, asks for beyond what it held before.
pub fn wanted(service: &Object, old: Option<&Object>) -> Wanted {
    let none = Object::new();
    let spec = map(service, "spec").unwrap_or(&none);
    let before = old.and_then(|old| map(old, "spec"));
    let mut wanted = Wanted::default();
    // Once it has an address it keeps it; one without (`None`) stays without.
    let is_first = before.is_none_or(|before| !has_address(before));
    if has_address(spec) && !is_headless(spec) && is_first {
        wanted.address = Some(texts(spec, "clusterIPs").next().map(str::to_owned));
    }
    if has_node_ports(spec) {
        let known = before.map(node_ports).unwrap_or_default();
        let any = takes_node_ports(spec);
        for (i, port) in maps(spec, "ports") {
            let number = integer(port, "nodePort").unwrap_or(0);
            if (number == 0 && any) || (number != 0 && !known.contains(&number)) {
                wanted.ports.push((i, number));
            }
        }
    }
    if has_health_port(spec) && before.is_none_or(|before| !has_health_port(before)) {
        wanted.health = Some(integer(spec, "healthCheckNodePort").unwrap_or(0));
    }
    wanted
}

/// Gives a service what it asks for and writes it in; gives back what it newly holds.
///
/// `draw(n)` is a random number below `n`; where it gives more, the rest by `n` counts.
///
/// # Errors
/// [`Refusal`], the first there is; the service is then not to be stored.
pub fn take(
    service: &mut Object,
    wanted: &Wanted,
    pools: &Pools,
    in_use: &InUse<'_>,
    draw: &mut dyn FnMut(u64) -> u64,
) -> Result<Held, Refusal> {
    let mut taken = Held::default();
    let Some(spec) = map_mut(service, "spec") else { return Ok(taken) };
    if let Some(asked) = &wanted.address {
        let address = match asked {
            Some(asked) => certain_address(asked, spec, pools, in_use)?,
            None => any_address(pools, in_use, draw)?,
        };
        taken.addresses.push(address);
        let shown = asked.clone().unwrap_or_else(|| address.to_string());
        spec.insert("clusterIP".to_owned(), shown.clone().into());
        spec.insert("clusterIPs".to_owned(), json!([shown]));
    }
    take_ports(spec, wanted, pools, in_use, draw, &mut taken)?;
    if let Some(asked) = wanted.health {
        let port = match asked {
            0 => any_port(pools, in_use, &taken, draw).ok_or_else(|| {
                "failed to allocate a HealthCheck NodePort 0: range is full".to_owned()
            }),
            asked => certain_port(asked, pools, in_use, &taken).map_err(|why| {
                format!("failed to allocate requested HealthCheck NodePort {asked}: {why}")
            }),
        };
        let port = port.map_err(Refusal::Internal)?;
        taken.ports.push(port);
        spec.insert("healthCheckNodePort".to_owned(), port.into());
    }
    Ok(taken)
}

/// The bounds of the addresses that can be given out: neither the network itself nor its broadcast.
fn address_bounds(pools: &Pools) -> (u32, u32) {
    let (network, length) = pools.network;
    let host_bits = 32_u32.saturating_sub(u32::from(length));
    let hosts = u32::MAX.checked_shr(32 - host_bits).unwrap_or(0);
    let base = network.to_bits() & !hosts;
    (base.saturating_add(1), (base | hosts).saturating_sub(1))
}

fn certain_address(
    asked: &str,
    spec: &Object,
    pools: &Pools,
    in_use: &InUse<'_>,
) -> Result<IpAddr, Refusal> {
    let refuse = |why: &str| {
        let shown = spec.get("clusterIPs").cloned().unwrap_or(Value::Null);
        let text = format!("failed to allocate IP {asked}: {why}");
        Refusal::Invalid(Box::new(FieldError::invalid(SPEC.field("clusterIPs"), shown, text)))
    };
    let Some(address) = ip::parse_ip(asked) else {
        let text = format!("failed to parse service IP {}", crate::go_text::quoted(asked));
        return Err(Refusal::Internal(text));
    };
    let (first, last) = address_bounds(pools);
    let IpAddr::V4(v4) = address else {
        return Err(refuse("the provided network does not match the current range"));
    };
    let bits = v4.to_bits();
    if (first..=last).contains(&bits) {
        return if (in_use.address)(address) {
            Err(refuse("provided IP is already allocated"))
        } else {
            Ok(address)
        };
    }
    let (network, length) = pools.network;
    if bits == first.saturating_sub(1) || bits == last.saturating_add(1) {
        return Err(refuse(&format!(
            "the provided IP ({address}) is not in the valid range. The range of valid IPs is \
             {network}/{length}"
        )));
    }
    Err(refuse("the provided network does not match the current range"))
}

fn any_address(
    pools: &Pools,
    in_use: &InUse<'_>,
    draw: &mut dyn FnMut(u64) -> u64,
) -> Result<IpAddr, Refusal> {
    let (first, last) = address_bounds(pools);
    let (first, last) = (u64::from(first), u64::from(last));
    let size = last.saturating_sub(first).saturating_add(3);
    let kept = kept(size, ADDRESS_SHARE, &ADDRESSES_KEPT);
    let address =
        |at: u64| u32::try_from(at).ok().map(|bits| IpAddr::V4(Ipv4Addr::from_bits(bits)));
    let is_free = |at: u64| address(at).is_some_and(|one| !(in_use.address)(one));
    pick(first, last, kept, &is_free, draw).and_then(address).ok_or_else(|| {
        Refusal::Internal("failed to allocate a serviceIP: range is full".to_owned())
    })
}

/// How much of the beginning of a range is given out last.
fn kept(size: u64, share: u64, bounds: &RangeInclusive<u64>) -> u64 {
    if size <= *bounds.start() { 0 } else { (size / share).clamp(*bounds.start(), *bounds.end()) }
}

/// A free one of a range, from behind what is kept first; which one chance decides.
fn pick(
    first: u64,
    last: u64,
    kept: u64,
    is_free: &dyn Fn(u64) -> bool,
    draw: &mut dyn FnMut(u64) -> u64,
) -> Option<u64> {
    if first > last {
        return None;
    }
    let middle = first.saturating_add(kept).min(last);
    [(middle, last), (first, middle.saturating_sub(1))]
        .into_iter()
        .filter(|(from, to)| from <= to)
        .find_map(|(from, to)| {
            let size = to.saturating_sub(from).saturating_add(1);
            let start = draw(size) % size;
            (0..size).map(|step| from + (start + step) % size).find(|one| is_free(*one))
        })
}

fn certain_port(
    asked: i64,
    pools: &Pools,
    in_use: &InUse<'_>,
    taken: &Held,
) -> Result<u16, String> {
    let port = u16::try_from(asked).ok().filter(|port| pools.ports.contains(port));
    let Some(port) = port else {
        let (from, to) = (pools.ports.start(), pools.ports.end());
        return Err(format!(
            "provided port is not in the valid range. The range of valid ports is {from}-{to}"
        ));
    };
    if (in_use.port)(port) || taken.ports.contains(&port) {
        return Err("provided port is already allocated".to_owned());
    }
    Ok(port)
}

fn any_port(
    pools: &Pools,
    in_use: &InUse<'_>,
    taken: &Held,
    draw: &mut dyn FnMut(u64) -> u64,
) -> Option<u16> {
    let (first, last) = (u64::from(*pools.ports.start()), u64::from(*pools.ports.end()));
    let size = last.saturating_sub(first).saturating_add(1);
    let port = |at: u64| u16::try_from(at).ok();
    let is_free =
        |at: u64| port(at).is_some_and(|one| !(in_use.port)(one) && !taken.ports.contains(&one));
    pick(first, last, kept(size, PORT_SHARE, &PORTS_KEPT), &is_free, draw).and_then(port)
}

/// Ports of one number and different protocols share a node port.
fn take_ports(
    spec: &mut Object,
    wanted: &Wanted,
    pools: &Pools,
    in_use: &InUse<'_>,
    draw: &mut dyn FnMut(u64) -> u64,
    taken: &mut Held,
) -> Result<(), Refusal> {
    let path = SPEC.field("ports");
    let number = |port: &Object| integer(port, "port").unwrap_or(0);
    let ports: Vec<(i64, i64, String)> = maps(spec, "ports")
        .map(|(_, one)| {
            (number(one), integer(one, "nodePort").unwrap_or(0), text(one, "protocol").to_owned())
        })
        .collect();
    let mut given: Vec<(i64, i64)> = Vec::new();
    for (i, asked) in &wanted.ports {
        let Some((own, ..)) = ports.get(*i) else { continue };
        let shared = given.iter().find(|(one, _)| one == own).map(|(_, node)| *node);
        // A port of the same number that names one speaks for both.
        let named = ports.iter().find(|(one, node, _)| one == own && *node != 0);
        let asked = match (*asked, shared, named) {
            (0, Some(shared), _) => Some(shared),
            (0, None, Some((_, node, _))) => Some(*node),
            (0, None, None) => None,
            (asked, ..) => Some(asked),
        };
        let node = match asked {
            Some(node) if shared == Some(node) => node,
            Some(node) => {
                let port = certain_port(node, pools, in_use, taken).map_err(|why| {
                    let at = path.index(*i);
                    let fault = FieldError::invalid(at.field("nodePort"), node, why);
                    Refusal::Invalid(Box::new(fault))
                })?;
                taken.ports.push(port);
                node
            }
            None => {
                let port = any_port(pools, in_use, taken, draw).ok_or_else(|| {
                    Refusal::Internal("failed to allocate a nodePort: range is full".to_owned())
                })?;
                taken.ports.push(port);
                i64::from(port)
            }
        };
        if shared.is_none() {
            given.push((*own, node));
        }
        if let Some(port) = maps_mut(spec, "ports").nth(*i) {
            port.insert("nodePort".to_owned(), node.into());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(spec: Value) -> Object {
        json!({"spec": spec}).as_object().unwrap().clone()
    }

    /// What `take` says with 10.0.0.77 and port 30080 in use, and chance that always says zero.
    #[track_caller]
    fn check(spec: Value, want: &str) {
        let mut service = service(spec);
        let in_use = InUse {
            address: &|address| address == IpAddr::V4(Ipv4Addr::new(10, 0, 0, 77)),
            port: &|port| port == 30080,
        };
        let asked = wanted(&service, None);
        let found = match take(&mut service, &asked, &Pools::default(), &in_use, &mut |_| 0) {
            Ok(taken) => format!("{:?} {:?}", taken.addresses, taken.ports),
            Err(Refusal::Invalid(fault)) => fault.to_string(),
            Err(Refusal::Internal(text)) => text,
        };
        assert_eq!(found, want);
    }

    #[test]
    fn addresses_and_ports_are_given_out() {
        // The recorded words.
        check(
            json!({"type": "ClusterIP", "clusterIP": "10.0.0.77", "clusterIPs": ["10.0.0.77"]}),
            "spec.clusterIPs: Invalid value: [\"10.0.0.77\"]: failed to allocate IP 10.0.0.77: \
             provided IP is already allocated",
        );
        check(
            json!({"type": "ClusterIP", "clusterIPs": ["192.168.1.1"]}),
            "spec.clusterIPs: Invalid value: [\"192.168.1.1\"]: failed to allocate IP 192.168.1.1: \
             the provided network does not match the current range",
        );
        check(
            json!({"type": "NodePort", "ports": [{"port": 80, "nodePort": 80}]}),
            "spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. The \
             range of valid ports is 30000-32767",
        );
        check(
            json!({"type": "NodePort", "ports": [{"port": 81, "nodePort": 30080}]}),
            "spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated",
        );
        // From behind what is kept for those who ask.
        check(json!({"type": "ClusterIP"}), "[10.0.0.17] []");
        check(json!({"type": "ClusterIP", "clusterIPs": ["None"]}), "[] []");
        check(json!({"type": "ExternalName"}), "[] []");
        check(
            json!({"type": "NodePort", "clusterIPs": ["10.0.0.5"], "ports": [
                {"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}, {"port": 80}]}),
            "[10.0.0.5] [30086, 30087]",
        );
        check(
            json!({"type": "LoadBalancer", "allocateLoadBalancerNodePorts": false,
                "externalTrafficPolicy": "Local", "ports": [{"port": 80}]}),
            "[10.0.0.17] [30086]",
        );
    }

    #[test]
    fn what_is_held_is_not_asked_for_again() {
        let old = service(json!({"type": "NodePort", "clusterIPs": ["10.0.0.5"],
            "ports": [{"port": 1, "nodePort": 30001}]}));
        assert_eq!(held(&old).ports, [30001]);
        let new = service(json!({"type": "NodePort", "clusterIPs": ["10.0.0.5"],
            "ports": [{"port": 1, "nodePort": 30001}, {"port": 2}]}));
        assert_eq!(wanted(&new, Some(&old)).ports, [(1, 0)]);
        assert_eq!(wanted(&new, Some(&old)).address, None);
        let alias = service(json!({"type": "ExternalName"}));
        assert_eq!(wanted(&old, Some(&alias)).address, Some(Some("10.0.0.5".to_owned())));
        assert_eq!(held(&alias), Held::default());
    }

    #[test]
    fn a_full_range_is_said() {
        let in_use = InUse { address: &|_| true, port: &|_| true };
        let mut service = service(json!({"type": "ClusterIP"}));
        let asked = wanted(&service, None);
        let pools = Pools { network: (Ipv4Addr::new(10, 0, 0, 0), 32), ports: 1..=1 };
        for pools in [pools, Pools::default()] {
            let found = take(&mut service, &asked, &pools, &in_use, &mut |_| u64::MAX);
            let text = "failed to allocate a serviceIP: range is full".to_owned();
            assert_eq!(found, Err(Refusal::Internal(text)));
        }
    }
}
