//! What a request asks for, read once from its method and address: gates and handlers use this
//! value, and nobody reads the path a second time.
//!
//! The law is RequestInfo of the original (`k8s.io/apiserver/pkg/endpoints/request`): which path is
//! a resource, which verb it means, and which name a field selector gives it. Authorization hangs on
//! every corner of it, so odd paths (`//`, `%2f`, `..`) are read exactly as there: the path is
//! decoded first, then trimmed of slashes, then cut; an empty part stays a part.

mod field_selector;
mod label_selector;
mod query;

use smol_str::SmolStr;

pub use field_selector::{FieldRequirement, FieldSelector, FieldSelectorError};
pub use label_selector::{LabelRequirement, LabelSelector, LabelSelectorError, Operator};
pub use query::Query;

/// Parts of a path after which no subresource is looked for: `proxy` names all that follows.
const VERB_WITHOUT_SUBRESOURCES: &str = "proxy";

/// The verbs that may stand in the path before the resource.
const VERBS_IN_PATHS: [&str; 2] = ["proxy", "watch"];

/// What may follow the name of a namespace without being a resource in it.
const NAMESPACE_SUBRESOURCES: [&str; 2] = ["status", "finalize"];

/// What one request asks for.
///
/// A text is empty where the request says nothing about it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RequestInfo {
    /// Whether it is about a resource; otherwise only `path` and `verb` mean something.
    pub is_resource: bool,
    /// The path, decoded.
    pub path: String,
    /// What is to be done: a verb of the API for resources, empty for methods it does not know;
    /// the method in lower case for other paths.
    pub verb: SmolStr,
    /// `api` or `apis`.
    pub api_prefix: SmolStr,
    /// The group; empty is the core group.
    pub api_group: SmolStr,
    /// The version.
    pub api_version: SmolStr,
    /// The namespace; of a namespace itself, its own name.
    pub namespace: SmolStr,
    /// The resource, in the plural.
    pub resource: SmolStr,
    /// The third part, as `log` or `status`.
    pub subresource: SmolStr,
    /// The name; of a list or a watch, the one its field selector asks for.
    pub name: SmolStr,
    /// The path from the resource on.
    pub parts: Vec<SmolStr>,
    /// The field selector as sent, where it counts for authorization: list, watch and
    /// deletecollection, not a watch that is named by the path.
    pub field_selector: Option<String>,
    /// The label selector as sent, where it counts for authorization.
    pub label_selector: Option<String>,
    /// The parameters after the `?`.
    pub query: Query,
}

/// Why an address means nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// `watch` or `proxy` stands where a resource should, and nothing follows.
    #[error("unable to determine kind and namespace from url, {url}")]
    NoKind {
        /// The address as sent.
        url: String,
    },
    /// A `%` without two hexadecimal digits, or bytes that are no UTF-8.
    #[error("the path cannot be decoded")]
    Undecodable,
}

// === impl RequestInfo ===

impl RequestInfo {
    /// Reads the method and the address as they stand in the request line.
    ///
    /// Methods are told by case, as HTTP says: `get` is none that the API knows.
    ///
    /// # Errors
    /// [`Error`]; the original answers both with 400 or 500, never with a resource.
    pub fn parse(method: &str, path_and_query: &str) -> Result<Self, Error> {
        let (path, query) = path_and_query.split_once('?').unwrap_or((path_and_query, ""));
        let path = query::decode_path(path).ok_or(Error::Undecodable)?;
        let mut info = Self {
            verb: method.to_ascii_lowercase().into(),
            query: Query::parse(query),
            ..Self::default()
        };
        let read = info.read_path(method, &path);
        info.path = path;
        let Some(verb_in_path) =
            read.map_err(|NoKind| Error::NoKind { url: path_and_query.into() })?
        else {
            return Ok(info);
        };
        info.name_collections();
        if !verb_in_path && matches!(info.verb.as_str(), "list" | "watch" | "deletecollection") {
            let sent =
                |key| info.query.first(key).map(str::to_owned).filter(|text| !text.is_empty());
            (info.field_selector, info.label_selector) =
                (sent("fieldSelector"), sent("labelSelector"));
        }
        Ok(info)
    }

    /// The requirements of the field selector, for the authorizers; none where there is none.
    ///
    /// # Errors
    /// The selector cannot be read. The request is then judged as if it had none.
    pub fn field_requirements(&self) -> Result<FieldSelector, FieldSelectorError> {
        FieldSelector::parse(self.field_selector.as_deref().unwrap_or_default())
    }

    /// The requirements of the label selector, for the authorizers; none where there is none.
    ///
    /// # Errors
    /// The selector cannot be read. The request is then judged as if it had none.
    pub fn label_requirements(&self) -> Result<LabelSelector, LabelSelectorError> {
        LabelSelector::parse(self.label_selector.as_deref().unwrap_or_default())
    }

    /// Reads the path. `None` where it names no resource; otherwise whether the verb stood in it.
    fn read_path(&mut self, method: &str, path: &str) -> Result<Option<bool>, NoKind> {
        let trimmed = path.trim_matches('/');
        let mut parts: &[&str] = &trimmed.split('/').collect::<Vec<_>>();
        // Discovery lives at `/api`, `/api/v1`, `/apis/apps/v1`: too short to name a resource.
        let (Some((&prefix, rest)), true) = (parts.split_first(), parts.len() >= 3) else {
            return Ok(None);
        };
        if !matches!(prefix, "api" | "apis") {
            return Ok(None);
        }
        self.api_prefix = prefix.into();
        parts = rest;
        if prefix == "apis" {
            let (Some((&group, rest)), true) = (parts.split_first(), parts.len() >= 3) else {
                return Ok(None);
            };
            self.api_group = group.into();
            parts = rest;
        }
        let Some((&version, rest)) = parts.split_first() else { return Ok(None) };
        self.is_resource = true;
        self.api_version = version.into();
        parts = rest;

        let verb_in_path = parts.first().is_some_and(|first| VERBS_IN_PATHS.contains(first));
        if verb_in_path {
            let (Some((&verb, rest)), true) = (parts.split_first(), parts.len() >= 2) else {
                return Err(NoKind);
            };
            self.verb = verb.into();
            parts = rest;
        } else {
            self.verb = SmolStr::new_static(verb_of(method));
        }
        if let ["namespaces", namespace, rest @ ..] = parts {
            self.namespace = (*namespace).into();
            if rest.first().is_some_and(|next| !NAMESPACE_SUBRESOURCES.contains(next)) {
                parts = rest;
            }
        }
        let part = |n: usize| parts.get(n).copied().map(SmolStr::new).unwrap_or_default();
        (self.resource, self.name) = (part(0), part(1));
        if self.verb != VERB_WITHOUT_SUBRESOURCES {
            self.subresource = part(2);
        }
        self.parts = parts.iter().copied().map(SmolStr::new).collect();
        Ok(Some(verb_in_path))
    }

    /// A get or delete without a name is one of a collection, and a list or watch whose field
    /// selector demands one name has that name: a rule with `resourceNames` can then allow it.
    fn name_collections(&mut self) {
        if !self.name.is_empty() {
            return;
        }
        if self.verb == "delete" {
            self.verb = SmolStr::new_static("deletecollection");
        }
        if self.verb != "get" {
            return;
        }
        let watch = self.query.flag("watch");
        self.verb = SmolStr::new_static(if watch { "watch" } else { "list" });
        // Options that cannot be decoded as a whole lose the name, never the watch.
        if let Some(name) = name_demanded(&self.query) {
            self.name = name;
        }
    }
}

/// The path stops at a verb.
struct NoKind;

fn verb_of(method: &str) -> &'static str {
    match method {
        "POST" => "create",
        "GET" | "HEAD" => "get",
        "PUT" => "update",
        "PATCH" => "patch",
        "DELETE" => "delete",
        _ => "",
    }
}

/// The one name that the options of a list ask for, if all of them can be decoded and it can stand
/// in a path.
fn name_demanded(query: &Query) -> Option<SmolStr> {
    let selector = query.first("fieldSelector")?;
    let numbers = ["limit", "timeoutSeconds"];
    if numbers.iter().any(|key| query.first(key).is_some_and(|text| text.parse::<i64>().is_err())) {
        return None;
    }
    LabelSelector::parse(query.first("labelSelector").unwrap_or_default()).ok()?;
    let fields = FieldSelector::parse(selector).ok()?;
    let name = fields.exact("metadata.name")?;
    let in_a_path = !matches!(name, "." | "..") && !name.contains(['/', '%']);
    in_a_path.then(|| name.into())
}

#[cfg(test)]
mod tests;
