//! Changesets against the packages of a workspace.

use super::*;
use crate::workspace::{Ecosystem, Package};

fn workspace(names: &[&str]) -> Workspace {
    let package = |name: &&str| Package {
        id: PackageId::new(Ecosystem::Cargo, *name),
        version: Some("1.0.0".into()),
        manifest: PathBuf::from(format!("/repo/crates/{name}/Cargo.toml")),
        path: format!("crates/{name}"),
        publishable: true,
        registry: None,
        binaries: Vec::new(),
        dependencies: Vec::new(),
        metadata: serde_json::Value::Null,
    };
    Workspace {
        root: PathBuf::from("/repo"),
        packages: names.iter().map(package).collect(),
        cargo_target_directory: None,
    }
}

fn read(text: &str, tags: &[&str]) -> Result<Option<Changeset>, ChangesetError> {
    let config = ChangesetsConfig { tags: tags.iter().map(|tag| (*tag).into()).collect() };
    let path = Path::new("/repo/.sampo/changesets/brave-blue-bird.md");
    parse(path, text.to_owned(), &workspace(&["cli", "core"]), &config)
}

#[test]
fn names_become_ids_and_the_higher_level_of_two_spellings_wins() {
    let changeset = read("---\ncore: patch\nCargo/core: major\ncli: minor\n---\nx", &[]).unwrap().unwrap();
    let entries: Vec<_> = changeset.entries.iter().map(|entry| format!("{}: {}", entry.package, entry.level)).collect();
    assert_eq!(entries, ["cargo/core: major", "cargo/cli: minor"]);
}

#[test]
fn a_tag_takes_its_configured_spelling() {
    let changeset = read("---\ncore: patch (FIXED)\n---\nx", &["Fixed"]).unwrap().unwrap();
    assert_eq!(changeset.entries[0].tag.as_deref(), Some("Fixed"));
}

#[test]
fn faults_name_file_and_line() {
    let table = [
        ("---\ncoer: patch\n---\nx", ":2: no package is named `coer`; did you mean `core`?"),
        ("---\ncore: patch (New)\n---\nx", ":2: the tag `New` is used, but none is configured"),
        ("core: patch", ":1: expected `---`"),
        ("---\nHex/a: minor\n---\nx", ":2: `Hex/a` cannot be released: hex packages are not supported yet"),
    ];
    for (text, expected) in table {
        let error = read(text, &[]).unwrap_err();
        assert_eq!(error.to_string(), format!(".sampo/changesets/brave-blue-bird.md{expected}"));
        assert_eq!(error.code(), "changeset-invalid");
        assert!(error.hint().is_some(), "{text}");
    }
}

#[test]
fn a_file_whose_name_breaks_lines_is_refused() {
    let path = Path::new("/repo/.sampo/changesets/a\n::error::b.md");
    let text = "---\ncore: patch\n---\nx".to_owned();
    let error = parse(path, text, &workspace(&["core"]), &ChangesetsConfig { tags: Vec::new() }).unwrap_err();
    assert_eq!(
        error.to_string(),
        ".sampo/changesets/a\\n::error::b.md:1: the name of the file holds a control character"
    );
}

#[test]
fn files_are_taken_by_name_and_those_without_a_message_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let changesets = folder.path().join(FOLDER);
    fs::create_dir_all(changesets.join("folder.md")).unwrap();
    for (name, message) in [("b.md", "B"), ("a.md", "A"), ("c.md", ""), ("notes.txt", "x"), ("d.MD", "x")] {
        fs::write(changesets.join(name), format!("---\ncore: patch\n---\n{message}\n")).unwrap();
    }
    let workspace = Workspace { root: folder.path().to_owned(), ..workspace(&["core"]) };
    let pending = Pending::read(&workspace, &ChangesetsConfig::default()).unwrap();
    let messages: Vec<_> = pending.changesets.iter().map(|changeset| changeset.message.as_str()).collect();
    assert_eq!(messages, ["A", "B"]);
    assert_eq!(pending.without_message, [changesets.join("c.md")]);
}

#[test]
fn without_a_folder_nothing_is_pending() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = Workspace { root: folder.path().to_owned(), ..workspace(&["core"]) };
    assert_eq!(Pending::read(&workspace, &ChangesetsConfig::default()).unwrap(), Pending::default());
}
