//! Who has the effects of requests: the store; or, for who measures what the rest costs, nobody.

use lab_orders::{Effect, OrderError, OrderRequest, Reply, Store};

/// What becomes of each request of a batch; or why nothing becomes of any.
pub type Verdicts = Result<Vec<Result<Effect, OrderError>>, OrderError>;

/// See [`take_requests`](crate::consumer::take_requests).
pub trait Effects {
    /// What the verdicts are waited for with.
    type Reply: Future<Output = Verdicts> + Unpin;

    /// Applies requests in their order, each once; the verdicts come when nothing can undo it.
    fn apply(&self, requests: Vec<OrderRequest>) -> Self::Reply;
}

impl Effects for Store {
    type Reply = Reply<Vec<Result<Effect, OrderError>>>;

    fn apply(&self, requests: Vec<OrderRequest>) -> Self::Reply {
        Store::apply(self, requests)
    }
}
