//! `watch`: what happens to objects, as it happens.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use portcullis_core::Timestamp;
use portcullis_kinds::Object;
use portcullis_schema::api;
use portcullis_schema::decode::zero;
use portcullis_store::{Change, Entry, Error, Event, Keys, Revision, Watch};
use serde_json::{Value, json};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::answer::{Answer, Include, Single, Table, partial};
use crate::ask::{Ask, Target, namespace_of};
use crate::backend::Backend;
use crate::http::Frames;
use crate::negotiate::{Form, Offer, Shape};
use crate::options::ListOptions;
use crate::resource::{api_version, prefix_in};
use crate::server::{Clock, Server};
use crate::status::Status;
use crate::verbs::list::{known_fields, selects};
use crate::verbs::read::version_of_get;
use crate::{meta, stored, versions};

/// How long a watch lives that does not say: between this and twice this, so that the watches of a
/// restarted server do not all end at once.
const LIFETIME_MIN: Duration = Duration::from_secs(30 * 60);

/// How often a bookmark tells how far a watch is, where the client wants them.
const BOOKMARK_INTERVAL: Duration = Duration::from_secs(60);

/// How long before its end a watch sends a last bookmark, so that the client can go on from there.
const BOOKMARK_BEFORE_END: Duration = Duration::from_secs(2);

/// A note on a bookmark: everything that was there has been told.
const INITIAL_EVENTS_END: &str = "k8s.io/initial-events-end";

impl<B: Backend> Server<B> {
    /// Answers with a stream of events.
    pub(crate) async fn watch(&self, ask: &Ask, target: Target) -> Result<Answer, Status> {
        let form = ask.form(Offer::Watch)?;
        let options = ListOptions::read(&ask.info.query, true)?;
        known_fields(&options, target)?;
        let include = Include::read(ask.info.query.first("includeObject"))?;
        let wanted = version_of_get(&options.resource_version)?;
        let resource = target.resource;
        let namespace = namespace_of(&ask.info, resource);
        let mut prefix = prefix_in(resource, namespace);
        // A watch that is named by its path sees one object.
        let only = (!ask.info.name.is_empty() && (namespace.is_empty() != resource.namespaced))
            .then(|| ask.info.name.to_string());
        if let Some(name) = &only {
            prefix.push_str(name);
        }
        let begins_with_all = match options.send_initial_events {
            Some(asked) => asked,
            None => wanted.is_none(),
        };
        let view = self.store.view();
        let after = match wanted {
            Some(wanted) if !begins_with_all => wanted,
            _ => view.revision().0,
        };
        // Nothing is told before a version that lies ahead.
        let watch =
            self.store.watch(prefix.as_bytes(), Some(Revision(after.min(view.revision().0))));
        let mut stream =
            Stream::new(self.clock.clone(), target, form, include, options, prefix, only);
        stream.silent_until = Revision(after);
        match watch {
            Ok(watch) => stream.watch = Some(watch),
            Err(Error::Compacted { asked, oldest }) => stream.fail(&too_old(asked, oldest)),
            Err(why) => return Err(Status::internal(&why.to_string())),
        }
        if begins_with_all {
            let keys = Keys::prefix(stream.prefix.as_bytes());
            stream.initial = view.range(&keys).cloned().collect();
            stream.initial_end = Some(view.revision());
        }
        // What is no list cannot be told as one: the original ends such a watch at its first event.
        if matches!(form.shape, Shape::PartialList(_)) {
            stream.ended = true;
        }
        stream.set_end(self.random.watch_lifetime(LIFETIME_MIN));
        Ok(Answer::Stream { media_type: form.encoding.media_type(), frames: Box::pin(stream) })
    }
}

fn too_old(asked: Revision, oldest: Revision) -> Status {
    Status::expired(format!("too old resource version: {asked} ({oldest})"))
}

/// The events of one watch, encoded.
struct Stream {
    clock: Clock,
    target: Target,
    form: Form,
    include: Include,
    options: ListOptions,
    prefix: String,
    only: Option<String>,
    watch: Option<Watch>,
    /// What was there when the watch began, still to be told.
    initial: VecDeque<Arc<Entry>>,
    /// The version of that, until its end is told.
    initial_end: Option<Revision>,
    silent_until: Revision,
    told: Revision,
    /// Whether the columns of a Table have been sent.
    columns_sent: bool,
    /// The last frame, after which it ends.
    last: Option<Bytes>,
    ended: bool,
    ends: Pin<Box<Sleep>>,
    end_at: Instant,
    bookmark: Option<Pin<Box<Sleep>>>,
}

impl Stream {
    fn new(
        clock: Clock,
        target: Target,
        form: Form,
        include: Include,
        options: ListOptions,
        prefix: String,
        only: Option<String>,
    ) -> Self {
        let end_at = Instant::now();
        Self {
            clock,
            target,
            form,
            include,
            options,
            prefix,
            only,
            watch: None,
            initial: VecDeque::new(),
            initial_end: None,
            silent_until: Revision(0),
            told: Revision(0),
            columns_sent: false,
            last: None,
            ended: false,
            ends: Box::pin(sleep_until(end_at)),
            end_at,
            bookmark: None,
        }
    }

    fn set_end(&mut self, lifetime: Duration) {
        let lifetime = match self.options.timeout_seconds {
            Some(seconds) if seconds > 0 => Duration::from_secs(seconds.unsigned_abs()),
            _ => lifetime,
        };
        self.end_at = Instant::now() + lifetime;
        self.ends = Box::pin(sleep_until(self.end_at));
        if self.options.bookmarks {
            self.next_bookmark();
        }
    }

    fn next_bookmark(&mut self) {
        let now = Instant::now();
        let before_end = self.end_at.checked_sub(BOOKMARK_BEFORE_END).unwrap_or(self.end_at);
        let next = if before_end > now {
            before_end.min(now + BOOKMARK_INTERVAL)
        } else {
            self.end_at + BOOKMARK_INTERVAL
        };
        self.bookmark = Some(Box::pin(sleep_until(next)));
    }

    /// The watch ends with an error event.
    fn fail(&mut self, status: &Status) {
        let event = json!({"type": "ERROR", "object": status.to_json()});
        self.last = Some(Bytes::from(format!("{event}\n")));
    }

    /// Whether events are told as their objects lie in the store.
    fn plain(&self) -> bool {
        self.form == Form::default()
            && versions::is_as_stored(self.target.resource, self.target.kind)
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The event that a client sees, if it sees one.
    fn event(&mut self, event: &Event) -> Result<Option<Bytes>, Status> {
        if event.revision <= self.silent_until {
            return Ok(None);
        }
        let key_is_ours = match &self.only {
            Some(_) => event.key().as_ref() == self.prefix.as_bytes(),
            None => true,
        };
        if !key_is_ours {
            return Ok(None);
        }
        let selected =
            |entry: &Entry| selects(&self.options, self.target.resource, self.target.kind, entry);
        let selects_all = self.options.labels.is_empty() && self.options.fields.is_empty();
        Ok(match &event.change {
            Change::Put { entry, previous } => {
                let before = match previous {
                    Some(previous) => selects_all || selected(previous)?,
                    None => false,
                };
                let after = selects_all || selected(entry)?;
                match (before, after, previous) {
                    (false, true, _) => Some(self.told_once(event, "ADDED", entry)?),
                    (true, true, _) => Some(self.told_once(event, "MODIFIED", entry)?),
                    // It left the selection: it is told as it was, at the version at which it left.
                    (true, false, Some(previous)) => Some(self.gone(previous, event.revision)?),
                    _ => None,
                }
            }
            Change::Delete { previous } => {
                if selects_all || selected(previous)? {
                    Some(self.gone(previous, event.revision)?)
                } else {
                    None
                }
            }
        })
    }

    /// An event in plain JSON is encoded once for all who watch it.
    fn told_once(
        &mut self,
        event: &Event,
        what: &'static str,
        entry: &Entry,
    ) -> Result<Bytes, Status> {
        if !self.plain() {
            return self.encoded(what, &entry.value);
        }
        let version = api_version(self.target.resource);
        let noted =
            event.memo.of(|| (what, version.clone(), plain(what, self.target, &entry.value)));
        if noted.0 == what && noted.1 == version {
            return Ok(noted.2.clone());
        }
        Ok(plain(what, self.target, &entry.value))
    }

    fn gone(&mut self, previous: &Entry, revision: Revision) -> Result<Bytes, Status> {
        let item = stored::gone_at(previous, revision);
        self.encoded("DELETED", &item)
    }

    fn encoded(&mut self, what: &'static str, item: &[u8]) -> Result<Bytes, Status> {
        if self.plain() {
            return Ok(plain(what, self.target, item));
        }
        let object: Object =
            serde_json::from_slice(item).map_err(|why| Status::internal(&why.to_string()))?;
        let shaped = self.shaped(&object)?;
        Ok(frame(what, shaped))
    }

    fn shaped(&mut self, object: &Object) -> Result<Object, Status> {
        let Target { resource, kind, .. } = self.target;
        match self.form.shape {
            Shape::Table(version) => {
                let mut table = Table::new(resource, kind, version, self.include, self.now());
                if std::mem::replace(&mut self.columns_sent, true) {
                    table = table.without_columns();
                }
                table.row(object);
                let version = meta::text(object, "resourceVersion");
                let metadata = json!({"resourceVersion": version});
                Ok(table.finish(metadata.as_object().cloned().unwrap_or_default()))
            }
            // Of a list there is nothing in an event: each object is told by its metadata.
            Shape::PartialObject(version) | Shape::PartialList(version) => {
                Ok(partial(object, version))
            }
            shape => Single { resource, kind, object }.shaped(shape, self.include, self.now()),
        }
    }

    /// How far the watch is, as an object with nothing but its version.
    fn bookmark_at(&mut self, revision: Revision, end_of_initial: bool) -> Result<Bytes, Status> {
        let resource = self.target.resource;
        let mut object = api::kind(resource.group, resource.version, resource.kind)
            .map(|kind| zero(kind.message))
            .unwrap_or_default();
        let mut metadata = json!({"resourceVersion": revision.to_string()});
        if end_of_initial && let Some(metadata) = metadata.as_object_mut() {
            metadata.insert("annotations".to_owned(), json!({INITIAL_EVENTS_END: "true"}));
        }
        object.insert("metadata".to_owned(), metadata);
        self.told = revision;
        let shaped = if let Shape::Table(_) = self.form.shape {
            let mut table = Value::Object(self.shaped(&object)?);
            if let Some(table) = table.as_object_mut() {
                table.insert("rows".to_owned(), json!([]));
            }
            match table {
                Value::Object(table) => table,
                _ => Object::new(),
            }
        } else {
            self.shaped(&object)?
        };
        Ok(frame("BOOKMARK", shaped))
    }

    fn next_initial(&mut self) -> Result<Option<Bytes>, Status> {
        while let Some(entry) = self.initial.pop_front() {
            let ours = self.only.is_none() || entry.key.as_ref() == self.prefix.as_bytes();
            if ours && selects(&self.options, self.target.resource, self.target.kind, &entry)? {
                return self.encoded("ADDED", &entry.value).map(Some);
            }
        }
        if let Some(revision) = self.initial_end.take() {
            self.told = revision;
            if self.options.bookmarks && self.options.send_initial_events == Some(true) {
                return self.bookmark_at(revision, true).map(Some);
            }
            // An older client that asks for bookmarks is told in the first one that it has seen all.
        }
        Ok(None)
    }

    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        loop {
            let Some(watch) = self.watch.as_mut() else { return Poll::Pending };
            let next = match watch.poll_next(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(next) => next,
            };
            let told = next.map_err(|why| match why {
                Error::Slow { delivered } => too_old(delivered, delivered),
                other => Status::internal(&other.to_string()),
            });
            match told.and_then(|event| self.event(&event)) {
                Ok(Some(frame)) => return Poll::Ready(Some(frame)),
                Ok(None) => {}
                Err(status) => {
                    self.fail(&status);
                    return Poll::Ready(None);
                }
            }
        }
    }

    fn revision(&self) -> Revision {
        self.watch.as_ref().map_or(self.told, Watch::revision).max(self.told)
    }
}

impl Frames for Stream {
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let this = &mut *self;
        if this.ended {
            return Poll::Ready(None);
        }
        match this.next_initial() {
            Ok(Some(frame)) => return Poll::Ready(Some(frame)),
            Ok(None) => {}
            Err(status) => this.fail(&status),
        }
        if this.last.is_none()
            && let Poll::Ready(Some(frame)) = this.poll_event(cx)
        {
            return Poll::Ready(Some(frame));
        }
        if let Some(last) = this.last.take() {
            this.ended = true;
            return Poll::Ready(Some(last));
        }
        if let Some(bookmark) = this.bookmark.as_mut()
            && bookmark.as_mut().poll(cx).is_ready()
        {
            this.next_bookmark();
            let revision = this.revision();
            let legacy =
                this.options.resource_version.is_empty() || this.options.resource_version == "0";
            if let Ok(frame) = this.bookmark_at(revision, legacy) {
                // The new timer has to be polled to be woken by.
                cx.waker().wake_by_ref();
                return Poll::Ready(Some(frame));
            }
        }
        if this.ends.as_mut().poll(cx).is_ready() {
            this.ended = true;
            return Poll::Ready(None);
        }
        Poll::Pending
    }
}

fn plain(what: &str, target: Target, item: &[u8]) -> Bytes {
    let mut out = Vec::with_capacity(item.len() + 96);
    out.extend_from_slice(b"{\"type\":\"");
    out.extend_from_slice(what.as_bytes());
    out.extend_from_slice(b"\",\"object\":");
    stored::write_as(item, target.resource.kind, &api_version(target.resource), &mut out);
    out.extend_from_slice(b"}\n");
    out.into()
}

fn frame(what: &str, object: Object) -> Bytes {
    let event = json!({"type": what, "object": object});
    Bytes::from(format!("{event}\n"))
}
