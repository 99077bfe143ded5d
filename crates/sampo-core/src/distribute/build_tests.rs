//! Real builds of small workspaces: by Cargo, and by commands of the user's.

use sampo_testkit::Repo;
use sampo_testkit::executables::executable;

use super::*;
use crate::distribute::participant::participants;
use crate::event::Recorder;

const LINUX: &str = "x86_64-unknown-linux-gnu";
const MAC: &str = "aarch64-apple-darwin";

struct Run {
    repo: Repo,
    built: Vec<Built>,
    events: Vec<String>,
}

impl Run {
    /// Builds `my-cli` in a scratch workspace with this configuration.
    async fn of(config: &str) -> Self {
        let repo = Repo::new();
        repo.cargo_workspace(&[("my-cli", "1.2.0", "")]);
        // What builds leave behind, made ahead of time so that a command only has to move it.
        repo.write("made/linux", executable(LINUX)).write("made/mac", executable(MAC));
        Self::again(repo, config).await
    }

    async fn again(repo: Repo, config: &str) -> Self {
        let config = Config::parse(Path::new("config.toml"), config.to_owned()).unwrap();
        let workspace = Workspace::discover(repo.root()).await.unwrap();
        let participants = participants(&config, &workspace).unwrap();
        let release = Release {
            package: participants[0].id().clone(),
            version: "1.2.0".parse().unwrap(),
            tag: "my-cli-v1.2.0".into(),
            commit: None,
            commit_time: 0,
            path: "crates/my-cli".into(),
            notes: None,
            repository: None,
        };
        let recorder = Arc::new(Recorder::default());
        let environment: Environment = [("TAP_TOKEN", "hunter22-token")].into_iter().collect();
        let builder = Builder {
            head: None,
            config: &config,
            workspace: &workspace,
            environment: &environment,
            token_variables: &["TAP_TOKEN".to_owned()],
            reporter: recorder.clone(),
            cancellation: CancellationToken::new(),
        };
        let built = builder.build_all(&participants, &[release]).await;
        Self { repo, built, events: recorder.events() }
    }

    fn failure(&self, index: usize) -> &Failure {
        self.built[index].failure.as_ref().expect("a failed build")
    }
}

#[tokio::test]
async fn a_command_gets_its_values_and_puts_its_result_into_the_artifacts_folder() {
    let run = Run::of(&format!(
        "[distribute]\ntargets = ['{LINUX}']\nbuild = 'printenv SAMPO_PACKAGE SAMPO_CRATE SAMPO_VERSION SAMPO_TAG \
         SAMPO_TARGET > seen && mkdir -p $SAMPO_ARTIFACTS_DIR/{{{{ target }}}} && \
         cp made/linux $SAMPO_ARTIFACTS_DIR/{{{{ target }}}}/{{{{ crate }}}} && echo it is done'\n"
    ))
    .await;
    assert_eq!(run.built[0].failure, None);
    assert_eq!(run.repo.read("seen"), format!("cargo/my-cli\nmy-cli\n1.2.0\nmy-cli-v1.2.0\n{LINUX}\n"));
    assert!(run.repo.exists(&format!("dist/{LINUX}/my-cli")));
    let line = format!("Output {{ source: \"build my-cli {LINUX}\", line: \"it is done\" }}");
    assert!(run.events.contains(&line), "{:?}", run.events);
}

#[tokio::test]
async fn a_failed_build_fails_its_target_alone() {
    let run = Run::of(&format!(
        "[distribute]\ntargets = ['{MAC}', '{LINUX}']\n\
         build = 'test $SAMPO_TARGET = {LINUX} || {{ echo the compiler is on fire >&2; exit 3; }}; \
         mkdir -p dist/my-cli-{LINUX} && cp made/linux dist/my-cli-{LINUX}/my-cli'\n\
         [distribute.packages.my-cli]\noptional = ['{MAC}']\n"
    ))
    .await;
    let failure = run.failure(0);
    assert_eq!((failure.code, failure.optional), ("build-failed", true));
    assert!(failure.message.starts_with(&format!("`cargo/my-cli` cannot be built for {MAC}: ")));
    assert!(failure.message.ends_with("the compiler is on fire"), "{}", failure.message);
    assert_eq!(run.built[1].failure, None);
}

#[tokio::test]
async fn what_a_command_builds_with_cargo_is_copied_to_where_it_is_handed_on() {
    let config = format!(
        "[distribute]\ntargets = ['{LINUX}']\n\
         build = 'mkdir -p target/{LINUX}/release && cp made/linux target/{LINUX}/release/my-cli'\n"
    );
    let copy = format!("dist/my-cli-{LINUX}/my-cli");
    let run = Run::of(&config).await;
    assert_eq!(run.built[0].failure, None);
    assert_eq!(fs::read(run.repo.path(&copy)).unwrap(), executable(LINUX));

    let rebuilt = [executable(LINUX), b"second".to_vec()].concat();
    run.repo.write("made/linux", &rebuilt);
    let run = Run::again(run.repo, &config).await;
    assert_eq!(run.built[0].failure, None);
    assert_eq!(fs::read(run.repo.path(&copy)).unwrap(), rebuilt);
}

#[tokio::test]
async fn a_build_without_a_usable_result_is_a_failure() {
    let run = Run::of(&format!("[distribute]\ntargets = ['{LINUX}']\nbuild = 'true'\n")).await;
    let failure = run.failure(0);
    assert_eq!(failure.code, "artifact-missing");
    assert!(failure.hint.as_ref().unwrap().contains("SAMPO_ARTIFACTS_DIR"));

    let run = Run::of(&format!(
        "[distribute]\ntargets = ['{LINUX}']\nbuild = 'mkdir -p dist/{LINUX} && cp made/mac dist/{LINUX}/my-cli'\n"
    ))
    .await;
    assert_eq!(run.failure(0).code, "artifact-wrong-platform");
}

#[tokio::test]
async fn a_build_gets_no_token_and_shows_none() {
    let run =
        Run::of(&format!("[distribute]\ntargets = ['{LINUX}']\nbuild = 'env; echo hunter22-token; exit 1'\n")).await;
    let shown = run.events.join("\n");
    assert!(!shown.contains("hunter22") && shown.contains("line: \"***\""), "{shown}");
    assert!(!shown.contains("GITHUB_TOKEN=") && !shown.contains("TAP_TOKEN="), "{shown}");
    assert!(!run.failure(0).message.contains("hunter22"));
}

fn cargo_says(output: &str) -> ProcessError {
    let status = std::os::unix::process::ExitStatusExt::from_raw(256);
    ProcessError::Failed { label: "cargo".into(), status, output: output.into() }
}

#[test]
fn a_misspelt_target_is_explained_with_the_one_that_was_meant() {
    let said = cargo_says("error: error loading target specification: could not find specification for target \"x\"");
    let hint = |triple: &str| toolchain_hint(&triple.parse().unwrap(), &said);
    let meant = "did you mean `x86_64-unknown-linux-gnu`? Correct it in `targets`";
    assert_eq!(hint("x86_64-unkown-linux-gnu").as_deref(), Some(meant));
    assert_eq!(hint("x86_64-acme-os").as_deref(), None);
}

#[tokio::test]
async fn a_missing_or_outdated_lock_file_is_explained() {
    let host = Repo::new().run("rustc", &["--print", "host-tuple"]);
    let config = format!("[distribute]\ntargets = ['{host}']\n");
    let repo = Repo::new();
    repo.cargo_workspace(&[("my-cli", "1.2.0", "")]);
    std::fs::remove_file(repo.path("Cargo.lock")).unwrap();
    let run = Run::again(repo, &config).await;
    let hint = |run: &Run| run.failure(0).hint.clone().unwrap();
    assert_eq!(hint(&run), "there is no `Cargo.lock`: run `cargo generate-lockfile` and commit it");

    let repo = Repo::new();
    repo.cargo_workspace(&[("my-cli", "1.2.0", "")]);
    let lock = repo.read("Cargo.lock").replace("1.2.0", "1.1.0");
    repo.write("Cargo.lock", lock);
    let run = Run::again(repo, &config).await;
    assert!(hint(&run).contains("`cargo update --workspace`"), "{}", hint(&run));
}

#[tokio::test]
async fn a_missing_standard_library_and_a_missing_linker_are_explained() {
    let message = |output: &str| toolchain_hint(&MAC.parse().unwrap(), &cargo_says(output));
    let missing = message("error[E0463]: can't find crate for `std`").unwrap();
    assert!(missing.ends_with(&format!("run `rustup target add {MAC}`")), "{missing}");
    assert!(message("error: linking with `cc` failed: exit status: 1").unwrap().contains("cargo zigbuild"));
    assert_eq!(message("error[E0308]: mismatched types"), None);
}

#[tokio::test]
async fn without_a_command_cargo_builds_for_the_target() {
    let host = Repo::new().run("rustc", &["--print", "host-tuple"]);
    let run = Run::of(&format!("[distribute]\ntargets = ['{host}']\n")).await;
    assert_eq!(run.built[0].failure, None, "{:?}", run.events);
    let binary = run.repo.path(&format!("dist/my-cli-{host}/my-cli"));
    let output = std::process::Command::new(&binary).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "my-cli 1.2.0\n");
}

#[tokio::test]
async fn a_cancelled_run_builds_nothing_more() {
    let repo = Repo::new();
    repo.cargo_workspace(&[("my-cli", "1.2.0", "")]);
    let text = format!("[distribute]\ntargets = ['{LINUX}']\nbuild = 'touch proof'\n");
    let config = Config::parse(Path::new("config.toml"), text).unwrap();
    let workspace = Workspace::discover(repo.root()).await.unwrap();
    let participants = participants(&config, &workspace).unwrap();
    let builder = Builder {
        head: None,
        config: &config,
        workspace: &workspace,
        environment: &Environment::default(),
        token_variables: &[],
        reporter: Arc::new(crate::event::Silent),
        cancellation: CancellationToken::new(),
    };
    builder.cancellation.cancel();
    let release = Release {
        package: participants[0].id().clone(),
        version: "1.2.0".parse().unwrap(),
        tag: String::new(),
        commit: None,
        commit_time: 0,
        path: String::new(),
        notes: None,
        repository: None,
    };
    assert!(builder.build_all(&participants, &[release]).await.is_empty());
    assert!(!repo.exists("proof"));
}
