//! grpc/02: change a contract that is in use.

mod bytes;
mod declared;
mod sizes;
#[cfg(test)]
mod tests;

use bytes::{both_read_what_is_new, stored_bytes_are_read};
use declared::{
    contract_is_kept, fields_are_kept, it_compiles, note_is_reserved, quantity_is_an_integer, reason_is_an_enum,
    reasons_begin_with_the_enum, zero_is_unspecified,
};
use prost_reflect::{EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor};

use super::README;
use crate::bench::Bench;
use crate::exercise::{Exercise, Role, checks};
use crate::schema::{self, Schema};
use crate::verdict::Failed;

pub(crate) const EXERCISE: Exercise = Exercise {
    id: "grpc/02",
    name: "change_a_contract",
    role: Role::Schema,
    data: include_str!("../change_a_contract.toml"),
    readme: README,
    checks: checks![
        it_compiles,
        contract_is_kept,
        fields_are_kept,
        stored_bytes_are_read,
        note_is_reserved,
        reason_is_an_enum,
        zero_is_unspecified,
        reasons_begin_with_the_enum,
        quantity_is_an_integer,
        both_read_what_is_new,
    ],
};

/// Of the message.
const NAME: &str = "returns.v1.Return";
/// What stays: name, number, name in JSON. Each is a string.
const KEPT: [(&str, u32, &str); 3] = [("id", 1, "id"), ("order_id", 2, "orderId"), ("created_at", 4, "createdAt")];

/// The contract as the learner has it, and the message in it.
async fn contract(bench: &mut Bench) -> Result<(Schema, MessageDescriptor), Failed> {
    let schema = bench.schema().await?;
    match schema.message(NAME) {
        Some(message) => Ok((schema, message)),
        None => Err(schema.wrong(format!("a message `{NAME}`"), "(there is none)")),
    }
}

/// A new field, which stands alone and is of such a kind.
fn new_field(
    schema: &Schema,
    message: &MessageDescriptor,
    name: &str,
    what: &str,
    is_it: impl Fn(&Kind) -> bool,
) -> Result<FieldDescriptor, Failed> {
    let field = message.get_field_by_name(name);
    let field = field.filter(|field| !field.is_list() && !field.is_map() && is_it(&field.kind()));
    field.ok_or_else(|| schema.wrong(format!("a field `{name}`: {what}"), schema::message(message)))
}

fn reason(schema: &Schema, message: &MessageDescriptor) -> Result<(FieldDescriptor, EnumDescriptor), Failed> {
    let is_it = |kind: &Kind| matches!(kind, Kind::Enum(_));
    let field = new_field(schema, message, "reason", "one value of an enum", is_it)?;
    let values = field.kind().as_enum().cloned();
    let values = values.ok_or_else(|| schema.wrong("an enum", schema::message(message)))?;
    Ok((field, values))
}

fn quantity(schema: &Schema, message: &MessageDescriptor) -> Result<FieldDescriptor, Failed> {
    let is_it = |kind: &Kind| {
        !matches!(
            kind,
            Kind::Double | Kind::Float | Kind::Bool | Kind::String | Kind::Bytes | Kind::Message(_) | Kind::Enum(_)
        )
    };
    new_field(schema, message, "quantity", "one integer", is_it)
}
