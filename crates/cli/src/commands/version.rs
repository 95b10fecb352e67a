//! `portcullis version`.

use serde_json::json;

use crate::args::VersionArgs;
use crate::exit::Exit;
use crate::render;
use crate::shell::Shell;

/// The Kubernetes whose API, RBAC and bootstrap roles are answered for.
const KUBERNETES: &str = "1.35";
/// The Calico whose policies are answered for.
const CALICO: &str = "3.34";

pub(super) fn run(args: &VersionArgs, shell: &mut Shell<'_>) -> anyhow::Result<Exit> {
    let version = env!("CARGO_PKG_VERSION");
    let target = format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS);
    shell.answer(
        &args.output,
        None,
        |_| {
            let answers = format!("answers as Kubernetes {KUBERNETES} and Calico {CALICO}");
            format!("portcullis {version} ({target})\n{answers}\n")
        },
        || {
            json!({
                "apiVersion": render::API_VERSION,
                "version": version,
                "kubernetes": KUBERNETES,
                "calico": CALICO,
                "target": target,
            })
        },
    )?;
    Ok(Exit::Yes)
}
