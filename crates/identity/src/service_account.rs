//! Tokens of service accounts: issued on request or kept in a secret, and judged in two steps.
//!
//! ```text
//! token ──▶ Accounts::verify ──▶ Verified ── needs() ──▶ the server looks up ── Facts ──▶ confirm ──▶ Confirmed
//!            signature, issuer,              which account,                         uid, deletion,
//!            audience, time                  secret, pod, node                      the secret's copy
//! ```

mod claims;
pub mod issue;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use portcullis_core::Timestamp;
use ring::digest;
use subtle::ConstantTimeEq as _;

use crate::jwt::{TokenFault, Unverified, VerifyingKeys};
use crate::user::{Authenticated, CREDENTIAL_ID, User};
use crate::why::{BoundKind, LEEWAY, Origin, Uids, Why, gone};

use claims::{Claims, Private};

/// The issuer of tokens that stand in secrets.
pub const LEGACY_ISSUER: &str = "kubernetes/serviceaccount";

/// The label in which a secret keeps the day on which its token was last used.
pub const LAST_USED: &str = "kubernetes.io/legacy-token-last-used";

/// How many tokens are remembered whose signature was good. A cluster has about one for each pod that
/// asks; when there are more, all are forgotten and verified anew.
const REMEMBERED_MAX: usize = 8_192;

/// Whose tokens count, and for whom they must be: `--service-account-issuer`, `--api-audiences`,
/// `--service-account-key-file`.
pub struct Accounts {
    issuers: Vec<String>,
    audiences: Vec<String>,
    keys: VerifyingKeys,
    /// Digests of tokens, and what those say. A signature does not change and is what takes time;
    /// everything else is judged anew.
    remembered: Mutex<HashMap<[u8; digest::SHA256_OUTPUT_LEN], Arc<Claims>>>,
}

/// A token that was signed by us, is of this time and for whoever asks; it remains whether what it
/// speaks of still exists.
#[derive(Clone)]
pub struct Verified {
    claims: Arc<Claims>,
    audiences: Vec<String>,
    /// The token itself, of which a secret must hold the same copy.
    token: Option<zeroize::Zeroizing<String>>,
}

/// What must be looked up. All are names; those that are there must be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Needs<'a> {
    /// That of the account, the secret and the pod.
    pub namespace: &'a str,
    /// Always asked for.
    pub account: &'a str,
    /// The secret that the token is bound to or stands in.
    pub secret: Option<&'a str>,
    /// The pod that it is bound to.
    pub pod: Option<&'a str>,
    /// The node that it is bound to. Not that of a pod, which the pod stands for.
    pub node: Option<&'a str>,
}

/// What was found; none where nothing was.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The service account.
    pub account: Option<Found>,
    /// The names in its `secrets`.
    pub account_secrets: Vec<String>,
    /// The secret.
    pub secret: Option<Found>,
    /// `data.token` of the secret, decoded.
    pub secret_token: Vec<u8>,
    /// The value of its label `kubernetes.io/legacy-token-invalid-since`; empty if it has none.
    pub secret_invalid_since: String,
    /// The value of its label [`LAST_USED`]; empty if it has none.
    pub secret_last_used: String,
    /// The pod.
    pub pod: Option<Found>,
    /// The node.
    pub node: Option<Found>,
}

/// An object that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its uid.
    pub uid: String,
    /// `metadata.deletionTimestamp`.
    pub deleted: Option<Timestamp>,
}

/// A user, and what else comes of a credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirmed {
    /// Who it is.
    pub user: Authenticated,
    /// For whom the credential is, of those that were asked for.
    pub audiences: Vec<String>,
    /// Annotations for the audit log.
    pub annotations: Vec<(&'static str, String)>,
    /// Texts for `Warning` headers.
    pub warnings: Vec<&'static str>,
    /// The secret whose label [`LAST_USED`] is to be set to this day.
    pub last_used: Option<String>,
}

// === impl Accounts ===

impl Accounts {
    /// What is trusted. Tokens without an audience, as those of secrets, are for `audiences`.
    pub fn new(issuers: Vec<String>, audiences: Vec<String>, keys: VerifyingKeys) -> Self {
        Self { issuers, audiences, keys, remembered: Mutex::default() }
    }

    /// Whom tokens must be for if nobody says otherwise.
    pub fn audiences(&self) -> &[String] {
        &self.audiences
    }

    /// The keys, for the documents that publish them.
    pub fn keys(&self) -> &VerifyingKeys {
        &self.keys
    }

    /// Judges what a token says of itself. None if it is no token of service accounts: that is for
    /// some other authenticator to say.
    pub fn verify(
        &self,
        token: &str,
        audiences: &[String],
        now: Timestamp,
    ) -> Result<Option<Verified>, Why> {
        let Some(claims) = self.claims(token)? else { return Ok(None) };
        let of_token = match claims.audiences.as_slice() {
            [] => &self.audiences,
            _ => &claims.audiences,
        };
        let both: Vec<String> =
            audiences.iter().filter(|wanted| of_token.contains(wanted)).cloned().collect();
        if both.is_empty() && !self.audiences.is_empty() {
            let (of_token, wanted) = (of_token.clone(), audiences.to_vec());
            return Err(Why::Audience { of_token, wanted });
        }
        claims.check(now)?;
        let of_secret = matches!(claims.private, Private::OfSecret { .. });
        let token = of_secret.then(|| zeroize::Zeroizing::new(token.to_owned()));
        Ok(Some(Verified { claims, audiences: both, token }))
    }

    /// What a token claims, if its signature is good.
    fn claims(&self, token: &str) -> Result<Option<Arc<Claims>>, Why> {
        let mut key = [0; digest::SHA256_OUTPUT_LEN];
        key.copy_from_slice(digest::digest(&digest::SHA256, token.as_bytes()).as_ref());
        let remembered = || self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(claims) = remembered().get(&key) {
            return Ok(Some(Arc::clone(claims)));
        }
        let unverified = match Unverified::parse(token) {
            Ok(unverified) => unverified,
            Err(TokenFault::NotAToken) => return Ok(None),
            Err(fault) => return Err(Why::Token(fault)),
        };
        let origin = match unverified.issuer() {
            Some(LEGACY_ISSUER) => Origin::Secret,
            Some(issuer) if self.issuers.iter().any(|own| own == issuer) => Origin::Request,
            _ => return Ok(None),
        };
        let object = unverified.verify(&self.keys).map_err(Why::Token)?;
        let claims = Arc::new(Claims::read(&object, origin)?);
        let mut remembered = remembered();
        if remembered.len() >= REMEMBERED_MAX {
            remembered.clear();
        }
        remembered.insert(key, Arc::clone(&claims));
        Ok(Some(claims))
    }
}

// === impl Verified ===

impl Verified {
    /// What must be looked up before this is worth anything.
    pub fn needs(&self) -> Needs<'_> {
        let account = &self.claims.account;
        let needs = Needs {
            namespace: &self.claims.namespace,
            account: &account.name,
            secret: None,
            pod: None,
            node: None,
        };
        match &self.claims.private {
            Private::OfSecret { secret } => Needs { secret: Some(secret), ..needs },
            Private::Bound { secret, pod, node, .. } => Needs {
                secret: secret.as_ref().map(|secret| secret.name.as_str()),
                pod: pod.as_ref().map(|pod| pod.name.as_str()),
                node: node.as_ref().filter(|_| pod.is_none()).map(|node| node.name.as_str()),
                ..needs
            },
        }
    }

    /// Judges what was found. The time is asked again, as looking up may take some.
    pub fn confirm(&self, facts: &Facts, now: Timestamp) -> Result<Confirmed, Why> {
        self.claims.check(now)?;
        match &self.claims.private {
            Private::OfSecret { secret } => self.confirm_of_secret(secret, facts, now),
            Private::Bound { .. } => self.confirm_bound(facts, now),
        }
    }

    fn confirm_bound(&self, facts: &Facts, now: Timestamp) -> Result<Confirmed, Why> {
        let Claims { namespace, account, .. } = &*self.claims;
        let found = facts.account.as_ref().ok_or(Why::NoAccount(account.name.clone()))?;
        if found.uid != account.uid {
            let uids = Uids { is: found.uid.clone(), claimed: account.uid.clone() };
            return Err(Why::AccountUid(uids, Origin::Request));
        }
        if gone(found.deleted, now) {
            let (namespace, name) = (namespace.clone(), account.name.clone());
            return Err(Why::AccountDeleted(namespace, name, Origin::Request));
        }
        let Private::Bound { secret, pod, node, warn_after } = &self.claims.private else {
            return Err(Why::Claims);
        };
        still_there(BoundKind::Secret, secret.as_ref(), facts.secret.as_ref(), now)?;
        still_there(BoundKind::Pod, pod.as_ref(), facts.pod.as_ref(), now)?;
        if pod.is_none() {
            still_there(BoundKind::Node, node.as_ref(), facts.node.as_ref(), now)?;
        }
        let mut confirmed = self.confirmed();
        let warned = warn_after.filter(|after| *after != 0).map(|after| now_seconds(now) - after);
        if let Some(late) = warned.filter(|late| *late > 0) {
            let subject = &self.claims.subject;
            let text = format!("subject: {subject}, seconds after warning threshold: {late}");
            confirmed.annotations.push(("authentication.k8s.io/stale-token", text));
        }
        Ok(confirmed)
    }

    fn confirm_of_secret(
        &self,
        secret: &str,
        facts: &Facts,
        now: Timestamp,
    ) -> Result<Confirmed, Why> {
        let Claims { namespace, account, .. } = &*self.claims;
        let found = facts.secret.as_ref().filter(|found| found.deleted.is_none());
        if found.is_none() {
            return Err(Why::Invalidated(Origin::Secret));
        }
        let token = self.token.as_ref().map_or(&[][..], |token| token.as_bytes());
        if !bool::from(facts.secret_token.ct_eq(token)) {
            return Err(Why::NotTheCopy);
        }
        let found = facts.account.as_ref().ok_or(Why::NoAccount(account.name.clone()))?;
        if found.deleted.is_some() {
            let (namespace, name) = (namespace.clone(), account.name.clone());
            return Err(Why::AccountDeleted(namespace, name, Origin::Secret));
        }
        if found.uid != account.uid {
            let uids = Uids { is: found.uid.clone(), claimed: account.uid.clone() };
            return Err(Why::AccountUid(uids, Origin::Secret));
        }
        if !facts.secret_invalid_since.is_empty() {
            return Err(Why::MarkedInvalid {
                namespace: namespace.clone(),
                secret: secret.to_owned(),
                account: account.name.clone(),
            });
        }
        let mut confirmed = self.confirmed();
        let made_for_it = facts.account_secrets.iter().any(|name| name == secret);
        let annotation = if made_for_it {
            confirmed.warnings.push(
                "Use tokens from the TokenRequest API or manually created secret-based tokens instead \
                 of auto-generated secret-based tokens.",
            );
            "authentication.k8s.io/legacy-token-autogenerated-secret"
        } else {
            "authentication.k8s.io/legacy-token-manual-secret"
        };
        confirmed.annotations.push((annotation, secret.to_owned()));
        let (today, tomorrow) = (day(now), day(now.after(std::time::Duration::from_secs(86_400))));
        if facts.secret_last_used != today && facts.secret_last_used != tomorrow {
            confirmed.last_used = Some(today);
        }
        Ok(confirmed)
    }

    /// The user, and what is known of the token without having looked anything up.
    fn confirmed(&self) -> Confirmed {
        let claims = &self.claims;
        let mut user = User::service_account(&claims.namespace, &claims.account.name);
        user.uid = claims.account.uid.clone();
        let mut extra = |key: &str, value: &str| {
            if !value.is_empty() {
                user.extra.insert(key.to_owned(), vec![value.to_owned()]);
            }
        };
        if let Private::Bound { pod, node, .. } = &claims.private {
            if let Some(pod) =
                pod.as_ref().filter(|pod| !pod.name.is_empty() && !pod.uid.is_empty())
            {
                extra("authentication.kubernetes.io/pod-name", &pod.name);
                extra("authentication.kubernetes.io/pod-uid", &pod.uid);
            }
            if let Some(node) = node.as_ref().filter(|node| !node.name.is_empty()) {
                extra("authentication.kubernetes.io/node-name", &node.name);
                extra("authentication.kubernetes.io/node-uid", &node.uid);
            }
        }
        if !claims.id.is_empty() {
            extra(CREDENTIAL_ID, &credential(&claims.id));
        }
        let mut annotations = Vec::new();
        if claims.audiences.is_empty() {
            annotations.push(("authentication.k8s.io/legacy-token", claims.subject.clone()));
        }
        Confirmed {
            user: Authenticated::new(user.with_authenticated()),
            audiences: self.audiences.clone(),
            annotations,
            warnings: Vec::new(),
            last_used: None,
        }
    }
}

/// How a token is called where its own text must not be.
fn credential(id: &str) -> String {
    format!("JTI={id}")
}

/// Whether what a token is bound to is there, the same, and not long deleted.
fn still_there(
    kind: BoundKind,
    bound: Option<&claims::Reference>,
    found: Option<&Found>,
    now: Timestamp,
) -> Result<(), Why> {
    let Some(bound) = bound else { return Ok(()) };
    let found = found.ok_or(Why::Invalidated(Origin::Request))?;
    if found.uid != bound.uid {
        let uids = Uids { is: found.uid.clone(), claimed: bound.uid.clone() };
        return Err(Why::BoundUid(kind, uids));
    }
    if gone(found.deleted, now) { Err(Why::Invalidated(Origin::Request)) } else { Ok(()) }
}

fn now_seconds(now: Timestamp) -> i64 {
    i64::try_from(now.seconds()).unwrap_or(i64::MAX)
}

/// `2027-01-31`.
fn day(moment: Timestamp) -> String {
    moment.to_string().split('T').next().unwrap_or_default().to_owned()
}
