//! How requests to GitHub fail, each kind with its code and with what the user can do.

use std::time::Duration;

use crate::error::{Diagnose, PathError};

/// A request to GitHub failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GithubError {
    /// No token was given and one is needed.
    #[error("no GitHub token in {}", quoted(variables))]
    CredentialsMissing {
        /// The variables that were looked at.
        variables: Vec<String>,
    },
    /// The tokens of the environment are meant for another GitHub, and no other one was named.
    #[error("no GitHub token for `{api}`")]
    CredentialsForeign {
        /// The base of the API.
        api: String,
    },
    /// The token cannot be sent at all.
    #[error("the value of `{variable}` is not a token: it contains line breaks or control characters")]
    CredentialsUnusable {
        /// The variable that holds it.
        variable: String,
    },
    /// GitHub does not know the token, or not any more.
    #[error("cannot {action}: GitHub refused the credentials ({message})")]
    CredentialsRefused {
        /// What was asked of it, as an infinitive.
        action: String,
        /// What GitHub said.
        message: String,
        /// The variable that holds the token; none if none was sent.
        variable: Option<String>,
    },
    /// The token is known and may not do this.
    #[error("cannot {action}: {message}")]
    PermissionDenied {
        /// What was asked of it, as an infinitive.
        action: String,
        /// What GitHub said.
        message: String,
        /// The permissions of which one would do, as GitHub names them.
        needed: Option<String>,
        /// The variable that holds the token; none if none was sent.
        variable: Option<String>,
    },
    /// Too many requests.
    #[error("cannot {action}: {message}")]
    RateLimited {
        /// What was asked of it, as an infinitive.
        action: String,
        /// What GitHub said.
        message: String,
        /// How long to wait.
        wait: Duration,
        /// Whether GitHub said so. Where it does not, a second wait should be longer than the first.
        is_named: bool,
    },
    /// There is no such thing, or not for this token.
    #[error("cannot {action}: GitHub does not find it ({message})")]
    NotFound {
        /// What was asked of it, as an infinitive.
        action: String,
        /// What GitHub said.
        message: String,
        /// The variable that holds the token; none if none was sent.
        variable: Option<String>,
    },
    /// GitHub understood the request and does not want it.
    #[error("cannot {action}: {message}")]
    Refused {
        /// What was asked of it, as an infinitive.
        action: String,
        /// The status of the answer.
        status: u16,
        /// What GitHub said, with its remarks on each field.
        message: String,
        /// Those remarks.
        fields: Vec<FieldError>,
    },
    /// GitHub failed; it may have acted all the same.
    #[error("cannot {action}: GitHub failed with status {status}{}", remark(message))]
    Server {
        /// What was asked of it, as an infinitive.
        action: String,
        /// The status of the answer.
        status: u16,
        /// What it said.
        message: String,
    },
    /// The connection failed; GitHub may have acted all the same.
    #[error("cannot {action}: {reason}")]
    Network {
        /// What was asked of it, as an infinitive.
        action: String,
        /// What happened, without addresses that are secret.
        reason: String,
    },
    /// The answer promises success and cannot be read; GitHub has probably acted.
    #[error("cannot {action}: GitHub's answer cannot be read ({reason})")]
    InvalidAnswer {
        /// What was asked of it, as an infinitive.
        action: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The configured address is none.
    #[error("`{url}` is not an address of GitHub: {reason}")]
    Address {
        /// The address.
        url: String,
        /// Why not.
        reason: String,
    },
    /// A file to be sent is not the one that was announced.
    #[error("`{path}` has {found} bytes, but had {expected} when it was made ready")]
    FileChanged {
        /// The file.
        path: String,
        /// Its size now.
        found: u64,
        /// Its size before.
        expected: u64,
    },
    /// A file to be sent cannot be read.
    #[error(transparent)]
    File(#[from] PathError),
}

/// GitHub's remark on one field of a refused request.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(default)]
pub struct FieldError {
    /// What the request was about: `Release`, `ReleaseAsset`.
    pub resource: String,
    /// `already_exists`, `invalid`, `missing_field`, `custom`, ...
    pub code: String,
    /// The field.
    pub field: String,
    /// What is wrong with it, mostly for `custom`.
    pub message: String,
}

fn quoted<S: AsRef<str>>(names: &[S]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{}`", name.as_ref())).collect();
    quoted.join(" or ")
}

fn remark(message: &str) -> String {
    if message.is_empty() { String::new() } else { format!(" ({message})") }
}

impl GithubError {
    /// Whether GitHub may have done what was asked although it did not say so.
    pub fn is_ambiguous(&self) -> bool {
        matches!(self, Self::Server { .. } | Self::Network { .. } | Self::InvalidAnswer { .. })
    }

    /// Whether this `field` was refused because its value is taken.
    pub fn is_already_exists(&self, field: &str) -> bool {
        match self {
            Self::Refused { fields, .. } => {
                fields.iter().any(|error| error.code == "already_exists" && error.field == field)
            }
            _ => false,
        }
    }

    /// Whether there is no such thing, or not for this token.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. })
    }
}

impl Diagnose for GithubError {
    fn code(&self) -> &'static str {
        match self {
            Self::CredentialsMissing { .. } | Self::CredentialsForeign { .. } => "credentials-missing",
            Self::CredentialsUnusable { .. } | Self::CredentialsRefused { .. } => "credentials-refused",
            Self::PermissionDenied { .. } => "permission-denied",
            Self::RateLimited { .. } => "rate-limited",
            Self::NotFound { .. } => "not-found",
            Self::Refused { .. } => "request-refused",
            Self::Server { .. } => "server-error",
            Self::Network { .. } => "network",
            Self::InvalidAnswer { .. } => "invalid-answer",
            Self::Address { .. } => "config-invalid",
            Self::FileChanged { .. } => "artifact-changed",
            Self::File(error) => error.code(),
        }
    }

    fn hint(&self) -> Option<String> {
        let token = |variable: &Option<String>| {
            variable.as_ref().map_or_else(|| "no token was sent".into(), |name| format!("the token is in `{name}`"))
        };
        Some(match self {
            Self::CredentialsMissing { variables } => format!(
                "set {} to a token that may write the contents of the repository; in a workflow: `env: {{ {}: ${{{{ github.token }}}} }}`",
                quoted(variables),
                variables.first().map_or("GITHUB_TOKEN", String::as_str)
            ),
            Self::CredentialsForeign { .. } => format!(
                "set `token_env` to the variable that holds a token for it: {} might be meant for another GitHub, and \
                 is not sent to an address of the configuration unless `token_env` names it",
                quoted(crate::secret::TOKEN_VARIABLES)
            ),
            Self::CredentialsUnusable { variable } => format!("set `{variable}` to the token alone"),
            Self::CredentialsRefused { variable: Some(variable), .. } => {
                format!("the token in `{variable}` is wrong, revoked or expired: set a new one")
            }
            Self::CredentialsRefused { variable: None, .. } => {
                format!("set {} to a token", quoted(crate::secret::TOKEN_VARIABLES))
            }
            Self::PermissionDenied { needed: Some(needed), variable, .. } => {
                format!(
                    "the permission `{needed}` is missing; {}; in a workflow: `permissions: {{ {} }}`",
                    token(variable),
                    needed.replace('_', "-").replace('=', ": ")
                )
            }
            Self::PermissionDenied { variable, .. } => {
                format!("the token needs the right to write the contents of the repository; {}", token(variable))
            }
            Self::RateLimited { wait, .. } => format!("try again in {}", humantime::format_duration(*wait)),
            Self::NotFound { variable, .. } => {
                format!("it does not exist, or the token may not see it; {}", token(variable))
            }
            Self::Server { .. } | Self::Network { .. } | Self::InvalidAnswer { .. } => {
                "running this again is safe: what has arrived is not sent twice".into()
            }
            Self::Address { .. } => "expected something like `https://api.github.com` or `https://HOST/api/v3`".into(),
            Self::FileChanged { .. } => "do not build while artifacts are delivered; run this again".into(),
            Self::Refused { .. } => return None,
            Self::File(error) => return error.hint(),
        })
    }
}
