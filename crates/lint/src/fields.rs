//! What a field means, for the kinds that ask or answer a "may it?".

/// What a field means, such as `networkpolicy.spec.ingress`; none if there is no such field.
pub fn field(_path: &str) -> Option<String> {
    None
}
