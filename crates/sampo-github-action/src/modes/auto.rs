//! The mode `auto`: prepares the release that waits, or publishes the one that was merged.

use sampo_core::SampoError;
use sampo_core::{clock, release};

use super::publish;
use crate::job::{Ending, Job};

/// Does what comes next.
pub async fn run(job: &mut Job) -> anyhow::Result<Ending> {
    let project = job.open_for_release().await?;
    let now = clock::now(&project.environment).map_err(SampoError::from)?;
    let plan = release::plan(&project, now).await?;
    if !plan.is_empty() {
        anyhow::bail!("changesets wait for a release, and this version cannot prepare a pull request for them");
    }
    publish::publish(job, &project).await
}
