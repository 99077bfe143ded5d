//! Lines that GitHub's runner understands: annotations, groups, and everything else kept from being taken for one.

use sampo_core::event::{Event, Reporter};

/// Shows events as lines of a workflow's log.
#[derive(Debug, Default)]
pub struct Log;

impl Reporter for Log {
    fn report(&self, event: Event<'_>) {
        match event {
            Event::Warning { message, hint } => annotate("warning", None, &with_hint(message, hint)),
            Event::Step { message } => print(message),
            Event::Output { source, line } => print(&format!("[{source}] {line}")),
            Event::Retrying { delivery, attempt, wait, reason } => print(&format!(
                "[{}] {}: attempt {attempt} failed, the next one in {:.1} s: {reason}",
                delivery.backend,
                delivery.item,
                wait.as_secs_f32()
            )),
            Event::DeliveryFinished { delivery, status, reason } if status.is_problem() => {
                let title = format!("{} to {}", delivery.item, delivery.backend);
                let reason = reason.unwrap_or(status.as_str());
                let message = format!("{} {}: {reason}", delivery.package, delivery.version);
                annotate("error", Some(&title), &message);
            }
            Event::DeliveryFinished { delivery, status, .. } => {
                print(&format!("[{}] {}: {}", delivery.backend, delivery.item, status.as_str()));
            }
            _ => {}
        }
    }
}

/// Text for people, none of whose lines steers the runner.
pub fn print(text: &str) {
    println!("{}", plain(text));
}

/// Text that the log shows folded, below its title.
pub fn group(title: &str, text: &str) {
    println!("::group::{}\n{}\n::endgroup::", escaped(title), plain(text.trim_end()));
}

/// An error annotation. Its title is the stable name of the error, or says what the error is about.
pub fn error(title: Option<&str>, message: &str, hint: Option<&str>) {
    annotate("error", title, &with_hint(message, hint));
}

/// What happened, and below it what to do about it.
pub fn with_hint(message: &str, hint: Option<&str>) -> String {
    hint.map_or_else(|| message.to_owned(), |hint| format!("{message}\nhint: {hint}"))
}

fn annotate(level: &str, title: Option<&str>, message: &str) {
    println!("{}", annotation(level, title, message));
}

fn annotation(level: &str, title: Option<&str>, message: &str) -> String {
    let title = title.map(|title| format!(" title={}", escaped_property(title))).unwrap_or_default();
    format!("::{level}{title}::{}", escaped(message))
}

/// As the runner unescapes the text of a workflow command.
fn escaped(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// As it unescapes a property.
fn escaped_property(text: &str) -> String {
    escaped(text).replace(':', "%3A").replace(',', "%2C")
}

/// `text` so that no line of it is a workflow command: what others wrote must not steer the runner, which also takes a
/// lone carriage return for the end of a line.
fn plain(text: &str) -> String {
    let neutral = |line: &str| {
        let line = line.replace("##[", "## [");
        if line.trim_start().starts_with("::") { line.replacen("::", ": :", 1) } else { line }
    };
    text.replace("\r\n", "\n").split(['\n', '\r']).map(neutral).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_never_becomes_a_command() {
        let table = [
            ("fine\n  ::set-output name=x::y\n##[error]z", "fine\n  : :set-output name=x::y\n## [error]z"),
            ("done\r::add-path::/evil", "done\n: :add-path::/evil"),
            ("a\r\n\u{a0}::x::", "a\n\u{a0}: :x::"),
            ("at crate::module", "at crate::module"),
        ];
        for (text, shown) in table {
            assert_eq!(plain(text), shown);
        }
    }

    #[test]
    fn an_annotation_stays_on_one_line_and_its_title_ends_where_it_should() {
        let shown = annotation("error", Some("a:b,file=c\n%"), "50%\r\nof it::x");
        assert_eq!(shown, "::error title=a%3Ab%2Cfile=c%0A%25::50%25%0D%0Aof it::x");
    }
}
