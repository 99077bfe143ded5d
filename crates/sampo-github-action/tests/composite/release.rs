//! A release of Sampo's own programs, as the project's own configuration makes it, for the installer to download.

use std::fs;
use std::path::{Path, PathBuf};

use sampo_core::config::Config;
use sampo_testkit::Repo;
use sampo_testkit::web_root::Files;

/// The version of every program in the release.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The top folder of the project.
pub fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned()
}

/// The targets that the project delivers for.
pub fn targets() -> Vec<String> {
    let path = project().join(".sampo/config.toml");
    let config = Config::parse(&path, fs::read_to_string(&path).unwrap()).unwrap();
    config.distribute.targets.iter().map(ToString::to_string).collect()
}

/// A program for the release: on each target a script that stands for the one of that name, or calls it.
pub fn program(name: &str) -> String {
    match name {
        "sampo-github-action" => format!("#!/bin/sh\nexec '{}' \"$@\"\n", env!("CARGO_BIN_EXE_sampo-github-action")),
        _ => format!("#!/bin/sh\necho '{name} {VERSION}'\n"),
    }
}

/// The release with these scripts for programs, by name and target.
///
/// What is in it under which name is not made up here: it is what `distribute` makes of the project's configuration.
pub fn deliver(script_for: impl Fn(&str, &str) -> String) -> Files {
    let repo = Repo::new();
    let real = fs::read_to_string(project().join(".sampo/config.toml")).unwrap();
    let (own, _) = real.split_once("[distribute.backends.").unwrap();
    let config = format!(
        "{own}check_platform = false\n[distribute.backends.web]\ntype = 'directory'\npath = 'web/{{{{ tag }}}}'\nlatest = false\n"
    );
    let names = ["sampo-github-action", "sampo"];
    let manifest = |name: &str| format!("[[bin]]\nname = '{name}'\npath = 'src/lib.rs'");
    let lines = names.map(manifest);
    repo.cargo_workspace(&[
        (names[0], VERSION, &lines[0]),
        (names[1], VERSION, &lines[1]),
        ("sampo-core", VERSION, ""),
    ]);
    repo.write(".sampo/config.toml", config);
    repo.commit("release");
    for name in names {
        repo.tag(&format!("{name}-v{VERSION}"));
        for target in targets() {
            let suffix = if target.contains("windows") { ".exe" } else { "" };
            repo.write(&format!("dist/{name}-{target}/{name}{suffix}"), script_for(name, &target));
        }
    }
    let mut command = repo.command(env!("CARGO_BIN_EXE_sampo-github-action"));
    command.env("INPUT_COMMAND", "distribute").env("GITHUB_WORKSPACE", repo.root());
    command.env("RUNNER_TEMP", repo.outside("runner temp"));
    let ended = command.output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stdout));
    let folders = names.map(|name| format!("{name}-v{VERSION}"));
    folders.iter().flat_map(|folder| files_in(&repo.path("web"), folder)).collect()
}

fn files_in(root: &Path, folder: &str) -> Files {
    let entries = fs::read_dir(root.join(folder)).unwrap().map(Result::unwrap);
    let file = |entry: fs::DirEntry| {
        let path = format!("/{folder}/{}", entry.file_name().to_string_lossy());
        (path, fs::read(entry.path()).unwrap())
    };
    entries.map(file).collect()
}
