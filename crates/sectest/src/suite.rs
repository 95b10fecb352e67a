//! What a test file says, before anything is judged.

use std::net::IpAddr;

use portcullis_core::{Namespace, Origin, Place};
use portcullis_object::Object;
use portcullis_snapshot::Settings;
use serde_json::Value as Json;
use smol_str::SmolStr;

use crate::claim::Claim;
use portcullis_core::Date;

/// The tests of one file, and the objects that stand beside them.
#[derive(Clone, Debug, Default)]
pub struct Suite {
    /// In the order of the file.
    pub tests: Vec<Test>,
    /// The objects of the file itself: they belong to the cluster of each of its tests.
    pub objects: Vec<Object>,
    /// What is wrong with the file as a whole.
    pub faults: Vec<Fault>,
}

/// One `SecurityTest`.
#[derive(Clone, Debug)]
pub struct Test {
    /// Its name.
    pub name: SmolStr,
    /// `metadata.tags`, for whoever runs a part of the tests.
    pub tags: Vec<SmolStr>,
    /// The document.
    pub object: Object,
    /// Where what names no namespace is looked for; none for the caller's default.
    pub namespace: Option<Namespace>,
    /// What the caller has to load.
    pub sources: Vec<SourceRef>,
    /// Objects and names that only this test has.
    pub fixtures: Fixtures,
    /// What the test says about the cluster beyond its objects.
    pub settings: Overrides,
    /// What must hold of the sources as they are.
    pub assertions: Vec<Assertion>,
    /// Changes, one upon the other, and what must hold after each.
    pub steps: Vec<Step>,
    /// What is wrong with the document, its assertions aside.
    pub faults: Vec<Fault>,
}

/// A folder, file, `-` or `git:REF:PATH`; a path is relative to the test file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceRef {
    /// As written.
    pub text: SmolStr,
    /// Where it is said.
    pub origin: Origin,
}

/// Everything the caller has to load for a suite, each source once.
pub fn sources(suite: &Suite) -> Vec<SourceRef> {
    let mut all: Vec<SourceRef> = Vec::new();
    for source in suite.tests.iter().flat_map(|test| &test.sources) {
        if !all.iter().any(|s| s.text == source.text) {
            all.push(source.clone());
        }
    }
    all
}

/// What only one test has.
#[derive(Clone, Debug, Default)]
pub struct Fixtures {
    /// Objects, as JSON, each with the place that says it.
    pub objects: Vec<FixtureObject>,
    /// Addresses by name, for `ip/NAME`.
    pub addresses: Vec<(SmolStr, IpAddr)>,
    /// Users with the groups they are in.
    pub users: Vec<(SmolStr, Vec<SmolStr>)>,
}

/// An object that only one test has.
#[derive(Clone, Debug)]
pub struct FixtureObject {
    /// The whole object.
    pub json: Json,
    /// Where it is said.
    pub origin: Origin,
    /// Whether it is written in full, so that its fields have places of their own.
    pub in_full: bool,
}

/// Settings that a test says; what it does not say is the caller's.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    pub(crate) set: Vec<Setting>,
}

#[derive(Clone, Debug)]
pub(crate) enum Setting {
    DefaultNamespace(SmolStr),
    Intake(portcullis_snapshot::Intake),
    Refused(portcullis_snapshot::Refused),
    Aggregation(portcullis_snapshot::Aggregation),
    Bootstrap(bool),
    PodNetworks(Vec<portcullis_core::Net>),
    Resolved(Vec<(SmolStr, IpAddr)>),
    Without(Vec<SmolStr>),
}

/// One thing that must hold.
#[derive(Clone, Debug)]
pub struct Assertion {
    /// Where it is said.
    pub origin: Origin,
    /// Its name, or the claim in its line form.
    pub title: String,
    /// Not judged for now.
    pub skip: Option<Skip>,
    /// Why an unknown verdict is good enough.
    pub accepts_unknown: Option<SmolStr>,
    /// Whether it may be about what is not there: that part of it then holds.
    pub allow_empty: bool,
    /// What is claimed, or what is wrong with how it is said.
    pub claim: Result<Claim, Fault>,
}

/// Why an assertion is not judged for now, and the last day of that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skip {
    /// Why.
    pub reason: SmolStr,
    /// The last day.
    pub until: Date,
}

/// A change, and what must hold after it and those before it.
#[derive(Clone, Debug)]
pub struct Step {
    /// Where it is said.
    pub origin: Origin,
    /// The changes, in order.
    pub patches: Vec<Patch>,
    /// What must hold.
    pub assertions: Vec<Assertion>,
}

/// A JSON merge patch (RFC 7386) on an object of the sources.
#[derive(Clone, Debug)]
pub struct Patch {
    /// `KIND/[NAMESPACE/]NAME`.
    pub target: SmolStr,
    /// What changes.
    pub json: Json,
    /// Where the change is said.
    pub origin: Origin,
}

/// Something that is wrong with a test file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What to underline; none for a file that says nothing at all.
    pub place: Option<Place>,
    /// One sentence for people.
    pub message: String,
    /// The next step.
    pub help: Vec<String>,
}

// === impl Overrides ===

impl Overrides {
    /// The caller's settings, with what the test says in their place.
    pub fn over(&self, settings: &Settings) -> Settings {
        let mut settings = settings.clone();
        for setting in &self.set {
            match setting.clone() {
                Setting::DefaultNamespace(name) => {
                    settings.default_namespace = Namespace::new(name)
                }
                Setting::Intake(intake) => {
                    settings.intake = portcullis_snapshot::IntakeByApi::all(intake);
                }
                Setting::Refused(refused) => settings.refused = refused,
                Setting::Aggregation(aggregation) => settings.aggregation = aggregation,
                Setting::Bootstrap(bootstrap) => settings.bootstrap = bootstrap,
                Setting::PodNetworks(nets) => settings.pod_networks = nets,
                Setting::Resolved(names) => settings.resolved = names,
                Setting::Without(kinds) => settings.without = kinds,
            }
        }
        settings
    }
}

// === impl Fault ===

impl Fault {
    pub(crate) fn new(place: Place, message: impl Into<String>) -> Self {
        Self { place: Some(place), message: message.into(), help: Vec::new() }
    }

    pub(crate) fn help(mut self, text: impl Into<String>) -> Self {
        self.help.push(text.into());
        self
    }
}

// === impl Assertion ===

impl Assertion {
    /// Every assertion of a test, those of its steps last.
    pub fn all(test: &Test) -> impl Iterator<Item = &Assertion> {
        test.assertions.iter().chain(test.steps.iter().flat_map(|step| &step.assertions))
    }
}
