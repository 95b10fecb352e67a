//! `portcullis rbac can`.

use std::fmt::Write as _;

use portcullis_analysis::access;
use portcullis_core::{Namespace, Skipped};
use portcullis_rbac::{Attempt, Requester, Target, rules_for};
use portcullis_snapshot::Settings;

use crate::args::CanArgs;
use crate::cluster::{self, Cluster};
use crate::exit::Exit;
use crate::render;
use crate::requester::requester;
use crate::shell::Shell;
use crate::target::{self, Asked, Words};

/// What a list of rules cannot show.
pub(super) const PRIVILEGED: &str =
    "note: members of system:masters may do everything before RBAC is asked";

pub(super) fn run(args: &CanArgs, shell: &mut Shell<'_>) -> anyhow::Result<Exit> {
    let requester = requester(&args.requester)?;
    let settings = Settings { bootstrap: !args.no_bootstrap, ..cluster::settings(&args.source) };
    let cluster = cluster::open(&args.source, &settings, &args.output.look, shell)?;
    let namespace = (!args.all_namespaces).then(|| settings.default_namespace.clone());
    if args.list {
        return list(args, &requester, namespace.as_ref(), &cluster, shell);
    }
    let words = Words {
        verb: args.verb.as_deref().unwrap_or_default(),
        resource: args.resource.as_deref().unwrap_or_default(),
        name: args.object.as_deref().or(args.name.as_deref()).unwrap_or_default(),
        namespace: namespace.as_ref(),
        namespace_said: args.source.said_namespace().is_some(),
    };
    let Asked { target, namespaced, warnings } =
        target::resolve(words, cluster.snapshot.custom_resources())?;
    for warning in &warnings {
        shell.note(&args.output.look, &format!("warning: {warning}"))?;
    }
    let sentence = sentence(&requester, words.verb, &target, namespaced);
    let attempt = Attempt { requester, verb: words.verb.into(), target };
    let mut access = access::can(&cluster.snapshot, &attempt);
    access.skipped.retain(concerns_rbac);
    let (places, unread) = (&cluster.places, cluster.unread.as_slice());
    shell.answer(
        &args.output,
        None,
        |look| render::access(&access, &sentence, places, unread, look),
        || render::access_value(&access, places, unread),
    )?;
    Ok(access.verdict.into())
}

/// Whether what was skipped could have had a say on a right.
fn concerns_rbac(skipped: &Skipped) -> bool {
    let object = skipped.origin.as_ref().and_then(|origin| origin.object.as_ref());
    object.is_some_and(|object| object.group == "rbac.authorization.k8s.io")
}

/// `jane may delete pods/exec in namespace shop`.
fn sentence(requester: &Requester, verb: &str, target: &Target, namespaced: bool) -> String {
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
                None if namespaced => " in all namespaces".to_owned(),
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
    if requester.is_privileged() {
        shell.note(&args.output.look, PRIVILEGED)?;
    }
    shell.answer(
        &args.output,
        None,
        |look| render::review(&review, &cluster.places, look),
        || render::review_value(&review, &cluster.places),
    )?;
    Ok(Exit::Yes)
}
