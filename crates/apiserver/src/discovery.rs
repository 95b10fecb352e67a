//! What there is: the documents of discovery.

use portcullis_schema::discovery;
use ring::digest;
use serde_json::Value;

use crate::answer::{Answer, Document, written};
use crate::ask::Ask;
use crate::negotiate::{Encoding, Form};
use crate::served::Served;
use crate::status::Status;

/// The media type of the aggregated documents; clients compare its parameters.
const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// Answers a path of discovery. `parts` is the path, which is known to lead somewhere; `address` is where
/// clients find this server.
pub(crate) fn answer(
    ask: &Ask,
    parts: &[&str],
    served: Served,
    address: &str,
    form: Form,
    aggregated: bool,
) -> Result<Answer, Status> {
    let none = Status::no_such_resource;
    let groups = || served.groups().filter(|group| !group.name.is_empty());
    let core = || served.group("").ok_or_else(none);
    let document = match parts {
        ["api"] if aggregated => discovery::aggregated([core()?]),
        ["apis"] if aggregated => discovery::aggregated(groups()),
        ["api"] => discovery::core_versions(core()?, address),
        ["apis"] => discovery::groups(groups()),
        ["apis", group] => discovery::group(served.group(group).ok_or_else(none)?),
        ["api", version] => resources(served, "", version)?,
        ["apis", group, version] => resources(served, group, version)?,
        _ => return Err(none()),
    };
    let object = document.as_object().cloned().unwrap_or_default();
    let body = written(&object, form.encoding, ask.pretty());
    if !aggregated {
        let media_type = form.encoding.media_type();
        return Ok(Answer::Document(Document { code: 200, media_type, headers: Vec::new(), body }));
    }
    let etag = etag(&body);
    let mut headers = vec![
        ("Etag", etag.clone()),
        ("Vary", "Accept".to_owned()),
        ("Cache-Control", "public".to_owned()),
    ];
    if ask.if_none_match.split(',').any(|one| one.trim() == etag) {
        headers.pop();
        return Ok(Answer::Document(Document {
            code: 304,
            media_type: "",
            headers,
            body: "".into(),
        }));
    }
    let media_type =
        if form.encoding == Encoding::Json { AGGREGATED } else { form.encoding.media_type() };
    Ok(Answer::Document(Document { code: 200, media_type, headers, body }))
}

fn resources(served: Served, group: &str, version: &str) -> Result<Value, Status> {
    let version = served.version(group, version).ok_or_else(Status::no_such_resource)?;
    let group = served.group(group).ok_or_else(Status::no_such_resource)?;
    Ok(discovery::resources(group, version))
}

/// A document's digest, by which clients know it again.
pub(crate) fn etag(body: &[u8]) -> String {
    let digest = digest::digest(&digest::SHA512, body);
    let hex: String = digest.as_ref().iter().map(|byte| format!("{byte:02X}")).collect();
    format!("\"{hex}\"")
}
