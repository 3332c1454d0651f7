//! What is ordered, and what is set aside for it.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::rpc::Received;

/// It has what was asked for.
pub(super) fn is_as_sent(order: &Value, draft: &Value) -> bool {
    ["created_by", "equipment"].iter().all(|field| order[field] == draft[field])
}

/// How many of each kind are in a list.
pub(super) fn counts(equipment: &Value) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for item in equipment.as_array().into_iter().flatten() {
        *counts.entry(item.to_string()).or_default() += 1;
    }
    counts
}

/// The same of a call to the warehouse; `None` where a kind is named twice, or none of it wanted.
pub(super) fn reserved_counts(call: &Received) -> Option<BTreeMap<String, u64>> {
    let mut counts = BTreeMap::new();
    for item in call.message["items"].as_array().into_iter().flatten() {
        let count = item["count"].as_u64()?;
        if counts.insert(item["equipment"].to_string(), count).is_some() {
            return None;
        }
    }
    Some(counts)
}
