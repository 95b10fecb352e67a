//! Which families of addresses a service has. Clusters here have IPv4 alone.

use serde_json::{Value, json};

use super::{family_of, rule};
use crate::path::Path;
use crate::value::{copy, default_value, is_set, list, map, same, text, texts};
use crate::{FieldError, Object};

const SPEC: Path<'static> = Path::root("spec");
const OURS: &str = "IPv4";

/// Fills in the policy and the families, where nothing is wrong with what is there.
pub(super) fn fill(spec: &mut Object, before: Option<&Object>) {
    if text(spec, "type") == "ExternalName" {
        return;
    }
    fill_policy(spec, before);
    if !faults(spec, before).is_empty() {
        return;
    }
    if let Some(before) = before
        && text(spec, "ipFamilyPolicy") == "SingleStack"
    {
        for field in ["clusterIPs", "ipFamilies"] {
            let is_kept = same(spec.get(field), before.get(field));
            if let Some(items) = spec.get_mut(field).and_then(Value::as_array_mut)
                && is_kept
            {
                items.truncate(1);
            }
        }
    }
    let mut families: Vec<String> = texts(spec, "ipFamilies").map(str::to_owned).collect();
    for address in texts(spec, "clusterIPs").skip(families.len()) {
        if address == "None" {
            break;
        }
        families.push(family_of(address).to_owned());
    }
    if families.is_empty() {
        families.push(OURS.to_owned());
    }
    // A service without addresses and without pods of its own may claim both.
    if is_unselecting(spec) && families.len() == 1 && text(spec, "ipFamilyPolicy") != "SingleStack"
    {
        let is_ours = families.iter().any(|family| family == OURS);
        families.push(if is_ours { "IPv6" } else { OURS }.to_owned());
    }
    spec.insert("ipFamilies".to_owned(), json!(families));
}

fn is_unselecting(spec: &Object) -> bool {
    text(spec, "clusterIP") == "None" && map(spec, "selector").is_none_or(Object::is_empty)
}

fn fill_policy(spec: &mut Object, before: Option<&Object>) {
    if is_set(spec, "ipFamilyPolicy") {
        return;
    }
    if let Some(before) = before.filter(|before| is_set(before, "ipFamilyPolicy")) {
        copy(spec, before, "ipFamilyPolicy");
    } else {
        let both = is_unselecting(spec);
        default_value(
            spec,
            "ipFamilyPolicy",
            if both { "RequireDualStack" } else { "SingleStack" },
        );
    }
}

/// What is wrong with addresses, families and their policy: found before anything is given out.
pub(super) fn faults(spec: &Object, before: Option<&Object>) -> Vec<FieldError> {
    let mut faults = Vec::new();
    if text(spec, "type") == "ExternalName" {
        return faults;
    }
    rule::address_faults(spec, before, &mut faults);
    if !faults.is_empty() {
        return faults;
    }
    let policy = text(spec, "ipFamilyPolicy");
    let path = SPEC.field("ipFamilyPolicy");
    let mut refuse = |text: &str| faults.push(FieldError::invalid(path, policy, text));
    let count = |spec, field| list(spec, field).len();
    if let Some(before) = before.filter(|_| policy != "SingleStack") {
        for (field, what) in [("clusterIPs", "cluster IP"), ("ipFamilies", "IP family")] {
            let was_reduced = count(before, field) == 2
                && count(spec, field) == 1
                && texts(before, field).next() == texts(spec, field).next();
            if was_reduced {
                refuse(&format!("must be 'SingleStack' to release the secondary {what}"));
            }
        }
    }
    if policy == "SingleStack" {
        for (field, what) in [("clusterIPs", "cluster IPs"), ("ipFamilies", "IP families")] {
            if count(spec, field) == 2 {
                refuse(&format!(
                    "must be 'RequireDualStack' or 'PreferDualStack' when multiple {what} are \
                     specified"
                ));
            }
        }
    }
    let families = count(spec, "ipFamilies");
    let addresses = SPEC.field("clusterIPs");
    for (i, address) in texts(spec, "clusterIPs").enumerate() {
        if address == "None" {
            break;
        }
        let family = family_of(address);
        if i >= families && family != OURS {
            let shown = spec.get("clusterIPs").cloned().unwrap_or_default();
            let text = format!("{family} is not configured on this cluster");
            faults.push(FieldError::invalid(addresses.index(i), shown, text));
        }
    }
    if !faults.is_empty() || is_unselecting(spec) {
        return faults;
    }
    if policy == "RequireDualStack" {
        let text = "this cluster is not configured for dual-stack services";
        faults.push(FieldError::invalid(path, policy, text));
    }
    let path = SPEC.field("ipFamilies");
    for (i, family) in texts(spec, "ipFamilies").enumerate().filter(|(_, one)| *one != OURS) {
        let text = "not configured on this cluster";
        faults.push(FieldError::invalid(path.index(i), family, text));
    }
    faults
}
