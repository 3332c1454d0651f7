//! What passed, as text for people: protobuf by the schema of `proto/`.

use std::fmt::Write;
use std::sync::LazyLock;

use prost_reflect::{DescriptorPool, DynamicMessage, Kind, MessageDescriptor, MethodDescriptor, ReflectMessage, Value};

use crate::calls::MAX_TEXT;

/// A longer message is not decoded: many times its size may be in memory meanwhile.
pub(crate) const MAX_DECODED: usize = 256 * 1024;

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
        Err(_) => format!("{}, and no {name}", length(bytes.len())),
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
    // What is weighed is the text's length: no more shall be held.
    text.shrink_to_fit();
    text
}

fn fields(message: &DynamicMessage, depth: usize, text: &mut String) {
    for (field, value) in message.fields() {
        let (name, kind) = (field.name(), field.kind());
        match value {
            Value::List(items) if kind.as_message().is_some() => {
                items.iter().for_each(|item| line(name, item, &kind, depth, text));
            }
            value => line(name, value, &kind, depth, text),
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
        Value::Message(message) if timestamp(message).is_none() => {
            let _ = writeln!(text, "{:indent$}{name} {{", "");
            fields(message, depth + 1, text);
            writeln!(text, "{:indent$}}}", "")
        }
        value => writeln!(text, "{:indent$}{name}: {}", "", scalar(value, kind)),
    };
}

/// A value on one line. An enum has the name that JSON has for it, without its type's.
fn scalar(value: &Value, kind: &Kind) -> String {
    match value {
        Value::EnumNumber(number) => {
            let known = kind.as_enum().and_then(|names| names.get_value(*number));
            known.map_or_else(|| number.to_string(), |value| short_name(value.parent_enum().name(), value.name()))
        }
        Value::String(value) => format!("{value:?}"),
        Value::Bytes(value) => length(value.len()),
        Value::Bool(value) => value.to_string(),
        Value::I32(value) => value.to_string(),
        Value::I64(value) => value.to_string(),
        Value::U32(value) => value.to_string(),
        Value::U64(value) => value.to_string(),
        Value::F32(value) => value.to_string(),
        Value::F64(value) => value.to_string(),
        Value::Message(message) => timestamp(message).unwrap_or_else(|| "{…}".to_owned()),
        Value::List(items) => {
            let items: Vec<_> = items.iter().map(|item| scalar(item, kind)).collect();
            format!("[{}]", items.join(", "))
        }
        // `proto/` has no maps; their order on the wire is lost here.
        Value::Map(items) => format!("({} entries)", items.len()),
    }
}

/// `QUEUED`, of the type `OrderStatus` and the name `ORDER_STATUS_QUEUED`.
fn short_name(of: &str, name: &str) -> String {
    let words =
        of.chars().enumerate().flat_map(|(at, c)| (at > 0 && c.is_uppercase()).then_some('_').into_iter().chain([c]));
    let prefix: String = words.flat_map(char::to_uppercase).chain(['_']).collect();
    name.strip_prefix(&prefix).unwrap_or(name).to_owned()
}

/// A `google.protobuf.Timestamp` as RFC 3339 has it.
fn timestamp(message: &DynamicMessage) -> Option<String> {
    if message.descriptor().full_name() != "google.protobuf.Timestamp" {
        return None;
    }
    let seconds = message.get_field_by_name("seconds")?.as_i64()?;
    let nanos = message.get_field_by_name("nanos")?.as_i32()?;
    let time = jiff::Timestamp::new(seconds, nanos).ok()?;
    Some(time.to_string())
}
