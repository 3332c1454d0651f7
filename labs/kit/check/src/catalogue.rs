//! All exercises, in the order of their ids. To add one is to add a line here, and its files
//! (the crate's README says which).

use crate::exercise::Exercise;
use crate::{grpc, kafka, rest};

/// The exercises.
pub const EXERCISES: &[&Exercise] = &[
    &rest::health::EXERCISE,
    &rest::a_client::EXERCISE,
    &rest::four_places::EXERCISE,
    &rest::place_an_order::EXERCISE,
    &rest::say_no::EXERCISE,
    &rest::change_without_losing::EXERCISE,
    &rest::a_client_to_leave_alone::EXERCISE,
    &grpc::first_call::EXERCISE,
    &grpc::change_a_contract::EXERCISE,
    &grpc::say_no::EXERCISE,
    &grpc::watch::EXERCISE,
    &grpc::deadlines::EXERCISE,
    &kafka::first_record::EXERCISE,
    &kafka::read_it_back::EXERCISE,
    &kafka::keys_keep_order::EXERCISE,
    &kafka::share_the_work::EXERCISE,
    &kafka::crash_and_lose_nothing::EXERCISE,
    &kafka::twice_is_once::EXERCISE,
    &kafka::accept_now::EXERCISE,
];

/// By its id, or the end of what a tired person types: `rest/01`, `rest/1`, `rest_01_health`.
#[must_use]
pub fn find(typed: &str) -> Option<&'static Exercise> {
    let id = id_of(typed)?;
    EXERCISES.iter().copied().find(|exercise| exercise.id == id)
}

/// The id that is meant, whether there is such an exercise or not.
pub(crate) fn id_of(typed: &str) -> Option<String> {
    let typed = typed.trim().to_lowercase().replace(['_', '-', ' '], "/");
    let mut parts = typed.split('/').filter(|part| !part.is_empty());
    let (lab, number) = (parts.next()?, parts.next()?.parse::<u8>().ok()?);
    Some(format!("{lab}/{number:02}"))
}
