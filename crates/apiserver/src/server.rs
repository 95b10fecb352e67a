//! The service behind the listener: every request through the gates, then to its handler.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use portcullis_core::Timestamp;
use portcullis_identity::Trust;
use portcullis_identity::service_account::issue::Issuer;
use portcullis_kinds::name::path_segment_faults;
use portcullis_kinds::quoted;
use portcullis_kinds::service::Pools;
use tokio::sync::Notify;

use crate::answer::{Answer, Document, written};
use crate::ask::{Ask, Target};
use crate::backend::Backend;
use crate::body::BODY_BYTES_MAX;
use crate::components;
use crate::config::{Controllers, Emulation};
use crate::gates::authorize::Authorizer;
use crate::http::{BodyError, Request, Response, ResponseBody, Service};
use crate::negotiate::Form;
use crate::openapi::OpenApi;
use crate::request_info::RequestInfo;
use crate::served::Served;
use crate::status::Status;

/// By which an answer is found again in records.
const AUDIT_ID: HeaderName = HeaderName::from_static("audit-id");

/// The time, as the server is told it.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// A clock that asks `now`.
    pub fn new(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// What it shows.
    pub fn now(&self) -> Timestamp {
        (self.0)()
    }
}

/// Randomness, as the server is given it.
pub struct Random(Box<Fill>);

type Fill = dyn Fn(&mut [u8]) + Send + Sync;

impl Random {
    /// Randomness from `fill`, which fills a buffer with unpredictable bytes.
    pub fn new(fill: impl Fn(&mut [u8]) + Send + Sync + 'static) -> Self {
        Self(Box::new(fill))
    }

    fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        (self.0)(&mut bytes);
        bytes
    }

    /// Fills a buffer.
    pub fn fill(&self, bytes: &mut [u8]) {
        (self.0)(bytes);
    }

    /// A number below `bound`; 0 where that is 0.
    pub fn below(&self, bound: u64) -> u64 {
        u64::from_be_bytes(self.bytes()).checked_rem(bound).unwrap_or(0)
    }

    /// A UUID of version 4 (RFC 9562).
    pub fn uuid(&self) -> String {
        const LENGTH: usize = 36;
        let mut number = u128::from_be_bytes(self.bytes());
        number = (number & !(0xf << 76)) | (0x4 << 76);
        number = (number & !(0x3 << 62)) | (0x2 << 62);
        let mut text = String::with_capacity(LENGTH);
        for digit in 0..32 {
            if matches!(digit, 8 | 12 | 16 | 20) {
                text.push('-');
            }
            // INVARIANT: four bits are one hexadecimal digit.
            text.extend(char::from_digit((number >> 124) as u32, 16));
            number <<= 4;
        }
        text
    }

    /// A name that begins with `base`: the base cut so that the whole stays a label, and five letters and
    /// digits that make no words.
    pub fn generated_name(&self, base: &str) -> String {
        const BASE_MAX: usize = 58;
        let end =
            (0..=BASE_MAX.min(base.len())).rev().find(|at| base.is_char_boundary(*at)).unwrap_or(0);
        format!("{}{}", base.get(..end).unwrap_or_default(), self.suffix())
    }

    /// Five letters and digits, without vowels and what looks alike.
    pub fn suffix(&self) -> String {
        const LETTERS: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";
        let bytes: [u8; 20] = self.bytes();
        let letters = bytes.chunks_exact(4).filter_map(|four| {
            let number = u32::from_be_bytes(four.try_into().ok()?);
            LETTERS.get(usize::try_from(number).ok()? % LETTERS.len())
        });
        letters.map(|letter| char::from(*letter)).collect()
    }

    /// Between `shortest` and twice that.
    pub fn watch_lifetime(&self, shortest: Duration) -> Duration {
        let part = f64::from(u32::from_be_bytes(self.bytes())) / f64::from(u32::MAX);
        shortest.mul_f64(1.0 + part)
    }
}

/// What the server is told about itself.
#[derive(Clone, Debug, Default)]
pub struct Behaviour {
    /// Where the server says it can be reached.
    pub address: String,
    /// Whether our own groups are served.
    pub own_groups: bool,
    /// The addresses and ports that services are given.
    pub services: Pools,
    /// The service address of the API itself; empty where it is to have no service.
    pub service_address: String,
    /// The port that service leads to.
    pub port: u16,
    /// The issuer of service account tokens.
    pub issuer: String,
    /// Whom clients should trust at the start, as PEM: what `kube-root-ca.crt` holds.
    pub authorities: String,
    /// Which controllers run.
    pub controllers: Controllers,
    /// Whose older behaviour is added.
    pub emulate: Option<Emulation>,
}

impl Behaviour {
    /// Which groups there are for clients.
    pub(crate) fn served(&self) -> Served {
        Served { own: self.own_groups, as_1_20: self.emulate == Some(Emulation::V1_20) }
    }
}

/// The API server, but for its sockets.
pub struct Server<B> {
    pub(crate) store: B,
    pub(crate) authorizer: Authorizer,
    pub(crate) trust: ArcSwap<Trust>,
    /// Whom clients should trust now, as PEM; empty where nobody knows.
    pub(crate) authorities: ArcSwap<String>,
    /// Wakes the controllers that publish the authorities when those are others.
    pub(crate) authorities_changed: Notify,
    pub(crate) issuer: Option<Issuer>,
    pub(crate) behaviour: Behaviour,
    pub(crate) openapi: OpenApi,
    /// When it was started, as HTTP dates it.
    pub(crate) started: String,
    pub(crate) clock: Clock,
    pub(crate) random: Random,
    /// Held by whoever fills in aggregated roles.
    pub(crate) aggregating: tokio::sync::Mutex<()>,
}

impl<B> std::fmt::Debug for Server<B> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("behaviour", &self.behaviour).finish_non_exhaustive()
    }
}

/// Why a server cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The store cannot be followed.
    #[error("the store cannot be read")]
    Store(#[from] portcullis_store::Error),
    /// What is there from the beginning cannot be made.
    #[error("what is there from the beginning cannot be made: {0}")]
    Bootstrap(String),
}

impl<B: Backend> Server<B> {
    /// A server over a store, in which everything is that is there from the beginning.
    pub async fn start(
        store: B,
        behaviour: Behaviour,
        trust: Trust,
        issuer: Option<Issuer>,
        clock: Clock,
        random: Random,
    ) -> Result<Self, StartError> {
        let authorizer = Authorizer::new(&store)?;
        let trust = ArcSwap::from_pointee(trust);
        let authorities = ArcSwap::from_pointee(behaviour.authorities.clone());
        let started = http_date(clock.now());
        let openapi = OpenApi::new(behaviour.served());
        let aggregating = tokio::sync::Mutex::default();
        let server = Self {
            store,
            authorizer,
            trust,
            authorities,
            authorities_changed: Notify::new(),
            issuer,
            behaviour,
            openapi,
            started,
            clock,
            random,
            aggregating,
        };
        let made = server.bootstrap().await;
        made.map_err(|status| StartError::Bootstrap(status.message))?;
        server.begin().await;
        Ok(server)
    }

    /// Trusts something else from now on, as after a file was changed. Connections that are open are
    /// judged by it too.
    pub fn set_trust(&self, trust: Trust) {
        self.trust.store(Arc::new(trust));
    }

    /// Tells clients to trust others from now on, as after a file was changed. The controllers publish it.
    pub fn set_authorities(&self, pem: &str) {
        if **self.authorities.load() != pem {
            self.authorities.store(Arc::new(pem.to_owned()));
            self.authorities_changed.notify_one();
        }
    }

    /// The roles and bindings as of now.
    pub(crate) fn rights(&self) -> Result<Arc<portcullis_snapshot::Snapshot>, Status> {
        let rights = self.authorizer.snapshot(&self.store);
        rights.map_err(|why| Status::internal(&why.to_string()))
    }
}

impl<B: Backend> Service for Server<B> {
    async fn call(&self, request: Request) -> Response {
        let accept = joined(&request.headers, &header::ACCEPT);
        let head_only = request.method == http::Method::HEAD;
        let mut warnings = Vec::new();
        let answer = self.handle(request, &mut warnings).await;
        let mut response = self.respond(answer, &accept, head_only);
        for warning in warnings {
            if let Ok(value) = HeaderValue::from_str(&warning_text(&warning)) {
                response.headers.append(header::WARNING, value);
            }
        }
        response
    }
}

impl<B: Backend> Server<B> {
    async fn handle(&self, request: Request, warnings: &mut Vec<String>) -> Answer {
        let Request { method, uri, info, headers, body, peer } = request;
        let info = match info {
            Ok(info) => info,
            Err(why) => {
                let text = format!("Internal Server Error: {}: {why}\n", quoted(&uri.to_string()));
                return Answer::Document(Document::text(500, text));
            }
        };
        let now = self.clock.now();
        let authorized = match self.pass(&headers, &peer, &info, now, warnings) {
            Ok(authorized) => authorized,
            Err(status) => return status.into(),
        };
        let text = |name: &HeaderName| joined(&headers, name);
        let mut ask = Ask {
            accept: text(&header::ACCEPT),
            content_type: text(&header::CONTENT_TYPE),
            user_agent: text(&header::USER_AGENT),
            if_none_match: text(&header::IF_NONE_MATCH),
            body: Bytes::new(),
            authorized,
            now,
            warnings: std::mem::take(warnings),
            info,
        };
        if let Some(status) = timeout_fault(&ask.info) {
            return status.into();
        }
        if matches!(
            method,
            http::Method::POST | http::Method::PUT | http::Method::PATCH | http::Method::DELETE
        ) {
            match body.read(BODY_BYTES_MAX).await {
                Ok(body) => ask.body = body,
                Err(BodyError::TooLarge { limit }) => return Status::too_large(limit).into(),
                Err(why) => return Status::bad_request(why.to_string()).into(),
            }
        }
        let answer = if ask.info.is_resource {
            self.dispatch(&mut ask, &method).await.unwrap_or_else(Answer::from)
        } else {
            self.fixed(&ask, &method).unwrap_or_else(Answer::from)
        };
        *warnings = ask.warnings;
        answer
    }

    /// To the handler of a resource.
    async fn dispatch(&self, ask: &mut Ask, method: &http::Method) -> Result<Answer, Answer> {
        let info = &ask.info;
        if info.path.starts_with("//") || !self.group_is_known(info) {
            return Err(Answer::Document(Document::page_not_found()));
        }
        let target = self.target(info)?;
        if target.subresource.is_none()
            && info.parts.len() > 1
            && !crate::resource::is_stored(target.resource)
            && !components::are(target.resource)
        {
            return Err(Status::no_such_resource().into());
        }
        let verb = match route(info, target, method) {
            Some(verb) => verb,
            None => return Err(Status::method_not_allowed().into()),
        };
        if let Some(name) = info.parts.get(1) {
            // No object can have such a name: it would be a path of its own.
            let faults = path_segment_faults(name);
            if !faults.is_empty() {
                let why = faults.join(";");
                let text = format!("Name parameter invalid: {}: {why}", quoted(name));
                return Err(Status::bad_request(text).into());
            }
        }
        ask.warnings.extend(crate::resource::deprecation(target.resource).map(str::to_owned));
        let answer = match (verb, target.subresource) {
            (_, Some(part)) if !written_like_the_object(target) => {
                self.subresource(ask, target, part, verb).await
            }
            ("get", _) if components::are(target.resource) => components::get(ask, target),
            ("list", _) if components::are(target.resource) => components::list(ask, target),
            ("get", _) => self.get(ask, target).await,
            ("list", _) => self.list(ask, target).await,
            ("watch", _) => self.watch(ask, target).await,
            ("create", _) if !crate::resource::is_stored(target.resource) => {
                self.review_request(ask, target).await
            }
            ("create", _) => self.create(ask, target).await,
            ("update", _) => self.update(ask, target).await,
            ("patch", _) => self.patch(ask, target).await,
            ("delete", _) => self.delete(ask, target).await,
            ("deletecollection", _) => self.delete_collection(ask, target).await,
            _ => Err(Status::method_not_allowed()),
        };
        answer.map_err(Answer::from)
    }

    fn group_is_known(&self, info: &RequestInfo) -> bool {
        (info.api_prefix == "api") == info.api_group.is_empty()
            && self.behaviour.served().group(&info.api_group).is_some()
    }

    /// What a path is about, or the 404.
    fn target(&self, info: &RequestInfo) -> Result<Target, Answer> {
        let none = || Answer::from(Status::no_such_resource());
        let served = self.behaviour.served();
        let resource = served.resource(&info.api_group, &info.api_version, &info.resource);
        let resource = resource.ok_or_else(none)?;
        let in_namespace = !info.namespace.is_empty() && resource.plural != "namespaces";
        if in_namespace && !resource.namespaced {
            return Err(none());
        }
        let subresource = match info.subresource.as_str() {
            "" => None,
            name => Some(resource.subresource(name).ok_or_else(none)?),
        };
        let kind = portcullis_kinds::kind(resource.group, resource.plural);
        let kind = subresource.and_then(|part| kind.subresource(part.name)).unwrap_or(kind);
        Ok(Target { resource, subresource, kind })
    }

    fn respond(&self, answer: Answer, accept: &str, head_only: bool) -> Response {
        let mut response = match answer {
            Answer::Document(document) => {
                let mut response = Response::new(code(document.code), document.body);
                put(&mut response.headers, header::CONTENT_TYPE, document.media_type);
                for (name, value) in document.headers {
                    if let Ok(name) = HeaderName::try_from(name) {
                        put(&mut response.headers, name, &value);
                    }
                }
                response
            }
            Answer::Status(status) => {
                let form = Form::of_errors(accept);
                let body = written(&status.to_json(), form.encoding, false);
                let mut response = Response::new(code(status.code), body);
                put(&mut response.headers, header::CONTENT_TYPE, form.encoding.media_type());
                if status.nosniff {
                    put(&mut response.headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
                }
                if let Some(after) = status
                    .details
                    .as_ref()
                    .map(|details| details.retry_after_seconds)
                    .filter(|after| *after > 0)
                {
                    put(&mut response.headers, header::RETRY_AFTER, &after.to_string());
                }
                response
            }
            Answer::Stream { media_type, frames } => {
                let mut response = Response {
                    status: StatusCode::OK,
                    headers: HeaderMap::new(),
                    body: ResponseBody::Stream(frames),
                };
                put(&mut response.headers, header::CONTENT_TYPE, media_type);
                response
            }
        };
        if head_only {
            response.body = ResponseBody::Full(Bytes::new());
        }
        put(&mut response.headers, AUDIT_ID, &self.random.uuid());
        if !response.headers.contains_key(header::CACHE_CONTROL) {
            put(&mut response.headers, header::CACHE_CONTROL, "no-cache, private");
        }
        response
    }
}

fn code(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn put(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if value.is_empty() {
        return;
    }
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.append(name, value);
    }
}

/// The values of a header, joined by commas.
pub(crate) fn joined(headers: &HeaderMap, name: &HeaderName) -> String {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.collect::<Vec<_>>().join(",")
}

/// `Sat, 21 Nov 2026 12:00:00 GMT`: a moment as HTTP writes it (RFC 9110, 5.6.7).
fn http_date(moment: Timestamp) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let days = usize::try_from(moment.seconds() / 86_400).unwrap_or(0);
    let text = moment.to_string();
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    let month =
        part(5, 7).parse::<usize>().ok().and_then(|month| MONTHS.get(month.wrapping_sub(1)));
    let (day, month) = (DAYS.get(days % 7).unwrap_or(&""), month.unwrap_or(&""));
    format!("{day}, {} {month} {} {} GMT", part(8, 10), part(0, 4), part(11, 19))
}

/// Refuses a `timeout` of the query that is no duration of Go. Watches have a parameter of their own.
fn timeout_fault(info: &RequestInfo) -> Option<Status> {
    let text =
        info.query.first("timeout").filter(|text| !text.is_empty() && info.verb != "watch")?;
    (!portcullis_kinds::is_duration(text)).then(|| {
        Status::bad_request(format!(
            "invalid timeout specified in the request URL - time: invalid duration {}",
            quoted(text)
        ))
    })
}

/// `299 - "…"`: a warning as RFC 7234 writes one.
fn warning_text(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
    let printable: String =
        escaped.chars().map(|char| if char.is_control() { ' ' } else { char }).collect();
    format!("299 - \"{printable}\"")
}

/// The verb of a request, where its resource has a route for it.
fn route(info: &RequestInfo, target: Target, method: &http::Method) -> Option<&'static str> {
    use http::Method;
    let resource = target.resource;
    let verbs = target.subresource.map_or(resource.verbs, |part| part.verbs);
    let across = resource.namespaced && info.namespace.is_empty();
    // A name that only a field selector gives is no part of the path.
    let named = info.parts.len() > 1;
    let verb = match *method {
        Method::GET if info.verb == "watch" => "watch",
        Method::GET if named => "get",
        Method::GET => "list",
        Method::POST if !named || target.subresource.is_some() => "create",
        Method::PUT if named => "update",
        Method::PATCH if named => "patch",
        Method::DELETE if named => "delete",
        Method::DELETE => "deletecollection",
        _ => return None,
    };
    if across && !matches!(verb, "list" | "watch") {
        return None;
    }
    verbs.iter().find(|one| **one == verb).copied()
}

/// Whether a subresource is written and read as the object itself.
fn written_like_the_object(target: Target) -> bool {
    target.subresource.is_some_and(|part| {
        part.kind == target.resource.kind
            && part.group == target.resource.group
            && target.kind_of_resource().subresource(part.name).is_some()
    })
}

#[cfg(test)]
mod tests {
    use portcullis_schema::api;

    use super::*;

    #[test]
    fn moments_are_dated_as_http_does() {
        for (moment, date) in [
            ("1970-01-01T00:00:00Z", "Thu, 01 Jan 1970 00:00:00 GMT"),
            ("2026-11-21T12:34:56Z", "Sat, 21 Nov 2026 12:34:56 GMT"),
        ] {
            assert_eq!(http_date(moment.parse().unwrap()), date);
        }
    }

    /// The log of a pod is declared as a Pod, and is what a node has written.
    #[test]
    fn parts_that_are_their_object_are_written_like_it() {
        let resources =
            api::groups().iter().flat_map(|group| group.versions).flat_map(|v| v.resources);
        let lost: Vec<String> = resources
            .flat_map(|resource| {
                resource.subresources.iter().filter_map(move |part| {
                    let target = Target { subresource: Some(part), ..Target::of(resource) };
                    let same = (part.group, part.kind) == (resource.group, resource.kind);
                    (same && !written_like_the_object(target)).then(|| format!("{target:?}"))
                })
            })
            .collect();
        assert_eq!(lost, ["pods/log"]);
    }

    #[test]
    fn names_are_made_up_within_their_limit() {
        let random = Random::new(|bytes| bytes.fill(0xa5));
        let name = random.generated_name(&"é".repeat(40));
        assert!(name.len() <= 63 && name.starts_with('é'), "{name}");
        assert_eq!(random.uuid().len(), 36);
        assert_eq!(random.uuid().as_bytes()[14], b'4');
    }

    #[test]
    fn warnings_are_quoted() {
        assert_eq!(warning_text("a \"b\"\n"), "299 - \"a \\\"b\\\" \"");
    }
}
