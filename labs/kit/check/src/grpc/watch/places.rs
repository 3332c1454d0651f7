//! Three places: no more, and each of them is given back.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::time::sleep;

use super::history::Size;
use super::watcher::{Asked, PATIENCE, Watcher, ask_beside, from, is_refused, let_in};
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
/// A second, as the sentence says, and what a busy machine adds.
const A_SECOND: Duration = Duration::from_millis(1_500);
/// More than is under way by itself, so that there is no room for the rest.
const FILLING: usize = 150;

pub(super) async fn fourth_is_refused(bench: &mut Bench) -> Outcome {
    let mut scene = Scene::resume(bench);
    let position = scene.watchers.first().map_or(String::new(), |watcher| watcher.position.clone());
    for position in ["", &position].repeat(3) {
        is_refused(bench, from(position)).await?;
        // Also on the connection of one of the three: a place is a call's, and not a connection's.
        let beside = &scene.watchers[0].stream;
        if let Some(asked) = ask_beside(bench, beside, from(position)).await? {
            asked.expect_full().map_err(|failed| {
                let sent = format!("(on the connection of one of the three)\n\n{}", failed.sent);
                Failed { sent, ..failed }
            })?;
        }
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
    let mut quickest = Duration::MAX;
    for (before, leaves) in [Leaves::Cancels, Leaves::HangsUp, Leaves::HangsUp, Leaves::Cancels].into_iter().enumerate()
    {
        let leaving = scene.watchers.remove(0);
        quickest = quickest.min(one_leaves(bench, &mut scene, leaving, leaves, "").await?);
        // The machine may hold up one, but not both.
        if before == 1 && quickest > A_SECOND {
            let came = format!("(the next ones were let in after {} ms, and later)", quickest.as_millis());
            return Err(scene.watchers[WATCHERS - 1].wrong("the place of one who has left within 1 s", &came));
        }
    }
    some_cancel_at_once(bench, &mut scene).await?;
    two_on_one_connection(bench, &mut scene).await?;
    scene.all_get_one_more(bench).await?;
    // Now all of them leave.
    scene.watchers.clear();
    scene.keep(bench);
    Ok(())
}

/// Two of the three share a connection, and both of them leave.
async fn two_on_one_connection(bench: &mut Bench, scene: &mut Scene) -> Outcome {
    scene.watchers.truncate(1);
    let count = scene.history.len();
    let mut one = let_in(bench, from(""), count).await?;
    let begin = Instant::now();
    let mut other = loop {
        match ask_beside(bench, &one.stream, from("")).await? {
            None => break let_in(bench, from(""), count).await?,
            Some(asked) if asked.is_full() && begin.elapsed() < PATIENCE => sleep(ARRIVE / 10).await,
            Some(asked) => break asked.watcher(count)?,
        }
    };
    let told = |failed: Failed| Failed {
        sent: format!("(of three watchers, two on the same connection cancelled their calls)\n\n{}", failed.sent),
        ..failed
    };
    one.stream.reset();
    other.stream.reset();
    for _ in 0..2 {
        let next = let_in(bench, from(""), count).await.map_err(told)?;
        scene.watchers.push(next);
    }
    is_refused(bench, from("")).await.map_err(told)
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

async fn one_leaves(
    bench: &mut Bench,
    scene: &mut Scene,
    mut leaving: Watcher,
    leaves: Leaves,
    who: &str,
) -> Result<Duration, Failed> {
    let begin = Instant::now();
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
    let took = begin.elapsed();
    scene.watchers.push(next);
    is_refused(bench, from("")).await.map_err(|failed| {
        told(Failed {
            expected: format!("for one who left, one is let in. For the next one, {}", failed.expected),
            ..failed
        })
    })?;
    drop(connection);
    Ok(took)
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
