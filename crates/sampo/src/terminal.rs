//! Events of core as lines on the screen. Results go to standard output, everything else to standard error.

use anstream::eprintln;
use sampo_core::event::{Event, Reporter};

use crate::exit::{HINT, WARNING};

/// Shows events on standard error.
#[derive(Debug, Default)]
pub struct Terminal;

impl Reporter for Terminal {
    fn report(&self, event: Event<'_>) {
        match event {
            Event::Warning { message, hint } => {
                eprintln!("{WARNING}warning:{WARNING:#} {message}");
                if let Some(hint) = hint {
                    eprintln!("{HINT}hint:{HINT:#} {hint}");
                }
            }
            Event::Step { message } => eprintln!("{message}"),
            Event::Output { source, line } => eprintln!("[{source}] {line}"),
            _ => {}
        }
    }
}
