//! The sentences of Kubernetes, letter for letter: what an API server says about a decision.
//!
//! Our own sentences are the [`Display`](std::fmt::Display) of the reasons.

use std::collections::{BTreeSet, HashSet};
use std::fmt::{self, Write as _};

use portcullis_core::Decision;
use smol_str::SmolStr;

use crate::attempt::Requester;
use crate::covers::compact;
use crate::explain::Why;
use crate::grant::Grant;
use crate::rule::Rule;
use crate::rules::{Binding, Party, Role, RoleKind, RoleRef};

/// The reason that the authorizer gives for a decision; empty where it has nothing to say.
pub fn reason(decision: &Decision<Why>) -> String {
    if let Why::Granted(grant) = decision.because.first() {
        return allowed(grant);
    }
    let missing = decision.because.iter().filter_map(|why| match why {
        Why::Dangling(dangling) => Some(not_found(&dangling.binding.role)),
        _ => None,
    });
    aggregate(missing).map(|errors| format!("RBAC: {errors}")).unwrap_or_default()
}

/// `RBAC: allowed by RoleBinding "b/ns" of Role "r" to ServiceAccount "name/ns"`.
pub fn allowed(grant: &Grant) -> String {
    let binding = &grant.binding;
    let place = |name: &SmolStr, namespace: &dyn fmt::Display| format!("{name}/{namespace}");
    let name = match &binding.namespace {
        Some(namespace) => place(&binding.name, namespace),
        None => binding.name.to_string(),
    };
    let subject = match &grant.subject.who {
        Party::ServiceAccount { namespace: Some(namespace), name } => place(name, namespace),
        other => other.name().to_string(),
    };
    format!(
        "RBAC: allowed by {} {} of {} {} to {} {}",
        binding.kind(),
        Quoted(&name),
        binding.role.kind.as_str(),
        Quoted(&binding.role.name),
        grant.subject.who.kind(),
        Quoted(&subject),
    )
}

/// `clusterrole.rbac.authorization.k8s.io "x" not found`: what the authorizer says of a reference
/// to nothing.
pub fn not_found(role: &RoleRef) -> String {
    missing(role, "clusterrole", "role")
}

/// `clusterroles.rbac.authorization.k8s.io "x" not found`: the same, said by the store, which the
/// escalation check asks.
pub fn not_found_in_store(role: &RoleRef) -> String {
    missing(role, "clusterroles", "roles")
}

fn missing(role: &RoleRef, cluster_role: &str, namespaced: &str) -> String {
    let resource = match &role.kind {
        RoleKind::ClusterRole => cluster_role,
        RoleKind::Role => namespaced,
        RoleKind::Other(kind) => {
            return format!("unsupported role reference kind: {}", Quoted(kind));
        }
    };
    format!("{resource}.rbac.authorization.k8s.io {} not found", Quoted(&role.name))
}

/// Several errors in one: each text once; brackets only if there are two or more.
pub fn aggregate(errors: impl IntoIterator<Item = String>) -> Option<String> {
    let mut seen = HashSet::new();
    let mut texts: Vec<String> = errors.into_iter().filter(|e| seen.insert(e.clone())).collect();
    if texts.len() > 1 {
        return Some(format!("[{}]", texts.join(", ")));
    }
    texts.pop()
}

/// `{APIGroups:["apps"], Resources:["deployments"], Verbs:["get" "list"]}`: a rule as the
/// escalation error lists it. Empty lists are left out.
pub fn rule(rule: &Rule) -> String {
    let lists = [
        ("APIGroups", &rule.api_groups),
        ("Resources", &rule.resources),
        ("NonResourceURLs", &rule.urls),
        ("ResourceNames", &rule.resource_names),
        ("Verbs", &rule.verbs),
    ];
    let parts: Vec<String> = lists
        .into_iter()
        .filter(|(_, list)| !list.is_empty())
        .map(|(name, list)| format!("{name}:{}", list_of(list)))
        .collect();
    format!("{{{}}}", parts.join(", "))
}

/// The lines that list what is not covered: compacted, sorted, each once.
pub fn uncovered(rules: &[Rule]) -> Vec<String> {
    let lines: BTreeSet<String> = compact(rules).iter().map(rule).collect();
    lines.into_iter().collect()
}

/// Why the requester may not create or change a role or a binding: they would give what they do
/// not have. `resolution_error` is what went wrong while finding out what they have.
pub fn escalation(
    requester: &Requester,
    missing: &[Rule],
    resolution_error: Option<&str>,
) -> String {
    let mut text = format!(
        "user {} (groups={}) is attempting to grant RBAC permissions not currently held:\n{}",
        Quoted(&requester.user),
        list_of(&requester.groups),
        uncovered(missing).join("\n"),
    );
    if let Some(error) = resolution_error {
        text.push_str(&format!("; resolution errors: [{error}]"));
    }
    text
}

/// `["a" "b"]`.
fn list_of(words: &[SmolStr]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| Quoted(word).to_string()).collect();
    format!("[{}]", quoted.join(" "))
}

/// `a, b, c`.
pub(crate) fn listed<T: fmt::Display>(
    f: &mut fmt::Formatter<'_>,
    items: impl Iterator<Item = T>,
) -> fmt::Result {
    for (i, item) in items.enumerate() {
        if i > 0 {
            f.write_str(", ")?;
        }
        write!(f, "{item}")?;
    }
    Ok(())
}

/// A text in double quotes, escaped as Go's `%q` does.
pub(crate) struct Quoted<'a>(pub &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for c in self.0.chars() {
            match c {
                '"' | '\\' => write!(f, "\\{c}")?,
                '\u{7}' => f.write_str("\\a")?,
                '\u{8}' => f.write_str("\\b")?,
                '\u{c}' => f.write_str("\\f")?,
                '\n' => f.write_str("\\n")?,
                '\r' => f.write_str("\\r")?,
                '\t' => f.write_str("\\t")?,
                '\u{b}' => f.write_str("\\v")?,
                c if is_shown(c) => f.write_char(c)?,
                c if u32::from(c) < 0x80 => write!(f, "\\x{:02x}", u32::from(c))?,
                c if u32::from(c) < 0x1_0000 => write!(f, "\\u{:04x}", u32::from(c))?,
                c => write!(f, "\\U{:08x}", u32::from(c))?,
            }
        }
        f.write_char('"')
    }
}

/// Whether Go prints the character as it is: no control, no space but the ASCII one, no invisible
/// format character, nothing for private use. (Of unassigned code points we know nothing: they are
/// taken to be printable, and no name of an API object holds one.)
fn is_shown(c: char) -> bool {
    let invisible = matches!(c,
        '\u{ad}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{180e}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{e000}'..='\u{f8ff}' | '\u{feff}' | '\u{fff9}'..='\u{ffff}'
        | '\u{e0000}'..='\u{10ffff}');
    c == ' ' || c == '\u{fffd}' || !(c.is_control() || c.is_whitespace() || invisible)
}

// === Our own short names of things ===

/// `RoleBinding namespace/name`.
impl fmt::Display for Binding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        named(f, self.kind(), self.namespace.as_ref(), &self.name)
    }
}

/// `ClusterRole name`.
impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        named(f, self.kind(), self.namespace.as_ref(), &self.name)
    }
}

/// `Role name`.
impl fmt::Display for RoleRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.as_str(), self.name)
    }
}

/// `Group devs`, `ServiceAccount shop/cart`.
impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let namespace = match self {
            Self::ServiceAccount { namespace, .. } => namespace.as_ref(),
            _ => None,
        };
        named(f, self.kind(), namespace, self.name())
    }
}

fn named(
    f: &mut fmt::Formatter<'_>,
    kind: &str,
    namespace: Option<&portcullis_core::Namespace>,
    name: &str,
) -> fmt::Result {
    match namespace {
        Some(namespace) => write!(f, "{kind} {namespace}/{name}"),
        None => write!(f, "{kind} {name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn texts_are_quoted_as_go_does() {
        for (text, want) in [
            ("plain é", r#""plain é""#),
            ("a\"b\\c", r#""a\"b\\c""#),
            ("\u{7}\n\u{1}\u{7f}", r#""\a\n\x01\x7f""#),
            ("\u{a0}\u{200b}\u{feff}", r#""\u00a0\u200b\ufeff""#),
            ("\u{e0001}", r#""\U000e0001""#),
        ] {
            assert_eq!(Quoted(text).to_string(), want);
        }
    }

    #[test]
    fn an_error_met_twice_is_said_once() {
        let errors = |list: &[&str]| aggregate(list.iter().map(|e| (*e).to_owned()));
        assert_eq!(errors(&[]), None);
        assert_eq!(errors(&["a", "a"]).as_deref(), Some("a"));
        assert_eq!(errors(&["b", "a", "b"]).as_deref(), Some("[b, a]"));
    }

    #[test]
    fn an_escalation_names_the_requester_and_what_is_missing() {
        let missing = [testing::rule("list - pods"), testing::rule("get - pods")];
        assert_eq!(
            escalation(
                &testing::requester("jane,a,b"),
                &missing,
                Some("[x not found, y not found]")
            ),
            "user \"jane\" (groups=[\"a\" \"b\"]) is attempting to grant RBAC permissions not \
             currently held:\n{APIGroups:[\"\"], Resources:[\"pods\"], Verbs:[\"list\" \"get\"]}; \
             resolution errors: [[x not found, y not found]]"
        );
    }
}
