//! What passed, as text for people: protobuf by the schema of `proto/`.

use std::fmt::Write;
use std::sync::LazyLock;

use prost_reflect::{DescriptorPool, DynamicMessage, Kind, MessageDescriptor, MethodDescriptor, Value};

use crate::calls::MAX_TEXT;

/// A longer message is not decoded: many times its size may be in memory meanwhile.
const MAX_DECODED: usize = 256 * 1024;

static SCHEMA: LazyLock<DescriptorPool> =
    LazyLock::new(|| DescriptorPool::decode(lab_proto::DESCRIPTOR_SET).expect("the build made it"));

/// The method of a path such as `orders.v1.OrderService/CreateOrder`.
pub(crate) fn method(path: &str) -> Option<MethodDescriptor> {
    let (service, method) = path.split_once('/')?;
    SCHEMA.get_service_by_name(service)?.methods().find(|candidate| candidate.name() == method)
}

/// The type of a message, by its full name.
pub(crate) fn message(name: &str) -> Option<MessageDescriptor> {
    SCHEMA.get_message_by_name(name)
}

/// Protobuf as text, one field a line; its length where there is no schema, or it isn't one.
pub(crate) fn protobuf(descriptor: Option<MessageDescriptor>, bytes: &[u8]) -> String {
    let Some(descriptor) = descriptor.filter(|_| bytes.len() <= MAX_DECODED) else { return length(bytes.len()) };
    let name = descriptor.name().to_owned();
    match DynamicMessage::decode(descriptor, bytes) {
        Ok(message) => {
            let mut text = String::new();
            fields(&message, 0, &mut text);
            text.truncate(text.trim_end().len());
            cut(text)
        }
        Err(_) => format!("{}, not a {name}", length(bytes.len())),
    }
}

/// What stands for bytes that aren't shown.
pub(crate) fn length(bytes: usize) -> String {
    if bytes == 1 { "1 byte".into() } else { format!("{bytes} bytes") }
}

/// Text as it is; of what is none, its length in all, for these may be its first bytes alone.
pub(crate) fn plain(bytes: &[u8], in_all: u64) -> String {
    match std::str::from_utf8(&bytes[..bytes.len().min(MAX_TEXT)]) {
        Ok(text) => text.to_owned(),
        // Where it was cut, the last character may be half.
        Err(error) if error.error_len().is_none() && bytes.len() as u64 != in_all => {
            lossy(&bytes[..error.valid_up_to()])
        }
        Err(_) => format!("{in_all} bytes, not text"),
    }
}

/// A name or a header: what isn't UTF-8 shows as `�`.
pub(crate) fn lossy(bytes: &[u8]) -> String {
    cut(String::from_utf8_lossy(&bytes[..bytes.len().min(MAX_TEXT)]).into_owned())
}

fn cut(mut text: String) -> String {
    let end = (0..=MAX_TEXT.min(text.len())).rev().find(|&at| text.is_char_boundary(at));
    text.truncate(end.unwrap_or_default());
    text
}

fn fields(message: &DynamicMessage, depth: usize, text: &mut String) {
    for (field, value) in message.fields() {
        match value {
            Value::List(items) => items.iter().for_each(|item| line(field.name(), item, &field.kind(), depth, text)),
            Value::Map(items) => {
                // `proto/` has no maps; their order on the wire is lost here.
                let entry = format!("({} entries)", items.len());
                let _ = writeln!(text, "{:1$}{2}: {entry}", "", 2 * depth, field.name());
            }
            value => line(field.name(), value, &field.kind(), depth, text),
        }
    }
    for unknown in message.unknown_fields() {
        let _ = writeln!(text, "{:1$}{2}: (not in the schema)", "", 2 * depth, unknown.number());
    }
}

fn line(name: &str, value: &Value, kind: &Kind, depth: usize, text: &mut String) {
    if text.len() > MAX_TEXT {
        return;
    }
    let indent = 2 * depth;
    // Writing to a String can't fail.
    let _ = match value {
        Value::Message(message) => {
            let _ = writeln!(text, "{:indent$}{name} {{", "");
            fields(message, depth + 1, text);
            writeln!(text, "{:indent$}}}", "")
        }
        Value::EnumNumber(number) => {
            let known = kind.as_enum().and_then(|names| names.get_value(*number));
            let shown = known.map_or_else(|| number.to_string(), |value| value.name().to_owned());
            writeln!(text, "{:indent$}{name}: {shown}", "")
        }
        Value::String(value) => writeln!(text, "{:indent$}{name}: {value:?}", ""),
        Value::Bytes(value) => writeln!(text, "{:indent$}{name}: {}", "", length(value.len())),
        Value::Bool(value) => writeln!(text, "{:indent$}{name}: {value}", ""),
        Value::I32(value) => writeln!(text, "{:indent$}{name}: {value}", ""),
        Value::I64(value) => writeln!(text, "{:indent$}{name}: {value}", ""),
        Value::U32(value) => writeln!(text, "{:indent$}{name}: {value}", ""),
        Value::U64(value) => writeln!(text, "{:indent$}{name}: {value}", ""),
        Value::F32(value) => writeln!(text, "{:indent$}{name}: {value}", ""),
        Value::F64(value) => writeln!(text, "{:indent$}{name}: {value}", ""),
        Value::List(_) | Value::Map(_) => Ok(()),
    };
}
