//! What is sent in rest/05 that is to be refused, of each kind.

use http::Method;
use http::header::ACCEPT;
use serde_json::json;

use super::requests::{ORDERS, order, post, with_many_faults, with_one_fault};
use crate::bench::Bench;
use crate::http::{Request, get, request};

const FORM: &str = "application/x-www-form-urlencoded";

/// Bodies that aren't JSON.
pub(super) fn broken(bench: &Bench) -> Vec<String> {
    let good = order(bench).to_string();
    vec![
        good[..good.len() - 1].to_owned(),
        bench.word(),
        String::new(),
        " \n".to_owned(),
        good.replace(":17", ":17,"),
        good.replace(":17", ":017"),
        good.replace(":17", ":17 /* a desk */"),
        good.replace("\"desk\"", "desk"),
        good.replace("MOUSE", "MOU\nSE"),
        format!("{good},"),
        format!("{good} null"),
        format!("{good} {}", bench.word()),
        format!("{good}{good}"),
        // What ends an object or a list ends nothing here: some readers that go on value by value miss it.
        format!("{good}}}"),
        format!("{good}]"),
        // Right in Python and JavaScript.
        good.replace('"', "'"),
    ]
}

/// Bodies of another kind.
pub(super) fn foreign(bench: &Bench) -> Vec<Request> {
    let form = format!("created_by={}&equipment=MOUSE&desk=17", bench.word());
    let good = order(bench).to_string();
    // The last one is JSON texts with a separator of their own (RFC 7464).
    let kinds = ["text/plain", "application/xml", "text/json", "application/json-seq"];
    let others = kinds.map(|kind| (kind, good.clone()));
    // What stands in it, nobody looks at; nor at what is said beside the type.
    let more = [
        ("text/plain; was=application/json", good.clone()),
        ("text/plain; charset=utf-8", bench.word()),
        ("text/xml", format!("<order>{}</order>", bench.word())),
        ("text/html", String::new()),
        ("application/yaml", format!("created_by: {}\n", bench.word())),
        ("application/soap+xml", format!("<order>{}</order>", bench.word())),
        ("multipart/form-data; boundary=b", "--b\r\n\r\n\r\n--b--\r\n".to_owned()),
        ("application/octet-stream", "{}".to_owned()),
    ];
    [(FORM, form), (FORM, good)]
        .into_iter()
        .chain(others)
        .chain(more)
        .map(|(kind, body)| request(Method::POST, ORDERS).body(kind, body))
        .collect()
}

pub(super) fn elsewhere(bench: &Bench) -> Vec<Request> {
    let (order, word) = (order(bench), bench.word());
    // Also what begins or ends with the path that is there.
    let paths = ["/v1/_", "/v1/orders_", "/v1/orders/_", "/_/v1/orders", "/orders", "/v2/orders", "/"];
    let path = |path: &str| path.replace('_', &word);
    let posts = paths.iter().map(|known| request(Method::POST, &path(known)).json(&order));
    let gets = ["/_", "/v1/_", "/v1/orders/_", "/v1/orders/17", "/", "/health"].map(|known| get(&path(known)));
    // Nothing else is looked at where nothing is.
    let there = path("/v1/orders/_");
    let others = [
        request(Method::POST, &path("/v1/_")).body(FORM, format!("created_by={word}")),
        request(Method::POST, &there).body("application/json", word.clone()),
        request(Method::POST, &there).json(&json!({})),
        request(Method::DELETE, &there),
        request(Method::PUT, &there).json(&order),
        request(Method::PATCH, &path("/_")).json(&order),
    ];
    gets.into_iter().chain(posts).chain(others).collect()
}

pub(super) fn other_methods(bench: &Bench) -> Vec<Request> {
    let methods = [Method::DELETE, Method::PUT, Method::PATCH];
    let bare = methods.clone().map(|method| request(method, ORDERS));
    let [delete, put, patch] = methods.map(|method| request(method, ORDERS));
    // Whatever they bring.
    let full = [delete.json(&order(bench)), put.json(&order(bench)), patch.body(FORM, bench.word())];
    bare.into_iter().chain(full).collect()
}

/// One of each kind of refusal, and for the wrong orders all.
pub(super) fn refused(bench: &Bench) -> Vec<Request> {
    let broken = broken(bench).into_iter().map(|body| request(Method::POST, ORDERS).body("application/json", body));
    let wrong = with_one_fault(bench).into_iter().map(|(order, _)| post(&order));
    let many = with_many_faults(bench).into_iter().map(|(order, _)| post(&order));
    let mut all = elsewhere(bench);
    all.extend(other_methods(bench));
    all.extend(foreign(bench));
    let all = all.into_iter().chain(broken).chain(wrong).chain(many);
    // Whatever somebody would rather have, problems are of one type.
    let wishes = ["text/html,*/*;q=0.8", "application/json", "*/*"];
    all.zip(wishes.iter().cycle()).map(|(request, wish)| request.header(ACCEPT, *wish)).collect()
}
