//! What can be asked at which address.

use serde_json::{Map, Value, json};

use super::facts::DELETED_SHOWN;
use super::schema::{self, Speech, meta};
use crate::api::{self, Group, Resource, Subresource, Version};
use crate::json::Object;
use crate::own;

/// A parameter: its name, where it stands, its type.
type Parameter = (&'static str, &'static str, &'static str);

const NAME: Parameter = ("name", "path", "string");
const NAMESPACE: Parameter = ("namespace", "path", "string");
const PRETTY: Parameter = ("pretty", "query", "string");

const LIST: &[Parameter] = &[
    ("allowWatchBookmarks", "query", "boolean"),
    ("continue", "query", "string"),
    ("fieldSelector", "query", "string"),
    ("labelSelector", "query", "string"),
    ("limit", "query", "integer"),
    ("resourceVersion", "query", "string"),
    ("resourceVersionMatch", "query", "string"),
    ("sendInitialEvents", "query", "boolean"),
    ("timeoutSeconds", "query", "integer"),
    ("watch", "query", "boolean"),
];
const WRITE: &[Parameter] = &[
    ("dryRun", "query", "string"),
    ("fieldManager", "query", "string"),
    ("fieldValidation", "query", "string"),
];
const FORCE: Parameter = ("force", "query", "boolean");
const DELETE: &[Parameter] = &[
    ("dryRun", "query", "string"),
    ("gracePeriodSeconds", "query", "integer"),
    ("ignoreStoreReadErrorWithClusterBreakingPotential", "query", "boolean"),
    ("orphanDependents", "query", "boolean"),
    ("propagationPolicy", "query", "string"),
];
/// Of [`LIST`], what a deletion of many does not take.
const NOT_OF_DELETE: &[&str] = &["allowWatchBookmarks", "watch"];

const ATTACH: &[Parameter] = &[
    ("container", "query", "string"),
    ("stderr", "query", "boolean"),
    ("stdin", "query", "boolean"),
    ("stdout", "query", "boolean"),
    ("tty", "query", "boolean"),
];
const LOG: &[Parameter] = &[
    ("container", "query", "string"),
    ("follow", "query", "boolean"),
    ("insecureSkipTLSVerifyBackend", "query", "boolean"),
    ("limitBytes", "query", "integer"),
    ("previous", "query", "boolean"),
    ("sinceSeconds", "query", "integer"),
    ("stream", "query", "string"),
    ("tailLines", "query", "integer"),
    ("timestamps", "query", "boolean"),
];

const JSON: &str = "application/json";
const YAML: &str = "application/yaml";
const PROTOBUF: &str = "application/vnd.kubernetes.protobuf";
const MEDIA: &[&str] = &[JSON, YAML, PROTOBUF];
const MEDIA_AND_STREAMS: &[&str] = &[
    JSON,
    YAML,
    PROTOBUF,
    "application/json;stream=watch",
    "application/vnd.kubernetes.protobuf;stream=watch",
];
const PATCHES: &[&str] = &[
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
];

/// What a body or an answer holds.
#[derive(Clone)]
enum Content {
    /// The schema of this name.
    Named(String),
    Text,
}

/// One thing that can be asked.
struct Operation {
    method: &'static str,
    id: String,
    tag: String,
    /// `list`, and the kind it is of; nothing for documents of discovery.
    action: Option<(&'static str, Value)>,
    parameters: Vec<Parameter>,
    body: Option<(Content, &'static [&'static str], bool)>,
    answers: &'static [&'static str],
    content: Content,
    media: &'static [&'static str],
}

/// The paths of a version of a group, each with what can be asked there.
pub(super) fn of_version(speech: Speech, group: &Group, version: &Version) -> Vec<(String, Value)> {
    let names = Names::of(group.name, version.name);
    let root = match group.name {
        "" => format!("/api/{}", version.name),
        group => format!("/apis/{group}/{}", version.name),
    };
    let mut out = vec![discovery(
        speech,
        format!("{root}/"),
        format!("get{}APIResources", names.prefix),
        &names.tag,
        &meta("APIResourceList"),
    )];
    for resource in version.resources {
        Paths { speech, names: &names, root: &root, resource, out: &mut out }.all();
    }
    out
}

/// A path of discovery, which answers one document.
pub(super) fn discovery(
    speech: Speech,
    path: String,
    id: String,
    tag: &str,
    answer: &str,
) -> (String, Value) {
    let operation = Operation {
        method: "get",
        id,
        tag: tag.to_owned(),
        action: None,
        parameters: Vec::new(),
        body: None,
        answers: &["200"],
        content: Content::Named(answer.to_owned()),
        media: MEDIA,
    };
    (path, item(speech, vec![operation]))
}

/// A path that answers one JSON value.
pub(super) fn plain(
    speech: Speech,
    path: String,
    id: &str,
    tag: &str,
    answer: Option<&str>,
) -> (String, Value) {
    let operation = Operation {
        method: "get",
        id: id.to_owned(),
        tag: tag.to_owned(),
        action: None,
        parameters: Vec::new(),
        body: None,
        answers: &["200"],
        content: answer.map_or(Content::Text, |name| Content::Named(name.to_owned())),
        media: &[JSON],
    };
    (path, item(speech, vec![operation]))
}

/// How a group is called in names of operations: `RbacAuthorizationV1`, `rbacAuthorization_v1`.
pub(super) struct Names {
    pub prefix: String,
    pub tag: String,
}

impl Names {
    pub(super) fn of(group: &str, version: &str) -> Self {
        let group = match group {
            "" => "core",
            group => group.strip_suffix(".k8s.io").unwrap_or(group),
        };
        let joined: String = group.split('.').map(title).collect();
        let tag = lower(&joined);
        match version {
            "" => Self { prefix: joined, tag },
            version => Self {
                prefix: format!("{joined}{}", title(version)),
                tag: format!("{tag}_{version}"),
            },
        }
    }
}

fn title(word: &str) -> String {
    let mut rest = word.chars();
    rest.next().map_or_else(String::new, |first| first.to_uppercase().chain(rest).collect())
}

fn lower(word: &str) -> String {
    let mut rest = word.chars();
    rest.next().map_or_else(String::new, |first| first.to_lowercase().chain(rest).collect())
}

// === Of a resource ===

struct Paths<'a> {
    speech: Speech,
    names: &'a Names,
    root: &'a str,
    resource: &'a Resource,
    out: &'a mut Vec<(String, Value)>,
}

impl Paths<'_> {
    fn all(&mut self) {
        let resource = self.resource;
        let lists = resource.verbs.contains(&"list");
        let scope = if resource.namespaced { "Namespaced" } else { "" };
        let space = if resource.namespaced { "/namespaces/{namespace}" } else { "" };
        let (root, plural) = (self.root, resource.plural);
        let many = format!("{root}{space}/{plural}");
        let one = format!("{many}/{{name}}");
        self.put(many.clone(), self.collection(scope));
        self.put(one.clone(), self.object(scope));
        for part in resource.subresources {
            self.subresource(&one, scope, part);
        }
        if resource.namespaced && lists {
            let id = format!("list{}{}ForAllNamespaces", self.names.prefix, resource.kind);
            self.put(format!("{root}/{plural}"), vec![self.list(id, &[])]);
        }
        if resource.verbs.contains(&"watch") {
            let (prefix, kind) = (&self.names.prefix, resource.kind);
            let of_list = format!("watch{prefix}{scope}{kind}List");
            let of_one = format!("watch{prefix}{scope}{kind}");
            let everywhere = format!("watch{prefix}{kind}ListForAllNamespaces");
            let all = vec![self.watch(everywhere, "watchlist", &[])];
            let list = vec![self.watch(of_list, "watchlist", self.within())];
            let mut at: Vec<Parameter> = vec![NAME];
            at.extend(self.within());
            let one = vec![self.watch(of_one, "watch", &at)];
            self.put(format!("{root}/watch{space}/{plural}"), list);
            self.put(format!("{root}/watch{space}/{plural}/{{name}}"), one);
            if resource.namespaced {
                self.put(format!("{root}/watch/{plural}"), all);
            }
        }
    }

    fn put(&mut self, path: String, operations: Vec<Operation>) {
        if !operations.is_empty() {
            self.out.push((path, item(self.speech, operations)));
        }
    }

    fn within(&self) -> &'static [Parameter] {
        if self.resource.namespaced { &[NAMESPACE] } else { &[] }
    }

    fn own_kind(&self) -> Value {
        kind_of(self.resource.group, self.resource.version, self.resource.kind)
    }

    /// The schema of a kind.
    fn named(&self, group: &str, version: &str, kind: &str) -> Content {
        match api::kind(group, version, kind).or_else(|| own::kind(group, version, kind)) {
            Some(kind) => Content::Named(schema::name(kind.message)),
            None => Content::Text,
        }
    }

    fn own(&self, suffix: &str) -> Content {
        let kind = format!("{}{suffix}", self.resource.kind);
        self.named(self.resource.group, self.resource.version, &kind)
    }

    fn operation(&self, method: &'static str, action: &'static str, id: String) -> Operation {
        Operation {
            method,
            id,
            tag: self.names.tag.clone(),
            action: Some((action, self.own_kind())),
            parameters: vec![PRETTY],
            body: None,
            answers: &["200"],
            content: self.own(""),
            media: MEDIA,
        }
    }

    fn list(&self, id: String, at: &[Parameter]) -> Operation {
        let mut operation = self.operation("get", "list", id);
        operation.parameters.extend(LIST.iter().chain(at));
        operation.content = self.own("List");
        operation.media = MEDIA_AND_STREAMS;
        operation
    }

    fn watch(&self, id: String, action: &'static str, at: &[Parameter]) -> Operation {
        let mut operation = self.operation("get", action, id);
        operation.parameters.extend(LIST.iter().chain(at));
        operation.content = Content::Named(meta("WatchEvent"));
        operation.media = MEDIA_AND_STREAMS;
        operation
    }

    fn collection(&self, scope: &str) -> Vec<Operation> {
        let (prefix, kind) = (&self.names.prefix, self.resource.kind);
        let within = self.within();
        let mut out = Vec::new();
        for verb in self.resource.verbs {
            match *verb {
                "list" => out.push(self.list(format!("list{prefix}{scope}{kind}"), within)),
                "create" => {
                    let id = format!("create{prefix}{scope}{kind}");
                    let mut operation = self.operation("post", "post", id);
                    operation.parameters.extend(WRITE.iter().chain(within));
                    operation.body = Some((self.own(""), &["*/*"], true));
                    operation.answers = &["200", "201", "202"];
                    out.push(operation);
                }
                "deletecollection" => {
                    let id = format!("delete{prefix}Collection{scope}{kind}");
                    let mut operation = self.operation("delete", "deletecollection", id);
                    let listing = LIST.iter().filter(|(name, ..)| !NOT_OF_DELETE.contains(name));
                    operation.parameters.extend(listing.chain(DELETE).chain(within));
                    operation.body = Some((Content::Named(meta("DeleteOptions")), &["*/*"], false));
                    operation.content = Content::Named(meta("Status"));
                    out.push(operation);
                }
                _ => {}
            }
        }
        out
    }

    fn object(&self, scope: &str) -> Vec<Operation> {
        let resource = self.resource;
        let stem = format!("{}{scope}{}", self.names.prefix, resource.kind);
        let verbs = resource.verbs.iter();
        let mut out: Vec<Operation> = verbs
            .filter_map(|verb| self.verb(verb, &stem, self.own(""), self.own_kind()))
            .collect();
        if resource.verbs.contains(&"delete") {
            let mut operation = self.operation("delete", "delete", format!("delete{stem}"));
            operation.parameters.extend(DELETE);
            operation.body = Some((Content::Named(meta("DeleteOptions")), &["*/*"], false));
            operation.answers = &["200", "202"];
            if !DELETED_SHOWN.contains(&(resource.group, resource.plural)) {
                operation.content = Content::Named(meta("Status"));
            }
            out.push(operation);
        }
        self.at_name(&mut out);
        out
    }

    fn at_name(&self, operations: &mut [Operation]) {
        for operation in operations {
            operation.parameters.push(NAME);
            operation.parameters.extend(self.within());
        }
    }

    /// Reading, replacing and patching, of an object or a part of it.
    fn verb(&self, verb: &str, stem: &str, content: Content, kind: Value) -> Option<Operation> {
        let mut operation = match verb {
            "get" => self.operation("get", "get", format!("read{stem}")),
            "update" => {
                let mut operation = self.operation("put", "put", format!("replace{stem}"));
                operation.parameters.extend(WRITE);
                operation.body = Some((content.clone(), &["*/*"], true));
                operation.answers = &["200", "201"];
                operation
            }
            "patch" => {
                let mut operation = self.operation("patch", "patch", format!("patch{stem}"));
                operation.parameters.extend(WRITE.iter().chain([&FORCE]));
                operation.body = Some((Content::Named(meta("Patch")), PATCHES, true));
                operation.answers = &["200", "201"];
                operation
            }
            _ => return None,
        };
        operation.content = content;
        operation.action = operation.action.map(|(action, _)| (action, kind));
        Some(operation)
    }

    fn subresource(&mut self, one: &str, scope: &str, part: &Subresource) {
        let stem =
            format!("{}{scope}{}{}", self.names.prefix, self.resource.kind, title(part.name));
        let path = format!("{one}/{}", part.name);
        let kind = kind_of(part.group, part.version, part.kind);
        match part.name {
            "attach" | "exec" | "portforward" | "proxy" => {
                let stem = format!("{scope}{}{}", self.resource.kind, title(part.name));
                let connect = self.connect(part.name, &stem, "", &kind);
                self.put(path.clone(), connect);
                if part.name == "proxy" {
                    let connect = self.connect(part.name, &stem, "WithPath", &kind);
                    self.put(format!("{path}/{{path}}"), connect);
                }
                return;
            }
            _ => {}
        }
        let content = self.named(part.group, part.version, part.kind);
        let mut out = Vec::new();
        for verb in part.verbs {
            if *verb == "create" {
                let mut operation = self.operation("post", "post", format!("create{stem}"));
                operation.parameters.extend(WRITE);
                operation.body = Some((content.clone(), &["*/*"], true));
                operation.answers = &["200", "201", "202"];
                operation.content = content.clone();
                operation.action = Some(("post", kind.clone()));
                out.push(operation);
            }
            out.extend(self.verb(verb, &stem, content.clone(), kind.clone()));
        }
        if part.name == "log" {
            for operation in &mut out {
                operation.parameters.extend(LOG);
                operation.content = Content::Text;
                operation.media = &["text/plain", JSON, YAML, PROTOBUF];
            }
        }
        self.at_name(&mut out);
        self.put(path, out);
    }

    /// A way through to something that speaks for itself.
    fn connect(&self, name: &str, stem: &str, suffix: &str, kind: &Value) -> Vec<Operation> {
        let methods: &[&'static str] = match name {
            "proxy" => &["get", "put", "post", "delete", "options", "head", "patch"],
            _ => &["get", "post"],
        };
        let own: &[Parameter] = match name {
            "attach" | "exec" => ATTACH,
            "portforward" => &[("ports", "query", "integer")],
            _ => &[("path", "query", "string")],
        };
        let mut out: Vec<Operation> = methods
            .iter()
            .map(|method| {
                let prefix = &self.names.prefix;
                let id = format!("connect{prefix}{}{stem}{suffix}", title(method));
                let mut operation = self.operation(method, "connect", id);
                operation.parameters = own.to_vec();
                if name == "exec" {
                    operation.parameters.push(("command", "query", "string"));
                }
                if !suffix.is_empty() {
                    operation.parameters.push(("path", "path", "string"));
                }
                operation.action = Some(("connect", kind.clone()));
                operation.content = Content::Text;
                operation.media = &["*/*"];
                operation
            })
            .collect();
        self.at_name(&mut out);
        out
    }
}

fn kind_of(group: &str, version: &str, kind: &str) -> Value {
    json!({ "group": group, "version": version, "kind": kind })
}

// === As JSON ===

/// What can be asked at one path. Parameters that all operations take stand once, beside them.
fn item(speech: Speech, mut operations: Vec<Operation>) -> Value {
    let mut common: Vec<Parameter> =
        operations.first().map(|first| first.parameters.clone()).unwrap_or_default();
    common.retain(|parameter| operations.iter().all(|o| o.parameters.contains(parameter)));
    let mut out = Map::new();
    for operation in &mut operations {
        operation.parameters.retain(|parameter| !common.contains(parameter));
    }
    for operation in operations {
        out.insert(operation.method.into(), Value::Object(print(speech, operation)));
    }
    if !common.is_empty() {
        out.insert("parameters".into(), parameters(speech, common));
    }
    Value::Object(out)
}

fn parameters(speech: Speech, mut list: Vec<Parameter>) -> Value {
    // Of two of one name, that in the path comes first.
    list.sort_unstable();
    list.dedup();
    let printed = list.into_iter().map(|(name, place, kind)| {
        let mut out = Map::new();
        out.insert("name".into(), name.into());
        out.insert("in".into(), place.into());
        if place == "path" {
            out.insert("required".into(), true.into());
        }
        match speech {
            Speech::V3 => {
                out.insert("schema".into(), json!({ "type": kind, "uniqueItems": true }));
            }
            Speech::V2 => {
                out.insert("type".into(), kind.into());
                out.insert("uniqueItems".into(), true.into());
            }
        }
        Value::Object(out)
    });
    printed.collect()
}

fn content(speech: Speech, content: &Content) -> Value {
    match content {
        Content::Text => json!({ "type": "string" }),
        Content::Named(name) => json!({ "$ref": speech.pointer(name) }),
    }
}

fn each(media: &[&str], schema: &Value) -> Value {
    let pairs = media.iter().map(|media| ((*media).to_owned(), json!({ "schema": schema })));
    Value::Object(pairs.collect())
}

fn print(speech: Speech, operation: Operation) -> Object {
    let mut out = Map::new();
    out.insert("tags".into(), json!([operation.tag]));
    out.insert("operationId".into(), operation.id.into());
    let schema = content(speech, &operation.content);
    let mut listed = operation.parameters;
    let mut body = None;
    match (&operation.body, speech) {
        (None, _) => {}
        (Some((of, media, required)), Speech::V3) => {
            let mut printed = Map::new();
            printed.insert("content".into(), each(media, &content(speech, of)));
            if *required {
                printed.insert("required".into(), true.into());
            }
            out.insert("requestBody".into(), Value::Object(printed));
        }
        (Some((of, _, required)), Speech::V2) => {
            let mut printed = Map::new();
            printed.insert("name".into(), "body".into());
            printed.insert("in".into(), "body".into());
            if *required {
                printed.insert("required".into(), true.into());
            }
            printed.insert("schema".into(), content(speech, of));
            body = Some(Value::Object(printed));
        }
    }
    if speech == Speech::V2 {
        let consumes = operation.body.as_ref().map_or(&["*/*"][..], |(_, media, _)| media);
        out.insert("consumes".into(), consumes.into());
        out.insert("produces".into(), operation.media.into());
        out.insert("schemes".into(), json!(["https"]));
    }
    listed.sort_unstable();
    let mut printed = parameters(speech, listed);
    if let Some(list) = printed.as_array_mut() {
        if let Some(body) = body {
            list.insert(0, body);
        }
        if !list.is_empty() {
            out.insert("parameters".into(), printed);
        }
    }
    let mut responses = Map::new();
    for code in operation.answers {
        let answer = match speech {
            Speech::V3 => {
                json!({ "description": described(code), "content": each(operation.media, &schema) })
            }
            Speech::V2 => json!({ "description": described(code), "schema": schema }),
        };
        responses.insert((*code).into(), answer);
    }
    responses.insert("401".into(), json!({ "description": described("401") }));
    out.insert("responses".into(), Value::Object(responses));
    if let Some((action, kind)) = operation.action {
        out.insert("x-kubernetes-action".into(), action.into());
        out.insert("x-kubernetes-group-version-kind".into(), kind);
    }
    out
}

/// What an answer is called, which both versions demand.
fn described(code: &str) -> &'static str {
    match code {
        "200" => "OK",
        "201" => "Created",
        "202" => "Accepted",
        _ => "Unauthorized",
    }
}
