//! The releases of one repository, and their assets.

use serde::Deserialize;
use serde_json::json;

use super::call::encode;
use super::error::GithubError;
use super::model::{Asset, NewDraft, Publication, Release, ReleasePage};
use super::{Call, Github};
use crate::config::Repository;

pub use super::transfer::{ForUsers, Upload};

/// GitHub refuses longer notes, in characters.
pub const LONGEST_BODY: usize = 125_000;
/// An asset must be smaller, in bytes.
pub const ASSET_LIMIT: u64 = 2 * 1024 * 1024 * 1024;
/// A release has no more assets.
pub const MOST_ASSETS: usize = 1000;

/// The releases of one repository.
#[derive(Debug, Clone, Copy)]
pub struct Releases<'a> {
    github: &'a Github,
    repository: &'a Repository,
}

/// What there is for one tag.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// The published release, or else the oldest draft.
    pub release: Option<Release>,
    /// Further drafts with the same tag, oldest first.
    pub others: Vec<Release>,
}

impl Github {
    /// The releases of `repository`.
    pub fn releases<'a>(&'a self, repository: &'a Repository) -> Releases<'a> {
        Releases { github: self, repository }
    }
}

impl Releases<'_> {
    /// The published release with this tag. Drafts are not found by their tags, only among [`all`](Self::all).
    pub async fn by_tag(&self, tag: &str) -> Result<Option<Release>, GithubError> {
        self.github.find(self.tagged(tag)).await
    }

    /// What people see of the published release with this tag.
    pub async fn page(&self, tag: &str) -> Result<Option<ReleasePage>, GithubError> {
        self.github.find(self.tagged(tag)).await
    }

    /// Every release, drafts included where the token may write.
    pub async fn all(&self) -> Result<Vec<Release>, GithubError> {
        self.github.list(self.get("list the releases").at(["releases"])).await
    }

    /// The latest hundred releases, drafts included where the token may write.
    pub async fn recent(&self) -> Result<Vec<Release>, GithubError> {
        self.github
            .fetch_patiently(&self.get("list the latest releases").at(["releases"]).query("per_page", "100"))
            .await
    }

    /// The release with this id, published or not.
    pub async fn by_id(&self, id: u64) -> Result<Option<Release>, GithubError> {
        self.github.find(self.get("read the release").at(["releases", &id.to_string()])).await
    }

    /// What the repository shows as its latest release.
    pub async fn latest(&self) -> Result<Option<Release>, GithubError> {
        self.github.find(self.get("read the latest release").at(["releases", "latest"])).await
    }

    /// Makes a draft. Making it twice makes two: look before repeating it.
    pub async fn create(&self, draft: &NewDraft<'_>) -> Result<Release, GithubError> {
        let call = Call::post(format!("create the release `{}`", draft.tag_name));
        self.github.fetch(call.of(self.repository).at(["releases"]).json(draft)).await
    }

    /// Makes a draft public.
    pub async fn publish(&self, id: u64, publication: &Publication<'_>) -> Result<Release, GithubError> {
        let call = Call::patch(format!("publish the release `{}`", publication.tag_name));
        self.github.fetch(call.of(self.repository).at(["releases", &id.to_string()]).json(publication)).await
    }

    /// Removes a release; its git tag stays.
    pub async fn delete(&self, id: u64) -> Result<(), GithubError> {
        let call = Call::delete("delete a release").of(self.repository).at(["releases", &id.to_string()]);
        self.github.send(call).await
    }

    /// The notes that GitHub would write for `tag`, since `previous` where one is given.
    pub async fn generate_notes(&self, tag: &str, previous: Option<&str>) -> Result<String, GithubError> {
        #[derive(Deserialize)]
        struct Notes {
            body: String,
        }
        let mut request = json!({ "tag_name": tag });
        if let Some(previous) = previous {
            request["previous_tag_name"] = json!(previous);
        }
        let call = Call::post(format!("generate the notes of `{tag}`")).of(self.repository);
        let notes: Notes = self.github.fetch(call.at(["releases", "generate-notes"]).json(&request)).await?;
        Ok(notes.body)
    }

    /// Every asset of a release.
    pub async fn assets(&self, release: u64) -> Result<Vec<Asset>, GithubError> {
        let id = release.to_string();
        self.github.list(self.get("list the assets of the release").at(["releases", &id, "assets"])).await
    }

    /// Removes an asset; one that is gone already is removed.
    pub async fn delete_asset(&self, asset: &Asset) -> Result<(), GithubError> {
        let call = Call::delete(format!("delete the asset `{}`", asset.name)).of(self.repository);
        match self.github.send(call.at(["releases", "assets", &asset.id.to_string()])).await {
            Err(error) if error.is_not_found() => Ok(()),
            outcome => outcome,
        }
    }

    /// Sends one file. `sent` hears the size of each chunk as it leaves.
    pub async fn upload(&self, upload: Upload<'_>, sent: impl Fn(u64) + Send + 'static) -> Result<Asset, GithubError> {
        self.github.send_file(upload, sent).await
    }

    /// Fetches an asset, piece by piece: as many bytes as it says that it has, or an error.
    pub async fn download(&self, asset: &Asset, sink: impl FnMut(&[u8])) -> Result<(), GithubError> {
        let call = self.get(format!("download `{}`", asset.name)).at(["releases", "assets", &asset.id.to_string()]);
        self.github.receive(call, asset.size, sink).await
    }

    /// The same from the address that users have, and without any token. There is no file for them as long as the
    /// release is a draft or the repository is private.
    pub async fn download_as_user(
        &self,
        tag: &str,
        name: &str,
        bytes: u64,
        sink: impl FnMut(&[u8]),
    ) -> Result<ForUsers, GithubError> {
        let address = self.asset_address(tag, name);
        self.github.receive_as_user(&format!("download `{name}`"), &address, bytes, sink).await
    }

    /// Where users fetch an asset once its release is published.
    pub fn asset_address(&self, tag: &str, name: &str) -> String {
        let web = self.github.addresses().web();
        format!("{web}/{}/releases/download/{}/{}", self.repository, encode(tag), encode(name))
    }

    /// The page of the published release with this tag.
    pub fn page_address(&self, tag: &str) -> String {
        format!("{}/{}/releases/tag/{}", self.github.addresses().web(), self.repository, encode(tag))
    }

    fn tagged(&self, tag: &str) -> Call {
        self.get(format!("find the release `{tag}`")).at(["releases", "tags", tag])
    }

    fn get(&self, action: impl Into<String>) -> Call {
        Call::get(action).of(self.repository)
    }
}

impl Found {
    /// What there is for `tag` among `releases`.
    pub fn among(releases: &[Release], tag: &str) -> Self {
        let mut found: Vec<Release> = releases.iter().filter(|release| release.tag_name == tag).cloned().collect();
        found.sort_by_key(|release| (release.draft, release.id));
        let mut found = found.into_iter();
        Self { release: found.next(), others: found.collect() }
    }
}
