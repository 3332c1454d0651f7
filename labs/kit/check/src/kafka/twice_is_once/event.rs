//! Events, and the records that carry them.

use serde_json::json;

use crate::bench::Bench;
use crate::broker::New;

/// An event that is to be sent.
#[derive(Clone)]
pub(super) struct Event {
    pub(super) partition: i32,
    pub(super) key: String,
    pub(super) id: String,
    pub(super) equipment: Vec<&'static str>,
}

impl Event {
    pub(super) fn new(bench: &Bench, partition: i32, equipment: &[&'static str]) -> Self {
        Self { partition, key: bench.word(), id: bench.id(), equipment: equipment.to_vec() }
    }

    /// In each partition one, the last of what was sent: when they are done, all is.
    pub(super) fn last(bench: &Bench) -> Vec<Self> {
        (0..3).map(|partition| Self::new(bench, partition, &["MOUSE"])).collect()
    }
}

/// `ce_id` is one header of several.
pub(super) fn record(event: &Event) -> (New, Vec<(&'static str, String)>) {
    let value = json!({ "equipment": event.equipment });
    let new = New { partition: event.partition, key: Some(event.key.clone()), value: Some(value.to_string()) };
    (new, vec![("ce_type", "order.created".to_owned()), ("ce_id", event.id.clone()), ("ce_source", "/shop".to_owned())])
}
