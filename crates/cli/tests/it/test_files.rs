//! `test`: test files, from their sources to exit codes and formats.

use expect_test::{Expect, expect};
use serde_json::Value;

use crate::support::{Folder, SHOP};

const HEAD: &str = "\
apiVersion: portcullis.dev/v1alpha1
kind: SecurityTest
metadata: { name: shop }
cluster: { sources: [ ../k8s ] }
assert:
";

/// A folder with the shop, and a test file beside it that asserts these.
fn folder(assertions: &[&str]) -> Folder {
    let lines: String = assertions.iter().map(|a| format!("- {a}\n")).collect();
    Folder::of(&[("k8s/shop.yaml", SHOP), ("t/shop.sectest.yaml", &format!("{HEAD}{lines}"))])
}

const HOLDS: &str = "shop/cart -> shop/db:5432 allow by shop/db#0";
const FAILS: &str = "shop/db -> shop/cart:8080 deny";
const MALFORMED: &str = "shop/carp -> shop/db:5432 allow";
const RIGHT: &str = "user/jane cannot get pods in shop";
const SKIPPED: &str = "{ name: later, from: shop/db, to: \"shop/cart:8080\", verdict: deny, \
                       skip: { reason: \"INC-1 #2\", until: 2030-01-01 } }";

#[track_caller]
fn check(assertions: &[&str], words: &str, code: i32, want: Expect) {
    let run = folder(assertions).run(&format!("test t {words}"));
    want.assert_eq(&format!("{}{}", run.out, run.err));
    assert_eq!(run.code, code, "{run:?}");
}

#[test]
fn what_holds_is_one_line() {
    check(
        &[HOLDS],
        "",
        0,
        expect![[r#"
        ok    t/shop.sectest.yaml  1 holds
        1 assertion in 1 file: 1 holds.
    "#]],
    );
    check(
        &[HOLDS, SKIPPED],
        "-v",
        0,
        expect![[r#"
            ok    t/shop.sectest.yaml  1 holds, 1 skipped
             pass       shop: shop/cart -> shop/db:5432 allow by policy/shop/db#0  t/shop.sectest.yaml:6
             skipped    shop: later  t/shop.sectest.yaml:7
                        until 2030-01-01: INC-1 #2

            2 assertions in 1 file: 1 holds, 1 skipped.
        "#]],
    );
}

#[test]
fn what_does_not_hold_has_its_trace() {
    check(
        &[HOLDS, FAILS, RIGHT, MALFORMED],
        "",
        2,
        expect![[r#"
            FAIL  t/shop.sectest.yaml  1 holds, 2 do not, 1 malformed

             fail       shop: shop/db -> shop/cart:8080 deny  t/shop.sectest.yaml:7
                        shop/db -> shop/cart tcp/8080 is allowed: no policy selects shop/cart for ingress:
                        everything is allowed

                        ALLOWED  shop/db → shop/cart tcp/8080

                         egress of shop/db                            ALLOW
                           default   1000000                      no policy selects it
                                               Profile kns.shop   allow                     ◀ decides
                         ingress of shop/cart                         ALLOW
                           default   1000000                      no policy selects it
                                               Profile kns.shop   allow                     ◀ decides

                         why      no policy selects shop/db for egress: everything is allowed
                                  no policy selects shop/cart for ingress: everything is allowed

                         assumed  pod shop/db is one running pod whose address is not known (--pod-cidr says it)
                                  pod shop/cart is one running pod whose address is not known (--pod-cidr says
                                  it)

             fail       shop: user/jane cannot get pods in shop  t/shop.sectest.yaml:8
                        user/jane may get pods in shop: RoleBinding shop/reader grants Role shop/reader#0 to
                        User jane
                        - RoleBinding shop/reader grants Role shop/reader#0 to User jane  k8s/shop.yaml:30

             malformed  shop: shop/carp -> shop/db:5432 allow  t/shop.sectest.yaml:9
                        there is no pod or workload `shop/carp`
                        help: did you mean `shop/cart`?

            4 assertions in 1 file: 1 holds, 2 do not, 1 malformed.
        "#]],
    );
}

#[test]
fn as_tap() {
    check(
        &[HOLDS, RIGHT, SKIPPED],
        "-o tap",
        1,
        expect![[r#"
            TAP version 14
            1..3
            ok 1 - shop: shop/cart -> shop/db:5432 allow by policy/shop/db\#0
            not ok 2 - shop: user/jane cannot get pods in shop
              ---
              {"severity":"fail","message":"user/jane may get pods in shop: RoleBinding shop/reader grants Role shop/reader#0 to User jane","help":[],"file":"t/shop.sectest.yaml","line":7,"column":3}
              ...
            ok 3 - shop: later # SKIP until 2030-01-01: INC-1 #2
            3 assertions in 1 file: 1 holds, 1 does not, 1 skipped.
        "#]],
    );
}

#[test]
fn as_junit() {
    check(
        &[HOLDS, RIGHT, MALFORMED, SKIPPED],
        "-o junit",
        2,
        expect![[r#"
            <?xml version="1.0" encoding="UTF-8"?>
            <testsuites name="portcullis test" tests="4" failures="1" errors="1" skipped="1">
              <testsuite name="t/shop.sectest.yaml" tests="4" failures="1" errors="1" skipped="1">
                <testcase name="shop/cart -&gt; shop/db:5432 allow by policy/shop/db#0" classname="shop" file="t/shop.sectest.yaml" line="6"/>
                <testcase name="user/jane cannot get pods in shop" classname="shop" file="t/shop.sectest.yaml" line="7">
                  <failure type="fail" message="user/jane may get pods in shop: RoleBinding shop/reader grants Role shop/reader#0 to User jane">user/jane may get pods in shop: RoleBinding shop/reader grants Role shop/reader#0 to User jane</failure>
                </testcase>
                <testcase name="shop/carp -&gt; shop/db:5432 allow" classname="shop" file="t/shop.sectest.yaml" line="8">
                  <error type="malformed" message="there is no pod or workload `shop/carp`">there is no pod or workload `shop/carp`
            help: did you mean `shop/cart`?</error>
                </testcase>
                <testcase name="later" classname="shop" file="t/shop.sectest.yaml" line="9">
                  <skipped message="until 2030-01-01: INC-1 #2"/>
                </testcase>
              </testsuite>
            </testsuites>
            4 assertions in 1 file: 1 holds, 1 does not, 1 skipped, 1 malformed.
        "#]],
    );
}

#[test]
fn as_json_and_sarif() {
    let folder = folder(&[HOLDS, FAILS, RIGHT, MALFORMED]);
    let answer = folder.json("test t -o json");
    let statuses: Vec<&Value> =
        answer["assertions"].as_array().expect("a list").iter().map(|a| &a["status"]).collect();
    assert_eq!(statuses, ["pass", "fail", "fail", "malformed"]);
    let [_, flow, right, _] = [0, 1, 2, 3].map(|i| &answer["assertions"][i]);
    assert_eq!(flow["line"], 7);
    assert_eq!(flow["counterexample"]["flow"]["verdict"], "allow");
    assert_eq!(right["counterexample"]["because"][0]["line"], 30);
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/schema/test.json");
    let schema = serde_json::from_slice(&std::fs::read(path).expect("a file")).expect("a schema");
    for words in ["test t -o json", "test t none -o json"] {
        assert_eq!(crate::schema::faults(&schema, &folder.json(words)), [""; 0]);
    }
    let log = folder.json("test t -o sarif");
    let run = &log["runs"][0];
    let results = run["results"].as_array().expect("a list");
    let found: Vec<String> = results
        .iter()
        .map(|r| {
            let at = &r["locations"][0]["physicalLocation"];
            let index = r["ruleIndex"].as_u64().expect("an index") as usize;
            assert_eq!(run["tool"]["driver"]["rules"][index]["id"], r["ruleId"]);
            format!(
                "{} {}:{}",
                r["ruleId"], at["artifactLocation"]["uri"], at["region"]["startLine"]
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            "\"test-fail\" \"t/shop.sectest.yaml\":7",
            "\"test-fail\" \"t/shop.sectest.yaml\":8",
            "\"test-malformed\" \"t/shop.sectest.yaml\":9"
        ]
    );
    let related = &results[1]["relatedLocations"][0]["physicalLocation"];
    assert_eq!(related["artifactLocation"]["uri"], "k8s/shop.yaml");
}

#[test]
fn the_worst_outcome_is_the_exit_code() {
    let cilium = "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\n\
                  metadata: { name: c, namespace: shop }\nspec: {}\n";
    for (assertions, extra, code) in [
        (&[HOLDS][..], "", 0),
        (&[HOLDS, SKIPPED], "", 0),
        (&[HOLDS], cilium, 3),
        (&[HOLDS, RIGHT], cilium, 1),
        (&[FAILS, MALFORMED], "", 2),
        (&[], "", 2),
    ] {
        let folder = folder(assertions);
        folder.write("k8s/extra.yaml", extra.as_bytes());
        let run = folder.run("test t");
        assert_eq!(run.code, code, "{assertions:?} {run:?}");
    }
}

#[test]
fn where_test_files_are() {
    let case =
        format!("# A case\n```yaml\n{SHOP}---\n{}- {HOLDS}\n```\n", HEAD.replace("../k8s", ""));
    let case = case.replace("cluster: { sources: [  ] }\n", "");
    let folder = folder(&[HOLDS]);
    folder.write("t/deep/a.case.md", case.as_bytes());
    for (words, files) in [
        ("test", 2),
        ("test .", 2),
        ("test t/shop.sectest.yaml", 1),
        ("test t/deep t/shop.sectest.yaml", 2),
        ("test t -o human=out.txt -o tap=out.tap -q", 2),
    ] {
        let run = folder.run(words);
        assert_eq!(run.code, 0, "{words}: {run:?}");
        let said = format!(" in {files} file");
        assert_eq!(run.err.contains(&said), !words.ends_with("-q"), "{words}: {run:?}");
    }
    let tap = std::fs::read_to_string(folder.path().join("out.tap")).expect("a file");
    assert!(tap.starts_with("TAP version 14\n1..2\nok 1 - shop: "), "{tap}");
    let with_none = folder.json("test t none -o json");
    assert_eq!(with_none["problems"][0]["file"], "none", "{with_none}");
    let log = folder.json("test t none -o sarif");
    assert_eq!(log["runs"][0]["invocations"][0]["executionSuccessful"], false, "{log}");
    for words in ["test k8s", "test none", "test t none", "test t -o xml"] {
        assert_eq!(folder.run(words).code, 2, "{words}");
    }
    let input = format!("{}- {HOLDS}\n", HEAD.replace("../k8s", "k8s"));
    assert_eq!(folder.run_with("test -", &input, &[]).code, 0);
}

#[test]
fn a_source_that_is_not_there_is_told_at_its_line() {
    let text = HEAD.replace("[ ../k8s ]", "[ ../k8s, ../none ]");
    let folder = Folder::of(&[
        ("k8s/shop.yaml", SHOP),
        ("t/shop.sectest.yaml", &format!("{text}- {HOLDS}\n")),
    ]);
    let run = folder.run("test t -o json");
    assert_eq!(run.code, 2, "{run:?}");
    let answer: Value = serde_json::from_str(&run.out).expect("JSON");
    let first = &answer["assertions"][0];
    assert_eq!(first["why"], "t/../none cannot be read: it does not exist");
    assert_eq!((&first["line"], &first["column"]), (&4.into(), &31.into()));
}

#[test]
fn a_broken_source_is_told_once() {
    let folder = folder(&[HOLDS]);
    folder.write("t/more.sectest.yaml", format!("{HEAD}- {HOLDS}\n").as_bytes());
    folder.write("k8s/broken.yaml", b"kind: [");
    let run = folder.run("test t");
    assert_eq!(run.err.matches("error[YA001]").count(), 1, "{run:?}");
    assert_eq!(folder.run("test t -q").err, "");
}

#[test]
fn a_first_file_says_what_holds() {
    let folder = folder(&[]);
    let first = folder.run("test --init k8s");
    assert_eq!(first.code, 0, "{first:?}");
    folder.write("first.sectest.yaml", first.out.as_bytes());
    let run = folder.run("test first.sectest.yaml");
    assert!(run.code == 0 && first.out.contains("  - \"k8s\"\n"), "{first:?} {run:?}");
    assert_eq!(folder.run("test --init -f k8s").out, first.out);
    assert_eq!(folder.run("test --init").code, 2);
}

#[test]
fn tests_can_be_those_of_a_commit() {
    let folder = folder(&[HOLDS]);
    for words in
        [&["init", "-q", "-b", "main"][..], &["add", "."], &["commit", "-q", "-m", "first"]]
    {
        crate::sources::git(&folder, words);
    }
    folder.write("k8s/shop.yaml", b"");
    assert_eq!(folder.run("test t").code, 2);
    let run = folder.run("test git:main:t");
    assert_eq!(run.code, 0, "{run:?}");
}
