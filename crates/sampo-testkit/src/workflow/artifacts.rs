//! The artifacts of a workflow's runs, with what is lost on their way: mode bits, links, hidden files, empty folders.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::machine::Variables;

/// The artifacts of all runs, in a folder.
pub(crate) struct Artifacts {
    pub(crate) folder: PathBuf,
}

impl Artifacts {
    fn of_run(&self, run: u64) -> PathBuf {
        self.folder.join(run.to_string())
    }

    /// The artifact `name` of a run.
    pub(crate) fn path(&self, run: u64, name: &str) -> PathBuf {
        self.of_run(run).join(name)
    }

    /// What `actions/upload-artifact` does.
    pub(crate) fn upload(&self, run: u64, inputs: &Variables, workspace: &Path) -> Result<String, String> {
        check_inputs(inputs, &["name", "path", "if-no-files-found", "overwrite"]);
        let name = &inputs["name"];
        if name.is_empty() || name.contains(['"', ':', '<', '>', '|', '*', '?', '\r', '\n', '\\', '/']) {
            return Err(format!("The artifact name is not valid: {name}"));
        }
        let path = &inputs["path"];
        assert!(!path.is_empty() && !path.contains(['*', '?', '[', '!', '\n']), "`{path}` is not understood");
        let source = workspace.join(path);
        let mut files = Vec::new();
        find(&source, &mut files);
        if files.is_empty() {
            let message = format!("No files were found with the provided path: {path}.");
            return if inputs.get("if-no-files-found").is_some_and(|what| what == "error") {
                Err(message)
            } else {
                Ok(format!("{message} No artifacts will be uploaded.\n"))
            };
        }
        let artifact = self.path(run, name);
        if artifact.exists() {
            if inputs.get("overwrite").is_none_or(|overwrite| overwrite != "true") {
                return Err("Conflict: an artifact with this name already exists on the workflow run".into());
            }
            fs::remove_dir_all(&artifact).expect("the former artifact");
        }
        let root = if source.is_dir() { source.as_path() } else { source.parent().expect("a file has a folder") };
        for file in &files {
            copy(file, &artifact.join(file.strip_prefix(root).expect("below the root")));
        }
        Ok(format!("Artifact {name} has been successfully uploaded\n"))
    }

    /// What `actions/download-artifact` does: without a name, all of the run, each into a folder of its own.
    pub(crate) fn download(&self, run: u64, inputs: &Variables, workspace: &Path) -> Result<String, String> {
        check_inputs(inputs, &["name", "path", "run-id", "github-token"]);
        let mut run = run;
        if let Some(id) = inputs.get("run-id") {
            if inputs.get("github-token").is_none_or(String::is_empty) {
                return Err("Input required and not supplied: github-token".into());
            }
            run = id.parse().map_err(|_| format!("`{id}` is no run"))?;
        }
        let into = workspace.join(inputs.get("path").map_or("", String::as_str));
        if let Some(name) = inputs.get("name") {
            if !self.path(run, name).is_dir() {
                return Err(format!("Artifact not found for name: {name}"));
            }
            copy_all(&self.path(run, name), &into);
            return Ok(format!("Artifact {name} has been downloaded\n"));
        }
        if !self.of_run(run).is_dir() {
            return Ok("Total of 0 artifact(s) downloaded\n".into());
        }
        copy_all(&self.of_run(run), &into);
        Ok("Artifact download completed successfully\n".into())
    }
}

fn check_inputs(inputs: &Variables, known: &[&str]) {
    inputs.keys().for_each(|name| assert!(known.contains(&name.as_str()), "the input `{name}` is not understood"));
}

/// Every file at or below `path`, through links, without hidden ones.
fn find(path: &Path, files: &mut Vec<PathBuf>) {
    let is_hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
    if is_hidden || !path.exists() {
        return;
    }
    if path.is_file() {
        return files.push(path.to_owned());
    }
    for entry in fs::read_dir(path).expect("a folder that can be read") {
        find(&entry.expect("an entry").path(), files);
    }
}

fn copy_all(from: &Path, into: &Path) {
    let mut files = Vec::new();
    find(from, &mut files);
    for file in files {
        copy(&file, &into.join(file.strip_prefix(from).expect("below the folder")));
    }
}

/// Copies the contents alone: whoever gets the file may not run it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to.parent().expect("a file has a folder")).expect("folders");
    fs::write(to, fs::read(from).expect("a file that can be read")).expect("room for a copy");
    fs::set_permissions(to, fs::Permissions::from_mode(0o644)).expect("mode bits");
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::Repo;

    fn inputs(pairs: &[(&str, &str)]) -> Variables {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn an_artifact_loses_what_artifacts_lose() {
        let repo = Repo::new();
        let artifacts = Artifacts { folder: repo.outside("artifacts") };
        repo.write("dist/a/tool", "x").write("dist/a/.hidden", "x").write("dist/a/doc/page", "y");
        fs::set_permissions(repo.path("dist/a/tool"), fs::Permissions::from_mode(0o755)).unwrap();
        symlink(repo.path("dist/a/tool"), repo.path("dist/a/link")).unwrap();
        let upload = |pairs: &[(&str, &str)]| artifacts.upload(7, &inputs(pairs), repo.root());
        upload(&[("name", "a"), ("path", "dist/a/")]).unwrap();
        assert!(upload(&[("name", "a"), ("path", "dist/a/")]).is_err(), "the name is taken");
        upload(&[("name", "a"), ("path", "dist/a/"), ("overwrite", "true")]).unwrap();
        upload(&[("name", "one"), ("path", "dist/a/doc/page")]).unwrap();
        assert!(upload(&[("name", "x/y"), ("path", "dist")]).is_err());
        upload(&[("name", "none"), ("path", "nothing")]).unwrap();
        assert!(upload(&[("name", "none"), ("path", "nothing"), ("if-no-files-found", "error")]).is_err());

        artifacts.download(7, &inputs(&[("path", "got")]), repo.root()).unwrap();
        let mut found = Vec::new();
        find(&repo.path("got"), &mut found);
        let mut names: Vec<_> = found.iter().map(|path| path.strip_prefix(repo.path("got")).unwrap()).collect();
        names.sort();
        assert_eq!(names, ["a/doc/page", "a/link", "a/tool", "one/page"].map(Path::new));
        for file in &found {
            let metadata = fs::symlink_metadata(file).unwrap();
            assert!(metadata.is_file() && metadata.permissions().mode() & 0o777 == 0o644, "{}", file.display());
        }
        artifacts.download(8, &inputs(&[("path", "other")]), repo.root()).unwrap();
        assert!(!repo.exists("other"));
        assert!(artifacts.download(8, &inputs(&[("run-id", "7")]), repo.root()).is_err(), "no token");
    }
}
