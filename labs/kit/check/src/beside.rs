//! What goes on beside the checks: it is begun early, and waited for where it is judged.

use futures_util::future::{BoxFuture, FutureExt, Shared};
use tokio_util::task::AbortOnDropHandle;

use crate::verdict::Failed;

/// It is under way, and ends with whom it is for.
pub(crate) type UnderWay<T> = Shared<BoxFuture<'static, Result<T, Failed>>>;

/// Begins it. `work` has a bench of its own, [`crate::bench::Bench::beside`].
pub(crate) fn under_way<T: Clone + Send + Sync + 'static>(
    work: impl Future<Output = Result<T, Failed>> + Send + 'static,
) -> UnderWay<T> {
    let task = AbortOnDropHandle::new(tokio::spawn(work));
    let broken = |error| Err(Failed::new("(ran the program)", "its end", format!("({error})")));
    async move { task.await.unwrap_or_else(broken) }.boxed().shared()
}
