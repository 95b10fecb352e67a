//! That everything compiled in may be shipped, and what is compiled in twice.

use std::collections::BTreeMap;

use crate::members::Package;
use crate::report::Report;

/// What may be shipped under Apache-2.0. Keep in step with deny.toml.
const LICENCES: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

const WHY: &str = "what we ship is under Apache-2.0, and so must be free to ship with it";

pub fn check(graph: &[Package], report: &mut Report) {
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for package in graph {
        let Package { name, version, licence } = package;
        versions.entry(name).or_default().push(version);
        match licence {
            None => report.fault(format!("{name} {version}"), "names no licence", WHY),
            Some(licence) if !may_ship(licence) => {
                report.fault(
                    format!("{name} {version}"),
                    format!("has the licence {licence}"),
                    WHY,
                );
            }
            Some(_) => {}
        }
    }
    for (name, versions) in versions.iter().filter(|(_, versions)| versions.len() > 1) {
        report.note(format!(
            "`{name}` is compiled in more than one version: {}",
            versions.join(", ")
        ));
    }
}

/// Whether a licence expression (SPDX, or the older `A/B`) leaves us a choice that we may ship.
///
/// `AND` binds closer than `OR`, and an exception belongs to the licence before it. Parentheses
/// are undone from the inside; what is left unread is refused.
fn may_ship(expression: &str) -> bool {
    let mut text = expression.replace('/', " OR ");
    while let Some(close) = text.find(')') {
        let Some(open) = text.get(..close).and_then(|before| before.rfind('(')) else {
            return false;
        };
        let inside = text.get(open + 1..close).unwrap_or_default();
        let answer = if alternatives(inside) { "MIT" } else { "no" };
        text.replace_range(open..=close, answer);
    }
    alternatives(&text)
}

fn alternatives(expression: &str) -> bool {
    expression
        .split(" OR ")
        .any(|choice| choice.split(" AND ").all(|one| LICENCES.contains(&one.trim())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_read_as_spdx_has_them() {
        for (expression, want) in [
            ("MIT", true),
            ("MIT/Apache-2.0", true),
            ("GPL-3.0-only", false),
            ("GPL-3.0-only OR MIT", true),
            ("GPL-3.0-only AND MIT", false),
            ("GPL-3.0-only AND MIT OR ISC", true),
            ("(MIT OR Apache-2.0) AND Unicode-3.0", true),
            ("(MIT OR Apache-2.0) AND GPL-2.0-only", false),
            ("((GPL-2.0-only AND MIT) OR (MIT AND ISC)) AND Zlib", true),
            ("Apache-2.0 WITH LLVM-exception OR GPL-2.0-only", true),
            ("MIT)", false),
            ("", false),
        ] {
            assert_eq!(may_ship(expression), want, "{expression}");
        }
    }

    #[test]
    fn what_cannot_be_shipped_is_a_fault_and_what_is_there_twice_a_note() {
        let package = |name: &str, version: &str, licence: Option<&str>| Package {
            name: name.into(),
            version: version.into(),
            licence: licence.map(str::to_owned),
        };
        let mut report = Report::default();
        let graph = [
            package("a", "1.0.0", Some("MIT")),
            package("a", "2.0.0", Some("MIT")),
            package("b", "1.0.0", Some("GPL-3.0-only")),
            package("c", "1.0.0", None),
        ];
        check(&graph, &mut report);
        let faults: Vec<&str> = report.faults.iter().map(|fault| fault.at.as_str()).collect();
        assert_eq!(faults, ["b 1.0.0", "c 1.0.0"]);
        assert_eq!(report.notes, ["`a` is compiled in more than one version: 1.0.0, 2.0.0"]);
    }
}
