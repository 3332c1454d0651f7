//! Who comes back, and what was kept meets what is placed meanwhile.

use std::time::{Duration, Instant};

use super::history::{AT_ONCE, Size};
use super::watcher::{Asked, PATIENCE, TO_GET_IN, Watcher, from, let_in};
use super::{NARROW, Scene};
use crate::bench::Bench;
use crate::rpc::open;
use crate::verdict::{Failed, Outcome};

/// For headers, which some send with the first message alone.
const HEADERS: Duration = Duration::from_millis(300);
/// As it is without anybody's doing.
const WIDE: u32 = 65_535;
/// More than any library holds on their way, and fewer than are kept.
const MANY: usize = 300;
const FEW: usize = 3;
const ASKS: usize = 2;
const ROUNDS: usize = 2;

pub(super) async fn goes_on_after_a_position(bench: &mut Bench) -> Outcome {
    let mut scene = Scene::resume(bench);
    let begin = scene.history.len();
    scene.one_more(bench).await?;
    for count in [1, 4, 1, 1] {
        scene.history.place(bench, count, Size::Small).await?;
    }
    scene.watchers[0].reads_all(&mut scene.history).await?;
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
        while_it_has_no_room(bench, &mut scene).await?;
        while_it_asks(bench, &mut scene).await?;
    }
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

    async fn until_the_end(&mut self, bench: &mut Bench, mut watcher: Watcher) -> Outcome {
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
    scene.until_the_end(bench, watcher).await
}

/// Its call has begun, and nothing can come yet: its window is 0.
async fn while_it_has_no_room(bench: &mut Bench, scene: &mut Scene) -> Outcome {
    let begin = Instant::now();
    loop {
        let (position, index) = scene.now().await?;
        scene.history.place(bench, FEW, Size::Small).await?;
        let mut stream = bench.server().await?.open(from(&position).window(0)).await?;
        stream.begun(HEADERS).await?;
        scene.history.place(bench, FEW, Size::Small).await?;
        stream.widen(WIDE);
        let first = stream.next(PATIENCE).await?;
        let asked = Asked { stream, first };
        // The one before may not be seen to be gone yet.
        if asked.is_full() && begin.elapsed() < TO_GET_IN {
            continue;
        }
        let mut watcher = asked.watcher(index)?;
        let did =
            format!("({FEW} orders were there after it; {FEW} more were placed while it had no room for a message)");
        watcher.tell(did);
        return scene.until_the_end(bench, watcher).await;
    }
}

/// It asks while orders are placed.
async fn while_it_asks(bench: &mut Bench, scene: &mut Scene) -> Outcome {
    let (position, index) = scene.now().await?;
    scene.history.place(bench, FEW, Size::Small).await?;
    let address = bench.server().await?.address;
    let asks = async {
        let mut asked = Vec::new();
        for _ in 0..ASKS {
            let mut stream = open(address, from(&position)).await?;
            let first = stream.next(PATIENCE).await?;
            asked.push(Asked { stream, first });
        }
        Ok(asked)
    };
    let (placed, asked) = tokio::join!(scene.history.place(bench, 5 * AT_ONCE, Size::Small), asks);
    placed?;
    // Whoever wasn't let in, for the one before isn't seen to be gone yet, proves nothing.
    for asked in asked?.into_iter().filter(|asked| !asked.is_full()) {
        let mut watcher = asked.watcher(index)?;
        watcher.tell(format!("({FEW} orders were there after it; {} more were placed at the same time)", 5 * AT_ONCE));
        watcher.reads_all(&mut scene.history).await?;
        scene.watchers.push(watcher);
    }
    scene.all_get_one_more(bench).await?;
    scene.watchers.truncate(1);
    Ok(())
}
