//! The command line that publishes one package, for each package manager.

use semver::Version;

use super::manager::Manager;
use crate::workspace::npm::range::Range;

/// What is published.
#[derive(Debug, Clone, Default)]
pub(super) struct Publication {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) registry: Option<String>,
    pub(super) access: Option<String>,
    pub(super) tag: Option<String>,
    pub(super) is_dry_run: bool,
    pub(super) is_staged: bool,
}

impl Publication {
    fn scope(&self) -> Option<&str> {
        self.name.starts_with('@').then(|| self.name.split_once('/'))?.map(|(scope, _)| scope)
    }
}

/// The words behind the program. What the user forwards is never said twice.
pub(super) fn words(manager: Manager, publication: &Publication, forwarded: &[String]) -> Vec<String> {
    let mut words: Vec<String> = verb(manager, publication.is_staged).iter().map(ToString::to_string).collect();
    words.extend_from_slice(forwarded);
    let mut add = |name: &str, value: Option<&str>| {
        if !is_given(forwarded, name) {
            words.push(name.to_owned());
            words.extend(value.map(str::to_owned));
        }
    };
    if publication.is_dry_run {
        add("--dry-run", None);
    }
    let registry = option_value(forwarded, "--registry").or(publication.registry.as_deref());
    match (manager, publication.scope(), registry) {
        // What the settings name for a scope counts more for them than `--registry`.
        (Manager::Npm | Manager::Pnpm, Some(scope), Some(registry)) => {
            add(&format!("--{scope}:registry={registry}"), None);
        }
        (Manager::Yarn, ..) | (.., None) => {}
        (.., Some(registry)) => add("--registry", Some(registry)),
    }
    if let Some(access) = access(publication) {
        add("--access", Some(access));
    }
    if let Some(tag) = tag(publication) {
        add("--tag", Some(&tag));
    }
    match manager {
        Manager::Pnpm => add("--no-git-checks", None),
        Manager::YarnClassic => add("--non-interactive", None),
        Manager::Npm | Manager::Yarn | Manager::Bun => {}
    }
    words
}

fn verb(manager: Manager, is_staged: bool) -> &'static [&'static str] {
    match (manager, is_staged) {
        (Manager::Yarn, false) => &["npm", "publish"],
        (Manager::Yarn, true) => &["npm", "publish", "--staged"],
        (Manager::Npm | Manager::Pnpm, true) => &["stage", "publish"],
        _ => &["publish"],
    }
}

/// A scoped package is private by default, which only paid accounts can have.
fn access(publication: &Publication) -> Option<&str> {
    publication.access.as_deref().or_else(|| publication.scope().map(|_| "public"))
}

/// The tag that users ask for: a pre-release must not become `latest`. Its own name is that of its first identifier,
/// unless this would be taken for a range or an option.
fn tag(publication: &Publication) -> Option<String> {
    if publication.tag.is_some() {
        return publication.tag.clone();
    }
    let version = Version::parse(&publication.version).ok().filter(|version| !version.pre.is_empty())?;
    let label = version.pre.split('.').next().unwrap_or_default();
    let is_unusable = label.starts_with('-') || Range::parse(label).is_some();
    Some(if is_unusable { "next" } else { label }.to_owned())
}

/// Whether the forwarded arguments turn every upload into a rehearsal.
pub(super) fn is_dry_run(forwarded: &[String]) -> bool {
    let mut last = false;
    for argument in forwarded {
        match argument.strip_prefix("--dry-run") {
            Some("") => last = true,
            Some("=false" | "=0") => last = false,
            Some(value) if value.starts_with('=') => last = true,
            _ if argument == "--no-dry-run" => last = false,
            _ => {}
        }
    }
    last
}

fn is_given(arguments: &[String], name: &str) -> bool {
    arguments
        .iter()
        .any(|argument| argument.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('=')))
}

/// The value of the last `NAME VALUE` or `NAME=VALUE`.
pub(super) fn option_value<'a>(arguments: &'a [String], name: &str) -> Option<&'a str> {
    arguments.iter().enumerate().rev().find_map(|(index, argument)| match argument.strip_prefix(name)? {
        "" => arguments.get(index + 1).map(String::as_str),
        rest => rest.strip_prefix('='),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(manager: Manager, publication: &Publication, forwarded: &[&str]) -> String {
        let forwarded: Vec<String> = forwarded.iter().map(ToString::to_string).collect();
        words(manager, publication, &forwarded).join(" ")
    }

    fn publication(name: &str, version: &str) -> Publication {
        Publication { name: name.into(), version: version.into(), ..Publication::default() }
    }

    #[test]
    fn each_manager_has_its_own_words() {
        let scoped = Publication { registry: Some("https://r".into()), ..publication("@s/a", "1.0.0") };
        let dry = Publication { is_dry_run: true, ..publication("a", "1.0.0") };
        let staged = Publication { is_staged: true, ..publication("a", "1.0.0") };
        let table = [
            (Manager::Npm, "publish --@s:registry=https://r --access public", "publish --dry-run", "stage publish"),
            (
                Manager::Pnpm,
                "publish --@s:registry=https://r --access public --no-git-checks",
                "publish --dry-run --no-git-checks",
                "stage publish --no-git-checks",
            ),
            (Manager::Yarn, "npm publish --access public", "npm publish --dry-run", "npm publish --staged"),
            (Manager::Bun, "publish --registry https://r --access public", "publish --dry-run", "publish"),
        ];
        for (manager, expected_scoped, expected_dry, expected_staged) in table {
            assert_eq!(line(manager, &scoped, &[]), expected_scoped);
            assert_eq!(line(manager, &dry, &[]), expected_dry);
            assert_eq!(line(manager, &staged, &[]), expected_staged);
        }
        let classic = "publish --registry https://r --access public --non-interactive";
        assert_eq!(line(Manager::YarnClassic, &scoped, &[]), classic);
    }

    #[test]
    fn what_is_forwarded_is_not_added_again() {
        let all = Publication {
            registry: Some("https://r".into()),
            access: Some("restricted".into()),
            tag: Some("beta".into()),
            is_dry_run: true,
            ..publication("@s/a", "1.0.0")
        };
        let own = "publish --dry-run --registry https://r --access restricted --tag beta";
        let plain = Publication { name: "a".into(), ..all.clone() };
        assert_eq!(line(Manager::Npm, &plain, &[]), own);
        let forwarded = ["--dry-run", "--registry=https://x", "--access", "public", "--tag=t", "--otp", "1"];
        assert_eq!(line(Manager::Npm, &plain, &forwarded), format!("publish {}", forwarded.join(" ")));
        let scoped = format!("publish {} --@s:registry=https://x", forwarded.join(" "));
        assert_eq!(line(Manager::Npm, &all, &forwarded), scoped, "else the settings of the scope would count");
    }

    #[test]
    fn a_pre_release_never_becomes_the_latest() {
        let table = [
            ("1.0.0", None),
            ("1.0.0-rc.1", Some("rc")),
            ("1.0.0-beta", Some("beta")),
            ("1.0.0-0", Some("next")),
            ("1.0.0-x.1", Some("next")),
            ("1.0.0-v1", Some("next")),
            ("1.0.0--a", Some("next")),
        ];
        for (version, expected) in table {
            assert_eq!(tag(&publication("a", version)).as_deref(), expected, "{version}");
        }
    }

    #[test]
    fn a_forwarded_dry_run_is_noticed_unless_it_is_switched_off() {
        let table: [(&[&str], bool); 5] = [
            (&["--dry-run"], true),
            (&["--dry-run=true"], true),
            (&["--dry-run=false"], false),
            (&["--dry-run=0"], false),
            (&["--access", "public"], false),
        ];
        for (arguments, expected) in table {
            let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
            assert_eq!(is_dry_run(&arguments), expected, "{arguments:?}");
        }
    }
}
