//! Exit codes, and the one place where errors are shown.

use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use sampo_core::SampoError;
use sampo_core::error::chain;

use crate::print;
use crate::prompt::Cancelled;

/// Nothing to do: no changesets, nothing to publish, nothing to distribute.
pub const NOTHING_TO_DO: u8 = 2;
/// Some deliveries did not succeed.
pub const PARTIAL: u8 = 3;
/// Ended by a signal, or from the keyboard at a prompt.
pub const INTERRUPTED: u8 = sampo_core::interrupt::EXIT_CODE;
/// The command line cannot be understood (`EX_USAGE` of sysexits.h).
const USAGE: u8 = 64;

/// The options on the command line do not go together.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Usage(pub String);

/// The style of `error:`.
pub const ERROR: Style = AnsiColor::Red.on_default().bold();
/// The style of `warning:`.
pub const WARNING: Style = AnsiColor::Yellow.on_default().bold();
/// The style of `hint:`.
pub const HINT: Style = AnsiColor::Cyan.on_default().bold();

/// Shows what is wrong with the command line, or the help that was asked for.
pub fn usage(error: &clap::Error) -> ExitCode {
    if error.use_stderr() {
        let _ = error.print();
        return ExitCode::from(USAGE);
    }
    match print::result(error.render().ansi()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => self::error(&error.into()),
    }
}

/// Shows an error with its stable code, its causes and its hint.
pub fn error(error: &anyhow::Error) -> ExitCode {
    if error.is::<Cancelled>() {
        print::remark(error);
        return ExitCode::from(INTERRUPTED);
    }
    match error.downcast_ref::<SampoError>() {
        Some(error) => {
            print::remark(format_args!("{ERROR}error[{}]:{ERROR:#} {}", error.code(), chain(error)));
            if let Some(hint) = error.hint() {
                print::remark(format_args!("{HINT}hint:{HINT:#} {hint}"));
            }
        }
        None => print::remark(format_args!("{ERROR}error:{ERROR:#} {}", chain(error.as_ref()))),
    }
    if error.is::<Usage>() { ExitCode::from(USAGE) } else { ExitCode::FAILURE }
}
