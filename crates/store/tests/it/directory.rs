//! The folder: whose it is, of which version, and who may read it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use portcullis_store::{Directory, Error, Limits, Store};

use crate::support::{put, value};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("it is there").permissions().mode() & 0o777
}

#[test]
fn it_is_its_owners_only() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("deep/data");
    let directory = Directory::open(&path).unwrap();
    let _store = directory.store(Limits::default()).unwrap();
    for folder in ["", "store", "pki"] {
        assert_eq!(mode(&path.join(folder)), 0o700, "{folder}");
    }
    for file in ["VERSION", "lock", "store/data", "store/log"] {
        assert_eq!(mode(&path.join(file)), 0o600, "{file}");
    }
    let mut names: Vec<_> = fs::read_dir(&path).unwrap().map(|e| e.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["VERSION", "lock", "pki", "store"]);
    assert_eq!(fs::read_to_string(path.join("VERSION")).unwrap(), "2\n");
}

#[test]
fn what_is_stored_is_there_again() {
    let parent = tempfile::tempdir().unwrap();
    for count in 1..4_u64 {
        let directory = Directory::open(parent.path()).unwrap();
        let store = directory.store(Limits::default()).unwrap();
        assert_eq!(store.revision().0, count);
        put(&store, "/a", &count.to_string());
        assert_eq!(value(&store, "/a", None), Some(count.to_string()));
        assert_eq!(store.oldest().0, 1, "and so is its history");
    }
}

#[test]
fn half_a_beginning_is_begun_again() {
    let parent = tempfile::tempdir().unwrap();
    let directory = Directory::open(parent.path()).unwrap();
    fs::write(parent.path().join("store/data.new"), "half a beginning").unwrap();
    let store = directory.store(Limits::default()).unwrap();
    assert_eq!(put(&store, "/a", "x").0, 2);
    let mut names: Vec<_> = fs::read_dir(parent.path().join("store"))
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    names.sort();
    assert_eq!(names, ["data", "log"]);
}

/// What was written before there was a log is read, and an older program does not come near it any more.
#[test]
fn an_older_folder_goes_on() {
    let parent = tempfile::tempdir().unwrap();
    let version = parent.path().join("VERSION");
    drop(Directory::open(parent.path()).unwrap());
    fs::write(&version, "1\n").unwrap();
    let rows = redb::TableDefinition::<(u64, u32), &[u8]>::new("rows");
    let marks = redb::TableDefinition::<&str, (u64, u64)>::new("marks");
    let data = redb::Database::create(parent.path().join("store/data")).unwrap();
    let writing = data.begin_write().unwrap();
    let row = [&[1][..], &2_u64.to_le_bytes(), &2_u16.to_le_bytes(), b"/a", b"of old"].concat();
    writing.open_table(rows).unwrap().insert((2, 0), row.as_slice()).unwrap();
    writing.open_table(marks).unwrap().insert("latest, oldest", (2, 1)).unwrap();
    writing.commit().unwrap();
    drop(data);

    for count in 3..6_u64 {
        let store = Directory::open(parent.path()).unwrap().store(Limits::default()).unwrap();
        assert_eq!(value(&store, "/a", None).as_deref(), Some("of old"));
        assert_eq!(put(&store, "/b", "x").0, count);
        assert_eq!(fs::read_to_string(&version).unwrap(), "2\n");
    }
}

#[test]
fn half_of_a_store_is_none() {
    let parent = tempfile::tempdir().unwrap();
    let file = |name: &str| parent.path().join("store").join(name);
    let open = || Directory::open(parent.path()).unwrap().store(Limits::default());
    put(&open().unwrap(), "/a", "x");
    for (gone, said) in [
        ("log", format!("`{}` is damaged: it is not the log that belongs", file("log").display())),
        ("data", format!("`{}` is damaged: it is missing, and `", file("data").display())),
    ] {
        let aside = parent.path().join("aside");
        fs::rename(file(gone), &aside).unwrap();
        let refused = open().err().map(|error| error.to_string()).unwrap_or_default();
        assert!(refused.starts_with(&said), "{refused}");
        fs::rename(&aside, file(gone)).unwrap();
        assert_eq!(value(&open().unwrap(), "/a", None).as_deref(), Some("x"));
    }
}

/// What cannot be read is not what is missing: to begin anew would lose it.
#[test]
fn a_log_that_cannot_be_read_is_not_begun_anew() {
    let parent = tempfile::tempdir().unwrap();
    let file = |name: &str| parent.path().join("store").join(name);
    let open = || Directory::open(parent.path()).unwrap().store(Limits::default());
    put(&open().unwrap(), "/a", "x");
    for (gone, aside) in [("data", "data-aside"), ("log", "log-aside")] {
        fs::rename(file(gone), file(aside)).unwrap();
    }
    fs::create_dir(file("log")).unwrap();
    let refused = open().err().map(|error| error.to_string()).unwrap_or_default();
    assert_eq!(refused, format!("cannot read `{}`", file("log").display()));
    assert!(!file("data").exists());
    fs::remove_dir(file("log")).unwrap();
    for (there, aside) in [("data", "data-aside"), ("log", "log-aside")] {
        fs::rename(file(aside), file(there)).unwrap();
    }
    assert_eq!(value(&open().unwrap(), "/a", None).as_deref(), Some("x"));
}

#[test]
fn a_second_user_is_told_who_has_it() {
    let parent = tempfile::tempdir().unwrap();
    let directory = Directory::open(parent.path()).unwrap();
    let held = || match Directory::open(parent.path()) {
        Err(error @ Error::Held { .. }) => error.to_string(),
        other => panic!("{other:?}"),
    };
    let lock = parent.path().join("lock");
    let by = |whom: &str| format!("`{}` is locked by {whom}", lock.display());
    assert_eq!(held(), by(&format!("process {}", std::process::id())));
    fs::write(&lock, "").unwrap();
    assert_eq!(held(), by("another process"));

    let store = directory.store(Limits::default()).unwrap();
    drop(directory);
    held();
    drop(store);
    Directory::open(parent.path()).expect("the store has ended and the lock with it");
}

#[test]
fn a_version_we_do_not_know_is_refused() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("VERSION");
    let named = path.display();
    let cases = [
        ("1\n", None),
        ("1", None),
        ("2\n", None),
        ("3\n", Some(format!("`{named}` says version 3, and this program knows 2 at most"))),
        ("0\n", Some(format!("`{named}` is damaged: it is not the number of a version"))),
        ("", Some(format!("`{named}` is damaged: it is not the number of a version"))),
        ("one\n", Some(format!("`{named}` is damaged: it is not the number of a version"))),
    ];
    for (text, refused) in cases {
        fs::write(&path, text).unwrap();
        let said = Directory::open(parent.path()).err().map(|error| error.to_string());
        assert_eq!(said, refused, "{text:?}");
    }
    fs::write(&path, [0xff, 0xfe]).unwrap();
    assert!(matches!(Directory::open(parent.path()), Err(Error::Corrupt { .. })));

    // What is stored without a version is not taken for new.
    fs::write(&path, "1\n").unwrap();
    drop(Directory::open(parent.path()).unwrap().store(Limits::default()).unwrap());
    fs::remove_file(&path).unwrap();
    assert!(matches!(Directory::open(parent.path()), Err(Error::Corrupt { .. })));
}

#[test]
fn what_the_system_refuses_is_named() {
    let parent = tempfile::tempdir().unwrap();
    let file = parent.path().join("file");
    fs::write(&file, "").unwrap();
    let said = Directory::open(&file.join("data")).unwrap_err().to_string();
    assert_eq!(said, format!("cannot make `{}`", file.join("data").display()));
}
