//! hyper's HTTP/1.1 and nothing else: no routes, no store, no limits, no logs.

use std::convert::Infallible;

use anyhow::Result;
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

/// What it says to everybody, with status 200. hyper adds `content-length` and `date`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Answer {
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    /// Parsed once, so that an answer costs a copy of pointers.
    pub(super) fn parse(self) -> Result<Response<Full<Bytes>>> {
        let mut response = Response::new(Full::new(Bytes::from(self.body)));
        for (name, value) in self.headers {
            response.headers_mut().append(HeaderName::try_from(name)?, HeaderValue::try_from(value)?);
        }
        Ok(response)
    }
}

pub(super) async fn run(listener: TcpListener, answer: Response<Full<Bytes>>) {
    serve(listener, move |_| {
        let answer = answer.clone();
        async { answer }
    })
    .await;
}

/// Serves with `handler` until the process ends.
pub(super) async fn serve<H, F>(listener: TcpListener, handler: H)
where
    H: Fn(Request<Incoming>) -> F + Clone + Send + 'static,
    F: Future<Output = Response<Full<Bytes>>> + Send,
{
    // An error of `accept` ends the server, and so the run that wanted to measure it.
    while let Ok((stream, _)) = listener.accept().await {
        let handler = handler.clone();
        tokio::spawn(async move {
            let _ = stream.set_nodelay(true);
            let service = service_fn(move |request| {
                let answer = handler(request);
                async { Ok::<_, Infallible>(answer.await) }
            });
            // A failed connection shows at its other end.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}
