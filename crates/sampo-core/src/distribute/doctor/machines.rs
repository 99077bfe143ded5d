//! The machines that GitHub hosts: which are gone, which go, and which are another one from time to time.

use crate::distribute::finding::{Check, Finding};

/// What is to be said about the label of a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// Jobs wait for it for ever, since then.
    Gone(&'static str),
    /// It will be gone then.
    Goes(&'static str),
    /// Which system it is changes without notice.
    Moves,
}

/// Labels with their fate, and what takes their place.
const LABELS: &[(&str, Fate, &str)] = &[
    ("ubuntu-18.04", Fate::Gone("2023-04-03"), "ubuntu-24.04"),
    ("ubuntu-20.04", Fate::Gone("2025-04-15"), "ubuntu-24.04"),
    ("ubuntu-22.04", Fate::Goes("2027-04-17"), "ubuntu-24.04"),
    ("ubuntu-22.04-arm", Fate::Goes("2027-04-17"), "ubuntu-24.04-arm"),
    ("macos-11", Fate::Gone("2024-06-28"), "macos-15"),
    ("macos-12", Fate::Gone("2024-12-03"), "macos-15"),
    ("macos-13", Fate::Gone("2025-12-04"), "macos-15-intel"),
    ("macos-13-large", Fate::Gone("2025-12-04"), "macos-15-large"),
    ("macos-13-xlarge", Fate::Gone("2025-12-04"), "macos-15-xlarge"),
    ("macos-14", Fate::Gone("2026-11-02"), "macos-15"),
    ("macos-14-large", Fate::Gone("2026-11-02"), "macos-15-large"),
    ("macos-14-xlarge", Fate::Gone("2026-11-02"), "macos-15-xlarge"),
    ("windows-2019", Fate::Gone("2025-06-30"), "windows-2025"),
    ("ubuntu-latest", Fate::Moves, "ubuntu-24.04"),
    ("macos-latest", Fate::Moves, "macos-15"),
    ("windows-latest", Fate::Moves, "windows-2025"),
];

/// What is to be said about a label; none of those of other people's machines, and of those that stay.
pub(super) fn fate(label: &str) -> Option<Fate> {
    LABELS.iter().find(|(known, ..)| known.eq_ignore_ascii_case(label)).map(|(_, fate, _)| *fate)
}

/// The same as a finding; `user` says who wants the machine.
pub(super) fn finding(check: Check, label: &str, user: &str) -> Option<Finding> {
    let (_, fate, instead) = LABELS.iter().find(|(known, ..)| known.eq_ignore_ascii_case(label))?;
    let fix = format!("use `{instead}`");
    Some(match fate {
        Fate::Gone(date) => check
            .error(format!("the runner `{label}` of {user} is gone since {date}"))
            .because("a job that asks for it waits until it is cancelled")
            .fix(fix),
        Fate::Goes(date) => check.warning(format!("the runner `{label}` of {user} will be gone on {date}")).fix(fix),
        Fate::Moves => check
            .warning(format!("the runner `{label}` of {user} is another system from time to time"))
            .because("programs that are built there may no longer run where the last release did")
            .fix(fix),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::distribute::finding::Level;

    #[test]
    fn a_label_that_is_gone_is_worse_than_one_that_goes() {
        let level = |label| finding(Check::Runners, label, "x").map(|finding| finding.level);
        assert_eq!(level("macos-13"), Some(Level::Error));
        assert_eq!(level("Ubuntu-20.04"), Some(Level::Error));
        assert_eq!(level("ubuntu-22.04"), Some(Level::Warning));
        assert_eq!(level("ubuntu-latest"), Some(Level::Warning));
        assert_eq!(level("self-hosted"), None);
    }

    #[test]
    fn what_takes_the_place_of_a_machine_stays() {
        for (label, _, instead) in LABELS {
            assert_eq!(fate(instead), None, "{label}");
        }
    }
}
