//! `sampo distribute init`: the built program on whole repositories, and that what it writes then works.

use std::fs;
use std::process::Output;

use sampo_testkit::github::TOKEN;
use sampo_testkit::{FakeGithub, Repo, executables};

const CONFIG: &str = ".sampo/config.toml";
const WORKFLOW: &str = ".github/workflows/release.yml";
const TARGETS: [&str; 5] = [
    "x86_64-unknown-linux-gnu",
    "aarch64-unknown-linux-gnu",
    "x86_64-apple-darwin",
    "aarch64-apple-darwin",
    "x86_64-pc-windows-msvc",
];
const TABLES: &str = r#"
[distribute]
targets = [
    "x86_64-unknown-linux-gnu",
    "aarch64-unknown-linux-gnu",
    "x86_64-apple-darwin",
    "aarch64-apple-darwin",
    "x86_64-pc-windows-msvc",
]

[distribute.backends.github]
type = "github-release"
"#;

struct Ended {
    code: i32,
    stdout: String,
    stderr: String,
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

fn sampo(repo: &Repo, arguments: &[&str]) -> Ended {
    repo.output(env!("CARGO_BIN_EXE_sampo"), arguments).into()
}

/// `sampo distribute init` with `arguments`.
fn init(repo: &Repo, arguments: &[&str]) -> Ended {
    sampo(repo, &[&["distribute", "init"], arguments].concat())
}

/// The same, which must succeed; what it printed.
#[track_caller]
fn done(repo: &Repo, arguments: &[&str]) -> String {
    let ended = init(repo, &[&["--yes"], arguments].concat());
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    ended.stdout
}

/// Fails with `error[CODE]` and `words` in what it says, and changes nothing.
#[track_caller]
fn refused(repo: &Repo, arguments: &[&str], code: &str, words: &[&str]) {
    let before = repo.git(&["status", "--porcelain"]);
    let ended = init(repo, &[&["--yes"], arguments].concat());
    assert_eq!(ended.code, 1, "{}", ended.stdout);
    for word in [&[format!("error[{code}]").as_str()], words].concat() {
        assert!(ended.stderr.contains(word), "`{word}` is not in: {}", ended.stderr);
    }
    assert_eq!(repo.git(&["status", "--porcelain"]), before);
}

/// A repository of GitHub's with the program `my-cli`, without a folder `.sampo`.
fn fresh() -> Repo {
    let repo = Repo::new();
    repo.cargo_workspace(&[("my-cli", "1.2.0", "# about it\n[dependencies] # none"), ("core", "1.0.0", "")]);
    repo.git(&["remote", "add", "origin", "https://github.com/acme/app.git"]);
    repo.commit("first");
    repo
}

#[test]
fn a_fresh_repository_gets_everything_and_a_second_run_changes_nothing() {
    let repo = fresh();
    let shown = done(&repo, &["--dry-run"]);
    assert_eq!(repo.git(&["status", "--porcelain"]), "", "a dry run writes nothing");
    assert!(shown.contains("--- a/crates/my-cli/Cargo.toml\n+++ b/crates/my-cli/Cargo.toml\n@@ -"), "{shown}");
    assert!(shown.contains("--- /dev/null\n+++ b/.github/workflows/release.yml\n@@ -0,0 +1,"), "{shown}");

    let said = done(&repo, &[]);
    let wrote: Vec<&str> = said.lines().take_while(|line| !line.is_empty()).collect();
    let expected = [
        "wrote .sampo/README.md",
        "wrote .sampo/changeset.md.example",
        "wrote .sampo/config.toml",
        "changed crates/my-cli/Cargo.toml",
        "wrote .github/workflows/release.yml",
    ];
    assert_eq!(wrote, expected);
    for step in ["1. look at", "2. allow Actions", "3. add `CARGO_REGISTRY_TOKEN`", "4. run `sampo distribute doctor`"]
    {
        assert!(said.contains(step), "{said}");
    }
    let config = repo.read(CONFIG);
    assert!(config.contains("\nrepository = \"acme/app\"\n") && config.ends_with(TABLES), "{config}");
    assert_eq!(
        repo.read("crates/my-cli/Cargo.toml"),
        r#"[package]
name = "my-cli"
version = "1.2.0"
edition = "2024"
repository = "https://github.com/acme/app"
# about it
[dependencies] # none

[package.metadata.binstall]
pkg-url = "{ repo }/releases/download/{ name }-v{ version }/{ name }-{ version }-{ target }{ archive-suffix }"
bin-dir = "{ name }-{ version }-{ target }/{ bin }{ binary-ext }"
pkg-fmt = "tgz"

[package.metadata.binstall.overrides.x86_64-pc-windows-msvc]
pkg-fmt = "zip"
"#
    );
    repo.commit("set up");
    assert_eq!(done(&repo, &[]), "everything is set up already; nothing was changed\n");
    assert_eq!(repo.git(&["status", "--porcelain"]), "");
}

#[test]
fn what_is_written_then_works_from_the_matrix_to_the_release() {
    let repo = fresh();
    done(&repo, &[]);
    let commit = repo.commit("set up");
    repo.tag("my-cli-v1.2.0");
    repo.git(&["remote", "remove", "origin"]);
    let matrix = sampo(&repo, &["distribute", "matrix", "--format", "json"]);
    assert_eq!(TARGETS.map(|target| matrix.stdout.matches(&format!("\"{target}\"")).count() > 0), [true; 5]);
    for target in TARGETS {
        let suffix = if target.contains("windows") { ".exe" } else { "" };
        repo.write(&format!("dist/my-cli-{target}/my-cli{suffix}"), executables::executable(target));
    }
    let github = FakeGithub::start();
    github.add_tag("my-cli-v1.2.0", &commit);
    let mut command = repo.command(env!("CARGO_BIN_EXE_sampo"));
    command.arg("distribute").env("GITHUB_API_URL", github.api_url()).env("GITHUB_SERVER_URL", github.web_url());
    let ended = Ended::from(command.env("GITHUB_TOKEN", TOKEN).output().unwrap());
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(!ended.stderr.contains("binstall"), "nothing is left to advise: {}", ended.stderr);
    for target in TARGETS {
        assert!(ended.stdout.contains(&format!("my-cli-1.2.0-{target}.")), "{}", ended.stdout);
    }
}

#[test]
fn comments_order_line_ends_and_byte_order_mark_of_the_configuration_stay() {
    let repo = fresh();
    let before = "\u{feff}# ours\r\n[packages] # none\r\n# ignore = []\r\n\r\n[git]\r\ndefault_branch = 'trunk'\r\n# the end\r\n";
    repo.write(CONFIG, before);
    done(&repo, &["--ci", "none", "--no-binstall"]);
    assert_eq!(repo.read(CONFIG), format!("{before}{}", TABLES.replace('\n', "\r\n")));
    assert!(!repo.exists(".github") && !repo.exists(".sampo/README.md"));
}

#[test]
fn what_is_configured_stays_and_only_what_was_asked_for_is_added() {
    let repo = fresh();
    let before = "\
[distribute] # ours
# the usual ones
targets = ['x86_64-unknown-linux-gnu'] # for now
jobs = 2

[distribute.backends.releases] # public
type = 'github-release'

[changelog]
show_commit_hash = false
";
    repo.write(CONFIG, before);
    let said = done(&repo, &["--ci", "none"]);
    assert!(!said.contains("config.toml"), "nothing is lacking: {said}");
    let targets = ["--target", "aarch64-apple-darwin", "x86_64-unknown-linux-gnu", "--archive", "tar.zst"];
    done(&repo, &[&targets[..], &["--backend", "directory", "github-release", "--ci", "none"]].concat());
    let after = before.replace("-gnu']", "-gnu', \"aarch64-apple-darwin\"]")
        + r#"
[distribute.archive]
unix = "tar.zst"

[distribute.backends.site]
type = "directory"
path = "site/{{ crate }}/{{ version }}"
"#;
    assert_eq!(repo.read(CONFIG), after);
    done(&repo, &["--backend", "directory", "--path", "/srv/{{ version }}", "--ci", "none"]);
    let third = "\n[distribute.backends.site-2]\ntype = \"directory\"\npath = \"/srv/{{ version }}\"\n";
    assert_eq!(repo.read(CONFIG), after + third);
}

#[test]
fn a_workflow_that_is_there_is_only_replaced_if_that_was_asked_for() {
    let repo = fresh();
    let docker = "name: Docker\non: push\njobs: {}\n";
    repo.write(WORKFLOW, docker).commit("docker");
    refused(&repo, &[], "workflow-exists", &["`.github/workflows/release.yml`", "--workflow sampo.yml", "--force"]);

    let said = done(&repo, &["--workflow", "sampo.yml"]);
    assert!(said.contains("wrote .github/workflows/sampo.yml") && repo.read(WORKFLOW) == docker, "{said}");
    assert!(done(&repo, &[]).starts_with("everything is set up"), "it is found under its other name");

    fs::remove_file(repo.path(".github/workflows/sampo.yml")).unwrap();
    assert!(done(&repo, &["--force"]).contains("changed .github/workflows/release.yml"));
    let ours = repo.read(WORKFLOW);
    assert!(ours.contains("command: distribute"), "{ours}");

    // Somebody's changes to ours are theirs.
    repo.write(WORKFLOW, ours.replace("ubuntu-24.04", "self-hosted"));
    let ended = init(&repo, &["--yes"]);
    assert!(ended.code == 0 && ended.stderr.contains("distributes already, and stays as it is"), "{}", ended.stderr);
    assert!(repo.read(WORKFLOW).contains("self-hosted"));
    done(&repo, &["--force"]);
    assert_eq!(repo.read(WORKFLOW), ours);
}

/// `sampo distribute ARGUMENTS` in the folder `tools/rust` of `repo`, online for nobody.
fn below(repo: &Repo, arguments: &[&str]) -> Ended {
    let mut command = repo.command(env!("CARGO_BIN_EXE_sampo"));
    command.current_dir(repo.path("tools/rust")).arg("distribute").args(arguments).output().unwrap().into()
}

#[test]
fn a_workspace_below_the_top_folder_gets_its_workflow_where_github_looks_for_it() {
    let repo = Repo::new();
    repo.write("tools/rust/Cargo.toml", "[package]\nname = \"my-cli\"\nversion = \"1.0.0\"\nedition = \"2024\"\n");
    repo.write("tools/rust/src/main.rs", "fn main() {}\n");
    repo.git(&["remote", "add", "origin", "https://github.com/acme/app.git"]);
    repo.commit("first");
    let gitlab = below(&repo, &["init", "--yes", "--ci", "gitlab"]);
    assert!(gitlab.code == 1 && gitlab.stderr.contains("error[workspace-below-top]"), "{}", gitlab.stderr);
    let shown = below(&repo, &["init", "--yes", "--dry-run"]).stdout;
    assert!(shown.contains("+++ b/.github/workflows/release.yml\n"), "{shown}");
    assert!(shown.contains("--- a/tools/rust/Cargo.toml\n"), "{shown}");
    assert_eq!(repo.git(&["status", "--porcelain"]), "");

    let said = below(&repo, &["init", "--yes"]).stdout;
    assert!(said.contains("wrote .github/workflows/release.yml\n"), "{said}");
    assert!(
        repo.exists("tools/rust/.sampo/config.toml") && !repo.exists("tools/rust/.github") && !repo.exists(".sampo")
    );
    let workflow = repo.read(WORKFLOW);
    assert_eq!(workflow.matches("          working-directory: tools/rust\n").count(), 3, "{workflow}");
    assert_eq!(
        workflow.matches("        shell: bash\n        working-directory: tools/rust\n").count(),
        1,
        "{workflow}"
    );
    assert_eq!(workflow.matches("path: tools/rust/dist\n").count(), 2, "{workflow}");
    assert!(workflow.contains("path: \"tools/rust/dist/${{ matrix.artifact }}/\"\n"), "{workflow}");
    assert!(below(&repo, &["init", "--yes"]).stdout.starts_with("everything is set up"));

    // What a run that was killed had not written yet.
    fs::remove_file(repo.path(WORKFLOW)).unwrap();
    assert_eq!(below(&repo, &["init", "--yes"]).stdout.lines().next(), Some("wrote .github/workflows/release.yml"));
    repo.commit("set up");
    let diagnosis = below(&repo, &["doctor", "--offline"]);
    assert!(diagnosis.code == 0 && diagnosis.stdout.contains("release.yml: Sampo is used in"), "{}", diagnosis.stdout);
    assert!(!diagnosis.stdout.contains("warning"), "{}", diagnosis.stdout);
    repo.write("tools/rust/.github/workflows/release.yml", workflow);
    let diagnosis = below(&repo, &["doctor", "--offline"]).stdout;
    assert!(diagnosis.contains("does not look for workflows in `tools/rust/.github/workflows`"), "{diagnosis}");
}

#[test]
fn a_workflow_has_a_plain_name() {
    let repo = fresh();
    for name in ["../../x.yml", "sub/x.yml", "x.txt", "", "-x.yml", "a\nb.yml"] {
        let name = format!("--workflow={name}");
        refused(&repo, &[&name], "workflow-name", &["`.github/workflows`"]);
    }
}

#[test]
fn a_workflow_that_releases_already_gets_no_second_one_beside_it() {
    let action = "- uses: bruits/sampo/crates/sampo-github-action@v1";
    let releasing =
        |step: &str| format!("on: push\njobs:\n  release:\n    runs-on: ubuntu-24.04\n    steps:\n      {step}\n");
    for (name, step) in [("sampo.yml", action), ("release.yml", action), ("ci.yaml", "- run: sampo publish")] {
        let repo = fresh();
        let path = format!(".github/workflows/{name}");
        repo.write(&path, releasing(step)).commit("released by hand");
        let replace = format!("--workflow {name} --force");
        refused(&repo, &[], "workflow-exists", &[&format!("`{path}` releases already"), &replace, "--ci none"]);
        done(&repo, &["--workflow", name, "--force"]);
        assert!(repo.read(&path).contains("command: distribute"));
        assert!(done(&repo, &[]).starts_with("everything is set up"));
    }
    let repo = fresh();
    repo.write(".github/workflows/ci.yml", releasing("- run: sampo publish --dry-run"));
    assert!(done(&repo, &[]).contains("wrote .github/workflows/release.yml"));
}

#[test]
fn gitlab_gets_both_parts_of_its_pipeline() {
    let repo = fresh();
    let backend = ["--backend", "command", "--run", "upload {{ path }}"];
    let said = done(&repo, &[&backend[..], &["--ci", "gitlab"]].concat());
    assert!(said.contains("wrote .gitlab-ci.yml\nwrote .gitlab/distribute.yml\n"), "{said}");
    assert!(said.contains("add `RELEASE_TOKEN`"), "{said}");
    assert!(repo.read(".gitlab-ci.yml").contains("local: .gitlab/distribute.yml"));
    assert!(
        repo.read(CONFIG).contains("[distribute.backends.upload]\ntype = \"command\"\nrun = \"upload {{ path }}\"\n")
    );
    assert!(done(&repo, &["--ci", "gitlab"]).starts_with("everything is set up"));
    repo.write(".gitlab-ci.yml", "stages: []\n").commit("other");
    refused(&repo, &["--ci", "gitlab"], "workflow-exists", &["`.gitlab-ci.yml`", "`--force`"]);
}

#[test]
fn a_package_of_npm_names_what_its_build_makes() {
    let repo = Repo::new();
    repo.write("package.json", r#"{ "name": "@acme/tool", "version": "1.0.0" }"#);
    repo.git(&["remote", "add", "origin", "https://github.com/acme/app"]);
    repo.commit("first");
    refused(&repo, &[], "no-programs", &["--package npm/@acme/tool", "[distribute.packages.\"npm/@acme/tool\"]"]);
    let hostile = Repo::new();
    hostile.write("package.json", r#"{ "name": "a ${{ b }} \"c", "version": "1.0.0" }"#).commit("first");
    refused(&hostile, &[], "no-programs", &[r#"[distribute.packages."npm/a ${{ b }} \"c"]"#]);
    let said = done(&repo, &["--package", "@acme/tool", "--build", "npm run compile -- {{ target }}"]);
    assert!(said.contains("add `NPM_TOKEN`") && !said.contains("CARGO_REGISTRY_TOKEN"), "{said}");
    let table = "\n[distribute.packages.\"npm/@acme/tool\"]\nbuild = \"npm run compile -- {{ target }}\"\n\
                 artifacts = [\"dist/acme-tool-{{ target }}/*{{ target }}*\"]\n";
    let config = repo.read(CONFIG);
    assert!(config.contains(table), "{config}");
    let workflow = repo.read(WORKFLOW);
    assert!(workflow.contains("NPM_TOKEN") && !workflow.contains("rustup"), "{workflow}");
    assert!(!workflow.contains("acme/tool"), "no name of a package is in it");

    repo.commit("set up");
    repo.tag("@acme/tool-v1.0.0");
    repo.git(&["remote", "remove", "origin"]);
    let target = TARGETS[0];
    repo.write(&format!("dist/acme-tool-{target}/tool-{target}.tar.gz"), "it");
    repo.write(&format!("dist/acme-tool-{target}/sampo-build.json"), "{}");
    done(&repo, &["--backend", "directory", "--ci", "none"]);
    let ended = sampo(&repo, &["distribute", "--backend", "site", "--target", target]);
    assert!(ended.stdout.contains(&format!("tool-{target}.tar.gz")), "{} {}", ended.stdout, ended.stderr);
    assert!(!ended.stdout.contains("sampo-build.json"), "{}", ended.stdout);
}

#[test]
fn another_folder_of_built_files_is_where_artifacts_and_workflow_look() {
    let repo = Repo::new();
    repo.write("package.json", r#"{ "name": "tool", "version": "1.0.0" }"#).write("yarn.lock", "");
    repo.write(CONFIG, "[github]\nrepository = 'acme/app'\n[distribute]\nartifacts_dir = 'out'\n");
    done(&repo, &["--package", "tool", "--target", TARGETS[0]]);
    assert!(repo.read(CONFIG).contains("\nartifacts = [\"out/tool-{{ target }}/*{{ target }}*\"]\n"));
    let workflow = repo.read(WORKFLOW);
    assert!(
        workflow.contains("path: \"out/${{ matrix.artifact }}/\"") && workflow.contains("yarn install"),
        "{workflow}"
    );
}

#[test]
fn without_programs_or_a_repository_it_says_what_to_do() {
    let repo = Repo::new();
    repo.cargo_workspace(&[("core", "1.0.0", "")]);
    repo.commit("first");
    refused(&repo, &[], "no-programs", &["--package cargo/core"]);

    let repo = Repo::new();
    repo.cargo_workspace(&[("my-cli", "1.0.0", "")]);
    repo.commit("first");
    refused(&repo, &[], "repository-unknown", &["add the remote", "--repository OWNER/NAME", "--backend directory"]);
    repo.git(&["remote", "add", "origin", "https://me:secret@git.acme.dev:8443/acme/app.git"]);
    refused(&repo, &[], "repository-unknown", &["is at `git.acme.dev`", "GITHUB_SERVER_URL=https://git.acme.dev`"]);
    repo.git(&["remote", "remove", "origin"]);
    let said = done(&repo, &["--backend", "directory"]);
    assert!(!said.contains(".github"), "nobody knows where a workflow would run: {said}");
    done(&repo, &["--backend", "github-release", "--repository", "acme/app"]);
    assert!(repo.read(CONFIG).contains("\n[github]\nrepository = \"acme/app\"\n"), "{}", repo.read(CONFIG));

    repo.git(&["remote", "add", "origin", "https://ghe.acme.dev/acme/app.git"]);
    repo.git(&["restore", "Cargo.toml", "crates"]);
    fs::remove_dir_all(repo.path(".sampo")).unwrap();
    let mut command = repo.command(env!("CARGO_BIN_EXE_sampo"));
    command.args(["distribute", "init", "--yes"]).env("GITHUB_SERVER_URL", "https://ghe.acme.dev/");
    let said = Ended::from(command.output().unwrap()).stdout;
    assert!(said.contains("take version `v3` of the artifact actions"), "{said}");
    let manifest = repo.read("crates/my-cli/Cargo.toml");
    assert!(manifest.contains("\nrepository = \"https://ghe.acme.dev/acme/app\"\n"), "{manifest}");

    let ended: Ended = Repo::new().output(env!("CARGO_BIN_EXE_sampo"), &["distribute", "init", "--yes"]).into();
    assert!(ended.code == 1 && ended.stderr.contains("error[no-packages]"), "{}", ended.stderr);
}

#[test]
fn a_rare_target_gets_a_runner_so_that_the_matrix_knows_where_it_is_built() {
    let repo = fresh();
    done(&repo, &["--target", "s390x-unknown-linux-gnu", "--ci", "none"]);
    let config = repo.read(CONFIG);
    assert!(config.contains("\n[distribute.runners]\ns390x-unknown-linux-gnu = \"ubuntu-24.04\"\n"), "{config}");
    let ended = sampo(&repo, &["distribute", "matrix", "--all"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    repo.commit("set up");
    assert!(done(&repo, &["--target", "s390x-unknown-linux-gnu", "--ci", "none"]).starts_with("everything is set up"));
}

#[test]
fn shells_complete_targets_and_kinds_of_destinations() {
    let repo = Repo::new();
    for shell in ["bash", "zsh", "fish"] {
        let script = sampo(&repo, &["completions", shell]).stdout;
        for value in ["riscv64gc-unknown-linux-gnu", "github-release", "tar.zst", "gitlab"] {
            assert!(script.contains(value), "{shell}: {value}");
        }
    }
}

#[test]
fn what_does_not_go_together_or_cannot_be_read_is_refused() {
    let repo = fresh();
    let usage = [
        &["--backend", "github-release", "--path", "x"][..],
        &["--backend", "command"],
        &["--build", "make"],
        &["--target", "linux"],
        &["--repository", "app"],
    ];
    for arguments in usage {
        let ended = init(&repo, &[&["--yes"], arguments].concat());
        assert_eq!(ended.code, 64, "{arguments:?}: {}", ended.stderr);
    }
    refused(
        &repo,
        &["--backend", "directory", "--path", "site"],
        "config-invalid",
        &["`directory` cannot be set up: `site`"],
    );
    refused(&repo, &["--target", "x86_64-unknown-linux-gun"], "target-misspelt", &["`x86_64-unknown-linux-gnu`"]);
    refused(&repo, &["--package", "nobody"], "unknown-package", &["nobody"]);
    let ended = init(&repo, &[]);
    assert!(ended.code == 1 && ended.stderr.contains("`--yes` takes what the workspace suggests"), "{}", ended.stderr);
    repo.write(CONFIG, "[distribute]\ntarget = []\n").commit("typo");
    refused(&repo, &[], "config-invalid", &["config.toml:2:1", "did you mean `targets`?"]);
    assert_eq!(repo.read("crates/my-cli/Cargo.toml").matches("binstall").count(), 0);
}

#[test]
fn metadata_is_only_written_where_it_is_needed_and_fits_the_archives() {
    let repo = fresh();
    repo.write(CONFIG, "[git]\nshort_tags = 'my-cli'\n");
    let said = done(&repo, &["--ci", "none"]);
    let manifest = repo.read("crates/my-cli/Cargo.toml");
    assert!(manifest.contains("repository = ") && !manifest.contains("binstall"), "{said}{manifest}");

    let repo = fresh();
    let told = "[package]\nname = \"my-cli\"\nversion = \"1.2.0\"\nedition = \"2024\"\nrepository.workspace = true\n\
                metadata = { docs = { x = 1 } } # short\r\n";
    repo.write("crates/my-cli/Cargo.toml", told);
    let root = repo.read("Cargo.toml");
    repo.write("Cargo.toml", format!("{root}[workspace.package]\nrepository = \"https://github.com/acme/app\"\n"));
    done(&repo, &["--ci", "none", "--archive", "tar.xz", "--target", TARGETS[0]]);
    let manifest = repo.read("crates/my-cli/Cargo.toml");
    let table: toml::Table = manifest.parse().unwrap();
    assert_eq!(table["package"]["metadata"]["docs"]["x"].as_integer(), Some(1));
    assert_eq!(table["package"]["metadata"]["binstall"]["pkg-fmt"].as_str(), Some("txz"));
    assert!(manifest.ends_with("# short\r\n") && manifest.matches("repository").count() == 1, "{manifest}");
    assert!(done(&repo, &["--ci", "none"]).starts_with("everything is set up"));
}
