//! What a return takes, beside the same in JSON.

use std::fmt::Write as _;

use prost_reflect::prost::Message;
use prost_reflect::{DynamicMessage, EnumDescriptor, FieldDescriptor, MessageDescriptor, Value};
use serde_json::json;

use super::bytes::{integer, kept, with};
use crate::report::paragraph;
use crate::schema;

/// Shown after a pass.
pub(super) fn table(
    message: &MessageDescriptor,
    reason: &FieldDescriptor,
    quantity: &FieldDescriptor,
    stored: &[u8],
) -> String {
    let new = example(message, reason, quantity);
    let mut fields: Vec<FieldDescriptor> = new.fields().map(|(field, _)| field).collect();
    fields.sort_by_key(FieldDescriptor::number);
    let mut table = format!("  {:50}{:>10}{:>10}\n", "What a return takes, in bytes", "protobuf", "JSON");
    let (mut all, mut all_json) = (0, 1);
    for field in &fields {
        let value = new.get_field(field);
        let (bytes, json) = (binary(message, field, &value), in_json(field, &value));
        all += bytes;
        all_json += json;
        let _ = writeln!(table, "    {:48}{bytes:>10}{json:>10}", short(schema::field(field)));
    }
    let _ = writeln!(table, "    {:48}{all:>10}{all_json:>10}\n", "in all");
    let passed_over = DynamicMessage::decode(message.clone(), stored);
    let passed_over: usize =
        passed_over.iter().flat_map(DynamicMessage::unknown_fields).map(prost_reflect::UnknownField::encoded_len).sum();
    let says = format!(
        "On the wire a field is its number, not its name: one byte before the value up to number 15, two up to 2047. \
         Of the {} bytes that were stored your schema passes over {passed_over}: those of `note`.",
        stored.len()
    );
    paragraph(&mut table, "  ", &says);
    table
}

/// As there is room for.
fn short(declared: String) -> String {
    const MOST: usize = 46;
    let short: String = declared.chars().take(MOST).collect();
    if short.len() < declared.len() { format!("{short}…") } else { declared }
}

/// Of the kind that is stored every day.
fn example(message: &MessageDescriptor, reason: &FieldDescriptor, quantity: &FieldDescriptor) -> DynamicMessage {
    let id = |end: &str| format!("01a2130c-798a-70fc-a30a-7785e85481{end}");
    let new = kept(message, &[id("40"), id("41"), "2026-11-24T20:12:00Z".to_owned()]);
    let first = reason.kind().as_enum().into_iter().flat_map(EnumDescriptor::values).find(|value| value.number() != 0);
    let new = with(new, reason.name(), Value::EnumNumber(first.map_or(1, |value| value.number())));
    with(new, quantity.name(), integer(&quantity.kind(), 2))
}

/// A message with this field alone is as long as the field.
fn binary(message: &MessageDescriptor, field: &FieldDescriptor, value: &Value) -> usize {
    with(DynamicMessage::new(message.clone()), field.name(), value.clone()).encoded_len()
}

/// With its name, and the comma or brace behind it.
fn in_json(field: &FieldDescriptor, value: &Value) -> usize {
    let json = match value {
        Value::String(text) => json!(text),
        Value::EnumNumber(number) => {
            let kind = field.kind();
            let name = kind.as_enum().and_then(|values| values.get_value(*number));
            name.map_or(json!(number), |value| json!(value.name()))
        }
        Value::I32(number) => json!(number),
        Value::U32(number) => json!(number),
        // JSON's numbers are floats to many, which have no room for these.
        Value::I64(number) => json!(number.to_string()),
        Value::U64(number) => json!(number.to_string()),
        _ => json!(null),
    };
    format!("{}:{json},", json!(field.json_name())).len()
}
