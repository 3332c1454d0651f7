//! One client for both wires, for tests in which the wire makes no difference.

use std::collections::HashMap;
use std::time::Duration;

use lab_proto::pb::order_service_client::OrderServiceClient;
use lab_proto::pb::{self, WatchOrdersResponse};
use reqwest::header::{CONTENT_TYPE, ETAG, IF_MATCH, LOCATION, RETRY_AFTER};
use reqwest::{RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status, Streaming};
use tonic_types::StatusExt;

use crate::support::{Lab, Server, within};

/// An order as far as these tests look at it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Seen {
    pub(crate) id: String,
    pub(crate) version: i64,
}

/// Why there is no order.
#[derive(Debug)]
#[expect(dead_code, reason = "the texts are for who reads why a test has failed")]
pub(crate) enum Refused {
    /// 503 or UNAVAILABLE, and whether it said when to come back.
    Unavailable { retry_after: Option<Duration>, text: String },
    /// Another answer.
    Other(String),
    /// No answer: the connection ended.
    Lost(String),
}

pub(crate) type Answer<T> = Result<T, Refused>;

#[derive(Clone)]
pub(crate) enum Client {
    Rest(reqwest::Client, String),
    Grpc(OrderServiceClient<Channel>),
}

impl Client {
    /// Connects at the first call.
    pub(crate) fn of(server: &Server) -> Self {
        match server.lab {
            Lab::Rest => {
                let client = reqwest::Client::builder().no_proxy().tcp_nodelay(true).build();
                Self::Rest(client.expect("a client"), format!("http://{}", server.address))
            }
            Lab::Grpc => Self::grpc(endpoint(server)),
        }
    }

    fn grpc(endpoint: Endpoint) -> Self {
        Self::Grpc(OrderServiceClient::new(endpoint.connect_lazy()).max_decoding_message_size(16 << 20))
    }

    pub(crate) async fn create(&self) -> Answer<Seen> {
        match self {
            Self::Rest(client, base) => {
                let body = json!({ "created_by": "USER14", "equipment": ["KEYBOARD"] });
                let answer = send(client.post(format!("{base}/v1/orders")).json(&body), StatusCode::CREATED).await?;
                let location = answer.headers()[LOCATION].to_str().expect("text").to_owned();
                drop(answer.bytes().await.map_err(lost)?);
                let id = location.rsplit('/').next().expect("a path").to_owned();
                Ok(Seen { id, version: 1 })
            }
            Self::Grpc(client) => {
                let request = pb::CreateOrderRequest { created_by: "USER14".into(), equipment: vec![1] };
                let answer = client.clone().create_order(request).await.map_err(refused)?;
                Ok(answer.into_inner().order.expect("an order").into())
            }
        }
    }

    pub(crate) async fn get(&self, id: &str) -> Answer<Seen> {
        match self {
            Self::Rest(client, base) => {
                let answer = send(client.get(format!("{base}/v1/orders/{id}")), StatusCode::OK).await?;
                seen(answer, id).await
            }
            Self::Grpc(client) => {
                let answer = client.clone().get_order(pb::GetOrderRequest { id: id.into() }).await.map_err(refused)?;
                Ok(answer.into_inner().order.expect("an order").into())
            }
        }
    }

    pub(crate) async fn update(&self, order: &Seen) -> Answer<Seen> {
        match self {
            Self::Rest(client, base) => {
                let request = client.put(format!("{base}/v1/orders/{}", order.id));
                let request = request.json(&json!({ "equipment": ["MOUSE"] }));
                let request = request.header(IF_MATCH, format!("\"{}\"", order.version));
                seen(send(request, StatusCode::OK).await?, &order.id).await
            }
            Self::Grpc(client) => {
                let etag = format!("\"{}\"", order.version);
                let request = pb::UpdateOrderRequest { id: order.id.clone(), equipment: vec![2], etag };
                let answer = client.clone().update_order(request).await.map_err(refused)?;
                Ok(answer.into_inner().order.expect("an order").into())
            }
        }
    }

    pub(crate) async fn delete(&self, id: &str) -> Answer<()> {
        match self {
            Self::Rest(client, base) => {
                let request = client.delete(format!("{base}/v1/orders/{id}"));
                send(request, StatusCode::NO_CONTENT).await.map(drop)
            }
            Self::Grpc(client) => {
                let request = pb::DeleteOrderRequest { id: id.into(), etag: String::new() };
                client.clone().delete_order(request).await.map(drop).map_err(refused)
            }
        }
    }

    /// Every order with this status, or with any; all pages.
    pub(crate) async fn list(&self, status: Option<pb::OrderStatus>) -> Answer<HashMap<String, i64>> {
        let (mut orders, mut token) = (HashMap::new(), String::new());
        loop {
            let (page, next) = self.page(status, token).await?;
            orders.extend(page.into_iter().map(|order| (order.id, order.version)));
            if next.is_empty() {
                return Ok(orders);
            }
            token = next;
        }
    }

    async fn page(&self, status: Option<pb::OrderStatus>, token: String) -> Answer<(Vec<Seen>, String)> {
        match self {
            Self::Rest(client, base) => {
                let status = status.map(|status| status.as_str_name().trim_start_matches("ORDER_STATUS_"));
                let status = status.map(|name| format!("&status={name}")).unwrap_or_default();
                let token = if token.is_empty() { token } else { format!("&page_token={token}") };
                let request = client.get(format!("{base}/v1/orders?page_size=1000{status}{token}"));
                let page: Value = send(request, StatusCode::OK).await?.json().await.map_err(lost)?;
                let orders = page["orders"].as_array().expect("orders").iter();
                let orders = orders.map(|order| Seen { id: text(&order["id"]), version: version(order) });
                Ok((orders.collect(), page["next_page_token"].as_str().unwrap_or_default().to_owned()))
            }
            Self::Grpc(client) => {
                let status = status.unwrap_or_default().into();
                let request = pb::ListOrdersRequest { page_size: 1_000, page_token: token, status };
                let page = client.clone().list_orders(request).await.map_err(refused)?.into_inner();
                Ok((page.orders.into_iter().map(Seen::from).collect(), page.next_page_token))
            }
        }
    }

    /// Places so many orders in one request; each has as much text as an order may have.
    pub(crate) async fn import(&self, count: usize) -> Answer<()> {
        let (created_by, equipment) = ("x".repeat(64), vec![1; 20]);
        match self {
            Self::Rest(client, base) => {
                let line = json!({ "created_by": created_by, "equipment": vec!["KEYBOARD"; 20] }).to_string() + "\n";
                let request = client.post(format!("{base}/v1/orders/import")).body(line.repeat(count));
                let request = request.header(CONTENT_TYPE, "application/x-ndjson");
                let answer = send(request, StatusCode::OK).await?.text().await.map_err(lost)?;
                assert_eq!(answer.lines().count(), count + 1);
                assert!(answer.ends_with(&format!("{{\"summary\":{{\"created\":{count},\"refused\":0}}}}\n")));
            }
            Self::Grpc(client) => {
                let request = pb::ImportOrdersRequest { created_by, equipment };
                let requests = tokio_stream::iter(std::iter::repeat_n(request, count));
                let answer = client.clone().import_orders(requests).await.map_err(refused)?.into_inner();
                assert_eq!((answer.created as usize, answer.refused), (count, 0));
            }
        }
        Ok(())
    }

    /// Watches from a position; "" is from now, "0" from the oldest.
    pub(crate) async fn watch(&self, position: &str) -> Answer<Watching> {
        match self {
            Self::Rest(client, base) => {
                let mut request = client.get(format!("{base}/v1/orders/events"));
                if !position.is_empty() {
                    request = request.header("last-event-id", position);
                }
                let answer = send(request, StatusCode::OK).await?;
                let mut watching = Watching { source: Source::Rest(answer, Vec::new()), position: String::new() };
                watching.next().await?;
                Ok(watching)
            }
            Self::Grpc(client) => {
                let request = pb::WatchOrdersRequest { position: position.to_owned() };
                let mut stream = client.clone().watch_orders(request).await.map_err(refused)?.into_inner();
                let first = stream.message().await.map_err(refused)?.expect("the position comes first");
                Ok(Watching { source: Source::Grpc(stream), position: first.position })
            }
        }
    }
}

/// A watch, from this side.
pub(crate) struct Watching {
    source: Source,
    /// Where it is: the last that came.
    pub(crate) position: String,
}

enum Source {
    Rest(Response, Vec<u8>),
    /// HTTP/1.0, whose body is not in chunks.
    Raw(TcpStream, Vec<u8>),
    Grpc(Streaming<WatchOrdersResponse>),
}

impl Watching {
    /// A watch that isn't read for now, with so little room that the server notices soon.
    pub(crate) async fn frozen(server: &Server) -> Self {
        if server.lab == Lab::Grpc {
            let endpoint = endpoint(server).initial_stream_window_size(65_535).initial_connection_window_size(65_535);
            return Client::grpc(endpoint).watch("").await.expect("a watch");
        }
        // No client stands between the socket and the test, and would read ahead.
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(16_384).expect("a size");
        let mut stream = socket.connect(server.address).await.expect("it listens");
        stream.write_all(b"GET /v1/orders/events HTTP/1.0\r\n\r\n").await.expect("sent");
        let mut watching = Self { source: Source::Raw(stream, Vec::new()), position: String::new() };
        watching.change().await;
        watching
    }

    /// The order of the next change; `None` when the server has ended the watch as it should:
    /// the last chunk over HTTP/1.1, trailers with OK over gRPC.
    pub(crate) async fn next(&mut self) -> Answer<Option<Seen>> {
        loop {
            let (buffer, more) = match &mut self.source {
                Source::Grpc(stream) => {
                    let Some(message) = stream.message().await.map_err(refused)? else { return Ok(None) };
                    self.position = message.position;
                    return Ok(message.order.map(Seen::from));
                }
                Source::Rest(_, buffer) | Source::Raw(_, buffer) if has_event(buffer) => {
                    let event = take_event(buffer);
                    let field = |name| event.lines().find_map(|line| line.strip_prefix(name));
                    // A comment alone is no event.
                    let (Some(id), Some(data)) = (field("id: "), field("data: ")) else { continue };
                    id.clone_into(&mut self.position);
                    return Ok(Some(Seen { id: between(data, "\"id\":\"", '"'), version: version_in(data) }));
                }
                Source::Rest(answer, buffer) => (buffer, answer.chunk().await.map_err(lost)?),
                Source::Raw(stream, buffer) => {
                    let mut bytes = [0; 16_384];
                    let read = stream.read(&mut bytes).await.map_err(|error| Refused::Lost(error.to_string()))?;
                    (buffer, (read > 0).then(|| bytes[..read].to_vec().into()))
                }
            };
            let Some(more) = more else { return Ok(None) };
            buffer.extend_from_slice(&more);
        }
    }

    pub(crate) async fn change(&mut self) -> Seen {
        within("a change", self.next()).await.expect("no failure").expect("no end")
    }

    /// The next so many changes.
    pub(crate) async fn changes(&mut self, count: usize) -> Vec<Seen> {
        let mut changes = Vec::with_capacity(count);
        while changes.len() < count {
            changes.push(self.change().await);
        }
        changes
    }
}

fn endpoint(server: &Server) -> Endpoint {
    Endpoint::from_shared(format!("http://{}", server.address)).expect("an address")
}

impl From<pb::Order> for Seen {
    fn from(order: pb::Order) -> Self {
        Self { id: order.id, version: order.version as i64 }
    }
}

async fn send(request: RequestBuilder, due: StatusCode) -> Answer<Response> {
    let answer = request.send().await.map_err(lost)?;
    let status = answer.status();
    if status == due {
        return Ok(answer);
    }
    let retry_after = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    let text = format!("{status}: {}", answer.text().await.map_err(lost)?);
    Err(match status {
        StatusCode::SERVICE_UNAVAILABLE => {
            Refused::Unavailable { retry_after: retry_after.map(Duration::from_secs), text }
        }
        _ => Refused::Other(text),
    })
}

async fn seen(answer: Response, id: &str) -> Answer<Seen> {
    let tag = answer.headers()[ETAG].to_str().expect("text").trim_matches('"').to_owned();
    drop(answer.bytes().await.map_err(lost)?);
    Ok(Seen { id: id.to_owned(), version: tag.parse().expect("a version") })
}

fn lost(error: reqwest::Error) -> Refused {
    Refused::Lost(format!("{error:?}"))
}

fn refused(status: Status) -> Refused {
    // A status that has a source was made on this side.
    if std::error::Error::source(&status).is_some() {
        return Refused::Lost(format!("{status:?}"));
    }
    let text = format!("{:?}: {}", status.code(), status.message());
    match status.code() {
        Code::Unavailable => {
            let info = status.get_error_details().retry_info().cloned();
            Refused::Unavailable { retry_after: info.and_then(|info| info.retry_delay), text }
        }
        _ => Refused::Other(text),
    }
}

fn has_event(buffer: &[u8]) -> bool {
    buffer.windows(2).any(|pair| pair == b"\n\n")
}

fn take_event(buffer: &mut Vec<u8>) -> String {
    let end = buffer.windows(2).position(|pair| pair == b"\n\n").map_or(0, |at| at + 2);
    String::from_utf8(buffer.drain(..end).collect()).expect("UTF-8")
}

/// Events are taken apart by hand: there are hundreds of thousands, in a debug build.
fn between(text: &str, before: &str, after: char) -> String {
    let value = text.split_once(before).and_then(|(_, rest)| rest.split_once(after));
    value.map(|(value, _)| value.to_owned()).unwrap_or_default()
}

fn version_in(data: &str) -> i64 {
    between(data, "\"version\":", '}').parse().unwrap_or_default()
}

fn text(value: &Value) -> String {
    value.as_str().expect("text").to_owned()
}

fn version(order: &Value) -> i64 {
    order["version"].as_i64().expect("a version")
}
