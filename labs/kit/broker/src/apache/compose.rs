//! docker-compose.yml, read for what its brokers are told.
//!
//! The file is the one place that says how a broker here is set up. So what is
//! tested without Docker is what Docker would run; ports and paths alone differ.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use yaml_rust2::{Yaml, YamlLoader};

const COMPOSE: &str = include_str!("../../../../../docker-compose.yml");
const IMAGE: &str = "apache/kafka:";
/// The listener for programs on this machine.
const HOST: &str = "HOST";

/// A broker as the file has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Service {
    pub(super) name: String,
    pub(super) environment: BTreeMap<String, String>,
}

/// Ports here in place of those in a container, by the service's name and its port.
pub(super) type Ports = BTreeMap<(String, u16), u16>;

/// The version of Apache Kafka that the file names.
pub(super) fn version() -> String {
    let services = services(COMPOSE).expect("docker-compose.yml is tested");
    let image = services.values().find_map(|service| service["image"].as_str());
    image.and_then(|image| image.strip_prefix(IMAGE)).expect("docker-compose.yml is tested").to_owned()
}

/// The brokers without a profile, or those of `profile`.
pub(super) fn brokers(profile: Option<&str>) -> Vec<Service> {
    let services = services(COMPOSE).expect("docker-compose.yml is tested");
    let belongs = |service: &Yaml| match profile {
        Some(profile) => service["profiles"].as_vec().is_some_and(|all| all.contains(&Yaml::String(profile.into()))),
        None => service["profiles"].is_badvalue(),
    };
    let service = |(name, service): (String, Yaml)| Service { name, environment: environment(&service["environment"]) };
    services.into_iter().filter(|(_, service)| belongs(service)).map(service).collect()
}

fn services(text: &str) -> Option<BTreeMap<String, Yaml>> {
    let file = YamlLoader::load_from_str(text).ok()?.into_iter().next()?;
    let services = file["services"].as_hash()?.iter();
    services.map(|(name, service)| Some((name.as_str()?.to_owned(), merged(service)))).collect()
}

/// A mapping with what its `<<` brings in, which this parser leaves to us. What the
/// mapping says itself outranks that, and of several the first.
fn merged(node: &Yaml) -> Yaml {
    let Yaml::Hash(hash) = node else { return node.clone() };
    let mut all = hash.clone();
    let sources = match all.remove(&Yaml::String("<<".into())) {
        Some(Yaml::Array(sources)) => sources,
        source => source.into_iter().collect(),
    };
    for source in &sources {
        for (key, value) in source.as_hash().into_iter().flatten() {
            all.entry(key.clone()).or_insert_with(|| value.clone());
        }
    }
    Yaml::Hash(all)
}

fn environment(node: &Yaml) -> BTreeMap<String, String> {
    let Yaml::Hash(variables) = merged(node) else { return BTreeMap::new() };
    let variable = |(name, value): (Yaml, Yaml)| Some((name.into_string()?, value.into_string()?));
    variables.into_iter().filter_map(variable).collect()
}

impl Service {
    /// The port for programs on this machine.
    pub(super) fn host_port(&self) -> u16 {
        let host = self.listeners().into_iter().find(|(name, _)| name == HOST);
        host.expect("docker-compose.yml is tested").1
    }

    /// Its listeners' names and ports.
    pub(super) fn listeners(&self) -> Vec<(String, u16)> {
        let listener = |text: &str| {
            let (name, address) = text.split_once("://")?;
            Some((name.to_owned(), address.rsplit_once(':')?.1.parse().ok()?))
        };
        self.environment["KAFKA_LISTENERS"].split(',').filter_map(listener).collect()
    }

    /// The same broker on this machine, with these ports, and its data in this folder.
    pub(super) fn moved(&self, ip: IpAddr, ports: &Ports, data: &str) -> BTreeMap<String, String> {
        let here = |service: &str, port: u16| SocketAddr::from((ip, ports[&(service.to_owned(), port)]));
        let listeners = |advertised: &str| {
            let named = self.listeners().into_iter();
            let wanted =
                named.filter(|(name, _)| advertised.split(',').any(|one| one.starts_with(&format!("{name}:"))));
            let moved = wanted.map(|(name, port)| format!("{name}://{}", here(&self.name, port)));
            moved.collect::<Vec<_>>().join(",")
        };
        let voter = |text: &str| {
            let (id, address) = text.split_once('@')?;
            let (service, port) = address.rsplit_once(':')?;
            Some(format!("{id}@{}", here(service, port.parse().ok()?)))
        };
        let voters = |text: &str| text.split(',').filter_map(voter).collect::<Vec<_>>().join(",");
        let mut environment = self.environment.clone();
        for (name, value) in &mut environment {
            match name.as_str() {
                "KAFKA_LISTENERS" | "KAFKA_ADVERTISED_LISTENERS" => *value = listeners(value),
                "KAFKA_CONTROLLER_QUORUM_VOTERS" => *value = voters(value),
                "KAFKA_LOG_DIRS" => *value = data.to_owned(),
                _ => {}
            }
        }
        environment
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_has_one_broker_and_a_cluster_of_three() {
        let (one, three) = (brokers(None), brokers(Some("cluster")));
        assert_eq!(one.iter().map(Service::host_port).collect::<Vec<_>>(), [9092]);
        assert_eq!(three.iter().map(Service::host_port).collect::<Vec<_>>(), [19092, 29092, 39092]);
        for service in one.iter().chain(&three) {
            assert_eq!(service.environment["KAFKA_AUTO_CREATE_TOPICS_ENABLE"], "false", "{}", service.name);
            assert!(!service.environment.contains_key("<<"), "{}", service.name);
        }
        assert_eq!(three[0].environment["KAFKA_MIN_INSYNC_REPLICAS"], "2");
        assert!(version().split('.').count() == 3, "{}", version());
    }

    #[test]
    fn every_port_is_published_on_loopback_only() {
        for (name, service) in services(COMPOSE).expect("YAML") {
            for port in service["ports"].as_vec().expect("a list") {
                assert!(port.as_str().expect("text").starts_with("127.0.0.1:"), "{name}: {port:?}");
            }
        }
    }

    #[test]
    fn ports_and_paths_move_and_nothing_else_does() {
        let three = brokers(Some("cluster"));
        let mut ports = Ports::new();
        for (number, service) in three.iter().enumerate() {
            for (offset, (_, port)) in service.listeners().into_iter().enumerate() {
                ports.insert((service.name.clone(), port), 20_000 + 10 * number as u16 + offset as u16);
            }
        }
        let moved = three[1].moved([127, 0, 0, 1].into(), &ports, "/data");
        let changed: BTreeMap<_, _> =
            moved.iter().filter(|&(name, value)| three[1].environment[name] != *value).collect();
        let expected = [
            ("KAFKA_LISTENERS", "HOST://127.0.0.1:20010,CONTAINERS://127.0.0.1:20011,CONTROLLER://127.0.0.1:20012"),
            ("KAFKA_ADVERTISED_LISTENERS", "HOST://127.0.0.1:20010,CONTAINERS://127.0.0.1:20011"),
            ("KAFKA_CONTROLLER_QUORUM_VOTERS", "1@127.0.0.1:20002,2@127.0.0.1:20012,3@127.0.0.1:20022"),
            ("KAFKA_LOG_DIRS", "/data"),
        ];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(changed, expected.iter().map(|(name, value)| (name, value)).collect());
        assert_eq!(moved.len(), three[1].environment.len());
    }

    #[test]
    fn what_a_mapping_says_itself_outranks_what_it_merges() {
        let text = "a: &a {x: '1', y: '1'}\nb: &b {y: '2', z: '2'}\nservices:\n  s: {<<: [*a, *b], z: '3'}\n";
        let merged = &services(text).expect("YAML")["s"];
        let values = ["x", "y", "z"].map(|key| merged[key].as_str().expect("text").to_owned());
        assert_eq!(values, ["1", "1", "3"]);
    }
}
