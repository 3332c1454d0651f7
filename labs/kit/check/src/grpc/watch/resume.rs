//! Who comes back, and what was kept meets what is placed meanwhile.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::history::{AT_ONCE, Size};
use super::watcher::{Asked, PATIENCE, Watcher, from, let_in, told};
use super::{NARROW, Scene};
use crate::bench::Bench;
use crate::rpc::{Next, open};
use crate::verdict::{Failed, Outcome};

/// As it is without anybody's doing.
const WIDE: u32 = 65_535;
/// More than any library holds on their way, and fewer than are kept.
const MANY: usize = 240;
const FEW: usize = 3;
const ASKS: usize = 2;
/// As often orders are placed while somebody asks, and as often after that.
const MOMENTS: usize = 25;
const MOMENTS_MORE: usize = 3;
const ROUNDS: usize = 2;
/// For an order that is placed about now.
const SOON: Duration = Duration::from_secs(1);
/// So many begin "from now" while orders are placed.
const BEGIN: usize = 12;

pub(super) async fn goes_on_after_a_position(bench: &mut Bench) -> Outcome {
    let mut scene = Scene::resume(bench);
    let begin = scene.history.len();
    scene.one_more(bench).await?;
    for count in [1, 4, 1, 1] {
        scene.history.place_none(bench).await?;
        scene.history.place(bench, count, Size::Small).await?;
    }
    scene.watchers[0].reads_all(&mut scene.history).await?;
    // From the beginning, which may look like nothing: as 0, or as a place in an empty list.
    let mut watcher = let_in(bench, from(&scene.begin), 0).await?;
    watcher.tell("(it is the position that came first of all, before anything was placed)");
    watcher.reads_all(&mut scene.history).await?;
    drop(watcher);
    // What is compared as a text, or cut, goes wrong where a number gets another digit.
    for before in [9, 10, 99] {
        let mut watcher = let_in(bench, from(&scene.early[before]), before).await?;
        watcher.reads_all(&mut scene.history).await?;
    }
    let positions = scene.watchers[0].positions.clone();
    // The newest, with nothing after it; the first, with the position alone; and between.
    for after in [positions.len() - 1, 0, 1, 3, positions.len() - 2] {
        let mut first = positions[after].clone();
        // The second one comes back with what the first one has just got.
        for _ in 0..2 {
            let mut watcher = let_in(bench, from(&first), begin + after).await?;
            watcher.reads_all(&mut scene.history).await?;
            first.clone_from(&watcher.positions[0]);
            scene.watchers.push(watcher);
        }
        scene.all_get_one_more(bench).await?;
        scene.watchers.truncate(1);
    }
    scene.keep(bench);
    Ok(())
}

pub(super) async fn kept_and_live_meet(bench: &mut Bench) -> Outcome {
    let mut scene = Scene::resume(bench);
    while_it_gets_what_was_kept(bench, &mut scene).await?;
    for _ in 0..ROUNDS {
        while_it_asks(bench, &mut scene).await?;
    }
    from_now_on(bench, &mut scene).await?;
    scene.watchers.clear();
    scene.keep(bench);
    Ok(())
}

impl Scene {
    /// A position, and how many orders were placed before it: one who watches has it.
    async fn now(&mut self) -> Result<(String, usize), Failed> {
        let watcher = &mut self.watchers[0];
        watcher.reads_all(&mut self.history).await?;
        Ok((watcher.position.clone(), watcher.index))
    }

    async fn reads_to_the_end(&mut self, bench: &mut Bench, mut watcher: Watcher) -> Outcome {
        watcher.reads_all(&mut self.history).await?;
        self.watchers.push(watcher);
        self.all_get_one_more(bench).await?;
        self.watchers.truncate(1);
        Ok(())
    }
}

/// It stands in the middle of what was kept: its window is full.
async fn while_it_gets_what_was_kept(bench: &mut Bench, scene: &mut Scene) -> Outcome {
    let (position, index) = scene.now().await?;
    scene.history.place(bench, MANY, Size::Large).await?;
    scene.now().await?;
    let mut watcher = let_in(bench, from(&position).window(NARROW), index).await?;
    watcher.tell(format!("({MANY} orders were there after it; {AT_ONCE} more were placed when it had got 2)"));
    for _ in 0..2 {
        watcher.next(&mut scene.history).await?;
    }
    scene.history.place(bench, AT_ONCE, Size::Large).await?;
    watcher.stream.widen(WIDE);
    scene.reads_to_the_end(bench, watcher).await
}

/// It asks while orders are placed, and some more until it has what it asked for.
async fn while_it_asks(bench: &mut Bench, scene: &mut Scene) -> Outcome {
    let (position, index) = scene.now().await?;
    scene.history.place(bench, FEW, Size::Small).await?;
    let (address, has_got, mut asked) = (bench.server().await?.address, AtomicBool::new(false), Vec::new());
    let asks = async {
        for _ in 0..ASKS {
            let mut stream = open(address, from(&position)).await?;
            let first = stream.next(PATIENCE).await?;
            asked.push(Asked { stream, first });
        }
        has_got.store(true, Ordering::Relaxed);
        Ok(())
    };
    let history = &mut scene.history;
    let places = async {
        let mut left = MOMENTS;
        while left > 0 {
            history.place(bench, AT_ONCE, Size::Small).await?;
            left = if has_got.load(Ordering::Relaxed) { left.min(MOMENTS_MORE) - 1 } else { left - 1 };
        }
        Ok(())
    };
    let (asks, places): (Outcome, Outcome) = tokio::join!(asks, places);
    asks.and(places)?;
    // Whoever wasn't let in, for the one before isn't seen to be gone yet, proves nothing.
    for asked in asked.into_iter().filter(|asked| !asked.is_full()) {
        let mut watcher = asked.watcher(index)?;
        watcher.tell(format!("({FEW} orders were there after it; others were placed while it asked)"));
        watcher.reads_all(&mut scene.history).await?;
        scene.watchers.push(watcher);
    }
    scene.all_get_one_more(bench).await?;
    scene.watchers.truncate(1);
    Ok(())
}

/// What one gets that began without a position while orders were placed: the first order after the one
/// that it got. Whoever begins with that position gets the same one first.
async fn from_now_on(bench: &mut Bench, scene: &mut Scene) -> Outcome {
    let (address, has_got, mut began) = (bench.server().await?.address, AtomicBool::new(false), Vec::new());
    let begin = async {
        for _ in 0..BEGIN {
            let mut stream = open(address, from("")).await?;
            let first = stream.next(PATIENCE).await?;
            let asked = Asked { stream, first };
            if !asked.is_full() {
                let mut watcher = asked.watcher(0)?;
                if let Ok(Next::Message(message)) = watcher.stream.next(SOON).await {
                    began.push((watcher.position, message["order"].clone()));
                }
            }
        }
        has_got.store(true, Ordering::Relaxed);
        Ok(())
    };
    let history = &mut scene.history;
    let places = async {
        for _ in 0..MOMENTS {
            history.place(bench, AT_ONCE, Size::Small).await?;
            if has_got.load(Ordering::Relaxed) {
                break;
            }
        }
        // One more, for whoever began after the others.
        history.place(bench, 1, Size::Small).await
    };
    let (begin, places): (Outcome, Outcome) = tokio::join!(begin, places);
    begin.and(places)?;
    for (position, order) in began {
        let expected = format!("next, the order with the id {}", order["id"]);
        let mut watcher = let_in(bench, from(&position), 0).await?;
        watcher.tell(
            "(a watch with an empty position had begun with that one, while orders were placed; then it got the order \
             that is expected here)",
        );
        match watcher.read(&expected).await? {
            Next::Message(message) if message["order"]["id"] == order["id"] => {}
            next => {
                let came = format!("{}\n(which never came to that watch)", told(&next));
                return Err(watcher.wrong(expected, &came));
            }
        }
    }
    scene.now().await.map(drop)
}
