//! What comes to those who watch.

use super::Scene;
use super::history::{AT_ONCE, Size};
use super::watcher::{ask, from, let_in};
use crate::bench::Bench;
use crate::verdict::Outcome;

pub(super) async fn begins_with_position(bench: &mut Bench) -> Outcome {
    let mut scene = Scene::resume(bench);
    let first = ask(bench, from("")).await?.watcher(0)?;
    scene.begin.clone_from(&first.position);
    scene.watchers.push(first);
    scene.keep(bench);
    Ok(())
}

pub(super) async fn placed_orders_come(bench: &mut Bench) -> Outcome {
    let mut scene = Scene::resume(bench);
    // One by one, so that each is there before the next is placed; and some at once.
    for count in [1, 1, 1, 5, 1] {
        scene.history.place_none(bench).await?;
        scene.history.place(bench, count, Size::Small).await?;
        for watcher in &mut scene.watchers {
            let placed = scene.history.len();
            watcher.tell(format!(
                "(orders placed since then: {placed}; some with EQUIPMENT_UNSPECIFIED, where they were taken)"
            ));
            watcher.reads_all(&mut scene.history).await?;
        }
    }
    scene.keep(bench);
    Ok(())
}

pub(super) async fn each_once_in_order(bench: &mut Bench) -> Outcome {
    let mut scene = Scene::resume(bench);
    for _ in 0..2 {
        // Whoever comes later gets nothing from before.
        let watcher = ask(bench, from("")).await?.watcher(scene.history.len())?;
        scene.watchers.push(watcher);
        scene.history.place(bench, 2, Size::Small).await?;
    }
    for _ in 0..3 {
        scene.history.place(bench, 2 * AT_ONCE, Size::Small).await?;
        scene.history.place(bench, 1, Size::Small).await?;
    }
    for watcher in &mut scene.watchers {
        watcher.tell(format!("(then orders were placed, up to {AT_ONCE} at the same time)"));
        watcher.reads_all(&mut scene.history).await?;
    }
    scene.all_get_one_more(bench).await?;
    scene.early.clone_from(&scene.watchers[0].positions);
    scene.keep(bench);
    Ok(())
}

impl Scene {
    /// One order more comes next, to everybody: so none of those before has come twice.
    pub(super) async fn all_get_one_more(&mut self, bench: &mut Bench) -> Outcome {
        self.history.place(bench, 1, Size::Small).await?;
        for watcher in &mut self.watchers {
            watcher.reads_all(&mut self.history).await?;
        }
        Ok(())
    }

    /// Somebody more, from now on.
    pub(super) async fn one_more(&mut self, bench: &mut Bench) -> Outcome {
        let watcher = let_in(bench, from(""), self.history.len()).await?;
        self.watchers.push(watcher);
        Ok(())
    }
}
