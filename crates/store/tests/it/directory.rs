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
    for file in ["VERSION", "lock", "store/data"] {
        assert_eq!(mode(&path.join(file)), 0o600, "{file}");
    }
    let mut names: Vec<_> = fs::read_dir(&path).unwrap().map(|e| e.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["VERSION", "lock", "pki", "store"]);
    assert_eq!(fs::read_to_string(path.join("VERSION")).unwrap(), "1\n");
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
    let names: Vec<_> = fs::read_dir(parent.path().join("store"))
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert_eq!(names, ["data"]);
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
        ("2\n", Some(format!("`{named}` says version 2, and this program knows 1 at most"))),
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
