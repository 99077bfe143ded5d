//! Whether a program is there, without starting it.

use std::path::{Path, PathBuf};

/// The file that `program` would be started from by a process in `folder`; none if there is none that may be run.
///
/// `path` is the value of `PATH`.
pub fn find(program: &str, folder: &Path, path: &str) -> Option<PathBuf> {
    if program.contains('/') || (cfg!(windows) && program.contains('\\')) {
        return candidates(&folder.join(program)).find(|file| may_be_run(file));
    }
    let folders = std::env::split_paths(path).filter(|folder| !folder.as_os_str().is_empty());
    folders.flat_map(|folder| candidates(&folder.join(program)).collect::<Vec<_>>()).find(|file| may_be_run(file))
}

/// The files that a name may mean; Windows also looks for programs under names without their suffix.
fn candidates(file: &Path) -> impl Iterator<Item = PathBuf> {
    let suffixes: &[&str] = if cfg!(windows) { &["", ".exe", ".cmd", ".bat", ".com"] } else { &[""] };
    let file = file.as_os_str().to_owned();
    suffixes.iter().map(move |suffix| {
        let mut name = file.clone();
        name.push(suffix);
        PathBuf::from(name)
    })
}

#[cfg(unix)]
fn may_be_run(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn may_be_run(file: &Path) -> bool {
    file.is_file()
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_program_is_found_where_a_process_would_find_it() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::create_dir_all(root.join("bin/folder")).unwrap();
        for (name, mode) in [("bin/tool", 0o755), ("bin/text", 0o644), ("deliver", 0o755)] {
            std::fs::write(root.join(name), "").unwrap();
            std::fs::set_permissions(root.join(name), PermissionsExt::from_mode(mode)).unwrap();
        }
        let path = format!(":/nowhere:{}", root.join("bin").display());
        let find = |program: &str| find(program, root, &path).map(|file| file.strip_prefix(root).unwrap().to_owned());
        assert_eq!(find("tool").as_deref(), Some(Path::new("bin/tool")));
        assert_eq!(find("./deliver").as_deref(), Some(Path::new("deliver")));
        assert_eq!(find("bin/tool").as_deref(), Some(Path::new("bin/tool")));
        for absent in ["text", "folder", "deliver", "missing", "./missing", "bin/text"] {
            assert_eq!(find(absent), None, "{absent}");
        }
    }
}
