//! The first files of `.sampo/`.

use std::path::{Path, PathBuf};

use crate::SampoError;
use crate::atomic;
use crate::workspace::Workspace;

/// Each file below the root, and what it says.
const FILES: [(&str, &str); 3] = [
    (".sampo/README.md", include_str!("init/README.md")),
    (crate::config::PATH, include_str!("init/config.toml")),
    (".sampo/changeset.md.example", include_str!("init/changeset.md.example")),
];

/// Makes what is missing of `.sampo/` in `folder`, which must hold at least one package; the files made.
///
/// A file that is there stays as it is.
pub async fn init(folder: &Path) -> Result<Vec<PathBuf>, SampoError> {
    Workspace::discover(folder).await?;
    let mut made = Vec::new();
    for (path, text) in FILES {
        let path = folder.join(path);
        if !path.exists() {
            atomic::write(&path, text)?;
            made.push(path);
        }
    }
    Ok(made)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn the_first_configuration_is_valid_with_and_without_its_comment_signs() {
        let text = include_str!("init/config.toml");
        let bare: Vec<&str> = text
            .lines()
            .filter(|line| !line.starts_with("#:"))
            .map(|line| line.strip_prefix("# ").unwrap_or(line))
            .collect();
        assert!(bare.iter().filter(|line| line.contains(" = ")).count() > 10);
        for text in [text.to_owned(), bare.join("\n")] {
            Config::parse(Path::new("config.toml"), text).unwrap();
        }
    }
}
