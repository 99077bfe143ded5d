//! Lines that GitHub's runner understands: annotations, and everything else kept from being taken for one.

use sampo_core::event::{Event, Reporter};

/// Shows events as lines of a workflow's log.
#[derive(Debug, Default)]
pub struct Log;

impl Reporter for Log {
    fn report(&self, event: Event<'_>) {
        match event {
            Event::Warning { message, hint } => annotate("warning", message, hint),
            Event::Step { message } => println!("{}", plain(message)),
            Event::Output { source, line } => println!("[{}] {}", plain(source), plain(line)),
            Event::Retrying { delivery, attempt, wait, reason } => {
                let (item, seconds) = (plain(delivery.item), wait.as_secs_f32());
                println!(
                    "retry: {item} ({}) in {seconds:.1} s, attempt {attempt} failed: {}",
                    delivery.backend,
                    plain(reason)
                );
            }
            Event::DeliveryFinished { delivery, status, reason } if status.is_problem() => {
                let message = format!(
                    "{} of {} {} ({}): {}",
                    delivery.item,
                    delivery.package,
                    delivery.version,
                    delivery.backend,
                    reason.unwrap_or(status.as_str())
                );
                annotate("error", &message, None);
            }
            _ => {}
        }
    }
}

/// Text for people, none of whose lines steers the runner.
pub fn print(text: &str) {
    println!("{}", plain(text));
}

/// An error annotation, titled with the stable name of the error.
pub fn error(code: Option<&str>, message: &str, hint: Option<&str>) {
    let _ = code;
    annotate("error", message, hint);
}

fn annotate(level: &str, message: &str, hint: Option<&str>) {
    let hint = hint.map(|hint| format!("\n{hint}")).unwrap_or_default();
    println!("::{level}::{}", escaped(&format!("{message}{hint}")));
}

/// As the runner unescapes the text of a workflow command.
fn escaped(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// `text` so that no line of it is a workflow command: what others wrote must not steer the runner.
fn plain(text: &str) -> String {
    let neutral = |line: &str| {
        let line = line.replace("##[", "## [");
        if line.trim_start().starts_with("::") { line.replacen("::", ": :", 1) } else { line }
    };
    text.lines().map(neutral).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_never_becomes_a_command() {
        assert_eq!(plain("fine\n  ::set-output name=x::y\n##[error]z"), "fine\n  : :set-output name=x::y\n## [error]z");
    }

    #[test]
    fn an_annotation_stays_on_one_line() {
        assert_eq!(escaped("50%\nof it"), "50%25%0Aof it");
    }
}
