//! What the Action can do: one file for each mode.

use std::str::FromStr;

use sampo_core::distribute::Caller;

use crate::job::{Ending, Job};

mod announcement;
mod auto;
mod distribute;
mod matrix;
mod plan;
mod publish;
mod pull_requests;
mod release;
mod verify;

/// A mode, as the input `command` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Prepare the next release, or publish the one that was merged.
    Auto,
    /// Tell what `auto` would do next, and what must be built for it.
    Plan,
    /// Write versions and changelogs into the checkout.
    Release,
    /// Publish and tag what was released.
    Publish,
    /// Deliver what was built.
    Distribute,
    /// Compare what stands at every destination with what should.
    Verify,
}

impl Mode {
    const NAMES: [(&str, Self); 6] = [
        ("auto", Self::Auto),
        ("plan", Self::Plan),
        ("release", Self::Release),
        ("publish", Self::Publish),
        ("distribute", Self::Distribute),
        ("verify", Self::Verify),
    ];
}

impl FromStr for Mode {
    type Err = anyhow::Error;

    fn from_str(name: &str) -> anyhow::Result<Self> {
        // Users of the Action that was there before may still write the long form.
        let name = if name == "automatic" { "auto" } else { name };
        let known = Self::NAMES.iter().find(|(known, _)| *known == name);
        known.map(|(_, mode)| *mode).ok_or_else(|| {
            let names = Self::NAMES.map(|(name, _)| format!("`{name}`")).join(", ");
            anyhow::anyhow!("there is no mode `{name}`; the modes are {names}")
        })
    }
}

/// Does what `mode` says, else what the inputs say, else what `auto` is. A first signal ends it in good order, a second one
/// at once.
pub async fn run(mode: Option<&str>, job: &mut Job) -> anyhow::Result<Ending> {
    let mode = job.inputs.mode(mode)?.parse()?;
    let (interrupt, caller) = job.attended();
    interrupt.guard(dispatch(mode, job, &caller)).await.unwrap_or(Ok(Ending::Interrupted))
}

async fn dispatch(mode: Mode, job: &mut Job, caller: &Caller) -> anyhow::Result<Ending> {
    match mode {
        Mode::Auto => auto::run(job, caller).await,
        Mode::Plan => plan::run(job, caller).await,
        Mode::Release => release::run(job, caller).await,
        Mode::Publish => publish::run(job, caller).await,
        Mode::Distribute => distribute::run(job, caller).await,
        Mode::Verify => verify::run(job, caller).await,
    }
}
