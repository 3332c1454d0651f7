//! A `.proto` that is graded: compiled from its text alone, and shown as it was understood.

mod protoc;

use std::fmt::Write as _;

use prost_reflect::{
    Cardinality, DescriptorPool, EnumDescriptor, FieldDescriptor, FileDescriptor, Kind, MessageDescriptor,
};
use protox::file::{File, FileResolver, GoogleFileResolver};

use crate::bench::Bench;
use crate::text::Text;
use crate::verdict::Failed;

/// What the file says.
#[derive(Clone)]
pub(crate) struct Schema {
    name: String,
    pool: DescriptorPool,
}

/// Nothing is imported but what comes with protobuf.
struct Alone {
    name: String,
    text: String,
}

impl FileResolver for Alone {
    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        match name == self.name {
            true => File::from_source(name, &self.text),
            false => GoogleFileResolver::new().open_file(name),
        }
    }
}

impl Bench {
    /// The file, compiled by the first check that needs it.
    pub(crate) async fn schema(&mut self) -> Result<Schema, Failed> {
        if let Some(schema) = self.seen.get::<Schema>() {
            return Ok(schema.clone());
        }
        let text = self.text().await?;
        let schema = Schema::compile(&text.name, &text.text).map_err(|error| {
            let error = format!("{error}\n{}", place(&error, &text));
            Failed::new(format!("(compiled {})", text.name), "a file that compiles", error.trim_end())
        })?;
        self.seen.insert(schema.clone());
        Ok(schema)
    }
}

impl Schema {
    /// An error is as the compiler says it: file, line, column, and what is wrong there.
    pub(crate) fn compile(name: &str, text: &str) -> Result<Self, String> {
        let alone = Alone { name: name.to_owned(), text: text.to_owned() };
        let mut compiler = protox::Compiler::with_file_resolver(alone);
        // Its `Debug` has the place, its `Display` has not.
        compiler.open_file(name).map_err(|error| format!("{error:?}"))?;
        let schema = Self { name: name.to_owned(), pool: compiler.descriptor_pool() };
        protoc::refused(&schema.file()).map_or(Ok(schema), Err)
    }

    pub(crate) fn file(&self) -> FileDescriptor {
        self.pool.get_file_by_name(&self.name).expect("it was compiled")
    }

    pub(crate) fn message(&self, full_name: &str) -> Option<MessageDescriptor> {
        self.pool.get_message_by_name(full_name)
    }

    /// It isn't as it should be; `came` is the part of it that matters.
    pub(crate) fn wrong(&self, expected: impl Into<String>, came: impl Into<String>) -> Failed {
        Failed::new(format!("(compiled {})", self.name), expected, came)
    }
}

/// The line that an error names, with a mark below its column.
fn place(error: &str, text: &Text) -> String {
    let mut numbers = error.strip_prefix(&*text.name).into_iter().flat_map(|rest| rest.split(':').skip(1));
    let mut number = || numbers.next()?.parse::<usize>().ok()?.checked_sub(1);
    let (Some(line), Some(column)) = (number(), number()) else { return String::new() };
    let Some(line) = text.text.lines().nth(line) else { return String::new() };
    let before = line.chars().take(column).map(|c| if c == '\t' { '\t' } else { ' ' });
    format!("{line}\n{}^", before.collect::<String>())
}

/// A message as it was understood: its fields, and what it reserves.
pub(crate) fn message(message: &MessageDescriptor) -> String {
    let mut shown = format!("message {} {{\n", message.name());
    for range in message.reserved_ranges() {
        let _ = match range.end - range.start {
            1 => writeln!(shown, "  reserved {};", range.start),
            _ => writeln!(shown, "  reserved {} to {};", range.start, range.end - 1),
        };
    }
    for name in message.reserved_names() {
        let _ = writeln!(shown, "  reserved \"{name}\";");
    }
    let mut fields: Vec<FieldDescriptor> = message.fields().collect();
    fields.sort_by_key(FieldDescriptor::number);
    for one in fields {
        let _ = writeln!(shown, "  {};", field(&one));
    }
    shown + "}"
}

/// As it is declared: `repeated string id = 1`.
pub(crate) fn field(field: &FieldDescriptor) -> String {
    let mut shown = format!("{} {} = {}", kind(field), field.name(), field.number());
    let lower_camel = camel(field.name());
    if field.json_name() != lower_camel {
        let _ = write!(shown, " [json_name = \"{}\"]", field.json_name());
    }
    match field.containing_oneof() {
        Some(one) if !one.is_synthetic() => shown += &format!("; in the oneof {}", one.name()),
        Some(_) => shown.insert_str(0, "optional "),
        None if field.is_map() => {}
        None if field.is_list() => shown.insert_str(0, "repeated "),
        None if field.cardinality() == Cardinality::Required => shown.insert_str(0, "required "),
        None => {}
    }
    shown
}

/// The name of its type.
pub(crate) fn kind(field: &FieldDescriptor) -> String {
    match field.kind() {
        Kind::Message(_) if field.is_map() => "map<…>".to_owned(),
        Kind::Message(message) => short(message.full_name(), field),
        Kind::Enum(values) => short(values.full_name(), field),
        kind => format!("{kind:?}").to_lowercase(),
    }
}

/// Without the package that it shares with the field.
fn short(full_name: &str, field: &FieldDescriptor) -> String {
    let package = format!("{}.", field.parent_message().package_name());
    full_name.strip_prefix(&package).unwrap_or(full_name).to_owned()
}

/// An enum as it was understood.
pub(crate) fn values(values: &EnumDescriptor) -> String {
    let lines = values.values().map(|value| format!("  {} = {};\n", value.name(), value.number()));
    format!("enum {} {{\n{}}}", values.name(), lines.collect::<String>())
}

/// The name that a field has in JSON unless it says otherwise: `orderId` of `order_id`.
pub(crate) fn camel(name: &str) -> String {
    let (mut camel, mut upper) = (String::new(), false);
    for c in name.chars() {
        match (c, upper) {
            ('_', _) => upper = true,
            (c, true) => {
                camel.extend(c.to_uppercase());
                upper = false;
            }
            (c, false) => camel.push(c),
        }
    }
    camel
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_shows_its_place() {
        let text = Text {
            name: "a.proto".to_owned(),
            text: "syntax = \"proto3\";\nmessage A {\n  int32 a 1;\n}\n".to_owned(),
        };
        let Err(error) = Schema::compile(&text.name, &text.text) else { panic!("it must not compile") };
        assert!(error.starts_with("a.proto:3:11: "), "{error}");
        assert_eq!(place(&error, &text), "  int32 a 1;\n          ^");
    }

    #[test]
    fn what_comes_with_protobuf_is_there_and_nothing_of_the_disk() {
        let importing = |file: &str| Schema::compile("a.proto", &format!("syntax = \"proto3\";\nimport \"{file}\";\n"));
        assert!(importing("google/protobuf/timestamp.proto").is_ok());
        assert!(importing("Cargo.toml").is_err());
        assert!(importing("a.proto").is_err());
    }

    #[test]
    fn a_message_is_shown_as_it_was_understood() {
        let text = "syntax = \"proto3\"; package p; message A { enum E { E_X = 0; } reserved 3, 7 to 9; reserved \"b\"; \
                    optional E e = 2; repeated int32 order_id = 1 [json_name = \"x\"]; oneof o { string s = 4; } \
                    map<string, string> m = 5; }";
        let schema = Schema::compile("a.proto", text).unwrap_or_else(|error| panic!("{error}"));
        let shown = message(&schema.message("p.A").expect("it is there"));
        let expected = "message A {\n  reserved 3;\n  reserved 7 to 9;\n  reserved \"b\";\n  \
                        repeated int32 order_id = 1 [json_name = \"x\"];\n  optional A.E e = 2;\n  \
                        string s = 4; in the oneof o;\n  map<…> m = 5;\n}";
        assert_eq!(shown, expected);
    }
}
