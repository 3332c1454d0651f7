//! Services that a graded program calls. The checker has their addresses, so that it
//! decides what they answer, when, and whether they are there at all.

use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use lab_console::Failure;
use serde::Deserialize;

use crate::http::{Mock, Plan, Received, Reply};
use crate::process::{Claim, free_address};
use crate::verdict::Failed;

/// One, as the exercise's data names it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Called {
    /// The environment variable that tells the program where it is.
    pub variable: String,
    /// Its value when somebody else has started the program (`--at`): the checker is there
    /// then. A program that the checker starts is told the same with a port of its own.
    pub with_at: String,
    /// What such a program is told after it: a URL may have a query, and that is a part of it.
    #[serde(default)]
    pub query: String,
}

/// Where one is, in this grading.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) variable: String,
    /// Of the variable.
    pub(crate) value: String,
    pub(crate) address: SocketAddr,
    _claim: Option<Claim>,
}

impl Called {
    /// What stands between the scheme and the path.
    fn authority(&self) -> &str {
        let rest = self.with_at.split_once("://").map_or(&*self.with_at, |(_, rest)| rest);
        rest.split('/').next().unwrap_or_default()
    }

    /// At its usual address, which must be free; or at any that is.
    pub(crate) fn place(&self, usual: bool) -> Result<Place, Failure> {
        let (address, claim) = if usual {
            (self.usual_address()?, None)
        } else {
            let (address, claim) = free_address().map_err(Failure::missing)?;
            (address, Some(claim))
        };
        let value = self.with_at.replacen(self.authority(), &address.to_string(), 1);
        let value = if usual { value } else { value + &self.query };
        Ok(Place { variable: self.variable.clone(), value, address, _claim: claim })
    }

    fn usual_address(&self) -> Result<SocketAddr, Failure> {
        let address: SocketAddr = self.authority().parse().expect("a test reads every one");
        TcpListener::bind(address).map(|_| address).map_err(|error| {
            let Self { variable, with_at, .. } = self;
            let why = lab_console::reason(&error);
            Failure::missing(format!("can't be at {variable}={with_at}, where the program is to call: {why}"))
        })
    }
}

impl Place {
    /// Somebody else is there.
    pub(crate) fn taken(&self, error: &std::io::Error) -> Failed {
        let did = format!("(listened at {}, as {})", self.address, self.variable);
        Failed::new(did, "that the port is free", format!("({})", lab_console::reason(error)))
    }
}

/// A service over HTTP that the checker plays. Each check says anew what it answers.
#[derive(Clone)]
pub(crate) struct Played {
    mock: Arc<Mock>,
    plan: Arc<RwLock<Arc<dyn Plan>>>,
    /// Requests that came before the present plan.
    earlier: Arc<Mutex<usize>>,
}

impl Played {
    pub(crate) async fn start(place: &Place) -> Result<Self, Failed> {
        let plan: Arc<RwLock<Arc<dyn Plan>>> = Arc::new(RwLock::new(Arc::new(nothing_planned)));
        let earlier = Arc::new(Mutex::new(0));
        let (present, before) = (Arc::clone(&plan), Arc::clone(&earlier));
        let mock = Mock::start_at(place.address, move |received: &Received, count: usize| {
            let plan = Arc::clone(&present.read().unwrap_or_else(PoisonError::into_inner));
            plan(received, count.saturating_sub(*before.lock().unwrap_or_else(PoisonError::into_inner)))
        })
        .await
        .map_err(|error| place.taken(&error))?;
        Ok(Self { mock: Arc::new(mock), plan, earlier })
    }

    /// What it answers from now on; the number of those since now is given as well.
    pub(crate) fn answers(&self, plan: impl Plan) {
        *self.plan.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(plan);
        *self.earlier.lock().unwrap_or_else(PoisonError::into_inner) = self.mock.received().len();
    }

    /// What came since then.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.mock.received().split_off(self.earlier())
    }

    /// Returns when so many have come since then. The caller sets the time for that.
    pub(crate) async fn wait_for(&self, count: usize) {
        self.mock.wait_for(self.earlier() + count).await;
    }

    fn earlier(&self) -> usize {
        *self.earlier.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn nothing_planned(_: &Received, _: usize) -> Reply {
    Reply::status(http::StatusCode::NOT_IMPLEMENTED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_address_differs() {
        for with_at in ["http://127.0.0.1:8081/stock", "127.0.0.1:50052"] {
            let called = Called { variable: "LAB_X".to_owned(), with_at: with_at.to_owned(), query: String::new() };
            let place = called.place(false).expect("a free port");
            assert_eq!(place.value, with_at.replace(called.authority(), &place.address.to_string()));
            called.authority().parse::<SocketAddr>().expect("an address");
        }
    }
}
