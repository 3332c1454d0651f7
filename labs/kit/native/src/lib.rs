//! What librdkafka can do and rdkafka doesn't wrap: three calls of C, each with the
//! reason why it is safe.

use std::ffi::CStr;
use std::ptr;

use rdkafka::bindings as librdkafka;
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
