//! What is to be done next.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::time::Duration;

use portcullis_store::{Keys, Snapshot};
use tokio::time::Instant;

use super::kin::Kin;
use super::table::{Place, place};
use super::{
    ACCOUNTS, AUTHORITIES, EVERYTHING, NAMESPACE_KEYS, NAMESPACES, OWNERS, ROLES, TOKENS, accounts,
    tokens,
};
use crate::config::Controllers;

/// How long work that could not be done waits the first time. It is mostly because somebody else wrote
/// the same object, which is over at once.
const PAUSE_MIN: Duration = Duration::from_millis(5);

/// How long it waits at most; every time it waits twice as long as before. A store that cannot write now
/// may be able to later, and nobody is there to tell.
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// What is to be put right.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Work {
    /// The default service account of a namespace.
    Account(String),
    /// `kube-root-ca.crt` of a namespace.
    Authorities(String),
    /// A namespace that is being deleted.
    Namespace(String),
    /// The object at a key, which has owners or waits for what it owns.
    Object(String),
    /// The rules of aggregated ClusterRoles.
    Roles,
    /// A token secret.
    Token {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
    /// The token secrets of a namespace.
    Tokens(String),
    /// The token secret that an account is to have, where accounts have one.
    AccountToken {
        /// The account's namespace.
        namespace: String,
        /// The account.
        name: String,
    },
}

/// What is to be done, and what one has to know to tell it from an event.
#[derive(Debug)]
pub(super) struct Desk {
    controllers: Controllers,
    /// In the order in which it came.
    waiting: VecDeque<Work>,
    /// The same, to be asked whether something is in it.
    listed: HashSet<Work>,
    /// What failed, by when it is done again.
    later: BTreeSet<(Instant, Work)>,
    /// How often it failed.
    failures: HashMap<Work, u32>,
    /// The namespaces that are being deleted.
    going: HashSet<String>,
    kin: Kin,
}

impl Desk {
    /// An empty one.
    pub(super) fn new(controllers: Controllers) -> Self {
        Self {
            controllers,
            waiting: VecDeque::new(),
            listed: HashSet::new(),
            later: BTreeSet::new(),
            failures: HashMap::new(),
            going: HashSet::new(),
            kin: Kin::default(),
        }
    }

    /// Who owns what, as far as it was noted.
    pub(super) fn kin(&self) -> &Kin {
        &self.kin
    }

    /// Notes everything that is there, as if it had just come.
    pub(super) fn look_over(&mut self, view: &Snapshot) {
        for entry in view.range(&Keys::prefix(EVERYTHING)) {
            self.note(&entry.key, Some(&entry.value));
        }
        if self.controllers.runs(ROLES) {
            self.add(Work::Roles);
        }
    }

    /// Notes what a key holds now, and what is to be done because of it.
    pub(super) fn note(&mut self, key: &[u8], held: Option<&[u8]>) {
        let Some(Place { resource, namespace, name }) = place(key) else { return };
        match (resource.group, resource.plural) {
            ("", "namespaces") => self.note_namespace(name, held),
            ("", "serviceaccounts") => self.note_account(namespace, name, held),
            ("", "configmaps") if name == accounts::AUTHORITIES_NAME => {
                self.add_if(AUTHORITIES, || Work::Authorities(namespace.to_owned()));
            }
            ("", "secrets") => self.note_secret(namespace, name, held),
            ("rbac.authorization.k8s.io", "clusterroles") => self.add_if(ROLES, || Work::Roles),
            _ => {}
        }
        if self.going.contains(namespace) {
            self.add_if(NAMESPACES, || Work::Namespace(namespace.to_owned()));
        }
        if self.controllers.runs(OWNERS)
            && let Ok(key) = std::str::from_utf8(key)
        {
            for key in self.kin.note(key, held) {
                self.add(Work::Object(key));
            }
        }
    }

    /// Notes that the authorities are others: they stand in a config map of every namespace and in every
    /// token secret.
    pub(super) fn note_authorities(&mut self, view: &Snapshot) {
        for entry in view.range(&Keys::prefix(NAMESPACE_KEYS)) {
            let Some(Place { name, .. }) = place(&entry.key) else { continue };
            self.add_if(AUTHORITIES, || Work::Authorities(name.to_owned()));
            self.add_if(TOKENS, || Work::Tokens(name.to_owned()));
        }
    }

    fn note_namespace(&mut self, name: &str, held: Option<&[u8]>) {
        let Some(held) = held else {
            self.going.remove(name);
            return;
        };
        if says(held, "\"deletionTimestamp\"") {
            self.going.insert(name.to_owned());
            self.add_if(NAMESPACES, || Work::Namespace(name.to_owned()));
        } else {
            self.add_if(ACCOUNTS, || Work::Account(name.to_owned()));
            self.add_if(AUTHORITIES, || Work::Authorities(name.to_owned()));
        }
    }

    fn note_account(&mut self, namespace: &str, name: &str, held: Option<&[u8]>) {
        if held.is_some() {
            let (namespace, name) = (namespace.to_owned(), name.to_owned());
            self.add_if(TOKENS, || Work::AccountToken { namespace, name });
            return;
        }
        self.add_if(TOKENS, || Work::Tokens(namespace.to_owned()));
        if name == accounts::DEFAULT {
            self.add_if(ACCOUNTS, || Work::Account(namespace.to_owned()));
        }
    }

    fn note_secret(&mut self, namespace: &str, name: &str, held: Option<&[u8]>) {
        if held.is_none_or(|held| says(held, tokens::TYPE)) {
            let (namespace, name) = (namespace.to_owned(), name.to_owned());
            self.add_if(TOKENS, || Work::Token { namespace, name });
        }
    }

    fn add_if(&mut self, controller: &str, work: impl FnOnce() -> Work) {
        if self.controllers.runs(controller) {
            self.add(work());
        }
    }

    /// Asks for work. What waits already is asked for once.
    fn add(&mut self, work: Work) {
        if self.listed.insert(work.clone()) {
            self.waiting.push_back(work);
        }
    }

    /// The next piece of work that is due.
    pub(super) fn next(&mut self, now: Instant) -> Option<Work> {
        while let Some((due, _)) = self.later.first() {
            if *due > now {
                break;
            }
            if let Some((_, work)) = self.later.pop_first() {
                self.add(work);
            }
        }
        let work = self.waiting.pop_front()?;
        self.listed.remove(&work);
        Some(work)
    }

    /// When the first of what failed is due again.
    pub(super) fn due(&self) -> Option<Instant> {
        self.later.first().map(|(due, _)| *due)
    }

    /// A piece of work is done.
    pub(super) fn done(&mut self, work: &Work) {
        self.failures.remove(work);
    }

    /// A piece of work could not be done.
    pub(super) fn again(&mut self, work: Work, now: Instant) {
        let failures = self.failures.entry(work.clone()).or_insert(0);
        let pause = PAUSE_MIN.saturating_mul(1_u32.checked_shl(*failures).unwrap_or(u32::MAX));
        *failures = failures.saturating_add(1);
        self.later.insert((now + pause.min(PAUSE_MAX), work));
    }
}

/// Whether a text stands somewhere in what is stored: cheaper than to read it, and never wrong in saying no.
pub(super) fn says(held: &[u8], text: &str) -> bool {
    memchr::memmem::find(held, text.as_bytes()).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn desk(controllers: &str) -> Desk {
        Desk::new(controllers.parse().expect("a choice"))
    }

    fn drained(desk: &mut Desk) -> Vec<Work> {
        let now = Instant::now();
        std::iter::from_fn(|| desk.next(now)).collect()
    }

    #[test]
    fn what_happens_is_a_reason_for_what_is_to_be_done() {
        let token = |name: &str| Work::Token { namespace: "n".into(), name: name.into() };
        let check = |key: &str, held: Option<&str>, want: &[Work]| {
            let mut desk = desk("*");
            desk.note(key.as_bytes(), held.map(str::as_bytes));
            assert_eq!(drained(&mut desk), want, "{key}");
        };
        let namespace = "/registry/namespaces/n";
        let (account, authorities) = (Work::Account("n".into()), Work::Authorities("n".into()));
        check(namespace, Some("{}"), &[account.clone(), authorities.clone()]);
        let going = r#"{"metadata":{"deletionTimestamp":"T"}}"#;
        check(namespace, Some(going), &[Work::Namespace("n".into())]);
        check(namespace, None, &[]);
        let gone = [Work::Tokens("n".into()), account];
        check("/registry/serviceaccounts/n/default", None, &gone);
        check("/registry/serviceaccounts/n/other", None, &gone[..1]);
        check("/registry/configmaps/n/kube-root-ca.crt", None, &[authorities]);
        check("/registry/configmaps/n/other", Some("{}"), &[]);
        check("/registry/secrets/n/a", Some("{\"type\":\"Opaque\"}"), &[]);
        let tokens = "{\"type\":\"kubernetes.io/service-account-token\"}";
        check("/registry/secrets/n/a", Some(tokens), &[token("a")]);
        check("/registry/clusterroles/a", Some("{}"), &[Work::Roles]);
        check("/registry/ranges/serviceips/10.0.0.1", Some("n/a"), &[]);
        let owned = r#"{"metadata":{"uid":"u","ownerReferences":[
            {"apiVersion":"v1","kind":"ConfigMap","name":"o","uid":"x"}]}}"#;
        let object = |name: &str| Work::Object(format!("/registry/configmaps/n/{name}"));
        check("/registry/configmaps/n/a", Some(owned), &[object("a"), object("o")]);
    }

    #[test]
    fn who_does_not_run_is_not_asked() {
        let mut desk = desk("-*");
        desk.note(b"/registry/namespaces/n", Some(b"{}"));
        desk.note(b"/registry/clusterroles/n", None);
        assert_eq!(drained(&mut desk), []);
    }

    #[test]
    fn what_leaves_a_namespace_that_goes_is_a_reason_to_look() {
        let mut desk = desk("namespace");
        desk.note(b"/registry/namespaces/n", Some(br#"{"metadata":{"deletionTimestamp":"T"}}"#));
        assert_eq!(drained(&mut desk), [Work::Namespace("n".into())]);
        desk.note(b"/registry/configmaps/n/a", None);
        desk.note(b"/registry/configmaps/n/b", None);
        desk.note(b"/registry/configmaps/m/b", None);
        assert_eq!(drained(&mut desk), [Work::Namespace("n".into())]);
        desk.note(b"/registry/namespaces/n", None);
        desk.note(b"/registry/configmaps/n/a", None);
        assert_eq!(drained(&mut desk), []);
    }

    #[tokio::test(start_paused = true)]
    async fn what_fails_waits_longer_every_time() {
        let mut desk = desk("*");
        let begun = Instant::now();
        let mut pauses = Vec::new();
        for _ in 0..40 {
            desk.again(Work::Roles, begun);
            let due = desk.due().expect("it is done again");
            assert_eq!(desk.next(begun), None);
            assert_eq!(desk.next(due), Some(Work::Roles));
            pauses.push(due - begun);
        }
        assert_eq!(pauses[..3], [PAUSE_MIN, PAUSE_MIN * 2, PAUSE_MIN * 4]);
        assert_eq!(pauses[39], PAUSE_MAX);
        desk.done(&Work::Roles);
        desk.again(Work::Roles, begun);
        assert_eq!(desk.due(), Some(begun + PAUSE_MIN));
    }
}
