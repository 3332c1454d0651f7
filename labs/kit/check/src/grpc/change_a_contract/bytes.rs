//! What was written by one version, read by the other.

use std::fmt::Write as _;
use std::sync::LazyLock;

use prost_reflect::prost::Message;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, ReflectMessage, Value};

use super::{KEPT, NAME, contract, quantity, reason, sizes};
use crate::bench::Bench;
use crate::schema::Schema;
use crate::verdict::{Failed, Outcome};

/// As the learner has it beside their file.
const STORED: &[u8] = include_bytes!("../../../../../grpc/exercises/02_stored_return.binpb");
/// A number that no enum here has: one day it will.
const OF_TOMORROW: i32 = 1_000_003;

static V1: LazyLock<MessageDescriptor> = LazyLock::new(|| {
    let schema = Schema::compile("v1.proto", include_str!("v1.proto")).expect("a test compiles it");
    schema.message(NAME).expect("it is there")
});

pub(super) async fn stored_bytes_are_read(bench: &mut Bench) -> Outcome {
    let (_, message) = contract(bench).await?;
    let mut all = vec![STORED.to_vec()];
    for note in ["".to_owned(), bench.word(), "zerkratzt, größer als gedacht 📦\n".repeat(9), "\u{8}\u{1}".to_owned()]
    {
        let stored = kept(&V1, &[bench.id(), bench.word(), format!("2026-11-24T20:{}:00Z", 10 + bench.number(49))]);
        all.push(with(stored, "note", Value::String(note)).encode_to_vec());
    }
    for stored in all {
        let old = DynamicMessage::decode(V1.clone(), &*stored).expect("version 1 has written it");
        let expected = "by your schema: `id`, `order_id` and `created_at` as they were stored, and nothing else";
        let failed =
            |came| Failed::new(format!("(written by version 1)\n{}\n{}", text(&old), hex(&stored)), expected, came);
        let new = read(&message, &stored).map_err(&failed)?;
        let is_kept = |field: &FieldDescriptor| KEPT.iter().any(|(name, ..)| field.name() == *name);
        if !agree(&old, &new) || new.fields().any(|(field, _)| !is_kept(&field)) {
            return Err(failed(format!("(read by your schema)\n{}", text(&new))));
        }
    }
    Ok(())
}

pub(super) async fn both_read_what_is_new(bench: &mut Bench) -> Outcome {
    let (schema, message) = contract(bench).await?;
    let ((reason, reasons), quantity) = (reason(&schema, &message)?, quantity(&schema, &message)?);
    let numbers = reasons.values().map(|value| value.number()).filter(|&number| number != 0);
    for (number, count) in numbers.chain([OF_TOMORROW]).zip([1, 2, 127, 128, 1_000_000].into_iter().cycle()) {
        let new = kept(&message, &[bench.id(), bench.word(), "2026-11-24T20:12:00Z".to_owned()]);
        let new = with(new, reason.name(), Value::EnumNumber(number));
        let meant = (Value::EnumNumber(number), integer(&quantity.kind(), count));
        let new = with(new, quantity.name(), meant.1.clone());
        let bytes = new.encode_to_vec();
        let sent = format!(
            "(written by your schema, with reason {number} and quantity {count})\n{}\n{}",
            text(&new),
            hex(&bytes)
        );
        let failed = |expected: &str, came| Failed::new(sent.clone(), expected, came);
        let all = "by your schema: all five fields as they were written";
        let again = read(&message, &bytes).map_err(|came| failed(all, came))?;
        let is_all = (0..KEPT.len())
            .all(|at| again.get_field_by_number(KEPT[at].1).is_some_and(|value| is_set(&value)))
            && *again.get_field(&reason) == meant.0
            && *again.get_field(&quantity) == meant.1;
        if !is_all {
            return Err(failed(all, format!("(read by your schema)\n{}", text(&again))));
        }
        let three = "by version 1: `id`, `order_id` and `created_at` as they were written, and no `note`";
        let old = read(&V1, &bytes).map_err(|came| failed(three, came))?;
        if !agree(&old, &new) || old.has_field_by_name("note") {
            return Err(failed(three, format!("(read by version 1)\n{}", text(&old))));
        }
    }
    bench.shown.push(sizes::table(&message, &reason, &quantity, STORED));
    Ok(())
}

fn is_set(value: &Value) -> bool {
    value.as_str().is_some_and(|text| !text.is_empty())
}

/// A return with these in the fields that both versions have.
pub(super) fn kept(message: &MessageDescriptor, values: &[String; 3]) -> DynamicMessage {
    let fields = KEPT.iter().zip(values);
    fields.fold(DynamicMessage::new(message.clone()), |message, ((name, ..), value)| {
        with(message, name, Value::String(value.clone()))
    })
}

pub(super) fn with(mut message: DynamicMessage, name: &str, value: Value) -> DynamicMessage {
    // An earlier check has seen that it fits.
    message.set_field_by_name(name, value);
    message
}

/// A number as this type holds it.
pub(super) fn integer(kind: &Kind, number: i32) -> Value {
    match kind {
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Value::I64(number.into()),
        Kind::Uint32 | Kind::Fixed32 => Value::U32(number.unsigned_abs()),
        Kind::Uint64 | Kind::Fixed64 => Value::U64(number.unsigned_abs().into()),
        _ => Value::I32(number),
    }
}

/// In the fields that both have.
fn agree(one: &DynamicMessage, other: &DynamicMessage) -> bool {
    KEPT.iter().all(|(name, ..)| one.get_field_by_name(name) == other.get_field_by_name(name))
}

fn read(message: &MessageDescriptor, bytes: &[u8]) -> Result<DynamicMessage, String> {
    DynamicMessage::decode(message.clone(), bytes).map_err(|error| format!("({error})"))
}

/// One field a line; at the end what the schema doesn't know.
fn text(message: &DynamicMessage) -> String {
    let mut lines = String::new();
    for (field, value) in message.fields() {
        let name = |number: i32| Some(field.kind().as_enum()?.get_value(number)?.name().to_owned());
        let _ = match value {
            Value::String(text) => writeln!(lines, "{}: {text:?}", field.name()),
            Value::EnumNumber(number) => {
                writeln!(lines, "{}: {}", field.name(), name(*number).unwrap_or(number.to_string()))
            }
            Value::I32(number) => writeln!(lines, "{}: {number}", field.name()),
            other => writeln!(lines, "{}: {other:?}", field.name()),
        };
    }
    for unknown in message.unknown_fields() {
        let _ = writeln!(lines, "({}: unknown to it, {} bytes)", unknown.number(), unknown.encoded_len());
    }
    if lines.is_empty() { format!("(an empty {})\n", message.descriptor().name()) } else { lines }
}

fn hex(bytes: &[u8]) -> String {
    const IN_A_LINE: usize = 20;
    let line = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ");
    bytes.chunks(IN_A_LINE).map(line).collect::<Vec<_>>().join("\n")
}
