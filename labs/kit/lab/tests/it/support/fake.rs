//! Servers that are none, or say what no server should.

use std::convert::Infallible;
use std::net::SocketAddr;

use http_body_util::StreamBody;
use hyper::body::{Bytes, Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use lab_proto::pb;
use prost::Message;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::mpsc;
use tonic::codegen::http::{HeaderMap, HeaderName, HeaderValue, Request, Response};

use super::{Lab, within};

/// An address at which nobody listens, and nobody will while it is held.
pub(crate) fn nobody() -> (TcpSocket, String) {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind("127.0.0.1:0".parse().expect("an address")).expect("a free port");
    let address = socket.local_addr().expect("bound").to_string();
    (socket, address)
}

/// A server for as long as the test's runtime lives.
pub(crate) struct Fake {
    address: SocketAddr,
    accepted: mpsc::UnboundedReceiver<()>,
}

impl Fake {
    async fn start<F: Future<Output = ()> + Send + 'static>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let (accepts, accepted) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream));
                let _ = accepts.send(());
            }
        });
        Self { address, accepted }
    }

    /// Accepts, and stays silent.
    pub(crate) async fn silent() -> Self {
        Self::start(|stream| async {
            let _open = stream;
            std::future::pending().await
        })
        .await
    }

    /// Answers every request with these bytes, and closes.
    pub(crate) async fn bytes(answer: impl Into<Vec<u8>>) -> Self {
        let answer = answer.into();
        Self::start(move |stream| answer_with(stream, answer.clone())).await
    }

    /// Answers every call of gRPC like this.
    pub(crate) async fn grpc(answer: GrpcAnswer) -> Self {
        let serve = move |stream| {
            let answer = answer.clone();
            async move {
                let service = service_fn(move |_: Request<Incoming>| {
                    let response = answer.clone().into_response();
                    async { Ok::<_, Infallible>(response) }
                });
                let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
                let _ = server.serve_connection(TokioIo::new(stream), service).await;
            }
        };
        Self::start(serve).await
    }

    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    /// Waits until somebody has connected.
    pub(crate) async fn accepted(&mut self) {
        within("a connection", self.accepted.recv()).await.expect("it listens");
    }
}

/// Reads a whole request first: a server that closes with bytes unread resets the connection.
async fn answer_with(mut stream: TcpStream, answer: Vec<u8>) {
    let mut request = Vec::new();
    let (mut head, mut body) = (None, 0);
    while head.is_none_or(|end| request.len() < end + body) {
        match stream.read_buf(&mut request).await {
            Ok(read) if read > 0 => {}
            _ => break,
        }
        let text = String::from_utf8_lossy(&request);
        head = text.find("\r\n\r\n").map(|end| end + 4);
        let length = text.lines().find_map(|line| line.strip_prefix("content-length: "));
        body = length.map_or(0, |length| length.trim().parse().expect("a number"));
    }
    let _ = stream.write_all(&answer).await;
    let _ = stream.shutdown().await;
    // Until the client has closed too.
    while stream.read_buf(&mut request).await.is_ok_and(|read| read > 0) {}
}

/// An answer of a gRPC server, wrong wherever a test wants it.
#[derive(Clone)]
pub(crate) struct GrpcAnswer {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) data: Vec<u8>,
    /// `None`: the stream is reset after the data.
    pub(crate) trailers: Option<Vec<(&'static str, String)>>,
}

impl GrpcAnswer {
    /// These messages, and OK.
    pub(crate) fn ok(messages: &[Vec<u8>]) -> Self {
        let mut data = Vec::new();
        for message in messages {
            data.push(0);
            data.extend((message.len() as u32).to_be_bytes());
            data.extend(message);
        }
        let trailers = Some(vec![("grpc-status", "0".to_owned())]);
        Self { status: 200, content_type: "application/grpc", data, trailers }
    }

    fn into_response(
        self,
    ) -> Response<StreamBody<impl tokio_stream::Stream<Item = Result<Frame<Bytes>, std::io::Error>>>> {
        let data = Ok(Frame::data(Bytes::from(self.data)));
        let end = match self.trailers {
            None => Err(std::io::Error::other("cut")),
            Some(trailers) => {
                let pair = |(name, value): (&str, String)| {
                    let name = HeaderName::from_bytes(name.as_bytes()).expect("a name");
                    (name, HeaderValue::try_from(value).expect("a value"))
                };
                Ok(Frame::trailers(trailers.into_iter().map(pair).collect::<HeaderMap>()))
            }
        };
        let response = Response::builder().status(self.status).header("content-type", self.content_type);
        response.body(StreamBody::new(tokio_stream::iter([data, end]))).expect("an answer")
    }
}

/// An HTTP answer with a body of this type and length.
pub(crate) fn http(status: &str, content_type: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n\r\n{body}")
}

/// What a server that can't be trusted says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// A page for people, as a proxy would send it.
    Html,
    /// The same with an error's status.
    HtmlError,
    /// The right type, and something else in it.
    AnotherContent,
    /// The right content, under another type.
    AnotherType,
    /// Less than was promised.
    CutShort,
    /// The connection closes.
    Nothing,
}

impl Wrong {
    pub(crate) async fn start(self, lab: Lab) -> Fake {
        let page = "<html>src/main.rs</html>";
        let order = pb::GetOrderResponse { order: Some(an_order("USER14")) }.encode_to_vec();
        let right = GrpcAnswer::ok(&[order]);
        match (self, lab) {
            (Self::Html, Lab::Rest) => Fake::bytes(http("200 OK", "text/html", page)).await,
            (Self::HtmlError, Lab::Rest) => Fake::bytes(http("502 Bad Gateway", "text/html", page)).await,
            (Self::AnotherContent, Lab::Rest) => Fake::bytes(http("200 OK", "application/json", r#"{"id":1}"#)).await,
            (Self::AnotherType, Lab::Rest) => Fake::bytes(http("200 OK", "text/plain", &json_order("USER14"))).await,
            (Self::CutShort, Lab::Rest) => {
                let whole = http("200 OK", "application/json", &json_order("USER14"));
                Fake::bytes(&whole[..whole.len() - 20]).await
            }
            (Self::Html | Self::HtmlError, Lab::Grpc) => {
                let status = if self == Self::Html { 200 } else { 502 };
                let answer =
                    GrpcAnswer { status, content_type: "text/html", data: page.into(), trailers: Some(vec![]) };
                Fake::grpc(answer).await
            }
            (Self::AnotherContent, Lab::Grpc) => Fake::grpc(GrpcAnswer::ok(&[vec![0xff; 9]])).await,
            (Self::AnotherType, Lab::Grpc) => {
                Fake::grpc(GrpcAnswer { content_type: "application/json", ..right }).await
            }
            (Self::CutShort, Lab::Grpc) => {
                let data = right.data[..right.data.len() - 20].to_vec();
                Fake::grpc(GrpcAnswer { data, trailers: None, ..right }).await
            }
            (Self::Nothing, _) => Fake::bytes("").await,
        }
    }
}

const ID: &str = "0198c5a2-7d1e-7c3b-9a55-3f0b7d6c1e24";

/// An order that a server might send, by whomever.
pub(crate) fn an_order(created_by: &str) -> pb::Order {
    pb::Order {
        id: ID.to_owned(),
        created_by: created_by.to_owned(),
        status: pb::OrderStatus::Queued.into(),
        equipment: vec![pb::Equipment::Mouse.into()],
        created_at: Some(Default::default()),
        version: 1,
        etag: "\"1\"".to_owned(),
    }
}

/// The same in JSON.
pub(crate) fn json_order(created_by: &str) -> String {
    let order = serde_json::json!({
        "id": ID, "created_by": created_by, "status": "QUEUED", "equipment": ["MOUSE"],
        "created_at": "1970-01-01T00:00:00.000Z", "version": 1,
    });
    order.to_string()
}
