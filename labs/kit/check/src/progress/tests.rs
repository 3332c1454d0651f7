use super::*;
use crate::catalogue::EXERCISES;

#[test]
fn a_pass_stays_whatever_comes_later_and_counts_once() {
    let mut progress = Progress::default();
    for failed in [Some("a"), None, Some("b"), None] {
        progress.attempt(EXERCISES[0], failed);
    }
    let work = progress.work(EXERCISES[0]);
    assert!(progress.is_done(EXERCISES[0]));
    assert_eq!((work.tries, work.attempts.len(), progress.passes), (4, 4, 1));
}

#[test]
fn what_was_missed_comes_back_two_passes_later_until_it_is_right() {
    let mut progress = Progress::default();
    progress.answered("q", false);
    assert_eq!((progress.missed(false), progress.missed(true)), (vec![], vec!["q".to_owned()]));
    progress.passes = 1;
    assert!(progress.missed(false).is_empty());
    progress.passes = 2;
    assert_eq!(progress.missed(false), ["q"]);
    progress.answered("q", true);
    assert!(progress.missed(true).is_empty());
}

#[test]
fn a_pause_is_no_work_and_neither_is_what_comes_after_the_pass() {
    let mut progress = Progress::default();
    let mut minutes_ago = |minutes| {
        let work = progress.touch(EXERCISES[0]);
        work.last_at = Some(Timestamp::now() - SignedDuration::from_mins(minutes));
        progress.touch(EXERCISES[0]).minutes()
    };
    assert_eq!([minutes_ago(5), minutes_ago(60), minutes_ago(-60), minutes_ago(3)], [5, 5, 5, 8]);
    progress.attempt(EXERCISES[0], None);
    progress.touch(EXERCISES[0]).last_at = Some(Timestamp::now() - SignedDuration::from_mins(4));
    assert_eq!(progress.touch(EXERCISES[0]).minutes(), 8);
}

#[test]
fn two_exercises_at_once_are_the_work_of_one() {
    let mut progress = Progress::default();
    let ago = |minutes| Some(Timestamp::now() - SignedDuration::from_mins(minutes));
    progress.touch(EXERCISES[0]).last_at = ago(9);
    progress.touch(EXERCISES[1]).last_at = ago(4);
    assert_eq!([0, 1].map(|at| progress.work(EXERCISES[at]).minutes()), [0, 0]);
    assert_eq!(progress.touch(EXERCISES[0]).minutes(), 4, "the five before were the other one's");
    assert_eq!(progress.touch(EXERCISES[1]).minutes(), 0);
}

#[test]
fn a_pass_does_what_it_implies_as_well() {
    let by_id = |id| crate::find(id).expect("it is in the catalogue");
    let (later, earlier) = (by_id("rest/04"), by_id("rest/01"));
    assert_eq!(later.data().implies, [earlier.id]);
    let mut progress = Progress::default();
    progress.attempt(later, Some("a"));
    assert!(!progress.is_done(earlier));
    progress.attempt(later, None);
    assert!(progress.is_done(later) && progress.is_done(earlier));
    assert!(!progress.is_done(by_id("rest/02")));
}
