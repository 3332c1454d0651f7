//! Watching: server-sent events (WHATWG HTML §9.2).

use reqwest::{Method, Response};
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::{Server, ask, client, within};

/// One event, as it stands in the stream.
#[derive(Debug, PartialEq)]
struct Event {
    id: String,
    name: String,
    data: Value,
}

/// Reads events; comments are passed over.
struct Events {
    answer: Response,
    text: String,
}

impl Events {
    async fn open(server: &Server, last_event_id: Option<&str>) -> Self {
        let request = server.request(Method::GET, "/v1/orders/events");
        let request = last_event_id.into_iter().fold(request, |request, id| request.header("last-event-id", id));
        let answer = within("the head of the events", request.send()).await.expect("an answer");
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        assert_eq!(answer.headers()["cache-control"], "no-cache");
        assert!(answer.headers().contains_key("traceparent"));
        Self { answer, text: String::new() }
    }

    async fn next(&mut self) -> Event {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).map(str::trim_start);
                if let Some(name) = field("event:") {
                    let data = field("data:").unwrap_or_else(|| panic!("no data: {block}"));
                    let data = serde_json::from_str(data).unwrap_or_else(|error| panic!("{error}: {block}"));
                    let id = field("id:").unwrap_or_else(|| panic!("no id: {block}")).to_owned();
                    return Event { id, name: name.to_owned(), data };
                }
                continue;
            }
            let chunk = within("an event", self.answer.chunk()).await.expect("it goes on");
            self.text += std::str::from_utf8(&chunk.expect("it goes on")).expect("UTF-8");
        }
    }
}

/// A position's epoch and its number in it.
fn parts(position: &str) -> (String, i64) {
    let (epoch, sequence) = position.split_once('-').expect("two parts");
    (epoch.to_owned(), sequence.parse().expect("a number"))
}

/// An order placed, changed and removed; how it was after each.
async fn life(server: &Server) -> [Value; 3] {
    let created = server.create("USER14", &["MOUSE"]).await;
    let id = created["id"].as_str().expect("text");
    let update = ["update", id, "--equipment", "WEBCAM", "--version", "1", "--json"];
    let updated = client(server, &update).await.expect(0).json();
    client(server, &["delete", id]).await.expect(0);
    [created, updated.clone(), updated]
}

#[tokio::test]
async fn first_comes_the_position_then_each_change_once_in_order() {
    let server = Server::rest().await;
    server.create("BEFORE", &["MOUSE"]).await;
    let mut events = Events::open(&server, None).await;
    let first = events.next().await;
    assert_eq!((&*first.name, &first.data), ("position", &json!({})));
    let (epoch, mut sequence) = parts(&first.id);
    for (name, order) in ["created", "updated", "deleted"].into_iter().zip(life(&server).await) {
        let event = events.next().await;
        assert_eq!((&*event.name, &event.data), (name, &order));
        let (same_epoch, later) = parts(&event.id);
        assert!(same_epoch == epoch && later > sequence, "{} after {sequence}", event.id);
        sequence = later;
    }
}

#[tokio::test]
async fn zero_is_from_the_oldest_and_a_position_from_after_it() {
    let server = Server::rest().await;
    let [created, updated, deleted] = life(&server).await;
    let mut events = Events::open(&server, Some("0")).await;
    assert_eq!(events.next().await.name, "position");
    let seen = [events.next().await, events.next().await, events.next().await];
    assert_eq!([&seen[0].data, &seen[1].data, &seen[2].data], [&created, &updated, &deleted]);

    let mut resumed = Events::open(&server, Some(&seen[0].id)).await;
    let first = resumed.next().await;
    assert_eq!((&*first.name, &first.id), ("position", &seen[0].id), "the position given is repeated");
    assert_eq!([resumed.next().await, resumed.next().await], seen[1..]);

    let mut at_the_end = Events::open(&server, Some(&seen[2].id)).await;
    assert_eq!(at_the_end.next().await.id, seen[2].id);
    let next = server.create("NEXT", &["MOUSE"]).await;
    assert_eq!(at_the_end.next().await.data, next);
}

#[tokio::test]
async fn a_watch_from_a_lists_position_misses_nothing_and_repeats_nothing() {
    let server = Server::rest().await;
    server.create("LISTED", &["MOUSE"]).await;
    let page = server.get("/v1/orders").await.json();
    let between = server.create("BETWEEN", &["MOUSE"]).await;
    let mut events = Events::open(&server, page["watch_position"].as_str()).await;
    assert_eq!(events.next().await.name, "position");
    assert_eq!(events.next().await.data, between);
}

#[rstest]
#[case::a_word("nonsense")]
#[case::a_number("17")]
#[case::negative("-1")]
#[case::half("0a1b2c3d-")]
#[tokio::test]
async fn a_position_that_is_none_is_400(#[case] position: &str) {
    let server = Server::rest().await;
    let request = server.request(Method::GET, "/v1/orders/events").header("last-event-id", position);
    assert_eq!(ask(request).await.problem(400, "urn:lab:problem:invalid"), ["Last-Event-ID"]);
}

#[tokio::test]
async fn a_position_of_the_future_is_400_and_one_of_another_database_410() {
    let (server, other) = (Server::rest().await, Server::rest().await);
    let here = Events::open(&server, None).await.next().await.id;
    let (epoch, sequence) = parts(&here);
    let there = Events::open(&other, None).await.next().await.id;
    let ask = async |position: &str| {
        ask(server.request(Method::GET, "/v1/orders/events").header("last-event-id", position)).await
    };
    let future = ask(&format!("{epoch}-{}", sequence + 1)).await;
    assert_eq!(future.problem(400, "urn:lab:problem:invalid"), ["Last-Event-ID"]);
    ask(&there).await.problem(410, "urn:lab:problem:position_gone");
}
