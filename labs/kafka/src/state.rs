//! Every order as it is, for a topic that lacks changes which are no longer kept:
//! what any client does whose position is gone. It lists, and watches from there.

use std::collections::HashMap;

use lab_orders::{ChangeKind, ListDraft, Order, OrderError, OrderId, Position, Store};
use tokio::runtime::Handle;

use crate::facts::{FactsTopic, Interrupted, MOST_IN_TRANSACTION, text};
use crate::published::{is_of, state_name};
use crate::wire::{Fact, Record, event_id, fact_record, read_fact};

/// Publishes them all; watch from the position that it returns.
pub(crate) fn publish_all(facts: &FactsTopic, store: &Store, runtime: &Handle) -> Result<Position, Interrupted> {
    let (mut page_token, mut position) = (None, None);
    loop {
        let draft = ListDraft { page_size: Some(MOST_IN_TRANSACTION.to_string()), page_token, ..ListDraft::default() };
        let page = runtime.block_on(store.list(draft.parse().map_err(text)?)).map_err(text)?;
        if position.is_none() {
            // The first page has it, and no other. What is deleted from here on is a change to come.
            position = page.watch_position;
            bury(facts, store, runtime)?;
        }
        let from = position.ok_or("a list has no position")?;
        let is_last = page.next_page_token.is_none();
        facts.send(records(&page.orders, from, is_last))?;
        page_token = page.next_page_token;
        if is_last {
            return Ok(from);
        }
    }
}

/// Orders as they are, without the change that made them so. Only the very last says
/// at which position: a publisher that crashes before it begins with all of this again.
fn records(orders: &[Order], from: Position, is_last_page: bool) -> Vec<Record> {
    let last = orders.len().saturating_sub(1);
    let record = |(at, order): (usize, &Order)| {
        let kind = if order.version == 1 { ChangeKind::Created } else { ChangeKind::Updated };
        let ends_here = is_last_page && at == last;
        fact_record(&if ends_here { state_name(from) } else { name_of(from, order) }, kind, order)
    };
    orders.iter().enumerate().map(record).collect()
}

fn name_of(from: Position, order: &Order) -> String {
    format!("{:08x}-{}-{}", from.epoch(), order.id, order.version)
}

/// Tombstones for those that the topic has and the store no longer.
fn bury(facts: &FactsTopic, store: &Store, runtime: &Handle) -> Result<(), Interrupted> {
    let mut gone = HashMap::<OrderId, Order>::new();
    facts.read(|record| {
        let is_ours = event_id(record).is_some_and(|name| is_of(name, facts.epoch()));
        match read_fact(record) {
            Ok(Fact { id, order: Some(order), .. }) if is_ours && !gone.contains_key(&id) => {
                if matches!(runtime.block_on(store.get(id)), Err(OrderError::NotFound { .. })) {
                    gone.insert(id, order);
                }
            }
            Ok(Fact { id, order: None, .. }) => drop(gone.remove(&id)),
            _ => {}
        }
    })?;
    let tombstone =
        |order: &Order| fact_record(&format!("{:08x}-{}-gone", facts.epoch(), order.id), ChangeKind::Deleted, order);
    let tombstones: Vec<_> = gone.values().collect();
    tombstones
        .chunks(MOST_IN_TRANSACTION)
        .try_for_each(|some| facts.send(some.iter().map(|order| tombstone(order)).collect()))
}
