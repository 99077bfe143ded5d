//! The repository on GitHub: its settings, as far as the token may ask for them.

use super::configuration::Plan;
use super::workflows::{Files, Role};
use super::{Circumstances, PATIENCE};
use crate::config::{Config, Repository};
use crate::distribute::finding::answers::{archived, unanswered};
use crate::distribute::finding::{Check, Finding, Level};
use crate::github::settings::{Settings, WorkflowSettings};
use crate::github::{Addresses, Github, GithubError, Token};
use crate::project::Project;

/// What GitHub told.
#[derive(Debug, Default)]
pub(super) struct Answers {
    pub findings: Vec<Finding>,
    /// Whether a workflow that does not say what it may do may write.
    pub workflows_may_write: Option<bool>,
}

/// What is to be said about the repository.
pub(super) async fn findings(
    project: &Project,
    plan: &Plan<'_>,
    files: &Files,
    circumstances: Circumstances,
) -> Answers {
    let Some(repository) = &plan.repository else { return Answers::default() };
    let of = |findings: Vec<Finding>| Answers { findings, ..Answers::default() };
    if !circumstances.is_online {
        return of(vec![Check::Github.note(format!("not checked, being offline: the settings of `{repository}`"))]);
    }
    let addresses = match Addresses::resolve(None, &project.environment) {
        Ok(addresses) => addresses,
        Err(error) => return of(vec![Check::Github.failed(&error.into())]),
    };
    let Some(token) = Token::find(None, &project.environment) else {
        let title = format!("not checked, without a token: the settings of `{repository}`");
        let fix = "to have them checked: `GITHUB_TOKEN=\"$(gh auth token)\" sampo distribute doctor`";
        return of(vec![Check::Github.note(title).fix(fix)]);
    };
    let redactor = project.environment.redactor([]);
    let github = Github::new(addresses, Some(token)).redacted_by(redactor);
    let asking = Facts::gather(&github, repository, files.have(Role::Auto));
    match tokio::time::timeout(PATIENCE, asking).await {
        Ok(Ok(facts)) => Answers {
            findings: facts.findings(repository, &project.config),
            workflows_may_write: facts.workflows.and_then(|workflows| workflows.may_write()),
        },
        Ok(Err(error)) => of(vec![unasked(unanswered(Check::Github, &error, github.addresses()))]),
        Err(_) => {
            let title = format!("no answer within {}", humantime::format_duration(PATIENCE));
            of(vec![Check::Github.warning(title)])
        }
    }
}

/// A token that is refused is for the backends to complain of, which deliver with theirs.
fn unasked(finding: Finding) -> Finding {
    match finding.level {
        Level::Error => Finding { level: Level::Note, title: format!("not checked: {}", finding.title), ..finding },
        _ => finding,
    }
}

/// What GitHub tells, gathered once.
#[derive(Debug, Default)]
struct Facts {
    settings: Settings,
    immutable: Option<bool>,
    workflows: Option<WorkflowSettings>,
    /// Whether a workflow opens pull requests.
    wants_pull_requests: bool,
}

impl Facts {
    async fn gather(github: &Github, repository: &Repository, wants_pull_requests: bool) -> Result<Self, GithubError> {
        // A refusal of the first answers the others, too.
        let settings = github.settings(repository).await?;
        let (immutable, workflows) =
            tokio::join!(github.has_immutable_releases(repository), github.workflow_settings(repository));
        Ok(Self { settings, immutable: immutable?, workflows: workflows?, wants_pull_requests })
    }

    fn findings(&self, repository: &Repository, config: &Config) -> Vec<Finding> {
        let findings = [
            self.archived(repository),
            self.default_branch(config),
            self.immutable_releases(repository),
            self.pull_requests(),
        ];
        findings.into_iter().flatten().collect()
    }

    fn archived(&self, repository: &Repository) -> Option<Finding> {
        self.settings.archived?.then(|| archived(repository))
    }

    fn default_branch(&self, config: &Config) -> Option<Finding> {
        let branch = self.settings.default_branch.as_deref()?;
        Some(match config.git.is_release_branch(branch) {
            true => Check::DefaultBranch.ok(format!("releases are made from the default branch, `{branch}`")),
            false => Check::DefaultBranch
                .warning(format!("releases are not made from the default branch, `{branch}`"))
                .because(format!("`default_branch` in `[git]` is `{}`", config.git.default_branch.as_str()))
                .fix(format!("set `default_branch = \"{branch}\"` in `[git]`, unless that is meant")),
        })
    }

    fn immutable_releases(&self, repository: &Repository) -> Option<Finding> {
        let title = format!("published releases of `{repository}` are immutable");
        self.immutable?.then(|| {
            Check::ImmutableReleases.note(title).because(
                "what is missing when a release is published can never be added: everything goes into a draft first",
            )
        })
    }

    fn pull_requests(&self) -> Option<Finding> {
        if !self.wants_pull_requests {
            return None;
        }
        let allowed = self.workflows.as_ref().and_then(|workflows| workflows.can_approve_pull_request_reviews);
        let place = "Settings → Actions → General → Workflow permissions";
        Some(match allowed {
            Some(true) => Check::PullRequests.ok("workflows may open pull requests"),
            Some(false) => Check::PullRequests
                .error("workflows may not open pull requests, and one prepares releases in them")
                .fix(format!("tick \"Allow GitHub Actions to create and approve pull requests\" under {place}")),
            None => Check::PullRequests
                .note("not checked: whether workflows may open pull requests, which this token may not ask")
                .because(format!(
                    "the setting is \"Allow GitHub Actions to create and approve pull requests\" under {place}"
                )),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(json: serde_json::Value) -> Facts {
        Facts { settings: serde_json::from_value(json).unwrap(), ..Facts::default() }
    }

    fn levels(facts: &Facts, config: &str) -> Vec<(Check, Level)> {
        let config = Config::parse(std::path::Path::new("config.toml"), config.to_owned()).unwrap();
        let repository = Repository { owner: "acme".into(), name: "app".into() };
        facts.findings(&repository, &config).into_iter().map(|finding| (finding.check, finding.level)).collect()
    }

    #[test]
    fn what_github_does_not_tell_is_no_finding() {
        assert_eq!(levels(&settings(serde_json::json!({})), ""), []);
    }

    #[test]
    fn the_default_branch_should_be_one_that_is_released_from() {
        let facts = settings(serde_json::json!({ "default_branch": "trunk", "archived": false }));
        assert_eq!(levels(&facts, ""), [(Check::DefaultBranch, Level::Warning)]);
        assert_eq!(levels(&facts, "[git]\ndefault_branch = 'trunk'"), [(Check::DefaultBranch, Level::Ok)]);
        assert_eq!(levels(&facts, "[git]\nrelease_branches = ['trunk']"), [(Check::DefaultBranch, Level::Ok)]);
    }

    #[test]
    fn an_archived_repository_takes_nothing_and_an_immutable_release_nothing_more() {
        let facts = settings(serde_json::json!({ "archived": true }));
        assert_eq!(levels(&facts, ""), [(Check::Archived, Level::Error)]);
        let facts = Facts { immutable: Some(true), ..Facts::default() };
        assert_eq!(levels(&facts, ""), [(Check::ImmutableReleases, Level::Note)]);
        assert_eq!(levels(&Facts { immutable: Some(false), ..Facts::default() }, ""), []);
    }

    #[test]
    fn pull_requests_matter_where_a_workflow_opens_them() {
        let level = |allowed: Option<bool>, wants_pull_requests: bool| {
            let workflows =
                WorkflowSettings { can_approve_pull_request_reviews: allowed, ..WorkflowSettings::default() };
            let facts = Facts { workflows: Some(workflows), wants_pull_requests, ..Facts::default() };
            facts.pull_requests().map(|finding| finding.level)
        };
        assert_eq!(level(Some(true), true), Some(Level::Ok));
        assert_eq!(level(Some(false), true), Some(Level::Error));
        assert_eq!(level(None, true), Some(Level::Note));
        assert_eq!(level(Some(false), false), None);
    }
}
