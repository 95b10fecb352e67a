//! What a run is given besides its arguments: streams, and what of the environment counts.

use std::io::{self, IsTerminal, Read, Write};
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use portcullis_core::Date;
use serde_json::Value;

use crate::args::{ColorChoice, Format, LookArgs, OutputArgs};
use crate::render::{self, Look};

/// Columns of what is no terminal, or does not say.
const WIDTH: usize = 100;
/// A terminal narrower than this is taken to be this wide: below it no table can be read.
const WIDTH_MIN: usize = 40;

/// The streams of a run.
pub struct Streams<'a> {
    /// What `-f -` reads.
    pub input: &'a mut dyn Read,
    /// Answers, and nothing else.
    pub data: &'a mut dyn Write,
    /// Everything else.
    pub notes: &'a mut dyn Write,
}

/// A stream whose reader may leave (`| head`). What is written after that goes nowhere, and the run
/// ends as it would have: its exit code is an answer too.
pub(crate) struct UntilClosed<'a> {
    stream: &'a mut dyn Write,
    closed: bool,
}

impl<'a> UntilClosed<'a> {
    pub fn new(stream: &'a mut dyn Write) -> Self {
        Self { stream, closed: false }
    }

    /// The result, unless the reader left; then `instead`.
    fn unless_closed<T>(&mut self, result: io::Result<T>, instead: T) -> io::Result<T> {
        match result {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(instead)
            }
            other => other,
        }
    }
}

impl Write for UntilClosed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.closed {
            return Ok(bytes.len());
        }
        let written = self.stream.write(bytes);
        self.unless_closed(written, bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.closed {
            return Ok(());
        }
        let flushed = self.stream.flush();
        self.unless_closed(flushed, ())
    }
}

/// What of the environment counts.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// `NO_COLOR` (<https://no-color.org>) is set and not empty, or the terminal is dumb.
    pub no_color: bool,
    /// `CLICOLOR_FORCE` is set, not empty and not `0`.
    pub force_color: bool,
    /// `COLUMNS`.
    pub columns: Option<usize>,
    /// Whether people read the answers directly.
    pub data_is_terminal: bool,
    /// Whether people read the notes directly.
    pub notes_is_terminal: bool,
    /// Seconds since 1970-01-01: `SOURCE_DATE_EPOCH` (<https://reproducible-builds.org>), else the
    /// clock. Only what expires asks.
    pub now_s: u64,
    /// The folder that the run began in.
    pub folder: Option<PathBuf>,
    /// How wide the terminal is that answers are shown on.
    pub data_columns: Option<usize>,
    /// How wide the terminal is that notes are shown on.
    pub notes_columns: Option<usize>,
}

/// Streams and environment of one run, as commands are handed them.
pub(crate) struct Shell<'a> {
    pub streams: Streams<'a>,
    pub environment: &'a Environment,
}

// === impl Shell ===

impl Shell<'_> {
    /// Writes an answer in the format asked for. `items` is where the list is that JSON lines
    /// writes one by one; none if the value is one answer.
    pub fn answer(
        &mut self,
        output: &OutputArgs,
        items: Option<&str>,
        text: impl FnOnce(Look) -> String,
        value: impl FnOnce() -> Value,
    ) -> io::Result<()> {
        match output.output {
            Format::Table | Format::Wide => {
                let look = self.environment.data_look(&output.look);
                let text = text(Look { wide: output.output == Format::Wide, ..look });
                self.streams.data.write_all(text.as_bytes())
            }
            format => render::write_value(format, &value(), items, self.streams.data),
        }
    }

    /// Says something beside the answer, unless nothing of the kind is wanted.
    pub fn note(&mut self, look: &LookArgs, text: &str) -> io::Result<()> {
        if look.quiet {
            return Ok(());
        }
        writeln!(self.streams.notes, "{}", render::clean(text))
    }
}

// === impl Environment ===

impl Environment {
    /// The environment of this process.
    pub fn of_process() -> Self {
        let said = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        Self {
            no_color: said("NO_COLOR").is_some() || said("TERM").is_some_and(|t| t == "dumb"),
            force_color: said("CLICOLOR_FORCE").is_some_and(|value| value != "0"),
            columns: said("COLUMNS").and_then(|c| c.to_str()?.parse().ok()),
            data_is_terminal: io::stdout().is_terminal(),
            notes_is_terminal: io::stderr().is_terminal(),
            now_s: said("SOURCE_DATE_EPOCH")
                .and_then(|s| s.to_str()?.parse().ok())
                .unwrap_or_else(now),
            folder: std::env::current_dir().ok(),
            data_columns: terminal_size::terminal_size_of(io::stdout()).map(columns),
            notes_columns: terminal_size::terminal_size_of(io::stderr()).map(columns),
        }
    }

    /// Today.
    pub(crate) fn today(&self) -> Date {
        const DAY_S: u64 = 24 * 60 * 60;
        Date::after_epoch(self.now_s / DAY_S)
    }

    /// How files look that are written.
    pub(crate) fn file_look(&self, look: &LookArgs) -> Look {
        Look { colour: false, plain: look.plain, wide: false, width: WIDTH }
    }

    /// How answers look.
    pub(crate) fn data_look(&self, look: &LookArgs) -> Look {
        self.look(look, self.data_is_terminal, self.data_columns)
    }

    /// How notes look.
    pub(crate) fn notes_look(&self, look: &LookArgs) -> Look {
        self.look(look, self.notes_is_terminal, self.notes_columns)
    }

    fn look(&self, look: &LookArgs, is_terminal: bool, columns: Option<usize>) -> Look {
        let colour = match look.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            // What is asked for forcefully beats what is merely not wanted, as the convention says.
            ColorChoice::Auto => self.force_color || (is_terminal && !self.no_color),
        };
        Look {
            colour,
            plain: look.plain,
            wide: false,
            width: self.columns.or(columns).unwrap_or(WIDTH).max(WIDTH_MIN),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the edge where time enters")]
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    // A clock that is before 1970 is broken, and nothing has expired by it.
    since.map_or(0, |since| since.as_secs())
}

fn columns((width, _): (terminal_size::Width, terminal_size::Height)) -> usize {
    usize::from(width.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_decides_about_width() {
        for (columns, terminal, want) in [
            (None, None, WIDTH),
            (None, Some(132), 132),
            (Some(80), Some(132), 80),
            (Some(80), None, 80),
            (None, Some(7), WIDTH_MIN),
            (Some(0), None, WIDTH_MIN),
        ] {
            let environment =
                Environment { columns, data_columns: terminal, ..Environment::default() };
            let look = environment.data_look(&LookArgs::default());
            assert_eq!(look.width, want, "{columns:?} {terminal:?}");
        }
    }

    #[test]
    fn who_decides_about_colour() {
        let coloured = |choice, no_color, force_color, data_is_terminal| {
            let environment =
                Environment { no_color, force_color, data_is_terminal, ..Environment::default() };
            environment.data_look(&LookArgs { color: choice, ..LookArgs::default() }).colour
        };
        use ColorChoice::{Always, Auto, Never};
        for (choice, no_color, force, terminal, want) in [
            (Auto, false, false, true, true),
            (Auto, false, false, false, false),
            (Auto, true, false, true, false),
            (Auto, false, true, false, true),
            (Always, true, false, false, true),
            (Never, false, true, true, false),
        ] {
            let got = coloured(choice, no_color, force, terminal);
            assert_eq!(got, want, "{choice:?} {no_color} {force} {terminal}");
        }
    }
}
