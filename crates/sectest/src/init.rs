//! A first test file, from what holds today.

use std::collections::BTreeMap;
use std::fmt::Write;

use portcullis_analysis::{Answer, FlowAnswer, PortSpec, Spec, What, Who};
use portcullis_core::{Protocol, Verdict};
use portcullis_netpol::{Direction, PolicyKind};
use portcullis_snapshot::{Snapshot, Workload};
use smol_str::SmolStr;

use crate::claim::{Are, Claim, Deed, End, Holders, Only, Scope, Subject};
use crate::judge::{Court, Heard, Holds, Lenient, who_is};
use crate::read::{GROUP, KIND, VERSION};

/// How many workloads get a line: a first page is to be read by somebody.
const WORKLOADS_MAX: usize = 100;

/// How many pairs of workloads are asked about: a few seconds.
const PAIRS_MAX: usize = 50_000;

/// How many ends stand on one line before they get a line each.
const LINE_ENDS_MAX: usize = 3;

/// What decides who may reach whom and who may do what, if somebody may write it.
const WRITTEN: [&str; 5] = [
    "networkpolicies.networking.k8s.io",
    "rolebindings.rbac.authorization.k8s.io",
    "clusterrolebindings.rbac.authorization.k8s.io",
    "roles.rbac.authorization.k8s.io",
    "clusterroles.rbac.authorization.k8s.io",
];

/// The same for clusters that have Calico's policies.
const WRITTEN_CALICO: [&str; 3] = [
    "networkpolicies.projectcalico.org",
    "globalnetworkpolicies.projectcalico.org",
    "tiers.projectcalico.org",
];

/// Writing something: each of these is enough.
const WRITING: [&str; 4] = ["create", "update", "patch", "delete"];

/// A test file that says what holds of a snapshot, so that nobody starts from an empty page: who
/// alone reaches each workload, and who may write policy.
///
/// All of it passes. What is open to everybody, or not known, is a comment: it is for people to
/// say what should hold.
pub fn init(snapshot: &Snapshot, sources: &[&str]) -> String {
    let court = Court {
        snapshot,
        namespace: snapshot.settings().default_namespace.as_str(),
        users: &[],
        addresses: &[],
        accounts: &[],
        allow_empty: false,
    };
    let mut page = Page::new(sources);
    page.isolation(&court);
    page.writers(&court);
    page.text
}

/// The file as far as it is written.
struct Page {
    text: String,
}

// === impl Page ===

impl Page {
    fn new(sources: &[&str]) -> Self {
        let mut text = String::from(
            "# What holds today. Strike what should not hold, keep the rest, and say what is missing.\n",
        );
        let _ =
            writeln!(text, "apiVersion: {GROUP}/{VERSION}\nkind: {KIND}\nmetadata:\n  name: today");
        if !sources.is_empty() {
            text.push_str("cluster:\n  sources:\n");
            for source in sources {
                let _ = writeln!(text, "  - {}", scalar(source));
            }
        }
        text.push_str("assert:\n");
        Self { text }
    }

    /// A line for people. What comes from the input must not break out of it.
    fn remark(&mut self, text: &str) {
        let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let _ = writeln!(self.text, "# {}", line.trim_end());
    }

    // === Who reaches whom ===

    fn isolation(&mut self, court: &Court<'_>) {
        self.remark("--- Who alone reaches each workload ---");
        let all: Vec<&Workload> = court.workloads().collect();
        let count = all.len();
        let asked = PAIRS_MAX.checked_div(count).unwrap_or(0).clamp(1, WORKLOADS_MAX);
        if count > asked {
            self.remark(&format!("The first {asked} of {count} workloads are asked about."));
        }
        for workload in all.iter().take(asked) {
            let name = format!("{}/{}", workload.namespace, workload.name);
            match self.isolation_of(court, workload) {
                Ok(()) => {}
                Err(why) => self.remark(&format!("{name} {why}")),
            }
        }
    }

    /// One workload; or why nothing is asserted of it.
    fn isolation_of(&mut self, court: &Court<'_>, workload: &Workload) -> Result<(), String> {
        let of = readable(workload).ok_or("has a name that cannot be written here")?;
        let target = Spec { who: of, what: What::Unsaid };
        let mut reached: BTreeMap<String, Reach> = BTreeMap::new();
        let (mut is_open, mut is_unknown) = (true, false);
        for other in court.workloads() {
            let Some(from) = readable(other).filter(|from| *from != target.who) else { continue };
            let source = Spec { who: from, what: What::Unsaid };
            let lenient = Lenient { endpoints: true, ports: false };
            let (mut reach, mut heard) = (Reach::default(), Heard::default());
            let mut visit = |_: &Answer, flow: &FlowAnswer| match (
                flow.verdict,
                flow.port,
                Protocol::named(&flow.protocol),
            ) {
                (Verdict::Allow, Some(port), Some(protocol)) => {
                    reach.ports.push((port, protocol));
                }
                (Verdict::Allow, ..) => {}
                (Verdict::Deny, ..) => reach.is_whole = false,
                (Verdict::Unknown, ..) => is_unknown = true,
            };
            let asked = court.ask_one(&source, &target, lenient, &mut heard, &mut visit);
            if !asked.map_err(|stop| format!("is not asked about: {}", stop.message))? {
                continue;
            }
            is_open &= reach.is_whole;
            reached.insert(source.who.to_string(), Reach { who: Some(source.who), ..reach });
        }
        if reached.is_empty() {
            return Err("has no other workload beside it".into());
        }
        if is_unknown {
            return Err("is reached by somebody or not, depending on what is not known".into());
        }
        if is_open {
            return Err("is open to every workload here: should it be?".into());
        }
        let peers = reached.into_values().flat_map(Reach::ends).collect();
        let claim = Only { of: End::Spec(target), direction: Direction::Ingress, peers };
        self.only(court, &claim)
    }

    fn only(&mut self, court: &Court<'_>, claim: &Only) -> Result<(), String> {
        match court.judge(&Claim::Only(claim.clone())) {
            Ok(judged) if judged.holds == Holds::Yes => {}
            Ok(judged) => return Err(format!("is not asserted: {}", judged.why)),
            Err(stop) => return Err(format!("is not asserted: {}", stop.message)),
        }
        if claim.peers.len() <= LINE_ENDS_MAX {
            let _ = writeln!(self.text, "- {}", scalar(&claim.to_string()));
            return Ok(());
        }
        let _ =
            writeln!(self.text, "- only:\n    to: {}\n    from:", scalar(&claim.of.to_string()));
        for peer in &claim.peers {
            let _ = writeln!(self.text, "    - {}", scalar(&peer.to_string()));
        }
        Ok(())
    }

    // === Who may write policy ===

    fn writers(&mut self, court: &Court<'_>) {
        self.remark("--- Who may write policy, besides those whom every server lets ---");
        let is_calico = |kind| {
            use PolicyKind::{Global, Namespaced, StagedGlobal, StagedNamespaced};
            matches!(kind, Global | Namespaced | StagedGlobal | StagedNamespaced)
        };
        let has_calico = court.snapshot.network().policies().any(|p| is_calico(p.kind));
        let calico = if has_calico { WRITTEN_CALICO.as_slice() } else { &[] };
        for resource in WRITTEN.iter().chain(calico) {
            // Verbs with the same holders share a line.
            let mut verbs_of: Vec<(Vec<Subject>, Vec<SmolStr>)> = Vec::new();
            for verb in WRITING {
                let Ok(holders) =
                    court.holders_of(&holders(resource, vec![verb.into()], Vec::new()))
                else {
                    continue;
                };
                match verbs_of.iter_mut().find(|(known, _)| *known == holders) {
                    Some((_, verbs)) => verbs.push(verb.into()),
                    None => verbs_of.push((holders, vec![verb.into()])),
                }
            }
            for (subjects, verbs) in verbs_of {
                self.writer(court, &holders(resource, verbs, subjects));
            }
        }
    }

    fn writer(&mut self, court: &Court<'_>, claim: &Holders) {
        let Ok(judged) = court.judge(&Claim::Holders(claim.clone())) else { return };
        let Are::Exactly(subjects) = &claim.are else { return };
        let Deed { verbs, resource, .. } = &claim.deed;
        let _ = writeln!(
            self.text,
            "- who: {{can: [{}], what: {resource}, scope: anywhere, builtIn: false}}",
            verbs.join(", ")
        );
        if subjects.is_empty() {
            self.text.push_str("  exactly: []\n");
        } else {
            self.text.push_str("  exactly:\n");
            for subject in subjects {
                let _ = writeln!(self.text, "  - {}", scalar(&subject.to_string()));
            }
        }
        if judged.holds == Holds::Unknown {
            let _ = writeln!(self.text, "  accept: unknown\n  reason: {}", scalar(&judged.why));
        }
    }
}

/// Who may do it anywhere, as a claim.
fn holders(resource: &str, verbs: Vec<SmolStr>, subjects: Vec<Subject>) -> Holders {
    let deed = Deed { verbs, resource: resource.into(), object: None, scope: Scope::Anywhere };
    Holders { deed, built_in: false, are: Are::Exactly(subjects) }
}

/// On which ports somebody reaches something.
struct Reach {
    who: Option<Who>,
    ports: Vec<(u16, Protocol)>,
    /// Whether on all it has.
    is_whole: bool,
}

impl Default for Reach {
    fn default() -> Self {
        Self { who: None, ports: Vec::new(), is_whole: true }
    }
}

impl Reach {
    fn ends(self) -> Vec<End> {
        let Some(who) = self.who else { return Vec::new() };
        let on = |what| End::Spec(Spec { who: who.clone(), what });
        if self.is_whole {
            return vec![on(What::Unsaid)];
        }
        let ports = self.ports.into_iter();
        ports.map(|(port, protocol)| on(What::Port(PortSpec::Number(port), protocol))).collect()
    }
}

/// The workload, if its name is read as it is written.
fn readable(workload: &Workload) -> Option<Who> {
    let who = who_is(workload)?;
    let read: Spec = who.to_string().parse().ok()?;
    (read == Spec { who: who.clone(), what: What::Unsaid }).then_some(who)
}

/// A text as YAML: plain where that is certainly read as the same text, quoted otherwise.
fn scalar(text: &str) -> String {
    let is_plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && text.chars().all(|c| c.is_ascii_alphanumeric() || " ./_=@>:,-".contains(c))
        && text.contains(['/', ' ', '.']);
    if is_plain { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}

#[cfg(test)]
mod tests {
    use super::scalar;

    #[test]
    fn texts_that_yaml_would_read_otherwise_are_quoted() {
        for plain in ["only pod/a/b:80 -> pod/c/d", "sa/shop:cart", "k8s/shop.yaml"] {
            assert_eq!(scalar(plain), plain);
        }
        for (text, want) in [
            ("true", "\"true\""),
            ("- a", "\"- a\""),
            ("../k8s", "\"../k8s\""),
            ("user/a: b", "\"user/a: b\""),
            ("user/a #b", "\"user/a #b\""),
            ("user/é\"\n", "\"user/é\\\"\\n\""),
            ("only [] -> pod/a/b", "\"only [] -> pod/a/b\""),
        ] {
            assert_eq!(scalar(text), want);
        }
    }
}
