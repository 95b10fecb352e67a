//! Reading: megabytes a second, beside what the parsers take that make nothing of it.

use std::fs;
use std::hint::black_box;
use std::io;
use std::path::{Path, PathBuf};

use portcullis_object::{Input, Limits, Loaded, load};

use crate::clock::{self, Times};
use crate::floors;
use crate::report::Report;

/// How many bytes are read where it counts: what a dump of ten thousand pods has.
pub const BYTES_FULL: usize = 100_000_000;
/// How many are read where it must be quick.
pub const BYTES_QUICK: usize = 4 << 20;

/// The manifests of the example, one after the other, until there are so many bytes.
pub fn yaml(root: &Path, bytes: usize) -> io::Result<String> {
    let folder = root.join("examples/boutique");
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    paths.sort();
    let mut once = String::new();
    for path in paths.iter().filter(|path| path.extension().is_some_and(|end| end == "yaml")) {
        once.push_str("---\n");
        once.push_str(&fs::read_to_string(path)?);
    }
    Ok(once.repeat(bytes.div_ceil(once.len())))
}

/// JSON values until there are so many bytes.
pub fn json(text: &str, bytes: usize) -> String {
    let whole: String = text.repeat(bytes.div_ceil(text.len()));
    // Values stand on lines of their own.
    let end = whole[..bytes.min(whole.len())].rfind('\n').map_or(0, |at| at + 1);
    whole[..end].to_owned()
}

/// Reads a text, on so many threads.
pub fn read(text: &str, threads: usize) -> Loaded {
    let input = Input { name: "input".into(), bytes: text.as_bytes().to_vec() };
    load(vec![input], &Limits { threads, ..Limits::default() })
}

/// Measures readers and floors over both texts.
///
/// # Panics
///
/// If a text is not read whole: one that is refused takes no time.
pub fn measure(yaml: &str, json: &str, report: &mut Report) -> io::Result<()> {
    for text in [yaml, json] {
        let found = read(text, 2).diagnostics;
        assert!(found.is_empty(), "{:?}", found.first());
    }
    let mut speed = |name: &str, text: &str, operate: &dyn Fn(&str)| -> io::Result<f64> {
        let times = clock::whole(|| operate(text));
        let per_second = |time: f64| text.len() as f64 / 1e6 / (time / 1e9);
        let speeds = Times { p50: per_second(times.p50), p99: per_second(times.p99) };
        report.times(name, text.len(), speeds, "MB/s")?;
        Ok(speeds.p50)
    };
    let read_by = |threads| move |text: &str| drop(black_box(read(text, threads)));
    let yaml_events = |text: &str| {
        black_box(floors::yaml_events(text));
    };
    let yaml_events_by_two = |text: &str| {
        black_box(floors::yaml_events_by_two(text));
    };
    let json_values = |text: &str| {
        black_box(floors::json_values(text));
    };
    let read_yaml = speed("read_yaml", yaml, &read_by(2))?;
    let yaml_floor = speed("yaml_floor", yaml, &yaml_events_by_two)?;
    let read_yaml_1t = speed("read_yaml_1t", yaml, &read_by(1))?;
    let yaml_floor_1t = speed("yaml_floor_1t", yaml, &yaml_events)?;
    speed("read_json", json, &read_by(2))?;
    let read_json_1t = speed("read_json_1t", json, &read_by(1))?;
    let json_floor = speed("json_floor_1t", json, &json_values)?;
    for (name, size, speed, floor) in [
        ("read_yaml_of_floor", yaml.len(), read_yaml, yaml_floor),
        ("read_yaml_1t_of_floor", yaml.len(), read_yaml_1t, yaml_floor_1t),
        ("read_json_1t_of_floor", json.len(), read_json_1t, json_floor),
    ] {
        report.number(name, size, speed / floor, "x")?;
    }
    Ok(())
}
