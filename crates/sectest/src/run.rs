//! From a suite and the objects it is about to what came of every assertion.

use portcullis_core::Place;
use portcullis_object::{Object, Unreadable};
use portcullis_snapshot::Settings;
use smol_str::SmolStr;

use crate::judge::{Court, Heard, Holds, Judged, Stop};
use crate::outcome::{Outcome, Results, Status};
use crate::read::GROUP;
use crate::suite::{Assertion, Fault, Suite, Test};
use crate::world::World;
use portcullis_core::Date;

/// What a suite is judged against.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a> {
    /// The objects of the sources; those of the test file itself come from the suite. Both must
    /// come from one [`load`](portcullis_object::load), or origins would not tell them apart.
    pub objects: &'a [Object],
    /// What of the sources could not be read.
    pub unreadable: &'a [Unreadable],
    /// What is taken to be so; tests may say otherwise.
    pub settings: &'a Settings,
    /// The day, for skips that expire.
    pub today: Date,
}

/// Judges every assertion of a suite.
///
/// Total: what cannot be judged is an outcome too.
pub fn run(suite: &Suite, given: &Given<'_>) -> Results {
    let mut results = Results::default();
    let mut heard = Heard::default();
    for fault in &suite.faults {
        results.outcomes.push(malformed("", "the file", fault));
    }
    for test in &suite.tests {
        let session = Session { test, given, results: &mut results, heard: &mut heard };
        session.run(&suite.objects);
    }
    let Heard { assumed, skipped } = heard;
    Results { assumed, skipped, ..results }
}

/// One test being run.
struct Session<'a> {
    test: &'a Test,
    given: &'a Given<'a>,
    results: &'a mut Results,
    heard: &'a mut Heard,
}

impl Session<'_> {
    fn run(mut self, beside: &[Object]) {
        self.test.faults.iter().for_each(|fault| self.fault(fault));
        let settings = self.test.settings.over(self.given.settings);
        // A folder of sources may hold the test file as well.
        let objects = self.given.objects.iter().filter(|object| object.group() != GROUP);
        let objects = objects.chain(beside).cloned();
        let (mut world, faults) = World::new(self.test, objects);
        faults.iter().for_each(|fault| self.fault(fault));
        self.assertions(&world, &settings, &self.test.assertions, "");
        let mut is_as_meant = true;
        for (index, step) in self.test.steps.iter().enumerate() {
            for patch in &step.patches {
                if let Err(fault) = world.apply(patch, &settings) {
                    self.fault(&fault);
                    is_as_meant = false;
                }
            }
            let prefix = format!("step {}: ", index + 1);
            if is_as_meant {
                self.assertions(&world, &settings, &step.assertions, &prefix);
            } else {
                self.not_judged(&step.assertions, &prefix);
            }
        }
    }

    /// In a cluster other than the one that is meant, an assertion that holds says nothing.
    fn not_judged(&mut self, assertions: &[Assertion], prefix: &str) {
        for assertion in assertions {
            let place = Place::At(assertion.origin.clone());
            let fault = Fault::new(place, "not judged, as a patch before it cannot be applied");
            let title = format!("{prefix}{}", assertion.title);
            self.results.outcomes.push(malformed(&self.test.name, &title, &fault));
        }
    }

    fn fault(&mut self, fault: &Fault) {
        self.results.outcomes.push(malformed(&self.test.name, "the test", fault));
    }

    fn assertions(
        &mut self,
        world: &World<'_>,
        settings: &Settings,
        assertions: &[Assertion],
        prefix: &str,
    ) {
        if assertions.is_empty() {
            return;
        }
        let (snapshot, found) = world.snapshot(self.given.unreadable, settings);
        for diagnostic in found {
            if !self.results.diagnostics.contains(&diagnostic) {
                self.results.diagnostics.push(diagnostic);
            }
        }
        let accounts = world.accounts(settings);
        let namespace = self.test.namespace.as_ref().unwrap_or(&settings.default_namespace);
        let court = Court {
            snapshot: &snapshot,
            namespace: namespace.as_str(),
            users: &self.test.fixtures.users,
            addresses: &self.test.fixtures.addresses,
            accounts: &accounts,
            allow_empty: false,
        };
        for assertion in assertions {
            let (mut outcome, mut heard) = self.judge(&court, assertion);
            outcome.title.insert_str(0, prefix);
            if let Some(counterexample) = &mut outcome.counterexample {
                world.lead_back_all(counterexample);
            }
            let origins = heard.skipped.iter_mut().filter_map(|skipped| skipped.origin.as_mut());
            origins.for_each(|origin| world.lead_back(origin));
            self.heard.add(&heard.assumed, &heard.skipped);
            self.results.outcomes.push(outcome);
        }
    }

    fn judge(&self, court: &Court<'_>, assertion: &Assertion) -> (Outcome, Heard) {
        let claim = match &assertion.claim {
            Ok(claim) => claim,
            Err(fault) => {
                let outcome = malformed(&self.test.name, &assertion.title, fault);
                let origin = Some(assertion.origin.clone());
                return (Outcome { origin, ..outcome }, Heard::default());
            }
        };
        let outcome = Outcome {
            origin: Some(assertion.origin.clone()),
            place: Some(Place::At(assertion.origin.clone())),
            test: self.test.name.clone(),
            title: assertion.title.clone(),
            status: Status::Pass,
            why: String::new(),
            help: Vec::new(),
            checked: 0,
            counterexample: None,
        };
        if let Some(skip) = &assertion.skip {
            let (status, why) = if self.given.today > skip.until {
                let why = format!("the skip ended on {}: {}", skip.until, skip.reason);
                (Status::Fail, why)
            } else {
                (Status::Skipped, format!("until {}: {}", skip.until, skip.reason))
            };
            return (Outcome { status, why, ..outcome }, Heard::default());
        }
        let court = Court { allow_empty: assertion.allow_empty, ..*court };
        match court.judge(claim) {
            Ok(Judged { holds, why, help, checked, counterexample, heard }) => {
                let (status, why) = match (holds, &assertion.accepts_unknown) {
                    (Holds::Yes, _) => (Status::Pass, why),
                    (Holds::No, _) => (Status::Fail, why),
                    (Holds::Unknown, None) => (Status::Unknown, why),
                    (Holds::Unknown, Some(reason)) => {
                        (Status::Pass, format!("unknown, which is accepted: {reason}"))
                    }
                };
                (Outcome { status, why, help, checked, counterexample, ..outcome }, heard)
            }
            Err(Stop { is_empty: true, message, .. }) if assertion.allow_empty => {
                let why = format!("nothing to judge, which is allowed: {message}");
                (Outcome { why, ..outcome }, Heard::default())
            }
            Err(Stop { message: why, help, .. }) => {
                (Outcome { status: Status::Malformed, why, help, ..outcome }, Heard::default())
            }
        }
    }
}

fn malformed(test: &str, title: &str, fault: &Fault) -> Outcome {
    let origin = match &fault.place {
        Some(Place::At(origin) | Place::Key(origin)) => Some(origin.clone()),
        Some(Place::In(..)) | None => None,
    };
    Outcome {
        origin,
        place: fault.place.clone(),
        test: SmolStr::from(test),
        title: title.to_owned(),
        status: Status::Malformed,
        why: fault.message.clone(),
        help: fault.help.clone(),
        checked: 0,
        counterexample: None,
    }
}
