//! Outputs of a step of a GitHub workflow: lines appended to the file that `GITHUB_OUTPUT` names.

use std::fs::OpenOptions;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use crate::error::PathError;

/// Appends `outputs` to the file at `path`. Whatever a value contains, it sets no other output.
pub fn append(path: &Path, outputs: &[(&str, &str)]) -> Result<(), PathError> {
    let failed = || PathError::new("write", path);
    let mut file = OpenOptions::new().read(true).append(true).create(true).open(path).map_err(failed())?;
    let mut text = String::new();
    if lacks_line_end(&mut file).map_err(failed())? {
        text.push('\n');
    }
    for (name, value) in outputs {
        text.push_str(&entry(name, value));
    }
    // One write, so that a step that writes at the same time cannot end up in the middle of a value.
    file.write_all(text.as_bytes()).map_err(failed())
}

/// Fails if [`append`] could not write to the file at `path`.
pub fn probe(path: &Path) -> Result<(), PathError> {
    OpenOptions::new().append(true).create(true).open(path).map(drop).map_err(PathError::new("write", path))
}

/// Another program's last line without an end would otherwise swallow our first name.
fn lacks_line_end(file: &mut (impl Read + Seek)) -> std::io::Result<bool> {
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(false);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

fn entry(name: &str, value: &str) -> String {
    if !value.contains(['\n', '\r']) {
        return format!("{name}={value}\n");
    }
    let delimiter = delimiter(value);
    format!("{name}<<{delimiter}\n{value}\n{delimiter}\n")
}

/// A line that nobody can guess and that does not occur in `value`.
fn delimiter(value: &str) -> String {
    loop {
        let delimiter = format!("sampo-{}", hex::encode(rand::random::<[u8; 16]>()));
        if !value.contains(&delimiter) {
            return delimiter;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use sampo_testkit::runner::outputs;

    #[test]
    fn values_are_appended_and_read_back_whatever_they_contain() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("output");
        fs::write(&path, "earlier=1").unwrap();
        let hostile = "a\nbuild-needed=true\nsampo-<<x\nEOF";
        let written = [("build-matrix", r#"{"include":[{"x":"a=b<<c"}]}"#), ("notes", hostile), ("empty", "")];
        append(&path, &written).unwrap();
        let read = outputs(&fs::read_to_string(&path).unwrap()).unwrap();
        assert_eq!(read.len(), 4, "{read:?}");
        assert_eq!(read["earlier"], "1");
        for (name, value) in written {
            assert_eq!(read[name], value);
        }
    }

    #[test]
    fn a_new_file_is_made_and_an_unwritable_one_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("output");
        append(&path, &[("a", "1")]).unwrap();
        append(&path, &[("b", "2")]).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "a=1\nb=2\n");
        assert!(probe(folder.path()).is_err() && probe(&path).is_ok());
        assert!(append(folder.path(), &[("a", "1")]).unwrap_err().to_string().starts_with("cannot write `"));
    }
}
