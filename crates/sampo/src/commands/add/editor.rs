//! The message of a changeset, written in the user's editor.

use std::fs;
use std::path::Path;
use std::process::Command;

use sampo_core::SampoError;
use sampo_core::changeset::{ChangesetError, Level};
use sampo_core::environment::Environment;
use sampo_core::error::PathError;
use sampo_core::workspace::PackageId;

/// The variables that name an editor, in this order.
const VARIABLES: [&str; 2] = ["VISUAL", "EDITOR"];

/// What is between these is no part of the message.
const COMMENT: (&str, &str) = ("<!-- sampo:", "-->");

/// The editor cannot be used.
#[derive(Debug, thiserror::Error)]
enum EditorError {
    #[error("no editor is configured: set `VISUAL` or `EDITOR`, or give --message")]
    Missing,
    #[error("cannot start the editor `{editor}`")]
    Start { editor: String, source: std::io::Error },
    #[error("the editor `{editor}` ended with {status}: nothing was written")]
    Failed { editor: String, status: std::process::ExitStatus },
}

/// The editor in `VISUAL` or `EDITOR`, with its arguments.
pub fn configured(environment: &Environment) -> anyhow::Result<String> {
    let editor = VARIABLES.iter().find_map(|name| environment.get(name));
    Ok(editor.ok_or(EditorError::Missing)?.to_owned())
}

/// What the user writes about `levels` in `editor`; an error if that is nothing.
pub fn message(editor: &str, levels: &[(PackageId, Level)]) -> anyhow::Result<String> {
    let folder = tempfile::tempdir().map_err(PathError::new("write", "the message")).map_err(SampoError::from)?;
    let path = folder.path().join("CHANGESET_MESSAGE.md");
    fs::write(&path, template(levels)).map_err(PathError::new("write", &path)).map_err(SampoError::from)?;
    edit(editor, &path)?;
    let text = fs::read_to_string(&path).map_err(PathError::new("read", &path)).map_err(SampoError::from)?;
    let message = without_comment(&text);
    if message.is_empty() {
        return Err(SampoError::from(ChangesetError::NoMessage).into());
    }
    Ok(message)
}

fn template(levels: &[(PackageId, Level)]) -> String {
    let (open, close) = COMMENT;
    let levels: String = levels.iter().map(|(package, level)| format!("  {package}: {level}\n")).collect();
    format!(
        "\n\n{open} write above what readers of the changelog learn, in Markdown. This comment is left out;\n\
         without a message nothing is written. The change touches\n{levels}{close}\n"
    )
}

fn without_comment(text: &str) -> String {
    let (open, close) = COMMENT;
    let text = text.replace("\r\n", "\n");
    let Some((before, comment)) = text.split_once(open) else { return text.trim().to_owned() };
    let after = comment.split_once(close).map_or("", |(_, after)| after);
    format!("{}\n{}", before.trim_end(), after).trim().to_owned()
}

fn edit(editor: &str, path: &Path) -> Result<(), EditorError> {
    let status = command(editor, path).status();
    let status = status.map_err(|source| EditorError::Start { editor: editor.to_owned(), source })?;
    if status.success() { Ok(()) } else { Err(EditorError::Failed { editor: editor.to_owned(), status }) }
}

/// The shell splits the editor's arguments, as it does for git.
#[cfg(unix)]
fn command(editor: &str, path: &Path) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("{editor} \"$@\""), "sh"]).arg(path);
    command
}

#[cfg(windows)]
fn command(editor: &str, path: &Path) -> Command {
    use std::os::windows::process::CommandExt;
    let mut command = Command::new("cmd");
    command.raw_arg(format!("/D /S /C \"{editor} \"{}\"\"", path.display()));
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_comment_is_left_out_and_headings_stay() {
        let template = template(&[("cargo/core".parse().unwrap(), Level::Minor)]);
        assert!(template.contains("cargo/core: minor"));
        assert_eq!(without_comment(&template), "");
        assert_eq!(without_comment(&format!("# New\n\n- one\n{template}")), "# New\n\n- one");
        assert_eq!(without_comment(&format!("One.\r\n{template}\nTwo.\n")), "One.\n\n\nTwo.");
        assert_eq!(without_comment("<!-- of mine --> One."), "<!-- of mine --> One.");
        assert_eq!(without_comment("One.\n<!-- sampo: cut off"), "One.");
    }
}
