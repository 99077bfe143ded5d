//! Rules of releases, one case each: a repository, commands of the built binary, and every file that they change.
//!
//! A case is a file below `cases/`. Its first lines say which rule it shows; then:
//!
//! ```text
//! @write PATH      a file, written before the next command: all lines up to the next mark
//! @delete PATH     the same for a file that somebody removes
//! $ COMMAND        run in the repository; behind it what it says: its standard output, standard error behind `! `,
//!                  and `? STATUS` unless that is 0
//! @changed PATH    a file that the command has made or changed, whole
//! @removed PATH    a file that it has removed
//! ```
//!
//! `␍` stands for a carriage return, `␄` for an end without a line break, `«BOM»` for a byte order mark. A crate needs
//! no source files, a folder `.sampo` is there, the date is 2026-11-22, and nothing is committed unless a command does it. The random name
//! of what `sampo add` writes becomes `noted-1.md`, `noted-2.md` and so on. `UPDATE_CASES=1` writes what the commands do
//! into the cases: read the difference before you commit it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use sampo_testkit::Repo;

/// Noon of 2026-11-22 in UTC.
const NOW: &str = "1795348800";

#[test]
fn releases() {
    run("release");
}

#[test]
fn pre_releases() {
    run("prerelease");
}

#[test]
fn changelogs() {
    run("changelog");
}

#[test]
fn changesets() {
    run("changeset");
}

#[test]
fn additions() {
    run("add");
}

#[test]
fn npm_packages() {
    run("npm");
}

#[test]
fn configurations() {
    run("config");
}

/// Runs every case of a folder.
fn run(folder: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(folder);
    let mut cases: Vec<PathBuf> = fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path()).collect();
    cases.sort();
    let failures: Vec<String> = cases.iter().filter_map(|path| check(path).err()).collect();
    assert!(!cases.is_empty() && failures.is_empty(), "{}", failures.join("\n"));
}

fn check(path: &Path) -> Result<(), String> {
    let expected = fs::read_to_string(path).unwrap();
    let found = play(&expected);
    if found == expected {
        return Ok(());
    }
    if std::env::var_os("UPDATE_CASES").is_some() {
        fs::write(path, found).unwrap();
        return Ok(());
    }
    let shared = expected.lines().zip(found.lines()).take_while(|(expected, found)| expected == found).count();
    let rest = |text: &str| text.lines().skip(shared).take(12).collect::<Vec<_>>().join("\n");
    let place = format!("{}:{}", path.display(), shared + 1);
    Err(format!("{place}\n--- expected\n{}\n--- found\n{}\n", rest(&expected), rest(&found)))
}

/// The case as it comes out: what is given stays, what commands do is written anew.
fn play(case: &str) -> String {
    let mut scene = Scene { repo: Repo::new(), text: String::new(), noted: 0 };
    fs::create_dir(scene.repo.path(".sampo")).unwrap();
    let mut lines = case.lines().peekable();
    while let Some(line) = lines.next() {
        let mut block = Vec::new();
        while let Some(line) = lines.next_if(|line| !is_mark(line)) {
            block.push(line);
        }
        if let Some(path) = line.strip_prefix("@write ") {
            scene.repo.write(path, decode(&block));
            scene.provide_source(path);
        } else if let Some(path) = line.strip_prefix("@delete ") {
            fs::remove_file(scene.repo.path(path)).unwrap();
        } else if let Some(command) = line.strip_prefix("$ ") {
            scene.execute(command);
            continue;
        } else if line.starts_with('@') {
            continue;
        }
        scene.line(line);
        block.into_iter().for_each(|line| scene.line(line));
    }
    scene.text
}

fn is_mark(line: &str) -> bool {
    ["@write ", "@delete ", "@changed ", "@removed ", "$ "].iter().any(|mark| line.starts_with(mark))
}

struct Scene {
    repo: Repo,
    text: String,
    /// How many changesets got a name of ours.
    noted: usize,
}

impl Scene {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// Cargo insists on a source file; a case would say nothing by it.
    fn provide_source(&self, manifest: &str) {
        if manifest.ends_with("Cargo.toml") && self.repo.read(manifest).contains("[package]") {
            let folder = manifest.strip_suffix("Cargo.toml").unwrap_or_default();
            self.repo.write(&format!("{folder}src/lib.rs"), "");
        }
    }

    fn execute(&mut self, command: &str) {
        let before = self.files();
        let words = shlex::split(command).unwrap();
        let is_variable = |word: &&String| word.split('/').next().is_some_and(|word| word.contains('='));
        let variables = words.iter().take_while(is_variable).filter_map(|word| word.split_once('='));
        let [program, arguments @ ..] = &words[variables.clone().count()..] else { panic!("no program: {command}") };
        let program = if program == "sampo" { env!("CARGO_BIN_EXE_sampo") } else { program };
        let output =
            self.repo.command(program).env("SOURCE_DATE_EPOCH", NOW).args(arguments).envs(variables).output().unwrap();
        self.line(&format!("$ {command}"));
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            let line = self.named(line);
            self.line(&line);
        }
        let root = self.repo.root().to_string_lossy().into_owned();
        let said = String::from_utf8_lossy(&output.stderr).replace(&root, "ROOT");
        said.lines().for_each(|line| self.line(&format!("! {line}")));
        if !output.status.success() {
            self.line(&format!("? {}", output.status.code().unwrap()));
        }
        let after = self.files();
        for (path, text) in after.iter().filter(|(path, text)| before.get(*path) != Some(text)) {
            self.line(&format!("@changed {path}"));
            self.text.push_str(&encode(text));
        }
        for path in before.keys().filter(|path| !after.contains_key(*path)) {
            self.line(&format!("@removed {path}"));
        }
    }

    /// Gives the changeset that this line tells of a name that is the same in every run.
    fn named(&mut self, line: &str) -> String {
        let Some(path) = line.strip_prefix("wrote ").filter(|path| path.starts_with(".sampo/changesets/")) else {
            return line.to_owned();
        };
        self.noted += 1;
        let name = format!(".sampo/changesets/noted-{}.md", self.noted);
        fs::rename(self.repo.path(path), self.repo.path(&name)).unwrap();
        format!("wrote {name}")
    }

    /// The text of every file but git's own.
    fn files(&self) -> BTreeMap<String, String> {
        let mut files = BTreeMap::new();
        let mut folders = vec![self.repo.root().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.ends_with(".git") {
                    continue;
                }
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let name = path.strip_prefix(self.repo.root()).unwrap().to_string_lossy().replace('\\', "/");
                files.insert(name, String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned());
            }
        }
        files
    }
}

fn decode(lines: &[&str]) -> String {
    let text = lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    text.replace('␍', "\r").replace("␄\n", "").replace("«BOM»", "\u{feff}")
}

fn encode(text: &str) -> String {
    let end = if text.is_empty() || text.ends_with('\n') { "" } else { "␄\n" };
    format!("{}{end}", text.replace('\r', "␍").replace('\u{feff}', "«BOM»"))
}
