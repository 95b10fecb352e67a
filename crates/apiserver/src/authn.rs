//! Who asks: a request's certificate, token or nothing, and whom it wants to be taken for.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, header};
use portcullis_core::Timestamp;
use portcullis_identity::bearer::{Bearer, EXTRA_SPACE};
use portcullis_identity::impersonation::{Impersonation, Turn, is_impersonation};
use portcullis_identity::{self as identity, Authenticated, Confirmed, Facts, Found, Needs, Step};
use portcullis_kinds::Object;
use portcullis_rbac::{Attempt, Resource as Asked, Target};
use portcullis_store::Snapshot;
use serde_json::Value;

use crate::backend::Backend;
use crate::gates::authorize::{Authorized, forbidden, requester};
use crate::http::Peer;
use crate::request_info::RequestInfo;
use crate::server::Server;
use crate::status::Status;
use crate::{meta, stored};

/// The paths that are for everybody, whether or not anonymous requests are judged elsewhere.
pub const FOR_EVERYBODY: [&str; 4] = ["/healthz", "/livez", "/readyz", "/version"];

impl<B: Backend> Server<B> {
    /// Lets a request through authentication, impersonation and authorization.
    pub(crate) fn pass(
        &self,
        headers: &HeaderMap,
        peer: &Peer,
        info: &RequestInfo,
        now: Timestamp,
        warnings: &mut Vec<String>,
    ) -> Result<Authorized, Status> {
        let bearer = bearer(headers);
        if bearer == Bearer::Misplaced {
            warnings.push(EXTRA_SPACE.to_owned());
        }
        let confirmed = self.authenticate(bearer, peer, info, now)?;
        warnings.extend(confirmed.warnings.iter().map(|warning| (*warning).to_owned()));
        let who = match impersonation(headers)? {
            None => confirmed.user,
            Some(wanted) => self.impersonate(&confirmed.user, wanted)?,
        };
        self.authorizer.gate(&self.store, who, info)
    }

    fn authenticate(
        &self,
        bearer: Bearer<'_>,
        peer: &Peer,
        info: &RequestInfo,
        now: Timestamp,
    ) -> Result<Confirmed, Status> {
        let peer = remembered(peer);
        let presented = identity::Presented {
            peer: peer.as_ref().as_ref(),
            bearer: bearer.token(),
            path: &info.path,
        };
        let trust = self.trust.load();
        self.concluded(identity::authenticate(&trust, &presented, now), now)
            .map_err(|_| Status::unauthorized())
    }

    /// Looks up what a token speaks of, until somebody is recognised or nobody.
    pub(crate) fn concluded(
        &self,
        step: Step,
        now: Timestamp,
    ) -> Result<Confirmed, identity::Refusal> {
        let mut step = step;
        loop {
            match step {
                Step::Done(confirmed) => return Ok(confirmed),
                Step::Refused(refusal) => return Err(refusal),
                Step::Need(lookup) => {
                    let facts = facts(&self.store.view(), lookup.needs());
                    step = lookup.resume(&facts, now);
                }
            }
        }
    }

    /// Whom the requester may be taken for: each part of it must be allowed.
    fn impersonate(
        &self,
        who: &Authenticated,
        wanted: Impersonation,
    ) -> Result<Authenticated, Status> {
        let mut turn = wanted.next();
        loop {
            match turn {
                Turn::Done(user) => return Ok(user),
                Turn::Ask(asked, rest) => {
                    let namespace = (!asked.namespace.is_empty())
                        .then(|| portcullis_core::Namespace::new(asked.namespace.as_str()));
                    let attempt = Attempt {
                        requester: requester(who.user()),
                        verb: "impersonate".into(),
                        target: Target::Resource(Asked {
                            group: asked.group.into(),
                            resource: asked.resource.into(),
                            subresource: asked.subresource.as_str().into(),
                            namespace,
                            name: asked.name.as_str().into(),
                        }),
                    };
                    let opinion = self.authorizer.opinion(&self.store, &attempt);
                    if !opinion.allowed {
                        return Err(forbidden(&attempt, &opinion.reason));
                    }
                    turn = rest.next();
                }
            }
        }
    }
}

/// What the first `Authorization` header presents.
pub(crate) fn bearer(headers: &HeaderMap) -> Bearer<'_> {
    let Some(header) = headers.get(header::AUTHORIZATION) else { return Bearer::Absent };
    // What is no text is no token of anybody: it is refused like a wrong one, not taken for none.
    std::str::from_utf8(header.as_bytes()).map_or(Bearer::Token(""), Bearer::of)
}

/// Whom the headers ask to be taken for.
///
/// A value that is no text is refused: without it the request would go on as somebody else than was meant.
/// The original would take its bytes.
pub(crate) fn impersonation(headers: &HeaderMap) -> Result<Option<Impersonation>, Status> {
    let malformed = |why: String| {
        let mut status = Status::bad_request(why);
        status.nosniff = true;
        status
    };
    let mut texts = Vec::new();
    for (name, value) in headers.iter().filter(|(name, _)| is_impersonation(name.as_str())) {
        let text = std::str::from_utf8(value.as_bytes())
            .map_err(|_| malformed(format!("the value of the header {name} is not UTF-8")))?;
        texts.push((name.as_str(), text));
    }
    Impersonation::requested(texts).map_err(|why| malformed(why.to_string()))
}

/// What is known of the certificates of a connection is kept beside it.
fn remembered(peer: &Peer) -> Arc<Option<identity::Peer>> {
    if let Some(known) = peer.remembered::<Option<identity::Peer>>() {
        return known;
    }
    let chain = peer.certificates.iter().map(|certificate| certificate.as_ref().to_vec()).collect();
    let known = Arc::new(identity::Peer::new(chain));
    peer.remember(Arc::clone(&known));
    known
}

/// What is there of what a token speaks of.
fn facts(view: &Snapshot, needs: Needs<'_>) -> Facts {
    let object = |key: String| view.get(key.as_bytes()).and_then(|entry| stored::read(entry).ok());
    let in_namespace =
        |plural: &str, name: &str| object(format!("/registry/{plural}/{}/{name}", needs.namespace));
    let account = in_namespace("serviceaccounts", needs.account);
    let secret = needs.secret.and_then(|name| in_namespace("secrets", name));
    let pod = needs.pod.and_then(|name| in_namespace("pods", name));
    let node = needs.node.and_then(|name| object(format!("/registry/minions/{name}")));
    let label = |key: &str| {
        let labels = secret.as_deref().and_then(meta::labels);
        labels
            .and_then(|labels| labels.get(key))
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let token =
        secret.as_deref().and_then(|secret| secret.get("data")).and_then(|data| data.get("token"));
    let listed =
        account.as_deref().and_then(|account| account.get("secrets")).and_then(Value::as_array);
    Facts {
        account_secrets: listed
            .into_iter()
            .flatten()
            .filter_map(|reference| {
                reference.get("name").and_then(Value::as_str).map(str::to_owned)
            })
            .collect(),
        secret_token: token
            .and_then(Value::as_str)
            .and_then(|token| STANDARD.decode(token).ok())
            .unwrap_or_default(),
        secret_invalid_since: label("kubernetes.io/legacy-token-invalid-since"),
        secret_last_used: label("kubernetes.io/legacy-token-last-used"),
        account: account.as_deref().map(found),
        secret: secret.as_deref().map(found),
        pod: pod.as_deref().map(found),
        node: node.as_deref().map(found),
    }
}

fn found(object: &Object) -> Found {
    Found {
        uid: meta::uid(object).to_owned(),
        deleted: meta::text(object, "deletionTimestamp").parse().ok(),
    }
}
