//! The pull request on GitHub: looked for, then made or brought up to date, until it is as it should be.

use super::{PullRequestError, Step, Wanted};
use crate::github::pulls::{NewPullRequest, PullRequest, Pulls};
use crate::github::{GithubError, patience};

/// The pull request that is open now, and what has to become of it.
#[derive(Debug)]
pub(super) struct Survey {
    pub(super) step: Step,
    pub(super) found: Option<PullRequest>,
}

/// What there is, and what is to be done.
pub(super) async fn survey(pulls: Pulls<'_>, wanted: &Wanted) -> Result<Survey, GithubError> {
    let found = pulls.open(&wanted.branch, &wanted.base).await?;
    let step = match &found {
        None => Step::Make,
        Some(pull) if pull.title == wanted.title && is_same(pull.body.as_deref(), &wanted.body) => Step::Nothing,
        Some(_) => Step::Update,
    };
    Ok(Survey { step, found })
}

/// Makes the pull request as it should be. After a failure that may pass it looks again before it goes on, so that an
/// answer that got lost makes no second one.
pub(super) async fn converge(pulls: Pulls<'_>, wanted: &Wanted) -> Result<(Step, PullRequest), PullRequestError> {
    let mut attempt = 1;
    loop {
        match advance(pulls, wanted).await {
            Ok(done) => return Ok(done),
            Err(error) => match wait(&error, attempt) {
                Some(wait) => tokio::time::sleep(wait).await,
                None => return Err(PullRequestError::of(error)),
            },
        }
        attempt += 1;
    }
}

async fn advance(pulls: Pulls<'_>, wanted: &Wanted) -> Result<(Step, PullRequest), GithubError> {
    let Wanted { branch, base, title, body, .. } = wanted;
    let survey = survey(pulls, wanted).await?;
    let pull = match (survey.step, survey.found) {
        (Step::Nothing, Some(pull)) => pull,
        (_, Some(pull)) => pulls.update(pull.number, title, body).await?,
        (_, None) => pulls.create(&NewPullRequest { title, body, head: branch, base }).await?,
    };
    Ok((survey.step, pull))
}

/// How long to wait before looking again; none if that cannot help.
fn wait(error: &GithubError, attempt: u32) -> Option<std::time::Duration> {
    // Reads lag behind writes: a branch may be there before GitHub knows it, a pull request before it is listed.
    let is_lag = match error {
        GithubError::Refused { message, fields, .. } => {
            message.contains("already exists")
                || fields.iter().any(|error| error.field == "head" && error.code == "invalid")
        }
        _ => false,
    };
    match is_lag {
        true => patience::wait_after(attempt),
        false => patience::wait(error, attempt),
    }
}

/// GitHub may store other line ends, and drop blanks at the end.
fn is_same(found: Option<&str>, wanted: &str) -> bool {
    found.unwrap_or_default().replace("\r\n", "\n").trim_end() == wanted.trim_end()
}
