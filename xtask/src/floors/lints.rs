//! That every crate is held by the lints of the workspace, `forbid(unsafe_code)` first.

use crate::members::Member;
use crate::report::Report;
use crate::tree::Tree;

const WHY: &str =
    "unsafe code is forbidden everywhere, and a crate that does not inherit the lints escapes";

pub fn check(members: &[Member], tree: &Tree, report: &mut Report) {
    let says = |path: &str, section, key, value| {
        tree.file(path).is_none_or(|manifest| holds(&manifest.text, section, key, value))
    };
    if !says("Cargo.toml", "workspace.lints.rust", "unsafe_code", "\"forbid\"") {
        report.fault(
            "Cargo.toml",
            "[workspace.lints.rust] does not say unsafe_code = \"forbid\"",
            WHY,
        );
    }
    for manifest in members.iter().map(Member::manifest) {
        if !says(&manifest, "lints", "workspace", "true") {
            report.fault(manifest, "[lints] does not say workspace = true", WHY);
        }
    }
}

/// Whether `key = value` stands in `[section]`. Manifests of ours are plain enough for that.
fn holds(manifest: &str, section: &str, key: &str, value: &str) -> bool {
    let mut inside = false;
    for line in manifest.lines().map(str::trim) {
        if let Some(header) = line.strip_prefix('[') {
            inside = header.strip_suffix(']') == Some(section);
        } else if let Some((left, right)) = line.split_once('=')
            && inside
            && left.trim() == key
            && right.trim() == value
        {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_faults(root: &str, core: &str, want: &[&str]) {
        let tree = Tree::of(&[("Cargo.toml", root), ("crates/core/Cargo.toml", core)]);
        let mut report = Report::default();
        check(&[Member::of("core", &[])], &tree, &mut report);
        let got: Vec<&str> = report.faults.iter().map(|fault| fault.at.as_str()).collect();
        assert_eq!(got, want);
    }

    const ROOT: &str = "[workspace.lints.rust]\nunsafe_code = \"forbid\"\n";
    const CORE: &str = "[package]\nname = \"x\"\n\n[lints]\nworkspace = true\n";

    #[test]
    fn the_lint_is_set_and_inherited() {
        check_faults(ROOT, CORE, &[]);
        check_faults("[workspace.lints.rust]\nunsafe_code = \"warn\"\n", CORE, &["Cargo.toml"]);
        check_faults("[lints.rust]\nunsafe_code = \"forbid\"\n", CORE, &["Cargo.toml"]);
        check_faults(ROOT, "[lints.rust]\nworkspace = true\n", &["crates/core/Cargo.toml"]);
        check_faults(ROOT, "[package]\nlints = true\n", &["crates/core/Cargo.toml"]);
    }
}
