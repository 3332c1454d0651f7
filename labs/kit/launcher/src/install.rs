//! The command that installs something, in the words of the system at hand.

use crate::find;

/// What may be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Package {
    /// Compilers of C and C++, and make.
    Compilers,
    /// What librdkafka's configure is written in.
    Bash,
    /// For Apache Kafka.
    Java,
    /// For its jars.
    Maven,
}

/// For the first package manager that is there.
#[must_use]
pub fn install(package: Package) -> String {
    if cfg!(target_os = "macos") && package == Package::Compilers {
        return "xcode-select --install".to_owned();
    }
    let sudo = if find("sudo").is_some() { "sudo " } else { "" };
    let managers = ["apt-get", "dnf", "pacman", "brew"];
    match managers.into_iter().find(|manager| find(manager).is_some()) {
        Some("apt-get") => format!("{sudo}apt-get install -y {}", debian(package)),
        Some("dnf") => format!("{sudo}dnf install -y {}", fedora(package)),
        Some("pacman") => format!("{sudo}pacman -S {}", arch(package)),
        Some(_) => format!("brew install {}", homebrew(package)),
        None => format!("your system's package manager: install {}", homebrew(package)),
    }
}

fn debian(package: Package) -> &'static str {
    match package {
        Package::Compilers => "build-essential",
        Package::Bash => "bash",
        Package::Java => "default-jre-headless",
        Package::Maven => "maven",
    }
}

fn fedora(package: Package) -> &'static str {
    match package {
        Package::Compilers => "gcc gcc-c++ make",
        Package::Bash => "bash",
        Package::Java => "java-latest-openjdk-headless",
        Package::Maven => "maven",
    }
}

fn arch(package: Package) -> &'static str {
    match package {
        Package::Compilers => "base-devel",
        Package::Bash => "bash",
        Package::Java => "jre-openjdk-headless",
        Package::Maven => "maven",
    }
}

fn homebrew(package: Package) -> &'static str {
    match package {
        Package::Compilers => "gcc make",
        Package::Bash => "bash",
        Package::Java => "openjdk",
        Package::Maven => "maven",
    }
}
