//! The Action's mode `distribute`, as a runner calls it: inputs in the environment, outputs in a file.

use std::fs;

use sampo_testkit::github::{Access, Answer, Fault, TOKEN};
use sampo_testkit::runner::Step;
use sampo_testkit::{FakeGithub, Repo, Runner, executables};

const LINUX: &str = "x86_64-unknown-linux-gnu";

struct Job {
    repo: Repo,
    github: FakeGithub,
}

impl Job {
    /// A job whose artifacts were downloaded into `dist`, for the release at HEAD.
    fn new(backends: &str) -> Self {
        let repo = Repo::new();
        repo.cargo_workspace(&[("my-cli", "1.2.0", "")]);
        let config = format!("[github]\nrepository = 'acme/app'\n[distribute]\ntargets = ['{LINUX}']\n{backends}");
        repo.write(".sampo/config.toml", config);
        let commit = repo.commit("release");
        repo.tag("my-cli-v1.2.0");
        repo.write(&format!("dist/my-cli-{LINUX}/my-cli"), executables::executable(LINUX));
        let github = FakeGithub::start();
        github.add_tag("my-cli-v1.2.0", &commit);
        Self { repo, github }
    }

    fn step(&self, token: &str, inputs: &[(&str, &str)]) -> Step {
        self.runner().env("GITHUB_API_URL", self.github.api_url()).env("GITHUB_TOKEN", token).step(inputs)
    }

    fn runner(&self) -> Runner<'_> {
        Runner::new(&self.repo, env!("CARGO_BIN_EXE_sampo-github-action"))
    }
}

#[test]
fn it_delivers_and_tells_the_following_steps() {
    let job = Job::new("");
    let ended = job.step(TOKEN, &[("COMMAND", "distribute")]);
    assert_eq!(ended.code, 0, "{}", ended.log);
    let report = job.repo.outside("runner").join("sampo-distribute-report.json");
    assert_eq!((ended.output("distributed"), ended.output("failed-backends")), ("true", "[]"));
    assert_eq!(ended.output("distribute-report"), report.to_string_lossy());
    assert_eq!(ended.output("retry-matrix"), "");
    assert!(ended.summary.starts_with("## 3 delivered\n"), "{}", ended.summary);
    assert_eq!(job.github.assets("my-cli-v1.2.0").len(), 3);
    assert!(fs::read_to_string(report).unwrap().contains("\"delivered\""));
}

#[test]
fn a_failed_backend_is_named_in_the_outputs_and_annotated() {
    let job = Job::new(
        "[distribute.backends.site]\ntype = 'directory'\npath = 'site/{{ version }}'\n[distribute.backends.github]\ntype = 'github-release'\n",
    );
    let runner = job.runner().env("GITHUB_API_URL", job.github.api_url()).env("GITHUB_RUN_ID", "77");
    let ended = runner.env("GITHUB_TOKEN", "ghp_wrong_token").step(&[("MODE", "distribute")]);
    assert_eq!(ended.code, 1, "{}", ended.log);
    assert_eq!((ended.output("distributed"), ended.output("failed-backends")), ("false", "[\"github\"]"));
    assert_eq!(ended.output("retry-matrix"), "{\"include\":[{\"backend\":\"github\",\"tags\":\"my-cli-v1.2.0\"}]}");
    assert!(ended.told("error").iter().any(|told| told.contains(" to github: ")), "{}", ended.log);
    // The report in the runner's temporary folder is out of reach for whoever reads this.
    let again = "\nsampo distribute --tag my-cli-v1.2.0 --backend github\n";
    assert!(ended.summary.contains(again) && ended.summary.contains("Re-run failed jobs"), "{}", ended.summary);
    assert!(ended.summary.contains("`gh run download 77 --dir dist`"), "{}", ended.summary);
    assert!(ended.summary.contains("**`credentials-refused`**"), "{}", ended.summary);
    assert!(!ended.log.contains("ghp_wrong_token"));
    assert!(job.repo.exists("site/1.2.0/manifest.json"));
}

#[test]
fn inputs_narrow_the_delivery_and_a_dry_run_writes_nothing() {
    let job = Job::new("");
    let inputs = [("COMMAND", "distribute"), ("TAG", "my-cli-v1.2.0"), ("TARGET", LINUX), ("DRY-RUN", "true")];
    let ended = job.step(TOKEN, &inputs);
    assert_eq!(ended.code, 0, "{}", ended.log);
    assert_eq!(ended.output("distributed"), "false");
    assert!(job.github.writes().is_empty());
}

#[test]
fn nothing_to_distribute_is_no_failure_of_the_job() {
    let job = Job::new("");
    job.repo.commit("later");
    let ended = job.step(TOKEN, &[("COMMAND", "distribute")]);
    assert_eq!(ended.code, 0, "{}", ended.log);
    assert_eq!(ended.output("distributed"), "false");
}

#[test]
fn a_mode_that_is_not_there_is_an_error_that_names_those_that_are() {
    let job = Job::new("");
    let ended = job.step(TOKEN, &[("COMMAND", "deploy")]);
    assert_eq!(ended.code, 1);
    let modes = "there is no mode `deploy`; the modes are `auto`, `plan`, `release`, `publish`, `distribute`, `verify`";
    assert!(ended.log.contains(modes), "{}", ended.log);
}

#[test]
fn nothing_that_a_command_prints_steers_the_runner() {
    let words = "::set-output name=x::y\\n##[add-mask]z\\n  ::add-path::/evil\\rdone\\r::set-env name=a::b";
    for code in [0, 1] {
        let run = format!("printf '{words}\\n' >&2; exit {code}");
        let job = Job::new(&format!("[distribute.backends.evil]\ntype = 'command'\nrun = \"{run}\"\n"));
        let ended = job.step(TOKEN, &[("COMMAND", "distribute")]);
        assert_eq!(ended.code, code, "{}", ended.log);
        let ours = ["error", "warning", "group", "endgroup"];
        let strange = ended.commands().into_iter().find(|command| !ours.contains(&command.name.as_str()));
        assert_eq!(strange, None, "{}", ended.log);
    }
}

#[cfg(unix)]
#[test]
fn a_cancelled_job_keeps_its_report_and_leaves_no_process() {
    let job =
        Job::new("[distribute.backends.slow]\ntype = 'command'\nrun = 'touch started; sleep 77; touch survived'\n");
    let mut command = job.runner().command(&[("command", "distribute")]);
    command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    let mut child = command.spawn().unwrap();
    while !job.repo.exists("started") {
        assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    // GitHub sends SIGINT, then SIGTERM.
    job.repo.run("kill", &["-INT", &child.id().to_string()]);
    std::thread::sleep(std::time::Duration::from_millis(300));
    job.repo.run("kill", &["-TERM", &child.id().to_string()]);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let sleeping = job.repo.output("pgrep", &["-f", "sleep 77"]);
    assert!(sleeping.stdout.is_empty(), "{}", String::from_utf8_lossy(&sleeping.stdout));
}

#[test]
fn a_relative_working_directory_starts_where_the_job_does() {
    let job = Job::new("");
    let mut command = job.repo.command(env!("CARGO_BIN_EXE_sampo-github-action"));
    command
        .current_dir(job.repo.path("crates"))
        .env("INPUT_WORKING-DIRECTORY", "my-cli")
        .env("INPUT_COMMAND", "distribute");
    command.env("INPUT_DRY_RUN", "true").env("GITHUB_API_URL", job.github.api_url()).env("GITHUB_TOKEN", TOKEN);
    command.env("INPUT_REPORT", job.repo.outside("runner").join("report.json"));
    let ended = command.output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stdout));
}

#[cfg(unix)]
#[test]
fn no_token_reaches_the_log_the_report_or_the_outputs() {
    let token = "ghp_SECRETofTheWorkflow0123456789";
    let job = Job::new(
        "[distribute.backends.github]\ntype = 'github-release'\nretries = 0\n\
         [distribute.backends.plain]\ntype = 'command'\nrun = 'env > ../plain.env; env; echo https://me:SECRET@host; exit 1'\n",
    );
    job.github.add_token(token, Access::Write);
    let refused = Answer::json(403, &serde_json::json!({ "message": format!("{token} may not do that") }));
    job.github.fail(Fault::on("POST", "*").answer(refused).always());
    let ended = job.step(token, &[("COMMAND", "distribute")]);
    let report = fs::read_to_string(job.repo.outside("runner").join("sampo-distribute-report.json")).unwrap();
    assert!(ended.log.contains("*** may not do that") && report.contains("https://***@host"), "{}", ended.log);
    for shown in [&ended.log, &format!("{:?}", ended.outputs), &ended.summary, &report] {
        assert!(!shown.contains("SECRET"), "{shown}");
    }
    let environment = fs::read_to_string(job.repo.root().parent().unwrap().join("plain.env")).unwrap();
    assert!(environment.contains("SAMPO_TAG") && !environment.contains(token), "{environment}");
}
