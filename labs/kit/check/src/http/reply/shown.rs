//! Replies in words.

use std::fmt;

use http::StatusCode;

use super::{HALF_A_LINE, Reply, floor};

/// As a learner sees it: the answer as it is on the wire, or what is done instead, in brackets.
impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answer { status, headers, body } | Self::Chunked { status, headers, body } => {
                head(f, *status, headers)?;
                write!(f, "\n{body}")
            }
            Self::HangBody { status, headers, body } => {
                head(f, *status, headers)?;
                write!(f, "\n{}\n(nothing more came, and the connection stayed open)", half(body))
            }
            Self::CutBody { status, headers, body } => {
                head(f, *status, headers)?;
                write!(f, "\n{}\n(the connection was cut here)", half(body))
            }
            Self::Cut => f.write_str("(the connection was cut after the request was read)"),
            Self::Reset => f.write_str("(the connection was reset after the request was read)"),
            Self::CutLine => write!(f, "{HALF_A_LINE}\n(the connection was cut here)"),
            Self::Hang => f.write_str("(no answer, and the connection stayed open)"),
            Self::Endless { status, content_type, begin, .. } => {
                write!(f, "HTTP/1.1 {status}\ncontent-type: {content_type}\n\n{begin}\n(and spaces without end)")
            }
            Self::Late(time, reply) => write!(f, "{reply}\n(after {} ms)", time.as_millis()),
            Self::Hold(_, reply) => write!(f, "{reply}"),
            Self::Leave(None, reply) => write!(f, "{reply}\n(from here on nobody listened any more)"),
            Self::Leave(Some(time), reply) => {
                write!(f, "{reply}\n(from here on nobody listened for {} ms)", time.as_millis())
            }
        }
    }
}

fn head(f: &mut fmt::Formatter<'_>, status: StatusCode, headers: &[(&'static str, String)]) -> fmt::Result {
    writeln!(f, "HTTP/1.1 {status}")?;
    headers.iter().try_for_each(|(name, value)| writeln!(f, "{name}: {value}"))
}

fn half(text: &str) -> &str {
    &text[..floor(text, text.len() / 2)]
}
