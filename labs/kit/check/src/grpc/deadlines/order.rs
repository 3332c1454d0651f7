//! One CreateOrder, seen from both of its ends.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::time::timeout;

use super::WAREHOUSE;
use super::pieces::is_as_sent;
use crate::bench::Bench;
use crate::grpc::{CREATE, GET};
use crate::rpc::{Answer, Code, Next, Received, Reply, Request, Service, Status, Stream, request};
use crate::verdict::{Event, Failed, Outcome, Who};

/// Until something that must come has come.
const PATIENCE: Duration = Duration::from_secs(3);
/// A deadline that nothing comes near to.
pub(super) const LONG: Duration = Duration::from_secs(20);

/// An order that is being placed.
pub(super) struct Placing {
    pub(super) warehouse: Service,
    pub(super) draft: Value,
    /// Before it was sent.
    pub(super) begin: Instant,
    stream: Stream,
    order: Option<Value>,
    status: Option<Status>,
    is_beside: bool,
    /// What the caller's side of the ladder has.
    events: Vec<(Instant, Who, String)>,
}

/// As nobody has sent it before.
pub(super) fn draft(bench: &Bench, equipment: &[&str]) -> Value {
    let equipment: Vec<_> = equipment.iter().map(|item| format!("EQUIPMENT_{item}")).collect();
    json!({ "created_by": bench.word(), "equipment": equipment })
}

/// What the warehouse answers when it has set the pieces aside.
pub(super) fn reserved(bench: &Bench) -> Reply {
    Reply::Message(json!({ "reservation_id": bench.word() }))
}

/// The warehouse answers these, one after the other; the last one is for all that come after it.
pub(super) fn in_turn(replies: Vec<Reply>) -> impl Fn(&Received, usize) -> Reply + Send + Sync + 'static {
    move |_, before| replies[before.min(replies.len() - 1)].clone()
}

/// Sends one of two pieces with a deadline; the warehouse answers these in turn.
pub(super) async fn place(bench: &mut Bench, deadline: Duration, replies: Vec<Reply>) -> Result<Placing, Failed> {
    let draft = draft(bench, &["MOUSE", "WEBCAM"]);
    let request = request(CREATE, &draft).deadline(deadline);
    place_as(bench, &draft, request, replies).await
}

/// The same with a request that is made already.
pub(super) async fn place_as(
    bench: &mut Bench,
    draft: &Value,
    request: Request,
    replies: Vec<Reply>,
) -> Result<Placing, Failed> {
    // It is there before the program is started: one that connects at once is right as well.
    let warehouse = bench.plays_rpc(WAREHOUSE).await?;
    warehouse.answers(in_turn(replies));
    let placing = place_beside(bench, draft, request).await?;
    Ok(Placing { is_beside: false, ..placing })
}

/// The same while another is on its way: the warehouse goes on with what it answers, and both have
/// the same list of calls.
pub(super) async fn place_beside(bench: &mut Bench, draft: &Value, request: Request) -> Result<Placing, Failed> {
    let warehouse = bench.plays_rpc(WAREHOUSE).await?;
    let begin = Instant::now();
    let stream = bench.server().await?.open(request).await?;
    let events = vec![(begin, Who::Checker, "CreateOrder".to_owned())];
    Ok(Placing { warehouse, draft: draft.clone(), begin, stream, order: None, status: None, is_beside: true, events })
}

/// GetOrder, which must answer within a second.
pub(super) async fn read(bench: &mut Bench, id: &str) -> Result<Answer, Failed> {
    let request = request(GET, &json!({ "id": id })).patience(Duration::from_secs(1));
    bench.server().await?.call(request).await
}

impl Placing {
    /// Waits for the call with this number (the first is 1). An answer before it means that there is none.
    pub(super) async fn call(&mut self, number: usize) -> Result<Received, Failed> {
        let what = match number {
            1 => "a call of warehouse.v1.WarehouseService/Reserve".to_owned(),
            _ => format!("call {number} of warehouse.v1.WarehouseService/Reserve"),
        };
        if self.comes_to(number, PATIENCE).await? {
            return Ok(self.calls()[number - 1].clone());
        }
        Err(self.wrong(what))
    }

    /// Whether so many calls come before the answer, and in this time.
    pub(super) async fn comes_to(&mut self, number: usize, patience: Duration) -> Result<bool, Failed> {
        let warehouse = self.warehouse.clone();
        let came = timeout(patience, async {
            tokio::select! {
                biased;
                () = warehouse.wait_for(number) => Ok(()),
                ended = self.ended() => ended,
            }
        });
        came.await.unwrap_or(Ok(()))?;
        Ok(self.calls().len() >= number)
    }

    /// What came to the warehouse.
    pub(super) fn calls(&self) -> Vec<Received> {
        self.warehouse.received()
    }

    /// Its order and its status, if both come in this time.
    ///
    /// # Errors
    ///
    /// When they don't, or what comes isn't gRPC.
    pub(super) async fn answer(&mut self, patience: Duration) -> Result<&Status, Failed> {
        match timeout(patience, self.ended()).await {
            Ok(ended) => ended?,
            Err(_) => return Err(self.wrong(format!("an answer within {} s", patience.as_secs_f32()))),
        }
        self.status.as_ref().ok_or_else(|| self.wrong("an answer"))
    }

    /// OK, with an order.
    pub(super) async fn succeeds(&mut self) -> Result<Value, Failed> {
        self.answer(PATIENCE).await?;
        self.expect_code(&[Code::OK])?;
        let order = self.order.clone().unwrap_or_default();
        self.expect("an order with an `id`", order["id"].is_string())?;
        Ok(order)
    }

    /// OK, with what was sent, and the id that its own call had.
    pub(super) async fn succeeds_as(&mut self, call: &Received) -> Outcome {
        let order = self.succeeds().await?;
        let id = &call.message["order_id"];
        let what = format!(
            "the order that was sent, {}, with the `id` {id}, of which its call told the warehouse",
            self.draft
        );
        self.expect(&what, is_as_sent(&order, &self.draft) && order["id"] == *id)
    }

    /// Another status than OK.
    pub(super) async fn ends_with(&mut self, codes: &[Code], patience: Duration) -> Outcome {
        self.answer(patience).await?;
        self.expect_code(codes)
    }

    /// One of these.
    fn expect_code(&self, codes: &[Code]) -> Outcome {
        let named: Vec<_> = codes.iter().map(|code| format!("{} ({code})", code.number())).collect();
        let holds = self.status.as_ref().is_some_and(|status| codes.contains(&status.code));
        self.expect(&format!("the status {}", named.join(" or ")), holds)
    }

    /// Reads to the end.
    async fn ended(&mut self) -> Outcome {
        while self.status.is_none() {
            match self.stream.next(LONG).await {
                Ok(Next::Message(message)) => self.order = Some(message["order"].clone()),
                Ok(Next::End(status)) => {
                    self.note(Who::You, &format!("answered {} ({})", status.code.number(), status.code));
                    self.status = Some(status);
                }
                Ok(Next::Nothing) => {}
                Err(failed) => return Err(self.told(failed)),
            }
        }
        Ok(())
    }

    /// The caller no longer wants it: RST_STREAM with CANCEL.
    pub(super) fn cancel(&mut self) {
        self.note(Who::Checker, "cancelled CreateOrder");
        self.stream.reset();
    }

    /// The caller is no longer there.
    pub(super) fn hang_up(&mut self) {
        self.note(Who::Checker, "hung up");
        self.stream.hang_up();
    }

    /// GetOrder ends so: with NOT_FOUND as long as the warehouse hasn't said OK.
    pub(super) async fn is_read_with(&self, bench: &mut Bench, code: Code) -> Outcome {
        let calls = self.calls();
        let id = calls.first().and_then(|call| call.message["order_id"].as_str()).unwrap_or_default();
        read(bench, id).await?.expect_code(code)
    }

    /// When the first call came.
    pub(super) fn call_began(&self) -> Option<Instant> {
        self.calls().first().map(|call| call.at)
    }

    /// Whether so many calls are given up in this time.
    pub(super) async fn gives_up(&self, count: usize, patience: Duration) -> bool {
        timeout(patience, self.warehouse.wait_for_given_up(count)).await.is_ok()
    }

    fn note(&mut self, who: Who, what: &str) {
        self.events.push((Instant::now(), who, what.to_owned()));
    }

    /// Passes if it holds; `what` says what should.
    pub(super) fn expect(&self, what: &str, holds: bool) -> Outcome {
        if holds { Ok(()) } else { Err(self.wrong(what)) }
    }

    /// Both ends aren't as was expected.
    pub(super) fn wrong(&self, expected: impl Into<String>) -> Failed {
        self.told(self.stream.wrong(expected))
    }

    /// Both ends, where there was one.
    fn told(&self, failed: Failed) -> Failed {
        let received = self.calls();
        let first = received.first().map(|call| &call.message);
        let shown = |(number, call): (usize, &Received)| match call.shown().split_once("\n{") {
            Some((head, _)) if number > 0 && Some(&call.message) == first => format!("{head}\n(the same message)"),
            _ => call.shown(),
        };
        let calls: Vec<_> = received.iter().enumerate().map(shown).collect();
        let to_the_warehouse = match calls.len() {
            0 => "(nothing came to the warehouse)".to_owned(),
            count => format!("(to the warehouse, {count} in all)\n{}", calls.join("\n")),
        };
        let answer = match failed.came_back.trim() {
            "" => "(and no answer yet)".to_owned(),
            answer => format!("(and the answer)\n{answer}"),
        };
        let meanwhile = if self.is_beside { "\n(while another order waits for the warehouse)" } else { "" };
        let sent = failed.sent + meanwhile;
        Failed { sent, came_back: format!("{to_the_warehouse}\n{answer}"), ladder: self.ladder(), ..failed }
    }

    /// Who did what when.
    pub(super) fn ladder(&self) -> Vec<Event> {
        self.warehouse.ladder(self.begin, &self.events)
    }
}
