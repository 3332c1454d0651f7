//! One order, seen over both transports: the servers share a database.

use lab_proto::pb;
use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::{Lab, Server, ask, client, get, spawn_client};

/// Both servers on one database: the one that acts, and the one that looks.
async fn pair(acts: Lab) -> (Server, Server) {
    let other = if acts == Lab::Rest { Lab::Grpc } else { Lab::Rest };
    let acts = Server::start(acts).await;
    let looks = Server::on(other, acts.database()).await;
    (acts, looks)
}

fn id(order: &Value) -> &str {
    order["id"].as_str().expect("an id")
}

async fn get_json(server: &Server, order: &Value) -> String {
    client(server, &["get", "--json", id(order)]).await.expect(0).stdout
}

#[rstest]
#[tokio::test]
async fn what_one_places_the_other_shows_to_the_letter(
    #[values(Lab::Rest, Lab::Grpc)] lab: Lab,
    #[values("USER14", "😀 שלום \u{202e}\"\\")] created_by: &str,
) {
    let (acts, looks) = pair(lab).await;
    let order = acts.create(created_by, &["WEBCAM", "MOUSE", "WEBCAM"]).await;
    assert_eq!(get_json(&acts, &order).await, get_json(&looks, &order).await);
    let lists = [client(&acts, &["list", "--json"]).await, client(&looks, &["list", "--json"]).await];
    assert_eq!(lists[0].stdout, lists[1].stdout);
    assert_eq!(lists[0].json(), order);
    for form in [&["get", id(&order)][..], &["list"]] {
        assert_eq!(client(&acts, form).await.stdout, client(&looks, form).await.stdout);
    }
}

#[tokio::test]
async fn an_etag_is_the_same_bytes_over_both() {
    let (rest, grpc) = pair(Lab::Rest).await;
    let order = rest.create("USER14", &["MOUSE"]).await;
    let path = format!("/v1/orders/{}", id(&order));
    let first = get(&grpc, id(&order)).await;
    assert_eq!(rest.get(&path).await.header("etag"), Some(&*first.etag));
    // Changed over gRPC under REST's etag, and the other way.
    let request = pb::UpdateOrderRequest { id: first.id, equipment: vec![1], etag: first.etag.clone() };
    grpc.orders().await.update_order(request).await.expect("it matches");
    let update = |etag: String| {
        let request = rest.request(Method::PUT, &path).header("if-match", etag);
        ask(request.json(&json!({ "equipment": ["WEBCAM"] })))
    };
    update(first.etag).await.problem(412, "urn:lab:problem:version_mismatch");
    let second = get(&grpc, id(&order)).await;
    let updated = update(second.etag).await;
    assert_eq!((updated.status.as_u16(), updated.header("etag")), (200, Some("\"3\"")));
    assert_eq!(get(&grpc, id(&order)).await.etag, "\"3\"");
}

#[rstest]
#[tokio::test]
async fn what_one_does_the_other_watches(#[values(Lab::Rest, Lab::Grpc)] lab: Lab) {
    let (acts, looks) = pair(lab).await;
    // From the oldest, so that it doesn't matter when the watch begins.
    let watch = ["watch", "--position", "0", "--count", "3", "--json"];
    let watching = spawn_client(&looks, &watch);
    let created = acts.create("USER14", &["MOUSE"]).await;
    let update = ["update", id(&created), "--equipment", "WEBCAM", "--version", "1", "--json"];
    let updated = client(&acts, &update).await.expect(0).json();
    client(&acts, &["delete", id(&created)]).await.expect(0);
    let watched = watching.end().await.expect(0);
    let changes = watched.json_lines();
    let kinds: Vec<_> = changes.iter().map(|change| (&change["kind"], &change["order"])).collect();
    assert_eq!(kinds, [(&json!("created"), &created), (&json!("updated"), &updated), (&json!("deleted"), &updated)]);
    // Positions are the database's own: what one watch was told, another goes on from.
    let own = client(&acts, &watch).await.expect(0);
    assert_eq!(own.stdout, watched.stdout);
    let position = changes[0]["position"].as_str().expect("text");
    let resumed = client(&acts, &["watch", "--position", position, "--count", "2", "--json"]).await.expect(0);
    assert_eq!(resumed.json_lines(), changes[1..]);
}

#[tokio::test]
async fn a_page_goes_on_over_the_other() {
    let (rest, grpc) = pair(Lab::Rest).await;
    let (first, second) = (rest.create("A", &["MOUSE"]).await, rest.create("B", &["MOUSE"]).await);
    let page = rest.get("/v1/orders?page_size=1").await.json();
    assert_eq!(page["orders"], json!([first]));
    let token = page["next_page_token"].as_str().expect("a token").to_owned();
    let request = pb::ListOrdersRequest { page_size: 1, page_token: token, status: 0 };
    let next = grpc.orders().await.list_orders(request).await.expect("the token is good").into_inner();
    assert_eq!(next.orders.iter().map(|order| &*order.id).collect::<Vec<_>>(), [id(&second)]);
}
