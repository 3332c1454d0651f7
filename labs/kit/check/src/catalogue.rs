//! All exercises, in the order of their ids. To add one is to add a line here, and its files
//! (the crate's README says which).

use crate::exercise::Exercise;
use crate::rest;

/// The exercises.
pub const EXERCISES: &[&Exercise] = &[
    &rest::health::EXERCISE,
    &rest::a_client::EXERCISE,
    &rest::four_places::EXERCISE,
    &rest::place_an_order::EXERCISE,
    &rest::say_no::EXERCISE,
    &rest::a_client_to_leave_alone::EXERCISE,
];

/// By its id, or the end of what a tired person types: `rest/01`, `rest/1`, `rest_01_health`.
#[must_use]
pub fn find(typed: &str) -> Option<&'static Exercise> {
    let typed = typed.trim().to_lowercase().replace(['_', '-', ' '], "/");
    let mut parts = typed.split('/').filter(|part| !part.is_empty());
    let (lab, number) = (parts.next()?, parts.next()?.parse::<u8>().ok()?);
    EXERCISES.iter().copied().find(|exercise| exercise.id == format!("{lab}/{number:02}"))
}
