//! Pushing to the remote `origin`, with patience where that can help; what else asks the remote shares it.

use std::time::Duration;

use super::{Git, GitError, Tag};
use crate::process::ProcessError;

/// How often something is tried.
const ATTEMPTS: u32 = 3;
/// The wait after the first failure; it doubles.
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// Beyond this a push is stuck.
const PUSH_TIMEOUT: Duration = Duration::from_secs(300);
/// What is said when the credentials are missing, or do not suffice.
const DENIALS: [&str; 8] = [
    "Permission to ",
    "Permission denied",
    "Write access to repository not granted",
    "Authentication failed",
    "could not read Username",
    "could not read Password",
    "returned error: 401",
    "returned error: 403",
];
/// What is said when trying again changes nothing.
const REFUSALS: [&str; 4] =
    ["rejected]", "does not appear to be a git repository", "Repository not found", "does not match any"];

impl Git {
    /// Pushes `refspec` to `origin`, again after a failure that may pass.
    pub async fn push(&self, refspec: &str) -> Result<(), GitError> {
        self.push_with(&[], refspec).await
    }

    /// Makes `branch` of `origin` stand at `commit`, provided that it still stands at `seen` (or, if none, is not there).
    /// Tries again after a failure that may pass. Hooks are not run.
    pub async fn push_branch(&self, commit: &str, branch: &str, seen: Option<&str>) -> Result<(), GitError> {
        let lease = format!("--force-with-lease=refs/heads/{branch}:{}", seen.unwrap_or_default());
        self.push_with(&["--no-verify", &lease], &format!("{commit}:refs/heads/{branch}")).await
    }

    async fn push_with(&self, options: &[&str], refspec: &str) -> Result<(), GitError> {
        let name = refspec.rsplit(':').next().unwrap_or(refspec);
        let name = ["refs/tags/", "refs/heads/"].iter().find_map(|kind| name.strip_prefix(kind)).unwrap_or(name);
        let rest = ["--end-of-options", "origin", refspec];
        let arguments: Vec<&str> = ["push"].iter().chain(options).chain(&rest).copied().collect();
        patiently(async || {
            let command = self.patient_command(&arguments).timeout(PUSH_TIMEOUT);
            self.succeeded(command.run().await, &format!("push `{name}` to the remote `origin`")).map(drop)
        })
        .await
        .map_err(|error| denied(error, name))
    }

    /// [`remote_tags`](Self::remote_tags), asked again after a failure that may pass.
    pub async fn remote_tags_patiently(&self) -> Result<Vec<Tag>, GitError> {
        patiently(async || self.remote_tags().await).await
    }
}

/// Does `work` until it succeeds, or fails in a way that stays.
pub(super) async fn patiently<T>(work: impl AsyncFn() -> Result<T, GitError>) -> Result<T, GitError> {
    let mut attempt = 1;
    loop {
        match work().await {
            Err(error) if attempt < ATTEMPTS && may_pass(&error) => {
                tokio::time::sleep(FIRST_WAIT * (1 << (attempt - 1))).await;
                attempt += 1;
            }
            ended => return ended,
        }
    }
}

/// Whether trying again may help: nobody has refused it.
fn may_pass(error: &GitError) -> bool {
    said(error).is_some_and(|text| !DENIALS.iter().chain(&REFUSALS).any(|words| text.contains(words)))
}

fn denied(error: GitError, name: &str) -> GitError {
    let is_denied = said(&error).is_some_and(|text| DENIALS.iter().any(|words| text.contains(words)));
    match error {
        GitError::Failed { source, .. } if is_denied => GitError::PushDenied { name: name.to_owned(), source },
        error => error,
    }
}

/// What git said when it failed.
fn said(error: &GitError) -> Option<&str> {
    match error {
        GitError::Failed { source: ProcessError::Failed { output, .. }, .. } => Some(output),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::error::Diagnose;

    fn failure(output: &str) -> GitError {
        let status = std::process::ExitStatus::default();
        let source = ProcessError::Failed { label: "git".into(), status, output: output.into() };
        GitError::Failed { action: "push".into(), source }
    }

    #[tokio::test(start_paused = true)]
    async fn what_may_pass_is_tried_again_and_what_was_refused_is_not() {
        let table = [
            ("fatal: unable to access 'https://host/': Could not resolve host: host", 3),
            ("error: RPC failed; HTTP 502\nfatal: the remote end hung up unexpectedly", 3),
            ("remote: Permission to acme/app.git denied to github-actions[bot].", 1),
            (" ! [rejected]        a-v1 -> a-v1 (already exists)", 1),
            (" ! [remote rejected] a-v1 -> a-v1 (protected tag hook declined)", 1),
        ];
        for (output, expected) in table {
            let attempts = AtomicU32::new(0);
            let work = async || {
                attempts.fetch_add(1, Ordering::Relaxed);
                Err::<(), _>(failure(output))
            };
            assert!(patiently(work).await.is_err());
            assert_eq!(attempts.into_inner(), expected, "{output}");
        }
    }

    #[test]
    fn missing_rights_are_told_with_what_gives_them() {
        let error = denied(failure("remote: Permission to acme/app.git denied to github-actions[bot]."), "a-v1");
        assert_eq!(error.code(), "push-denied");
        assert!(error.hint().unwrap().contains("contents: write"), "{error}");
        assert_eq!(denied(failure("fatal: early EOF"), "a-v1").code(), "git-failed");
    }
}
