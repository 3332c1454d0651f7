//! Members that are configured to be the same again, and what is refused.

use super::super::answers::Error;
use super::super::requests::{Commit, Join, Who};
use super::{SESSION, Stage, join, told};

fn of_instance(member: &str) -> Join {
    Join { who: Who { member: member.into(), instance: Some("one".into()) }, ..join("") }
}

#[test]
fn an_instance_that_comes_back_has_what_it_had_and_its_zombie_is_fenced() {
    let mut stage = Stage::new();
    let before = told(&mut stage.ask(&of_instance("")));
    let generation = before.generation;
    told(&mut stage.sync(&before.member, generation, &[(&before.member, "0")])).expect("a share");
    let instance = |member: &str| Who { member: member.to_owned(), instance: Some("one".into()) };

    let after = told(&mut stage.ask(&of_instance("")));
    assert_eq!((after.generation, after.error), (generation, None));
    assert_ne!(after.member, before.member);
    assert_eq!(told(&mut stage.sync(&after.member, generation, &[])), Ok(b"0".to_vec()));
    let mut commit = |member: &str| {
        let commit = Commit { group: "g".into(), generation, who: instance(member), topics: Vec::new() };
        stage.groups.commit(&commit, stage.now)
    };
    assert_eq!((commit(&after.member), commit(&before.member)), (Ok(()), Err(Error::FencedInstanceId)));
    assert_eq!(stage.leave(Who { member: String::new(), instance: Some("one".into()) }), Ok(()));
    assert_eq!(stage.beat(&after.member, generation), Err(Error::UnknownMemberId));
}

#[test]
fn what_no_group_can_be_is_refused() {
    let mut stage = Stage::new();
    let mut error = |join: Join| told(&mut stage.ask(&join)).error;
    assert_eq!(error(Join { group: String::new(), ..join("") }), Some(Error::InvalidGroupId));
    for session_ms in [-1, 0, 999, 1_800_001] {
        assert_eq!(error(Join { session_ms, ..join("") }), Some(Error::InvalidSessionTimeout));
    }
    assert_eq!(error(Join { protocols: Vec::new(), ..join("") }), Some(Error::InconsistentGroupProtocol));
    let (_, mut first) = stage.come();
    let protocol = told(&mut first).protocol;
    let mut error = |join: Join| told(&mut stage.ask(&join)).error;
    assert_eq!(error(Join { kind: "connect".into(), ..join("") }), Some(Error::InconsistentGroupProtocol));
    let other = vec![(format!("not {protocol}"), Vec::new())];
    assert_eq!(error(Join { protocols: other, ..join("") }), Some(Error::InconsistentGroupProtocol));
}

#[test]
fn there_is_an_end_to_groups_and_members() {
    let mut stage = Stage::new();
    for number in 0..1_000 {
        let joined = told(&mut stage.ask(&Join { group: format!("g{number}"), ..join("") }));
        assert_eq!(joined.error, Some(Error::MemberIdRequired));
    }
    assert_eq!(told(&mut stage.join("")).error, Some(Error::GroupMaxSizeReached));
    // Who never came by the id that it was given makes room.
    stage.after(SESSION);
    assert_eq!(told(&mut stage.join("")).error, Some(Error::MemberIdRequired));
}

#[test]
fn of_two_with_the_same_instance_the_first_is_fenced_while_it_waits() {
    let mut stage = Stage::new();
    stage.two();
    let mut first = stage.ask(&of_instance(""));
    first.try_recv().expect_err("the others have yet to join");
    let mut second = stage.ask(&of_instance(""));
    assert_eq!(told(&mut first).error, Some(Error::FencedInstanceId));
    second.try_recv().expect_err("the others have yet to join");
}
