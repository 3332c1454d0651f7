//! The client: the same verbs from the other side.
//!
//! Each verb is one request, and its answer is believed only if status, content
//! type and length fit. A real client would also try again where that can do no
//! harm: a GET, or a PUT with `If-Match`.
//!
//! Run it: `cargo run -p lab-rest --bin client -- create --created-by USER14 --equipment KEYBOARD`.

use std::time::Duration;

use futures_util::TryStreamExt;
use lab_console::{
    CreateArgs, DeleteArgs, Failure, ImportArgs, Lines, ListArgs, Output, TimeoutArgs, UpdateArgs, Verb, WatchArgs,
    reason,
};
use lab_orders::Order;
use reqwest::header::{CONTENT_TYPE, IF_MATCH};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::json;
use tokio::time::timeout;

use crate::config::ClientArgs;
use crate::import::MOST_LINES;
use crate::wire::{self, EventReader, PageBody};

/// Carries out one verb, and prints what it gives.
pub async fn run(args: ClientArgs) -> Result<(), Failure> {
    let client = OrderClient::new(&args.server, args.timeout)?;
    let mut output = Output::new(args.output.json);
    match args.verb {
        Verb::Watch(watch) => client.watch_orders(watch, &mut output).await,
        verb => {
            let what_if_late = client.late(&verb);
            timeout(client.timeout, client.carry_out(verb, &mut output)).await.unwrap_or(Err(what_if_late))
        }
    }
}

/// A server, seen from here.
pub struct OrderClient {
    http: reqwest::Client,
    server: String,
    timeout: Duration,
}

impl OrderClient {
    /// Connects with the first request, not now.
    pub fn new(server: &str, args: TimeoutArgs) -> Result<Self, Failure> {
        // No proxy: the server is on this machine. No redirect: our server sends none.
        let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        let http = http.connect_timeout(args.to_connect()).build();
        let http = http.map_err(|error| Failure::missing(format!("can't set up HTTP: {error}")))?;
        Ok(Self { http, server: server.to_owned(), timeout: args.timeout })
    }

    async fn carry_out(&self, verb: Verb, output: &mut Output) -> Result<(), Failure> {
        match verb {
            Verb::Health => {
                self.check_health().await?;
                output.health()
            }
            Verb::Create(create) => output.order(&self.create_order(create).await?),
            Verb::Get(get) => output.order(&self.get_order(&get.id).await?),
            Verb::List(list) => self.list_orders(list, output).await,
            Verb::Update(update) => output.order(&self.update_order(update).await?),
            Verb::Delete(delete) => {
                self.delete_order(&delete).await?;
                output.deleted(&delete.id)
            }
            Verb::Watch(watch) => self.watch_orders(watch, output).await,
            Verb::Import(import) => self.import_orders(import, output).await,
        }
    }

    async fn check_health(&self) -> Result<(), Failure> {
        let answer: serde_json::Value = self.send(self.request(Method::GET, "/health")).await?;
        if answer["status"] == "ok" { Ok(()) } else { Err(Failure::unavailable("the server says that it is not well")) }
    }

    async fn create_order(&self, create: CreateArgs) -> Result<Order, Failure> {
        let body = json!({ "created_by": create.created_by, "equipment": create.equipment });
        self.send(self.request(Method::POST, "/v1/orders").json(&body)).await
    }

    async fn get_order(&self, id: &str) -> Result<Order, Failure> {
        self.send(self.request(Method::GET, &wire::order_path(id)?)).await
    }

    /// All pages, each printed when it is there.
    async fn list_orders(&self, list: ListArgs, output: &mut Output) -> Result<(), Failure> {
        let mut query = Vec::new();
        query.extend(list.status.map(|status| ("status", status.name().to_owned())));
        query.extend(list.page_size.map(|size| ("page_size", size.to_string())));
        let mut token = None;
        loop {
            let token_query = token.map(|token: String| ("page_token", token));
            let path = wire::list_path(query.iter().cloned().chain(token_query));
            let page: PageBody = self.send(self.request(Method::GET, &path)).await?;
            output.list_page(&page.orders)?;
            token = page.next_page_token;
            if token.is_none() {
                return output.list_end();
            }
        }
    }

    async fn update_order(&self, update: UpdateArgs) -> Result<Order, Failure> {
        let request = self.request(Method::PUT, &wire::order_path(&update.id)?);
        let request = request.header(IF_MATCH, format!("\"{}\"", update.version));
        self.send(request.json(&json!({ "equipment": update.equipment }))).await
    }

    async fn delete_order(&self, delete: &DeleteArgs) -> Result<(), Failure> {
        let mut request = self.request(Method::DELETE, &wire::order_path(&delete.id)?);
        if let Some(version) = delete.version {
            request = request.header(IF_MATCH, format!("\"{version}\""));
        }
        let answer = self.answer(request).await?;
        match answer.status() {
            StatusCode::NO_CONTENT => Ok(()),
            status => Err(self.not_an_answer(&format!("{status} where 204 was due"))),
        }
    }

    /// Changes as they come, until `count`, Ctrl-C or SIGTERM.
    async fn watch_orders(&self, watch: WatchArgs, output: &mut Output) -> Result<(), Failure> {
        let stop = lab_lifecycle::stop_signal().map_err(Failure::no_signals)?;
        let mut request = self.request(Method::GET, "/v1/orders/events");
        if let Some(position) = &watch.position {
            request = request.header("last-event-id", position);
        }
        let start = async {
            let answer = self.answer(request).await?;
            wire::require(&answer, StatusCode::OK, "text/event-stream").map_err(|wrong| self.not_an_answer(&wrong))?;
            let mut events = EventReader::new(answer);
            let first = events.next().await.map_err(|wrong| self.not_an_answer(&wrong))?;
            Ok((events, first))
        };
        let (mut events, mut event) = tokio::select! {
            () = stop.cancelled() => return Ok(()),
            started = timeout(self.timeout, start) => started.unwrap_or_else(|_| Err(self.silent()))?,
        };
        let (mut position, mut seen) = (watch.position.unwrap_or_default(), 0);
        loop {
            match event {
                Some(event) => {
                    if let Some((kind, order)) = event.change().map_err(|wrong| self.not_an_answer(&wrong))? {
                        output.change(&event.id, kind, &order)?;
                        seen += 1;
                    }
                    position = event.id;
                }
                None => {
                    return Err(Failure::unavailable(format!(
                        "the server ended the watch; go on with --position {position}"
                    )));
                }
            }
            if watch.count.is_some_and(|count| seen >= count) {
                return Ok(());
            }
            event = tokio::select! {
                () = stop.cancelled() => return Ok(()),
                next = events.next() => next.map_err(|wrong| self.not_an_answer(&wrong))?,
            };
        }
    }

    /// The file is read to its end first: when it can't be read, nothing is placed.
    async fn import_orders(&self, import: ImportArgs, output: &mut Output) -> Result<(), Failure> {
        let read = async {
            let mut lines = Lines::open(&import.file).await?;
            let (mut body, mut numbers, mut refused) = (Vec::new(), Vec::new(), Vec::new());
            // One line too many is enough for the server to refuse them all.
            while numbers.len() <= MOST_LINES
                && let Some(line) = lines.try_next().await?
            {
                match line.content {
                    Ok(text) => {
                        body.extend(text);
                        body.push(b'\n');
                        numbers.push(line.number);
                    }
                    Err(failure) => refused.push((line.number, failure)),
                }
            }
            Ok((body, numbers, refused))
        };
        let read = timeout(self.timeout, read).await.unwrap_or_else(|_| Err(self.no_input()));
        let (body, numbers, mut refused) = read?;
        let request = self.request(Method::POST, "/v1/orders/import").header(CONTENT_TYPE, wire::NDJSON);
        let answer = self.answer(request.body(body)).await?;
        wire::require(&answer, StatusCode::OK, wire::NDJSON).map_err(|wrong| self.not_an_answer(&wrong))?;
        let answer = wire::read_import(answer).await.map_err(|wrong| self.not_an_answer(&wrong))?;
        // The server counts the lines that it was sent; the file may have had others in between.
        let number = |line: usize| line.checked_sub(1).and_then(|at| numbers.get(at)).copied().unwrap_or_default();
        refused.extend(answer.refused.into_iter().map(|(line, problem)| (number(line), problem.into_failure())));
        refused.sort_by_key(|(number, _)| *number);
        for (number, failure) in &refused {
            output.import_refused(*number, &failure.code, &failure.message)?;
        }
        output.import_summary(answer.created, refused.len() as u64)
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("http://{}{path}", self.server))
    }

    /// Sends a request whose answer is a JSON document.
    async fn send<T: serde::de::DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, Failure> {
        let answer = self.answer(request).await?;
        wire::require(&answer, answer.status(), "application/json").map_err(|wrong| self.not_an_answer(&wrong))?;
        let body = wire::read_bounded(answer).await.map_err(|wrong| self.not_an_answer(&wrong))?;
        serde_json::from_slice(&body).map_err(|error| self.not_an_answer(&error.to_string()))
    }

    /// Sends a request; an answer that is not a success is a failure, in the server's own words.
    async fn answer(&self, request: RequestBuilder) -> Result<reqwest::Response, Failure> {
        let answer = match request.send().await {
            Ok(answer) => answer,
            Err(error) if error.is_connect() => {
                let why = if error.is_timeout() { "no answer in time".to_owned() } else { reason(&error) };
                return Err(self.unreachable(&why));
            }
            Err(error) if error.is_builder() => {
                return Err(Failure::usage(format!("this can't be sent: {}", reason(&error))));
            }
            Err(error) => return Err(self.not_an_answer(&reason(&error))),
        };
        if answer.status().is_success() {
            return Ok(answer);
        }
        Err(wire::read_problem(answer).await.unwrap_or_else(|wrong| self.not_an_answer(&wrong)))
    }

    fn unreachable(&self, why: &str) -> Failure {
        Failure::unreachable(format!(
            "no server answers on {} ({why}): start one with `cargo lab run rest-server`",
            self.server
        ))
    }

    fn not_an_answer(&self, what: &str) -> Failure {
        Failure::unavailable(format!(
            "{} gave no answer of this REST API ({what}): is it the address of the REST server?",
            self.server
        ))
    }

    fn silent(&self) -> Failure {
        Failure::unavailable(format!("{} did not answer within {:?}", self.server, self.timeout))
    }

    fn no_input(&self) -> Failure {
        Failure::missing(format!("the input did not end within {:?}; nothing was sent", self.timeout))
    }

    /// What a verb says when its time is over.
    fn late(&self, verb: &Verb) -> Failure {
        match verb {
            Verb::Health => Failure::unreachable(self.silent().message),
            Verb::Get(_) | Verb::List(_) | Verb::Watch(_) => self.silent(),
            _ => Failure::unavailable(format!(
                "{}: it may be done or not, look before you try again",
                self.silent().message
            )),
        }
    }
}
