//! `portcullis rbac what`.

use portcullis_rbac::what;
use portcullis_snapshot::Settings;

use super::rbac_can::PRIVILEGED;
use super::rbac_who::doubts;
use crate::args::WhatArgs;
use crate::cluster;
use crate::exit::Exit;
use crate::render;
use crate::requester::requester;
use crate::shell::Shell;

pub(super) fn run(args: &WhatArgs, shell: &mut Shell<'_>) -> anyhow::Result<Exit> {
    let requester = requester(&args.requester)?;
    let settings = Settings { bootstrap: !args.no_bootstrap, ..cluster::settings(&args.source) };
    let cluster = cluster::open(&args.source, &settings, &args.output.look, shell)?;
    let mut held = what(cluster.snapshot.rbac(), &requester);
    if let Some(namespace) = args.source.said_namespace() {
        held.namespaces.retain(|held_in, _| held_in.as_str() == namespace);
    }
    if requester.is_privileged() {
        shell.note(&args.output.look, PRIVILEGED)?;
    }
    let skipped = doubts(&cluster.snapshot);
    let (places, unread) = (&cluster.places, cluster.unread.as_slice());
    shell.answer(
        &args.output,
        Some("items"),
        |look| render::holdings(&held, &skipped, unread, places, look),
        || render::holdings_value(&held, &skipped, unread, places),
    )?;
    let nothing = held.cluster.is_empty() && held.namespaces.is_empty();
    Ok(if nothing && !requester.is_privileged() { Exit::No } else { Exit::Yes })
}
