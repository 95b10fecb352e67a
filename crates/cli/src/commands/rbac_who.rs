//! `portcullis rbac who`.

use portcullis_core::Skipped;
use portcullis_rbac::{who, who_anywhere};
use portcullis_snapshot::{Settings, Snapshot};

use crate::args::WhoArgs;
use crate::cluster;
use crate::exit::Exit;
use crate::render;
use crate::shell::Shell;
use crate::target::{self, Words};

/// With `-n`, those who may there; with `-A`, those who may in all namespaces at once; without
/// either, those who may anywhere, and where.
pub(super) fn run(args: &WhoArgs, shell: &mut Shell<'_>) -> anyhow::Result<Exit> {
    let settings = Settings { bootstrap: !args.no_bootstrap, ..cluster::settings(&args.source) };
    let cluster = cluster::open(&args.source, &settings, &args.output.look, shell)?;
    let said = args.source.said_namespace().is_some();
    let words = Words {
        verb: &args.verb,
        resource: &args.resource,
        name: args.object.as_deref().or(args.name.as_deref()).unwrap_or_default(),
        namespace: said.then_some(&settings.default_namespace),
        namespace_said: said,
    };
    let asked = target::resolve(words, cluster.snapshot.custom_resources())?;
    for warning in &asked.warnings {
        shell.note(&args.output.look, &format!("warning: {warning}"))?;
    }
    let rules = cluster.snapshot.rbac();
    let anywhere = asked.namespaced && !said && !args.all_namespaces;
    let holders = if anywhere {
        who_anywhere(rules, words.verb, &asked.target)
    } else {
        who(rules, words.verb, &asked.target)
    };
    let skipped = doubts(&cluster.snapshot);
    let (places, unread) = (&cluster.places, cluster.unread.as_slice());
    shell.answer(
        &args.output,
        Some("items"),
        |look| render::holders(&holders, &skipped, unread, places, look),
        || render::holders_value(&holders, &skipped, unread, places),
    )?;
    Ok(if holders.is_empty() { Exit::No } else { Exit::Yes })
}

/// Roles and bindings that could add to a list.
pub(super) fn doubts(snapshot: &Snapshot) -> Vec<Skipped> {
    let doubts = snapshot.rbac_doubts().map(|doubt| Skipped {
        origin: Some(doubt.origin.clone()),
        why: format!("{} may or may not be in force: {}", doubt.what, doubt.why),
    });
    doubts.collect()
}
