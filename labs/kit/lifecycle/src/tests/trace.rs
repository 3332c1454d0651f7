use crate::TraceId;

const ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

fn id_of(traceparent: &str) -> Option<String> {
    TraceId::parse(traceparent).map(|id| id.to_string())
}

#[test]
fn a_valid_header_gives_its_id() {
    assert_eq!(id_of(&format!("00-{ID}-00f067aa0ba902b7-01")).as_deref(), Some(ID));
    assert_eq!(id_of(&format!("00-{ID}-00f067aa0ba902b7-00")).as_deref(), Some(ID));
}

#[test]
fn a_higher_version_may_have_more_after_the_flags() {
    assert_eq!(id_of(&format!("cc-{ID}-00f067aa0ba902b7-01")).as_deref(), Some(ID));
    assert_eq!(id_of(&format!("cc-{ID}-00f067aa0ba902b7-01-what-the-future")).as_deref(), Some(ID));
    assert_eq!(id_of(&format!("cc-{ID}-00f067aa0ba902b7-01.what")), None);
    assert_eq!(id_of(&format!("00-{ID}-00f067aa0ba902b7-01-what")), None);
}

#[test]
fn what_is_not_valid_gives_none() {
    for bad in [
        "",
        "00",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
        "00-+bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01 ",
        "00-ßbf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
    ] {
        assert_eq!(id_of(bad), None, "{bad:?}");
    }
    assert_eq!(TraceId::parse([0xff, b'-', 0xfe]), None, "not UTF-8");
}

#[test]
fn the_next_hop_reads_the_same_id_and_another_parent() {
    let id = TraceId::new();
    let (first, second) = (id.traceparent(), id.traceparent());
    assert_eq!(TraceId::parse(&first), Some(id));
    assert_eq!(TraceId::parse(&second), Some(id));
    assert_ne!(first, second);
    assert_ne!(id, TraceId::new());
}
