//! Who owns which fields: `metadata.managedFields` of what is created and updated.

use portcullis_core::Timestamp;
use portcullis_kinds::Object;
use portcullis_schema::api;
pub(crate) use portcullis_schema::managed::keep_times;
use portcullis_schema::managed::{Manager, manager_name, reset, update};

use crate::ask::{Ask, Target};
use crate::options::WriteOptions;

/// Notes who owns the fields of a new object.
pub(crate) fn created(ask: &Ask, target: Target, options: &WriteOptions, object: &mut Object) {
    let manager = manager_name(&options.field_manager, &ask.user_agent);
    by(&manager, ask.now, target, None, object);
}

/// Notes who owns what an update changes.
pub(crate) fn updated(
    ask: &Ask,
    target: Target,
    options: &WriteOptions,
    old: &Object,
    object: &mut Object,
) {
    let manager = manager_name(&options.field_manager, &ask.user_agent);
    by(&manager, ask.now, target, Some(old), object);
}

/// Notes that a manager has made `object`, or has made it of `old`.
pub(crate) fn by(
    manager: &str,
    now: Timestamp,
    target: Target,
    old: Option<&Object>,
    object: &mut Object,
) {
    let resource = target.resource;
    // A subresource with a kind of its own, as a request for a token, is recorded as what it is.
    let (group, version, kind) = match target.subresource {
        Some(part) => (part.group, part.version, part.kind),
        None => (resource.group, resource.version, resource.kind),
    };
    let Some(known) = api::kind(group, version, kind) else { return };
    let written_as =
        if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
    let time = now.to_string();
    let by = Manager {
        name: manager,
        api_version: &written_as,
        kind,
        subresource: target.subresource_name(),
        time: &time,
    };
    update(
        known.message,
        &reset(resource.group, resource.version, resource.plural, target.subresource_name()),
        old,
        object,
        &by,
    );
}
