//! Apache Kafka's jars: fetched by Maven, once, then at hand without a network.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use tokio::process::Command;
use tokio::time::timeout;
use tracing::info;

use super::{ApacheError, compose};

/// Kafka logs by SLF4J, and this hands it to the Log4j that it brings along.
const LOG4J: &str = "2.25.4";
const PARTIAL: &str = "kafka-jars-partial-";
const OLDEST_JAVA: u32 = 17;
/// Maven waits for a repository for as long as it likes.
const DOWNLOAD: Duration = Duration::from_secs(600);
const JAVA_ANSWERS: Duration = Duration::from_secs(30);

/// A Java, and a folder with Kafka's jars.
#[derive(Clone, Debug)]
pub(super) struct Jars {
    java: PathBuf,
    folder: PathBuf,
}

/// Where the jars are if an option doesn't say: `LAB_KAFKA_JARS`, or `.lab/kafka-VERSION`.
pub(super) fn default_folder() -> PathBuf {
    let variable = std::env::var_os("LAB_KAFKA_JARS").filter(|folder| !folder.is_empty());
    variable.map_or_else(|| Path::new(".lab").join(format!("kafka-{}", compose::version())), PathBuf::from)
}

impl Jars {
    /// Finds Java, and fetches the jars if they aren't there.
    pub(super) async fn at(folder: &Path) -> Result<Self, ApacheError> {
        let java = find_java().await?;
        if !is_complete(folder) {
            fetch(folder).await?;
        }
        // The JVM runs in another folder.
        let folder = std::path::absolute(folder).map_err(|error| ApacheError::folder(folder, &error))?;
        Ok(Self { java, folder })
    }

    /// A program in the jars, to which arguments can be added. It is killed when it is dropped.
    pub(super) fn command(&self, jvm: &[&str], class: &str) -> Command {
        let mut command = Command::new(&self.java);
        command.args(jvm).arg("-cp").arg(self.folder.join("*")).arg(class);
        for (name, _) in std::env::vars_os() {
            // Kafka's own scripts and its image take their settings from these. So
            // does the lab (KAFKA_BROKERS), and means something else.
            if name.to_string_lossy().starts_with("KAFKA_") {
                command.env_remove(name);
            }
        }
        command.kill_on_drop(true);
        command
    }
}

/// The folder is renamed into place when all are there. So one stands for all.
fn is_complete(folder: &Path) -> bool {
    folder.join(format!("kafka_2.13-{}.jar", compose::version())).exists()
}

async fn find_java() -> Result<PathBuf, ApacheError> {
    let home = std::env::var_os("JAVA_HOME").map(|home| Path::new(&home).join("bin").join("java"));
    let java = home.filter(|java| java.exists()).unwrap_or_else(|| PathBuf::from("java"));
    let asked = Command::new(&java).arg("-version").stdin(Stdio::null()).kill_on_drop(true).output();
    // macOS has a `java` that only says where to get one: then there is no version.
    let answer = timeout(JAVA_ANSWERS, asked).await.ok().and_then(Result::ok).ok_or(ApacheError::NoJava)?;
    let version = String::from_utf8_lossy(&answer.stderr).split('"').nth(1).map(str::to_owned);
    let version = version.ok_or(ApacheError::NoJava)?;
    if major(&version) < OLDEST_JAVA {
        return Err(ApacheError::OldJava(version));
    }
    Ok(java)
}

/// `17.0.15` is 17; `1.8.0_392`, the old way, is 1 and so too old in any case.
fn major(version: &str) -> u32 {
    let digits = version.split(|c: char| !c.is_ascii_digit()).next();
    digits.and_then(|digits| digits.parse().ok()).unwrap_or_default()
}

async fn fetch(folder: &Path) -> Result<(), ApacheError> {
    let failed = |error: io::Error| ApacheError::folder(folder, &error);
    let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(parent).map_err(failed)?;
    // One that is empty is replaced; nothing else is, so nobody waits for a download in vain.
    if folder.exists() && std::fs::read_dir(folder).map_err(failed)?.next().is_some() {
        return Err(failed(io::ErrorKind::DirectoryNotEmpty.into()));
    }
    info!(folder = %folder.display(), "fetching Apache Kafka's jars by Maven: 54 MB, this once");
    // Beside its place, so that it can be renamed; with another name, so that half of them are never taken for all.
    remove_abandoned(parent);
    let partial = TempDir::with_prefix_in(PARTIAL, parent).map_err(failed)?;
    std::fs::write(partial.path().join("pom.xml"), pom()).map_err(failed)?;
    let maven = Command::new("mvn")
        .args(["--batch-mode", "--quiet", "dependency:copy-dependencies", "-DoutputDirectory=jars"])
        .current_dir(partial.path())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = timeout(DOWNLOAD, maven).await.map_err(|_| ApacheError::Maven("it took too long".to_owned()))?;
    let output = output.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => ApacheError::NoMaven,
        _ => ApacheError::Maven(error.to_string()),
    })?;
    let jars = partial.path().join("jars");
    if !output.status.success() || !is_complete(&jars) {
        return Err(ApacheError::Maven(first_error(&output)));
    }
    match std::fs::rename(&jars, folder) {
        Err(_) if is_complete(folder) => Ok(()), // Another process was faster.
        renamed => renamed.map_err(failed),
    }
}

/// What a killed program has left here. No download takes this long.
fn remove_abandoned(parent: &Path) {
    for entry in std::fs::read_dir(parent).into_iter().flatten().flatten() {
        let age = entry.metadata().and_then(|data| data.modified()).ok().and_then(|time| time.elapsed().ok());
        let is_partial = entry.file_name().to_string_lossy().starts_with(PARTIAL);
        if is_partial && age.is_some_and(|age| age > 2 * DOWNLOAD) {
            // Another process may be about it as well.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// Maven says much. What went wrong stands in its first line of that kind.
fn first_error(output: &Output) -> String {
    let said = [&output.stdout[..], &output.stderr[..]].concat();
    let said = String::from_utf8_lossy(&said);
    let lines = || said.lines().map(str::trim).filter(|line| !line.is_empty());
    let line = lines().find(|line| line.contains("ERROR")).or_else(|| lines().next_back()).unwrap_or("it said nothing");
    line.trim_start_matches("[ERROR]").trim().to_owned()
}

fn pom() -> String {
    let kafka = compose::version();
    let dependency = |group: &str, artifact: &str, version: &str| {
        format!(
            "<dependency><groupId>{group}</groupId><artifactId>{artifact}</artifactId>\
             <version>{version}</version></dependency>"
        )
    };
    let dependencies = [
        dependency("org.apache.kafka", "kafka_2.13", &kafka),
        dependency("org.apache.kafka", "kafka-tools", &kafka),
        dependency("org.apache.logging.log4j", "log4j-slf4j-impl", LOG4J),
    ];
    format!(
        r#"<project xmlns="http://maven.apache.org/POM/4.0.0">
<modelVersion>4.0.0</modelVersion>
<groupId>lab</groupId><artifactId>kafka-jars</artifactId><version>1</version><packaging>pom</packaging>
<dependencies>{}</dependencies>
</project>
"#,
        dependencies.concat()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_of_java_is_read() {
        for (version, expected) in [("17.0.15", 17), ("21", 21), ("25-ea", 25), ("1.8.0_392", 1), ("", 0)] {
            assert_eq!(major(version), expected, "{version}");
        }
    }

    #[test]
    fn a_folder_without_the_main_jar_is_no_download() {
        let folder = TempDir::new().expect("a folder");
        assert!(!is_complete(folder.path()));
        std::fs::write(folder.path().join("slf4j-api-1.7.36.jar"), "").expect("written");
        assert!(!is_complete(folder.path()));
    }
}
