//! A project with a program for two targets, its remote, its GitHub, its registry, and a shop that may be closed.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Output;

use sampo_testkit::cargo_registry::TOKEN;
use sampo_testkit::workflow::{Actions, Workflow};
use sampo_testkit::{CargoRegistry, FakeGithub, Repo, executables};

use crate::programs;

/// The tag of the release that a test makes.
pub const TAG: &str = "my-cli-v0.2.0";
/// A target that nothing here can build for; its program stands in the repository.
pub const OTHER: &str = "x86_64-pc-windows-msvc";
/// The target of this machine.
pub const HOST: &str = if cfg!(target_os = "macos") {
    if cfg!(target_arch = "aarch64") { "aarch64-apple-darwin" } else { "x86_64-apple-darwin" }
} else if cfg!(target_arch = "aarch64") {
    "aarch64-unknown-linux-gnu"
} else {
    "x86_64-unknown-linux-gnu"
};
/// 2026-01-02 03:04:05 UTC, for the headings of changelogs.
const NOW: &str = "1767323045";

/// The build of every target, which leaves a trace, and fails while a file says so.
const BUILD: &str = r#"#!/bin/sh
set -eu
echo "$SAMPO_TARGET" >>"$SHOP/builds"
[ ! -e "$SHOP/$SAMPO_TARGET is broken" ]
if [ -e "programs/$SAMPO_TARGET" ]; then
    folder=$SAMPO_ARTIFACTS_DIR/$SAMPO_CRATE-$SAMPO_TARGET
    mkdir -p "$folder"
    case $SAMPO_TARGET in *windows*) suffix=.exe ;; *) suffix= ;; esac
    cp "programs/$SAMPO_TARGET" "$folder/$SAMPO_CRATE$suffix"
else
    exec cargo build --quiet --release --locked --package "$SAMPO_CRATE" --bins --target "$SAMPO_TARGET"
fi
"#;

/// A destination that takes files while it is open, and knows what it has.
const SHOP: &str = r#"
[distribute.backends.shop]
type = "command"
run = 'test -e "$SHOP/open" && cp "$SAMPO_ARTIFACT" "$SHOP/$SAMPO_ARTIFACT_NAME"'
check = 'cmp -s "$SAMPO_ARTIFACT" "$SHOP/$SAMPO_ARTIFACT_NAME"'
"#;

pub struct Scene {
    /// The clone of somebody who works on the project.
    pub repo: Repo,
    pub github: FakeGithub,
    pub registry: CargoRegistry,
    origin: PathBuf,
}

impl Scene {
    /// A program that is compiled, and goes to a registry.
    pub fn compiled(further_config: &str) -> Self {
        Self::new(further_config, "publish = ['test']", &[OTHER])
    }

    /// A program that is not compiled, and only tagged.
    pub fn prebuilt(further_config: &str) -> Self {
        Self::new(further_config, "publish = false", &[HOST, OTHER])
    }

    fn new(further_config: &str, publish: &str, prebuilt: &[&str]) -> Self {
        let (repo, github, registry) = (Repo::new(), FakeGithub::start(), CargoRegistry::start());
        let manifest = format!("description = 'x'\nlicense = 'MIT'\n{publish}");
        repo.cargo_workspace(&[("my-cli", "0.1.0", &manifest)]);
        let config = format!(
            "[github]\nrepository = 'acme/app'\n[changelog]\nshow_commit_hash = false\nshow_acknowledgments = false\n\
             [distribute]\ntargets = ['{HOST}', '{OTHER}']\nbuild = './build.sh'\nretries = 0\n\
             [distribute.backends.github]\ntype = 'github-release'\n{SHOP}{further_config}"
        );
        repo.write(".sampo/config.toml", config);
        repo.write(".cargo/config.toml", format!("[registries.test]\nindex = \"{}\"\n", registry.index_url()));
        repo.write("build.sh", BUILD);
        fs::set_permissions(repo.path("build.sh"), fs::Permissions::from_mode(0o755)).unwrap();
        for target in prebuilt {
            repo.write(&format!("programs/{target}"), executables::executable(target));
        }
        repo.commit("first");
        let origin = repo.push_to_origin();
        let scene = Self { repo, github, registry, origin };
        programs::install(&scene.repo.outside("tool cache"));
        scene.tool("rustup", "[ \"$1 $2\" = 'target add' ] && [ -n \"$3\" ]");
        scene.open_shop();
        scene
    }

    /// The workflows of the project.
    pub fn actions(&self) -> Actions<'_> {
        let path = format!("{}:{}", self.repo.outside("tools").display(), std::env::var("PATH").unwrap());
        Actions::new(&self.repo, &self.github, &self.origin)
            .with_action("bruits/sampo/crates/sampo-github-action", Path::new(env!("CARGO_MANIFEST_DIR")))
            .with_secret("CARGO_REGISTRY_TOKEN", "cio-for-a-registry-that-is-not-asked")
            .with_variable("CARGO_REGISTRIES_TEST_TOKEN", TOKEN)
            .with_variable("CARGO_HOME", self.repo.outside("cargo home").to_string_lossy())
            .with_variable("CARGO_NET_OFFLINE", "false")
            .with_variable("PATH", path)
            .with_variable("SHOP", self.repo.outside("shop").to_string_lossy())
            .with_variable("SOURCE_DATE_EPOCH", NOW)
            // Nothing is downloaded: both programs are in the tool cache.
            .with_variable("SAMPO_RELEASES_URL", "http://127.0.0.1:9")
    }

    /// A program that comes first in the PATH of every machine.
    pub fn tool(&self, name: &str, script: &str) {
        let path = self.repo.outside("tools").join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Pushes a changeset, and merges the pull request that the workflow makes of it: `main` is to be released now.
    pub fn prepare(&self, actions: &Actions<'_>) {
        self.repo.write(".sampo/changesets/song.md", "---\ncargo/my-cli: minor\n---\n\nSings a new song.\n");
        self.push("note a change");
        actions.push(&example("release")).assert_succeeded();
        self.merge();
    }

    /// Commits everything and pushes `main`.
    pub fn push(&self, message: &str) {
        self.repo.commit(message);
        self.repo.git(&["push", "--quiet", "origin", "main"]);
    }

    /// Merges the only open pull request, as its button does.
    pub fn merge(&self) {
        let pulls = self.github.pulls();
        let open: Vec<_> = pulls.iter().filter(|pull| pull.is_open).collect();
        let [pull] = open[..] else { panic!("{open:?}") };
        self.repo.git(&["fetch", "--quiet", "origin"]);
        self.repo.git(&["merge", "--quiet", "--no-ff", "--message", "merge", &format!("origin/{}", pull.head)]);
        self.repo.git(&["push", "--quiet", "origin", "main", &format!(":{}", pull.head)]);
        self.github.close_pull(pull.number);
    }

    /// The tags of the remote.
    pub fn tags(&self) -> Vec<String> {
        let listed = self.repo.git(&["ls-remote", "--tags", "--refs", "origin"]);
        listed.lines().map(|line| line.rsplit('/').next().unwrap().to_owned()).collect()
    }

    /// The names of what the release has when it is complete.
    pub fn complete() -> Vec<String> {
        let archives = archives();
        let sums = archives.iter().map(|name| format!("{name}.sha256"));
        let mut names: Vec<String> = archives.iter().cloned().chain(sums).chain(["SHA256SUMS".into()]).collect();
        names.sort();
        names
    }

    /// The bytes of an asset of the release.
    pub fn asset(&self, name: &str) -> Vec<u8> {
        let release = self.github.release(TAG);
        let asset = release.assets.iter().find(|asset| asset.name == name);
        self.github.content(asset.unwrap_or_else(|| panic!("{release:?} has no {name}")).id)
    }

    /// Writes the assets of the release into a folder, as somebody who downloads them.
    pub fn download(&self) -> PathBuf {
        let folder = self.repo.outside("downloads");
        for name in self.github.assets(TAG) {
            fs::write(folder.join(&name), self.asset(&name)).unwrap();
        }
        folder
    }

    /// Runs a command in a folder.
    pub fn run_in(&self, folder: &Path, program: &str, arguments: &[&str]) -> Output {
        self.repo.command(program).args(arguments).current_dir(folder).output().unwrap()
    }

    /// A file in the folder of the shop, which also holds what steers builds and services.
    pub fn at_shop(&self, name: &str) -> PathBuf {
        self.repo.outside("shop").join(name)
    }

    pub fn open_shop(&self) {
        fs::write(self.at_shop("open"), "").unwrap();
    }

    pub fn close_shop(&self) {
        fs::remove_file(self.at_shop("open")).unwrap();
    }

    /// Whether the shop has the same archives as the release.
    pub fn shop_is_stocked(&self) -> bool {
        archives().iter().all(|name| fs::read(self.at_shop(name)).is_ok_and(|bytes| bytes == self.asset(name)))
    }

    /// How many targets were built so far.
    pub fn builds(&self) -> usize {
        fs::read_to_string(self.at_shop("builds")).unwrap_or_default().lines().count()
    }
}

/// The archives of the release.
pub fn archives() -> [String; 2] {
    [format!("my-cli-0.2.0-{HOST}.tar.gz"), format!("my-cli-0.2.0-{OTHER}.zip")]
}

/// A workflow of `docs/examples`.
pub fn example(name: &str) -> Workflow {
    Workflow::open(&programs::project().join(format!("docs/examples/{name}.yml")))
}
