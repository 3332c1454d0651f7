//! rest/01: answer `GET /health` in JSON.

use http::{Method, StatusCode};
use serde_json::json;

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
    // Where patterns are matched from one end only, or as a piece of text, a path that holds the
    // right one passes, and so does one that the right one holds.
    let paths = ["/WORD", "/healthWORD", "/health/WORD", "/WORD/health", "/heal", "/WORD/WORD/WORD", "/health.WORD"];
    for path in paths.map(|path| path.replace("WORD", &word)) {
        let answer = bench.server().await?.send(get(&path)).await?;
        answer.expect_status(StatusCode::NOT_FOUND)?;
    }
    Ok(())
}

async fn post_is_405(bench: &mut Bench) -> Outcome {
    let post = || request(Method::POST, "/health");
    let status = json!({ "status": bench.word() });
    let form = format!("status={}", bench.word());
    for request in [post(), post().json(&status), post().body("application/x-www-form-urlencoded", form)] {
        let answer = bench.server().await?.send(request).await?;
        answer.expect_status(StatusCode::METHOD_NOT_ALLOWED)?;
    }
    Ok(())
}
