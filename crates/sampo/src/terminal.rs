//! Events of core as lines and bars on the screen. Results go to standard output, everything else to standard error.

use anstyle::{AnsiColor, Style};
use sampo_core::distribute::report::human_bytes;
use sampo_core::event::{DeliveryLabel, Event, Reporter, Status};

use crate::exit::{HINT, WARNING};
use crate::print;

mod bars;

use bars::Bars;

/// The style of what is only for the record.
const DIM: Style = Style::new().dimmed();

/// Smaller deliveries are over before anybody wonders, in bytes.
const WORTH_ANNOUNCING: u64 = 1_000_000;

/// Shows what core traces: requests and their answers; at the second level, what they carry as well. Libraries are left
/// out, since nobody vouches that they keep secrets to themselves.
pub fn show_requests(verbosity: u8) {
    let filter = match verbosity {
        0 => return,
        1 => "sampo_core=debug",
        _ => "sampo_core=trace",
    };
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::new(filter))
        .with_writer(|| print::Remarks)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .without_time()
        .init();
}

/// Shows events on standard error: one line each, and bars for what takes its time where they can be drawn. Quietly,
/// only what may need somebody's attention.
pub struct Terminal {
    quiet: bool,
    bars: Option<Bars>,
}

impl Default for Terminal {
    fn default() -> Self {
        let quiet = print::is_quiet();
        let bars = (!quiet && !print::screen().is_hidden()).then(|| Bars::new(print::screen().clone()));
        Self { quiet, bars }
    }
}

impl Reporter for Terminal {
    fn report(&self, event: Event<'_>) {
        if let Some(bars) = &self.bars {
            bars.follow(&event);
        }
        match event {
            Event::Warning { message, hint } => {
                print::remark(format_args!("{WARNING}warning:{WARNING:#} {message}"));
                if let Some(hint) = hint {
                    print::remark(format_args!("{HINT}hint:{HINT:#} {hint}"));
                }
            }
            Event::Retrying { delivery, attempt, wait, reason } => {
                let seconds = wait.as_secs_f32();
                print::remark(format_args!(
                    "{WARNING}retry:{WARNING:#} {} in {seconds:.1} s, attempt {attempt} failed: {reason}",
                    named(delivery)
                ));
            }
            Event::DeliveryFinished { delivery, status, reason } if status.is_problem() => {
                let style = AnsiColor::Red.on_default();
                // The report has it in full.
                let reason = reason.and_then(|reason| reason.lines().next());
                let reason = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
                print::remark(format_args!("{style}{}{style:#} {}{reason}", status.as_str(), named(delivery)));
            }
            _ if self.quiet => {}
            Event::Step { message } => print::remark(message),
            Event::DeliveryStarted { delivery, bytes } if self.bars.is_none() && bytes >= WORTH_ANNOUNCING => {
                print::remark(format_args!("delivering {}, {}", named(delivery), human_bytes(bytes)));
            }
            Event::ReadStarted { delivery, bytes } if self.bars.is_none() && bytes >= WORTH_ANNOUNCING => {
                print::remark(format_args!("reading {}, {}", named(delivery), human_bytes(bytes)));
            }
            Event::Output { source, line } => print::remark(format_args!("{DIM}[{source}]{DIM:#} {line}")),
            Event::DeliveryFinished {
                delivery,
                status: status @ (Status::Delivered | Status::WouldDeliver | Status::WouldReplace),
                ..
            } => {
                let style = AnsiColor::Green.on_default();
                print::remark(format_args!("{style}{}{style:#} {}", status.as_str(), named(delivery)));
            }
            _ => {}
        }
    }
}

fn named(delivery: DeliveryLabel<'_>) -> String {
    format!("{} of {} {} ({})", delivery.item, delivery.package, delivery.version, delivery.backend)
}
