//! The cluster of a test: the objects given, its fixtures, and what its patches made of them.
//!
//! What a test makes itself is in no file. So that every origin in an answer leads to text that
//! somebody wrote, origins in made objects are led back: to the patch where it says the field, else
//! to the object that was patched; to the fixture.

use std::collections::HashMap;

use portcullis_analysis::{Answer, SideAnswer};
use portcullis_core::origin::Step as PathStep;
use portcullis_core::{Diagnostic, FieldPath, ObjectRef, Origin, Place, nearest};
use portcullis_object::{Cursor, Input, Limits, NodeKind, Object, Unreadable, load};
use portcullis_schema::resource;
use portcullis_snapshot::{Settings, Snapshot};
use serde_json::Value as Json;
use smol_str::SmolStr;

use crate::outcome::{Counterexample, Trace};
use crate::suite::{Fault, FixtureObject, Patch, Test};

/// The objects of a test at one of its steps.
pub(crate) struct World<'a> {
    test: &'a Test,
    objects: Vec<Object>,
    made: HashMap<ObjectRef, Made>,
}

/// How an object came to be that no source holds.
#[derive(Clone, Debug)]
struct Made {
    base: Base,
    /// Where the patches stand, in the order they were applied.
    patches: Vec<Origin>,
}

#[derive(Clone, Debug)]
enum Base {
    Given(Object),
    Fixture { origin: Origin, in_full: bool },
}

// === impl World ===

impl<'a> World<'a> {
    /// The objects given, with the fixtures of the test.
    pub(crate) fn new(test: &'a Test, given: impl Iterator<Item = Object>) -> (Self, Vec<Fault>) {
        let mut world = Self { test, objects: given.collect(), made: HashMap::new() };
        let faults = test.fixtures.objects.iter().filter_map(|f| world.fixture(f).err()).collect();
        (world, faults)
    }

    fn fixture(&mut self, fixture: &FixtureObject) -> Result<(), Fault> {
        let fault = |message: String| Fault::new(Place::At(fixture.origin.clone()), message);
        let object = object(&fixture.json).ok_or_else(|| fault("this is no object".into()))?;
        let reference = object.reference();
        if self.objects.iter().any(|o| o.reference() == reference) {
            return Err(fault(format!(
                "{reference} is there already: a fixture adds to the sources"
            )));
        }
        let base = Base::Fixture { origin: fixture.origin.clone(), in_full: fixture.in_full };
        let made = Made { base, patches: Vec::new() };
        self.made.insert(ObjectRef::clone(reference), made);
        self.objects.push(object);
        Ok(())
    }

    /// The snapshot, and what was found in objects that the test made.
    pub(crate) fn snapshot(
        &self,
        unreadable: &[Unreadable],
        settings: &Settings,
    ) -> (Snapshot, Vec<Diagnostic>) {
        let (snapshot, mut found) = Snapshot::build(&self.objects, unreadable, settings);
        found.retain(|diagnostic| diagnostic.origin().is_some_and(|origin| self.is_made(origin)));
        for label in found.iter_mut().flat_map(|diagnostic| &mut diagnostic.labels) {
            match &mut label.place {
                Place::At(origin) | Place::Key(origin) => self.lead_back(origin),
                Place::In(..) => {}
            }
        }
        (snapshot, found)
    }

    /// Applies a patch to the object it names.
    pub(crate) fn apply(&mut self, patch: &Patch, settings: &Settings) -> Result<(), Fault> {
        let fault = |message: String| Fault::new(Place::Key(patch.origin.clone()), message);
        let index = self.target(patch, settings)?;
        let Some(before) = self.objects.get(index).cloned() else {
            return Err(fault("it is not there".into()));
        };
        let original = in_full(&before);
        let mut json = original.clone();
        merge(&mut json, &patch.json);
        if json == original {
            return Err(fault("the patch changes nothing".into()));
        }
        let after = object(&json).filter(|after| after.reference() == before.reference());
        let Some(after) = after else {
            return Err(fault("the patch would make it another object".into()));
        };
        let reference = ObjectRef::clone(after.reference());
        let made = self
            .made
            .entry(reference)
            .or_insert_with(|| Made { base: Base::Given(before), patches: Vec::new() });
        made.patches.push(patch.origin.clone());
        if let Some(place) = self.objects.get_mut(index) {
            *place = after;
        }
        Ok(())
    }

    /// The object that a patch names, by its place in the list.
    fn target(&self, patch: &Patch, settings: &Settings) -> Result<usize, Fault> {
        let fault = |message: String| Fault::new(Place::Key(patch.origin.clone()), message);
        let parts: Vec<&str> = patch.target.split('/').collect();
        let own = self.test.namespace.as_ref().unwrap_or(&settings.default_namespace).as_str();
        let (kind, namespace, name) = match parts.as_slice() {
            [kind, name] => (*kind, own, *name),
            [kind, namespace, name] => (*kind, *namespace, *name),
            _ => {
                return Err(fault(format!("`{}` names no object", patch.target))
                    .help("write KIND/NAME or KIND/NAMESPACE/NAME"));
            }
        };
        let found: Vec<usize> = (0..self.objects.len())
            .filter(|index| {
                self.objects.get(*index).is_some_and(|object| {
                    object.name() == name
                        && is_of_kind(object, kind)
                        && lives_in(object, namespace, settings)
                })
            })
            .collect();
        let what = |index: &usize| self.objects.get(*index).map(|o| (o.group(), o.kind()));
        match found.as_slice() {
            [first, rest @ ..] if rest.iter().any(|other| what(other) != what(first)) => {
                let all: Vec<String> = found
                    .iter()
                    .filter_map(what)
                    .map(|(group, kind)| format!("{}.{group}", kind.to_lowercase()))
                    .collect();
                Err(fault(format!("`{}` could be several objects", patch.target))
                    .help(format!("say which kind: {}", all.join(", "))))
            }
            // Of two objects of one identity, the last is the one in force.
            [.., last] => Ok(*last),
            [] => {
                let all: Vec<String> = self
                    .objects
                    .iter()
                    .filter(|object| is_of_kind(object, kind))
                    .map(|object| format!("{kind}/{}", object.reference().path()))
                    .collect();
                let fault = fault(format!("there is no `{}`", patch.target));
                Err(match nearest(&patch.target, all.iter().map(String::as_str)) {
                    Some(meant) => fault.help(format!("did you mean `{meant}`?")),
                    None => fault,
                })
            }
        }
    }

    /// The service accounts there are, as namespace and name.
    pub(crate) fn accounts(&self, settings: &Settings) -> Vec<(SmolStr, SmolStr)> {
        let is_account = |o: &&Object| o.kind() == "ServiceAccount" && o.group().is_empty();
        let of = |o: &Object| {
            let namespace = o.namespace().unwrap_or(settings.default_namespace.as_str());
            (namespace.into(), o.name().into())
        };
        self.objects.iter().filter(is_account).map(of).collect()
    }

    // === Origins ===

    fn is_made(&self, origin: &Origin) -> bool {
        origin.object.as_deref().is_some_and(|object| self.made.contains_key(object))
    }

    /// Leads an origin in a made object back to what somebody wrote.
    pub(crate) fn lead_back(&self, origin: &mut Origin) {
        let Some(made) = origin.object.as_deref().and_then(|object| self.made.get(object)) else {
            return;
        };
        let steps: Vec<PathStep> = origin.path.steps().into_iter().cloned().collect();
        for patch in made.patches.iter().rev() {
            if let Some(found) = self.in_patch(patch, &steps) {
                *origin = found;
                return;
            }
        }
        *origin = match &made.base {
            Base::Given(object) => extended(object.origin(), &steps),
            Base::Fixture { origin, in_full: true } => extended(origin.clone(), &steps),
            Base::Fixture { origin, in_full: false } => origin.clone(),
        };
    }

    /// Where a patch says the field at `steps`, if it does: a map in a patch is merged and says only
    /// its entries, anything else replaces what was there with all that is in it.
    fn in_patch(&self, patch: &Origin, steps: &[PathStep]) -> Option<Origin> {
        let mut at: Cursor<'_> = self.test.object.root().at_path(&patch.path)?;
        for (i, step) in steps.iter().enumerate() {
            match (at.kind(), step) {
                (NodeKind::Map, PathStep::Field(name)) => at = at.field(name)?,
                _ => return Some(extended(at.origin(), steps.get(i..).unwrap_or_default())),
            }
        }
        (at.kind() != NodeKind::Map).then(|| at.origin())
    }

    /// As [`Self::lead_back`], for everything a counterexample tells.
    pub(crate) fn lead_back_all(&self, counterexample: &mut Counterexample) {
        match &mut counterexample.trace {
            Trace::Flow(answer) => origins(answer).for_each(|origin| self.lead_back(origin)),
            Trace::Access { reasons, .. } | Trace::Grants(reasons) => {
                let origins = reasons.iter_mut().filter_map(|reason| reason.origin.as_mut());
                origins.for_each(|origin| self.lead_back(origin));
            }
        }
    }
}

fn origins(answer: &mut Answer) -> impl Iterator<Item = &mut Origin> {
    let skipped = answer.skipped.iter_mut().filter_map(|skipped| skipped.origin.as_mut());
    let sides = answer.flows.iter_mut().flat_map(|flow| {
        let would = flow.would.iter_mut().flat_map(|w| [&mut w.egress, &mut w.ingress]);
        [&mut flow.egress, &mut flow.ingress].into_iter().chain(would)
    });
    skipped.chain(sides.flat_map(|SideAnswer { lines, decided_by, .. }| {
        let lines = lines.iter_mut().filter_map(|line| line.origin.as_mut());
        lines.chain(decided_by.iter_mut().filter_map(|by| by.origin.as_mut()))
    }))
}

fn extended(origin: Origin, steps: &[PathStep]) -> Origin {
    let path = steps.iter().fold(origin.path, |path: FieldPath, step| match step {
        PathStep::Field(name) => path.field(name.clone()),
        PathStep::Index(index) => path.index(*index),
    });
    Origin { path, ..origin }
}

// === Objects ===

/// The one object that this JSON is.
fn object(json: &Json) -> Option<Object> {
    let input = Input { name: "made".into(), bytes: json.to_string().into_bytes() };
    let mut objects = load(vec![input], &Limits::default()).objects;
    objects.pop().filter(|_| objects.is_empty())
}

/// An item of a list may leave to the list what it is.
fn in_full(object: &Object) -> Json {
    let mut json = object.root().to_json();
    if let Json::Object(fields) = &mut json {
        fields.insert("apiVersion".into(), object.api_version().into());
        fields.insert("kind".into(), object.kind().into());
    }
    json
}

/// JSON merge patch, RFC 7386 section 2.
fn merge(target: &mut Json, patch: &Json) {
    let Json::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Json::Object(serde_json::Map::new());
    }
    let Json::Object(fields) = target else { return };
    for (key, value) in patch {
        if value.is_null() {
            // The order of what stays is the order people wrote.
            fields.shift_remove(key);
        } else {
            merge(fields.entry(key.clone()).or_insert(Json::Null), value);
        }
    }
}

/// Whether an object is what people call so: `pod`, `netpol`, `gnp`, `tier.projectcalico.org`.
fn is_of_kind(object: &Object, word: &str) -> bool {
    let (word, group) = match word.split_once('.') {
        Some((word, group)) => (word, Some(group)),
        None => (word, None),
    };
    let lower = word.to_lowercase();
    group.is_none_or(|group| object.group() == group)
        && (object.kind().to_lowercase() == lower
            || resource::named(&lower)
                .any(|r| r.kind == object.kind() && r.group == object.group()))
}

fn lives_in(object: &Object, namespace: &str, settings: &Settings) -> bool {
    let known = resource::of_kind(object.group(), object.kind());
    if known.is_some_and(|r| !r.namespaced) {
        return true;
    }
    object.namespace().unwrap_or(settings.default_namespace.as_str()) == namespace
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The examples of RFC 7386, appendix A.
    #[test]
    fn patches_merge_as_the_rfc_says() {
        for (target, patch, want) in [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"})),
            (json!({"a": "b"}), json!({"a": null}), json!({})),
            (json!({"a": "b", "b": "c"}), json!({"a": null}), json!({"b": "c"})),
            (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "c"}), json!({"a": ["b"]}), json!({"a": ["b"]})),
            (
                json!({"a": {"b": "c"}}),
                json!({"a": {"b": "d", "c": null}}),
                json!({"a": {"b": "d"}}),
            ),
            (json!({"a": [{"b": "c"}]}), json!({"a": [1]}), json!({"a": [1]})),
            (json!(["a", "b"]), json!(["c", "d"]), json!(["c", "d"])),
            (json!({"a": "b"}), json!(["c"]), json!(["c"])),
            (json!({"a": "foo"}), json!(null), json!(null)),
            (json!({"e": null}), json!({"a": 1}), json!({"e": null, "a": 1})),
            (json!([1, 2]), json!({"a": "b", "c": null}), json!({"a": "b"})),
            (json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}})),
        ] {
            let mut got = target.clone();
            merge(&mut got, &patch);
            assert_eq!(got, want, "{target} patched with {patch}");
        }
    }
}
