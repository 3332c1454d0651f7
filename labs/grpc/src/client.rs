//! The client: the same verbs from the other side.
//!
//! Each verb is one call. The deadline travels with it, so the server knows how
//! long anybody waits. A real client would also try again on UNAVAILABLE, within
//! the deadline.
//!
//! Run it: `cargo run -p lab-grpc --bin client -- create --created-by USER14 --equipment KEYBOARD`.

use std::time::Duration;

use futures_util::{TryStreamExt, stream};
use lab_console::{
    CreateArgs, DeleteArgs, Failure, ImportArgs, Lines, ListArgs, Output, TimeoutArgs, UpdateArgs, Verb, WatchArgs,
};
use lab_orders::{ChangeKind, Order};
use lab_proto::pb;
use lab_proto::pb::order_service_client::OrderServiceClient;
use tokio::time::timeout;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Response, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::config::{ClientArgs, GrpcVerb};
use crate::import::MOST_ORDERS;
use crate::wire;

/// Carries out one verb, and prints what it gives.
pub async fn run(args: ClientArgs) -> Result<(), Failure> {
    let client = OrderClient::new(&args.server, args.timeout)?;
    let mut output = Output::new(args.output.json);
    match args.verb {
        GrpcVerb::Order(Verb::Watch(watch)) => client.watch_orders(watch, &mut output).await,
        GrpcVerb::Process(process) => client.process_orders(process, &mut output).await,
        GrpcVerb::Order(verb) => {
            let what_if_late = client.late(&verb);
            let done = timeout(client.timeout, client.carry_out(verb, &mut output)).await;
            match done.unwrap_or_else(|_| Err(client.silent())) {
                // The deadline went with the call, so tonic's clock or the server's may have ended it before ours.
                Err(failure) if failure == client.silent() => Err(what_if_late),
                done => done,
            }
        }
    }
}

/// A server, seen from here.
pub struct OrderClient {
    channel: Channel,
    server: String,
    pub(crate) timeout: Duration,
}

impl OrderClient {
    /// Connects with the first call, not now.
    pub fn new(server: &str, args: TimeoutArgs) -> Result<Self, Failure> {
        let endpoint = Endpoint::from_shared(format!("http://{server}"));
        let endpoint = endpoint.map_err(|error| Failure::usage(format!("{server} is no address: {error}")))?;
        let channel = endpoint.connect_timeout(args.to_connect()).connect_lazy();
        Ok(Self { channel, server: server.to_owned(), timeout: args.timeout })
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
        let mut health = HealthClient::new(self.channel.clone());
        let answer = self.answer(health.check(self.request(HealthCheckRequest::default()))).await?;
        match answer.status() {
            ServingStatus::Serving => Ok(()),
            _ => Err(Failure::unavailable("the server says that it is not well")),
        }
    }

    async fn create_order(&self, create: CreateArgs) -> Result<Order, Failure> {
        let request = pb::CreateOrderRequest {
            created_by: create.created_by,
            equipment: wire::equipment_numbers(&create.equipment),
        };
        self.order(self.answer(self.orders().create_order(self.request(request))).await?.order)
    }

    pub(crate) async fn get_order(&self, id: &str) -> Result<Order, Failure> {
        let request = pb::GetOrderRequest { id: id.to_owned() };
        self.order(self.answer(self.orders().get_order(self.request(request))).await?.order)
    }

    /// All pages, each printed when it is there.
    async fn list_orders(&self, list: ListArgs, output: &mut Output) -> Result<(), Failure> {
        let mut request = pb::ListOrdersRequest {
            page_size: list.page_size.unwrap_or_default(),
            status: list.status.map(pb::OrderStatus::from).unwrap_or_default().into(),
            page_token: String::new(),
        };
        loop {
            let page = self.answer(self.orders().list_orders(self.request(request.clone()))).await?;
            let orders = page.orders.into_iter().map(|order| self.order(Some(order))).collect::<Result<Vec<_>, _>>()?;
            output.list_page(&orders)?;
            request.page_token = page.next_page_token;
            if request.page_token.is_empty() {
                return output.list_end();
            }
        }
    }

    async fn update_order(&self, update: UpdateArgs) -> Result<Order, Failure> {
        let request = pb::UpdateOrderRequest {
            id: update.id,
            equipment: wire::equipment_numbers(&update.equipment),
            etag: format!("\"{}\"", update.version),
        };
        self.order(self.answer(self.orders().update_order(self.request(request))).await?.order)
    }

    async fn delete_order(&self, delete: &DeleteArgs) -> Result<(), Failure> {
        let etag = delete.version.map(|version| format!("\"{version}\"")).unwrap_or_default();
        let request = pb::DeleteOrderRequest { id: delete.id.clone(), etag };
        self.answer(self.orders().delete_order(self.request(request))).await.map(|_| ())
    }

    /// Changes as they come, until `count`, Ctrl-C or SIGTERM.
    async fn watch_orders(&self, watch: WatchArgs, output: &mut Output) -> Result<(), Failure> {
        let stop = lab_lifecycle::stop_signal().map_err(Failure::no_signals)?;
        // No deadline goes with it: the server would end the watch.
        let request = pb::WatchOrdersRequest { position: watch.position.clone().unwrap_or_default() };
        let start = async {
            let mut changes = self.answer(self.orders().watch_orders(request)).await?;
            let first = changes.message().await.map_err(|status| self.failure(status))?;
            Ok((changes, first))
        };
        let (mut changes, mut message) = tokio::select! {
            () = stop.cancelled() => return Ok(()),
            started = timeout(self.timeout, start) => started.unwrap_or_else(|_| Err(self.silent()))?,
        };
        let (mut position, mut seen) = (watch.position.unwrap_or_default(), 0);
        loop {
            let Some(change) = message else {
                return Err(Failure::unavailable(format!(
                    "the server ended the watch; go on with --position {position}"
                )));
            };
            let kind = change.kind();
            if let Some(order) = change.order {
                let kind = ChangeKind::try_from(kind).map_err(|wrong| self.not_an_answer(&wrong.to_string()))?;
                output.change(&change.position, kind, &self.order(Some(order))?)?;
                seen += 1;
            }
            position = change.position;
            if watch.count.is_some_and(|count| seen >= count) {
                return Ok(());
            }
            message = tokio::select! {
                () = stop.cancelled() => return Ok(()),
                next = changes.message() => next.map_err(|status| self.failure(status))?,
            };
        }
    }

    /// The file is read to its end first: when it can't be read, nothing is placed.
    async fn import_orders(&self, import: ImportArgs, output: &mut Output) -> Result<(), Failure> {
        let read = async {
            let mut lines = Lines::open(&import.file).await?;
            let (mut requests, mut numbers, mut refused) = (Vec::new(), Vec::new(), Vec::new());
            // One order too many is enough for the server to refuse them all.
            while numbers.len() <= MOST_ORDERS
                && let Some(line) = lines.try_next().await?
            {
                match line.content.and_then(|text| wire::import_message(&text)) {
                    Ok(request) => {
                        requests.push(request);
                        numbers.push(line.number);
                    }
                    Err(failure) => refused.push((line.number, failure)),
                }
            }
            Ok((requests, numbers, refused))
        };
        let read = timeout(self.timeout, read).await.unwrap_or_else(|_| Err(self.no_input()));
        let (requests, numbers, mut refused) = read?;
        let answer = self.answer(self.orders().import_orders(self.request(stream::iter(requests)))).await?;
        // The server counts the orders that it was sent; the file may have had other lines in between.
        let number = |index: usize| index.checked_sub(1).and_then(|at| numbers.get(at)).copied().unwrap_or_default();
        refused.extend(answer.results.into_iter().filter_map(|result| wire::refusal(result, number)));
        refused.sort_by_key(|(number, _)| *number);
        for (number, failure) in &refused {
            output.import_refused(*number, &failure.code, &failure.message)?;
        }
        output.import_summary(answer.created.into(), refused.len() as u64)
    }

    pub(crate) fn orders(&self) -> OrderServiceClient<Channel> {
        OrderServiceClient::new(self.channel.clone())
    }

    /// A request that says how long its answer is waited for.
    fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.set_timeout(self.timeout);
        request
    }

    /// Awaits a call. An answer that is no success is a failure, in the server's own words.
    pub(crate) async fn answer<T>(
        &self,
        call: impl Future<Output = Result<Response<T>, Status>>,
    ) -> Result<T, Failure> {
        let answer = call.await.map_err(|status| self.failure(status))?;
        wire::require_grpc(answer.metadata()).map_err(|wrong| self.not_an_answer(&wrong))?;
        Ok(answer.into_inner())
    }

    pub(crate) fn order(&self, message: Option<pb::Order>) -> Result<Order, Failure> {
        let message = message.ok_or_else(|| self.not_an_answer("no order in it"))?;
        Order::try_from(message).map_err(|wrong| self.not_an_answer(&wrong.to_string()))
    }

    /// What a status means for a command: nobody there, nonsense, or a refusal in the server's own words.
    pub(crate) fn failure(&self, status: Status) -> Failure {
        match wire::local_cause(&status) {
            None if status.code() == Code::DeadlineExceeded => self.silent(),
            None => wire::refused(&status),
            Some(cause) if cause.is_connect => self.unreachable(status.code(), &cause.text),
            Some(cause) if cause.is_timeout => self.silent(),
            Some(cause) => self.not_an_answer(&cause.text),
        }
    }

    /// The code is tonic's own: UNAVAILABLE, for no server has said anything.
    fn unreachable(&self, code: Code, why: &str) -> Failure {
        let code = format!("{code:?}").to_uppercase();
        Failure::unreachable(format!(
            "no server answers on {} ({code}, {why}): start one with `cargo lab run grpc-server`",
            self.server
        ))
    }

    fn not_an_answer(&self, what: &str) -> Failure {
        Failure::unavailable(format!(
            "{} gave no answer of this gRPC service ({what}): is it the address of the gRPC server?",
            self.server
        ))
    }

    pub(crate) fn silent(&self) -> Failure {
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
