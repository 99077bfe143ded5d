//! Questions, answered in a real pseudo terminal.

#![cfg(unix)]

use std::os::unix::fs::PermissionsExt;

use rexpect::process::WaitStatus;
use rexpect::reader::Options;
use rexpect::session::{PtySession, spawn_with_options};
use sampo_testkit::Repo;

const ENTER: &str = "\r";
const SPACE: &str = " ";
const DOWN: &str = "\x1b[B";
const SHOW_CURSOR: &str = "\x1b[?25h";
const HIDE_CURSOR: &str = "\x1b[?25l";

/// How long to wait for what should be there at once, on a machine that is busy.
const PATIENCE: u64 = 60_000;

/// `sampo` with `arguments` on a terminal of its own, without the escape sequences that it writes.
fn sampo(repo: &Repo, arguments: &[&str], variables: &[(&str, &str)]) -> PtySession {
    let mut command = repo.command(env!("CARGO_BIN_EXE_sampo"));
    command.args(arguments).env("TERM", "xterm-256color").env("SAMPO_NO_UPDATE_CHECK", "1");
    command.envs(variables.iter().copied());
    let options = Options::new().timeout_ms(Some(PATIENCE)).strip_ansi_escape_codes(true);
    spawn_with_options(command, options).unwrap()
}

/// Waits for `question`, then types `keys`.
#[track_caller]
fn reply(session: &mut PtySession, question: &str, keys: &[&str]) {
    session.exp_string(question).unwrap();
    for key in keys {
        session.send(key).unwrap();
        session.flush().unwrap();
    }
}

/// What it said last, once it has ended with `code`.
#[track_caller]
fn ended(mut session: PtySession, code: i32) -> String {
    let said = session.exp_eof().unwrap();
    let status = session.process().wait().unwrap();
    assert!(matches!(status, WaitStatus::Exited(_, found) if found == code), "{status:?}: {said}");
    said
}

fn workspace(config: &str) -> Repo {
    let repo = Repo::new();
    repo.cargo_workspace(&[("core", "1.0.0", ""), ("my-cli", "1.0.0", ""), ("util", "1.0.0", "")]);
    repo.write(".sampo/config.toml", config);
    repo
}

/// The one changeset there is.
#[track_caller]
fn changeset(repo: &Repo) -> String {
    let files: Vec<_> = std::fs::read_dir(repo.path(".sampo/changesets")).unwrap().flatten().collect();
    assert_eq!(files.len(), 1);
    std::fs::read_to_string(files[0].path()).unwrap()
}

#[test]
fn add_asks_for_everything_and_packages_can_be_searched_for() {
    let repo = workspace("[changesets]\ntags = ['Added', 'Fixed']\n");
    let mut session = sampo(&repo, &["add"], &[]);
    reply(&mut session, "Which packages does the change touch?", &[ENTER]);
    reply(&mut session, "choose at least one", &["mcl", SPACE, "util", SPACE, ENTER]);
    reply(&mut session, "Which of them rise by a patch?", &["utl", SPACE, ENTER]);
    reply(&mut session, "Which of them rise by a minor?", &[ENTER]);
    reply(&mut session, "Which of them rise by a major?", &[SPACE, ENTER]);
    reply(&mut session, "Which category?", &[DOWN, ENTER]);
    reply(&mut session, "What do readers of the changelog learn?", &["Fixed `it`.", ENTER]);
    let said = ended(session, 0);
    let expected = "---\ncargo/util: patch (Fixed)\ncargo/my-cli: major (Fixed)\n---\n\nFixed `it`.\n";
    assert_eq!(changeset(&repo), expected);
    let file = said.split_once("wrote ").unwrap().1.lines().next().unwrap().trim();
    assert_eq!(repo.read(file), expected);
    assert!(said.contains("cargo/my-cli: major (Fixed)"), "the file is shown: {said}");
}

#[test]
fn add_asks_only_for_what_the_command_line_lacks() {
    let repo = workspace("");
    let mut session = sampo(&repo, &["add", "-p", "core", "-m", "New."], &[]);
    reply(&mut session, "How much does core rise?", &["maj", ENTER]);
    ended(session, 0);
    assert_eq!(changeset(&repo), "---\ncargo/core: major\n---\n\nNew.\n");

    let repo = workspace("");
    let mut session = sampo(&repo, &["add", "-p", "core", "-b", "minor"], &[]);
    reply(&mut session, "What do readers of the changelog learn?", &[ENTER]);
    reply(&mut session, "the message is blank", &["New.", ENTER]);
    ended(session, 0);
    assert_eq!(changeset(&repo), "---\ncargo/core: minor\n---\n\nNew.\n");
}

/// An editor that remembers its arguments and writes `text` in front of what is in the file.
fn editor(repo: &Repo, text: &str) -> String {
    let path = repo.outside("tools").join("an editor");
    let script = format!(
        "#!/bin/sh\nprintf '%s' \"$1\" > '{0}/argument'\ncp \"$2\" '{0}/template'\n\
         printf '{text}' | cat - '{0}/template' > \"$2\"\n",
        repo.outside("tools").display()
    );
    std::fs::write(&path, script).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    format!("'{}' --wait", path.display())
}

#[test]
fn an_empty_line_opens_the_editor_with_its_arguments_and_its_comment_is_left_out() {
    let repo = workspace("");
    let editor = editor(&repo, "# New\\n\\n- One.\\n");
    let mut session = sampo(&repo, &["add", "-p", "core", "-b", "minor"], &[("VISUAL", &editor), ("EDITOR", "false")]);
    reply(&mut session, "enter alone opens your editor", &[ENTER]);
    ended(session, 0);
    assert_eq!(changeset(&repo), "---\ncargo/core: minor\n---\n\n# New\n\n- One.\n");
    let tools = repo.outside("tools");
    assert_eq!(std::fs::read_to_string(tools.join("argument")).unwrap(), "--wait");
    let template = std::fs::read_to_string(tools.join("template")).unwrap();
    assert!(template.contains("cargo/core: minor"), "{template}");
}

#[test]
fn the_editor_needs_no_terminal_and_without_a_message_nothing_is_written() {
    let repo = workspace("");
    let add = |editor: &str| {
        let mut command = repo.command(env!("CARGO_BIN_EXE_sampo"));
        command.args(["add", "-p", "core", "-b", "minor", "--editor"]).env("EDITOR", editor);
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    for (editor, expected) in [
        (editor(&repo, " \\n"), "error[changeset-invalid]: a changeset needs a message"),
        ("false".into(), "the editor `false` ended with exit status: 1"),
        (String::new(), "no editor is configured: set `VISUAL` or `EDITOR`"),
    ] {
        let (code, said) = add(&editor);
        assert!(code == Some(1) && said.contains(expected), "{code:?}: {said}");
        assert!(!repo.exists(".sampo/changesets"));
    }
    assert_eq!(add(&editor(&repo, "New.")).0, Some(0));
    assert_eq!(changeset(&repo), "---\ncargo/core: minor\n---\n\nNew.\n");
}

/// Runs `sampo add` or `init` below a shell, which then tells the exit code and whether the terminal takes lines.
fn cancelled(repo: &Repo, arguments: &str, question: &str, key: impl FnOnce(&mut PtySession)) -> String {
    let mut command = repo.command("sh");
    let script = format!("'{}' {arguments}; echo code=$?; stty -a", env!("CARGO_BIN_EXE_sampo"));
    command.args(["-c", &script]).env("TERM", "xterm").env("SAMPO_NO_UPDATE_CHECK", "1");
    let options = Options::new().timeout_ms(Some(PATIENCE));
    let mut session = spawn_with_options(command, options).unwrap();
    let before = session.exp_string(question).unwrap();
    key(&mut session);
    before + &session.exp_eof().unwrap()
}

#[test]
fn a_question_that_is_left_ends_with_130_writes_nothing_and_gives_the_terminal_back() {
    let repo = workspace("");
    repo.commit("first");
    let control_c = |session: &mut PtySession| session.send_control('c').unwrap();
    let escape = |session: &mut PtySession| {
        session.send("\x1b").unwrap();
        session.flush().unwrap();
    };
    let all = [
        cancelled(&repo, "add", "Which packages", control_c),
        cancelled(&repo, "add -p core", "How much does", control_c),
        cancelled(&repo, "add -p core -b minor", "What do readers", control_c),
        cancelled(&repo, "add -p core -b minor", "What do readers", escape),
    ];
    for said in all {
        assert!(said.contains("cancelled: nothing was written") && said.contains("code=130"), "{said}");
        assert!(said.rfind(SHOW_CURSOR) >= said.rfind(HIDE_CURSOR), "{said:?}");
        assert!(said.contains("isig icanon"), "{said}");
        assert_eq!(repo.git(&["status", "--porcelain"]), "");
    }
}

#[test]
fn init_asks_how_tags_and_changelogs_look_and_knows_what_git_knows() {
    let repo = Repo::new();
    repo.cargo_workspace(&[("my-cli", "1.0.0", "")]);
    repo.commit("first");
    repo.git(&["branch", "--move", "master"]);
    repo.git(&["remote", "add", "origin", "https://github.com/acme/app"]);
    let said =
        cancelled(&repo, "init", "Which GitHub repository is this?", |session| session.send_control('c').unwrap());
    assert!(said.contains("code=130") && !repo.exists(".sampo"), "{said}");

    let mut session = sampo(&repo, &["init"], &[]);
    reply(&mut session, "Which GitHub repository is this?", &["/x", ENTER]);
    reply(&mut session, "`acme/app/x` is not a repository", &["\x7f\x7f", ENTER]);
    reply(&mut session, "Which branch is released from?", &[ENTER]);
    reply(&mut session, "How are releases tagged?", &[ENTER]);
    reply(&mut session, "How are changes grouped in changelogs?", &["category", ENTER]);
    reply(&mut session, "What do changelogs show?", &[DOWN, SPACE, ENTER]);
    ended(session, 0);
    let config = repo.read(".sampo/config.toml");
    for line in [
        "repository = \"acme/app\"",
        "default_branch = \"master\"",
        "tag_format = \"v{version}\"",
        "tags = [\"Added\", \"Changed\", \"Deprecated\", \"Removed\", \"Fixed\", \"Security\"]",
        "# show_commit_hash = true",
        "show_acknowledgments = false",
    ] {
        assert!(config.contains(&format!("\n{line}\n")), "{line}: {config}");
    }
    // Nothing is asked for what is there.
    ended(sampo(&repo, &["init"], &[]), 0);
    assert_eq!(repo.read(".sampo/config.toml"), config);
}

#[test]
fn pre_asks_what_shall_happen_to_which_packages() {
    let repo = workspace("");
    let mut session = sampo(&repo, &["pre"], &[]);
    reply(&mut session, "What shall happen?", &[ENTER]);
    reply(&mut session, "Which label?", &["1", ENTER]);
    reply(&mut session, "one part that is no number", &["\x7f", "rc", ENTER]);
    reply(&mut session, "Which packages begin a pre-release?", &["core", SPACE, ENTER]);
    let said = ended(session, 0);
    assert!(said.contains("  core: 1.0.0 -> "), "{said}");
    assert!(repo.read("crates/core/Cargo.toml").contains("-rc\""), "{}", repo.read("crates/core/Cargo.toml"));

    repo.commit("first");
    let said = cancelled(&repo, "pre exit", "Which packages leave their pre-release?", |session| {
        session.send_control('c').unwrap();
    });
    assert!(said.contains("code=130") && repo.git(&["status", "--porcelain"]).is_empty(), "{said}");

    let mut session = sampo(&repo, &["pre"], &[]);
    reply(&mut session, "What shall happen?", &[DOWN, ENTER]);
    reply(&mut session, "Which packages leave their pre-release?", &[SPACE, ENTER]);
    ended(session, 0);
    assert!(!repo.read("crates/core/Cargo.toml").contains("-rc"));
}

#[test]
fn distribute_init_asks_for_what_neither_options_nor_the_workspace_say() {
    let repo = Repo::new();
    repo.cargo_workspace(&[("my-cli", "1.0.0", "")]);
    repo.write(".github/workflows/release.yml", "name: Docker\non: push\njobs: {}\n");
    repo.commit("first");
    let said = cancelled(&repo, "distribute init", "Which systems do your users have?", |session| {
        session.send_control('c').unwrap();
    });
    assert!(said.contains("code=130") && repo.git(&["status", "--porcelain"]).is_empty(), "{said}");

    let mut session = sampo(&repo, &["distribute", "init"], &[]);
    reply(&mut session, "Which systems do your users have?", &["riscv", SPACE, ENTER]);
    reply(&mut session, "How are programs packed?", &["zst", ENTER]);
    reply(&mut session, "Where do programs go?", &[ENTER]);
    reply(&mut session, "choose at least one", &[SPACE, DOWN, SPACE, ENTER]);
    reply(&mut session, "Which folder?", &[&"\x7f".repeat("/{{ version }}".len()), ENTER]);
    reply(&mut session, "the same folder for every version", &["/{{ version }}", ENTER]);
    reply(&mut session, "Which GitHub repository is this?", &["acme", ENTER]);
    reply(&mut session, "`acme` is not a repository", &["/app", ENTER]);
    reply(&mut session, "Which workflow is written?", &[ENTER]);
    reply(&mut session, "What becomes of it?", &[ENTER]);
    reply(&mut session, "Tell `cargo binstall` where the archives are, in crates/my-cli/Cargo.toml?", &["n", ENTER]);
    ended(session, 0);
    let config = repo.read(".sampo/config.toml");
    for lines in [
        "repository = \"acme/app\"",
        "    \"x86_64-pc-windows-msvc\",",
        "    \"riscv64gc-unknown-linux-gnu\",",
        "[distribute.archive]\nunix = \"tar.zst\"",
        "[distribute.backends.github]\ntype = \"github-release\"",
        "[distribute.backends.site]\ntype = \"directory\"\npath = \"site/{{ crate }}/{{ version }}\"",
    ] {
        assert!(config.contains(&format!("\n{lines}\n")), "{lines}: {config}");
    }
    assert!(repo.read(".github/workflows/release.yml").starts_with("name: Docker"));
    assert!(repo.read(".github/workflows/sampo.yml").contains("command: distribute"));
    assert!(!repo.read("crates/my-cli/Cargo.toml").contains("binstall"));

    // Only what was left out is asked for again.
    let mut session = sampo(&repo, &["distribute", "init"], &[]);
    reply(&mut session, "Tell `cargo binstall` where the archives are", &[ENTER]);
    ended(session, 0);
    assert!(repo.read("crates/my-cli/Cargo.toml").contains("pkg-fmt = \"tzstd\""));
    let said = ended(sampo(&repo, &["distribute", "init"], &[]), 0);
    assert!(said.contains("everything is set up already"), "{said}");
}

#[test]
fn distribute_init_offers_to_replace_a_workflow_that_releases_already() {
    let repo = Repo::new();
    repo.cargo_workspace(&[("my-cli", "1.0.0", "")]);
    let workflow = ".github/workflows/ci.yml";
    repo.write(workflow, "on: push\njobs:\n  a:\n    steps:\n      - run: sampo publish\n").commit("first");
    let target = ["--target", "aarch64-apple-darwin", "--archive", "zip", "--no-binstall", "--repository", "acme/app"];
    let options = [&["distribute", "init", "--backend", "github-release"], &target[..]].concat();
    let mut session = sampo(&repo, &options, &[]);
    reply(&mut session, "Which workflow is written?", &[ENTER]);
    reply(&mut session, "`.github/workflows/ci.yml` is there already. What becomes of it?", &["replace", ENTER]);
    ended(session, 0);
    assert!(repo.read(workflow).contains("command: distribute"));
    assert!(!repo.exists(".github/workflows/release.yml"));
}

#[test]
fn distribute_init_asks_what_a_package_of_npm_delivers() {
    let repo = Repo::new();
    repo.write("package.json", r#"{ "name": "tool", "version": "1.0.0" }"#).commit("first");
    let options = ["distribute", "init", "--backend", "directory", "--ci", "none", "--target", "aarch64-apple-darwin"];
    let mut session = sampo(&repo, &options, &[]);
    reply(&mut session, "Which one is delivered?", &[ENTER]);
    reply(&mut session, "Which files does its build make for a target?", &[ENTER]);
    reply(&mut session, "Which command makes them?", &["npm run compile", ENTER]);
    ended(session, 0);
    let config = repo.read(".sampo/config.toml");
    let table = "[distribute.packages.\"npm/tool\"]\nbuild = \"npm run compile\"\n\
                 artifacts = [\"dist/tool-{{ target }}/*{{ target }}*\"]\n";
    assert!(config.contains(table), "{config}");
}

/// A place of the index that takes connections, and what it does with them.
fn index(answer: Option<&'static str>) -> String {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let mut held = Vec::new();
        for mut stream in listener.incoming().flatten() {
            if let Some(answer) = answer {
                let _ = stream.read(&mut [0; 4096]);
                let _ = stream.write_all(answer.as_bytes());
            } else {
                held.push(stream);
            }
        }
    });
    address
}

#[test]
fn a_newer_version_is_told_at_the_end_only_on_a_terminal_and_never_in_ci() {
    let repo = workspace("");
    let cache = repo.outside("cache");
    let memory = cache.join("sampo/version_check");
    std::fs::create_dir_all(memory.parent().unwrap()).unwrap();
    let cache = cache.to_str().unwrap();
    // An index that never answers: whoever waited for it would never end.
    let silent = index(None);
    let variables = [("XDG_CACHE_HOME", cache), ("SAMPO_UPDATE_INDEX", &silent), ("SAMPO_NO_UPDATE_CHECK", "")];
    let hint = "hint: sampo 99.1.0 is there";
    std::fs::write(&memory, "99.1.0\n0\n").unwrap();
    let said = ended(sampo(&repo, &["status"], &variables), 2);
    assert!(said.contains(hint) && said.contains("SAMPO_NO_UPDATE_CHECK=1"), "{said}");
    for off in [("CI", "true"), ("SAMPO_NO_UPDATE_CHECK", "1")] {
        let said = ended(sampo(&repo, &["status"], &[&variables[..], &[off]].concat()), 2);
        assert!(!said.contains(hint), "{said}");
    }
    let mut command = repo.command(env!("CARGO_BIN_EXE_sampo"));
    let output = command.arg("status").envs(variables).output().unwrap();
    assert!(!String::from_utf8(output.stderr).unwrap().contains(hint), "this is no terminal");
    assert_eq!(std::fs::read_to_string(&memory).unwrap(), "99.1.0\n0\n");
}

#[test]
fn the_index_is_asked_while_a_command_waits_for_somebody() {
    let repo = workspace("");
    let cache = repo.outside("cache");
    let index = index(Some("HTTP/1.1 200 OK\r\ncontent-length: 17\r\nconnection: close\r\n\r\n{\"vers\":\"99.2.0\"}"));
    let cache_folder = cache.to_str().unwrap();
    let variables = [("XDG_CACHE_HOME", cache_folder), ("SAMPO_UPDATE_INDEX", &index), ("SAMPO_NO_UPDATE_CHECK", "0")];
    let mut session = sampo(&repo, &["add", "-p", "core", "-b", "minor"], &variables);
    session.exp_string("What do readers of the changelog learn?").unwrap();
    while !cache.join("sampo/version_check").exists() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    reply(&mut session, "", &["New.", ENTER]);
    let said = ended(session, 0);
    assert!(said.contains("sampo 99.2.0 is there"), "{said}");
}
