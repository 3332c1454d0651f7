//! How a call ended: a code, a message for people, and details for programs (google.rpc.Status).

use std::fmt;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use http::HeaderMap;
use percent_encoding::percent_decode_str;
use prost::Message;

/// Of a status, as the wire has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Code(u32);

impl Code {
    pub(crate) const OK: Self = Self(0);
    pub(crate) const CANCELLED: Self = Self(1);
    pub(crate) const UNKNOWN: Self = Self(2);
    pub(crate) const INVALID_ARGUMENT: Self = Self(3);
    pub(crate) const DEADLINE_EXCEEDED: Self = Self(4);
    pub(crate) const NOT_FOUND: Self = Self(5);
    pub(crate) const ALREADY_EXISTS: Self = Self(6);
    pub(crate) const PERMISSION_DENIED: Self = Self(7);
    pub(crate) const RESOURCE_EXHAUSTED: Self = Self(8);
    pub(crate) const FAILED_PRECONDITION: Self = Self(9);
    pub(crate) const ABORTED: Self = Self(10);
    pub(crate) const OUT_OF_RANGE: Self = Self(11);
    pub(crate) const UNIMPLEMENTED: Self = Self(12);
    pub(crate) const INTERNAL: Self = Self(13);
    pub(crate) const UNAVAILABLE: Self = Self(14);
    pub(crate) const DATA_LOSS: Self = Self(15);
    pub(crate) const UNAUTHENTICATED: Self = Self(16);

    pub(crate) fn number(self) -> u32 {
        self.0
    }
}

const NAMES: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NAMES.get(self.0 as usize).copied().unwrap_or("a code that gRPC doesn't have"))
    }
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Status {
    pub(crate) code: Code,
    /// Decoded.
    pub(crate) message: String,
    /// What can't be decoded is told as a text.
    pub(crate) details: Result<Vec<Detail>, String>,
}

/// One of the details.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Detail {
    /// google.rpc.BadRequest: each field, with what is wrong in it.
    BadRequest(Vec<FieldViolation>),
    /// Another type, by its name.
    Other(String),
}

impl Detail {
    fn violations(&self) -> &[FieldViolation] {
        match self {
            Self::BadRequest(violations) => violations,
            Self::Other(_) => &[],
        }
    }
}

/// Of a google.rpc.BadRequest.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct FieldViolation {
    #[prost(string, tag = "1")]
    pub(crate) field: String,
    #[prost(string, tag = "2")]
    pub(crate) description: String,
}

#[derive(Clone, PartialEq, Message)]
struct BadRequest {
    #[prost(message, repeated, tag = "1")]
    field_violations: Vec<FieldViolation>,
}

#[derive(Clone, PartialEq, Message)]
struct RpcStatus {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<prost_types::Any>,
}

/// Whether padded or not: gRPC's own libraries differ.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

impl Status {
    /// From trailers, or from the headers of an answer that has nothing else; `None` when there
    /// is none in it.
    pub(super) fn of(fields: &HeaderMap) -> Option<Result<Self, String>> {
        let text = |name: &str| fields.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        let number = text("grpc-status")?;
        let Some(code) = number.parse().ok().map(Code).filter(|code| NAMES.len() > code.0 as usize) else {
            return Some(Err(format!("`grpc-status: {number}`, which is no code of gRPC's")));
        };
        let message = text("grpc-message").unwrap_or_default();
        let message = percent_decode_str(&message).decode_utf8_lossy().into_owned();
        let details = text("grpc-status-details-bin").map_or(Ok(Vec::new()), |text| details(&text, code));
        Some(Ok(Self { code, message, details }))
    }

    /// Of a stream that was reset.
    pub(super) fn cancelled() -> Self {
        Self { code: Code::CANCELLED, message: String::new(), details: Ok(Vec::new()) }
    }

    /// All that the details say of fields.
    pub(crate) fn violations(&self) -> Vec<&FieldViolation> {
        let details = self.details.as_ref().map_or(&[][..], Vec::as_slice);
        details.iter().flat_map(Detail::violations).collect()
    }
}

fn details(text: &str, code: Code) -> Result<Vec<Detail>, String> {
    let bytes = BASE64.decode(text).map_err(|error| format!("which is no base64: {error}"))?;
    let status = RpcStatus::decode(&*bytes).map_err(|_| "which is no google.rpc.Status".to_owned())?;
    if status.code != code.0 as i32 {
        return Err(format!("a google.rpc.Status with the code {}, and grpc-status is {}", status.code, code.0));
    }
    status.details.iter().map(detail).collect()
}

fn detail(any: &prost_types::Any) -> Result<Detail, String> {
    let name = any.type_url.rsplit('/').next().unwrap_or_default();
    if name != "google.rpc.BadRequest" {
        return Ok(Detail::Other(any.type_url.clone()));
    }
    let bad =
        BadRequest::decode(&*any.value).map_err(|_| "a google.rpc.BadRequest that can't be decoded".to_owned())?;
    Ok(Detail::BadRequest(bad.field_violations))
}

/// As the trailers are, with their values decoded.
impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "grpc-status: {} ({})", self.code.0, self.code)?;
        if !self.message.is_empty() {
            write!(f, "\ngrpc-message: {}", self.message)?;
        }
        let details = match &self.details {
            Ok(details) => details,
            Err(why) => return write!(f, "\ngrpc-status-details-bin: ({why})"),
        };
        for detail in details {
            match detail {
                Detail::Other(name) => write!(f, "\ngrpc-status-details-bin: {name}")?,
                Detail::BadRequest(violations) => {
                    write!(f, "\ngrpc-status-details-bin: google.rpc.BadRequest")?;
                    for FieldViolation { field, description } in violations {
                        write!(f, "\n  {field}: {description}")?;
                    }
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD};

    use super::*;

    #[test]
    fn details_come_with_padding_or_without() {
        let violation = FieldViolation { field: "a".to_owned(), description: "b".to_owned() };
        let value = BadRequest { field_violations: vec![violation.clone()] }.encode_to_vec();
        let any = prost_types::Any { type_url: "type.googleapis.com/google.rpc.BadRequest".to_owned(), value };
        let status = RpcStatus { code: 3, message: "é".to_owned(), details: vec![any] }.encode_to_vec();
        for text in [BASE64_STANDARD.encode(&status), BASE64_STANDARD_NO_PAD.encode(&status)] {
            let mut fields = HeaderMap::new();
            for (name, value) in [("grpc-status", "3"), ("grpc-message", "%C3%A9"), ("grpc-status-details-bin", &*text)]
            {
                fields.insert(name, value.parse().expect("a header"));
            }
            let status = Status::of(&fields).expect("it is there").expect("it is one");
            assert_eq!((status.code, &*status.message), (Code::INVALID_ARGUMENT, "é"));
            assert_eq!(status.violations(), [&violation]);
        }
    }
}
