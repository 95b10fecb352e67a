//! A loss of power at any point: what was answered is there, and nothing is half there.
//!
//! A run is recorded as the writes and waits it made. A crash state is everything up to some wait, and of
//! what was written after it any part: any of the writes, any of their sectors.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;

use portcullis_store::{Embedded, Error, Keys, Limits, Outcome, Revision, Store, Write};

use crate::dice::{Dice, times};
use crate::ram::{Act, Bytes, Ram, Which, splice};
use crate::support::{put, wait};

/// What disks write as a whole.
const SECTOR: usize = 512;

type Committing<'a> = Pin<Box<dyn Future<Output = Result<Outcome, Error>> + 'a>>;
type State = BTreeMap<Vec<u8>, Vec<u8>>;

fn open(ram: &Ram) -> Embedded {
    let ram = ram.clone();
    // The log is full after some commits, and too short for the largest.
    let limits = Limits { events: 40, bytes: usize::MAX, log: 16 << 10 };
    Embedded::on("ram".as_ref(), move || Ok(ram.media()), limits).expect("it opens")
}

fn state(store: &Embedded) -> State {
    let page = wait(store.range(&Keys::all(), None, usize::MAX)).unwrap();
    page.entries.iter().map(|entry| (entry.key.to_vec(), entry.value.to_vec())).collect()
}

/// A run: what was on the media, what happened to them, and the state at each revision.
struct Recording {
    begun: Bytes,
    acts: Vec<Act>,
    versions: BTreeMap<u64, State>,
}

/// Writes in bursts, so that a transaction has several commits, with restarts and compactions between.
fn record(seed: u64) -> Recording {
    let ram = Ram::default();
    drop(open(&ram));
    let begun = ram.bytes();
    ram.record();
    let mut dice = Dice::new(seed);
    let mut states = BTreeMap::from([(Revision::EMPTY.0, State::new())]);
    let mut now = State::new();
    for _ in 0..3 {
        let store = open(&ram);
        ram.note(Act::Told(store.revision().0));
        for _ in 0..15 {
            let mut waiting: Vec<Committing<'_>> = Vec::new();
            for _ in 0..=dice.below(5) {
                let mut writes = BTreeMap::new();
                for _ in 0..=dice.below(3) {
                    let key = format!("/{}", dice.below(12)).into_bytes();
                    let size = if dice.percent(10) { 9000 } else { dice.below(700) };
                    let value = vec![dice.below(256) as u8; size as usize];
                    writes.insert(key, dice.percent(75).then_some(value));
                }
                let before = now.clone();
                let mut changed = false;
                let then = writes.into_iter().map(|(key, value)| match value {
                    Some(value) => {
                        changed = true;
                        now.insert(key.clone(), value.clone());
                        Write::put(&key, value)
                    }
                    None => {
                        changed |= now.remove(&key).is_some();
                        Write::delete(&key)
                    }
                });
                waiting.push(Box::pin(store.commit(vec![], then.collect())));
                match changed {
                    true => drop(states.insert(states.len() as u64 + 1, now.clone())),
                    false => now = before,
                }
            }
            let mut last = Revision::EMPTY;
            for commit in waiting {
                last = wait(commit)
                    .expect("there is room")
                    .done()
                    .expect("there is no condition")
                    .max(last);
            }
            assert_eq!(last.0, states.len() as u64);
            ram.note(Act::Told(last.0));
            if dice.percent(10) {
                store.compact(Revision(last.0.saturating_sub(dice.below(20))));
            }
        }
        assert_eq!(state(&store), now);
    }
    Recording { begun, acts: ram.acts(), versions: states }
}

/// What may be on the disk if power is lost after `acts`, of which those before the last wait are `kept`.
fn crash<'a>(kept: &Bytes, acts: impl Iterator<Item = &'a Act>, dice: &mut Dice) -> Bytes {
    let mut bytes = kept.clone();
    let often = [0, 10, 50, 90, 100][dice.below(5) as usize];
    let torn = dice.percent(30);
    for act in acts {
        match act {
            Act::Resize(which, length) if dice.percent(often) => {
                bytes.of(*which).resize(*length as usize, 0);
            }
            Act::Write(which, offset, written) if torn => {
                // Sectors lie where the disk has them, not where the write begins.
                let mut from = 0;
                while from < written.len() {
                    let to =
                        (from + SECTOR - (*offset as usize + from) % SECTOR).min(written.len());
                    if dice.percent(often) {
                        splice(bytes.of(*which), offset + from as u64, &written[from..to]);
                    }
                    from = to;
                }
            }
            Act::Write(which, offset, written) if dice.percent(often) => {
                splice(bytes.of(*which), *offset, written);
            }
            _ => {}
        }
    }
    bytes
}

#[test]
fn nothing_answered_is_lost_with_power() {
    let states = times("PORTCULLIS_CRASH_STATES", 200);
    // As many recordings as make each worth its while.
    let recordings = states.div_ceil(500);
    let mut ends = Ends::default();
    for seed in 1..=recordings {
        lose_power(seed, states.div_ceil(recordings), &mut ends);
    }
    assert!(ends.lost > 0 && ends.landed > 0, "they are lost in the midst of things: {ends:?}");
    assert!(ends.filed > 10, "the log was full now and then: {ends:?}");
}

/// How often something that was under way is not there afterwards, and how often it is.
#[derive(Debug, Default)]
struct Ends {
    lost: usize,
    landed: usize,
    /// How often the log was emptied into rows.
    filed: usize,
}

/// Loses power so many times in one recording.
fn lose_power(seed: u64, states: u64, ends: &mut Ends) {
    let Recording { begun: mut kept, acts, versions } = record(seed);
    let mut dice = Dice::new(seed ^ 0xdead);
    // A transaction of rows waits twice.
    ends.filed += acts.iter().filter(|act| matches!(act, Act::Sync(Which::Rows))).count() / 2;
    let mut points: Vec<_> =
        (0..states).map(|_| dice.below(acts.len() as u64 + 1) as usize).collect();
    points.sort_unstable();

    // What was not waited for yet, of both media in the order in which it happened.
    let mut open: Vec<&Act> = Vec::new();
    let mut told = Revision::EMPTY.0;
    let mut at = 0;
    for point in points {
        for act in &acts[at..point.max(at)] {
            match act {
                Act::Sync(synced) => open.retain(|act| match act {
                    Act::Write(which, offset, bytes) if which == synced => {
                        splice(kept.of(*which), *offset, bytes);
                        false
                    }
                    Act::Resize(which, length) if which == synced => {
                        kept.of(*which).resize(*length as usize, 0);
                        false
                    }
                    _ => true,
                }),
                Act::Told(revision) => told = *revision,
                Act::Write(..) | Act::Resize(..) => open.push(act),
            }
        }
        at = point.max(at);
        let ram = Ram::of(crash(&kept, open.iter().copied(), &mut dice));
        let revision = check(&ram, told, &versions, &format!("seed {seed}, after act {point}"));
        let next = acts[point..]
            .iter()
            .find_map(|act| if let Act::Told(next) = act { Some(*next) } else { None });
        ends.lost += usize::from(next.is_some_and(|next| revision < next));
        ends.landed += usize::from(revision > told);
    }
}

/// Opens what is left and reads all of it. The revision it is at.
fn check(ram: &Ram, told: u64, versions: &BTreeMap<u64, State>, place: &str) -> u64 {
    let store = open(ram);
    let revision = store.revision();
    assert!(revision.0 >= told, "{place}: {told} was answered and {revision} is there");
    let wanted =
        versions.get(&revision.0).unwrap_or_else(|| panic!("{place}: {revision} never was"));
    assert_eq!(&state(&store), wanted, "{place}: {revision} is not as it was");
    // History leads to it, whatever of it is there.
    for older in store.oldest().0..revision.0 {
        let page = wait(store.range(&Keys::all(), Some(Revision(older)), usize::MAX)).unwrap();
        let then: State =
            page.entries.iter().map(|entry| (entry.key.to_vec(), entry.value.to_vec())).collect();
        assert_eq!(&then, &versions[&older], "{place}: {older} is not as it was");
    }
    assert_eq!(put(&store, "/after", "x"), revision.next(), "{place}: it goes on");
    drop(store);
    let store = open(ram);
    assert_eq!(store.revision(), revision.next(), "{place}: it stays");
    revision.0
}
