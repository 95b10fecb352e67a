use portcullis_snapshot::{Settings, Snapshot};

use super::*;

const POLICY: &str = r#"
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: { name: reader }
rules:
- { apiGroups: [apps], resources: [deployments], verbs: [list] }
- { apiGroups: [""], resources: [pods], verbs: [get, list] }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: { name: auditor }
rules:
- { apiGroups: [rbac.authorization.k8s.io], resources: ["*"], verbs: [get] }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: { name: see-bindings, namespace: shop }
rules:
- { apiGroups: [rbac.authorization.k8s.io], resources: [rolebindings], verbs: [get] }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: read, namespace: shop }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: reader }
subjects:
- { kind: User, name: jane }
- { kind: User, name: seer }
- { kind: ServiceAccount, name: cart, namespace: shop }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: see, namespace: shop }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: see-bindings }
subjects:
- { kind: User, name: seer }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: gone, namespace: shop }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: nowhere }
subjects:
- { kind: User, name: jane }
- { kind: User, name: ghost }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: { name: everybody }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: discovery }
subjects:
- { kind: Group, name: "system:authenticated", apiGroup: rbac.authorization.k8s.io }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: { name: discovery }
rules:
- { nonResourceURLs: [/api], verbs: [get] }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: { name: audit }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: auditor }
subjects:
- { kind: Group, name: auditors, apiGroup: rbac.authorization.k8s.io }
"#;

fn snapshot() -> Snapshot {
    let inputs =
        vec![portcullis_object::Input { name: "policy.yaml".into(), bytes: POLICY.into() }];
    let loaded = portcullis_object::load(inputs, &portcullis_object::Limits::default());
    let settings = Settings { bootstrap: false, ..Settings::default() };
    Snapshot::build(&loaded.objects, &loaded.unreadable, &settings).0
}

/// `user[,group…]`.
fn who(written: &str) -> Requester {
    let mut names = written.split(',');
    Requester {
        user: names.next().unwrap_or_default().into(),
        groups: names.map(Into::into).collect(),
    }
}

/// What `asker` is told of whether `subject` may do `verb` to `resource` in `namespace`.
fn asked(
    asker: &str,
    subject: &str,
    verb: &str,
    resource: &str,
    namespace: &str,
) -> Map<String, Value> {
    let snapshot = snapshot();
    let attempt = Attempt {
        requester: who(subject),
        verb: verb.into(),
        target: Sought::Resource(Asked {
            resource: resource.into(),
            namespace: Some(Namespace::new(namespace)),
            ..Asked::default()
        }),
    };
    status(&attempt, None, Sight { rules: snapshot.rbac(), asker: &who(asker) })
}

/// The verdict, then each reason's kind and sentence; `-` before what is hidden.
#[track_caller]
fn check(asker: &str, question: &str, want: &[&str]) {
    let words: Vec<&str> = question.split(' ').collect();
    let [subject, verb, resource, namespace] = words.as_slice() else { panic!("{question}") };
    let status = asked(asker, subject, verb, resource, namespace);
    let mut got = vec![status["verdict"].as_str().unwrap_or_default().to_owned()];
    for field in ["because", "skipped"] {
        let listed = status.get(field).and_then(Value::as_array).into_iter().flatten();
        for reason in listed {
            let mark = if reason.get("hidden").is_some() { "-" } else { "" };
            let text = |field: &str| reason[field].as_str().unwrap_or_default().to_owned();
            got.push(format!("{mark}{}: {}", text("type"), text("text")));
        }
    }
    assert_eq!(status["allowed"], got[0] == "allow", "{question}");
    assert_eq!(got, want, "{asker} asks: {question}");
}

#[test]
fn who_may_read_all_of_it_is_told_all_of_it() {
    for asker in ["root,system:masters", "ann,auditors"] {
        check(
            asker,
            "jane get pods shop",
            &[
                "allow",
                "Granted: RoleBinding shop/read grants ClusterRole reader#1 to User jane",
                "Dangling: RoleBinding shop/gone grants Role nowhere to User jane, and there is no such role",
            ],
        );
        check(
            asker,
            "jane delete pods shop",
            &[
                "deny",
                "Dangling: RoleBinding shop/gone grants Role nowhere to User jane, and there is no such role",
                "NearMiss: ClusterRole reader#1, granted by RoleBinding shop/read, has only the verbs \"get\", \"list\"",
            ],
        );
        check(
            asker,
            "jane get pods bank",
            &[
                "deny",
                "Elsewhere: RoleBinding shop/read grants it, only in namespace shop",
                "NotNamed: no binding in scope names the requester",
            ],
        );
        check(
            asker,
            "Jane get pods shop",
            &[
                "deny",
                "NotNamed: no binding in scope names the requester",
                "NearlyNamed: RoleBinding shop/read grants it to User jane, which is another spelling",
            ],
        );
        check(
            asker,
            "seer get secrets shop",
            &[
                "deny",
                "NotPermitted: no rule is about it; named by RoleBinding shop/read, RoleBinding shop/see",
            ],
        );
    }
    check(
        "x",
        "root,system:masters get pods shop",
        &["allow", "Privileged: members of system:masters are let pass before RBAC is asked"],
    );
}

#[test]
fn what_may_not_be_read_stays_unnamed() {
    check(
        "jane",
        "jane get pods shop",
        &[
            "allow",
            "-Granted: a binding grants it; its name may not be shown",
            "-Dangling: a binding names the requester and refers to no role; its name may not be shown",
        ],
    );
    check(
        "jane",
        "jane delete pods shop",
        &[
            "deny",
            "-Dangling: a binding names the requester and refers to no role; its name may not be shown",
            "-NearMiss: a rule that a binding gives the requester comes near it; its name may not be shown",
        ],
    );
    check(
        "jane",
        "jane get pods bank",
        &[
            "deny",
            "-Elsewhere: a binding grants it, only in another namespace; its name may not be shown",
            "NotNamed: no binding in scope names the requester",
        ],
    );
    // That somebody else is named alike is not for everybody to know.
    check(
        "Jane",
        "Jane get pods shop",
        &["deny", "NotNamed: no binding in scope names the requester"],
    );
    // Who reads bindings reads the names of roles there, and not their rules.
    check(
        "seer",
        "seer get pods shop",
        &[
            "allow",
            "-Granted: RoleBinding shop/read gives ClusterRole reader to User seer; its rules may not be shown",
        ],
    );
    check(
        "seer",
        "seer delete pods shop",
        &[
            "deny",
            "-NearMiss: RoleBinding shop/read gives ClusterRole reader to User seer; its rules may not be shown",
        ],
    );
    check(
        "jane",
        "seer get secrets shop",
        &["deny", "-NotPermitted: no rule is about it; named by what may not be shown"],
    );
}

#[test]
fn what_everybody_is_given_tells_nothing() {
    for asker in ["root,system:masters", "joe,system:authenticated"] {
        check(
            asker,
            "joe,system:authenticated get pods shop",
            &[
                "deny",
                "NotPermitted: no rule is about it; the requester has only what everybody is given",
            ],
        );
    }
}

#[test]
fn nothing_hidden_is_anywhere_in_the_answer() {
    for (asker, subject, verb) in [
        ("jane", "jane", "get"),
        ("jane", "jane", "delete"),
        ("jane", "Jane", "get"),
        ("x", "seer", "delete"),
    ] {
        for namespace in ["shop", "bank"] {
            let told = Value::from(asked(asker, subject, verb, "pods", namespace)).to_string();
            for name in ["shop/", "read", "gone", "nowhere", "see-bindings", "#1", "\"list\""] {
                // The sentences about what may not be shown have the verb of neither.
                let told = told.replace("RBAC", "");
                assert!(!told.contains(name), "{asker} is told {name}: {told}");
            }
        }
    }
    let told = Value::from(asked("seer", "seer", "get", "pods", "shop")).to_string();
    assert!(told.contains("reader") && !told.contains("#1") && !told.contains("Verbs"), "{told}");
}

#[test]
fn a_reason_says_where_it_stands() {
    let status =
        asked("root,system:masters", "system:serviceaccount:shop:cart", "get", "pods", "shop");
    assert_eq!(
        Value::from(status),
        json!({
            "allowed": true,
            "verdict": "allow",
            "reason": "RBAC: allowed by RoleBinding \"read/shop\" of ClusterRole \"reader\" to ServiceAccount \"cart/shop\"",
            "because": [{
                "type": "Granted",
                "text": "RoleBinding shop/read grants ClusterRole reader#1 to ServiceAccount shop/cart",
                "binding": {"kind": "RoleBinding", "namespace": "shop", "name": "read"},
                "role": {"kind": "ClusterRole", "name": "reader"},
                "subject": {"kind": "ServiceAccount", "namespace": "shop", "name": "cart"},
                "rule": {
                    "number": 1,
                    "text": "{APIGroups:[\"\"], Resources:[\"pods\"], Verbs:[\"get\" \"list\"]}",
                },
            }],
        })
    );
    let status = asked("root,system:masters", "ghost", "get", "pods", "shop");
    assert_eq!(status["reason"], "RBAC: role.rbac.authorization.k8s.io \"nowhere\" not found");
    let status = asked("root,system:masters", "jane", "delete", "pods", "shop");
    assert_eq!(status["because"][1]["lacks"], json!(["verb"]));
}

#[test]
fn the_node_authorizer_is_heard_first() {
    let snapshot = snapshot();
    let check =
        |who_asks: &str, as_node: AsNode, allowed: bool, kinds: &[&str], reason: Option<&str>| {
            let attempt = Attempt {
                requester: who(who_asks),
                verb: "get".into(),
                target: Sought::Resource(Asked {
                    resource: "pods".into(),
                    namespace: Some(Namespace::new("shop")),
                    ..Asked::default()
                }),
            };
            let asker = who("root,system:masters");
            let status =
                status(&attempt, Some(&as_node), Sight { rules: snapshot.rbac(), asker: &asker });
            assert_eq!(status["allowed"], allowed, "{who_asks}");
            let because = status["because"].as_array().expect("a list");
            let got: Vec<&str> = because.iter().filter_map(|one| one["type"].as_str()).collect();
            assert_eq!(got, kinds, "{who_asks}");
            assert_eq!(status.get("reason").and_then(Value::as_str), reason, "{who_asks}");
        };
    let no = || Err("no relationship".to_owned());
    check("n1", Ok(()), true, &["Node"], None);
    check("n1", no(), false, &["Node", "NotNamed"], Some("no relationship"));
    check("n1", Err(String::new()), false, &["NotNamed"], None);
    check("seer", Ok(()), true, &["Node", "Granted"], None);
    let granted =
        "RBAC: allowed by RoleBinding \"read/shop\" of ClusterRole \"reader\" to User \"seer\"";
    check("seer", no(), true, &["Granted"], Some(granted));
    check("n1,system:masters", no(), true, &["Privileged"], None);
}

#[test]
fn oneself_is_whoever_may_no_more() {
    for (subject, within) in [
        ("jane,dev,ops", true),
        ("jane,dev", true),
        ("jane", true),
        (",dev", true),
        ("jane,admins", false),
        ("joe", false),
        ("joe,dev", false),
        (",admins", false),
    ] {
        assert_eq!(is_within(&who(subject), &who("jane,dev,ops")), within, "{subject}");
    }
}
