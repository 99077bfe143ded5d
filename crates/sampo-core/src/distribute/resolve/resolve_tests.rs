//! Where built files are found, in which order, and every way in which they are unfit.

use std::fs;
use std::path::Path;

use sampo_testkit::executables::executable;

use super::*;
use crate::distribute::participant::participants;
use crate::workspace::{Ecosystem, Package};

const LINUX: &str = "x86_64-unknown-linux-gnu";
const WINDOWS: &str = "x86_64-pc-windows-msvc";

/// A workspace in a temporary folder, with one package that builds `binaries`.
struct Fixture {
    folder: tempfile::TempDir,
    workspace: Workspace,
    config: Config,
}

impl Fixture {
    fn new(binaries: &[&str], targets: &[&str], config: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap().join("w");
        let package = Package {
            id: PackageId::new(Ecosystem::Cargo, "my-cli"),
            version: Some("1.2.0".into()),
            manifest: root.join("crates/my-cli/Cargo.toml"),
            path: "crates/my-cli".into(),
            publishable: true,
            registry: None,
            binaries: binaries.iter().map(|&name| name.to_owned()).collect(),
            dependencies: Vec::new(),
            metadata: serde_json::Value::Null,
        };
        fs::create_dir_all(root.join("crates/my-cli")).unwrap();
        let workspace = Workspace { cargo_target_directory: Some(root.join("target")), packages: vec![package], root };
        let text = format!("[distribute]\ntargets = {targets:?}\n{config}");
        let config = Config::parse(Path::new("config.toml"), text).unwrap();
        Self { folder, workspace, config }
    }

    fn write(&self, path: &str, contents: impl AsRef<[u8]>) -> &Self {
        let path = self.workspace.root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, contents).unwrap();
        self
    }

    fn build(&self, path: &str, target: &str) -> &Self {
        self.write(path, executable(target))
    }

    fn resolve(&self) -> Result<Resolved, SampoError> {
        let release = Release {
            package: self.workspace.packages[0].id.clone(),
            version: "1.2.0".parse().unwrap(),
            tag: "my-cli-v1.2.0".into(),
            commit: None,
            commit_time: 0,
            path: "crates/my-cli".into(),
            notes: None,
            repository: None,
        };
        let participants = participants(&self.config, &self.workspace).unwrap();
        let search = Search::new(&self.config, &self.workspace);
        Ok(search.resolve(&participants, vec![Arc::new(release)])?.remove(0))
    }

    fn names(&self) -> Vec<String> {
        let resolved = self.resolve().unwrap();
        assert_eq!(resolved.failures, []);
        resolved.artifacts.into_iter().map(|artifact| artifact.name).collect()
    }

    fn failure(&self) -> Failure {
        let mut resolved = self.resolve().unwrap();
        assert_eq!(resolved.failures.len(), 1, "{:?}", resolved.failures);
        resolved.failures.remove(0)
    }

    /// The entries of the only archive, as `name <- path below the root`.
    fn packed(&self) -> Vec<String> {
        let resolved = self.resolve().unwrap();
        assert_eq!(resolved.failures, []);
        let Contents::Archive(archive) = &resolved.artifacts[0].contents else { panic!("{resolved:?}") };
        let root = &self.workspace.root;
        archive.entries.iter().map(|entry| format!("{} <- {}", entry.name, files::shown(&entry.path, root))).collect()
    }
}

#[test]
fn the_first_place_that_holds_an_executable_wins() {
    let fixture = Fixture::new(&["my-cli"], &[LINUX], "");
    let places = [
        format!("target/{LINUX}/release/my-cli"),
        format!("dist/my-cli-{LINUX}.tar.xz"),
        format!("dist/{LINUX}/my-cli"),
    ];
    let expected = [
        vec![format!("my-cli <- target/{LINUX}/release/my-cli")],
        vec![],
        vec![format!("my-cli <- dist/{LINUX}/my-cli")],
    ];
    for (place, expected) in places.iter().zip(expected) {
        fixture.build(place, LINUX);
        if expected.is_empty() {
            assert_eq!(fixture.names(), [format!("my-cli-{LINUX}.tar.xz")], "a ready-made archive of another format");
        } else {
            assert_eq!(fixture.packed(), expected);
        }
    }
    fixture.build(&format!("dist/my-cli-{LINUX}/my-cli"), LINUX);
    assert_eq!(fixture.packed(), [format!("my-cli <- dist/my-cli-{LINUX}/my-cli")]);
    assert_eq!(fixture.names(), [format!("my-cli-1.2.0-{LINUX}.tar.gz")]);
}

#[test]
fn a_plain_file_named_after_package_and_target_is_the_executable() {
    let fixture = Fixture::new(&["tool"], &[WINDOWS], "");
    fixture.build(&format!("dist/my-cli-{WINDOWS}.exe"), WINDOWS);
    assert_eq!(fixture.packed(), [format!("tool.exe <- dist/my-cli-{WINDOWS}.exe")]);
}

#[test]
fn a_program_in_a_folder_that_packages_share_may_be_that_of_another_one() {
    let mut fixture = Fixture::new(&["my-cli"], &[LINUX], "");
    let mut other = fixture.workspace.packages[0].clone();
    other.id = PackageId::new(Ecosystem::Cargo, "other");
    fixture.workspace.packages.push(other);
    for place in [format!("target/{LINUX}/release/my-cli"), format!("dist/{LINUX}/my-cli")] {
        let failure = fixture.build(&place, LINUX).failure();
        assert_eq!(failure.code, "artifact-ambiguous");
        let both = "may be a program of `cargo/my-cli` or of `cargo/other`: both have one of this name";
        assert_eq!(failure.message, format!("`{place}` {both}"));
    }
    fixture.build(&format!("dist/my-cli-{LINUX}/my-cli"), LINUX);
    assert_eq!(fixture.packed(), [format!("my-cli <- dist/my-cli-{LINUX}/my-cli")]);
}

#[test]
fn all_executables_come_from_one_place() {
    let fixture = Fixture::new(&["a", "b"], &[LINUX], "");
    fixture.build(&format!("dist/my-cli-{LINUX}/a"), LINUX);
    fixture.build(&format!("target/{LINUX}/release/b"), LINUX);
    let failure = fixture.failure();
    assert_eq!(failure.code, "artifact-missing");
    assert_eq!(
        failure.message,
        format!(
            "`cargo/my-cli` is not built for {LINUX}: looked for `a` and `b` in `dist/my-cli-{LINUX}/` (which lacks \
             `b`), `dist/{LINUX}/`, `dist/my-cli-{LINUX}{{.tar.gz,.tar.xz,.tar.zst,.zip}}`, \
             `target/{LINUX}/release/` (which lacks `a`)"
        )
    );
    assert!(failure.hint.unwrap().contains(&format!("sampo distribute build --package my-cli --target {LINUX}")));
    fixture.build(&format!("target/{LINUX}/release/a"), LINUX);
    assert_eq!(fixture.packed().len(), 2);
}

#[test]
fn a_missing_binary_is_named_with_every_place_looked_at_and_fails_its_target_alone() {
    let config = format!("[distribute.packages.my-cli]\noptional = ['{WINDOWS}']");
    let fixture = Fixture::new(&["my-cli"], &[LINUX, WINDOWS], &config);
    fixture.build(&format!("dist/{LINUX}/my-cli"), LINUX);
    let failure = fixture.failure();
    assert_eq!((failure.target.unwrap().as_str(), failure.optional), (WINDOWS, true));
    for place in [
        format!("`dist/my-cli-{WINDOWS}/`"),
        format!("`dist/{WINDOWS}/`"),
        format!("`dist/my-cli-{WINDOWS}.exe`"),
        format!("`dist/my-cli-{WINDOWS}{{.tar.gz,.tar.xz,.tar.zst,.zip}}`"),
        format!("`target/{WINDOWS}/release/`"),
    ] {
        assert!(failure.message.contains(&place), "{place}: {}", failure.message);
    }
    assert_eq!(fixture.resolve().unwrap().artifacts.len(), 1);
}

#[test]
fn an_empty_file_and_one_for_another_platform_are_refused() {
    let fixture = Fixture::new(&["my-cli"], &[LINUX], "");
    let path = format!("dist/{LINUX}/my-cli");
    fixture.write(&path, "");
    assert_eq!(fixture.failure().code, "artifact-empty");
    fixture.build(&path, "aarch64-apple-darwin");
    let failure = fixture.failure();
    assert_eq!(failure.code, "artifact-wrong-platform");
    assert!(failure.message.ends_with(&format!("is for aarch64 macOS (Mach-O), but {LINUX} is expected")));

    let unchecked = Fixture::new(&["my-cli"], &[LINUX], "check_platform = false");
    unchecked.build(&path, "aarch64-apple-darwin");
    assert_eq!(unchecked.names().len(), 1);
}

#[cfg(unix)]
#[test]
fn a_link_that_leaves_the_workspace_is_refused_and_one_within_is_not() {
    let fixture = Fixture::new(&["my-cli"], &[LINUX], "");
    let outside = fixture.folder.path().join("outside");
    fs::write(&outside, executable(LINUX)).unwrap();
    let link = fixture.workspace.root.join(format!("dist/{LINUX}/my-cli"));
    fs::create_dir_all(link.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink(&outside, &link).unwrap();
    let failure = fixture.failure();
    assert_eq!(failure.code, "artifact-outside");
    assert!(failure.message.contains(&format!("`dist/{LINUX}/my-cli` leads out of the workspace, to")));

    fs::remove_file(&link).unwrap();
    fixture.build("built", LINUX);
    std::os::unix::fs::symlink(fixture.workspace.root.join("built"), &link).unwrap();
    assert_eq!(fixture.packed().len(), 1);
}

#[test]
fn a_target_folder_outside_the_workspace_is_no_link() {
    let mut fixture = Fixture::new(&["my-cli"], &[LINUX], "");
    let target = fixture.folder.path().join("shared-target");
    fs::create_dir_all(target.join(LINUX).join("release")).unwrap();
    fs::write(target.join(LINUX).join("release/my-cli"), executable(LINUX)).unwrap();
    fixture.workspace.cargo_target_directory = Some(target);
    assert_eq!(fixture.packed().len(), 1);
}

#[test]
fn globs_name_ready_made_artifacts_whatever_their_format() {
    let config = "[distribute.packages.my-cli]\nartifacts = ['out/{{ target }}/*.tar.xz', 'out/{{ target }}/*.deb', 'out/{{ target }}/tool']";
    let fixture = Fixture::new(&["my-cli"], &[LINUX, WINDOWS], config);
    fixture.write(&format!("out/{LINUX}/a.tar.xz"), "packed").write(&format!("out/{LINUX}/a.deb"), "installer");
    fixture.build(&format!("out/{LINUX}/tool"), LINUX);
    let resolved = fixture.resolve().unwrap();
    let kinds: Vec<(&str, ArtifactKind)> =
        resolved.artifacts.iter().map(|artifact| (artifact.name.as_str(), artifact.kind)).collect();
    let expected =
        [("a.deb", ArtifactKind::Archive), ("a.tar.xz", ArtifactKind::Archive), ("tool", ArtifactKind::Binary)];
    assert_eq!(kinds, expected);
    assert_eq!(resolved.failures.len(), 1);
    assert_eq!(
        resolved.failures[0].message,
        format!(
            "no file of `cargo/my-cli` for {WINDOWS} matches `out/{WINDOWS}/*.tar.xz` or `out/{WINDOWS}/*.deb` or `out/{WINDOWS}/tool`"
        )
    );
    fixture.build(&format!("out/{LINUX}/tool"), WINDOWS);
    assert!(fixture.resolve().unwrap().failures.iter().any(|failure| failure.code == "artifact-wrong-platform"));
}

#[test]
fn files_belong_to_no_target_and_must_exist() {
    let config = "[distribute.packages.my-cli]\nfiles = ['docs/*.pdf']";
    let fixture = Fixture::new(&[], &[LINUX], config);
    let failure = fixture.failure();
    assert_eq!((failure.code, failure.target), ("artifact-missing", None));
    fixture.write("docs/book.pdf", "");
    assert_eq!(fixture.failure().hint.unwrap(), "make the file again, or take it out of `files`");
    fixture.write("docs/book.pdf", "%PDF");
    let resolved = fixture.resolve().unwrap();
    assert_eq!((resolved.artifacts[0].kind, &resolved.artifacts[0].target), (ArtifactKind::File, &None));
}

#[test]
fn raw_binaries_are_named_after_themselves_where_there_are_several() {
    let raw = "[distribute.archive]\nunix = 'none'\nwindows = 'none'";
    let one = Fixture::new(&["tool"], &[WINDOWS], raw);
    one.build(&format!("dist/{WINDOWS}/tool.exe"), WINDOWS);
    assert_eq!(one.names(), [format!("my-cli-1.2.0-{WINDOWS}.exe")]);
    let two = Fixture::new(&["a", "b"], &[LINUX], raw);
    two.build(&format!("dist/{LINUX}/a"), LINUX).build(&format!("dist/{LINUX}/b"), LINUX);
    assert_eq!(two.names(), [format!("a-1.2.0-{LINUX}"), format!("b-1.2.0-{LINUX}")]);
}

#[test]
fn two_artifacts_of_one_name_stop_everything_even_if_one_is_not_built_yet() {
    let config = "[distribute.archive]\nname = '{{ crate }}'";
    let fixture = Fixture::new(&["my-cli"], &[LINUX, "aarch64-unknown-linux-gnu"], config);
    let error = fixture.resolve().unwrap_err();
    assert_eq!(error.code(), "artifact-duplicate");
    assert_eq!(
        error.to_string(),
        format!(
            "two artifacts are named `my-cli.tar.gz`: `cargo/my-cli` for {LINUX} and `cargo/my-cli` for aarch64-unknown-linux-gnu"
        )
    );
}

#[test]
fn names_that_differ_in_case_only_and_names_of_checksum_files_collide() {
    let config = "[distribute.packages.my-cli]\nfiles = ['a/*', 'b/*']";
    let fixture = Fixture::new(&[], &[LINUX], config);
    fixture.write("a/Book.pdf", "x").write("b/book.pdf", "y");
    assert_eq!(fixture.resolve().unwrap_err().code(), "artifact-duplicate");
    for taken in ["sha256sums", "x.pdf.sha256"] {
        let fixture = Fixture::new(&[], &[LINUX], config);
        fixture.write("a/x.pdf", "x").write(&format!("b/{taken}"), "y");
        assert_eq!(fixture.resolve().unwrap_err().code(), "artifact-duplicate", "{taken}");
    }
}

#[test]
fn a_name_with_a_path_in_it_stops_everything() {
    let config = "[distribute.archive]\nname = '{{ target }}/{{ crate }}'";
    let error = Fixture::new(&["my-cli"], &[LINUX], config).resolve().unwrap_err();
    assert_eq!(error.code(), "artifact-name");
    assert!(error.to_string().ends_with("which cannot be delivered: it contains a path separator"), "{error}");
}

#[test]
fn included_files_of_the_package_shadow_those_of_the_root() {
    let config = "include = ['README*', 'LICENSE*', 'share']\n";
    let fixture = Fixture::new(&["my-cli"], &[LINUX], config);
    fixture
        .build(&format!("dist/{LINUX}/my-cli"), LINUX)
        .write("README.md", "root")
        .write("LICENSE", "root")
        .write("crates/my-cli/README.md", "package")
        .write("crates/my-cli/share/man/my-cli.1", "manual")
        .write("crates/my-cli/share/a.txt", "a");
    assert_eq!(
        fixture.packed(),
        [
            "LICENSE <- LICENSE".to_owned(),
            "README.md <- crates/my-cli/README.md".into(),
            format!("my-cli <- dist/{LINUX}/my-cli"),
            "share/a.txt <- crates/my-cli/share/a.txt".into(),
            "share/man/my-cli.1 <- crates/my-cli/share/man/my-cli.1".into(),
        ]
    );
}

#[cfg(unix)]
#[test]
fn included_links_may_not_leave_the_workspace() {
    let fixture = Fixture::new(&["my-cli"], &[LINUX], "");
    fixture.build(&format!("dist/{LINUX}/my-cli"), LINUX).write("README.md", "root");
    let link = fixture.workspace.root.join("crates/my-cli/README.md");
    std::os::unix::fs::symlink("../../README.md", &link).unwrap();
    assert_eq!(fixture.packed()[0], "README.md <- crates/my-cli/README.md");

    fs::remove_file(&link).unwrap();
    let secret = fixture.folder.path().join("secret");
    fs::write(&secret, "secret").unwrap();
    std::os::unix::fs::symlink(&secret, &link).unwrap();
    assert_eq!(fixture.failure().code, "artifact-outside");
}

#[test]
fn values_in_globs_are_literal() {
    let config = "[distribute.packages.my-cli]\nartifacts = ['out/{{ tag }}[1]/*']";
    let fixture = Fixture::new(&["my-cli"], &[LINUX], config);
    fixture.write("out/my-cli-v1.2.01/x.zip", "x");
    assert_eq!(fixture.names(), ["x.zip"]);
    let broken = Fixture::new(&["my-cli"], &[LINUX], "[distribute.packages.my-cli]\nartifacts = ['out/***/x']");
    assert_eq!(broken.resolve().unwrap_err().code(), "config-invalid");
}
