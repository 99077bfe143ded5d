//! Changelogs before and after a release, as whole files.

use super::*;

fn version(text: &str) -> Version {
    Version::parse(text).unwrap()
}

fn group(heading: &str, messages: &[&str]) -> Group {
    Group { heading: heading.into(), blocks: messages.iter().map(|message| item(message)).collect() }
}

/// `existing` with a release from 1.2.0 to 1.3.0.
fn released(existing: &str, groups: Vec<Group>) -> String {
    let (old, new) = (version("1.2.0"), version("1.3.0"));
    let existing = Some(existing).filter(|text| !text.is_empty());
    with(existing, Section { name: "core", old: &old, new: &new, date: Some("2026-11-22"), groups })
}

fn minor() -> Vec<Group> {
    vec![group("Minor changes", &["New."])]
}

const NEW: &str = "## 1.3.0 — 2026-11-22\n\n### Minor changes\n\n- New.\n\n";

#[test]
fn a_new_file_has_title_heading_and_entries() {
    let groups = vec![
        group("Minor changes", &["First line of the message.\nSecond line.\n\nThird.", "Other."]),
        group("Patch changes", &["Updated dependencies: util@0.4.1"]),
    ];
    assert_eq!(
        released("", groups),
        "# core\n\n## 1.3.0 — 2026-11-22\n\n### Minor changes\n\n- First line of the message.\n  Second line.\n  \n  \
         Third.\n- Other.\n\n### Patch changes\n\n- Updated dependencies: util@0.4.1\n\n"
    );
}

#[test]
fn the_new_section_stands_between_the_intro_and_older_versions() {
    let table = [
        ("# My core\n\nProse.\n\n## About\n\nMore.\n\n\n", "## [1.2.0] - 2024-01-01\n\n* old\n"),
        ("# Changelog\n\n## [Unreleased]\n\n- soon\n", "## v1\n"),
        ("# Changelog\n### 1.0.0\n", "## 2024-01-01\n\nx"),
        ("Only prose", ""),
        ("# core\n\n```\n## 1.0.0\n```\n", "## 1.2.0\n"),
    ];
    for (intro, older) in table {
        let expected = format!("{}\n\n{NEW}{older}", intro.trim_end());
        assert_eq!(released(&format!("{intro}{older}"), minor()), expected);
    }
    assert_eq!(released("\n\n## 1.2.0\n", minor()), format!("# core\n\n{NEW}## 1.2.0\n"));
}

#[test]
fn windows_line_endings_are_kept() {
    let expected = format!("# core\n\n{NEW}## 1.2.0\n\n- old\n").replace('\n', "\r\n");
    assert_eq!(released("# core\r\n\r\n## 1.2.0\r\n\r\n- old\r\n", minor()), expected);
}

#[test]
fn an_entry_stands_once_under_its_heading() {
    let groups = vec![group("Fixed", &["Same.", "Same."]), group("Added", &["Same."])];
    let text = released("", groups);
    assert!(text.ends_with("### Fixed\n\n- Same.\n\n### Added\n\n- Same.\n\n"), "{text}");
}

#[test]
fn a_section_ahead_of_the_manifest_moves_into_the_new_one_whole() {
    let ahead = "## 1.2.1 — 2026-01-01\n\nLoose words.\n\n### Patch changes\n\n- One.\n  - nested\n\n  ```toml\n  ## 9.9.9\n  \
                 ```\n- Two,\ncontinued.\n\nA paragraph\nof two lines.\n\n### Security\n\n- Three.\n\n";
    assert_eq!(
        released(&format!("# core\n\n{ahead}## 1.2.0\n\n- old\n"), vec![group("Patch changes", &["New."])]),
        "# core\n\n## 1.3.0 — 2026-11-22\n\nLoose words.\n\n### Patch changes\n\n- New.\n- One.\n  - nested\n\n  ```toml\n  \
         ## 9.9.9\n  ```\n- Two,\ncontinued.\n\nA paragraph\nof two lines.\n\n### Security\n\n- Three.\n\n## 1.2.0\n\n- old\n"
    );
}

#[test]
fn only_strict_headings_count_as_ahead() {
    for heading in ["## v9.0.0", "## [9.0.0]", "## 9.0", "## 2030-01-01", "## 1.2.0", "## 1.0.0 ... 1.2.0"] {
        let older = format!("{heading}\n\n### Patch changes\n\n- old\n");
        assert_eq!(released(&format!("# core\n\n{older}"), minor()), format!("# core\n\n{NEW}{older}"));
    }
}

#[test]
fn releases_that_only_follow_others_are_one_section() {
    let follow = |text: &str, old: &str, new: &str| {
        let (old, new) = (version(old), version(new));
        with(Some(text), Section { name: "core", old: &old, new: &new, date: Some("2026-11-22"), groups: Vec::new() })
    };
    let line = "Version bump only, to follow other packages.";
    let once = follow("# core\n\n## 1.0.0\n\n- old\n", "1.0.0", "1.0.1");
    assert_eq!(once, format!("# core\n\n## 1.0.1 — 2026-11-22\n\n{line}\n\n## 1.0.0\n\n- old\n"));
    let twice = follow(&once, "1.0.1", "1.0.2");
    assert_eq!(twice, format!("# core\n\n## 1.0.1 ... 1.0.2 — 2026-11-22\n\n{line}\n\n## 1.0.0\n\n- old\n"));
    let thrice = follow(&twice, "1.0.2", "1.0.3");
    assert_eq!(thrice, format!("# core\n\n## 1.0.1 ... 1.0.3 — 2026-11-22\n\n{line}\n\n## 1.0.0\n\n- old\n"));
    let unrelated = follow(&thrice, "1.0.4", "1.0.5");
    assert!(unrelated.starts_with("# core\n\n## 1.0.5 — 2026-11-22\n"), "{unrelated}");
}

#[test]
fn the_section_of_a_version_is_found_in_every_heading_style() {
    let body = "### Fixed\n\n- x\n\n  ## not a heading\n- ```\n  code\n  ```";
    for heading in
        ["1.3.0", "1.3.0 — 2026-11-22", "[1.3.0] - 2026-11-22", "v1.3.0", "[v1.3.0](x) (today)", "1.2.5 ... 1.3.1 — x"]
    {
        let text = format!("# core\n\n## 1.3.2\n\n- new\n\n## {heading}\n\n{body}\n\n## 1.2.0\n\n- old\n");
        assert_eq!(section(&text, &version("1.3.0")).as_deref(), Some(body), "{heading}");
        let windows = text.replace('\n', "\r\n");
        assert_eq!(section(&windows, &version("1.3.0")).as_deref(), Some(body), "{heading}");
    }
    assert_eq!(section("# core\n\n## 1.3.0\n\n## 1.2.0\n\nx", &version("1.3.0")), None);
    assert_eq!(section("# core\n\n## 1.3.0\n\nx", &version("1.3.1")), None);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(256))]

    /// Whatever stands in a file: the new section is in it, and nothing below it is lost.
    #[test]
    fn any_file_takes_a_section(lines in proptest::collection::vec(
        proptest::sample::select(vec![
            "", "# core", "## 1.2.0", "## 1.4.0 — x", "## 1.0.0 ... 1.2.0", "### Added", "- a", "  b", "```", "  ~~~", "<!--",
            "-->", "prose", "ä\r", "- ```rust",
        ]),
        0..24,
    )) {
        let existing = lines.join("\n");
        let text = released(&existing, minor());
        let section = section(&text, &version("1.3.0"));
        let is_hidden = existing.contains("<!--") || existing.contains("```") || existing.contains("~~~");
        proptest::prop_assert!(is_hidden || section.is_some_and(|section| section.contains("- New.")), "{}", text);
        for line in lines.iter().filter(|line| line.contains(['a', 'b', 'p']) && !line.starts_with('#')) {
            proptest::prop_assert!(text.contains(line.trim()), "{} in {}", line, text);
        }
    }
}
