//! The structure of one object: whether its fields exist, and hold what they must.

use portcullis_core::{Code, Diagnostic, Fix, Place, Severity, nearest};
use portcullis_schema::{Field, Message, Type};

use crate::codes;
use crate::load::MAX_FINDINGS;
use crate::object::Object;
use crate::tree::{Cursor, NodeKind};

/// What is wrong with the structure of an object, as far as its kind is known.
///
/// For kinds that ask or answer a "may it?" a finding is an error, and refuses the object as the
/// API server does under strict field validation; for others it is a warning. So is a number or a
/// boolean that stands for text in a kind that calicoctl usually reads. A field that is null
/// counts as absent. What [`load`](crate::load()) says about an object is not said again.
pub fn check(object: &Object) -> Vec<Diagnostic> {
    let Some(message) = portcullis_schema::message(object.group(), object.version(), object.kind())
    else {
        return Vec::new();
    };
    let mut checker =
        Checker { object, judged: is_judged(object), enclosing: Vec::new(), found: Vec::new() };
    checker.message(object.root(), message);
    checker.found
}

/// Whether the kind is one that decides something.
fn is_judged(object: &Object) -> bool {
    match object.group() {
        "rbac.authorization.k8s.io"
        | "projectcalico.org"
        | "crd.projectcalico.org"
        | "policy.networking.k8s.io" => true,
        "networking.k8s.io" => object.kind() == "NetworkPolicy",
        _ => false,
    }
}

struct Checker<'a> {
    object: &'a Object,
    judged: bool,
    /// The messages around the one that is looked at, and where each stands. What it is called is
    /// only made up when somebody says it: nearly every object has nothing to say.
    enclosing: Vec<(&'static Message, Cursor<'a>)>,
    found: Vec<Diagnostic>,
}

impl<'a> Checker<'a> {
    fn say(&mut self, code: Code, place: Place, message: String) -> Option<&mut Diagnostic> {
        if self.found.len() >= MAX_FINDINGS {
            return None;
        }
        let severity = if self.judged { Severity::Error } else { Severity::Warning };
        let mut found = Diagnostic::new(code, severity, place, message);
        found.refuses = self.judged;
        self.found.push(found);
        self.found.last_mut()
    }

    fn value(&mut self, at: Cursor<'a>, kind: Type) {
        if at.is_null() || self.found.len() >= MAX_FINDINGS {
            return;
        }
        let found = at.kind();
        match (kind, found) {
            (Type::Any, _)
            | (Type::Bool, NodeKind::Bool)
            | (Type::Integer, NodeKind::Int)
            | (Type::Number, NodeKind::Int | NodeKind::Float)
            | (Type::String, NodeKind::String)
            | (Type::Quantity, NodeKind::Int | NodeKind::Float | NodeKind::String)
            | (Type::IntOrString, NodeKind::Int | NodeKind::String) => {}
            (Type::List(item), NodeKind::List) => at.items().for_each(|i| self.value(i, *item)),
            (Type::Map(item), NodeKind::Map) => {
                at.entries().for_each(|(_, value)| self.value(value, *item));
            }
            (Type::Message(message), NodeKind::Map) => self.message(at, message),
            (Type::List(_), NodeKind::Map) | (Type::Map(_) | Type::Message(_), NodeKind::List) => {
                self.map_and_list(at, kind);
            }
            _ => self.wrong_type(at, kind),
        }
    }

    /// Whether the kind is usually given to calicoctl, which knows where text is due when it turns
    /// YAML into JSON, and takes a number or boolean there as it prints.
    fn is_typed_by_client(&self) -> bool {
        self.object.group() == "projectcalico.org"
    }

    fn map_and_list(&mut self, at: Cursor<'a>, expected: Type) {
        let message = format!("`{}` must be {}, not {}", at.path(), said(expected), at.kind());
        let help = match (expected, at.len()) {
            (Type::List(_), _) => "begin each item with `- `",
            (_, 1) => "leave out the `- `",
            _ => "leave out the `- `, and write the items' fields as one map",
        };
        let place = name_place(at);
        if let Some(found) = self.say(codes::MAP_FOR_LIST, place, message) {
            found.help.push(help.to_owned());
        }
    }

    fn wrong_type(&mut self, at: Cursor<'a>, expected: Type) {
        let message = format!("`{}` must be {}, not {}", at.path(), said(expected), at.kind());
        let found = at.kind();
        let is_scalar = !matches!(found, NodeKind::Map | NodeKind::List);
        let help = match (expected, found) {
            (Type::String, NodeKind::Bool | NodeKind::Int | NodeKind::Float) => "quote it",
            (Type::IntOrString | Type::Quantity, NodeKind::Bool) => "quote it if a name is meant",
            (Type::Bool | Type::Integer | Type::Number, NodeKind::String) => {
                "leave out the quotes, if there are any"
            }
            (Type::List(_), _) if is_scalar => "make it a list: `[…]`, or `- ` before each item",
            (Type::Map(_) | Type::Message(_), _) if is_scalar => "its fields go below it, indented",
            _ => "",
        };
        let place = if is_scalar { at.at() } else { name_place(at) };
        let tolerated = is_scalar && matches!(expected, Type::String) && self.is_typed_by_client();
        let Some(found) = self.say(codes::WRONG_TYPE, place, message) else { return };
        if !help.is_empty() {
            found.help.push(help.to_owned());
        }
        if tolerated {
            found.severity = Severity::Warning;
            found.refuses = false;
            found.help.push("calicoctl reads it as text, kubectl refuses it".to_owned());
        }
    }

    fn message(&mut self, at: Cursor<'a>, message: &'static Message) {
        for (key, value) in at.entries() {
            match message.field(key) {
                Some(_) if self.names_the_object(at, key) => {}
                Some(field) => {
                    self.enclosing.push((message, at));
                    self.value(value, field.kind);
                    self.enclosing.pop();
                }
                None => self.no_such_field(key, value, message),
            }
        }
        for field in message.fields().filter(|field| field.required) {
            if at.field(field.name).is_none_or(Cursor::is_null) {
                self.missing(at, field);
            }
        }
    }

    /// The fields that `load` has read already, and judged.
    fn names_the_object(&self, at: Cursor<'a>, key: &str) -> bool {
        let root = self.object.root();
        let is_root = |of: Cursor<'a>| of.index() == root.index();
        match key {
            "apiVersion" | "kind" => is_root(at),
            "metadata" => is_root(at) && root.field(key).is_some_and(|m| m.kind() != NodeKind::Map),
            "name" | "namespace" => {
                at.key() == Some("metadata") && at.parent().is_some_and(is_root)
            }
            _ => false,
        }
    }

    fn no_such_field(&mut self, key: &'a str, value: Cursor<'a>, message: &'static Message) {
        let here = Fix { place: value.key_place(), text: String::new(), safe: false };
        let other_case = message.fields().find(|f| f.name.eq_ignore_ascii_case(key));
        if let Some(field) = other_case {
            let sentence = format!("unknown field `{}`: letter case counts", shown_path(value));
            if let Some(found) = self.say(codes::WRONG_CASE, value.key_place(), sentence) {
                found.help.push(format!("write `{}`", field.name));
                found.fix = Some(Fix { text: field.name.to_owned(), safe: true, ..here });
            }
            return;
        }
        let elsewhere = self.belongs(key, message);
        let near = nearest(key, message.fields().map(|f| f.name));
        let sentence = format!("unknown field `{}`", shown_path(value));
        let Some(found) = self.say(codes::UNKNOWN_FIELD, value.key_place(), sentence) else {
            return;
        };
        if let Some(near) = near {
            found.help.push(format!("did you mean `{near}`?"));
            found.fix = Some(Fix { text: near.to_owned(), ..here });
        } else if let Some(elsewhere) = elsewhere {
            found.help.push(elsewhere);
        }
    }

    /// Where a field belongs that is indented too deep or too little.
    fn belongs(&self, key: &str, message: &'static Message) -> Option<String> {
        if let Some((_, at)) = self.enclosing.iter().rev().find(|(m, _)| m.field(key).is_some()) {
            return Some(format!("`{key}` is a field of `{}`: check the indentation", title(*at)));
        }
        let inner: Vec<String> = message
            .fields()
            .filter(|field| {
                let mut kind = field.kind;
                while let Type::List(item) = kind {
                    kind = *item;
                }
                matches!(kind, Type::Message(inner) if inner.field(key).is_some())
            })
            .map(|field| format!("`{}`", field.name))
            .collect();
        if inner.is_empty() {
            return None;
        }
        Some(format!("`{key}` is a field of {}: check the indentation", inner.join(" and of ")))
    }

    fn missing(&mut self, at: Cursor<'a>, field: &'static Field) {
        let sentence = format!("`{}` has no `{}`, which is required", title(at), field.name);
        // Of a whole object, the kind is underlined rather than everything.
        let whole = at.index() == self.object.root().index();
        let kind = at.field("kind").filter(|_| whole);
        let place = kind.map_or_else(|| name_place(at), Cursor::at);
        self.say(codes::MISSING_FIELD, place, sentence);
    }
}

/// The key of a field, or an item of a list.
fn name_place(at: Cursor<'_>) -> Place {
    if at.key().is_some() { at.key_place() } else { at.at() }
}

/// What a node is called in a sentence: its path, or the kind of the whole object.
fn title(at: Cursor<'_>) -> String {
    if at.parent().is_none() {
        return at.field("kind").and_then(Cursor::as_str).unwrap_or("the object").to_owned();
    }
    shown_path(at)
}

fn shown_path(at: Cursor<'_>) -> String {
    /// Longer paths are cut in front: what matters is at the end.
    const MAX_CHARS: usize = 120;
    let path = at.path().to_string();
    let cut = path.chars().count().saturating_sub(MAX_CHARS);
    if cut == 0 {
        return path;
    }
    format!("…{}", path.chars().skip(cut).collect::<String>())
}

fn said(expected: Type) -> &'static str {
    match expected {
        Type::Any => "anything",
        Type::Bool => "a boolean",
        Type::Integer => "a whole number",
        Type::Number => "a number",
        Type::String => "a string",
        Type::Quantity => "a quantity",
        Type::IntOrString => "a whole number or a string",
        Type::List(_) => "a list",
        Type::Map(_) | Type::Message(_) => "a map",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Input, Limits, load};

    /// The findings of the only object: code, underlined text, sentence, help.
    fn findings(text: &str) -> Vec<String> {
        let input = Input { name: "a.yaml".into(), bytes: text.as_bytes().to_vec() };
        let loaded = load(vec![input], &Limits::default());
        assert_eq!(loaded.diagnostics, [], "{text}");
        let found = loaded.objects.iter().flat_map(check);
        found
            .map(|d| {
                let place = d.place().and_then(|p| loaded.sources.locate(p)).expect("a place");
                let underlined = &text[place.range];
                let refuses = if d.refuses { "!" } else { "?" };
                format!("{}{refuses} {underlined:?} {} ({})", d.code, d.message, d.help.join("; "))
            })
            .collect()
    }

    fn policy(spec: &str) -> String {
        let head = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: a}\n";
        format!("{head}spec:{spec}")
    }

    #[test]
    fn findings_say_what_and_where() {
        for (spec, want) in [
            (" {podSelector: {}}", vec![]),
            (" {podSelector: null, ingress: null}", vec![]),
            (
                " {podSelektor: {}}",
                vec![
                    "NP101! \"podSelektor\" unknown field `spec.podSelektor` (did you mean `podSelector`?)",
                ],
            ),
            (
                " {podselector: {}}",
                vec![
                    "NP102! \"podselector\" unknown field `spec.podselector`: letter case counts (write `podSelector`)",
                ],
            ),
            (
                " {ingress: {from: []}}",
                vec![
                    "NP103! \"ingress\" `spec.ingress` must be a list, not a map (begin each item with `- `)",
                ],
            ),
            (
                " {podSelector: [{matchLabels: {}}]}",
                vec![
                    "NP103! \"podSelector\" `spec.podSelector` must be a map, not a list (leave out the `- `)",
                ],
            ),
            (
                " {podSelector: {matchLabels: {a: 1, b: yes}}}",
                vec![
                    "NP104! \"1\" `spec.podSelector.matchLabels.a` must be a string, not a number (quote it)",
                    "NP104! \"yes\" `spec.podSelector.matchLabels.b` must be a string, not a boolean (quote it)",
                ],
            ),
            (
                " {policyTypes: Ingress}",
                vec![
                    "NP104! \"Ingress\" `spec.policyTypes` must be a list, not a string (make it a list: `[…]`, or `- ` before each item)",
                ],
            ),
            (
                "\n  ingress:\n  - from:\n    - ipBlock: {except: []}\n",
                vec![
                    "NP105! \"ipBlock\" `spec.ingress[0].from[0].ipBlock` has no `cidr`, which is required ()",
                ],
            ),
            (
                "\n  ingress:\n  - from:\n    - podSelector: {}\n      ports: []\n",
                vec![
                    "NP101! \"ports\" unknown field `spec.ingress[0].from[0].ports` (`ports` is a field of `spec.ingress[0]`: check the indentation)",
                ],
            ),
            (
                "\n  from: []\n",
                vec![
                    "NP101! \"from\" unknown field `spec.from` (`from` is a field of `ingress`: check the indentation)",
                ],
            ),
            (" {ingress: [{ports: [{port: 80}, {port: http, endPort: 90.0}]}]}", vec![]),
            (
                " {ingress: [{ports: [{port: 80.5}]}]}",
                vec![
                    "NP104! \"80.5\" `spec.ingress[0].ports[0].port` must be a whole number or a string, not a number ()",
                ],
            ),
        ] {
            assert_eq!(findings(&policy(spec)), want, "{spec}");
        }
    }

    #[test]
    fn a_field_that_belongs_elsewhere_is_told_where() {
        let policy = "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: a}\n\
                      spec: {egress: [{action: Allow, notNets: [10.0.0.0/8]}]}\n";
        assert_eq!(
            findings(policy),
            [
                "NP101! \"notNets\" unknown field `spec.egress[0].notNets` (`notNets` is a field of `destination` and of `source`: check the indentation)"
            ]
        );
    }

    #[test]
    fn calicoctl_takes_a_scalar_for_text() {
        let set = "kind: GlobalNetworkSet\nmetadata: {name: a, labels: {x: y}}\nspec: {nets: [[]]}";
        let nets = "NP104! \"[]\" `spec.nets[0]` must be a string, not a list ()";
        let label = "\"y\" `metadata.labels.x` must be a string, not a boolean (quote it";
        assert_eq!(
            findings(&format!("apiVersion: projectcalico.org/v3\n{set}")),
            [&format!("NP104? {label}; calicoctl reads it as text, kubectl refuses it)"), nets]
        );
        assert_eq!(
            findings(&format!("apiVersion: crd.projectcalico.org/v1\n{set}")),
            [&format!("NP104! {label})"), nets]
        );
    }

    #[test]
    fn other_kinds_only_warn() {
        let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a, labels: {x: 1}}\n\
                   spec: {hostnetwork: true}\nstatus: {whatever: 1}\n";
        assert_eq!(
            findings(pod),
            [
                "NP104? \"1\" `metadata.labels.x` must be a string, not a number (quote it)",
                "NP102? \"hostnetwork\" unknown field `spec.hostnetwork`: letter case counts (write `hostNetwork`)",
                "NP105? \"spec\" `spec` has no `containers`, which is required ()",
            ]
        );
        assert_eq!(findings("apiVersion: example.com/v1\nkind: Pod\nspec: 1"), [""; 0]);
    }

    #[test]
    fn roles_must_have_verbs_and_bindings_a_role() {
        let head = "apiVersion: rbac.authorization.k8s.io/v1\nmetadata: {name: a}\n";
        assert_eq!(
            findings(&format!("{head}kind: ClusterRole\nrules: [{{resources: [pods]}}]")),
            ["NP105! \"{resources: [pods]}\" `rules[0]` has no `verbs`, which is required ()"]
        );
        assert_eq!(
            findings(&format!("{head}kind: RoleBinding\nsubjects: []")),
            ["NP105! \"RoleBinding\" `RoleBinding` has no `roleRef`, which is required ()"]
        );
    }

    #[test]
    fn findings_are_bounded() {
        let fields: String = (0..1000).map(|i| format!("x{i}: 1, ")).collect();
        assert_eq!(findings(&policy(&format!(" {{{fields}}}"))).len(), MAX_FINDINGS);
    }
}
