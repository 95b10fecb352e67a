//! How much an object may hold.

use super::Error;

/// How many messages an object may hold. Two bytes of a body, `{}`, can take half a kilobyte of
/// memory; in the largest body, 3 MiB, this leaves sixty bytes for each.
pub const MESSAGES_MAX: usize = 50_000;

/// How many items of lists and entries of maps an object may hold; in the largest body this leaves
/// six bytes for each.
pub const VALUES_MAX: usize = 500_000;

/// How much more may come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Room {
    messages: usize,
    values: usize,
}

impl Room {
    pub(crate) fn new() -> Self {
        Self { messages: MESSAGES_MAX, values: VALUES_MAX }
    }

    /// For what is in memory already.
    pub(crate) fn ample() -> Self {
        Self { messages: usize::MAX, values: usize::MAX }
    }

    /// Another message.
    pub(crate) fn message(&mut self) -> Result<(), Error> {
        self.messages = self.messages.checked_sub(1).ok_or_else(full)?;
        Ok(())
    }

    /// Another item or entry.
    pub(crate) fn value(&mut self) -> Result<(), Error> {
        self.values = self.values.checked_sub(1).ok_or_else(full)?;
        Ok(())
    }
}

/// What is said of an object without room for all it holds.
pub(super) fn full() -> Error {
    Error::Value("the object holds more values than an object may".to_owned())
}
