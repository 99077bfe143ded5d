//! Whether `cargo binstall` finds our archives by itself, and the lines of `Cargo.toml` that it needs where it does not.

use super::model::Release;
use super::participant::Participant;
use crate::config::Config;
use crate::config::distribute::ArchiveFormat;
use crate::target::Target;
use crate::template::Variables;
use crate::workspace::PackageId;

/// Lines to add to a package's `Cargo.toml`, before it is published: the registry's copy is the one that is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// The package.
    pub package: PackageId,
    /// Why they are needed, as a sentence without a full stop.
    pub reason: String,
    /// The lines.
    pub lines: String,
}

/// The tags that are tried whatever the repository's address, with `V` for the version.
const TAGS: &[&str] = &["V", "vV"];
/// The file names that are tried, without their suffixes; `N` is the package and `T` the target.
const NAMES: &[&str] = &["N-T-vV", "N-T-V", "N-V-T", "N-vV-T", "N_T_vV", "N_T_V", "N_V_T", "N_vV_T", "N-T", "N_T"];

/// What `cargo binstall` must be told to find the archives of `participant`; none if it finds them, if it is told
/// already, if nothing brings them where it looks, or if it cannot be told.
///
/// It looks at the release of the repository that `package.repository` names, so that key must be set in any case.
pub fn advice(config: &Config, participant: &Participant<'_>) -> Option<Advice> {
    let package = participant.package;
    let is_told = package.metadata.get("binstall").and_then(|table| table.get("pkg-url")).is_some();
    if is_told || !is_within_reach(config, participant) {
        return None;
    }
    // One address is all that can be given: several executables that are not packed have several.
    let raw = |target: &Target| config.distribute.archive.format_for(target) == ArchiveFormat::None;
    if participant.binaries.len() > 1 && participant.configured_targets.iter().any(raw) {
        return None;
    }
    let tags = config.git.format_for(participant.id());
    let finds_tag = TAGS.contains(&tags.render(participant.id(), "V").as_str());
    let finds_name = NAMES.contains(&archive_name(config, participant, "N", "V", "T")?.as_str());
    let reason = match (finds_tag, finds_name) {
        (true, true) => return None,
        (false, true) => format!("`cargo binstall` does not look under tags such as `{tags}`"),
        (true, false) => "`cargo binstall` does not look for files of these names".into(),
        (false, false) => {
            format!("`cargo binstall` looks neither under tags such as `{tags}` nor for files of these names")
        }
    };
    Some(Advice { package: package.id.clone(), reason, lines: lines(config, participant)? })
}

/// Whether `cargo binstall` can find `participant` at all: on the registry, with archives on GitHub.
pub(super) fn is_within_reach(config: &Config, participant: &Participant<'_>) -> bool {
    let package = participant.package;
    let has_archives = !participant.binaries.is_empty() && participant.artifacts.is_empty();
    let is_on_the_registry = package.publishable && package.registry.is_none();
    has_archives && is_on_the_registry && reaches_github(config, participant)
}

/// Whether a backend brings its archives to a release on GitHub. Without any backend there is an implied one.
fn reaches_github(config: &Config, participant: &Participant<'_>) -> bool {
    let backends = &config.distribute.backends;
    let takes = |name: &String| participant.backends.is_none_or(|names| names.contains(name));
    backends.is_empty() || backends.iter().any(|(name, table)| table.kind == "github-release" && takes(name))
}

fn lines(config: &Config, participant: &Participant<'_>) -> Option<String> {
    let tag = config.git.format_for(participant.id()).as_str();
    let tag = tag
        .replace("{ecosystem}", participant.id().ecosystem().as_str())
        .replace("{package_name}", "{ name }")
        .replace("{version}", "{ version }")
        // In a URL, a slash within the tag would end it.
        .replace('/', "%2F");
    let stem = archive_name(config, participant, "{ name }", "{ version }", "{ target }")?;
    let archive = &config.distribute.archive;
    let usual = participant.configured_targets.first().map_or(archive.unix, |target| archive.format_for(target));
    let url = format!("{{ repo }}/releases/download/{tag}/{stem}{{ archive-suffix }}");
    let mut lines = vec!["[package.metadata.binstall]".to_owned(), format!("pkg-url = {}", quoted(&url))];
    lines.extend(layout(usual, &stem));
    for target in participant.configured_targets {
        let format = archive.format_for(target);
        if format != usual {
            lines.push(format!("\n[package.metadata.binstall.overrides.{target}]"));
            let usual = layout(usual, &stem);
            lines.extend(layout(format, &stem).into_iter().filter(|line| !usual.contains(line)));
        }
    }
    Some(lines.join("\n"))
}

/// How an archive is packed, and where in it the executables are.
fn layout(format: ArchiveFormat, stem: &str) -> [String; 2] {
    let folder = if format == ArchiveFormat::None { String::new() } else { format!("{stem}/") };
    let bin_dir = format!("{folder}{{ bin }}{{ binary-ext }}");
    [format!("bin-dir = {}", quoted(&bin_dir)), format!("pkg-fmt = \"{}\"", package_format(format))]
}

/// The archive's name with these texts in the places of what they stand for. A template that says more about the
/// target than its triple cannot be written in one line for all of them.
fn archive_name(
    config: &Config,
    participant: &Participant<'_>,
    name: &str,
    version: &str,
    target: &str,
) -> Option<String> {
    let template = &config.distribute.archive.name;
    if ["os", "arch", "ext", "commit", "tag", "prerelease"].iter().any(|variable| template.uses(variable)) {
        return None;
    }
    let mut variables: Variables = planned(participant).variables();
    variables.set("package", name).set("crate", name).set("version", version).set("target", target);
    template.render(&variables).ok()
}

/// A release that stands for any other: only what does not change from one to the next is taken from it.
fn planned(participant: &Participant<'_>) -> Release {
    Release {
        package: participant.id().clone(),
        version: semver::Version::new(0, 0, 0),
        tag: String::new(),
        commit: None,
        commit_time: 0,
        path: String::new(),
        notes: None,
        repository: None,
    }
}

/// The format by binstall's name for it.
fn package_format(format: ArchiveFormat) -> &'static str {
    match format {
        ArchiveFormat::TarGz => "tgz",
        ArchiveFormat::TarXz => "txz",
        ArchiveFormat::TarZst => "tzstd",
        ArchiveFormat::Zip => "zip",
        ArchiveFormat::None => "bin",
    }
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::*;
    use crate::distribute::participant::participants;
    use crate::workspace::{Ecosystem, Package, Workspace};

    const TARGETS: &str = "[distribute]\ntargets = ['x86_64-unknown-linux-gnu', 'x86_64-pc-windows-msvc']\n";
    const SHORT: &str = "[git]\nshort_tags = 'my-cli'\n";

    fn advice_for(config: &str, change: impl FnOnce(&mut Package)) -> Option<Advice> {
        let mut package = Package {
            id: PackageId::new(Ecosystem::Cargo, "my-cli"),
            version: Some("1.2.0".into()),
            manifest: PathBuf::from("/w/Cargo.toml"),
            path: ".".into(),
            publishable: true,
            registry: None,
            binaries: vec!["my-cli".into()],
            dependencies: Vec::new(),
            metadata: serde_json::Value::Null,
        };
        change(&mut package);
        let config = Config::parse(Path::new("config.toml"), config.to_owned()).unwrap();
        let workspace = Workspace { root: "/w".into(), packages: vec![package], cargo_target_directory: None };
        let participants = participants(&config, &workspace).unwrap();
        advice(&config, &participants[0])
    }

    #[test]
    fn the_default_tags_need_lines_and_these_are_they() {
        let advice = advice_for(TARGETS, |_| {}).unwrap();
        assert_eq!(advice.reason, "`cargo binstall` does not look under tags such as `{package_name}-v{version}`");
        assert_eq!(
            advice.lines,
            r#"[package.metadata.binstall]
pkg-url = "{ repo }/releases/download/{ name }-v{ version }/{ name }-{ version }-{ target }{ archive-suffix }"
bin-dir = "{ name }-{ version }-{ target }/{ bin }{ binary-ext }"
pkg-fmt = "tgz"

[package.metadata.binstall.overrides.x86_64-pc-windows-msvc]
pkg-fmt = "zip""#
        );
        let manifest: toml::Table = advice.lines.parse().unwrap();
        assert_eq!(manifest["package"]["metadata"]["binstall"]["pkg-fmt"].as_str(), Some("tgz"));
    }

    #[test]
    fn short_tags_and_the_default_names_are_found_without_any() {
        assert_eq!(advice_for(&format!("{TARGETS}{SHORT}"), |_| {}), None);
        for name in ["{{ crate }}-{{ target }}", "{{ crate }}_v{{ version }}_{{ target }}"] {
            let config = format!("{SHORT}{TARGETS}[distribute.archive]\nname = '{name}'");
            assert_eq!(advice_for(&config, |_| {}), None, "{name}");
        }
    }

    #[test]
    fn unusual_names_and_tags_with_a_slash_are_spelt_out() {
        let config = format!(
            "[git]\ntag_format = '{{package_name}}/{{version}}'\n{TARGETS}[distribute.archive]\nname = \
             '{{{{ target }}}}.{{{{ crate }}}}'\nunix = 'none'"
        );
        let lines = advice_for(&config, |_| {}).unwrap().lines;
        let url = "{ repo }/releases/download/{ name }%2F{ version }/{ target }.{ name }{ archive-suffix }";
        assert!(lines.contains(url), "{lines}");
        assert!(lines.contains("\nbin-dir = \"{ bin }{ binary-ext }\"\npkg-fmt = \"bin\""), "{lines}");
        let windows = "bin-dir = \"{ target }.{ name }/{ bin }{ binary-ext }\"\npkg-fmt = \"zip\"";
        assert!(lines.ends_with(windows), "{lines}");
    }

    #[test]
    fn nothing_is_said_where_it_would_be_of_no_use() {
        let told = serde_json::json!({ "binstall": { "pkg-url": "https://acme.dev/{ target }" } });
        assert_eq!(advice_for(TARGETS, |package| package.metadata = told), None);
        assert_eq!(advice_for(TARGETS, |package| package.publishable = false), None);
        assert_eq!(advice_for(TARGETS, |package| package.registry = Some("acme".into())), None);
        let elsewhere = "[distribute.backends.web]\ntype = 'directory'\npath = '/srv/{{ version }}'\n";
        assert_eq!(advice_for(&format!("{TARGETS}{elsewhere}"), |_| {}), None);
        let raw = format!("{TARGETS}[distribute.archive]\nunix = 'none'");
        assert_eq!(advice_for(&raw, |package| package.binaries = vec!["a".into(), "b".into()]), None);
    }
}
