//! kill -9 at any moment: what was answered is there, and nothing is half there.

use std::collections::BTreeMap;
use std::env;
use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use portcullis_store::{Directory, Embedded, Limits, Revision, Store, Write};

use crate::dice::{Dice, times};
use crate::support::{value, write};

/// Names the folder to the process that is to be killed.
const VICTIM: &str = "PORTCULLIS_STORE_VICTIM";

const WRITERS: usize = 4;

/// Every so many commits a writer deletes its second key instead of putting it.
const DELETES: u64 = 7;

fn open(folder: &Path) -> Embedded {
    let directory = Directory::open(folder).expect("the one before is dead");
    directory.store(Limits { events: 500, bytes: 1 << 20, log: 64 << 10 }).expect("it opens")
}

/// How many commits of a writer are there. Both keys of a commit are, or neither.
fn count(store: &Embedded, writer: usize) -> u64 {
    let read = |key: &str| value(store, &format!("/{writer}/{key}"), None);
    let first: u64 = read("first").map_or(0, |text| text.trim_end_matches('.').parse().unwrap());
    let second = read("second").map(|text| text.trim_end_matches('.').parse().unwrap());
    assert_eq!(
        second,
        (!first.is_multiple_of(DELETES)).then_some(first),
        "a commit of {writer} is half there"
    );
    first
}

/// Writes until killed, and says so after every answer.
fn write_for_ever(folder: &Path) {
    let store = open(folder);
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let store = &store;
            scope.spawn(move || {
                let mut number = count(store, writer);
                loop {
                    number += 1;
                    // Of any length, so that what is written does not always end at the same place.
                    let text = format!("{number}{}", ".".repeat((number * 37 % 1500) as usize));
                    let (first, second) = (format!("/{writer}/first"), format!("/{writer}/second"));
                    let other = match number.is_multiple_of(DELETES) {
                        true => Write::delete(second.as_bytes()),
                        false => Write::put(second.as_bytes(), text.clone()),
                    };
                    let revision = write(store, vec![Write::put(first.as_bytes(), text), other]);
                    let line = format!("\nanswered {writer} {number} {revision}\n");
                    std::io::stdout().write_all(line.as_bytes()).expect("somebody listens");
                }
            });
        }
    });
}

fn victim(folder: &Path) -> Child {
    let this = env::current_exe().expect("we are a program");
    let mut command = Command::new(this);
    command.args(["--exact", "kill::nothing_answered_is_lost_by_a_kill", "--nocapture"]);
    command.env(VICTIM, folder).stdout(Stdio::piped()).stderr(Stdio::null());
    command.spawn().expect("it can be run again")
}

#[test]
fn nothing_answered_is_lost_by_a_kill() {
    if let Some(folder) = env::var_os(VICTIM) {
        return write_for_ever(folder.as_ref());
    }
    let folder = tempfile::tempdir().unwrap();
    let mut dice = Dice::new(7);
    let mut newest = Revision::EMPTY;
    let mut answers = 0;
    for kill in 0..times("PORTCULLIS_KILLS", 10) {
        let mut child = victim(folder.path());
        let output = child.stdout.take().expect("it is piped");
        let listener = thread::spawn(move || listen(BufReader::new(output)));
        // Any moment will do: from before it has begun until it has written for a while.
        thread::sleep(Duration::from_micros(dice.below(60_000)));
        child.kill().expect("it is ours");
        child.wait().expect("it is ours");
        let (answered, told) = listener.join().expect("its words can be read");
        answers += answered.values().sum::<u64>();

        let store = open(folder.path());
        assert!(store.revision() >= newest.max(told), "kill {kill}: the revision went back");
        newest = store.revision();
        for writer in 0..WRITERS {
            let there = count(&store, writer);
            let answered = answered.get(&writer).copied().unwrap_or(0);
            assert!(
                there >= answered,
                "kill {kill}: {answered} of {writer} was answered, {there} is there"
            );
        }
    }
    assert!(answers > 0, "some of them were killed at work");
}

/// The last commit of each writer that was answered, and the latest revision.
fn listen(output: impl BufRead) -> (BTreeMap<usize, u64>, Revision) {
    let mut answered = BTreeMap::new();
    let mut newest = Revision::EMPTY;
    for line in output.lines().map_while(Result::ok) {
        let words: Vec<_> = line.split(' ').collect();
        let ["answered", writer, number, revision] = words[..] else { continue };
        let (Ok(writer), Ok(number), Ok(revision)) =
            (writer.parse(), number.parse(), revision.parse())
        else {
            continue;
        };
        answered.insert(writer, number);
        newest = newest.max(Revision(revision));
    }
    (answered, newest)
}
