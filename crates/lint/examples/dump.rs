//! dump
use portcullis_lint::{Config, check};
use portcullis_object::*;
use portcullis_snapshot::Settings;
fn main() {
    let files = std::env::args()
        .skip(1)
        .map(|p| Input { bytes: std::fs::read(&p).unwrap(), name: p })
        .collect();
    let loaded = load(files, &Limits::default());
    let t = std::time::Instant::now();
    let r = check(&loaded, &Settings::default(), &Config::default(), "2026-01-01".parse().unwrap());
    eprintln!("{:?}", t.elapsed());
    for f in &r.findings {
        let d = &f.diagnostic;
        let at = d.place().and_then(|p| loaded.sources.locate(p)).unwrap();
        println!(
            "{}:{}:{}: {}[{}] {}",
            at.input.rsplit('/').next().unwrap(),
            at.line,
            at.column,
            d.severity,
            d.code,
            d.message
        );
        for h in &d.help {
            println!("    help: {h}");
        }
    }
}
