//! A full disk, a disk that does not answer, a damaged file: said clearly, and nothing published.

use portcullis_store::{Condition, Embedded, Error, Keys, Limits, Revision, Store, Write};

use crate::dice::Dice;
use crate::ram::{Ram, Which};
use crate::support::{put, ready, value, wait};

fn open(ram: &Ram) -> Result<Embedded, Error> {
    open_with(ram, Limits::default())
}

fn open_with(ram: &Ram, limits: Limits) -> Result<Embedded, Error> {
    let ram = ram.clone();
    Embedded::on("the disk".as_ref(), move || Ok(ram.media()), limits)
}

fn large() -> Vec<u8> {
    vec![b'x'; 100_000]
}

/// Lengths of a log: none to speak of, so that every transaction is one of rows; full after one large
/// commit; as it is.
const LOGS: [u64; 3] = [0, 120_000, 4 << 20];

/// However much room is left: the transaction breaks off at every place it can.
#[test]
fn a_full_disk_fails_commits_until_there_is_room() {
    let mut failures = 0;
    let rooms = (0..110_000).step_by(1_500);
    for (room, log) in rooms.flat_map(|room| LOGS.map(|log| (room, log))) {
        let ram = Ram::default();
        let open = |ram: &Ram| open_with(ram, Limits { log, ..Limits::default() });
        let store = open(&ram).unwrap();
        put(&store, "/a", "before");
        let mut watch = store.watch(b"", None).unwrap();
        ram.leave_room(Some(room));
        let mut left = 2;
        let failed = loop {
            match wait(store.commit(vec![], vec![Write::put(b"/a", large())])) {
                Ok(outcome) => assert!(outcome.done().is_some()),
                Err(failed) => break failed,
            }
            left -= 1;
            assert!(left > 0, "there is room for one at most");
        };
        failures += 1;
        assert!(failed.to_string().starts_with("cannot write `the disk/"), "{failed}");
        let held = value(&store, "/a", None).expect("reads go on");
        let revision = store.revision();
        // Still full: still the same, whatever is asked.
        let again =
            wait(store.commit(
                vec![Condition::Present(b"/a"[..].into())],
                vec![Write::put(b"/b", large())],
            ));
        assert!(matches!(again, Err(Error::Io { .. })), "{again:?}");
        assert_eq!((store.revision(), value(&store, "/a", None)), (revision, Some(held)));
        let told = ready(&mut watch).unwrap().len() as u64;
        assert_eq!(told, revision.0 - 2, "what failed is not told");

        ram.leave_room(None);
        assert_eq!(put(&store, "/c", "after"), revision.next());
        assert_eq!(value(&store, "/b", None), None);
        assert_eq!(ready(&mut watch).unwrap(), [format!("{} + /c=after", revision.next())]);
        drop(store);
        let store = open(&ram).unwrap();
        assert_eq!((store.revision(), value(&store, "/b", None)), (revision.next(), None));
        assert_eq!(value(&store, "/c", None).as_deref(), Some("after"));
    }
    assert_eq!(failures, 74 * LOGS.len());
}

/// A transaction that failed may be there in full. It was answered as failed, so it is taken back.
#[test]
fn what_failed_is_taken_back() {
    for (writes, log) in (0..40).flat_map(|writes| [0, 2_000, 4 << 20].map(|log| (writes, log))) {
        let ram = Ram::default();
        let open = |ram: &Ram| open_with(ram, Limits { log, ..Limits::default() });
        let store = open(&ram).unwrap();
        ram.lie_after(writes);
        // The first key counts; the second is there after every other commit.
        let attempt = |number: u64| {
            let second = match number % 2 {
                0 => Write::put(b"/b", "x"),
                _ => Write::delete(b"/b"),
            };
            wait(store.commit(vec![], vec![Write::put(b"/a", number.to_string()), second]))
        };
        let failed = (2..100).find(|number| match attempt(*number) {
            Ok(outcome) => {
                assert_eq!(outcome.done(), Some(Revision(*number)));
                false
            }
            Err(error) => matches!(error, Error::Io { .. }),
        });
        let failed = failed.expect("one of them fails");
        assert_eq!(store.revision(), Revision(failed - 1));
        // The next commit has the revision that the failed one would have had.
        assert_eq!(put(&store, "/c", "after"), Revision(failed));
        drop(store);
        let store = open(&ram).unwrap();
        assert_eq!(store.revision(), Revision(failed));
        let there = |number: u64| {
            let first = (number > 1).then(|| number.to_string());
            [
                first,
                (number > 1 && number.is_multiple_of(2)).then(|| "x".to_owned()),
                Some("after".to_owned()),
            ]
        };
        let all = ["/a", "/b", "/c"].map(|key| value(&store, key, None));
        assert_eq!(all, there(failed - 1), "after {writes} writes, log {log}");
    }
}

/// What was written before a failed wait may be lost although it reads well. Nothing is built on it.
#[test]
fn a_disk_that_does_not_answer_is_written_no_more() {
    let ram = Ram::default();
    let store = open(&ram).unwrap();
    put(&store, "/a", "before");
    ram.fail_sync(true);
    let failed = wait(store.commit(vec![], vec![Write::put(b"/a", "lost")]));
    assert!(matches!(failed, Err(Error::Io { .. })), "{failed:?}");
    ram.fail_sync(false);
    let refused = wait(store.commit(vec![], vec![Write::put(b"/a", "later")])).unwrap_err();
    assert_eq!(refused.to_string(), "cannot sync `the disk/log`");
    assert_eq!(value(&store, "/a", None).as_deref(), Some("before"));
    assert_eq!(store.revision(), Revision(2));
    drop(store);
    let store = open(&ram).unwrap();
    assert_eq!(put(&store, "/b", "again"), store.revision(), "it can be opened again");
}

fn all(store: &Embedded) -> Vec<Vec<u8>> {
    store.snapshot().range(&Keys::all()).map(|entry| entry.value.to_vec()).collect()
}

/// Files damaged at any place are either refused with their name or read as they were written.
#[test]
fn damaged_files_are_refused_by_name() {
    let ram = Ram::default();
    let store = open_with(&ram, Limits { log: 64 << 10, ..Limits::default() }).unwrap();
    for number in 0..50 {
        put(&store, &format!("/{}", number % 20), &format!("{number}").repeat(100));
    }
    let written = all(&store);
    drop(store);
    let bytes = ram.bytes();
    let mut dice = Dice::new(3);
    for which in [Which::Rows, Which::Log] {
        let mut refused = 0;
        for _ in 0..150 {
            let mut bytes = bytes.clone();
            let at = damage(bytes.of(which), &mut dice);
            match open(&Ram::of(bytes)) {
                Ok(store) => assert_eq!(all(&store), written, "{which:?} damaged at {at}"),
                Err(Error::Corrupt { path, .. } | Error::Io { path, .. }) => {
                    assert_eq!(path.to_str(), Some(file(which)));
                    refused += 1;
                }
                Err(other) => panic!("{which:?} damaged at {at}: {other}"),
            }
        }
        assert!(refused > 40, "{refused} of {which:?} were refused");
        for foreign in [&b"not a store"[..], &[0xff; 8192], &b"SQLite format 3\0".repeat(1000)] {
            let mut bytes = bytes.clone();
            *bytes.of(which) = foreign.to_vec();
            let refused = open(&Ram::of(bytes)).err().map(|error| error.to_string());
            let said = refused.expect("it is not a store");
            let file = file(which);
            let known = [format!("`{file}` is damaged: "), format!("cannot open `{file}`")];
            assert!(known.iter().any(|known| said.starts_with(known)), "{said}");
        }
    }
}

/// Of a store that was not closed the last transaction may be gone, as if it had not been waited for;
/// whatever stands before it is there, or the log is refused.
#[test]
fn a_damaged_log_loses_its_end_at_most() {
    let ram = Ram::default();
    let store = open(&ram).unwrap();
    let mut versions = vec![all(&store)];
    for number in 0..30 {
        put(&store, &format!("/{}", number % 20), &format!("{number}").repeat(100));
        versions.push(all(&store));
    }
    let bytes = ram.bytes();
    let used = bytes.log.iter().rposition(|byte| *byte != 0).expect("it is written to") as u64;
    let mut dice = Dice::new(5);
    let (mut refused, mut shorter) = (0, 0);
    for _ in 0..300 {
        let mut bytes = bytes.clone();
        let at = dice.below(used + 1) as usize;
        bytes.log[at] ^= 1 << dice.below(8);
        match open(&Ram::of(bytes)) {
            Ok(store) => {
                let known = (store.revision().0 - Revision::EMPTY.0) as usize;
                assert_eq!(all(&store), versions[known], "damaged at {at}");
                assert!(known + 2 >= versions.len(), "{known} of 30 after damage at {at}");
                shorter += usize::from(known + 2 == versions.len());
            }
            Err(Error::Corrupt { path, .. }) => {
                assert_eq!(path.to_str(), Some(file(Which::Log)));
                refused += 1;
            }
            Err(other) => panic!("damaged at {at}: {other}"),
        }
    }
    // The rest hit zeros between frames, which nobody reads.
    assert!(refused > 100 && shorter > 0, "{refused} were refused, {shorter} shorter");
}

fn file(which: Which) -> &'static str {
    match which {
        Which::Rows => "the disk/data",
        Which::Log => "the disk/log",
    }
}

/// Damages bytes somewhere, and says where.
fn damage(bytes: &mut Vec<u8>, dice: &mut Dice) -> usize {
    let at = dice.below(bytes.len() as u64) as usize;
    match dice.below(3) {
        0 => bytes[at] ^= 1 << dice.below(8),
        1 => bytes[at..].iter_mut().take(4096).for_each(|byte| *byte = 0xa5),
        _ => bytes.truncate(at),
    }
    at
}
