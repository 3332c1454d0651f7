//! The producer: the verbs that want something, each a record.
//!
//! A record that was handed to librdkafka is not sent yet, and one that was sent
//! is not there yet. So every record's delivery is reported, as one of three:
//! - *delivered*: all replicas in sync have it, at this partition and offset;
//! - *not sent*: it never left this program;
//! - *unknown*: it was sent, and no answer came. It may be there.
//!
//! Guarantee: a record is there at most once, and in the order of its key, however
//! often librdkafka sends it again (`enable.idempotence`). Who sends a new record
//! for one that was unknown may double it; the same `ce_id` would make that harmless.
//!
//! Run it: `cargo run -p lab-kafka --bin producer -- create --created-by USER14 --equipment KEYBOARD`.

use std::pin::pin;
use std::time::Duration;

use futures_util::TryStreamExt;
use lab_console::{CreateArgs, DeleteArgs, Failure, Line, Lines, Output, UpdateArgs};
use lab_orders::{DeleteDraft, Equipment, OrderDraft, OrderId, UpdateDraft};
use lab_proto::pb;
use lab_proto::pb::order_request::{Create, Delete, Request as Wanted, Update};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::broker;
use crate::config::{ProducerArgs, ProducerImportArgs, ProducerVerb};
use crate::delivery::Deliveries;
pub use crate::delivery::MOST_IN_FLIGHT;
use crate::wire::Topics;

/// Carries out one verb, and prints what became of each record.
pub async fn run(mut args: ProducerArgs) -> Result<(), Failure> {
    let mut output = Output::new(args.output.json);
    if matches!(args.verb, ProducerVerb::Health) {
        broker::check_health(&args.kafka).await?;
        return output.health();
    }
    // What is wrong in itself is refused before anybody is asked.
    let wanted = match &args.verb {
        ProducerVerb::Create(create) => Some(create_order(create)?),
        ProducerVerb::Update(update) => Some(update_order(update)?),
        ProducerVerb::Delete(delete) => Some(delete_order(delete)?),
        ProducerVerb::Import(_) | ProducerVerb::Health => None,
    };
    let stop = lab_lifecycle::stop_signal().map_err(Failure::no_signals)?;
    let topics = Topics::of(&args.kafka.topic_prefix);
    let made = stop.run_until_cancelled(broker::make_topics(&mut args.kafka, &[&topics.requests])).await;
    let stopped = || Failure::unavailable("told to stop before a broker answered: nothing was sent");
    made.ok_or_else(stopped)??;
    let mut deliveries = Deliveries::new(&args, topics.requests, output)?;
    match (&args.verb, wanted) {
        (ProducerVerb::Import(import), _) => import_orders(import, &mut deliveries, &stop).await?,
        (_, Some((order, wanted))) => deliveries.send(order, wanted),
        (_, None) => {}
    }
    deliveries.finish().await
}

/// `order.create` → a new order, under an id that is picked here.
fn create_order(create: &CreateArgs) -> Result<(OrderId, Wanted), Failure> {
    let names = create.equipment.iter().map(|item| item.name().to_owned()).collect();
    OrderDraft::new(create.created_by.clone(), names).parse()?;
    let equipment = numbers(&create.equipment);
    Ok((OrderId::new(), Wanted::Create(Create { created_by: create.created_by.clone(), equipment })))
}

/// `order.update` → other equipment, if the order is still at this version when its turn comes.
fn update_order(update: &UpdateArgs) -> Result<(OrderId, Wanted), Failure> {
    let id = OrderId::parse(&update.id)?;
    let names = update.equipment.iter().map(|item| item.name().to_owned()).collect();
    if update.version == 0 {
        return Err(Failure::refused("condition_missing", "--version 0 is no version: an order's first one is 1"));
    }
    UpdateDraft::new(update.id.clone(), names, Some(format!("\"{}\"", update.version))).parse()?;
    let equipment = numbers(&update.equipment);
    Ok((id, Wanted::Update(Update { equipment, expected_version: update.version })))
}

/// `order.delete` → no order, if it is still at this version; without one, whatever it is.
fn delete_order(delete: &DeleteArgs) -> Result<(OrderId, Wanted), Failure> {
    DeleteDraft { id: delete.id.clone(), etag: None }.parse()?;
    let expected_version = delete.version.unwrap_or_default();
    Ok((OrderId::parse(&delete.id)?, Wanted::Delete(Delete { expected_version })))
}

fn numbers(equipment: &[Equipment]) -> Vec<i32> {
    equipment.iter().map(|&item| pb::Equipment::from(item).into()).collect()
}

/// An `order.create` for each line, as the lines come, until the input ends or `stop`.
async fn import_orders(
    args: &ProducerImportArgs,
    deliveries: &mut Deliveries,
    stop: &CancellationToken,
) -> Result<(), Failure> {
    let mut lines = Lines::open(&args.import.file).await?;
    let mut pace = Pace::new(args.rate);
    let mut stopped = pin!(stop.cancelled());
    loop {
        tokio::select! {
            biased;
            () = &mut stopped => break,
            Some(report) = deliveries.next() => deliveries.settle(report),
            line = next_line(&mut lines, &mut pace), if deliveries.have_room() => match line? {
                None => return Ok(()),
                Some(line) => import_order(line, deliveries),
            },
        }
    }
    // Nothing more is read. What was read is sent: a pipe that it came from has no copy. Who
    // asks for so many a second and no more wants none of them now.
    while args.rate.is_none()
        && let Some(line) = lines.next_of_the_last().await
    {
        import_order(line?, deliveries);
    }
    Ok(())
}

fn import_order(line: Line, deliveries: &mut Deliveries) {
    match line.content.and_then(|text| import_request(&text)) {
        Ok((order, wanted)) => deliveries.send(order, wanted),
        Err(failure) => deliveries.refuse(line.number, &failure),
    }
}

/// The next line, when its time has come.
async fn next_line(lines: &mut Lines, pace: &mut Pace) -> Result<Option<Line>, Failure> {
    pace.turn().await;
    let line = lines.try_next().await?;
    pace.taken += 1;
    Ok(line)
}

/// So many a second, counted from the first: a pause is caught up with.
struct Pace {
    rate: Option<u32>,
    started: Instant,
    taken: u64,
}

impl Pace {
    fn new(rate: Option<u32>) -> Self {
        Self { rate, started: Instant::now(), taken: 0 }
    }

    async fn turn(&self) {
        if let Some(rate) = self.rate {
            sleep_until(self.started + Duration::from_secs_f64(self.taken as f64 / f64::from(rate))).await;
        }
    }
}

/// A line of an import as a request; what no consumer would take is refused here.
fn import_request(text: &[u8]) -> Result<(OrderId, Wanted), Failure> {
    let new = OrderDraft::from_json(text).and_then(OrderDraft::parse)?;
    let create = Create { created_by: new.created_by().to_owned(), equipment: numbers(new.equipment()) };
    Ok((OrderId::new(), Wanted::Create(create)))
}
