//! What librdkafka can do and rdkafka doesn't wrap: four functions that call C, each
//! with the reason why it is safe.

use std::ffi::{CStr, c_int};
use std::ptr;
use std::time::Duration;

use rdkafka::bindings as librdkafka;
use rdkafka::client::{Client, ClientContext};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::message::{BorrowedHeaders, BorrowedMessage, OwnedHeaders};

/// What is known of a record that was to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Persistence {
    /// It never left this program.
    No,
    /// It was sent, and no answer tells what became of it. A record that was
    /// sent once and then waited to be sent again is here too, which its error
    /// code ("purged in the queue", "timed out") doesn't tell.
    Possibly,
    /// The broker has it, with as many copies as `acks` asks for.
    Yes,
}

/// What is known of the record of a delivery report.
#[expect(unsafe_code, reason = "rdkafka doesn't wrap this function")]
pub fn persistence(report: &BorrowedMessage<'_>) -> Persistence {
    // SAFETY: the pointer is that of a message which `report` keeps alive. The
    // function reads a field of it.
    let status = unsafe { librdkafka::rd_kafka_message_status(report.ptr()) };
    match status {
        librdkafka::rd_kafka_msg_status_t::RD_KAFKA_MSG_STATUS_NOT_PERSISTED => Persistence::No,
        librdkafka::rd_kafka_msg_status_t::RD_KAFKA_MSG_STATUS_POSSIBLY_PERSISTED => Persistence::Possibly,
        librdkafka::rd_kafka_msg_status_t::RD_KAFKA_MSG_STATUS_PERSISTED => Persistence::Yes,
    }
}

/// The value of the last header of this name; `None` when there is none, or when
/// its value is null.
///
/// rdkafka's own way is to look at each header, and it panics at a name that is
/// not UTF-8. Whoever can write into a topic could stop every reader of it.
#[expect(unsafe_code, reason = "rdkafka doesn't wrap this function")]
pub fn last_header<'message>(message: &'message BorrowedMessage<'_>, name: &CStr) -> Option<&'message [u8]> {
    let mut headers = ptr::null_mut();
    let (mut value, mut length) = (ptr::null(), 0);
    // SAFETY: the pointer is that of a message which `message` keeps alive, and
    // with it its headers, which stay its own; nothing else has a `&mut` to them.
    // `name` ends with a NUL. The second call is made only when the first has
    // set `headers`, and sets `value` and `length` when it succeeds.
    let found = unsafe {
        librdkafka::rd_kafka_message_headers(message.ptr(), &mut headers)
            == librdkafka::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR
            && librdkafka::rd_kafka_header_get_last(headers, name.as_ptr(), &mut value, &mut length)
                == librdkafka::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR
    };
    // SAFETY: `value` points at `length` bytes within the headers, which live as
    // long as the message that this borrows.
    (found && !value.is_null()).then(|| unsafe { std::slice::from_raw_parts(value.cast(), length) })
}

/// Removes every header of this name.
#[expect(unsafe_code, reason = "rdkafka doesn't wrap this function")]
pub fn remove_headers(headers: &mut OwnedHeaders, name: &CStr) {
    let borrowed: *const BorrowedHeaders = headers.as_borrowed();
    // SAFETY: a `BorrowedHeaders` is librdkafka's own list of headers under another
    // type, and its address is the list's. `headers` owns the list, and the `&mut`
    // keeps everybody else away from it. `name` ends with a NUL.
    unsafe { librdkafka::rd_kafka_header_remove(borrowed.cast_mut().cast(), name.as_ptr()) };
}

/// The id of the topic that has this name now, as this broker knows it: one that is
/// removed and made anew has another (KIP-516). `None`: there is no such topic, or it is
/// on a broker without ids.
#[expect(unsafe_code, reason = "rdkafka doesn't wrap these functions")]
pub fn topic_id<C: ClientContext>(
    client: &Client<C>,
    broker: i32,
    name: &CStr,
    patience: Duration,
) -> KafkaResult<Option<u128>> {
    let patience = c_int::try_from(patience.as_millis()).unwrap_or(c_int::MAX);
    let (native, mut names) = (client.native_ptr(), [name.as_ptr()]);
    let describe = librdkafka::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS;
    // SAFETY: `client` is borrowed, and so `native` outlives all that is made here, which
    // ends in the reverse order: the event before its queue. What the names point at is
    // copied, and the texts of errors are done without (null, 0). Without an event in time
    // `event` is null, and so is `result`; librdkafka drops what comes for a queue that has
    // ended. What is asked of the event lives in it, and `described` points at `count`
    // pointers to what was described.
    unsafe {
        let queue = Owned(librdkafka::rd_kafka_queue_new(native), librdkafka::rd_kafka_queue_destroy);
        let topics = Owned(
            librdkafka::rd_kafka_TopicCollection_of_topic_names(names.as_mut_ptr(), names.len()),
            librdkafka::rd_kafka_TopicCollection_destroy,
        );
        let options =
            Owned(librdkafka::rd_kafka_AdminOptions_new(native, describe), librdkafka::rd_kafka_AdminOptions_destroy);
        librdkafka::rd_kafka_AdminOptions_set_request_timeout(options.0, patience, ptr::null_mut(), 0);
        librdkafka::rd_kafka_AdminOptions_set_broker(options.0, broker, ptr::null_mut(), 0);
        librdkafka::rd_kafka_DescribeTopics(native, topics.0, options.0, queue.0);
        let event = Owned(librdkafka::rd_kafka_queue_poll(queue.0, patience), librdkafka::rd_kafka_event_destroy);
        let result = librdkafka::rd_kafka_event_DescribeTopics_result(event.0);
        if result.is_null() {
            return Err(KafkaError::AdminOp(RDKafkaErrorCode::OperationTimedOut));
        }
        succeeded(librdkafka::rd_kafka_event_error(event.0))?;
        let mut count = 0;
        let described = librdkafka::rd_kafka_DescribeTopics_result_topics(result, &mut count);
        if count == 0 {
            return Ok(None);
        }
        match succeeded(librdkafka::rd_kafka_error_code(librdkafka::rd_kafka_TopicDescription_error(*described))) {
            Err(KafkaError::AdminOp(RDKafkaErrorCode::UnknownTopicOrPartition)) => return Ok(None),
            done => done?,
        }
        let id = librdkafka::rd_kafka_TopicDescription_topic_id(*described);
        let high = librdkafka::rd_kafka_Uuid_most_significant_bits(id) as u64;
        let low = librdkafka::rd_kafka_Uuid_least_significant_bits(id) as u64;
        let id = u128::from(high) << 64 | u128::from(low);
        Ok(Some(id).filter(|&id| id != 0))
    }
}

fn succeeded(code: librdkafka::rd_kafka_resp_err_t) -> KafkaResult<()> {
    match code {
        librdkafka::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR => Ok(()),
        code => Err(KafkaError::AdminOp(code.into())),
    }
}

/// Something of librdkafka's, and what ends it.
struct Owned<T>(*mut T, unsafe extern "C" fn(*mut T));

impl<T> Drop for Owned<T> {
    #[expect(unsafe_code, reason = "rdkafka doesn't wrap these functions")]
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: made by the function's counterpart, and ended here and nowhere else.
            unsafe { (self.1)(self.0) };
        }
    }
}
