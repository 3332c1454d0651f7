//! What a server answered, and what is to be found in it.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderName, StatusCode, header, response};
use serde_json::Value;
use url::Url;

use crate::verdict::{Failed, Outcome};

/// A whole answer, and both sides as they were on the wire.
#[derive(Clone)]
pub(crate) struct Answer {
    /// Who answered.
    pub(crate) address: SocketAddr,
    pub(crate) sent: String,
    pub(crate) came: String,
    pub(crate) parts: response::Parts,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn status(&self) -> StatusCode {
        self.parts.status
    }

    /// The value of a header; empty without one.
    pub(crate) fn header(&self, name: &HeaderName) -> &str {
        self.parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The media type without its parameters, in lower case.
    pub(crate) fn media_type(&self) -> String {
        let value = self.header(&header::CONTENT_TYPE);
        value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Result<Value, Failed> {
        serde_json::from_slice(&self.body).map_err(|error| self.wrong(format!("a body that is JSON ({error})")))
    }

    /// Where `Location` leads to, as a path on this server (RFC 9110 §10.2.2). What was asked for
    /// is at `base`.
    pub(crate) fn location(&self, base: &str) -> Result<String, Failed> {
        let given = self.header(&header::LOCATION);
        self.expect("a header `location`", !given.is_empty())?;
        let base = Url::parse(&format!("http://{}{base}", self.address)).expect("an address and a path are a URL");
        let location = base.join(given).map_err(|error| self.wrong(format!("a `location` that is a URL ({error})")))?;
        let here = location.scheme() == "http"
            && location.port_or_known_default() == base.port_or_known_default()
            && (location.host() == base.host() || location.host_str().is_some_and(is_this_machine));
        self.expect(&format!("a `location` on this server, which is {}", self.address), here)?;
        Ok(location[url::Position::BeforePath..url::Position::AfterQuery].to_owned())
    }

    pub(crate) fn expect_status(&self, status: StatusCode) -> Outcome {
        self.expect(&format!("the status {status}"), self.status() == status)
    }

    pub(crate) fn expect_json_type(&self) -> Outcome {
        self.expect("the header `content-type: application/json`", self.media_type() == "application/json")
    }

    /// Passes if it holds; `what` says what should.
    pub(crate) fn expect(&self, what: &str, holds: bool) -> Outcome {
        if holds { Ok(()) } else { Err(self.wrong(what)) }
    }

    /// This answer isn't what was expected.
    pub(crate) fn wrong(&self, expected: impl Into<String>) -> Failed {
        Failed::new(&self.sent, expected, &self.came)
    }
}

/// A server may call itself so, wherever it was called.
fn is_this_machine(host: &str) -> bool {
    ["localhost", "127.0.0.1", "[::1]", "0.0.0.0"].contains(&host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn located(location: &str) -> Option<String> {
        let response = http::Response::builder().header("location", location).body(()).expect("it is a header");
        let address = ([127, 0, 0, 1], 2000).into();
        let (sent, came, body) = Default::default();
        Answer { address, sent, came, parts: response.into_parts().0, body }.location("/v1/orders").ok()
    }

    #[test]
    fn a_location_may_be_relative_or_absolute() {
        let here = [
            "/v1/orders/1",
            "orders/1",
            "./orders/1",
            "http://127.0.0.1:2000/v1/orders/1",
            "http://localhost:2000/v1/orders/1",
            "//localhost:2000/v1/orders/1",
        ];
        for location in here {
            assert_eq!(located(location).as_deref(), Some("/v1/orders/1"), "{location}");
        }
        assert_eq!(located("1").as_deref(), Some("/v1/1"));
        for elsewhere in ["http://localhost:8080/v1/orders/1", "https://127.0.0.1:2000/v1/orders/1", "http://a:2000/"] {
            assert_eq!(located(elsewhere), None, "{elsewhere}");
        }
    }
}
