//! What `protoc` refuses in a file though protox takes it: whoever makes code from it meets that
//! only at the next build. These are the rules that somebody breaks by hand, not all that there are.

use std::collections::{HashMap, HashSet};
use std::ops::RangeInclusive;

use prost_reflect::{EnumDescriptor, FieldDescriptor, FileDescriptor, Kind, MessageDescriptor, Syntax};

/// Where it stands, by the numbers of the fields in `google/protobuf/descriptor.proto`; and what it is.
type Fault = (Vec<i32>, String);

const MESSAGES_EXTENSION_RANGE: i32 = 5;
const MESSAGES_RESERVED: Reserved = Reserved { range: 9, name: 10 };
const ENUMS_RESERVED: Reserved = Reserved { range: 4, name: 5 };

struct Reserved {
    range: i32,
    name: i32,
}

/// The first of them, as a compiler says it: file, line, column, and what is wrong there.
pub(super) fn refused(file: &FileDescriptor) -> Option<String> {
    let of_enums = file.enums().find_map(|values| in_enum(&values));
    let (path, what) = of_enums.or_else(|| file.messages().find_map(|message| in_message(&message)))?;
    let info = file.file_descriptor_proto().source_code_info.as_ref();
    let place = info.into_iter().flat_map(|info| &info.location).find(|place| place.path == path);
    let place = place.and_then(|place| Some(format!("{}:{}:", place.span.first()? + 1, place.span.get(1)? + 1)));
    Some(format!("{}:{} {what}", file.name(), place.unwrap_or_default()))
}

fn in_message(message: &MessageDescriptor) -> Option<Fault> {
    let proto = message.descriptor_proto();
    if message.parent_file().syntax() == Syntax::Proto3 && !proto.extension_range.is_empty() {
        let what = "proto3 has no ranges for extensions";
        return Some((below(message.path(), MESSAGES_EXTENSION_RANGE, 0), what.to_owned()));
    }
    let ranges = proto.reserved_range.iter().map(|range| range.start()..=range.end() - 1);
    let used = proto.field.iter().map(|field| field.name());
    let reserved = reserved((message.path(), &MESSAGES_RESERVED), ranges, &proto.reserved_name, used);
    reserved
        .or_else(|| message.fields().find_map(|field| Some((field.path().to_vec(), in_field(&field)?))))
        .or_else(|| message.child_enums().find_map(|values| in_enum(&values)))
        .or_else(|| message.child_messages().find_map(|message| in_message(&message)))
}

fn in_enum(values: &EnumDescriptor) -> Option<Fault> {
    let proto = values.enum_descriptor_proto();
    let ranges = proto.reserved_range.iter().map(|range| range.start()..=range.end());
    let used = proto.value.iter().map(|value| value.name());
    let reserved = reserved((values.path(), &ENUMS_RESERVED), ranges, &proto.reserved_name, used);
    reserved.or_else(|| no_alias(values)).or_else(|| same_without_prefix(values))
}

/// Each name and number once, and none of the names in use. (Numbers in use protox refuses itself.)
fn reserved<'a>(
    (path, tags): (&[i32], &Reserved),
    ranges: impl Iterator<Item = RangeInclusive<i32>>,
    names: &[String],
    mut used: impl Iterator<Item = &'a str>,
) -> Option<Fault> {
    let mut before: Vec<RangeInclusive<i32>> = Vec::new();
    for (at, range) in (0..).zip(ranges) {
        let place = || below(path, tags.range, at);
        if range.is_empty() {
            return Some((place(), format!("the range {} to {} ends before it begins", range.start(), range.end())));
        }
        let meets = |other: &&RangeInclusive<i32>| range.start() <= other.end() && other.start() <= range.end();
        if let Some(other) = before.iter().find(meets) {
            return Some((place(), format!("the number {} is reserved twice", range.start().max(other.start()))));
        }
        before.push(range);
    }
    let mut all = HashSet::new();
    let twice = (0..).zip(names).find(|(_, name)| !all.insert(name.as_str()));
    if let Some((at, name)) = twice {
        return Some((below(path, tags.name, at), format!("the name `{name}` is reserved twice")));
    }
    let name = used.find(|name| all.contains(name))?;
    let at = (0..).zip(names).find(|(_, reserved)| *reserved == name).map_or(0, |(at, _)| at);
    Some((below(path, tags.name, at), format!("the name `{name}` is reserved, and used")))
}

/// Options that its type has no use for.
fn in_field(field: &FieldDescriptor) -> Option<String> {
    let options = field.field_descriptor_proto().options.as_ref()?;
    let kind = field.kind();
    let is_packable = field.is_list() && !matches!(kind, Kind::String | Kind::Bytes | Kind::Message(_));
    let has_64_bits = matches!(kind, Kind::Int64 | Kind::Uint64 | Kind::Sint64 | Kind::Fixed64 | Kind::Sfixed64);
    let is_message = matches!(kind, Kind::Message(_));
    let (option, only) = if options.packed() && !is_packable {
        ("packed", "repeated numbers")
    } else if options.jstype.is_some_and(|jstype| jstype != 0) && !has_64_bits {
        ("jstype", "integers of 64 bits")
    } else if options.lazy() && !is_message {
        ("lazy", "messages")
    } else {
        return None;
    };
    Some(format!("the option `{option}` of `{}` is for {only} only", field.name()))
}

/// `allow_alias` is a promise that there is one.
fn no_alias(values: &EnumDescriptor) -> Option<Fault> {
    let proto = values.enum_descriptor_proto();
    proto.options.as_ref()?.allow_alias?;
    let numbers: HashSet<i32> = proto.value.iter().map(|value| value.number()).collect();
    let what = format!("`allow_alias` in `{}`, and no number with two names", values.name());
    (numbers.len() == proto.value.len()).then(|| (values.path().to_vec(), what))
}

/// Generators that take the enum's name off would have two values of one name.
fn same_without_prefix(values: &EnumDescriptor) -> Option<Fault> {
    if values.parent_file().syntax() != Syntax::Proto3 {
        return None;
    }
    let mut before: HashMap<String, (String, i32)> = HashMap::new();
    for value in values.values() {
        let new = (value.name().to_owned(), value.number());
        let (name, number) = before.entry(without_prefix(value.name(), values.name())).or_insert(new);
        if *name != value.name() && *number != value.number() {
            let (second, of) = (value.name(), values.name());
            let what = format!("without the name of `{of}`, and in one case, `{name}` and `{second}` are the same");
            return Some((value.path().to_vec(), what));
        }
    }
    None
}

/// `Damaged` of `RETURN_REASON_DAMAGED` in `ReturnReason`; a `_` matters where the case shows it.
fn without_prefix(value: &str, name: &str) -> String {
    let mut rest = value.chars();
    let mut letters = name.chars().filter(|&c| c != '_');
    let begins = letters.all(|letter| rest.find(|&c| c != '_').is_some_and(|c| c.eq_ignore_ascii_case(&letter)));
    let short = rest.as_str().trim_start_matches('_');
    let kept = if begins && !short.is_empty() { short } else { value };
    let words = kept.split('_').filter(|word| !word.is_empty());
    words.map(|word| word[..1].to_ascii_uppercase() + &word[1..].to_ascii_lowercase()).collect()
}

fn below(path: &[i32], tag: i32, at: i32) -> Vec<i32> {
    [path, &[tag, at]].concat()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use crate::schema::Schema;

    fn compiled(body: &str) -> Result<(), String> {
        Schema::compile("a.proto", &format!("syntax = \"proto3\";\n{body}")).map(drop)
    }

    #[rstest]
    #[case("message A { reserved 3;\n reserved 3; }", "a.proto:3:11: the number 3 is reserved twice")]
    #[case("message A { reserved 7 to 9, 2, 8 to 10; }", "a.proto:2:33: the number 8 is reserved twice")]
    #[case("message A { reserved 9 to 8; }", "a.proto:2:22: the range 9 to 8 ends before it begins")]
    #[case("message A { reserved \"b\", \"b\"; }", "a.proto:2:27: the name `b` is reserved twice")]
    #[case("message A { reserved \"b\"; int32 b = 1; }", "a.proto:2:22: the name `b` is reserved, and used")]
    #[case("message A { message B { reserved 1, 1; } }", "a.proto:2:37: the number 1 is reserved twice")]
    #[case("enum E { reserved \"B\"; A = 0; B = 1; }", "a.proto:2:19: the name `B` is reserved, and used")]
    #[case("enum E { reserved 2, 2; A = 0; }", "a.proto:2:22: the number 2 is reserved twice")]
    #[case("enum E { option allow_alias = true; A = 0; }", "a.proto:2:1: `allow_alias` in `E`, and no number")]
    #[case("enum MyE { MY_E_A = 0; MYE_A = 1; }", "a.proto:2:24: without the name of `MyE`, and in one case, `MY_E_A`")]
    #[case("message M { enum E { E_A = 0; E_a = 1; } }", "a.proto:2:31: without the name of `E`")]
    #[case("message A { extensions 100 to 200; }", "a.proto:2:24: proto3 has no ranges for extensions")]
    #[case("message A { int32 b = 1 [packed = true]; }", "a.proto:2:13: the option `packed` of `b` is for")]
    #[case("message A { int32 b = 1 [jstype = JS_STRING]; }", "a.proto:2:13: the option `jstype` of `b` is for")]
    fn what_protoc_refuses_does_not_compile(#[case] body: &str, #[case] expected: &str) {
        let error = compiled(body).err().unwrap_or_default();
        assert!(error.starts_with(expected), "{error}");
    }

    #[rstest]
    #[case("message A { reserved 3, 5 to 7, 8 to max; reserved \"b\", \"c\"; int32 d = 1; }")]
    #[case("enum E { reserved 3, -4 to -1; reserved \"B\"; E_A = 0; E_B = 1; A_B = 2; }")]
    #[case("enum E { option allow_alias = true; E_A = 0; E_B = 1; E_b = 1; E_C = 1; }")]
    #[case("enum E { E_DAMA_GED = 0; E_DAMAGED = 1; }")]
    #[case("message A { repeated int32 b = 1 [packed = true]; int32 c = 2 [packed = false, jstype = JS_NORMAL]; }")]
    #[case("message A { int64 b = 1 [jstype = JS_STRING]; A c = 2 [lazy = true]; map<string, A> d = 3; }")]
    fn what_protoc_takes_compiles(#[case] body: &str) {
        assert_eq!(compiled(body), Ok(()));
    }
}
