//! Two verdicts on one program, by two brokers: what a program is worth doesn't depend on the broker.

use crate::verdict::{CheckResult, Checked, Verdict};

/// The first check that came out in another way; one that was not reached or isn't there is another way, too.
pub(super) fn between(here: &Verdict, there: &Verdict) -> Option<String> {
    let checks = here.checks.len().max(there.checks.len());
    (0..checks).find_map(|number| {
        let [(name, is), (other, would_be)] = [here, there].map(|verdict| told(verdict.checks.get(number)));
        let same = if name == other { "it" } else { other };
        ((name, is) != (other, would_be)).then(|| format!("{name} {is} here, and {same} {would_be}"))
    })
}

fn told(check: Option<&Checked>) -> (&'static str, &'static str) {
    let Some(check) = check else { return ("a check", "is missing") };
    let came = match check.result {
        CheckResult::Passed => "passes",
        CheckResult::Failed { .. } => "fails",
        CheckResult::NotReached => "isn't reached",
    };
    (check.name, came)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Failed;

    fn verdict(results: Vec<CheckResult>) -> Verdict {
        let names = ["one", "two", "three"];
        let checked = |(name, result)| Checked { name, sentence: String::new(), result };
        Verdict {
            exercise: "kafka/01",
            passed: false,
            checks: names.into_iter().zip(results).map(checked).collect(),
            shown: Vec::new(),
        }
    }

    fn fails() -> CheckResult {
        let failed = Failed::new("", "", "");
        CheckResult::Failed { failed, why: String::new(), r#try: String::new() }
    }

    #[test]
    fn verdicts_are_compared_check_by_check() {
        use CheckResult::{NotReached, Passed};
        let here = || verdict(vec![Passed, fails(), NotReached]);
        assert_eq!(between(&here(), &here()), None);
        let others = [
            (vec![fails(), NotReached, NotReached], "one passes here, and it fails"),
            (vec![Passed, Passed, fails()], "two fails here, and it passes"),
            (vec![Passed, fails(), Passed], "three isn't reached here, and it passes"),
            (vec![Passed, fails()], "three isn't reached here, and a check is missing"),
        ];
        for (there, told) in others {
            assert_eq!(between(&here(), &verdict(there)).as_deref(), Some(told));
        }
    }
}
