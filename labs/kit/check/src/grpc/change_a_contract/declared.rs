//! What the contract declares.

use prost_reflect::{FieldDescriptor, Kind, Syntax};

use super::{KEPT, NAME, contract, quantity, reason};
use crate::bench::Bench;
use crate::schema::{self, Schema};
use crate::verdict::Outcome;

pub(super) async fn it_compiles(bench: &mut Bench) -> Outcome {
    bench.schema().await.map(|_| ())
}

pub(super) async fn contract_is_kept(bench: &mut Bench) -> Outcome {
    let schema = bench.schema().await?;
    let file = schema.file();
    if file.syntax() == Syntax::Proto3 && schema.message(NAME).is_some() {
        return Ok(());
    }
    let syntax = if file.syntax() == Syntax::Proto3 { "proto3" } else { "proto2" };
    let messages: String = file.messages().map(|message| format!("message {} {{…}}\n", message.name())).collect();
    let package = file.package_name();
    let came = format!("syntax = \"{syntax}\";\npackage {package};\n{messages}");
    Err(schema.wrong("`syntax = \"proto3\"`, `package returns.v1`, and in it the message `Return`", came))
}

pub(super) async fn fields_are_kept(bench: &mut Bench) -> Outcome {
    let (schema, message) = contract(bench).await?;
    for (name, number, json_name) in KEPT {
        let is_it = |field: &FieldDescriptor| {
            field.name() == name && field.json_name() == json_name && field.kind() == Kind::String && !field.is_list()
        };
        if !message.get_field(number).as_ref().is_some_and(is_it) {
            let json = if name == json_name { String::new() } else { format!(", `{json_name}` in JSON") };
            let expected = format!("`string {name} = {number}`{json}");
            return Err(schema.wrong(expected, schema::message(&message)));
        }
    }
    Ok(())
}

pub(super) async fn note_is_reserved(bench: &mut Bench) -> Outcome {
    let (schema, message) = contract(bench).await?;
    let number = message.reserved_ranges().any(|range| range.contains(&3));
    let name = message.reserved_names().any(|name| name == "note");
    if number && name {
        return Ok(());
    }
    let expected = match (number, name) {
        (true, _) => "the name `note` reserved in `Return`, too",
        (false, true) => "the number 3 reserved in `Return`, too",
        (false, false) => "the number 3 and the name `note` reserved in `Return`",
    };
    Err(schema.wrong(expected, schema::message(&message)))
}

pub(super) async fn reason_is_an_enum(bench: &mut Bench) -> Outcome {
    let (schema, message) = contract(bench).await?;
    reason(&schema, &message).map(|_| ())
}

pub(super) async fn zero_is_unspecified(bench: &mut Bench) -> Outcome {
    let (schema, message) = contract(bench).await?;
    let (_, values) = reason(&schema, &message)?;
    let (zero, others): (Vec<_>, Vec<_>) = values.values().partition(|value| value.number() == 0);
    let wrong = |expected: &str| Err(schema.wrong(expected, schema::values(&values)));
    if zero.len() != 1 || !zero[0].name().ends_with("_UNSPECIFIED") {
        return wrong("one name for 0, and at its end `_UNSPECIFIED`");
    }
    let mut numbers: Vec<i32> = others.iter().map(prost_reflect::EnumValueDescriptor::number).collect();
    numbers.sort_unstable();
    numbers.dedup();
    if numbers.len() != others.len() {
        return wrong("a number of its own for each reason");
    }
    if others.len() < 2 { wrong("at least two reasons besides 0") } else { Ok(()) }
}

pub(super) async fn reasons_begin_with_the_enum(bench: &mut Bench) -> Outcome {
    let (schema, message) = contract(bench).await?;
    let (_, values) = reason(&schema, &message)?;
    // One that stands in a message may have the message's name before its own.
    let outer = values.parent_message().map(|outer| format!("{}{}", outer.name(), values.name()));
    let names = [Some(values.name().to_owned()), outer];
    let is_it = |value: &str| names.iter().flatten().any(|name| begins_with(value, name));
    if values.values().all(|value| is_it(value.name())) {
        return Ok(());
    }
    let expected = format!("names in capitals that begin with `{}_`", capitals(values.name()));
    Err(schema.wrong(expected, schema::values(&values)))
}

/// `RETURN_REASON_DAMAGED` with `ReturnReason`. Where capitals are one word is not always clear.
fn begins_with(value: &str, name: &str) -> bool {
    let name = name.replace('_', "").to_uppercase();
    let mut ends = value.match_indices('_').map(|(at, _)| at);
    value.to_uppercase() == value && ends.any(|at| value[..at].replace('_', "") == name && at + 1 < value.len())
}

/// `RETURN_REASON` of `ReturnReason`.
fn capitals(name: &str) -> String {
    let mut capitals = String::new();
    for (at, c) in name.char_indices() {
        if at > 0 && c.is_uppercase() && !capitals.ends_with('_') {
            capitals.push('_');
        }
        capitals.extend(c.to_uppercase());
    }
    capitals
}

pub(super) async fn quantity_is_an_integer(bench: &mut Bench) -> Outcome {
    let (schema, message): (Schema, _) = contract(bench).await?;
    quantity(&schema, &message).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_begins_with_the_name_of_its_enum() {
        for (value, name) in [
            ("RETURN_REASON_DAMAGED", "ReturnReason"),
            ("REASON_X", "Reason"),
            ("RMA_REASON_X", "RMAReason"),
            ("REASON2_X", "Reason2"),
            ("REASON_V2_X", "Reason_v2"),
        ] {
            assert!(begins_with(value, name), "{value}");
        }
        for value in ["DAMAGED", "REASON_DAMAGED", "RETURN_REASON_", "RETURN_REASONABLE", "Return_Reason_Damaged"] {
            assert!(!begins_with(value, "ReturnReason"), "{value}");
        }
        assert_eq!(capitals("ReturnReason"), "RETURN_REASON");
    }
}
