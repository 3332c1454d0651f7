use crate::LevelFilter;
use crate::logs::filter;

#[test]
fn a_bad_filter_is_told_from_a_good_one_and_from_none() {
    assert_eq!(filter("", LevelFilter::INFO).expect("a filter").to_string(), "info");
    assert_eq!(filter("warn,h2=off", LevelFilter::INFO).expect("a filter").to_string(), "h2=off,warn");
    assert!(filter("lab=loud", LevelFilter::INFO).is_err());
    assert!(filter("\u{fffd}=\u{7}=", LevelFilter::INFO).is_err());
}

#[test]
fn starting_twice_is_harmless() {
    let _first = crate::start_logs(LevelFilter::INFO);
    let _second = crate::start_logs(LevelFilter::INFO);
}
