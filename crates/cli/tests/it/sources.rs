//! Where objects come from: files, folders, links, standard input, git.

use std::process::Command;

use crate::support::{Folder, SHOP};

const QUESTION: &str = "connect shop/cart shop/db:5432";

#[test]
fn standard_input() {
    let folder = Folder::of(&[]);
    let run = folder.run_with(&format!("{QUESTION} -f -"), SHOP, &[]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.err.starts_with("source: - (1 file, "), "{run:?}");
    assert!(run.out.contains("  -:23 "), "{run:?}");
}

#[test]
fn several_sources_and_folders_below() {
    let (head, tail) = SHOP.split_at(SHOP.find("---\napiVersion: networking").expect("a policy"));
    let folder = Folder::of(&[("a/deep/pods.yml", head), ("b.json", "{}"), ("policy.yaml", tail)]);
    let run = folder.run(&format!("{QUESTION} -f a -f b.json -f policy.yaml -o json"));
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.out.contains("\"file\": \"policy.yaml\""), "{run:?}");
    assert_eq!(folder.run(&format!("{QUESTION} -f a -o json")).code, 0);
}

#[cfg(unix)]
#[test]
fn a_loop_of_links_ends() {
    let folder = Folder::of(&[("k8s/a.yaml", SHOP)]);
    std::os::unix::fs::symlink("..", folder.path().join("k8s/up")).expect("a link");
    std::os::unix::fs::symlink("self", folder.path().join("k8s/self")).expect("a link");
    std::os::unix::fs::symlink("a.yaml", folder.path().join("k8s/twin.yaml")).expect("a link");
    let run = folder.run(&format!("{QUESTION} -f k8s"));
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.err.starts_with("source: k8s (1 file, 2 workloads, "), "{run:?}");
}

/// Git, with no configuration of whoever runs the tests.
pub fn git(folder: &Folder, words: &[&str]) {
    let status = Command::new("git")
        .args(["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"])
        .args(words)
        .current_dir(folder.path())
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .output()
        .expect("git");
    assert!(status.status.success(), "{status:?}");
}

#[test]
fn a_commit_is_read_and_the_work_tree_is_not() {
    let folder = Folder::of(&[("k8s/shop.yaml", SHOP), ("k8s/note.txt", "no"), ("x y.yaml", SHOP)]);
    git(&folder, &["init", "-q", "-b", "main"]);
    git(&folder, &["add", "."]);
    git(&folder, &["commit", "-q", "-m", "first"]);
    folder.write("k8s/shop.yaml", b"kind: [");
    for (source, file) in [
        ("git:main:k8s", "git:main:k8s/shop.yaml"),
        ("git:HEAD:k8s/", "git:HEAD:k8s/shop.yaml"),
        ("git:main:k8s/shop.yaml", "git:main:k8s/shop.yaml"),
    ] {
        let run = folder.run(&format!("{QUESTION} -f {source} -o json"));
        assert_eq!(run.code, 0, "{source}: {run:?}");
        assert!(run.out.contains(&format!("\"file\": \"{file}\"")), "{source}: {run:?}");
    }
    assert!(folder.run(&format!("{QUESTION} -f git:main:")).err.contains("(2 files, "));
    for (source, want) in [
        ("git:nowhere:k8s", "git: not a valid object name nowhere"),
        ("git:main:none", "there is no file to read under `none` in main"),
        ("git:--output=x:k8s", "is no name of a commit"),
        ("git:main", "write it as git:REF:PATH"),
    ] {
        let run = folder.run(&format!("{QUESTION} -f {source}"));
        assert_eq!(run.code, 2, "{source}: {run:?}");
        assert!(run.err.contains(want), "{source}: {run:?}");
    }
    assert!(!folder.path().join("x").exists());
}

#[cfg(unix)]
#[test]
fn links_and_submodules_of_a_commit_are_told() {
    let folder = Folder::of(&[("k8s/shop.yaml", SHOP)]);
    git(&folder, &["init", "-q", "-b", "main"]);
    std::os::unix::fs::symlink("shop.yaml", folder.path().join("k8s/twin.yaml")).expect("a link");
    git(&folder, &["add", "."]);
    let module = "160000,0123456789012345678901234567890123456789,k8s/base";
    git(&folder, &["update-index", "--add", "--cacheinfo", module]);
    git(&folder, &["commit", "-q", "-m", "first"]);
    let run = folder.run(&format!("{QUESTION} -f git:main:k8s"));
    assert_eq!(run.code, 0, "{run:?}");
    for (said, name) in [
        ("a submodule is not part of the commit", "git:main:k8s/base"),
        ("a symbolic link in a commit is not followed", "git:main:k8s/twin.yaml"),
    ] {
        assert!(run.err.contains(&format!("note: {name}: {said}\n")), "{run:?}");
        assert!(run.out.contains(&format!("{said}  {name}\n")), "{run:?}");
    }
    assert_eq!(folder.run(&format!("{QUESTION} -f git:main:k8s -q")).err, "");
}
