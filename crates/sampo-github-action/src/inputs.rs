//! The inputs of the Action, as the runner hands them over in the environment.

use std::path::PathBuf;

use anyhow::Context;
use sampo_core::environment::Environment;

/// What the Action does unless it is told.
const DEFAULT_MODE: &str = "auto";

/// The inputs, and the rest of the environment.
pub struct Inputs {
    environment: Environment,
}

impl Inputs {
    /// Reads inputs from `environment`.
    pub fn new(environment: Environment) -> Self {
        Self { environment }
    }

    /// The whole environment.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// The input `name`; an empty one counts as missing, as it does on GitHub.
    ///
    /// The runner makes `INPUT_DRY-RUN` of `dry-run`; composite actions hand over `INPUT_DRY_RUN`. Both are read.
    pub fn get(&self, name: &str) -> Option<&str> {
        let variable = format!("INPUT_{}", name.to_uppercase());
        self.environment.get(&variable).or_else(|| self.environment.get(&variable.replace('-', "_")))
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

    /// The values of the input `name`, one on each line or separated by commas.
    pub fn list(&self, name: &str) -> Vec<String> {
        let values = self.get(name).unwrap_or_default().split(['\n', ',']);
        values.map(str::trim).filter(|value| !value.is_empty()).map(str::to_owned).collect()
    }

    /// The words of the input `name`, split at blanks and line breaks.
    pub fn words(&self, name: &str) -> Vec<String> {
        self.get(name).unwrap_or_default().split_whitespace().map(str::to_owned).collect()
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

    /// The repository's folder.
    pub fn working_directory(&self) -> anyhow::Result<PathBuf> {
        self.get("working-directory")
            .or_else(|| self.environment.get("GITHUB_WORKSPACE"))
            .map(PathBuf::from)
            .context("no repository: set the input `working-directory` or `GITHUB_WORKSPACE`")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
