//! Which version a change is meant for: `If-Match` (RFC 9110 §13.1.1), and the
//! `etag` field over gRPC (AIP-154), which holds the same text.

use std::fmt;

use crate::Fault;

/// A condition on the version that is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// `*`: whatever is stored.
    Any,
    /// A list of strong entity tags; those that no order can have are left out.
    OneOf(Vec<u64>),
}

impl Condition {
    /// Holds for one version.
    pub fn version(version: u64) -> Self {
        Self::OneOf(vec![version])
    }

    /// Reads `*` or a list of entity tags. A weak tag (`W/"1"`) and one that is
    /// no version (`"x"`) are well-formed, and match no order: the comparison is strong.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        if text.trim() == "*" {
            return Ok(Self::Any);
        }
        let malformed = || Fault::parameter("etag", r#"must be an etag like "3", with its quotes, or *"#);
        let tags = entity_tags(text).ok_or_else(malformed)?;
        let strong = tags.iter().filter(|tag| !tag.weak);
        Ok(Self::OneOf(strong.filter_map(|tag| version_of(tag.opaque)).collect()))
    }

    /// Whether any tag of an `If-None-Match` names this version (RFC 9110 §13.1.2).
    /// The comparison is weak: `W/"3"` counts as `"3"`.
    pub fn none_match_names(text: &str, version: u64) -> bool {
        text.trim() == "*"
            || entity_tags(text).is_some_and(|tags| tags.iter().any(|tag| version_of(tag.opaque) == Some(version)))
    }

    /// Whether it holds for this version.
    pub fn holds_for(&self, version: u64) -> bool {
        match self {
            Self::Any => true,
            Self::OneOf(versions) => versions.contains(&version),
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("any"),
            Self::OneOf(versions) if versions.is_empty() => f.write_str("the one of this etag"),
            Self::OneOf(versions) => {
                let versions: Vec<_> = versions.iter().map(u64::to_string).collect();
                f.write_str(&versions.join(" or "))
            }
        }
    }
}

struct EntityTag<'a> {
    weak: bool,
    opaque: &'a str,
}

/// `1#entity-tag`: at least one, commas between, empty elements allowed (RFC 9110 §5.6.1).
fn entity_tags(text: &str) -> Option<Vec<EntityTag<'_>>> {
    let mut tags = Vec::new();
    let mut rest = text.trim_matches([' ', '\t', ',']);
    while !rest.is_empty() {
        let (weak, quoted) = rest.strip_prefix("W/").map_or((false, rest), |strong| (true, strong));
        let (opaque, after) = quoted.strip_prefix('"')?.split_once('"')?;
        if !opaque.chars().all(|c| c == '!' || c > '"' && c != '\u{7f}') {
            return None;
        }
        tags.push(EntityTag { weak, opaque });
        let after = after.trim_start_matches([' ', '\t']);
        if !after.is_empty() && !after.starts_with(',') {
            return None;
        }
        rest = after.trim_start_matches([' ', '\t', ',']);
    }
    (!tags.is_empty()).then_some(tags)
}

/// A version as we print it: `"03"` and `"+3"` are other tags, though they parse as numbers.
fn version_of(opaque: &str) -> Option<u64> {
    opaque.parse().ok().filter(|version: &u64| version.to_string() == opaque)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_with_the_right_tag_matches() {
        let condition = Condition::parse(r#" "1" , W/"2",, "x", "3""#).expect("well-formed");
        assert_eq!(condition, Condition::OneOf(vec![1, 3]));
    }

    #[test]
    fn a_weak_tag_is_well_formed_and_matches_nothing() {
        assert_eq!(Condition::parse(r#"W/"1""#), Ok(Condition::OneOf(vec![])));
        assert!(Condition::none_match_names(r#"W/"1""#, 1));
    }

    #[test]
    fn what_is_no_entity_tag_is_refused() {
        for text in ["", " ", "3", "\"3", "3\"", "\"3\" \"4\"", "w/\"3\"", "\"3\"x", ",", "\"a b\"", "*, \"1\""] {
            assert!(Condition::parse(text).is_err(), "{text:?} was taken");
        }
    }

    #[test]
    fn a_number_that_we_would_print_otherwise_is_another_tag() {
        for text in [r#""03""#, r#""+3""#, r#""3 ""#] {
            assert!(!Condition::parse(text).is_ok_and(|condition| condition.holds_for(3)), "{text} matched");
        }
    }
}
