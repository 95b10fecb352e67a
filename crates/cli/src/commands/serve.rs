//! `portcullis serve`: an API server that kubectl uses as it is.

use std::path::{Path, PathBuf};
use std::time::Instant;

use portcullis_apiserver::config::{Config, ServiceAccounts, TlsFiles};
use portcullis_apiserver::data_dir::Reload;
use portcullis_apiserver::http::{Drained, Limits};
use portcullis_apiserver::run::{self, Notice};
use portcullis_object::Input;

use crate::args::ServeArgs;
use crate::exit::Exit;
use crate::shell::Shell;
use crate::{cluster, source};

/// The data directory, if none is named.
const DATA_DIR: &str = ".portcullis";

pub(super) fn run(args: &ServeArgs, shell: &mut Shell<'_>) -> anyhow::Result<Exit> {
    let begun = Instant::now();
    let manifests = manifests(args, shell)?;
    let config = config(args, manifests);
    let drained = run::run(&config, &mut |notice| {
        for line in told(&notice, begun) {
            // Who does not read the notes is served all the same.
            let _ = shell.note(&args.look, &line);
        }
    })?;
    if drained == Drained::Some {
        shell.note(&args.look, "some requests were still under way and have been cut off")?;
    }
    Ok(Exit::Yes)
}

fn config(args: &ServeArgs, manifests: Vec<Input>) -> Config {
    let data_dir = args.data_dir.clone();
    let usual = || (!args.ephemeral).then(|| PathBuf::from(DATA_DIR));
    let files = args.tls_cert_file.clone().zip(args.tls_private_key_file.clone());
    // As the original has it, none at all is no limit.
    let limit = |number: usize| if number == 0 { usize::MAX } else { number };
    Config {
        data_dir: data_dir.or_else(usual),
        ephemeral: args.ephemeral,
        bind: args.bind,
        kubeconfig_out: args.kubeconfig_out.clone(),
        manifests,
        manifest_limits: args.read.limits(),
        history_retention: args.history_retention,
        api_groups: args.api_groups,
        emulate: args.emulate,
        controllers: args.controllers.clone(),
        anonymous_auth: args.anonymous_auth,
        client_ca_file: args.client_ca_file.clone(),
        token_auth_file: args.token_auth_file.clone(),
        service_account: ServiceAccounts {
            issuers: args.service_account_issuer.clone(),
            api_audiences: args.api_audiences.clone(),
            signing_key_file: args.service_account_signing_key_file.clone(),
            key_files: args.service_account_key_file.clone(),
        },
        tls: files.map(|(certificate, key)| TlsFiles { certificate, key }),
        service_cluster_ip_range: args.service_cluster_ip_range,
        service_node_port_range: args.service_node_port_range,
        limits: Limits {
            connections: limit(args.max_connections),
            reads: limit(args.max_requests_inflight),
            writes: limit(args.max_mutating_requests_inflight),
            ..Limits::default()
        },
    }
}

/// What `-f` names. A server that begins with half of it would mislead: everything has to be there.
fn manifests(args: &ServeArgs, shell: &mut Shell<'_>) -> anyhow::Result<Vec<Input>> {
    if args.files.is_empty() {
        return Ok(Vec::new());
    }
    let gathered = source::gather(&args.files, shell.streams.input, &args.read.limits());
    if gathered.inputs.is_empty() || !gathered.problems.is_empty() {
        return Err(cluster::nothing(&args.files, &gathered.problems).into());
    }
    Ok(gathered.inputs)
}

/// What is said about it, line by line.
fn told(notice: &Notice, begun: Instant) -> Vec<String> {
    let line = match notice {
        Notice::Ready(ready) => {
            let ready_in = format!("ready in {} ms", begun.elapsed().as_millis());
            return vec![format!("export KUBECONFIG={}", quoted(&ready.kubeconfig)), ready_in];
        }
        Notice::Warned(warned) => format!("warning: {}: {}", warned.place, warned.message),
        Notice::Reload(Reload::Done) => "keys, certificates and tokens were read again".to_owned(),
        Notice::Reload(Reload::Failed(error)) => {
            format!("warning: what was read before goes on to count: {}", causes(error))
        }
        Notice::Stopping => "stopping".to_owned(),
    };
    vec![line]
}

/// An error with what caused it, on one line.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

/// A path as a shell takes it, from wherever it is typed.
fn quoted(path: &Path) -> String {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let text = absolute.to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@%,=".contains(c);
    if text.chars().all(plain) {
        return text.into_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_can_be_pasted_into_a_shell() {
        assert_eq!(quoted(Path::new("/a/b.c")), "/a/b.c");
        assert_eq!(quoted(Path::new("/a b/it's")), "'/a b/it'\\''s'");
        assert!(quoted(Path::new("x")).starts_with('/'));
    }
}
