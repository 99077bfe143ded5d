//! GitHub's objects, as far as Sampo looks at them. What older servers lack is optional, and enumerations are text.

use serde::{Deserialize, Serialize};

/// A release.
#[derive(Debug, Clone, Deserialize)]
pub struct Release {
    /// Its id; later ones are higher.
    pub id: u64,
    /// Its tag; a draft's need not exist.
    pub tag_name: String,
    /// Whether nobody sees it yet.
    #[serde(default)]
    pub draft: bool,
    /// Whether it is marked as a pre-release.
    #[serde(default)]
    pub prerelease: bool,
    /// Whether its assets can no longer be changed.
    #[serde(default)]
    pub immutable: bool,
    /// Where its assets are uploaded to, as a URI template.
    pub upload_url: String,
    /// Its page; a draft's moves when it is published.
    #[serde(default)]
    pub html_url: String,
    /// Its assets, or the first of them.
    #[serde(default)]
    pub assets: Vec<Asset>,
}

/// What people see of a published release.
#[derive(Debug, Clone, Deserialize)]
pub struct ReleasePage {
    /// Its address.
    pub html_url: String,
    /// Its notes.
    #[serde(default)]
    pub body: Option<String>,
    /// When it was published, as GitHub writes times.
    #[serde(default)]
    pub published_at: Option<String>,
    /// The discussion that was opened together with it.
    #[serde(default)]
    pub discussion_url: Option<String>,
}

/// A file of a release.
#[derive(Debug, Clone, Deserialize)]
pub struct Asset {
    /// Its id.
    pub id: u64,
    /// Its name as GitHub rewrote it.
    pub name: String,
    /// `uploaded`; anything else is an upload that has not ended.
    #[serde(default)]
    pub state: String,
    /// Its size in bytes.
    #[serde(default)]
    pub size: u64,
    /// `sha256:…`; none from older servers.
    #[serde(default)]
    pub digest: Option<String>,
}

impl Asset {
    /// Whether all of it has arrived.
    pub fn is_uploaded(&self) -> bool {
        self.state == "uploaded"
    }

    /// Its SHA-256 digest in hexadecimal digits, if GitHub gives one.
    pub fn sha256(&self) -> Option<&str> {
        self.digest.as_deref()?.strip_prefix("sha256:")
    }
}

/// A release to be made, as a draft.
#[derive(Debug, Clone, Serialize)]
pub struct NewDraft<'a> {
    /// Its tag, which should exist: GitHub would invent it at publication.
    pub tag_name: &'a str,
    /// Its title.
    pub name: &'a str,
    /// Its notes, at most [`LONGEST_BODY`](super::releases::LONGEST_BODY) characters.
    pub body: &'a str,
    /// Whether it is a pre-release.
    pub prerelease: bool,
    pub(super) draft: bool,
}

impl<'a> NewDraft<'a> {
    /// A draft for this tag.
    pub fn new(tag_name: &'a str, name: &'a str, body: &'a str, prerelease: bool) -> Self {
        Self { tag_name, name, body, prerelease, draft: true }
    }
}

/// What makes a draft public.
#[derive(Debug, Clone, Serialize)]
pub struct Publication<'a> {
    /// Its tag again: a draft that is changed without it loses it.
    pub tag_name: &'a str,
    /// Whether it is a pre-release.
    pub prerelease: bool,
    /// Whether it becomes the repository's latest release; the API takes text only.
    pub make_latest: MakeLatest,
    /// The category of a discussion about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discussion_category_name: Option<&'a str>,
    pub(super) draft: bool,
}

impl<'a> Publication<'a> {
    /// The publication of the draft with this tag.
    pub fn new(tag_name: &'a str, prerelease: bool, make_latest: MakeLatest) -> Self {
        Self { tag_name, prerelease, make_latest, discussion_category_name: None, draft: false }
    }
}

/// Whether a release becomes the repository's latest one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MakeLatest {
    /// It does.
    True,
    /// It does not.
    False,
}

/// A repository, as far as its visibility and the token's rights go.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct RepositoryDescription {
    #[serde(default)]
    pub(super) private: Option<bool>,
    #[serde(default)]
    pub(super) permissions: Option<Permissions>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Permissions {
    #[serde(default)]
    pub(super) push: Option<bool>,
}

/// What a git reference or an annotated tag points at.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Pointer {
    pub(super) object: GitObject,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct GitObject {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) sha: String,
}
