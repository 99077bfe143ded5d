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
        sha256: Digest::of([]),
        path: "dist/artifact.tar.gz".into(),
    }
}

#[cfg(test)]
mod tests {
    use crate::distribute::backend::Prospect;
    use crate::distribute::backend::scene::Scene;
    use crate::distribute::finding::{Check, Level};

    async fn examine(scene: &Scene, keys: &str, is_ci: bool) -> Vec<(Check, Level)> {
        let prospect = Prospect { releases: Vec::new(), names: Vec::new(), is_online: false, is_ci };
        let findings = scene.backend(&format!("type = 'command'\n{keys}")).unwrap().examine(&prospect).await;
        findings.into_iter().map(|finding| (finding.check, finding.level)).collect()
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn programs_are_looked_for_and_not_run() {
        use std::os::unix::fs::PermissionsExt;
        let mut scene = Scene::new();
        let bin = scene.root().join("bin");
        std::fs::create_dir(&bin).unwrap();
        for program in ["sh", "rsync"] {
            std::fs::write(bin.join(program), "#!/bin/sh\ntouch \"$0.was-run\"\n").unwrap();
            std::fs::set_permissions(bin.join(program), PermissionsExt::from_mode(0o755)).unwrap();
        }
        scene.environment = [("PATH", bin.to_str().unwrap())].into_iter().collect();
        let table = [
            ("run = ['rsync', '{{ path }}']", Level::Ok, Level::Ok),
            ("run = 'rsync {{ path }} there:'", Level::Ok, Level::Ok),
            ("run = 'echo {{ artifact }}'", Level::Ok, Level::Ok),
            ("run = 'if true; then rsync x; fi'", Level::Ok, Level::Ok),
            ("run = 'VERBOSE=1 missing {{ path }}'", Level::Ok, Level::Ok),
            ("run = 'missing {{ path }}'", Level::Warning, Level::Warning),
            ("run = ['missing']", Level::Warning, Level::Error),
            ("run = ['./deliver.sh']", Level::Error, Level::Error),
            ("run = './deliver.sh {{ path }}'", Level::Error, Level::Error),
            ("run = ['bin/rsync']", Level::Ok, Level::Ok),
        ];
        for (keys, here, in_ci) in table {
            assert_eq!(examine(&scene, keys, false).await, [(Check::Place, here)], "{keys}");
            assert_eq!(examine(&scene, keys, true).await, [(Check::Place, in_ci)], "{keys}");
        }
        assert_eq!(std::fs::read_dir(bin).unwrap().count(), 2, "nothing was run");
    }

    #[tokio::test]
    async fn variables_that_are_handed_on_must_be_set_where_it_counts() {
        let mut scene = Scene::new();
        let keys = "run = ['./x']\npass_env = ['MY_TOKEN']";
        assert_eq!(examine(&scene, keys, false).await[0], (Check::Credentials, Level::Note));
        assert_eq!(examine(&scene, keys, true).await[0], (Check::Credentials, Level::Error));
        scene.environment = [("MY_TOKEN", "hunter2")].into_iter().collect();
        assert_eq!(examine(&scene, keys, true).await[0], (Check::Credentials, Level::Ok));
    }

    #[tokio::test]
    async fn the_folder_that_it_runs_in_must_be_there() {
        let keys = "run = 'echo'\nworking_directory = 'tools'";
        assert_eq!(examine(&Scene::new(), keys, false).await, [(Check::Place, Level::Error)]);
    }
}
