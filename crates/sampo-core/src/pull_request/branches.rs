//! Which branches a pull request is between, and what it is called. Pure.

use super::{Kind, PullRequestError, Settings, Wording};
use crate::config::GitConfig;
use crate::git::is_branch_name;
use crate::github::pulls::LONGEST_TITLE;

/// The branches that pull requests of one base may be made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branches {
    /// The branch that is merged into.
    pub base: String,
    kind: Kind,
    branch: Option<String>,
    title: Option<String>,
}

impl Branches {
    /// Those of `kind`, as `settings` say, for a run on the branch `current`. Refuses names that git or GitHub would
    /// refuse, and branches that are more than the branch of this pull request: each run overwrites it.
    pub fn resolve(
        kind: Kind,
        settings: &Settings,
        current: &str,
        config: &GitConfig,
    ) -> Result<Self, PullRequestError> {
        let base = settings.base.clone().unwrap_or_else(|| current.to_owned());
        check_name(&base)?;
        for Wording { branch, title } in [&settings.release, &settings.stable] {
            branch.as_deref().map_or(Ok(()), |branch| check_branch(branch, &base, config))?;
            title.as_deref().map_or(Ok(()), check_title)?;
        }
        let (own, other) = match kind {
            Kind::Release => (&settings.release, Kind::Stable),
            Kind::Stable => (&settings.stable, Kind::Release),
        };
        let branches = Self { base, kind, branch: own.branch.clone(), title: own.title.clone() };
        let others = Self { kind: other, branch: settings.wording(other).branch.clone(), ..branches.clone() };
        let taken = branches.candidates().into_iter().find(|branch| others.candidates().contains(branch));
        match taken {
            Some(branch) => {
                let meaning = "used by the release pull request and the stabilize pull request".into();
                Err(PullRequestError::TakenBranch { branch, meaning })
            }
            None => Ok(branches),
        }
    }

    /// Every branch that it may be made from: which one it is depends on whether there are pre-releases.
    pub fn candidates(&self) -> Vec<String> {
        let mut candidates = vec![self.branch(false), self.branch(true)];
        candidates.dedup();
        candidates
    }

    /// The branch that it is made from.
    pub fn branch(&self, has_prereleases: bool) -> String {
        let base = self.base.replace('/', "-");
        self.branch.clone().unwrap_or_else(|| match (self.kind, has_prereleases) {
            (Kind::Release, false) => format!("release/{base}"),
            (Kind::Release, true) => format!("pre-release/{base}"),
            (Kind::Stable, _) => format!("stabilize/{base}"),
        })
    }

    /// What it is called.
    pub fn title(&self, has_prereleases: bool) -> String {
        let base = &self.base;
        self.title.clone().unwrap_or_else(|| match (self.kind, has_prereleases) {
            (Kind::Release, false) => format!("Release ({base})"),
            (Kind::Release, true) => format!("Pre-release ({base})"),
            (Kind::Stable, _) => format!("Release stable ({base})"),
        })
    }
}

fn check_branch(branch: &str, base: &str, config: &GitConfig) -> Result<(), PullRequestError> {
    check_name(branch)?;
    if branch == base {
        return Err(PullRequestError::SameBranch(base.to_owned()));
    }
    if config.is_release_branch(branch) {
        let branch = branch.to_owned();
        return Err(PullRequestError::TakenBranch { branch, meaning: "a release branch".into() });
    }
    Ok(())
}

fn check_name(name: &str) -> Result<(), PullRequestError> {
    // Git says to `check-ref-format` what it would say to a push, but a push does not know `refs/heads/refs/heads/x`
    // from a mistake.
    if is_branch_name(name) && !name.starts_with("refs/") {
        return Ok(());
    }
    Err(PullRequestError::InvalidBranch { name: name.escape_debug().to_string() })
}

fn check_title(title: &str) -> Result<(), PullRequestError> {
    match () {
        () if title.contains(char::is_control) => Err(PullRequestError::InvalidTitle("has more than one line")),
        () if title.encode_utf16().count() > LONGEST_TITLE => Err(PullRequestError::InvalidTitle("is too long")),
        () => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(kind: Kind, settings: &Settings) -> Result<Branches, PullRequestError> {
        Branches::resolve(kind, settings, "main", &GitConfig::default())
    }

    #[test]
    fn names_follow_the_base_and_the_kind_of_release() {
        let settings = Settings { base: Some("feature/x".into()), ..Settings::default() };
        let release = resolve(Kind::Release, &settings).unwrap();
        assert_eq!(
            (release.branch(false), release.title(false)),
            ("release/feature-x".into(), "Release (feature/x)".into())
        );
        assert_eq!(
            (release.branch(true), release.title(true)),
            ("pre-release/feature-x".into(), "Pre-release (feature/x)".into())
        );
        let stable = resolve(Kind::Stable, &Settings::default()).unwrap();
        assert_eq!(
            (stable.branch(true), stable.title(true)),
            ("stabilize/main".into(), "Release stable (main)".into())
        );
        assert_eq!(stable.candidates(), ["stabilize/main"]);
    }

    #[test]
    fn names_that_are_given_replace_the_usual_ones() {
        let wording = Wording { branch: Some("next".into()), title: Some("The next".into()) };
        let settings = Settings { release: wording, ..Settings::default() };
        let release = resolve(Kind::Release, &settings).unwrap();
        assert_eq!((release.candidates(), release.title(true)), (vec!["next".to_owned()], "The next".to_owned()));
    }

    #[test]
    fn what_cannot_be_a_branch_of_its_own_is_refused_before_anything_happens() {
        let named = |branch: &str| Settings {
            release: Wording { branch: Some(branch.into()), title: None },
            ..Settings::default()
        };
        let table = [
            ("main", "the pull request would merge `main` into itself"),
            ("stabilize/main", "`stabilize/main` cannot be the branch of a pull request: it is used by"),
            ("-x", "`-x` is not the name of a branch"),
            ("a..b", "`a..b` is not the name of a branch"),
            ("a\nb", "`a\\nb` is not the name of a branch"),
            ("HEAD", "`HEAD` is not the name of a branch"),
            ("x:refs/heads/main", "`x:refs/heads/main` is not the name of a branch"),
            ("refs/heads/main", "`refs/heads/main` is not the name of a branch"),
            ("", "`` is not the name of a branch"),
        ];
        for (branch, expected) in table {
            for kind in [Kind::Release, Kind::Stable] {
                let error = resolve(kind, &named(branch)).unwrap_err().to_string();
                assert!(error.starts_with(expected), "{error}");
            }
        }
        let elsewhere = Settings { base: Some("develop".into()), ..named("main") };
        let error = resolve(Kind::Release, &elsewhere).unwrap_err().to_string();
        assert_eq!(error, "`main` cannot be the branch of a pull request: it is a release branch");
        let base = Settings { base: Some("a b".into()), ..Settings::default() };
        assert_eq!(resolve(Kind::Release, &base).unwrap_err().to_string(), "`a b` is not the name of a branch");
    }

    #[test]
    fn a_title_is_one_line_that_github_takes() {
        for title in ["a\nb".to_owned(), "ä".repeat(257)] {
            let wording = Wording { branch: None, title: Some(title) };
            let settings = Settings { stable: wording, ..Settings::default() };
            assert!(matches!(resolve(Kind::Stable, &settings), Err(PullRequestError::InvalidTitle(_))));
        }
    }
}
