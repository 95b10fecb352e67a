//! What a request asks for, as the gates see it.

use anyhow::Result;
use portcullis_apiserver::request_info::RequestInfo;
use serde_json::{Map, Value, json};

use crate::network::text;
use crate::tally::Tally;

/// A line of `requestinfo`: method and address, and what they mean. Empty fields are left out.
pub(crate) fn request(line: &Value, tally: &mut Tally<'_>) -> Result<()> {
    let ours = match RequestInfo::parse(text(line, "method")?, text(line, "url")?) {
        Ok(info) => shown(&info),
        Err(error) => json!({ "error": error.to_string() }),
    };
    let mut theirs = line.as_object().cloned().unwrap_or_default();
    theirs.retain(|name, _| !["id", "method", "url"].contains(&name.as_str()));
    let [theirs, ours] = [Value::Object(theirs), ours].map(|mut value| {
        value.sort_all_objects();
        value.to_string()
    });
    tally.case(text(line, "id")?, &theirs, &ours);
    Ok(())
}

fn shown(info: &RequestInfo) -> Value {
    let mut shown = Map::new();
    shown.insert("isResourceRequest".into(), info.is_resource.into());
    let texts = [
        ("path", info.path.as_str()),
        ("verb", &info.verb),
        ("apiPrefix", &info.api_prefix),
        ("apiGroup", &info.api_group),
        ("apiVersion", &info.api_version),
        ("namespace", &info.namespace),
        ("resource", &info.resource),
        ("subresource", &info.subresource),
        ("name", &info.name),
        ("fieldSelector", info.field_selector.as_deref().unwrap_or_default()),
        ("labelSelector", info.label_selector.as_deref().unwrap_or_default()),
    ];
    for (name, text) in texts.into_iter().filter(|(_, text)| !text.is_empty()) {
        shown.insert(name.into(), text.into());
    }
    if !info.parts.is_empty() {
        shown.insert("parts".into(), info.parts.iter().map(|part| part.as_str()).collect());
    }
    let attributes = attributes(info);
    let mut whole = Map::from_iter([("requestInfo".to_owned(), Value::Object(shown))]);
    if !attributes.is_empty() {
        whole.insert("attributes".into(), attributes.into());
    }
    whole.into()
}

/// What the authorizers are told of the selectors.
fn attributes(info: &RequestInfo) -> Map<String, Value> {
    let fields = info.field_requirements().map(|fields| {
        let requirements = fields.requirements().iter().map(|one| {
            let sign = if one.equal { "=" } else { "!=" };
            format!("{}|{sign}|{}", one.field, one.value)
        });
        requirements.collect()
    });
    let labels = info
        .label_requirements()
        .map(|labels| labels.requirements().iter().map(ToString::to_string).collect());
    let mut told = Map::new();
    tell(&mut told, "field", fields.map_err(|error| error.to_string()));
    tell(&mut told, "label", labels.map_err(|error| error.to_string()));
    told
}

fn tell(to: &mut Map<String, Value>, what: &str, requirements: Result<Vec<String>, String>) {
    match requirements {
        Ok(none) if none.is_empty() => {}
        Ok(some) => drop(to.insert(format!("{what}Requirements"), some.into())),
        Err(error) => drop(to.insert(format!("{what}SelectorError"), error.into())),
    }
}
