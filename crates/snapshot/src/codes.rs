//! The codes of what turning objects into engine terms can find.

use portcullis_core::Code;

macro_rules! codes {
    ($($(#[doc = $doc:literal])* $name:ident = $code:literal;)*) => {
        $($(#[doc = $doc])* pub const $name: Code = Code($code);)*
        /// Every code this crate raises, with what it means.
        pub const ALL: &[(Code, &str)] = &[$(($name, concat!($($doc),*))),*];
    };
}

codes! {
    /// a name that the API does not accept
    NAME = "NP106";
    /// a value that is not one of those the API knows
    VALUE = "NP107";
    /// a label that the API does not accept
    LABEL = "NP108";
    /// two objects of one kind, namespace and name
    TWINS = "NP109";
    /// a number outside of its range
    NUMBER = "NP110";
    /// a selector that cannot be parsed
    SELECTOR = "NP201";
    /// `global()` where it has no meaning
    GLOBAL = "NP202";
    /// a label selector that the API does not accept
    LABEL_SELECTOR = "NP203";
    /// a selector longer than the API accepts
    SELECTOR_LENGTH = "NP204";
    /// an action that does not exist
    ACTION = "NP301";
    /// a protocol that does not exist
    PROTOCOL = "NP302";
    /// ports without a protocol that has them
    PORTS_NEED_PROTOCOL = "NP303";
    /// a port or port range that cannot be
    PORT = "NP304";
    /// a network that cannot be read
    NET = "NP305";
    /// networks of both families in one rule
    NET_FAMILIES = "NP306";
    /// networks of another family than the rule's
    NET_VERSION = "NP307";
    /// a negated network that excludes every address
    NET_CATCH_ALL = "NP308";
    /// a service match where it cannot be or beside something else
    SERVICE = "NP309";
    /// an ICMP match without an ICMP protocol, or out of range
    ICMP = "NP311";
    /// an HTTP match where it cannot be
    HTTP = "NP312";
    /// a peer that names nothing, or several things at once
    PEER = "NP313";
    /// a peer that the original does not convert
    UNSUPPORTED_PEER = "NP314";
    /// the same entry twice in a list that is a set
    TWICE = "NP315";
    /// a list longer than the API accepts
    LIST_LENGTH = "NP316";
    /// a DNS name or pattern that cannot be, or where it has no meaning
    DOMAIN = "NP317";
    /// bits of a network beyond its prefix length are set
    NET_UNMASKED = "NP318";
    /// a tier that nobody defines
    TIER_MISSING = "NP401";
    /// a built-in tier changed
    TIER_BUILT_IN = "NP402";
    /// policy types that the API does not accept
    TYPES = "NP403";
    /// a host endpoint that names no node, or nothing on it
    HOST_ENDPOINT = "NP501";
    /// pre-DNAT or untracked policy with what does not go with it
    HOST_POLICY = "NP502";
    /// a staged deletion with content
    STAGED_DELETE = "NP601";
    /// a kind of policy that is not judged here
    FOREIGN = "NP901";
    /// a policy kind in a version that is not read here
    VERSION = "NP902";
    /// an RBAC rule that the API does not accept
    RBAC_RULE = "RB201";
    /// a subject that the API does not accept
    RBAC_SUBJECT = "RB202";
    /// a role reference that the API does not accept
    RBAC_ROLE_REF = "RB203";
    /// an aggregation rule that the API does not accept
    RBAC_AGGREGATION = "RB204";
}
