//! What is compared: a lab's server with a peer, by one figure, against a goal.

mod create;
mod import;
mod kafka;
mod pair;
mod reads;

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use clap::ValueEnum;

use self::create::Created;
use self::import::Imports;
pub(crate) use self::kafka::{Broker, records};
use self::kafka::{Consumed, Produced};
use self::reads::Reads;
use crate::load::Cpu;

/// A row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Row {
    /// REST: reading an order on 64 connections, against bare hyper
    RestGet,
    /// gRPC: reading an order by 64 callers, against a minimal tonic server
    GrpcGet,
    /// REST: reading one after another, against a TCP ping-pong
    RestLoneGet,
    /// gRPC: reading one after another, against a TCP ping-pong
    GrpcLoneGet,
    /// REST: placing orders by 64 clients, against a commit for each order
    Create,
    /// REST: placing one after another, against a commit for each order
    LoneCreate,
    /// REST: reading while others place orders, against their waiting time
    GetWhileCreate,
    /// gRPC: ImportOrders against CreateOrder, by the server's CPU time
    Import,
    /// The control: bare hyper against bare hyper
    #[value(skip)]
    Control,
    /// Kafka: a producer with delivery reports, against librdkafka's rdkafka_performance
    KafkaProduce,
    /// Kafka: the consumer without its effect, against a bare loop of polls
    KafkaConsume,
    /// Kafka, the control: rdkafka_performance against itself
    KafkaProduceControl,
    /// Kafka, the control: a bare loop of polls against itself
    KafkaConsumeControl,
}

/// Which of the two is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Lab,
    Peer,
}

/// What the ratio of lab to peer must be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Goal {
    AtLeast(f64),
    AtMost(f64),
    /// Within so much of 1.
    Near(f64),
}

/// In what a figure is counted.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Unit {
    PerSecond,
    Microseconds,
    PerCpuSecond,
}

/// One side, measured once.
pub(crate) struct Sample {
    pub(crate) value: f64,
    /// What it took, where that says more than the value.
    pub(crate) cpu: Option<Cpu>,
    /// More to know about the row.
    pub(crate) notes: Vec<String>,
}

/// A row that is ready to be measured, as often as wanted.
pub(crate) trait Experiment {
    fn measure(&mut self, side: Side, time: Duration) -> Result<Sample>;
}

impl Row {
    /// The row's title: lab against peer.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::RestGet => "REST get, 64 connections",
            Self::GrpcGet => "gRPC get, 64 callers",
            Self::RestLoneGet => "REST get, one by one, p50",
            Self::GrpcLoneGet => "gRPC get, one by one, p50",
            Self::Create => "REST create, 64 clients",
            Self::LoneCreate => "REST create, one by one, p50",
            Self::GetWhileCreate => "REST get beside 64 creates",
            Self::Import => "gRPC import, by CPU time",
            Self::Control => "bare hyper, 64 connections",
            Self::KafkaProduce => "Kafka producer, import",
            Self::KafkaConsume => "Kafka consumer, no effect",
            Self::KafkaProduceControl => "rdkafka_performance",
            Self::KafkaConsumeControl => "a bare loop of polls",
        }
    }

    /// What the peer is.
    pub(crate) fn peer(self) -> &'static str {
        match self {
            Self::RestGet => "a bare hyper server with the same bytes",
            Self::GrpcGet => "a minimal tonic server with the same message",
            Self::RestLoneGet | Self::GrpcLoneGet => "a TCP ping-pong with as many bytes",
            Self::Create | Self::LoneCreate => "bare hyper and SQLite, a commit for each order",
            Self::GetWhileCreate => "those creates, which wait for the disk; p50 of both",
            Self::Import => "CreateOrder by 64 callers",
            Self::Control => "another bare hyper server",
            Self::KafkaProduce => "rdkafka_performance with the same settings and bytes",
            Self::KafkaConsume => "a bare loop of polls with the same settings",
            Self::KafkaProduceControl | Self::KafkaConsumeControl => "itself",
        }
    }

    /// The name on the command line.
    pub(crate) fn name(self) -> String {
        self.to_possible_value().map_or_else(|| "control".to_owned(), |value| value.get_name().to_owned())
    }

    pub(crate) fn unit(self) -> Unit {
        match self {
            Self::RestGet | Self::GrpcGet | Self::Create | Self::Control => Unit::PerSecond,
            Self::KafkaProduce | Self::KafkaConsume => Unit::PerSecond,
            Self::KafkaProduceControl | Self::KafkaConsumeControl => Unit::PerSecond,
            Self::RestLoneGet | Self::GrpcLoneGet | Self::LoneCreate | Self::GetWhileCreate => Unit::Microseconds,
            Self::Import => Unit::PerCpuSecond,
        }
    }

    pub(crate) fn goal(self) -> Goal {
        match self {
            Self::RestGet | Self::GrpcGet => Goal::AtLeast(0.75),
            Self::RestLoneGet => Goal::AtMost(2.0),
            Self::GrpcLoneGet => Goal::AtMost(2.2),
            Self::Create => Goal::AtLeast(6.0),
            Self::LoneCreate => Goal::AtMost(1.5),
            Self::GetWhileCreate => Goal::AtMost(0.5),
            Self::Import => Goal::AtLeast(5.0),
            Self::KafkaProduce => Goal::AtLeast(0.7),
            Self::KafkaConsume => Goal::AtLeast(0.8),
            Self::Control | Self::KafkaProduceControl | Self::KafkaConsumeControl => Goal::Near(0.05),
        }
    }

    /// Whether it is a row of `peers kafka`.
    pub(crate) fn is_kafka(self) -> bool {
        matches!(self, Self::KafkaProduce | Self::KafkaConsume | Self::KafkaProduceControl | Self::KafkaConsumeControl)
    }

    /// Whether it checks the instrument.
    pub(crate) fn is_control(self) -> bool {
        matches!(self, Self::Control | Self::KafkaProduceControl | Self::KafkaConsumeControl)
    }

    /// Whose CPU time is given, and who is at the other end.
    pub(crate) fn ends(self) -> (&'static str, &'static str) {
        if self.is_kafka() { ("client CPU a record", "broker") } else { ("server CPU an answer", "generator") }
    }

    /// Starts the servers, with their databases in `folder`.
    pub(crate) fn prepare(self, folder: &Path, broker: &Broker) -> Result<Box<dyn Experiment>> {
        Ok(match self {
            Self::RestGet => Box::new(pair::rest_get(folder)?),
            Self::GrpcGet => Box::new(pair::grpc_get(folder)?),
            Self::RestLoneGet => Box::new(pair::rest_lone_get(folder)?),
            Self::GrpcLoneGet => Box::new(pair::grpc_lone_get(folder)?),
            Self::Create => Box::new(Created::by_64(folder)),
            Self::LoneCreate => Box::new(Created::by_one(folder)),
            Self::GetWhileCreate => Box::new(Reads::new(folder)),
            Self::Import => Box::new(Imports::start(folder)?),
            Self::Control => Box::new(pair::control()?),
            Self::KafkaProduce => Box::new(Produced::start(folder, broker, false)?),
            Self::KafkaConsume => Box::new(Consumed::start(folder, broker, false)?),
            Self::KafkaProduceControl => Box::new(Produced::start(folder, broker, true)?),
            Self::KafkaConsumeControl => Box::new(Consumed::start(folder, broker, true)?),
        })
    }
}

impl Goal {
    pub(crate) fn is_met(self, ratio: f64) -> bool {
        match self {
            Self::AtLeast(goal) => ratio >= goal,
            Self::AtMost(goal) => ratio <= goal,
            Self::Near(distance) => (ratio - 1.0).abs() <= distance,
        }
    }
}

/// The order that every row reads or places.
const DRAFT: &str = r#"{"created_by":"USER14","equipment":["KEYBOARD","WEBCAM"]}"#;
