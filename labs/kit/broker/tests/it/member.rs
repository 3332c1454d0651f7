//! A member of a classic group, request by request, in any version.

use std::io::{Read, Write};
use std::net::TcpStream;

use bytes::{Buf, Bytes, BytesMut};
use kafka_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use kafka_protocol::messages::leave_group_request::MemberIdentity;
use kafka_protocol::messages::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use kafka_protocol::messages::sync_group_request::SyncGroupRequestAssignment;
use kafka_protocol::messages::{
    GroupId, HeartbeatRequest, JoinGroupRequest, JoinGroupResponse, LeaveGroupRequest, LeaveGroupResponse,
    OffsetCommitRequest, RequestHeader, ResponseHeader, SyncGroupRequest, SyncGroupResponse, TopicName,
};
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion, Request, StrBytes};

use crate::support::PATIENCE;

/// One connection, and who it says it is.
pub(crate) struct Member {
    stream: TcpStream,
    group: GroupId,
    pub(crate) id: StrBytes,
    pub(crate) generation: i32,
    pub(crate) session_ms: i32,
    asked: i32,
}

impl Member {
    pub(crate) fn of(group: &str, brokers: &str) -> Self {
        let stream = connect(brokers);
        let group = GroupId(StrBytes::from_string(group.to_owned()));
        Self { stream, group, id: StrBytes::default(), generation: -1, session_ms: 10_000, asked: 0 }
    }

    /// Goes on, on another connection.
    pub(crate) fn connect(&mut self, brokers: &str) {
        self.stream = connect(brokers);
    }

    /// Joins, as the leader of a group that has no other member.
    pub(crate) fn join_alone(&mut self, version: i16) -> JoinGroupResponse {
        let mut answer = self.join(version);
        if answer.error_code == 79 {
            self.id = answer.member_id;
            answer = self.join(version);
        }
        assert_eq!(answer.error_code, 0);
        self.id.clone_from(&answer.member_id);
        self.generation = answer.generation_id;
        answer
    }

    pub(crate) fn join(&mut self, version: i16) -> JoinGroupResponse {
        let range = JoinGroupRequestProtocol::default()
            .with_name(StrBytes::from_static_str("range"))
            .with_metadata(Bytes::from_static(b"metadata"));
        let request = JoinGroupRequest::default()
            .with_group_id(self.group.clone())
            .with_session_timeout_ms(self.session_ms)
            .with_rebalance_timeout_ms(if version == 0 { -1 } else { 60_000 })
            .with_member_id(self.id.clone())
            .with_protocol_type(StrBytes::from_static_str("consumer"))
            .with_protocols(vec![range]);
        self.ask(&request, version)
    }

    /// As the leader: it has this share itself.
    pub(crate) fn sync(&mut self, share: &'static [u8], version: i16) -> SyncGroupResponse {
        let own = SyncGroupRequestAssignment::default()
            .with_member_id(self.id.clone())
            .with_assignment(Bytes::from_static(share));
        let request = SyncGroupRequest::default()
            .with_group_id(self.group.clone())
            .with_generation_id(self.generation)
            .with_member_id(self.id.clone())
            .with_assignments(vec![own]);
        self.ask(&request, version)
    }

    pub(crate) fn beat(&mut self, version: i16) -> i16 {
        let request = HeartbeatRequest::default()
            .with_group_id(self.group.clone())
            .with_generation_id(self.generation)
            .with_member_id(self.id.clone());
        self.ask(&request, version).error_code
    }

    /// The error for the one partition.
    pub(crate) fn commit(&mut self, topic: &str, offset: i64, version: i16) -> i16 {
        let partition = OffsetCommitRequestPartition::default().with_partition_index(1).with_committed_offset(offset);
        let topic = OffsetCommitRequestTopic::default()
            .with_name(TopicName(StrBytes::from_string(topic.to_owned())))
            .with_partitions(vec![partition]);
        let request = OffsetCommitRequest::default()
            .with_group_id(self.group.clone())
            .with_generation_id_or_member_epoch(self.generation)
            .with_member_id(self.id.clone())
            .with_topics(vec![topic]);
        let answer = self.ask(&request, version);
        assert_eq!((answer.topics.len(), answer.topics[0].partitions[0].partition_index), (1, 1));
        answer.topics[0].partitions[0].error_code
    }

    pub(crate) fn leave(&mut self, version: i16) -> LeaveGroupResponse {
        let request = LeaveGroupRequest::default().with_group_id(self.group.clone());
        let request = if version < 3 {
            request.with_member_id(self.id.clone())
        } else {
            request.with_members(vec![MemberIdentity::default().with_member_id(self.id.clone())])
        };
        self.ask(&request, version)
    }

    /// Asks, and sees to it that the answer has its number and nothing after it.
    pub(crate) fn ask<R: Request>(&mut self, request: &R, version: i16) -> R::Response {
        self.asked += 1;
        let header = RequestHeader::default()
            .with_request_api_key(R::KEY)
            .with_request_api_version(version)
            .with_correlation_id(self.asked)
            .with_client_id(Some(StrBytes::from_static_str("test")));
        let mut bytes = BytesMut::new();
        header.encode(&mut bytes, R::header_version(version)).expect("a request");
        request.encode(&mut bytes, version).expect("a request");
        self.stream.write_all(&(bytes.len() as u32).to_be_bytes()).expect("written");
        self.stream.write_all(&bytes).expect("written");
        let mut length = [0; 4];
        self.stream.read_exact(&mut length).expect("an answer");
        let mut answer = vec![0; u32::from_be_bytes(length) as usize];
        self.stream.read_exact(&mut answer).expect("an answer");
        let mut answer = Bytes::from(answer);
        let header = ResponseHeader::decode(&mut answer, R::Response::header_version(version)).expect("an answer");
        assert_eq!(header.correlation_id, self.asked);
        let decoded = R::Response::decode(&mut answer, version).expect("an answer");
        assert_eq!(answer.remaining(), 0, "version {version}");
        decoded
    }
}

fn connect(brokers: &str) -> TcpStream {
    let stream = TcpStream::connect(brokers).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a time-out");
    stream
}
