//! Discussions about releases that were published: one for each, however often this runs.

use std::collections::{BTreeMap, BTreeSet};

use tokio::time::{Instant, sleep};

use super::AnnounceError;
use crate::config::Repository;
use crate::distribute::backend::Pace;
use crate::distribute::publishing::Publishers;
use crate::distribute::{self, Caller, Ground};
use crate::error::{SampoError, chain};
use crate::event::{Event, Reporter, Status};
use crate::github::discussions::{Category, Forum, LONGEST_BODY};
use crate::github::model::ReleasePage;
use crate::github::{Github, GithubError, text};
use crate::project::Project;
use crate::repository::repository;
use crate::workspace::{PackageId, Workspace};

/// The category that is taken where none is asked for.
const USUAL_CATEGORY: &str = "announcements";

/// Which releases are discussed, and where.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Discussions {
    scope: Scope,
    /// The slug of a category.
    category: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
enum Scope {
    #[default]
    None,
    All,
    Of(BTreeSet<PackageId>),
}

impl Discussions {
    /// Reads `true`, `false`, or names or ids of packages between commas; nothing is `false`. A plain name means every
    /// package of that name.
    pub fn parse(scope: Option<&str>, category: Option<&str>, workspace: &Workspace) -> Result<Self, SampoError> {
        let text = scope.unwrap_or_default();
        let scope = match text.to_ascii_lowercase().as_str() {
            "" | "false" | "0" => Scope::None,
            "true" | "1" => Scope::All,
            _ => {
                let names = text.split(['\n', ',']).map(str::trim).filter(|name| !name.is_empty());
                let found: Result<Vec<_>, _> = names.map(|name| named(name, workspace)).collect();
                Scope::Of(found?.into_iter().flatten().collect())
            }
        };
        Ok(Self { scope, category: category.map(str::to_owned) })
    }

    /// Whether nothing is discussed.
    pub fn is_none(&self) -> bool {
        self.scope == Scope::None
    }

    fn include(&self, package: &PackageId) -> bool {
        match &self.scope {
            Scope::None => false,
            Scope::All => true,
            Scope::Of(packages) => packages.contains(package),
        }
    }

    /// The category asked for; else the usual one, else the first.
    fn choose<'f>(&self, forum: &'f Forum) -> Option<&'f Category> {
        let by_slug = |slug: &str| forum.categories().iter().find(|category| category.slug == slug);
        let asked = self.category.as_deref().and_then(by_slug);
        asked.or_else(|| by_slug(USUAL_CATEGORY)).or_else(|| forum.categories().first())
    }
}

/// Every package that `name` means.
fn named(name: &str, workspace: &Workspace) -> Result<Vec<PackageId>, SampoError> {
    let ids = workspace.packages.iter().map(|package| &package.id);
    let found: Vec<PackageId> = ids.filter(|id| id.name() == name || id.to_string() == name).cloned().collect();
    match found.is_empty() {
        true => Ok(vec![workspace.resolve(name)?.id.clone()]),
        false => Ok(found),
    }
}

/// Opens the discussions that are asked for about the releases that a delivery has published, or found published; their
/// pages, by tag. A failure is a warning: the releases stand without it.
pub async fn discuss(
    project: &Project,
    delivered: &distribute::report::Report,
    discussions: &Discussions,
    caller: &Caller,
) -> Result<BTreeMap<String, String>, SampoError> {
    let ground = Ground::whole(project).await?;
    let publishers = Publishers::of(project, &ground, &ground.backend_context(project, caller)?)?;
    let is_public = |status| matches!(status, Status::Delivered | Status::WouldDeliver | Status::Unchanged);
    let finishes = delivered.finishes.iter();
    let public = finishes.filter(|finish| is_public(finish.status) && publishers.include(&finish.backend));
    let releases: BTreeSet<_> = public.map(|finish| (finish.package.clone(), finish.tag.clone())).collect();
    let releases: Vec<_> = releases.into_iter().collect();
    Ok(open_at(project, &releases, discussions, delivered.dry_run, caller, Pace::default()).await)
}

/// Makes sure that each of these published releases, named by package and tag, has its discussion if it is to have one.
pub(super) async fn open_at(
    project: &Project,
    releases: &[(PackageId, String)],
    discussions: &Discussions,
    dry_run: bool,
    caller: &Caller,
    pace: Pace,
) -> BTreeMap<String, String> {
    let due = releases.iter().filter(|(package, _)| discussions.include(package));
    let tags: Vec<&str> = due.map(|(_, tag)| tag.as_str()).collect();
    let mut opened = BTreeMap::new();
    if tags.is_empty() {
        return opened;
    }
    let reporter = &*caller.reporter;
    match Board::of(project, discussions, reporter, pace).await {
        Ok(Some(board)) => {
            if let Err(error) = board.open_all(&tags, dry_run, &mut opened).await {
                warn(reporter, &error);
            }
        }
        Ok(None) => {}
        Err(error) => warn(reporter, &error),
    }
    opened
}

/// Where discussions are opened.
struct Board<'a> {
    github: Github,
    repository: Repository,
    forum: Forum,
    category: Category,
    reporter: &'a dyn Reporter,
    pace: Pace,
}

impl<'a> Board<'a> {
    /// The board of the project's repository; none, with a warning, if nothing can be discussed there.
    async fn of(
        project: &Project,
        discussions: &Discussions,
        reporter: &'a dyn Reporter,
        pace: Pace,
    ) -> Result<Option<Self>, SampoError> {
        let repository = repository(&project.config, &project.environment, &project.git()).await?;
        let repository = repository.ok_or(AnnounceError::RepositoryUnknown)?;
        let github = Github::of_environment(&project.environment)?;
        let forum = github.forum(&repository).await?;
        let Some(category) = discussions.choose(&forum).filter(|_| forum.is_enabled).cloned() else {
            let message = format!("no discussion is opened: `{repository}` has no category for it");
            let hint = "switch discussions on in the settings of the repository";
            reporter.report(Event::Warning { message: &message, hint: Some(hint) });
            return Ok(None);
        };
        if let Some(asked) = discussions.category.as_ref().filter(|asked| **asked != category.slug) {
            let message = format!("there is no discussion category `{asked}`: `{}` is used", category.slug);
            let slugs: Vec<&str> = forum.categories().iter().map(|category| category.slug.as_str()).collect();
            let hint = format!("there are: {}", slugs.join(", "));
            reporter.report(Event::Warning { message: &message, hint: Some(&hint) });
        }
        Ok(Some(Self { github, repository, forum, category, reporter, pace }))
    }

    /// Opens what is missing, one after another, and remembers it by tag.
    async fn open_all(
        &self,
        tags: &[&str],
        dry_run: bool,
        opened: &mut BTreeMap<String, String>,
    ) -> Result<(), SampoError> {
        let mut pages = Vec::with_capacity(tags.len());
        for tag in tags {
            pages.push(self.page(tag, dry_run).await?);
        }
        // What is discussed was published before.
        let since = pages.iter().flatten().filter_map(|page| page.published_at.as_deref()).min();
        let known = self.github.discussions_since(&self.repository, since.unwrap_or_default()).await?;
        for (tag, page) in tags.iter().zip(pages) {
            let title = format!("Release {tag}");
            let is_opened = page.as_ref().is_some_and(|page| page.discussion_url.is_some())
                || known.iter().any(|discussion| discussion.title == title);
            match page {
                _ if is_opened => {}
                _ if dry_run => {
                    let message = format!("would open the discussion `{title}` in `{}`", self.category.slug);
                    self.reporter.report(Event::Step { message: &message });
                }
                Some(page) => match self.open(&title, tag, page).await {
                    Ok(url) => {
                        opened.insert((*tag).to_owned(), url);
                    }
                    Err(error) => warn(self.reporter, &error.into()),
                },
                None => {
                    let message = format!("no discussion about `{tag}` is opened: its release is not to be seen");
                    self.reporter.report(Event::Warning { message: &message, hint: Some("run this again later") });
                }
            }
        }
        Ok(())
    }

    async fn open(&self, title: &str, tag: &str, page: ReleasePage) -> Result<String, GithubError> {
        let tail = format!("\n\n—\n\n[{tag}]({})\n", page.html_url);
        let room = LONGEST_BODY - tail.encode_utf16().count();
        let notes = text::cut(page.body.unwrap_or_default(), room, "\n\n…");
        self.github.open_discussion(&self.forum, &self.category, title, &format!("{}{tail}", notes.trim_end())).await
    }

    /// The release as people see it. One that was published a moment ago may take a while to show.
    async fn page(&self, tag: &str, dry_run: bool) -> Result<Option<ReleasePage>, GithubError> {
        let deadline = Instant::now() + self.pace.lag;
        loop {
            let page = self.github.releases(&self.repository).page(tag).await?;
            if page.is_some() || dry_run || Instant::now() >= deadline {
                return Ok(page);
            }
            sleep(self.pace.poll).await;
        }
    }
}

fn warn(reporter: &dyn Reporter, error: &SampoError) {
    reporter.report(Event::Warning { message: &chain(error), hint: error.hint().as_deref() });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::fixtures::{package, workspace};

    #[test]
    fn releases_are_chosen_by_name_or_id_and_a_stranger_is_an_error() {
        let workspace = workspace([package("app", &[]), package("lib", &[])]);
        let included = |text: Option<&str>| -> Result<Vec<bool>, String> {
            let discussions = Discussions::parse(text, None, &workspace).map_err(|error| error.to_string())?;
            Ok(workspace.packages.iter().map(|package| discussions.include(&package.id)).collect())
        };
        let table = [
            (None, [false, false]),
            (Some("False"), [false, false]),
            (Some("true"), [true, true]),
            (Some("lib"), [false, true]),
            (Some("cargo/app, lib"), [true, true]),
        ];
        for (text, expected) in table {
            assert_eq!(included(text).unwrap(), expected, "{text:?}");
        }
        assert!(included(Some("app, libb")).unwrap_err().contains("libb"));
    }
}
