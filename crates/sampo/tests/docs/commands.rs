//! The calls of `sampo` in shell scripts: found, and given to the real program.

use sampo_testkit::Repo;

/// What placeholders and variables of the examples stand for.
const VALUES: &[(&str, &str)] = &[
    ("$PACKAGE", "cargo/my-cli"),
    ("$PACKAGES", "cargo/my-cli"),
    ("$TARGET", "x86_64-unknown-linux-gnu"),
    ("FILE", "plan.json"),
    ("REPORT", "report.json"),
    ("TAG", "my-cli-v1.2.0"),
    ("SHELL", "bash"),
    ("N", "4"),
];

/// The status of `sampo` for a command line that it does not understand.
const USAGE: i32 = 64;

/// Gives the calls of `sampo` in examples to the real program.
pub struct Checker {
    repo: Repo,
    /// How many calls there were.
    pub calls: usize,
}

impl Checker {
    pub fn new() -> Self {
        Self { repo: Repo::new(), calls: 0 }
    }

    /// Runs every call of `sampo` in `script`, each in an empty folder. One that is not understood fails the test; that
    /// there is nothing to do in an empty folder does not.
    pub fn check(&mut self, place: &str, script: &str) {
        for arguments in calls(place, script) {
            self.calls += 1;
            let output = self
                .repo
                .command(env!("CARGO_BIN_EXE_sampo"))
                .current_dir(self.repo.outside(&format!("empty-{}", self.calls)))
                .args(&arguments)
                .stdin(std::process::Stdio::null())
                .output()
                .expect("sampo runs");
            let call = format!("{place}: `sampo {}`", arguments.join(" "));
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.code().is_some_and(|code| code != USAGE), "{call}: {said}");
            assert!(!said.contains("panicked"), "{call}: {said}");
        }
    }
}

/// The arguments of each call of `sampo` in `script`.
pub fn calls(place: &str, script: &str) -> Vec<Vec<String>> {
    let script = script.replace("\\\n", " ");
    let mut calls = Vec::new();
    for line in script.lines().filter(|line| line.contains("sampo")) {
        let words = shlex::split(line).unwrap_or_else(|| panic!("{place}: `{line}` is not closed"));
        for command in words.split(|word| matches!(word.as_str(), "&&" | "||" | "|" | ";")) {
            let mut words = command.iter().skip_while(|word| is_assignment(word));
            if words.next().is_some_and(|program| program == "sampo") {
                let arguments = words.take_while(|word| !word.starts_with(['>', '<']));
                calls.push(arguments.map(|word| value(place, word)).collect());
            }
        }
    }
    calls
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| name.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
}

fn value(place: &str, word: &str) -> String {
    match VALUES.iter().find(|(name, _)| *name == word) {
        Some((_, value)) => (*value).to_owned(),
        None => {
            assert!(!word.contains('$'), "{place}: `{word}` has no value here");
            word.to_owned()
        }
    }
}
