//! The inputs of the Action, as the runner hands them over in the environment.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use anyhow::Context;
use sampo_core::distribute::Grouping;
use sampo_core::environment::Environment;
use sampo_core::event::{Event, Reporter};
use sampo_core::publish::ForwardedArguments;
use sampo_core::secret;
use sampo_core::similar::nearest;
use sampo_core::workspace::Ecosystem;

/// Every input that the program reads.
pub const INPUTS: &[&str] = &[
    "command",
    "mode",
    "working-directory",
    "dry-run",
    "github-token",
    "cargo-token",
    "base-branch",
    "pr-branch",
    "pr-title",
    "stabilize-pr-branch",
    "stabilize-pr-title",
    "args",
    "cargo-args",
    "npm-args",
    "create-github-release",
    "open-discussion",
    "discussion-category",
    "release-assets",
    "group-by",
    "tag",
    "package",
    "target",
    "backend",
    "all",
    "plan",
    "from",
    "build",
    "replace",
    "fail-fast",
    "finish",
    "no-finish",
    "retry",
    "against",
    "download",
    "jobs",
    "report",
];

/// Inputs of the Action that mean nothing to the program: those of ecosystems that it does not publish for.
const IDLE: [&str; 5] = ["hex-args", "pypi-args", "packagist-args", "maven-args", "rubygems-args"];
/// Inputs that hold secrets, with the variables that the rest of the program knows them by.
const SECRETS: [(&str, &str); 2] = [("github-token", "GITHUB_TOKEN"), ("cargo-token", "CARGO_REGISTRY_TOKEN")];
/// What the Action does unless it is told.
const DEFAULT_MODE: &str = "auto";

/// The inputs, and the rest of the environment.
pub struct Inputs {
    environment: Environment,
}

impl Inputs {
    /// Reads inputs from `environment`. Those that hold secrets are known as such from now on, and stand in the
    /// variables that are usual for them.
    pub fn new(environment: Environment) -> Self {
        let mut inputs = Self { environment };
        for (name, variable) in SECRETS {
            for spelling in variables(name) {
                secret::declare(&spelling, false);
            }
            if let Some(value) = inputs.get(name).map(str::to_owned) {
                inputs.environment.add(variable, value);
            }
        }
        secret::declare("CARGO_REGISTRY_TOKEN", true);
        inputs
    }

    /// The whole environment.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// The input `name`; an empty one counts as missing, as it does on GitHub.
    ///
    /// The runner makes `INPUT_DRY-RUN` of `dry-run`; composite actions hand over `INPUT_DRY_RUN`. Both are read.
    pub fn get(&self, name: &str) -> Option<&str> {
        debug_assert!(INPUTS.contains(&name), "`{name}` is not in the list of inputs");
        variables(name).iter().find_map(|variable| self.environment.get(variable))
    }

    /// Whether the input `name` is `true`; anything but `true`, `false`, `1` and `0` is an error.
    pub fn flag(&self, name: &str) -> anyhow::Result<bool> {
        match self.get(name) {
            None => Ok(false),
            Some(value) => match value.to_ascii_lowercase().as_str() {
                "true" | "1" => Ok(true),
                "false" | "0" => Ok(false),
                _ => anyhow::bail!("the input `{name}` is `{value}`; expected `true` or `false`"),
            },
        }
    }

    /// What one job of the build matrix stands for: the input `group-by`.
    pub fn grouping(&self) -> anyhow::Result<Grouping> {
        match self.get("group-by") {
            None | Some("package") => Ok(Grouping::Package),
            Some("target") => Ok(Grouping::Target),
            Some(other) => anyhow::bail!("the input `group-by` is `{other}`; expected `package` or `target`"),
        }
    }

    /// The values of the input `name`, one on each line or separated by commas.
    pub fn list(&self, name: &str) -> Vec<String> {
        let values = self.get(name).unwrap_or_default().split(['\n', ',']);
        values.map(str::trim).filter(|value| !value.is_empty()).map(str::to_owned).collect()
    }

    /// The path in the input `name`.
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        self.get(name).map(PathBuf::from)
    }

    /// The number in the input `jobs`.
    pub fn jobs(&self) -> anyhow::Result<Option<NonZeroUsize>> {
        self.get("jobs").map(str::parse).transpose().context("the input `jobs` is not a number above 0")
    }

    /// The name of the mode: `given`, else what the inputs `mode` and `command` say, which must not contradict each
    /// other, else `auto`.
    pub fn mode<'a>(&'a self, given: Option<&'a str>) -> anyhow::Result<&'a str> {
        // The Action's own default of `command` contradicts nothing.
        let command = self.get("command").filter(|command| *command != DEFAULT_MODE);
        match (given.or(self.get("mode")), command) {
            (Some(mode), Some(command)) if given.is_none() && mode != command => {
                anyhow::bail!("the inputs `mode` and `command` mean the same, and differ: `{mode}` and `{command}`")
            }
            (mode, command) => Ok(mode.or(command).unwrap_or(DEFAULT_MODE)),
        }
    }

    /// The arguments for the publish commands: words between blanks, without any quoting.
    pub fn forwarded(&self, reporter: &dyn Reporter) -> ForwardedArguments {
        let words = |name: &str| -> Vec<String> {
            let text = self.get(name).unwrap_or_default();
            if text.contains(['"', '\'']) {
                let message = format!("the input `{name}` contains a quote, which becomes part of an argument");
                let hint = "arguments are split at every blank, and quotes mean nothing: leave them out";
                reporter.report(Event::Warning { message: &message, hint: Some(hint) });
            }
            text.split_whitespace().map(str::to_owned).collect()
        };
        let of_ecosystem = [(Ecosystem::Cargo, words("cargo-args")), (Ecosystem::Npm, words("npm-args"))];
        ForwardedArguments { all: words("args"), of_ecosystem: BTreeMap::from(of_ecosystem) }
    }

    /// Warns of what looks like an input and is none: it would have no effect, and nobody would know why.
    pub fn warn_of_strangers(&self, reporter: &dyn Reporter) {
        let is_set = |name: &str| self.environment.get(name).is_some();
        if is_set("CARGO_TOKEN") && !is_set("CARGO_REGISTRY_TOKEN") {
            let message = "the variable `CARGO_TOKEN` is read by nobody";
            let hint = "hand it over as the input `cargo-token`, or as the variable `CARGO_REGISTRY_TOKEN`";
            reporter.report(Event::Warning { message, hint: Some(hint) });
        }
        for variable in self.environment.names() {
            let Some(name) = variable.strip_prefix("INPUT_") else { continue };
            let name = name.to_lowercase().replace('_', "-");
            if INPUTS.contains(&name.as_str()) || self.environment.get(variable).is_none() {
                continue;
            }
            if IDLE.contains(&name.as_str()) {
                let message = format!("the input `{name}` has no effect: nothing is published to such a registry");
                reporter.report(Event::Warning { message: &message, hint: None });
            } else if let Some(known) = nearest(&name, INPUTS.iter().copied()) {
                // Other programs of the same job have variables like this too: only a likely slip is worth a word.
                let message = format!("there is no input `{name}`");
                let hint = format!("did you mean `{known}`?");
                reporter.report(Event::Warning { message: &message, hint: Some(&hint) });
            }
        }
    }

    /// The repository's folder.
    pub fn working_directory(&self) -> anyhow::Result<PathBuf> {
        let workspace = || self.environment.get("GITHUB_WORKSPACE").map(PathBuf::from);
        self.path("working-directory")
            .or_else(workspace)
            .context("no repository: set the input `working-directory` or `GITHUB_WORKSPACE`")
    }
}

/// The variables that an input may stand in.
fn variables(name: &str) -> [String; 2] {
    let variable = format!("INPUT_{}", name.to_uppercase());
    [variable.replace('-', "_"), variable]
}

#[cfg(test)]
mod tests {
    use super::*;
    use sampo_core::event::{Recorder, Silent};

    fn inputs(variables: &[(&str, &str)]) -> Inputs {
        Inputs::new(variables.iter().copied().collect())
    }

    #[test]
    fn an_input_is_found_under_either_spelling_and_an_empty_one_is_missing() {
        assert!(inputs(&[("INPUT_DRY-RUN", "true")]).flag("dry-run").unwrap());
        assert!(inputs(&[("INPUT_DRY_RUN", "1")]).flag("dry-run").unwrap());
        assert!(!inputs(&[("INPUT_DRY_RUN", "")]).flag("dry-run").unwrap());
        assert!(inputs(&[("INPUT_DRY_RUN", "yes")]).flag("dry-run").is_err());
    }

    #[test]
    fn a_list_may_use_lines_and_commas() {
        assert_eq!(inputs(&[("INPUT_TAG", "a-v1, b-v2\n\nc-v3\n")]).list("tag"), ["a-v1", "b-v2", "c-v3"]);
    }

    #[test]
    fn the_mode_has_two_names_that_must_not_contradict_each_other() {
        let table = [
            (&[][..], Some("auto")),
            (&[("INPUT_COMMAND", "publish")], Some("publish")),
            (&[("INPUT_MODE", "plan"), ("INPUT_COMMAND", "auto")], Some("plan")),
            (&[("INPUT_MODE", "plan"), ("INPUT_COMMAND", "plan")], Some("plan")),
            (&[("INPUT_MODE", "plan"), ("INPUT_COMMAND", "publish")], None),
        ];
        for (variables, expected) in table {
            let inputs = inputs(variables);
            assert_eq!(inputs.mode(None).ok(), expected, "{variables:?}");
            assert_eq!(inputs.mode(Some("verify")).unwrap(), "verify");
        }
    }

    #[test]
    fn tokens_go_where_everybody_looks_for_them() {
        let inputs = inputs(&[("INPUT_CARGO_TOKEN", "cio"), ("INPUT_GITHUB-TOKEN", "ghs"), ("GITHUB_TOKEN", "other")]);
        assert_eq!(inputs.environment().get("CARGO_REGISTRY_TOKEN"), Some("cio"));
        assert_eq!(inputs.environment().get("GITHUB_TOKEN"), Some("ghs"));
        assert!(secret::token_variables().contains("INPUT_CARGO_TOKEN"));
    }

    #[test]
    fn arguments_are_split_at_blanks_and_a_quote_is_worth_a_warning() {
        let recorder = Recorder::default();
        let inputs = inputs(&[("INPUT_ARGS", " --a  b\n"), ("INPUT_CARGO_ARGS", "--config 'x = 1'")]);
        let forwarded = inputs.forwarded(&recorder);
        assert_eq!(forwarded.all, ["--a", "b"]);
        assert_eq!(forwarded.of_ecosystem[&Ecosystem::Cargo], ["--config", "'x", "=", "1'"]);
        let [warning] = recorder.events().try_into().unwrap();
        assert!(warning.contains("`cargo-args` contains a quote"), "{warning}");
        assert!(inputs.forwarded(&Silent).of_ecosystem[&Ecosystem::Npm].is_empty());
    }

    #[test]
    fn the_action_hands_over_every_input_and_its_page_describes_it() {
        let action = include_str!("../action.yml");
        let page = include_str!("../../../docs/action.md");
        for name in INPUTS {
            // A secret may also stand where everybody looks for it.
            let usual = SECRETS.iter().find(|(secret, _)| secret == name).map(|(_, variable)| (*variable).to_owned());
            let [variable, _] = variables(name);
            let is_handed_over = |variable: String| action.contains(&format!("{variable}: ${{{{ inputs.{name} "));
            assert!(is_handed_over(variable) || usual.is_some_and(is_handed_over), "action.yml lacks `{name}`");
            assert!(page.contains(&format!("| `{name}` |")), "docs/action.md does not describe `{name}`");
        }
        let known = |line: &str| {
            let name = line.trim().strip_prefix("INPUT_")?.split_once(':')?.0.to_lowercase().replace('_', "-");
            Some(INPUTS.contains(&name.as_str()))
        };
        assert!(action.lines().filter_map(known).all(|known| known), "action.yml hands over what nobody reads");
        for name in crate::outputs::Outputs::NAMES {
            assert!(action.contains(&format!("steps.sampo.outputs.{name} }}")), "action.yml lacks `{name}`");
            assert!(page.contains(&format!("| `{name}` |")), "docs/action.md does not describe `{name}`");
        }
    }

    #[test]
    fn a_token_that_nobody_reads_is_warned_of() {
        let recorder = Recorder::default();
        inputs(&[("CARGO_TOKEN", "cio"), ("INPUT_CARGO_TOKEN", "cio")]).warn_of_strangers(&recorder);
        assert!(recorder.events().is_empty());
        inputs(&[("CARGO_TOKEN", "cio_x")]).warn_of_strangers(&recorder);
        let [warning] = recorder.events().try_into().unwrap();
        assert!(warning.contains("`CARGO_TOKEN` is read by nobody") && !warning.contains("cio_x"), "{warning}");
    }

    #[test]
    fn only_what_was_probably_meant_for_us_is_warned_of() {
        let recorder = Recorder::default();
        let variables = [
            ("INPUT_DRYRUN", "true"),
            ("INPUT_PYPI_ARGS", "--x"),
            ("INPUT_NODE-VERSION", "24"),
            ("INPUT_DRY_RUN", "true"),
            ("INPUT_BACKENDS", ""),
        ];
        inputs(&variables).warn_of_strangers(&recorder);
        let [dry_run, pypi] = recorder.events().try_into().unwrap();
        assert!(dry_run.contains("there is no input `dryrun`") && dry_run.contains("did you mean `dry-run`?"));
        assert!(pypi.contains("`pypi-args` has no effect"), "{pypi}");
    }
}
