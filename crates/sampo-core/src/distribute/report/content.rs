//! What the forms for people have in common: the rows of a release, what went wrong, and all of it in numbers.

use std::collections::BTreeMap;

use super::{Delivery, Report, ReportedRelease, Status};

/// More than this many unchanged items of one release at one backend are one row.
const FEW_UNCHANGED: usize = 5;
/// More than this many different messages about one code at one backend are only counted.
const FEW_MESSAGES: usize = 5;

/// How much of a report a person is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// What is alike is counted where there is much of it.
    Brief,
    /// Every single entry.
    Full,
}

/// One row of a release.
#[derive(Debug, PartialEq)]
pub(super) enum Row<'a> {
    /// An entry of the report.
    One(&'a Delivery),
    /// Items that stood at a backend already.
    Unchanged { backend: &'a str, count: usize, bytes: u64 },
}

/// What one cause did at one backend, or at several to which it did the same.
#[derive(Debug)]
pub(super) struct Problem<'a> {
    pub status: Status,
    pub backends: Vec<&'a str>,
    /// The code, or the status where there is none.
    pub code: &'a str,
    pub hint: Option<&'a str>,
    /// Each message, with what it concerns.
    pub messages: Vec<(&'a str, Vec<&'a Delivery>)>,
    /// How many further messages there are.
    pub omitted: usize,
}

/// How a status is to be taken, whatever shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Good,
    Quiet,
    Planned,
    Caution,
    Bad,
}

impl Tone {
    pub fn of(status: Status) -> Self {
        match status {
            Status::Delivered => Self::Good,
            Status::Unchanged | Status::Skipped => Self::Quiet,
            Status::WouldDeliver | Status::WouldReplace => Self::Planned,
            Status::Conflict | Status::Blocked => Self::Caution,
            Status::Failed => Self::Bad,
        }
    }
}

impl Report {
    /// The rows of one release: deliveries, then finishes.
    pub(super) fn rows(&self, release: &ReportedRelease, detail: Detail) -> Vec<Row<'_>> {
        let belongs = |delivery: &&Delivery| delivery.package == release.package && delivery.version == release.version;
        let deliveries: Vec<&Delivery> = self.deliveries.iter().filter(belongs).collect();
        let mut unchanged: BTreeMap<&str, (usize, u64)> = BTreeMap::new();
        for delivery in deliveries.iter().filter(|delivery| delivery.status == Status::Unchanged) {
            let (count, bytes) = unchanged.entry(&delivery.backend).or_default();
            (*count, *bytes) = (*count + 1, *bytes + delivery.bytes);
        }
        unchanged.retain(|_, (count, _)| detail == Detail::Brief && *count > FEW_UNCHANGED);
        let is_single =
            |delivery: &&Delivery| delivery.status != Status::Unchanged || !unchanged.contains_key(&*delivery.backend);
        let mut rows: Vec<Row<'_>> = deliveries.into_iter().filter(is_single).map(Row::One).collect();
        let counted = unchanged.iter().map(|(&backend, &(count, bytes))| Row::Unchanged { backend, count, bytes });
        rows.extend(counted);
        rows.sort_by(|one, other| one.backend().cmp(other.backend()));
        rows.extend(self.finishes.iter().filter(belongs).map(Row::One));
        rows
    }

    /// What went wrong, and why something was left out, the worst first. One cause often concerns many items.
    pub(super) fn told(&self, detail: Detail) -> Vec<Problem<'_>> {
        let is_told = |delivery: &&Delivery| delivery.status.is_problem() || delivery.status == Status::Skipped;
        let mut problems: Vec<Problem<'_>> = Vec::new();
        for delivery in self.deliveries.iter().chain(&self.finishes).filter(is_told) {
            let Some(message) = delivery.message.as_deref() else { continue };
            let (status, backend) = (delivery.status, delivery.backend.as_str());
            let code = delivery.code.as_deref().unwrap_or(status.as_str());
            let hint = delivery.hint.as_deref();
            let is_same = |other: &&mut Problem<'_>| {
                (other.status, other.backends[0], other.code, other.hint) == (status, backend, code, hint)
            };
            let messages = match problems.iter_mut().find(is_same) {
                Some(problem) => &mut problem.messages,
                None => {
                    let backends = vec![backend];
                    problems.push(Problem { status, backends, code, hint, messages: Vec::new(), omitted: 0 });
                    &mut problems.last_mut().expect("it was just added").messages
                }
            };
            match messages.iter_mut().find(|(other, _)| *other == message) {
                Some((_, deliveries)) => deliveries.push(delivery),
                None => messages.push((message, vec![delivery])),
            }
        }
        problems.sort_by_key(|problem| {
            (problem.status == Status::Skipped, problem.status, problem.backends[0], problem.code)
        });
        let mut problems = told_once(problems);
        if detail == Detail::Brief {
            problems.iter_mut().for_each(Problem::shorten);
        }
        problems
    }

    /// `3 delivered, 5 unchanged, 1 failed`, in the order of the statuses.
    pub(super) fn summary(&self) -> String {
        let mut counts: BTreeMap<Status, usize> = BTreeMap::new();
        for delivery in &self.deliveries {
            *counts.entry(delivery.status).or_default() += 1;
        }
        for finish in self.finishes.iter().filter(|finish| finish.status.is_problem()) {
            *counts.entry(finish.status).or_default() += 1;
        }
        let parts: Vec<String> = counts.iter().map(|(status, count)| format!("{count} {}", status.as_str())).collect();
        let text = if parts.is_empty() { "nothing to deliver".to_owned() } else { parts.join(", ") };
        match (self.dry_run, self.cancelled) {
            (_, true) => format!("{text} (cancelled)"),
            (true, false) => format!("{text} (dry run: nothing was changed)"),
            (false, false) => text,
        }
    }
}

impl Row<'_> {
    pub fn status(&self) -> Status {
        match self {
            Self::One(delivery) => delivery.status,
            Self::Unchanged { .. } => Status::Unchanged,
        }
    }

    pub fn backend(&self) -> &str {
        match self {
            Self::One(delivery) => &delivery.backend,
            Self::Unchanged { backend, .. } => backend,
        }
    }

    /// The size for people; empty for what has none.
    pub fn size(&self) -> String {
        let (Self::One(Delivery { bytes, .. }) | Self::Unchanged { bytes, .. }) = self;
        if *bytes > 0 { human_bytes(*bytes) } else { String::new() }
    }

    pub fn note(&self) -> &str {
        match self {
            Self::One(delivery) => delivery.code.as_deref().unwrap_or_default(),
            Self::Unchanged { .. } => "",
        }
    }
}

/// A file that was never built is missing at every backend, in the same words.
fn told_once(problems: Vec<Problem<'_>>) -> Vec<Problem<'_>> {
    let mut different: Vec<Problem<'_>> = Vec::new();
    for problem in problems {
        match different.iter_mut().find(|other| other.is_like(&problem)) {
            Some(other) => other.backends.extend(problem.backends),
            None => different.push(problem),
        }
    }
    different
}

impl Problem<'_> {
    /// Whether the same happened to the same items.
    fn is_like(&self, other: &Self) -> bool {
        fn told<'a>(problem: &'a Problem<'_>) -> impl Iterator<Item = (&'a str, &'a str)> {
            let items = |(message, deliveries): &'a (&str, Vec<&Delivery>)| {
                deliveries.iter().map(move |delivery| (*message, &*delivery.item))
            };
            problem.messages.iter().flat_map(items)
        }
        (self.status, self.code, self.hint) == (other.status, other.code, other.hint) && told(self).eq(told(other))
    }

    fn shorten(&mut self) {
        self.omitted = self.messages.len().saturating_sub(FEW_MESSAGES);
        self.messages.truncate(FEW_MESSAGES);
    }
}

/// `1.5 MB`: three digits at most, in powers of 1000.
pub fn human_bytes(bytes: u64) -> String {
    const UNITS: &[&str] = &["kB", "MB", "GB", "TB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    #[expect(clippy::cast_precision_loss, reason = "for people")]
    let mut value = bytes as f64 / 1000.0;
    let mut unit = 0;
    // 999.5 would be shown as 1000.
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    let digits = usize::from(value < 9.95);
    format!("{value:.digits$} {}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_three_digits_at_most() {
        let table =
            [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (9_950, "10 kB"), (999_499, "999 kB"), (999_500, "1.0 MB")];
        for (bytes, text) in table {
            assert_eq!(human_bytes(bytes), text);
        }
    }
}
