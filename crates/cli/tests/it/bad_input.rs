//! Input that is broken, hostile or too large: it is said, and the good files beside it are judged.

use std::fs::File;
use std::time::{Duration, Instant};

use crate::support::{Folder, SHOP};

const QUESTION: &str = "connect shop/cart shop/db:5432 -f .";

/// However bad the input, an answer has to come before anybody loses patience. What is bad here
/// takes milliseconds; a slow machine and an unoptimised build are allowed for.
const PATIENCE: Duration = Duration::from_secs(20);

/// The bad file is reported with its name and this text, and the question beside it is answered.
#[track_caller]
fn check(bad: &[u8], want: &str) {
    let folder = Folder::of(&[("good.yaml", SHOP)]);
    folder.write("bad.yaml", bad);
    check_folder(&folder, want);
    // Alone it leaves nothing to judge.
    std::fs::remove_file(folder.path().join("good.yaml")).expect("removed");
    assert_eq!(folder.run(QUESTION).code, 2);
}

#[track_caller]
fn check_folder(folder: &Folder, want: &str) {
    let start = Instant::now();
    let run = folder.run(&format!("{QUESTION} -v"));
    assert!(start.elapsed() < PATIENCE, "{:?}", start.elapsed());
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.out.starts_with("ALLOWED  shop/cart → shop/db tcp/5432\n"), "{run:?}");
    assert!(run.err.contains(want), "{run:?}");
    if !want.is_empty() {
        assert!(run.err.contains("bad.yaml"), "{run:?}");
    }
}

#[test]
fn truncated() {
    check(b"apiVersion: v1\nkind: Pod\nmetadata: { name: 'a", "error[YA001]");
    check(b"{\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"metadata\"", "error[YA001]");
}

#[test]
fn binary() {
    check(&[0x7f, b'E', b'L', b'F', 0, 1, 2, 0, 0xff, 0xfe], "error[YA005]");
}

#[test]
fn empty_and_nothing_but_a_byte_order_mark() {
    check(b"", "");
    check(b"\xef\xbb\xbf", "");
    check(b"# nothing\n---\n---\n", "");
}

#[test]
fn nested_too_deep() {
    check("[".repeat(100_000).as_bytes(), "error[YA0");
    let json = format!("{{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"x\":{}", "[".repeat(100_000));
    check(json.as_bytes(), "error[YA0");
}

#[test]
fn aliases_of_aliases() {
    let mut bomb =
        String::from("apiVersion: v1\nkind: ConfigMap\na0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for i in 1..12 {
        let aliases = vec![format!("*a{}", i - 1); 9].join(", ");
        bomb.push_str(&format!("a{i}: &a{i} [{aliases}]\n"));
    }
    check(bomb.as_bytes(), "error[YA003]");
}

#[test]
fn larger_than_is_read() {
    let folder = Folder::of(&[("good.yaml", SHOP)]);
    let file = File::create(folder.path().join("bad.yaml")).expect("a file");
    // It has no content and takes no room: only its length is large.
    file.set_len((256 << 20) + 1).expect("a length");
    check_folder(&folder, "the file is larger than 256 MiB");
}

#[test]
fn who_allows_more_reads_more_and_who_allows_less_reads_less() {
    let folder = Folder::of(&[("good.yaml", SHOP), ("large.yaml", &"# much\n".repeat(1000))]);
    let said = |flags: &str| folder.run(&format!("{QUESTION} {flags}")).err;
    let more = said("--max-file-size 1GiB --threads 1");
    assert!(!more.contains("large.yaml"), "{more}");
    let less = said("--max-file-size 6Ki");
    assert!(less.contains("large.yaml") && less.contains("the file is larger than"), "{less}");
}

#[cfg(unix)]
#[test]
fn unreadable() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let folder = Folder::of(&[("good.yaml", SHOP)]);
    symlink("nowhere", folder.path().join("bad.yaml")).expect("a link");
    check_folder(&folder, "it does not exist");

    let folder = Folder::of(&[("good.yaml", SHOP), ("bad.yaml", SHOP)]);
    let locked = folder.path().join("bad.yaml");
    std::fs::set_permissions(&locked, PermissionsExt::from_mode(0o000)).expect("permissions");
    if File::open(&locked).is_err() {
        check_folder(&folder, "permission denied");
    } else {
        eprintln!("SKIPPED a file without permissions: who runs the tests may read everything");
    }
}

/// It can be opened, by the administrator too, and reading it fails.
#[cfg(target_os = "linux")]
#[test]
fn unreadable_in_the_middle() {
    let folder = Folder::of(&[("good.yaml", SHOP)]);
    let link = folder.path().join("bad.yaml");
    std::os::unix::fs::symlink("/proc/self/mem", link).expect("a link");
    check_folder(&folder, "input/output error");
}

#[test]
fn what_was_not_read_is_counted_in_the_answer() {
    let folder = Folder::of(&[("good.yaml", SHOP), ("bad.yaml", "kind: [")]);
    let answer = folder.json(&format!("{QUESTION} -o json"));
    let skipped = answer["skipped"].to_string();
    assert!(skipped.contains("bad.yaml") && skipped.contains("cannot be read"), "{skipped}");
}

#[test]
fn an_unreadable_policy_leaves_the_verdict_open() {
    let broken = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: [";
    let folder = Folder::of(&[("good.yaml", SHOP), ("bad.yaml", broken)]);
    let run = folder.run(QUESTION);
    assert_eq!(run.code, 3, "{run:?}");
    assert_eq!(folder.run(&format!("{QUESTION} --refused absent")).code, 0);
}

#[test]
fn names_cannot_steer_the_terminal() {
    let folder = Folder::of(&[("good.yaml", SHOP)]);
    let bad = "apiVersion: v1\nkind: Pod\nmetadata: { name: \"a\\e[2Jb\", namespace: shop }\n\
               spec: { \"x\\e[2J\": 1 }\n";
    folder.write("bad\u{1b}[2J.yaml", bad.as_bytes());
    let run = folder.run(&format!("{QUESTION} -v"));
    assert!(!run.out.contains('\u{1b}') && !run.err.contains('\u{1b}'), "{run:?}");
}
