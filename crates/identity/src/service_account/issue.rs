//! Tokens made: on request (`TokenRequest`), and for a secret.

use std::sync::Arc;
use std::time::Duration;

use portcullis_core::Timestamp;
use serde_json::{Map, Value};

use super::{LEGACY_ISSUER, credential};
use crate::jwt;
use crate::key::PrivateKey;
use crate::random::{NoRandomness, Random};
use crate::user::service_account_name;

/// What `spec.expirationSeconds` is if nothing is asked for.
pub const SECONDS_DEFAULT: i64 = 3_600;
/// The shortest that may be asked for.
pub const SECONDS_MIN: i64 = 600;
/// The longest that may be asked for.
pub const SECONDS_MAX: i64 = 1 << 32;

/// What the `ServiceAccount` admission asks for on behalf of pods. It is no duration that anybody else
/// would choose, and so tells that a client may be old and never read its token again.
const OF_PODS: i64 = 3_607;
/// How long such a token really lives: a year, with a mark from when on using it is a mistake.
const EXTENDED: i64 = 365 * 24 * 60 * 60;

/// Issues tokens: `--service-account-signing-key-file`, `--service-account-issuer`.
pub struct Issuer {
    key: Arc<PrivateKey>,
    name: String,
    lifetimes: Lifetimes,
}

/// How long tokens may live.
#[derive(Clone, Copy, Debug)]
pub struct Lifetimes {
    /// `--service-account-max-token-expiration`, in seconds.
    pub max: Option<i64>,
    /// `--service-account-extend-token-expiration`.
    pub extend: bool,
}

impl Default for Lifetimes {
    fn default() -> Self {
        Self { max: None, extend: true }
    }
}

/// An object by name and uid.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// Its name.
    pub name: String,
    /// Its uid; empty if it is not known.
    pub uid: String,
}

/// What a token is bound to: it dies with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Bound {
    /// The service account alone.
    #[default]
    Nothing,
    /// A pod, and the node on which it is, if it is on one.
    Pod(Named, Option<Named>),
    /// A secret.
    Secret(Named),
    /// A node.
    Node(Named),
}

/// A token that is asked for.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The namespace of the account.
    pub namespace: String,
    /// The account.
    pub account: Named,
    /// What it is bound to.
    pub bound: Bound,
    /// For whom it is.
    pub audiences: Vec<String>,
    /// How long it shall live; see [`seconds_fault`].
    pub seconds: i64,
}

/// A token that was made. No `Debug`: it is a secret.
pub struct Token {
    /// The token itself.
    pub text: String,
    /// `status.expirationTimestamp`: when its holder should have another.
    pub expires: Timestamp,
    /// `spec.expirationSeconds` as granted.
    pub seconds: i64,
    /// What a `Warning` header says of it.
    pub warning: Option<String>,
    /// `JTI=…`, for the audit annotation `authentication.kubernetes.io/issued-credential-id`.
    pub credential: String,
}

/// What is wrong with `spec.expirationSeconds`, in the API's words; none if nothing is.
pub fn seconds_fault(seconds: i64) -> Option<&'static str> {
    match seconds {
        ..SECONDS_MIN => Some("may not specify a duration less than 10 minutes"),
        SECONDS_MIN..=SECONDS_MAX => None,
        _ => Some("may not specify a duration larger than 2^32 seconds"),
    }
}

// === impl Issuer ===

impl Issuer {
    /// Signs with this key in this name.
    pub fn new(
        key: impl Into<Arc<PrivateKey>>,
        name: impl Into<String>,
        lifetimes: Lifetimes,
    ) -> Self {
        Self { key: key.into(), name: name.into(), lifetimes }
    }

    /// The key, whose public half verifies.
    pub fn key(&self) -> &PrivateKey {
        &self.key
    }

    /// The issuer that tokens name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Makes a token. `own` are the audiences of this server: only a token for no others is extended.
    pub fn issue(
        &self,
        wanted: &Wanted,
        own: &[String],
        now: Timestamp,
        random: &Random,
    ) -> Result<Token, NoRandomness> {
        let mut seconds = wanted.seconds;
        let mut warning = None;
        if let Some(max) = self.lifetimes.max.filter(|max| *max > 0 && seconds > *max) {
            warning = Some(format!(
                "requested expiration of {seconds} seconds shortened to {max} seconds"
            ));
            seconds = max;
        }
        let extended = self.lifetimes.extend
            && seconds == OF_PODS
            && matches!(wanted.bound, Bound::Pod(..))
            && wanted.audiences.iter().all(|audience| own.contains(audience));
        let lifetime = if extended { EXTENDED } else { seconds };
        let id = random.uuid()?;

        let mut kubernetes = Map::new();
        let mut set = |name: &str, value: Value| _ = kubernetes.insert(name.to_owned(), value);
        set("namespace", Value::from(wanted.namespace.as_str()));
        match &wanted.bound {
            Bound::Nothing => {}
            Bound::Pod(pod, node) => {
                if let Some(node) = node {
                    set("node", node.claim());
                }
                set("pod", pod.claim());
            }
            Bound::Secret(secret) => set("secret", secret.claim()),
            Bound::Node(node) => set("node", node.claim()),
        }
        set("serviceaccount", wanted.account.claim());
        if extended {
            set("warnafter", Value::from(later(now, seconds)));
        }
        let audiences = wanted.audiences.iter().map(|audience| Value::from(audience.as_str()));
        // In the order of their names, as the original's library sorts them.
        let claims = Map::from_iter([
            ("aud".to_owned(), audiences.collect()),
            ("exp".to_owned(), Value::from(later(now, lifetime))),
            ("iat".to_owned(), Value::from(now.seconds())),
            ("iss".to_owned(), Value::from(self.name.as_str())),
            ("jti".to_owned(), Value::from(id.as_str())),
            ("kubernetes.io".to_owned(), Value::Object(kubernetes)),
            ("nbf".to_owned(), Value::from(now.seconds())),
            ("sub".to_owned(), Value::from(subject(&wanted.namespace, &wanted.account.name))),
        ]);
        Ok(Token {
            text: jwt::sign(&self.key, &claims, random)?,
            expires: Timestamp::from_seconds(later(now, seconds)),
            seconds,
            warning,
            credential: credential(&id),
        })
    }

    /// Makes the token of a secret: without an end, good while the secret holds it.
    pub fn of_secret(
        &self,
        namespace: &str,
        account: &Named,
        secret: &str,
        random: &Random,
    ) -> Result<String, NoRandomness> {
        let claim = |name: &str| format!("kubernetes.io/serviceaccount/{name}");
        let claims = Map::from_iter([
            ("iss".to_owned(), Value::from(LEGACY_ISSUER)),
            (claim("namespace"), Value::from(namespace)),
            (claim("secret.name"), Value::from(secret)),
            (claim("service-account.name"), Value::from(account.name.as_str())),
            (claim("service-account.uid"), Value::from(account.uid.as_str())),
            ("sub".to_owned(), Value::from(subject(namespace, &account.name))),
        ]);
        jwt::sign(&self.key, &claims, random)
    }
}

fn subject(namespace: &str, name: &str) -> String {
    service_account_name(namespace, name)
}

/// So many seconds later, in seconds since 1970.
fn later(now: Timestamp, seconds: i64) -> u64 {
    now.after(Duration::from_secs(u64::try_from(seconds).unwrap_or(0))).seconds()
}

impl Named {
    fn claim(&self) -> Value {
        let mut claim = Map::new();
        for (key, value) in [("name", &self.name), ("uid", &self.uid)] {
            if !value.is_empty() {
                claim.insert(key.to_owned(), Value::from(value.as_str()));
            }
        }
        Value::Object(claim)
    }
}
