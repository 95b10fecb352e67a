//! Who may import whom, among our own crates.

use crate::members::Member;
use crate::report::Report;

const WHY: &str = "arrows go down, never up, never sideways between engines: hand the fact in as an \
    argument, or put it one floor down (ARCHITECTURE.md). A new arrow is a commit of its own.";

/// What a room may import.
enum May {
    Only(&'static [&'static str]),
    /// It composes or drives the others. Nobody imports it.
    Anything,
}

/// The rooms, from the ground up.
const ROOMS: &[(&str, May)] = &[
    ("core", May::Only(&[])),
    ("store", May::Only(&[])),
    ("schema", May::Only(&[])),
    ("cel", May::Only(&[])),
    ("rego", May::Only(&[])),
    ("object", May::Only(&["core", "schema"])),
    ("rbac", May::Only(&["core"])),
    ("netpol", May::Only(&["core"])),
    ("admission", May::Only(&["core", "schema", "cel", "rego"])),
    ("kinds", May::Only(&["core", "schema"])),
    ("identity", May::Only(&["core"])),
    ("flow", May::Only(&["core"])),
    ("snapshot", May::Only(&["core", "object", "rbac", "netpol", "admission"])),
    ("dataplane", May::Only(&["core", "netpol", "flow"])),
    ("client", May::Only(&["core", "object"])),
    ("analysis", May::Only(&["core", "object", "snapshot", "rbac", "netpol", "admission", "flow"])),
    ("sectest", May::Only(&["core", "schema", "object", "snapshot", "rbac", "netpol", "analysis"])),
    ("lint", May::Only(&["core", "object", "schema", "snapshot", "rbac", "netpol"])),
    (
        "apiserver",
        May::Only(&[
            "core",
            "store",
            "schema",
            "object",
            "cel",
            "kinds",
            "snapshot",
            "rbac",
            "netpol",
            "admission",
            "identity",
            "flow",
            "analysis",
        ]),
    ),
    ("webhook", May::Only(&["core", "object", "snapshot", "rbac", "admission", "identity"])),
    ("agent", May::Only(&["core", "client", "snapshot", "dataplane", "flow"])),
    ("ui", May::Only(&["core", "analysis", "snapshot", "flow"])),
    ("lsp", May::Only(&["core", "object", "snapshot", "analysis"])),
    ("cli", May::Anything),
    ("conformance", May::Anything),
    // Nothing of ours: it has to build while the others do not.
    ("xtask", May::Only(&[])),
];

pub fn check(members: &[Member], report: &mut Report) {
    for member in members {
        let room = member.room();
        let Some(may) = may(room) else {
            let what =
                format!("the house has no room `{room}`: add its row to the table of arrows");
            report.fault(member.manifest(), what, WHY);
            continue;
        };
        if member.folder.starts_with("crates/") && member.package != format!("portcullis-{room}") {
            let what = format!("the package `{}` is not named after its folder", member.package);
            report.fault(member.manifest(), what, "a room has one name, wherever it is spoken of");
        }
        for to in member.needs().filter_map(|dependency| dependency.room.as_deref()) {
            if !may.allows(to) {
                report.fault(member.manifest(), format!("`{room}` may not import `{to}`"), WHY);
            }
        }
    }
}

fn may(room: &str) -> Option<&'static May> {
    ROOMS.iter().find(|(name, _)| *name == room).map(|(_, may)| may)
}

impl May {
    fn allows(&self, to: &str) -> bool {
        match self {
            May::Only(rooms) => rooms.contains(&to),
            May::Anything => matches!(may(to), Some(May::Only(_))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::members::Kind;

    fn faults(members: &[Member]) -> Vec<String> {
        let mut report = Report::default();
        check(members, &mut report);
        report.faults.into_iter().map(|fault| format!("{}: {}", fault.at, fault.what)).collect()
    }

    #[test]
    fn down_is_allowed() {
        assert!(faults(&[Member::of("rbac", &["portcullis-core", "smol_str"])]).is_empty());
        assert!(
            faults(&[Member::of("cli", &["portcullis-core", "portcullis-analysis"])]).is_empty()
        );
    }

    #[test]
    fn sideways_and_up_are_not() {
        for (room, to) in [
            ("rbac", "netpol"),
            ("netpol", "object"),
            ("core", "schema"),
            ("snapshot", "analysis"),
            ("analysis", "cli"),
            ("cli", "conformance"),
        ] {
            let member = Member::of(room, &[&format!("portcullis-{to}")]);
            let want = format!("crates/{room}/Cargo.toml: `{room}` may not import `{to}`");
            assert_eq!(faults(&[member]), [want]);
        }
    }

    #[test]
    fn tests_may_reach_further() {
        let mut member = Member::of("rbac", &["portcullis-object"]);
        assert_eq!(faults(std::slice::from_ref(&member)).len(), 1);
        member.dependencies[0].kind = Kind::Dev;
        assert!(faults(&[member]).is_empty());
    }

    #[test]
    fn a_room_is_known_and_named_after_its_folder() {
        assert_eq!(
            faults(&[Member::of("attic", &[])]),
            [
                "crates/attic/Cargo.toml: the house has no room `attic`: add its row to the table of arrows"
            ]
        );
        let mut member = Member::of("rbac", &[]);
        member.package = "rbac".into();
        assert_eq!(
            faults(&[member]),
            ["crates/rbac/Cargo.toml: the package `rbac` is not named after its folder"]
        );
    }

    #[test]
    fn the_table_draws_no_circle() {
        // Each row may only name rows above it.
        for (at, (room, may)) in ROOMS.iter().enumerate() {
            let May::Only(names) = may else { continue };
            for name in *names {
                let above = ROOMS.iter().take(at).any(|(other, _)| other == name);
                assert!(above, "`{room}` names `{name}`, which is not below it");
            }
        }
    }
}
