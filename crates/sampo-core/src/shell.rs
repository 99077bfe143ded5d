//! The shells that run what users write as one line: how each is called, and how a value becomes one word for it.

use std::borrow::Cow;

use serde::Deserialize;

/// A shell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Shell {
    /// A POSIX shell; on Windows the one of Git for Windows.
    #[default]
    Sh,
    /// PowerShell 7.
    Pwsh,
    /// The PowerShell that comes with Windows.
    #[serde(rename = "powershell")]
    PowerShell,
    /// The command prompt of Windows.
    Cmd,
}

/// No way of quoting makes this value one word.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{shell} cannot be given {reason} as a part of a value")]
pub struct Unquotable {
    shell: &'static str,
    reason: &'static str,
}

/// How a shell is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invocation {
    /// The program.
    pub program: &'static str,
    /// What precedes the line.
    pub options: &'static [&'static str],
    /// The line, as the last argument.
    pub line: String,
    /// Whether the program takes the line as it is instead of as an argument that is quoted as C programs expect it.
    pub is_raw: bool,
}

/// Stops at the first error, as a line of `&&` would, and passes on how the last program ended: on its own PowerShell
/// would say 1 whatever that was.
const POWERSHELL: [&str; 2] =
    ["$ErrorActionPreference = 'Stop'\n", "\nif (Test-Path -LiteralPath variable:LASTEXITCODE) { exit $LASTEXITCODE }"];
const POWERSHELL_OPTIONS: &[&str] = &["-NoLogo", "-NoProfile", "-NonInteractive", "-Command"];

impl Shell {
    /// The one that people on this system type into.
    pub fn interactive() -> Self {
        if cfg!(windows) { Self::PowerShell } else { Self::Sh }
    }

    /// The name in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sh => "sh",
            Self::Pwsh => "pwsh",
            Self::PowerShell => "powershell",
            Self::Cmd => "cmd",
        }
    }

    /// How `line` is run.
    pub fn invocation(self, line: &str) -> Invocation {
        let program = self.as_str();
        let (options, line): (&[&str], String) = match self {
            Self::Sh => (&["-c"], line.to_owned()),
            Self::Pwsh | Self::PowerShell => (POWERSHELL_OPTIONS, [POWERSHELL[0], line, POWERSHELL[1]].concat()),
            // No commands of the user's registry before it, no `!NAME!`, and exactly the outer quotes are dropped.
            Self::Cmd => (&["/D", "/V:OFF", "/S", "/C"], format!("\"{line}\"")),
        };
        Invocation { program, options, line, is_raw: self == Self::Cmd }
    }

    /// Whether it takes more than one line.
    pub fn takes_lines(self) -> bool {
        self != Self::Cmd
    }

    /// `value` as one word, whatever it contains.
    pub fn quote(self, value: &str) -> Result<Cow<'_, str>, Unquotable> {
        let refused = |reason| Err(Unquotable { shell: self.as_str(), reason });
        if value.contains('\0') {
            return refused("a NUL byte");
        }
        match self {
            Self::Sh => Ok(shlex::try_quote(value).unwrap_or(Cow::Borrowed(value))),
            Self::Pwsh | Self::PowerShell if is_plain(value) => Ok(value.into()),
            Self::Pwsh | Self::PowerShell => Ok(single_quoted(value).into()),
            Self::Cmd if is_plain(value) => Ok(value.into()),
            Self::Cmd if value.contains('"') => refused("a double quote"),
            Self::Cmd if value.contains('%') => refused("a percent sign"),
            Self::Cmd if value.contains(char::is_control) => refused("a control character"),
            Self::Cmd => Ok(double_quoted(value).into()),
        }
    }

    /// `words` as a line to be shown to somebody who may run it.
    pub fn join<'a>(self, words: impl IntoIterator<Item = &'a str>) -> String {
        let quoted = words.into_iter().map(|word| self.quote(word).unwrap_or(Cow::Borrowed(word)));
        quoted.collect::<Vec<_>>().join(" ")
    }
}

/// Whether no shell sees anything special in it.
fn is_plain(value: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | '\\' | ':' | '+');
    !value.is_empty() && value.chars().all(is_plain)
}

/// For PowerShell, to which typographic quotes are quotes too.
fn single_quoted(value: &str) -> String {
    let mut quoted = String::from("'");
    for c in value.chars() {
        quoted.push(c);
        if matches!(c, '\'' | '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201b}') {
            quoted.push(c);
        }
    }
    quoted + "'"
}

/// For `cmd`. Programs take a backslash before the last quote for a part of the value, unless it is doubled.
fn double_quoted(value: &str) -> String {
    let backslashes = value.len() - value.trim_end_matches('\\').len();
    format!("\"{value}{}\"", "\\".repeat(backslashes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_one_word_in_every_shell() {
        let table = [
            ("my-cli-1.2.0", "my-cli-1.2.0", "my-cli-1.2.0", "my-cli-1.2.0"),
            ("", "''", "''", "\"\""),
            ("a b", "'a b'", "'a b'", "\"a b\""),
            (r"C:\dist\a.zip", r#""C:\\dist\\a.zip""#, r"C:\dist\a.zip", r"C:\dist\a.zip"),
            (r"C:\my dist\", r#""C:\\my dist\\""#, r"'C:\my dist\'", r#""C:\my dist\\""#),
            ("$HOME `x` $(rm)", "'$HOME `x` $(rm)'", "'$HOME `x` $(rm)'", "\"$HOME `x` $(rm)\""),
            ("a&b|c>d", "'a&b|c>d'", "'a&b|c>d'", "\"a&b|c>d\""),
            ("@acme/tool", "@acme/tool", "'@acme/tool'", "\"@acme/tool\""),
        ];
        for (value, sh, powershell, cmd) in table {
            assert_eq!(Shell::Sh.quote(value).unwrap(), sh);
            assert_eq!(Shell::Pwsh.quote(value).unwrap(), powershell);
            assert_eq!(Shell::PowerShell.quote(value).unwrap(), powershell);
            assert_eq!(Shell::Cmd.quote(value).unwrap(), cmd);
        }
    }

    #[test]
    fn quotes_inside_a_value_do_not_end_it() {
        assert_eq!(Shell::Sh.quote("it's").unwrap(), "\"it's\"");
        assert_eq!(Shell::Pwsh.quote("it's").unwrap(), "'it''s'");
        assert_eq!(Shell::Pwsh.quote("a\u{2019}; rm x").unwrap(), "'a\u{2019}\u{2019}; rm x'");
        for (value, reason) in
            [("a\"b", "a double quote"), ("%PATH%", "a percent sign"), ("a\nb", "a control character")]
        {
            let error = Shell::Cmd.quote(value).unwrap_err();
            assert_eq!(error.to_string(), format!("cmd cannot be given {reason} as a part of a value"));
        }
        for shell in [Shell::Sh, Shell::Pwsh, Shell::PowerShell, Shell::Cmd] {
            assert!(shell.quote("a\0b").is_err());
        }
    }

    #[test]
    fn each_shell_is_called_in_its_own_way() {
        let words = |shell: Shell| {
            let Invocation { program, options, line, is_raw } = shell.invocation("upload x");
            assert_eq!(is_raw, shell == Shell::Cmd);
            format!("{program} {} {line}", options.join(" "))
        };
        assert_eq!(words(Shell::Sh), "sh -c upload x");
        assert_eq!(words(Shell::Cmd), "cmd /D /V:OFF /S /C \"upload x\"");
        assert_eq!(
            words(Shell::Pwsh),
            "pwsh -NoLogo -NoProfile -NonInteractive -Command $ErrorActionPreference = 'Stop'\nupload x\n\
             if (Test-Path -LiteralPath variable:LASTEXITCODE) { exit $LASTEXITCODE }"
        );
    }
}
