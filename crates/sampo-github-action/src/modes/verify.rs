//! The mode `verify`: compares what stands at every destination with what should.

use sampo_core::distribute::verify::{self, Outcome, Request, Standard, Verdict};

use super::distribute::choice;
use crate::annotations;
use crate::inputs::Inputs;
use crate::job::{Ending, Job};

/// Looks at every destination; whatever is not as it should be fails the run.
pub async fn run(job: &mut Job) -> anyhow::Result<Ending> {
    let project = job.open().await?;
    let request = request(&job.inputs)?;
    let (interrupt, caller) = job.attended();
    let Some(outcome) = interrupt.guard(verify::verify(&project, &request, &caller)).await else {
        return Ok(Ending::Interrupted);
    };
    let verification = match outcome? {
        Outcome::Nothing(nothing) => {
            annotations::print(&nothing.message);
            return Ok(Ending::Through);
        }
        Outcome::Done(verification) => verification,
    };
    annotations::print(verification.to_text().trim_end());
    job.summary.add(verification.to_markdown());
    job.outputs.failed_backends = verification.flawed_backends().into_iter().map(str::to_owned).collect();
    match verification.verdict() {
        Verdict::Sound => {}
        Verdict::Flawed | Verdict::Failure => job.mark_as_failed(),
        Verdict::Cancelled => return Ok(Ending::Interrupted),
    }
    Ok(Ending::Through)
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
