//! Title and notes of a release that is made here.

use super::family::Family;
use super::{GithubReleases, Notes};
use crate::distribute::backend::BackendError;
use crate::distribute::model::Release;
use crate::github::call::encode;
use crate::github::releases::LONGEST_BODY;
use crate::github::text;

impl GithubReleases {
    pub(super) fn title(&self, release: &Release) -> Result<String, BackendError> {
        let title = self.config.title.render(&release.variables());
        title.map_err(|error| BackendError::new("template", error.to_string()))
    }

    /// The notes, never longer than GitHub takes them.
    pub(super) async fn notes(&self, release: &Release) -> Result<String, BackendError> {
        Ok(match self.config.notes {
            Notes::None => String::new(),
            Notes::Changelog => {
                let notes = release.notes.clone().unwrap_or_default();
                cut(notes, &self.changelog_url(release)?)
            }
            Notes::Generate => {
                let all = self.all_since(self.places.since).await?;
                let published = all.iter().filter(|entry| !entry.draft).map(|entry| entry.tag_name.as_str());
                let previous = Family::of(release).previous(&release.version, published);
                let notes = self.releases()?.generate_notes(&release.tag, previous).await?;
                cut(notes, &self.changelog_url(release)?)
            }
        })
    }

    /// The changelog as it was when the release was made.
    fn changelog_url(&self, release: &Release) -> Result<String, BackendError> {
        let (web, repository) = (self.github.addresses().web(), self.repository()?);
        let folder = if release.path == "." { String::new() } else { format!("{}/", release.path) };
        let path: Vec<String> = format!("{folder}CHANGELOG.md").split('/').map(encode).collect();
        Ok(format!("{web}/{repository}/blob/{}/{}", encode(&release.tag), path.join("/")))
    }
}

/// `notes`, cut if they are too long, with a link to all of them.
fn cut(notes: String, url: &str) -> String {
    text::cut(notes, LONGEST_BODY, &format!("\n\n… [the rest is in the changelog]({url})\n"))
}
