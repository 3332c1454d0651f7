//! What the program does with its command line.

use std::io::{self, Write};
use std::net::SocketAddr;

use lab_console::{Failure, Output, bind, printable};
use lab_lifecycle::stop_signal;
use serde::Serialize;
use tokio::select;
use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::apache::{self, Apache, ApacheError, Options};
use crate::config::BrokerArgs;
use crate::embedded::Embedded;

/// The lab's topics, after the prefix.
const TOPICS: [&str; 3] = ["order-requests.v1", "orders.v1", "order-requests.dlq.v1"];
const PARTITIONS: i32 = 3;
const DEFAULT_LISTEN: &str = "127.0.0.1:9092";
/// Nobody is asked who they are, so nobody outside may come in. There is no option.
const INSECURE: bool = false;

/// What a user must know before relying on the embedded broker.
const NOTICE: [&str; 4] = [
    "This is a Kafka for practice: librdkafka's mock cluster, in memory. It trims a",
    "partition at 5 MiB or 100,000 batches; it fakes transactions; it has no",
    "compaction, retention, admin API or lookup by time. For the real one: docker",
    "compose up, or this program with --apache.",
];

/// Runs a broker until Ctrl-C or SIGTERM.
///
/// # Errors
///
/// Exit code 3: a port is taken, or what Apache Kafka needs isn't there. 2: the command line.
pub async fn run(args: BrokerArgs) -> Result<(), Failure> {
    let stop = stop_signal().map_err(Failure::no_signals)?;
    if args.apache { run_apache(args, &stop).await } else { run_embedded(args, &stop).await }
}

async fn run_embedded(args: BrokerArgs, stop: &CancellationToken) -> Result<(), Failure> {
    let listener = bind(args.listen.as_deref().unwrap_or(DEFAULT_LISTEN), INSECURE).await?;
    let listener = listener.into_std().map_err(Failure::no_address)?;
    let broker = Embedded::on(listener).map_err(|error| Failure::missing(error.to_string()))?;
    for prefix in &args.topic_prefix {
        for topic in TOPICS {
            let made = broker.create_topic(&format!("{prefix}.{topic}"), PARTITIONS);
            made.map_err(|error| Failure::usage(format!("--topic-prefix {prefix}: {error}")))?;
        }
    }
    let mut output = Output::new(args.output.json);
    let line = format!("embedded broker on {}, topics {}.*", broker.address(), args.topic_prefix.join(".*, "));
    output.listening(broker.address(), &line)?;
    for line in NOTICE.iter().filter(|_| !args.output.json) {
        output.record(&(), line)?;
    }
    stop.cancelled().await;
    info!("the embedded broker ends, and all that it held is gone");
    Ok(())
}

async fn run_apache(args: BrokerArgs, stop: &CancellationToken) -> Result<(), Failure> {
    let addresses = addresses(&args).await?;
    let options = Options {
        ip: addresses[0].ip(),
        ports: addresses.iter().map(SocketAddr::port).filter(|&port| port > 0).collect(),
        cluster: args.cluster,
        data: args.data.clone(),
        jars: args.jars,
        settings: Vec::new(),
    };
    let started = stop.run_until_cancelled(Apache::start(options)).await;
    let Some(started) = started else { return Ok(()) };
    let mut apache = started.map_err(|error| failure(&error, args.output.json))?;
    let mut output = Output::new(args.output.json);
    let kept = match &args.data {
        Some(data) => format!("data in {}", data.display()),
        None => "nothing is kept when this program ends".to_owned(),
    };
    let bootstrap = apache.bootstrap();
    output.record(&Listening { listening: &bootstrap }, &format!("Apache Kafka on {bootstrap}"))?;
    for (broker, address) in apache.addresses().into_iter().enumerate().filter(|_| !args.output.json) {
        let pid = apache.pid(broker).unwrap_or_default();
        output.record(&(), &format!("broker {} on {address}, process {pid}", broker + 1))?;
    }
    if !args.output.json {
        output.record(&(), &kept)?;
    }
    select! {
        () = stop.cancelled() => {}
        ended = apache.ended() => return Err(failure(&ended, args.output.json)),
    }
    apache.stop().await;
    info!("Apache Kafka has ended");
    Ok(())
}

/// Where each broker shall listen; port 0 stands for a free one. A port that is taken is told
/// here: in the JVM's log it would be a stack trace, later.
async fn addresses(args: &BrokerArgs) -> Result<Vec<SocketAddr>, Failure> {
    let wanted: Vec<String> = match &args.listen {
        None => apache::compose_ports(args.cluster).iter().map(|port| format!("127.0.0.1:{port}")).collect(),
        Some(listen) if args.cluster && !listen.ends_with(":0") => in_a_row(listen)?,
        Some(listen) => vec![listen.clone()],
    };
    let mut addresses = Vec::new();
    for listen in wanted {
        let mut address = bind(&listen, INSECURE).await?.local_addr().map_err(Failure::no_address)?;
        if listen.ends_with(":0") {
            // The one that it got may go to any connection once it is given back.
            address.set_port(0);
        }
        addresses.push(address);
    }
    Ok(addresses)
}

fn in_a_row(listen: &str) -> Result<Vec<String>, Failure> {
    let (host, port) = listen.rsplit_once(':').unwrap_or_default();
    let first: u16 = port.parse().unwrap_or_default();
    let ports = (0..3).map(|offset| first.checked_add(offset).map(|port| format!("{host}:{port}")));
    let ports: Option<_> = ports.collect();
    ports.ok_or_else(|| Failure::usage(format!("--listen {listen}: a cluster needs the two ports after it as well")))
}

/// A person sees the end of the log as well.
fn failure(failure: &ApacheError, json: bool) -> Failure {
    let lines = failure.log();
    for line in lines.iter().filter(|_| !json && lines.len() > 1) {
        // Not by the log, which another thread writes, later. `eprintln!` panics when stderr is closed.
        let _ = writeln!(io::stderr(), "  {}", printable(line));
    }
    Failure::missing(failure.to_string())
}

#[derive(Serialize)]
struct Listening<'a> {
    listening: &'a str,
}
