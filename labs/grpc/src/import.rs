//! Many orders in one call: a stream of orders in, one answer out.
//!
//! The whole stream is read before the first order is placed, so that a call
//! with too many orders places none. A real service would answer with a
//! long-running operation (AIP-151) when imports get much larger than this.

use lab_orders::{NewOrder, OrderDraft, OrderError, Store};
use lab_proto::pb::import_orders_response::Result as ImportResult;
use lab_proto::pb::import_orders_response::result::Outcome;
use lab_proto::pb::{ImportOrdersRequest, ImportOrdersResponse};
use tonic::{Status, Streaming};

/// One more is refused, and none is placed.
pub const MOST_ORDERS: usize = 10_000;
/// Orders in one transaction.
const CHUNK: usize = 500;

/// An order of the stream, or what is wrong with it.
type Line = Result<NewOrder, OrderError>;

/// Reads the stream to its end; RESOURCE_EXHAUSTED when it is too long.
pub(crate) async fn read_lines(mut requests: Streaming<ImportOrdersRequest>) -> Result<Vec<Line>, Status> {
    let mut lines = Vec::new();
    while let Some(request) = requests.message().await? {
        if lines.len() == MOST_ORDERS {
            return Err(Status::resource_exhausted(format!(
                "an import may have {MOST_ORDERS} orders; none was placed"
            )));
        }
        lines.push(OrderDraft::from(request).parse().map_err(OrderError::brief));
    }
    Ok(lines)
}

/// Places the good lines, a chunk in a transaction, and reports every line in order.
pub(crate) async fn place_orders(store: &Store, lines: Vec<Line>) -> ImportOrdersResponse {
    let mut answer = ImportOrdersResponse::default();
    let mut lines = lines.into_iter().peekable();
    while lines.peek().is_some() {
        let chunk: Vec<Line> = lines.by_ref().take(CHUNK).collect();
        let good: Vec<NewOrder> = chunk.iter().filter_map(|line| line.as_ref().ok().cloned()).collect();
        let mut placed = store.create_all(good).await.map(Vec::into_iter);
        for line in chunk {
            let id = match (line, &mut placed) {
                (Err(error), _) => Err(error),
                (Ok(_), Err(error)) => Err(error.clone()),
                (Ok(_), Ok(orders)) => Ok(orders.next().expect("the store answers an order for each new one").id),
            };
            let outcome = match id {
                Ok(id) => {
                    answer.created += 1;
                    Outcome::Id(id.to_string())
                }
                Err(error) => {
                    answer.refused += 1;
                    Outcome::Error(error.to_string())
                }
            };
            let index = answer.created + answer.refused;
            answer.results.push(ImportResult { index, outcome: Some(outcome) });
        }
    }
    answer
}
