//! The controllers over a store in memory, asked as clients ask.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Uri, header};
use portcullis_identity::service_account::issue::{Issuer, Lifetimes};
use portcullis_identity::token_file::TokenFile;
use portcullis_identity::{Anonymous, PrivateKey, Random as Keys, Trust};
use portcullis_store::{Memory, Store, Write};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::*;
use crate::config::Emulation;
use crate::http::{Body, Peer, Request, ResponseBody, Service};
use crate::request_info::RequestInfo;
use crate::server::{Behaviour, Clock, Random};

mod beside;

/// How long something that comes by itself is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

const AUTHORITIES_TEXT: &str = "-----BEGIN CERTIFICATE-----\n";

/// A server, and whether its controllers follow the store.
struct Cluster {
    server: Arc<Server<Memory>>,
    following: Option<JoinHandle<()>>,
}

impl Cluster {
    /// A server whose controllers do what has to be done before the reply, and no more.
    async fn at_rest(controllers: &str) -> Self {
        Self::over(Memory::new(), controllers, None).await
    }

    /// A server whose controllers follow the store.
    async fn new(controllers: &str) -> Self {
        Self::at_rest(controllers).await.follow()
    }

    async fn over(store: Memory, controllers: &str, emulate: Option<Emulation>) -> Self {
        let behaviour = Behaviour {
            authorities: AUTHORITIES_TEXT.to_owned(),
            controllers: controllers.parse().expect("a choice"),
            emulate,
            own_groups: true,
            ..Behaviour::default()
        };
        let (tokens, _) = TokenFile::parse(b"secret,admin,1,system:masters").expect("tokens");
        let trust = Trust {
            clients: None,
            tokens: Some(Arc::new(tokens)),
            accounts: None,
            audiences: Vec::new(),
            anonymous: Anonymous::Never,
        };
        let key = PrivateKey::generate(&Keys::system()).expect("a key");
        let issuer = Issuer::new(key, "tests", Lifetimes::default());
        let now = "2026-11-21T12:00:00Z".parse().expect("a moment");
        static DRAWN: AtomicU64 = AtomicU64::new(1);
        let random = Random::new(|bytes| {
            for part in bytes.chunks_mut(8) {
                let number = DRAWN.fetch_add(1, Ordering::Relaxed);
                let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
                part.copy_from_slice(&mixed.to_be_bytes()[..part.len()]);
            }
        });
        let clock = Clock::new(move || now);
        let server = Server::start(store, behaviour, trust, Some(issuer), clock, random).await;
        Self { server: Arc::new(server.expect("it starts")), following: None }
    }

    fn follow(mut self) -> Self {
        self.following = Some(tokio::spawn(run(Arc::clone(&self.server))));
        self
    }

    /// Ends the server, as at a crash: the store is all that is left.
    async fn crash(self) -> Memory {
        if let Some(task) = self.following {
            task.abort();
            let _ = task.await;
        }
        Arc::try_unwrap(self.server).expect("nobody else holds it").store
    }

    async fn ask(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        let (code, _, answer) = self.ask_warned(method, path, body).await;
        (code, answer)
    }

    /// The answer with what it warns of.
    async fn ask_warned(
        &self,
        method: Method,
        path: &str,
        body: Value,
    ) -> (u16, Vec<String>, Value) {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, HeaderValue::from_static("Bearer secret"));
        headers.insert(header::USER_AGENT, HeaderValue::from_static("tester"));
        let kind = match method {
            Method::PATCH => "application/merge-patch+json",
            _ => "application/json",
        };
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
        let request = Request {
            info: RequestInfo::parse(method.as_str(), path),
            method,
            uri: Uri::try_from(path).expect("an address"),
            headers,
            body: Body::from(body),
            peer: Arc::new(Peer::new(SocketAddr::from((Ipv4Addr::LOCALHOST, 1)), Vec::new())),
        };
        let response = self.server.call(request).await;
        let ResponseBody::Full(bytes) = response.body else { panic!("{path} has no end") };
        let warnings = response.headers.get_all(header::WARNING).iter();
        let warnings = warnings.map(|one| one.to_str().expect("text").to_owned()).collect();
        (response.status.as_u16(), warnings, serde_json::from_slice(&bytes).unwrap_or_default())
    }

    async fn get(&self, path: &str) -> Option<Value> {
        let (code, answer) = self.ask(Method::GET, path, Value::Null).await;
        assert!(matches!(code, 200 | 404), "{path}: {answer}");
        (code == 200).then_some(answer)
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let (code, answer) = self.ask(Method::POST, path, body).await;
        assert_eq!(code, 201, "{path}: {answer}");
        answer
    }

    async fn patch(&self, path: &str, body: Value) -> Value {
        let (code, answer) = self.ask(Method::PATCH, path, body).await;
        assert_eq!(code, 200, "{path}: {answer}");
        answer
    }

    async fn delete(&self, path: &str, propagation: &str) -> Value {
        let options = match propagation {
            "" => Value::Null,
            policy => json!({"propagationPolicy": policy}),
        };
        let (code, answer) = self.ask(Method::DELETE, path, options).await;
        assert_eq!(code, 200, "{path}: {answer}");
        answer
    }

    /// Waits until the object at a path, or its absence, is as it should be.
    async fn until(&self, path: &str, is: impl Fn(Option<&Value>) -> bool) -> Option<Value> {
        let end = Instant::now() + PATIENCE;
        loop {
            let found = self.get(path).await;
            if is(found.as_ref()) {
                return found;
            }
            assert!(Instant::now() < end, "{path} stays {found:?}");
            sleep(Duration::from_millis(1)).await;
        }
    }

    async fn until_gone(&self, path: &str) {
        self.until(path, |found| found.is_none()).await;
    }

    /// Waits until the controllers have nothing more to write.
    async fn rest(&self) {
        let end = Instant::now() + PATIENCE;
        loop {
            let before = self.server.store.revision();
            sleep(Duration::from_millis(40)).await;
            if self.server.store.revision() == before {
                return;
            }
            assert!(Instant::now() < end, "they never rest");
        }
    }
}

fn uid(object: &Value) -> &str {
    object["metadata"]["uid"].as_str().expect("a uid")
}

fn version(object: &Value) -> &str {
    object["metadata"]["resourceVersion"].as_str().expect("a version")
}

const NAMESPACES_PATH: &str = "/api/v1/namespaces";
const ACCOUNT_PATH: &str = "/api/v1/namespaces/n/serviceaccounts/default";
const AUTHORITIES_PATH: &str = "/api/v1/namespaces/n/configmaps/kube-root-ca.crt";

fn named(name: &str) -> Value {
    json!({"metadata": {"name": name}})
}

// === accounts and authorities ===

#[tokio::test]
async fn a_namespace_is_born_with_what_every_namespace_has() {
    let cluster = Cluster::at_rest("*").await;
    let namespace = cluster.post(NAMESPACES_PATH, named("n")).await;
    let account = cluster.get(ACCOUNT_PATH).await.expect("an account");
    let authorities = cluster.get(AUTHORITIES_PATH).await.expect("authorities");
    assert_eq!(version(&account), version(&namespace), "one commit");
    assert_eq!(version(&authorities), version(&namespace), "one commit");
    assert_eq!(authorities["data"], json!({"ca.crt": AUTHORITIES_TEXT}));
    for namespace in ["default", "kube-system", "kube-public", "kube-node-lease"] {
        let path = format!("{NAMESPACES_PATH}/{namespace}/serviceaccounts/default");
        assert!(cluster.get(&path).await.is_some(), "{namespace}");
    }
}

#[tokio::test]
async fn who_does_not_run_does_nothing() {
    let cluster = Cluster::new("-*").await;
    cluster.post(NAMESPACES_PATH, named("n")).await;
    let before = cluster.server.store.revision();
    cluster.rest().await;
    assert_eq!(cluster.server.store.revision(), before);
    assert_eq!(cluster.get(ACCOUNT_PATH).await, None);
    assert_eq!(cluster.get(AUTHORITIES_PATH).await, None);
    let view = cluster.get("/apis/rbac.authorization.k8s.io/v1/clusterroles/view").await;
    assert_eq!(view.expect("a role")["rules"], Value::Null);
}

#[tokio::test]
async fn what_is_taken_away_or_forged_is_put_right() {
    let cluster = Cluster::new("*").await;
    cluster.post(NAMESPACES_PATH, named("n")).await;
    for path in [ACCOUNT_PATH, AUTHORITIES_PATH] {
        let before = cluster.get(path).await.expect("it is there");
        cluster.delete(path, "").await;
        cluster.until(path, |found| found.is_some_and(|found| uid(found) != uid(&before))).await;
    }
    let forged = json!({"data": {"ca.crt": "forged", "more": "x"}});
    let forged = cluster.patch(AUTHORITIES_PATH, forged).await;
    let right = json!({"ca.crt": AUTHORITIES_TEXT});
    let found =
        cluster.until(AUTHORITIES_PATH, |found| found.is_some_and(|found| found["data"] == right));
    assert_eq!(uid(&found.await.expect("it is there")), uid(&forged));
    let undescribed = json!({"metadata": {"annotations": null}});
    cluster.patch(AUTHORITIES_PATH, undescribed).await;
    let described = |found: &Value| found["metadata"]["annotations"].is_object();
    cluster.until(AUTHORITIES_PATH, |found| found.is_some_and(described)).await;
    // What nobody may change is left alone, and nobody tries for ever.
    cluster.patch(AUTHORITIES_PATH, json!({"data": {"ca.crt": "x"}, "immutable": true})).await;
    cluster.rest().await;
    assert_eq!(cluster.get(AUTHORITIES_PATH).await.expect("it is there")["data"]["ca.crt"], "x");
}

#[tokio::test]
async fn what_was_missed_is_put_right_at_the_start() {
    let cluster = Cluster::at_rest("*").await;
    cluster.post(NAMESPACES_PATH, named("n")).await;
    cluster.delete(ACCOUNT_PATH, "").await;
    cluster.patch(AUTHORITIES_PATH, json!({"data": {"ca.crt": "forged"}})).await;
    let cluster = Cluster::over(cluster.crash().await, "*", None).await;
    assert!(cluster.get(ACCOUNT_PATH).await.is_some());
    let authorities = cluster.get(AUTHORITIES_PATH).await.expect("authorities");
    assert_eq!(authorities["data"]["ca.crt"], AUTHORITIES_TEXT);
}

#[tokio::test]
async fn authorities_that_are_replaced_are_published_again() {
    const NEXT: &str = "-----BEGIN CERTIFICATE-----\nnext\n";
    let cluster = Cluster::new("*").await;
    cluster.post(NAMESPACES_PATH, named("n")).await;
    let annotation = json!({"kubernetes.io/service-account.name": "default"});
    let secret = json!({"metadata": {"name": "t", "annotations": annotation},
        "type": "kubernetes.io/service-account-token"});
    cluster.post(SECRETS, secret).await;
    cluster.rest().await;
    let before = cluster.server.store.revision();
    cluster.server.set_authorities(AUTHORITIES_TEXT);
    cluster.rest().await;
    assert_eq!(cluster.server.store.revision(), before, "nothing has changed");
    cluster.server.set_authorities(NEXT);
    let holds = |found: Option<&Value>, text: &str| {
        found.is_some_and(|found| found["data"]["ca.crt"] == text)
    };
    for path in [AUTHORITIES_PATH, "/api/v1/namespaces/default/configmaps/kube-root-ca.crt"] {
        cluster.until(path, |found| holds(found, NEXT)).await;
    }
    let encoded = STANDARD.encode(NEXT);
    cluster.until(&format!("{SECRETS}/t"), |found| holds(found, &encoded)).await;
    cluster.post(NAMESPACES_PATH, named("m")).await;
    let born = cluster.get("/api/v1/namespaces/m/configmaps/kube-root-ca.crt").await;
    assert!(holds(born.as_ref(), NEXT), "{born:?}");
}

// === namespaces ===

#[tokio::test]
async fn a_namespace_goes_with_all_that_is_in_it() {
    let cluster = Cluster::new("*").await;
    cluster.post(NAMESPACES_PATH, named("n")).await;
    for number in 0..600 {
        let path = format!("{NAMESPACES_PATH}/n/configmaps");
        cluster.post(&path, named(&format!("c{number}"))).await;
    }
    let roles = "/apis/rbac.authorization.k8s.io/v1/namespaces/n/roles";
    cluster.post(roles, named("r")).await;
    let going = cluster.delete("/api/v1/namespaces/n", "").await;
    assert_eq!(going["status"]["phase"], "Terminating");
    cluster.until_gone("/api/v1/namespaces/n").await;
    let left = cluster.server.store.view();
    let left: Vec<_> = left
        .range(&portcullis_store::Keys::prefix(b"/registry/"))
        .filter(|entry| memchr::memmem::find(&entry.key, b"/n/").is_some())
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn what_holds_a_namespace_is_told() {
    let cluster = Cluster::new("*").await;
    cluster.post(NAMESPACES_PATH, named("n")).await;
    let held = json!({"metadata": {"name": "held", "finalizers": ["example.test/hold"]}});
    cluster.post("/api/v1/namespaces/n/configmaps", held).await;
    cluster.delete("/api/v1/namespaces/n", "").await;
    let told = |found: &Value| found["status"]["conditions"].is_array();
    let told = cluster.until("/api/v1/namespaces/n", |found| found.is_some_and(told)).await;
    let conditions = told.expect("it is there")["status"]["conditions"].clone();
    let trouble: Vec<_> = conditions
        .as_array()
        .expect("conditions")
        .iter()
        .filter(|one| one["status"] == "True")
        .map(|one| one["message"].as_str().expect("a message").to_owned())
        .collect();
    let want = [
        "Some resources are remaining: configmaps. has 1 resource instances",
        "Some content in the namespace has finalizers remaining: example.test/hold in 1 resource \
         instances",
    ];
    assert_eq!(trouble, want);
    cluster.rest().await;
    // The process ends, somebody lets go, and another process goes on.
    let cluster = Cluster::over(cluster.crash().await, "-*", None).await;
    let free = json!({"metadata": {"finalizers": null}});
    cluster.patch("/api/v1/namespaces/n/configmaps/held", free).await;
    assert!(cluster.get("/api/v1/namespaces/n").await.is_some());
    let cluster = Cluster::over(cluster.crash().await, "*", None).await.follow();
    cluster.until_gone("/api/v1/namespaces/n").await;
}

#[tokio::test]
async fn other_finalizers_hold_a_namespace_that_is_empty() {
    let cluster = Cluster::new("*").await;
    let body = json!({"metadata": {"name": "n", "finalizers": ["example.test/hold"]}});
    cluster.post(NAMESPACES_PATH, body).await;
    cluster.delete("/api/v1/namespaces/n", "").await;
    let free = |found: &Value| found["spec"] == json!({});
    cluster.until("/api/v1/namespaces/n", |found| found.is_some_and(free)).await;
    cluster.patch("/api/v1/namespaces/n", json!({"metadata": {"finalizers": null}})).await;
    cluster.until_gone("/api/v1/namespaces/n").await;
}

#[tokio::test]
async fn a_namespace_does_not_go_while_something_is_in_it() {
    let cluster = Cluster::at_rest("*").await;
    cluster.post(NAMESPACES_PATH, named("n")).await;
    cluster.delete("/api/v1/namespaces/n", "").await;
    assert!(cluster.server.let_go("n").await.is_err(), "its account is there");
    assert!(cluster.get("/api/v1/namespaces/n").await.is_some());
    cluster.server.emptied("n").await.expect("it is emptied");
    assert!(cluster.server.let_go("n").await.is_ok());
    assert_eq!(cluster.get("/api/v1/namespaces/n").await, None);
}

#[tokio::test]
async fn pods_go_before_what_they_need() {
    let cluster = Cluster::at_rest("*,-serviceaccount-token").await;
    cluster.post(NAMESPACES_PATH, named("n")).await;
    cluster.post("/api/v1/namespaces/n/configmaps", named("c")).await;
    let pod = json!({
        "metadata": {"name": "p", "finalizers": ["example.test/hold"]},
        "spec": {"containers": [{"name": "c", "image": "i"}]},
    });
    cluster.post("/api/v1/namespaces/n/pods", pod).await;
    cluster.delete("/api/v1/namespaces/n", "").await;
    let left = cluster.server.emptied("n").await.expect("it is emptied");
    assert_eq!(left.resources, [("pods.".to_owned(), 1)].into());
    assert!(cluster.get("/api/v1/namespaces/n/configmaps/c").await.is_some());
    let free = json!({"metadata": {"finalizers": null}});
    cluster.patch("/api/v1/namespaces/n/pods/p", free).await;
    assert!(cluster.server.emptied("n").await.expect("it is emptied").is_nothing());
    assert_eq!(cluster.get("/api/v1/namespaces/n/configmaps/c").await, None);
}

// === owners ===

const MAPS: &str = "/api/v1/namespaces/n/configmaps";

fn owned(name: &str, owners: &[(&str, &Value, bool)]) -> Value {
    let owners: Vec<_> = owners
        .iter()
        .map(|(kind, owner, blocks)| {
            json!({"apiVersion": "v1", "kind": kind, "name": owner["metadata"]["name"],
                "uid": owner["metadata"]["uid"], "blockOwnerDeletion": blocks})
        })
        .collect();
    json!({"metadata": {"name": name, "ownerReferences": owners}})
}

fn at(name: &str) -> String {
    format!("{MAPS}/{name}")
}

async fn family(follows: bool, blocks: bool, finalizers: Value) -> Cluster {
    let cluster = Cluster::at_rest("*").await;
    cluster.post(NAMESPACES_PATH, named("n")).await;
    let owner = cluster.post(MAPS, named("owner")).await;
    let mut kid = owned("kid", &[("ConfigMap", &owner, blocks)]);
    kid["metadata"]["finalizers"] = finalizers;
    cluster.post(MAPS, kid).await;
    if follows { cluster.follow() } else { cluster }
}

#[tokio::test]
async fn what_is_owned_goes_after_its_owner() {
    for restart in [false, true] {
        let mut cluster = family(!restart, true, Value::Null).await;
        cluster.delete(&at("owner"), "Background").await;
        if restart {
            assert!(cluster.get(&at("kid")).await.is_some());
            cluster = Cluster::over(cluster.crash().await, "*", None).await.follow();
        }
        cluster.until_gone(&at("kid")).await;
    }
}

#[tokio::test]
async fn an_orphan_is_let_go_before_its_owner_goes() {
    for restart in [false, true] {
        let mut cluster = family(!restart, true, Value::Null).await;
        cluster.delete(&at("owner"), "Orphan").await;
        if restart {
            cluster = Cluster::over(cluster.crash().await, "*", None).await.follow();
        }
        cluster.until_gone(&at("owner")).await;
        cluster.rest().await;
        let kid = cluster.get(&at("kid")).await.expect("it stays");
        assert_eq!(kid["metadata"]["ownerReferences"], Value::Null);
    }
}

#[tokio::test]
async fn an_owner_waits_for_what_blocks_it() {
    for restart in [false, true] {
        let mut cluster = family(true, true, json!(["example.test/hold"])).await;
        cluster.delete(&at("owner"), "Foreground").await;
        let going = |found: &Value| found["metadata"]["deletionTimestamp"].is_string();
        cluster.until(&at("kid"), |found| found.is_some_and(going)).await;
        cluster.rest().await;
        if restart {
            cluster = Cluster::over(cluster.crash().await, "*", None).await.follow();
            cluster.rest().await;
        }
        assert!(cluster.get(&at("owner")).await.is_some());
        cluster.patch(&at("kid"), json!({"metadata": {"finalizers": null}})).await;
        cluster.until_gone(&at("owner")).await;
        assert_eq!(cluster.get(&at("kid")).await, None);
    }
}

#[tokio::test]
async fn an_owner_does_not_wait_for_what_does_not_block_it() {
    let cluster = family(true, false, json!(["example.test/hold"])).await;
    cluster.delete(&at("owner"), "Foreground").await;
    cluster.until_gone(&at("owner")).await;
    let going = |found: &Value| found["metadata"]["deletionTimestamp"].is_string();
    cluster.until(&at("kid"), |found| found.is_some_and(going)).await;
}

#[tokio::test]
async fn one_owner_of_two_is_enough() {
    let cluster = Cluster::new("*").await;
    cluster.post(NAMESPACES_PATH, named("n")).await;
    let one = cluster.post(MAPS, named("one")).await;
    let other = cluster.post(MAPS, named("other")).await;
    let both = [("ConfigMap", &one, false), ("ConfigMap", &other, false)];
    cluster.post(MAPS, owned("kid", &both)).await;
    cluster.delete(&at("one"), "").await;
    let one_left = |found: &Value| found["metadata"]["ownerReferences"].as_array().map(Vec::len);
    let kid = cluster.until(&at("kid"), |found| found.and_then(one_left) == Some(1)).await;
    let kid = kid.expect("it is there");
    assert_eq!(kid["metadata"]["ownerReferences"][0]["uid"], other["metadata"]["uid"]);
    cluster.delete(&at("other"), "").await;
    cluster.until_gone(&at("kid")).await;
}

#[tokio::test]
async fn what_owns_each_other_goes_together() {
    let cluster = Cluster::new("*").await;
    cluster.post(NAMESPACES_PATH, named("n")).await;
    let one = cluster.post(MAPS, named("one")).await;
    let other = cluster.post(MAPS, owned("other", &[("ConfigMap", &one, true)])).await;
    let references = owned("one", &[("ConfigMap", &other, true)]);
    cluster.patch(&at("one"), references).await;
    cluster.delete(&at("one"), "Foreground").await;
    cluster.until_gone(&at("one")).await;
    cluster.until_gone(&at("other")).await;
}

#[tokio::test]
async fn only_what_is_known_to_be_gone_is_gone() {
    let cluster = Cluster::new("*").await;
    cluster.post(NAMESPACES_PATH, named("n")).await;
    let stranger = named("stranger");
    let mut stranger = stranger;
    stranger["metadata"]["uid"] = "11111111-2222-3333-4444-555555555555".into();
    let account = cluster.get(ACCOUNT_PATH).await.expect("an account");
    let namespace = cluster.get("/api/v1/namespaces/default").await.expect("a namespace");
    // Of an unknown kind, or where no owner can be.
    cluster.post(MAPS, owned("unknown", &[("Nosuch", &stranger, false)])).await;
    let roles = "/apis/rbac.authorization.k8s.io/v1/clusterroles";
    cluster.post(roles, owned("across", &[("ConfigMap", &stranger, false)])).await;
    // There, in the namespace or in none.
    cluster.post(MAPS, owned("within", &[("ServiceAccount", &account, false)])).await;
    cluster.post(MAPS, owned("under", &[("Namespace", &namespace, false)])).await;
    // Of that name, and another.
    let mut other = account.clone();
    other["metadata"]["uid"] = stranger["metadata"]["uid"].clone();
    cluster.post(MAPS, owned("mistaken", &[("ServiceAccount", &other, false)])).await;
    cluster.until_gone(&at("mistaken")).await;
    cluster.rest().await;
    for path in [at("unknown"), at("within"), at("under"), format!("{roles}/across")] {
        assert!(cluster.get(&path).await.is_some(), "{path}");
    }
}

// === roles ===

const ROLES_PATH: &str = "/apis/rbac.authorization.k8s.io/v1/clusterroles";

fn part(name: &str, resources: &[&str]) -> Value {
    let rules: Vec<_> = resources
        .iter()
        .map(|resource| json!({"apiGroups": [""], "resources": [resource], "verbs": ["get"]}))
        .collect();
    json!({"metadata": {"name": name, "labels": {"part": "yes"}}, "rules": rules})
}

fn gathered(role: &Value) -> Vec<&str> {
    let rules = role["rules"].as_array().into_iter().flatten();
    rules.map(|rule| rule["resources"][0].as_str().expect("a resource")).collect()
}

fn managers(role: &Value) -> Vec<String> {
    let entries = role["metadata"]["managedFields"].as_array().into_iter().flatten();
    let text = |one: &Value, field: &str| one[field].as_str().expect("a text").to_owned();
    entries.map(|one| format!("{} {}", text(one, "manager"), text(one, "operation"))).collect()
}

#[tokio::test]
async fn roles_are_gathered_before_the_reply() {
    let cluster = Cluster::at_rest("*").await;
    let selectors = json!([{"matchLabels": {"part": "yes"}}]);
    let mut sum = part("sum", &["own"]);
    sum["metadata"] = json!({"name": "sum"});
    sum["aggregationRule"] = json!({"clusterRoleSelectors": selectors});
    let path = format!("{ROLES_PATH}/sum");
    cluster.post(ROLES_PATH, sum).await;
    // Nothing to gather is no opinion.
    assert_eq!(gathered(&cluster.get(&path).await.expect("a role")), ["own"]);
    cluster.post(ROLES_PATH, part("part-b", &["b", "a"])).await;
    cluster.post(ROLES_PATH, part("part-a", &["a", "c"])).await;
    let sum = cluster.get(&path).await.expect("a role");
    assert_eq!(gathered(&sum), ["a", "c", "b"]);
    assert_eq!(managers(&sum), ["clusterrole-aggregation-controller Apply", "tester Update"]);
    let own = json!({"rules": part("", &["mine"])["rules"]});
    cluster.patch(&path, own).await;
    let sum = cluster.get(&path).await.expect("a role");
    assert_eq!(gathered(&sum), ["a", "c", "b"], "own rules are overwritten");
    cluster.patch(&format!("{ROLES_PATH}/part-a"), json!({"metadata": {"labels": null}})).await;
    assert_eq!(gathered(&cluster.get(&path).await.expect("a role")), ["b", "a"]);
    cluster.delete(&format!("{ROLES_PATH}/part-b"), "").await;
    let sum = cluster.get(&path).await.expect("a role");
    assert_eq!(sum["rules"], Value::Null);
    assert_eq!(managers(&sum), ["tester Update"]);
}

#[tokio::test]
async fn what_is_gathered_is_gathered_further() {
    let cluster = Cluster::at_rest("*").await;
    let label = |name: &str| format!("rbac.authorization.k8s.io/aggregate-to-{name}");
    let mut extra = part("a-first", &["guards"]);
    extra["metadata"]["labels"] = json!({label("view"): "true"});
    cluster.post(ROLES_PATH, extra).await;
    for role in ["view", "edit", "admin"] {
        let role = cluster.get(&format!("{ROLES_PATH}/{role}")).await.expect("a role");
        assert!(gathered(&role).contains(&"guards"), "{role}");
    }
    cluster.delete(&format!("{ROLES_PATH}/a-first"), "").await;
    for role in ["view", "edit", "admin"] {
        let role = cluster.get(&format!("{ROLES_PATH}/{role}")).await.expect("a role");
        assert!(!gathered(&role).contains(&"guards"), "{role}");
    }
}

#[tokio::test]
async fn a_write_that_nobody_followed_up_is_gathered_at_the_start() {
    let cluster = Cluster::at_rest("-*").await;
    let mut extra = part("a-first", &["guards"]);
    let label = "rbac.authorization.k8s.io/aggregate-to-view";
    extra["metadata"]["labels"] = json!({label: "true"});
    cluster.post(ROLES_PATH, extra).await;
    let cluster = Cluster::over(cluster.crash().await, "*", None).await;
    let view = cluster.get(&format!("{ROLES_PATH}/view")).await.expect("a role");
    assert_eq!(gathered(&view)[0], "guards");
    assert!(view["rules"].as_array().expect("rules").len() > 5);
}

// === tokens ===

const SECRETS: &str = "/api/v1/namespaces/n/secrets";
const ACCOUNTS_PATH: &str = "/api/v1/namespaces/n/serviceaccounts";

fn token_secret(name: &str, account: &str) -> Value {
    json!({
        "metadata": {"name": name, "annotations": {"kubernetes.io/service-account.name": account}},
        "type": "kubernetes.io/service-account-token",
    })
}

#[tokio::test]
async fn a_token_secret_is_filled_before_the_reply_and_goes_with_its_account() {
    for restart in [false, true] {
        let mut cluster = Cluster::at_rest("*").await;
        cluster.post(NAMESPACES_PATH, named("n")).await;
        let account = cluster.post(ACCOUNTS_PATH, named("a")).await;
        let made = cluster.post(SECRETS, token_secret("t", "a")).await;
        assert_eq!(made["data"], Value::Null, "the reply is what was asked for");
        let path = format!("{SECRETS}/t");
        let filled = cluster.get(&path).await.expect("a secret");
        let keys: Vec<_> = filled["data"].as_object().expect("data").keys().collect();
        assert_eq!(keys, ["ca.crt", "namespace", "token"]);
        let bound = &filled["metadata"]["annotations"]["kubernetes.io/service-account.uid"];
        assert_eq!(*bound, account["metadata"]["uid"]);
        cluster.patch(&path, json!({"data": {"ca.crt": "eA==", "token": null}})).await;
        let again = cluster.get(&path).await.expect("a secret");
        assert_eq!(again["data"]["ca.crt"], filled["data"]["ca.crt"]);
        assert_ne!(again["data"]["token"], Value::Null);
        if !restart {
            cluster = cluster.follow();
        }
        cluster.delete(&format!("{ACCOUNTS_PATH}/a"), "").await;
        if restart {
            cluster = Cluster::over(cluster.crash().await, "*", None).await.follow();
        }
        cluster.until_gone(&path).await;
    }
}

#[tokio::test]
async fn a_token_of_nobody_does_not_stay() {
    let cluster = Cluster::at_rest("*").await;
    cluster.post(NAMESPACES_PATH, named("n")).await;
    cluster.post(SECRETS, token_secret("absent", "nobody")).await;
    assert_eq!(cluster.get(&format!("{SECRETS}/absent")).await, None);
    let mut other = token_secret("other", "default");
    let mistaken = "11111111-2222-3333-4444-555555555555";
    other["metadata"]["annotations"]["kubernetes.io/service-account.uid"] = mistaken.into();
    cluster.post(SECRETS, other).await;
    assert_eq!(cluster.get(&format!("{SECRETS}/other")).await, None);
    let plain = cluster.post(SECRETS, named("plain")).await;
    assert_eq!(cluster.get(&format!("{SECRETS}/plain")).await, Some(plain));
}

#[tokio::test]
async fn accounts_of_kubernetes_1_20_have_a_token_secret() {
    let listed = |account: &Value| -> Vec<String> {
        let listed = account["secrets"].as_array().into_iter().flatten();
        listed.map(|one| one["name"].as_str().expect("a name").to_owned()).collect()
    };
    let store = Memory::new();
    let cluster = Cluster::over(store, "*", Some(Emulation::V1_20)).await.follow();
    cluster.post(NAMESPACES_PATH, named("n")).await;
    cluster
        .post(ACCOUNTS_PATH, json!({"metadata": {"name": "a"}, "secrets": [{"name": "own"}]}))
        .await;
    for (path, own) in [(ACCOUNT_PATH, 0), (&*format!("{ACCOUNTS_PATH}/a"), 1)] {
        let before = listed(&cluster.get(path).await.expect("an account"));
        assert_eq!(before.len(), own + 1, "{before:?}");
        let secret = format!("{SECRETS}/{}", before[own]);
        let held = cluster.get(&secret).await.expect("a secret");
        assert_ne!(held["data"]["token"], Value::Null);
        cluster.delete(&secret, "").await;
        let another = |found: &Value| {
            let now = listed(found);
            now.len() == own + 1 && now[own] != before[own] && now[..own] == before[..own]
        };
        cluster.until(path, |found| found.is_some_and(another)).await;
    }
    cluster.rest().await;
    let secrets = cluster.get(SECRETS).await.expect("a list");
    assert_eq!(secrets["items"].as_array().expect("items").len(), 2);
}

// === the whole ===

#[tokio::test]
async fn who_fell_behind_looks_at_everything_again() {
    let cluster = Cluster::new("*").await;
    cluster.rest().await;
    // What follows is forgotten before the controllers have seen it.
    let key = b"/registry/namespaces/n";
    let object = json!({"metadata": {"name": "n", "uid": "u"}, "status": {"phase": "Active"}});
    let store = &cluster.server.store;
    store.commit_now(&[], vec![Write::put(key, object.to_string())]).expect("it is stored");
    store.compact(store.revision());
    cluster.until(ACCOUNT_PATH, |found| found.is_some()).await;
    cluster.until(AUTHORITIES_PATH, |found| found.is_some()).await;
}

#[tokio::test]
async fn what_cannot_be_read_does_not_keep_the_rest_from_being_done() {
    let cluster = Cluster::new("*").await;
    let store = &cluster.server.store;
    for key in ["/registry/configmaps/default/a", "/registry/clusterroles/a"] {
        let bytes = "{\"metadata\":{\"ownerReferences\"";
        store.commit_now(&[], vec![Write::put(key.as_bytes(), bytes)]).expect("it is stored");
    }
    cluster.post(NAMESPACES_PATH, named("n")).await;
    cluster.delete(ACCOUNT_PATH, "").await;
    cluster.until(ACCOUNT_PATH, |found| found.is_some()).await;
}
