//! What the Action can do: one file for each mode.

use std::str::FromStr;

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

/// Does what `mode` says, else what the inputs say, else what `auto` is.
pub async fn run(mode: Option<&str>, job: &mut Job) -> anyhow::Result<Ending> {
    match job.inputs.mode(mode)?.parse()? {
        Mode::Auto => auto::run(job).await,
        Mode::Plan => plan::run(job).await,
        Mode::Release => release::run(job).await,
        Mode::Publish => publish::run(job).await,
        Mode::Distribute => distribute::run(job).await,
        Mode::Verify => verify::run(job).await,
    }
}
