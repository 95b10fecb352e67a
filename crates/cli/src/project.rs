//! What a project keeps beside its manifests: `portcullis.yaml`, and a baseline.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use portcullis_core::Diagnostic;
use portcullis_lint::{Baseline, Config};
use portcullis_object::{Input, Limits, Loaded};

use crate::exit::Failure;
use crate::source::{CONFIG, why_not};

/// Bytes of such a file. A baseline has twenty for a finding; beyond this it is something else.
const BYTES_MAX: u64 = 64 << 20;

/// What a project says about its checks, with what is wrong with that.
#[derive(Default)]
pub(crate) struct Project {
    pub config: Config,
    /// The file, and what its places are in.
    pub loaded: Loaded,
    pub diagnostics: Vec<Diagnostic>,
}

// === impl Project ===

impl Project {
    /// Reads the configuration that is named, else the one beside the sources, if there is one. What
    /// the latter ignores is seen from its own folder.
    pub fn open(named: Option<&Path>, sources: &[String]) -> Result<Self, Failure> {
        let found = if named.is_some() { None } else { beside(sources)? };
        let Some(path) = named.or(found.as_deref()) else { return Ok(Self::default()) };
        let loaded = load(path, "configuration")?;
        let (mut config, diagnostics) = Config::read(&loaded);
        if let Some(folder) = found.as_deref().and_then(Path::parent) {
            // A pattern of one part names files and folders wherever they are.
            for pattern in config.ignore.iter_mut().filter(|pattern| pattern.contains('/')) {
                *pattern = format!("{}/{pattern}", folder.display());
            }
        }
        Ok(Self { config, loaded, diagnostics })
    }
}

/// Reads a baseline.
pub(crate) fn baseline(path: &Path) -> Result<Baseline, Failure> {
    Baseline::read(&load(path, "baseline")?).ok_or_else(|| {
        Failure::new(format!("{} is no baseline", path.display()))
            .help("--write-baseline FILE writes one")
    })
}

fn load(path: &Path, what: &str) -> Result<Loaded, Failure> {
    let name = path.display().to_string();
    let cannot = |why: String| Failure::new(format!("the {what} {name} cannot be read: {why}"));
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(BYTES_MAX + 1).read_to_end(&mut bytes))
        .map_err(|error| cannot(why_not(&error)))?;
    if bytes.len() as u64 > BYTES_MAX {
        return Err(cannot(format!("it is larger than {} MiB", BYTES_MAX >> 20)));
    }
    Ok(portcullis_object::load(vec![Input { name, bytes }], &Limits::default()))
}

/// The configuration of the sources: in a folder that is one, or else beside it; beside a file; and
/// in the folder the run began in for what is no file.
fn beside(sources: &[String]) -> Result<Option<PathBuf>, Failure> {
    let mut found: Option<(PathBuf, PathBuf)> = None;
    for source in sources {
        let path = if source == "-" || source.starts_with("git:") { "." } else { source };
        let path = Path::new(path);
        let within = path.is_dir().then(|| path.join(CONFIG));
        let here = path.parent().map(|folder| folder.join(CONFIG));
        let Some(config) = within.into_iter().chain(here).find(|c| c.is_file()) else { continue };
        let Ok(real) = config.canonicalize() else { continue };
        match &found {
            Some((_, other)) if *other == real => {}
            Some((first, _)) => {
                let both = format!("{} and {}", first.display(), config.display());
                return Err(Failure::new(format!("there are two configurations: {both}"))
                    .help("say which with --config FILE"));
            }
            None => found = Some((config, real)),
        }
    }
    Ok(found.map(|(config, _)| config))
}
