//! grpc/03: say no in gRPC's words: codes, and details that name every fault.

mod at_once;
mod requests;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use self::at_once::{AT_ONCE, at_one_moment, one_is};
use self::requests::*;
use super::{CREATE, DELETE, GET, README};
use crate::bench::Bench;
use crate::exercise::{Exercise, Role, checks};
use crate::inside::inside;
use crate::rpc::{Answer, Code, Request, request};
use crate::unlike::unlike;
use crate::verdict::{Failed, Outcome};

pub(crate) const EXERCISE: Exercise = Exercise {
    id: "grpc/03",
    name: "say_no",
    role: Role::GrpcServer,
    data: include_str!("../say_no.toml"),
    readme: README,
    checks: checks![
        what_is_right_is_ok,
        a_fault_is_invalid_argument,
        each_fault_has_its_field,
        every_fault_is_named_at_once,
        an_unknown_id_is_not_found,
        a_second_order_already_exists,
        a_deleted_one_makes_room,
        faults_come_first,
        nothing_of_the_inside_is_told,
    ],
};

/// Sends it, and looks at the code.
async fn expect(bench: &mut Bench, request: Request, code: Code) -> Result<Answer, Failed> {
    let answer = bench.server().await?.call(request).await?;
    answer.expect_code(code)?;
    Ok(answer)
}

/// Places it, and gives its id.
async fn place(bench: &mut Bench, draft: &Value) -> Result<String, Failed> {
    let answer = bench.server().await?.call(request(CREATE, draft)).await?;
    id_of(&answer, draft)
}

/// The id of the order that was placed.
fn id_of(answer: &Answer, draft: &Value) -> Result<String, Failed> {
    let order = &answer.message()?["order"];
    let holds = ["created_by", "equipment"].iter().all(|field| order[field] == draft[field]);
    // With spaces, a line can be broken.
    answer.expect(&format!("an order with {}", draft.to_string().replace(',', ", ")), holds)?;
    let id = order["id"].as_str().unwrap_or_default();
    answer.expect("an `id` that isn't empty", !id.is_empty())?;
    Ok(id.to_owned())
}

async fn expect_stays(bench: &mut Bench, id: &str, draft: &Value) -> Outcome {
    let answer = expect(bench, request(GET, &json!({ "id": id })), Code::OK).await?;
    let order = &answer.message()?["order"];
    let holds = ["created_by", "equipment"].iter().all(|field| order[field] == draft[field]) && order["id"] == id;
    answer.expect(&format!("the order {id} with {}", draft.to_string().replace(',', ", ")), holds)
}

/// The details name these fields and no others.
fn expect_fields(answer: &Answer, due: &[String]) -> Outcome {
    answer.expect_code(Code::INVALID_ARGUMENT)?;
    let what = "details in `grpc-status-details-bin`, a google.rpc.Status with the same code";
    answer.expect(what, answer.status.details.is_ok())?;
    let violations = answer.status.violations();
    answer.expect("a google.rpc.BadRequest with violations in the details", !violations.is_empty())?;
    let named: BTreeSet<&str> = violations.iter().map(|violation| &*violation.field).collect();
    let holds = named == due.iter().map(String::as_str).collect();
    answer.expect(&format!("violations of {}, and of no other field", due.join(" and ")), holds)?;
    let holds = violations.iter().all(|violation| !violation.description.trim().is_empty());
    answer.expect("a `description` that isn't empty in each violation", holds)
}

/// Of one person's orders at the same time.
const ROUNDS: usize = 100;
const LONG_ENOUGH: Duration = Duration::from_secs(2);

async fn what_is_right_is_ok(bench: &mut Bench) -> Outcome {
    for draft in all_good(bench) {
        let id = place(bench, &draft).await?;
        expect_stays(bench, &id, &draft).await?;
    }
    // And for different persons at the same time: each gets their own.
    let drafts: Vec<Value> = all_good(bench).into_iter().take(AT_ONCE).collect();
    let creates = drafts.iter().map(|draft| request(CREATE, draft)).collect();
    for (answer, draft) in at_one_moment(bench, creates).await?.iter().zip(&drafts) {
        expect_stays(bench, &id_of(answer, draft)?, draft).await?;
    }
    Ok(())
}

async fn a_fault_is_invalid_argument(bench: &mut Bench) -> Outcome {
    for (request, _) in all_with_one_fault(bench) {
        expect(bench, request, Code::INVALID_ARGUMENT).await?;
    }
    Ok(())
}

async fn each_fault_has_its_field(bench: &mut Bench) -> Outcome {
    for (request, due) in all_with_one_fault(bench) {
        expect_fields(&bench.server().await?.call(request).await?, &due)?;
    }
    // Of several at the same time each hears of its own.
    let (requests, due): (Vec<_>, Vec<_>) = all_with_one_fault(bench).into_iter().step_by(3).take(AT_ONCE).unzip();
    for (answer, due) in at_one_moment(bench, requests).await?.iter().zip(&due) {
        expect_fields(answer, due)?;
    }
    Ok(())
}

async fn every_fault_is_named_at_once(bench: &mut Bench) -> Outcome {
    for (draft, due) in with_many_faults(bench) {
        expect_fields(&bench.server().await?.call(request(CREATE, &draft)).await?, &due)?;
    }
    Ok(())
}

async fn an_unknown_id_is_not_found(bench: &mut Bench) -> Outcome {
    let draft = good(bench);
    let id = place(bench, &draft).await?;
    for unknown in [unlike(&id, &bench.word()), bench.word(), "nope".to_owned()] {
        for path in [GET, DELETE] {
            expect(bench, request(path, &json!({ "id": unknown })), Code::NOT_FOUND).await?;
        }
    }
    expect_stays(bench, &id, &draft).await?;
    let gone = json!({ "id": id });
    expect(bench, request(DELETE, &gone), Code::OK).await?.message()?;
    for path in [GET, DELETE] {
        expect(bench, request(path, &gone), Code::NOT_FOUND).await?;
    }
    // It goes once, also when several are told at the same time to delete it.
    let deletes = vec![request(DELETE, &json!({ "id": place(bench, &good(bench)).await? })); AT_ONCE];
    one_is(Code::OK, Code::NOT_FOUND, &at_one_moment(bench, deletes).await?)
}

async fn a_second_order_already_exists(bench: &mut Bench) -> Outcome {
    let draft = good(bench);
    let id = place(bench, &draft).await?;
    place(bench, &good_of(&bench.word())).await?;
    let again = good_of(draft["created_by"].as_str().unwrap_or_default());
    for draft in [&draft, &again] {
        expect(bench, request(CREATE, draft), Code::ALREADY_EXISTS).await?;
    }
    expect_stays(bench, &id, &draft).await?;
    // Where nothing but luck keeps them apart, it does so most times. A server that takes call after call
    // needs no more than a few.
    let begin = Instant::now();
    for _ in (0..ROUNDS).take_while(|&round| round == 0 || begin.elapsed() < LONG_ENOUGH) {
        let draft = good(bench);
        one_is(Code::OK, Code::ALREADY_EXISTS, &at_one_moment(bench, vec![request(CREATE, &draft); AT_ONCE]).await?)?;
        expect(bench, request(CREATE, &draft), Code::ALREADY_EXISTS).await?;
    }
    Ok(())
}

async fn a_deleted_one_makes_room(bench: &mut Bench) -> Outcome {
    let (others, draft) = (good(bench), good(bench));
    let mut id = place(bench, &draft).await?;
    let other = place(bench, &others).await?;
    let mut known = BTreeSet::from([id.clone(), other.clone()]);
    // The first time the older one goes, the second time the newest. Who has asked for another order
    // in the meantime has left nothing behind; and the etag that no order has is passed over.
    for etag in ["", "\"7\""] {
        expect(bench, request(CREATE, &draft), Code::ALREADY_EXISTS).await?;
        expect(bench, request(DELETE, &json!({ "id": id, "etag": etag })), Code::OK).await?.message()?;
        let answer = expect(bench, request(CREATE, &draft), Code::OK).await?;
        id = id_of(&answer, &draft)?;
        answer.expect(&format!("another `id` than {id}, which an order has had before"), known.insert(id.clone()))?;
        expect_stays(bench, &other, &others).await?;
        expect_stays(bench, &id, &draft).await?;
    }
    expect(bench, request(CREATE, &others), Code::ALREADY_EXISTS).await.map(drop)
}

async fn faults_come_first(bench: &mut Bench) -> Outcome {
    let who = bench.word();
    place(bench, &good_of(&who)).await?;
    for (draft, due) in with_one_fault(bench, &who) {
        expect_fields(&bench.server().await?.call(request(CREATE, &draft)).await?, &due)?;
    }
    let who = bench.word();
    for (draft, _) in with_one_fault(bench, &who) {
        expect(bench, request(CREATE, &draft), Code::INVALID_ARGUMENT).await?;
    }
    place(bench, &good_of(&who)).await.map(drop)
}

async fn nothing_of_the_inside_is_told(bench: &mut Bench) -> Outcome {
    let draft = good(bench);
    let id = place(bench, &draft).await?;
    let unknown = json!({ "id": unlike(&id, &bench.word()) });
    let mut refused: Vec<Request> = all_with_one_fault(bench).into_iter().map(|(request, _)| request).collect();
    refused.extend(with_many_faults(bench).iter().map(|(draft, _)| request(CREATE, draft)));
    refused.extend([request(CREATE, &draft), request(GET, &unknown), request(DELETE, &unknown)]);
    for request in refused {
        let answer = bench.server().await?.call(request).await?;
        let status = &answer.status;
        answer.expect("a `grpc-message` that isn't empty", !status.message.trim().is_empty())?;
        let descriptions = status.violations().into_iter().map(|violation| &violation.description);
        for text in descriptions.chain([&status.message]) {
            if let Some(found) = inside(text) {
                return Err(answer.wrong(format!("a text for the caller, without `{found}`")));
            }
        }
    }
    Ok(())
}
