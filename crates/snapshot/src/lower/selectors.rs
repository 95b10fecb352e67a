//! Selectors of both APIs, as selectors over the labels that endpoints and network sets inherit.
//!
//! Namespaces and service accounts hand their labels down under the prefixes `pcns.` and `pcsa.`; a
//! selector over namespaces is a selector over those (Calico: profiles `kns.*` and `ksa.*`).

use portcullis_core::{Namespace, Place, Selector};
use portcullis_object::{Cursor, NodeKind};
use smol_str::{SmolStr, format_smolstr};

use crate::codes;
use crate::findings::{Findings, beginning, ending, place_of, shown};

/// The label that holds an endpoint's namespace.
pub(crate) const NAMESPACE: &str = "projectcalico.org/namespace";
/// The label that holds a workload's orchestrator.
pub(crate) const ORCHESTRATOR: &str = "projectcalico.org/orchestrator";
/// The label that holds a pod's service account.
pub(crate) const SERVICE_ACCOUNT: &str = "projectcalico.org/serviceaccount";
/// The label that holds the name of a namespace or service account among its own labels.
pub(crate) const NAME: &str = "projectcalico.org/name";
/// The prefix of labels handed down by namespaces.
pub(crate) const OF_NAMESPACE: &str = "pcns.";
/// The prefix of labels handed down by service accounts.
pub(crate) const OF_SERVICE_ACCOUNT: &str = "pcsa.";

/// The longest selector the API accepts.
const SELECTOR_MAX_CHARS: usize = 1024;

/// Only things of this namespace.
pub(crate) fn in_namespace(namespace: &Namespace) -> Selector {
    Selector::Equals(NAMESPACE.into(), namespace.as_str().into())
}

/// Only pods of Kubernetes.
pub(crate) fn orchestrated() -> Selector {
    Selector::Equals(ORCHESTRATOR.into(), "k8s".into())
}

fn prefixed(prefix: &'static str) -> impl Fn(&str) -> SmolStr {
    move |key| format_smolstr!("{prefix}{key}")
}

/// A selector over namespaces, asked of what inherits from them.
pub(crate) fn over_namespaces(selector: &Selector) -> Selector {
    let has = Selector::Has(NAMESPACE.into());
    let none = Selector::Not(Box::new(has.clone()));
    selector.rewrite(&prefixed(OF_NAMESPACE), &has, &none)
}

/// A selector over service accounts, asked of what inherits from them.
pub(crate) fn over_service_accounts(selector: &Selector) -> Selector {
    let has = Selector::Has(SERVICE_ACCOUNT.into());
    selector.rewrite(&prefixed(OF_SERVICE_ACCOUNT), &has, &Selector::Global)
}

/// Reads a selector of Calico's language. `None` if it is absent, empty or cannot be parsed; the
/// last is found as broken.
pub(crate) fn calico(at: Cursor<'_>, field: &str, out: &mut Findings) -> Option<Selector> {
    let text = out.text(at, field)?;
    let place = place_of(at, field);
    if text.is_empty() {
        return None;
    }
    if text.chars().count() > SELECTOR_MAX_CHARS {
        let message = format!(
            "`{field}` has {} characters; at most {SELECTOR_MAX_CHARS} are accepted",
            text.chars().count()
        );
        out.refuse(codes::SELECTOR_LENGTH, place.clone(), message);
    }
    match Selector::parse(text) {
        Ok(selector) => Some(selector),
        Err(error) => {
            let upto = text.get(..error.at.start).unwrap_or(text);
            let help = if text.contains(['\n', '\r']) {
                Some(
                    "a line break is not blank here: fold the text with `>-` instead of `|`".into(),
                )
            } else if text.get(error.at.start..).is_some_and(|rest| rest.starts_with('=')) {
                Some("write `==` to compare".into())
            } else {
                None
            };
            let message = format!(
                "the selector `{}` cannot be parsed: {error} after `{}`",
                beginning(text),
                ending(upto.trim_end()),
            );
            out.broken_with(codes::SELECTOR, place, message, help);
            None
        }
    }
}

/// Refuses `global()` where it has no meaning. The API looks for the text, also inside quotes.
pub(crate) fn without_global(at: Cursor<'_>, field: &str, out: &mut Findings) {
    if let Some(text) = at.field(field).and_then(Cursor::as_str)
        && text.contains("global(")
    {
        out.refuse(
            codes::GLOBAL,
            place_of(at, field),
            format!(
                "`global()` has a meaning only in a rule's `namespaceSelector`, not in `{field}`"
            ),
        );
    }
}

/// Which keys a label selector of Kubernetes is asked about.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Over {
    /// Labels of pods.
    Pods,
    /// Labels of namespaces.
    Namespaces,
    /// Labels of the object itself.
    Own,
}

/// Lowers a label selector of Kubernetes (`matchLabels`, `matchExpressions`); an empty one selects
/// everything. What cannot be read is found as broken, and the rest is returned.
pub(crate) fn kubernetes(at: Cursor<'_>, over: Over, out: &mut Findings) -> Selector {
    let mut all = Vec::new();
    if at.kind() != NodeKind::Map {
        out.broken(
            codes::LABEL_SELECTOR,
            at.at(),
            format!("a label selector is a map, not {}", at.kind()),
        );
    }
    let mut pairs = out.pairs(at, "matchLabels");
    pairs.sort_unstable();
    for (key, value) in pairs {
        let entry = at.field("matchLabels").and_then(|m| m.field(key)).unwrap_or(at);
        label_key(key, &entry.key_place(), out);
        label_value(&value, &entry.at(), out);
        all.push(Selector::Equals(key.into(), value));
    }
    for expression in out.list(at, "matchExpressions") {
        all.extend(requirement(expression, out));
    }
    let selector = match all.len() {
        0 => Selector::All,
        1 => all.swap_remove(0),
        _ => Selector::And(all),
    };
    match over {
        Over::Pods => orchestrated().and(selector),
        Over::Namespaces => over_namespaces(&selector),
        Over::Own => selector,
    }
}

fn requirement(at: Cursor<'_>, out: &mut Findings) -> Option<Selector> {
    let key = out.text(at, "key").unwrap_or("");
    let key_place = place_of(at, "key");
    label_key(key, &key_place, out);
    let operator = out.text(at, "operator").unwrap_or("");
    let values: Vec<(&str, Cursor<'_>)> = out.texts(at, "values");
    let takes_values = matches!(operator, "In" | "NotIn");
    if takes_values && values.is_empty() {
        out.broken(
            codes::LABEL_SELECTOR,
            place_of(at, "values"),
            format!("`{operator}` needs at least one entry in `values`"),
        );
        return None;
    }
    for (value, place) in &values {
        label_value(value, &place.at(), out);
    }
    if !takes_values && !values.is_empty() && matches!(operator, "Exists" | "DoesNotExist") {
        out.refuse(
            codes::LABEL_SELECTOR,
            place_of(at, "values"),
            format!("`{operator}` takes no `values`"),
        );
    }
    let mut set: Vec<SmolStr> = values.iter().map(|(v, _)| SmolStr::from(*v)).collect();
    set.sort_unstable();
    set.dedup();
    Some(match operator {
        "In" => Selector::In(key.into(), set),
        "NotIn" => Selector::NotIn(key.into(), set),
        "Exists" => Selector::Has(key.into()),
        "DoesNotExist" => Selector::Not(Box::new(Selector::Has(key.into()))),
        _ => {
            let given = at.field("operator").map_or_else(|| "nothing".into(), shown);
            out.broken_with(
                codes::LABEL_SELECTOR,
                place_of(at, "operator"),
                format!("`{given}` is not a selector operator"),
                Some("the operators are In, NotIn, Exists and DoesNotExist".into()),
            );
            return None;
        }
    })
}

/// Refuses a key that is not a qualified name: an optional DNS prefix and `/`, then at most 63
/// letters, digits, `-`, `_`, `.` that begin and end with a letter or digit.
fn label_key(key: &str, place: &Place, out: &mut Findings) {
    let (prefix, name) = match key.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, key),
    };
    let named = !name.is_empty() && name.len() <= 63 && label_text(name);
    let prefix_ok = prefix.is_none_or(|p| p.len() <= 253 && super::name::is_subdomain(p));
    if !named || !prefix_ok {
        out.refuse(codes::LABEL_SELECTOR, place.clone(), format!("`{key}` is not a label key"));
    }
}

fn label_value(value: &str, place: &Place, out: &mut Findings) {
    if value.len() > 63 || !(value.is_empty() || label_text(value)) {
        out.refuse(codes::LABEL_SELECTOR, place.clone(), format!("`{value}` is not a label value"));
    }
}

/// Whether the text is a legal label value, or the name part of a legal key.
pub(crate) fn label_text(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    let edge = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = text.as_bytes();
    edge(bytes.first()) && edge(bytes.last()) && bytes.iter().copied().all(inner)
}
