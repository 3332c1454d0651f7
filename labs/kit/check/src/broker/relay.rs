//! A relay before the broker, for checks that decide when it answers, and what.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::asked::{
    Asked, CONSUMER_GROUP_HEARTBEAT, FETCH, Fate, HEARTBEAT, JOIN_GROUP, LEAVE_GROUP, OFFSET_COMMIT, PRODUCE, Plan,
};
use super::came::Came;
use super::client::{Client, MOST_UNDER_WAY};
use super::door::Door;
use super::fetch::wait_less;
use super::frame::{self, Moved, moved};
use super::produce::Produce;
use super::{Broker, broken};
use crate::http::Gate;
use crate::process::{Claim, free_address};
use crate::verdict::{Event, Failed, Who};

/// What is expected of whoever reads for a group.
pub(crate) const MEMBER: &str =
    "that it joins the group in LAB_GROUP (JoinGroup, or a heartbeat of the consumer protocol)";

/// Of what happened when. No ladder is that long.
const MOST_EVENTS: usize = 1_000;

/// Under way until it is dropped.
pub(crate) struct Relay {
    address: SocketAddr,
    shared: Arc<Shared>,
    tasks: JoinSet<io::Result<()>>,
    /// Nobody else is given its ports, also while nobody listens there.
    _claims: Vec<Claim>,
}

struct Shared {
    plan: Box<dyn Plan>,
    moved: Vec<Moved>,
    door: Door,
    came: Came,
    events: Mutex<Vec<(Instant, Who, String)>>,
}

/// What the client is to get next.
enum Next {
    /// The broker's next answer.
    Answer(Option<Gate>),
    /// This.
    Frame(Vec<u8>),
}

impl Broker {
    /// Before each of its nodes.
    pub(crate) async fn relay(&self, plan: impl Plan) -> Result<Relay, Failed> {
        let none = |error: io::Error| broken("put a relay before the broker", lab_console::reason(&error));
        let (mut listeners, mut moved, mut claims) = (Vec::new(), Vec::new(), Vec::new());
        for (host, port) in &self.nodes {
            let (address, claim) = free_address().map_err(|why| broken("put a relay before the broker", why))?;
            let listener = TcpListener::bind(address).await.map_err(none)?;
            claims.push(claim);
            moved.push(Moved::new((host, *port), ("127.0.0.1", address.port())));
            listeners.push((listener, address, (host.clone(), *port)));
        }
        let address = listeners.first().map(|(_, address, _)| *address);
        let address = address.ok_or_else(|| broken("put a relay before the broker", "it names no node"))?;
        let (came, events) = Default::default();
        let shared = Arc::new(Shared { plan: Box::new(plan), moved, door: Door::new(), came, events });
        let mut tasks = JoinSet::new();
        for (listener, _, node) in listeners {
            let (shared, orders) = (Arc::clone(&shared), shared.door.orders());
            tasks.spawn(async move {
                let pass = |client| pass(client, node.clone(), Arc::clone(&shared));
                shared.door.keep(listener, orders, pass).await
            });
        }
        Ok(Relay { address, shared, tasks, _claims: claims })
    }
}

impl Relay {
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many requests of this kind have come; [`LEAVE_GROUP`] counts in either protocol.
    pub(crate) fn count(&self, api: i16) -> usize {
        self.shared.came.count(api)
    }

    /// Returns when so many requests of this kind have come. The caller sets the time.
    pub(crate) async fn wait_for(&self, api: i16, count: usize) {
        self.shared.came.wait_for(api, count).await;
    }

    /// Whether somebody behind it has joined a group.
    pub(crate) fn has_member(&self) -> bool {
        [JOIN_GROUP, CONSUMER_GROUP_HEARTBEAT].iter().any(|&api| self.count(api) > 0)
    }

    /// Returns when a member behind it, the only one, has said so many times more that it lives.
    pub(crate) async fn beats(&self, times: usize) {
        let so_far = [HEARTBEAT, CONSUMER_GROUP_HEARTBEAT].map(|kind| self.count(kind));
        tokio::select! {
            () = self.wait_for(HEARTBEAT, so_far[0] + times) => {}
            // The first may be the one by which it joins.
            () = self.wait_for(CONSUMER_GROUP_HEARTBEAT, so_far[1] + times + 1) => {}
        }
    }

    /// For so long nothing was heard of a member of a group, the only one behind this relay.
    pub(crate) fn longest_silence(&self) -> Duration {
        self.shared.came.longest_silence()
    }

    /// How many connections came to the broker.
    pub(crate) fn connections(&self) -> usize {
        self.shared.door.came()
    }

    /// The broker is away: its connections are cut, and nobody listens there until it is back.
    pub(crate) async fn goes_away(&self) {
        self.shared.note_as(Who::Broker, "(away)");
        self.shared.door.set(false, self.tasks.len()).await;
    }

    /// It is there again, as it was.
    pub(crate) async fn comes_back(&self) {
        self.shared.door.set(true, self.tasks.len()).await;
        self.shared.note_as(Who::Broker, "(back)");
    }

    /// Something that happened beside it.
    pub(crate) fn note(&self, who: Who, what: &str) {
        self.shared.note_as(who, what);
    }

    /// What was held, let go or refused, and when.
    pub(crate) fn ladder(&self, began: Instant) -> Vec<Event> {
        self.shared.ladder(began)
    }

    /// The same, for one that outlives it.
    pub(super) fn source(&self) -> impl Fn(Instant) -> Vec<Event> + Send + Sync + use<> {
        let shared = Arc::clone(&self.shared);
        move |began| shared.ladder(began)
    }
}

impl Shared {
    /// What becomes of it.
    fn fate(&self, request: &[u8]) -> (Asked, Fate) {
        let asked = Asked::read(request);
        self.came.note(asked.api);
        // In the consumer protocol a heartbeat says so.
        if asked.leaves && asked.api != LEAVE_GROUP {
            self.came.note(LEAVE_GROUP);
        }
        (asked, (self.plan)(asked))
    }

    fn ladder(&self, began: Instant) -> Vec<Event> {
        let events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        let event = |(at, who, what): &(Instant, Who, String)| Event {
            at_ms: at.saturating_duration_since(began).as_millis() as u64,
            who: *who,
            what: what.clone(),
        };
        events.iter().map(event).collect()
    }

    fn note(&self, asked: Asked, what: &str) {
        let comes = match asked.api {
            PRODUCE => "a record comes",
            FETCH => "records are asked for",
            OFFSET_COMMIT => "a commit comes",
            _ if asked.leaves => "a member says that it leaves",
            _ => "a question comes",
        };
        self.note_as(Who::Broker, &what.replace("it comes", comes));
    }

    fn note_as(&self, who: Who, what: &str) {
        let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        if events.len() < MOST_EVENTS {
            events.push((Instant::now(), who, what.to_owned()));
        }
    }
}

async fn pass(client: TcpStream, node: (String, u16), shared: Arc<Shared>) -> io::Result<()> {
    let broker = TcpStream::connect((&*node.0, node.1)).await?;
    // Else a small frame may wait 40 ms for the acknowledgement of the one before it.
    client.set_nodelay(true).and(broker.set_nodelay(true))?;
    let ((from_client, to_client), (from_broker, to_broker)) = (client.into_split(), broker.into_split());
    let (next, nexts) = mpsc::channel(MOST_UNDER_WAY);
    let client = Client::new(from_client);
    tokio::select! {
        done = requests(client, to_broker, next, &shared) => done,
        done = answers(from_broker, to_client, nexts, &shared) => done,
    }
}

async fn requests(
    mut client: Client,
    mut broker: OwnedWriteHalf,
    next: mpsc::Sender<Next>,
    shared: &Shared,
) -> io::Result<()> {
    loop {
        let mut request = client.next().await?;
        let (asked, fate) = shared.fate(&request);
        if asked.is_fetch() {
            wait_less(&mut request);
        }
        let produce = if asked.is_produce() { Produce::read(&request) } else { None };
        let wants_an_answer = produce.as_ref().is_none_or(Produce::wants_an_answer);
        let answer = match (fate, produce) {
            (Fate::Hold(gate) | Fate::HoldAnswer(gate), _) if gate.is_open() => Next::Answer(None),
            (Fate::Hold(gate), _) => {
                shared.note(asked, "it comes; the broker takes its time");
                // What a broker has read it carries out, though nobody waits any more: a record that is sent
                // again is there twice. A commit counts as not yet read.
                match asked.is_commit() {
                    true => client.pass(gate).await?,
                    false => gate.pass().await,
                }
                shared.note(asked, "the broker takes it");
                Next::Answer(None)
            }
            (Fate::HoldAnswer(gate), _) => {
                shared.note(asked, "it comes; the broker says nothing");
                Next::Answer(Some(gate))
            }
            (Fate::Refuse(error), Some(produce)) => {
                shared.note(asked, &format!("it comes; the broker refuses it (error {error})"));
                Next::Frame(produce.refused(error))
            }
            (Fate::Pass | Fate::Refuse(_), _) => Next::Answer(None),
        };
        if matches!(answer, Next::Answer(_)) {
            frame::write(&mut broker, &request).await?;
        }
        if wants_an_answer {
            next.send(answer).await.map_err(io::Error::other)?;
        }
    }
}

async fn answers(
    mut broker: OwnedReadHalf,
    mut client: OwnedWriteHalf,
    mut nexts: mpsc::Receiver<Next>,
    shared: &Shared,
) -> io::Result<()> {
    while let Some(next) = nexts.recv().await {
        let answer = match next {
            Next::Frame(answer) => answer,
            Next::Answer(gate) => {
                let answer = frame::read(&mut broker).await?;
                if let Some(gate) = gate {
                    gate.pass().await;
                    shared.note_as(Who::Broker, "the broker answers");
                }
                moved(answer, &shared.moved)
            }
        };
        frame::write(&mut client, &answer).await?;
    }
    Ok(())
}
