//! The files that are attached to releases: `pattern` or `pattern => name`, with the values of each release filled in.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use crate::distribute::checksum::Digest;
use crate::distribute::model::{Artifact, ArtifactKind, Release};
use crate::distribute::resolve::ResolveError;
use crate::distribute::resolve::files::{matches, name_of, shown};
use crate::error::{Diagnose, PathError, SampoError};
use crate::template::{ReleaseScope, Template, TemplateError};

/// What is to be attached to every release.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AssetPatterns(Vec<AssetPattern>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct AssetPattern {
    pattern: Template<ReleaseScope>,
    /// The name of the asset, where it is not that of the file.
    name: Option<Template<ReleaseScope>>,
}

/// What there is to attach.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The assets of each release, in the order asked for.
    pub artifacts: Vec<Vec<Artifact>>,
    /// The patterns that match nothing, with the tags that they match nothing for.
    pub unmatched: Vec<(String, Vec<String>)>,
}

/// Assets cannot be attached as asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AssetError {
    /// One half of an entry is missing.
    #[error("`{entry}` in `release-assets` names no {missing}")]
    Incomplete {
        /// The entry.
        entry: String,
        /// What is missing.
        missing: &'static str,
    },
    /// A template cannot be used.
    #[error("in `release-assets`: {0}")]
    Template(#[source] TemplateError),
    /// Two files would be one asset.
    #[error("`{first}` and `{second}` would both be the asset `{name}` of `{tag}`")]
    Collision {
        /// A file.
        first: String,
        /// Another file.
        second: String,
        /// The name.
        name: String,
        /// The release.
        tag: String,
    },
    /// A pattern is none, or files cannot be found by it.
    #[error(transparent)]
    Files(#[from] ResolveError),
    /// A file cannot be read.
    #[error(transparent)]
    Io(#[from] PathError),
}

impl Diagnose for AssetError {
    fn code(&self) -> &'static str {
        match self {
            Self::Incomplete { .. } | Self::Template(_) => "release-assets",
            Self::Collision { .. } => "artifact-collision",
            Self::Files(error) => error.code(),
            Self::Io(error) => error.code(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Incomplete { .. } => Some("write `PATTERN` or `PATTERN => NAME`, such as `dist/*.zip`".into()),
            Self::Template(_) => None,
            Self::Collision { .. } => {
                Some("make the pattern narrower, or give one of them another name: `PATTERN => NAME`".into())
            }
            Self::Files(error) => error.hint(),
            Self::Io(error) => error.hint(),
        }
    }
}

impl AssetPatterns {
    /// Reads entries on lines or between commas.
    pub fn parse(text: &str) -> Result<Self, AssetError> {
        let entries = text.split(['\n', ',']).map(str::trim).filter(|entry| !entry.is_empty());
        entries.map(AssetPattern::parse).collect::<Result<_, _>>().map(Self)
    }

    /// Whether nothing is to be attached.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The files below `root` for each of `releases`, measured; nothing for those that are none.
    pub(super) async fn find(&self, root: &Path, releases: &[Option<&Release>]) -> Result<Found, SampoError> {
        let mut unmatched: BTreeMap<usize, Vec<String>> = BTreeMap::new();
        let mut named = Vec::with_capacity(releases.len());
        for release in releases {
            let mut files: BTreeMap<String, (String, PathBuf)> = BTreeMap::new();
            if let Some(release) = release {
                for (index, pattern) in self.0.iter().enumerate() {
                    if !pattern.add_matches(root, release, &mut files)? {
                        unmatched.entry(index).or_default().push(release.tag.clone());
                    }
                }
            }
            named.push(files.into_values().collect::<Vec<_>>());
        }
        let unmatched =
            unmatched.into_iter().map(|(index, tags)| (self.0[index].pattern.source().to_owned(), tags)).collect();
        let measured = tokio::task::spawn_blocking(move || measure(named)).await;
        let artifacts = measured.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))?;
        Ok(Found { artifacts, unmatched })
    }
}

impl AssetPattern {
    fn parse(entry: &str) -> Result<Self, AssetError> {
        let incomplete = |missing| AssetError::Incomplete { entry: entry.to_owned(), missing };
        let (pattern, name) = match entry.split_once("=>") {
            None => (entry, None),
            Some((pattern, name)) => (pattern.trim(), Some(name.trim())),
        };
        if pattern.is_empty() {
            return Err(incomplete("file"));
        }
        if name.is_some_and(str::is_empty) {
            return Err(incomplete("asset"));
        }
        let template = |source: &str| Template::parse(source).map_err(AssetError::Template);
        Ok(Self { pattern: template(pattern)?, name: name.map(template).transpose()? })
    }

    /// Adds its files to those of `release`, by their names in lower case, as some systems compare them; whether there
    /// are any.
    fn add_matches(
        &self,
        root: &Path,
        release: &Release,
        files: &mut BTreeMap<String, (String, PathBuf)>,
    ) -> Result<bool, AssetError> {
        let variables = release.variables();
        let glob = self.pattern.render_for_glob(&variables).map_err(AssetError::Template)?;
        let paths = matches(root, &glob)?;
        let is_matched = !paths.is_empty();
        for path in paths {
            let name = match &self.name {
                Some(name) => name.render(&variables).map_err(AssetError::Template)?,
                None => name_of(&path)?,
            };
            let (_, known) = files.entry(name.to_lowercase()).or_insert_with(|| (name.clone(), path.clone()));
            if *known != path {
                let (first, second) = (shown(known, root), shown(&path, root));
                return Err(AssetError::Collision { first, second, name, tag: release.tag.clone() });
            }
        }
        Ok(is_matched)
    }
}

/// Reads every file once, however many releases it belongs to.
fn measure(named: Vec<Vec<(String, PathBuf)>>) -> Result<Vec<Vec<Artifact>>, AssetError> {
    let mut known: HashMap<PathBuf, (Digest, u64)> = HashMap::new();
    let mut artifact = |(name, path): (String, PathBuf)| -> Result<Artifact, AssetError> {
        let (sha256, bytes) = match known.get(&path) {
            Some(&measured) => measured,
            None => *known.entry(path.clone()).or_insert(Digest::of_file(&path)?),
        };
        Ok(Artifact { name, kind: ArtifactKind::File, target: None, bytes, sha256, path })
    };
    named.into_iter().map(|files| files.into_iter().map(&mut artifact).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn release(tag: &str) -> Release {
        Release { tag: tag.into(), ..Release::example() }
    }

    async fn names(folder: &Path, text: &str) -> Result<Vec<(String, String)>, String> {
        let patterns = AssetPatterns::parse(text).map_err(|error| error.to_string())?;
        let release = release("my-cli-v1.2.0");
        let found = patterns.find(folder, &[Some(&release)]).await.map_err(|error| error.to_string())?;
        let pair = |artifact: &Artifact| (artifact.name.clone(), shown(&artifact.path, folder));
        Ok(found.artifacts[0].iter().map(pair).collect())
    }

    fn folder(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, file).unwrap();
        }
        folder
    }

    #[tokio::test]
    async fn patterns_and_names_are_filled_in_and_folders_are_no_assets() {
        let folder = folder(&["dist/my-cli-1.2.0.zip", "dist/other.zip", "dist/my-cli-x/inner", "LICENSE"]);
        let text = "dist/{{crate}}-*, LICENSE => license-{{ tag }}.txt\n\n dist/{{ crate }}-{{version}}.zip ";
        let pair = |name: &str, path: &str| (name.to_owned(), path.to_owned());
        assert_eq!(
            names(folder.path(), text).await.unwrap(),
            [pair("license-my-cli-v1.2.0.txt", "LICENSE"), pair("my-cli-1.2.0.zip", "dist/my-cli-1.2.0.zip")]
        );
        let absolute = folder.path().join("dist/other.zip");
        assert_eq!(names(folder.path(), &absolute.to_string_lossy()).await.unwrap()[0].0, "other.zip");
    }

    #[tokio::test]
    async fn a_name_that_two_files_would_have_is_refused_with_both() {
        let folder = folder(&["a/app.zip", "b/App.zip"]);
        for (text, name) in [("a/*\nb/*", "App.zip"), ("*/*.zip => app.zip", "app.zip")] {
            let expected = format!("`a/app.zip` and `b/App.zip` would both be the asset `{name}` of `my-cli-v1.2.0`");
            assert_eq!(names(folder.path(), text).await.unwrap_err(), expected, "{text}");
        }
    }

    #[tokio::test]
    async fn mistakes_are_found_before_anything_is_looked_for() {
        let table = [
            ("=> name", "`=> name` in `release-assets` names no file"),
            ("dist/* =>", "`dist/* =>` in `release-assets` names no asset"),
            ("dist/{{ crat }}", "in `release-assets`: unknown variable `crat`"),
            ("dist/x => {{ target }}", "in `release-assets`: unknown variable `target`"),
            ("dist/{{ crate", "in `release-assets`: the template `dist/{{ crate` cannot be read"),
        ];
        for (text, expected) in table {
            let error = AssetPatterns::parse(text).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
    }

    #[tokio::test]
    async fn a_pattern_that_matches_nothing_is_told_with_the_tags_that_lack_it() {
        let folder = folder(&["dist/a-1.zip"]);
        let patterns = AssetPatterns::parse("dist/{{ tag }}.zip\nmissing/*").unwrap();
        let (a, b) = (release("a-1"), release("b-1"));
        let found = patterns.find(folder.path(), &[Some(&a), None, Some(&b)]).await.unwrap();
        assert_eq!(found.artifacts.iter().map(Vec::len).collect::<Vec<_>>(), [1, 0, 0]);
        let texts = |tags: &[&str]| tags.iter().map(ToString::to_string).collect::<Vec<_>>();
        let expected =
            [("dist/{{ tag }}.zip".to_owned(), texts(&["b-1"])), ("missing/*".to_owned(), texts(&["a-1", "b-1"]))];
        assert_eq!(found.unmatched, expected);
    }
}
