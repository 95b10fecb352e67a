//! Any sequence of commits, compactions, restarts, reads and watches, held against every version kept.

use std::collections::BTreeMap;

use portcullis_store::{
    Condition, Embedded, Error, Keys, Limits, Local, Memory, Outcome, Revision, Store, Watch, Write,
};
use proptest::prelude::*;
use proptest::sample::select;

use crate::ram::Ram;
use crate::support::{ready, wait};

/// What is done to the store. Numbers of revisions and watches are taken modulo what there is.
#[derive(Clone, Debug)]
enum Step {
    Commit { when: Vec<(u8, &'static str, u64)>, then: Vec<(&'static str, Option<u8>)> },
    Compact(u64),
    Restart,
    Watch(&'static str, u64),
    Read(usize),
    Unwatch(usize),
}

/// Keys that are prefixes of each other, and end as bytes can end.
const NAMES: &[&str] = &["a", "a/", "a/1", "a/2", "a0", "b", "b/1", "\u{7f}"];
const PREFIXES: &[&str] = &["", "a", "a/", "a/1", "b", "z"];

fn step() -> impl Strategy<Value = Step> {
    let condition = (0..4_u8, select(NAMES), any::<u64>());
    let write = (select(NAMES), proptest::option::weighted(0.7, any::<u8>()));
    prop_oneof![
        10 => (prop::collection::vec(condition, 0..2), prop::collection::vec(write, 0..4))
            .prop_map(|(when, then)| Step::Commit { when, then }),
        1 => any::<u64>().prop_map(Step::Compact),
        1 => Just(Step::Restart),
        2 => (select(PREFIXES), any::<u64>()).prop_map(|(prefix, after)| Step::Watch(prefix, after)),
        2 => any::<usize>().prop_map(Step::Read),
        1 => any::<usize>().prop_map(Step::Unwatch),
    ]
}

/// What a key holds, since when it is there and since when it holds that.
type Held = (String, u64, u64);
type State = BTreeMap<String, Held>;

/// Every version there ever was, and what was told of each.
struct Model {
    versions: Vec<State>,
    told: Vec<Vec<(String, String)>>,
    oldest: u64,
}

impl Model {
    /// The first version has the number of an empty store.
    const FIRST: u64 = Revision::EMPTY.0;

    fn new() -> Self {
        Self { versions: vec![State::new()], told: vec![vec![]], oldest: Self::FIRST }
    }

    fn newest(&self) -> u64 {
        Self::FIRST + self.versions.len() as u64 - 1
    }

    fn at(&self, revision: u64) -> &State {
        &self.versions[(revision - Self::FIRST) as usize]
    }

    fn now(&self) -> &State {
        self.at(self.newest())
    }

    /// What is told of a prefix after one revision, up to another.
    fn told(&self, prefix: &str, after: u64) -> Vec<String> {
        let later = &self.told[(after - Self::FIRST) as usize + 1..];
        later
            .iter()
            .flatten()
            .filter(|(key, _)| key.starts_with(prefix))
            .map(|(_, told)| told.clone())
            .collect()
    }

    fn commit(&mut self, then: &[(String, Option<String>)]) {
        let revision = self.newest() + 1;
        let mut state = self.now().clone();
        let mut told = Vec::new();
        for (key, value) in then {
            let before = state.remove(key);
            let was = before.as_ref().map(|(value, ..)| format!(" ({value})"));
            match value {
                Some(value) => {
                    let sign = if before.is_some() { '~' } else { '+' };
                    told.push((
                        key.clone(),
                        format!("{revision} {sign} {key}={value}{}", was.unwrap_or_default()),
                    ));
                    let created = before.map_or(revision, |(_, created, _)| created);
                    state.insert(key.clone(), (value.clone(), created, revision));
                }
                None => {
                    told.extend(was.map(|was| (key.clone(), format!("{revision} - {key}{was}"))))
                }
            }
        }
        if !told.is_empty() {
            self.versions.push(state);
            self.told.push(told);
        }
    }
}

/// A store, and watches of it with what each should still say.
struct Run {
    store: Option<Local>,
    ram: Ram,
    limits: Limits,
    model: Model,
    watches: Vec<(Watch, &'static str, u64)>,
}

impl Run {
    fn open(&mut self) {
        drop(self.store.take());
        let ram = self.ram.clone();
        let store = Embedded::on("ram".as_ref(), move || Ok(ram.media()), self.limits);
        self.store = Some(Local::Embedded(store.expect("it opens again")));
    }

    /// What is forgotten last may be there again, and what is not forgotten is.
    fn reopen(&mut self) {
        self.open();
        let oldest = self.store().oldest().0;
        assert!(oldest <= self.model.oldest);
        self.model.oldest = oldest;
    }

    fn store(&self) -> &Local {
        self.store.as_ref().expect("it is open")
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Commit { when, then } => self.commit(when, then),
            Step::Compact(below) => {
                let below = Model::FIRST + below % self.model.versions.len() as u64;
                self.store().compact(Revision(below));
                let before = self.model.oldest;
                self.model.oldest = before.max(below);
                self.end_slow();
            }
            Step::Restart if matches!(self.store(), Local::Embedded(_)) => {
                // Watches end with the process they were of.
                self.watches.clear();
                self.reopen();
            }
            Step::Restart => {}
            Step::Watch(prefix, after) => {
                let after = Model::FIRST + after % self.model.versions.len() as u64;
                match self.store().watch(prefix.as_bytes(), Some(Revision(after))) {
                    Ok(watch) => self.watches.push((watch, prefix, after)),
                    Err(Error::Compacted { oldest, .. }) => {
                        assert!(after < self.model.oldest);
                        assert_eq!(oldest.0, self.model.oldest);
                    }
                    Err(other) => panic!("{other}"),
                }
            }
            Step::Read(which) => {
                if let Some(at) = which.checked_rem(self.watches.len()) {
                    let newest = self.model.newest();
                    let (watch, prefix, after) = &mut self.watches[at];
                    assert!(watch.revision() >= Revision(*after));
                    assert_eq!(
                        ready(watch).expect("it is not slow"),
                        self.model.told(prefix, *after)
                    );
                    assert_eq!(watch.revision(), Revision(newest));
                    *after = newest;
                }
            }
            Step::Unwatch(which) => {
                if let Some(at) = which.checked_rem(self.watches.len()) {
                    self.watches.swap_remove(at);
                }
            }
        }
    }

    /// A watch ends exactly if something it has not been told is forgotten.
    fn end_slow(&mut self) {
        let model = &self.model;
        self.watches.retain_mut(|(watch, prefix, after)| {
            let missed = model.told(prefix, *after).len()
                > model.told(prefix, (*after).max(model.oldest)).len();
            if missed {
                assert!(matches!(watch.try_next(), Err(Error::Slow { .. })));
            }
            !missed
        });
    }

    fn commit(
        &mut self,
        when: Vec<(u8, &'static str, u64)>,
        then: Vec<(&'static str, Option<u8>)>,
    ) {
        let now = self.model.now();
        let mut fails = None;
        let mut conditions = Vec::new();
        for (at, (kind, name, number)) in when.into_iter().enumerate() {
            let key = name.as_bytes().into();
            let held = now.get(name);
            // Half of the revisions asked for are the right ones.
            let right = held.map(|(_, _, modified)| *modified).filter(|_| number % 2 == 0);
            let revision = right.unwrap_or(number % 32);
            let (condition, holds) = match kind {
                0 => (Condition::Absent(key), held.is_none()),
                1 => (Condition::Present(key), held.is_some()),
                2 => {
                    let holds = held.is_some_and(|(_, _, modified)| *modified == revision);
                    (Condition::Unchanged(key, Revision(revision)), holds)
                }
                _ => (Condition::Vacant(key), !now.keys().any(|key| key.starts_with(name))),
            };
            conditions.push(condition);
            fails = fails.or((!holds).then_some(at));
        }
        let mut writes: BTreeMap<String, Option<String>> = BTreeMap::new();
        writes.extend(
            then.into_iter()
                .map(|(key, value)| (key.to_owned(), value.map(|byte| byte.to_string()))),
        );
        let writes: Vec<_> = writes.into_iter().rev().collect();
        let asked = writes.iter().map(|(key, value)| match value {
            Some(value) => Write::put(key.as_bytes(), value.clone()),
            None => Write::delete(key.as_bytes()),
        });
        let outcome =
            wait(self.store().commit(conditions, asked.collect())).expect("the store works");
        if fails.is_none() {
            self.model.commit(&writes);
        }
        let newest = self.model.newest();
        match outcome {
            Outcome::Done { revision } => assert_eq!((fails, revision.0), (None, newest)),
            Outcome::Failed { condition, revision, .. } => {
                assert_eq!((fails, revision.0), (Some(condition), newest));
            }
        }
    }

    /// Everything that can be read is as it was written.
    fn check(&self) {
        let (store, model) = (self.store(), &self.model);
        assert_eq!((store.revision().0, store.oldest().0), (model.newest(), model.oldest));
        for revision in model.oldest..=model.newest() {
            let (at, state) = (Some(Revision(revision)), model.at(revision));
            for prefix in PREFIXES {
                let within: Vec<_> =
                    state.iter().filter(|(key, _)| key.starts_with(prefix)).collect();
                for limit in [2, usize::MAX] {
                    let page =
                        wait(store.range(&Keys::prefix(prefix.as_bytes()), at, limit)).unwrap();
                    let read = page.entries.iter().map(|entry| {
                        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                        (text(&entry.key), (text(&entry.value), entry.created.0, entry.modified.0))
                    });
                    let wanted = within
                        .iter()
                        .take(limit)
                        .map(|(key, held)| ((*key).clone(), (*held).clone()));
                    assert_eq!(read.collect::<Vec<_>>(), wanted.collect::<Vec<_>>());
                    assert_eq!(page.remaining, within.len().saturating_sub(limit));
                }
            }
            for name in NAMES {
                let entry = wait(store.get(name.as_bytes(), at)).unwrap();
                let modified = entry.map(|entry| entry.modified.0);
                assert_eq!(modified, state.get(*name).map(|(_, _, modified)| *modified));
            }
        }
    }
}

fn run(steps: Vec<Step>, embedded: bool, log: u64) {
    let mut run = Run {
        store: Some(Local::Memory(Memory::new())),
        ram: Ram::default(),
        limits: Limits { log, ..Limits::default() },
        model: Model::new(),
        watches: Vec::new(),
    };
    if embedded {
        run.open();
    }
    for step in steps {
        run.step(step);
    }
    run.check();
    if embedded {
        run.watches.clear();
        run.reopen();
        run.check();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn memory_keeps_every_version(steps in prop::collection::vec(step(), 0..60)) {
        run(steps, false, 0);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_stays_keeps_every_version(
        steps in prop::collection::vec(step(), 0..60),
        log in prop::sample::select(vec![0, 3 << 10, 4 << 20]),
    ) {
        run(steps, true, log);
    }
}
