//! Plans of small workspaces that exist in memory only.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::*;
use crate::changeset;
use crate::workspace::{DependencyKind, Ecosystem, InternalDependency};

/// A workspace below `/repo`: its files, and what discovery makes of them.
struct Fixture {
    workspace: Workspace,
    files: BTreeMap<PathBuf, String>,
    config: Config,
    pending: Pending,
    tags: Vec<String>,
    aim: Aim,
}

impl Fixture {
    fn new(config: &str) -> Self {
        let config = Config::parse(Path::new("config.toml"), config.to_owned()).unwrap();
        let workspace = Workspace { root: "/repo".into(), packages: Vec::new(), cargo_target_directory: None };
        let fixture = Self {
            workspace,
            files: BTreeMap::new(),
            config,
            pending: Pending::default(),
            tags: Vec::new(),
            aim: Aim::Next,
        };
        fixture.file("Cargo.toml", "[workspace]\n")
    }

    fn file(mut self, path: &str, text: &str) -> Self {
        self.files.insert(self.workspace.root.join(path), text.to_owned());
        self
    }

    /// A package with further lines of its manifest.
    fn package(self, name: &str, version: &str, lines: &str) -> Self {
        let text = format!("[package]\nname = \"{name}\"\nversion = \"{version}\"\n{lines}");
        self.manifest(name, version, &text)
    }

    fn manifest(mut self, name: &str, version: &str, text: &str) -> Self {
        let path = format!("crates/{name}");
        let manifest = self.workspace.root.join(&path).join("Cargo.toml");
        self.workspace.packages.push(Package {
            id: id(name),
            version: Some(version.to_owned()),
            manifest: manifest.clone(),
            path,
            publishable: !text.contains("publish = false"),
            registry: None,
            binaries: Vec::new(),
            dependencies: dependencies(text),
            metadata: serde_json::Value::Null,
        });
        self.workspace.packages.sort_by(|a, b| a.id.cmp(&b.id));
        self.files.insert(manifest, text.to_owned());
        self
    }

    /// A changeset named by its message.
    fn change(mut self, packages: &str, message: &str) -> Self {
        let lines = packages.replace(", ", "\n");
        let path = self.workspace.root.join(changeset::FOLDER).join(format!("{message}.md"));
        let source = format!("---\n{lines}\n---\n\n{message}\n");
        self.files.insert(path.clone(), source.clone());
        let changeset = changeset::parse(&path, source, &self.workspace, &self.config.changesets).unwrap();
        self.pending.changesets.push(changeset.unwrap());
        self
    }

    fn plan(&self) -> Result<Plan, SampoError> {
        let read = |path: &Path| Ok(self.files.get(path).cloned());
        let tags = self.tags.iter().cloned().collect();
        let (workspace, config) = (&self.workspace, &self.config);
        make(
            &Input { workspace, config, date: None, read: &read, tags: &tags, aim: self.aim, credits: HashMap::new() },
            &self.pending,
        )
    }

    /// `name old -> new`, one release each.
    fn lines(&self) -> Vec<String> {
        let plan = self.plan().unwrap();
        let line =
            |release: &Release| format!("{} {} -> {}", release.display_name, release.old_version, release.new_version);
        plan.releases.iter().map(line).collect()
    }

    /// The new text of a file; what does not change is empty.
    fn text(&self, path: &str) -> String {
        let path = self.workspace.root.join(path);
        let plan = self.plan().unwrap();
        let change = plan.changes().iter().find(|change| change.path == path);
        change.and_then(|change| change.after.clone()).unwrap_or_default()
    }

    /// The same workspace once the plan is applied and its changesets are gone.
    fn applied(mut self) -> Self {
        for change in self.plan().unwrap().changes {
            match change.after {
                Some(text) => self.files.insert(change.path, text),
                None => self.files.remove(&change.path),
            };
        }
        for release in &self.plan().unwrap().releases {
            let package = self.workspace.packages.iter_mut().find(|package| package.id == release.package).unwrap();
            package.version = Some(release.new_version.to_string());
        }
        self.pending = Pending::default();
        self
    }
}

fn id(name: &str) -> PackageId {
    PackageId::new(Ecosystem::Cargo, name)
}

/// As Cargo would resolve them, where every entry with a path or from the workspace is a member.
pub(super) fn dependencies(manifest: &str) -> Vec<InternalDependency> {
    let table: toml::Table = toml::from_str(manifest).unwrap();
    let mut found = Vec::new();
    let mut collect = |owner: &toml::Table| {
        for (section, kind) in
            [("dependencies", DependencyKind::Runtime), ("dev-dependencies", DependencyKind::Development)]
        {
            let entries = owner.get(section).and_then(toml::Value::as_table).into_iter().flatten();
            for (key, entry) in entries.filter(|(_, entry)| entry.is_table()) {
                let name = entry.get("package").and_then(toml::Value::as_str).unwrap_or(key);
                found.push(InternalDependency { package: id(name), kind, requirement: None });
            }
        }
    };
    collect(&table);
    for target in table.get("target").and_then(toml::Value::as_table).into_iter().flatten() {
        collect(target.1.as_table().unwrap());
    }
    found.sort_unstable();
    found
}

/// core ← util ← cli, and a package that has nothing to do with them.
fn chain(config: &str) -> Fixture {
    Fixture::new(config)
        .package("core", "1.2.0", "")
        .package("util", "0.4.0", "[dependencies]\ncore = { path = \"../core\" }\n")
        .package("cli", "0.3.7", "[dependencies]\nutil = { path = \"../util\" }\n")
        .package("other", "2.0.0", "")
}

#[test]
fn dependents_rise_by_a_patch_all_the_way_up() {
    let fixture = chain("").change("core: minor", "New");
    assert_eq!(fixture.lines(), ["cli 0.3.7 -> 0.3.8", "core 1.2.0 -> 1.3.0", "util 0.4.0 -> 0.4.1"]);
    assert_eq!(
        fixture.text("crates/cli/CHANGELOG.md"),
        "# cli\n\n## 0.3.8\n\n### Patch changes\n\n- Updated dependencies: util@0.4.1\n\n"
    );
    let plan = fixture.plan().unwrap();
    let last = plan.changes().last().unwrap();
    assert!(last.path.ends_with("New.md") && last.after.is_none(), "changesets go last");
}

#[test]
fn the_highest_level_wins_and_every_entry_stands_under_its_own() {
    let fixture = chain("").change("other: patch", "A").change("other: minor", "B").change("other: patch", "C");
    assert_eq!(fixture.lines(), ["other 2.0.0 -> 2.1.0"]);
    assert_eq!(
        fixture.text("crates/other/CHANGELOG.md"),
        "# other\n\n## 2.1.0\n\n### Minor changes\n\n- B\n\n### Patch changes\n\n- A\n- C\n\n"
    );
}

#[test]
fn with_tags_headings_stand_as_they_come_and_automatic_entries_are_last() {
    let fixture = chain("[changesets]\ntags = [\"Fixed\", \"Added\"]")
        .change("util: patch (fixed)", "A")
        .change("util: minor", "B")
        .change("util: minor (Added), core: patch", "C");
    assert_eq!(
        fixture.text("crates/util/CHANGELOG.md"),
        "# util\n\n## 0.5.0\n\n### Fixed\n\n- A\n\n### Minor changes\n\n- B\n\n### Added\n\n- C\n\n### Patch changes\n\n- \
         Updated dependencies: core@1.2.1\n\n"
    );
}

#[test]
fn a_fixed_group_shares_the_level_not_the_version() {
    let fixture = Fixture::new("[packages]\nfixed = [[\"a\", \"b\"]]")
        .package("a", "1.0.0", "")
        .package("b", "2.3.4", "")
        .change("a: minor", "New");
    assert_eq!(fixture.lines(), ["a 1.0.0 -> 1.1.0", "b 2.3.4 -> 2.4.0"]);
    assert_eq!(
        fixture.text("crates/b/CHANGELOG.md"),
        "# b\n\n## 2.4.0\n\n### Minor changes\n\n- Bumped due to fixed dependency group policy\n\n"
    );
}

#[test]
fn a_dependent_in_a_fixed_group_takes_the_level_of_its_dependency_and_its_group_follows() {
    let fixture = chain("[packages]\nfixed = [[\"util\", \"other\"]]").change("core: major", "New");
    assert_eq!(
        fixture.lines(),
        ["cli 0.3.7 -> 0.3.8", "core 1.2.0 -> 2.0.0", "other 2.0.0 -> 3.0.0", "util 0.4.0 -> 1.0.0"]
    );
}

#[test]
fn linked_packages_meet_at_the_highest_level_unless_they_are_not_touched() {
    let fixture = chain("[packages]\nlinked = [[\"core\", \"cli\", \"other\"]]").change("core: minor", "New");
    assert_eq!(fixture.lines(), ["cli 0.3.7 -> 0.4.0", "core 1.2.0 -> 1.3.0", "util 0.4.0 -> 0.4.1"]);
}

#[test]
fn ignored_packages_stay_pass_nothing_on_and_keep_their_changesets() {
    let fixture = chain("[packages]\nignore = [\"util\"]").change("core: minor", "A").change("util: minor", "B");
    assert_eq!(fixture.lines(), ["core 1.2.0 -> 1.3.0"]);
    let plan = fixture.plan().unwrap();
    assert_eq!(plan.left, [PathBuf::from("/repo/.sampo/changesets/B.md")]);
    assert!(plan.changes().iter().all(|change| !change.path.ends_with("B.md")));
}

#[test]
fn a_changeset_for_ignored_packages_only_leaves_nothing_to_release() {
    let plan = chain("[packages]\nignore = [\"util\"]").change("util: minor", "A").plan().unwrap();
    assert!(plan.is_empty() && plan.changes().is_empty());
    assert_eq!(plan.left.len(), 1);
}

#[test]
fn a_package_without_a_version_is_never_released() {
    let without_version = |publishable| {
        let mut fixture = chain("");
        let util = fixture.workspace.packages.iter_mut().find(|package| package.id == id("util")).unwrap();
        (util.version, util.publishable) = (None, publishable);
        fixture.change("core: minor", "A")
    };
    assert_eq!(without_version(false).lines(), ["core 1.2.0 -> 1.3.0"]);
    let error = without_version(true).plan().unwrap_err();
    assert_eq!(error.to_string(), "`cargo/util` has no version in `/repo/crates/util/Cargo.toml`");
}

#[test]
fn out_of_range_dependents_join_where_they_must() {
    let table = [
        ("{ path = \"../core\" }", "minor", false),
        ("{ path = \"../core\", version = \"1.2\" }", "minor", false),
        ("{ path = \"../core\", version = \"*\" }", "major", false),
        ("{ path = \"../core\", version = \">=1, <3\" }", "major", false),
        ("{ path = \"../core\", version = \"1.2\" }", "major", true),
        ("{ path = \"../core\", version = \"1.2.0\" }", "patch", true),
        ("{ path = \"../core\", version = \"1.2.0-rc.1\" }", "patch", true),
        ("{ workspace = true }", "patch", true),
    ];
    for (entry, level, joins) in table {
        let fixture = Fixture::new("[packages]\nbump_dependents = \"out-of-range\"")
            .file("Cargo.toml", "[workspace.dependencies]\ncore = { path = \"crates/core\", version = \"1.2.0\" }\n")
            .package("core", "1.2.0", "")
            .package("util", "0.4.0", &format!("[dependencies]\ncore = {entry}\n"))
            .package("cli", "0.3.7", "[dependencies]\nutil = { path = \"../util\" }\n")
            .change(&format!("core: {level}"), "New");
        let names: Vec<String> =
            fixture.plan().unwrap().releases.into_iter().map(|release| release.display_name).collect();
        let expected: &[&str] = if joins { &["core", "util"] } else { &["core"] };
        assert_eq!(names, expected, "{entry} {level}");
    }
}

#[test]
fn dependencies_for_development_count_only_with_a_version_of_their_own() {
    for (entry, joins) in [
        ("{ path = \"../core\" }", false),
        ("{ workspace = true }", false),
        ("{ path = \"../core\", version = \"1\" }", true),
    ] {
        let fixture = Fixture::new("")
            .file("Cargo.toml", "[workspace.dependencies]\ncore = { path = \"crates/core\", version = \"1.2.0\" }\n")
            .package("core", "1.2.0", "")
            .package("util", "0.4.0", &format!("[dev-dependencies]\ncore = {entry}\n"))
            .change("core: minor", "New");
        assert_eq!(fixture.lines().len(), if joins { 2 } else { 1 }, "{entry}");
    }
}

#[test]
fn pins_follow_in_every_section_and_nothing_else_of_the_manifest_changes() {
    let lines = r#"
# A comment.
[dependencies]
core = { version = "1.2.0", path = "../core" } # behind a value
renamed = { package = "core", path = "../core", version = "=1.2.0" }
range = { package = "core", path = "../core", version = "^1.2.0" }

[target.'cfg(unix)'.dev-dependencies.core]
path = '../core'
version = '1.2.0'   # here too
"#;
    let fixture =
        Fixture::new("").package("core", "1.2.0", "").package("util", "0.4.0", lines).change("core: minor", "A");
    let before = &fixture.files[Path::new("/repo/crates/util/Cargo.toml")];
    let expected = before
        .replace("version = \"0.4.0\"", "version = \"0.4.1\"")
        .replace("\"1.2.0\"", "\"1.3.0\"")
        .replace("'1.2.0'", "'1.3.0'")
        .replace("=1.2.0", "=1.3.0");
    assert_eq!(fixture.text("crates/util/Cargo.toml"), expected);
    assert!(expected.contains("^1.2.0"));
}

#[test]
fn an_ignored_dependent_keeps_its_version_and_its_pin_follows() {
    let fixture = Fixture::new("[packages]\nignore = [\"util\"]")
        .package("core", "1.2.0", "")
        .package("util", "0.4.0", "[dependencies]\ncore = { path = \"../core\", version = \"=1.2.0\" }\n")
        .change("core: major", "A");
    let text = fixture.text("crates/util/Cargo.toml");
    assert!(text.contains("version = \"0.4.0\"") && text.contains("=2.0.0"), "{text}");
}

#[test]
fn a_pin_without_a_path_follows_only_if_it_names_the_version_that_was() {
    let fixture = Fixture::new("")
        .package("core", "1.2.0", "")
        .package(
            "util",
            "0.4.0",
            "[dependencies]\ncore = \"1.2.0\"\nold = { package = \"core\", version = \"1.0.0\" }\n",
        )
        .change("core: minor, util: patch", "A");
    let text = fixture.text("crates/util/Cargo.toml");
    assert!(text.contains("core = \"1.3.0\"") && text.contains("\"1.0.0\""), "{text}");
}

#[test]
fn workspace_dependencies_follow_with_their_shorthands_and_new_names() {
    let root = "[workspace.dependencies]\ncore = { path = \"crates/core\", version = \"1.2\" } # keep\n\
                base = { package = \"core\", path = \"crates/core\", version = \"1\" }\nserde = \"1.2.0\"\n\
                [workspace.dependencies.tool]\npackage = \"core\"\npath = \"crates/core\"\nversion = \"1.2.0\"\n";
    let fixture = Fixture::new("").file("Cargo.toml", root).package("core", "1.2.0", "").change("core: major", "A");
    let expected = root
        .replace("\"1.2\"", "\"2.0\"")
        .replace("version = \"1\"", "version = \"2\"")
        .replace("version = \"1.2.0\"", "version = \"2.0.0\"");
    assert_eq!(fixture.text("Cargo.toml"), expected);
}

/// A lock file of these packages of the workspace.
fn locked(packages: &[(&str, &str)]) -> String {
    packages
        .iter()
        .map(|(name, version)| format!("[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n"))
        .collect()
}

#[test]
fn packages_that_inherit_a_version_move_as_one_group() {
    let inheriting = |name: &str| format!("[package]\nname = \"{name}\"\nversion.workspace = true\n");
    let lock = |shared: &str| locked(&[("a", shared), ("b", shared), ("c", "1.0.0"), ("xtask", shared)]);
    let fixture = Fixture::new("[packages]\nignore = [\"xtask\"]")
        .file("Cargo.toml", "[workspace.package]\nversion = \"0.5.0\" # ours\n")
        .file("Cargo.lock", &lock("0.5.0"))
        .manifest("a", "0.5.0", &inheriting("a"))
        .manifest("b", "0.5.0", &inheriting("b"))
        .manifest("xtask", "0.5.0", &inheriting("xtask"))
        .package("c", "1.0.0", "")
        .change("a: minor", "New");
    assert_eq!(fixture.lines(), ["a 0.5.0 -> 0.6.0", "b 0.5.0 -> 0.6.0"]);
    assert_eq!(fixture.text("Cargo.toml"), "[workspace.package]\nversion = \"0.6.0\" # ours\n");
    assert_eq!(fixture.text("crates/a/Cargo.toml"), "");
    assert_eq!(fixture.text("Cargo.lock"), lock("0.6.0"));
}

#[test]
fn a_range_that_leaves_out_the_new_version_is_refused_where_it_would_break_something() {
    let fixture = |config: &str| {
        Fixture::new(config)
            .package("core", "1.2.0", "")
            .package("util", "0.4.0", "[dependencies]\ncore = { path = \"../core\", version = \"1.2\" }\n")
            .change("core: major", "A")
    };
    let message = "`cargo/util` requires `core` 1.2, which leaves out 2.0.0";
    let warned = fixture("").plan().unwrap();
    assert_eq!(warned.warnings[0].message, message);
    for refused in [
        fixture("").file("Cargo.lock", &locked(&[("core", "1.2.0"), ("util", "0.4.0")])),
        fixture("[packages]\nlinked = [[\"util\"]]"),
        fixture("[packages]\nfixed = [[\"util\"]]"),
    ] {
        let error = refused.plan().unwrap_err();
        assert_eq!((error.code(), error.to_string().as_str()), ("range-uncovered", message));
    }
}

#[test]
fn the_range_of_a_crate_that_is_no_member_is_refused_too() {
    let fixture = |level: &str| {
        Fixture::new("")
            .package("core", "1.2.0", "")
            .file("Cargo.toml", "[workspace.dependencies]\nglue = { path = \"excluded/glue\" }\n")
            .package("util", "0.4.0", "")
            .file("excluded/glue/Cargo.toml", "[package]\nname = \"glue\"\n[dependencies]\nmore = { path = \"../more\" }\n")
            .file(
                "excluded/more/Cargo.toml",
                "[package]\nname = \"more\"\n[dependencies]\ncore = { path = \"../../crates/core\", version = \"1.2.0\" }\n",
            )
            .file("Cargo.lock", &locked(&[("core", "1.2.0"), ("util", "0.4.0")]))
            .change(&format!("core: {level}"), "A")
    };
    assert_eq!(fixture("minor").lines(), ["core 1.2.0 -> 1.3.0"]);
    let error = fixture("major").plan().unwrap_err();
    assert_eq!(error.to_string(), "`cargo/more` requires `core` 1.2.0, which leaves out 2.0.0");
}

#[test]
fn collapsed_entries_leave_one_line_for_those_that_only_follow() {
    let fixture = chain("[changelog]\nautomatic_entries = \"collapse\"").change("core: minor", "A");
    assert_eq!(
        fixture.text("crates/cli/CHANGELOG.md"),
        "# cli\n\n## 0.3.8\n\nVersion bump only, to follow other packages.\n\n"
    );
    assert_eq!(fixture.text("crates/core/CHANGELOG.md"), "# core\n\n## 1.3.0\n\n### Minor changes\n\n- A\n\n");
}

#[test]
fn a_pre_release_without_a_label_cannot_change_its_numbers() {
    let fixture = || chain("").package("early", "1.0.1-1", "");
    assert_eq!(fixture().change("early: patch", "A").lines(), ["early 1.0.1-1 -> 1.0.1-2"]);
    let error = fixture().change("early: minor", "A").plan().unwrap_err();
    assert_eq!((error.code(), error.to_string().contains("`cargo/early` has no label")), ("prerelease-label", true));
}

#[test]
fn a_range_that_leaves_out_a_pre_release_is_refused_where_the_lock_file_needs_it() {
    let lock =
        "[[package]]\nname = \"core\"\nversion = \"1.2.0-rc\"\n\n[[package]]\nname = \"util\"\nversion = \"0.4.0\"\n";
    let fixture = Fixture::new("")
        .package("core", "1.2.0-rc", "")
        .package("util", "0.4.0", "[dependencies]\ncore = { path = \"../core\", version = \"1.2\" }\n")
        .file("Cargo.lock", lock)
        .change("core: patch", "A");
    let error = fixture.plan().unwrap_err();
    assert_eq!(error.to_string(), "`cargo/util` requires `core` 1.2, which leaves out 1.2.1-rc");
}

#[test]
fn a_stable_plan_takes_in_what_was_kept_and_ends_every_pre_release() {
    let mut fixture = chain("")
        .package("early", "1.1.0-rc.2", "")
        .file("crates/early/CHANGELOG.md", "# early\n\n## 1.1.0-rc.2\n\n- A\n")
        .package("begun", "1.0.0-rc", "")
        .file("crates/begun/CHANGELOG.md", "# begun\n\n## 1.0.0\n\n- A\n")
        .change("early: minor, begun: patch", "A");
    fixture.pending.kept = std::mem::take(&mut fixture.pending.changesets);
    fixture = fixture.change("early: patch", "B");
    fixture.aim = Aim::Stable;
    assert_eq!(fixture.lines(), ["begun 1.0.0-rc -> 1.0.1", "early 1.1.0-rc.2 -> 1.1.0"]);
    let text = fixture.text("crates/early/CHANGELOG.md");
    assert!(
        text.starts_with(
            "# early\n\n## 1.1.0\n\n### Minor changes\n\n- A\n\n### Patch changes\n\n- B\n\n## 1.1.0-rc.2\n"
        ),
        "{text}"
    );
    let plan = fixture.plan().unwrap();
    assert!(plan.changes().iter().filter(|change| change.path.extension().is_some_and(|md| md == "md")).count() == 4);
    assert!(plan.changes().iter().rev().take(2).all(|change| change.after.is_none()), "both changesets are gone");
}

#[test]
fn the_plan_file_names_tag_bump_and_section() {
    let fixture = chain("[git]\nshort_tags = \"cli\"").change("core: minor", "A");
    let plan = fixture.plan().unwrap().to_file(&fixture.config, None, |package| package.name() == "cli");
    let read: Vec<_> = plan.releases.iter().map(|release| (release.tag.as_str(), release.has_artifacts)).collect();
    assert_eq!(read, [("v0.3.8", true), ("core-v1.3.0", false), ("util-v0.4.1", false)]);
    assert_eq!(plan.releases[1].bump, Some(Level::Minor));
    assert_eq!(plan.releases[1].changelog.as_deref(), Some("### Minor changes\n\n- A"));
}

#[test]
fn after_a_release_nothing_is_left_to_release() {
    let after = chain("").change("core: minor", "A").applied();
    assert!(after.plan().unwrap().is_empty());
    let again = after.change("cli: patch", "B");
    assert_eq!(again.lines(), ["cli 0.3.8 -> 0.3.9"]);
}

#[test]
fn a_chain_of_ten_thousand_packages_is_not_too_deep() {
    let mut fixture = Fixture::new("[packages]\nlinked = [[\"p0\", \"p5000\", \"p9999\"]]");
    let mut lock = String::new();
    for number in 0..10_000_usize {
        let name = format!("p{number}");
        let lines = number.checked_sub(1).map_or_else(String::new, |below| {
            format!("[dependencies]\np{below} = {{ path = \"../p{below}\", version = \"=1.0.0\" }}\n")
        });
        let text = format!("[package]\nname = \"{name}\"\nversion = \"1.0.0\"\n{lines}");
        writeln!(lock, "[[package]]\nname = \"{name}\"\nversion = \"1.0.0\"\n").unwrap();
        let path = format!("/repo/crates/{name}/Cargo.toml");
        fixture.workspace.packages.push(Package {
            id: id(&name),
            version: Some("1.0.0".into()),
            manifest: path.clone().into(),
            path: format!("crates/{name}"),
            publishable: true,
            registry: None,
            binaries: Vec::new(),
            dependencies: dependencies(&text),
            metadata: serde_json::Value::Null,
        });
        fixture.files.insert(path.into(), text);
    }
    fixture.workspace.packages.sort_by(|a, b| a.id.cmp(&b.id));
    let fixture = fixture.file("Cargo.lock", &lock).change("p0: minor", "A");
    let plan = fixture.plan().unwrap();
    assert_eq!(plan.releases.len(), 10_000);
    let version =
        |name: &str| plan.releases.iter().find(|release| release.display_name == name).unwrap().new_version.to_string();
    assert_eq!([version("p1"), version("p5000")], ["1.0.1", "1.1.0"]);
}
