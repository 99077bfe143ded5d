//! Files as nobody should write them: any bytes, and valid files with anything done to them. Reading them may fail, and
//! never panics; what a release makes of those that can be read can be read again.
//!
//! `PROPTEST_CASES` sets how many of each are tried.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use semver::Version;
use tempfile::TempDir;

use crate::changeset::Pending;
use crate::config::Config;
use crate::transaction;
use crate::workspace::files::{Moves, WorkspaceFiles};
use crate::workspace::{DependencyKind, Ecosystem, InternalDependency, Package, PackageId, Workspace};

const CONFIG: &str = ".sampo/config.toml";
const CHANGESET: &str = ".sampo/changesets/a.md";

/// What texts of every format are made of, and what may surprise a reader of one.
const WORDS: [&str; 48] = [
    "\n",
    "\r\n",
    "\r",
    "\t",
    " ",
    "\u{feff}",
    "\0",
    "ä",
    "🎉",
    "\u{2028}",
    "\\",
    "\\u",
    "\\ud800",
    "\"",
    "\"\"\"",
    "'",
    "'''",
    "#",
    "//",
    "/*",
    "*/",
    ",",
    ":",
    "=",
    ".",
    "..",
    "/",
    "(",
    ")",
    "[",
    "]",
    "[[",
    "]]",
    "{",
    "}",
    "---",
    "- ",
    "<<: *a",
    "&a",
    "? ",
    "|",
    "99999999999999999999",
    "-1",
    "1.0.0-a.0",
    "null",
    "true",
    "*",
    "a",
];

/// One thing done to a file.
#[derive(Debug, Clone)]
enum Harm {
    Cut(Index, Index),
    Repeat(Index, Index, Index),
    Insert(Index, &'static str),
    Set(Index, u8),
}

impl Harm {
    fn done_to(self, bytes: &mut Vec<u8>) {
        let at = |index: Index| index.index(bytes.len() + 1);
        let range = |a: Index, b: Index| at(a).min(at(b))..at(a).max(at(b));
        match self {
            Self::Cut(a, b) => drop(bytes.drain(range(a, b))),
            Self::Repeat(a, b, to) => {
                let (part, to) = (bytes[range(a, b)].to_vec(), at(to));
                drop(bytes.splice(to..to, part));
            }
            Self::Insert(to, word) => {
                let to = at(to);
                drop(bytes.splice(to..to, word.bytes()));
            }
            Self::Set(to, byte) => {
                let to = at(to);
                bytes.get_mut(to).into_iter().for_each(|old| *old = byte);
            }
        }
    }
}

fn harm() -> impl Strategy<Value = Harm> {
    let place = any::<Index>;
    prop_oneof![
        1 => (place(), place()).prop_map(|(a, b)| Harm::Cut(a, b)),
        1 => (place(), place(), place()).prop_map(|(a, b, to)| Harm::Repeat(a, b, to)),
        4 => (place(), select(&WORDS[..])).prop_map(|(to, word)| Harm::Insert(to, word)),
        2 => (place(), any::<u8>()).prop_map(|(to, byte)| Harm::Set(to, byte)),
    ]
}

/// Any bytes, any words, or one of `files` with some harm done to it.
fn hostile(files: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    let harmed = (select(files), vec(harm(), 1..5)).prop_map(|(file, harms)| {
        let mut bytes = file.as_bytes().to_vec();
        harms.into_iter().for_each(|harm| harm.done_to(&mut bytes));
        bytes
    });
    let words = vec(select(&WORDS[..]), 0..24).prop_map(|words| words.concat().into_bytes());
    prop_oneof![1 => vec(any::<u8>(), 0..64), 1 => words, 8 => harmed]
}

/// A repository with the crates and npm packages `a` and `b`, where `a` needs `b`.
struct Repository(TempDir);

impl Repository {
    fn new() -> Self {
        let repository = Self(tempfile::tempdir().unwrap());
        repository.write("Cargo.toml", MANIFESTS[0].as_bytes());
        repository.write("b/Cargo.toml", b"[package]\nname = \"b\"\nversion = \"1.0.0\"\n");
        repository.write("package.json", PACKAGES[0].as_bytes());
        repository.write("b/package.json", b"{ \"name\": \"b\", \"version\": \"1.0.0\" }");
        repository
    }

    fn root(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// What Cargo and npm would tell of it, had `path` not been harmed.
    fn workspace(&self) -> Workspace {
        let packages = Ecosystem::ALL.iter().flat_map(|&ecosystem| {
            let file = ecosystem.support().manifest().0;
            let id = |name: &str| PackageId::new(ecosystem, name);
            let needed = InternalDependency { package: id("b"), kind: DependencyKind::Runtime, requirement: None };
            [("a", ".", vec![needed]), ("b", "b", Vec::new())].map(|(name, path, dependencies)| Package {
                id: id(name),
                version: Some("1.0.0".into()),
                manifest: self.root().join(if path == "." { PathBuf::new() } else { path.into() }).join(file),
                path: path.into(),
                publishable: true,
                registry: None,
                binaries: Vec::new(),
                dependencies,
                metadata: serde_json::Value::Null,
            })
        });
        Workspace { root: self.root().into(), packages: packages.collect(), cargo_target_directory: None }
    }

    /// Releases both packages of both ecosystems, if the files can be read: then those that it writes can be, too.
    fn release(&self) {
        let workspace = self.workspace();
        let Ok(files) = WorkspaceFiles::read(&workspace, &transaction::read) else { return };
        let new = |id: &PackageId| if id.name() == "a" { Version::new(2, 0, 0) } else { "2.0.0-rc.1".parse().unwrap() };
        let moves: Moves =
            workspace.packages.iter().map(|each| (each.id.clone(), ("1.0.0".into(), new(&each.id)))).collect();
        for files in files.each() {
            let _ = files.check(&workspace);
            files.outside_requirements(&workspace);
            files.remarks(&moves);
        }
        for requirement in workspace.packages.iter().flat_map(|package| files.of(&package.id).requirements(package)) {
            requirement.leaves_out(&Version::new(2, 0, 0));
        }
        for change in files.changes(&workspace, &moves) {
            fs::write(&change.path, change.after.unwrap()).unwrap();
        }
        assert!(WorkspaceFiles::read(&workspace, &transaction::read).is_ok(), "what was written can be read");
    }

    fn release_with(&self, path: &str, bytes: &[u8]) {
        self.write(path, bytes);
        self.release();
    }
}

const CONFIGS: [&str; 2] = [
    "\u{feff}version = 1\n[git]\ndefault_branch = 'main'\nrelease_branches = ['next']\nshort_tags = 'a'\n\
     tag_format = '{ecosystem}-{package_name}-v{version}'\ntag_unpublished = ['a*', '*/b']\n\
     [github]\nrepository = 'acme/tools'\n[changesets]\ntags = ['Added', 'Fixed']\n\
     [changelog]\nrelease_date_format = '%Y-%m-%d'\nrelease_date_timezone = '+02:00'\nautomatic_entries = 'collapse'\n\
     [packages]\nignore = ['b']\nfixed = [['a', 'cargo/b']]\nlinked = []\nbump_dependents = 'out-of-range'\n",
    "[distribute]\ntargets = ['x86_64-unknown-linux-gnu']\n[distribute.backends.site]\ntype = 'directory'\n\
     path = 'out/{tag}'\n[distribute.packages.a]\nbackends = ['site']\n",
];

const CHANGESETS: [&str; 2] = [
    "---\ncargo/a: minor\n\"npm/b\": patch (Fixed)\n---\n\nWhat changed.\n\n- a list\n",
    "\u{feff}---\r\n\r\n'cargo/b': 'MAJOR' ( added )\r\n---\r\nä — 🎉\r\n",
];

const MANIFESTS: [&str; 2] = [
    "[package]\nname = \"a\"\nversion = \"1.0.0\" # now\n\n[dependencies]\nb = { path = \"b\", version = \"1.0.0\" }\n\n\
     [dependencies.c]\npackage = 'b'\npath = 'b'\nversion = '=1.0.0'\n\n[workspace]\nmembers = [\"b\"]\n",
    "package.name = 'a'\npackage.version.workspace = true\n[workspace.package]\nversion = '''1.0.0'''\n\
     [workspace.dependencies]\nb = \"1.0\"\nc = { package = \"b\", path = \"b\", version = \"1\" }\n\
     [target.'cfg(unix)'.dev-dependencies]\nb.workspace = true\n[patch.crates-io]\nb = { path = 'b' }\n",
];

const PACKAGES: [&str; 2] = [
    "{\n  \"name\": \"a\", \"version\": \"1.0.0\",\n  \"workspaces\": [\"b\"],\n  \"dependencies\": { \"b\": \"^1.0.0\" }\n}\n",
    "\u{feff}{\r\n\t\"name\": \"\\u0061\",\r\n\t\"version\": \"1.0.0\",\r\n\t\"private\": true,\r\n\t\"workspaces\": { \"packages\": \
     [\"*\", \"!x/**\"] },\r\n\t\"devDependencies\": { \"b\": \"workspace:~\" },\r\n\t\"peerDependencies\": { \"b\": \"1 || >=2 <3\" },\r\n\t\
     \"bundledDependencies\": [\"b\"], \"publishConfig\": { \"tag\": \"x\" }\r\n}",
];

/// Lock files by name.
static LOCK_FILES: [(&str, [&str; 1]); 5] = [
    (
        "Cargo.lock",
        ["version = 4\n\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\ndependencies = [\n \"b 1.0.0\",\n]\n\n\
         [[package]]\nname = \"b\"\nversion = \"1.0.0\"\n"],
    ),
    (
        "package-lock.json",
        [
            "{ \"name\": \"a\", \"version\": \"1.0.0\", \"lockfileVersion\": 3, \"packages\": { \"\": { \"name\": \"a\", \
         \"version\": \"1.0.0\", \"dependencies\": { \"b\": \"^1.0.0\" } }, \"b\": { \"version\": \"1.0.0\" }, \
         \"node_modules/b\": { \"resolved\": \"b\", \"link\": true } } }",
        ],
    ),
    (
        "pnpm-lock.yaml",
        [
            "lockfileVersion: '9.0'\n\nimporters:\n\n  .:\n    dependencies:\n      b:\n        specifier: ^1.0.0\n        \
         version: link:b\n\n  b: {}\n",
        ],
    ),
    (
        "yarn.lock",
        [
            "__metadata:\n  version: 8\n\n\"b@npm:^1.0.0, b@workspace:b\":\n  version: 0.0.0-use.local\n  resolution: \"b@workspace:b\"\n",
        ],
    ),
    (
        "bun.lock",
        [
            "{\n  \"lockfileVersion\": 1,\n  \"workspaces\": {\n    \"\": { \"name\": \"a\", \"dependencies\": { \"b\": \"^1.0.0\", }, },\n    \
         \"b\": { \"name\": \"b\", \"version\": \"1.0.0\", },\n  },\n  \"packages\": { \"b\": [\"b@workspace:b\"], },\n}\n",
        ],
    ),
];

fn lock_file() -> impl Strategy<Value = (&'static str, Vec<u8>)> {
    select(&LOCK_FILES[..]).prop_flat_map(|(name, _)| {
        let text = &LOCK_FILES.iter().find(|(known, _)| *known == name).expect("it is one of them").1;
        (Just(name), hostile(text))
    })
}

#[test]
fn the_files_that_are_harmed_are_whole_at_first() {
    let repository = Repository::new();
    let mut config = None;
    for text in CONFIGS {
        repository.write(CONFIG, text.as_bytes());
        let read = Config::load(repository.root()).unwrap();
        config = config.or(Some(read));
    }
    for text in CHANGESETS {
        repository.write(CHANGESET, text.as_bytes());
        let pending = Pending::read(&repository.workspace(), &config.as_ref().unwrap().changesets).unwrap();
        assert_eq!(pending.changesets.len(), 1);
    }
    let files =
        MANIFESTS.map(|text| ("Cargo.toml", text)).into_iter().chain(PACKAGES.map(|text| ("package.json", text)));
    for (path, text) in files.chain(LOCK_FILES.map(|(path, [text])| (path, text))) {
        repository.release_with(path, text.as_bytes());
        assert_ne!(fs::read_to_string(repository.root().join(path)).unwrap(), text, "`{path}` is released");
    }
}

proptest! {
    #[test]
    fn a_configuration(bytes in hostile(&CONFIGS)) {
        let repository = Repository::new();
        repository.write(CONFIG, &bytes);
        if let Ok(config) = Config::load(repository.root()) {
            let _ = config.check_packages(&repository.workspace());
            config.idle_patterns(&repository.workspace()).for_each(drop);
            config.changelog.date(chrono::DateTime::UNIX_EPOCH);
        }
    }

    #[test]
    fn a_changeset(bytes in hostile(&CHANGESETS)) {
        let repository = Repository::new();
        repository.write(CHANGESET, &bytes);
        let config = Config::parse(Path::new(CONFIG), CONFIGS[0].into()).unwrap();
        let _ = Pending::read(&repository.workspace(), &config.changesets);
    }

    #[test]
    fn a_manifest_of_cargo(bytes in hostile(&MANIFESTS)) {
        Repository::new().release_with("Cargo.toml", &bytes);
    }

    #[test]
    fn a_manifest_of_npm(bytes in hostile(&PACKAGES)) {
        Repository::new().release_with("package.json", &bytes);
    }

    #[test]
    fn a_lock_file((path, bytes) in lock_file()) {
        Repository::new().release_with(path, &bytes);
    }
}
