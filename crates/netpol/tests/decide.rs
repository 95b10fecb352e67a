//! The index says what the walk says, rule for rule.

mod generated;

use std::net::IpAddr;

use generated::{Openness, Random};
use portcullis_core::{Family, PortRange, Protocol, Ranges, Selector};
use portcullis_netpol::{
    Action, Compiled, Decides, Direction, Doubt, EndpointId, Flow, Foreign, Icmp, Input, Party,
    Policy, PolicyClass, PolicyKind, PortMatch, ProtocolMatch, Rule, Ruling, Stage, decide,
    decide_all, explain,
};

/// Clusters in a run of the tests; `PORTCULLIS_SPEC_SEEDS` asks for more.
const SEEDS: u64 = 1200;

fn seeds() -> u64 {
    match std::env::var("PORTCULLIS_SPEC_SEEDS") {
        Ok(text) => text.parse().expect("PORTCULLIS_SPEC_SEEDS is a number"),
        Err(_) => SEEDS,
    }
}

#[track_caller]
fn check(seed: u64, compiled: &Compiled, flow: &Flow) {
    for stage in [Stage::Enforced, Stage::Pending] {
        let walked = Ruling::told(compiled, flow, &explain(compiled, flow, stage));
        assert_eq!(decide(compiled, flow, stage), walked, "seed {seed} {stage:?} {flow:?}");
    }
}

/// That many are decided together as each is by itself.
#[track_caller]
fn check_together(seed: u64, compiled: &Compiled, flows: &[Flow]) {
    for stage in [Stage::Enforced, Stage::Pending] {
        let mut together = Vec::new();
        decide_all(compiled, flows, stage, |ruling| together.push(ruling));
        assert_eq!(together.len(), flows.len());
        for (flow, ruling) in flows.iter().zip(together) {
            assert_eq!(ruling, decide(compiled, flow, stage), "seed {seed} {stage:?} {flow:?}");
        }
    }
}

/// Headers on either side of every port and type that rules of generated clusters tell apart.
fn headers() -> Vec<(Protocol, Option<u16>, Option<Box<Icmp>>)> {
    let mut headers = Vec::new();
    for protocol in [Protocol::TCP, Protocol::UDP, Protocol::SCTP, Protocol::UDPLITE] {
        for port in [0, 21, 22, 53, 80, 81, 443, 8080, 65535] {
            headers.push((protocol, Some(port), None));
        }
    }
    for protocol in [Protocol::ICMP, Protocol::ICMPV6] {
        for (kind, code) in [(0, 0), (3, 1), (8, 0), (8, 255), (200, 7)] {
            let icmp = Icmp { kind: Ranges::one(kind), code: Ranges::one(code) };
            headers.push((protocol, None, Some(Box::new(icmp))));
        }
    }
    headers.push((Protocol(47), None, None));
    headers
}

/// Every endpoint with every address it has, and addresses that nobody has.
fn parties(input: &Input, family: Family) -> Vec<Party> {
    let mut parties: Vec<Party> = ["10.0.0.9", "203.0.113.9", "fd00::9", "2001:db8::7"]
        .iter()
        .map(|text| text.parse::<IpAddr>().expect("an address"))
        .filter(|address| Family::of(*address) == family)
        .map(Party::at)
        .collect();
    for (endpoint, id) in input.endpoints.iter().zip(0..) {
        let known = endpoint.addresses.iter().filter(|a| Family::of(**a) == family);
        let known: Vec<Party> =
            known.map(|address| Party::at(*address).endpoint(EndpointId(id))).collect();
        if known.is_empty() {
            parties.push(Party::somewhere(Ranges::span(1, 99)).endpoint(EndpointId(id)));
        }
        parties.extend(known);
    }
    parties
}

/// Some things in doubt, and a policy of another engine now and then.
fn doubted(random: &mut Random, mut input: Input) -> Input {
    let doubt = || Some(Doubt { why: "it is refused".into() });
    for policy in &mut input.policies {
        if random.chance(10) {
            policy.doubt = doubt();
        }
    }
    for set in &mut input.sets {
        if random.chance(10) {
            set.doubt = doubt();
        }
    }
    if random.chance(10) {
        input.foreign.push(Foreign {
            what: "CiliumNetworkPolicy a/x".into(),
            kind: "CiliumNetworkPolicy".into(),
            namespace: None,
            may_allow: random.chance(50),
            origin: input.endpoints[0].origin.clone(),
        });
    }
    input
}

#[test]
fn every_pair_and_every_header_is_decided_as_it_is_explained() {
    let headers = headers();
    let mut asked = 0_u64;
    for seed in 0..seeds() / 10 {
        let random = &mut Random::new(seed);
        let mut input = generated::cluster(random);
        if seed % 4 == 3 {
            input = doubted(random, input);
        }
        let compiled = Compiled::new(input.clone());
        for family in [Family::V4, Family::V6] {
            let parties = parties(&input, family);
            for from in &parties {
                let mut flows = Vec::new();
                for to in &parties {
                    for (protocol, port, icmp) in &headers {
                        let ports = Ranges::one(random.pick(&[53_u128, 443, 40_000]));
                        let source_port = if port.is_some() { ports } else { Ranges::none() };
                        let flow = Flow {
                            family,
                            protocol: *protocol,
                            from: from.clone(),
                            to: to.clone(),
                            source_port,
                            port: *port,
                            icmp: icmp.clone(),
                        };
                        check(seed, &compiled, &flow);
                        flows.push(flow);
                        asked += 2;
                    }
                }
                check_together(seed, &compiled, &flows);
            }
        }
    }
    println!("{asked} questions");
}

#[test]
fn open_questions_are_decided_as_they_are_explained() {
    for seed in 0..seeds() {
        let random = &mut Random::new(seed);
        let mut input = generated::cluster(random);
        if seed % 4 == 3 {
            input = doubted(random, input);
        }
        let compiled = Compiled::new(input.clone());
        for question in 0..30 {
            let openness = if question % 3 == 0 { Openness::Open } else { Openness::Known };
            check(seed, &compiled, &generated::flow(random, &input, openness));
        }
    }
}

/// A rulebook has a mask for each range of headers, in words of 32 steps.
#[test]
fn rulebooks_of_a_hundred_rules_are_decided_as_they_are_explained() {
    let mut late = 0;
    for seed in 0..seeds() / 20 {
        let random = &mut Random::new(seed);
        let mut input = generated::cluster(random);
        for policy in &mut input.policies {
            let more = 10 + random.below(50);
            let rules = [
                (&mut policy.ingress_rules, Direction::Ingress),
                (&mut policy.egress_rules, Direction::Egress),
            ];
            for (rules, direction) in rules {
                rules.extend((0..more).map(|_| generated::rule(random, direction)));
            }
        }
        let compiled = Compiled::new(input.clone());
        for _ in 0..100 {
            let flow = generated::flow(random, &input, Openness::Known);
            check(seed, &compiled, &flow);
            let ruling = decide(&compiled, &flow, Stage::Enforced);
            let by = [ruling.ingress.by, ruling.egress.by].into_iter().flatten();
            late += by.filter(|by| matches!(by, Decides::Policy(_, Some(32..)))).count();
        }
    }
    assert!(late > 0, "no rule far down decides anything");
}

/// So many rules for so many ports that their masks would take 50 MB are not kept, and decide as others do.
#[test]
fn rules_too_many_to_be_kept_for_all_ports_are_decided_as_they_are_explained() {
    const RULES: u16 = 14_000;
    let random = &mut Random::new(7);
    let mut input = generated::cluster(random);
    let generated = &input.policies[0];
    let rule = |port: u16| {
        let mut rule = Rule::new(Action::Allow, port.into(), generated.origin.clone());
        rule.protocol = Some(ProtocolMatch { protocol: Protocol::TCP, family: None });
        rule.destination.ports = vec![PortMatch::Range(PortRange::one(2 * port))];
        rule
    };
    let policy = Policy {
        subject: Selector::All,
        ingress: true,
        ingress_rules: (0..RULES).map(rule).collect(),
        kind: PolicyKind::Global,
        doubt: None,
        class: PolicyClass::Normal,
        ..generated.clone()
    };
    input.policies = vec![policy];
    let compiled = Compiled::new(input.clone());
    compiled.warm(1);
    assert!(compiled.index_stats().bytes < 10_000_000, "{:?}", compiled.index_stats());
    let mut decided = 0;
    for from in parties(&input, Family::V4).iter().take(3) {
        for to in parties(&input, Family::V4).iter().skip(1).take(3) {
            for port in [0, 1, 2, 13_998, 13_999, 27_998, 27_999, 65_535] {
                let flow = Flow {
                    family: Family::V4,
                    protocol: Protocol::TCP,
                    from: from.clone(),
                    to: to.clone(),
                    source_port: Ranges::one(40_000),
                    port: Some(port),
                    icmp: None,
                };
                check(7, &compiled, &flow);
                let by = decide(&compiled, &flow, Stage::Enforced).ingress.by;
                decided += usize::from(matches!(by, Some(Decides::Policy(_, Some(_)))));
            }
        }
    }
    assert!(decided > 0, "no rule decides anything");
}

#[test]
fn what_is_worked_out_beforehand_is_what_is_worked_out_when_asked() {
    for seed in 0..50 {
        let random = &mut Random::new(seed);
        let input = generated::cluster(random);
        let (cold, warm) = (Compiled::new(input.clone()), Compiled::new(input.clone()));
        warm.warm(2);
        for _ in 0..30 {
            let flow = generated::flow(random, &input, Openness::Known);
            for stage in [Stage::Enforced, Stage::Pending] {
                assert_eq!(decide(&cold, &flow, stage), decide(&warm, &flow, stage), "{seed}");
            }
        }
    }
}
