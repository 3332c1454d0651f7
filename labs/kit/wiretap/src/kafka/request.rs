//! The head of a request, which also says how to read its answer.

use std::ops::RangeInclusive;

use super::names;
use super::wire::Reader;

/// The requests whose content is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Api {
    Produce,
    Fetch,
    Metadata,
    FindCoordinator,
    DescribeCluster,
    /// Only its name is shown.
    Other,
}

/// A request that passed.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) api: Api,
    pub(super) name: String,
    pub(super) version: i16,
    /// The number that its answer bears.
    pub(super) correlation: i32,
}

impl Api {
    fn of(key: i16) -> Self {
        match key {
            0 => Self::Produce,
            1 => Self::Fetch,
            3 => Self::Metadata,
            10 => Self::FindCoordinator,
            60 => Self::DescribeCluster,
            _ => Self::Other,
        }
    }

    /// The versions that are read here; the first of them that is flexible.
    fn versions(self) -> Option<(RangeInclusive<i16>, i16)> {
        Some(match self {
            Self::Produce => (3..=13, 9),
            Self::Fetch => (4..=18, 12),
            Self::Metadata => (0..=13, 9),
            Self::FindCoordinator => (0..=6, 3),
            Self::DescribeCluster => (0..=2, 0),
            Self::Other => return None,
        })
    }

    /// Its answers say where brokers are.
    pub(super) fn has_addresses(self) -> bool {
        matches!(self, Self::Metadata | Self::FindCoordinator | Self::DescribeCluster)
    }
}

impl Request {
    /// Reads what each request begins with; `None` if it's none.
    pub(super) fn read(message: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(message.get(4..)?, false);
        let (key, version, correlation) = (reader.i16()?, reader.i16()?, reader.i32()?);
        let name = names::api(key).map_or_else(|| format!("request {key}"), str::to_owned);
        Some(Self { api: Api::of(key), name, version, correlation })
    }

    /// What follows the head of the request; `None` of a version that isn't known here.
    pub(super) fn body<'a>(&self, message: &'a [u8]) -> Option<Reader<'a>> {
        let flexible = self.flexible()?;
        let mut head = Reader::new(message, false);
        head.take(4 + 8)?;
        head.text()?; // client id, never flexible
        self.after(message, head.at(), flexible)
    }

    /// What follows the head of its answer.
    pub(super) fn answer<'a>(&self, message: &'a [u8]) -> Option<Reader<'a>> {
        self.after(message, 4 + 4, self.flexible()?)
    }

    fn after<'a>(&self, message: &'a [u8], at: usize, flexible: bool) -> Option<Reader<'a>> {
        let mut reader = Reader::new(message, flexible);
        reader.take(at)?;
        reader.tags()?;
        Some(reader)
    }

    fn flexible(&self) -> Option<bool> {
        let (known, flexible) = self.api.versions()?;
        known.contains(&self.version).then_some(self.version >= flexible)
    }
}
