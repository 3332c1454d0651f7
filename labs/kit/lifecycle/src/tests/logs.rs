use crate::logs::filter;

#[test]
fn a_bad_filter_is_told_from_a_good_one_and_from_none() {
    assert_eq!(filter("").expect("a filter").to_string(), "info");
    assert_eq!(filter("warn,h2=off").expect("a filter").to_string(), "h2=off,warn");
    assert!(filter("lab=loud").is_err());
    assert!(filter("\u{fffd}=\u{7}=").is_err());
}

#[test]
fn starting_twice_is_harmless() {
    crate::start_logs();
    crate::start_logs();
}
