//! The contract of [`Store`], held by every implementation.

use std::sync::Arc;
use std::thread;

use portcullis_store::{
    Condition, Directory, Embedded, Error, KEY_BYTES_MAX, Keys, Limits, Memory, Outcome, Refused,
    Revision, Store, Write,
};
use tempfile::TempDir;

use crate::support::{Woken, commit, delete, park, put, ready, told, value, wait, write};

macro_rules! contract {
    ($($name:ident)*) => {
        mod memory {
            $(#[test] fn $name() { super::$name(super::memory_store) })*
        }
        mod embedded {
            $(#[test] fn $name() { super::$name(super::embedded_store) })*
        }
    };
}

contract! {
    commits_are_numbered
    conditions_hold_or_nothing_happens
    a_commit_that_changes_nothing_has_no_revision
    what_cannot_be_a_commit_is_refused
    values_carry_their_revision
    a_range_is_ordered_and_counted
    pages_are_of_one_revision
    older_revisions_can_be_read
    history_ends_where_it_is_compacted
    history_is_bounded
    a_watch_tells_everything_once_and_in_order
    a_watch_starts_in_the_past
    watches_of_one_prefix_start_where_they_want
    a_watch_knows_how_far_it_is
    only_who_is_concerned_is_woken
    a_watch_that_falls_behind_ends
    a_watch_that_is_dropped_is_forgotten
    who_has_an_answer_sees_it
    of_two_who_want_the_same_one_wins
}

fn memory_store(limits: Limits) -> (Memory, Option<TempDir>) {
    (Memory::with_limits(limits), None)
}

fn embedded_store(limits: Limits) -> (Embedded, Option<TempDir>) {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let directory = Directory::open(folder.path()).expect("it is ours");
    (directory.store(limits).expect("it is new"), Some(folder))
}

/// Makes an empty store. Its folder, if it has one, goes with the second half.
type Fresh<S> = fn(Limits) -> (S, Option<TempDir>);

fn fresh<S>(make: Fresh<S>) -> (S, Option<TempDir>) {
    make(Limits::default())
}

fn key(text: &str) -> Arc<[u8]> {
    text.as_bytes().into()
}

/// The keys and values of a page: `/a=one /b=two`.
fn listed(store: &impl Store, keys: &Keys, at: Option<Revision>) -> String {
    let page = wait(store.range(keys, at, usize::MAX)).expect("the revision is there");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let listed =
        page.entries.iter().map(|entry| format!("{}={}", text(&entry.key), text(&entry.value)));
    listed.collect::<Vec<_>>().join(" ")
}

fn commits_are_numbered<S: Store>(make: Fresh<S>) {
    let (store, _folder) = fresh(make);
    assert_eq!(store.revision(), Revision::EMPTY);
    assert_eq!(put(&store, "/a", "one"), Revision(2));
    let both = vec![Write::put(b"/a", "two"), Write::put(b"/b", "two")];
    assert_eq!(write(&store, both), Revision(3));
    assert_eq!(delete(&store, "/a"), Revision(4));
    assert_eq!(put(&store, "/a", "again"), Revision(5));
    assert_eq!(store.revision(), Revision(5));

    let times = |name: &str| {
        let entry = wait(store.get(name.as_bytes(), None)).unwrap().expect("it is there");
        (entry.created.0, entry.modified.0)
    };
    assert_eq!(times("/a"), (5, 5), "who was deleted comes to be again");
    assert_eq!(times("/b"), (3, 3));
    put(&store, "/b", "three");
    assert_eq!(times("/b"), (3, 6));
}

fn conditions_hold_or_nothing_happens<S: Store>(make: Fresh<S>) {
    let (store, _folder) = fresh(make);
    let a = put(&store, "/a", "one");
    put(&store, "/d/x", "one");
    let b = put(&store, "/b", "one");

    // What is asked; the number of the condition that fails, and what its key held.
    type Case<'a> = (Vec<Condition>, Option<(usize, Option<&'a str>)>);
    let cases: Vec<Case<'_>> = vec![
        (vec![], None),
        (vec![Condition::Absent(key("/z"))], None),
        (vec![Condition::Absent(key("/a"))], Some((0, Some("/a")))),
        (vec![Condition::Present(key("/a"))], None),
        (vec![Condition::Present(key("/z"))], Some((0, None))),
        (vec![Condition::Unchanged(key("/a"), a)], None),
        (vec![Condition::Unchanged(key("/a"), b)], Some((0, Some("/a")))),
        (vec![Condition::Unchanged(key("/z"), a)], Some((0, None))),
        (vec![Condition::Vacant(key("/c/"))], None),
        (vec![Condition::Vacant(key("/d/"))], Some((0, Some("/d/x")))),
        (vec![Condition::Present(key("/a")), Condition::Absent(key("/z"))], None),
        (vec![Condition::Present(key("/a")), Condition::Absent(key("/b"))], Some((1, Some("/b")))),
        (vec![Condition::Absent(key("/a")), Condition::Absent(key("/b"))], Some((0, Some("/a")))),
    ];
    for (when, fails) in cases {
        let before = store.revision();
        let then = vec![Write::put(b"/w", "written"), Write::delete(b"/none")];
        match (commit(&store, when.clone(), then), fails) {
            (Outcome::Done { revision }, None) => {
                assert_eq!(revision, before.next(), "{when:?}");
                delete(&store, "/w");
            }
            (Outcome::Failed { condition, now, revision }, Some((which, held))) => {
                let now = now.map(|entry| String::from_utf8_lossy(&entry.key).into_owned());
                assert_eq!((condition, now.as_deref()), (which, held), "{when:?}");
                assert_eq!((revision, store.revision()), (before, before), "{when:?}");
                assert_eq!(value(&store, "/w", None), None, "{when:?}");
            }
            (outcome, _) => panic!("{when:?} came to {outcome:?}"),
        }
    }
}

fn a_commit_that_changes_nothing_has_no_revision<S: Store>(make: Fresh<S>) {
    let (store, _folder) = fresh(make);
    let mut watch = store.watch(b"", None).unwrap();
    assert_eq!(delete(&store, "/none"), Revision::EMPTY);
    assert_eq!(write(&store, vec![]), Revision::EMPTY);
    assert_eq!(put(&store, "/a", "one"), Revision(2));
    assert_eq!(put(&store, "/a", "one"), Revision(3), "writing the same again is a write");
    assert_eq!(ready(&mut watch).unwrap(), ["2 + /a=one", "3 ~ /a=one (one)"]);
}

fn what_cannot_be_a_commit_is_refused<S: Store>(make: Fresh<S>) {
    let (store, _folder) = fresh(make);
    let long = vec![b'k'; KEY_BYTES_MAX];
    let longer = vec![b'k'; KEY_BYTES_MAX + 1];
    let huge = vec![0_u8; 17 << 20];
    let four = |key: &[u8]| Write::put(key, huge.clone());
    let twice = Refused::Twice { key: key("/a") };
    let cases = [
        (vec![Write::put(b"", "x")], Some(Refused::Key { bytes: 0, max: KEY_BYTES_MAX })),
        (vec![Write::delete(b"")], Some(Refused::Key { bytes: 0, max: KEY_BYTES_MAX })),
        (
            vec![Write::put(&longer, "x")],
            Some(Refused::Key { bytes: longer.len(), max: KEY_BYTES_MAX }),
        ),
        (vec![Write::put(&long, "x")], None),
        (vec![Write::put(b"/a", "x"), Write::delete(b"/a")], Some(twice)),
        (
            vec![four(b"a"), four(b"b"), four(b"c"), four(b"d")],
            Some(Refused::Size { bytes: 4 * huge.len() + 4, max: 64 << 20 }),
        ),
    ];
    for (then, refused) in cases {
        let before = store.revision();
        match (wait(store.commit(vec![], then)), refused) {
            (Ok(_), None) => assert_eq!(store.revision(), before.next()),
            (Err(Error::Refused(why)), Some(refused)) => {
                assert_eq!(why, refused);
                assert_eq!(store.revision(), before);
            }
            (came, asked) => panic!("{asked:?} came to {came:?}"),
        }
    }
}

fn values_carry_their_revision<S: Store>(make: Fresh<S>) {
    let (store, _folder) = fresh(make);
    let stamped = |key: &str| Write::Stamped {
        key: key.as_bytes().into(),
        head: "<".into(),
        tail: format!("> of {key}").into(),
    };
    write(&store, vec![stamped("/a"), stamped("/b")]);
    assert_eq!(listed(&store, &Keys::all(), None), "/a=<2> of /a /b=<2> of /b");
    for _ in 0..8 {
        put(&store, "/c", "x");
    }
    write(&store, vec![stamped("/a")]);
    assert_eq!(listed(&store, &Keys::prefix(b"/a"), None), "/a=<11> of /a");
}

fn a_range_is_ordered_and_counted<S: Store>(make: Fresh<S>) {
    let (store, _folder) = fresh(make);
    for name in ["/b/2", "/a", "/c", "/b/1", "/b/", "/b0", "/b/10"] {
        put(&store, name, "x");
    }
    let names = |keys: &Keys, limit: usize| {
        let page = wait(store.range(keys, None, limit)).unwrap();
        assert_eq!(page.revision, store.revision());
        assert_eq!(page.more(), page.remaining > 0);
        let names =
            page.entries.iter().map(|entry| String::from_utf8_lossy(&entry.key).into_owned());
        (names.collect::<Vec<_>>().join(" "), page.remaining)
    };
    let check = |keys: Keys, limit: usize, list: &str, remaining: usize| {
        assert_eq!(names(&keys, limit), (list.to_owned(), remaining), "{keys:?}, {limit} of them");
    };
    check(Keys::all(), usize::MAX, "/a /b/ /b/1 /b/10 /b/2 /b0 /c", 0);
    check(Keys::all(), 7, "/a /b/ /b/1 /b/10 /b/2 /b0 /c", 0);
    check(Keys::all(), 2, "/a /b/", 5);
    check(Keys::all(), 0, "", 7);
    check(Keys::prefix(b"/b/"), usize::MAX, "/b/ /b/1 /b/10 /b/2", 0);
    check(Keys::prefix(b"/b/"), 3, "/b/ /b/1 /b/10", 1);
    check(Keys::prefix(b"/b/").after(b"/b/1"), 1, "/b/10", 1);
    check(Keys::prefix(b"/b/").starting_at(b"/b/1"), 1, "/b/1", 2);
    check(Keys::between(b"/b", b"/b0"), usize::MAX, "/b/ /b/1 /b/10 /b/2", 0);
    check(Keys::between(b"/c", b"/a"), usize::MAX, "", 0);
    check(Keys::between(b"/c", b"/c"), usize::MAX, "", 0);
    check(Keys::prefix(b"/z"), usize::MAX, "", 0);
}

fn pages_are_of_one_revision<S: Store>(make: Fresh<S>) {
    let (store, _folder) = fresh(make);
    for name in ["/a", "/b", "/c", "/d", "/e"] {
        put(&store, name, "old");
    }
    let mut keys = Keys::prefix(b"/");
    let first = wait(store.range(&keys, None, 2)).unwrap();
    let mut seen = first.entries.clone();
    let mut remaining = vec![first.remaining];
    // Between the pages everything happens that can happen to keys that are still to come.
    put(&store, "/c", "new");
    delete(&store, "/d");
    put(&store, "/d", "again");
    delete(&store, "/e");
    put(&store, "/f", "new");
    while remaining.last() != Some(&0) {
        keys = keys.after(&seen.last().unwrap().key);
        let page = wait(store.range(&keys, Some(first.revision), 2)).unwrap();
        assert_eq!(page.revision, first.revision);
        seen.extend(page.entries);
        remaining.push(page.remaining);
    }
    let seen: Vec<_> = seen
        .iter()
        .map(|e| String::from_utf8_lossy(&[&e.key, &e.value[..]].concat()).into_owned())
        .collect();
    assert_eq!(seen, ["/aold", "/bold", "/cold", "/dold", "/eold"]);
    assert_eq!(remaining, [3, 1, 0]);
}

fn older_revisions_can_be_read<S: Store>(make: Fresh<S>) {
    let (store, _folder) = fresh(make);
    put(&store, "/a", "1");
    write(&store, vec![Write::put(b"/a", "2"), Write::put(b"/b", "2")]);
    delete(&store, "/a");
    put(&store, "/a", "5");
    write(&store, vec![Write::delete(b"/b"), Write::put(b"/c", "6")]);
    let cases = [
        (1, None, ""),
        (2, Some("1"), "/a=1"),
        (3, Some("2"), "/a=2 /b=2"),
        (4, None, "/b=2"),
        (5, Some("5"), "/a=5 /b=2"),
        (6, Some("5"), "/a=5 /c=6"),
    ];
    for (revision, a, all) in cases {
        let at = Some(Revision(revision));
        assert_eq!(value(&store, "/a", at).as_deref(), a, "at {revision}");
        assert_eq!(listed(&store, &Keys::all(), at), all, "at {revision}");
    }
    let newest = Revision(6);
    for asked in [Revision(7), Revision(u64::MAX)] {
        let future = |error| matches!(error, Error::Future { asked: a, newest: n } if (a, n) == (asked, newest));
        assert!(future(wait(store.get(b"/a", Some(asked))).unwrap_err()));
        assert!(future(wait(store.range(&Keys::all(), Some(asked), 1)).unwrap_err()));
        assert!(future(store.watch(b"/", Some(asked)).unwrap_err()));
    }
}

fn history_ends_where_it_is_compacted<S: Store>(make: Fresh<S>) {
    let (store, _folder) = fresh(make);
    for text in ["2", "3", "4", "5"] {
        put(&store, "/a", text);
    }
    let check = |oldest: u64| {
        assert_eq!(store.oldest(), Revision(oldest));
        for revision in 1..=5 {
            let at = Some(Revision(revision));
            let got = wait(store.get(b"/a", at));
            let ranged =
                wait(store.range(&Keys::all(), at, 9)).map(|page| page.entries.first().cloned());
            let watched = store.watch(b"/", at);
            if revision >= oldest {
                let held = (revision > 1).then(|| revision.to_string());
                assert_eq!(value(&store, "/a", at), held);
                assert_eq!(got.unwrap(), ranged.unwrap());
                assert_eq!(ready(&mut watched.unwrap()).unwrap().len() as u64, 5 - revision);
            } else {
                let compacted =
                    |error| matches!(error, Error::Compacted { oldest: o, .. } if o.0 == oldest);
                assert!(compacted(got.unwrap_err()), "{revision} of {oldest}");
                assert!(compacted(ranged.unwrap_err()), "{revision} of {oldest}");
                assert!(compacted(watched.unwrap_err()), "{revision} of {oldest}");
            }
        }
    };
    check(1);
    store.compact(Revision(3));
    check(3);
    store.compact(Revision(2));
    check(3);
    store.compact(Revision(100));
    check(5);
    assert_eq!(put(&store, "/a", "6"), Revision(6), "the count goes on");
}

fn history_is_bounded<S: Store>(make: Fresh<S>) {
    let (store, _folder) = make(Limits { events: 3, ..Limits::default() });
    put(&store, "/a", "2");
    write(&store, vec![Write::put(b"/a", "3"), Write::put(b"/b", "3"), Write::put(b"/c", "3")]);
    assert_eq!(store.oldest(), Revision(2));
    put(&store, "/a", "4");
    assert_eq!(store.oldest(), Revision(3), "a commit is forgotten as a whole");
    assert_eq!(value(&store, "/a", Some(Revision(3))).as_deref(), Some("3"));

    let (store, _folder) = make(Limits { events: usize::MAX, bytes: 10_000, ..Limits::default() });
    for _ in 0..100 {
        put(&store, "/a", &"x".repeat(1000));
    }
    let kept = store.revision().0 - store.oldest().0;
    assert!((5..=10).contains(&kept), "{kept} of a thousand bytes are kept in ten thousand");
}

fn a_watch_tells_everything_once_and_in_order<S: Store>(make: Fresh<S>) {
    let (store, _folder) = fresh(make);
    put(&store, "/a/0", "before");
    let mut watch = store.watch(b"/a/", None).unwrap();
    assert_eq!(ready(&mut watch).unwrap(), [""; 0]);
    put(&store, "/a/1", "one");
    put(&store, "/b/1", "of another prefix");
    put(&store, "/a/1", "two");
    write(&store, vec![Write::delete(b"/a/1"), Write::put(b"/b", "x"), Write::put(b"/a/2", "x")]);
    delete(&store, "/a/0");
    delete(&store, "/a/0");
    let told = ready(&mut watch).unwrap();
    assert_eq!(
        told,
        ["3 + /a/1=one", "5 ~ /a/1=two (one)", "6 - /a/1 (two)", "6 + /a/2=x", "7 - /a/0 (before)"]
    );
    assert_eq!(ready(&mut watch).unwrap(), [""; 0]);
}

fn a_watch_starts_in_the_past<S: Store>(make: Fresh<S>) {
    let (store, _folder) = fresh(make);
    put(&store, "/a", "2");
    put(&store, "/b", "3");
    write(&store, vec![Write::put(b"/a", "4"), Write::delete(b"/b")]);
    put(&store, "/c", "5");
    let all = ["2 + /a=2", "3 + /b=3", "4 ~ /a=4 (2)", "4 - /b (3)", "5 + /c=5"];
    for (after, from) in [(1, 0), (2, 1), (3, 2), (4, 4), (5, 5)] {
        let mut watch = store.watch(b"/", Some(Revision(after))).unwrap();
        assert_eq!(ready(&mut watch).unwrap(), all[from..], "after {after}");
    }
    let mut late = store.watch(b"/a", Some(Revision(2))).unwrap();
    put(&store, "/a", "6");
    assert_eq!(ready(&mut late).unwrap(), ["4 ~ /a=4 (2)", "6 ~ /a=6 (4)"]);
}

/// They share what they are told, so each must still find its own place.
fn watches_of_one_prefix_start_where_they_want<S: Store>(make: Fresh<S>) {
    let (store, _folder) = fresh(make);
    for number in 2..=6 {
        put(&store, "/a", &number.to_string());
    }
    let mut watches: Vec<_> = [6, 3, 5, 1, 4, 2]
        .map(|after| (after, store.watch(b"/a", Some(Revision(after))).unwrap()))
        .into();
    put(&store, "/a", "7");
    for (after, watch) in &mut watches {
        assert_eq!(ready(watch).unwrap().len() as u64, 7 - *after, "after {after}");
    }
    // One that has been told all, one that has been told nothing, and one that comes now.
    store.compact(Revision(4));
    let mut now = store.watch(b"/a", Some(Revision(4))).unwrap();
    assert_eq!(ready(&mut now).unwrap(), ["5 ~ /a=5 (4)", "6 ~ /a=6 (5)", "7 ~ /a=7 (6)"]);
    for (_, watch) in &mut watches {
        assert_eq!(ready(watch).unwrap(), [""; 0]);
    }
}

fn a_watch_knows_how_far_it_is<S: Store>(make: Fresh<S>) {
    let (store, _folder) = fresh(make);
    put(&store, "/a", "2");
    let mut watch = store.watch(b"/a", Some(Revision(1))).unwrap();
    assert_eq!(watch.revision(), Revision(1));
    write(&store, vec![Write::put(b"/a", "3"), Write::put(b"/ab", "3")]);
    put(&store, "/b", "4");
    let far = [(1, 2), (2, 3), (2, 3), (4, 0)];
    for (revision, next) in far {
        assert_eq!(watch.revision(), Revision(revision));
        let told = watch.try_next().unwrap().map(|event| event.revision.0);
        assert_eq!(told, (next > 0).then_some(next));
    }
    put(&store, "/b", "5");
    assert_eq!(watch.revision(), Revision(5), "nothing of ours happened until here");
}

fn only_who_is_concerned_is_woken<S: Store>(make: Fresh<S>) {
    let (store, _folder) = fresh(make);
    let prefixes = ["/a/", "/a/1", "/a/2", "/b/", "/", ""];
    let mut watches: Vec<_> =
        prefixes.iter().map(|prefix| store.watch(prefix.as_bytes(), None).unwrap()).collect();
    let woken: Vec<_> = prefixes.iter().map(|_| Arc::new(Woken::default())).collect();
    watches.iter_mut().zip(&woken).for_each(|(watch, woken)| park(watch, woken));
    // Who is polled twice is still woken once.
    park(&mut watches[0], &woken[0]);
    put(&store, "/a/1", "x");
    put(&store, "/a/1", "y");
    // An answer comes before the last watch is woken: another commit's answer comes after that.
    write(&store, vec![]);
    let times: Vec<_> = woken.iter().map(|woken| woken.times()).collect();
    assert_eq!(times, [1, 1, 0, 0, 1, 1]);
    let told: Vec<_> = watches.iter_mut().map(|watch| ready(watch).unwrap().len()).collect();
    assert_eq!(told, [2, 2, 0, 0, 2, 2]);
}

fn a_watch_that_falls_behind_ends<S: Store>(make: Fresh<S>) {
    let (store, _folder) = make(Limits { events: 4, ..Limits::default() });
    let mut behind = store.watch(b"/a", None).unwrap();
    let mut quiet = store.watch(b"/q", None).unwrap();
    let mut reads = store.watch(b"/a", None).unwrap();
    put(&store, "/a", "2");
    assert_eq!(ready(&mut behind).unwrap(), ["2 + /a=2"]);
    for number in 3..=8 {
        put(&store, "/a", &number.to_string());
        ready(&mut reads).unwrap();
    }
    for _ in 0..2 {
        let slow = |error| matches!(error, Error::Slow { delivered } if delivered == Revision(2));
        assert!(slow(behind.try_next().unwrap_err()));
        assert!(slow(wait(behind.next()).unwrap_err()));
    }
    // More of revision 2 may have been to come; nobody knows any more.
    assert_eq!(behind.revision(), Revision(1));
    assert_eq!(ready(&mut quiet).unwrap(), [""; 0], "who has missed nothing is not behind");
    put(&store, "/q", "9");
    assert_eq!(told(&wait(quiet.next()).unwrap()), "9 + /q=9");
    assert_eq!(ready(&mut reads).unwrap(), [""; 0]);
}

fn a_watch_that_is_dropped_is_forgotten<S: Store>(make: Fresh<S>) {
    let (store, _folder) = fresh(make);
    let woken = Arc::new(Woken::default());
    let mut first = store.watch(b"/a", None).unwrap();
    let mut second = store.watch(b"/a", None).unwrap();
    park(&mut first, &woken);
    drop(first);
    assert_eq!(Arc::strong_count(&woken), 1, "its waker went with it");
    put(&store, "/a", "2");
    assert_eq!(woken.times(), 0);
    assert_eq!(ready(&mut second).unwrap(), ["2 + /a=2"]);
    drop(second);
    put(&store, "/a", "3");
    let mut third = store.watch(b"/a", Some(Revision(2))).unwrap();
    assert_eq!(ready(&mut third).unwrap(), ["3 ~ /a=3 (2)"]);
}

fn who_has_an_answer_sees_it<S: Store>(make: Fresh<S>) {
    let (store, _folder) = fresh(make);
    thread::scope(|scope| {
        for writer in 0..4 {
            let store = &store;
            scope.spawn(move || {
                let mut watch = store.watch(b"/", None).unwrap();
                for number in 0..50 {
                    let (name, text) = (format!("/{writer}/{}", number % 7), number.to_string());
                    let revision = put(store, &name, &text);
                    assert_eq!(value(store, &name, None), Some(text.clone()));
                    assert_eq!(value(store, &name, Some(revision)), Some(text));
                    assert!(store.revision() >= revision);
                    while wait(watch.next()).unwrap().revision < revision {}
                    assert!(watch.revision() >= revision);
                }
            });
        }
    });
    assert_eq!(store.revision(), Revision(201));
    let mut all = store.watch(b"", Some(Revision(1))).unwrap();
    for revision in 2..=201 {
        assert_eq!(all.try_next().unwrap().unwrap().revision, Revision(revision));
    }
}

fn of_two_who_want_the_same_one_wins<S: Store>(make: Fresh<S>) {
    const EACH: usize = 40;
    let (store, _folder) = fresh(make);
    put(&store, "/count", "0");
    let add = || {
        let mut now = wait(store.get(b"/count", None)).unwrap().expect("it is there");
        loop {
            let count: usize = std::str::from_utf8(&now.value).unwrap().parse().unwrap();
            let when = vec![Condition::Unchanged(key("/count"), now.modified)];
            match commit(&store, when, vec![Write::put(b"/count", (count + 1).to_string())]) {
                Outcome::Done { .. } => return,
                Outcome::Failed { now: held, .. } => now = held.expect("nobody deletes it"),
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..EACH).for_each(|_| add()));
        }
    });
    assert_eq!(value(&store, "/count", None), Some((4 * EACH).to_string()));
}
