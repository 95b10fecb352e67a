//! Calico's tiers.

use portcullis_core::{ObjectRef, Origin};
use portcullis_netpol::{DefaultAction, Order, Tier};
use portcullis_object::Object;

use super::cluster_network_policy::{ADMIN, BASELINE};
use super::name::{self, Form};
use crate::codes;
use crate::findings::{Findings, place_of};

/// The tier of policies that name none.
pub(crate) const DEFAULT: &str = "default";

/// The tiers that are there whether or not anybody defines them.
const BUILT_IN: [(&str, f64, DefaultAction); 3] = [
    (ADMIN, 1_000.0, DefaultAction::Pass),
    (DEFAULT, 1_000_000.0, DefaultAction::Deny),
    (BASELINE, 10_000_000.0, DefaultAction::Pass),
];

/// The order of a tier that gives none: that of the tier `default`, so that the name decides which
/// of the two comes first.
const UNORDERED: f64 = 1_000_000.0;

/// The built-in tiers.
pub(crate) fn built_in() -> impl Iterator<Item = Tier> {
    BUILT_IN.into_iter().map(|(name, order, end)| {
        let object = ObjectRef {
            group: "projectcalico.org".into(),
            kind: "Tier".into(),
            namespace: None,
            name: name.into(),
        };
        Tier::new(name, Order(Some(order)), end, Origin::built_in(object))
    })
}

pub(crate) fn lower(object: &Object, out: &mut Findings) -> Tier {
    name::check(object, Form::Label, out);
    let root = object.root();
    let spec = out.map(root, "spec");
    let order = spec.and_then(|spec| out.number(spec, "order"));
    let given = spec.and_then(|spec| out.text(spec, "defaultAction"));
    let place = |field: &str| spec.map_or_else(|| root.at(), |spec| place_of(spec, field));
    let end = match given {
        None | Some("Deny") => DefaultAction::Deny,
        Some("Pass") => DefaultAction::Pass,
        Some(other) => {
            out.refuse_with(
                codes::VALUE,
                place("defaultAction"),
                format!("`{other}` is not the default action of a tier"),
                Some("it is Deny or Pass".into()),
            );
            // Only the exact word passes; whatever else is stored denies.
            DefaultAction::Deny
        }
    };
    if let Some((_, fixed_order, fixed_end)) =
        BUILT_IN.into_iter().find(|(name, ..)| *name == object.name())
    {
        if order != Some(fixed_order) {
            let message = format!("the tier `{}` has the order {fixed_order}", object.name());
            out.refuse(codes::TIER_BUILT_IN, place("order"), message);
        }
        if end != fixed_end {
            let word = if fixed_end == DefaultAction::Pass { "Pass" } else { "Deny" };
            let message = format!("the tier `{}` has the default action {word}", object.name());
            out.refuse(codes::TIER_BUILT_IN, place("defaultAction"), message);
        }
    }
    Tier::new(object.name(), Order(Some(order.unwrap_or(UNORDERED))), end, object.origin())
}
