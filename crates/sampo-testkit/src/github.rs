//! A strict fake of GitHub's releases and pull requests: its API, uploads, storage and web hosts on this machine.
//!
//! It refuses what GitHub refuses, in GitHub's words, and panics when it is dropped if it met a request that it does
//! not know. It runs on a thread of its own, so that tests of any kind can use it.

use std::net::TcpListener;
use std::sync::Arc;
use std::thread::JoinHandle;

use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tokio::sync::oneshot;

mod answer;
mod api;
mod asset_name;
mod downloads;
mod fault;
mod graphql;
mod people;
mod pulls;
mod releases;
mod server;
mod settings;
mod state;
mod uploads;

pub use answer::Answer;
pub use fault::Fault;
use server::Shared;
pub use server::{Host, LoggedRequest};
pub use settings::Settings;
pub use state::{Access, Asset, Discussion, PullRequest, Release};
use state::{State, Tag};

/// The token that may write, unless a test says otherwise.
pub const TOKEN: &str = "ghp_FakeTokenThatMayWrite0123456789abcdef";

/// A running fake with one repository, `acme/app`.
pub struct FakeGithub {
    shared: Arc<Shared>,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    _store: TempDir,
}

impl FakeGithub {
    /// A fake of github.com.
    pub fn start() -> Self {
        Self::listen(false)
    }

    /// A fake of a GitHub Enterprise Server: `/api/v3` and `/api/uploads`.
    pub fn enterprise() -> Self {
        Self::listen(true)
    }

    fn listen(enterprise: bool) -> Self {
        let store = tempfile::tempdir().expect("a temporary folder");
        let listeners = Host::ALL.map(|host| {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
            listener.set_nonblocking(true).expect("a listener that does not block");
            (host, listener)
        });
        let bases = listeners.each_ref().map(|(host, listener)| {
            let prefix = match host {
                Host::Api if enterprise => "/api/v3",
                Host::Uploads if enterprise => "/api/uploads",
                _ => "",
            };
            format!("http://{}{prefix}", listener.local_addr().expect("an address"))
        });
        let shared = Arc::new(Shared::new(State::new(store.path().to_owned()), bases, enterprise));
        let (end, ended) = oneshot::channel();
        let serving = Arc::clone(&shared);
        let thread = std::thread::spawn(move || server::run(&serving, Vec::from(listeners), ended));
        Self { shared, end: Some(end), thread: Some(thread), _store: store }
    }

    /// The value for `GITHUB_API_URL`.
    pub fn api_url(&self) -> &str {
        self.shared.base(Host::Api)
    }

    /// The value for `GITHUB_SERVER_URL`.
    pub fn web_url(&self) -> &str {
        self.shared.base(Host::Web)
    }

    /// The host that downloads are redirected to.
    pub fn storage_url(&self) -> &str {
        self.shared.base(Host::Storage)
    }

    /// The repository's full name.
    pub fn repository(&self) -> String {
        self.shared.state().full_name()
    }

    /// A token with this access.
    pub fn add_token(&self, token: &str, access: Access) -> &Self {
        self.shared.state().tokens.insert(token.to_owned(), access);
        self
    }

    /// Takes a token's access away.
    pub fn revoke(&self, token: &str) -> &Self {
        self.shared.state().tokens.remove(token);
        self
    }

    /// Hides the repository from everybody without a token.
    pub fn make_private(&self) -> &Self {
        self.shared.state().private = true;
        self
    }

    /// Gives the repository another name; its old one redirects from now on.
    pub fn rename(&self, owner: &str, name: &str) -> &Self {
        let mut state = self.shared.state();
        let former = state.full_name();
        state.former_names.insert(former);
        (state.owner, state.name) = (owner.to_owned(), name.to_owned());
        drop(state);
        self
    }

    /// Changes the repository's settings.
    pub fn set_up(&self, change: impl FnOnce(&mut Settings)) -> &Self {
        change(&mut self.shared.state().settings);
        self
    }

    /// Releases published from now on are immutable.
    pub fn with_immutable_releases(&self) -> &Self {
        self.shared.state().immutable_releases = true;
        self
    }

    /// Assets have no `digest`, as on older servers.
    pub fn without_digests(&self) -> &Self {
        self.shared.state().digests = false;
        self
    }

    /// A release shows only its first `limit` assets; the others stand in the list of its assets.
    pub fn with_embedded_assets(&self, limit: usize) -> &Self {
        self.shared.state().embedded_assets = limit;
        self
    }

    /// What is made from now on is missing from the next `reads` lists and look-ups by tag.
    pub fn with_lag(&self, reads: u32) -> &Self {
        self.shared.state().lag = reads;
        self
    }

    /// Each upload is received at this rate at most.
    pub fn with_throttle(&self, bytes_per_second: u64) -> &Self {
        self.shared.state().throttle = Some(bytes_per_second);
        self
    }

    /// What is uploaded from now on is digested and forgotten, so that it may be larger than the disk.
    pub fn discarding_contents(&self) -> &Self {
        self.shared.state().discards = true;
        self
    }

    /// Downloads are answered with 200 instead of a redirect.
    pub fn with_direct_downloads(&self) -> &Self {
        self.shared.state().direct_downloads = true;
        self
    }

    /// Plans a failure. Of several that match, the one planned first strikes.
    pub fn fail(&self, fault: Fault) -> &Self {
        self.shared.state().faults.push(fault);
        self
    }

    /// Forgets every planned failure.
    pub fn heal(&self) -> &Self {
        self.shared.state().faults.clear();
        self
    }

    /// Adds a lightweight tag.
    pub fn add_tag(&self, name: &str, commit: &str) -> &Self {
        let tag = Tag { commit: commit.to_owned(), object: None, invented: false };
        self.shared.state().tags.insert(name.to_owned(), tag);
        self
    }

    /// Adds a commit; `author` is a login, if the author's address belongs to an account.
    pub fn add_commit(&self, commit: &str, author: Option<&str>) -> &Self {
        self.shared.state().commits.insert(commit.to_owned(), author.map(str::to_owned));
        self
    }

    /// Adds somebody to the contributors, with this number of commits.
    pub fn add_contributor(&self, login: &str, commits: u64) -> &Self {
        self.shared.state().contributors.push((login.to_owned(), commits));
        self
    }

    /// Switches discussions on, with categories of these slugs.
    pub fn with_discussions(&self, categories: &[&str]) -> &Self {
        self.shared.state().categories = categories.iter().map(ToString::to_string).collect();
        self
    }

    /// Opens a discussion, as a person would.
    pub fn add_discussion(&self, title: &str, category: &str) -> &Self {
        self.shared.state().add_discussion(title.to_owned(), String::new(), category.to_owned());
        self
    }

    /// Every discussion, oldest first.
    pub fn discussions(&self) -> Vec<Discussion> {
        self.shared.state().discussions.clone()
    }

    /// Adds an annotated tag.
    pub fn add_annotated_tag(&self, name: &str, commit: &str) -> &Self {
        let object = hex::encode(&Sha256::digest(name.as_bytes())[..20]);
        let tag = Tag { commit: commit.to_owned(), object: Some(object), invented: false };
        self.shared.state().tags.insert(name.to_owned(), tag);
        self
    }

    /// What is pushed to this repository is seen: its tags, and the branches of pull requests, which must be there and
    /// differ.
    pub fn with_git(&self, repository: impl Into<std::path::PathBuf>) -> &Self {
        self.shared.state().git_folder = Some(repository.into());
        self
    }

    /// Workflows may not open pull requests, as the settings of a new repository have it.
    pub fn forbid_pulls(&self) -> &Self {
        self.shared.state().pulls_are_forbidden = true;
        self
    }

    /// Every pull request, oldest first.
    pub fn pulls(&self) -> Vec<PullRequest> {
        self.shared.state().pulls.clone()
    }

    /// Closes a pull request, as merging it does.
    pub fn close_pull(&self, number: u64) {
        let mut state = self.shared.state();
        state.pulls.iter_mut().find(|pull| pull.number == number).expect("a known pull request").is_open = false;
    }

    /// Adds a draft, whatever there is already; its id.
    pub fn add_draft(&self, tag: &str) -> u64 {
        self.add_release(tag, true)
    }

    /// Adds a published release, whatever there is already; its id.
    pub fn add_published(&self, tag: &str) -> u64 {
        self.add_release(tag, false)
    }

    fn add_release(&self, tag: &str, draft: bool) -> u64 {
        let mut state = self.shared.state();
        let id = state.new_id();
        let immutable = !draft && state.immutable_releases;
        let prerelease = tag.rsplit_once("v").is_some_and(|(_, version)| version.contains('-'));
        let release = Release {
            id,
            tag: tag.to_owned(),
            title: Some(tag.to_owned()),
            body: None,
            draft,
            prerelease,
            immutable,
            discussion_category: None,
            assets: Vec::new(),
            hidden: 0,
        };
        state.releases.push(release);
        id
    }

    /// Adds an asset to a release, published or not; its id.
    pub fn add_asset(&self, release: u64, name: &str, bytes: &[u8]) -> u64 {
        let id = self.add_starter(release, name);
        let mut state = self.shared.state();
        std::fs::write(state.file(id), bytes).expect("room for an asset");
        let (release, at) = state.holder(id).expect("just made");
        let asset = &mut release.assets[at];
        asset.state = "uploaded".into();
        asset.size = bytes.len() as u64;
        asset.digest = Some(format!("sha256:{}", hex::encode(Sha256::digest(bytes))));
        id
    }

    /// Adds an asset whose upload was begun and not finished; its id.
    pub fn add_starter(&self, release: u64, name: &str) -> u64 {
        let mut state = self.shared.state();
        let id = state.new_id();
        let asset = Asset { id, name: name.to_owned(), state: "starter".into(), size: 0, digest: None, hidden: 0 };
        state.release_mut(release).expect("a known release").assets.push(asset);
        id
    }

    /// Finishes an upload that another client began.
    pub fn finish_starter(&self, asset: u64, bytes: &[u8]) {
        let mut state = self.shared.state();
        std::fs::write(state.file(asset), bytes).expect("room for an asset");
        let (release, at) = state.holder(asset).expect("a known asset");
        release.assets[at].state = "uploaded".into();
        release.assets[at].size = bytes.len() as u64;
        release.assets[at].digest = Some(format!("sha256:{}", hex::encode(Sha256::digest(bytes))));
    }

    /// Removes an asset from every release with this tag, immutable or not.
    pub fn remove_asset(&self, tag: &str, name: &str) {
        for release in &mut self.shared.state().releases {
            if release.tag == tag {
                release.assets.retain(|asset| asset.name != name);
            }
        }
    }

    /// Deletes every release with this tag, as a person would; immutable ones burn it.
    pub fn delete_release(&self, tag: &str) {
        let mut state = self.shared.state();
        let (gone, kept) = std::mem::take(&mut state.releases).into_iter().partition(|release| release.tag == tag);
        state.releases = kept;
        let gone: Vec<Release> = gone;
        state.burned_tags.extend(gone.into_iter().filter(|release| release.immutable).map(|release| release.tag));
    }

    /// Every release, oldest first.
    pub fn releases(&self) -> Vec<Release> {
        self.shared.state().releases.clone()
    }

    /// The only release with this tag.
    pub fn release(&self, tag: &str) -> Release {
        let found: Vec<Release> = self.releases().into_iter().filter(|release| release.tag == tag).collect();
        assert_eq!(found.len(), 1, "releases with the tag {tag}: {found:?}");
        found.into_iter().next().expect("exactly one")
    }

    /// The names of the finished assets of all releases with this tag, sorted.
    pub fn assets(&self, tag: &str) -> Vec<String> {
        let releases = self.releases().into_iter().filter(|release| release.tag == tag);
        let uploaded = releases.flat_map(|release| release.assets).filter(|asset| asset.state == "uploaded");
        let mut names: Vec<String> = uploaded.map(|asset| asset.name).collect();
        names.sort();
        names
    }

    /// The bytes of an asset.
    pub fn content(&self, asset: u64) -> Vec<u8> {
        std::fs::read(self.shared.state().file(asset)).expect("the bytes of an uploaded asset")
    }

    /// The tag that `releases/latest` shows.
    pub fn latest(&self) -> Option<String> {
        self.shared.state().latest().map(|release| release.tag.clone())
    }

    /// Tags that GitHub made itself because a release was published without one.
    pub fn invented_tags(&self) -> Vec<String> {
        let state = self.shared.state();
        state.tags.iter().filter(|(_, tag)| tag.invented).map(|(name, _)| name.clone()).collect()
    }

    /// Every request so far, in the order of arrival.
    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.shared.log().clone()
    }

    /// Those that may change something.
    pub fn writes(&self) -> Vec<LoggedRequest> {
        let changes = |request: &LoggedRequest| !matches!(request.method.as_str(), "GET" | "HEAD");
        self.requests().into_iter().filter(changes).collect()
    }

    /// Forgets the requests so far.
    pub fn clear_requests(&self) {
        self.shared.log().clear();
    }

    /// Requests that the fake does not know; having any makes the test fail in the end. Asking forgives them.
    pub fn take_unknown(&self) -> Vec<String> {
        std::mem::take(&mut self.shared.state().unknown)
    }
}

impl Drop for FakeGithub {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        let unknown = self.take_unknown();
        if !unknown.is_empty() && !std::thread::panicking() {
            panic!("requests that the fake GitHub does not know: {unknown:?}");
        }
    }
}

#[cfg(test)]
#[path = "github/github_tests.rs"]
mod tests;
