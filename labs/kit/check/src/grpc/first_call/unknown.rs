//! Ids that no order has.

use super::{draft, id, order, place, read};
use crate::bench::Bench;
use crate::rpc::Code;
use crate::unlike::{near, unlike};
use crate::verdict::Outcome;

pub(super) async fn an_unknown_id_is_not_found(bench: &mut Bench) -> Outcome {
    for _ in 0..3 {
        let draft = draft(bench, &["WEBCAM"]);
        let id = id(&place(bench, &draft).await?)?;
        for unknown in unlike_it(&id, bench) {
            let answer = read(bench, &unknown).await?;
            // Somebody may have it: that one is right as well.
            let is_somebodys = answer.status.code == Code::OK && order(&answer)?["id"] == *unknown;
            answer.expect("the status NOT_FOUND (5)", is_somebodys || answer.status.code == Code::NOT_FOUND)?;
        }
        // To have sent no id at all may be called a fault of the request.
        let answer = read(bench, "").await?;
        let holds = [Code::NOT_FOUND, Code::INVALID_ARGUMENT].contains(&answer.status.code);
        answer.expect("the status NOT_FOUND (5)", holds)?;
    }
    Ok(())
}

/// Of its kind and of none, long and short, and some that are like it.
fn unlike_it(id: &str, bench: &Bench) -> Vec<String> {
    let mut all = vec![unlike(id, &bench.word()), bench.word(), "nope".to_owned()];
    let near = near(id).into_iter();
    // Many languages read a number with something around it as that number.
    if id.parse::<u64>().is_ok() {
        all.extend(near.filter(|near| near.parse::<i64>().is_ok()));
    } else {
        let half = id.chars().take(id.chars().count() / 2).collect();
        let word = bench.word();
        all.extend([format!("{id}{word}"), format!("{word}{id}"), format!(" {id}"), format!("{id} "), half]);
        all.extend(near);
    }
    all.retain(|unknown| !unknown.is_empty());
    all
}
