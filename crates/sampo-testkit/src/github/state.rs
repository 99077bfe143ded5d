//! What the fake remembers: one repository with its tags, releases and assets.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;

use super::fault::Fault;
use super::settings::Settings;

/// A release as the fake holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// Its id; later ones are higher.
    pub id: u64,
    /// Its tag, or `untagged-…` for a draft that lost it.
    pub tag: String,
    /// Its title.
    pub title: Option<String>,
    /// Its notes.
    pub body: Option<String>,
    /// Whether it is a draft.
    pub draft: bool,
    /// Whether it is a pre-release.
    pub prerelease: bool,
    /// Whether nothing about its assets can be changed any more.
    pub immutable: bool,
    /// The discussion category it was published with.
    pub discussion_category: Option<String>,
    /// Its assets, in the order of their upload.
    pub assets: Vec<Asset>,
    pub(crate) hidden: u32,
}

/// An asset as the fake holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asset {
    /// Its id; later ones are higher.
    pub id: u64,
    /// Its name as GitHub rewrote it.
    pub name: String,
    /// `uploaded`, or `starter` for one that was begun and not finished.
    pub state: String,
    /// Its size in bytes.
    pub size: u64,
    /// `sha256:…`, if GitHub knows it.
    pub digest: Option<String>,
    pub(crate) hidden: u32,
}

/// A discussion as the fake holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discussion {
    /// Its title.
    pub title: String,
    /// Its text.
    pub body: String,
    /// The slug of its category.
    pub category: String,
    /// Its number, which its address ends with.
    pub number: usize,
}

/// A pull request as the fake holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequest {
    /// Its number.
    pub number: u64,
    /// Its title.
    pub title: String,
    /// Its description.
    pub body: Option<String>,
    /// The branch that it is made from.
    pub head: String,
    /// The branch that it is merged into.
    pub base: String,
    /// Whether it is neither merged nor closed.
    pub is_open: bool,
    pub(crate) hidden: u32,
}

impl PullRequest {
    pub(crate) fn state(&self) -> &'static str {
        if self.is_open { "open" } else { "closed" }
    }
}

/// What a token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// The token of a person who may also see and change settings.
    Admin,
    /// A person's token that may write.
    Write,
    /// A person's token that may only read.
    Read,
    /// A token that cannot even see the repository.
    None,
    /// The token of an app's installation (such as that of a workflow) that may write. GitHub says of those that
    /// they may not push.
    Installation,
    /// The same, without the right to write.
    ReadOnlyInstallation,
}

impl Access {
    pub(crate) fn can_see(self) -> bool {
        self != Self::None
    }

    pub(crate) fn can_write(self) -> bool {
        matches!(self, Self::Admin | Self::Write | Self::Installation)
    }

    pub(crate) fn is_installation(self) -> bool {
        matches!(self, Self::Installation | Self::ReadOnlyInstallation)
    }
}

/// A git tag.
#[derive(Debug, Clone)]
pub(crate) struct Tag {
    pub(crate) commit: String,
    /// The hash of the tag object, for an annotated tag.
    pub(crate) object: Option<String>,
    /// Made by GitHub because a release was published without it.
    pub(crate) invented: bool,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) owner: String,
    pub(crate) name: String,
    pub(crate) id: u64,
    pub(crate) private: bool,
    pub(crate) settings: Settings,
    /// The full names that it had before.
    pub(crate) former_names: BTreeSet<String>,
    pub(crate) default_branch_head: String,
    pub(crate) tokens: BTreeMap<String, Access>,
    pub(crate) tags: BTreeMap<String, Tag>,
    /// The login of each commit's author, if it belongs to an account.
    pub(crate) commits: BTreeMap<String, Option<String>>,
    /// Logins with the number of their commits.
    pub(crate) contributors: Vec<(String, u64)>,
    /// The slugs of the categories of discussions; none if discussions are switched off.
    pub(crate) categories: Vec<String>,
    pub(crate) discussions: Vec<Discussion>,
    pub(crate) releases: Vec<Release>,
    pub(crate) pulls: Vec<PullRequest>,
    /// Whether workflows may not open pull requests.
    pub(crate) pulls_are_forbidden: bool,
    /// The repository itself, if branches are to be looked at.
    pub(crate) git_folder: Option<PathBuf>,
    pub(crate) latest: Option<u64>,
    pub(crate) burned_tags: BTreeSet<String>,
    pub(crate) immutable_releases: bool,
    pub(crate) digests: bool,
    pub(crate) embedded_assets: usize,
    pub(crate) lag: u32,
    pub(crate) throttle: Option<u64>,
    /// Whether what is uploaded is digested and then forgotten.
    pub(crate) discards: bool,
    pub(crate) direct_downloads: bool,
    pub(crate) faults: Vec<Fault>,
    pub(crate) unknown: Vec<String>,
    pub(crate) store: PathBuf,
    next_id: u64,
}

impl State {
    pub(crate) fn new(store: PathBuf) -> Self {
        Self {
            owner: "acme".into(),
            name: "app".into(),
            id: 4711,
            private: false,
            settings: Settings::default(),
            former_names: BTreeSet::new(),
            default_branch_head: "d".repeat(40),
            tokens: BTreeMap::from([(super::TOKEN.to_owned(), Access::Write)]),
            tags: BTreeMap::new(),
            commits: BTreeMap::new(),
            contributors: Vec::new(),
            categories: Vec::new(),
            discussions: Vec::new(),
            releases: Vec::new(),
            pulls: Vec::new(),
            pulls_are_forbidden: false,
            git_folder: None,
            latest: None,
            burned_tags: BTreeSet::new(),
            immutable_releases: false,
            digests: true,
            embedded_assets: 1000,
            lag: 0,
            throttle: None,
            discards: false,
            direct_downloads: false,
            faults: Vec::new(),
            unknown: Vec::new(),
            store,
            next_id: 1000,
        }
    }

    pub(crate) fn full_name(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }

    pub(crate) fn new_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    pub(crate) fn release(&self, id: u64) -> Option<&Release> {
        self.releases.iter().find(|release| release.id == id)
    }

    pub(crate) fn release_mut(&mut self, id: u64) -> Option<&mut Release> {
        self.releases.iter_mut().find(|release| release.id == id)
    }

    /// Takes over the tags and the default branch of the repository itself, if there is one.
    pub(crate) fn learn_tags(&mut self) {
        let Some(repository) = &self.git_folder else { return };
        let format = "--format=%(refname) %(objectname) %(*objectname)";
        let refs = ["refs/heads/main", "refs/tags"];
        let listed = Command::new("git").arg("-C").arg(repository).args(["for-each-ref", format]).args(refs).output();
        for line in String::from_utf8_lossy(&listed.expect("git").stdout).lines() {
            let [reference, object, commit] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
            let Some(name) = reference.strip_prefix("refs/tags/") else {
                self.default_branch_head = object.to_owned();
                continue;
            };
            let tag = match commit {
                "" => Tag { commit: object.to_owned(), object: None, invented: false },
                commit => Tag { commit: commit.to_owned(), object: Some(object.to_owned()), invented: false },
            };
            self.tags.insert(name.to_owned(), tag);
        }
    }

    /// Opens a discussion; its number.
    pub(crate) fn add_discussion(&mut self, title: String, body: String, category: String) -> usize {
        let number = self.discussions.len() + 1;
        self.discussions.push(Discussion { title, body, category, number });
        number
    }

    /// The release that holds the asset, and the asset's place in it.
    pub(crate) fn holder(&mut self, asset: u64) -> Option<(&mut Release, usize)> {
        self.releases.iter_mut().find_map(|release| {
            let at = release.assets.iter().position(|held| held.id == asset)?;
            Some((release, at))
        })
    }

    pub(crate) fn published(&self, tag: &str) -> Option<&Release> {
        self.releases.iter().find(|release| !release.draft && release.tag == tag)
    }

    /// Where the bytes of an asset lie.
    pub(crate) fn file(&self, asset: u64) -> PathBuf {
        self.store.join(asset.to_string())
    }

    /// What `releases/latest` shows.
    pub(crate) fn latest(&self) -> Option<&Release> {
        let eligible = |release: &&Release| !release.draft && !release.prerelease;
        let chosen = self.latest.and_then(|id| self.release(id)).filter(eligible);
        chosen.or_else(|| self.releases.iter().filter(eligible).max_by_key(|release| release.id))
    }
}
