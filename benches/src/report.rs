//! What was measured: a line of JSON each, and a table for people.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use serde_json::{Value, json};

use crate::clock::Times;

/// Where lines go.
pub struct Report {
    lines: BufWriter<File>,
}

impl Report {
    /// Lines into this file, which is made anew.
    pub fn create(path: &Path) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        eprintln!("{:<26} {:>9} {:>13} {:>13}  unit", "measure", "size", "p50", "p99");
        Ok(Self { lines: BufWriter::new(File::create(path)?) })
    }

    /// A measure with its percentiles.
    pub fn times(&mut self, name: &str, size: usize, times: Times, unit: &str) -> io::Result<()> {
        let Times { p50, p99 } = times;
        let line = json!({
            "name": name, "size": size, "p50": rounded(p50), "p99": rounded(p99), "unit": unit,
        });
        eprintln!("{name:<26} {size:>9} {:>13} {:>13}  {unit}", shown(p50), shown(p99));
        self.line(&line)
    }

    /// A measure that is one number, such as a size.
    pub fn number(&mut self, name: &str, size: usize, number: f64, unit: &str) -> io::Result<()> {
        self.times(name, size, Times { p50: number, p99: number }, unit)
    }

    /// Something to know about the measures, such as what they were made of.
    pub fn fact(&mut self, name: &str, fact: &Value) -> io::Result<()> {
        eprintln!("{name}: {fact}");
        self.line(&json!({ name: fact }))
    }

    fn line(&mut self, line: &Value) -> io::Result<()> {
        writeln!(self.lines, "{line}")?;
        // Whoever stops a run half-way keeps the half.
        self.lines.flush()
    }
}

/// Four digits say more than these clocks do.
fn rounded(number: f64) -> f64 {
    if number.abs() >= 1_000.0 { number.round() } else { shown(number).parse().unwrap_or(number) }
}

fn shown(number: f64) -> String {
    match number.abs() {
        size if size >= 100.0 => format!("{number:.0}"),
        size if size >= 10.0 => format!("{number:.1}"),
        size if size >= 1.0 => format!("{number:.2}"),
        _ => format!("{number:.3}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_as_many_digits_as_they_are_worth() {
        for (number, want) in
            [(1234.4, 1234.0), (123.4, 123.0), (12.34, 12.3), (1.234, 1.23), (0.1234, 0.123)]
        {
            assert_eq!(rounded(number), want);
        }
    }
}
