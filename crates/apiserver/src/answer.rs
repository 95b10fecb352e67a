//! What a handler answers, and how it is written in the form that was asked for.

use bytes::Bytes;
use portcullis_core::Timestamp;
use portcullis_kinds::{Kind, Object, name_and_age};
use portcullis_schema::api::Resource;
use portcullis_store::{Entry, Revision};
use serde_json::{Map, Value, json};
use std::pin::Pin;
use std::sync::Arc;

use crate::http::Frames;
use crate::negotiate::{Encoding, Form, MetaVersion, Shape};
use crate::resource::api_version;
use crate::status::Status;
use crate::{stored, versions};

/// What a handler answers, before it is written.
pub enum Answer {
    /// Bytes as they are.
    Document(Document),
    /// A refusal, or the end of an object.
    Status(Status),
    /// Bytes as they come.
    Stream {
        /// The value of `Content-Type`.
        media_type: &'static str,
        /// They.
        frames: Pin<Box<dyn Frames>>,
    },
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Document(document) => {
                write!(f, "{} ({} bytes)", document.code, document.body.len())
            }
            Self::Status(status) => status.fmt(f),
            Self::Stream { .. } => f.write_str("a stream"),
        }
    }
}

/// Bytes that are answered as they are. They have no `Debug`: answers hold secrets.
pub struct Document {
    /// The HTTP status code.
    pub code: u16,
    /// The value of `Content-Type`; empty where the original sends none.
    pub media_type: &'static str,
    /// Further headers.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Bytes,
}

impl Document {
    /// A text of the fixed paths, as `ok`.
    pub fn text(code: u16, body: impl Into<Bytes>) -> Self {
        Self {
            code,
            media_type: "text/plain; charset=utf-8",
            headers: vec![("X-Content-Type-Options", "nosniff".to_owned())],
            body: body.into(),
        }
    }

    /// What no mux knows: text, and not a Status.
    pub fn page_not_found() -> Self {
        Self::text(404, "404 page not found\n")
    }
}

impl From<Status> for Answer {
    fn from(status: Status) -> Self {
        Self::Status(status)
    }
}

/// Writes JSON in an encoding.
pub fn written(object: &Object, encoding: Encoding, pretty: bool) -> Bytes {
    let mut out = Vec::with_capacity(512);
    match encoding {
        // INVARIANT: writing a `Value` into a vector cannot fail.
        Encoding::Json if pretty => drop(serde_json::to_writer_pretty(&mut out, object)),
        Encoding::Json => drop(serde_json::to_writer(&mut out, object)),
        Encoding::Yaml => out = crate::yaml::write(object).into_bytes(),
    }
    // The original's encoder ends each object with a line break; in YAML the text has one already.
    if encoding == Encoding::Json && !pretty {
        out.push(b'\n');
    }
    out.into()
}

/// One object as it is answered.
pub struct Single<'a> {
    /// Its resource.
    pub resource: &'static Resource,
    /// How its kind behaves.
    pub kind: &'static dyn Kind,
    /// The object, without kind and apiVersion.
    pub object: &'a Object,
}

impl Single<'_> {
    /// It in the shape asked for; `include` is the `includeObject` of a Table.
    pub fn shaped(&self, shape: Shape, include: Include, now: Timestamp) -> Result<Object, Status> {
        match shape {
            Shape::Itself | Shape::GroupDiscovery => {
                let object = versions::from_stored(self.resource, self.kind, self.object);
                Ok(stored::with_kind(&object, self.resource.kind, &api_version(self.resource)))
            }
            Shape::PartialObject(version) => Ok(partial(self.object, version)),
            Shape::PartialList(_) => Err(Status::not_acceptable(format!(
                "you requested PartialObjectMetadataList, but the requested object is not a list ({})",
                go_type(self.resource, "")
            ))),
            Shape::Table(version) => {
                let mut table = Table::new(self.resource, self.kind, version, include, now);
                table.row(self.object);
                let held = crate::meta::text(self.object, "resourceVersion");
                let mut metadata = Map::new();
                if !held.is_empty() {
                    metadata.insert("resourceVersion".into(), held.into());
                }
                Ok(table.finish(metadata))
            }
        }
    }
}

/// The metadata of an object alone.
pub fn partial(object: &Object, version: MetaVersion) -> Object {
    let mut partial = Object::new();
    partial.insert("kind".into(), "PartialObjectMetadata".into());
    partial.insert("apiVersion".into(), version.api_version().into());
    partial.insert("metadata".into(), object.get("metadata").cloned().unwrap_or_else(|| json!({})));
    partial
}

/// A page of a list.
pub struct Listed {
    /// The resource.
    pub resource: &'static Resource,
    /// How its kind behaves.
    pub kind: &'static dyn Kind,
    /// The items, in order.
    pub entries: Vec<Arc<Entry>>,
    /// The version of the list.
    pub revision: Revision,
    /// Where the next page begins; empty if this is the last.
    pub continue_token: String,
    /// How many items follow, where that is known.
    pub remaining: Option<usize>,
    /// Whether `items` of nothing is `null`, as lists of an exact version answer.
    pub null_items: bool,
}

impl Listed {
    fn metadata(&self) -> Map<String, Value> {
        let mut metadata = Map::new();
        metadata.insert("resourceVersion".into(), self.revision.to_string().into());
        if !self.continue_token.is_empty() {
            metadata.insert("continue".into(), self.continue_token.as_str().into());
        }
        if let Some(remaining) = self.remaining.filter(|remaining| *remaining > 0) {
            metadata.insert("remainingItemCount".into(), remaining.into());
        }
        metadata
    }

    /// It as bytes in the form asked for.
    pub fn write(
        &self,
        form: Form,
        include: Include,
        now: Timestamp,
        pretty: bool,
    ) -> Result<Bytes, Status> {
        let plain = form == Form::default() && versions::is_as_stored(self.resource, self.kind);
        if plain && !pretty {
            return Ok(self.spliced());
        }
        let unreadable = |why: stored::Unreadable| Status::internal(&why.to_string());
        let mut list = Object::new();
        match form.shape {
            Shape::Itself | Shape::GroupDiscovery => {
                list.insert("kind".into(), format!("{}List", self.resource.kind).into());
                list.insert("apiVersion".into(), api_version(self.resource).into());
                list.insert("metadata".into(), self.metadata().into());
                let mut items = Vec::with_capacity(self.entries.len());
                for entry in &self.entries {
                    let object = stored::read(entry).map_err(unreadable)?;
                    let object = versions::from_stored(self.resource, self.kind, &object);
                    items.push(Value::Object(object.into_owned()));
                }
                list.insert("items".into(), self.items(items));
            }
            Shape::PartialList(version) => {
                list.insert("kind".into(), "PartialObjectMetadataList".into());
                list.insert("apiVersion".into(), version.api_version().into());
                list.insert("metadata".into(), self.metadata().into());
                let mut items = Vec::with_capacity(self.entries.len());
                for entry in &self.entries {
                    let object = stored::read(entry).map_err(unreadable)?;
                    items.push(Value::Object(partial(&object, version)));
                }
                // The original makes this list anew, and of nothing makes nothing.
                let items = if items.is_empty() { Value::Null } else { items.into() };
                list.insert("items".into(), items);
            }
            Shape::PartialObject(_) => {
                return Err(Status::not_acceptable(format!(
                    "you requested PartialObjectMetadata, but the requested object is a list ({})",
                    go_type(self.resource, "List")
                )));
            }
            Shape::Table(version) => {
                let mut table = Table::new(self.resource, self.kind, version, include, now);
                for entry in &self.entries {
                    table.row(&*stored::read(entry).map_err(unreadable)?);
                }
                list = table.finish(self.metadata());
            }
        }
        Ok(written(&list, form.encoding, pretty))
    }

    fn items(&self, items: Vec<Value>) -> Value {
        if items.is_empty() && self.null_items { Value::Null } else { items.into() }
    }

    /// Plain JSON: stored bytes between commas.
    fn spliced(&self) -> Bytes {
        let size: usize = self.entries.iter().map(|entry| entry.value.len() + 1).sum();
        let mut out = Vec::with_capacity(size + 256);
        let head = format!(
            "{{\"kind\":\"{}List\",\"apiVersion\":\"{}\",\"metadata\":{},\"items\":",
            self.resource.kind,
            api_version(self.resource),
            Value::Object(self.metadata()),
        );
        out.extend_from_slice(head.as_bytes());
        if self.entries.is_empty() && self.null_items {
            out.extend_from_slice(b"null}\n");
            return out.into();
        }
        out.push(b'[');
        for (place, entry) in self.entries.iter().enumerate() {
            if place > 0 {
                out.push(b',');
            }
            out.extend_from_slice(&entry.value);
        }
        out.extend_from_slice(b"]}\n");
        out.into()
    }
}

/// How the original's refusals call the type of an object. It is part of two sentences only.
fn go_type(resource: &Resource, suffix: &str) -> String {
    let package = match resource.group {
        "" => "core",
        group => group.split('.').next().unwrap_or(group),
    };
    format!("*{package}.{}{suffix}", resource.kind)
}

/// What a row of a Table holds beside its cells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Include {
    /// The metadata.
    #[default]
    Metadata,
    /// The whole object.
    Object,
    /// Nothing.
    None,
}

impl Include {
    /// Reads `includeObject`.
    pub fn read(text: Option<&str>) -> Result<Self, Status> {
        match text.unwrap_or_default() {
            "" | "Metadata" => Ok(Self::Metadata),
            "Object" => Ok(Self::Object),
            "None" => Ok(Self::None),
            other => Err(Status::bad_request(format!(
                "Unable to convert to Table as requested: includeObject: Invalid value: {}: must be \
                 'Metadata', 'Object', 'None', or empty",
                Value::from(other)
            ))),
        }
    }
}

/// A Table that is being filled.
pub struct Table {
    resource: &'static Resource,
    kind: &'static dyn Kind,
    version: MetaVersion,
    include: Include,
    now: Timestamp,
    rows: Vec<Value>,
    /// Watches send the columns with their first event only.
    with_columns: bool,
}

impl Table {
    /// An empty one.
    pub fn new(
        resource: &'static Resource,
        kind: &'static dyn Kind,
        version: MetaVersion,
        include: Include,
        now: Timestamp,
    ) -> Self {
        Self { resource, kind, version, include, now, rows: Vec::new(), with_columns: true }
    }

    /// The same without its columns.
    pub fn without_columns(mut self) -> Self {
        self.with_columns = false;
        self
    }

    /// Adds a row.
    pub fn row(&mut self, object: &Object) {
        let cells = self.kind.cells(object, self.now);
        let cells = cells.unwrap_or_else(|| match self.resource.columns.get(1) {
            // Some tables show the moment rather than the age.
            Some(column) if column.name == "Created At" => {
                let created = crate::meta::text(object, "creationTimestamp");
                vec![crate::meta::name(object).into(), created.into()]
            }
            Some(column) if column.name == "Secrets" => {
                let listed = object.get("secrets").and_then(Value::as_array).map_or(0, Vec::len);
                let mut cells = name_and_age(object, self.now);
                cells.insert(1, listed.to_string().into());
                cells
            }
            _ => name_and_age(object, self.now),
        });
        let mut row = Map::new();
        row.insert("cells".into(), cells.into());
        match self.include {
            Include::Metadata => {
                row.insert("object".into(), partial(object, self.version).into());
            }
            Include::Object => {
                let object = versions::from_stored(self.resource, self.kind, object);
                let whole =
                    stored::with_kind(&object, self.resource.kind, &api_version(self.resource));
                row.insert("object".into(), whole.into());
            }
            Include::None => {
                row.insert("object".into(), Value::Null);
            }
        }
        self.rows.push(row.into());
    }

    /// The Table.
    pub fn finish(self, metadata: Map<String, Value>) -> Object {
        let mut table = Object::new();
        table.insert("kind".into(), "Table".into());
        table.insert("apiVersion".into(), self.version.api_version().into());
        table.insert("metadata".into(), metadata.into());
        let columns = if self.with_columns { columns(self.resource) } else { Value::Null };
        table.insert("columnDefinitions".into(), columns);
        table.insert("rows".into(), self.rows.into());
        table
    }
}

fn columns(resource: &Resource) -> Value {
    let column = |column: &portcullis_schema::api::Column| {
        json!({
            "name": column.name,
            "type": column.kind,
            "format": column.format,
            "description": "",
            "priority": column.priority,
        })
    };
    resource.columns.iter().map(column).collect()
}
