//! `xtask floors`: the drawing of the house, held.
//!
//! What ARCHITECTURE.md says about who may know whom is a table here, one file a kind of rule, and
//! each rule says why it exists. A room that is not built yet is simply not looked at.

use std::process::ExitCode;

use crate::members::{self, Member};
use crate::report::Report;
use crate::tree::{self, Tree};

mod absences;
mod arrows;
mod licences;
mod lints;
mod names;

/// The task.
pub fn run(_: &[String]) -> anyhow::Result<ExitCode> {
    let root = tree::root();
    let mut report = check(&members::read(&root)?, &Tree::read(&root)?);
    match members::graph(&root) {
        Ok(graph) => licences::check(&graph, &mut report),
        Err(why) => report.note(format!("licences are not looked at: {why}")),
    }
    Ok(report.finish("floors"))
}

fn check(members: &[Member], tree: &Tree) -> Report {
    let mut report = Report::default();
    arrows::check(members, &mut report);
    names::check(members, &mut report);
    absences::check(members, tree, &mut report);
    lints::check(members, tree, &mut report);
    report
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_house_stands() {
        let root = tree::root();
        let members = members::read(&root).expect("cargo names the members");
        let report = check(&members, &Tree::read(&root).expect("the sources are readable"));
        assert!(members.iter().any(|member| member.room() == "core"), "core is a member");
        assert!(report.faults.is_empty(), "\n{report}");
    }

    #[test]
    fn the_licences_of_this_build_are_ours_to_ship() {
        let graph = match members::graph(&tree::root()) {
            Ok(graph) => graph,
            // Of a lone `cargo test -p xtask`; who has built the workspace has fetched its graph.
            Err(why) => return eprintln!("SKIPPED: licences are not looked at: {why}"),
        };
        let mut report = Report::default();
        licences::check(&graph, &mut report);
        assert!(graph.len() > 1, "we are not alone in the graph");
        assert!(report.faults.is_empty(), "\n{report}");
    }
}
