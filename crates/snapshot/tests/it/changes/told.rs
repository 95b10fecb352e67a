//! Everything that a snapshot tells, without the numbers by which it knows things: two snapshots of the
//! same objects tell the same, whichever way they came to be.

use std::collections::BTreeMap;
use std::fmt::Debug;

use portcullis_core::Namespace;
use portcullis_netpol::{
    By, Compiled, Connection, Decider, Direction, Endpoint, EndpointId, Flow, Member, Side, Stage,
    explain,
};
use portcullis_rbac::{Attempt, Requester, Resource, Target};
use portcullis_snapshot::{BackendAt, Snapshot, Workload, WorkloadId, WorkloadState};

use super::generated::{NAMESPACES, PROFILES, SERVICES};

/// What is told under each heading, line by line.
pub type Told = BTreeMap<&'static str, Vec<String>>;

/// Headings that stand in the order given; what is under any other is sorted, as nothing is said of its
/// order.
const UNORDERED: [&str; 4] = ["endpoints", "sets", "without: endpoints", "without: sets"];

pub fn told(snapshot: &Snapshot) -> Told {
    let mut told = Told::new();
    told.insert("diagnostics", lines(snapshot.diagnostics()));
    told.insert(
        "workloads",
        snapshot.workloads().map(|(id, _)| workload(snapshot, id, true)).collect(),
    );
    told.insert("services", snapshot.services().map(|(i, _)| service(snapshot, i, true)).collect());
    told.insert("namespaces", lines(snapshot.namespaces()));
    told.insert("nodes", lines(snapshot.nodes()));
    let hosts = snapshot.host_endpoints();
    told.insert(
        "hosts",
        lines(hosts.map(|(name, node, id)| {
            (name, node, format!("{:?}", snapshot.network().endpoint(id)))
        })),
    );
    told.insert("refused", lines(snapshot.refused()));
    told.insert("skipped", lines(snapshot.skipped()));
    told.insert("carried", lines(snapshot.carried()));
    told.insert("rbac doubts", lines(snapshot.rbac_doubts()));
    told.insert("host doubts", lines(snapshot.host_doubts()));
    told.insert("resources", lines(snapshot.custom_resources()));
    told.insert("pod to host", lines(snapshot.pod_to_host()));
    told.insert("rbac", rbac(snapshot));
    network(snapshot.network(), ["endpoints", "tiers", "sets", "network"], &mut told);
    if let Some(without) = snapshot.without_refused() {
        let headings =
            ["without: endpoints", "without: tiers", "without: sets", "without: network"];
        network(without, headings, &mut told);
    }
    for heading in UNORDERED {
        if let Some(lines) = told.get_mut(heading) {
            lines.sort();
        }
    }
    told
}

fn lines<T: Debug>(all: impl IntoIterator<Item = T>) -> Vec<String> {
    all.into_iter().map(|one| format!("{one:?}")).collect()
}

fn name(snapshot: &Snapshot, id: WorkloadId, places: bool) -> String {
    let Workload { kind, namespace, name, origin, .. } = snapshot.workload(id);
    match places {
        true => format!("{kind} {namespace}/{name} {origin:?}"),
        false => format!("{kind} {namespace}/{name}"),
    }
}

/// What is told of a workload. `places` is whether documents count, too.
pub fn workload(snapshot: &Snapshot, id: WorkloadId, places: bool) -> String {
    let workload = snapshot.workload(id);
    let state = match &workload.state {
        WorkloadState::Endpoint(endpoint) => {
            assert_eq!(snapshot.workload_of(*endpoint), Some(id));
            "endpoint".to_owned()
        }
        WorkloadState::Through(others) => {
            let others: Vec<String> = others.iter().map(|id| name(snapshot, *id, places)).collect();
            format!("through {others:?}")
        }
        state => format!("{state:?}"),
    };
    let found =
        snapshot.workloads_named(Some(&workload.kind), workload.namespace.as_str(), &workload.name);
    assert!(found.iter().any(|(found, _)| *found == id));
    let Workload { labels, service_account, ports, variables, node, .. } = workload;
    let variables = variables.iter().map(|v| (&v.name, &v.value));
    let told = (labels, service_account, ports, Vec::from_iter(variables), node);
    format!("{} {told:?}: {state}", name(snapshot, id, places))
}

/// What is told of a service. `places` is whether documents count, too.
pub fn service(snapshot: &Snapshot, place: usize, places: bool) -> String {
    let backends = snapshot.backends(place).iter().map(|backend| {
        let at = match backend.at {
            BackendAt::Workload(id) => name(snapshot, id, places),
            BackendAt::Address(address) => address.to_string(),
        };
        format!("{} {at}:{}", backend.service_port, backend.port)
    });
    let backends: Vec<String> = backends.collect();
    let service = snapshot.service_at(place).expect("a service");
    let origin = places.then_some(&service.origin);
    format!("{}/{} {:?} {origin:?}: {backends:?}", service.namespace, service.name, service.ports)
}

/// What is asked about roles and bindings.
pub fn attempts() -> Vec<Attempt> {
    let attempt = |user: &str, namespace: &str| {
        let target = Target::Resource(Resource {
            group: "".into(),
            resource: "pods".into(),
            subresource: "".into(),
            namespace: Some(Namespace::new(namespace)),
            name: "".into(),
        });
        let requester = Requester { user: user.into(), groups: Vec::new() };
        Attempt { requester, verb: "get".into(), target }
    };
    let users = ["eve", "bob"].into_iter();
    users.flat_map(|user| NAMESPACES.iter().map(move |n| attempt(user, n))).collect()
}

fn rbac(snapshot: &Snapshot) -> Vec<String> {
    let explained = attempts()
        .into_iter()
        .map(|attempt| format!("{:?}", portcullis_rbac::explain(snapshot.rbac(), &attempt)));
    explained.chain(lines(snapshot.rbac().roles())).collect()
}

fn network(compiled: &Compiled, headings: [&'static str; 4], told: &mut Told) {
    let [endpoints, tiers, sets, rest] = headings;
    told.insert(endpoints, lines(compiled.endpoints().map(|(_, endpoint)| endpoint)));
    let tier = |tier: &portcullis_netpol::Tier| {
        let policies = tier.policies().iter().map(|id| compiled.policy(*id));
        let said = (&tier.name, tier.order, tier.default_action, tier.defined, &tier.doubt);
        format!("{said:?} {:?}", Vec::from_iter(policies))
    };
    told.insert(tiers, compiled.tiers().map(|(_, t)| tier(t)).collect());
    told.insert(sets, lines(compiled.sets()));
    let mut other = lines(compiled.foreign());
    other.extend(lines([Direction::Ingress, Direction::Egress].map(|d| compiled.failsafes(d))));
    other.extend(lines(compiled.resolved()));
    let of_namespaces = NAMESPACES.iter().map(|n| format!("kns.{n}"));
    for profile in of_namespaces.chain(PROFILES.iter().map(|p| (*p).to_owned())) {
        other.push(format!("{:?}", compiled.profile(&profile)));
    }
    for namespace in NAMESPACES {
        for service in SERVICES {
            let found = compiled.service(&Namespace::new(*namespace), &(*service).into());
            let members = found.map(|service| {
                let members = service.members.iter().map(|(member, ports)| match member {
                    Member::Address(address) => format!("{address} {ports:?}"),
                    Member::Endpoint(id) => format!("{} {ports:?}", who(compiled.endpoint(*id))),
                });
                Vec::from_iter(members)
            });
            other.push(format!("{namespace}/{service} {members:?}"));
        }
    }
    told.insert(rest, other);
}

/// An endpoint, by what is the same in every snapshot of the same objects.
pub fn who(endpoint: &Endpoint) -> String {
    format!("{:?} {} {:?}", endpoint.kind, endpoint.name, endpoint.origin)
}

pub fn endpoints(compiled: &Compiled) -> BTreeMap<String, EndpointId> {
    compiled.endpoints().map(|(id, endpoint)| (who(endpoint), id)).collect()
}

/// What is said of a flow, by names. `places` is whether documents count, too.
pub fn answer(compiled: &Compiled, flow: &Flow, places: bool) -> String {
    let Connection { verdict, egress, ingress, branches, cut_short } =
        explain(compiled, flow, Stage::Enforced);
    let mut answer = format!("{verdict:?} {cut_short}\n");
    for side in [&egress, &ingress] {
        answer += &said(compiled, side, places);
    }
    for branch in &branches {
        answer += &format!("{} {:?}\n", branch.conditions.len(), branch.verdict);
        for side in [&branch.egress, &branch.ingress] {
            answer += &said(compiled, side, places);
        }
    }
    answer
}

fn said(compiled: &Compiled, side: &Side, places: bool) -> String {
    let tier = |id| compiled.tier(id).name.as_str();
    let policy = |id| {
        let policy = compiled.policy(id);
        match places {
            true => format!("{policy} {:?}", policy.origin),
            false => policy.to_string(),
        }
    };
    let by = side.by.as_ref().map(|By { tier: of, decider, rule }| {
        let decider = match decider {
            Decider::Policy(id) => policy(*id),
            Decider::Foreign(index) => compiled.foreign()[*index].what.clone(),
            other => format!("{other:?}"),
        };
        format!("{:?} {decider} {rule:?}", of.map(tier))
    });
    let via = side.via.iter().map(|hop| (tier(hop.tier), policy(hop.policy), hop.rule));
    let tiers = side.tiers.iter().map(|trace| {
        let policies = trace.policies.iter().map(|p| (policy(p.policy), p.asked, p.matched));
        (tier(trace.tier), Vec::from_iter(policies), trace.end)
    });
    let tiers = tiers.filter(|(_, policies, _)| !policies.is_empty());
    format!("  {:?} {by:?} {:?} {:?}\n", side.verdict, Vec::from_iter(via), Vec::from_iter(tiers))
}
