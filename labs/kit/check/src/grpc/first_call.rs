//! grpc/01: CreateOrder and GetOrder.

mod unknown;

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::sleep;

use self::unknown::an_unknown_id_is_not_found;
use super::{CREATE, GET, README};
use crate::bench::Bench;
use crate::exercise::{Exercise, Role, checks};
use crate::http::Gate;
use crate::rpc::{Answer, Code, call, request};
use crate::verdict::{Failed, Outcome};

pub(crate) const EXERCISE: Exercise = Exercise {
    id: "grpc/01",
    name: "first_call",
    role: Role::GrpcServer,
    data: include_str!("first_call.toml"),
    readme: README,
    checks: checks![
        an_order_is_created,
        the_answer_is_the_order,
        it_is_queued,
        created_at_is_now,
        each_order_has_its_id,
        get_order_reads_it,
        an_unknown_id_is_not_found,
        zero_is_refused,
        unknown_numbers_are_refused,
    ],
};

/// Enough that ids from a clock meet, and no more than wait at a simple server's door.
const AT_ONCE: usize = 6;
const ROUNDS: usize = 4;
/// Of all drafts, one after the other: orders for which a small store has no room.
const REPEATS: usize = 8;
/// For calls that nobody may be reading yet.
const ARRIVE: Duration = Duration::from_millis(300);
/// Clocks are read in different ways, and rounded.
const ROUNDED: Duration = Duration::from_millis(5);
/// Times that are looked at. One in a million correct programs has tens of milliseconds alone.
const MOMENTS: usize = 6;
/// Some are rounded to the next second: half a second later they are right, or no longer.
const HALF: Duration = Duration::from_millis(500);
/// So long after the start, a time taken there is wrong.
const LATER: Duration = Duration::from_millis(30);

/// As nobody has sent it before.
fn draft(bench: &Bench, equipment: &[&str]) -> Value {
    let equipment: Vec<_> = equipment.iter().map(|item| format!("EQUIPMENT_{item}")).collect();
    json!({ "created_by": format!("{} <É> & Bé 🎧", bench.word()), "equipment": equipment })
}

/// For those whose names are easily mended: spaces around and within, an é that is two, and a
/// length at which columns end.
fn drafts_of_odd_names(bench: &Bench) -> [Value; 2] {
    let short = format!("  {} e\u{301}   {}\tXy\n ", bench.word(), bench.word());
    let long = format!("{} {}", bench.word(), "Xé".repeat(140));
    [short, long].map(|name| json!({ "created_by": name, "equipment": ["EQUIPMENT_MOUSE"] }))
}

/// What no list without repeats, no set and no sorted list can hold.
fn drafts(bench: &Bench) -> [Value; 4] {
    [
        draft(bench, &["WEBCAM", "KEYBOARD", "WEBCAM", "MOUSE", "KEYBOARD"]),
        draft(bench, &["MONITOR"]),
        draft(bench, &["MOUSE", "MOUSE", "MOUSE", "MOUSE", "KEYBOARD", "MONITOR"]),
        draft(bench, &["KEYBOARD", "MOUSE", "WEBCAM", "MONITOR", "MOUSE"].repeat(4)),
    ]
}

/// The order of an answer that went well.
fn order(answer: &Answer) -> Result<&Value, Failed> {
    let order = &answer.message()?["order"];
    answer.expect("a message with an `order`", order.is_object())?;
    Ok(order)
}

fn id(answer: &Answer) -> Result<String, Failed> {
    let id = order(answer)?["id"].as_str().unwrap_or_default();
    answer.expect("an `id` that isn't empty", !id.is_empty())?;
    Ok(id.to_owned())
}

/// What it must have wherever it is answered.
fn expect_order(answer: &Answer, draft: &Value) -> Outcome {
    let order = order(answer)?;
    let holds = ["created_by", "equipment"].iter().all(|field| order[field] == draft[field]);
    let what = match draft["created_by"].as_str().map_or(0, |name| name.chars().count()) {
        // With spaces, a line can be broken.
        ..=80 => format!("an order with {}", draft.to_string().replace(',', ", ")),
        characters => format!("an order with all {characters} characters of its `created_by`, and its `equipment`"),
    };
    answer.expect(&what, holds)
}

async fn place(bench: &mut Bench, draft: &Value) -> Result<Answer, Failed> {
    bench.server().await?.call(request(CREATE, draft)).await
}

async fn read(bench: &mut Bench, id: &str) -> Result<Answer, Failed> {
    bench.server().await?.call(request(GET, &json!({ "id": id }))).await
}

async fn an_order_is_created(bench: &mut Bench) -> Outcome {
    let draft = draft(bench, &["KEYBOARD", "WEBCAM"]);
    order(&place(bench, &draft).await?).map(drop)
}

async fn the_answer_is_the_order(bench: &mut Bench) -> Outcome {
    for draft in drafts(bench).into_iter().chain(drafts_of_odd_names(bench)) {
        expect_order(&place(bench, &draft).await?, &draft)?;
    }
    Ok(())
}

async fn it_is_queued(bench: &mut Bench) -> Outcome {
    for draft in drafts(bench) {
        let answer = place(bench, &draft).await?;
        let holds = order(&answer)?["status"] == "ORDER_STATUS_QUEUED";
        answer.expect("the `status` ORDER_STATUS_QUEUED (1)", holds)?;
    }
    Ok(())
}

async fn created_at_is_now(bench: &mut Bench) -> Outcome {
    bench.server().await?;
    let mut is_fine = false;
    for moment in 1..=MOMENTS {
        sleep(if moment == 2 { HALF } else { LATER }).await;
        let (draft, before) = (draft(bench, &["MOUSE"]), Timestamp::now());
        let answer = place(bench, &draft).await?;
        let after = Timestamp::now();
        let created_at = order(&answer)?["created_at"].as_str().unwrap_or_default().parse::<Timestamp>();
        let holds = created_at.as_ref().is_ok_and(|&at| before - ROUNDED <= at && at <= after + ROUNDED);
        answer.expect(&format!("a `created_at` between {before:.3} and {after:.3}"), holds)?;
        // A clock that goes on in steps of 10 ms would give nothing else each time.
        is_fine |= created_at.is_ok_and(|at| at.subsec_millisecond() % 10 != 0);
        answer.expect("a `created_at` to the millisecond, and not always tens of them", is_fine || moment < MOMENTS)?;
    }
    Ok(())
}

async fn each_order_has_its_id(bench: &mut Bench) -> Outcome {
    let mut ids = BTreeSet::new();
    for round in 0..ROUNDS {
        // Half of the time all for one person, who is in a hurry.
        let people = if round % 2 == 0 { AT_ONCE - 1 } else { 1 };
        for (created, _) in at_one_moment(bench, people).await? {
            let id = id(&created)?;
            let what = format!("another id than {id}, which an order has that was placed at the same time or before");
            created.expect(&what, ids.insert(id))?;
        }
    }
    Ok(())
}

async fn get_order_reads_it(bench: &mut Bench) -> Outcome {
    let mut placed = Vec::new();
    // On one connection, so that nothing is between an answer and the next call.
    let connection = bench.server().await?.connect().await?;
    for draft in (0..REPEATS).flat_map(|_| drafts(bench)).collect::<Vec<_>>() {
        let created = connection.call(request(CREATE, &draft)).await;
        let created = bench.server().await?.explained(created).await?;
        let at_once = connection.call(request(GET, &json!({ "id": id(&created)? }))).await;
        let at_once = bench.server().await?.explained(at_once).await?;
        expect_as_placed(&at_once, &created, &draft)?;
        placed.push((created, draft));
    }
    placed.extend(at_one_moment(bench, AT_ONCE - 1).await?);
    // The last first, and each after all were placed: none is the one that came last by luck.
    // Then the first ones once more: what was read is still there.
    for (created, draft) in placed.iter().rev().chain(placed.iter().take(drafts(bench).len())) {
        expect_as_placed(&read(bench, &id(created)?).await?, created, draft)?;
    }
    Ok(())
}

fn expect_as_placed(answer: &Answer, created: &Answer, draft: &Value) -> Outcome {
    expect_order(answer, draft)?;
    let (found, placed) = (order(answer)?, order(created)?);
    for field in ["id", "status", "created_at"] {
        let what = format!("the `{field}` that CreateOrder has answered, {}", placed[field]);
        answer.expect(&what, found[field] == placed[field])?;
    }
    Ok(())
}

/// Places some for so many people, of which all but the last byte is there before any is whole.
async fn at_one_moment(bench: &mut Bench, people: usize) -> Result<Vec<(Answer, Value)>, Failed> {
    let all: Vec<Value> = (0..people).map(|_| draft(bench, &["MOUSE"])).collect();
    // Somebody wants the same once more.
    let drafts: Vec<Value> = all.into_iter().cycle().take(AT_ONCE).collect();
    let server = bench.server().await?;
    let (address, gate) = (server.address, Gate::new());
    let calls = drafts.iter().map(|draft| call(address, request(CREATE, draft).held_at(&gate)));
    let look = async {
        gate.filled(drafts.len(), ARRIVE).await;
        // Its answer means that a server that does several things at once has seen the others.
        let _ = call(address, request(GET, &json!({ "id": "nobody" }))).await;
        gate.open();
    };
    // One that takes call after call is right as well: for it the gate opens by itself.
    let (answers, (), ()) = tokio::join!(join_all(calls), look, gate.open_after(ARRIVE));
    let mut placed = Vec::new();
    for (answer, draft) in answers.into_iter().zip(drafts) {
        match answer {
            Ok(answer) => placed.push((answer, draft)),
            Err(failed) => return Err(server.explain(failed).await),
        }
    }
    Ok(placed)
}

/// Sends orders with this number for a piece, in any place, and expects that they are refused.
async fn expect_refused(bench: &mut Bench, number: i32) -> Outcome {
    let known = |name: &str| json!(format!("EQUIPMENT_{name}"));
    let lists = [
        vec![json!(number)],
        vec![json!(number), known("MOUSE")],
        vec![known("KEYBOARD"), known("MONITOR"), json!(number)],
        vec![known("WEBCAM"), json!(number), known("WEBCAM")],
        [vec![known("MOUSE"); 19], vec![json!(number)]].concat(),
    ];
    for equipment in lists {
        let draft = json!({ "created_by": bench.word(), "equipment": equipment });
        place(bench, &draft).await?.expect_code(Code::INVALID_ARGUMENT)?;
    }
    Ok(())
}

async fn zero_is_refused(bench: &mut Bench) -> Outcome {
    expect_refused(bench, 0).await
}

async fn unknown_numbers_are_refused(bench: &mut Bench) -> Outcome {
    let drawn = bench.number(1_000_000) as i32 + 100;
    // Also those that are known ones in fewer bits, or without their sign.
    for number in [5, drawn, -1, -drawn, 256 + 1, 65_536 + 2, i32::MAX, i32::MIN + 3] {
        expect_refused(bench, number).await?;
    }
    // What was refused has changed nothing.
    let draft = draft(bench, &["MONITOR", "MOUSE"]);
    expect_order(&place(bench, &draft).await?, &draft)
}
