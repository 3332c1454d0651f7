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

/// Ids that some readers take for this one, or for the last of a list: those that read as far as
/// they understand, count from the end, count on, or compare beginnings and ends. Somebody may have
/// one of them.
pub(crate) fn near(id: &str) -> Vec<String> {
    let mut shorter = id.to_owned();
    shorter.pop();
    let longer = [format!("{id}x"), format!("x{id}")].into_iter();
    if let Ok(number) = id.parse::<u64>() {
        let next = number.saturating_add(1).to_string();
        // As many bits further as some languages' numbers have.
        let wrapped = number.saturating_add(1 << 32).to_string();
        let numbers = ["-1".to_owned(), "0".to_owned(), next, wrapped, shorter];
        longer.chain(numbers).filter(|near| !near.is_empty()).collect()
    } else {
        let begin = id.rsplit_once('-').map(|(begin, _)| begin.to_owned());
        let shorter = [shorter].into_iter().chain(begin);
        longer.chain(shorter.filter(|shorter| !shorter.is_empty())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_near_is_another() {
        assert_eq!(near("17"), ["17x", "x17", "-1", "0", "18", "4294967313", "1"]);
        assert_eq!(near("0190a5bx"), ["0190a5bxx", "x0190a5bx", "0190a5b"]);
        assert_eq!(near("o-17"), ["o-17x", "xo-17", "o-1", "o"]);
    }

    #[test]
    fn an_unknown_id_is_of_the_same_kind() {
        let word = "w0123456789ab";
        assert_eq!(unlike("17", word).parse::<u32>().map(|number| number > 99), Ok(true));
        assert!(uuid::Uuid::try_parse(&unlike("0190a5b4-0000-7000-8000-000000000000", word)).is_ok());
        assert_eq!(unlike("order-17", word), word);
    }
}
