//! What is to be done for each package, and what has been done: plain data.

use semver::Version;
use serde::Serialize;

use super::history::History;
use crate::release::plan_file::{PlannedRelease, ReleasePlan};
use crate::workspace::PackageId;

/// What is to be done at one commit, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The commit at HEAD.
    pub commit: String,
    /// One step per package.
    pub steps: Vec<Step>,
}

/// One package on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The package.
    pub package: PackageId,
    /// Its version.
    pub version: String,
    /// Its tag.
    pub tag: String,
    /// Whether its registry has it.
    pub upload: Upload,
    /// Whether its tag exists.
    pub tagging: Tagging,
}

/// Whether a registry has a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Upload {
    /// Not yet.
    Needed,
    /// This run uploaded it.
    Done,
    /// It was there before.
    AlreadyThere,
    /// Not yet, and the forwarded arguments ask for a dry run only.
    Rehearsed,
    /// Its registry has it, and shows it once somebody has approved it.
    Staged,
    /// It belongs to no registry.
    Never,
}

/// Whether a tag exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Tagging {
    /// Not yet.
    Needed,
    /// This run made it.
    Created,
    /// At HEAD.
    AtHead,
    /// At another commit, where it stays.
    Elsewhere,
    /// No, and HEAD is not what it should stand for.
    Withheld,
}

impl Plan {
    /// The tags that stand at the commit, and with `planned` also those that are still to be made.
    pub fn tags(&self, planned: bool) -> Vec<&str> {
        self.steps.iter().filter(|step| step.is_released(planned)).map(|step| step.tag.as_str()).collect()
    }

    /// Whether anything is left to do.
    pub fn has_work(&self) -> bool {
        self.steps.iter().any(Step::has_work)
    }

    /// Whether anything was uploaded or tagged.
    pub fn has_results(&self) -> bool {
        self.steps.iter().any(Step::has_results)
    }

    /// What is released at the commit: every package whose tag is there, and with `planned` also those whose tag is
    /// still to be made. `has_artifacts` knows whether there is something to distribute for a package, and `history`
    /// the past of its version.
    pub fn releases(
        &self,
        planned: bool,
        has_artifacts: impl Fn(&PackageId) -> bool,
        history: impl Fn(&PackageId, &Version) -> History,
    ) -> ReleasePlan {
        let release = |step: &Step| {
            let version = Version::parse(&step.version).ok();
            let past = version.as_ref().map(|version| history(&step.package, version)).unwrap_or_default();
            PlannedRelease {
                package: step.package.clone(),
                version: step.version.clone(),
                previous_version: past.previous.map(|previous| previous.to_string()),
                bump: past.bump,
                tag: step.tag.clone(),
                prerelease: version.is_some_and(|version| !version.pre.is_empty()),
                changelog: past.changelog,
                has_artifacts: has_artifacts(&step.package),
            }
        };
        let releases = self.steps.iter().filter(|step| step.is_released(planned)).map(release).collect();
        ReleasePlan::new(Some(self.commit.clone()), releases)
    }
}

impl Step {
    /// What became of the package and its tag, or in a dry run what would become of them, as a phrase.
    pub fn describe(&self, is_dry_run: bool) -> String {
        let tag = &self.tag;
        let tagging = match self.tagging {
            Tagging::Needed if is_dry_run => format!("would be tagged {tag}"),
            Tagging::Needed | Tagging::Withheld => "not tagged".into(),
            Tagging::Created => format!("tagged {tag}"),
            Tagging::AtHead => format!("already tagged {tag}"),
            Tagging::Elsewhere => format!("already tagged {tag} at another commit"),
        };
        match self.describe_upload(is_dry_run) {
            Some(upload) => format!("{upload}, {tagging}"),
            None => tagging,
        }
    }

    /// The same for the package alone; nothing for one that belongs to no registry.
    pub fn describe_upload(&self, is_dry_run: bool) -> Option<&'static str> {
        match self.upload {
            Upload::Needed if is_dry_run => Some("would be published"),
            Upload::Needed => Some("not published"),
            Upload::Done => Some("published"),
            Upload::AlreadyThere => Some("already published"),
            Upload::Staged => Some("staged for approval"),
            Upload::Rehearsed => Some("only checked"),
            Upload::Never => None,
        }
    }

    /// Whether the package is not in its registry and should be.
    pub(super) fn needs_upload(&self) -> bool {
        matches!(self.upload, Upload::Needed | Upload::Rehearsed)
    }

    /// Whether its tag stands at the commit, or with `planned` is still to be made there.
    fn is_released(&self, planned: bool) -> bool {
        match self.tagging {
            Tagging::AtHead | Tagging::Created => true,
            Tagging::Needed => planned,
            Tagging::Elsewhere | Tagging::Withheld => false,
        }
    }

    /// Whether it was uploaded or tagged.
    pub fn has_results(&self) -> bool {
        self.upload == Upload::Done || self.tagging == Tagging::Created
    }

    /// Whether it is to be uploaded or tagged.
    pub fn has_work(&self) -> bool {
        self.upload == Upload::Needed || self.tagging == Tagging::Needed
    }

    /// The message of its annotated tag.
    pub(super) fn tag_message(&self) -> String {
        format!("Release {} {}", self.package.name(), self.version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::changeset::Level;
    use crate::workspace::Ecosystem;

    fn step(name: &str, upload: Upload, tagging: Tagging) -> Step {
        let package = PackageId::new(Ecosystem::Cargo, name);
        let version = "1.0.0-rc.1".to_owned();
        Step { tag: format!("{name}-v{version}"), package, version, upload, tagging }
    }

    #[test]
    fn released_is_what_is_tagged_at_the_commit() {
        let steps = vec![
            step("made", Upload::Done, Tagging::Created),
            step("here", Upload::Never, Tagging::AtHead),
            step("missing", Upload::Needed, Tagging::Needed),
            step("elsewhere", Upload::AlreadyThere, Tagging::Elsewhere),
            step("withheld", Upload::AlreadyThere, Tagging::Withheld),
        ];
        let plan = Plan { commit: "c0ffee".into(), steps };
        let names = |planned: bool| -> Vec<String> {
            let releases = plan.releases(planned, |id| id.name() == "here", |_, _| History::default()).releases;
            releases.iter().map(|release| release.package.name().to_owned()).collect()
        };
        assert_eq!(names(false), ["here", "made"]);
        assert_eq!(names(true), ["here", "made", "missing"]);
        let past = History { previous: Some(Version::new(0, 9, 0)), bump: Some(Level::Major), changelog: None };
        let file = plan.releases(false, |id| id.name() == "here", |_, _| past.clone());
        assert_eq!(file.commit.as_deref(), Some("c0ffee"));
        assert_eq!(file.releases[0].tag, "here-v1.0.0-rc.1");
        assert_eq!(file.releases[0].previous_version.as_deref(), Some("0.9.0"));
        assert_eq!(file.releases[0].bump, Some(Level::Major));
        assert!(file.releases[0].prerelease && file.releases[0].has_artifacts && !file.releases[1].has_artifacts);
    }

    #[test]
    fn work_is_what_is_needed_and_a_result_is_what_was_done() {
        let plan = |upload, tagging| Plan { commit: "c0ffee".into(), steps: vec![step("a", upload, tagging)] };
        let table = [
            (Upload::Needed, Tagging::AtHead, true, false),
            (Upload::Never, Tagging::Needed, true, false),
            (Upload::Done, Tagging::Needed, true, true),
            (Upload::Done, Tagging::Elsewhere, false, true),
            (Upload::Never, Tagging::Created, false, true),
            (Upload::Rehearsed, Tagging::Withheld, false, false),
            (Upload::AlreadyThere, Tagging::AtHead, false, false),
        ];
        for (upload, tagging, work, results) in table {
            let plan = plan(upload, tagging);
            assert_eq!((plan.has_work(), plan.has_results()), (work, results), "{upload:?} {tagging:?}");
        }
    }
}
