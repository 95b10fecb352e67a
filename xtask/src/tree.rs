//! The files of the repository, as text.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

/// A text file of the repository.
pub struct File {
    /// From the root of the repository, with `/`.
    pub path: String,
    pub text: String,
}

/// Every text file that git tracks. Others are somebody's work in progress.
pub struct Tree {
    pub files: Vec<File>,
    /// Files that are tracked and are not text; links may lead to them.
    pub others: Vec<String>,
}

// === impl Tree ===

impl Tree {
    /// Reads the tracked files under `root`; where git cannot say which those are (a source
    /// archive), every file that is no build product.
    pub fn read(root: &Path) -> anyhow::Result<Tree> {
        let paths = match tracked(root) {
            Some(paths) => paths,
            None => walked(root)?,
        };
        let mut tree = Tree { files: Vec::new(), others: Vec::new() };
        for path in paths {
            let full = root.join(&path);
            // Tracked, and deleted in the working folder; or a link to a folder.
            if !full.is_file() {
                continue;
            }
            let bytes = std::fs::read(&full).with_context(|| format!("cannot read {path}"))?;
            match String::from_utf8(bytes) {
                Ok(text) if !text.contains('\0') => tree.files.push(File { path, text }),
                _ => tree.others.push(path),
            }
        }
        Ok(tree)
    }

    /// The file at `path`, if it is tracked text.
    pub fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    /// The Rust sources of one crate folder (`crates/core`), without its tests and examples.
    pub fn sources<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = &'a File> {
        self.files.iter().filter(move |file| {
            let inside = file.path.strip_prefix(folder).and_then(|rest| rest.strip_prefix("/src/"));
            inside.is_some_and(|rest| rest.ends_with(".rs"))
        })
    }

    /// Whether something of the repository is at `path`: a file, or a folder that holds one.
    pub fn holds(&self, path: &str) -> bool {
        let folder = format!("{}/", path.trim_end_matches('/'));
        let paths = self.files.iter().map(|file| &file.path).chain(&self.others);
        path.is_empty() || paths.into_iter().any(|held| held == path || held.starts_with(&folder))
    }

    /// A made-up repository.
    #[cfg(test)]
    pub fn of(files: &[(&str, &str)]) -> Tree {
        let file = |&(path, text): &(&str, &str)| File { path: path.into(), text: text.into() };
        Tree { files: files.iter().map(file).collect(), others: Vec::new() }
    }
}

/// The folder of the workspace.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

fn tracked(root: &Path) -> Option<Vec<String>> {
    let out = Command::new("git").arg("-C").arg(root).args(["ls-files", "-z"]).output().ok()?;
    let listed = String::from_utf8(out.stdout).ok()?;
    let paths: Vec<String> =
        listed.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect();
    (out.status.success() && !paths.is_empty()).then_some(paths)
}

fn walked(root: &Path) -> anyhow::Result<Vec<String>> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default();
            if path.is_dir() && !path.is_symlink() {
                if name != ".git" && name != "target" {
                    folders.push(path);
                }
            } else if let Ok(inside) = path.strip_prefix(root) {
                found.push(inside.to_string_lossy().replace('\\', "/"));
            }
        }
    }
    found.sort();
    Ok(found)
}
