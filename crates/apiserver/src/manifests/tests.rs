//! Against a service that keeps what it is sent, and wants a namespace to be there first.

use std::collections::BTreeMap;
use std::sync::Mutex;

use http::StatusCode;
use serde_json::json;

use super::*;

#[derive(Default)]
struct Shelf {
    kept: Mutex<BTreeMap<String, Value>>,
    asked: Mutex<Vec<String>>,
}

impl Service for Shelf {
    async fn call(&self, request: Request) -> Response {
        assert_eq!(request.peer.certificates.len(), 1, "the admin shows a certificate");
        let info = request.info.expect("an address");
        let body = request.body.read(1 << 20).await.expect("a body");
        let mut object: Value = serde_json::from_slice(&body).unwrap_or_default();
        let name = match info.verb.as_str() {
            "create" => {
                object.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default()
            }
            _ => info.name.as_str(),
        };
        // A namespace is said to be in itself when it is asked for by name.
        let within = if info.resource == "namespaces" { "" } else { info.namespace.as_str() };
        let key = format!("{}/{within}/{name}", info.resource);
        self.asked.lock().expect("a lock").push(format!("{} {key}", info.verb));
        let mut kept = self.kept.lock().expect("a lock");
        let missing = !matches!(within, "" | "default")
            && !kept.contains_key(&format!("namespaces//{within}"));
        let refusal = match info.verb.as_str() {
            _ if object.get("bad").is_some() => Some((422, "Invalid", "it is bad")),
            _ if missing => Some((404, "NotFound", "namespace not found")),
            "create" if kept.contains_key(&key) => Some((409, "AlreadyExists", "it exists")),
            _ => None,
        };
        if let Some((code, reason, message)) = refusal {
            let status = json!({"kind": "Status", "reason": reason, "message": message});
            return Response::new(StatusCode::from_u16(code).expect("a code"), status.to_string());
        }
        if info.verb == "get" {
            return Response::new(StatusCode::OK, kept[&key].to_string());
        }
        if info.verb == "update" {
            assert_eq!(
                object["metadata"]["resourceVersion"],
                kept[&key]["metadata"]["resourceVersion"]
            );
        }
        object["metadata"]["resourceVersion"] = format!("{}", kept.len()).into();
        kept.insert(key, object.clone());
        Response::new(StatusCode::OK, object.to_string())
            .header(header::WARNING, HeaderValue::from_static(r#"299 - "kept as \"x\"""#))
    }
}

async fn applied(shelf: &Shelf, text: &str) -> Result<Vec<Warned>, String> {
    let input = Input { name: "a.yaml".to_owned(), bytes: text.as_bytes().to_vec() };
    let now = Timestamp::since_epoch(std::time::UNIX_EPOCH.elapsed().expect("a clock"));
    let authority = Authority::create("tests", now, &Random::system()).expect("an authority");
    let outcome = apply(shelf, vec![input], &Limits::default(), &authority, now).await;
    outcome.map_err(|error| error.to_string())
}

const THING: &str = "
apiVersion: v1
kind: ConfigMap
metadata: { name: a, namespace: shop }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: b }
---
apiVersion: v1
kind: Namespace
metadata: { name: shop }
";

#[tokio::test]
async fn the_order_of_the_text_does_not_matter() {
    let shelf = Shelf::default();
    let warned = applied(&shelf, THING).await.expect("nothing is refused");
    let kept: Vec<_> = shelf.kept.lock().expect("a lock").keys().cloned().collect();
    assert_eq!(kept, ["configmaps/shop/a", "deployments/default/b", "namespaces//shop"]);
    assert_eq!(warned.len(), 3);
    assert!(warned.iter().any(|one| one.place == "a.yaml:2:1" && one.message == "kept as \"x\""));
}

#[tokio::test]
async fn a_token_secret_finds_its_account() {
    let shelf = Shelf::default();
    let of = |kind: &str| format!("apiVersion: v1\nkind: {kind}\nmetadata: {{ name: a }}\n");
    let text = [of("Secret"), of("ServiceAccount"), of("Namespace")].join("---\n");
    applied(&shelf, &text).await.expect("nothing is refused");
    let asked = shelf.asked.lock().expect("a lock").clone();
    let want =
        ["create namespaces//a", "create serviceaccounts/default/a", "create secrets/default/a"];
    assert_eq!(asked, want);
}

#[tokio::test]
async fn what_exists_is_replaced() {
    let shelf = Shelf::default();
    applied(&shelf, THING).await.expect("nothing is refused");
    shelf.asked.lock().expect("a lock").clear();
    let changed = THING.replace("kind: ConfigMap", "kind: ConfigMap\ndata: { x: z }");
    applied(&shelf, &changed).await.expect("nothing is refused");
    let asked = shelf.asked.lock().expect("a lock").clone();
    let want = ["create configmaps/shop/a", "get configmaps/shop/a", "update configmaps/shop/a"];
    assert!(asked.windows(3).any(|three| three == want), "{asked:?}");
    assert_eq!(shelf.kept.lock().expect("a lock")["configmaps/shop/a"]["data"]["x"], "z");
}

#[tokio::test]
async fn the_first_refusal_is_told_with_its_place() {
    let shelf = Shelf::default();
    let bad = THING.replace("kind: Deployment", "bad: yes\nkind: Deployment");
    assert_eq!(applied(&shelf, &bad).await, Err("a.yaml:6:1: it is bad".to_owned()));
    let unknown = "apiVersion: v1\nkind: Nosuch\nmetadata: { name: a }\n";
    let want = "a.yaml:1:1: no kind `Nosuch` is served in `v1`";
    assert_eq!(applied(&shelf, unknown).await, Err(want.to_owned()));
    let broken = "apiVersion: v1\nkind: [";
    assert!(applied(&shelf, broken).await.is_err_and(|text| text.starts_with("a.yaml:2:")));
}

#[tokio::test(start_paused = true)]
async fn what_never_comes_is_not_waited_for_for_ever() {
    let alone = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a, namespace: nosuch }\n";
    let refused = applied(&Shelf::default(), alone).await;
    assert_eq!(refused, Err("a.yaml:1:1: namespace not found".to_owned()));
}

#[test]
fn warnings_are_read_as_they_are_written() {
    assert_eq!(warning(r#"299 - "a \"b\" \\""#), Some("a \"b\" \\".to_owned()));
    assert_eq!(warning("299 - a"), None);
}

#[test]
fn names_are_parts_of_paths() {
    assert_eq!(encoded("a-b.c_d"), "a-b.c_d");
    assert_eq!(encoded("system:a/b"), "system%3Aa%2Fb");
}
