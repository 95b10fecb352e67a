//! Measures how fast and how large Portcullis is: one line of JSON a measure, and a table for people.
//!
//! ```text
//! Cluster::generate ─▶ text ─▶ object::load ─▶ Snapshot::build ─▶ decide ─▶ Report
//!                                                                   │
//!                                     spec: are the answers true? ◀─┘
//! ```
//! What each line means is in the README beside this. Start reading at [`network`].

mod access;
mod changes;
mod clock;
mod cluster;
mod floors;
mod instructions;
mod memory;
mod network;
mod process;
mod random;
mod reading;
mod report;
mod serve;

use std::error::Error;
use std::path::{Path, PathBuf};

use serde_json::json;

use access::Access;
use cluster::Cluster;
use report::Report;

const USAGE: &str = "usage: bench [--quick] [--serve] [--portcullis PROGRAM] [--out FILE]";

/// The one that the product has: it keeps what is made together closer together, which is worth a fifth
/// of what a flow takes.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Threads that an index is worked out on. Measures of one thread say so in their names.
const THREADS: usize = 2;

/// Sizes of clusters, in pods.
const PODS: [usize; 3] = [1_000, 10_000, cluster::PODS_FULL];

/// What is wanted.
struct Options {
    /// Small sizes only.
    quick: bool,
    /// Only what is measured of the server.
    serve: bool,
    /// The program whose runs are measured.
    program: Option<PathBuf>,
    out: PathBuf,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["memory", what, path] => memory::child(what, Path::new(path)),
        ["floor", folder] => serve::floor::child(Path::new(folder)),
        ["count", name] => instructions::child(name, &root()),
        words => run(&Options::read(words)?),
    }
}

impl Options {
    fn read(mut words: &[&str]) -> Result<Self, Box<dyn Error>> {
        let mut options = Self {
            quick: false,
            serve: false,
            program: None,
            out: root().join("target/bench.jsonl"),
        };
        loop {
            words = match words {
                [] => return Ok(options),
                ["--quick", rest @ ..] => {
                    options.quick = true;
                    rest
                }
                ["--serve", rest @ ..] => {
                    options.serve = true;
                    rest
                }
                ["--portcullis", path, rest @ ..] => {
                    options.program = Some(std::path::absolute(path)?);
                    rest
                }
                ["--out", path, rest @ ..] => {
                    options.out = path.into();
                    rest
                }
                _ => return Err(USAGE.into()),
            };
        }
    }
}

/// The repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    let mut report = Report::create(&options.out)?;
    if !options.serve {
        engines(options, &mut report)?;
    }
    match &options.program {
        Some(program) => serve::measure(program, options.quick, &mut report)?,
        None => eprintln!("server: SKIPPED, no program was named (--portcullis)"),
    }
    eprintln!("written to {}", options.out.display());
    Ok(())
}

/// Everything but the server.
fn engines(options: &Options, report: &mut Report) -> Result<(), Box<dyn Error>> {
    let sizes = if options.quick { &PODS[..2] } else { &PODS[..] };
    let largest = sizes.last().copied().unwrap_or(0);
    for pods in sizes {
        flows(*pods, *pods == largest, report)?;
    }
    grants(if options.quick { access::BINDINGS_FULL / 10 } else { access::BINDINGS_FULL }, report)?;
    texts(options.quick, report)?;
    match &options.program {
        Some(program) => process::measure(program, &root(), report)?,
        None => eprintln!("processes: SKIPPED, no program was named (--portcullis)"),
    }
    if !options.quick {
        instructions::measure(options.program.as_deref(), &root(), report)?;
    }
    Ok(())
}

/// Everything about network policy at one size. Only the largest has names of its own; the others
/// are lines of `scaling`.
fn flows(pods: usize, largest: bool, report: &mut Report) -> Result<(), Box<dyn Error>> {
    let cluster = Cluster::generate(pods);
    report.fact("generator", &cluster.statement)?;
    let found = memory::of_snapshot(&cluster)?;
    let loaded = network::read(&cluster);
    let build = clock::whole(|| network::build(&loaded));
    let snapshot = network::build(&loaded);
    let compiled = snapshot.network();
    let index = clock::once(|| compiled.warm(THREADS));
    let stats = compiled.index_stats();
    let list = stats.steps as f64 / stats.lists.max(1) as f64;
    report.fact("index", &json!({
        "pods": pods, "shapes": stats.shapes, "classes": stats.classes, "rulebooks": stats.rulebooks,
        "selectors": stats.selectors, "lists": stats.lists, "steps": stats.steps,
        "bytes": stats.bytes, "list_length": (list * 100.0).round() / 100.0,
    }))?;
    if largest && pods >= cluster::PODS_FULL {
        assert!(list >= cluster::LIST_LENGTH_MIN, "lists have {list} steps: the shape is not hard");
    }
    let (compared, allowed) = network::compare(compiled, pods);
    report.fact(
        "compared",
        &json!({
            "with": "netpol::spec", "pods": pods, "questions": compared, "allowed": allowed,
            "different": 0,
        }),
    )?;
    let [together, by_one] = network::decisions(compiled, pods);
    let floor = floors::memory(stats.bytes);
    let edits = [changes::of_labels(&cluster, compiled), changes::of_policies(&cluster, compiled)];
    let [label_change, policy_change] = edits.map(|edits| {
        let (times, changed) = changes::measure(&snapshot, &edits);
        network::compare(changed.network(), pods);
        times.per(1e3)
    });
    let snapshot_mb = (found.after - found.before) / 1e6;
    if largest {
        report.times("flow_random", pods, together.random, "ns")?;
        report.times("flow_hot", pods, together.hot, "ns")?;
        report.times("flow_random_one", pods, by_one.random, "ns")?;
        report.times("flow_hot_one", pods, by_one.hot, "ns")?;
        report.times("mem_floor", stats.bytes, floor, "ns")?;
        for (name, decisions) in
            [("flow_random_of_floor", &together), ("flow_random_one_of_floor", &by_one)]
        {
            report.number(name, pods, decisions.random.p50 / floor.p50, "x")?;
        }
        report.times("label_change", pods, label_change, "us")?;
        report.times("policy_change", pods, policy_change, "us")?;
        report.times("snapshot_build", pods, build.per(1e6), "ms")?;
        report.times("index_build", pods, index.per(1e6), "ms")?;
        report.number("snapshot_rss", pods, snapshot_mb, "MB")?;
        report.number("index_bytes", pods, stats.bytes as f64 / 1e6, "MB")?;
    }
    report.times("scaling_flow_random", pods, together.random, "ns")?;
    report.times("scaling_flow_random_one", pods, by_one.random, "ns")?;
    report.times("scaling_label_change", pods, label_change, "us")?;
    report.times("scaling_policy_change", pods, policy_change, "us")?;
    report.times("scaling_snapshot_build", pods, build.per(1e6), "ms")?;
    report.times("scaling_index_build", pods, index.per(1e6), "ms")?;
    report.number("scaling_snapshot_rss", pods, snapshot_mb, "MB")?;
    Ok(())
}

fn grants(bindings: usize, report: &mut Report) -> Result<(), Box<dyn Error>> {
    let mut access = Access::generate(bindings);
    report.fact("generator", &access.statement())?;
    let build = clock::whole(|| access.rules());
    let rules = access.rules();
    let (compared, allowed) = access::compare(&mut access, &rules);
    report.fact("compared", &json!({
        "with": "rbac::explain", "bindings": bindings, "questions": compared, "allowed": allowed,
        "different": 0,
    }))?;
    let [random, hot] = access::decisions(&mut access, &rules);
    report.times("rbac_decide", bindings, random, "ns")?;
    report.times("rbac_decide_hot", bindings, hot, "ns")?;
    report.times("rbac_who", bindings, access::holders(&mut access, &rules).per(1e3), "us")?;
    report.times("rbac_build", bindings, build.per(1e6), "ms")?;
    Ok(())
}

fn texts(quick: bool, report: &mut Report) -> Result<(), Box<dyn Error>> {
    let bytes = if quick { reading::BYTES_QUICK } else { reading::BYTES_FULL };
    let yaml = reading::yaml(&root(), bytes)?;
    let json = reading::json(&Cluster::generate(PODS[1]).texts.concat(), bytes);
    reading::measure(&yaml, &json, report)?;
    for (name, text) in [("read_rss", &yaml), ("read_rss_json", &json)] {
        let found = memory::of_reading(text)?;
        let per_byte = |resident: f64| (resident - found.before) / text.len() as f64;
        report.number(name, text.len(), per_byte(found.peak), "x")?;
        report.number(&format!("{name}_after"), text.len(), per_byte(found.after), "x")?;
    }
    Ok(())
}
