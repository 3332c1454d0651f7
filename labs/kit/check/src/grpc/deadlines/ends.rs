//! How it ends when nobody answers, or nobody waits.

use std::time::Duration;

use super::WAREHOUSE;
use super::order::{LONG, draft, place, place_as, place_beside, reserved};
use super::passes_on::expect_cancelled;
use crate::bench::Bench;
use crate::grpc::CREATE;
use crate::http::Gate;
use crate::rpc::{Code, Reply, request};
use crate::verdict::Outcome;

/// To hear of it and to act.
const SOON: Duration = Duration::from_secs(1);
const GIVEN_UP: &str = "that the call to the warehouse is cancelled within 1 s after the caller's";

pub(super) async fn a_call_is_cancelled_at_it(bench: &mut Bench) -> Outcome {
    let deadline = Duration::from_millis(1_200 + bench.number(300));
    let mut placing = place(bench, deadline, vec![Reply::Hang]).await?;
    placing.call(1).await?;
    expect_cancelled(&mut placing, deadline).await?;
    placing.is_read_with(bench, Code::NOT_FOUND).await
}

pub(super) async fn a_caller_that_leaves(bench: &mut Bench) -> Outcome {
    // At the first call, and when it was tried again.
    for failures in 0..=2 {
        let mut replies = vec![Reply::status(Code::UNAVAILABLE, "not now"); failures];
        replies.push(Reply::Hang);
        let mut cancelled = place(bench, LONG, replies).await?;
        cancelled.call(failures + 1).await?;
        cancelled.cancel();
        let given_up = cancelled.gives_up(1, SOON).await;
        cancelled.expect(GIVEN_UP, given_up)?;
        cancelled.is_read_with(bench, Code::NOT_FOUND).await?;
    }
    without_a_deadline(bench).await?;
    another_stays(bench).await?;

    let mut gone = place(bench, LONG, vec![Reply::Hang]).await?;
    gone.call(1).await?;
    gone.hang_up();
    let given_up = gone.gives_up(1, SOON).await;
    gone.expect(GIVEN_UP, given_up)?;

    // While it waits before the next call.
    let replies = vec![Reply::status(Code::UNAVAILABLE, "not now"), Reply::Hang];
    let mut between = place(bench, LONG, replies).await?;
    between.call(1).await?;
    tokio::time::sleep(Duration::from_millis(10)).await;
    between.cancel();
    // One that has begun by then is cancelled as well.
    let begun = tokio::time::timeout(SOON / 2, between.warehouse.wait_for(2)).await.is_ok();
    let ended = !begun || between.gives_up(1, SOON).await;
    between.expect("no call that goes on after the caller has cancelled", ended)
}

/// Who has said nothing of a deadline may leave as well, long before the two seconds are over.
async fn without_a_deadline(bench: &mut Bench) -> Outcome {
    let draft = draft(bench, &["MOUSE"]);
    let mut cancelled = place_as(bench, &draft, request(CREATE, &draft), vec![Reply::Hang]).await?;
    cancelled.call(1).await?;
    cancelled.cancel();
    let given_up = cancelled.gives_up(1, SOON).await;
    cancelled.expect(GIVEN_UP, given_up)
}

/// Of two callers one leaves.
async fn another_stays(bench: &mut Bench) -> Outcome {
    let gate = Gate::new();
    let replies = vec![Reply::Hang, reserved(bench).behind(&gate)];
    let mut leaves = place(bench, LONG, replies).await?;
    leaves.call(1).await?;
    let draft = draft(bench, &["MONITOR"]);
    let mut stays = place_beside(bench, &draft, request(CREATE, &draft).deadline(LONG)).await?;
    let call = stays.call(2).await?;
    leaves.cancel();
    leaves.gives_up(1, SOON).await;
    let given_up = [0, 1].map(|index| leaves.calls()[index].given_up.is_some());
    leaves.expect(
        "that the first call is cancelled, and the other one, of a caller that stays, is not",
        given_up == [true, false],
    )?;
    gate.open();
    stays.succeeds_as(&call).await
}

pub(super) async fn nobody_there_is_unavailable(bench: &mut Bench) -> Outcome {
    // Who is connected learns of it before the call, and a call isn't lost on the way.
    bench.plays_rpc(WAREHOUSE).await?.leave().await;
    bench.takes_away(WAREHOUSE);
    let draft = draft(bench, &["MOUSE"]);
    let answer = bench.server().await?.call(request(CREATE, &draft).deadline(LONG)).await?;
    answer.expect_code(Code::UNAVAILABLE)
}
