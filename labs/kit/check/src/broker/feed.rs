//! Records of the checker's own.

use std::time::Duration;

use futures_util::future::try_join_all;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord};

use super::{ANSWER, Broker, broken};
use crate::verdict::{Failed, Outcome};

/// A record that is to be sent.
#[derive(Clone, Debug)]
pub(crate) struct New {
    pub(crate) partition: i32,
    pub(crate) key: Option<String>,
    pub(crate) value: Option<String>,
}

/// Sends to one topic, as long as it is there.
pub(crate) struct Feed {
    producer: Option<FutureProducer>,
    topic: String,
}

impl Broker {
    /// To this topic.
    pub(crate) fn feed(&self, topic: &str) -> Result<Feed, Failed> {
        let mut config = self.client();
        // What is sent together comes together, as one batch of its partition.
        config.set("linger.ms", "5").set("message.timeout.ms", "5000").set("enable.idempotence", "true");
        let producer = config.create().map_err(|error| broken("sent records", error))?;
        Ok(Feed { producer: Some(producer), topic: topic.to_owned() })
    }
}

impl Feed {
    /// Sends them, and returns when all are there.
    pub(crate) async fn send(&self, records: &[New]) -> Outcome {
        self.send_with(&records.iter().map(|new| (new.clone(), Vec::new())).collect::<Vec<_>>()).await
    }

    /// The same, each with its headers.
    pub(crate) async fn send_with(&self, records: &[(New, Vec<(&str, String)>)]) -> Outcome {
        let producer = self.producer.as_ref().expect("it is there until the end");
        let sends = records.iter().map(|(new, headers)| {
            let (topic, partition) = (&self.topic, Some(new.partition));
            let (key, payload) = (new.key.as_ref(), new.value.as_ref());
            let header =
                |all: OwnedHeaders, (key, value): &(&str, String)| all.insert(Header { key, value: Some(value) });
            let headers = (!headers.is_empty()).then(|| headers.iter().fold(OwnedHeaders::new(), header));
            producer.send(FutureRecord { topic, partition, payload, key, timestamp: None, headers }, ANSWER)
        });
        try_join_all(sends).await.map(|_| ()).map_err(|(error, _)| broken("sent records", error))
    }

    /// One after the other, with a moment in between, until it is dropped.
    pub(crate) async fn send_on(&self, mut next: impl FnMut() -> Vec<New>, moment: Duration) -> Outcome {
        loop {
            self.send(&next()).await?;
            tokio::time::sleep(moment).await;
        }
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        let producer = self.producer.take();
        // Its end waits for its thread.
        tokio::task::spawn_blocking(move || drop(producer));
    }
}
