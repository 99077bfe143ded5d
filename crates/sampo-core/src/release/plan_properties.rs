//! What holds for the release of any workspace.

use std::collections::HashMap;

use proptest::prelude::*;
use proptest::sample::{Index, subsequence};

use super::tests::Fixture;
use super::*;

const COUNT: usize = 8;

/// A workspace of eight packages, drawn at random.
#[derive(Debug, Clone)]
struct Drawing {
    /// For each package, which of those before it are needed, and how.
    needs: Vec<Vec<(Index, &'static str)>>,
    fixed: Vec<usize>,
    linked: Vec<usize>,
    changes: Vec<(Vec<usize>, Level)>,
}

fn drawing() -> impl Strategy<Value = Drawing> {
    let requirement = prop::sample::select(vec!["", "1.0.0", "=1.0.0", ">=1, <9", "*"]);
    let needs = prop::collection::vec((any::<Index>(), requirement), 0..3);
    let level = prop::sample::select(Level::ALL.to_vec());
    let some = |range| subsequence((0..COUNT).collect::<Vec<_>>(), range);
    let changes = prop::collection::vec((some(1..3), level), 1..4);
    (prop::collection::vec(needs, COUNT), some(1..4), some(1..5), changes).prop_map(
        |(needs, fixed, linked, changes)| {
            let linked = linked.into_iter().filter(|package| !fixed.contains(package)).collect();
            Drawing { needs, fixed, linked, changes }
        },
    )
}

fn name(package: usize) -> String {
    format!("p{package}")
}

impl Drawing {
    fn fixture(&self) -> Fixture {
        let names = |group: &[usize]| group.iter().map(|package| format!("\"{}\"", name(*package))).collect::<Vec<_>>();
        let mut config = format!("[packages]\nfixed = [[{}]]\n", names(&self.fixed).join(", "));
        if !self.linked.is_empty() {
            config.push_str(&format!("linked = [[{}]]\n", names(&self.linked).join(", ")));
        }
        let mut fixture = Fixture::new(&config);
        for package in 0..COUNT {
            fixture = fixture.package(&name(package), "1.0.0", &self.lines(package));
        }
        for (number, (packages, level)) in self.changes.iter().enumerate() {
            let lines: Vec<String> = packages.iter().map(|package| format!("{}: {level}", name(*package))).collect();
            fixture = fixture.change(&lines.join(", "), &format!("Change {number}"));
        }
        fixture
    }

    fn lines(&self, package: usize) -> String {
        let mut lines = String::from("[dependencies]\n");
        for (on, requirement) in self.needed(package) {
            let version = if requirement.is_empty() { String::new() } else { format!(", version = \"{requirement}\"") };
            lines.push_str(&format!("{on} = {{ path = \"../{on}\"{version} }}\n"));
        }
        lines
    }

    fn needed(&self, package: usize) -> HashMap<String, &'static str> {
        let needs = self.needs[package].iter().filter(|_| package > 0);
        needs.map(|(index, requirement)| (name(index.index(package)), *requirement)).collect()
    }
}

fn levels(plan: &Plan) -> HashMap<String, Level> {
    plan.releases.iter().map(|release| (release.display_name.clone(), release.level)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_order_of_changesets_does_not_change_versions(drawing in drawing()) {
        let mut fixture = drawing.fixture();
        let lines = fixture.lines();
        fixture.pending.changesets.reverse();
        prop_assert_eq!(fixture.lines(), lines);
    }

    #[test]
    fn levels_have_come_to_rest(drawing in drawing()) {
        let levels = levels(&drawing.fixture().plan().unwrap());
        let of = |package: &usize| levels.get(&name(*package)).copied();
        for (packages, level) in &drawing.changes {
            for package in packages {
                prop_assert!(of(package) >= Some(*level));
            }
        }
        for package in 0..COUNT {
            for on in drawing.needed(package).into_keys() {
                prop_assert!(!levels.contains_key(&on) || of(&package).is_some(), "{} follows {}", package, on);
            }
        }
        let mut fixed: Vec<_> = drawing.fixed.iter().map(of).collect();
        fixed.dedup();
        prop_assert_eq!(fixed.len(), 1, "a fixed group has one level");
        let mut linked: Vec<_> = drawing.linked.iter().filter_map(of).collect();
        linked.dedup();
        prop_assert!(linked.len() <= 1, "released members of a linked group have one level");
    }

    #[test]
    fn pins_name_the_new_versions_and_a_second_release_has_nothing_to_do(drawing in drawing()) {
        let fixture = drawing.fixture();
        let plan = fixture.plan().unwrap();
        let versions: HashMap<&str, String> =
            plan.releases.iter().map(|release| (release.display_name.as_str(), release.new_version.to_string())).collect();
        for package in 0..COUNT {
            let manifest = fixture.text(&format!("crates/{}/Cargo.toml", name(package)));
            prop_assert_eq!(manifest.is_empty(), !versions.contains_key(name(package).as_str()));
            for (on, requirement) in drawing.needed(package) {
                if let Some(version) = versions.get(on.as_str()).filter(|_| requirement.ends_with("1.0.0")) {
                    let expected = format!("{on} = {{ path = \"../{on}\", version = \"{}\" }}", requirement.replace("1.0.0", version));
                    prop_assert!(manifest.contains(&expected), "{} in {}", expected, manifest);
                }
            }
        }
        prop_assert!(fixture.applied().plan().unwrap().is_empty());
    }
}
