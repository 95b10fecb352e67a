//! Protobuf bodies, as kubectl sends them, become the same objects as JSON ones.
//!
//! A body is `k8s\0`, then a `runtime.Unknown` that says what kind the message in it is. The message
//! is read by the tables; what JSON writes as text (times, amounts, base64) is written as JSON
//! writes it.

use std::borrow::Cow;

use serde_json::{Number, Value};

use crate::api::{Field, Message, Type};
use crate::decode::{self, Error, Room, TypeMeta};
use crate::json::{self, Object};
use crate::time::{self, Step};
use crate::{base64, quantity};

mod wire;

use wire::{Broken, Fields, Payload};

/// What every body begins with.
pub const PREFIX: &[u8; 4] = b"k8s\0";

/// How deeply messages, lists and maps may lie in each other, embedded JSON among them: as deeply as
/// in JSON, or an object could be stored that nobody can read again.
pub const DEPTH_MAX: usize = json::DEPTH_MAX;

/// A body, its message not read yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Envelope<'a> {
    /// What the message is said to be.
    pub type_meta: TypeMeta,
    /// The message.
    pub raw: &'a [u8],
}

const TOO_DEEP: &str = "exceeded max depth";

/// Opens a body.
///
/// # Errors
/// [`Error::Unrecognised`] for bytes that are no body.
pub fn envelope(body: &[u8]) -> Result<Envelope<'_>, Error> {
    let refuse = |why: &str| Error::Unrecognised(why.to_owned());
    if body.is_empty() {
        return Err(refuse("empty data"));
    }
    let Some(unknown) = body.strip_prefix(PREFIX) else {
        let why = "provided data does not appear to be a protobuf message, expected prefix";
        return Err(refuse(&format!("{why} [107 56 115 0]")));
    };
    if unknown.is_empty() {
        return Err(refuse("empty body"));
    }
    read_envelope(unknown).map_err(|Broken(why)| Error::Unrecognised(why))
}

fn read_envelope(unknown: &[u8]) -> Result<Envelope<'_>, Broken> {
    let mut envelope = Envelope::default();
    let mut fields = Fields::new(unknown);
    while let Some((number, payload)) = fields.next()? {
        match (number, payload) {
            (1, Payload::Bytes(bytes)) => {
                let mut fields = Fields::new(bytes);
                while let Some((number, payload)) = fields.next()? {
                    match (number, payload) {
                        (1, Payload::Bytes(bytes)) => envelope.type_meta.api_version = text(bytes),
                        (2, Payload::Bytes(bytes)) => envelope.type_meta.kind = text(bytes),
                        (1, other) => return Err(other.unfit("APIVersion")),
                        (2, other) => return Err(other.unfit("Kind")),
                        _ => {}
                    }
                }
            }
            (2, Payload::Bytes(bytes)) => envelope.raw = bytes,
            (1, other) => return Err(other.unfit("TypeMeta")),
            (2, other) => return Err(other.unfit("Raw")),
            // The encoding and the type of the content, which a request leaves empty.
            _ => {}
        }
    }
    Ok(envelope)
}

/// Reads a body as an object of a kind; `kind` and `apiVersion` are what the body says it is.
///
/// # Errors
/// Bytes that are no body or no such message, and amounts, times and embedded JSON that cannot be
/// read.
pub fn decode(message: &'static Message, body: &[u8]) -> Result<Object, Error> {
    let envelope = envelope(body)?;
    let mut object = decode_message(message, envelope.raw)?;
    let TypeMeta { api_version, kind } = envelope.type_meta;
    for (name, value) in [("apiVersion", api_version), ("kind", kind)] {
        if !value.is_empty() && message.field(name).is_some() {
            object.shift_insert(0, name.to_owned(), Value::String(value));
        }
    }
    Ok(object)
}

/// Reads a message without an envelope.
///
/// # Errors
/// As [`decode`].
pub fn decode_message(message: &'static Message, raw: &[u8]) -> Result<Object, Error> {
    let mut reader = Reader { depth: 0, room: Room::new() };
    reader.message(message, raw).map_err(|Broken(why)| Error::Value(why))
}

struct Reader {
    depth: usize,
    room: Room,
}

/// The fields read of a message, by their position among its fields.
type Slots = Vec<Option<Value>>;

impl Reader {
    fn message(&mut self, message: &'static Message, bytes: &[u8]) -> Result<Object, Broken> {
        self.room.message()?;
        self.enter()?;
        let mut slots: Slots = message.fields.iter().map(|_| None).collect();
        self.fields(message, 0, bytes, &mut slots)?;
        self.depth -= 1;
        for (field, slot) in message.fields.iter().zip(&mut slots) {
            if let (Type::Map(_), Some(Value::Object(map))) = (field.kind, slot) {
                map.sort_keys();
            }
        }
        let read: Vec<(usize, Value)> =
            slots.into_iter().enumerate().filter_map(|(at, slot)| Some((at, slot?))).collect();
        Ok(decode::arrange(message, read.into_iter()))
    }

    fn enter(&mut self) -> Result<(), Broken> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(Broken(TOO_DEEP.to_owned()));
        }
        Ok(())
    }

    /// Reads the fields of a message; `offset` is where they begin among the fields of the message
    /// that it is inlined into.
    fn fields(
        &mut self,
        message: &'static Message,
        offset: usize,
        bytes: &[u8],
        slots: &mut Slots,
    ) -> Result<(), Broken> {
        // A message that comes in several parts is all of them together.
        let mut parts: Vec<(usize, Cow<'_, [u8]>)> = Vec::new();
        let mut fields = Fields::new(bytes);
        while let Some((number, payload)) = fields.next()? {
            let known = message.fields.iter().position(|f| u64::from(f.number) == number);
            let Some((position, field)) =
                known.and_then(|position| Some((position, message.fields.get(position)?)))
            else {
                self.inlined(message, offset, number, payload, slots)?;
                continue;
            };
            let Some(slot) = slots.get_mut(offset + position) else { continue };
            match (field.kind, payload) {
                (Type::List(item), payload) => {
                    let list = slot.get_or_insert_with(|| Value::Array(Vec::new()));
                    if let Value::Array(items) = list {
                        self.enter()?;
                        self.items(field, *item, payload, items)?;
                        self.depth -= 1;
                    }
                }
                (Type::Map(item), Payload::Bytes(entry)) => {
                    let map = slot.get_or_insert_with(|| Value::Object(Object::new()));
                    if let Value::Object(map) = map {
                        self.enter()?;
                        let (key, value) = self.entry(field, *item, entry)?;
                        self.depth -= 1;
                        map.insert(key, value);
                    }
                }
                (kind, Payload::Bytes(part)) if is_message(kind) => {
                    match parts.iter_mut().find(|(p, _)| *p == position) {
                        None => parts.push((position, Cow::Borrowed(part))),
                        Some((_, whole)) => whole.to_mut().extend_from_slice(part),
                    }
                }
                (kind, payload) => *slot = Some(self.value(field, kind, payload)?),
            }
        }
        for (position, whole) in parts {
            let Some(field) = message.fields.get(position) else { continue };
            let value = self.value(field, field.kind, Payload::Bytes(&whole))?;
            if let Some(slot) = slots.get_mut(offset + position) {
                *slot = Some(value);
            }
        }
        Ok(())
    }

    /// A field that JSON does not show: its own fields stand in its place.
    fn inlined(
        &mut self,
        message: &'static Message,
        offset: usize,
        number: u64,
        payload: Payload<'_>,
        slots: &mut Slots,
    ) -> Result<(), Broken> {
        let inlined = message.inlined.iter().find(|i| u64::from(i.number) == number);
        let Some(inlined) = inlined.map(|inlined| inlined.message) else { return Ok(()) };
        let Payload::Bytes(bytes) = payload else { return Err(payload.unfit(inlined.name)) };
        let first = inlined.fields.first().and_then(|field| message.position(field.name));
        self.fields(inlined, offset + first.unwrap_or(0), bytes, slots)
    }

    /// One item of a list, or many of a packed one.
    fn items(
        &mut self,
        field: &Field,
        item: Type,
        payload: Payload<'_>,
        items: &mut Vec<Value>,
    ) -> Result<(), Broken> {
        if let (Type::Int32 | Type::Int64 | Type::Bool, Payload::Bytes(bytes)) = (item, payload) {
            for number in wire::packed(bytes)? {
                self.room.value()?;
                items.push(self.value(field, item, Payload::Varint(number))?);
            }
            return Ok(());
        }
        self.room.value()?;
        items.push(self.value(field, item, payload)?);
        Ok(())
    }

    fn entry(
        &mut self,
        field: &Field,
        item: Type,
        bytes: &[u8],
    ) -> Result<(String, Value), Broken> {
        self.room.value()?;
        let mut key = String::new();
        let mut value = None;
        let mut fields = Fields::new(bytes);
        while let Some((number, payload)) = fields.next()? {
            match (number, payload) {
                (1, Payload::Bytes(bytes)) => key = text(bytes),
                (1, other) => return Err(other.unfit(field.name)),
                (2, payload) => value = Some(self.value(field, item, payload)?),
                _ => {}
            }
        }
        // Bytes of an entry are there, if none.
        let absent = || match item {
            Type::Bytes => Value::String(String::new()),
            item => decode::zero_of(item),
        };
        Ok((key, value.unwrap_or_else(absent)))
    }

    fn value(&mut self, field: &Field, kind: Type, payload: Payload<'_>) -> Result<Value, Broken> {
        match payload {
            Payload::Varint(number) => varint(kind, number),
            Payload::Fixed64(bytes) => match kind {
                Type::Float => Number::from_f64(f64::from_le_bytes(bytes))
                    .and_then(|number| decode::float(number.as_f64()?))
                    .map(Value::Number),
                _ => None,
            },
            Payload::Fixed32 => None,
            Payload::Bytes(bytes) => return self.bytes(field, kind, bytes),
        }
        .ok_or_else(|| payload.unfit(field.name))
    }

    fn bytes(&mut self, field: &Field, kind: Type, bytes: &[u8]) -> Result<Value, Broken> {
        Ok(match kind {
            Type::String => Value::String(text(bytes)),
            Type::Bytes => Value::String(base64::encode(bytes)),
            Type::Message(message) => Value::Object(self.message(message, bytes)?),
            Type::Quantity => amount(bytes)?,
            Type::Time => moment(bytes, Step::Second)?,
            Type::MicroTime => moment(bytes, Step::Micro)?,
            Type::IntOrString => int_or_string(bytes)?,
            Type::Raw | Type::Fields | Type::Json => self.embedded(bytes)?,
            Type::OrList(message) => self.either(field, bytes, message, Type::Message(message))?,
            Type::OrStrings(message) => self.either(field, bytes, message, Type::String)?,
            Type::OrBool(message) => self.or_bool(field, bytes, message)?,
            // A list within a map is a message with one field, the list.
            Type::List(item) => {
                self.enter()?;
                let mut items = Vec::new();
                let mut fields = Fields::new(bytes);
                while let Some((number, payload)) = fields.next()? {
                    if number == 1 {
                        self.items(field, *item, payload, &mut items)?;
                    }
                }
                self.depth -= 1;
                if items.is_empty() { Value::Null } else { Value::Array(items) }
            }
            Type::Bool | Type::Int32 | Type::Int64 | Type::Float | Type::Map(_) => {
                return Err(Payload::Bytes(bytes).unfit(field.name));
            }
        })
    }

    /// JSON within protobuf.
    fn embedded(&mut self, bytes: &[u8]) -> Result<Value, Broken> {
        let mut value = Value::Null;
        let mut fields = Fields::new(bytes);
        while let Some((number, payload)) = fields.next()? {
            match (number, payload) {
                (1, Payload::Bytes(text)) => {
                    value = decode::embedded(text, &mut self.room)?;
                }
                (1, other) => return Err(other.unfit("Raw")),
                _ => {}
            }
        }
        if self.depth + depth(&value) > DEPTH_MAX {
            return Err(Broken(TOO_DEEP.to_owned()));
        }
        Ok(value)
    }

    /// A schema, or a list.
    fn either(
        &mut self,
        field: &Field,
        bytes: &[u8],
        message: &'static Message,
        item: Type,
    ) -> Result<Value, Broken> {
        let mut schema = Value::Null;
        let mut items = Vec::new();
        self.enter()?;
        let mut fields = Fields::new(bytes);
        while let Some((number, payload)) = fields.next()? {
            match number {
                1 => schema = self.value(field, Type::Message(message), payload)?,
                2 => self.items(field, item, payload, &mut items)?,
                _ => {}
            }
        }
        self.depth -= 1;
        Ok(if items.is_empty() { schema } else { Value::Array(items) })
    }

    /// A schema, or a boolean.
    fn or_bool(
        &mut self,
        field: &Field,
        bytes: &[u8],
        message: &'static Message,
    ) -> Result<Value, Broken> {
        let mut allows = Value::Bool(false);
        let mut schema = None;
        let mut fields = Fields::new(bytes);
        while let Some((number, payload)) = fields.next()? {
            match number {
                1 => allows = self.value(field, Type::Bool, payload)?,
                2 => schema = Some(self.value(field, Type::Message(message), payload)?),
                _ => {}
            }
        }
        Ok(schema.unwrap_or(allows))
    }
}

/// How deeply lists and objects lie in each other.
fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(map) => 1 + map.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

fn is_message(kind: Type) -> bool {
    !matches!(
        kind,
        Type::String | Type::Bytes | Type::Bool | Type::Int32 | Type::Int64 | Type::Float
    )
}

/// Invalid UTF-8 is kept by the original and printed as U+FFFD.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A number, whose upper half the original drops where it has no room for it.
fn varint(kind: Type, number: u64) -> Option<Value> {
    let whole = i64::from_le_bytes(number.to_le_bytes());
    Some(match kind {
        Type::Bool => Value::Bool(number != 0),
        Type::Int64 => Value::Number(whole.into()),
        Type::Int32 => Value::Number(low_half(number).into()),
        _ => return None,
    })
}

fn low_half(number: u64) -> i32 {
    let [a, b, c, d, ..] = number.to_le_bytes();
    i32::from_le_bytes([a, b, c, d])
}

fn amount(bytes: &[u8]) -> Result<Value, Broken> {
    let mut amount = "0".to_owned();
    let mut fields = Fields::new(bytes);
    while let Some((number, payload)) = fields.next()? {
        match (number, payload) {
            (1, Payload::Bytes(bytes)) => {
                let text = text(bytes);
                let printed = quantity::canonical(&text).map_err(|why| Broken(why.to_owned()))?;
                amount = printed.unwrap_or(text);
            }
            (1, other) => return Err(other.unfit("String_")),
            _ => {}
        }
    }
    Ok(Value::String(amount))
}

fn moment(bytes: &[u8], step: Step) -> Result<Value, Broken> {
    // No bytes at all are the zero time, which is not the second zero.
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    let (mut seconds, mut nanos) = (0, 0);
    let mut fields = Fields::new(bytes);
    while let Some((number, payload)) = fields.next()? {
        match (number, payload) {
            (1, Payload::Varint(number)) => seconds = i64::from_le_bytes(number.to_le_bytes()),
            (2, Payload::Varint(number)) => nanos = low_half(number),
            (1, other) => return Err(other.unfit("Seconds")),
            (2, other) => return Err(other.unfit("Nanos")),
            _ => {}
        }
    }
    let nanos = match step {
        Step::Second => 0,
        Step::Micro => nanos,
    };
    // Nanoseconds beyond a second are carried, as Go's `time.Unix` does.
    let seconds = seconds.saturating_add(i64::from(nanos.div_euclid(1_000_000_000)));
    let nanos = u32::try_from(nanos.rem_euclid(1_000_000_000)).unwrap_or(0);
    Ok(time::print(seconds, nanos, step).map_or(Value::Null, Value::String))
}

fn int_or_string(bytes: &[u8]) -> Result<Value, Broken> {
    let (mut kind, mut number, mut name) = (0, 0, String::new());
    let mut fields = Fields::new(bytes);
    while let Some((field, payload)) = fields.next()? {
        match (field, payload) {
            (1, Payload::Varint(value)) => kind = value,
            (2, Payload::Varint(value)) => number = low_half(value),
            (3, Payload::Bytes(bytes)) => name = text(bytes),
            (1, other) => return Err(other.unfit("Type")),
            (2, other) => return Err(other.unfit("IntVal")),
            (3, other) => return Err(other.unfit("StrVal")),
            _ => {}
        }
    }
    match kind {
        0 => Ok(Value::Number(number.into())),
        1 => Ok(Value::String(name)),
        _ => Err(Broken("impossible IntOrString.Type".to_owned())),
    }
}

#[cfg(test)]
mod tests;
