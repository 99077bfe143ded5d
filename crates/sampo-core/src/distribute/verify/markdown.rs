//! A verification as Markdown, for the summary of a workflow's job: a row for each destination, then what is wrong.

use super::table::{counted, summary};
use super::verification::{Check, Inspection, Verification, VerifiedRelease, Visibility};
use crate::markdown::{Bounded, block, code, row};

/// GitHub drops a job's summary above 1 MiB, and other steps may have written to it too.
const LONGEST: usize = 1_000_000;
const NOTE: &str = "\n_This is cut: the report as JSON has all of it._\n";

pub(super) fn render(verification: &Verification) -> String {
    let mut text = Bounded::new(LONGEST, NOTE);
    text.push(&format!("## {}\n", summary(verification)));
    for release in &verification.releases {
        write_release(&mut text, release);
    }
    text.finish()
}

fn write_release(text: &mut Bounded, release: &VerifiedRelease) {
    let names = [&release.package.to_string(), &release.version, &release.tag].map(|name| code(name));
    let [package, version, tag] = names;
    // A table without a row is no table: its head is kept or cut together with the first one.
    let mut head =
        format!("\n### {package} {version} ({tag})\n\n| State | Backend | Files | |\n| --- | --- | --- | --- |\n");
    for inspection in &release.destinations {
        head.push_str(&destination(inspection));
        text.push(&std::mem::take(&mut head));
    }
    for inspection in &release.destinations {
        for check in inspection.checks.iter().filter(|check| check.status.is_problem()) {
            text.push(&problem(inspection, check));
        }
    }
}

fn destination(inspection: &Inspection) -> String {
    let circle = match inspection.visibility {
        _ if inspection.is_flawed() => '🔴',
        Visibility::Unknown | Visibility::LeftOut => '⚪',
        _ => '🟢',
    };
    let why = [&inspection.code, &inspection.message, &inspection.hint];
    let why: Vec<&str> = why.into_iter().flatten().map(String::as_str).collect();
    let why = if why.is_empty() { String::new() } else { code(&why.join(": ")) };
    row([format!("{circle} {}", inspection.visibility.as_str()), code(&inspection.backend), counted(inspection), why])
}

fn problem(inspection: &Inspection, check: &Check) -> String {
    let place = format!("{} at {}", code(&check.item), code(&inspection.backend));
    let said: Vec<&str> = [&check.code, &check.message].into_iter().flatten().map(String::as_str).collect();
    let said = if said.is_empty() { String::new() } else { format!("\n{}", block("text", &said.join(": "))) };
    format!("\n🔴 **{}** {place}\n{said}", code(check.status.as_str()))
}
