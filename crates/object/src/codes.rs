//! Every code this crate raises, with what it means.

use portcullis_core::Code;

/// The text is not YAML, or not JSON.
pub const SYNTAX: Code = Code("YA001");
/// A key is given twice in one map; the last one counts.
pub const DUPLICATE_KEY: Code = Code("YA002");
/// An alias is used inside its own anchor, or aliases expand beyond the limit.
pub const ALIAS: Code = Code("YA003");
/// Maps and lists are nested deeper than the limit.
pub const DEPTH: Code = Code("YA004");
/// The bytes are not UTF-8, or no text at all.
pub const ENCODING: Code = Code("YA005");
/// A key that JSON cannot hold: null, a list or a map.
pub const KEY: Code = Code("YA006");
/// A value that JSON cannot hold, or that its tag does not allow.
pub const VALUE: Code = Code("YA007");
/// A file, a document or the whole input is larger than a limit.
pub const LIMIT: Code = Code("YA008");
/// It looks like an object, but says no `kind` or no `apiVersion`.
pub const NO_KIND: Code = Code("YA009");
/// The file is a template that has not been rendered.
pub const TEMPLATE: Code = Code("YA010");
/// Text after the end of a document (`...`) that Kubernetes does not read.
pub const AFTER_END: Code = Code("YA011");
/// What an object is called, or what kind it is, is not said in text.
pub const IDENTITY: Code = Code("YA012");
/// `<<` that merges something other than maps.
pub const MERGE: Code = Code("YA013");

/// A field that the kind does not have.
pub const UNKNOWN_FIELD: Code = Code("NP101");
/// A field that the kind has, written in another letter case.
pub const WRONG_CASE: Code = Code("NP102");
/// A map where a list is due, or a list where a map is due.
pub const MAP_FOR_LIST: Code = Code("NP103");
/// A value of the wrong type.
pub const WRONG_TYPE: Code = Code("NP104");
/// A field that must be there and is not.
pub const MISSING_FIELD: Code = Code("NP105");
