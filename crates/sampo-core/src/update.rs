//! Whether there is a newer Sampo: asked once a day, in the background, and never at the cost of the command.

use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures::TryStreamExt;
use semver::Version;
use serde::Deserialize;
use url::Url;

use crate::atomic;
use crate::environment::Environment;

/// Switches the question off.
const SWITCH: &str = "SAMPO_NO_UPDATE_CHECK";
/// The address of a mirror of the index, in its sparse form.
const MIRROR: &str = "SAMPO_UPDATE_INDEX";
/// The last version of the earlier Sampo, which the index lists under the same name. It is nobody's update: it lacks
/// most of what this one does.
const EARLIER: Version = Version::new(0, 24, 0);
const INDEX: &str = "https://index.crates.io/";
/// Where the index tells of `sampo`.
const PLACE: &str = "sa/mp/sampo";
/// The file in the user's cache folder that remembers the answer: a version, and when it was asked for.
const MEMORY: &str = "sampo/version_check";
/// Variables that only CI systems set.
const CI: [&str; 5] = ["CI", "GITHUB_ACTIONS", "JENKINS_URL", "TEAMCITY_VERSION", "TF_BUILD"];

/// How long an answer is good for.
const REST: TimeDelta = TimeDelta::days(1);
/// How long the index may take.
const PATIENCE: Duration = Duration::from_secs(3);
/// No answer of the index is nearly as long, in bytes.
const LONGEST_ANSWER: usize = 1024 * 1024;

/// The question for a newer version, and what is remembered of its last answer.
#[derive(Debug, Clone)]
pub struct UpdateCheck {
    index: Url,
    memory: PathBuf,
    running: Version,
}

/// What the file remembers.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Answer {
    newest: Version,
    asked: DateTime<Utc>,
}

/// A line of the index.
#[derive(Deserialize)]
struct Line {
    vers: Version,
    #[serde(default)]
    yanked: bool,
}

impl UpdateCheck {
    /// The question of a Sampo of version `running`; none in CI, where it is switched off, and where nothing can be
    /// remembered.
    pub fn new(environment: &Environment, running: Version) -> Option<Self> {
        let is_set = |name: &str| environment.get(name).is_some_and(|value| !["0", "false"].contains(&value));
        if is_set(SWITCH) || CI.into_iter().any(is_set) {
            return None;
        }
        let mut index: Url = environment.get(MIRROR).unwrap_or(INDEX).parse().ok()?;
        if !index.path().ends_with('/') {
            index.set_path(&format!("{}/", index.path()));
        }
        Some(Self { index, memory: cache_folder(environment)?.join(MEMORY), running })
    }

    /// The newest version, if it is remembered, newer than the one that runs, and not of the earlier Sampo.
    pub fn newer(&self) -> Option<Version> {
        let newest = self.remembered()?.newest;
        (newest > self.running && newest > EARLIER).then_some(newest)
    }

    /// Whether the last answer is too old.
    pub fn is_due(&self, now: DateTime<Utc>) -> bool {
        self.remembered().is_none_or(|answer| now - answer.asked >= REST || now < answer.asked)
    }

    /// Asks the index, and remembers what it says. Whatever fails is silent, and waits for another day too.
    pub async fn ask(&self, now: DateTime<Utc>) {
        let newest = self.newest().await.or_else(|| self.newer()).unwrap_or_else(|| self.running.clone());
        let _ = atomic::write(&self.memory, format!("{newest}\n{}\n", now.timestamp()));
    }

    async fn newest(&self) -> Option<Version> {
        let agent = concat!("sampo/", env!("CARGO_PKG_VERSION"));
        let client = reqwest::Client::builder().timeout(PATIENCE).user_agent(agent).build().ok()?;
        let answer = client.get(self.index.join(PLACE).ok()?).send().await.ok()?.error_for_status().ok()?;
        let mut text = Vec::new();
        let mut pieces = answer.bytes_stream();
        while let Some(piece) = pieces.try_next().await.ok()? {
            text.extend_from_slice(&piece);
            if text.len() > LONGEST_ANSWER {
                return None;
            }
        }
        newest_in(&String::from_utf8_lossy(&text))
    }

    fn remembered(&self) -> Option<Answer> {
        let text = std::fs::read_to_string(&self.memory).ok()?;
        let mut lines = text.lines();
        let newest = lines.next()?.trim().parse().ok()?;
        let asked = DateTime::from_timestamp(lines.next()?.trim().parse().ok()?, 0)?;
        Some(Answer { newest, asked })
    }
}

/// The newest version for everybody: no pre-release, and not taken back.
fn newest_in(index: &str) -> Option<Version> {
    let lines = index.lines().filter_map(|line| serde_json::from_str::<Line>(line).ok());
    lines.filter(|line| !line.yanked && line.vers.pre.is_empty()).map(|line| line.vers).max()
}

/// Where the user's programs keep what they can do without.
fn cache_folder(environment: &Environment) -> Option<PathBuf> {
    let absolute = |name: &str| environment.get(name).map(PathBuf::from).filter(|path| path.is_absolute());
    if cfg!(windows) {
        return absolute("LOCALAPPDATA");
    }
    let usual = if cfg!(target_os = "macos") { "Library/Caches" } else { ".cache" };
    absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(usual)))
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    const NOON: i64 = 1_795_348_800;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    fn check(folder: &std::path::Path, index: &str) -> UpdateCheck {
        check_of(Version::new(1, 2, 0), folder, index)
    }

    fn check_of(running: Version, folder: &std::path::Path, index: &str) -> UpdateCheck {
        let name = if cfg!(windows) { "LOCALAPPDATA" } else { "XDG_CACHE_HOME" };
        let variables = [(name, folder.to_str().unwrap()), (MIRROR, index)];
        UpdateCheck::new(&variables.into_iter().collect(), running).unwrap()
    }

    /// A server that answers one request with `body` and gives back what was asked.
    async fn serve(status: &str, body: &str) -> (String, tokio::task::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/mirror", listener.local_addr().unwrap());
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
        let asked = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 4096];
            let length = stream.read(&mut request).await.unwrap();
            stream.write_all(answer.as_bytes()).await.unwrap();
            String::from_utf8_lossy(&request[..length]).into_owned()
        });
        (address, asked)
    }

    #[tokio::test]
    async fn a_newer_version_is_found_in_the_index_and_remembered_for_a_day() {
        let folder = tempfile::tempdir().unwrap();
        let lines = "{\"vers\":\"1.3.0\"}\n{\"vers\":\"1.10.0\",\"yanked\":false}\n{\"vers\":\"1.11.0\",\"yanked\":true}\n\
                     {\"vers\":\"2.0.0-beta.1\"}\nnonsense\n";
        let (address, asked) = serve("200 OK", lines).await;
        let check = check(folder.path(), &address);
        assert!(check.is_due(at(NOON)) && check.newer().is_none());
        check.ask(at(NOON)).await;
        let request = asked.await.unwrap();
        assert!(request.starts_with("GET /mirror/sa/mp/sampo HTTP/1.1\r\n"), "{request}");
        assert_eq!(check.newer(), Some(Version::new(1, 10, 0)));
        let memory = std::fs::read_to_string(folder.path().join(MEMORY)).unwrap();
        assert_eq!(memory, format!("1.10.0\n{NOON}\n"));
        for (seconds, due) in [(0, false), (86_399, false), (86_400, true), (-1, true)] {
            assert_eq!(check.is_due(at(NOON + seconds)), due, "{seconds}");
        }
    }

    #[tokio::test]
    async fn what_fails_is_silent_forgets_nothing_and_waits_for_another_day() {
        let folder = tempfile::tempdir().unwrap();
        let memory = folder.path().join(MEMORY);
        for (known, kept) in [("1.9.0\n0\n", "1.9.0"), ("broken", "1.2.0")] {
            atomic::write(&memory, known).unwrap();
            let (address, asked) = serve("503 Service Unavailable", "{\"vers\":\"3.0.0\"}").await;
            let check = check(folder.path(), &address);
            check.ask(at(NOON)).await;
            asked.await.unwrap();
            assert_eq!(std::fs::read_to_string(&memory).unwrap(), format!("{kept}\n{NOON}\n"));
            assert!(!check.is_due(at(NOON)));
        }
    }

    #[test]
    fn the_earlier_sampo_is_no_newer_version_however_high_its_number() {
        let folder = tempfile::tempdir().unwrap();
        let check = check_of(Version::new(0, 1, 0), folder.path(), "http://127.0.0.1:9");
        for (known, newer) in [("0.24.0", None), ("0.24.1", Some(Version::new(0, 24, 1))), ("0.0.9", None)] {
            atomic::write(&folder.path().join(MEMORY), format!("{known}\n{NOON}\n")).unwrap();
            assert_eq!(check.newer(), newer, "{known}");
        }
    }

    #[test]
    fn it_is_never_asked_in_ci_where_it_is_switched_off_or_without_a_place_to_remember() {
        let home = if cfg!(windows) { ("LOCALAPPDATA", "C:\\cache") } else { ("HOME", "/home/aino") };
        let is_asked = |variables: &[(&str, &str)]| {
            UpdateCheck::new(&variables.iter().copied().collect(), Version::new(1, 0, 0)).is_some()
        };
        assert!(is_asked(&[home]) && is_asked(&[home, (SWITCH, "0")]) && is_asked(&[home, ("CI", "false")]));
        let refused = [(SWITCH, "1"), ("CI", "true"), ("CI", "1"), ("TF_BUILD", "True"), (MIRROR, "no address")];
        assert!(refused.into_iter().all(|variable| !is_asked(&[home, variable])));
        assert!(!is_asked(&[]));
    }
}
