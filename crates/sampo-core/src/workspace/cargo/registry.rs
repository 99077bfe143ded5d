//! Publishing crates: `cargo info` tells what a registry has, `cargo publish` rehearses and uploads.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use semver::Version;

use crate::environment::Environment;
use crate::event::{Event, Reporter};
use crate::process::{Command, Output, ProcessError, last_lines};
use crate::secret::Redactor;
use crate::workspace::registry::{Registry, RegistryContext, RegistryError, Uploaded};
use crate::workspace::{DependencyKind, Package, PackageId};

/// Cargo's name of its default registry.
const DEFAULT_REGISTRY: &str = "crates-io";
/// The first Cargo that publishes several packages at once, and so can rehearse a chain of new ones.
const PUBLISHES_CHAINS: Version = Version::new(1, 90, 0);
/// Cargo tries again by itself; beyond this its answer is not worth waiting for.
const QUESTION_TIMEOUT: Duration = Duration::from_secs(120);

/// The registries of Cargo's configuration.
pub(super) struct CargoRegistry {
    root: PathBuf,
    arguments: Vec<String>,
    default: String,
    environment: Environment,
    question_timeout: Duration,
    redactor: Redactor,
    reporter: Arc<dyn Reporter>,
}

impl CargoRegistry {
    pub(super) fn new(context: RegistryContext<'_>) -> Self {
        let RegistryContext { root, environment, arguments, reporter, .. } = context;
        let tokens = environment.names().filter(|name| is_token(name));
        Self {
            root: root.to_owned(),
            arguments,
            default: default_registry(root, environment).unwrap_or_else(|| DEFAULT_REGISTRY.into()),
            question_timeout: QUESTION_TIMEOUT,
            redactor: environment.redactor(tokens),
            environment: environment.clone(),
            reporter,
        }
    }

    fn command(&self, words: &[&str]) -> Command {
        let command = Command::new("cargo", words).adding(&self.environment).without_tokens();
        command.redacted_by(self.redactor.clone())
    }

    /// `cargo publish` with the forwarded arguments, its output shown under `source` as it comes.
    fn publish(&self, source: String, manifest: &Path) -> Command {
        let mut command = self.command(&["publish", "--manifest-path"]).argument(manifest).in_folder(&self.root);
        for argument in &self.arguments {
            command = command.argument(argument);
        }
        let reporter = Arc::clone(&self.reporter);
        let label = source.clone();
        command.labelled(label).on_line(move |line| reporter.report(Event::Output { source: &source, line }))
    }

    /// Where `cargo publish` would send `package`, as arguments: what was forwarded, else the only registry that its
    /// manifest allows, else the default one of the configuration.
    ///
    /// The registry must be named: without it, `cargo info` answers from the workspace itself.
    fn destination(&self, package: &Package) -> Vec<String> {
        let forwarded = ["--registry", "--index"].iter().find_map(|name| {
            let value = option_value(&self.arguments, name)?;
            Some(vec![(*name).to_owned(), value.to_owned()])
        });
        forwarded.unwrap_or_else(|| {
            vec!["--registry".into(), package.registry.clone().unwrap_or_else(|| self.default.clone())]
        })
    }

    async fn rehearse_together(&self, packages: &[&Package]) -> Result<(), ProcessError> {
        let manifest = match packages {
            [package] => package.manifest.clone(),
            _ => self.root.join("Cargo.toml"),
        };
        let mut command = self.publish("cargo publish --dry-run".into(), &manifest);
        if !self.only_rehearses() {
            command = command.argument("--dry-run");
        }
        if packages.len() > 1 {
            for package in packages {
                command = command.argument("--package").argument(package.id.name());
            }
        }
        let output = command.run().await?;
        if output.status.success() { Ok(()) } else { Err(failure("cargo publish --dry-run", &output)) }
    }

    async fn publishes_chains(&self) -> Result<bool, ProcessError> {
        let output = self.command(&["--version"]).in_folder(&self.root).run_to_success().await?;
        let version = output.stdout.split_whitespace().nth(1).and_then(|version| Version::parse(version).ok());
        // A pre-release of a version counts as that version here.
        Ok(version.is_some_and(|found| Version::new(found.major, found.minor, found.patch) >= PUBLISHES_CHAINS))
    }

    fn warn_of_skipped(&self, skipped: &[&Package]) {
        if skipped.is_empty() {
            return;
        }
        let names: Vec<String> = skipped.iter().map(|package| format!("`{}`", package.id.name())).collect();
        let message =
            format!("not rehearsed, since they need crates that are not in their registry yet: {}", names.join(", "));
        self.reporter.report(Event::Warning { message: &message, hint: None });
    }
}

#[async_trait]
impl Registry for CargoRegistry {
    async fn has(&self, package: &Package) -> Result<bool, RegistryError> {
        let folder = package.manifest.parent().unwrap_or(&self.root);
        let specification = format!("{}@{}", package.id.name(), package.version.as_deref().unwrap_or_default());
        let mut command = self.command(&["info", "--quiet", "--color", "never"]).argument(specification);
        for argument in self.destination(package) {
            command = command.argument(argument);
        }
        let output = command.labelled("cargo info").in_folder(folder).timeout(self.question_timeout).run().await?;
        match output.status.success() {
            true => Ok(true),
            false if output.stderr.contains(&format!("could not find `{}", package.id.name())) => Ok(false),
            false => Err(failure("cargo info", &output).into()),
        }
    }

    async fn rehearse(&self, packages: &[&Package]) -> Result<(), RegistryError> {
        let chains = packages.len() > 1 && self.publishes_chains().await?;
        let rehearsal = Rehearsal::of(packages, chains);
        for group in &rehearsal.groups {
            self.rehearse_together(group).await?;
        }
        self.warn_of_skipped(&rehearsal.skipped);
        Ok(())
    }

    async fn upload(&self, package: &Package) -> Result<Uploaded, RegistryError> {
        let label = format!("cargo publish {}", package.id.name());
        let output = self.publish(label.clone(), &package.manifest).run().await?;
        match output.status.success() {
            true => Ok(Uploaded::Now),
            false if says_that_it_exists(&output.stderr) => Ok(Uploaded::Before),
            false => Err(failure(&label, &output).into()),
        }
    }

    fn only_rehearses(&self) -> bool {
        self.arguments.iter().any(|argument| argument == "--dry-run" || argument == "-n")
    }

    fn advice(&self, error: &RegistryError) -> Option<&'static str> {
        let RegistryError::Process(ProcessError::Failed { output, .. }) = error else { return None };
        let lacks_token = output.contains("no token found") || output.contains("401 Unauthorized");
        lacks_token.then_some("set `CARGO_REGISTRY_TOKEN`, or run `cargo login`; then run `sampo publish` again")
    }
}

/// Which packages can be rehearsed in one run of cargo.
struct Rehearsal<'a> {
    groups: Vec<Vec<&'a Package>>,
    skipped: Vec<&'a Package>,
}

impl<'a> Rehearsal<'a> {
    /// One group per registry, since cargo publishes to one registry at a time; with `chains` false, one per package.
    /// A package that needs one outside its group cannot be rehearsed before that is really there.
    fn of(packages: &[&'a Package], chains: bool) -> Self {
        let pending: HashSet<&PackageId> = packages.iter().map(|package| &package.id).collect();
        let mut groups: BTreeMap<(Option<&str>, Option<&PackageId>), Vec<&Package>> = BTreeMap::new();
        let mut skipped = Vec::new();
        for &package in packages {
            let key = (package.registry.as_deref(), (!chains).then_some(&package.id));
            let group = groups.entry(key).or_default();
            let is_there = |needed: &PackageId| {
                *needed == package.id || !pending.contains(needed) || group.iter().any(|member| member.id == *needed)
            };
            let published = package
                .dependencies
                .iter()
                .filter(|dependency| dependency.kind == DependencyKind::Runtime || dependency.requirement.is_some());
            if published.map(|dependency| &dependency.package).all(is_there) {
                group.push(package);
            } else {
                skipped.push(package);
            }
        }
        Self { groups: groups.into_values().filter(|group| !group.is_empty()).collect(), skipped }
    }
}

/// The words of cargo itself, which looks at the index first, and of registries that are asked nevertheless: a yanked
/// version is not in the index as cargo sees it, and a mirror may lag behind.
fn says_that_it_exists(text: &str) -> bool {
    text.contains("already exists on") || text.contains("is already uploaded")
}

/// A failure with what cargo says from its first error on: what it printed before has been shown already.
fn failure(label: &str, output: &Output) -> ProcessError {
    let start =
        if output.stderr.starts_with("error") { Some(0) } else { output.stderr.find("\nerror").map(|at| at + 1) };
    let said = last_lines(&output.stderr[start.unwrap_or_default()..], 20);
    ProcessError::Failed { label: label.to_owned(), status: output.status, output: said }
}

/// `CARGO_REGISTRY_TOKEN`, `CARGO_REGISTRIES_NAME_TOKEN`.
fn is_token(name: &str) -> bool {
    name == "CARGO_REGISTRY_TOKEN" || (name.starts_with("CARGO_REGISTRIES_") && name.ends_with("_TOKEN"))
}

/// The value of the last `NAME VALUE` or `NAME=VALUE`.
fn option_value<'a>(arguments: &'a [String], name: &str) -> Option<&'a str> {
    arguments.iter().enumerate().rev().find_map(|(index, argument)| match argument.strip_prefix(name)? {
        "" => arguments.get(index + 1).map(String::as_str),
        rest => rest.strip_prefix('='),
    })
}

/// `registry.default` of Cargo's configuration: the environment, then the files from the root of the workspace up, then
/// that of Cargo's home. (`cargo config get` would tell, but is not stable.)
fn default_registry(root: &Path, environment: &Environment) -> Option<String> {
    if let Some(name) = environment.get("CARGO_REGISTRY_DEFAULT") {
        return Some(name.to_owned());
    }
    let home = environment.get("CARGO_HOME").map(PathBuf::from).or_else(|| {
        let home = environment.get("HOME").or_else(|| environment.get("USERPROFILE"))?;
        Some(Path::new(home).join(".cargo"))
    });
    let folders = root.ancestors().map(|folder| folder.join(".cargo")).chain(home);
    let files = folders.flat_map(|folder| [folder.join("config"), folder.join("config.toml")]);
    files.filter_map(|file| fs::read_to_string(file).ok()).find_map(|text| {
        let table: toml::Table = text.parse().ok()?;
        Some(table.get("registry")?.get("default")?.as_str()?.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Silent;
    use crate::workspace::fixtures::{development, package, runtime};

    fn words(text: &[&str]) -> Vec<String> {
        text.iter().map(ToString::to_string).collect()
    }

    fn registry(arguments: &[&str], variables: &[(&str, &str)]) -> CargoRegistry {
        let mut environment = Environment::default();
        variables.iter().for_each(|(name, value)| environment.add(*name, *value));
        CargoRegistry::new(RegistryContext {
            root: Path::new("/nowhere"),
            environment: &environment,
            arguments: words(arguments),
            staged: Vec::new(),
            reporter: Arc::new(Silent),
        })
    }

    #[test]
    fn the_destination_is_what_cargo_publish_would_choose() {
        let open = package("a", &[]);
        let private = Package { registry: Some("private".into()), ..package("b", &[]) };
        let plain = registry(&[], &[]);
        assert_eq!(plain.destination(&open), ["--registry", "crates-io"]);
        assert_eq!(plain.destination(&private), ["--registry", "private"]);
        let configured = registry(&[], &[("CARGO_REGISTRY_DEFAULT", "house")]);
        assert_eq!(configured.destination(&open), ["--registry", "house"]);
        assert_eq!(configured.destination(&private), ["--registry", "private"]);
        assert_eq!(registry(&["--registry", "x"], &[]).destination(&private), ["--registry", "x"]);
        assert_eq!(registry(&["--registry=x", "-v"], &[]).destination(&private), ["--registry", "x"]);
        assert_eq!(registry(&["--index", "sparse+u"], &[]).destination(&open), ["--index", "sparse+u"]);
    }

    #[tokio::test]
    async fn a_registry_that_never_answers_is_given_up() {
        let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let folder = tempfile::tempdir().unwrap();
        let index = format!("[registries.silent]\nindex = \"sparse+http://{}/\"\n", silent.local_addr().unwrap());
        fs::write(folder.path().join("config.toml"), index).unwrap();
        let environment = [("CARGO_HOME", folder.path().to_str().unwrap())];
        let registry = CargoRegistry {
            question_timeout: Duration::from_millis(500),
            ..registry(&["--registry", "silent"], &environment)
        };
        let package = Package { manifest: folder.path().join("Cargo.toml"), ..package("a", &[]) };
        let error = crate::error::chain(&registry.has(&package).await.unwrap_err());
        assert!(error.contains("`cargo info` was stopped after 500ms without an end"), "{error}");
    }

    #[test]
    fn the_nearest_configuration_file_names_the_default_registry() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("home");
        let root = folder.path().join("repo");
        for (path, name) in [(home.clone(), "of-home"), (root.join(".cargo"), "of-repo")] {
            fs::create_dir_all(&path).unwrap();
            fs::write(path.join("config.toml"), format!("[registry]\ndefault = \"{name}\"\n")).unwrap();
        }
        let environment: Environment = [("CARGO_HOME", home.to_str().unwrap())].into_iter().collect();
        assert_eq!(default_registry(&root, &environment).as_deref(), Some("of-repo"));
        assert_eq!(default_registry(&folder.path().join("elsewhere"), &environment).as_deref(), Some("of-home"));
    }

    #[test]
    fn registry_tokens_are_kept_out_of_output_by_their_names() {
        let names = ["CARGO_REGISTRY_TOKEN", "CARGO_REGISTRIES_MY_HOUSE_TOKEN", "CARGO_REGISTRIES_X_INDEX", "MY_TOKEN"];
        assert_eq!(names.map(is_token), [true, true, false, false]);
        let registry = registry(&[], &[("CARGO_REGISTRIES_X_TOKEN", "s3cret")]);
        assert_eq!(registry.redactor.redact("token s3cret"), "token ***");
    }

    #[test]
    fn a_forwarded_dry_run_is_noticed() {
        assert!(registry(&["--dry-run"], &[]).only_rehearses());
        assert!(registry(&["-n"], &[]).only_rehearses());
        assert!(!registry(&["--no-verify"], &[]).only_rehearses());
    }

    #[test]
    fn a_rehearsal_takes_chains_together_and_leaves_out_what_needs_another_registry() {
        let other = |package: Package| Package { registry: Some("other".into()), ..package };
        let packages = [
            package("a", &[]),
            package("b", &[runtime("a"), runtime("published-before")]),
            other(package("c", &[runtime("a")])),
            other(package("d", &[])),
            other(package("e", &[runtime("c")])),
            package("f", &[development("d", None), development("f", Some("1"))]),
        ];
        let all: Vec<&Package> = packages.iter().collect();
        let names = |packages: &[&Package]| packages.iter().map(|p| p.id.name().to_owned()).collect::<Vec<_>>();
        let together = Rehearsal::of(&all, true);
        assert_eq!(
            together.groups.iter().map(|group| names(group)).collect::<Vec<_>>(),
            [vec!["a", "b", "f"], vec!["d"]]
        );
        assert_eq!(names(&together.skipped), ["c", "e"]);
        let singly = Rehearsal::of(&all, false);
        assert_eq!(singly.groups.iter().map(|group| names(group)).collect::<Vec<_>>(), [["a"], ["f"], ["d"]]);
        assert_eq!(names(&singly.skipped), ["b", "c", "e"]);
    }
}
