//! The token that requests carry, and the name of the variable it came from, which is all that is ever shown of it.

use http::HeaderValue;

use super::error::GithubError;
use crate::environment::Environment;
use crate::secret::{Redactor, Secret, TOKEN_VARIABLES};

/// A token and where it came from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Token {
    variable: String,
    secret: Secret,
}

impl Token {
    /// The first token that is set: in `configured` if that is given, else in [`TOKEN_VARIABLES`].
    pub fn find(configured: Option<&str>, environment: &Environment) -> Option<Self> {
        let named = configured.into_iter();
        let usual = TOKEN_VARIABLES.iter().copied().filter(|_| configured.is_none());
        named.chain(usual).find_map(|variable| {
            environment.secret(variable).map(|secret| Self { variable: variable.to_owned(), secret })
        })
    }

    /// The environment variable that holds it.
    pub fn variable(&self) -> &str {
        &self.variable
    }

    /// A filter for it.
    pub(super) fn redactor(&self) -> Redactor {
        Redactor::new([self.secret.clone()])
    }

    /// The value of the `Authorization` header.
    pub(super) fn header(&self) -> Result<HeaderValue, GithubError> {
        let value = format!("Bearer {}", self.secret.expose());
        let mut value = HeaderValue::from_str(&value)
            .map_err(|_| GithubError::CredentialsUnusable { variable: self.variable.clone() })?;
        value.set_sensitive(true);
        Ok(value)
    }
}
