//! Two orders on their way at the same time: nothing of one is the other's.

use std::time::Duration;

use super::again::{PATIENT, expect_equal, unavailable};
use super::order::{LONG, draft, place, place_beside, reserved};
use super::passes_on::expect_left;
use crate::bench::Bench;
use crate::grpc::CREATE;
use crate::http::Gate;
use crate::rpc::{Code, request};
use crate::verdict::Outcome;

/// What is sent again is one's own, whatever was sent meanwhile.
pub(super) async fn another_is_placed(bench: &mut Bench) -> Outcome {
    let gate = Gate::new();
    let replies = vec![unavailable(bench).0.behind(&gate), reserved(bench)];
    let mut placing = place(bench, LONG, replies).await?;
    let first = placing.call(1).await?;
    let other = draft(bench, &["MONITOR", "MONITOR"]);
    let mut between = place_beside(bench, &other, request(CREATE, &other).deadline(LONG)).await?;
    between.succeeds().await?;
    gate.open();
    let again = placing.call(3).await?;
    let what = "in the last call the first one's request again: the one between is another order's, which was placed \
                while this one waited";
    expect_equal(&placing, &[first.clone(), again], what)?;
    placing.succeeds_as(&first).await
}

/// One's UNAVAILABLE is none for others that are under way.
pub(super) async fn another_waits(bench: &mut Bench) -> Outcome {
    let gate = Gate::new();
    let replies = vec![reserved(bench).behind(&gate), unavailable(bench).0, reserved(bench)];
    let mut waits = place(bench, LONG, replies).await?;
    let call = waits.call(1).await?;
    let other = draft(bench, &["MONITOR"]);
    let mut placing = place_beside(bench, &other, request(CREATE, &other).deadline(LONG)).await?;
    placing.call(3).await?;
    placing.succeeds().await?;
    let goes_on = waits.calls()[0].given_up.is_none();
    waits.expect("that the first call goes on: it was another order's that got UNAVAILABLE", goes_on)?;
    gate.open();
    waits.succeeds_as(&call).await
}

/// Of two orders whose first calls are answered at the same moment.
pub(super) async fn three_for_each(bench: &mut Bench) -> Outcome {
    let gate = Gate::new();
    let (reply, _) = unavailable(bench);
    let mut one = place(bench, LONG, vec![reply.clone().behind(&gate), reply.clone().behind(&gate), reply]).await?;
    one.call(1).await?;
    let draft = draft(bench, &["MONITOR"]);
    let mut other = place_beside(bench, &draft, request(CREATE, &draft).deadline(LONG)).await?;
    other.call(2).await?;
    gate.open();
    for placing in [&mut one, &mut other] {
        placing.ends_with(&[Code::UNAVAILABLE], PATIENT).await?;
    }
    let calls = one.calls();
    let each = calls
        .iter()
        .take(2)
        .all(|first| calls.iter().filter(|call| call.message["order_id"] == first.message["order_id"]).count() == 3);
    other.expect("three calls for each of two orders, which were placed at the same time", each)
}

/// Another caller's is another one.
pub(super) async fn another_deadline(bench: &mut Bench) -> Outcome {
    let deadline = Duration::from_millis(60_000 + bench.number(9_000));
    let gate = Gate::new();
    let replies = vec![unavailable(bench).0.behind(&gate), reserved(bench)];
    let mut placing = place(bench, deadline, replies).await?;
    let first = placing.call(1).await?;
    let other = draft(bench, &["MOUSE"]);
    let mut between = place_beside(bench, &other, request(CREATE, &other).deadline(PATIENT)).await?;
    between.succeeds().await?;
    gate.open();
    let again = placing.call(3).await?;
    let most = deadline.saturating_sub(again.at.duration_since(first.at));
    let least = deadline.saturating_sub(again.at.duration_since(placing.begin) + Duration::from_secs(1));
    expect_left(&placing, &again, most, least)?;
    placing.succeeds().await.map(drop)
}
