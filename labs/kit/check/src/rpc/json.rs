//! Between messages and JSON. It is the JSON of protobuf with the names of the .proto file,
//! but for two things: 64-bit numbers are numbers, and a time that none can be is shown
//! by its parts instead of being refused.

use jiff::Timestamp;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, ReflectMessage, Value as Field};
use serde_json::{Map, Value, json};

/// What is set in it. A field with its zero value is not on the wire, and not here.
pub(super) fn value(message: &DynamicMessage) -> Value {
    if message.descriptor().full_name() == "google.protobuf.Timestamp"
        && let Some(time) = timestamp(message)
    {
        return json!(time.to_string());
    }
    let fields = message.fields().map(|(field, value)| (field.name().to_owned(), of_field(&field.kind(), value)));
    Value::Object(fields.collect())
}

fn of_field(kind: &Kind, field: &Field) -> Value {
    match field {
        Field::Bool(value) => json!(value),
        Field::I32(value) => json!(value),
        Field::I64(value) => json!(value),
        Field::U32(value) => json!(value),
        Field::U64(value) => json!(value),
        Field::F32(value) => json!(value),
        Field::F64(value) => json!(value),
        Field::String(value) => json!(value),
        Field::Bytes(value) => json!(format!("{} bytes", value.len())),
        // Enums are open: a number without a name stays one.
        Field::EnumNumber(number) => match kind.as_enum().and_then(|kind| kind.get_value(*number)) {
            Some(known) => json!(known.name()),
            None => json!(number),
        },
        Field::Message(message) => value(message),
        Field::List(items) => Value::Array(items.iter().map(|item| of_field(kind, item)).collect()),
        Field::Map(entries) => {
            let kind = kind.as_message().map(|entry| entry.map_entry_value_field().kind());
            let entries = entries
                .iter()
                .map(|(key, value)| (key_text(key), kind.as_ref().map_or(Value::Null, |kind| of_field(kind, value))));
            Value::Object(entries.collect::<Map<_, _>>())
        }
    }
}

fn key_text(key: &MapKey) -> String {
    key.as_str().map_or_else(|| format!("{key:?}"), str::to_owned)
}

/// `None`: no clock shows that.
fn timestamp(message: &DynamicMessage) -> Option<Timestamp> {
    let seconds = message.get_field_by_name("seconds")?.as_i64()?;
    let nanos = message.get_field_by_name("nanos")?.as_i32()?;
    (0..1_000_000_000).contains(&nanos).then(|| Timestamp::new(seconds, nanos).ok())?
}

/// The message that this is meant to be. A check that names what the schema doesn't know is a defect.
pub(super) fn message(descriptor: MessageDescriptor, value: &Value) -> DynamicMessage {
    let mut message = DynamicMessage::new(descriptor.clone());
    for (name, value) in value.as_object().expect("a message is an object") {
        let field = descriptor.get_field_by_name(name).expect("the checks know the schema");
        message.set_field(&field, to_field(&field, value));
    }
    message
}

fn to_field(field: &FieldDescriptor, value: &Value) -> Field {
    match value {
        Value::Array(items) => Field::List(items.iter().map(|item| to_scalar(&field.kind(), item)).collect()),
        one => to_scalar(&field.kind(), one),
    }
}

fn to_scalar(kind: &Kind, value: &Value) -> Field {
    let whole = || value.as_i64().expect("a whole number");
    match kind {
        Kind::Bool => Field::Bool(value.as_bool().expect("true or false")),
        Kind::String => Field::String(value.as_str().expect("a text").to_owned()),
        Kind::Uint32 => Field::U32(whole() as u32),
        Kind::Int32 => Field::I32(whole() as i32),
        Kind::Uint64 => Field::U64(whole() as u64),
        Kind::Int64 => Field::I64(whole()),
        Kind::Enum(kind) => Field::EnumNumber(match value.as_str() {
            Some(name) => kind.get_value_by_name(name).expect("a name in the enum").number(),
            None => whole() as i32,
        }),
        Kind::Message(descriptor) => Field::Message(message(descriptor.clone(), value)),
        other => unreachable!("no .proto of the labs has {other:?}"),
    }
}

/// On lines that fit a screen: what is short stays on one. The fields of a message stand as in the
/// .proto file.
pub(super) fn shown(descriptor: Option<&MessageDescriptor>, value: &Value) -> String {
    lines(descriptor, value, 0)
}

fn lines(descriptor: Option<&MessageDescriptor>, value: &Value, depth: usize) -> String {
    const FITS: usize = 60;
    let short = one_line(descriptor, value);
    let (begin, end, parts): (_, _, Vec<String>) = match value {
        Value::Object(fields) if short.len() + depth > FITS => {
            let part = |(name, value, kind): (&String, &Value, Option<MessageDescriptor>)| {
                format!("{}: {}", json!(name), lines(kind.as_ref(), value, depth + 2))
            };
            ('{', '}', in_order(descriptor, fields).into_iter().map(part).collect())
        }
        Value::Array(items) if short.len() + depth > FITS => {
            ('[', ']', items.iter().map(|item| lines(descriptor, item, depth + 2)).collect())
        }
        _ => return short,
    };
    let margin = " ".repeat(depth + 2);
    format!("{begin}\n{margin}{}\n{}{end}", parts.join(&format!(",\n{margin}")), " ".repeat(depth))
}

fn one_line(descriptor: Option<&MessageDescriptor>, value: &Value) -> String {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            let fields = in_order(descriptor, fields).into_iter();
            let parts: Vec<_> = fields
                .map(|(name, value, kind)| format!("{}: {}", json!(name), one_line(kind.as_ref(), value)))
                .collect();
            format!("{{ {} }}", parts.join(", "))
        }
        Value::Array(items) => {
            format!("[{}]", items.iter().map(|item| one_line(descriptor, item)).collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

/// By their numbers, each with the message that it is, if it is one.
fn in_order<'a>(
    descriptor: Option<&MessageDescriptor>,
    fields: &'a Map<String, Value>,
) -> Vec<(&'a String, &'a Value, Option<MessageDescriptor>)> {
    let field = |name: &str| descriptor.and_then(|descriptor| descriptor.get_field_by_name(name));
    let mut all: Vec<_> = fields.iter().map(|(name, value)| (field(name), name, value)).collect();
    all.sort_by_key(|(field, ..)| field.as_ref().map_or(u32::MAX, FieldDescriptor::number));
    let kind = |field: Option<FieldDescriptor>| field.and_then(|field| field.kind().as_message().cloned());
    all.into_iter().map(|(field, name, value)| (name, value, kind(field))).collect()
}
