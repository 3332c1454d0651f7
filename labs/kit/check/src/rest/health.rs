//! rest/01: answer `GET /health` in JSON.

use http::{Method, StatusCode, header};
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
    // As a browser asks.
    let page = get(&format!("/{word}")).header(header::ACCEPT, "text/html,*/*;q=0.8");
    bench.server().await?.send(page).await?.expect_status(StatusCode::NOT_FOUND)?;
    // No address at all: what is made of it is nobody's business, as long as others are served.
    let _ = bench.server().await?.send(get(&format!("/{word}%"))).await;
    bench.server().await?.send(get("/health")).await?.expect_status(StatusCode::OK)
}

async fn post_is_405(bench: &mut Bench) -> Outcome {
    let post = || request(Method::POST, "/health");
    let status = json!({ "status": bench.word() });
    let form = format!("status={}", bench.word());
    let posts = [
        post(),
        post().json(&status),
        post().body("application/x-www-form-urlencoded", form),
        post().body("application/json", "{\"status\":"),
        // Of a length that isn't told.
        post().json(&status).header(header::TRANSFER_ENCODING, "chunked"),
    ];
    for request in posts {
        let answer = bench.server().await?.send(request).await?;
        answer.expect_status(StatusCode::METHOD_NOT_ALLOWED)?;
    }
    // What a server doesn't read is still on the connection.
    for before in [post().json(&status), post().body("application/x-www-form-urlencoded", "status=up")] {
        let behind = get("/health").after(before);
        bench.server().await?.send(behind).await?.expect_status(StatusCode::OK)?;
    }
    Ok(())
}
