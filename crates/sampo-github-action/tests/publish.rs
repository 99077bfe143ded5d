//! The Action's mode `publish`: real git and cargo, a bare remote, and a registry on this machine.

#[cfg(unix)]
use std::io::{BufRead, BufReader};
use std::path::PathBuf;

use sampo_testkit::cargo_registry::{CargoRegistry, PublishFault, TOKEN};
use sampo_testkit::runner::Step;
use sampo_testkit::{Repo, Runner};
use serde_json::Value;

const LIBRARY: &str = "description = \"x\"\nlicense = \"MIT\"\npublish = [\"test\"]";
const PROGRAM: &str = "description = \"x\"\nlicense = \"MIT\"\npublish = false";
const TARGETS: &str = "[distribute]\ntargets = ['x86_64-unknown-linux-gnu', 'aarch64-apple-darwin']\n";

struct Scene {
    repo: Repo,
    registry: CargoRegistry,
    origin: PathBuf,
}

impl Scene {
    /// The library `base`, the library `top` that needs it, and the program `my-cli`, committed and pushed.
    fn new(config: &str) -> Self {
        let registry = CargoRegistry::start();
        let repo = Repo::new();
        repo.write(".sampo/config.toml", format!("[github]\nrepository = 'acme/app'\n{config}"));
        repo.write(".cargo/config.toml", format!("[registries.test]\nindex = \"{}\"\n", registry.index_url()));
        let needs = format!(
            "{LIBRARY}\n[dependencies]\nbase = {{ path = \"../base\", version = \"1.0.0\", registry = \"test\" }}"
        );
        repo.cargo_workspace(&[("base", "1.0.0", LIBRARY), ("top", "1.0.0", &needs), ("my-cli", "1.2.0", PROGRAM)]);
        repo.commit("release");
        let origin = repo.push_to_origin();
        Self { repo, registry, origin }
    }

    /// Only the program, which belongs to no registry.
    fn of_program(config: &str) -> Self {
        let repo = Repo::new();
        repo.write(".sampo/config.toml", format!("[github]\nrepository = 'acme/app'\n{config}"));
        repo.cargo_workspace(&[("my-cli", "1.2.0", PROGRAM), ("other-cli", "0.3.0", PROGRAM)]);
        repo.commit("release");
        let origin = repo.push_to_origin();
        Self { repo, registry: CargoRegistry::start(), origin }
    }

    fn runner(&self) -> Runner<'_> {
        Runner::new(&self.repo, env!("CARGO_BIN_EXE_sampo-github-action"))
            .env("CARGO_HOME", self.repo.outside("cargo-home").to_string_lossy())
            .env("CARGO_NET_OFFLINE", "false")
            .env("CARGO_NET_RETRY", "0")
            .env("CARGO_REGISTRIES_TEST_TOKEN", TOKEN)
    }

    /// A runner whose `cargo publish` runs these lines first.
    #[cfg(unix)]
    fn with_cargo(&self, lines: &str) -> Runner<'_> {
        let cargo = self.repo.run("sh", &["-c", "command -v cargo"]);
        let path = self.repo.outside("bin").join("cargo");
        let script = format!("#!/bin/sh\nif [ \"$1\" = publish ]; then\n{lines}\nfi\nexec {cargo} \"$@\"\n");
        std::fs::write(&path, script).unwrap();
        self.repo.run("chmod", &["+x", &path.to_string_lossy()]);
        let folders = [self.repo.outside("bin").to_string_lossy().into_owned(), std::env::var("PATH").unwrap()];
        self.runner().env("PATH", folders.join(":"))
    }

    /// A publish that compiles nothing.
    fn publish(&self, inputs: &[(&str, &str)]) -> Step {
        let usual = [("command", "publish"), ("cargo-args", "--no-verify --allow-dirty")];
        self.runner().step(&[&usual, inputs].concat())
    }

    /// The tags of the remote, with the commits that they stand for.
    fn remote_tags(&self) -> Vec<String> {
        let format = "--format=%(refname:short) %(*objectname)";
        let listed = self.repo.git(&["--git-dir", &self.origin.to_string_lossy(), "for-each-ref", format, "refs/tags"]);
        let head = self.repo.git(&["rev-parse", "HEAD"]);
        listed.lines().map(|line| line.replace(&head, "HEAD")).collect()
    }

    /// A hook of the remote that refuses `tag`.
    fn refuse(&self, tag: &str) {
        let hook = format!("#!/bin/sh\n[ \"$1\" != refs/tags/{tag} ] || {{ echo 'no such tag here' >&2; exit 1; }}\n");
        let path = self.origin.join("hooks/update");
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, hook).unwrap();
        self.repo.run("chmod", &["+x", &path.to_string_lossy()]);
    }
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn artifacts(step: &Step) -> Vec<String> {
    let matrix = json(step.output("build-matrix"));
    let entries = matrix["include"].as_array().unwrap();
    entries.iter().map(|entry| entry["artifact"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_was_released_is_published_tagged_pushed_and_told() {
    let scene = Scene::new(TARGETS);
    let step = scene.publish(&[]);
    assert_eq!(step.code, 0, "{}", step.log);
    assert_eq!(scene.registry.published(), ["base@1.0.0", "top@1.0.0"]);
    assert_eq!(scene.remote_tags(), ["base-v1.0.0 HEAD", "my-cli-v1.2.0 HEAD", "top-v1.0.0 HEAD"]);
    assert_eq!((step.output("published"), step.output("released")), ("true", "false"));
    assert_eq!(step.output("build-needed"), "true");
    assert_eq!(artifacts(&step), ["my-cli-x86_64-unknown-linux-gnu", "my-cli-aarch64-apple-darwin"]);
    let plan = json(step.output("release-plan"));
    assert_eq!(plan["commit"], *scene.repo.git(&["rev-parse", "HEAD"]));
    assert_eq!(plan["releases"].as_array().unwrap().len(), 3);
    assert!(step.summary.contains("## Published\n"), "{}", step.summary);
    let link = "| published | [`base-v1.0.0`](<https://github.com/acme/app/releases/tag/base-v1.0.0>) |";
    assert!(step.summary.contains(link), "{}", step.summary);

    let again = scene.publish(&[]);
    assert_eq!((again.code, again.output("published")), (0, "false"), "{}", again.log);
    assert_eq!((again.output("build-needed"), scene.registry.publish_calls()), ("true", 2), "tagged here, to be built");
    scene.repo.commit("later");
    let later = scene.publish(&[]);
    assert_eq!((later.code, later.output("build-matrix"), later.output("release-plan")), (0, "", ""), "{}", later.log);
    assert_eq!((later.output("build-needed"), later.summary.as_str()), ("false", ""));
}

#[test]
fn a_dry_run_says_all_of_it_and_changes_nothing() {
    let scene = Scene::of_program(TARGETS);
    let runner = scene.runner().without("GIT_COMMITTER_NAME").without("GIT_COMMITTER_EMAIL");
    let step = runner.step(&[("command", "publish"), ("dry-run", "true")]);
    assert_eq!(step.code, 0, "{}", step.log);
    assert!(step.log.contains("my-cli 1.2.0: would be tagged my-cli-v1.2.0\n"), "{}", step.log);
    assert!(step.log.contains("would push the tag my-cli-v1.2.0\n"), "{}", step.log);
    assert!(step.summary.starts_with("## Would be published\n"), "{}", step.summary);
    assert_eq!((step.output("published"), step.output("build-matrix")), ("false", ""));
    assert_eq!(json(step.output("release-plan"))["releases"][0]["tag"], "my-cli-v1.2.0");
    assert_eq!((scene.repo.git(&["tag", "--list"]), scene.remote_tags().len()), (String::new(), 0));
    assert!(!scene.repo.output("git", &["config", "--local", "user.name"]).status.success());
}

#[test]
fn what_was_published_before_a_failure_is_pushed_and_told() {
    let scene = Scene::new(TARGETS);
    scene.registry.fail_publish(2, PublishFault::Refused(503));
    let step = scene.publish(&[]);
    assert_eq!((step.code, step.output("published")), (1, "true"), "{}", step.log);
    assert_eq!(scene.remote_tags(), ["base-v1.0.0 HEAD"]);
    assert_eq!(json(step.output("release-plan"))["releases"][0]["tag"], "base-v1.0.0");
    let [error] = step.told("error").try_into().unwrap();
    assert!(error.starts_with("publish-failed: `cargo/top` 1.0.0 could not be published"), "{error}");
    assert!(step.summary.contains("## Failed\n\n🔴 **`publish-failed`**"), "{}", step.summary);
    assert!(step.summary.contains("**Re-run failed jobs**"), "{}", step.summary);

    let again = scene.publish(&[]);
    assert_eq!((again.code, scene.remote_tags().len()), (0, 3), "{}", again.log);
}

#[test]
fn a_refused_tag_holds_up_no_other_and_is_pushed_by_the_next_run() {
    let scene = Scene::of_program(TARGETS);
    scene.refuse("my-cli-v1.2.0");
    let step = scene.publish(&[]);
    assert_eq!(step.code, 1, "{}", step.log);
    assert_eq!(scene.remote_tags(), ["other-cli-v0.3.0 HEAD"]);
    let [error] = step.told("error").try_into().unwrap();
    assert!(error.contains("git could not push `my-cli-v1.2.0` to the remote `origin`"), "{error}");
    assert!(error.contains("no such tag here"), "{error}");
    assert!(step.summary.contains("| `my-cli-v1.2.0`, not pushed |"), "{}", step.summary);
    let built = ["other-cli-x86_64-unknown-linux-gnu", "other-cli-aarch64-apple-darwin"];
    assert_eq!(artifacts(&step), built, "nobody can see the other tag");

    scene.refuse("none");
    let again = scene.publish(&[]);
    assert_eq!((again.code, again.output("published")), (0, "true"), "{}", again.log);
    assert_eq!(scene.remote_tags(), ["my-cli-v1.2.0 HEAD", "other-cli-v0.3.0 HEAD"]);
    assert_eq!(artifacts(&again).len(), 4);
}

#[cfg(unix)]
#[test]
fn a_connection_that_breaks_is_tried_again() {
    let scene = Scene::of_program("");
    let script = "#!/bin/sh\n[ -e \"$0.broken\" ] && exec git-receive-pack \"$@\"\ntouch \"$0.broken\"\nexit 1\n";
    let path = scene.repo.outside("bin").join("receive-pack");
    std::fs::write(&path, script).unwrap();
    scene.repo.run("chmod", &["+x", &path.to_string_lossy()]);
    scene.repo.git(&["config", "remote.origin.receivepack", &path.to_string_lossy()]);
    let step = scene.publish(&[]);
    assert_eq!((step.code, scene.remote_tags().len()), (0, 2), "{}", step.log);
}

#[test]
fn a_tag_that_the_remote_has_elsewhere_is_told() {
    let scene = Scene::of_program("");
    scene.repo.tag("my-cli-v1.2.0");
    scene.repo.git(&["push", "--quiet", "origin", "my-cli-v1.2.0"]);
    scene.repo.git(&["tag", "--delete", "my-cli-v1.2.0"]);
    scene.repo.commit("later");
    let step = scene.publish(&[]);
    assert_eq!(step.code, 1, "{}", step.log);
    let [error] = step.told("error").try_into().unwrap();
    assert!(error.starts_with("tag-moved: the tag `my-cli-v1.2.0` stands at another commit"), "{error}");
    assert_eq!(scene.remote_tags().len(), 2);
}

#[test]
fn a_remote_that_is_not_there_is_told_before_anything_is_published() {
    let scene = Scene::new("");
    scene.repo.git(&["remote", "remove", "origin"]);
    let step = scene.publish(&[]);
    assert_eq!((step.code, scene.registry.publish_calls()), (1, 0), "{}", step.log);
    assert!(step.told("error")[0].starts_with("no-remote: "), "{}", step.log);
    assert_eq!(scene.repo.git(&["tag", "--list"]), "");
}

#[test]
fn what_nobody_could_be_told_is_not_even_begun() {
    let scene = Scene::of_program("");
    let nowhere = scene.repo.outside("missing").join("no/output").to_string_lossy().into_owned();
    for (variable, value) in [("GITHUB_SERVER_URL", "nowhere"), ("GITHUB_OUTPUT", &nowhere)] {
        let step = scene.runner().env(variable, value).step(&[("command", "publish")]);
        assert_eq!((step.code, scene.remote_tags().len()), (1, 0), "{variable}: {}", step.log);
        assert_eq!(scene.repo.git(&["tag", "--list"]), "", "{variable}");
    }
}

#[test]
fn tags_are_made_in_the_name_of_the_bot_unless_somebody_else_is_configured() {
    let tagger =
        |scene: &Scene| scene.repo.git(&["for-each-ref", "--format=%(taggername) %(taggeremail)", "refs/tags/my*"]);
    let nobody = |scene: &Scene| {
        let runner = scene.runner().without("GIT_COMMITTER_NAME").without("GIT_COMMITTER_EMAIL");
        let step = runner.step(&[("command", "publish")]);
        assert_eq!(step.code, 0, "{}", step.log);
    };
    let scene = Scene::of_program("");
    nobody(&scene);
    assert_eq!(tagger(&scene), "github-actions[bot] <github-actions[bot]@users.noreply.github.com>");
    let scene = Scene::of_program("");
    scene.repo.git(&["config", "user.name", "Aino"]);
    scene.repo.git(&["config", "user.email", "aino@example.com"]);
    nobody(&scene);
    assert_eq!(tagger(&scene), "Aino <aino@example.com>");
}

#[test]
fn only_branches_for_releases_publish() {
    let scene = Scene::of_program("");
    let step = scene.runner().env("GITHUB_REF_NAME", "topic").step(&[("command", "publish")]);
    assert_eq!((step.code, step.output("published")), (1, "false"), "{}", step.log);
    assert!(
        step.told("error")[0].starts_with("branch-not-configured: `topic` is not a release branch"),
        "{}",
        step.log
    );
    assert!(scene.remote_tags().is_empty());
}

#[cfg(unix)]
#[test]
fn publish_commands_get_the_token_and_the_branch_and_nobody_sees_the_token() {
    let scene = Scene::new("");
    let seen = scene.repo.outside("runner").join("seen");
    let told = "$CARGO_REGISTRY_TOKEN $SAMPO_RELEASE_BRANCH $INPUT_CARGO_TOKEN$GITHUB_TOKEN";
    let runner = scene.with_cargo(&format!("echo \"{told}\" >> {}; env", seen.to_string_lossy()));
    let secrets = [("cargo-token", "cio_SECRET"), ("github-token", "ghs_SECRET")];
    let usual = [("command", "publish"), ("args", "--no-verify"), ("cargo-args", "--allow-dirty")];
    let step = runner.step(&[&usual[..], &secrets].concat());
    assert_eq!(step.code, 0, "{}", step.log);
    let seen = std::fs::read_to_string(seen).unwrap();
    assert_eq!(seen.lines().next(), Some("cio_SECRET main "), "{seen}");
    assert!(step.log.contains("CARGO_REGISTRY_TOKEN=***") && !step.log.contains("SECRET"), "{}", step.log);
}

#[cfg(unix)]
#[test]
fn a_cancelled_job_finishes_what_is_under_way_and_begins_nothing_new() {
    let scene = Scene::new("");
    let folder = scene.repo.outside("runner");
    let [started, go] = ["started", "go"].map(|name| folder.join(name));
    let wait = "case \"$*\" in *--dry-run*) ;; *) touch STARTED; until [ -e GO ]; do sleep 0.05; done;; esac";
    let wait = wait.replace("STARTED", &started.to_string_lossy()).replace("GO", &go.to_string_lossy());
    let inputs = [("command", "publish"), ("args", "--no-verify --allow-dirty")];
    let mut child = scene.with_cargo(&wait).command(&inputs).stdout(std::process::Stdio::piped()).spawn().unwrap();
    while !started.exists() {
        assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    scene.repo.run("kill", &["-INT", &child.id().to_string()]);
    // The signal has arrived once it is told.
    let mut log = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(log.by_ref().any(|line| line.unwrap().contains("::warning::interrupted")));
    std::fs::write(go, "").unwrap();
    let rest: Vec<String> = log.map(Result::unwrap).collect();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{rest:#?}");
    assert_eq!((scene.registry.published().len(), scene.remote_tags()), (1, vec!["base-v1.0.0 HEAD".to_owned()]));
    assert_eq!(scene.publish(&[]).code, 0);
    assert_eq!(scene.remote_tags().len(), 3);
}
