//! `rbac can`, `who`, `what`: answers, exit codes, and what scripts read.

use expect_test::{Expect, expect};

use crate::support::{Folder, SHOP};

#[track_caller]
fn check(words: &str, code: i32, want: Expect) {
    let run = Folder::of(&[("k8s/shop.yaml", SHOP)]).run(&format!("rbac {words} -f k8s"));
    assert_eq!(run.code, code, "{run:?}");
    want.assert_eq(&run.out);
}

#[test]
fn yes_with_the_binding_and_the_rule() {
    check(
        "can get pods/log -n shop --as jane",
        0,
        expect![[r#"
        yes  jane may get pods/log in namespace shop

         why      RoleBinding shop/reader grants Role shop/reader#0 to User jane  k8s/shop.yaml:30
    "#]],
    );
}

#[test]
fn no_with_the_nearest_miss() {
    check(
        "can delete pods -n shop --as jane",
        1,
        expect![[r#"
            no  jane may not delete pods in namespace shop

             why      Role shop/reader#0, granted by RoleBinding shop/reader, has only the verbs "get", "list"  k8s/shop.yaml:30
        "#]],
    );
    check(
        "can get pods -n other --as jane",
        1,
        expect![[r#"
            no  jane may not get pods in namespace other

             why      RoleBinding shop/reader grants it, only in namespace shop  k8s/shop.yaml:30
                      no rule is about it; the requester has only what the server gives to everybody  built-in
        "#]],
    );
}

#[test]
fn a_service_account_is_in_its_groups() {
    check(
        "can get pods db -n shop --as system:serviceaccount:shop:cart",
        0,
        expect![[r#"
        yes  system:serviceaccount:shop:cart may get pods db in namespace shop

         why      RoleBinding shop/reader grants Role shop/reader#0 to ServiceAccount shop/cart  k8s/shop.yaml:30
    "#]],
    );
}

#[test]
fn who_and_what() {
    check(
        "who list pods -n shop --no-bootstrap",
        0,
        expect![[r#"
            SUBJECT                    SCOPE            GRANTED BY                                     AT
            ServiceAccount shop/cart   namespace shop   RoleBinding shop/reader → Role shop/reader#0   k8s/shop.yaml:30
            User jane                  namespace shop   RoleBinding shop/reader → Role shop/reader#0   k8s/shop.yaml:30
        "#]],
    );
    check(
        "who delete pods --no-bootstrap",
        1,
        expect![[r#"
        nobody
    "#]],
    );
    check(
        "what --as jane --no-bootstrap",
        0,
        expect![[r#"
            SCOPE            VERBS      ON         GRANTED BY                                     AT
            namespace shop   get,list   pods       RoleBinding shop/reader → Role shop/reader#0   k8s/shop.yaml:30
                                        pods/log
        "#]],
    );
    check(
        "what --as nobody --no-bootstrap",
        1,
        expect![[r#"
        nothing
    "#]],
    );
    check(
        "can --list --as jane -n shop --no-bootstrap --plain",
        0,
        expect![[r#"
        RESOURCES   NON-RESOURCE URLS   RESOURCE NAMES   VERBS        FROM
        pods        []                  []               [get list]   k8s/shop.yaml:30
        pods/log    []                  []               [get list]   k8s/shop.yaml:30
    "#]],
    );
}

#[test]
fn built_in_roles_are_there_unless_left_out() {
    check(
        "can get /healthz --as jane",
        0,
        expect![[r#"
            yes  jane may get /healthz

             why      ClusterRoleBinding system:discovery grants ClusterRole system:discovery#0 to Group
                      system:authenticated  built-in
                      ClusterRoleBinding system:public-info-viewer grants ClusterRole
                      system:public-info-viewer#0 to Group system:authenticated  built-in
        "#]],
    );
    check(
        "can get /healthz --as jane --no-bootstrap",
        1,
        expect![[r#"
        no  jane may not get /healthz

         why      no binding in scope names the requester
    "#]],
    );
    check(
        "can delete nodes --as root --as-group system:masters -o wide",
        0,
        expect![[r#"
            yes  root may delete nodes

             why      members of system:masters are let pass before RBAC is asked
        "#]],
    );
}

#[test]
fn the_answer_as_json() {
    let folder = Folder::of(&[("k8s/shop.yaml", SHOP)]);
    let answer = folder.json("rbac can get pods -n shop --as jane -f k8s -o json");
    assert_eq!(answer["verdict"], "allow");
    assert_eq!(
        answer["reason"],
        r#"RBAC: allowed by RoleBinding "reader/shop" of Role "reader" to User "jane""#
    );
    let because = &answer["because"][0];
    assert_eq!(because["file"], "k8s/shop.yaml");
    assert!(because["line"].is_u64() && because["column"].is_u64() && because["text"].is_string());
    let list = folder.json("rbac can --list -n shop --as jane -f k8s -o json --no-bootstrap");
    assert_eq!(list["resourceRules"][0]["verbs"][0], "get");
    let who = folder.json("rbac who get pods -f k8s -o json --no-bootstrap");
    assert_eq!(who["items"][0]["subject"]["name"], "cart");
    assert_eq!(who["items"][0]["namespace"], "shop");
    let lines = folder.run("rbac who get pods -f k8s -o jsonl --no-bootstrap").out;
    assert_eq!(lines.lines().count(), 2);
}

#[test]
fn what_cannot_be_asked() {
    let folder = Folder::of(&[("a.yaml", SHOP)]);
    for (words, want) in [
        ("rbac can get pods", "--as USER"),
        ("rbac can get pods --as-group dev", "--as USER"),
        ("rbac can get pods/web-1 --as jane", "--name web-1"),
        ("rbac can get networkpolicies --as jane", "networkpolicies.networking.k8s.io"),
        ("rbac can get deploymets --as jane", "did you mean `deployments`?"),
        ("rbac can get --as jane", "<RESOURCE>"),
    ] {
        let run = folder.run(&format!("{words} -f a.yaml"));
        assert_eq!(run.code, 2, "{words}: {run:?}");
        assert!(run.err.contains(want), "{words}: {run:?}");
        assert_eq!(run.out, "", "{words}");
    }
}

#[test]
fn what_is_odd_is_said_and_answered() {
    let folder = Folder::of(&[("a.yaml", SHOP)]);
    for (words, want) in [
        ("rbac can frob pods --as jane", "warning: verb 'frob' is not a known verb\n"),
        (
            "rbac can get nodes -n shop --as jane",
            "warning: resource 'nodes' is not namespace scoped\n",
        ),
        ("rbac can get things.example.com --as jane", "warning: nobody here defines API group"),
    ] {
        let run = folder.run(&format!("{words} -f a.yaml"));
        assert_eq!(run.code, 1, "{words}: {run:?}");
        assert!(run.err.contains(want), "{words}: {run:?}");
        assert!(run.out.starts_with("no  jane may not "), "{words}: {run:?}");
    }
}

#[test]
fn a_binding_that_cannot_be_read_leaves_a_refusal_open() {
    let broken = "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: [";
    let folder = Folder::of(&[("a.yaml", SHOP), ("b.yaml", broken)]);
    let run = folder.run("rbac can delete pods -n shop --as jane -f .");
    assert_eq!(run.code, 3, "{run:?}");
    assert!(run.out.starts_with("unknown  jane may or may not delete pods"), "{run:?}");
    assert_eq!(folder.run("rbac can get pods -n shop --as jane -f .").code, 0);
    let absent = folder.run("rbac can delete pods -n shop --as jane -f . --refused absent");
    assert_eq!(absent.code, 1);
}

#[test]
fn network_objects_are_not_skipped_where_rights_are_asked_about() {
    let refused = "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\n\
                   metadata: { name: a }\nspec: { selector: 'x ==' }\n";
    let role = "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\n\
                metadata: { name: twin, namespace: shop }\n---\n";
    let role = role.repeat(2);
    let folder = Folder::of(&[("a.yaml", SHOP), ("b.yaml", refused), ("c.yaml", &role)]);
    let network = folder.run("connect shop/cart shop/db:5432 -f .").out;
    assert!(network.contains("GlobalNetworkPolicy a would be refused"), "{network}");
    let rights = folder.run("rbac can get pods -n shop --as jane -f .").out;
    assert!(rights.contains("Role shop/twin is given again"), "{rights}");
    assert!(!rights.contains("GlobalNetworkPolicy"), "{rights}");
}
