//! What was written by one version, read by the other.

use std::fmt::Write as _;
use std::sync::LazyLock;

use prost_reflect::prost::{DecodeError, Message};
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
        let is_kept = |field: &FieldDescriptor| KEPT.iter().any(|(name, ..)| field.name() == *name);
        let three =
            KEPT.map(|(name, ..)| old.get_field_by_name(name).and_then(|value| Some(value.as_str()?.to_owned())));
        let three = three.map(Option::unwrap_or_default);
        let new = read(&message, &stored);
        if !new.as_ref().is_ok_and(|new| has(new, &three) && new.fields().all(|(field, _)| is_kept(&field))) {
            let sent = format!("(written by version 1)\n{}\n{}", text(&old), hex(&stored));
            let expected = "by your schema: `id`, `order_id` and `created_at` as they were stored, and nothing else";
            return Err(Failed::new(sent, expected, came("your schema", new)));
        }
    }
    Ok(())
}

pub(super) async fn both_read_what_is_new(bench: &mut Bench) -> Outcome {
    let (schema, message) = contract(bench).await?;
    let ((reason, reasons), quantity) = (reason(&schema, &message)?, quantity(&schema, &message)?);
    let numbers = reasons.values().map(|value| value.number()).filter(|&number| number != 0);
    let mut ids = ["R8".to_owned(), "A13".to_owned()];
    for (number, count) in numbers.chain([OF_TOMORROW]).zip([1, 2, 127, 128, 1_000_000].into_iter().cycle()) {
        let [id, order_id] = std::mem::replace(&mut ids, [bench.id(), bench.word()]);
        let three = [id, order_id, "2026-11-25T08:30:00Z".to_owned()];
        let more = [(&reason, Value::EnumNumber(number)), (&quantity, integer(&quantity.kind(), count))];
        let new =
            more.iter().fold(kept(&message, &three), |new, (field, value)| with(new, field.name(), value.clone()));
        let bytes = new.encode_to_vec();
        let did = format!("(written by your schema, with reason {number} and quantity {count})");
        let sent = format!("{did}\n{}\n{}", text(&new), hex(&bytes));
        let again = read(&message, &bytes);
        if !again.as_ref().is_ok_and(|again| {
            has(again, &three) && more.iter().all(|(field, value)| *again.get_field(field) == *value)
        }) {
            let expected = "by your schema: all five fields as they were written";
            return Err(Failed::new(sent, expected, came("your schema", again)));
        }
        let old = read(&V1, &bytes);
        if !old.as_ref().is_ok_and(|old| has(old, &three) && !old.has_field_by_name("note")) {
            let expected = "by version 1: `id`, `order_id` and `created_at` as they were written, and no `note`";
            return Err(Failed::new(sent, expected, came("version 1", old)));
        }
    }
    bench.shown.push(sizes::table(&message, &reason, &quantity, STORED));
    Ok(())
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

/// In the fields that both versions have.
fn has(message: &DynamicMessage, values: &[String; 3]) -> bool {
    let is_it =
        |name: &str, value: &String| message.get_field_by_name(name).is_some_and(|it| it.as_str() == Some(value));
    KEPT.iter().zip(values).all(|((name, ..), value)| is_it(name, value))
}

fn read(message: &MessageDescriptor, bytes: &[u8]) -> Result<DynamicMessage, DecodeError> {
    DynamicMessage::decode(message.clone(), bytes)
}

fn came(by: &str, read: Result<DynamicMessage, DecodeError>) -> String {
    match read {
        Ok(message) => format!("(read by {by})\n{}", text(&message)),
        Err(error) => format!("(it can't be read by {by}: {error})"),
    }
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
