//! Where a program is tried: how checks start it, talk to it and end it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use lab_console::Failure;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::broker::Broker;
use crate::called::{Called, Place, Played};
use crate::exercise::Role;
use crate::http::Reply;
use crate::process::{Command, Process, Programs, Ran};
use crate::rpc;
use crate::server::Server;
use crate::text::{TO_PRINT, Text};
use crate::verdict::Failed;

/// What is graded.
#[derive(Clone, Debug)]
pub enum Subject {
    /// A program that was built.
    Built(PathBuf),
    /// A file that is read as it is.
    File(PathBuf),
    /// A command line for a shell, in any language.
    Typed(String),
    /// A server that runs already.
    At(SocketAddr),
}

/// A program on trial. A server runs from the first check that needs it to the end.
pub(crate) struct Bench {
    role: Role,
    subject: Subject,
    programs: Arc<Programs>,
    server: Option<Server>,
    /// What one check has seen and the next judges as well: some things take long to watch.
    pub(crate) seen: http::Extensions,
    /// What the learner is shown after a pass.
    pub(crate) shown: Vec<String>,
    places: Arc<[Place]>,
    played: Vec<(String, Played)>,
    services: Vec<(String, rpc::Service)>,
    /// Of an exercise of the Kafka lab.
    pub(crate) kafka: Option<Broker>,
    /// What goes on beside the checks.
    pub(crate) meanwhile: JoinSet<()>,
}

impl Bench {
    pub(crate) fn new(role: Role, calls: &[Called], subject: Subject) -> Result<Self, Failure> {
        let at = matches!(subject, Subject::At(_));
        let places = calls.iter().map(|called| called.place(at)).collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            role,
            subject,
            programs: Arc::new(Programs::new()?),
            server: None,
            seen: http::Extensions::new(),
            shown: Vec::new(),
            places: places.into(),
            played: Vec::new(),
            services: Vec::new(),
            kafka: None,
            meanwhile: JoinSet::new(),
        })
    }

    /// Another for the same program: for what goes on beside the checks.
    pub(crate) fn beside(&self) -> Self {
        Self {
            role: self.role,
            subject: self.subject.clone(),
            programs: Arc::clone(&self.programs),
            server: None,
            seen: http::Extensions::new(),
            shown: Vec::new(),
            places: Arc::clone(&self.places),
            played: Vec::new(),
            services: Vec::new(),
            kafka: self.kafka.clone(),
            meanwhile: JoinSet::new(),
        }
    }

    /// Where the program is to find a service that it calls.
    pub(crate) fn place(&self, variable: &str) -> &Place {
        let place = self.places.iter().find(|place| place.variable == variable);
        place.expect("the exercise's data names what its checks use")
    }

    /// That service, over HTTP; it is there from the first check that needs it.
    pub(crate) async fn plays(&mut self, variable: &str) -> Result<Played, Failed> {
        if let Some((_, played)) = self.played.iter().find(|(name, _)| name == variable) {
            return Ok(played.clone());
        }
        let played = Played::start(self.place(variable)).await?;
        self.played.push((variable.to_owned(), played.clone()));
        Ok(played)
    }

    /// That service, over gRPC; it is there from the first check that needs it.
    pub(crate) async fn plays_rpc(&mut self, variable: &str) -> Result<rpc::Service, Failed> {
        if let Some((_, service)) = self.services.iter().find(|(name, _)| name == variable) {
            return Ok(service.clone());
        }
        let place = self.place(variable);
        let service = rpc::Service::start_at(place.address).await.map_err(|error| place.taken(&error))?;
        self.services.push((variable.to_owned(), service.clone()));
        Ok(service)
    }

    /// It is away, until it is played again. Those who have it must drop it too.
    pub(crate) fn takes_away(&mut self, variable: &str) {
        for (_, played) in self.played.extract_if(.., |(name, _)| name == variable) {
            // A connection may outlive it by a moment.
            played.answers(|_, _| Reply::Cut);
        }
        self.services.retain(|(name, _)| name != variable);
    }

    /// The server, started if it isn't yet.
    pub(crate) async fn server(&mut self) -> Result<&mut Server, Failed> {
        if self.server.is_none() {
            self.server = Some(self.start_server(&[]).await?);
        }
        Ok(self.server.as_mut().expect("it was just put there"))
    }

    /// Starts it with more environment. `--at` has no say in that.
    pub(crate) async fn start_server(&self, env: &[(&str, String)]) -> Result<Server, Failed> {
        if let Subject::At(address) = self.subject {
            return Ok(Server { address, process: None, _claim: None });
        }
        let (address, claim) =
            crate::process::free_address().map_err(|why| Failed::new("(looked for a free port)", "one", why))?;
        let mut command = self.command(address);
        for (name, value) in env {
            command = command.env(name, value);
        }
        let mut process = self.programs.start(command)?;
        let variable = self.role.address().map_or("", |(variable, _)| variable);
        process.wait_until_it_listens(address, variable).await?;
        Ok(Server { address, process: Some(process), _claim: Some(claim) })
    }

    /// Runs a client to its end, with `address` as what it is to call; kills it after `enough`.
    pub(crate) async fn run(
        &self,
        address: SocketAddr,
        args: &[&str],
        enough: impl Future<Output = ()>,
    ) -> Result<Ran, Failed> {
        self.run_command(self.command(address).args(args), enough).await
    }

    /// The same with all that it is told.
    pub(crate) async fn run_command(&self, command: Command, enough: impl Future<Output = ()>) -> Result<Ran, Failed> {
        Ok(self.start(command)?.run_to_end(enough).await)
    }

    /// Starts it, and leaves it to the caller.
    pub(crate) fn start(&self, command: Command) -> Result<Process, Failed> {
        self.programs.start(command)
    }

    /// The file that is graded; of a command line, what it prints.
    pub(crate) async fn text(&self) -> Result<Text, Failed> {
        match &self.subject {
            Subject::File(path) => Text::read(path),
            Subject::Typed(line) => {
                let ran = self.programs.start(Command::shell(line))?.run_to_end(sleep(TO_PRINT)).await;
                Text::printed(line, ran)
            }
            Subject::Built(_) | Subject::At(_) => unreachable!("it is no file"),
        }
    }

    /// The program, told where it listens or what it calls.
    pub(crate) fn command(&self, address: impl ToString) -> Command {
        let command = match &self.subject {
            Subject::Built(path) => Command::new(path),
            Subject::Typed(line) => Command::shell(line),
            Subject::File(_) => unreachable!("it is read"),
            Subject::At(_) => unreachable!("it runs already"),
        };
        // Where it is to listen, or what it is to call.
        let command = match self.role.address() {
            Some((variable, _)) => command.env(variable, address.to_string()),
            None => command,
        };
        let command = self.places.iter().fold(command, |command, place| command.env(&place.variable, &place.value));
        // A proxy knows nothing of what is on this machine.
        let command = command.env("NO_PROXY", "127.0.0.1,localhost").env("no_proxy", "127.0.0.1,localhost");
        // Where the machine's clock is in UTC, nobody would see who takes local time for it.
        let command = command.env("TZ", "LAB-05:45");
        // Of a panic the sentence is shown; a backtrace would push it out of sight.
        command.env("RUST_BACKTRACE", "0")
    }

    /// A word that no program can know beforehand.
    pub(crate) fn word(&self) -> String {
        format!("w{}", &uuid::Uuid::new_v4().simple().to_string()[..10])
    }

    /// A number that no program can know beforehand, from 2 up to this.
    pub(crate) fn number(&self, most: u64) -> u64 {
        2 + uuid::Uuid::new_v4().as_u64_pair().1 % (most - 1)
    }

    /// An id that no program can know beforehand.
    pub(crate) fn id(&self) -> String {
        uuid::Uuid::new_v4().to_string()
    }

    /// Adds what the program said to a failure.
    pub(crate) fn with_last_words(&self, failed: Failed) -> Failed {
        let words = self.server.as_ref().and_then(|server| server.process.as_ref()).map(Process::last_words);
        match words {
            Some(words) if failed.program.is_empty() => Failed { program: words, ..failed },
            _ => failed,
        }
    }

    /// Ends all that was started.
    pub(crate) async fn end(mut self) {
        self.meanwhile.shutdown().await;
        if let Some(process) = self.server.and_then(|server| server.process) {
            process.stop().await;
        }
        if let Some(kafka) = self.kafka {
            kafka.end().await;
        }
    }
}
