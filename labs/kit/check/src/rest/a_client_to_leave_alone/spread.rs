//! Whether waits have a random part.

use std::time::Duration;

use super::waits::LONGEST;

/// Whether the clients have come back apart from each other, each time. Of groups of eight that do
/// as the task says, one in 14,000 fails here. Where all wait the same, the machine must hold up
/// half of them.
pub(super) fn are_apart(second: &[Duration], third: &[Duration]) -> bool {
    [(second, LONGEST[0]), (third, LONGEST[1])].into_iter().all(|(waits, longest)| {
        let (least, most) = ends(waits.iter().map(Duration::as_secs_f64).collect(), 2);
        most - least > longest.as_secs_f64() / 2.0 * 0.06
    })
}

/// Whether the quickest four, five and six are apart, over all three waits. Of groups of eight that
/// do as the task says, one in 15,000 fails here. Where all wait the same, what the machine adds
/// has kept the quickest four apart by 57 ms at most, at a load of 14.
pub(super) fn are_apart_in_all(each: [&[Duration]; 3]) -> bool {
    let apart = |quickest: usize| {
        let width = |waits: &[Duration]| {
            let (least, most) =
                ends(waits.iter().map(Duration::as_secs_f64).collect(), waits.len().saturating_sub(quickest));
            most - least
        };
        each.into_iter().map(width).sum::<f64>()
    };
    apart(4) > 0.08 && apart(5) > 0.15 && apart(6) > 0.27
}

/// Whether these waits have a random half. Of groups of eight clients that do as the task says,
/// one in 15,000 fails here. Of those that all wait the same time none passes, unless the machine
/// holds up some of them by 80 ms and more, and others not; so the longest don't count.
pub(super) fn are_spread(third: &[Duration], fourth_waits: &[Duration]) -> bool {
    // 0: half of it was waited, 1: all of it.
    let share = |waits: &[Duration], longest: Duration| -> Vec<f64> {
        let half = longest.as_secs_f64() / 2.0;
        waits.iter().map(|wait| (wait.as_secs_f64() - half) / half).collect()
    };
    let fourth = share(fourth_waits, LONGEST[2]);
    let both = [share(third, LONGEST[1]), fourth.clone()].concat();
    let (least, most) = ends(both, 2);
    // Clients that all draw the same numbers differ from one attempt to the next alone.
    let (first, last) = ends(fourth, 1);
    least < 0.5 && most > 0.35 && most - least > 0.25 && last - first > 0.1 && pairs(third, fourth_waits) < PAIRS
}

/// Whether these waits are drawn, and not always the same part of their range. Of 24 that are, one
/// group in 49,000 fails here; where none is, the machine must hold up eight of them by more than
/// 50, 100 and 200 ms.
pub(super) fn are_random(each: [&[Duration]; 3]) -> bool {
    let (least, most) = ends(shares(each), 7);
    most - least > 0.25
}

/// Whether some of these many lie in the upper part of their range. Of 48 that are drawn from the
/// whole of it, one group in 15,000 fails here; where they are drawn from its lower half, the
/// machine must hold up five of them by 15 % of it and more, and one of the longer ones by 120 ms.
pub(super) fn are_from_the_whole(each: [&[Duration]; 3]) -> bool {
    let some = shares(each).iter().filter(|&&share| share > 0.65).count() > 4;
    // 30 ms are 15 % of the shortest range, and a busy machine adds as much now and then.
    let far = each.into_iter().zip(LONGEST).skip(1).any(|(waits, longest)| {
        let far = longest.mul_f64(0.75) + Duration::from_millis(120);
        waits.iter().any(|wait| *wait > far)
    });
    some && far
}

/// 0: half of the longest was waited, 1: all of it.
fn shares(each: [&[Duration]; 3]) -> Vec<f64> {
    let of = |(waits, longest): (&[Duration], Duration)| {
        let half = longest.as_secs_f64() / 2.0;
        waits.iter().map(|wait| (wait.as_secs_f64() - half) / half).collect::<Vec<_>>()
    };
    each.into_iter().zip(LONGEST).flat_map(of).collect()
}

/// Of clients that come back together twice. Where each draws for itself, one group of eight in
/// 60,000 has so many; where they draw of two numbers, or two of them have the same seed, each has.
const PAIRS: usize = 4;
/// They come at one moment.
const TOGETHER: Duration = Duration::from_millis(20);

fn pairs(third: &[Duration], fourth: &[Duration]) -> usize {
    let meet = |waits: &[Duration], one: usize, other: usize| waits[one].abs_diff(waits[other]) < TOGETHER;
    let clients = third.len().min(fourth.len());
    let all = (0..clients).flat_map(|one| (0..one).map(move |other| (one, other)));
    all.filter(|&(one, other)| meet(third, one, other) && meet(fourth, one, other)).count()
}

/// The least and the most, some of the longest left out.
fn ends(mut shares: Vec<f64>, left_out: usize) -> (f64, f64) {
    shares.sort_by(f64::total_cmp);
    shares.truncate(shares.len().saturating_sub(left_out));
    shares.first().copied().zip(shares.last().copied()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(longest: Duration, share: impl Fn(u64) -> f64) -> Vec<Duration> {
        (0..8).map(|number| longest.mul_f64(0.5 + 0.5 * share(number))).collect()
    }

    #[test]
    fn random_waits_are_spread() {
        // Not the first bits of the number: they say that it is a random UUID.
        let random = |_| f64::from(uuid::Uuid::new_v4().as_u64_pair().1 as u32) / f64::from(u32::MAX);
        let spread = (0..10_000).filter(|_| are_spread(&waits(LONGEST[1], random), &waits(LONGEST[2], random)));
        assert!(spread.count() > 9_990);
    }

    #[test]
    fn random_waits_are_apart_in_all() {
        let random = |_| f64::from(uuid::Uuid::new_v4().as_u64_pair().1 as u32) / f64::from(u32::MAX);
        let apart = (0..10_000).filter(|_| {
            let [second, third, fourth] = LONGEST.map(|longest| waits(longest, random));
            are_apart_in_all([&second, &third, &fourth])
        });
        assert!(apart.count() > 9_990);
        let [second, third, fourth] = LONGEST.map(|longest| {
            (0..8).map(|number| longest.mul_f64(0.6) + Duration::from_millis(number * 14)).collect::<Vec<_>>()
        });
        assert!(!are_apart_in_all([&second, &third, &fourth]));
        // The same numbers in each, half of them held up by the machine.
        let ms = |waits: [u64; 8]| waits.map(Duration::from_millis);
        let second = ms([221, 222, 229, 240, 300, 355, 375, 384]);
        let third = ms([761, 774, 774, 779, 858, 906, 934, 982]);
        let fourth = ms([834, 835, 839, 840, 880, 892, 912, 953]);
        assert!(!are_apart_in_all([&second, &third, &fourth]));
    }

    #[test]
    fn drawn_waits_are_random() {
        let random = |_| f64::from(uuid::Uuid::new_v4().as_u64_pair().1 as u32) / f64::from(u32::MAX);
        let drawn = (0..10_000).filter(|_| {
            let [second, third, fourth] = LONGEST.map(|longest| waits(longest, random));
            are_random([&second, &third, &fourth])
        });
        assert!(drawn.count() > 9_990);
        // The machine adds some milliseconds, and to each of the first waits many but to one.
        let [mut second, third, fourth] = LONGEST.map(|longest| waits(longest, |number| 0.5 + number as f64 / 80.0));
        second[1..].iter_mut().for_each(|wait| *wait += Duration::from_millis(90));
        assert!(!are_random([&second, &third, &fourth]));
    }

    #[test]
    fn half_of_the_range_is_not_the_whole() {
        let random = |_| f64::from(uuid::Uuid::new_v4().as_u64_pair().1 as u32) / f64::from(u32::MAX);
        let of_sixteen =
            |part: f64| LONGEST.map(|longest| [0; 16].map(|_| longest.mul_f64(0.5 + 0.5 * part * random(0))));
        let whole = |part: f64| {
            let [second, third, fourth] = of_sixteen(part);
            are_from_the_whole([&second, &third, &fourth])
        };
        assert!((0..10_000).filter(|_| whole(1.0)).count() > 9_990);
        assert!(!whole(0.5));
        // The machine holds up all of the shortest.
        let [second, third, fourth] = of_sixteen(0.5);
        let second: Vec<_> = second.iter().map(|wait| *wait + Duration::from_millis(90)).collect();
        assert!(!are_from_the_whole([&second, &third, &fourth]));
    }

    #[test]
    fn equal_waits_are_not() {
        for share in [0.0, 0.3, 0.5, 0.9, 1.0] {
            // The machine adds some milliseconds.
            let same = |number| share + number as f64 / 80.0;
            assert!(!are_spread(&waits(LONGEST[1], same), &waits(LONGEST[2], same)), "{share}");
        }
    }

    #[test]
    fn eight_clients_with_the_same_numbers_are_not() {
        assert!(!are_spread(&waits(LONGEST[1], |_| 0.1), &waits(LONGEST[2], |_| 0.9)));
    }

    #[test]
    fn two_numbers_are_not() {
        for clients in [[0, 0, 0, 0, 1, 1, 1, 1], [0, 1, 0, 0, 0, 0, 0, 1]] {
            let of = |number: u64| [0.1, 0.9][clients[number as usize]] + number as f64 / 100.0;
            assert!(!are_spread(&waits(LONGEST[1], of), &waits(LONGEST[2], of)));
        }
    }

    #[test]
    fn a_little_around_the_whole_is_not() {
        let around = |number| 0.9 + number as f64 / 35.0;
        assert!(!are_spread(&waits(LONGEST[1], around), &waits(LONGEST[2], around)));
    }
}
