//! What the .proto files say: which messages a method takes and returns.

use std::sync::LazyLock;

use bytes::Bytes;
use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, MethodDescriptor};
use serde_json::Value;

use super::json;

static SCHEMA: LazyLock<DescriptorPool> = LazyLock::new(|| {
    let mut pool = DescriptorPool::decode(lab_proto::DESCRIPTOR_SET).expect("the build made it");
    pool.decode_file_descriptor_set(lab_proto::WAREHOUSE_DESCRIPTOR_SET).expect("the build made it");
    pool
});

/// The method of a path such as `orders.v1.OrderService/CreateOrder`.
pub(super) fn method(path: &str) -> Option<MethodDescriptor> {
    let (service, method) = path.split_once('/')?;
    SCHEMA.get_service_by_name(service)?.methods().find(|candidate| candidate.name() == method)
}

/// The bytes of a message. The checks write what the schema knows.
pub(super) fn encode(descriptor: MessageDescriptor, value: &Value) -> Bytes {
    json::message(descriptor, value).encode_to_vec().into()
}

/// The message as JSON; or why it is none.
pub(super) fn decode(descriptor: MessageDescriptor, bytes: Bytes) -> Result<Value, String> {
    let name = descriptor.full_name().to_owned();
    let length = bytes.len();
    let message = DynamicMessage::decode(descriptor, bytes)
        .map_err(|error| format!("{length} bytes that are no {name}: {}", error.to_string().trim()))?;
    Ok(json::value(&message))
}

/// What a method returns, as a learner sees it.
pub(crate) fn shown(path: &str, message: &Value) -> String {
    json::shown(method(path).map(|method| method.output()).as_ref(), message)
}
