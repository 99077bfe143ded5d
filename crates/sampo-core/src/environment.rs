//! The environment variables that core reads, as a value, so that callers and tests decide what it sees.

use std::collections::{BTreeMap, BTreeSet};

use crate::secret::{Redactor, Secret, secret_variables};

/// Environment variables by name.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
    /// Those that the process itself does not have.
    added: BTreeSet<String>,
}

impl Environment {
    /// That of this process; variables that are not Unicode are left out.
    pub fn of_process() -> Self {
        let unicode = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        std::env::vars_os().filter_map(unicode).collect()
    }

    /// Sets `name`, also for the children that are told [what was added](Self::added).
    pub fn add(&mut self, name: impl Into<String>, value: impl Into<String>) {
        let name = name.into();
        self.added.insert(name.clone());
        self.variables.insert(name, value.into());
    }

    /// What children do not inherit from this process, though they should.
    pub fn added(&self) -> impl Iterator<Item = (&str, &str)> {
        self.added.iter().map(|name| (name.as_str(), self.variables[name].as_str()))
    }

    /// The value of `name`, without blanks around it; unset and blank are none.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// The secret in `name`; unset and blank are none.
    pub fn secret(&self, name: &str) -> Option<Secret> {
        self.get(name).map(Secret::new)
    }

    /// The names of all variables, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.variables.keys().map(String::as_str)
    }

    /// A filter for the values of these variables, and of all others that are known to hold secrets.
    pub fn redactor<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Redactor {
        let named = names.into_iter().filter_map(|name| self.secret(name));
        Redactor::new(named.chain(secret_variables().iter().filter_map(|name| self.secret(name))))
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        let variables = variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        Self { variables, added: BTreeSet::new() }
    }
}

impl std::fmt::Debug for Environment {
    /// Names only: values may be secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.variables.keys()).finish()
    }
}
