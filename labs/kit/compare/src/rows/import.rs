//! Many orders in one call against as many calls, by the server's CPU time.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use lab_proto::pb;
use lab_proto::pb::order_service_client::OrderServiceClient;
use tokio::runtime::Runtime;
use tonic::transport::Channel;

use super::{Experiment, Sample, Side};
use crate::child::Child;
use crate::load::{self, GrpcTarget};
use crate::servers::Server;

const CREATE_ORDER: &str = "/orders.v1.OrderService/CreateOrder";
const CONNECTIONS: usize = 8;
const AT_ONCE: usize = 8;
/// Orders in an import: the most that the server takes.
const ORDERS: usize = 10_000;

/// One server, asked in two ways.
pub(super) struct Imports {
    server: Child,
    creates: GrpcTarget,
    runtime: Runtime,
    client: OrderServiceClient<Channel>,
}

impl Imports {
    pub(super) fn start(folder: &Path) -> Result<Self> {
        let server = Child::start(&Server::Grpc { database: folder.join("orders.db") })?;
        let runtime = Runtime::new()?;
        let request = pb::CreateOrderRequest { created_by: "USER14".to_owned(), equipment: equipment() };
        let creates = GrpcTarget::new(server.address(), CREATE_ORDER, &request, AT_ONCE);
        let url = format!("http://{}", server.address());
        let client = runtime.block_on(OrderServiceClient::connect(url))?;
        Ok(Self { server, creates, runtime, client })
    }

    /// Imports until the time is over; at least once.
    fn import(&mut self, time: Duration) -> Result<f64> {
        let (cpu, started) = (self.server.cpu_time()?, Instant::now());
        let mut placed = 0.0;
        while placed == 0.0 || started.elapsed() < time {
            let line = pb::ImportOrdersRequest { created_by: "USER14".to_owned(), equipment: equipment() };
            let lines = tokio_stream::iter(vec![line; ORDERS]);
            let answer = self.runtime.block_on(self.client.import_orders(lines))?.into_inner();
            ensure!(answer.created as usize == ORDERS, "an import placed {} orders of {ORDERS}", answer.created);
            placed += ORDERS as f64;
        }
        let cpu = self.server.cpu_time()?.saturating_sub(cpu);
        Ok(placed / cpu.as_secs_f64())
    }
}

impl Experiment for Imports {
    fn measure(&mut self, side: Side, time: Duration) -> Result<Sample> {
        let value = match side {
            Side::Lab => self.import(time)?,
            Side::Peer => 1e6 / load::run(Some(&mut self.server), &self.creates, CONNECTIONS, time)?.cpu().each_us,
        };
        Ok(Sample { value, cpu: None, notes: Vec::new() })
    }
}

fn equipment() -> Vec<i32> {
    vec![pb::Equipment::Keyboard.into(), pb::Equipment::Webcam.into()]
}
