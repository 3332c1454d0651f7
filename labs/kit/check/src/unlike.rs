//! Ids that nobody has.

/// Of the same kind, so that it is unknown and not malformed.
pub(crate) fn unlike(id: &str, word: &str) -> String {
    if id.chars().all(|c| c.is_ascii_digit()) {
        let digits: String = word.bytes().skip(1).map(|byte| char::from(b'1' + byte % 9)).collect();
        digits[..9].to_owned()
    } else if uuid::Uuid::try_parse(id).is_ok() {
        uuid::Uuid::new_v4().to_string()
    } else {
        word.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_id_is_of_the_same_kind() {
        let word = "w0123456789ab";
        assert_eq!(unlike("17", word).parse::<u32>().map(|number| number > 99), Ok(true));
        assert!(uuid::Uuid::try_parse(&unlike("0190a5b4-0000-7000-8000-000000000000", word)).is_ok());
        assert_eq!(unlike("order-17", word), word);
    }
}
