//! `portcullis rbac can`.

use std::fmt::Write as _;

use portcullis_analysis::access;
use portcullis_core::Namespace;
use portcullis_rbac::{Attempt, Requester, Target, rules_for};
use portcullis_snapshot::{Settings, Snapshot};

use crate::args::{CanArgs, Format};
use crate::cluster::{self, Cluster};
use crate::exit::Exit;
use crate::render;
use crate::requester::requester;
use crate::shell::Shell;
use crate::target::{self, Asked, Words};

pub(super) fn run(args: &CanArgs, shell: &mut Shell<'_>) -> anyhow::Result<Exit> {
    let requester = requester(&args.requester)?;
    let settings = Settings { bootstrap: !args.no_bootstrap, ..cluster::settings(&args.source) };
    let cluster = cluster::open(&args.source, &settings, &args.output, shell)?;
    let namespace = (!args.all_namespaces).then(|| settings.default_namespace.clone());
    if args.list {
        return list(args, &requester, namespace.as_ref(), &cluster, shell);
    }
    let words = Words {
        verb: args.verb.as_deref().unwrap_or_default(),
        resource: args.resource.as_deref().unwrap_or_default(),
        name: args.object.as_deref().or(args.name.as_deref()).unwrap_or_default(),
        namespace: namespace.as_ref(),
        namespace_said: args.source.namespace.is_some(),
    };
    let Asked { target, warnings, .. } =
        target::resolve(words, cluster.snapshot.custom_resources())?;
    if !args.output.quiet {
        for warning in &warnings {
            writeln!(shell.streams.notes, "warning: {}", render::clean(warning))?;
        }
    }
    let sentence = sentence(&requester, words.verb, &target, args.all_namespaces);
    let attempt = Attempt { requester, verb: words.verb.into(), target };
    answer(args, &cluster.snapshot, &attempt, &sentence, &cluster, shell)
}

fn answer(
    args: &CanArgs,
    snapshot: &Snapshot,
    attempt: &Attempt,
    sentence: &str,
    cluster: &Cluster,
    shell: &mut Shell<'_>,
) -> anyhow::Result<Exit> {
    let access = access::can(snapshot, attempt);
    let (sources, unread) = (&cluster.sources, cluster.unread.as_slice());
    match args.output.output {
        Format::Table | Format::Wide => {
            let look = shell.environment.data_look(&args.output);
            let text = render::access(&access, sentence, sources, unread, look);
            shell.streams.data.write_all(text.as_bytes())?;
        }
        format => {
            let value = render::access_value(&access, sources, unread);
            render::write_value(format, &value, None, shell.streams.data)?;
        }
    }
    Ok(access.verdict.into())
}

/// `jane may delete pods/exec in namespace shop`.
fn sentence(requester: &Requester, verb: &str, target: &Target, everywhere: bool) -> String {
    let mut text = format!("{} may {verb} ", requester.user);
    // Writing into a string does not fail.
    let _ = match target {
        Target::Url(url) => write!(text, "{url}"),
        Target::Resource(r) => {
            let group = if r.group.is_empty() { String::new() } else { format!(".{}", r.group) };
            let sub = if r.subresource.is_empty() { "" } else { "/" };
            let name = if r.name.is_empty() { String::new() } else { format!(" {}", r.name) };
            let scope = match &r.namespace {
                Some(namespace) => format!(" in namespace {namespace}"),
                None if everywhere => " in all namespaces".to_owned(),
                None => String::new(),
            };
            write!(text, "{}{group}{sub}{}{name}{scope}", r.resource, r.subresource)
        }
    };
    text
}

/// Every rule that counts for the requester in the namespace.
fn list(
    args: &CanArgs,
    requester: &Requester,
    namespace: Option<&Namespace>,
    cluster: &Cluster,
    shell: &mut Shell<'_>,
) -> anyhow::Result<Exit> {
    let review = rules_for(cluster.snapshot.rbac(), requester, namespace);
    if requester.is_privileged() && !args.output.quiet {
        writeln!(
            shell.streams.notes,
            "note: members of system:masters may do everything before RBAC is asked"
        )?;
    }
    match args.output.output {
        Format::Table | Format::Wide => {
            let look = shell.environment.data_look(&args.output);
            let text = render::review(&review, &cluster.sources, look);
            shell.streams.data.write_all(text.as_bytes())?;
        }
        format => {
            let value = render::review_value(&review, &cluster.sources);
            render::write_value(format, &value, None, shell.streams.data)?;
        }
    }
    Ok(Exit::Yes)
}
