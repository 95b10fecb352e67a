//! Protobuf's wire format: numbered fields, one after the other.

use crate::decode::Error;

/// What the original's generated readers say of bytes that are no message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Broken(pub(super) String);

impl From<Error> for Broken {
    fn from(error: Error) -> Self {
        Self(error.to_string())
    }
}

/// One field as it stands on the wire.
#[derive(Clone, Copy, Debug)]
pub(super) enum Payload<'a> {
    Varint(u64),
    Fixed64([u8; 8]),
    Bytes(&'a [u8]),
    /// No field of the API is of this type.
    Fixed32,
}

/// How deeply groups may lie in each other in fields that nobody knows. No message of the API has
/// groups at all.
const GROUPS_MAX: usize = 16;

impl Payload<'_> {
    fn wire_type(self) -> u8 {
        match self {
            Self::Varint(_) => 0,
            Self::Fixed64(_) => 1,
            Self::Bytes(_) => 2,
            Self::Fixed32 => 5,
        }
    }

    /// What is said of a field that comes in another shape than its type.
    pub(super) fn unfit(self, field: &str) -> Broken {
        Broken(format!("proto: wrong wireType = {} for field {field}", self.wire_type()))
    }
}

/// The fields of a message.
pub(super) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The number and the payload of the next field; none at the end. Groups are dropped on the
    /// way: no message of the API has any.
    pub(super) fn next(&mut self) -> Result<Option<(u64, Payload<'a>)>, Broken> {
        loop {
            if self.rest.is_empty() {
                return Ok(None);
            }
            let tag = self.varint()?;
            let (number, wire_type) = (tag >> 3, tag & 7);
            if wire_type == 4 {
                return Err(Broken("proto: wiretype end group for non-group".to_owned()));
            }
            // The original reads numbers as 32 bits with a sign.
            if number == 0 || number > 0x7fff_ffff {
                return Err(Broken(format!("proto: illegal tag {number} (wire type {wire_type})")));
            }
            if wire_type == 3 {
                self.group(1)?;
                continue;
            }
            return self.payload(wire_type).map(|payload| Some((number, payload)));
        }
    }

    fn payload(&mut self, wire_type: u64) -> Result<Payload<'a>, Broken> {
        Ok(match wire_type {
            0 => Payload::Varint(self.varint()?),
            1 => Payload::Fixed64(self.fixed()?),
            2 => {
                let length = usize::try_from(self.varint()?)
                    .ok()
                    .filter(|length| i64::try_from(*length).is_ok())
                    .ok_or_else(|| {
                        Broken("proto: negative length found during unmarshaling".to_owned())
                    })?;
                let (bytes, rest) = self.rest.split_at_checked(length).ok_or_else(end)?;
                self.rest = rest;
                Payload::Bytes(bytes)
            }
            5 => self.fixed().map(|_: [u8; 4]| Payload::Fixed32)?,
            other => return Err(Broken(format!("proto: illegal wireType {other}"))),
        })
    }

    /// Drops a group up to its end.
    fn group(&mut self, depth: usize) -> Result<(), Broken> {
        if depth > GROUPS_MAX {
            return Err(Broken("proto: groups nested too deeply".to_owned()));
        }
        loop {
            match self.varint()? & 7 {
                3 => self.group(depth + 1)?,
                4 => return Ok(()),
                wire_type => self.payload(wire_type).map(|_| ())?,
            }
        }
    }

    fn fixed<const N: usize>(&mut self) -> Result<[u8; N], Broken> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or_else(end)?;
        self.rest = rest;
        Ok(*bytes)
    }

    fn varint(&mut self) -> Result<u64, Broken> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.rest.split_first().ok_or_else(end)?;
            self.rest = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Broken("proto: integer overflow".to_owned()))
    }
}

/// The numbers of a packed list.
pub(super) fn packed(bytes: &[u8]) -> Result<Vec<u64>, Broken> {
    let mut fields = Fields::new(bytes);
    let mut numbers = Vec::new();
    while !fields.rest.is_empty() {
        numbers.push(fields.varint()?);
    }
    Ok(numbers)
}

fn end() -> Broken {
    Broken("unexpected EOF".to_owned())
}
