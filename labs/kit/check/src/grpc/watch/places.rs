//! Three places: no more, and each of them is given back.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::sleep;

use super::history::Size;
use super::watcher::{Asked, PATIENCE, Watcher, from, is_refused, let_in};
use super::{NARROW, Scene, WATCHERS};
use crate::bench::Bench;
use crate::http::Gate;
use crate::rpc::{Next, open};
use crate::verdict::{Failed, Outcome};

/// At the same moment.
const EIGHT: usize = 8;
/// They ask, and don't wait for an answer.
const CANCEL: u64 = 10;
/// What two threads do between two statements is seen in one round of some, not in each.
const ROUNDS: usize = 3;
/// For calls that nobody may be reading yet.
const ARRIVE: Duration = Duration::from_millis(300);
/// More than is under way by itself, so that there is no room for the rest.
const FILLING: usize = 150;

pub(super) async fn fourth_is_refused(bench: &mut Bench) -> Outcome {
    let mut scene = Scene::resume(bench);
    let position = scene.watchers.first().map_or(String::new(), |watcher| watcher.position.clone());
    for position in ["", &position].repeat(3) {
        is_refused(bench, from(position)).await?;
    }
    for watcher in &mut scene.watchers {
        watcher.tell("(then a fourth asked for a place, and orders were placed)");
    }
    for _ in 0..3 {
        scene.all_get_one_more(bench).await?;
    }
    scene.keep(bench);
    Ok(())
}

/// How somebody leaves.
#[derive(Clone, Copy)]
enum Leaves {
    Cancels,
    HangsUp,
}

pub(super) async fn place_is_given_back(bench: &mut Bench) -> Outcome {
    let mut scene = Scene::resume(bench);
    for leaves in [Leaves::Cancels, Leaves::HangsUp, Leaves::HangsUp, Leaves::Cancels] {
        let leaving = scene.watchers.remove(0);
        one_leaves(bench, &mut scene, leaving, leaves, "").await?;
    }
    some_cancel_at_once(bench, &mut scene).await?;
    scene.all_get_one_more(bench).await?;
    // Now all of them leave.
    scene.watchers.clear();
    scene.keep(bench);
    Ok(())
}

/// One place is free, and some ask for it who don't wait for an answer.
async fn some_cancel_at_once(bench: &mut Bench, scene: &mut Scene) -> Outcome {
    drop(scene.watchers.remove(0));
    let connection = bench.server().await?.connect().await?;
    let mut gone = Vec::new();
    for patience in 0..CANCEL {
        let mut stream = connection.start(from("")).await?;
        // One may come before the program looks at it, and another when it has begun to answer.
        sleep(Duration::from_millis(patience)).await;
        stream.reset();
        gone.push(stream);
    }
    let told = |failed: Failed| {
        let sent = format!(
            "(of two watchers and {CANCEL} more, these cancelled before they got a message)\n\n{}",
            failed.sent
        );
        Failed { sent, ..failed }
    };
    let next = let_in(bench, from(""), scene.history.len()).await.map_err(told)?;
    scene.watchers.push(next);
    is_refused(bench, from("")).await.map_err(told)
}

pub(super) async fn a_stalled_place_too(bench: &mut Bench) -> Outcome {
    let mut scene = Scene::resume(bench);
    scene.one_more(bench).await?;
    let narrow = let_in(bench, from("").window(NARROW), scene.history.len()).await?;
    scene.watchers.push(narrow);
    for leaves in [Leaves::Cancels, Leaves::HangsUp] {
        // The last one has little room.
        let Some(leaving) = scene.watchers.pop() else { return Ok(()) };
        scene.history.place(bench, FILLING, Size::Large).await?;
        for watcher in &mut scene.watchers {
            watcher.reads_all(&mut scene.history).await?;
        }
        one_leaves(bench, &mut scene, leaving, leaves, ", which had read nothing any more,").await?;
    }
    scene.all_get_one_more(bench).await?;
    scene.watchers.truncate(1);
    scene.keep(bench);
    Ok(())
}

async fn one_leaves(bench: &mut Bench, scene: &mut Scene, mut leaving: Watcher, leaves: Leaves, who: &str) -> Outcome {
    // Who cancels keeps the connection.
    let (how, connection) = match leaves {
        Leaves::Cancels => {
            leaving.stream.reset();
            ("cancelled its call (RST_STREAM)", Some(leaving))
        }
        Leaves::HangsUp => {
            drop(leaving);
            ("closed its connection", None)
        }
    };
    let told =
        |failed: Failed| Failed { sent: format!("(one of three watchers{who} {how})\n\n{}", failed.sent), ..failed };
    let next = let_in(bench, from("").window(NARROW), scene.history.len()).await.map_err(told)?;
    scene.watchers.push(next);
    is_refused(bench, from("")).await.map_err(|failed| {
        told(Failed {
            expected: format!("for one who left, one is let in. For the next one, {}", failed.expected),
            ..failed
        })
    })?;
    drop(connection);
    Ok(())
}

pub(super) async fn three_of_eight(bench: &mut Bench) -> Outcome {
    for _ in 0..ROUNDS {
        let asked = eight_ask(bench).await?;
        if let Some(odd) = asked.iter().find(|asked| !asked.is_in() && !asked.is_full()) {
            return Err(odd.wrong("a first message, or the status RESOURCE_EXHAUSTED (8)"));
        }
        let count = asked.iter().filter(|asked| asked.is_in()).count();
        if count > WATCHERS {
            let failed = asked[0].wrong(format!("no more than {WATCHERS} of them let in"));
            let sent = format!("{}\n({EIGHT} times, at the same moment)", failed.sent);
            return Err(Failed {
                sent,
                came_back: format!("(a first message for more than {WATCHERS} of them)"),
                ..failed
            });
        }
    }
    Ok(())
}

/// Their calls have all come but for the last byte, before the first is whole.
async fn eight_ask(bench: &mut Bench) -> Result<Vec<Asked>, Failed> {
    let server = bench.server().await?;
    let (address, gate) = (server.address, Gate::new());
    let calls = (0..EIGHT).map(|_| async {
        let mut stream = open(address, from("").held_at(&gate)).await?;
        let first: Next = stream.next(PATIENCE).await?;
        Ok(Asked { stream, first })
    });
    let opened = async {
        gate.filled(EIGHT, ARRIVE).await;
        gate.open();
    };
    let (asked, ()) = tokio::join!(join_all(calls), opened);
    match asked.into_iter().collect() {
        Ok(asked) => Ok(asked),
        Err(failed) => Err(server.explain(failed).await),
    }
}
