//! Memory, as the kernel counts it for a process that does nothing else.
//!
//! A measure is a child of this program: what others have freed and the allocator keeps would count
//! as free there, or as used.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::Command;

use portcullis_object::{Input, Limits, Loaded, load};

use crate::cluster::Cluster;
use crate::network;

/// What a child found, in bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Found {
    /// Resident before.
    pub before: f64,
    /// Resident afterwards.
    pub after: f64,
    /// Resident at most.
    pub peak: f64,
}

/// Measures the snapshot of a cluster. The text is written to a file by this process, so that the
/// child never holds what made it.
pub fn of_snapshot(cluster: &Cluster) -> Result<Found, Box<dyn Error>> {
    in_child("snapshot", &cluster.texts.concat())
}

/// Measures what is read of a text, which is kept for places.
pub fn of_reading(text: &str) -> Result<Found, Box<dyn Error>> {
    in_child("reading", text)
}

fn in_child(what: &str, text: &str) -> Result<Found, Box<dyn Error>> {
    let path = std::env::temp_dir().join(format!("portcullis-bench-{}", std::process::id()));
    fs::write(&path, text)?;
    let output = Command::new(std::env::current_exe()?).args(["memory", what]).arg(&path).output();
    fs::remove_file(&path)?;
    let output = output?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    let numbers: Vec<f64> = String::from_utf8(output.stdout)?
        .split_whitespace()
        .map(str::parse)
        .collect::<Result<_, _>>()?;
    match numbers.as_slice() {
        [before, after, peak] => Ok(Found { before: *before, after: *after, peak: *peak }),
        _ => Err("the child did not say three numbers".into()),
    }
}

/// What the child does: prints the bytes resident before, afterwards and at most.
pub fn child(what: &str, path: &Path) -> Result<(), Box<dyn Error>> {
    match what {
        "snapshot" => {
            // Dropping the objects gives nothing back to the system: the allocator keeps it. So the
            // same objects are read again into what is free, and what is resident then beyond them is
            // the snapshot's, with everything of the first objects that it keeps alive.
            let objects = read(path)?;
            let before = status("VmRSS")?;
            let snapshot = network::build(&objects);
            drop(objects);
            let again = read(path)?;
            println!("{before} {} {}", status("VmRSS")?, status("VmHWM")?);
            drop((snapshot, again));
        }
        "reading" => {
            let before = status("VmRSS")?;
            let loaded = read(path)?;
            println!("{before} {} {}", status("VmRSS")?, status("VmHWM")?);
            drop(loaded);
        }
        other => return Err(format!("`{other}` is not measured").into()),
    }
    Ok(())
}

fn read(path: &Path) -> std::io::Result<Loaded> {
    let input = Input { name: "input".into(), bytes: fs::read(path)? };
    Ok(load(vec![input], &Limits::default()))
}

/// A number of `/proc/self/status`, in bytes.
fn status(name: &str) -> Result<f64, Box<dyn Error>> {
    let text = fs::read_to_string("/proc/self/status")?;
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let number = line.and_then(|line| line.split_whitespace().next()).ok_or("no such number")?;
    Ok(number.parse::<f64>()? * 1024.0)
}
