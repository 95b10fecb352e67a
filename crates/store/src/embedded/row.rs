//! How an event is written down.
//!
//! A row's place is its commit's revision and its number within the commit. Its bytes are
//!
//! ```text
//! kind: 1 byte   created: 8 bytes   length of key: 2 bytes   key   value
//! ```
//!
//! with numbers in little endian. A deleted key has a row too, without `created` and value, until no
//! older row of it is left.

use std::sync::Arc;

use bytes::Bytes;

use crate::event::{Change, Event};
use crate::head::Place;
use crate::{Entry, Revision};

const PUT: u8 = 1;
const DELETED: u8 = 2;

/// What stands before the key.
const HEAD_BYTES: usize = 1 + 8 + 2;

/// What a row says.
pub(super) enum Row {
    Put(Entry),
    Deleted(Arc<[u8]>),
}

/// Where an event's row stands.
pub(super) fn place(event: &Event) -> Place {
    (event.revision.0, event.index)
}

/// How many bytes an event's row has.
pub(super) fn length(event: &Event) -> usize {
    let value = match &event.change {
        Change::Put { entry, .. } => entry.value.len(),
        Change::Delete { .. } => 0,
    };
    HEAD_BYTES + event.key().len() + value
}

/// An event's row.
pub(super) fn of(event: &Event) -> Vec<u8> {
    let mut row = Vec::with_capacity(length(event));
    write(event, &mut row);
    row
}

/// Appends an event's row.
pub(super) fn write(event: &Event, into: &mut Vec<u8>) {
    let (kind, created, value): (_, _, &[u8]) = match &event.change {
        Change::Put { entry, .. } => (PUT, entry.created, &entry.value),
        Change::Delete { .. } => (DELETED, Revision(0), &[]),
    };
    let key = event.key();
    // Keys are not longer than KEY_BYTES_MAX, which is held before anything is written.
    let length = u16::try_from(key.len()).unwrap_or(u16::MAX);
    into.push(kind);
    into.extend_from_slice(&created.0.to_le_bytes());
    into.extend_from_slice(&length.to_le_bytes());
    into.extend_from_slice(key);
    into.extend_from_slice(value);
}

/// Reads a row. None if its bytes are none that we wrote.
pub(super) fn read((revision, index): Place, bytes: &[u8]) -> Option<Row> {
    let (kind, bytes) = bytes.split_first()?;
    let (created, bytes) = bytes.split_first_chunk()?;
    let (length, bytes) = bytes.split_first_chunk()?;
    let (key, value) = bytes.split_at_checked(usize::from(u16::from_le_bytes(*length)))?;
    let created = Revision(u64::from_le_bytes(*created));
    let modified = Revision(revision);
    match *kind {
        PUT if created <= modified && !key.is_empty() => {
            let value = Bytes::copy_from_slice(value);
            Some(Row::Put(Entry::new(key.into(), value, created, modified, index)))
        }
        DELETED if value.is_empty() && !key.is_empty() => Some(Row::Deleted(key.into())),
        _ => None,
    }
}
