//! What one side of a flow says, in lines for people and programs.

use portcullis_core::{Origin, Verdict};
use portcullis_netpol::host::Outcome;
use portcullis_netpol::{
    By, Class, Compiled, Decider, Direction, HostSide, Policy, PolicyId, Side, SideVerdict, Tier,
    TierEnd, TierTrace,
};
use portcullis_snapshot::PodToHost;

/// What one side says, and everything that had a say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SideAnswer {
    /// Whose policies.
    pub of: String,
    /// Which way they look.
    pub direction: Direction,
    /// `allow`, `deny`, `unpoliced` or `unknown`.
    pub verdict: &'static str,
    /// What decided; none where nothing did, or where cases differ.
    pub decided_by: Option<DecidedBy>,
    /// Every tier and policy that had a say, in order.
    pub lines: Vec<TraceLine>,
    /// One sentence, without full stop.
    pub why: String,
}

/// What decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecidedBy {
    /// The tier, unless a profile or a rule of the data plane decided.
    pub tier: Option<String>,
    /// The kind, as Calico's flow logs write it.
    pub kind: String,
    /// The namespace, for what has one.
    pub namespace: Option<String>,
    /// The name.
    pub name: String,
    /// The rule, counted from 0 as in the document; none at the end of a tier.
    pub rule: Option<usize>,
    /// Where it stands; none for what is built in.
    pub origin: Option<Origin>,
}

/// One line of a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceLine {
    /// The tier; empty for what stands outside of tiers.
    pub tier: String,
    /// The tier's order.
    pub order: String,
    /// The policy's kind; empty for a line about the tier itself.
    pub kind: String,
    /// The policy, as `namespace/name`; empty for a line about the tier itself.
    pub policy: String,
    /// The rule, counted from 0 as in the document.
    pub rule: Option<usize>,
    /// What it did.
    pub action: String,
    /// Where it stands.
    pub origin: Option<Origin>,
    /// Whether this line decides.
    pub decides: bool,
}

/// What the sentences about a side need to know.
pub(crate) struct About<'a> {
    pub(crate) of: &'a str,
    pub(crate) peer: &'a str,
    pub(crate) what: &'a str,
    pub(crate) direction: Direction,
}

/// Tells one side of a flow; `pending` is the same side with staged policies in force.
pub(crate) fn tell(
    compiled: &Compiled,
    side: &Side,
    pending: &Side,
    about: &About<'_>,
) -> SideAnswer {
    let mut lines = Vec::new();
    for (at, tier) in side.tiers.iter().enumerate() {
        // Every walk asks the tiers in the same order from the first on.
        let twin = pending.tiers.get(at).filter(|t| t.tier == tier.tier);
        tier_lines(compiled, tier, twin, side.by.as_ref(), about.direction, &mut lines);
    }
    if let Some(by) = &side.by {
        lines.extend(outside_of_tiers(compiled, by, side.verdict.word()));
    }
    SideAnswer {
        of: about.of.to_owned(),
        direction: about.direction,
        verdict: side.verdict.word(),
        decided_by: side.by.as_ref().map(|by| decided_by(compiled, by, about.direction)),
        lines,
        why: why(compiled, side.verdict, side.by.as_ref(), &side.tiers, about),
    }
}

/// The side of a pod that its own node reaches out to.
pub(crate) fn on_its_own_node(about: &About<'_>) -> SideAnswer {
    SideAnswer {
        of: about.of.to_owned(),
        direction: about.direction,
        verdict: SideVerdict::Unpoliced.word(),
        decided_by: None,
        lines: Vec::new(),
        why: format!("{} runs on that node, and a node reaches its own pods", about.of),
    }
}

/// The side of a node that one of its own pods reaches out to, where policy is not asked.
pub(crate) fn at_its_own_node(about: &About<'_>, action: Option<PodToHost>) -> SideAnswer {
    let (verdict, does) = match action {
        Some(PodToHost::Drop) => (SideVerdict::Deny, "drops it"),
        Some(PodToHost::Accept) => (SideVerdict::Allow, "accepts it"),
        Some(PodToHost::Return) | None => (SideVerdict::Unknown, "decides, and is not given"),
    };
    SideAnswer {
        of: about.of.to_owned(),
        direction: about.direction,
        verdict: verdict.word(),
        decided_by: None,
        lines: Vec::new(),
        why: format!(
            "{} runs on that node: defaultEndpointToHostAction of FelixConfiguration {does}",
            about.peer
        ),
    }
}

/// Tells what a host endpoint says, class after class as a packet meets them; `pending` is the same
/// with staged policies in force.
pub(crate) fn tell_host(
    compiled: &Compiled,
    classes: &[(Class, HostSide)],
    pending: &[(Class, HostSide)],
    verdict: Verdict,
    about: &About<'_>,
) -> SideAnswer {
    let mut lines = Vec::new();
    for (class, side) in classes {
        let before = lines.len();
        let twin = pending.iter().find(|(c, _)| c == class).map(|(_, side)| side);
        for (at, tier) in side.tiers.iter().enumerate() {
            let twin = twin.and_then(|t| t.tiers.get(at)).filter(|t| t.tier == tier.tier);
            tier_lines(compiled, tier, twin, side.by.as_ref(), about.direction, &mut lines);
        }
        if let Some(by) = &side.by {
            lines.extend(outside_of_tiers(compiled, by, side.outcome.word()));
        }
        for line in lines.iter_mut().skip(before) {
            line.action = format!("{} ({})", line.action, class_word(*class));
        }
    }
    let decides = classes.iter().map(|(_, side)| side).find(|s| s.outcome != Outcome::Continue);
    let by =
        decides.filter(|s| s.outcome.word() == verdict.to_string()).and_then(|s| s.by.as_ref());
    let tiers = decides.map(|side| side.tiers.as_slice()).unwrap_or_default();
    let verdict = match verdict {
        Verdict::Allow => SideVerdict::Allow,
        Verdict::Deny => SideVerdict::Deny,
        Verdict::Unknown => SideVerdict::Unknown,
    };
    SideAnswer {
        of: about.of.to_owned(),
        direction: about.direction,
        verdict: verdict.word(),
        decided_by: by.map(|by| decided_by(compiled, by, about.direction)),
        lines,
        why: why(compiled, verdict, by, tiers, about),
    }
}

fn class_word(class: Class) -> &'static str {
    match class {
        Class::Normal => "normal",
        Class::Forward => "forwarded",
        Class::PreDnat => "before DNAT",
        Class::Untracked => "untracked",
    }
}

fn tier_lines(
    compiled: &Compiled,
    trace: &TierTrace,
    pending: Option<&TierTrace>,
    by: Option<&By>,
    direction: Direction,
    lines: &mut Vec<TraceLine>,
) {
    let tier = compiled.tier(trace.tier);
    if tier.policies().is_empty() {
        return;
    }
    let here = by.is_some_and(|by| by.tier == Some(trace.tier));
    if trace.policies.is_empty() {
        lines.push(tier_line(tier, "no policy selects it", false));
        return;
    }
    for step in &trace.policies {
        let policy = compiled.policy(step.policy);
        for rule in &step.logged {
            lines.push(policy_line(tier, policy, Some(*rule), direction, "log"));
        }
        if let Some((rule, action)) = step.matched {
            let mut line = policy_line(tier, policy, Some(rule), direction, &action.to_string());
            line.decides = here && trace.end == TierEnd::Decided;
            lines.push(line);
            continue;
        }
        let action = match (step.asked, policy.kind.is_staged()) {
            (false, true) => staged(step.policy, pending),
            (false, false) => "would be refused, and is not there".into(),
            (true, _) if policy.doubt.is_some() => "would be refused".into(),
            (true, _) => undecided(policy, step.logged.len(), direction),
        };
        let mut line = policy_line(tier, policy, None, direction, &action);
        line.decides = here && trace.end == TierEnd::InDoubt && step.asked;
        lines.push(line);
    }
    match trace.end {
        TierEnd::DefaultDeny => lines.push(tier_line(tier, "end of tier: deny", here)),
        TierEnd::DefaultPass => lines.push(tier_line(tier, "end of tier: pass", false)),
        TierEnd::NoSay | TierEnd::Decided | TierEnd::Passed | TierEnd::InDoubt => {}
    }
}

/// Why a policy decides nothing. Rules that matched and only logged have lines of their own.
fn undecided(policy: &Policy, logged: usize, direction: Direction) -> String {
    match (policy.rules(direction).len(), logged) {
        (0, _) => format!("has no {direction} rules"),
        (1, 0) => "its rule does not match".into(),
        (many, 0) => format!("none of its {many} rules matches"),
        (1, _) => "its rule only logs".into(),
        (all, logged) if all == logged => format!("its {all} rules only log"),
        (_, _) => "none of its other rules matches".into(),
    }
}

/// What a staged policy would do, read off the walk in which it is in force.
fn staged(id: PolicyId, pending: Option<&TierTrace>) -> String {
    let step = pending.and_then(|t| t.policies.iter().find(|p| p.policy == id));
    let end = pending.map(|t| t.end);
    match (step.map(|s| s.matched), end) {
        (Some(Some((_, action))), _) => format!("staged: would {action}"),
        (Some(None), Some(TierEnd::DefaultDeny)) => "staged: would end the tier with deny".into(),
        (Some(None), _) => "staged: no rule matches".into(),
        (None, _) => "staged: not reached".into(),
    }
}

fn tier_line(tier: &Tier, action: &str, decides: bool) -> TraceLine {
    TraceLine {
        tier: tier.name.to_string(),
        order: tier.order.to_string(),
        kind: String::new(),
        policy: String::new(),
        rule: None,
        action: action.to_owned(),
        origin: (!tier.origin.is_built_in()).then(|| tier.origin.clone()),
        decides,
    }
}

fn policy_line(
    tier: &Tier,
    policy: &Policy,
    rule: Option<usize>,
    direction: Direction,
    action: &str,
) -> TraceLine {
    let ruled = rule.and_then(|index| policy.rules(direction).get(index));
    TraceLine {
        tier: tier.name.to_string(),
        order: tier.order.to_string(),
        kind: policy.kind.name().to_owned(),
        policy: match &policy.namespace {
            Some(namespace) => format!("{namespace}/{}", policy.name),
            None => policy.name.to_string(),
        },
        rule: ruled.map(|r| r.number),
        action: action.to_owned(),
        origin: Some(ruled.map_or_else(|| policy.origin.clone(), |r| r.origin.clone())),
        decides: false,
    }
}

/// The line of a decision that no tier made.
fn outside_of_tiers(compiled: &Compiled, by: &By, verdict: &str) -> Option<TraceLine> {
    let (policy, action) = match &by.decider {
        Decider::Policy(_) => return None,
        Decider::Profile(name) => (format!("Profile {name}"), verdict.to_owned()),
        Decider::NoProfile => (String::new(), "no profile allows it: deny".into()),
        Decider::Failsafe => (String::new(), "failsafe port: allow".into()),
        Decider::NotForwardPoliced => {
            (String::new(), "no policy on forwarded traffic: allow".into())
        }
        Decider::Foreign(index) => {
            let foreign = compiled.foreign().get(*index);
            (foreign.map_or_else(String::new, |f| f.what.clone()), "not judged here".into())
        }
    };
    let origin = match &by.decider {
        Decider::Foreign(index) => compiled.foreign().get(*index).map(|f| f.origin.clone()),
        _ => None,
    };
    Some(TraceLine {
        tier: String::new(),
        order: String::new(),
        kind: String::new(),
        policy,
        rule: None,
        action,
        origin,
        decides: true,
    })
}

fn decided_by(compiled: &Compiled, by: &By, direction: Direction) -> DecidedBy {
    let tier = by.tier.map(|t| compiled.tier(t).name.to_string());
    let plain = |kind: &str, name: &str| DecidedBy {
        tier: tier.clone(),
        kind: kind.to_owned(),
        namespace: None,
        name: name.to_owned(),
        rule: by.rule,
        origin: None,
    };
    match &by.decider {
        Decider::Policy(id) => {
            let policy = compiled.policy(*id);
            let rule = by.rule.and_then(|index| policy.rules(direction).get(index));
            DecidedBy {
                tier,
                kind: policy.kind.name().to_owned(),
                namespace: policy.namespace.as_ref().map(ToString::to_string),
                name: policy.name.to_string(),
                rule: rule.map(|r| r.number),
                origin: Some(rule.map_or_else(|| policy.origin.clone(), |r| r.origin.clone())),
            }
        }
        Decider::Profile(name) => plain("Profile", name),
        Decider::NoProfile => plain("Profile", "none"),
        Decider::Failsafe => plain("FelixConfiguration", "failsafe"),
        Decider::NotForwardPoliced => plain("HostEndpoint", "no policy on forwarded traffic"),
        Decider::Foreign(index) => {
            let foreign = compiled.foreign().get(*index);
            DecidedBy {
                origin: foreign.map(|f| f.origin.clone()),
                ..plain(
                    foreign.map_or("", |f| f.kind.as_str()),
                    foreign.map_or("", |f| f.what.as_str()),
                )
            }
        }
    }
}

fn why(
    compiled: &Compiled,
    verdict: SideVerdict,
    by: Option<&By>,
    tiers: &[TierTrace],
    about: &About<'_>,
) -> String {
    let About { of, peer, what, direction } = about;
    let toward = match direction {
        Direction::Egress => "to",
        Direction::Ingress => "from",
    };
    if verdict == SideVerdict::Unpoliced {
        return format!("{of} is no endpoint of policy: nothing is asked there");
    }
    let Some(by) = by else {
        return match verdict {
            SideVerdict::Unknown => "it depends on a fact that is not given".into(),
            _ => format!("every case agrees, each by another rule: {}", verdict.word()),
        };
    };
    match (&by.decider, by.rule) {
        (Decider::Policy(id), rule) => {
            let policy = compiled.policy(*id);
            let number = rule.and_then(|i| policy.rules(*direction).get(i)).map(|r| r.number);
            match (verdict, number) {
                (SideVerdict::Unknown, _) => format!(
                    "{policy} has a say, and would be refused: what its author will do is unknown"
                ),
                (SideVerdict::Deny, None) => {
                    let tier = by.tier.map_or("", |t| compiled.tier(t).name.as_str());
                    format!(
                        "{policy} selects {of}, and no rule of tier {tier} allows {what} {toward} {peer}"
                    )
                }
                (_, Some(rule)) => {
                    let does = if verdict == SideVerdict::Deny { "denies" } else { "allows" };
                    format!("rule {rule} of {policy} {does} {what} {toward} {peer}")
                }
                (_, None) => format!("{policy} decides"),
            }
        }
        (Decider::Profile(name), _) => {
            let said = tiers.iter().any(|t| t.end != TierEnd::NoSay);
            let namespace = name.strip_prefix("kns.");
            match (verdict, said, namespace) {
                (SideVerdict::Allow, false, Some(_)) => {
                    format!("no policy selects {of} for {direction}: everything is allowed")
                }
                (SideVerdict::Allow, true, Some(_)) => {
                    "every tier that has a say passes it on, and at the end everything is allowed"
                        .into()
                }
                (_, _, _) => format!("profile {name} of {of} says {}", verdict.word()),
            }
        }
        (Decider::NoProfile, _) => {
            format!("no policy decides, and no profile of {of} allows it")
        }
        (Decider::Failsafe, _) => {
            format!("{what} is a failsafe port: it stays open whatever policy says")
        }
        (Decider::NotForwardPoliced, _) => {
            format!("no policy on forwarded traffic selects {of}")
        }
        (Decider::Foreign(index), _) => {
            let what =
                compiled.foreign().get(*index).map_or("another engine's policy", |f| &f.what);
            format!("{what} may decide otherwise, and its kind is not judged here")
        }
    }
}
