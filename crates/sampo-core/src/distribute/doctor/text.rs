//! A diagnosis as lines that a person reads: a heading for each area, a mark for each answer, what to do below it.

use anstyle::{AnsiColor, Style};

use super::Diagnosis;
use crate::distribute::finding::{Finding, Level};

/// The widest mark, and two blanks on each side.
const INDENT: usize = 2 + 7 + 2;
/// Narrower than this, lines are unreadable.
const NARROWEST: usize = 40;

pub(super) fn render(diagnosis: &Diagnosis, width: usize) -> String {
    let mut text = String::new();
    let heading = Style::new().bold();
    let mut area = None;
    for finding in &diagnosis.findings {
        if area != Some(finding.area) {
            text += if area.is_some() { "\n" } else { "" };
            text += &format!("{heading}{}{heading:#}\n", finding.area.heading());
            area = Some(finding.area);
        }
        text += &lines(finding, width.max(NARROWEST));
    }
    text + "\n" + &summary(diagnosis) + "\n"
}

fn lines(finding: &Finding, width: usize) -> String {
    let style = style(finding.level);
    let subject = finding.subject.as_ref().map(|subject| format!("{subject}: ")).unwrap_or_default();
    let room = width - INDENT;
    let title = wrapped(&one_line(&format!("{subject}{}", finding.title)), room);
    let more = finding.detail.iter().flat_map(|detail| wrapped(detail, room));
    let fix = finding.fix.iter().flat_map(|fix| wrapped(&format!("fix: {fix}"), room));
    let mut text = String::new();
    for (index, line) in title.into_iter().chain(more).chain(fix).enumerate() {
        match index {
            0 => text += &format!("  {style}{:<7}{style:#}  {line}", finding.level.as_str()),
            _ if line.is_empty() => {}
            _ => text += &format!("{:INDENT$}{}", "", one_line(&line)),
        }
        text.push('\n');
    }
    text
}

/// Names and what others say may hold anything; a line is one line.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// `text` broken between words. Lines that begin with a blank, and those after an empty line, are to be copied and stay
/// as they are.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut is_prose = true;
    for line in text.lines() {
        is_prose &= !line.is_empty();
        if !is_prose || line.starts_with(' ') || line.chars().count() <= width {
            lines.push(line.to_owned());
            continue;
        }
        let mut current = String::new();
        for word in line.split(' ') {
            if !current.is_empty() && current.chars().count() + 1 + word.chars().count() > width {
                lines.push(std::mem::take(&mut current));
            }
            if !current.is_empty() {
                current.push(' ');
            }
            current += word;
        }
        lines.push(current);
    }
    lines
}

/// How many of each, the worst first.
fn summary(diagnosis: &Diagnosis) -> String {
    let parts = [(Level::Error, "error"), (Level::Warning, "warning"), (Level::Note, "note")];
    let parts = parts.iter().map(|(level, noun)| (*level, *noun, diagnosis.count(*level)));
    let counts: Vec<String> = parts
        .filter(|(.., count)| *count > 0)
        .map(|(level, noun, count)| {
            let (style, plural) = (style(level), if count == 1 { "" } else { "s" });
            format!("{style}{count} {noun}{plural}{style:#}")
        })
        .collect();
    let sound = diagnosis.count(Level::Ok);
    let counts = if counts.is_empty() { String::new() } else { format!("{}; ", counts.join(", ")) };
    format!("{counts}{sound} in order")
}

fn style(level: Level) -> Style {
    match level {
        Level::Ok => AnsiColor::Green.on_default(),
        Level::Note => AnsiColor::Cyan.on_default(),
        Level::Warning => AnsiColor::Yellow.on_default(),
        Level::Error => AnsiColor::Red.on_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::distribute::doctor::Request;
    use crate::distribute::finding::Check;

    #[test]
    fn every_answer_has_its_mark_and_what_to_do_stands_below_it() {
        let findings = vec![
            Check::Tags.error("not on the remote: `my-cli-v1.2.0`").fix("`git push origin my-cli-v1.2.0`"),
            Check::Configuration.ok("`.sampo/config.toml` resolves"),
            Check::Binstall.warning("not found").fix("add:\n\n[package]\nx = 1").about("cargo/my-cli"),
        ];
        let text = anstream::adapter::strip_str(&Diagnosis::new(&Request::default(), findings).to_text(60)).to_string();
        let expected = "\
Configuration
  ok       `.sampo/config.toml` resolves
  warning  cargo/my-cli: not found
           fix: add:

           [package]
           x = 1

Git
  error    not on the remote: `my-cli-v1.2.0`
           fix: `git push origin my-cli-v1.2.0`

1 error, 1 warning; 1 in order
";
        assert_eq!(text, expected);
    }

    #[test]
    fn long_sentences_are_broken_and_lines_to_copy_are_not() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("a\n\nlong line to copy", 7), ["a", "", "long line to copy"]);
        assert_eq!(wrapped("unbreakable", 4), ["unbreakable"]);
    }

    #[test]
    fn a_name_cannot_begin_a_line_of_its_own() {
        let findings = vec![Check::Tags.note("x\n::set-output name=y::z\u{1b}[31m")];
        let text = anstream::adapter::strip_str(&Diagnosis::new(&Request::default(), findings).to_text(80)).to_string();
        assert!(text.contains("  note     x ::set-output name=y::z"), "{text}");
    }
}
