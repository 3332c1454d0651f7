//! Who reads slowly: up to 1,000 it is waited for, and then not, and nobody else notices.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::history::{AT_ONCE, Size};
use super::watcher::{Asked, Watcher, ask_in, from, is_refused, let_in, told};
use super::{KEPT, NARROW, Scene, WATCHERS};
use crate::bench::Bench;
use crate::rpc::{Code, Next};
use crate::verdict::{Failed, Outcome};

/// So many are too many, whatever is on its way in sockets and buffers.
const TOO_MANY: usize = 1_300;
/// For all of them. A server with a thread for each call takes a third of it on a busy machine.
const FOR_ALL: Duration = Duration::from_secs(12);
/// Longer than two seconds and a half.
const QUIET: Duration = Duration::from_millis(2_700);
/// As it is without anybody's doing.
const WIDE: u32 = 65_535;

pub(super) async fn up_to_1000_wait(bench: &mut Bench) -> Outcome {
    let mut scene = Scene::resume(bench);
    let index = scene.history.len();
    let mut watcher = let_in(bench, from("").window(NARROW), index).await?;
    watcher.tell(format!("(then {KEPT} orders were placed, while it read nothing)"));
    let mut idle = let_in(bench, from(""), index).await?;
    for _ in 0..KEPT / AT_ONCE {
        scene.history.place(bench, AT_ONCE, Size::Larger).await?;
        idle.reads_all(&mut scene.history).await?;
    }
    // A wait that somebody has bounded is over by then: one for room, and one for the next order.
    sleep(QUIET).await;
    watcher.stream.widen(WIDE);
    watcher.reads_all(&mut scene.history).await?;
    idle.tell(format!("(then {KEPT} orders were placed, and nothing for {} ms, and one more)", QUIET.as_millis()));
    scene.watchers.extend([watcher, idle]);
    scene.all_get_one_more(bench).await?;
    // As many as are kept are after it now.
    scene.mark = Some((scene.watchers[0].positions[1].clone(), index + 1));
    scene.watchers.clear();
    scene.keep(bench);
    Ok(())
}

pub(super) async fn too_old_is_refused(bench: &mut Bench) -> Outcome {
    let mut scene = Scene::resume(bench);
    let Some((position, index)) = scene.mark.clone() else { return Ok(()) };
    let mut watcher = let_in(bench, from(&position), index).await?;
    watcher.tell(format!("({KEPT} orders were placed after it)"));
    watcher.reads_all(&mut scene.history).await?;
    let next = watcher.positions[1].clone();
    drop(watcher);
    scene.history.place(bench, 1, Size::Small).await?;
    for _ in 0..=WATCHERS {
        is_too_old(bench, &scene, &position, KEPT + 1).await?;
    }
    // Who was refused had no place, or has given it back once.
    for _ in 0..WATCHERS {
        scene.one_more(bench).await?;
    }
    is_refused(bench, from("")).await.map_err(|failed| {
        let sent = format!(
            "(some who asked with too old a position got OUT_OF_RANGE; then three were let in)\n\n{}",
            failed.sent
        );
        Failed { sent, ..failed }
    })?;
    scene.watchers.clear();
    // The one after it is as good as the first was before.
    let mut watcher = let_in(bench, from(&next), index + 1).await?;
    watcher.tell(format!("({KEPT} orders were placed after it)"));
    watcher.reads_all(&mut scene.history).await?;
    scene.history.place(bench, AT_ONCE, Size::Small).await?;
    is_too_old(bench, &scene, &position, KEPT + 1 + AT_ONCE).await?;
    scene.keep(bench);
    Ok(())
}

/// No order comes. The first message may, as with other positions.
async fn is_too_old(bench: &mut Bench, scene: &Scene, position: &str, after: usize) -> Outcome {
    let expected = "the status OUT_OF_RANGE (11), and no order";
    let did =
        |failed: Failed| Failed { sent: format!("{}\n({after} orders were placed after it)", failed.sent), ..failed };
    let mut asked = ask_in(bench, from(position)).await?;
    if let Next::Message(message) = &asked.first
        && message.get("order").is_none()
    {
        let mut watcher = asked.watcher(scene.history.len())?;
        let first = watcher.read(expected).await.map_err(did)?;
        asked = Asked { stream: watcher.stream, first };
    }
    match &asked.first {
        Next::End(status) if status.code == Code::OUT_OF_RANGE => Ok(()),
        Next::End(_) if asked.is_full() => Err(did(asked.wrong(expected)).advise(
            "Nobody watches: three who got OUT_OF_RANGE before have kept their places, and nobody gets in any more.",
            "Give the place back on the way out through an error as well: let it belong to the stream, or take it when \
             the position is known to be good.",
        )),
        _ => Err(did(asked.wrong(expected))),
    }
}

async fn is_ended(scene: &mut Scene, slow: &mut Watcher) -> Outcome {
    slow.stream.widen(WIDE);
    let expected = "what was on its way, without a gap, and then the status OUT_OF_RANGE (11)";
    loop {
        match slow.read(expected).await? {
            Next::End(status) if status.code == Code::OUT_OF_RANGE => return Ok(()),
            next @ Next::Message(_) if slow.index + 1 < scene.history.len() => slow.judge(&mut scene.history, next)?,
            Next::Message(_) => return Err(slow.wrong(expected, "(the last of them: all were kept for it)")),
            next => return Err(slow.wrong(expected, &told(&next))),
        }
    }
}

pub(super) async fn nobody_waits_for_the_slow(bench: &mut Bench) -> Outcome {
    let mut scene = Scene::resume(bench);
    let mut slow = let_in(bench, from("").window(NARROW), scene.history.len()).await?;
    slow.tell(format!("(then {TOO_MANY} orders were placed, while it read nothing)"));
    scene.one_more(bench).await?;
    for watcher in &mut scene.watchers {
        watcher.tell("(orders are placed, and another watcher reads nothing)");
    }
    let begin = Instant::now();
    for _ in 0..TOO_MANY / AT_ONCE {
        let mut placed = scene.history.place(bench, AT_ONCE, Size::Large).await;
        if placed.is_ok() && begin.elapsed() > FOR_ALL {
            let came = format!("(it takes more than {} s for {TOO_MANY} orders)", FOR_ALL.as_secs());
            placed = Err(Failed::new("(placed orders, 20 at a time)", "", came));
        }
        placed.map_err(while_slow)?;
        for watcher in &mut scene.watchers {
            watcher.reads_all(&mut scene.history).await?;
        }
    }
    scene.slow = Some(slow);
    scene.keep(bench);
    Ok(())
}

fn while_slow(failed: Failed) -> Failed {
    let sent = format!("(one of three watchers reads nothing any more)\n\n{}", failed.sent);
    // It has answered, but something else.
    if failed.advice.is_some() {
        return Failed { sent, ..failed };
    }
    Failed { sent, expected: "that CreateOrder answers, whoever watches".to_owned(), ..failed }
}

pub(super) async fn slow_is_ended(bench: &mut Bench) -> Outcome {
    let mut scene = Scene::resume(bench);
    let Some(mut slow) = scene.slow.take() else { return Ok(()) };
    is_ended(&mut scene, &mut slow).await?;
    // The two others watch on; for the one who was ended, one is let in.
    let told = |failed: Failed| Failed {
        sent: format!("(the slow one of three watchers was ended)\n\n{}", failed.sent),
        ..failed
    };
    let next = let_in(bench, from(""), scene.history.len()).await.map_err(told)?;
    scene.watchers.push(next);
    is_refused(bench, from("")).await.map_err(told)?;
    scene.all_get_one_more(bench).await?;
    scene.watchers.truncate(1);
    scene.keep(bench);
    Ok(())
}
