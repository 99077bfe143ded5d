//! `action.yml` as a runner plays it: it installs the program from a release on a local server, and runs it.
#![cfg(unix)]

#[path = "composite/release.rs"]
mod release;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::OnceLock;

use release::VERSION;
use sampo_testkit::web_root::{Files, WebFault};
use sampo_testkit::workflow::{Action, Ended, Machine};
use sampo_testkit::{Repo, WebRoot, executables};

const LINUX: &str = "x86_64-unknown-linux-gnu";

/// A job of a workflow on one machine, and the server with the releases.
struct Job {
    repo: Repo,
    web: WebRoot,
    action: Action,
    variables: Vec<(String, String)>,
}

impl Job {
    fn new() -> Self {
        Self::with_release(released().clone())
    }

    fn with_release(release: Files) -> Self {
        let repo = Repo::new();
        repo.cargo_workspace(&[("my-cli", "1.2.0", "")]);
        repo.write(".sampo/config.toml", format!("[distribute]\ntargets = ['{LINUX}']\n[distribute.backends.site]\ntype = 'directory'\npath = 'site/{{{{ version }}}}'\n"));
        repo.commit("release");
        repo.tag("my-cli-v1.2.0");
        repo.write(&format!("dist/my-cli-{LINUX}/my-cli"), executables::executable(LINUX));
        let web = WebRoot::start(release);
        let cache = repo.outside("tool cache").to_string_lossy().into_owned();
        let variables = vec![("SAMPO_RELEASES_URL".into(), web.url()), ("RUNNER_TOOL_CACHE".into(), cache)];
        let job = Self { action: Action::open(Path::new(env!("CARGO_MANIFEST_DIR"))), repo, web, variables };
        // Nobody waits in a test.
        job.with_tool("sleep", "echo \"waited $1 s\"").with_machine("Linux", "x86_64")
    }

    /// A program that comes first in the PATH.
    fn with_tool(mut self, name: &str, script: &str) -> Self {
        let tools = self.repo.outside("tools");
        let path = tools.join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        self.variables.retain(|(name, _)| name != "PATH");
        self.variables.push(("PATH".into(), format!("{}:{}", tools.display(), std::env::var("PATH").unwrap())));
        self
    }

    /// A machine that says that it is this.
    fn with_machine(self, system: &str, machine: &str) -> Self {
        self.with_tool("uname", &format!("case $1 in -s) echo {system} ;; -m) echo {machine} ;; esac"))
            .with_tool("getconf", "echo 'glibc 2.39'")
    }

    fn call(&self, inputs: &[(&str, &str)]) -> Ended {
        let machine = Machine::new(&self.repo, self.repo.root(), &self.repo.outside("runner"));
        let machine = self.variables.iter().fold(machine, |machine, (name, value)| machine.with(name, value.as_str()));
        self.action.call(&machine, "the-token-of-the-job", inputs)
    }

    /// Everything below the tool cache that is a file.
    fn cached(&self) -> Vec<PathBuf> {
        let mut folders = vec![self.repo.outside("tool cache")];
        let mut found = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { folders.push(path) } else { found.push(path) }
            }
        }
        found
    }
}

/// The release that most tests install.
fn released() -> &'static Files {
    static RELEASE: OnceLock<Files> = OnceLock::new();
    RELEASE.get_or_init(|| release::deliver(|name, _| release::program(name)))
}

fn address(target: &str) -> String {
    let suffix = if target.contains("windows") { "zip" } else { "tar.gz" };
    format!("/sampo-github-action-v{VERSION}/sampo-github-action-{VERSION}-{target}.{suffix}")
}

fn sums() -> String {
    format!("/sampo-github-action-v{VERSION}/SHA256SUMS")
}

#[test]
fn it_installs_the_program_and_hands_it_the_inputs_and_its_outputs_on() {
    let job = Job::new();
    let ended = job.call(&[("command", "distribute"), ("package", "my-cli"), ("backend", "site")]);
    assert_eq!(ended.code, 0, "{}", ended.log);
    assert!(job.repo.exists("site/1.2.0/manifest.json"), "{}", ended.log);
    assert_eq!(ended.outputs["distributed"], "true");
    assert_eq!(ended.outputs["failed-backends"], "[]");
    assert!(Path::new(&ended.outputs["distribute-report"]).is_file());
    assert_eq!(job.web.requests(), [sums(), address(LINUX)]);
    assert!(ended.paths.is_empty(), "{ended:?}");
}

#[test]
fn what_is_installed_already_is_not_downloaded_again() {
    let job = Job::new();
    for _ in 0..2 {
        let ended = job.call(&[("mode", "distribute")]);
        assert_eq!(ended.code, 0, "{}", ended.log);
    }
    assert_eq!(job.web.requests().len(), 2);
    // Something else under its name is replaced.
    let [program] = &job.cached()[..] else { panic!("{:?}", job.cached()) };
    fs::write(program, "#!/bin/sh\necho sampo-github-action 0.0.1\n").unwrap();
    assert_eq!(job.call(&[("mode", "distribute")]).code, 0);
    assert_eq!(job.web.requests().len(), 4);
}

#[test]
fn every_machine_gets_the_program_that_the_project_delivers_for_it() {
    let mut missing = release::targets();
    for (system, machine, target) in [
        ("Linux", "x86_64", LINUX),
        ("Linux", "aarch64", "aarch64-unknown-linux-gnu"),
        ("Darwin", "x86_64", "x86_64-apple-darwin"),
        ("Darwin", "arm64", "aarch64-apple-darwin"),
        ("MINGW64_NT-10.0-26100", "x86_64", "x86_64-pc-windows-msvc"),
    ] {
        let job = Job::new().with_machine(system, machine);
        let ended = job.call(&[("command", "distribute")]);
        assert_eq!(ended.code, 0, "{system} {machine}: {}", ended.log);
        assert_eq!(job.web.requests(), [sums(), address(target)]);
        missing.retain(|known| known != target);
    }
    for (machine, target) in [("x86_64", "x86_64-unknown-linux-musl"), ("arm64", "aarch64-unknown-linux-musl")] {
        let job = Job::new().with_machine("Linux", machine).with_tool("getconf", "exit 1");
        let ended = job.call(&[("command", "distribute")]);
        assert_eq!(ended.code, 0, "{machine}: {}", ended.log);
        assert_eq!(job.web.requests(), [sums(), address(target)]);
        missing.retain(|known| known != target);
    }
    assert!(missing.is_empty(), "nobody gets {missing:?}");
}

#[test]
fn a_program_that_does_not_start_gives_way_to_one_that_needs_less() {
    let script = |name: &str, target: &str| match target {
        LINUX => "#!/bin/sh\nexit 127\n".to_owned(),
        _ => release::program(name),
    };
    let job = Job::with_release(release::deliver(script));
    for _ in 0..2 {
        let ended = job.call(&[("command", "distribute")]);
        assert_eq!(ended.code, 0, "{}", ended.log);
    }
    assert_eq!(job.web.requests(), [sums(), address(LINUX), address("x86_64-unknown-linux-musl")]);
}

#[test]
fn an_unknown_machine_is_told_to_build_from_source() {
    for (system, machine) in [("Linux", "riscv64"), ("FreeBSD", "amd64"), ("Linux", "armv7l")] {
        let job = Job::new().with_machine(system, machine);
        let ended = job.call(&[("command", "distribute")]);
        assert_eq!(ended.code, 1);
        assert!(ended.log.contains("::error ") && ended.log.contains("`use-local-build`"), "{}", ended.log);
        assert!(job.web.requests().is_empty());
    }
}

#[test]
fn what_is_not_what_the_release_says_is_not_used() {
    let mut release = released().clone();
    release.get_mut(&address(LINUX)).unwrap().push(b'x');
    let job = Job::with_release(release);
    let ended = job.call(&[("command", "distribute")]);
    assert_eq!(ended.code, 1, "{}", ended.log);
    assert!(ended.log.contains("is not what the SHA256SUMS of its release say"), "{}", ended.log);
    assert!(job.cached().is_empty(), "{:?}", job.cached());
    assert!(!job.repo.exists("site"));
}

#[test]
fn checksums_are_read_in_every_usual_form_and_without_further_tools() {
    let mut release = released().clone();
    let lines = release.get_mut(&sums()).unwrap();
    let text = String::from_utf8(std::mem::take(lines)).unwrap();
    // As Windows writes them, of binary files, and without a last end of a line.
    *lines = text.trim_end().replace("  ", " *").replace('\n', "\r\n").into_bytes();
    let job = Job::with_release(release).with_tool("awk", "exit 127");
    let ended = job.call(&[("command", "distribute")]);
    assert_eq!(ended.code, 0, "{}", ended.log);
}

#[test]
fn a_release_that_is_not_there_is_named_at_once() {
    let job = Job::new();
    let ended = job.call(&[("command", "distribute"), ("version", "9.9.9")]);
    assert_eq!(ended.code, 1);
    assert!(ended.log.contains("/sampo-github-action-v9.9.9/SHA256SUMS"), "{}", ended.log);
    assert!(ended.log.contains("`version`"), "{}", ended.log);
    assert_eq!(job.web.requests().len(), 1);
    assert!(job.cached().is_empty());
}

#[test]
fn a_server_in_trouble_is_asked_again() {
    let job = Job::new();
    job.web.fail_next("SHA256SUMS", WebFault::Status(500)).fail_next("SHA256SUMS", WebFault::Status(429));
    job.web.fail_next(".tar.gz", WebFault::Truncated);
    let ended = job.call(&[("command", "distribute")]);
    assert_eq!(ended.code, 0, "{}", ended.log);
    assert_eq!(job.web.requests().len(), 5);
    assert!(ended.log.contains("waited 1 s") && ended.log.contains("waited 4 s"), "{}", ended.log);
}

#[test]
fn a_server_that_stays_in_trouble_ends_the_job() {
    let job = Job::new();
    for _ in 0..5 {
        job.web.fail_next("SHA256SUMS", WebFault::Status(503));
    }
    let ended = job.call(&[("command", "distribute")]);
    assert_eq!(ended.code, 1);
    assert!(ended.log.contains("cannot be downloaded"), "{}", ended.log);
    assert_eq!(job.web.requests().len(), 5);
}

#[test]
fn no_input_becomes_part_of_a_script() {
    let job = Job::new();
    for version in
        ["1.0.0$(touch pwned)", "1.0.0\n::set-output name=program::/bin/true", "../../1.0.0", "1.0.0;id", "\"'"]
    {
        let ended = job.call(&[("command", "distribute"), ("version", version)]);
        assert_eq!(ended.code, 1, "{}", ended.log);
        assert!(ended.log.contains("is no version"), "{}", ended.log);
        assert!(ended.log.lines().all(|line| line.starts_with("::error ")), "{}", ended.log);
    }
    assert!(job.web.requests().is_empty());
    let hostile =
        "`touch pwned` $(touch pwned) \"; touch pwned; ' ${{ github.token }}\n::set-output name=x::y\ndistributed=true";
    for name in ["tag", "package", "backend", "from", "retry", "use-local-build", "mode"] {
        let ended = job.call(&[("command", "distribute"), (name, hostile)]);
        assert_ne!(ended.code, 0, "{name}: {}", ended.log);
        assert_ne!(ended.outputs["distributed"], "true", "{name}");
        assert!(!ended.log.lines().any(|line| line.starts_with("::set-output")), "{name}: {}", ended.log);
    }
    assert!(!job.repo.exists("site"));
    let ended = job.call(&[("command", "distribute"), ("report", hostile)]);
    assert_eq!((ended.code, ended.outputs["distribute-report"].as_str()), (0, hostile), "{}", ended.log);
    assert!(!job.repo.exists("pwned"));
}

/// A job whose program only writes down what it was given.
fn job_that_looks() -> Job {
    let script = format!(
        "#!/bin/sh\ncase ${{1-}} in --version) echo sampo-github-action {VERSION} ;; *) env > seen; echo $$ > process ;; esac\n"
    );
    Job::with_release(release::deliver(|_, _| script.clone()))
}

#[test]
fn tokens_come_from_the_inputs_else_from_the_job() {
    let mut job = job_that_looks();
    let seen = |job: &Job, name: &str| {
        let text = job.repo.read("seen");
        text.lines().find_map(|line| Some(line.strip_prefix(name)?.strip_prefix('=')?.to_owned()))
    };
    assert_eq!(job.call(&[]).code, 0);
    assert_eq!(seen(&job, "GITHUB_TOKEN").as_deref(), Some("the-token-of-the-job"));
    // An empty token would hide one that Cargo knows from elsewhere.
    assert_eq!(seen(&job, "CARGO_REGISTRY_TOKEN"), None);
    job.variables.push(("GITHUB_TOKEN".into(), "of the step".into()));
    assert_eq!(job.call(&[]).code, 0);
    assert_eq!(seen(&job, "GITHUB_TOKEN").as_deref(), Some("of the step"));
    assert_eq!(job.call(&[("github-token", "one"), ("cargo-token", "two")]).code, 0);
    assert_eq!(seen(&job, "GITHUB_TOKEN").as_deref(), Some("one"));
    assert_eq!(seen(&job, "INPUT_CARGO_TOKEN").as_deref(), Some("two"));
}

#[test]
fn a_cancelled_job_reaches_the_program_itself() {
    let job = job_that_looks();
    let ended = job.call(&[]);
    assert_eq!(job.repo.read("process").trim(), ended.process.to_string(), "{}", ended.log);
}

#[test]
fn jobs_on_one_machine_do_not_disturb_each_other() {
    let job = Job::new();
    let install = Path::new(env!("CARGO_MANIFEST_DIR")).join("install.sh");
    let start = |index: usize| {
        let mut command = job.repo.command("bash");
        command.arg(&install).envs(job.variables.clone()).env("GITHUB_ACTION_PATH", env!("CARGO_MANIFEST_DIR"));
        command.env("GITHUB_OUTPUT", job.repo.outside("outputs").join(index.to_string()));
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let running: Vec<_> = (0..4).map(start).collect();
    for child in running {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
    let outputs: Vec<String> =
        (0..4).map(|index| fs::read_to_string(job.repo.outside("outputs").join(index.to_string())).unwrap()).collect();
    assert!(outputs.iter().all(|output| *output == outputs[0]), "{outputs:?}");
    assert_eq!(job.cached().len(), 1, "{:?}", job.cached());
}

#[test]
fn without_a_tool_cache_the_folder_of_the_job_takes_its_place() {
    let mut job = Job::new();
    job.variables.retain(|(name, _)| name != "RUNNER_TOOL_CACHE");
    let ended = job.call(&[("command", "distribute")]);
    assert_eq!(ended.code, 0, "{}", ended.log);
    assert!(job.repo.outside("runner").join("temp/sampo").is_dir());
}

#[test]
fn the_command_install_puts_the_command_line_on_the_path_and_does_nothing_else() {
    let job = Job::new();
    let ended = job.call(&[("command", "install")]);
    assert_eq!(ended.code, 0, "{}", ended.log);
    let [folder] = &ended.paths[..] else { panic!("{ended:?}") };
    assert_eq!(job.repo.run(&folder.join("sampo").to_string_lossy(), &["--version"]), format!("sampo {VERSION}"));
    assert!(!job.repo.exists("site"));
    assert!(ended.outputs.values().all(String::is_empty), "{ended:?}");
}

#[test]
fn a_local_build_comes_from_the_source_of_the_action() {
    let mut job = Job::new();
    // The source, in a folder whose name is no easy one.
    let source = job.repo.outside("actions/it's a \"fork\" $HOME");
    for path in ["crates/sampo-github-action/action.yml", "crates/sampo-github-action/install.sh"] {
        fs::create_dir_all(source.join(path).parent().unwrap()).unwrap();
        fs::copy(release::project().join(path), source.join(path)).unwrap();
    }
    job.action = Action::open(&source.join("crates/sampo-github-action"));
    let program = env!("CARGO_BIN_EXE_sampo-github-action");
    let cargo = format!("echo \"cargo $*\"; mkdir -p target/release && cp '{program}' target/release/");
    let job = job.with_tool("cargo", &cargo);
    let ended = job.call(&[("command", "distribute"), ("use-local-build", "true")]);
    let called = "cargo build --locked --release --package sampo-github-action --target-dir target\n";
    assert!(ended.log.contains(called), "{}", ended.log);
    assert!(source.join("target/release/sampo-github-action").is_file());
    assert!(job.web.requests().is_empty());
    let job = job.with_tool("cargo", "exit 101");
    let ended = job.call(&[("command", "distribute"), ("use-local-build", "true")]);
    assert_eq!(ended.code, 1);
    assert!(ended.log.contains("::error ") && ended.log.contains("cannot be built"), "{}", ended.log);
}

#[test]
fn every_input_and_output_is_handed_on_and_none_stands_in_a_script() {
    let action = Action::open(Path::new(env!("CARGO_MANIFEST_DIR")));
    let steps = serde_json::to_string(action.steps()).unwrap();
    for input in action.names("inputs") {
        let used = [" }}", " ||"].iter().any(|end| steps.contains(&format!("inputs.{input}{end}")));
        assert!(used, "nothing reads the input `{input}`");
        if let Some(value) = action.steps()[1]["env"].get(format!("INPUT_{}", input.to_uppercase().replace('-', "_"))) {
            assert_eq!(value, &format!("${{{{ inputs.{input} }}}}"));
        }
    }
    for output in action.names("outputs") {
        let value = &action.definition["outputs"][output]["value"];
        assert_eq!(value, &format!("${{{{ steps.sampo.outputs.{output} }}}}"));
    }
    let page = fs::read_to_string(release::project().join("docs/action.md")).unwrap();
    let rows: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next()).collect();
    for name in action.names("inputs").into_iter().chain(action.names("outputs")) {
        assert!(rows.iter().any(|row| row.contains(&format!("`{name}`"))), "docs/action.md does not describe `{name}`");
    }
    for step in action.steps() {
        assert!(!step["run"].as_str().unwrap().contains("${{"), "{step}");
    }
}
