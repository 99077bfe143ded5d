//! The mode `verify`: compares what stands at every destination with what should.

use sampo_core::distribute::Caller;
use sampo_core::distribute::verify::{self, Outcome, Request, Standard, Verdict, Verification};

use super::distribute::choice;
use crate::annotations;
use crate::inputs::Inputs;
use crate::job::{Ending, Job};

/// Looks at every destination; whatever is not as it should be fails the run.
pub async fn run(job: &mut Job, caller: &Caller) -> anyhow::Result<Ending> {
    let project = job.open().await?;
    let request = request(&job.inputs)?;
    let verification = match verify::verify(&project, &request, caller).await? {
        Outcome::Nothing(nothing) => {
            annotations::print(&annotations::with_hint(&nothing.message, nothing.hint.as_deref()));
            return Ok(Ending::Through);
        }
        Outcome::Done(verification) => verification,
    };
    annotations::print(verification.to_text().trim_end());
    annotate(&verification);
    job.summary.add(verification.to_markdown());
    job.outputs.failed_backends = verification.flawed_backends().into_iter().map(str::to_owned).collect();
    match verification.verdict() {
        Verdict::Sound => {}
        Verdict::Flawed | Verdict::Failure => job.mark_as_failed(),
        Verdict::Cancelled => return Ok(Ending::Interrupted),
    }
    Ok(Ending::Through)
}

/// An annotation for each thing that is not as it should be.
fn annotate(verification: &Verification) {
    for release in &verification.releases {
        let name = format!("{} {}", release.package, release.version);
        for inspection in &release.destinations {
            if inspection.visibility.is_problem() {
                let why = inspection.message.as_deref().unwrap_or("users cannot fetch it");
                let message = format!("{name}: {}: {why}", inspection.visibility.as_str());
                annotations::error(Some(&inspection.backend), &message, inspection.hint.as_deref());
            }
            for check in inspection.checks.iter().filter(|check| check.status.is_problem()) {
                let title = format!("{} at {}", check.item, inspection.backend);
                let why = check.message.iter().map(|message| format!(": {message}")).collect::<String>();
                annotations::error(Some(&title), &format!("{name}: {}{why}", check.status.as_str()), None);
            }
        }
    }
}

fn request(inputs: &Inputs) -> anyhow::Result<Request> {
    Ok(Request {
        choice: choice(inputs)?,
        backends: inputs.list("backend"),
        standard: match inputs.get("against") {
            None => Standard::Best,
            Some("files") => Standard::Files,
            Some("checksums") => Standard::Checksums,
            Some(report) => Standard::Report(report.into()),
        },
        download: inputs.flag("download")?,
        report: inputs.path("report"),
        jobs: inputs.jobs()?,
    })
}
