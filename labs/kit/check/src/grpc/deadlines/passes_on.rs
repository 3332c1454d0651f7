//! The deadline on its way to the warehouse.

use std::time::Duration;

use tokio::time::sleep;

use super::asks::shortly_before_the_deadline;
use super::order::{Placing, draft, place, place_as, reserved};
use crate::bench::Bench;
use crate::grpc::CREATE;
use crate::http::Gate;
use crate::rpc::{Code, Received, Reply, request};
use crate::verdict::{Failed, Outcome};

/// What a library or a busy machine may take from it.
const LESS: Duration = Duration::from_secs(1);
/// So long before the deadline, a program may end it by itself.
const TO_ANSWER: Duration = Duration::from_millis(300);
/// Of a call that nobody answers in time. The second one is what some libraries say by themselves.
pub(super) const TOO_LATE: [Code; 2] = [Code::DEADLINE_EXCEEDED, Code::CANCELLED];

/// gRPC's C core rounds it up.
pub(super) fn rounded_up(left: Duration) -> Duration {
    left.mul_f64(1.03) + Duration::from_millis(400)
}

/// The call has at most so much time, as far as rounding goes, and not much less.
pub(super) fn expect_left(placing: &Placing, call: &Received, most: Duration, least: Duration) -> Outcome {
    let Some(timeout) = call.timeout() else {
        let what = match call.metadata.contains_key("grpc-timeout") {
            true => "a `grpc-timeout` of at most 8 digits and a unit",
            false => "a call that has a `grpc-timeout`",
        };
        return Err(placing.wrong(what));
    };
    let what = format!("a `grpc-timeout` of about {} ms, and not {} ms", most.as_millis(), timeout.as_millis());
    placing.expect(&what, least <= timeout && timeout <= rounded_up(most))
}

/// The first call of an order whose caller waits so long.
pub(super) fn expect_whole(placing: &Placing, call: &Received, deadline: Duration) -> Outcome {
    let spent = call.at.duration_since(placing.begin);
    expect_left(placing, call, deadline, deadline.saturating_sub(spent + LESS))
}

pub(super) async fn a_deadline_is_passed_on(bench: &mut Bench) -> Outcome {
    let drawn = |base: u64, more: u64| Duration::from_millis(base + bench.number(more));
    for deadline in [drawn(3_500, 400), drawn(20_000, 9_000), drawn(90_000, 90_000)] {
        let replies = vec![reserved(bench)];
        let mut placing = place(bench, deadline, replies).await?;
        let call = placing.call(1).await?;
        expect_whole(&placing, &call, deadline)?;
        placing.succeeds().await?;
    }
    shortly_before_the_deadline(bench).await
}

pub(super) async fn each_unit_is_read(bench: &mut Bench) -> Outcome {
    let number = |base: u64, more: u64| base + bench.number(more);
    let headers: [(u64, &str, u64); 6] = [
        (number(10, 10), "S", 1_000_000_000),
        (number(7_000, 3_000), "m", 1_000_000),
        (number(5_000_000, 9_000_000), "u", 1_000),
        (number(1, 8), "M", 60_000_000_000),
        (number(0, 5), "H", 3_600_000_000_000),
        (99_999_999, "n", 1),
    ];
    for (number, unit, nanos) in headers {
        let deadline = Duration::from_nanos(number * nanos);
        let draft = draft(bench, &["KEYBOARD"]);
        let request = request(CREATE, &draft).metadata("grpc-timeout", format!("{number}{unit}"));
        let replies = vec![reserved(bench)];
        let mut placing = place_as(bench, &draft, request, replies).await?;
        // A tenth of a second may be over before anything is called.
        let is_short = unit == "n";
        if is_short && !placing.comes_to(1, LESS * 3).await? {
            placing.ends_with(&TOO_LATE, LESS).await?;
            continue;
        }
        let call = placing.call(1).await?;
        expect_whole(&placing, &call, deadline)?;
        if !is_short {
            placing.succeeds().await?;
        }
    }
    Ok(())
}

pub(super) async fn without_one_it_is_two_seconds(bench: &mut Bench) -> Outcome {
    let (draft, deadline) = (draft(bench, &["MONITOR"]), Duration::from_secs(2));
    let gate = Gate::new();
    let replies = vec![Reply::status(Code::UNAVAILABLE, "not now").behind(&gate), Reply::Hang];
    let mut placing = place_as(bench, &draft, request(CREATE, &draft), replies).await?;
    let first = placing.call(1).await?;
    expect_whole(&placing, &first, deadline)?;
    // They are one for all that is done, not one for each call.
    sleep(deadline / 2).await;
    gate.open();
    let second = placing.call(2).await?;
    let most = deadline.saturating_sub(second.at.duration_since(first.at));
    expect_left(&placing, &second, most, Duration::ZERO)?;
    expect_cancelled(&mut placing, deadline).await?;
    placing.is_read_with(bench, Code::NOT_FOUND).await
}

/// Nobody answers the first call: by the deadline it is given up, and by then the caller knows.
pub(super) async fn expect_cancelled(placing: &mut Placing, deadline: Duration) -> Outcome {
    let left = |placing: &Placing| -> Result<Duration, Failed> {
        let began = placing.call_began().ok_or_else(|| placing.wrong("a call to the warehouse"))?;
        Ok((deadline + LESS).saturating_sub(began.elapsed()))
    };
    let patience = left(placing)?;
    placing.ends_with(&TOO_LATE, patience).await?;
    // Its clock began later than ours; a little may be kept for the way back.
    let whole = placing.begin.elapsed() + TO_ANSWER >= deadline;
    placing.expect(&format!("an answer at the deadline, {} ms, and not before", deadline.as_millis()), whole)?;
    let given_up = placing.gives_up(1, left(placing)?).await;
    placing.expect("that the call to the warehouse is cancelled at the deadline, or up to 1 s later", given_up)
}
