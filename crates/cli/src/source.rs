//! From `-f` to bytes: files, folders, standard input, and git.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs::{self, File, Metadata};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use portcullis_object::{Input, Limits};

/// What a project says about its checks; no manifest.
pub(crate) const CONFIG: &str = "portcullis.yaml";
/// How the names of test files end. Their objects belong to the clusters of their tests alone.
const TEST_ENDINGS: [&str; 3] = [".sectest.yaml", ".sectest.yml", ".case.md"];

/// What files of a folder are read by.
const EXTENSIONS: [&str; 3] = ["yaml", "yml", "json"];

/// How many files of the largest size all inputs together may be. Their text is kept for showing
/// places, so this is memory; by default it holds the dumps of ten clusters of ten thousand pods.
const LARGEST_FILES: u64 = 4;

/// Something that could not be opened. What could be is judged all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Which, as given or found.
    pub name: String,
    /// Why: lower case, no full stop.
    pub why: String,
}

/// What the sources hold.
#[derive(Debug, Default)]
pub struct Gathered {
    /// In the order given; the files of a folder in the order of their names.
    pub inputs: Vec<Input>,
    /// What could not be opened.
    pub problems: Vec<Problem>,
    /// What was seen and is not read, for a reason that is no fault.
    pub left_out: Vec<Problem>,
}

/// Opens every source. Names in the result begin with the source as given.
pub fn gather(sources: &[String], stdin: &mut dyn Read, limits: &Limits) -> Gathered {
    gather_where(sources, stdin, limits, is_manifest)
}

/// As [`gather`], for test files.
pub fn gather_tests(sources: &[String], stdin: &mut dyn Read, limits: &Limits) -> Gathered {
    gather_where(sources, stdin, limits, is_test)
}

fn gather_where(
    sources: &[String],
    stdin: &mut dyn Read,
    limits: &Limits,
    wanted: fn(&Path) -> bool,
) -> Gathered {
    let mut gatherer = Gatherer {
        wanted,
        file_bytes: limits.file_bytes as u64,
        left: all_bytes(limits),
        all: all_bytes(limits),
        seen: HashSet::new(),
        gathered: Gathered::default(),
    };
    for source in sources {
        match source.strip_prefix("git:") {
            _ if source == "-" => gatherer.read("-".to_owned(), stdin),
            Some(rest) => gatherer.git(source, rest),
            None => gatherer.path(Path::new(source), Asked::ByName),
        }
    }
    gatherer.gathered
}

/// Whether a path was named by the user, or found in a folder.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    ByName,
    Found,
}

/// Bytes that all inputs together may have.
fn all_bytes(limits: &Limits) -> u64 {
    LARGEST_FILES.saturating_mul(limits.file_bytes as u64)
}

struct Gatherer {
    /// Whether a file that nobody named is read.
    wanted: fn(&Path) -> bool,
    file_bytes: u64,
    left: u64,
    /// Bytes that all inputs together may have.
    all: u64,
    /// Where every link ends: what was read once is not read again, and a loop of links ends.
    seen: HashSet<PathBuf>,
    gathered: Gathered,
}

// === impl Gatherer ===

impl Gatherer {
    fn problem(&mut self, name: impl Into<String>, why: impl Into<String>) {
        self.gathered.problems.push(Problem { name: name.into(), why: why.into() });
    }

    fn path(&mut self, path: &Path, asked: Asked) {
        let name = path.display().to_string();
        let opened = fs::canonicalize(path).and_then(|real| Ok((fs::metadata(path)?, real)));
        let (about, real) = match opened {
            Ok(opened) => opened,
            Err(error) => return self.problem(name, why_not(&error)),
        };
        let wanted = asked == Asked::ByName || (about.is_file() && (self.wanted)(path));
        if !(about.is_dir() || wanted) || !self.seen.insert(real) {
            return;
        }
        if about.is_dir() { self.folder(path) } else { self.file(path, name, &about) }
    }

    fn folder(&mut self, path: &Path) {
        let name = || path.display().to_string();
        let listed = fs::read_dir(path).and_then(|entries| {
            entries.map(|entry| entry.map(|e| e.path())).collect::<io::Result<Vec<PathBuf>>>()
        });
        let mut entries = match listed {
            Ok(entries) => entries,
            Err(error) => return self.problem(name(), why_not(&error)),
        };
        entries.sort();
        for entry in entries.iter().filter(|e| e.file_name() != Some(OsStr::new(".git"))) {
            // A link to nothing is worth a word only if its name says that it is meant for us.
            if (self.wanted)(entry) || fs::metadata(entry).is_ok() {
                self.path(entry, Asked::Found);
            }
        }
    }

    fn file(&mut self, path: &Path, name: String, about: &Metadata) {
        if about.is_file() && about.len() > self.file_bytes {
            let why = too_large(self.file_bytes);
            return self.problem(name, why);
        }
        match File::open(path) {
            Ok(mut file) => self.read(name, &mut file),
            Err(error) => self.problem(name, why_not(&error)),
        }
    }

    /// Reads to the end, or to one byte more than allowed.
    fn read(&mut self, name: String, from: &mut dyn Read) {
        let mut bytes = Vec::new();
        let allowed = self.file_bytes.min(self.left);
        if let Err(error) = from.take(allowed + 1).read_to_end(&mut bytes) {
            return self.problem(name, why_not(&error));
        }
        self.accept(name, bytes);
    }

    fn accept(&mut self, name: String, bytes: Vec<u8>) {
        let size = bytes.len() as u64;
        if size > self.file_bytes {
            let why = too_large(self.file_bytes);
            self.problem(name, why);
        } else if size > self.left {
            let all = self.all >> 20;
            self.problem(name, format!("all sources together are larger than {all} MiB"));
        } else {
            self.left -= size;
            self.gathered.inputs.push(Input { name, bytes });
        }
    }

    /// `REF:PATH`, read from the object store: the work tree plays no part.
    fn git(&mut self, source: &str, rest: &str) {
        match self.git_files(rest) {
            Ok(files) => {
                let (reference, _) = rest.split_once(':').unwrap_or((rest, ""));
                for (path, bytes) in files {
                    self.accept(format!("git:{reference}:{path}"), bytes);
                }
            }
            Err(why) => self.problem(source, why),
        }
    }

    fn git_files(&mut self, rest: &str) -> Result<Vec<(String, Vec<u8>)>, String> {
        let (reference, path) =
            rest.split_once(':').ok_or("write it as git:REF:PATH, such as git:main:k8s")?;
        // Git would take it for an option.
        if reference.is_empty() || reference.starts_with('-') {
            return Err(format!("`{reference}` is no name of a commit"));
        }
        let path = path.trim_end_matches('/');
        let mut list = git(&["ls-tree", "-r", "-z", "-l", "--full-tree", reference, "--"]);
        if !path.is_empty() {
            list.arg(path);
        }
        let listed = output(&mut list)?;
        let mut blobs = Vec::new();
        for entry in listed.split(|byte| *byte == 0).filter_map(Entry::parse) {
            let name = || format!("git:{reference}:{}", entry.path);
            match entry.kind {
                EntryKind::File(blob) => {
                    if entry.path == path || (self.wanted)(Path::new(&entry.path)) {
                        blobs.push((entry.path, blob));
                    }
                }
                EntryKind::Link => {
                    let why = "a symbolic link in a commit is not followed".to_owned();
                    self.gathered.left_out.push(Problem { name: name(), why });
                }
                EntryKind::Submodule => {
                    let why = "a submodule is not part of the commit".to_owned();
                    self.gathered.left_out.push(Problem { name: name(), why });
                }
            }
        }
        if blobs.is_empty() {
            return Err(format!("there is no file to read under `{path}` in {reference}"));
        }
        let (read, large): (Vec<_>, Vec<_>) =
            blobs.into_iter().partition(|(_, blob)| blob.size <= self.file_bytes.min(self.left));
        for (path, _) in large {
            let why = too_large(self.file_bytes.min(self.left));
            self.problem(format!("git:{reference}:{path}"), why);
        }
        let total: u64 = read.iter().map(|(_, blob)| blob.size).sum();
        if total > self.left {
            return Err(format!("all sources together are larger than {} MiB", self.all >> 20));
        }
        let ids: Vec<&str> = read.iter().map(|(_, blob)| blob.id).collect();
        let contents = contents(&ids)?;
        Ok(read.into_iter().map(|(path, _)| path).zip(contents).collect())
    }
}

/// One line of `git ls-tree -r -l`.
struct Entry<'a> {
    path: String,
    kind: EntryKind<'a>,
}

enum EntryKind<'a> {
    File(Blob<'a>),
    /// Its text is a path, which need not lead to anything in the commit.
    Link,
    /// The commit of another repository.
    Submodule,
}

struct Blob<'a> {
    id: &'a str,
    size: u64,
}

// === impl Entry ===

impl<'a> Entry<'a> {
    /// None for an empty line.
    fn parse(line: &'a [u8]) -> Option<Self> {
        let tab = line.iter().position(|byte| *byte == b'\t')?;
        let (head, path) = line.split_at(tab);
        let mut words = std::str::from_utf8(head).ok()?.split_whitespace();
        let (mode, _, id, size) = (words.next()?, words.next()?, words.next()?, words.next()?);
        let path = String::from_utf8_lossy(path.get(1..)?).into_owned();
        // The modes that git-fast-import(1) lists for what is no folder.
        let kind = match mode {
            "120000" => EntryKind::Link,
            "160000" => EntryKind::Submodule,
            _ => EntryKind::File(Blob { id, size: size.parse().ok()? }),
        };
        Some(Self { path, kind })
    }
}

/// Git, reading only: no network for objects that are not there, no magic in paths.
fn git(arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    command
        .args(arguments)
        .env("GIT_NO_LAZY_FETCH", "1")
        .env("GIT_LITERAL_PATHSPECS", "1")
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn output(command: &mut Command) -> Result<Vec<u8>, String> {
    let output = command.output().map_err(|error| format!("git: {}", why_not(&error)))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.lines().next().unwrap_or("it failed without a word");
    Err(format!("git: {}", said.trim_start_matches("fatal: ").to_lowercase()))
}

/// The contents of blobs, in their order.
fn contents(ids: &[&str]) -> Result<Vec<Vec<u8>>, String> {
    let mut child = git(&["cat-file", "--batch"])
        .stdin(Stdio::piped())
        .spawn()
        .map_err(|error| format!("git: {}", why_not(&error)))?;
    let asked: String = ids.iter().map(|id| format!("{id}\n")).collect();
    // Both pipes have an end: whoever writes all questions before reading an answer waits forever.
    let mut stdin = child.stdin.take();
    let writer = std::thread::spawn(move || {
        if let Some(stdin) = &mut stdin {
            // If git ends early, its answers are missing, and that is said below.
            let _ = stdin.write_all(asked.as_bytes());
        }
    });
    let all = child.wait_with_output().map_err(|error| format!("git: {}", why_not(&error)))?.stdout;
    let _ = writer.join();
    let mut rest = all.as_slice();
    ids.iter()
        .map(|id| next_blob(&mut rest).ok_or_else(|| format!("git: object {id} cannot be read")))
        .collect()
}

/// `ID blob SIZE`, a line break, the bytes, a line break.
fn next_blob(rest: &mut &[u8]) -> Option<Vec<u8>> {
    let end = rest.iter().position(|byte| *byte == b'\n')?;
    let (head, tail) = rest.split_at(end);
    let (_, size) = std::str::from_utf8(head).ok()?.split_once(" blob ")?;
    let size: usize = size.parse().ok()?;
    let bytes = tail.get(1..=size)?.to_vec();
    *rest = tail.get(size + 2..)?;
    Some(bytes)
}

/// Whether a file holds test cases, by its name.
fn is_test(path: &Path) -> bool {
    let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
    TEST_ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// Whether a file holds objects, by its name.
fn is_manifest(path: &Path) -> bool {
    if is_test(path) || path.file_name() == Some(OsStr::new(CONFIG)) {
        return false;
    }
    let extension = path.extension().and_then(OsStr::to_str);
    extension.is_some_and(|e| EXTENSIONS.iter().any(|known| known.eq_ignore_ascii_case(e)))
}

fn too_large(limit: u64) -> String {
    let limit = match limit {
        _ if limit >= 1 << 20 => format!("{} MiB", limit >> 20),
        _ if limit >= 1 << 10 => format!("{} KiB", limit >> 10),
        _ => format!("{limit} bytes"),
    };
    format!("the file is larger than {limit}; --max-file-size allows more")
}

/// What went wrong, without the number the operating system gives it.
pub(crate) fn why_not(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "it does not exist".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => {
            let text = error.to_string();
            text.split(" (os error").next().unwrap_or_default().to_lowercase()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(file_bytes: usize) -> Limits {
        Limits { file_bytes, ..Limits::default() }
    }

    /// The names read and the problems met, under a folder named `R`.
    fn names(
        root: &Path,
        sources: &[&str],
        stdin: &str,
        limit: usize,
    ) -> (Vec<String>, Vec<String>) {
        let root = root.display().to_string();
        let sources: Vec<String> = sources.iter().map(|s| s.replace('R', &root)).collect();
        let gathered = gather(&sources, &mut stdin.as_bytes(), &limits(limit));
        let short = |name: &str| name.replace(&root, "R");
        (
            gathered.inputs.iter().map(|i| short(&i.name)).collect(),
            gathered.problems.iter().map(|p| format!("{}: {}", short(&p.name), p.why)).collect(),
        )
    }

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for (path, text) in [
            ("b.yaml", "b: 1"),
            ("a/c.yml", "c: 1"),
            ("a/d.JSON", "{}"),
            ("a/readme.md", "no"),
            ("a/portcullis.yaml", "no"),
            ("shop.sectest.yaml", "no"),
            (".git/x.yaml", "no"),
            ("long.yaml", "0123456789"),
        ] {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            fs::write(path, text).expect("a file");
        }
        folder
    }

    #[test]
    fn a_folder_is_walked_in_order_and_large_files_are_not_read() {
        let folder = folder();
        let (names, problems) = names(folder.path(), &["R"], "", 5);
        assert_eq!(names, ["R/a/c.yml", "R/a/d.JSON", "R/b.yaml"]);
        assert_eq!(
            problems,
            ["R/long.yaml: the file is larger than 5 bytes; --max-file-size allows more"]
        );
    }

    #[test]
    fn what_is_named_is_read_whatever_it_is_called_and_only_once() {
        let folder = folder();
        let asked = ["R/a/readme.md", "-", "R/a", "R/a/c.yml", "R/none"];
        let (names, problems) = names(folder.path(), &asked, "x: 1", 99);
        assert_eq!(names, ["R/a/readme.md", "-", "R/a/c.yml", "R/a/d.JSON"]);
        assert_eq!(problems, ["R/none: it does not exist"]);
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_once_and_loops_end() {
        let folder = folder();
        let link = |to: &str, from: &str| {
            std::os::unix::fs::symlink(to, folder.path().join(from)).expect("a link");
        };
        link("../a", "a/loop");
        link("b.yaml", "z.yaml");
        link("nowhere", "gone.yaml");
        link("nowhere", "gone");
        let (names, problems) = names(folder.path(), &["R"], "", 5);
        assert_eq!(names, ["R/a/c.yml", "R/a/d.JSON", "R/b.yaml"]);
        assert_eq!(problems.first().map(String::as_str), Some("R/gone.yaml: it does not exist"));
    }

    #[test]
    fn a_commit_cannot_be_an_option() {
        for (source, want) in [
            ("git:--upload-pack=x:k8s", "`--upload-pack=x` is no name of a commit"),
            ("git::k8s", "`` is no name of a commit"),
            ("git:main", "write it as git:REF:PATH, such as git:main:k8s"),
        ] {
            let gathered = gather(&[source.to_owned()], &mut io::empty(), &limits(9));
            assert_eq!(gathered.problems[0].why, want);
        }
    }
}
