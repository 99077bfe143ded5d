//! The command that tries again what did not succeed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Value, json};

use super::Report;
use crate::distribute::model::Finishing;
use crate::shell::Shell;

/// What of a run's own options its report does not hold.
#[derive(Debug, Clone, Copy, Default)]
pub struct RunOptions<'a> {
    /// Where the report will be.
    pub report: Option<&'a Path>,
    /// Whether what is missing was built first.
    pub build: bool,
    /// Whether what differs was replaced.
    pub replace: bool,
}

impl Report {
    /// The tags of the releases with something left to be tried.
    pub(crate) fn tags_to_retry(&self) -> BTreeSet<String> {
        if self.has_not_begun() {
            return self.releases.iter().map(|release| release.tag.clone()).collect();
        }
        self.problems().map(|delivery| delivery.tag.clone()).collect()
    }

    /// The backends with something left to be tried; all if there is none.
    pub(crate) fn backends_to_retry(&self) -> Vec<String> {
        if self.has_not_begun() {
            return self.backends.clone();
        }
        self.failed_backends().into_iter().map(str::to_owned).collect()
    }

    /// What a job with one entry for each failed backend needs to try again, as `{"include":[…]}` on one line: the
    /// `backend`, and the `tags` of its releases, separated by commas. Empty if there is nothing to try again.
    pub fn retry_matrix(&self) -> String {
        if self.dry_run {
            return String::new();
        }
        let mut tags: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for problem in self.problems() {
            tags.entry(&problem.backend).or_default().insert(&problem.tag);
        }
        let entry = |(backend, tags): (&str, BTreeSet<&str>)| {
            let tags: Vec<&str> = tags.into_iter().collect();
            json!({ "backend": backend, "tags": tags.join(",") })
        };
        let entries: Vec<Value> = tags.into_iter().map(entry).collect();
        if entries.is_empty() { String::new() } else { json!({ "include": entries }).to_string() }
    }

    /// The words of the command.
    pub(super) fn retry_words(&self, options: &RunOptions<'_>) -> Vec<String> {
        let mut words = vec!["sampo".to_owned(), "distribute".to_owned()];
        let mut add = |option: &str, values: Vec<String>| {
            words.extend(values.into_iter().flat_map(|value| with_value(option, value)));
        };
        // Only the report of a real run can be read again, and only as JSON.
        match options.report.filter(|path| !self.dry_run && !Self::is_markdown(path)) {
            Some(path) => add("--retry", vec![path.to_string_lossy().into_owned()]),
            None => {
                add("--tag", self.tags_to_retry().into_iter().collect());
                add("--target", self.targets.iter().map(ToString::to_string).collect());
                add("--backend", self.backends_to_retry());
                add("--from", self.from.iter().cloned().collect());
                let finishing = match self.finishing {
                    Finishing::Usual => None,
                    Finishing::Never => Some("--no-finish"),
                    Finishing::Only => Some("--finish"),
                };
                words.extend(finishing.map(str::to_owned));
            }
        }
        let flags = [("--build", options.build), ("--replace", options.replace), ("--dry-run", self.dry_run)];
        words.extend(flags.into_iter().filter(|(_, is_given)| *is_given).map(|(flag, _)| flag.to_owned()));
        words
    }

    /// The command as people type it on this system.
    pub(super) fn retry_line(&self, options: &RunOptions<'_>) -> String {
        Shell::interactive().join(self.retry_words(options).iter().map(String::as_str))
    }
}

/// A value that begins like an option must not be taken for one.
fn with_value(option: &str, value: String) -> Vec<String> {
    match value.starts_with('-') {
        true => vec![format!("{option}={value}")],
        false => vec![option.to_owned(), value],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::distribute::report::Delivery;
    use crate::distribute::report::samples::{failed, report};

    fn words(report: &Report, options: RunOptions<'_>) -> String {
        report.retry_words(&options).join(" ")
    }

    #[test]
    fn the_command_repeats_what_the_run_was_asked_for() {
        let mut report = report();
        report.targets = vec!["x86_64-unknown-linux-gnu".parse().unwrap()];
        report.deliveries = vec![failed("web", "a"), failed("-odd", "b")];
        let narrowed = "--tag my-cli-v1.2.0 --target x86_64-unknown-linux-gnu --backend=-odd --backend web";
        assert_eq!(words(&report, RunOptions::default()), format!("sampo distribute {narrowed}"));
        let options = RunOptions { report: Some("out/report.json".as_ref()), build: true, replace: true };
        assert_eq!(words(&report, options), "sampo distribute --retry out/report.json --build --replace");
    }

    #[test]
    fn the_matrix_has_an_entry_for_each_failed_backend_with_its_tags() {
        let mut report = report();
        assert_eq!(report.retry_matrix(), "");
        let other = Delivery { tag: "a-v1".into(), ..failed("web", "b") };
        report.deliveries = vec![failed("web", "a"), other, failed("github", "a"), failed("web", "c")];
        let expected = r#"{"include":[{"backend":"github","tags":"my-cli-v1.2.0"},{"backend":"web","tags":"a-v1,my-cli-v1.2.0"}]}"#;
        assert_eq!(report.retry_matrix(), expected);
        report.dry_run = true;
        assert_eq!(report.retry_matrix(), "");
    }

    #[test]
    fn a_report_that_cannot_be_read_again_is_not_named() {
        let mut report = report();
        report.deliveries = vec![failed("web", "a")];
        for file in ["report.md", "REPORT.MD", "notes.markdown"] {
            let options = RunOptions { report: Some(file.as_ref()), ..RunOptions::default() };
            assert_eq!(words(&report, options), "sampo distribute --tag my-cli-v1.2.0 --backend web");
        }
        report.dry_run = true;
        let options = RunOptions { report: Some("report.json".as_ref()), ..RunOptions::default() };
        assert_eq!(words(&report, options), "sampo distribute --tag my-cli-v1.2.0 --backend web --dry-run");
    }

    #[cfg(unix)]
    #[test]
    fn a_shell_takes_each_word_as_it_is() {
        let mut report = report();
        report.deliveries = vec![failed("web", "a")];
        let options = RunOptions { report: Some("my $(rm) it's.json".as_ref()), ..RunOptions::default() };
        let line = report.retry_line(&options);
        assert_eq!(shlex::split(&line).unwrap(), ["sampo", "distribute", "--retry", "my $(rm) it's.json"]);
    }
}
