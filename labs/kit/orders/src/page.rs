//! Lists, a page at a time (AIP-158).

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::{Fault, Faults, Order, OrderError, Position, Status, UnknownName};

const DEFAULT_SIZE: u32 = 50;
const MOST_SIZE: u32 = 1_000;

/// A list request as a client made it.
#[derive(Clone, Debug, Default)]
pub struct ListDraft {
    /// A number as text; `None` or 0 for the default of 50, above 1,000 for 1,000.
    pub page_size: Option<String>,
    /// From the page before; `None` or empty for the first.
    pub page_token: Option<String>,
    /// Only orders of this status, by name.
    pub status: Option<String>,
    /// What the transport found wrong itself, such as an unknown parameter.
    pub faults: Faults,
}

impl ListDraft {
    /// The query, or every fault at once.
    pub fn parse(self) -> Result<ListQuery, OrderError> {
        let mut faults = self.faults;
        let size = faults.take(self.page_size.as_deref().map_or(Ok(DEFAULT_SIZE), parse_size));
        let status = faults.take(self.status.as_deref().map(parse_status).transpose());
        let token = faults.take(self.page_token.filter(|token| !token.is_empty()).map(PageToken::parse).transpose());
        let built = size.zip(status).zip(token);
        faults.into_result(built.map(|((size, status), token)| ListQuery { size, status, token }))
    }
}

/// A list request that may be tried. Only the store, which knows its own
/// secret, can say whether the token is one of its tokens.
#[derive(Clone, Debug)]
pub struct ListQuery {
    pub(crate) size: u32,
    pub(crate) status: Option<Status>,
    pub(crate) token: Option<PageToken>,
}

/// A page of orders, in the order of their creation.
#[derive(Clone, Debug)]
pub struct Page {
    /// At most as many as were asked for.
    pub orders: Vec<Order>,
    /// Asks for the next page; `None` on the last.
    pub next_page_token: Option<String>,
    /// On the first page: where it is true. Watch from here and nothing is missed.
    pub watch_position: Option<Position>,
}

fn parse_size(text: &str) -> Result<u32, Fault> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Fault::parameter("page_size", format!("must be a number from 0 to {MOST_SIZE}")));
    }
    // What is too long for a number is "too many", and not "no number".
    match text.parse().unwrap_or(MOST_SIZE) {
        0 => Ok(DEFAULT_SIZE),
        size => Ok(size.min(MOST_SIZE)),
    }
}

fn parse_status(text: &str) -> Result<Status, Fault> {
    text.parse().map_err(|wrong: UnknownName| Fault::parameter("status", wrong.to_string()))
}

/// Where a page begins: `<after>-<seal>`. The seal covers the filter and the
/// database's secret, so that a token can't be forged, or used with another
/// filter or another database.
#[derive(Clone, Debug)]
pub(crate) struct PageToken {
    after: i64,
    seal: u64,
}

impl PageToken {
    pub(crate) fn issue(after: i64, status: Option<Status>, secret: i64) -> String {
        format!("{after:x}-{:016x}", seal(after, status, secret))
    }

    fn parse(text: String) -> Result<Self, Fault> {
        let parts = text.split_once('-').and_then(|(after, seal)| {
            Some(Self { after: i64::from_str_radix(after, 16).ok()?, seal: u64::from_str_radix(seal, 16).ok()? })
        });
        parts.ok_or_else(not_a_token)
    }

    /// The place after which the page begins, if the seal is ours.
    pub(crate) fn open(&self, status: Option<Status>, secret: i64) -> Result<i64, OrderError> {
        if self.seal == seal(self.after, status, secret) { Ok(self.after) } else { Err(not_a_token().into()) }
    }
}

fn not_a_token() -> Fault {
    Fault::parameter("page_token", "must be the next_page_token of a page with the same filter")
}

/// SipHash, as std has it. A real service would take an HMAC; here a token
/// guards nothing but the reader's own mistakes.
fn seal(after: i64, status: Option<Status>, secret: i64) -> u64 {
    let mut hasher = DefaultHasher::new();
    (secret, after, status).hash(&mut hasher);
    hasher.finish()
}
