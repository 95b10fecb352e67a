//! `list`: objects by selectors, a page at a time, all of one version.

use std::sync::Arc;

use portcullis_kinds::{Kind, Object};
use portcullis_schema::api::Resource;
use portcullis_store::{Entry, Error, Keys, Revision};
use serde_json::Value;

use crate::answer::{Answer, Document, Include, Listed};
use crate::ask::{Ask, Target, namespace_of};
use crate::backend::Backend;
use crate::continue_token::Continue;
use crate::negotiate::Offer;
use crate::options::ListOptions;
use crate::resource::prefix_in;
use crate::server::Server;
use crate::status::Status;
use crate::{meta, stored};

/// How many entries are looked at in one go while a selector leaves most of them out.
const BATCH: usize = 512;

/// The resources that can be selected by fields of their own. They refuse other fields in other words.
const WITH_OWN_FIELDS: [&str; 9] = [
    "certificatesigningrequests",
    "events",
    "jobs",
    "namespaces",
    "nodes",
    "pods",
    "replicationcontrollers",
    "secrets",
    "services",
];

impl<B: Backend> Server<B> {
    /// Answers with a list.
    pub(crate) async fn list(&self, ask: &Ask, target: Target) -> Result<Answer, Status> {
        let form = ask.form(Offer::Objects)?;
        let options = ListOptions::read(&ask.info.query, false)?;
        known_fields(&options, target)?;
        let include = Include::read(ask.info.query.first("includeObject"))?;
        let prefix = prefix_in(target.resource, namespace_of(&ask.info, target.resource));
        let listed = self.listed(target, &prefix, &options).await?;
        Ok(Answer::Document(Document {
            code: 200,
            media_type: form.encoding.media_type(),
            headers: Vec::new(),
            body: listed.write(form, include, ask.now, ask.pretty())?,
        }))
    }

    /// One page of the objects under a prefix.
    pub(crate) async fn listed(
        &self,
        target: Target,
        prefix: &str,
        options: &ListOptions,
    ) -> Result<Listed, Status> {
        let resource = target.resource;
        let whole = Keys::prefix(prefix.as_bytes());
        let mut at = None;
        let mut keys = whole.clone();
        if options.continue_token.is_empty() {
            if let Some(wanted) = version_of_list(&options.resource_version)? {
                self.reached(wanted).await?;
                if options.version_match == "Exact" {
                    at = Some(Revision(wanted));
                }
            }
        } else {
            if !matches!(options.resource_version.as_str(), "" | "0") {
                return Err(Status::bad_request(
                    "specifying resource version is not allowed when using continue",
                ));
            }
            let token = Continue::read(&options.continue_token)?;
            at = token.revision;
            keys = whole.starting_at(format!("{prefix}{}", token.start).as_bytes());
        }
        // A cached list has no pages in the original.
        let paged = options.limit > 0 && options.resource_version != "0";
        let limit =
            if paged { usize::try_from(options.limit).unwrap_or(usize::MAX) } else { usize::MAX };
        let selects = !options.labels.is_empty() || !options.fields.is_empty();
        let (entries, revision, rest) = if selects {
            self.selected(&keys, at, limit, target, options).await?
        } else {
            let page = self.store.range(&keys, at, limit).await;
            let page = page.map_err(|why| gone(why, &options.continue_token))?;
            (page.entries, page.revision, (page.remaining > 0).then_some(page.remaining))
        };
        let continue_token = match (rest, entries.last()) {
            (Some(_), Some(last)) => Continue::after(revision, &last.key, prefix).token(),
            _ => String::new(),
        };
        let exact = at.is_some() && options.continue_token.is_empty();
        Ok(Listed {
            resource,
            kind: target.kind,
            entries,
            revision,
            continue_token,
            remaining: rest.filter(|_| !selects),
            null_items: exact,
        })
    }

    /// A page of what selectors leave, and whether there is more.
    async fn selected(
        &self,
        keys: &Keys,
        at: Option<Revision>,
        limit: usize,
        target: Target,
        options: &ListOptions,
    ) -> Result<(Vec<Arc<Entry>>, Revision, Option<usize>), Status> {
        let mut found: Vec<Arc<Entry>> = Vec::new();
        let (mut keys, mut at) = (keys.clone(), at);
        loop {
            let page = self.store.range(&keys, at, BATCH).await;
            let page = page.map_err(|why| gone(why, &options.continue_token))?;
            // The next batch is of the same version.
            at = Some(page.revision);
            for entry in &page.entries {
                if selects(options, target.resource, target.kind, entry)? {
                    if found.len() == limit {
                        return Ok((found, page.revision, Some(1)));
                    }
                    found.push(Arc::clone(entry));
                }
            }
            match page.entries.last() {
                Some(last) if page.remaining > 0 => keys = keys.after(&last.key),
                _ => return Ok((found, page.revision, None)),
            }
        }
    }

    /// Waits until a version is reached, as long as the original does.
    pub(crate) async fn reached(&self, wanted: u64) -> Result<(), Status> {
        let current = self.store.revision().0;
        if wanted <= current {
            return Ok(());
        }
        // Nothing that this server told anybody about can lie ahead of its store, so there is nothing
        // to wait for.
        Err(Status::ahead(wanted, current))
    }
}

/// Whether an entry is selected.
pub(crate) fn selects(
    options: &ListOptions,
    resource: &Resource,
    kind: &'static dyn Kind,
    entry: &Entry,
) -> Result<bool, Status> {
    if options.labels.is_empty() && options.fields.is_empty() {
        return Ok(true);
    }
    let object = stored::read(entry).map_err(|why| Status::internal(&why.to_string()))?;
    let labels = meta::labels(&object);
    let label = |key: &str| labels.and_then(|labels| labels.get(key)).and_then(Value::as_str);
    if !options.labels.matches(label) {
        return Ok(false);
    }
    Ok(options.fields.requirements().iter().all(|term| {
        let held = match term.field.as_str() {
            "metadata.name" => Some(meta::name(&object).to_owned()),
            "metadata.namespace" if resource.namespaced => {
                Some(meta::namespace(&object).to_owned())
            }
            other => kind.selectable(&object, other),
        };
        (held.unwrap_or_default() == term.value) == term.equal
    }))
}

/// Refuses field selectors that the kind has no label for.
pub(crate) fn known_fields(options: &ListOptions, target: Target) -> Result<(), Status> {
    for term in options.fields.requirements() {
        let field = term.field.as_str();
        if matches!(field, "metadata.name" | "metadata.namespace") {
            continue;
        }
        // What an object without fields has is what any object may be asked for.
        if target.kind.selectable(&Object::new(), field).is_none() {
            let text = if WITH_OWN_FIELDS.contains(&target.resource.plural) {
                format!("field label not supported: {field}")
            } else {
                format!(
                    "{} is not a known field selector: only \"metadata.name\", \"metadata.namespace\"",
                    Value::from(field)
                )
            };
            return Err(Status::bad_request(text));
        }
    }
    Ok(())
}

/// The version that a list asks for.
fn version_of_list(text: &str) -> Result<Option<u64>, Status> {
    match text {
        "" | "0" => Ok(None),
        _ => text.parse().map(Some).map_err(|_| {
            let text = Value::from(text);
            Status::bad_request(format!(
                "invalid resource version: resourceVersion: Invalid value: {text}: strconv.ParseUint: \
                 parsing {text}: invalid syntax"
            ))
        }),
    }
}

/// What the store says of a list that it cannot give.
fn gone(why: Error, continue_token: &str) -> Status {
    match why {
        Error::Compacted { .. } if continue_token.is_empty() => {
            Status::expired("The resourceVersion for the provided list is too old.")
        }
        Error::Compacted { .. } => Status::expired(
            "The provided continue parameter is too old to display a consistent list result. You can start a \
             new list without the continue parameter.",
        ),
        Error::Future { asked, newest } => Status::ahead(asked.0, newest.0),
        other => Status::internal(&other.to_string()),
    }
}
