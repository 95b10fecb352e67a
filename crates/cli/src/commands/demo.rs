//! `portcullis demo`: the example of a shop that is closed step by step, built into the program.
//!
//! Nothing is recited: every figure is counted from answers as the command `connect` gives them, those
//! of [`reach`] without their reasons.

use std::borrow::Cow;

use anyhow::{Context, anyhow};
use portcullis_analysis::{
    Answer, Outcome, Pair, PortSpec, Question, Spec, What, Who, connect, declared, pairs, reach,
};
use portcullis_core::{Family, ObjectRef, Verdict};
use portcullis_object::{Input, Limits, Loaded, Object};
use portcullis_snapshot::{Change, Settings, Snapshot, WorkloadId};
use serde_json::Value;
use smol_str::SmolStr;

use crate::args::DemoArgs;
use crate::exit::Exit;
use crate::places::Places;
use crate::render;
use crate::shell::Shell;

/// The namespaces whose workloads are counted: the shop, and its developers. The name server is
/// everybody's and would only blur the figures.
const NAMESPACES: [&str; 2] = ["default", "dev"];

macro_rules! embedded {
    ($($name:literal)*) => {
        &[$(($name, include_str!(concat!("../../../../examples/boutique/", $name)))),*]
    };
}

const SCENARIO: &str = include_str!("../../../../examples/boutique/scenario.json");

const FILES: &[(&str, &str)] = embedded![
    "default-deny-staged.yaml"
    "default-deny.yaml"
    "dev.yaml"
    "east-west.yaml"
    "frontend-policy.yaml"
    "kube-dns.yaml"
    "lab-policies.yaml"
    "shop.yaml"
    "tiers.yaml"
];

/// What one step comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub name: String,
    pub about: String,
    /// Pairs that can talk.
    pub open: usize,
    pub pairs: usize,
    /// Connections that the manifests, or the example itself, say they need.
    pub declared: usize,
    pub declared_working: usize,
    /// Those that work and would not if what is staged were in force.
    pub declared_would_break: usize,
    /// Pairs that can talk though nobody says they need to.
    pub undeclared_open: usize,
    /// The declared connections that do not work, or would not.
    pub broken: Vec<Broken>,
}

/// A declared connection that does not work, or would not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Broken {
    pub from: String,
    pub to: String,
    /// Why, and where that is said.
    pub why: String,
    pub place: String,
}

pub(super) fn run(args: &DemoArgs, shell: &mut Shell<'_>) -> anyhow::Result<Exit> {
    let scenario = Scenario::embedded()?;
    let (files, steps) = (scenario.files.len(), scenario.steps.len());
    let source = "source: the built-in example (examples/boutique";
    shell.note(&args.output.look, &format!("{source}, {files} files, {steps} steps, offline)"))?;
    let steps = scenario.compute()?;
    shell.answer(
        &args.output,
        Some("steps"),
        |look| render::scenario(&scenario.about, &steps, look),
        || render::scenario_value(&steps),
    )?;
    Ok(Exit::Yes)
}

/// The example, as its files say it.
struct Scenario {
    about: String,
    files: Vec<(&'static str, Cow<'static, str>)>,
    steps: Vec<StepFiles>,
    /// Connections that are needed though no manifest says so.
    stated: Vec<(String, String)>,
}

struct StepFiles {
    name: String,
    about: String,
    files: Vec<String>,
}

// === impl Scenario ===

impl Scenario {
    fn embedded() -> anyhow::Result<Self> {
        let value: Value = serde_json::from_str(SCENARIO).context("scenario.json")?;
        let text = |value: &Value, field: &str| -> anyhow::Result<String> {
            let text = value.get(field).and_then(Value::as_str);
            Ok(text.ok_or_else(|| anyhow!("scenario.json has no `{field}`"))?.to_owned())
        };
        let list = |value: &Value, field: &str| -> anyhow::Result<Vec<Value>> {
            let list = value.get(field).and_then(Value::as_array);
            Ok(list.ok_or_else(|| anyhow!("scenario.json has no list `{field}`"))?.clone())
        };
        let steps = list(&value, "steps")?.into_iter().map(|step| {
            let files = list(&step, "files")?;
            Ok(StepFiles {
                name: text(&step, "name")?,
                about: text(&step, "about")?,
                files: files.iter().filter_map(|f| f.as_str().map(str::to_owned)).collect(),
            })
        });
        let stated = list(&value, "labConnections")?;
        let stated = stated.iter().map(|link| Ok((text(link, "from")?, text(link, "to")?)));
        Ok(Self {
            about: text(&value, "about")?,
            files: FILES.iter().map(|(name, text)| (*name, Cow::Borrowed(*text))).collect(),
            steps: steps.collect::<anyhow::Result<_>>()?,
            stated: stated.collect::<anyhow::Result<_>>()?,
        })
    }

    fn load(&self) -> Loaded {
        let inputs = self.files.iter().map(|(name, text)| Input {
            name: (*name).to_owned(),
            bytes: text.as_bytes().to_vec(),
        });
        portcullis_object::load(inputs.collect(), &Limits::default())
    }

    /// Goes from step to step by what each changes: an object comes and goes with its file, which is the
    /// only one that gives it.
    fn compute(&self) -> anyhow::Result<Vec<Step>> {
        let loaded = self.load();
        let places = &Places::new(loaded.sources);
        let objects = |file: &String| -> Vec<&Object> {
            let of_file = |object: &&Object| places.input(&object.origin()) == file;
            loaded.objects.iter().filter(of_file).collect()
        };
        // Nobody asks about roles here.
        let settings = Settings { bootstrap: false, ..Settings::default() };
        let (mut snapshot, _) = Snapshot::build(&[], &[], &settings);
        let mut before: &[String] = &[];
        let mut steps = Vec::new();
        for step in &self.steps {
            if let Some(name) = step.files.iter().find(|name| !self.has(name)) {
                return Err(anyhow!("`{name}` is not built in"));
            }
            let gone = before.iter().filter(|file| !step.files.contains(file)).flat_map(objects);
            let gone = gone.map(|object| Change::Delete(ObjectRef::clone(object.reference())));
            let come = step.files.iter().filter(|file| !before.contains(file)).flat_map(objects);
            let come = come.map(|object| Change::Put(object.clone()));
            snapshot = snapshot.apply_all(gone.chain(come)).snapshot;
            before = &step.files;
            steps.push(Counted { snapshot: &snapshot, places }.step(step, &self.stated)?);
        }
        Ok(steps)
    }

    fn has(&self, name: &str) -> bool {
        self.files.iter().any(|(known, _)| *known == name)
    }
}

/// One step's cluster, to be counted.
struct Counted<'a> {
    snapshot: &'a Snapshot,
    places: &'a Places,
}

// === impl Counted ===

impl Counted<'_> {
    fn step(&self, step: &StepFiles, stated: &[(String, String)]) -> anyhow::Result<Step> {
        let needed = self.needed(stated)?;
        let (mut declared_working, mut declared_would_break) = (0, 0);
        let mut broken = Vec::new();
        for pair in &needed {
            let answer = self.ask(pair)?;
            let works = answer.verdict == Outcome::Allow;
            let breaks = works && self.would_refuse(&answer);
            declared_working += usize::from(works);
            declared_would_break += usize::from(breaks);
            if !works || breaks {
                broken.extend(self.broken(pair, &answer));
            }
        }
        let pairs = pairs(self.snapshot, &NAMESPACES);
        let outcomes = reach(self.snapshot, &pairs, Family::V4)?;
        let all = pairs.iter().zip(outcomes);
        let open = all.filter(|(_, outcome)| *outcome == Outcome::Allow).map(|(pair, _)| pair);
        let open = Vec::from_iter(open);
        Ok(Step {
            name: step.name.clone(),
            about: step.about.clone(),
            open: open.len(),
            pairs: pairs.len(),
            declared: needed.len(),
            declared_working,
            declared_would_break,
            undeclared_open: open.iter().filter(|pair| !needed.contains(pair)).count(),
            broken,
        })
    }

    /// What manifests declare, then what the example states.
    fn needed(&self, stated: &[(String, String)]) -> anyhow::Result<Vec<Pair>> {
        let found = declared(self.snapshot).into_iter();
        let mut needed: Vec<Pair> = found
            .map(|d| Pair { from: d.from, to: d.to, port: d.port, protocol: d.protocol })
            .collect();
        for (from, to) in stated {
            let (from, to): (Spec, Spec) = (from.parse()?, to.parse()?);
            let What::Port(PortSpec::Number(port), protocol) = to.what else {
                return Err(anyhow!("a stated connection names its port by number"));
            };
            let (from, to) = (self.workload(&from.who)?, self.workload(&to.who)?);
            let pair = Pair { from, to, port, protocol };
            if !needed.contains(&pair) {
                needed.push(pair);
            }
        }
        Ok(needed)
    }

    fn workload(&self, who: &Who) -> anyhow::Result<WorkloadId> {
        let is_it = |asked: &Option<SmolStr>, name: &SmolStr, w: &portcullis_snapshot::Workload| {
            w.name == *name && asked.as_ref().is_none_or(|n| *n == w.namespace.as_str())
        };
        let found = self.snapshot.workloads().find(|(_, w)| match who {
            Who::Workload { namespace, name, .. } => is_it(namespace, name, w),
            _ => false,
        });
        found.map(|(id, _)| id).ok_or_else(|| anyhow!("a stated connection names no workload"))
    }

    fn ask(&self, pair: &Pair) -> anyhow::Result<Answer> {
        let who = |id: WorkloadId| {
            let workload = self.snapshot.workload(id);
            Who::Workload {
                kind: None,
                namespace: Some(workload.namespace.as_str().into()),
                name: workload.name.clone(),
            }
        };
        let question = Question {
            from: Spec { who: who(pair.from), what: What::Unsaid },
            to: Spec {
                who: who(pair.to),
                what: What::Port(PortSpec::Number(pair.port), pair.protocol),
            },
            family: Family::V4,
        };
        Ok(connect(self.snapshot, &question)?)
    }

    /// Whether what is staged would refuse a part of it.
    fn would_refuse(&self, answer: &Answer) -> bool {
        answer.flows.iter().any(|f| f.would.as_ref().is_some_and(|w| w.verdict != Verdict::Allow))
    }

    /// The first refusal in an answer, enforced or staged.
    fn broken(&self, pair: &Pair, answer: &Answer) -> Option<Broken> {
        let sides = answer.flows.iter().flat_map(|flow| {
            let staged = flow.would.iter().flat_map(|would| [&would.egress, &would.ingress]);
            [&flow.egress, &flow.ingress].into_iter().chain(staged)
        });
        let side = sides.into_iter().find(|side| side.verdict == "deny")?;
        let name = |id: WorkloadId| {
            let workload = self.snapshot.workload(id);
            format!("{}/{}", workload.namespace, workload.name)
        };
        let origin = side.decided_by.as_ref().and_then(|by| by.origin.as_ref());
        Some(Broken {
            from: name(pair.from),
            to: format!("{}:{}", name(pair.to), pair.port),
            why: side.why.clone(),
            place: render::place(origin, self.places),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use expect_test::{Expect, expect};

    use super::*;

    /// Each step's figures, after a change of the files.
    #[track_caller]
    fn check(change: impl Fn(&str, &str) -> String, want: Expect) {
        let mut scenario = Scenario::embedded().expect("the example");
        for (name, text) in &mut scenario.files {
            *text = Cow::Owned(change(name, text));
        }
        let steps = scenario.compute().expect("figures");
        let lines: Vec<String> = steps
            .iter()
            .map(|s| {
                format!(
                    "{}: {} of {} open, {} of {} declared work, {} would break, {} undeclared\n",
                    s.name,
                    s.open,
                    s.pairs,
                    s.declared_working,
                    s.declared,
                    s.declared_would_break,
                    s.undeclared_open,
                )
            })
            .collect();
        want.assert_eq(&lines.concat());
    }

    #[test]
    fn the_figures_of_the_example() {
        check(
            |_, text| text.to_owned(),
            expect![[r#"
                as-deployed: 168 of 168 open, 19 of 19 declared work, 0 would break, 149 undeclared
                east-west: 25 of 168 open, 19 of 19 declared work, 0 would break, 6 undeclared
                default-deny-staged: 25 of 168 open, 19 of 19 declared work, 9 would break, 6 undeclared
                default-deny: 10 of 168 open, 10 of 19 declared work, 0 would break, 0 undeclared
                frontend-policy: 19 of 168 open, 19 of 19 declared work, 0 would break, 0 undeclared
            "#]],
        );
    }

    #[test]
    fn without_one_policy_the_figures_are_others() {
        let without_cart = |_: &str, text: &str| {
            let documents = text.split("\n---\n");
            let kept = documents.filter(|d| !d.contains("\n  name: default.cartservice\n"));
            kept.collect::<Vec<_>>().join("\n---\n")
        };
        check(
            without_cart,
            expect![[r#"
            as-deployed: 168 of 168 open, 19 of 19 declared work, 0 would break, 149 undeclared
            east-west: 32 of 168 open, 19 of 19 declared work, 0 would break, 13 undeclared
            default-deny-staged: 32 of 168 open, 19 of 19 declared work, 11 would break, 13 undeclared
            default-deny: 8 of 168 open, 8 of 19 declared work, 0 would break, 0 undeclared
            frontend-policy: 16 of 168 open, 16 of 19 declared work, 0 would break, 0 undeclared
        "#]],
        );
    }

    #[test]
    fn no_two_files_give_the_same_object() {
        let loaded = Scenario::embedded().expect("the example").load();
        let mut seen = HashSet::new();
        for object in &loaded.objects {
            assert!(seen.insert(object.reference()), "{:?}", object.reference());
        }
        assert!(seen.len() > 30, "{} objects", seen.len());
    }

    #[test]
    fn every_file_of_the_example_is_built_in_and_used() {
        let scenario = Scenario::embedded().expect("the example");
        for (name, _) in &scenario.files {
            let used = scenario.steps.iter().any(|step| step.files.iter().any(|f| f == name));
            assert!(used, "{name}");
        }
    }
}
