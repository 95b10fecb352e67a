//! What must be so of every verdict, whatever the policies say.

mod generated;

use std::net::IpAddr;

use generated::{DOMAINS, Openness, Random};
use portcullis_core::Verdict;
use portcullis_netpol::{
    Action, By, Compiled, Connection, Decider, Direction, Hop, Input, Side, Stage, explain,
};
use smol_str::SmolStr;

const SEEDS: u64 = 600;
const QUESTIONS: usize = 10;

/// One side's verdict, who decided by which rule, and the hops before, by names: ids are numbers of
/// one compilation.
fn told(compiled: &Compiled, side: &Side) -> (String, String, Vec<String>) {
    let hop = |h: &Hop| {
        let tier = &compiled.tier(h.tier).name;
        format!("{tier} {} {:?}", compiled.policy(h.policy), h.rule)
    };
    let by = |by: &By| match by.decider {
        Decider::Policy(policy) => {
            let tier = by.tier.map(|tier| compiled.tier(tier).name.clone());
            format!("{tier:?} {} {:?}", compiled.policy(policy), by.rule)
        }
        _ => format!("{by:?}"),
    };
    let decided = side.by.as_ref().map_or_else(|| "-".to_owned(), by);
    (side.verdict.word().to_owned(), decided, side.via.iter().map(hop).collect())
}

/// The same, of both sides.
fn both(compiled: &Compiled, connection: &Connection) -> [(String, String, Vec<String>); 2] {
    [told(compiled, &connection.egress), told(compiled, &connection.ingress)]
}

#[test]
fn an_allow_at_the_end_of_a_policy_takes_no_allow_away() {
    let (mut allowed_before, mut only_after) = (0, 0);
    for seed in 0..SEEDS {
        let random = &mut Random::new(seed);
        let input = generated::cluster(random);
        if input.policies.is_empty() {
            continue;
        }
        let mut more = input.clone();
        let at = random.below(more.policies.len());
        let policy = &mut more.policies[at];
        for direction in [Direction::Ingress, Direction::Egress] {
            let rules = match direction {
                Direction::Ingress => &mut policy.ingress_rules,
                Direction::Egress => &mut policy.egress_rules,
            };
            let mut added = generated::rule(random, direction);
            added.action = Action::Allow;
            added.number = rules.len();
            rules.push(added);
        }
        let (before, after) = (Compiled::new(input.clone()), Compiled::new(more));
        for question in 0..QUESTIONS {
            let openness = if question % 2 == 0 { Openness::Open } else { Openness::Known };
            let flow = generated::flow(random, &input, openness);
            for stage in [Stage::Enforced, Stage::Pending] {
                let (was, is) = (explain(&before, &flow, stage), explain(&after, &flow, stage));
                if was.verdict == Verdict::Allow && !is.cut_short {
                    assert_eq!(is.verdict, Verdict::Allow, "seed {seed}, {stage:?}: {flow:?}");
                    allowed_before += 1;
                }
                only_after +=
                    usize::from(was.verdict == Verdict::Deny && is.verdict == Verdict::Allow);
            }
        }
    }
    // Rules that never matter would prove nothing.
    assert!(allowed_before > 500 && only_after > 20, "{allowed_before}, {only_after}");
}

#[test]
fn the_order_in_which_objects_are_given_does_not_matter() {
    for seed in 0..SEEDS {
        let random = &mut Random::new(seed);
        let input = generated::cluster(random);
        let mut shuffled = input.clone();
        random.shuffle(&mut shuffled.policies);
        random.shuffle(&mut shuffled.tiers);
        random.shuffle(&mut shuffled.profiles);
        random.shuffle(&mut shuffled.sets);
        random.shuffle(&mut shuffled.resolved);
        let (given, other) = (Compiled::new(input.clone()), Compiled::new(shuffled));
        for question in 0..QUESTIONS {
            let openness = if question % 2 == 0 { Openness::Open } else { Openness::Known };
            let flow = generated::flow(random, &input, openness);
            for stage in [Stage::Enforced, Stage::Pending] {
                let (a, b) = (explain(&given, &flow, stage), explain(&other, &flow, stage));
                assert_eq!(
                    (a.verdict, both(&given, &a)),
                    (b.verdict, both(&other, &b)),
                    "seed {seed}, {stage:?}: {flow:?}"
                );
            }
        }
    }
}

/// The cluster with every DNS name resolved, so that no rule asks what nobody said.
fn all_names_known(mut input: Input) -> Input {
    let somewhere = IpAddr::from([198, 51, 100, 7]);
    input.resolved.extend(DOMAINS.iter().map(|name| (SmolStr::new(name), somewhere)));
    input
}

#[test]
fn a_fully_known_flow_has_one_branch() {
    for seed in 0..SEEDS {
        let random = &mut Random::new(seed);
        let input = all_names_known(generated::cluster(random));
        let compiled = Compiled::new(input.clone());
        for _ in 0..QUESTIONS {
            let flow = generated::flow(random, &input, Openness::Known);
            for stage in [Stage::Enforced, Stage::Pending] {
                let said = explain(&compiled, &flow, stage);
                assert!(!said.cut_short);
                let [branch] = said.branches.as_slice() else {
                    panic!("seed {seed}, {stage:?}: {} branches: {flow:?}", said.branches.len());
                };
                assert!(branch.conditions.is_empty(), "seed {seed}: {:?}", branch.conditions);
                assert_ne!(said.verdict, Verdict::Unknown);
                assert_eq!(said.verdict, branch.verdict);
                let whole = [told(&compiled, &said.egress), told(&compiled, &said.ingress)];
                let one = [told(&compiled, &branch.egress), told(&compiled, &branch.ingress)];
                assert_eq!(whole, one);
            }
        }
    }
}
