//! The description of a pull request: what each package becomes, and why. Pure.

use std::cmp::Reverse;

use super::Kind;
use super::text::{inline, tame};
use crate::config::changelog::AutomaticEntries;
use crate::github::pulls::LONGEST_BODY;
use crate::release::entry::{Entry, Heading};
use crate::release::{Plan, Release};

/// What a description is made from, beside the plan.
#[derive(Debug, Clone, Copy)]
pub(super) struct Setting<'a> {
    pub(super) kind: Kind,
    pub(super) base: &'a str,
    pub(super) automatic_entries: AutomaticEntries,
    /// Where the pages of people are.
    pub(super) web: &'a str,
}

/// The description in Markdown. Packages for which there is no room are left out, and counted.
pub(super) fn body(plan: &Plan, setting: Setting<'_>) -> String {
    let is_collapsed =
        |release: &&Release| setting.automatic_entries == AutomaticEntries::Collapse && release.entries.is_empty();
    let (collapsed, shown): (Vec<&Release>, Vec<&Release>) = plan.releases.iter().partition(is_collapsed);
    let sections = shown.into_iter().map(|release| (1, section(release, setting.web)));
    let rest = (!collapsed.is_empty()).then(|| (collapsed.len(), bumped_only(&collapsed)));
    within(LONGEST_BODY, introduction(setting), sections.chain(rest), plan.releases.len())
}

fn introduction(Setting { kind, base, .. }: Setting<'_>) -> String {
    let base = inline(base);
    let what = match kind {
        Kind::Release => "Merging this pull request publishes the versions below.",
        Kind::Stable => "Merging this pull request ends the pre-releases below and publishes their stable versions.",
    };
    format!("{what} It keeps itself up to date: changes that are noted on {base} meanwhile are added here.\n")
}

/// `introduction` and as many of `sections` as fit into `limit`. Each comes with the number of packages in it.
fn within(
    limit: usize,
    introduction: String,
    sections: impl Iterator<Item = (usize, String)>,
    packages: usize,
) -> String {
    // GitHub counts characters; in UTF-16 there are never fewer.
    let length = |text: &str| text.encode_utf16().count();
    let room = limit - length(&note(packages));
    let (mut text, mut left) = (introduction, packages);
    let mut used = length(&text);
    for (count, section) in sections {
        let length = length(&section);
        // One that says too much does not keep out those after it.
        if used + length <= room {
            text.push_str(&section);
            used += length;
            left -= count;
        }
    }
    if left > 0 {
        text.push_str(&note(left));
    }
    text
}

fn note(left: usize) -> String {
    format!(
        "\n_Packages for which there is no room here: {left}. The changelogs in this pull request have them all._\n"
    )
}

fn section(release: &Release, web: &str) -> String {
    let mut text = format!("\n## {}\n", step(release));
    let mut entries: Vec<&Entry> = release.entries.iter().collect();
    // Stable: below one heading, entries keep the order of the changelog.
    entries.sort_by_key(|entry| match &entry.heading {
        Heading::Tag(tag) => (false, tag.clone(), None),
        Heading::Level(level) => (true, String::new(), Some(Reverse(*level))),
    });
    for entries in entries.chunk_by(|a, b| a.heading == b.heading) {
        text.push_str(&format!("\n### {}\n\n", inline(&entries[0].heading.text())));
        entries.iter().for_each(|entry| text.push_str(&format!("{}\n", item(entry, web))));
    }
    text
}

fn item(entry: &Entry, web: &str) -> String {
    let credit = entry.credit.clone().map(|credit| credit.without_mention(web));
    Entry { text: tame(&entry.text), credit, ..entry.clone() }.item()
}

fn bumped_only(releases: &[&Release]) -> String {
    let summary = match releases.len() {
        1 => "1 package follows with a new version only".to_owned(),
        count => format!("{count} packages follow with a new version only"),
    };
    let items: String = releases.iter().map(|release| format!("- {}\n", step(release))).collect();
    format!("\n<details>\n<summary>{summary}</summary>\n\n{items}\n</details>\n")
}

fn step(release: &Release) -> String {
    format!("{} {} -> {}", inline(&release.display_name), inline(&release.old_version), release.new_version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_room_is_left_out_package_by_package_and_counted() {
        let sections = || (1..=9).map(|number| (1, format!("\n## p{number}\n\n- ä\n")));
        let whole = within(10_000, "Intro.\n".into(), sections(), 9);
        assert!(whole.ends_with("\n## p9\n\n- ä\n"), "{whole}");
        let cut = within(150, "Intro.\n".into(), sections(), 9);
        assert!(cut.encode_utf16().count() <= 150, "{cut}");
        let note =
            "\n_Packages for which there is no room here: 6. The changelogs in this pull request have them all._\n";
        assert_eq!(cut, format!("Intro.\n\n## p1\n\n- ä\n\n## p2\n\n- ä\n\n## p3\n\n- ä\n{note}"));
        let long_first = [(1, "x".repeat(999)), (1, "\n## p2\n".to_owned())];
        let cut = within(150, "Intro.\n".into(), long_first.into_iter(), 2);
        assert_eq!(cut, format!("Intro.\n\n## p2\n{}", note.replace('6', "1")));
    }
}
