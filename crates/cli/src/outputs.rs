//! Several formats at once: `-o FORMAT[=FILE]`.

use std::path::Path;

use crate::args::{LookArgs, Target};
use crate::exit::Failure;
use crate::files;
use crate::render::Look;
use crate::shell::Shell;
use crate::source::why_not;

/// Where to write what; `is_taken` says that something else goes to standard output, which one thing
/// alone can have. If nothing is said, it has the usual format.
pub(crate) fn chosen<F: Clone + Default>(
    said: &[Target<F>],
    is_taken: bool,
) -> Result<Vec<Target<F>>, Failure> {
    let shown = said.iter().filter(|target| target.file.is_none()).count();
    if shown + usize::from(is_taken) > 1 {
        return Err(Failure::new("only one thing can be written to standard output")
            .help("write the others to files: -o FORMAT=FILE"));
    }
    if said.is_empty() && !is_taken {
        return Ok(vec![Target { format: F::default(), file: None }]);
    }
    Ok(said.to_vec())
}

/// Writes each format to where it goes.
pub(crate) fn emit<F: Copy>(
    targets: &[Target<F>],
    draw: impl Fn(F, Look) -> String,
    look: &LookArgs,
    shell: &mut Shell<'_>,
) -> anyhow::Result<()> {
    for Target { format, file } in targets {
        match file {
            Some(file) => {
                let text = draw(*format, shell.environment.file_look(look));
                write(file, text.as_bytes())?;
            }
            None => {
                let text = draw(*format, shell.environment.data_look(look));
                shell.streams.data.write_all(text.as_bytes())?;
            }
        }
    }
    Ok(())
}

/// Writes a file that was asked for.
pub(crate) fn write(file: &Path, bytes: &[u8]) -> Result<(), Failure> {
    files::replace(file, bytes).map_err(|error| {
        Failure::new(format!("{} cannot be written: {}", file.display(), why_not(&error)))
    })
}
