//! Title and notes of a release that is made here.

use super::family::Family;
use super::{GithubReleases, Notes};
use crate::distribute::backend::BackendError;
use crate::distribute::model::Release;
use crate::github::call::encode;
use crate::github::releases::LONGEST_BODY;

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

/// `notes`, cut after a whole line if they are too long, with a link to all of them.
fn cut(notes: String, url: &str) -> String {
    // Whether GitHub counts characters outside the basic plane once or twice is not documented: twice is safe.
    let length = |text: &str| text.chars().map(char::len_utf16).sum::<usize>();
    if length(&notes) <= LONGEST_BODY {
        return notes;
    }
    let link = format!("\n\n… [the rest is in the changelog]({url})\n");
    let mut room = LONGEST_BODY - length(&link);
    let fitting = notes.char_indices().find(|(_, c)| match room.checked_sub(c.len_utf16()) {
        Some(left) => {
            room = left;
            false
        }
        None => true,
    });
    let head = &notes[..fitting.map_or(notes.len(), |(end, _)| end)];
    let head = head.rfind('\n').map_or(head, |end| &head[..end]);
    format!("{}{link}", head.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_that_fit_are_kept_as_they_are() {
        let notes = "ä".repeat(LONGEST_BODY);
        assert_eq!(cut(notes.clone(), "u"), notes);
    }

    #[test]
    fn longer_notes_are_cut_after_a_line_and_link_to_the_rest() {
        let notes = "- 🎉 something new\n".repeat(10_000);
        let short = cut(notes, "https://github.com/acme/app/blob/v1/CHANGELOG.md");
        assert!(short.encode_utf16().count() <= LONGEST_BODY && short.encode_utf16().count() > LONGEST_BODY - 200);
        let tail = "- 🎉 something new\n\n… [the rest is in the changelog](https://github.com/acme/app/blob/v1/CHANGELOG.md)\n";
        assert!(short.ends_with(tail), "{}", &short[short.len() - 200..]);
    }

    #[test]
    fn one_endless_line_is_cut_between_characters() {
        let short = cut("🎉".repeat(LONGEST_BODY), "u");
        assert!(short.starts_with("🎉🎉") && short.encode_utf16().count() <= LONGEST_BODY);
    }
}
