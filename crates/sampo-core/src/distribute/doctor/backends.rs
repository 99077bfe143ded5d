//! What the backends say about themselves, all at the same time and within bounds.

use futures::future::join_all;

use super::configuration::Plan;
use super::{Circumstances, PATIENCE};
use crate::distribute::backend::Prospect;
use crate::distribute::destination::Taker;
use crate::distribute::finding::{Area, Check, Finding};
use crate::project::Project;

/// Every backend's own findings.
pub(super) async fn findings(project: &Project, plan: &Plan<'_>, circumstances: Circumstances) -> Vec<Finding> {
    let questions = plan.takers.iter().map(|taker| examine(project, plan, taker, circumstances));
    join_all(questions).await.into_iter().flatten().collect()
}

async fn examine(project: &Project, plan: &Plan<'_>, taker: &Taker, circumstances: Circumstances) -> Vec<Finding> {
    let (releases, names) = plan.prospects(project, taker);
    let Circumstances { is_online, is_ci } = circumstances;
    let prospect = Prospect { releases, names, is_online, is_ci };
    let examination = tokio::time::timeout(PATIENCE, taker.destination.backend.examine(&prospect));
    let findings = examination.await.unwrap_or_else(|_| {
        let title = format!("no answer within {}", humantime::format_duration(PATIENCE));
        vec![Check::Place.warning(title)]
    });
    // What is said of GitHub as a whole is the same for every backend.
    let about = |finding: Finding| match finding.area {
        Area::Github => finding,
        _ => finding.about(&taker.destination.name),
    };
    findings.into_iter().map(about).collect()
}
