//! The command lines of both programs, and what librdkafka is told.

use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use lab_console::{
    CreateArgs, DatabaseArgs, DeleteArgs, GetArgs, ImportArgs, OutputArgs, UpdateArgs, host_port, parse_count,
    parse_seconds,
};
use lab_orders::Status;
use rdkafka::ClientConfig;

const DEFAULT_BROKERS: &str = "127.0.0.1:9092";
/// librdkafka's own limit, in bytes: a little less than what a topic takes by default.
const LARGEST_BATCH: u32 = 1_000_000;
const ENVIRONMENT: &str = "Environment:\n  RUST_LOG  What to log: error, warn, info, debug, trace";

/// Asks for orders to be placed, changed and removed, over Kafka
#[derive(Clone, Debug, Parser)]
#[command(name = "producer", max_term_width = 80, after_help = ENVIRONMENT)]
pub struct ProducerArgs {
    /// Which broker, and which topics.
    #[command(flatten)]
    pub kafka: KafkaArgs,
    /// How the values of records are written
    #[arg(long, global = true, value_enum, default_value_t, display_order = 900)]
    pub format: Format,
    /// How long to wait for the broker's answers, from the end of the input or the stop signal on
    #[arg(long, global = true, value_name = "SECONDS", default_value = "10", display_order = 900)]
    #[arg(value_parser = parse_seconds, allow_negative_numbers = true)]
    pub flush_timeout: Duration,
    /// Break a promise on purpose, to see what it is good for
    #[arg(long = "break", global = true, value_enum, value_name = "PROMISE", display_order = 901)]
    pub broken: Option<BrokenProducer>,
    /// How to print.
    #[command(flatten)]
    pub output: OutputArgs,
    /// What to do.
    #[command(subcommand)]
    pub verb: ProducerVerb,
}

/// What a producer can ask for.
#[derive(Clone, Debug, Subcommand)]
pub enum ProducerVerb {
    /// Ask whether the broker answers
    Health,
    /// Ask for an order to be placed; its id is picked here
    Create(CreateArgs),
    /// Ask for the equipment of an order that is QUEUED to be replaced
    Update(UpdateArgs),
    /// Ask for an order to be removed
    Delete(DeleteArgs),
    /// Ask for many orders: a JSON object {"created_by":…,"equipment":[…]} on each line
    Import(ProducerImportArgs),
}

/// `import`
#[derive(Args, Clone, Debug)]
pub struct ProducerImportArgs {
    /// What to read.
    #[command(flatten)]
    pub import: ImportArgs,
    /// Send at most so many records a second; without it, as fast as the broker takes them
    #[arg(long, value_name = "N", value_parser = records_a_second)]
    pub rate: Option<u32>,
}

/// Promises that a producer can break.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum BrokenProducer {
    /// Send again without idempotence: records may double
    Idempotence,
    /// End without waiting for the broker's answers
    Flush,
}

/// Takes requests and publishes facts; or reads facts
#[derive(Clone, Debug, Parser)]
#[command(name = "consumer", max_term_width = 80, after_help = ENVIRONMENT)]
pub struct ConsumerArgs {
    /// Which broker, and which topics.
    #[command(flatten)]
    pub kafka: KafkaArgs,
    /// The group whose members share the work; each verb has its own [default: lab.apply, lab.watch, …]
    #[arg(long, global = true, value_name = "NAME", value_parser = group_name, display_order = 900)]
    pub group: Option<String>,
    /// How the members of the group agree on who reads what
    #[arg(long, global = true, value_enum, default_value_t, display_order = 900)]
    pub group_protocol: GroupProtocol,
    /// Where the orders are kept; for the consumer without a verb.
    #[command(flatten)]
    pub database: DatabaseArgs,
    /// Break a promise on purpose, to see what it is good for
    #[arg(long = "break", value_enum, value_name = "PROMISE", display_order = 901)]
    pub broken: Option<BrokenConsumer>,
    /// How to print.
    #[command(flatten)]
    pub output: OutputArgs,
    /// What to do; nothing: take requests, apply them and publish facts.
    #[command(subcommand)]
    pub verb: Option<ConsumerVerb>,
}

/// What a consumer can do beside taking requests.
#[derive(Clone, Debug, Subcommand)]
pub enum ConsumerVerb {
    /// Show an order: the last fact with its key
    Get(GetArgs),
    /// List the orders: every fact up to now, the last of each
    List(ListArgs),
    /// Print each fact as it comes, until Ctrl-C; goes on where its group has been
    Watch(WatchArgs),
    /// Work on queued orders: take each, and complete it, until Ctrl-C
    Process(ProcessArgs),
}

/// `list`
#[derive(Args, Clone, Debug)]
pub struct ListArgs {
    /// Only orders of this status
    #[arg(long, ignore_case = true, value_parser = lab_console::status())]
    pub status: Option<Status>,
}

/// `watch`
#[derive(Args, Clone, Debug)]
pub struct WatchArgs {
    /// End after this many facts; without it, when told to
    #[arg(long, value_name = "N", value_parser = parse_count)]
    pub count: Option<u64>,
}

/// `process`
#[derive(Args, Clone, Debug)]
pub struct ProcessArgs {
    /// End after this many orders; without it, when told to
    #[arg(long, value_name = "N", value_parser = parse_count)]
    pub count: Option<u64>,
}

/// Promises that a consumer can break.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum BrokenConsumer {
    /// Commit a request before its effect: a crash loses it
    CommitAfter,
    /// Put a request among the dead letters whatever failed, as if trying again were no use
    TryAgain,
    /// Don't look whether a request has had its effect already
    Once,
}

/// Which broker, and which topics. Stands before or after the verb.
#[derive(Args, Clone, Debug)]
pub struct KafkaArgs {
    /// One broker or more, by commas; each tells of all others
    #[arg(long, env = "KAFKA_BROKERS", default_value = DEFAULT_BROKERS, value_name = "HOST:PORT,…")]
    #[arg(global = true, value_parser = host_ports, display_order = 900)]
    pub brokers: String,
    /// What the names of the topics begin with
    #[arg(long, default_value = "lab", value_name = "NAME", global = true, value_parser = topic_name)]
    #[arg(display_order = 900)]
    pub topic_prefix: String,
    /// Bytes that the topics take in one batch; `None` while nobody has asked the broker.
    #[arg(skip)]
    pub largest_batch: Option<u32>,
}

/// How a value is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Messages of proto/: small, and with a schema
    #[default]
    Protobuf,
    /// Text that every tool prints
    Json,
}

/// How a group agrees on who reads what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum GroupProtocol {
    /// The broker decides, and moves single partitions (KIP-848)
    #[default]
    Consumer,
    /// A member decides, and all wait for it
    Classic,
}

/// A clap value parser: `HOST:PORT` once or more, by commas.
fn host_ports(text: &str) -> Result<String, String> {
    let each = text.split(',').try_for_each(|address| host_port(address.trim()).map(drop));
    let without = if text.contains("://") { " alone, without a scheme or a path" } else { "" };
    each.map_err(|_| format!("must be HOST:PORT{without}, like 127.0.0.1:9092, or several with commas between them"))?;
    Ok(text.to_owned())
}

/// A clap value parser: what Kafka takes in a topic's name, and short enough for our suffixes.
fn topic_name(text: &str) -> Result<String, String> {
    let fits = (1..=200).contains(&text.len());
    let allowed = text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'));
    (fits && allowed).then(|| text.to_owned()).ok_or_else(|| "must be 1 to 200 of A–Z a–z 0–9 . _ -".to_owned())
}

/// A clap value parser: a pace.
fn records_a_second(text: &str) -> Result<u32, String> {
    let pace = text.parse().ok().filter(|pace| (1..=1_000_000).contains(pace));
    pace.ok_or_else(|| "must be a whole number from 1 to 1000000".to_owned())
}

/// A clap value parser: a group's name goes to the broker as it is, but not empty.
fn group_name(text: &str) -> Result<String, String> {
    (!text.trim().is_empty()).then(|| text.to_owned()).ok_or_else(|| "must not be empty".to_owned())
}

impl KafkaArgs {
    /// What every client of the broker is told.
    pub fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", &self.brokers)
            .set("client.id", "lab")
            // A broker that has gone is tried again soon, and no later than every second.
            .set("reconnect.backoff.ms", "50")
            .set("reconnect.backoff.max.ms", "1000")
            // For as long as a broker may be silent before its connection counts as dead.
            .set("socket.timeout.ms", "10000");
        config
    }

    /// What a producer is told. A record counts as delivered when all replicas in
    /// sync have it, and its repeats are dropped by the broker (KIP-98).
    pub fn producer(&self) -> ClientConfig {
        let mut config = self.client();
        config
            .set("acks", "all")
            .set("enable.idempotence", "true")
            // A key lands in the partition where Java's clients put it; librdkafka's own is CRC32.
            .set("partitioner", "murmur2_random")
            // Tried again for so long, as Java's delivery.timeout.ms.
            .set("message.timeout.ms", "120000")
            // What waits for its answer is bounded twice: by number (see the producer) and by size.
            .set("queue.buffering.max.kbytes", "65536")
            // A dead letter has four headers more than the request, which may be as large as its topic takes.
            .set("message.max.bytes", "20971520");
        if let Some(limit) = self.largest_batch.filter(|&limit| limit < LARGEST_BATCH) {
            config.set("batch.size", limit.to_string());
        }
        config
    }

    /// What a reader of a topic is told, in a group or without one.
    pub fn reader(&self) -> ClientConfig {
        let mut config = self.client();
        config
            // A record that arrives is handed out at once, and not with the next half second.
            .set("fetch.wait.max.ms", "10")
            // What is fetched ahead: so many records, or so many KiB of their values. Headers
            // count for nothing there, so that the number matters too.
            .set("queued.min.messages", "2000")
            .set("queued.max.messages.kbytes", "8192")
            // A partition that has so much waits so long before it is fetched again, and not the
            // second that librdkafka takes: it would be read out long before.
            .set("fetch.queue.backoff.ms", "10")
            // Facts of a transaction that didn't end well are not shown (KIP-98).
            .set("isolation.level", "read_committed")
            .set("auto.offset.reset", "earliest");
        config
    }
}

impl ConsumerArgs {
    /// What a member of a group is told. Places are stored by hand, after the
    /// effect, and what is stored is committed twice a second, when a partition
    /// goes to another member, and at the end.
    pub fn member(&self, verb: &str) -> ClientConfig {
        let mut config = self.kafka.reader();
        config
            .set("group.id", self.group_name(verb))
            .set("enable.auto.offset.store", "false")
            .set("enable.auto.commit", "true")
            .set("auto.commit.interval.ms", "500");
        match self.group_protocol {
            // How long a member may be silent is the broker's affair (docker-compose.yml).
            GroupProtocol::Consumer => config.set("group.protocol", "consumer"),
            GroupProtocol::Classic => config
                .set("group.protocol", "classic")
                .set("partition.assignment.strategy", "cooperative-sticky")
                .set("session.timeout.ms", "6000")
                .set("heartbeat.interval.ms", "500"),
        };
        config
    }

    /// The group that was named, or the verb's own: `lab.watch`.
    pub fn group_name(&self, verb: &str) -> String {
        self.group.clone().unwrap_or_else(|| format!("{}.{verb}", self.kafka.topic_prefix))
    }
}
