//! Every code this crate raises, with what it means.

use portcullis_core::Code;

macro_rules! codes {
    ($($(#[doc = $doc:literal])* $name:ident = $code:literal;)*) => {
        $($(#[doc = $doc])* pub const $name: Code = Code($code);)*
        /// Every code this crate raises, with what it means.
        pub const ALL: &[(Code, &str)] = &[$(($name, concat!($($doc),*))),*];
    };
}

codes! {
    /// the text is not YAML, or not JSON
    SYNTAX = "YA001";
    /// a key is given twice in one map; the last one counts
    DUPLICATE_KEY = "YA002";
    /// an alias is used inside its own anchor, or aliases expand beyond the limit
    ALIAS = "YA003";
    /// maps and lists are nested deeper than the limit
    DEPTH = "YA004";
    /// the bytes are not UTF-8, or no text at all
    ENCODING = "YA005";
    /// a key that JSON cannot hold: null, a list or a map
    KEY = "YA006";
    /// a value that JSON cannot hold, or that its tag does not allow
    VALUE = "YA007";
    /// a file, a document or the whole input is larger than a limit
    LIMIT = "YA008";
    /// it looks like an object, but says no `kind` or no `apiVersion`
    NO_KIND = "YA009";
    /// the file is a template that has not been rendered
    TEMPLATE = "YA010";
    /// text after the end of a document (`...`) that Kubernetes does not read
    AFTER_END = "YA011";
    /// what an object is called, or what kind it is, is not said in text
    IDENTITY = "YA012";
    /// `<<` that merges something other than maps
    MERGE = "YA013";
    /// a field that the kind does not have
    UNKNOWN_FIELD = "NP101";
    /// a field that the kind has, written in another letter case
    WRONG_CASE = "NP102";
    /// a map where a list is due, or a list where a map is due
    MAP_FOR_LIST = "NP103";
    /// a value of the wrong type
    WRONG_TYPE = "NP104";
    /// a field that must be there and is not
    MISSING_FIELD = "NP105";
}
