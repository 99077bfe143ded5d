//! The mode `auto`: prepares the release that waits, or publishes the one that was merged.

use sampo_core::SampoError;
use sampo_core::distribute::Caller;
use sampo_core::{clock, pull_request, release};

use super::{publish, pull_requests};
use crate::job::{Ending, Job};

/// Does what comes next.
pub async fn run(job: &mut Job, caller: &Caller) -> anyhow::Result<Ending> {
    let project = job.open_for_release().await?;
    let now = clock::now(&project.environment).map_err(SampoError::from)?;
    let plan = release::plan(&project, now).await?;
    let due = pull_request::due(&project, &plan).await?;
    let ending = pull_requests::prepare(job, caller, &project, &due).await?;
    if ending == Ending::Interrupted || !plan.is_empty() {
        return Ok(ending);
    }
    publish::publish(job, caller, &project).await
}
