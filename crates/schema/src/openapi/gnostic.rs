//! OpenAPI version 2 as protobuf: `openapi.v2.Document` of google/gnostic, of which only what our
//! documents hold is written.

use serde_json::Value;

use super::members;

/// How clients ask for `/openapi/v2` in this form. The `@` is allowed in no media type, so
/// readers of `Accept` have to be forbearing.
pub const ASKED_FOR: &str = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";

/// How the answer is called; clients parse it, and stumble over the `@`.
pub const MEDIA_TYPE: &str = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

/// A message on its way into bytes.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    fn varint(&mut self, mut number: u64) {
        loop {
            // The low seven bits fit.
            let low = u8::try_from(number & 0x7f).unwrap_or_default();
            number >>= 7;
            if number == 0 {
                return self.0.push(low);
            }
            self.0.push(low | 0x80);
        }
    }

    fn bytes(&mut self, field: u64, bytes: &[u8]) {
        self.varint(field << 3 | 2);
        self.varint(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        self.0.extend_from_slice(bytes);
    }

    fn message(&mut self, field: u64, message: &Self) {
        self.bytes(field, &message.0);
    }

    fn text(&mut self, field: u64, text: &str) {
        if !text.is_empty() {
            self.bytes(field, text.as_bytes());
        }
    }

    fn value_text(&mut self, field: u64, value: &Value) {
        self.text(field, value.as_str().unwrap_or_default());
    }

    fn texts(&mut self, field: u64, list: &Value) {
        for text in list.as_array().into_iter().flatten() {
            self.bytes(field, text.as_str().unwrap_or_default().as_bytes());
        }
    }

    fn flag(&mut self, field: u64, value: &Value) {
        if value.as_bool() == Some(true) {
            self.varint(field << 3);
            self.0.push(1);
        }
    }

    /// `Any`: a value as YAML, which all JSON is.
    fn any(&mut self, field: u64, value: &Value) {
        let mut any = Self::default();
        any.text(2, &value.to_string());
        self.message(field, &any);
    }

    /// `NamedAny`, and every other pair of a name and a message.
    fn named(&mut self, field: u64, name: &str, message: &Self) {
        let mut pair = Self::default();
        pair.text(1, name);
        pair.message(2, message);
        self.message(field, &pair);
    }

    fn extension(&mut self, field: u64, name: &str, value: &Value) {
        let mut any = Self::default();
        any.text(2, &value.to_string());
        self.named(field, name, &any);
    }
}

/// The whole document.
pub(super) struct Document {
    head: Message,
    paths: Message,
    definitions: Message,
}

impl Document {
    pub(super) fn new(version: &str) -> Self {
        let mut info = Message::default();
        info.text(1, "Kubernetes");
        info.text(2, version);
        let mut head = Message::default();
        head.text(1, "2.0");
        head.message(2, &info);
        Self { head, paths: Message::default(), definitions: Message::default() }
    }

    pub(super) fn path(&mut self, path: &str, item: &Value) {
        self.paths.named(2, path, &path_item(item));
    }

    pub(super) fn definition(&mut self, name: &str, of: &Value) {
        self.definitions.named(1, name, &schema(of));
    }

    pub(super) fn finish(self, tail: &Value) -> Vec<u8> {
        let mut out = self.head;
        out.message(8, &self.paths);
        out.message(9, &self.definitions);
        for (member, value) in members(tail) {
            match member.as_str() {
                "security" => {
                    for requirement in value.as_array().into_iter().flatten() {
                        let mut all = Message::default();
                        for (name, scopes) in members(requirement) {
                            let mut list = Message::default();
                            list.texts(1, scopes);
                            all.named(1, name, &list);
                        }
                        out.message(12, &all);
                    }
                }
                "securityDefinitions" => {
                    let mut all = Message::default();
                    for (name, definition) in members(value) {
                        let mut key = Message::default();
                        for (member, value) in members(definition) {
                            let field = match member.as_str() {
                                "type" => 1,
                                "name" => 2,
                                "in" => 3,
                                _ => 4,
                            };
                            key.value_text(field, value);
                        }
                        let mut item = Message::default();
                        item.message(2, &key);
                        all.named(1, name, &item);
                    }
                    out.message(13, &all);
                }
                _ => {}
            }
        }
        out.0
    }
}

fn path_item(item: &Value) -> Message {
    let mut out = Message::default();
    for (member, value) in members(item) {
        let field = match member.as_str() {
            "get" => 2,
            "put" => 3,
            "post" => 4,
            "delete" => 5,
            "options" => 6,
            "head" => 7,
            "patch" => 8,
            "parameters" => {
                parameters(&mut out, 9, value);
                continue;
            }
            _ => continue,
        };
        out.message(field, &operation(value));
    }
    out
}

fn operation(of: &Value) -> Message {
    let mut out = Message::default();
    for (member, value) in members(of) {
        match member.as_str() {
            "tags" => out.texts(1, value),
            "operationId" => out.value_text(5, value),
            "produces" => out.texts(6, value),
            "consumes" => out.texts(7, value),
            "parameters" => parameters(&mut out, 8, value),
            "responses" => {
                let mut all = Message::default();
                for (code, response) in members(value) {
                    let mut answer = Message::default();
                    for (member, value) in members(response) {
                        match member.as_str() {
                            "description" => answer.value_text(1, value),
                            "schema" => {
                                let mut item = Message::default();
                                item.message(1, &schema(value));
                                answer.message(2, &item);
                            }
                            _ => {}
                        }
                    }
                    let mut either = Message::default();
                    either.message(1, &answer);
                    all.named(1, code, &either);
                }
                out.message(9, &all);
            }
            "schemes" => out.texts(10, value),
            name if name.starts_with("x-") => out.extension(13, name, value),
            _ => {}
        }
    }
    out
}

fn parameters(out: &mut Message, field: u64, list: &Value) {
    for parameter in list.as_array().into_iter().flatten() {
        let place = parameter.get("in").and_then(Value::as_str).unwrap_or_default();
        let mut either = Message::default();
        match place {
            "body" => either.message(1, &body_parameter(parameter)),
            place => {
                let mut non_body = Message::default();
                // The fields of the two differ by one from the type on.
                let (kind, shift) = if place == "path" { (4, 0) } else { (3, 1) };
                non_body.message(kind, &simple_parameter(parameter, shift));
                either.message(2, &non_body);
            }
        }
        let mut item = Message::default();
        item.message(1, &either);
        out.message(field, &item);
    }
}

fn body_parameter(of: &Value) -> Message {
    let mut out = Message::default();
    for (member, value) in members(of) {
        match member.as_str() {
            "name" => out.value_text(2, value),
            "in" => out.value_text(3, value),
            "required" => out.flag(4, value),
            "schema" => out.message(5, &schema(value)),
            _ => {}
        }
    }
    out
}

fn simple_parameter(of: &Value, shift: u64) -> Message {
    let mut out = Message::default();
    for (member, value) in members(of) {
        match member.as_str() {
            "required" => out.flag(1, value),
            "in" => out.value_text(2, value),
            "name" => out.value_text(4, value),
            "type" => out.value_text(5 + shift, value),
            "uniqueItems" => out.flag(19 + shift, value),
            _ => {}
        }
    }
    out
}

fn schema(of: &Value) -> Message {
    let mut out = Message::default();
    for (member, value) in members(of) {
        match member.as_str() {
            "$ref" => out.value_text(1, value),
            "format" => out.value_text(2, value),
            "description" => out.value_text(4, value),
            "default" => out.any(5, value),
            "required" => out.texts(19, value),
            "enum" => {
                for value in value.as_array().into_iter().flatten() {
                    out.any(20, value);
                }
            }
            "additionalProperties" => {
                let mut item = Message::default();
                item.message(1, &schema(value));
                out.message(21, &item);
            }
            "type" => {
                let mut item = Message::default();
                item.value_text(1, value);
                out.message(22, &item);
            }
            "items" => {
                let mut item = Message::default();
                item.message(1, &schema(value));
                out.message(23, &item);
            }
            "properties" => {
                let mut all = Message::default();
                for (name, property) in members(value) {
                    all.named(1, name, &schema(property));
                }
                out.message(25, &all);
            }
            name if name.starts_with("x-") => out.extension(31, name, value),
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_written_as_protobuf_writes_it() {
        let mut out = Message::default();
        out.text(1, "ab");
        out.flag(16, &Value::Bool(true));
        out.flag(17, &Value::Bool(false));
        out.any(5, &Value::from(""));
        assert_eq!(out.0, b"\x0a\x02ab\x80\x01\x01\x2a\x04\x12\x02\"\"");
        let mut long = Message::default();
        long.text(2, &"x".repeat(200));
        assert_eq!(&long.0[..3], b"\x12\xc8\x01");
    }
}
