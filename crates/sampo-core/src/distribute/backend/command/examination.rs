//! Whether what a command needs is there: its folder, its program, and the variables that are handed on to it.

use std::path::Path;

use super::{Artifact, ArtifactKind, CommandBackend};
use crate::config::CommandLine;
use crate::distribute::backend::Prospect;
use crate::distribute::checksum::Digest;
use crate::distribute::finding::{Check, Finding, Level};
use crate::distribute::model::Release;
use crate::process::search;
use crate::shell::Shell;
use crate::template::{ArtifactScope, Variables};

/// What a POSIX shell runs without a program.
const BUILT_IN: &[&str] = &[
    "!", ".", ":", "[", "alias", "break", "case", "cd", "command", "echo", "eval", "exec", "exit", "export", "false",
    "for", "hash", "if", "kill", "local", "printf", "pwd", "read", "return", "set", "shift", "source", "test", "trap",
    "true", "type", "ulimit", "umask", "unset", "until", "wait", "while", "{",
];

impl CommandBackend {
    pub(super) fn examination(&self, prospect: &Prospect) -> Vec<Finding> {
        let mut findings = self.variables_there(prospect);
        let folder = self.context.root.join(&self.config.working_directory);
        if !folder.is_dir() {
            let title = format!("`working_directory` is no folder: `{}`", folder.display());
            findings.push(Check::Place.error(title).fix("make the folder, or correct `working_directory`"));
            return findings;
        }
        let release = prospect.releases.first().map_or_else(Release::example, |release| (**release).clone());
        let variables = example(&release).variables(&release);
        findings.extend(
            self.config.lines().map(|(key, line)| self.program_there(prospect, key, line, &folder, &variables)),
        );
        findings
    }

    fn variables_there(&self, prospect: &Prospect) -> Vec<Finding> {
        let absent = self.config.pass_env.iter().filter_map(|name| Some((name, self.passed(name).err()?)));
        let absent = absent.map(|(name, error)| {
            let title = format!("`{name}` is not set, which `pass_env` hands on");
            let finding = Check::Credentials.finding(prospect.level_of_absence(), title);
            Finding { fix: error.hint, ..finding }
        });
        let findings: Vec<Finding> = absent.collect();
        match (findings.is_empty(), self.config.pass_env.is_empty()) {
            (true, false) => vec![Check::Credentials.ok("every variable of `pass_env` is set")],
            _ => findings,
        }
    }

    fn program_there(
        &self,
        prospect: &Prospect,
        key: &str,
        line: &CommandLine<ArtifactScope>,
        folder: &Path,
        variables: &Variables,
    ) -> Finding {
        let Some(program) = self.program(line, variables) else {
            let title = format!("what `{key}` begins with is not known beforehand");
            return Check::Place.note(title);
        };
        let path = self.context.environment.get("PATH").unwrap_or_default();
        if search::find(&program, folder, path).is_some() {
            return Check::Place.ok(format!("`{program}`, which `{key}` starts, is there"));
        }
        let title = format!("`{program}`, which `{key}` starts, is not there");
        let fix = match program.contains('/') {
            true => "make the file, and let it be executable: `chmod +x`, and `git update-index --chmod=+x` for git",
            false => "install it, or add its folder to `PATH`",
        };
        // What is no part of the repository may be there where CI delivers, and the first word of a line may be known to
        // its shell alone.
        let is_ours = program.contains('/') && !Path::new(&program).is_absolute();
        let is_sure = is_ours || (prospect.is_ci && matches!(line, CommandLine::Arguments(_)));
        let level = if is_sure { Level::Error } else { Level::Warning };
        Check::Place.finding(level, title).fix(fix)
    }

    /// The program that a command starts first; none where that is no plain word.
    fn program(&self, line: &CommandLine<ArtifactScope>, variables: &Variables) -> Option<String> {
        match line {
            CommandLine::Arguments(words) => words.first()?.render(variables).ok(),
            CommandLine::Shell(line) => {
                let shell = self.config.shell;
                let line = line.render_for_shell(shell, variables).ok()?;
                let is_plain = |word: &&str| {
                    word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | '+'))
                };
                let first = line.split_whitespace().next().filter(is_plain);
                // Only of a POSIX shell is it known what is a program and what is none.
                let first = first.filter(|word| shell == Shell::Sh && !BUILT_IN.contains(word));
                Some(first.unwrap_or(shell.as_str()).to_owned())
            }
        }
    }
}

/// An artifact as any other.
fn example(release: &Release) -> Artifact {
    Artifact {
        name: format!("{}.tar.gz", release.tag),
        kind: ArtifactKind::Archive,
        target: None,
        bytes: 1,
        sha256: Digest::of(&[]),
        path: "dist/artifact.tar.gz".into(),
    }
}
