use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::routing::{get, post};
use axum::{Extension, Router};
use tracing::{Level, warn};

use crate::TraceId;
use crate::observe::observe;

const ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("not poisoned").write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Asks with these `traceparent`s; the answer's trace id, the handler's, and the log.
async fn ask(level: Level, method: &str, path: &str, traceparents: &[&str]) -> (String, String, String) {
    let seen = Arc::new(Mutex::new(String::new()));
    let handler = {
        let seen = seen.clone();
        async move |Extension(id): Extension<TraceId>| {
            *seen.lock().expect("not poisoned") = id.to_string();
            warn!("inside");
        }
    };
    let app = Router::new()
        .route("/", get(handler.clone()).post(handler))
        .route("/fails", get(async || StatusCode::INTERNAL_SERVER_ERROR))
        .route("/rpc", post(async || [("grpc-status", "14")]))
        .route("/orders.v1.OrderService/{call}", post(async || [("grpc-status", "0")]));

    let log = Log::default();
    let writer = log.clone();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(level).with_ansi(false).with_writer(move || writer.clone()).finish();
    let mut request = Request::builder().method(method).uri(path);
    for value in traceparents {
        request = request.header("traceparent", *value);
    }
    let request = request.body(Body::empty()).expect("a request");
    let _guard = tracing::subscriber::set_default(subscriber);
    let answer = observe(request, app).await.expect("an answer");

    let returned = TraceId::parse(&answer.headers()["traceparent"]).expect("a valid header").to_string();
    let log = String::from_utf8(log.0.lock().expect("not poisoned").clone()).expect("text");
    let seen = seen.lock().expect("not poisoned").clone();
    (returned, seen, log)
}

#[tokio::test]
async fn the_trace_id_reaches_handler_answer_and_every_line() {
    let (returned, seen, log) = ask(Level::INFO, "POST", "/", &[&format!("00-{ID}-00f067aa0ba902b7-01")]).await;
    assert_eq!((returned.as_str(), seen.as_str()), (ID, ID));
    assert_eq!(log.lines().count(), 2, "{log}");
    assert!(log.lines().all(|line| line.contains(ID)), "{log}");
    assert!(log.contains("inside") && log.contains("status=200"), "{log}");
}

#[tokio::test]
async fn an_invalid_traceparent_or_two_start_a_new_trace() {
    let valid = format!("00-{ID}-00f067aa0ba902b7-01");
    let zero = format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32));
    for traceparents in [vec![], vec![zero.as_str()], vec!["x"], vec![valid.as_str(), valid.as_str()]] {
        let (returned, seen, _) = ask(Level::INFO, "GET", "/", &traceparents).await;
        assert_eq!(returned, seen);
        assert_ne!(returned, ID);
    }
}

#[tokio::test]
async fn what_only_reads_is_logged_at_debug_and_what_fails_at_warn() {
    let (_, _, log) = ask(Level::INFO, "GET", "/", &[]).await;
    assert!(!log.contains("answered"), "{log}");
    let (_, _, log) = ask(Level::DEBUG, "GET", "/", &[]).await;
    assert!(log.contains("DEBUG") && log.contains("answered"), "{log}");
    let (id, _, log) = ask(Level::WARN, "GET", "/fails", &[]).await;
    assert!(log.contains("WARN") && log.contains("status=500") && log.contains(&id), "{log}");
    let (_, _, log) = ask(Level::WARN, "POST", "/rpc", &[]).await;
    assert!(log.contains("WARN") && log.contains("grpc_status=\"14\""), "{log}");
}

#[tokio::test]
async fn a_call_of_grpc_reads_when_its_name_says_so() {
    for (call, logged) in [("GetOrder", 0), ("ListOrders", 0), ("CreateOrder", 1), ("WatchOrders", 1), ("target", 1)] {
        let (_, _, log) = ask(Level::INFO, "POST", &format!("/orders.v1.OrderService/{call}"), &[]).await;
        assert_eq!(log.lines().count(), logged, "{call}: {log}");
    }
}

#[tokio::test]
async fn the_path_is_logged_cut_escaped_and_without_the_query() {
    let path = format!("/%0a\u{9b}{}?secret=1", "é".repeat(2000));
    let (_, _, log) = ask(Level::INFO, "POST", &path, &[]).await;
    assert!(log.contains("path=\"/%0a\\u{9b}é"), "{log}");
    assert!(log.len() < 600 && !log.contains("secret") && log.lines().count() == 1, "{log}");
}
