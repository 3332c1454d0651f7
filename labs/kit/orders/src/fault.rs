//! What is wrong with a request, and where.

use std::fmt;

use crate::OrderError;

/// How many faults one answer names: more than an order can have. A body of 1 MiB has room for a hundred
/// thousand; nobody reads them, and the answer must stay small.
const MOST_FAULTS: usize = 32;

/// One thing that is wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where it is.
    pub place: Place,
    /// What is wrong with it, as the end of a sentence that begins with the place.
    pub detail: String,
}

impl Fault {
    /// A fault in a parameter: `id`, `page_size`, `etag`, …
    pub fn parameter(name: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { place: Place::Parameter(name.into()), detail: detail.into() }
    }

    /// A fault in the body, at a JSON pointer (RFC 6901); "" is the whole body.
    pub fn body(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { place: Place::Body(pointer.into()), detail: detail.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.place, self.detail)
    }
}

/// Where a fault is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the order itself, at a JSON pointer: `/equipment/3`.
    Body(String),
    /// In what goes beside it; over REST in the path, the query or a header.
    Parameter(String),
}

/// As a person says it, and as gRPC's BadRequest wants it: `equipment[3]`, `page_size`.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Parameter(name) => f.write_str(name),
            Self::Body(pointer) if pointer.is_empty() => f.write_str("the body"),
            Self::Body(pointer) => {
                let mut parts = pointer.split('/').skip(1);
                f.write_str(parts.next().unwrap_or_default())?;
                parts.try_for_each(|index| write!(f, "[{index}]"))
            }
        }
    }
}

/// Collects faults, so that one answer names them all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    found: Vec<Fault>,
    more: usize,
}

impl Faults {
    /// Notes a fault.
    pub fn push(&mut self, fault: Fault) {
        if self.found.len() < MOST_FAULTS {
            self.found.push(fault);
        } else {
            self.more += 1;
        }
    }

    /// The value, or `None` and the fault noted.
    pub fn take<T>(&mut self, parsed: Result<T, Fault>) -> Option<T> {
        parsed.map_err(|fault| self.push(fault)).ok()
    }

    /// `Invalid` with every fault when there is one, else what `build` makes.
    /// A part that is `None` has left a fault behind, so `build` may be `None` only then.
    pub(crate) fn into_result<T>(mut self, built: Option<T>) -> Result<T, OrderError> {
        match built {
            Some(value) if self.found.is_empty() => Ok(value),
            _ => {
                if self.more > 0 {
                    self.found.push(Fault::body("", format!("has {} more faults", self.more)));
                }
                Err(OrderError::Invalid { faults: self.found })
            }
        }
    }
}
