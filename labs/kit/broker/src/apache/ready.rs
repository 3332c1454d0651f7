//! Whether brokers are ready: they answer a client, and know of each other.

use std::sync::Arc;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use tokio::task::spawn_blocking;
use tracing::debug;

use super::ApacheError;

const ANSWER: Duration = Duration::from_millis(500);

/// Asks some brokers, again and again.
pub(super) struct Asker(Arc<BaseConsumer>);

impl Asker {
    pub(super) fn new(bootstrap: &str) -> Result<Self, ApacheError> {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", bootstrap).set("reconnect.backoff.max.ms", "200");
        config.create().map(|client| Self(Arc::new(client))).map_err(|error| ApacheError::Client(error.to_string()))
    }

    /// How many brokers there are, as far as these know; 0 when none answers within half a second.
    pub(super) async fn known_brokers(&self) -> usize {
        let client = Arc::clone(&self.0);
        let asked = spawn_blocking(move || client.fetch_metadata(None, ANSWER));
        match asked.await {
            Ok(Ok(metadata)) => metadata.brokers().len(),
            Ok(Err(error)) => {
                debug!(%error, "not ready yet");
                0
            }
            Err(_) => 0, // The program ends.
        }
    }
}
