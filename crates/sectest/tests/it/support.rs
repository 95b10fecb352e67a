//! Test files on disk, with their sources.

use std::fs;
use std::path::{Path, PathBuf};

use portcullis_object::{Input, Limits, Loaded, Object, Unreadable, load};
use portcullis_sectest::{Given, Results, Suite, read, run, sources, yaml_of_case};
use portcullis_snapshot::Settings;

use crate::today;

/// A folder of the repository.
pub fn repository(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(folder)
}

/// A test file, read, with the objects of its sources.
pub struct File {
    pub suite: Suite,
    pub objects: Vec<Object>,
    pub unreadable: Vec<Unreadable>,
}

impl File {
    /// Reads a file and the sources it names, which are files beside it.
    pub fn open(path: &Path) -> Self {
        let folder = path.parent().expect("a folder");
        let file = input(path);
        let alone = load(vec![file.clone()], &Limits::default());
        let named = sources(&read(&alone.objects, &alone.unreadable));
        let mut inputs = vec![file];
        inputs.extend(named.iter().map(|source| input(&folder.join(source.text.as_str()))));
        let Loaded { objects, sources: places, unreadable, diagnostics, .. } =
            load(inputs, &Limits::default());
        assert!(unreadable.is_empty(), "{}: {diagnostics:?}", path.display());
        let name = path.display().to_string();
        let (own, objects): (Vec<_>, Vec<_>) =
            objects.into_iter().partition(|o| places.document_name(o.document()) == name);
        Self { suite: read(&own, &[]), objects, unreadable }
    }

    /// What comes of it.
    pub fn run(&self) -> Results {
        self.run_with(&self.objects)
    }

    /// What comes of it with these objects in place of those of the sources.
    pub fn run_with(&self, objects: &[Object]) -> Results {
        let settings = Settings::default();
        let unreadable = &self.unreadable;
        run(&self.suite, &Given { objects, unreadable, settings: &settings, today: today() })
    }
}

fn input(path: &Path) -> Input {
    let bytes = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let is_case = path.extension().is_some_and(|extension| extension == "md");
    let bytes = if is_case { yaml_of_case(&bytes) } else { bytes };
    Input { name: path.display().to_string(), bytes }
}
