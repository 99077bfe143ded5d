//! The pull request that releases: prepared beside the checkout, and kept up to date by every run.
//!
//! A run looks at the remote, plans the release on top of the branch that is to be merged into, and changes only what
//! is not yet as it should be: the branch, then the pull request.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;

use crate::SampoError;
use crate::clock;
use crate::config::Repository;
use crate::event::{Event, Reporter, Silent};
use crate::git::{Git, Worktree};
use crate::github::{Addresses, Github, GithubError, Token};
use crate::project::Project;
use crate::release::branch;
use crate::release::{self, Plan};
use crate::secret::TOKEN_VARIABLES;
use crate::workspace::{Package, is_root};

mod body;
mod branches;
mod entry;
mod error;
mod remote;
mod text;

pub use branches::Branches;
pub use error::PullRequestError;

use remote::Seen;

/// What a pull request releases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Everything that is pending.
    Release,
    /// Everything that is pending, and the stable versions of what is in a pre-release.
    Stable,
}

/// What the user may say about pull requests.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The branch that is merged into; by default the one of this run.
    pub base: Option<String>,
    /// The pull request of a release.
    pub release: Wording,
    /// The pull request that ends pre-releases.
    pub stable: Wording,
    /// Whether to show what would be done, and change nothing.
    pub dry_run: bool,
}

/// What the user may say about one pull request.
#[derive(Debug, Clone, Default)]
pub struct Wording {
    /// The branch that it is made from.
    pub branch: Option<String>,
    /// What it is called.
    pub title: Option<String>,
}

/// A pull request as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The branch that it is made from.
    pub branch: String,
    /// The branch that it is merged into.
    pub base: String,
    /// What it is called.
    pub title: String,
    /// Its description, in Markdown.
    pub body: String,
    /// The files that it changes, relative to the top folder, sorted.
    pub files: Vec<PathBuf>,
}

/// What has to be done so that something is as it should be, or what was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It was not there.
    Make,
    /// It was out of date.
    Update,
    /// It was as it should be.
    Nothing,
}

/// What became of a pull request.
#[derive(Debug)]
pub enum Outcome {
    /// There is nothing to release, for this reason.
    Nothing(String),
    /// It stands, or would if this were no dry run.
    Prepared(Box<Prepared>),
}

/// A pull request that stands, or would.
#[derive(Debug)]
pub struct Prepared {
    /// What it releases.
    pub plan: Plan,
    /// What it looks like.
    pub wanted: Wanted,
    /// What became of its branch.
    pub branch: Step,
    /// What became of the pull request itself.
    pub entry: Step,
    /// Its number and its page, once there is one.
    pub page: Option<(u64, String)>,
}

impl Kind {
    /// The message of its commit.
    fn message(self) -> &'static str {
        match self {
            Self::Release => "chore(release): bump versions and changelogs",
            Self::Stable => "chore(release): stabilize versions and changelogs",
        }
    }
}

impl Prepared {
    /// A line of Markdown that leads to the pull request, once there is one.
    pub fn to_markdown(&self) -> Option<String> {
        let (number, page) = self.page.as_ref()?;
        let became = match (self.branch, self.entry) {
            (_, Step::Make) => "opened",
            (Step::Nothing, Step::Nothing) => "up to date",
            _ => "updated",
        };
        Some(format!("Pull request [#{number} {}]({page}): {became}.", text::inline(&self.wanted.title)))
    }
}

impl Settings {
    fn wording(&self, kind: Kind) -> &Wording {
        match kind {
            Kind::Release => &self.release,
            Kind::Stable => &self.stable,
        }
    }
}

/// Which pull requests there should be, given the `plan` of a release in `project`: one that releases what is pending,
/// and one that ends pre-releases, as far as there is something in them.
pub async fn due(project: &Project, plan: &Plan) -> Result<Vec<Kind>, SampoError> {
    let in_prerelease = |package: &Package| {
        let version = package.version.as_deref().and_then(|version| semver::Version::parse(version).ok());
        version.is_some_and(|version| !version.pre.is_empty())
    };
    let ends_prereleases = project.workspace.packages.iter().any(in_prerelease)
        && release::has_stable(project, clock::now(&project.environment)?).await?;
    let release = (!plan.is_empty()).then_some(Kind::Release);
    Ok(release.into_iter().chain(ends_prereleases.then_some(Kind::Stable)).collect())
}

/// Makes the pull request of `kind` as it should be. The checkout, its index and its branch stay as they are, whatever
/// happens; a run that ended too early is completed by the next one.
pub async fn prepare(
    project: &Project,
    kind: Kind,
    settings: &Settings,
    reporter: &dyn Reporter,
    cancellation: &CancellationToken,
) -> Result<Outcome, SampoError> {
    let (github, repository) = access(project)?;
    let current = branch::check(&project.git(), &project.config.git, &project.environment).await?;
    let branches = Branches::resolve(kind, settings, &current, &project.config.git)?;
    let job = Job {
        project,
        kind,
        settings,
        now: clock::now(&project.environment)?,
        reporter,
        github: &github,
        repository: &repository,
        branches,
        current,
    };
    let git = project.git();
    let seen = unless(cancellation, async { Ok(Seen::look(&git, &job.branches).await?) }).await?;
    let worktree = git.worktree(&seen.base).await?;
    unless(cancellation, job.carry_out(&seen, &worktree)).await
}

/// Does `work`, and gives it up once `cancellation` fires.
async fn unless<T>(
    cancellation: &CancellationToken,
    work: impl Future<Output = Result<T, SampoError>>,
) -> Result<T, SampoError> {
    tokio::select! {
        outcome = work => outcome,
        () = cancellation.cancelled() => Err(PullRequestError::Interrupted.into()),
    }
}

/// Warns of pull requests that are open though none of the branches that are `standing` is theirs: there is nothing left
/// for them to release. Says nothing where GitHub does not tell.
pub async fn warn_of_outdated(project: &Project, settings: &Settings, standing: &[String], reporter: &dyn Reporter) {
    let Ok((github, repository)) = access(project) else { return };
    let config = &project.config.git;
    let Ok(current) = branch::check(&project.git(), config, &project.environment).await else { return };
    for kind in [Kind::Release, Kind::Stable] {
        let Ok(branches) = Branches::resolve(kind, settings, &current, config) else { return };
        for branch in branches.candidates().iter().filter(|branch| !standing.contains(branch)) {
            if let Ok(Some(pull)) = github.pulls(&repository).open(branch, &branches.base).await
                && is_newest(&project.git(), &branches.base).await
            {
                let message = format!("nothing is left to release for the open pull request #{}", pull.number);
                let hint = format!("close it, or note a change, which brings it up to date: {}", pull.html_url);
                reporter.report(Event::Warning { message: &message, hint: Some(&hint) });
            }
        }
    }
}

/// Whether HEAD is where `branch` stands now: an older commit does not know what was noted since.
async fn is_newest(git: &Git, branch: &str) -> bool {
    let (Ok(head), Ok(tips)) = (git.head().await, git.remote_branches(&[branch]).await) else { return false };
    tips.get(branch) == Some(&head)
}

/// GitHub with a token, and the repository of the running workflow: nothing is begun without them.
fn access(project: &Project) -> Result<(Github, Repository), SampoError> {
    let environment = &project.environment;
    let given = environment.get("GITHUB_REPOSITORY").map(str::to_owned);
    let repository = given.clone().and_then(|text| Repository::try_from(text).ok());
    let repository = repository.ok_or(PullRequestError::Repository { given })?;
    let token = Token::find(None, environment).ok_or_else(|| GithubError::CredentialsMissing {
        variables: TOKEN_VARIABLES.iter().map(ToString::to_string).collect(),
    })?;
    let addresses = Addresses::resolve(None, environment)?;
    Ok((Github::new(addresses, Some(token)).redacted_by(environment.redactor([])), repository))
}

/// All that one pull request needs.
struct Job<'a> {
    project: &'a Project,
    kind: Kind,
    settings: &'a Settings,
    now: DateTime<Utc>,
    reporter: &'a dyn Reporter,
    github: &'a Github,
    repository: &'a Repository,
    branches: Branches,
    current: String,
}

impl Job<'_> {
    async fn carry_out(&self, seen: &Seen, worktree: &Worktree) -> Result<Outcome, SampoError> {
        let Some(project) = self.open(worktree).await? else {
            return Ok(Outcome::Nothing(format!("`{}` has no folder `.sampo`", self.branches.base)));
        };
        let plan = match self.kind {
            Kind::Release => release::plan_in_full(&project, self.now).await?,
            Kind::Stable => release::plan_stable(&project, self.now).await?,
        };
        if plan.is_empty() {
            return Ok(Outcome::Nothing(plan.why_empty()));
        }
        for warning in &plan.warnings {
            self.reporter.report(Event::Warning { message: &warning.message, hint: warning.hint.as_deref() });
        }
        let wanted = self.wanted(&plan, &project, worktree);
        // Nobody but us sees these files; a dry run changes them as well to learn what the branch would be.
        release::apply(&project.workspace, &plan)?;
        let tree = worktree.stage(&wanted.files).await?;
        seen.check_room(&wanted.branch)?;
        let branch = seen.step(&project.git(), &wanted.branch, &tree).await?;
        if branch == Step::Update {
            let (git, message) = (project.git(), self.kind.message());
            remote::warn_of_others(&git, seen, &wanted.branch, message, self.reporter).await?;
        }
        let pulls = self.github.pulls(self.repository);
        if self.settings.dry_run {
            let survey = entry::survey(pulls, &wanted).await.map_err(PullRequestError::of)?;
            let page = survey.found.map(|pull| (pull.number, pull.html_url));
            return Ok(Outcome::Prepared(Box::new(Prepared { plan, wanted, branch, entry: survey.step, page })));
        }
        if branch != Step::Nothing {
            let commit = worktree.commit(self.kind.message()).await?;
            remote::push(&project.git(), seen, &wanted.branch, &commit).await?;
        }
        let (entry, pull) = entry::converge(pulls, &wanted).await?;
        let page = Some((pull.number, pull.html_url));
        Ok(Outcome::Prepared(Box::new(Prepared { plan, wanted, branch, entry, page })))
    }

    /// The project as it is in the worktree, which is on no branch; none if the base has none. The checkout, which lies
    /// above, would be found next.
    async fn open(&self, worktree: &Worktree) -> Result<Option<Project>, SampoError> {
        let root = worktree.folder().join(self.project.git().prefix().await?);
        if !is_root(&root) {
            return Ok(None);
        }
        let mut environment = self.project.environment.clone();
        environment.add("SAMPO_RELEASE_BRANCH", &self.current);
        // What there is to say about the configuration was said when it was read in the checkout.
        Project::open(&root, environment, &Silent).await.map(Some)
    }

    fn wanted(&self, plan: &Plan, project: &Project, worktree: &Worktree) -> Wanted {
        let has_prereleases = plan.releases.iter().any(|release| !release.new_version.pre.is_empty());
        let setting = body::Setting {
            kind: self.kind,
            base: &self.branches.base,
            automatic_entries: project.config.changelog.automatic_entries,
            web: self.github.addresses().web(),
        };
        let relative = |path: &std::path::Path| path.strip_prefix(worktree.folder()).unwrap_or(path).to_owned();
        let mut files: Vec<PathBuf> = plan.changes().iter().map(|change| relative(&change.path)).collect();
        files.sort();
        Wanted {
            branch: self.branches.branch(has_prereleases),
            base: self.branches.base.clone(),
            title: self.branches.title(has_prereleases),
            body: body::body(plan, setting),
            files,
        }
    }
}
