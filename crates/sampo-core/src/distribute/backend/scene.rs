//! What tests of backends share: a release with artifacts in a scratch folder, and a backend from configuration text.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use semver::Version;
use tempfile::TempDir;

use super::{Backend, BackendContext, BackendType, Pace};
use crate::config::Config;
use crate::distribute::checksum::Digest;
use crate::distribute::model::{Artifact, ArtifactKind, Release, Shipment};
use crate::environment::Environment;
use crate::event::Recorder;

/// A scratch root with everything that a backend needs.
pub(crate) struct Scene {
    pub folder: TempDir,
    pub recorder: Arc<Recorder>,
    pub environment: Environment,
}

impl Scene {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let recorder = Arc::default();
        Self { folder, recorder, environment: Environment::default() }
    }

    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    pub fn artifact(&self, name: &str, target: Option<&str>, contents: &str) -> Artifact {
        let folder = self.root().join("built");
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join(name);
        std::fs::write(&path, contents).unwrap();
        let (sha256, bytes) = Digest::of_file(&path).unwrap();
        let target = target.map(|target| target.parse().unwrap());
        Artifact { name: name.into(), kind: ArtifactKind::Archive, target, bytes, sha256, path }
    }

    pub fn shipment(&self, version: &str, artifacts: Vec<Artifact>) -> Shipment {
        let release = Release {
            package: "cargo/my-cli".parse().unwrap(),
            version: Version::parse(version).unwrap(),
            tag: format!("my-cli-v{version}"),
            commit: Some("0123456789abcdef0123456789abcdef01234567".into()),
            commit_time: 1_767_323_045,
            path: "crates/my-cli".into(),
            notes: Some("- A change.".into()),
            repository: None,
        };
        Shipment { release: Arc::new(release), artifacts }
    }

    pub fn two_artifacts(&self, version: &str) -> Shipment {
        let artifacts = vec![
            self.artifact("my-cli-linux.tar.gz", Some("x86_64-unknown-linux-gnu"), "linux"),
            self.artifact("my-cli-mac.tar.gz", Some("aarch64-apple-darwin"), "mac"),
        ];
        self.shipment(version, artifacts)
    }

    /// The backend `x` with these keys; `Err` holds the text of the configuration error.
    pub fn backend(&self, keys: &str) -> Result<Box<dyn Backend>, String> {
        let text = format!("[distribute.backends.x]\n{keys}\n");
        let config = Config::parse(Path::new("config.toml"), text).map_err(|error| error.to_string())?;
        let table = &config.distribute.backends["x"];
        let kind = BackendType::find(table).map_err(|error| error.to_string())?;
        let token_variables = (kind.check)(table).map_err(|error| error.to_string())?;
        let context = BackendContext {
            root: self.root().to_owned(),
            repository: None,
            environment: Arc::new(self.environment.clone()),
            reporter: Arc::clone(&self.recorder) as _,
            token_variables: token_variables.into_iter().chain(["GITHUB_TOKEN".to_owned()]).collect(),
            limits: Arc::default(),
            pace: Pace {
                settle: Duration::from_millis(50),
                lag: Duration::from_millis(50),
                poll: Duration::from_millis(10),
                backoff: Duration::from_millis(1),
            },
        };
        (kind.build)(table, &context).map_err(|error| error.to_string())
    }
}
