//! Finding and reading corpora, plain or compressed.

use std::fs;
use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, Result};

/// The text of a corpus; `None` if the folder does not hold it.
pub(crate) fn read(folder: &Path, name: &str) -> Result<Option<String>> {
    let plain = folder.join(format!("{name}.jsonl"));
    if plain.is_file() {
        let text = fs::read_to_string(&plain).with_context(|| plain.display().to_string())?;
        return Ok(Some(text));
    }
    let packed = folder.join(format!("{name}.jsonl.gz"));
    if packed.is_file() {
        let file = fs::File::open(&packed).with_context(|| packed.display().to_string())?;
        let mut text = String::new();
        flate2::read::GzDecoder::new(file)
            .read_to_string(&mut text)
            .with_context(|| packed.display().to_string())?;
        return Ok(Some(text));
    }
    Ok(None)
}
