//! A full disk, a disk that does not answer, a damaged file: said clearly, and nothing published.

use portcullis_store::{Condition, Embedded, Error, Limits, Revision, Store, Write};

use crate::dice::Dice;
use crate::ram::Ram;
use crate::support::{put, ready, value, wait};

fn open(ram: &Ram) -> Result<Embedded, Error> {
    let ram = ram.clone();
    Embedded::on("the disk".as_ref(), move || Ok(ram.clone()), Limits::default())
}

fn large() -> Vec<u8> {
    vec![b'x'; 100_000]
}

/// However much room is left: the transaction breaks off at every place it can.
#[test]
fn a_full_disk_fails_commits_until_there_is_room() {
    let mut failures = 0;
    for room in (0..110_000).step_by(1_500) {
        let ram = Ram::default();
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
        assert_eq!(failed.to_string(), "cannot write `the disk`");
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
    assert_eq!(failures, 74);
}

/// A transaction that failed may be there in full. It was answered as failed, so it is taken back.
#[test]
fn what_failed_is_taken_back() {
    for writes in 0..40 {
        let ram = Ram::default();
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
        assert_eq!(all, there(failed - 1), "after {writes} writes");
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
    assert_eq!(refused.to_string(), "cannot sync `the disk`");
    assert_eq!(value(&store, "/a", None).as_deref(), Some("before"));
    assert_eq!(store.revision(), Revision(2));
    drop(store);
    let store = open(&ram).unwrap();
    assert_eq!(put(&store, "/b", "again"), store.revision(), "it can be opened again");
}

/// A file damaged at any place is either refused with its name or read as it was written.
#[test]
fn a_damaged_file_is_refused_by_name() {
    let ram = Ram::default();
    let store = open(&ram).unwrap();
    for number in 0..50 {
        put(&store, &format!("/{}", number % 20), &format!("{number}").repeat(100));
    }
    let all = |store: &Embedded| -> Vec<_> {
        store
            .snapshot()
            .range(&portcullis_store::Keys::all())
            .map(|entry| entry.value.clone())
            .collect()
    };
    let written = all(&store);
    drop(store);
    let bytes = ram.bytes();
    let mut dice = Dice::new(3);
    let mut refused = 0;
    for _ in 0..150 {
        let mut damaged = bytes.clone();
        let at = dice.below(bytes.len() as u64) as usize;
        match dice.below(3) {
            0 => damaged[at] ^= 1 << dice.below(8),
            1 => damaged[at..].iter_mut().take(4096).for_each(|byte| *byte = 0xa5),
            _ => damaged.truncate(at),
        }
        match open(&Ram::of(damaged)) {
            Ok(store) => assert_eq!(all(&store), written, "damaged at {at}"),
            Err(Error::Corrupt { path, .. } | Error::Io { path, .. }) => {
                assert_eq!(path.to_str(), Some("the disk"));
                refused += 1;
            }
            Err(other) => panic!("damaged at {at}: {other}"),
        }
    }
    assert!(refused > 40, "{refused} were refused");
    for foreign in [&b"not a store"[..], &[0xff; 8192], &b"SQLite format 3\0".repeat(1000)] {
        let refused = open(&Ram::of(foreign.to_vec())).err().map(|error| error.to_string());
        let said = refused.expect("it is not a store");
        assert!(
            said.starts_with("`the disk` is damaged: ") || said == "cannot open `the disk`",
            "{said}"
        );
    }
}
