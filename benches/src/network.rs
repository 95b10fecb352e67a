//! Flows: who may reach whom, how fast, and whether it is true.

use std::collections::HashMap;
use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};

use portcullis_core::{Family, Protocol, Ranges, Verdict};
use portcullis_netpol::spec::{self, Answer, Packet};
use portcullis_netpol::{
    Compiled, Decides, Endpoint, EndpointId, EndpointKind, Flow, Input, Party, Policy, Said,
    SideVerdict, Stage, decide, decide_all,
};
use portcullis_object::{Input as Text, Limits, Loaded, load};
use portcullis_snapshot::{Settings, Snapshot};

use crate::clock::{self, Times};
use crate::cluster::{self, Cluster, PORT_ATOMS};
use crate::random::Random;

/// Questions of one run.
const QUESTIONS: usize = 100_000;
/// So many pods are asked about over and over by the hot questions.
const HOT_PODS: usize = 1_000;
/// Of so many questions the answers are compared with those of the slow twin.
const COMPARED: usize = 10_000;
/// Of a hundred flows, so many come from outside, and so many lead there.
const OUTSIDE_PERCENT: usize = 5;

/// Reads the texts of a cluster.
///
/// # Panics
///
/// If something is wrong with them: what is refused would not be measured.
pub fn read(cluster: &Cluster) -> Loaded {
    let input = |(index, text): (usize, &String)| Text {
        name: format!("cluster-{index}.json"),
        bytes: text.clone().into_bytes(),
    };
    let inputs = cluster.texts.iter().enumerate().map(input).collect();
    let loaded = load(inputs, &Limits::default());
    assert!(loaded.diagnostics.is_empty(), "{:?}", loaded.diagnostics.first());
    loaded
}

/// What network policy alone is about: the roles that every API server has are left out.
pub fn settings() -> Settings {
    Settings { bootstrap: false, ..Settings::default() }
}

/// The snapshot of a cluster.
///
/// # Panics
///
/// If anything is found in it.
pub fn build(loaded: &Loaded) -> Snapshot {
    let (snapshot, found) = Snapshot::build(&loaded.objects, &loaded.unreadable, &settings());
    assert!(found.is_empty(), "{:?}", found.first());
    snapshot
}

/// Makes questions about the pods of a cluster.
pub struct Questions {
    /// The endpoint and address of every pod.
    pods: Vec<(EndpointId, IpAddr)>,
    random: Random,
}

impl Questions {
    /// About the pods of this network, in the order of the cluster.
    ///
    /// # Panics
    ///
    /// If it is not the network of such a cluster.
    pub fn about(network: &Compiled, pods: usize) -> Self {
        let by_address: HashMap<IpAddr, EndpointId> = network
            .endpoints()
            .filter_map(|(id, endpoint)| Some((*endpoint.addresses.first()?, id)))
            .collect();
        let pods = (0..pods).map(|pod| {
            let address = IpAddr::from(cluster::address_of(pod));
            (*by_address.get(&address).expect("every pod is an endpoint"), address)
        });
        Self { pods: pods.collect(), random: Random::new(1) }
    }

    /// About so many of all pods.
    pub fn random(&mut self, count: usize) -> Vec<Flow> {
        (0..count).map(|_| self.flow(0, self.pods.len())).collect()
    }

    /// The same about few pods.
    pub fn hot(&mut self, count: usize) -> Vec<Flow> {
        let few = self.pods.len().min(HOT_PODS);
        let first = self.random.below(self.pods.len() - few + 1);
        (0..count).map(|_| self.flow(first, few)).collect()
    }

    fn flow(&mut self, first: usize, count: usize) -> Flow {
        let random = &mut self.random;
        let pod = |random: &mut Random| {
            let (id, address) = self.pods[first + random.below(count)];
            Party::at(address).endpoint(id)
        };
        let outside =
            |random: &mut Random| Party::at(Ipv4Addr::from(cluster::outside(random)).into());
        let (from, to) = match random.below(100) {
            0..OUTSIDE_PERCENT => (outside(random), pod(random)),
            at if at < 2 * OUTSIDE_PERCENT => (pod(random), outside(random)),
            _ => (pod(random), pod(random)),
        };
        Flow {
            family: Family::V4,
            protocol: Protocol::TCP,
            from,
            to,
            source_port: Ranges::one(40_000),
            port: Some(cluster::port_of(random.below(PORT_ATOMS))),
            icmp: None,
        }
    }
}

/// What a verdict takes.
pub struct Decisions {
    /// About any pods.
    pub random: Times,
    /// About few of them.
    pub hot: Times,
}

/// Nanoseconds a verdict takes where many are asked for at once, and one by one.
pub fn decisions(network: &Compiled, pods: usize) -> [Decisions; 2] {
    let mut questions = Questions::about(network, pods);
    let [random, hot] = [questions.random(QUESTIONS), questions.hot(QUESTIONS)];
    [ask, ask_one_by_one].map(|ask: fn(&Compiled, &[Flow])| {
        let times = |flows| clock::questions(flows, |batch| ask(network, batch));
        Decisions { random: times(&random), hot: times(&hot) }
    })
}

/// Decides on all of these.
pub fn ask(network: &Compiled, flows: &[Flow]) {
    decide_all(network, black_box(flows), Stage::Enforced, |ruling| {
        black_box(ruling);
    });
}

/// Decides on every one of these by itself.
pub fn ask_one_by_one(network: &Compiled, flows: &[Flow]) {
    for flow in flows {
        black_box(decide(network, black_box(flow), Stage::Enforced));
    }
}

// === Whether it is true ===

/// Compares the rulings on many flows with those of the slow twin: verdict, policy and rule of either
/// end. Returns how many there were, and how many of them were allowed.
///
/// The twin walks every policy and endpoint for every question, so it is given those that can have a
/// say: global policies, the policies of the two namespaces, and the endpoints that have one of the
/// two addresses.
///
/// # Panics
///
/// If one differs.
pub fn compare(network: &Compiled, pods: usize) -> (usize, usize) {
    let mut questions = Questions::about(network, pods);
    let mut twin = Twin::of(network);
    let mut allowed = 0;
    let flows = questions.random(COMPARED);
    let mut together = Vec::new();
    decide_all(network, &flows, Stage::Enforced, |ruling| together.push(ruling));
    assert_eq!(together.len(), COMPARED);
    for (flow, ruling) in flows.into_iter().zip(together) {
        assert_eq!(decide(network, &flow, Stage::Enforced), ruling, "{flow:?}");
        let ends = [(&ruling.egress, &flow.from), (&ruling.ingress, &flow.to)];
        let said = ends.map(|(said, party)| in_words(network, said, party));
        assert_eq!(said, twin.asked(&flow), "{flow:?}");
        let denied = said.iter().flatten().any(|(answer, _)| *answer == Answer::Deny);
        assert_eq!(ruling.verdict == Verdict::Deny, denied, "{flow:?}");
        allowed += usize::from(ruling.verdict == Verdict::Allow);
    }
    (COMPARED, allowed)
}

/// What one end says, in the words of the twin; nothing for an end that is not policed.
fn in_words(network: &Compiled, said: &Said, party: &Party) -> Option<(Answer, spec::Decider)> {
    let answer = match said.verdict {
        SideVerdict::Allow => Answer::Allow,
        SideVerdict::Deny => Answer::Deny,
        SideVerdict::Unpoliced => return None,
        SideVerdict::Unknown => panic!("nothing is open here"),
    };
    let endpoint = network.endpoint(party.endpoint?);
    let by = match said.by? {
        Decides::Policy(id, rule) => {
            let policy = network.policy(id);
            spec::Decider::Policy(spec::Hop {
                tier: policy.tier.to_string(),
                policy: policy.to_string(),
                rule: rule.map(|rule| rule as usize),
            })
        }
        Decides::Profile(place, rule) => {
            let name = endpoint.profiles[place as usize].to_string();
            match rule {
                Some(rule) => spec::Decider::Profile { name, rule: rule as usize },
                None => spec::Decider::MissingProfile(name),
            }
        }
        Decides::NoProfile => spec::Decider::NoProfileMatched,
        Decides::Foreign(_) => panic!("there is no other engine here"),
    };
    Some((answer, by))
}

/// What the twin is asked with.
struct Twin<'a> {
    network: &'a Compiled,
    /// Everything, but of endpoints and of policies of namespaces only what the last question is about.
    input: Input,
    /// How many policies are global: they come first.
    global: usize,
    of_namespace: HashMap<&'a str, Vec<&'a Policy>>,
}

impl<'a> Twin<'a> {
    fn of(network: &'a Compiled) -> Self {
        let mut of_namespace: HashMap<&str, Vec<&Policy>> = HashMap::new();
        let mut input = Input {
            tiers: network.tiers().map(|(_, tier)| tier.clone()).collect(),
            sets: network.sets().cloned().collect(),
            ..Input::default()
        };
        for policy in network.policies() {
            match &policy.namespace {
                Some(namespace) => of_namespace.entry(namespace.as_str()).or_default().push(policy),
                None => input.policies.push(policy.clone()),
            }
        }
        Self { network, global: input.policies.len(), input, of_namespace }
    }

    fn asked(&mut self, flow: &Flow) -> [Option<(Answer, spec::Decider)>; 2] {
        self.input.policies.truncate(self.global);
        self.input.endpoints.clear();
        self.input.profiles.clear();
        let source_port = flow.source_port.single().and_then(|port| u16::try_from(port).ok());
        let packet = Packet {
            protocol: flow.protocol,
            source: self.end(&flow.from, source_port),
            destination: self.end(&flow.to, flow.port),
            icmp: None,
            names: Vec::new(),
        };
        let said = spec::verdict(&self.input, &packet, spec::Stage::Enforced);
        [said.egress, said.ingress].map(|ruling| ruling.map(|ruling| (ruling.answer, ruling.by)))
    }

    fn end(&mut self, party: &Party, port: Option<u16>) -> spec::End {
        let number = party.addresses.single().expect("addresses are known");
        let number = u32::try_from(number).expect("an address of IPv4");
        let endpoint = party.endpoint.map(|id| {
            self.add(self.network.endpoint(id));
            EndpointId(u32::try_from(self.input.endpoints.len() - 1).expect("two at most"))
        });
        spec::End { address: Ipv4Addr::from(number).into(), port, endpoint }
    }

    /// Adds an endpoint, its profiles, and the policies of its namespace.
    fn add(&mut self, endpoint: &Endpoint) {
        let home = |endpoint: &Endpoint| match &endpoint.kind {
            EndpointKind::Workload { namespace } => Some(namespace.clone()),
            EndpointKind::Host => None,
        };
        let namespace = home(endpoint).expect("every endpoint here is a pod");
        if !self.input.endpoints.iter().any(|other| home(other).as_ref() == Some(&namespace)) {
            let policies = self.of_namespace.get(namespace.as_str()).into_iter().flatten();
            self.input.policies.extend(policies.map(|policy| (*policy).clone()));
        }
        for name in &endpoint.profiles {
            if !self.input.profiles.iter().any(|profile| profile.name == *name) {
                self.input.profiles.extend(self.network.profile(name).cloned());
            }
        }
        self.input.endpoints.push(endpoint.clone());
    }
}
