//! What only a real Kafka takes: Docker, or Java and Maven. Without them there is the embedded broker.

use std::path::{Path, PathBuf};

use lab_launcher::{Package, find, install};

use super::ask::{Answer, ask};
use super::finding::Finding;

/// As docker-compose.yml's Kafka needs it, which is what the jars are.
const OLDEST_JAVA: u32 = 17;
/// It does without Docker.
const EMBEDDED: &str = "cargo lab run broker";

/// Docker, its compose, and whether its daemon answers.
pub(super) async fn docker() -> Finding {
    let server = ask("docker", &["version", "--format", "{{.Server.Version}}"]);
    let plugin = ask("docker", &["compose", "version", "--short"]);
    let (server, plugin, old) = tokio::join!(server, plugin, ask("docker-compose", &["version", "--short"]));
    let enough = |found: String| Finding::warn("docker", format!("{found}; the embedded broker needs none"), EMBEDDED);
    let version = match (&server, server.line()) {
        (_, Some(version)) => version,
        (Answer::Failed(_), _) => return enough("docker is there, and its daemon does not answer".to_owned()),
        (trouble, _) => return enough(format!("docker {}", trouble.trouble())),
    };
    match (plugin.line(), old.line()) {
        (Some(compose), _) => Finding::ok("docker", format!("docker {version}, compose {compose}")),
        (_, Some(old)) => {
            Finding::ok("docker", format!("docker {version}, and `docker-compose` {old} for `docker compose`"))
        }
        _ => enough(format!("docker {version} has no compose")),
    }
}

/// Java, for `cargo lab run broker --apache`.
pub(super) async fn java() -> Finding {
    let home = std::env::var_os("JAVA_HOME").map(|home| Path::new(&home).join("bin/java")).filter(|java| java.exists());
    let answer = ask(home.unwrap_or_else(|| PathBuf::from("java")), &["-version"]).await;
    let warn = |found: String| {
        Finding::warn("java", format!("{found}; `--apache` needs {OLDEST_JAVA} or newer"), install(Package::Java))
    };
    // macOS has a `java` that only says where to get one: then there is no version in quotes.
    let version = match &answer {
        Answer::Said(said) => said.split('"').nth(1),
        _ => None,
    };
    match version {
        None => warn(format!("java {}", answer.trouble())),
        Some(version) if major(version) < OLDEST_JAVA => warn(format!("java {version} is too old")),
        Some(version) => Finding::ok("java", format!("java {version}")),
    }
}

/// Maven, for the same; it fetches Kafka's jars once. Only looked for: to start it takes seconds.
pub(super) fn maven() -> Finding {
    match find("mvn") {
        Some(mvn) => Finding::ok("maven", mvn.display().to_string()),
        None => Finding::warn("maven", "mvn is not there; `--apache` needs it, once", install(Package::Maven)),
    }
}

/// `17.0.15` is 17; `1.8.0_392`, the old way, is 1 and so too old in any case.
fn major(version: &str) -> u32 {
    let digits = version.split(|c: char| !c.is_ascii_digit()).next();
    digits.and_then(|digits| digits.parse().ok()).unwrap_or_default()
}
