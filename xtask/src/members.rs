//! The crates of the workspace and what they depend on, as `cargo metadata` tells it.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};
use serde_json::Value;

/// A crate of the workspace.
pub struct Member {
    /// Its package name: `portcullis-core`.
    pub package: String,
    /// Its folder from the root of the repository: `crates/core`.
    pub folder: String,
    pub dependencies: Vec<Dependency>,
}

/// One line of a member's `[dependencies]`, optional ones included.
pub struct Dependency {
    pub name: String,
    pub kind: Kind,
    /// The room it leads to, where it is a crate of the workspace.
    pub room: Option<String>,
}

/// What a dependency is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Normal,
    Build,
    Dev,
}

/// A crate of the whole graph, ours or not.
pub struct Package {
    pub name: String,
    pub version: String,
    pub licence: Option<String>,
}

// === impl Member ===

impl Member {
    /// What the house calls it: the name of its folder.
    pub fn room(&self) -> &str {
        self.folder.rsplit('/').next().unwrap_or(&self.folder)
    }

    pub fn manifest(&self) -> String {
        format!("{}/Cargo.toml", self.folder)
    }

    /// What it needs to be built. Tests may reach further: a corpus or a slow twin is not an arrow.
    pub fn needs(&self) -> impl Iterator<Item = &Dependency> {
        self.dependencies.iter().filter(|dependency| dependency.kind != Kind::Dev)
    }

    /// A made-up crate that needs `names`; those that begin with `portcullis-` are ours.
    #[cfg(test)]
    pub fn of(room: &str, names: &[&str]) -> Member {
        let dependency = |&name: &&str| Dependency {
            name: name.into(),
            kind: Kind::Normal,
            room: name.strip_prefix("portcullis-").map(str::to_owned),
        };
        Member {
            package: format!("portcullis-{room}"),
            folder: format!("crates/{room}"),
            dependencies: names.iter().map(dependency).collect(),
        }
    }
}

/// The members of the workspace at `root`. Needs no network and no lock file.
pub fn read(root: &Path) -> anyhow::Result<Vec<Member>> {
    let told = metadata(root, &["--no-deps"])?;
    packages(&told).map(|package| member(root, package)).collect()
}

/// Every crate that a build on this machine takes part in. Needs what a build has fetched.
pub fn graph(root: &Path) -> anyhow::Result<Vec<Package>> {
    let told = metadata(root, &["--offline", "--filter-platform", &host()?])?;
    let package = |package: &Value| Package {
        name: text(package, "name"),
        version: text(package, "version"),
        licence: package["license"].as_str().map(str::to_owned),
    };
    Ok(packages(&told).map(package).collect())
}

fn member(root: &Path, package: &Value) -> anyhow::Result<Member> {
    let manifest = text(package, "manifest_path");
    let folder = Path::new(&manifest).parent().unwrap_or(root);
    let folder = folder.strip_prefix(root).with_context(|| format!("{manifest} is outside"))?;
    let listed = package["dependencies"].as_array().map(Vec::as_slice).unwrap_or_default();
    Ok(Member {
        package: text(package, "name"),
        folder: folder.to_string_lossy().replace('\\', "/"),
        dependencies: listed.iter().map(dependency).collect(),
    })
}

fn dependency(listed: &Value) -> Dependency {
    let kind = match listed["kind"].as_str() {
        Some("dev") => Kind::Dev,
        Some("build") => Kind::Build,
        _ => Kind::Normal,
    };
    let folder = listed["path"].as_str().map(Path::new);
    let room = folder.and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
    Dependency { name: text(listed, "name"), kind, room }
}

fn metadata(root: &Path, more: &[&str]) -> anyhow::Result<Value> {
    // Set where cargo runs us, so that the answer is of the same cargo.
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let out = Command::new(cargo)
        .current_dir(root)
        .args(["metadata", "--quiet", "--format-version", "1"])
        .args(more)
        .output()
        .context("cannot run cargo metadata")?;
    if !out.status.success() {
        bail!("cargo metadata: {}", String::from_utf8_lossy(&out.stderr).trim());
    }
    Ok(serde_json::from_slice(&out.stdout)?)
}

fn host() -> anyhow::Result<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let out = Command::new(rustc).arg("-vV").output().context("cannot run rustc")?;
    let told = String::from_utf8_lossy(&out.stdout);
    let host = told.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc does not name its host")?.to_owned())
}

fn packages(told: &Value) -> impl Iterator<Item = &Value> {
    told["packages"].as_array().into_iter().flatten()
}

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_owned()
}
