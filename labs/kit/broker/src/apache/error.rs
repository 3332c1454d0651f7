//! Why Apache Kafka doesn't run, and what to do about it.

use std::io;
use std::path::Path;

/// Something is missing. Each is exit code 3 of the program.
#[derive(Debug, thiserror::Error)]
pub enum ApacheError {
    /// There is no Java.
    #[error("Apache Kafka needs Java 17 or later, and there is none: install it (Debian: openjdk-17-jre-headless)")]
    NoJava,
    /// There is a Java, and it is too old.
    #[error("Apache Kafka needs Java 17 or later, and this is {0}: install one, or name it with JAVA_HOME")]
    OldJava(String),
    /// There is no Maven, and the jars aren't there.
    #[error("Apache Kafka's jars are fetched by Maven, and there is none: install it (Debian: maven), this once")]
    NoMaven,
    /// Maven can't get the jars.
    #[error("Maven can't fetch Apache Kafka's jars: {0}")]
    Maven(String),
    /// A folder can't be used.
    #[error("can't use {folder}: {error}; name another folder")]
    Folder {
        /// Which.
        folder: String,
        /// What the system says.
        error: String,
    },
    /// Another program keeps its data there.
    #[error("another program keeps its data in {0}: end it, or name another folder with --data")]
    InUse(String),
    /// `sh` or `java` can't be started.
    #[error("can't start a process: {0}")]
    Shell(io::Error),
    /// librdkafka can't make a client.
    #[error("can't ask whether Apache Kafka is ready: {0}")]
    Client(String),
    /// No port is free.
    #[error("no port between 10000 and 32767 is free")]
    NoPort,
    /// Another program has a port that a broker wants.
    #[error("another program listens on a port of {broker}: end it, or take free ones with --listen 127.0.0.1:0")]
    Port {
        /// Which broker.
        broker: String,
        /// The end of its log.
        log: Vec<String>,
    },
    /// Its configuration or its data can't be made.
    #[error("{broker} can't be set up: {}", telling(log))]
    Setup {
        /// Which broker.
        broker: String,
        /// The end of what it said.
        log: Vec<String>,
    },
    /// A broker has ended by itself.
    #[error("{broker} has ended: {}", telling(log))]
    Ended {
        /// Which broker.
        broker: String,
        /// The end of its log.
        log: Vec<String>,
    },
    /// A broker doesn't answer in time.
    #[error("{broker} is not ready after 90 s: {}", telling(log))]
    NotReady {
        /// Which broker.
        broker: String,
        /// The end of its log.
        log: Vec<String>,
    },
}

impl ApacheError {
    /// The end of a broker's log, where it tells more than the error's sentence.
    pub fn log(&self) -> &[String] {
        match self {
            Self::Port { log, .. } | Self::Setup { log, .. } | Self::Ended { log, .. } | Self::NotReady { log, .. } => {
                log
            }
            _ => &[],
        }
    }

    pub(super) fn folder(folder: &Path, error: &io::Error) -> Self {
        Self::Folder { folder: folder.display().to_string(), error: error.to_string() }
    }

    pub(super) fn temporary(error: &io::Error) -> Self {
        Self::folder(&std::env::temp_dir(), error)
    }
}

/// The line that says what went wrong. After it come what it led to, and where in the code.
fn telling(log: &[String]) -> &str {
    let line = log.iter().find(|line| line.contains("Exception: ")).or(log.last());
    line.map_or("its log is empty", String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_log_the_line_with_the_exception_is_told() {
        let log = |lines: &[&str]| lines.iter().map(|&line| line.to_owned()).collect::<Vec<_>>();
        assert_eq!(
            telling(&log(&["ERROR it can't", "x.SomeException: why", "ERROR so it ends"])),
            "x.SomeException: why"
        );
        assert_eq!(telling(&log(&["first", "last"])), "last");
        assert_eq!(telling(&[]), "its log is empty");
    }
}
