//! Amounts: `500m`, `2Gi`, `1e3`.

pub(crate) use portcullis_schema::amount::Quantity;

use crate::Object;
use crate::value;

/// Rounds the amounts of a map of resources up to a milli, as the API does when it fills in defaults.
pub(crate) fn round_list(object: &mut Object, field: &str) {
    let Some(list) = value::map_mut(object, field) else { return };
    for amount in list.values_mut() {
        let parsed = match amount {
            serde_json::Value::String(text) => Quantity::parse(text),
            _ => None,
        };
        if let Some(rounded) = parsed.and_then(Quantity::to_milli) {
            *amount = rounded.to_string().into();
        }
    }
}
