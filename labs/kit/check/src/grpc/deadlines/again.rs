//! What is tried again, how often, and how long.

use std::time::{Duration, Instant};

use tokio::time::{sleep, timeout};

use super::beside::{another_deadline, another_is_placed, another_waits, three_for_each};
use super::order::{LONG, Placing, draft, place, place_as, reserved};
use super::passes_on::{expect_left, expect_whole};
use crate::bench::Bench;
use crate::grpc::CREATE;
use crate::http::Gate;
use crate::rpc::{Code, Received, Reply, request};
use crate::verdict::{Event, Failed, Outcome};

/// The least and the most before the second call, and before the third.
const WAITS: [(Duration, Duration); 2] =
    [(Duration::from_millis(50), Duration::from_millis(200)), (Duration::from_millis(100), Duration::from_millis(400))];
/// For a program to be done on a busy machine.
const BUSY: Duration = Duration::from_millis(300);
const HELD_UP: Duration = Duration::from_millis(75);
/// Of the quickest.
const HARDLY: Duration = Duration::from_millis(15);
/// For an answer that must come.
pub(super) const PATIENT: Duration = Duration::from_secs(3);
/// So many are watched, and so long: the quickest of them isn't held up, and no two are for long.
const WATCHED: usize = 8;
const TO_WATCH: Duration = Duration::from_secs(5);
/// Longer than the longest wait before a second call.
const SLOW: Duration = Duration::from_millis(210);
/// Of which two calls with a wait between them take a third.
const SHORT: Duration = Duration::from_millis(600);

pub(super) fn unavailable(bench: &Bench) -> (Reply, String) {
    let words = bench.word();
    (Reply::status(Code::UNAVAILABLE, words.clone()), words)
}

/// Each call wants what the first one wants; `what` says so.
pub(super) fn expect_equal(placing: &Placing, calls: &[Received], what: &str) -> Outcome {
    let first = &calls[0].message;
    let same = calls.iter().all(|call| {
        let sorted = |call: &serde_json::Value| {
            let mut items: Vec<_> = call["items"].as_array().into_iter().flatten().map(ToString::to_string).collect();
            items.sort();
            items
        };
        call.message["order_id"] == first["order_id"] && sorted(&call.message) == sorted(first)
    });
    placing.expect(what, same)
}

pub(super) async fn unavailable_is_tried_again(bench: &mut Bench) -> Outcome {
    for failures in 1..=2 {
        let mut replies: Vec<Reply> = (0..failures).map(|_| unavailable(bench).0).collect();
        replies.push(reserved(bench));
        let mut placing = place(bench, LONG, replies).await?;
        placing.call(failures + 1).await?;
        let order = placing.succeeds().await?;
        let calls = placing.calls();
        placing.expect(&format!("{} calls", failures + 1), calls.len() == failures + 1)?;
        expect_equal(&placing, &calls, "the same request each time, with the same `order_id`")?;
        placing.expect("the order's id as `order_id`", calls[0].message["order_id"] == order["id"])?;
        placing.is_read_with(bench, Code::OK).await?;
    }
    though_little_is_left(bench).await?;
    without_a_deadline(bench).await?;
    another_is_placed(bench).await?;
    another_waits(bench).await?;
    for code in [Code::FAILED_PRECONDITION, Code::INVALID_ARGUMENT, Code::DEADLINE_EXCEEDED] {
        let replies = vec![unavailable(bench).0, Reply::status(code, "no")];
        let mut placing = place(bench, LONG, replies).await?;
        placing.call(2).await?;
        placing.ends_with(&[code], PATIENT).await?;
        placing.expect("two calls: the second one had an answer", placing.calls().len() == 2)?;
    }
    Ok(())
}

/// There are two seconds.
async fn without_a_deadline(bench: &mut Bench) -> Outcome {
    let draft = draft(bench, &["KEYBOARD"]);
    let replies = vec![unavailable(bench).0, reserved(bench)];
    let mut placing = place_as(bench, &draft, request(CREATE, &draft), replies).await?;
    placing.call(2).await?;
    placing.succeeds().await.map(drop)
}

/// There is time for a second call. The machine may take it now and then.
async fn though_little_is_left(bench: &mut Bench) -> Outcome {
    let mut outcome = Ok(());
    for _ in 0..WATCHED / 2 {
        let replies = vec![unavailable(bench).0, reserved(bench)];
        let mut placing = place(bench, SHORT, replies).await?;
        placing.call(1).await?;
        if placing.comes_to(2, SHORT).await? {
            return Ok(());
        }
        let what = format!("a second call: of {} ms there is enough left for that", SHORT.as_millis());
        outcome = Err(placing.wrong(what));
    }
    outcome
}

pub(super) async fn three_calls_are_all(bench: &mut Bench) -> Outcome {
    let (reply, words) = unavailable(bench);
    let mut placing = place(bench, LONG, vec![reply]).await?;
    placing.call(3).await?;
    let fourth = placing.comes_to(4, PATIENT).await?;
    placing.expect("three calls, and then the answer", !fourth)?;
    placing.ends_with(&[Code::UNAVAILABLE], BUSY).await?;
    let message = placing.answer(BUSY).await?.message.clone();
    // Retry policies put words of their own before it.
    placing.expect(&format!("a message with the warehouse's in it, \"{words}\""), message.contains(&words))?;
    placing.is_read_with(bench, Code::NOT_FOUND).await?;
    three_for_each(bench).await
}

pub(super) async fn they_are_spaced(bench: &mut Bench) -> Outcome {
    after_a_slow_answer(bench).await?;
    let mut watched: [Vec<(Duration, Failed)>; 2] = Default::default();
    let begin = Instant::now();
    while watched[0].len() < WATCHED && begin.elapsed() < TO_WATCH {
        let reply = unavailable(bench).0;
        let mut placing = place(bench, LONG, vec![reply]).await?;
        placing.call(3).await?;
        placing.ends_with(&[Code::UNAVAILABLE], PATIENT).await?;
        let calls = placing.calls();
        for (index, (least, most)) in WAITS.into_iter().enumerate() {
            let wait = calls[index + 1].at.duration_since(calls[index].at);
            let (least_ms, most_ms, was) = (least.as_millis(), most.as_millis(), wait.as_millis());
            let number = ["second", "third"][index];
            let failed =
                placing.wrong(format!("{least_ms} to {most_ms} ms before the {number} call, and not {was} ms"));
            if wait < least {
                return Err(failed);
            }
            watched[index].push((wait, failed));
        }
    }
    watched.into_iter().zip(WAITS).try_for_each(|(waits, (_, most))| expect_no_longer(waits, most))
}

/// The wait begins with the answer, however long that took.
async fn after_a_slow_answer(bench: &mut Bench) -> Outcome {
    let gate = Gate::new();
    let mut placing = place(bench, LONG, vec![unavailable(bench).0.behind(&gate), reserved(bench)]).await?;
    placing.call(1).await?;
    sleep(SLOW).await;
    gate.open();
    let opened = Instant::now();
    let wait = placing.call(2).await?.at.duration_since(opened);
    let (least, was) = (WAITS[0].0.as_millis(), wait.as_millis());
    let what = format!(
        "at least {least} ms from the answer UNAVAILABLE, which was slow, to the second call, and not {was} ms"
    );
    placing.expect(&what, wait >= WAITS[0].0)?;
    placing.succeeds().await.map(drop)
}

/// The machine may hold up one or the other, but not all of them, and not two for long.
fn expect_no_longer(mut waits: Vec<(Duration, Failed)>, most: Duration) -> Outcome {
    waits.sort_by_key(|(wait, _)| *wait);
    let last_but_one = waits.len().saturating_sub(2);
    let slow = [(0, most + HARDLY), (last_but_one, most + HELD_UP)].into_iter().find(|&(at, most)| waits[at].0 > most);
    slow.map_or(Ok(()), |(at, _)| Err(waits.swap_remove(at).1))
}

pub(super) async fn the_deadline_shrinks(bench: &mut Bench) -> Outcome {
    another_deadline(bench).await?;
    let deadline = Duration::from_millis(4_000 + bench.number(900));
    let gates = [Gate::new(), Gate::new()];
    let mut replies: Vec<_> = gates.iter().map(|gate| unavailable(bench).0.behind(gate)).collect();
    replies.push(reserved(bench));
    let mut placing = place(bench, deadline, replies).await?;
    let first = placing.call(1).await?;
    expect_whole(&placing, &first, deadline)?;
    for (number, gate) in (2..).zip(&gates) {
        let hold = Duration::from_millis(650 + bench.number(100));
        sleep(hold).await;
        gate.open();
        let call = placing.call(number).await?;
        // What the call takes to come here is far less than what rounding may add.
        let most = deadline.saturating_sub(call.at.duration_since(first.at));
        let least = deadline.saturating_sub(call.at.duration_since(placing.begin) + Duration::from_secs(1));
        expect_left(&placing, &call, most, least)?;
    }
    placing.succeeds().await?;
    bench.shown.push(shown(deadline, &placing.ladder()));
    Ok(())
}

/// After a pass: what the warehouse saw of it.
fn shown(deadline: Duration, ladder: &[Event]) -> String {
    let head = format!("A caller with {} ms, and a warehouse that was away twice:\n", deadline.as_millis());
    let line = |event: &Event| format!("  {:>6} ms  {:8} {}\n", event.at_ms, event.who.to_string(), event.what);
    head + &ladder.iter().map(line).collect::<String>()
}

pub(super) async fn no_call_begins_after_it(bench: &mut Bench) -> Outcome {
    let deadline = Duration::from_secs(1);
    let gate = Gate::new();
    let replies = vec![unavailable(bench).0.behind(&gate), Reply::Hang];
    let mut placing = place(bench, deadline, replies).await?;
    let first = placing.call(1).await?;
    // Whoever waits 50 ms after that is too late, wherever in this second its own clock began.
    let close = (deadline - Duration::from_millis(30)).saturating_sub(first.at.elapsed());
    sleep(close).await;
    gate.open();
    let opened = Instant::now();
    // An answer meanwhile doesn't mean that it has stopped.
    let second = timeout(BUSY * 2, placing.warehouse.wait_for(2)).await.is_ok();
    // What it was, the ladder shows.
    let _ = placing.answer(BUSY).await;
    let what = format!(
        "no second call: the answer to the first came at {} ms, and 50 ms later, the shortest wait, the 1000 ms are over",
        opened.duration_since(placing.begin).as_millis()
    );
    placing.expect(&what, !second)
}
