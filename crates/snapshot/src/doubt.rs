//! What the mended form of a refused policy could say otherwise.

use portcullis_core::{Diagnostic, Step};
use portcullis_object::Object;

/// What a mended policy could say otherwise, going by where its faults are. The selectors of a
/// policy are not among it: one that cannot be read selects everything.
#[derive(Clone, Copy, Default)]
pub(crate) struct Open {
    pub(crate) directions: bool,
    pub(crate) order: bool,
    pub(crate) tier: bool,
}

impl Open {
    pub(crate) fn in_policy(object: &Object, diagnostics: &[Diagnostic]) -> Self {
        let depth = object.root().path().steps().len();
        let mut open = Self::default();
        for origin in diagnostics.iter().filter(|d| d.refuses).filter_map(Diagnostic::origin) {
            let steps = origin.path.steps();
            let mut below = steps.iter().skip(depth).map(|step| match step {
                Step::Field(name) => name.as_str(),
                Step::Index(_) => "",
            });
            let (field, inner) = match (below.next(), below.next()) {
                (Some("spec"), field) => (field, below.next()),
                _ => continue,
            };
            match (field, inner) {
                (Some("types" | "policyTypes"), _) => open.directions = true,
                (Some("ingress" | "egress"), None) => open.directions = true,
                (Some("order" | "priority"), _) => open.order = true,
                (Some("tier"), _) => open.tier = true,
                (Some("ingress" | "egress" | "subject" | "performanceHints"), _) => {}
                (Some("stagedAction" | "preDNAT" | "doNotTrack" | "applyOnForward"), _) => {}
                (Some("defaultAction"), _) => {}
                (Some(name), _) if name.ends_with("elector") => {}
                // Nothing is known of what was meant.
                (Some(_) | None, _) => {
                    open = Self { directions: true, order: true, tier: open.tier };
                }
            }
        }
        open
    }
}
