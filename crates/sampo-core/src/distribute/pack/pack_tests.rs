//! Archives read by the tools that users have, and compared byte by byte.

#[cfg(unix)]
use std::process::Command;

use super::*;
use crate::config::distribute::ArchiveFormat;
use crate::distribute::resolve::Entry;
use crate::event::{Recorder, Silent};
use crate::workspace::{Ecosystem, PackageId};

/// 2026-01-02 03:04:05 UTC.
const TIME: i64 = 1_767_323_045;
const FOLDER: &str = "my-cli-1.2.0-x86_64-unknown-linux-gnu";

/// A folder with inputs, and one for what is made of them.
struct Fixture {
    folder: tempfile::TempDir,
    packing: Packing,
}

impl Fixture {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (path, contents) in [("bin", "#!/bin/sh\necho hello\n".repeat(1000)), ("readme", "read me".into())] {
            fs::write(folder.path().join(path), contents).unwrap();
        }
        let packing = Packing {
            folder: folder.path().join("packed"),
            jobs: NonZeroUsize::new(2).unwrap(),
            threads: NonZeroUsize::new(2).unwrap(),
            checksums: Checksums::Both,
            reporter: Arc::new(Silent),
            cancellation: CancellationToken::new(),
        };
        Self { folder, packing }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn archive(&self, format: ArchiveFormat) -> Planned {
        let entry =
            |name: &str, path: &str, executable: bool| Entry { name: name.into(), path: self.path(path), executable };
        let entries = vec![
            entry("README.md", "readme", false),
            entry("my-cli", "bin", true),
            entry(&format!("share/{}/ünicode.txt", "long".repeat(40)), "readme", false),
        ];
        Planned {
            name: format!("{FOLDER}{}", format.suffix()),
            kind: ArtifactKind::Archive,
            target: Some("x86_64-unknown-linux-gnu".parse().unwrap()),
            contents: Contents::Archive(Archive { format, folder: FOLDER.into(), entries }),
        }
    }

    fn archives(&self) -> Vec<Planned> {
        ArchiveFormat::ARCHIVES.iter().map(|format| self.archive(*format)).collect()
    }

    fn resolved(&self, artifacts: Vec<Planned>) -> Resolved {
        let release = Release {
            package: PackageId::new(Ecosystem::Cargo, "my-cli"),
            version: "1.2.0".parse().unwrap(),
            tag: "my-cli-v1.2.0".into(),
            commit: None,
            commit_time: TIME,
            path: ".".into(),
            notes: None,
            repository: None,
        };
        Resolved { release: Arc::new(release), artifacts, failures: Vec::new(), optional: Vec::new() }
    }

    async fn pack(&self, artifacts: Vec<Planned>) -> Packed {
        pack(vec![self.resolved(artifacts)], &self.packing).await.unwrap().remove(0)
    }
}

fn find<'a>(packed: &'a Packed, suffix: &str) -> &'a Artifact {
    packed.artifacts.iter().find(|artifact| artifact.name.ends_with(suffix)).unwrap()
}

#[cfg(unix)]
fn run(program: &str, arguments: &[&str], folder: &Path) -> String {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .env("TZ", "UTC")
        .env("LC_ALL", "C.UTF-8")
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{program} {arguments:?}: {}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

/// Not every machine that runs the tests has every tool; the digests below stand for the rest.
#[cfg(unix)]
fn has_tools(format: ArchiveFormat) -> bool {
    let tools: &[&str] = match format {
        ArchiveFormat::TarGz => &["tar", "gzip"],
        ArchiveFormat::TarXz => &["tar", "xz"],
        ArchiveFormat::TarZst => &["tar", "zstd"],
        ArchiveFormat::Zip => &["unzip"],
        ArchiveFormat::None => &[],
    };
    tools.iter().all(|tool| is_on_path(tool))
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[cfg(unix)]
#[tokio::test]
async fn users_tools_unpack_every_format_with_modes_and_times() {
    let fixture = Fixture::new();
    let packed = fixture.pack(fixture.archives()).await;
    for format in ArchiveFormat::ARCHIVES.iter().filter(|format| has_tools(**format)) {
        let archive = find(&packed, format.suffix());
        let to = fixture.path(&format!("unpacked{}", format.suffix()));
        fs::create_dir(&to).unwrap();
        let path = archive.path.to_str().unwrap();
        match format {
            ArchiveFormat::Zip => run("unzip", &["-q", path], &to),
            _ => run("tar", &["-xf", path], &to),
        };
        let unpacked = to.join(FOLDER);
        assert_eq!(fs::read(unpacked.join("my-cli")).unwrap(), fs::read(fixture.path("bin")).unwrap());
        let nested = unpacked.join(format!("share/{}/ünicode.txt", "long".repeat(40)));
        assert_eq!(fs::read_to_string(nested).unwrap(), "read me");
        assert_eq!(mode(&unpacked.join("my-cli")), 0o755, "{format:?}");
        assert_eq!(mode(&unpacked.join("README.md")), 0o644, "{format:?}");
        if *format != ArchiveFormat::Zip {
            let modified = fs::metadata(unpacked.join("my-cli")).unwrap().modified().unwrap();
            let since = modified.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
            assert_eq!(i64::try_from(since).unwrap(), TIME);
        }
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn listings_show_no_owner_no_folder_and_the_time_in_utc() {
    let fixture = Fixture::new();
    let packed = fixture.pack(fixture.archives()).await;
    let tar = find(&packed, ".tar.gz").path.to_str().unwrap();
    let listing = run("tar", &["-tvf", tar, "--numeric-owner"], fixture.folder.path());
    assert!(listing.lines().all(|line| line.contains(" 0/0 ")), "{listing}");
    let names: Vec<&str> = listing.lines().filter_map(|line| line.split(' ').next_back()).collect();
    assert_eq!(names.len(), 3, "files only: {listing}");
    assert!(names.iter().all(|name| name.starts_with(FOLDER)) && names.is_sorted(), "{listing}");
    if has_tools(ArchiveFormat::Zip) {
        let zip = find(&packed, ".zip").path.to_str().unwrap();
        let listing = run("unzip", &["-Z", "-T", zip], fixture.folder.path());
        assert!(listing.contains("-rwxr-xr-x"), "{listing}");
        assert!(listing.contains("20260102.030404"), "in steps of two seconds: {listing}");
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn checksum_files_satisfy_sha256sum() {
    let fixture = Fixture::new();
    let packed = fixture.pack(fixture.archives()).await;
    let folder = find(&packed, "SHA256SUMS").path.parent().unwrap().to_owned();
    let checked = run("sha256sum", &["--check", "--strict", "SHA256SUMS"], &folder);
    assert_eq!(checked.lines().count(), 4, "{checked}");
    let sidecars: Vec<&Artifact> = packed.artifacts.iter().filter(|a| a.name.ends_with(".sha256")).collect();
    assert_eq!(sidecars.len(), 4);
    for sidecar in sidecars {
        assert_eq!(sidecar.kind, ArtifactKind::Checksum);
        assert_eq!(sidecar.target.as_ref().unwrap().as_str(), "x86_64-unknown-linux-gnu");
        run("sha256sum", &["--check", "--strict", &sidecar.name], &folder);
    }
}

/// The digests of the archives above. They are the same on every machine; a compressor that is updated may change
/// them, which users see as changed archives, so that it should be noticed.
const DIGESTS: [(&str, &str); 4] = [
    (".tar.gz", "c39f1e84da570ba28f9acd06761972abc376de2e504d9ecf3eadad8816e48071"),
    (".tar.xz", "6b78a3707286ec21d342891c8930ab6b833d69a7cc0325aa8f95822113dd7aaa"),
    (".tar.zst", "69f89b7ee26e285572a37ed4ab895ae807891869fdce7dc7f83c0c427711be94"),
    (".zip", "f1e331c998eabf5761a32c7e263f86356d0710001a92347a2cfb08e691e80d1f"),
];

#[tokio::test]
async fn archives_are_the_same_on_every_machine() {
    let fixture = Fixture::new();
    let packed = fixture.pack(fixture.archives()).await;
    let digests = DIGESTS.map(|(suffix, _)| (suffix, find(&packed, suffix).sha256.to_string()));
    assert_eq!(digests, DIGESTS.map(|(suffix, digest)| (suffix, digest.to_owned())));
}

#[cfg(unix)]
#[tokio::test]
async fn archives_are_the_same_whatever_the_folder_the_modes_and_the_times_of_their_inputs() {
    use std::os::unix::fs::PermissionsExt;
    let (one, mut other) = (Fixture::new(), Fixture::new());
    for name in ["bin", "readme"] {
        let path = other.path(name);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
        fs::File::open(&path).unwrap().set_modified(time).unwrap();
    }
    (other.packing.jobs, other.packing.threads) = (NonZeroUsize::MIN, NonZeroUsize::new(5).unwrap());
    let (a, b) = (one.pack(one.archives()).await, other.pack(other.archives()).await);
    assert_eq!(a.artifacts.len(), 9);
    for (a, b) in a.artifacts.iter().zip(&b.artifacts) {
        assert_ne!(a.path, b.path);
        assert_eq!(fs::read(&a.path).unwrap(), fs::read(&b.path).unwrap(), "{}", a.name);
        assert_eq!((a.sha256, a.bytes), Digest::of_file(&a.path).unwrap());
    }
}

#[tokio::test]
async fn a_time_that_a_zip_file_cannot_say_is_its_first_one() {
    let fixture = Fixture::new();
    let mut resolved = fixture.resolved(vec![fixture.archive(ArchiveFormat::Zip)]);
    Arc::get_mut(&mut resolved.release).unwrap().commit_time = 0;
    let packed = pack(vec![resolved], &fixture.packing).await.unwrap().remove(0);
    let mut zip = zip::ZipArchive::new(fs::File::open(&find(&packed, ".zip").path).unwrap()).unwrap();
    assert_eq!(zip.by_index(0).unwrap().last_modified().unwrap(), zip::DateTime::default());
}

#[tokio::test]
async fn files_are_delivered_from_where_they_lie() {
    let fixture = Fixture::new();
    let planned = Planned {
        name: "tool".into(),
        kind: ArtifactKind::Binary,
        target: None,
        contents: Contents::File(fixture.path("bin")),
    };
    let packed = fixture.pack(vec![planned]).await;
    let tool = find(&packed, "tool");
    assert_eq!((tool.path.as_path(), tool.bytes), (fixture.path("bin").as_path(), 21_000));
    assert_eq!(tool.sha256, Digest::of_file(&fixture.path("bin")).unwrap().0);
}

#[tokio::test]
async fn an_unreadable_input_fails_its_archive_alone_and_leaves_no_part_of_it() {
    let mut fixture = Fixture::new();
    let recorder = Arc::new(Recorder::default());
    fixture.packing.reporter = recorder.clone();
    fixture.packing.checksums = Checksums::None;
    let mut broken = fixture.archive(ArchiveFormat::Zip);
    let Contents::Archive(archive) = &mut broken.contents else { panic!() };
    archive.entries[1].path = fixture.path("gone");
    let packed = fixture.pack(vec![broken, fixture.archive(ArchiveFormat::TarGz)]).await;
    assert_eq!(packed.artifacts.len(), 1);
    assert_eq!(packed.failures.len(), 1);
    assert_eq!(packed.failures[0].code, "io");
    assert!(packed.failures[0].message.contains("gone"), "{}", packed.failures[0].message);
    let folder = packed.artifacts[0].path.parent().unwrap();
    assert_eq!(fs::read_dir(folder).unwrap().count(), 1);
    assert!(recorder.events().iter().any(|event| event.contains(&format!("packing {FOLDER}.tar.gz"))));
}

#[test]
fn an_input_that_grows_or_shrinks_meanwhile_is_an_error() {
    let fixture = Fixture::new();
    let path = fixture.path("readme");
    let cancellation = CancellationToken::new();
    for changed in ["read", "read me twice"] {
        fs::write(&path, "read me").unwrap();
        let mut input = Input::open(&path, &cancellation).unwrap();
        fs::write(&path, changed).unwrap();
        let copied = std::io::copy(&mut input, &mut std::io::sink());
        assert!(matches!(input.finish(copied), Err(PackError::Changed { .. })), "{changed}");
    }
}

#[tokio::test]
async fn a_cancelled_run_makes_nothing() {
    let fixture = Fixture::new();
    fixture.packing.cancellation.cancel();
    let error = pack(vec![fixture.resolved(fixture.archives())], &fixture.packing).await.unwrap_err();
    assert_eq!(error.code(), "cancelled");
    assert!(!fixture.packing.folder.exists());
}

/// Whether `program` is a file in a folder of `PATH`.
fn is_on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}
