//! What holds for the releases of any repository, with Cargo and npm packages of the same names.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs;
use std::path::Path;

use proptest::prelude::*;
use proptest::sample::{Index, subsequence};
use tempfile::TempDir;

use super::tests::dependencies;
use super::*;
use crate::release::input::Aim;
use crate::transaction;
use crate::workspace::Ecosystem;

const COUNT: usize = 8;

/// A repository of eight packages, drawn at random: even ones are crates, odd ones npm packages.
#[derive(Debug, Clone)]
struct Drawing {
    versions: Vec<&'static str>,
    /// For each package, which of those before it are needed, and how.
    needs: Vec<Vec<(Index, usize)>>,
    fixed: Vec<usize>,
    linked: Vec<usize>,
    bump_dependents: &'static str,
    changes: Vec<(Vec<usize>, Level)>,
    /// The changes again, in another order.
    order: Vec<usize>,
}

/// Ways to require a version `V`, of a crate and of an npm package. The last ones stay when a release comes.
const REQUIREMENTS: [[&str; 5]; 2] =
    [["V", "=V", "V", "", ">=0.1, <9"], ["V", "workspace:V", "workspace:^", "^V", "workspace:*"]];

fn drawing() -> impl Strategy<Value = Drawing> {
    let version = prop::sample::select(vec!["1.0.0", "0.3.7", "2.4.0", "1.0.0-alpha", "1.2.0-rc.3"]);
    let needs = prop::collection::vec((any::<Index>(), 0..REQUIREMENTS[0].len()), 0..3);
    let level = prop::sample::select(Level::ALL.to_vec());
    let some = |range| subsequence((0..COUNT).collect::<Vec<_>>(), range);
    let changes = prop::collection::vec((some(1..3), level), 1..4);
    let bump_dependents = prop::sample::select(vec!["always", "out-of-range"]);
    let packages = (prop::collection::vec(version, COUNT), prop::collection::vec(needs, COUNT));
    (packages, some(1..4), some(1..5), bump_dependents, changes, Just(vec![0, 1, 2]).prop_shuffle()).prop_map(
        |((versions, needs), fixed, linked, bump_dependents, changes, order)| {
            let linked = linked.into_iter().filter(|package| !fixed.contains(package)).collect();
            Drawing { versions, needs, fixed, linked, bump_dependents, changes, order }
        },
    )
}

fn ecosystem(package: usize) -> Ecosystem {
    Ecosystem::ALL[package % 2]
}

/// A crate and an npm package share each name.
fn name(package: usize) -> String {
    format!("p{}", package / 2)
}

fn id(package: usize) -> PackageId {
    PackageId::new(ecosystem(package), name(package))
}

impl Drawing {
    /// The packages that `package` needs, each with the requirement as written for a version.
    fn needed(&self, package: usize) -> HashMap<usize, &'static str> {
        let needs = self.needs[package].iter().filter(|_| package > 1);
        needs
            .map(|(index, way)| (index.index(package / 2) * 2 + package % 2, REQUIREMENTS[package % 2][*way]))
            .collect()
    }

    fn manifest(&self, package: usize) -> (String, String) {
        let (name, version, needed) = (name(package), self.versions[package], self.needed(package));
        let written = needed.iter().map(|(on, way)| (*on, way.replace('V', self.versions[*on])));
        let entry = |(on, written): (usize, String)| requirement(on, &written);
        let entries: Vec<String> = written.map(entry).collect();
        if ecosystem(package) == Ecosystem::Npm {
            let text = format!(
                "{{ \"name\": \"{name}\", \"version\": \"{version}\", \"dependencies\": {{ {} }} }}\n",
                entries.join(", ")
            );
            return (format!("npm/{name}/package.json"), text);
        }
        let head = format!("[package]\nname = \"{name}\"\nversion = \"{version}\"\n\n[dependencies]\n");
        (format!("cargo/{name}/Cargo.toml"), head + &entries.concat())
    }

    fn repository(&self) -> Repository {
        let folder = tempfile::tempdir().unwrap();
        let ids = |group: &[usize]| group.iter().map(|package| format!("\"{}\"", id(*package))).collect::<Vec<_>>();
        let config = format!(
            "[packages]\nbump_dependents = \"{}\"\nfixed = [[{}]]\nlinked = [[{}]]\n",
            self.bump_dependents,
            ids(&self.fixed).join(", "),
            ids(&self.linked).join(", ")
        );
        let config = Config::parse(Path::new("config.toml"), config.replace("[[]]", "[]")).unwrap();
        let repository = Repository { folder, config };
        repository.write("package.json", "{ \"workspaces\": [\"npm/*\"] }\n");
        repository.write("Cargo.toml", "[workspace]\nmembers = [\"cargo/*\"]\n");
        for package in 0..COUNT {
            let (path, text) = self.manifest(package);
            repository.write(&path, &text);
        }
        repository
    }

    /// The same with every change noted, the n-th in the n-th file of `order`.
    fn with_changes(&self, order: &[usize]) -> Repository {
        let repository = self.repository();
        for (change, file) in (0..self.changes.len()).zip(order) {
            self.note(&repository, change, *file);
        }
        repository
    }

    fn note(&self, repository: &Repository, change: usize, file: usize) {
        let (packages, level) = &self.changes[change];
        let lines: String = packages.iter().map(|package| format!("{}: {level}\n", id(*package))).collect();
        repository.write(&format!("{FOLDER}/{file}.md"), &format!("---\n{lines}---\n\nChange {change}\n"));
    }
}

/// The entry of a manifest by which it needs the package `on`.
fn requirement(on: usize, written: &str) -> String {
    let name = name(on);
    match ecosystem(on) {
        Ecosystem::Npm => format!("\"{name}\": \"{written}\""),
        _ if written.is_empty() => format!("{name} = {{ path = \"../{name}\" }}\n"),
        _ => format!("{name} = {{ path = \"../{name}\", version = \"{written}\" }}\n"),
    }
}

struct Repository {
    folder: TempDir,
    config: Config,
}

impl Repository {
    fn write(&self, path: &str, text: &str) {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.folder.path().join(path)).unwrap()
    }

    /// Npm packages as they are discovered, crates as Cargo would tell of them.
    fn workspace(&self) -> Workspace {
        let root = self.folder.path().to_owned();
        let mut workspace = Workspace { root, packages: Vec::new(), cargo_target_directory: None };
        let discovery = Ecosystem::Npm.support().discover(&mut workspace);
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(discovery).unwrap();
        for package in (0..COUNT).filter(|package| ecosystem(*package) == Ecosystem::Cargo) {
            let path = id(package).to_string();
            let text = self.read(&format!("{path}/Cargo.toml"));
            let table: toml::Table = text.parse().unwrap();
            workspace.packages.push(Package {
                id: id(package),
                version: table["package"]["version"].as_str().map(str::to_owned),
                manifest: workspace.root.join(&path).join("Cargo.toml"),
                path,
                publishable: true,
                registry: None,
                binaries: Vec::new(),
                dependencies: dependencies(&text),
                metadata: serde_json::Value::Null,
            });
        }
        workspace.packages.sort_by(|a, b| a.id.cmp(&b.id));
        workspace
    }

    fn plan(&self) -> Result<Plan, SampoError> {
        let (workspace, config) = (&self.workspace(), &self.config);
        let pending = Pending::read(workspace, &config.changesets)?;
        let (tags, read, credits) = (&HashSet::new(), &transaction::read, HashMap::new());
        make(&Input { workspace, config, date: None, read, tags, aim: Aim::Next, credits }, &pending)
    }

    fn apply(&self, plan: &Plan) {
        for change in plan.changes() {
            match &change.after {
                Some(text) => {
                    fs::create_dir_all(change.path.parent().unwrap()).unwrap();
                    fs::write(&change.path, text).unwrap();
                }
                None => fs::remove_file(&change.path).unwrap(),
            }
        }
    }

    /// The plan, unless it is refused for a range that would be left behind; nothing else may stop these releases.
    fn plan_or_refusal(&self) -> Option<Plan> {
        match self.plan() {
            Ok(plan) => Some(plan),
            Err(error) => {
                assert_eq!(error.code(), "range-uncovered", "{error}");
                None
            }
        }
    }
}

/// Every case writes a whole repository: fewer are tried than usual, unless `PROPTEST_CASES` says how many.
fn settings() -> ProptestConfig {
    let is_asked = std::env::var_os("PROPTEST_CASES").is_some();
    if is_asked { ProptestConfig::default() } else { ProptestConfig::with_cases(64) }
}

/// Plain arithmetic.
fn raised(version: &str, level: Level) -> String {
    let Version { major, minor, patch, .. } = version.parse().unwrap();
    match level {
        Level::Patch => format!("{major}.{minor}.{}", patch + 1),
        Level::Minor => format!("{major}.{}.0", minor + 1),
        Level::Major => format!("{}.0.0", major + 1),
    }
}

proptest! {
    #![proptest_config(settings())]

    #[test]
    fn the_order_of_changesets_does_not_change_versions(drawing in drawing()) {
        let lines = |order: &[usize]| {
            let plan = drawing.with_changes(order).plan_or_refusal()?;
            let line = |release: &Release| (release.package.clone(), release.level, release.new_version.clone());
            Some(plan.releases.iter().map(line).collect::<Vec<_>>())
        };
        prop_assert_eq!(lines(&drawing.order), lines(&[0, 1, 2]));
    }

    #[test]
    fn levels_have_come_to_rest(drawing in drawing()) {
        let Some(plan) = drawing.with_changes(&[0, 1, 2]).plan_or_refusal() else { return Ok(()) };
        let levels: HashMap<&PackageId, Level> =
            plan.releases.iter().map(|release| (&release.package, release.level)).collect();
        prop_assert_eq!(levels.len(), plan.releases.len(), "no package is released twice");
        let of = |package: &usize| levels.get(&id(*package)).copied();
        for (packages, level) in &drawing.changes {
            for package in packages {
                prop_assert!(of(package) >= Some(*level));
            }
        }
        for package in 0..COUNT {
            for (on, way) in drawing.needed(package) {
                let must_follow = drawing.bump_dependents == "always" || matches!(way, "V" | "=V" | "workspace:V");
                let follows = of(&on).is_none() || of(&package).is_some();
                prop_assert!(!must_follow || follows, "{} follows {}", package, on);
            }
        }
        let fixed: BTreeSet<_> = drawing.fixed.iter().map(of).collect();
        prop_assert_eq!(fixed.len(), 1, "a fixed group has one level");
        let linked: BTreeSet<_> = drawing.linked.iter().filter_map(of).collect();
        prop_assert!(linked.len() <= 1, "released members of a linked group have one level");
        for release in plan.releases.iter().filter(|release| !release.old_version.contains('-')) {
            prop_assert_eq!(release.new_version.to_string(), raised(&release.old_version, release.level));
        }
    }

    #[test]
    fn one_release_after_another_raises_versions_moves_pins_and_leaves_nothing_to_release(drawing in drawing()) {
        let repository = drawing.repository();
        for change in 0..drawing.changes.len() {
            drawing.note(&repository, change, 0);
            let Some(plan) = repository.plan_or_refusal() else { return Ok(()) };
            repository.apply(&plan);
            for release in &plan.releases {
                prop_assert!(release.new_version > release.old_version.parse().unwrap(), "{:?}", release);
            }
            let workspace = repository.workspace();
            for package in 0..COUNT {
                let manifest = repository.read(&drawing.manifest(package).0);
                for (on, way) in drawing.needed(package).into_iter().filter(|(_, way)| !way.contains('^')) {
                    let version = workspace.packages.iter().find(|each| each.id == id(on)).unwrap().version.clone();
                    let expected = requirement(on, &way.replace('V', &version.unwrap()));
                    prop_assert!(manifest.contains(&expected), "{} in {}", expected, manifest);
                }
            }
            let again = repository.plan().unwrap();
            prop_assert!(again.is_empty() && again.changes().is_empty(), "{:?}", again);
        }
    }
}
