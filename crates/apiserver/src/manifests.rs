//! Objects to begin with: `-f`.
//!
//! They go through the gates as anybody's requests do, as those of a member of `system:masters` with a
//! certificate of the server's own authority: what the API would refuse is refused here, in the same
//! words. The order of the files does not matter: what is refused for want of something else is tried
//! again when that is there.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Uri, header};
use portcullis_core::{Place, Severity, Timestamp};
use portcullis_identity::issue::IssueFault;
use portcullis_identity::key::KeyFault;
use portcullis_identity::{Authority, PrivateKey, Random};
use portcullis_object::{Input, Limits, Object, Sources, load};
use portcullis_schema::api::{Resource, resource_of_kind};
use rustls::pki_types::CertificateDer;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use crate::http::{Body, Peer, Request, Response, ResponseBody, Service};
use crate::request_info::RequestInfo;

/// How long nothing may come of trying again. A controller makes what an object waits for, such as the
/// default service account of its namespace, within milliseconds.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long to wait before trying again, if nothing came of it.
const PAUSE: Duration = Duration::from_millis(20);

/// Where an object goes that names no namespace, as with kubectl.
const DEFAULT_NAMESPACE: &str = "default";

/// Who is named as the manager of the fields.
const MANAGER: &str = "portcullis-serve";

/// Why the server does not begin.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A document cannot be read, or is of no kind that is served.
    #[error("{place}: {message}")]
    Unreadable {
        /// The file, line and column.
        place: String,
        /// What is wrong.
        message: String,
    },
    /// The API refuses an object.
    #[error("{place}: {message}")]
    Refused {
        /// The file, line and column of the object.
        place: String,
        /// The API's words.
        message: String,
    },
    /// No certificate to ask with.
    #[error("the objects cannot be sent")]
    Certificate(#[from] IssueFault),
    /// No key to ask with.
    #[error("the objects cannot be sent")]
    Key(#[from] KeyFault),
}

/// What the API warned of, and about which object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warned {
    /// The file, line and column of the object.
    pub place: String,
    /// The API's words.
    pub message: String,
}

/// One object on its way.
struct Parcel {
    resource: &'static Resource,
    namespace: Option<String>,
    name: String,
    object: Value,
    place: String,
}

/// What became of a request.
struct Outcome {
    code: u16,
    answer: Value,
    warnings: Vec<String>,
}

/// Sends everything to the service. What exists is replaced.
///
/// # Errors
/// The first document that cannot be read; then nothing is sent. The first object that is refused, and
/// not only for want of another; those before it stay.
pub(crate) async fn apply<S: Service>(
    service: &S,
    inputs: Vec<Input>,
    limits: &Limits,
    authority: &Authority,
    now: Timestamp,
) -> Result<Vec<Warned>, Error> {
    let mut parcels = parcels(inputs, limits)?;
    let peer = Arc::new(admin(authority, now)?);
    let client = Client { service, peer };
    // Most of what waits for something waits for its namespace. A token secret does not wait for its
    // account but goes if that is not there.
    parcels.sort_by_key(|parcel| match parcel.resource.kind {
        "Namespace" => 0,
        "ServiceAccount" => 1,
        _ => 2,
    });
    let mut warned = Vec::new();
    let mut since = Instant::now();
    while !parcels.is_empty() {
        let before = parcels.len();
        let mut waiting = Vec::new();
        let mut first = None;
        for parcel in parcels {
            let outcome = client.put(&parcel).await;
            let place = &parcel.place;
            if outcome.is_done() {
                let told = outcome.warnings.into_iter();
                warned.extend(told.map(|message| Warned { place: place.clone(), message }));
                continue;
            }
            let refused = Error::Refused { place: place.clone(), message: outcome.message() };
            if !outcome.may_pass() {
                return Err(refused);
            }
            first.get_or_insert(refused);
            waiting.push(parcel);
        }
        if waiting.len() < before {
            since = Instant::now();
        } else if let Some(refused) = first {
            if since.elapsed() >= PATIENCE {
                return Err(refused);
            }
            sleep(PAUSE).await;
        }
        parcels = waiting;
    }
    Ok(warned)
}

/// A connection on which the admin has shown a certificate.
fn admin(authority: &Authority, now: Timestamp) -> Result<Peer, Error> {
    let random = Random::system();
    let key = PrivateKey::generate(&random)?;
    let certificate = authority.client(MANAGER, &["system:masters"], &key, now, &random)?;
    let here = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
    Ok(Peer::new(here, vec![CertificateDer::from(certificate.der().to_vec())]))
}

/// What the inputs hold, in their order.
fn parcels(inputs: Vec<Input>, limits: &Limits) -> Result<Vec<Parcel>, Error> {
    let loaded = load(inputs, limits);
    let fault = loaded.diagnostics.iter().find(|one| one.severity == Severity::Error);
    if let Some(fault) = fault {
        let place = fault.labels.first().map(|label| written(&loaded.sources, &label.place));
        let message = fault.message.clone();
        return Err(Error::Unreadable { place: place.unwrap_or_default(), message });
    }
    loaded.objects.iter().map(|object| parcel(object, &loaded.sources)).collect()
}

fn parcel(object: &Object, sources: &Sources) -> Result<Parcel, Error> {
    let place = written(sources, &object.root().at());
    let (group, version, kind) = (object.group(), object.version(), object.kind());
    let Some(resource) = resource_of_kind(group, version, kind) else {
        let message = format!("no kind `{kind}` is served in `{}`", object.api_version());
        return Err(Error::Unreadable { place, message });
    };
    let said = object.namespace().unwrap_or(DEFAULT_NAMESPACE);
    let namespace = resource.namespaced.then(|| said.to_owned());
    let name = object.name().to_owned();
    Ok(Parcel { resource, namespace, name, object: object.root().to_json(), place })
}

fn written(sources: &Sources, place: &Place) -> String {
    sources.locate(place).map_or_else(String::new, |located| {
        format!("{}:{}:{}", located.input, located.line, located.column)
    })
}

impl Parcel {
    /// The address of its collection.
    fn collection(&self) -> String {
        let Resource { group, version, plural, .. } = self.resource;
        let root = if group.is_empty() {
            format!("/api/{version}")
        } else {
            format!("/apis/{group}/{version}")
        };
        match &self.namespace {
            Some(namespace) => format!("{root}/namespaces/{}/{plural}", encoded(namespace)),
            None => format!("{root}/{plural}"),
        }
    }
}

/// A text as one part of a path.
fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte));
            }
            other => encoded.push_str(&format!("%{other:02X}")),
        }
    }
    encoded
}

/// Asks a service without a socket in between.
struct Client<'s, S> {
    service: &'s S,
    peer: Arc<Peer>,
}

impl<S: Service> Client<'_, S> {
    /// Creates the object, or replaces it if it exists.
    async fn put(&self, parcel: &Parcel) -> Outcome {
        let wishes = format!("?fieldManager={MANAGER}&fieldValidation=Strict");
        let collection = parcel.collection();
        let made = self.ask(Method::POST, &format!("{collection}{wishes}"), &parcel.object).await;
        if !(made.code == 409 && made.reason() == "AlreadyExists") || parcel.name.is_empty() {
            return made;
        }
        let own = format!("{collection}/{}", encoded(&parcel.name));
        let there = self.ask(Method::GET, &own, &Value::Null).await;
        let version = there.answer.pointer("/metadata/resourceVersion").cloned();
        let mut object = parcel.object.clone();
        if let (Some(metadata), Some(version)) = (object.get_mut("metadata"), version)
            && let Some(metadata) = metadata.as_object_mut()
        {
            metadata.insert("resourceVersion".to_owned(), version);
        }
        self.ask(Method::PUT, &format!("{own}{wishes}"), &object).await
    }

    async fn ask(&self, method: Method, target: &str, body: &Value) -> Outcome {
        const JSON: HeaderValue = HeaderValue::from_static("application/json");
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, JSON);
        headers.insert(header::CONTENT_TYPE, JSON);
        headers.insert(header::USER_AGENT, HeaderValue::from_static(MANAGER));
        let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
        let request = Request {
            info: RequestInfo::parse(method.as_str(), target),
            method,
            // Every character of it has been encoded above.
            uri: Uri::try_from(target).unwrap_or_default(),
            headers,
            body: Body::from(body),
            peer: Arc::clone(&self.peer),
        };
        Outcome::of(self.service.call(request).await)
    }
}

impl Outcome {
    fn of(response: Response) -> Self {
        let warnings = response.headers.get_all(header::WARNING).iter();
        let warnings = warnings.filter_map(|value| warning(value.to_str().ok()?)).collect();
        let answer = match response.body {
            ResponseBody::Full(bytes) => serde_json::from_slice(&bytes).unwrap_or_default(),
            ResponseBody::Stream(_) => Value::Null,
        };
        Self { code: response.status.as_u16(), answer, warnings }
    }

    fn is_done(&self) -> bool {
        (200..300).contains(&self.code)
    }

    /// Whether the refusal may be for want of something that is still to come: an account, a role, a
    /// namespace; or because somebody else wrote in between.
    fn may_pass(&self) -> bool {
        matches!(self.code, 403 | 404 | 409 | 429)
    }

    fn reason(&self) -> &str {
        self.answer.get("reason").and_then(Value::as_str).unwrap_or_default()
    }

    fn message(&self) -> String {
        let message = self.answer.get("message").and_then(Value::as_str);
        message.map_or_else(|| format!("the API answers {}", self.code), str::to_owned)
    }
}

/// The text of a `Warning` header: `299 - "text"`.
fn warning(header: &str) -> Option<String> {
    let quoted = header.split_once('"')?.1.strip_suffix('"')?;
    let mut text = String::new();
    let mut characters = quoted.chars();
    while let Some(character) = characters.next() {
        text.push(if character == '\\' { characters.next()? } else { character });
    }
    Some(text)
}

#[cfg(test)]
mod tests;
