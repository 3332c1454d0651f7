//! Between messages and orders.
//!
//! Outwards every order has a message. Inwards a request becomes a draft, which
//! holds whatever came in: an enum number that this schema doesn't know arrives
//! as a number (proto3 enums are open), and the draft's parser refuses it by its place.

use jiff::Timestamp;
use lab_orders::{ChangeKind, DeleteDraft, Equipment, ListDraft, Order, OrderDraft, RequestDraft, Status, UpdateDraft};

use crate::pb::order_request::Request;
use crate::{NotAnOrder, pb};

impl From<Order> for pb::Order {
    fn from(order: Order) -> Self {
        Self {
            etag: order.etag(),
            id: order.id.to_string(),
            created_by: order.created_by,
            status: pb::OrderStatus::from(order.status).into(),
            equipment: order.equipment.into_iter().map(|item| pb::Equipment::from(item).into()).collect(),
            created_at: Some(to_timestamp(order.created_at)),
            version: order.version,
        }
    }
}

impl TryFrom<pb::Order> for Order {
    type Error = NotAnOrder;

    fn try_from(message: pb::Order) -> Result<Self, NotAnOrder> {
        let equipment = message.equipment.iter().map(|&number| equipment_of(number)).collect::<Option<_>>();
        Ok(Self {
            id: message.id.parse().map_err(|_| NotAnOrder("its id is no UUID"))?,
            created_by: message.created_by,
            status: status_of(message.status).ok_or(NotAnOrder("its status is unknown"))?,
            equipment: equipment.ok_or(NotAnOrder("a piece of equipment is unknown"))?,
            created_at: message.created_at.and_then(from_timestamp).ok_or(NotAnOrder("it has no time"))?,
            version: message.version,
        })
    }
}

impl From<pb::CreateOrderRequest> for OrderDraft {
    fn from(request: pb::CreateOrderRequest) -> Self {
        Self::new(request.created_by, names(&request.equipment))
    }
}

impl From<pb::ImportOrdersRequest> for OrderDraft {
    fn from(request: pb::ImportOrdersRequest) -> Self {
        Self::new(request.created_by, names(&request.equipment))
    }
}

impl From<pb::UpdateOrderRequest> for UpdateDraft {
    fn from(request: pb::UpdateOrderRequest) -> Self {
        Self::new(request.id, names(&request.equipment), given(request.etag))
    }
}

impl From<pb::DeleteOrderRequest> for DeleteDraft {
    fn from(request: pb::DeleteOrderRequest) -> Self {
        Self { id: request.id, etag: given(request.etag) }
    }
}

impl From<pb::ListOrdersRequest> for ListDraft {
    fn from(request: pb::ListOrdersRequest) -> Self {
        let status = match request.status {
            0 => None,
            number => Some(status_name(number)),
        };
        Self {
            page_size: Some(request.page_size.to_string()),
            page_token: given(request.page_token),
            status,
            ..Self::default()
        }
    }
}

impl From<Request> for RequestDraft {
    fn from(request: Request) -> Self {
        let etag = |version: u64| (version > 0).then(|| format!("\"{version}\""));
        match request {
            Request::Create(create) => Self::Create(OrderDraft::new(create.created_by, names(&create.equipment))),
            Request::Update(update) => {
                // Its id is the record's key.
                Self::Update(UpdateDraft::new(String::new(), names(&update.equipment), etag(update.expected_version)))
            }
            Request::Delete(delete) => {
                Self::Delete { expected_version: delete.expected_version, faults: Default::default() }
            }
            Request::Advance(advance) => Self::Advance {
                status: Some(status_name(advance.status)),
                expected_version: advance.expected_version,
                faults: Default::default(),
            },
        }
    }
}

impl From<Status> for pb::OrderStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::Queued => Self::Queued,
            Status::Processing => Self::Processing,
            Status::Completed => Self::Completed,
            Status::Failed => Self::Failed,
        }
    }
}

impl From<Equipment> for pb::Equipment {
    fn from(item: Equipment) -> Self {
        match item {
            Equipment::Keyboard => Self::Keyboard,
            Equipment::Mouse => Self::Mouse,
            Equipment::Webcam => Self::Webcam,
            Equipment::Monitor => Self::Monitor,
        }
    }
}

impl From<ChangeKind> for pb::ChangeKind {
    fn from(kind: ChangeKind) -> Self {
        match kind {
            ChangeKind::Created => Self::Created,
            ChangeKind::Updated => Self::Updated,
            ChangeKind::Deleted => Self::Deleted,
        }
    }
}

impl TryFrom<pb::ChangeKind> for ChangeKind {
    type Error = NotAnOrder;

    fn try_from(kind: pb::ChangeKind) -> Result<Self, NotAnOrder> {
        match kind {
            pb::ChangeKind::Created => Ok(Self::Created),
            pb::ChangeKind::Updated => Ok(Self::Updated),
            pb::ChangeKind::Deleted => Ok(Self::Deleted),
            pb::ChangeKind::Unspecified => Err(NotAnOrder("its change has no kind")),
        }
    }
}

/// A string that was never set can't be told from an empty one (proto3).
fn given(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

fn names(numbers: &[i32]) -> Vec<String> {
    let name = |&number| equipment_of(number).map_or_else(|| number.to_string(), |item| item.name().to_owned());
    numbers.iter().map(name).collect()
}

fn equipment_of(number: i32) -> Option<Equipment> {
    match pb::Equipment::try_from(number).ok()? {
        pb::Equipment::Unspecified => None,
        pb::Equipment::Keyboard => Some(Equipment::Keyboard),
        pb::Equipment::Mouse => Some(Equipment::Mouse),
        pb::Equipment::Webcam => Some(Equipment::Webcam),
        pb::Equipment::Monitor => Some(Equipment::Monitor),
    }
}

fn status_of(number: i32) -> Option<Status> {
    match pb::OrderStatus::try_from(number).ok()? {
        pb::OrderStatus::Unspecified => None,
        pb::OrderStatus::Queued => Some(Status::Queued),
        pb::OrderStatus::Processing => Some(Status::Processing),
        pb::OrderStatus::Completed => Some(Status::Completed),
        pb::OrderStatus::Failed => Some(Status::Failed),
    }
}

/// Its name; of one that this schema doesn't know, its number, which the draft's parser refuses.
fn status_name(number: i32) -> String {
    status_of(number).map_or_else(|| number.to_string(), |status| status.name().to_owned())
}

fn to_timestamp(time: Timestamp) -> prost_types::Timestamp {
    // protobuf wants the nanoseconds positive, also before 1970; jiff's have the sign of the whole.
    let nanos = time.as_nanosecond();
    prost_types::Timestamp {
        seconds: nanos.div_euclid(1_000_000_000) as i64,
        nanos: nanos.rem_euclid(1_000_000_000) as i32,
    }
}

fn from_timestamp(time: prost_types::Timestamp) -> Option<Timestamp> {
    let nanos = i128::from(time.seconds) * 1_000_000_000 + i128::from(time.nanos);
    Timestamp::from_nanosecond(nanos).ok()
}
