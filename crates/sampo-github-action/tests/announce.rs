//! Releases on GitHub that the Action's mode `publish` makes: the built program, a bare remote and a fake GitHub.

use std::fs;

use sampo_testkit::github::{Fault, TOKEN};
use sampo_testkit::{FakeGithub, Repo, executables};

const LINUX: &str = "x86_64-unknown-linux-gnu";
/// A package that no registry gets: it is tagged only.
const PRIVATE: &str = "publish = false";

/// A repository at a release commit, with its remote and its GitHub.
struct Job {
    repo: Repo,
    github: FakeGithub,
}

struct Ended {
    code: i32,
    log: String,
    outputs: String,
    summary: String,
}

impl Job {
    fn new(config: &str) -> Self {
        let repo = Repo::new();
        repo.cargo_workspace(&[("lib", "2.0.0-rc.1", PRIVATE), ("my-cli", "1.2.0", PRIVATE)]);
        repo.write(".sampo/config.toml", format!("[github]\nrepository = 'acme/app'\n{config}"));
        repo.write("crates/my-cli/CHANGELOG.md", "# my-cli\n\n## 1.2.0\n\n- New.\n");
        let commit = repo.commit("release");
        repo.push_to_origin();
        let github = FakeGithub::start();
        // As they are there once they are pushed.
        github.add_tag("lib-v2.0.0-rc.1", &commit).add_tag("my-cli-v1.2.0", &commit);
        Self { repo, github }
    }

    fn step(&self, mode: &str, inputs: &[(&str, &str)]) -> Ended {
        let [output, summary] = ["output", "summary"].map(|name| self.repo.outside("runner").join(name));
        let _ = fs::remove_file(&output);
        let _ = fs::remove_file(&summary);
        let mut command = self.repo.command(env!("CARGO_BIN_EXE_sampo-github-action"));
        command
            .env("GITHUB_WORKSPACE", self.repo.root())
            .env("GITHUB_OUTPUT", &output)
            .env("GITHUB_STEP_SUMMARY", &summary)
            .env("RUNNER_TEMP", self.repo.outside("runner"))
            .env("GITHUB_API_URL", self.github.api_url())
            .env("GITHUB_SERVER_URL", self.github.web_url())
            .env("GITHUB_TOKEN", TOKEN)
            .env("INPUT_COMMAND", mode)
            .envs(inputs.iter().map(|(name, value)| (format!("INPUT_{name}"), *value)));
        let ended = command.output().unwrap();
        Ended {
            code: ended.status.code().unwrap(),
            log: String::from_utf8(ended.stdout).unwrap() + &String::from_utf8(ended.stderr).unwrap(),
            outputs: fs::read_to_string(&output).unwrap_or_default(),
            summary: fs::read_to_string(&summary).unwrap_or_default(),
        }
    }

    fn publish(&self, inputs: &[(&str, &str)]) -> Ended {
        self.step("publish", &[&[("CREATE-GITHUB-RELEASE", "true")], inputs].concat())
    }
}

#[test]
fn what_is_to_be_delivered_stays_a_draft_until_the_delivery_publishes_it_once_with_everything() {
    let job = Job::new(&format!("[distribute]\ntargets = ['{LINUX}']\n"));
    job.github.with_immutable_releases();
    job.repo.write("LICENSE", "text");
    let assets = [("RELEASE-ASSETS", "LICENSE")];
    let ended = job.publish(&assets);
    assert_eq!(ended.code, 0, "{}", ended.log);
    assert!(ended.log.contains("release my-cli-v1.2.0: a draft for now, 1 asset\n"), "{}", ended.log);
    assert!(ended.log.contains("release lib-v2.0.0-rc.1: published, 1 asset\n"), "{}", ended.log);
    let draft = job.github.release("my-cli-v1.2.0");
    assert!(draft.draft && job.github.release("lib-v2.0.0-rc.1").immutable);
    let rows =
        ["| `my-cli-v1.2.0` | a draft for now, 1 asset |", "/releases/tag/lib-v2.0.0-rc.1>) | published, 1 asset |"];
    assert!(rows.iter().all(|row| ended.summary.contains(row)), "{}", ended.summary);

    job.repo.write(&format!("dist/my-cli-{LINUX}/my-cli"), executables::executable(LINUX));
    let ended = job.step("distribute", &[]);
    assert_eq!(ended.code, 0, "{}", ended.log);
    let release = job.github.release("my-cli-v1.2.0");
    assert!(release.immutable && release.id == draft.id);
    assert_eq!((release.title, release.body), (draft.title, draft.body));
    assert_eq!(job.github.assets("my-cli-v1.2.0").len(), 4, "{:?}", job.github.assets("my-cli-v1.2.0"));

    job.github.clear_requests();
    for (mode, inputs) in [("publish", &assets[..]), ("distribute", &[])] {
        let ended = job.step(mode, &[&[("CREATE-GITHUB-RELEASE", "true")], inputs].concat());
        assert_eq!(ended.code, 0, "{}", ended.log);
    }
    assert_eq!(job.github.writes(), []);
}

#[test]
fn a_release_that_fails_leaves_the_tags_pushed_and_the_outputs_written_and_is_made_by_the_next_run() {
    let job = Job::new("");
    job.github.fail(Fault::on("POST", "*/releases").status(403));
    let ended = job.publish(&[]);
    assert_eq!(ended.code, 1, "{}", ended.log);
    assert!(ended.outputs.contains("published=true\n"), "{}", ended.outputs);
    assert!(ended.log.contains("::error") && ended.log.contains("Resource not accessible"), "{}", ended.log);
    let remote = job.repo.git(&["ls-remote", "--tags", "origin"]);
    assert!(remote.contains("lib-v2.0.0-rc.1") && remote.contains("my-cli-v1.2.0"), "{remote}");
    assert_eq!(job.github.releases().len(), 1, "the other one is made");
    // A later commit does not have to repeat the failed run.
    job.repo.commit("later");
    job.repo.push_to_origin();
    let ended = job.publish(&[]);
    assert_eq!(ended.code, 0, "{}", ended.log);
    assert!(job.github.releases().iter().all(|release| !release.draft));
    assert_eq!(job.github.releases().len(), 2);
}

#[test]
fn a_dry_run_says_what_would_be_made_and_makes_nothing() {
    let job = Job::new("");
    job.repo.write("a.zip", "a");
    let ended = job.publish(&[("DRY-RUN", "true"), ("RELEASE-ASSETS", "*.zip"), ("OPEN-DISCUSSION", "false")]);
    assert_eq!(ended.code, 0, "{}", ended.log);
    assert!(ended.log.contains("release my-cli-v1.2.0: would be published, 1 asset\n"), "{}", ended.log);
    assert_eq!(job.github.writes(), []);
    assert_eq!(job.repo.git(&["tag", "--list"]), "");
}

#[test]
fn mistakes_in_the_inputs_are_found_before_anything_is_tagged() {
    let job = Job::new("");
    let table = [
        ("RELEASE-ASSETS", "dist/{{ nmae }}.zip", "unknown variable `nmae`"),
        ("OPEN-DISCUSSION", "my-clii", "my-clii"),
        ("CREATE-GITHUB-RELEASE", "perhaps", "expected `true` or `false`"),
    ];
    for (input, value, words) in table {
        let ended = job.publish(&[(input, value)]);
        assert_eq!(ended.code, 1);
        assert!(ended.log.contains("::error") && ended.log.contains(words), "{}", ended.log);
    }
    job.repo.write(".sampo/config.toml", "");
    let ended = job.publish(&[]);
    assert!(ended.code == 1 && ended.log.contains("repository-unknown"), "{}", ended.log);
    assert_eq!(job.repo.git(&["tag", "--list"]), "");
    assert!(job.github.requests().is_empty());
}

#[test]
fn without_the_input_there_is_no_release_and_inputs_without_effect_are_named() {
    let job = Job::new("");
    let ended = job.step("publish", &[("RELEASE-ASSETS", "*.zip")]);
    assert_eq!(ended.code, 0, "{}", ended.log);
    assert!(ended.log.contains("the input `release-assets` has no effect"), "{}", ended.log);
    assert!(job.github.releases().is_empty());
}

#[test]
fn a_discussion_is_opened_for_what_is_published_also_if_the_delivery_publishes_it() {
    let job = Job::new(&format!("[distribute]\ntargets = ['{LINUX}']\n"));
    job.github.with_discussions(&["general", "news"]);
    let inputs = [("OPEN-DISCUSSION", "true"), ("DISCUSSION-CATEGORY", "news")];
    let titles = || -> Vec<String> {
        let discussions = job.github.discussions();
        assert!(discussions.iter().all(|discussion| discussion.category == "news"));
        discussions.into_iter().map(|discussion| discussion.title).collect()
    };
    assert_eq!(job.publish(&inputs).code, 0);
    assert_eq!(titles(), ["Release lib-v2.0.0-rc.1"]);
    job.repo.write(&format!("dist/my-cli-{LINUX}/my-cli"), executables::executable(LINUX));
    for _ in 0..2 {
        let ended = job.step("distribute", &inputs);
        assert_eq!(ended.code, 0, "{}", ended.log);
        assert_eq!(titles(), ["Release lib-v2.0.0-rc.1", "Release my-cli-v1.2.0"], "{}", ended.log);
    }
}

#[test]
fn what_stands_in_inputs_and_answers_never_steers_the_runner() {
    let job = Job::new("");
    job.github.fail(Fault::on("GET", "*/releases").status(403).times(2));
    let evil = "x\n::set-output name=a::b => ${{ github.token }}\n##[error]y";
    let ended = job.publish(&[("RELEASE-ASSETS", "::set-env name=a::b.zip\n##[error]y")]);
    let steers = |line: &&str| line.starts_with("::set-") || line.starts_with("##[");
    assert_eq!(ended.log.lines().find(steers), None, "{}", ended.log);
    let ended = job.publish(&[("RELEASE-ASSETS", evil)]);
    assert_eq!((ended.code, ended.log.lines().find(steers)), (1, None), "{}", ended.log);
}
