//! rest/05: say no clearly: problem details, every fault at once.

mod refused;
mod requests;

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::join;
use http::{Method, StatusCode, header};
use serde_json::{Value, json};

use self::refused::{broken, elsewhere, foreign, other_methods, refused};
use self::requests::{ORDERS, but, order, post, with_faults_in_all, with_many_faults, with_one_fault};
use super::README;
use crate::bench::Bench;
use crate::exercise::{Exercise, Role, checks};
use crate::http::{Answer, Gate, Request, amid_others, bursts, get, request, send, send_at_once};
use crate::inside::inside;
use crate::verdict::{Failed, Outcome};

pub(crate) const EXERCISE: Exercise = Exercise {
    id: "rest/05",
    name: "say_no",
    role: Role::RestServer,
    data: include_str!("say_no.toml"),
    readme: README,
    checks: checks![
        what_is_right_is_201,
        each_refusal_is_a_problem,
        other_paths_are_404,
        other_methods_are_405,
        a_form_is_415,
        what_is_no_json_is_400,
        each_fault_has_its_pointer,
        every_fault_is_named_at_once,
        nothing_of_the_inside_is_told,
    ],
};

/// For the first part of a body to be read.
const ARRIVE: Duration = Duration::from_millis(300);
const MANY: usize = 180;
const FAULTS: usize = 200;

/// Sends it, and looks at the status.
async fn expect(bench: &mut Bench, request: Request, status: StatusCode) -> Result<Answer, Failed> {
    let answer = bench.server().await?.send(request).await?;
    answer.expect_status(status)?;
    Ok(answer)
}

/// The places that `errors` names.
fn pointers(answer: &Answer) -> Result<BTreeSet<String>, Failed> {
    let problem = answer.json()?;
    let errors = problem["errors"].as_array().map_or(&[][..], Vec::as_slice);
    answer.expect("a list `errors` that isn't empty", !errors.is_empty())?;
    let text = |error: &Value, name: &str| error[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let holds = errors.iter().all(|error| text(error, "detail").is_some() && text(error, "pointer").is_some());
    answer.expect("a text `pointer` and a text `detail` in each of the `errors`, neither empty", holds)?;
    Ok(errors.iter().filter_map(|error| text(error, "pointer")).collect())
}

async fn expect_pointers(bench: &mut Bench, order: &Value, due: BTreeSet<String>) -> Outcome {
    let answer = expect(bench, post(order), StatusCode::UNPROCESSABLE_ENTITY).await?;
    let named = pointers(&answer)?;
    let list: Vec<_> = due.iter().map(String::as_str).collect();
    answer.expect(&format!("`errors` with the pointer {}, and no other", list.join(" and ")), named == due)
}

async fn what_is_right_is_201(bench: &mut Bench) -> Outcome {
    let good = || order(bench);
    let twice = ["WEBCAM", "MOUSE", "MONITOR", "KEYBOARD", "KEYBOARD", "MONITOR", "WEBCAM", "MOUSE"];
    let orders = [
        good(),
        but(good(), json!({ "equipment": twice, "desk": 999 })),
        but(good(), json!({ "equipment": ["MONITOR"], "desk": 1, "created_by": "é".repeat(64) })),
        but(good(), json!({ "created_by": "x" })),
        // One character each, and two of what JavaScript and Java count.
        but(good(), json!({ "created_by": "🎧".repeat(64) })),
        // Two that look like one, 32 times; and not only one line.
        but(good(), json!({ "created_by": "e\u{301}".repeat(32) })),
        but(good(), json!({ "created_by": "a\nb" })),
        // Blanks are characters, also at the ends.
        but(good(), json!({ "created_by": " " })),
        but(good(), json!({ "created_by": format!(" {} ", "x".repeat(62)), "equipment": ["WEBCAM", "WEBCAM"] })),
        but(good(), json!({ "desk": bench.number(998), "equipment": ["KEYBOARD"] })),
    ];
    for order in orders {
        expect(bench, post(&order), StatusCode::CREATED).await?;
    }
    let (gate, in_parts) = (Gate::new(), but(order(bench), json!({ "created_by": "é".repeat(64) })));
    let address = bench.server().await?.address;
    let (answer, ()) = join!(send(address, post(&in_parts).held_at(&gate)), gate.open_after(ARRIVE));
    answer?.expect_status(StatusCode::CREATED)?;
    let text = order(bench).to_string();
    let escaped = text.replace("\"created_by\"", "\"\\u0063reated_by\"").replace("MOUSE", "\\u004dOUSE");
    let texts = [
        ("application/json; charset=utf-8", text.clone()),
        ("application/json", format!("\n {text}\r\n")),
        ("application/json", format!("{}{escaped}", " ".repeat(3_000))),
    ];
    for (kind, text) in texts {
        expect(bench, request(Method::POST, ORDERS).body(kind, text), StatusCode::CREATED).await?;
    }
    // What a server doesn't read of an order that it refuses is still on the connection.
    for refused in foreign(bench).into_iter().chain(elsewhere(bench)).step_by(3) {
        expect(bench, post(&order(bench)).after(refused), StatusCode::CREATED).await?;
    }
    Ok(())
}

async fn each_refusal_is_a_problem(bench: &mut Bench) -> Outcome {
    for request in refused(bench) {
        let answer = bench.server().await?.send(request).await?;
        // What should have been refused and wasn't, its own sentence tells.
        if answer.status().as_u16() < 400 {
            continue;
        }
        let kind = "application/problem+json";
        answer.expect(&format!("the header `content-type: {kind}`"), answer.media_type() == kind)?;
        let problem = answer.json()?;
        let status = answer.status().as_u16();
        answer.expect(&format!("`status` to be the number {status}"), problem["status"] == status)?;
        for name in ["title", "detail"] {
            let holds = problem[name].as_str().is_some_and(|text| !text.trim().is_empty());
            answer.expect(&format!("`{name}` to be a text that isn't empty"), holds)?;
        }
    }
    Ok(())
}

async fn other_paths_are_404(bench: &mut Bench) -> Outcome {
    for request in elsewhere(bench) {
        expect(bench, request, StatusCode::NOT_FOUND).await?;
    }
    // As `curl -I` asks, and a browser before it sends.
    for method in [Method::HEAD, Method::OPTIONS] {
        let request = request(method, &format!("/v1/{}", bench.word()));
        expect(bench, request, StatusCode::NOT_FOUND).await?;
    }
    // No address at all: what is made of it is nobody's business, as long as others are served.
    let broken = get(&format!("/{}%", bench.word()));
    let _ = bench.server().await?.send(broken).await;
    expect(bench, post(&order(bench)), StatusCode::CREATED).await.map(|_| ())
}

async fn other_methods_are_405(bench: &mut Bench) -> Outcome {
    for request in other_methods(bench) {
        let answer = expect(bench, request, StatusCode::METHOD_NOT_ALLOWED).await?;
        let allowed: Vec<&str> = answer.header(&header::ALLOW).split(',').map(str::trim).collect();
        let holds = allowed.contains(&"POST") && !["DELETE", "PUT", "PATCH"].iter().any(|no| allowed.contains(no));
        answer.expect("a header `allow` with POST, and without DELETE, PUT and PATCH", holds)?;
    }
    Ok(())
}

async fn a_form_is_415(bench: &mut Bench) -> Outcome {
    for request in foreign(bench) {
        expect(bench, request, StatusCode::UNSUPPORTED_MEDIA_TYPE).await?;
    }
    Ok(())
}

async fn what_is_no_json_is_400(bench: &mut Bench) -> Outcome {
    for body in broken(bench) {
        let request = request(Method::POST, ORDERS).body("application/json", body);
        expect(bench, request, StatusCode::BAD_REQUEST).await?;
    }
    Ok(())
}

async fn each_fault_has_its_pointer(bench: &mut Bench) -> Outcome {
    for (order, pointer) in with_one_fault(bench) {
        expect_pointers(bench, &order, BTreeSet::from([pointer])).await?;
    }
    // Some languages have no such number, and others call it infinite.
    let endless = order(bench).to_string().replace(":17", ":1e400");
    let answer = bench.server().await?.send(request(Method::POST, ORDERS).body("application/json", endless)).await?;
    let refused = [StatusCode::BAD_REQUEST, StatusCode::UNPROCESSABLE_ENTITY].contains(&answer.status());
    answer.expect("the status 422, or 400", refused)
}

async fn every_fault_is_named_at_once(bench: &mut Bench) -> Outcome {
    for (order, due) in with_many_faults(bench) {
        expect_pointers(bench, &order, due.into_iter().collect()).await?;
    }
    many_at_once(bench).await
}

/// Many, some at a time: a list that two requests share has faults of both, or lacks some. There are so
/// many in each that it takes long enough for the next to come in between.
async fn many_at_once(bench: &mut Bench) -> Outcome {
    let address = bench.server().await?.address;
    let orders: Vec<_> = (0..MANY).map(|_| with_faults_in_all(bench, FAULTS)).collect();
    for orders in bursts(&orders) {
        let answers = send_at_once(address, orders.iter().map(|(order, _)| post(order))).await;
        for (answer, (_, due)) in answers.into_iter().zip(orders) {
            names_all(&answer?, due).map_err(amid_others)?;
        }
    }
    Ok(())
}

fn names_all(answer: &Answer, due: &BTreeSet<String>) -> Outcome {
    answer.expect_status(StatusCode::UNPROCESSABLE_ENTITY)?;
    let named = pointers(answer)?;
    let Some(one) = named.symmetric_difference(due).next() else { return Ok(()) };
    let how = if due.contains(one) { "is missing" } else { "is too much" };
    let what =
        format!("`errors` with the pointers of all {} faults of this order, and no other: {one} {how}", due.len());
    Err(answer.wrong(what))
}

async fn nothing_of_the_inside_is_told(bench: &mut Bench) -> Outcome {
    for request in refused(bench) {
        let answer = bench.server().await?.send(request).await?;
        if let Some(found) = inside(&String::from_utf8_lossy(&answer.body)) {
            return Err(answer.wrong(format!("a text for the caller, without `{found}`")));
        }
    }
    Ok(())
}
