//! What kind of work an exercise asks for.

/// How the program is told what to do, and when it is ready (the table in the crate's README).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It listens at `LAB_REST_ADDR`, from when it takes connections until SIGTERM.
    RestServer,
    /// It calls `LAB_REST_ADDR`, does what its arguments say, and ends by itself.
    RestClient,
    /// It listens at `LAB_GRPC_ADDR`, from when it takes connections until SIGTERM.
    GrpcServer,
    /// It sends to `LAB_TOPIC` on `KAFKA_BROKERS` what it is told by arguments or stdin, and
    /// ends by itself, or on SIGTERM.
    KafkaProducer,
    /// It reads `LAB_TOPIC` on `KAFKA_BROKERS` as a member of `LAB_GROUP`, as far as its task says.
    KafkaConsumer,
    /// It listens at `LAB_REST_ADDR`, from when it takes connections until SIGTERM, and sends to
    /// `LAB_TOPIC` on `KAFKA_BROKERS` what it accepts.
    KafkaServer,
    /// No program: a `.proto`, which is read.
    Schema,
}

impl Role {
    /// The variable that tells it an address, and what it is without.
    #[must_use]
    pub fn address(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::RestServer | Self::RestClient | Self::KafkaServer => Some(("LAB_REST_ADDR", "127.0.0.1:8080")),
            Self::GrpcServer => Some(("LAB_GRPC_ADDR", "127.0.0.1:50051")),
            Self::KafkaProducer | Self::KafkaConsumer => Some(("KAFKA_BROKERS", "127.0.0.1:9092")),
            Self::Schema => None,
        }
    }

    /// Whether it listens there.
    #[must_use]
    pub fn listens(self) -> bool {
        match self {
            Self::RestServer | Self::GrpcServer | Self::KafkaServer => true,
            Self::RestClient | Self::KafkaProducer | Self::KafkaConsumer | Self::Schema => false,
        }
    }

    /// Whether one that runs already can be graded: where the broker is, the checker alone knows.
    #[must_use]
    pub fn may_run_already(self) -> bool {
        self.listens() && self != Self::KafkaServer
    }

    /// What it does is told by its arguments, or by what it reads.
    #[must_use]
    pub fn takes(self) -> Option<&'static str> {
        match self {
            Self::RestClient => Some("arguments"),
            Self::KafkaProducer => Some("lines on its stdin"),
            Self::RestServer | Self::GrpcServer | Self::KafkaServer | Self::KafkaConsumer | Self::Schema => None,
        }
    }

    /// Whether it is built and run; what isn't is read as it is.
    #[must_use]
    pub fn runs(self) -> bool {
        !matches!(self, Self::Schema)
    }

    /// Of its file's name.
    pub(super) fn extension(self) -> &'static str {
        match self {
            Self::Schema => "proto",
            _ => "rs",
        }
    }
}
