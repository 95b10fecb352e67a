//! `connect`: verdicts, exit codes, and what scripts read.

use expect_test::{Expect, expect};
use serde_json::Value;

use crate::support::{Folder, SHOP};

#[track_caller]
fn check(words: &str, code: i32, want: Expect) {
    let run = Folder::of(&[("k8s/shop.yaml", SHOP)]).run(words);
    assert_eq!(run.code, code, "{run:?}");
    want.assert_eq(&run.out);
}

#[test]
fn an_allowed_connection() {
    check(
        "connect shop/cart shop/db:5432 -f k8s",
        0,
        expect![[r#"
        ALLOWED  shop/cart → shop/db tcp/5432

         egress of shop/cart                                ALLOW
           default   1000000                      no policy selects it
                               Profile kns.shop   allow                                     ◀ decides
         ingress of shop/db                                 ALLOW
           default   1000000   shop/db#0          allow                  k8s/shop.yaml:23   ◀ decides

         why      no policy selects shop/cart for egress: everything is allowed
                  rule 0 of KubernetesNetworkPolicy shop/db allows tcp/5432 from shop/cart

         assumed  pod shop/cart is one running pod whose address is not known (--pod-cidr says it)
                  pod shop/db is one running pod whose address is not known (--pod-cidr says it)
    "#]],
    );
}

#[test]
fn a_refused_connection() {
    check(
        "connect shop/cart shop/db:80 -f k8s",
        1,
        expect![[r#"
        DENIED  shop/cart → shop/db tcp/80

         egress of shop/cart                                ALLOW
           default   1000000                      no policy selects it
                               Profile kns.shop   allow                                        ◀ decides
         ingress of shop/db                                 DENY
           default   1000000   shop/db            its rule does not match   k8s/shop.yaml:17
           default   1000000                      end of tier: deny                            ◀ decides

         why      KubernetesNetworkPolicy shop/db selects shop/db, and no rule of tier default allows tcp/80
                  from shop/cart

         assumed  pod shop/cart is one running pod whose address is not known (--pod-cidr says it)
                  pod shop/db is one running pod whose address is not known (--pod-cidr says it)
    "#]],
    );
}

#[test]
fn without_signs() {
    check(
        "connect shop/db shop/db:80 -f k8s --plain",
        1,
        expect![[r#"
            DENIED  shop/db to shop/db tcp/80

             egress of shop/db                                  ALLOW
               default   1000000                      no policy selects it
                                   Profile kns.shop   allow                                        decides
             ingress of shop/db                                 DENY
               default   1000000   shop/db            its rule does not match   k8s/shop.yaml:17
               default   1000000                      end of tier: deny                            decides

             why      KubernetesNetworkPolicy shop/db selects shop/db, and no rule of tier default allows tcp/80
                      from shop/db
             note     this is about two pods like shop/db: a pod always reaches itself

             assumed  pod shop/db is one running pod whose address is not known (--pod-cidr says it)
        "#]],
    );
}

#[test]
fn an_unknown_connection_says_what_would_settle_it() {
    let open = "\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: cart, namespace: shop }
spec:
  podSelector: { matchLabels: { app: cart } }
  ingress: [ { from: [ { ipBlock: { cidr: 10.1.0.0/16 } } ] } ]
";
    let folder = Folder::of(&[("a.yaml", SHOP), ("b.yaml", open)]);
    let run = folder.run("connect shop/db shop/cart:8080 -f .");
    assert_eq!(run.code, 3, "{run:?}");
    assert!(run.out.starts_with("UNKNOWN  shop/db → shop/cart tcp/8080\n"), "{run:?}");
    assert!(run.out.contains("--pod-cidr"), "{run:?}");
    assert_eq!(folder.run("connect shop/db shop/cart:8080 -f . --pod-cidr 10.1.4.0/24").code, 0);
    assert_eq!(folder.run("connect shop/db shop/cart:8080 -f . --pod-cidr 10.2.0.0/16").code, 1);
}

/// Everything of the shop at once: the one is let in, the other is not.
const MIXED: &str = "connect shop/part=shop shop/db:5432 -f .";

/// The shop, with a label that both of its pods have.
fn shop_with_parts() -> Folder {
    let labelled = SHOP.replace("labels: { app", "labels: { part: shop, app");
    Folder::of(&[("a.yaml", &labelled)])
}

#[test]
fn several_flows_that_differ_are_mixed() {
    let folder = shop_with_parts();
    let run = folder.run(MIXED);
    assert_eq!(run.code, 1, "{run:?}");
    expect![[r#"
        MIXED  2 flows

        ALLOWED  shop/cart → shop/db tcp/5432

         egress of shop/cart                                ALLOW
           default   1000000                      no policy selects it
                               Profile kns.shop   allow                                ◀ decides
         ingress of shop/db                                 ALLOW
           default   1000000   shop/db#0          allow                  ./a.yaml:23   ◀ decides

         why      no policy selects shop/cart for egress: everything is allowed
                  rule 0 of KubernetesNetworkPolicy shop/db allows tcp/5432 from shop/cart

        DENIED  shop/db → shop/db tcp/5432

         egress of shop/db                                  ALLOW
           default   1000000                      no policy selects it
                               Profile kns.shop   allow                                   ◀ decides
         ingress of shop/db                                 DENY
           default   1000000   shop/db            its rule does not match   ./a.yaml:17
           default   1000000                      end of tier: deny                       ◀ decides

         why      KubernetesNetworkPolicy shop/db selects shop/db, and no rule of tier default allows
                  tcp/5432 from shop/db
         note     this is about two pods like shop/db: a pod always reaches itself

         assumed  pod shop/cart is one running pod whose address is not known (--pod-cidr says it)
                  pod shop/db is one running pod whose address is not known (--pod-cidr says it)
    "#]].assert_eq(&run.out);
    assert_eq!(folder.json(&format!("{MIXED} -o json"))["verdict"], "mixed");
}

#[test]
fn of_many_flows_each_is_a_line_unless_all_are_asked_for() {
    let folder = shop_with_parts();
    for i in 0..5 {
        let pod = format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{ name: p{i}, namespace: shop, labels: {{ part: shop }} }}\n\
             spec: {{ containers: [ {{ name: main, image: none.example/p }} ] }}\n"
        );
        folder.write(&format!("pod{i}.yaml"), pod.as_bytes());
    }
    let short = folder.run(MIXED).out;
    let lines: Vec<&str> = short.lines().take(8).collect();
    expect![[r#"
        MIXED  7 flows
        ALLOWED  shop/cart → shop/db tcp/5432
        DENIED  shop/db → shop/db tcp/5432
        DENIED  shop/p0 → shop/db tcp/5432
        DENIED  shop/p1 → shop/db tcp/5432
        DENIED  shop/p2 → shop/db tcp/5432
        DENIED  shop/p3 → shop/db tcp/5432
        DENIED  shop/p4 → shop/db tcp/5432"#]]
    .assert_eq(&lines.join("\n"));
    let wide = folder.run(&format!("{MIXED} -o wide")).out;
    assert_eq!(wide.matches(" ingress of shop/db ").count(), 7, "{wide}");
}

#[test]
fn the_answer_as_json() {
    let folder = Folder::of(&[("k8s/shop.yaml", SHOP)]);
    let answer = folder.json("connect shop/cart shop/db:80 -f k8s -o json");
    assert_eq!(answer["apiVersion"], "portcullis.dev/v1");
    assert_eq!(answer["verdict"], "deny");
    let flow = &answer["flows"][0];
    for (field, want) in [
        ("from", Value::from("shop/cart")),
        ("to", "shop/db".into()),
        ("protocol", "tcp".into()),
        ("port", 80.into()),
        ("verdict", "deny".into()),
    ] {
        assert_eq!(flow[field], want, "{field}");
    }
    assert_eq!(flow["egress"]["verdict"], "allow");
    let by = &flow["ingress"]["decidedBy"];
    for (field, want) in [
        ("tier", Value::from("default")),
        ("kind", "KubernetesNetworkPolicy".into()),
        ("namespace", "shop".into()),
        ("name", "db".into()),
        ("rule", Value::Null),
        ("file", "k8s/shop.yaml".into()),
        ("line", 17.into()),
    ] {
        assert_eq!(by[field], want, "{field}: {by}");
    }
    assert!(answer["assumed"].is_array() && answer["skipped"].is_array());
}

#[test]
fn every_format_says_the_same() {
    let folder = Folder::of(&[("a.yaml", SHOP)]);
    let question = "connect shop/cart shop/db:5432 -f a.yaml -o";
    let yaml = folder.run(&format!("{question} yaml")).out;
    assert!(yaml.starts_with("apiVersion: portcullis.dev/v1\nverdict: allow\nflows:\n- from: "));
    let line = folder.run(&format!("{question} jsonl")).out;
    assert_eq!(line.lines().count(), 1);
    let of_line: Value = serde_json::from_str(&line).expect("JSON");
    assert_eq!(of_line, folder.json(&format!("{question} json")));
}

#[test]
fn questions_are_answered_in_their_order() {
    let questions = "shop/cart shop/db:5432\n\nshop/db shop/cart:8080\nshop/dn shop/cart\nnonsense\nshop/cart shop/db:1\n";
    let folder = Folder::of(&[("a.yaml", SHOP), ("questions", questions)]);
    let run = folder.run("connect --questions questions -f a.yaml -o jsonl");
    assert_eq!(run.code, 2);
    let lines: Vec<Value> =
        run.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let said: Vec<String> = lines
        .iter()
        .map(|line| line["verdict"].as_str().or(line["error"].as_str()).unwrap_or("").to_owned())
        .collect();
    expect![[r#"
        [
            "allow",
            "allow",
            "there is no pod or workload `shop/dn`",
            "`nonsense` is no question",
            "deny",
        ]
    "#]]
    .assert_debug_eq(&said);
    let good = "shop/cart shop/db:5432\n";
    let run = folder.run_with("connect --questions - -f a.yaml -o jsonl", good, &[]);
    assert_eq!((run.code, run.out.lines().count()), (0, 1));
}

#[test]
fn what_nobody_is_called_is_refused_with_what_was_meant() {
    let folder = Folder::of(&[("a.yaml", SHOP)]);
    for (words, want) in [
        ("connect shop/cat shop/db:80 -f a.yaml", "did you mean `shop/cart`?"),
        ("connect shop/cart shop/db:x/y/z -f a.yaml", "names no endpoint"),
        ("connect shop/cart -f a.yaml", "<TO>"),
        ("connect shop/cart shop/db:80", "give -f"),
        ("connect shop/cart shop/db:80 -f none.yaml", "`none.yaml`: it does not exist"),
        ("connect shop/cart shop/db:80 -q -f none.yaml", "`none.yaml`: it does not exist"),
        ("connect shop/cart shop/db:80 -f a.yaml --pod-cidr x", "10.244.0.0/16"),
        (
            "connect --questions none -f a.yaml -o jsonl",
            "in none cannot be read: it does not exist",
        ),
        ("connect --questions a.yaml -f a.yaml", "give -o jsonl"),
        ("connect --questions - -f - -o jsonl", "cannot be both"),
    ] {
        let run = folder.run(words);
        assert_eq!(run.code, 2, "{words}: {run:?}");
        assert!(run.err.contains(want), "{words}: {run:?}");
        assert_eq!(run.out, "", "{words}");
    }
}

#[test]
fn a_kind_that_is_not_there_cannot_be_left_out() {
    let cilium = "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\n\
                  metadata: { name: c, namespace: shop }\nspec: {}\n";
    let folder = Folder::of(&[("a.yaml", SHOP), ("b.yaml", cilium)]);
    for (sources, kind, want) in [
        ("-f a.yaml -f b.yaml", "CiliumNetworkPolicy", None),
        ("-f a.yaml -f b.yaml", "ciliumnetworkpolicy", None),
        (
            "-f a.yaml -f b.yaml",
            "CiliumNetworkPolicies",
            Some("did you mean `CiliumNetworkPolicy`?"),
        ),
        ("-f a.yaml -f b.yaml", "Server", Some("those not judged are of kind CiliumNetworkPolicy")),
        ("-f a.yaml", "Server", Some("every policy here is judged")),
    ] {
        let run = folder.run(&format!("connect shop/cart shop/db:5432 {sources} --without {kind}"));
        let said = run.err.lines().find(|line| line.starts_with("warning: --without"));
        let want = want.map(|help| {
            format!("warning: --without {kind}: no policy given is of that kind; {help}")
        });
        assert_eq!(said, want.as_deref(), "{run:?}");
    }
}
