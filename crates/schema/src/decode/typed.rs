//! The walk over a text by the fields of a message.

use std::fmt::Write as _;

use serde_json::{Map, Number, Value};

use super::read::{Broken, Reader};
use super::room;
use super::zero::{absent, keeps, of_type};
use super::{COMPLAINTS_MAX, Complaint, Decoded, Error, Fault, Room, WrongType};
use crate::api::{Field, Message, Type};
use crate::json::{Object, SyntaxError};
use crate::time::Step;
use crate::{base64, quantity, time};

pub(super) fn decode(message: &'static Message, text: &[u8], room: Room) -> Result<Decoded, Error> {
    let mut decoder = Decoder::new(Reader::new(text, room));
    match decoder.root(message) {
        Ok(object) => match decoder.wrong {
            None => Ok(Decoded { object, complaints: decoder.complaints }),
            Some(wrong) => Err(wrong),
        },
        Err(stop) => {
            // The original looks for broken syntax in the whole text before anything else.
            let mut rest = Reader::new(text, room);
            if rest.skip().and_then(|()| rest.end()).is_err() {
                return Err(Error::Syntax(SyntaxError::of(text)));
            }
            Err(match stop {
                Stop::At(error) => error,
                Stop::Broken if decoder.reader.is_full() => room::full(),
                Stop::Broken => Error::Value(TOO_LARGE.to_owned()),
            })
        }
    }
}

/// A text that is kept as it is.
pub(crate) fn embedded(text: &[u8], room: &mut Room) -> Result<Value, Error> {
    let mut reader = Reader::new(text, *room);
    let read = reader.any().and_then(|value| reader.end().map(|()| value));
    *room = *reader.room();
    let why = || if reader.is_full() { room::full() } else { Error::Syntax(SyntaxError::of(text)) };
    read.map_err(|Broken| why())
}

/// Said of a text that is JSON and still was not read: embedded JSON has a number beyond all
/// machines.
const TOO_LARGE: &str = "json: cannot unmarshal number into Go value of type float64";

/// What the original says of JSON that is no object.
pub(super) fn not_an_object(found: &str) -> String {
    format!(
        "json: cannot unmarshal {found} into Go value of type struct {{ APIVersion string \
         \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }}"
    )
}

/// What the original says of a `kind` or `apiVersion` that is no text.
pub(super) fn not_a_name(found: &str, field: &str) -> String {
    format!("json: cannot unmarshal {found} into Go struct field .{field} of type string")
}

/// Why a walk ends early.
enum Stop {
    Broken,
    At(Error),
}

impl From<Broken> for Stop {
    fn from(_: Broken) -> Self {
        Self::Broken
    }
}

/// Where a value stands; each knows what is above it, on the stack.
struct Place<'p> {
    above: Option<&'p Place<'p>>,
    step: PlaceStep<'p>,
}

enum PlaceStep<'p> {
    Root,
    Field(&'static Message, &'static str),
    Key(&'p str),
    Index(usize),
}

struct Decoder<'a> {
    reader: Reader<'a>,
    complaints: Vec<Complaint>,
    /// The first value of a wrong type. The walk goes on: an amount that cannot be read further
    /// down is told of instead.
    wrong: Option<Error>,
    /// Above zero inside of values whose unknown fields the original does not tell of.
    quiet: usize,
    /// The fields read of the objects that are open, innermost last.
    slots: Vec<Slot>,
}

struct Slot {
    /// Among the fields of the message.
    position: usize,
    /// Where the value begins in the text.
    start: usize,
    end: usize,
    value: Value,
}

impl<'a> Decoder<'a> {
    fn new(reader: Reader<'a>) -> Self {
        Self { reader, complaints: Vec::new(), wrong: None, quiet: 0, slots: Vec::new() }
    }

    fn root(&mut self, message: &'static Message) -> Result<Object, Stop> {
        let root = Place { above: None, step: PlaceStep::Root };
        let object = match self.reader.peek()? {
            b'{' => self.message(message, &root)?,
            // Go leaves a struct alone when it reads `null` into it.
            b'n' => self.reader.literal("null").map(|()| super::zero(message))?,
            byte => {
                self.reader.skip()?;
                return Err(Stop::At(Error::Unrecognised(not_an_object(name(byte)))));
            }
        };
        self.reader.end()?;
        Ok(object)
    }

    fn message(&mut self, message: &'static Message, at: &Place<'_>) -> Result<Object, Stop> {
        self.reader.open()?;
        self.reader.room().message().map_err(Stop::At)?;
        let base = self.slots.len();
        // One bit a field; no message has more than 64, which a test of the tables holds.
        let mut seen = 0_u64;
        let mut twice: Vec<(usize, Value)> = Vec::new();
        // Most texts are written by programs that keep the order of the fields.
        let mut expected = 0;
        let mut first = true;
        while self.reader.more(b'}', first)? {
            first = false;
            let key = self.reader.key()?;
            let mut ahead = message.fields.iter().skip(expected).take(LOOK_AHEAD);
            let found = match ahead.position(|field| field.name == key) {
                Some(ahead) => Some(expected + ahead),
                None => message.position(&key),
            };
            let Some((position, field)) = found.and_then(|p| Some((p, message.fields.get(p)?)))
            else {
                self.complain(Fault::Unknown, at, &key);
                self.reader.skip()?;
                continue;
            };
            expected = position + 1;
            let bit = 1_u64.checked_shl(u32::try_from(position).unwrap_or(u32::MAX)).unwrap_or(0);
            let again = seen & bit != 0;
            seen |= bit;
            if again {
                self.complain(Fault::Duplicate, at, &key);
            }
            self.reader.peek()?;
            let start = self.reader.position();
            let place = Place { above: Some(at), step: PlaceStep::Field(message, field.name) };
            let value = if self.reader.peek()? == b'n' {
                self.reader.literal("null")?;
                if field.is_pointer() { Value::Null } else { of_type(field.kind) }
            } else {
                self.value(field.kind, &place)?
            };
            let end = self.reader.position();
            if again {
                self.once_more(field, &Slot { position, start, end, value }, base, &mut twice)?;
            } else {
                self.slots.push(Slot { position, start, end, value });
            }
        }
        for (position, merged) in twice {
            self.replace(message, position, base, &merged)?;
        }
        Ok(self.close(message, base))
    }

    /// A field whose key stands twice: Go reads the second value into what the first one left. What
    /// both texts say together is kept, to be read once the object ends.
    fn once_more(
        &mut self,
        field: &'static Field,
        second: &Slot,
        base: usize,
        twice: &mut Vec<(usize, Value)>,
    ) -> Result<(), Stop> {
        let value = gather(&mut self.reader.part(second.start, second.end), field.kind)?;
        if let Some((_, merged)) = twice.iter_mut().find(|(p, _)| *p == second.position) {
            merge_field(field, merged, value);
            return Ok(());
        }
        let first = self.slots.iter().skip(base).find(|slot| slot.position == second.position);
        let mut merged = match first {
            Some(slot) => gather(&mut self.reader.part(slot.start, slot.end), field.kind)?,
            None => Value::Null,
        };
        merge_field(field, &mut merged, value);
        twice.push((second.position, merged));
        Ok(())
    }

    /// Reads the merged text of a field that stood twice in place of its first value.
    fn replace(
        &mut self,
        message: &'static Message,
        position: usize,
        base: usize,
        merged: &Value,
    ) -> Result<(), Stop> {
        let Some(field) = message.fields.get(position) else { return Ok(()) };
        let text = merged.to_string();
        let mut decoder = Decoder::new(Reader::new(text.as_bytes(), *self.reader.room()));
        decoder.quiet = 1;
        let root = Place { above: None, step: PlaceStep::Root };
        let value = match merged {
            Value::Null if field.is_pointer() => Value::Null,
            Value::Null => of_type(field.kind),
            _ => decoder.value(field.kind, &root).map_err(|stop| match stop {
                // The text is ours, so it is well formed.
                Stop::Broken => Stop::At(room::full()),
                at => at,
            })?,
        };
        *self.reader.room() = *decoder.reader.room();
        if let Some(slot) = self.slots.iter_mut().skip(base).find(|s| s.position == position) {
            slot.value = value;
        }
        Ok(())
    }

    /// The fields read since `base`, and those that are printed though nobody set them, in the
    /// order of the struct.
    fn close(&mut self, message: &'static Message, base: usize) -> Object {
        if let Some(own) = self.slots.get_mut(base..)
            && !own.is_sorted_by_key(|slot| slot.position)
        {
            own.sort_unstable_by_key(|slot| slot.position);
        }
        arrange(message, self.slots.drain(base..).map(|slot| (slot.position, slot.value)))
    }

    /// A value that is there and not `null`, unless it is an item of a list or a map.
    fn value(&mut self, kind: Type, at: &Place<'_>) -> Result<Value, Stop> {
        let byte = self.reader.peek()?;
        if byte == b'n' {
            return Ok(self.reader.literal("null").map(|()| of_type(kind))?);
        }
        Ok(match (kind, byte) {
            (Type::String, b'"') => Value::String(self.reader.string()?.into_owned()),
            (Type::Bool, b't') => self.reader.literal("true").map(|()| Value::Bool(true))?,
            (Type::Bool, b'f') => self.reader.literal("false").map(|()| Value::Bool(false))?,
            (Type::Int32 | Type::Int64 | Type::Float, b'-' | b'0'..=b'9') => {
                self.number(kind, at)?
            }
            (Type::Bytes, b'"') => self.bytes()?,
            (Type::Quantity, _) => self.quantity(byte)?,
            (Type::Time, b'"') => self.time(Step::Second)?,
            (Type::MicroTime, b'"') => self.time(Step::Micro)?,
            (Type::IntOrString, b'"') => Value::String(self.reader.string()?.into_owned()),
            (Type::IntOrString, b'-' | b'0'..=b'9') => {
                let text = self.reader.number()?;
                match text.parse::<i32>() {
                    Ok(number) => Value::Number(number.into()),
                    Err(_) => return Err(at.unfit(format!("number {text}"), "int32")),
                }
            }
            (Type::Raw | Type::Fields | Type::Json, _) => self.reader.any()?,
            (Type::List(item), b'[') => self.list(*item, at)?,
            (Type::Map(item), b'{') => self.map(*item, at)?,
            (Type::Message(message), b'{') => Value::Object(self.message(message, at)?),
            (Type::OrList(_) | Type::OrBool(_) | Type::OrStrings(_), _) => {
                self.quiet += 1;
                let value = self.either(kind, byte, at);
                self.quiet -= 1;
                value?
            }
            (Type::Time | Type::MicroTime, byte) => {
                return Err(at.unfit(name(byte).to_owned(), "string"));
            }
            (Type::IntOrString, byte) => {
                return Err(at.unfit(name(byte).to_owned(), "int32"));
            }
            (_, byte) => {
                self.mistype(name(byte).to_owned(), kind, at);
                self.reader.skip()?;
                of_type(kind)
            }
        })
    }

    fn number(&mut self, kind: Type, at: &Place<'_>) -> Result<Value, Stop> {
        let text = self.reader.number()?;
        let read = match kind {
            Type::Int32 => text.parse::<i32>().ok().map(Number::from),
            Type::Int64 => text.parse::<i64>().ok().map(Number::from),
            _ => text.parse().ok().and_then(float),
        };
        Ok(match read {
            Some(number) => Value::Number(number),
            None => {
                self.mistype(format!("number {text}"), kind, at);
                of_type(kind)
            }
        })
    }

    fn bytes(&mut self) -> Result<Value, Stop> {
        let text = self.reader.string()?;
        Ok(match base64::canonical(&text) {
            Ok(None) => Value::String(text.into_owned()),
            Ok(Some(printed)) => Value::String(printed),
            Err(why) => {
                self.wrong.get_or_insert_with(|| Error::Value(why.to_string()));
                Value::Null
            }
        })
    }

    fn quantity(&mut self, byte: u8) -> Result<Value, Stop> {
        let start = self.reader.position();
        self.reader.skip()?;
        let text = String::from_utf8_lossy(self.reader.since(start));
        // The original looks between the quotes without reading escapes.
        let bare = match byte {
            b'"' => text.strip_prefix('"').and_then(|t| t.strip_suffix('"')).unwrap_or(&text),
            _ => &text,
        };
        let bare = bare.trim();
        match quantity::canonical(bare) {
            Ok(None) => Ok(Value::String(bare.to_owned())),
            Ok(Some(printed)) => Ok(Value::String(printed)),
            Err(why) => Err(Stop::At(Error::Value(why.to_owned()))),
        }
    }

    fn time(&mut self, step: Step) -> Result<Value, Stop> {
        let text = self.reader.string()?;
        match time::canonical(&text, step) {
            Ok(printed) => Ok(printed.map_or(Value::Null, Value::String)),
            Err(why) => Err(Stop::At(Error::Value(why))),
        }
    }

    fn list(&mut self, item: Type, at: &Place<'_>) -> Result<Value, Stop> {
        self.reader.open()?;
        let mut items = Vec::new();
        while self.reader.more(b']', items.is_empty())? {
            let place = Place { above: Some(at), step: PlaceStep::Index(items.len()) };
            self.reader.room().value().map_err(Stop::At)?;
            items.push(self.value(item, &place)?);
        }
        Ok(Value::Array(items))
    }

    fn map(&mut self, item: Type, at: &Place<'_>) -> Result<Value, Stop> {
        self.reader.open()?;
        let mut map = Map::new();
        let mut sorted = true;
        while self.reader.more(b'}', map.is_empty())? {
            let key = self.reader.key()?;
            if map.contains_key(key.as_ref()) {
                self.complain(Fault::Duplicate, at, &key);
            } else if sorted {
                sorted = map.keys().next_back().is_none_or(|last| **last < *key);
            }
            let place = Place { above: Some(at), step: PlaceStep::Key(&key) };
            self.reader.room().value().map_err(Stop::At)?;
            let value = self.value(item, &place)?;
            map.insert(key.into_owned(), value);
        }
        if !sorted {
            map.sort_keys();
        }
        Ok(Value::Object(map))
    }

    /// A value whose type is written in one of two ways.
    fn either(&mut self, kind: Type, byte: u8, at: &Place<'_>) -> Result<Value, Stop> {
        Ok(match (kind, byte) {
            (Type::OrList(message) | Type::OrBool(message) | Type::OrStrings(message), b'{') => {
                Value::Object(self.message(message, at)?)
            }
            (Type::OrList(message), b'[') => {
                let items = self.list(Type::Message(message), at)?;
                if items == Value::Array(Vec::new()) { Value::Null } else { items }
            }
            (Type::OrStrings(_), b'[') => {
                let items = self.list(Type::String, at)?;
                if items == Value::Array(Vec::new()) { Value::Null } else { items }
            }
            (Type::OrBool(_), b't') => self.reader.literal("true").map(|()| Value::Bool(true))?,
            (Type::OrBool(_), b'f') => self.reader.literal("false").map(|()| Value::Bool(false))?,
            (Type::OrBool(_), _) => {
                let why = "boolean or JSON schema expected".to_owned();
                return Err(Stop::At(Error::Value(why)));
            }
            _ => self.reader.skip().map(|()| Value::Null)?,
        })
    }

    fn complain(&mut self, fault: Fault, at: &Place<'_>, key: &str) {
        if self.quiet > 0 || self.complaints.len() >= COMPLAINTS_MAX {
            return;
        }
        let mut path = String::new();
        at.path(&mut path);
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(key);
        let complaint = Complaint { fault, path };
        if !self.complaints.contains(&complaint) {
            self.complaints.push(complaint);
        }
    }

    fn mistype(&mut self, found: String, kind: Type, at: &Place<'_>) {
        if self.wrong.is_some() {
            return;
        }
        let field = at.field();
        self.wrong = Some(match (at.name_of_the_kind(), &at.step) {
            (true, PlaceStep::Field(_, field)) => Error::Unrecognised(not_a_name(&found, field)),
            _ => Error::Type(WrongType { found, field, wanted: in_go(kind) }),
        });
    }
}

/// How far ahead of the field just read the next one is looked for by its turn; further ones are
/// looked up by name.
const LOOK_AHEAD: usize = 4;

/// An object of fields, given by position and in order, that are there, and of those that are
/// printed though nobody set them.
pub(crate) fn arrange(
    message: &'static Message,
    fields: impl ExactSizeIterator<Item = (usize, Value)>,
) -> Object {
    let mut object = Map::with_capacity(fields.len());
    let mut rest = message.fields.iter();
    let mut next = 0;
    for (position, value) in fields {
        rest.by_ref()
            .take(position.saturating_sub(next))
            .for_each(|field| add_absent(field, &mut object));
        next = position + 1;
        let Some(field) = rest.next() else { break };
        if keeps(field, &value) {
            object.insert(field.name.to_owned(), value);
        }
    }
    rest.for_each(|field| add_absent(field, &mut object));
    object
}

fn add_absent(field: &'static Field, object: &mut Object) {
    if let Some(value) = absent(field) {
        object.insert(field.name.to_owned(), value);
    }
}

/// Whole numbers are printed without a point, as Go does.
pub(crate) fn float(number: f64) -> Option<Number> {
    /// Up to here every whole number is told from the next.
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() <= EXACT_MAX {
        return format!("{number:.0}").parse::<i64>().ok().map(Number::from);
    }
    Number::from_f64(number)
}

/// A text of a type as it stands, but for keys that stand twice: what both texts say together.
fn gather(reader: &mut Reader<'_>, kind: Type) -> Result<Value, Broken> {
    Ok(match (kind, reader.peek()?) {
        (Type::Message(message), b'{') => {
            reader.open()?;
            let mut object = Map::new();
            let mut first = true;
            while reader.more(b'}', first)? {
                first = false;
                let key = reader.key()?;
                let Some(field) = message.field(&key) else {
                    reader.skip()?;
                    continue;
                };
                let value = gather(reader, field.kind)?;
                match object.get_mut(key.as_ref()) {
                    Some(old) => merge_field(field, old, value),
                    None => drop(object.insert(key.into_owned(), value)),
                }
            }
            Value::Object(object)
        }
        (Type::List(item), b'[') => {
            reader.open()?;
            let mut items = Vec::new();
            while reader.more(b']', items.is_empty())? {
                items.push(gather(reader, *item)?);
            }
            Value::Array(items)
        }
        (Type::Map(item), b'{') => {
            reader.open()?;
            let mut map = Map::new();
            while reader.more(b'}', map.is_empty())? {
                let key = reader.key()?.into_owned();
                map.insert(key, gather(reader, *item)?);
            }
            Value::Object(map)
        }
        // An amount is kept to the letter.
        (Type::Quantity, b'-' | b'0'..=b'9') => Value::String(reader.number()?.to_owned()),
        _ => reader.any()?,
    })
}

/// What a second text of one field leaves of the first.
fn merge_field(field: &Field, first: &mut Value, second: Value) {
    if second.is_null() && field.is_pointer() {
        *first = Value::Null;
    } else {
        merge(field.kind, first, second);
    }
}

fn merge(kind: Type, first: &mut Value, second: Value) {
    match (kind, second) {
        (Type::Message(message), Value::Object(second)) => match first {
            Value::Object(first) => {
                for (key, value) in second {
                    match (first.get_mut(&key), message.field(&key)) {
                        (Some(old), Some(field)) => merge_field(field, old, value),
                        _ => {
                            first.insert(key, value);
                        }
                    }
                }
            }
            _ => *first = Value::Object(second),
        },
        (Type::Map(_), Value::Object(second)) => match first {
            Value::Object(first) => first.extend(second),
            _ => *first = Value::Object(second),
        },
        (Type::List(item), Value::Array(second)) => match first {
            Value::Array(first) => {
                first.truncate(second.len());
                let old = first.len();
                let mut second = second.into_iter();
                for (old, new) in first.iter_mut().zip(second.by_ref().take(old)) {
                    merge(*item, old, new);
                }
                first.extend(second);
            }
            _ => *first = Value::Array(second),
        },
        // Reading `null` leaves text, numbers and structs alone.
        (
            Type::String | Type::Bool | Type::Int32 | Type::Int64 | Type::Float | Type::Message(_),
            Value::Null,
        ) => {}
        (_, second) => *first = second,
    }
}

/// What begins with this byte, in JSON's words.
fn name(byte: u8) -> &'static str {
    match byte {
        b'{' => "object",
        b'[' => "array",
        b'"' => "string",
        b't' | b'f' => "bool",
        b'n' => "null",
        _ => "number",
    }
}

/// A type as Go spells it.
fn in_go(kind: Type) -> String {
    match kind {
        Type::String => "string".to_owned(),
        Type::Bool => "bool".to_owned(),
        Type::Int32 => "int32".to_owned(),
        Type::Int64 => "int64".to_owned(),
        Type::Float => "float64".to_owned(),
        Type::Bytes => "[]uint8".to_owned(),
        Type::Quantity => "resource.Quantity".to_owned(),
        Type::Time => "v1.Time".to_owned(),
        Type::MicroTime => "v1.MicroTime".to_owned(),
        Type::IntOrString => "intstr.IntOrString".to_owned(),
        Type::Raw => "runtime.RawExtension".to_owned(),
        Type::Fields => "v1.FieldsV1".to_owned(),
        Type::Json => "v1.JSON".to_owned(),
        Type::List(item) => format!("[]{}", in_go(*item)),
        Type::Map(item) => format!("map[string]{}", in_go(*item)),
        Type::Message(message)
        | Type::OrList(message)
        | Type::OrBool(message)
        | Type::OrStrings(message) => {
            message.name.rsplit('/').next().unwrap_or(message.name).to_owned()
        }
    }
}

impl Place<'_> {
    /// `spec.containers[0].image`.
    fn path(&self, out: &mut String) {
        if let Some(above) = self.above {
            above.path(out);
        }
        let step = match self.step {
            PlaceStep::Root => return,
            PlaceStep::Field(_, name) => name,
            PlaceStep::Key(key) => key,
            PlaceStep::Index(index) => {
                // Writing to a string does not fail.
                let _ = write!(out, "[{index}]");
                return;
            }
        };
        if !out.is_empty() {
            out.push('.');
        }
        out.push_str(step);
    }

    /// `Container.spec.containers.image`.
    fn field(&self) -> String {
        let mut fields = Vec::new();
        let mut holder = "";
        let mut here = Some(self);
        while let Some(place) = here {
            if let PlaceStep::Field(message, name) = place.step {
                if fields.is_empty() {
                    holder = message.name.rsplit('.').next().unwrap_or_default();
                }
                fields.push(name);
            }
            here = place.above;
        }
        fields.push(holder);
        fields.reverse();
        fields.join(".")
    }

    /// A value that a type with a reader of its own does not take. The original ends there.
    fn unfit(&self, found: String, wanted: &str) -> Stop {
        let wrong = WrongType { found, field: self.field(), wanted: wanted.to_owned() };
        Stop::At(Error::Type(wrong))
    }

    /// Whether it is the `kind` or `apiVersion` of the whole text.
    fn name_of_the_kind(&self) -> bool {
        let top = self.above.is_some_and(|above| matches!(above.step, PlaceStep::Root));
        top && matches!(self.step, PlaceStep::Field(_, "kind" | "apiVersion"))
    }
}
