//! rest/01: answer `GET /health` in JSON.

use http::{Method, StatusCode};

use super::README;
use crate::bench::Bench;
use crate::exercise::{Exercise, Role, checks};
use crate::http::{get, request};
use crate::verdict::Outcome;

pub(crate) const EXERCISE: Exercise = Exercise {
    id: "rest/01",
    name: "health",
    role: Role::RestServer,
    data: include_str!("health.toml"),
    readme: README,
    checks: checks![health_is_200, it_says_json, it_is_an_object, other_paths_are_404, post_is_405],
};

async fn health_is_200(bench: &mut Bench) -> Outcome {
    let answer = bench.server().await?.send(get("/health")).await?;
    answer.expect_status(StatusCode::OK)
}

async fn it_says_json(bench: &mut Bench) -> Outcome {
    let answer = bench.server().await?.send(get("/health")).await?;
    answer.expect_json_type()
}

async fn it_is_an_object(bench: &mut Bench) -> Outcome {
    let answer = bench.server().await?.send(get("/health")).await?;
    answer.expect("a body that is a JSON object", answer.json()?.is_object())
}

async fn other_paths_are_404(bench: &mut Bench) -> Outcome {
    let word = bench.word();
    // Where patterns are matched from one end only, a path that holds the right one passes.
    for path in [format!("/{word}"), format!("/health{word}"), format!("/health/{word}"), format!("/{word}/health")] {
        let answer = bench.server().await?.send(get(&path)).await?;
        answer.expect_status(StatusCode::NOT_FOUND)?;
    }
    Ok(())
}

async fn post_is_405(bench: &mut Bench) -> Outcome {
    let answer = bench.server().await?.send(request(Method::POST, "/health")).await?;
    answer.expect_status(StatusCode::METHOD_NOT_ALLOWED)
}
