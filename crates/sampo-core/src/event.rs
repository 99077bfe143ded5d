//! What core says while it works. Callers decide how it looks: bars, plain lines, log groups, annotations.

use std::sync::Mutex;
use std::time::Duration;

/// One thing that happened.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The user should know, and may want to act.
    Warning {
        /// One sentence without a full stop.
        message: &'a str,
        /// What to do about it.
        hint: Option<&'a str>,
    },
    /// A step of a longer job begins, e.g. `packing my-cli-1.2.0-x86_64-unknown-linux-gnu.tar.gz`.
    Step {
        /// What is being done, as a phrase in the present participle.
        message: &'a str,
    },
    /// A line that a child process printed, already free of secrets.
    Output {
        /// The name under which to show it: a backend's name, `cargo publish my-cli`.
        source: &'a str,
        /// The line, without its line ending.
        line: &'a str,
    },
    /// A destination was looked at: so much of a release is to be delivered there.
    DeliveriesPlanned {
        /// How many deliveries.
        items: u64,
        /// Their bytes.
        bytes: u64,
    },
    /// A delivery begins, or begins again.
    DeliveryStarted {
        /// Which one.
        delivery: DeliveryLabel<'a>,
        /// Its size in bytes.
        bytes: u64,
    },
    /// A delivery moved on.
    DeliveryProgress {
        /// Which one.
        delivery: DeliveryLabel<'a>,
        /// Bytes sent so far in this attempt.
        sent: u64,
        /// Bytes to send.
        total: u64,
    },
    /// A file is being read back from a destination; `DeliveryProgress` tells how far that is.
    ReadStarted {
        /// Which one.
        delivery: DeliveryLabel<'a>,
        /// Its size in bytes.
        bytes: u64,
    },
    /// A file was read back, or could not be.
    ReadFinished {
        /// Which one.
        delivery: DeliveryLabel<'a>,
    },
    /// An attempt failed and another one follows.
    Retrying {
        /// What is tried again.
        delivery: DeliveryLabel<'a>,
        /// The number of the attempt that failed, from 1.
        attempt: u32,
        /// How long until the next one.
        wait: Duration,
        /// Why it failed.
        reason: &'a str,
    },
    /// A delivery ended.
    DeliveryFinished {
        /// Which one.
        delivery: DeliveryLabel<'a>,
        /// How it ended.
        status: Status,
        /// Why, where it did not succeed.
        reason: Option<&'a str>,
    },
}

/// Names one delivery in an [`Event`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeliveryLabel<'a> {
    /// The configured name of the backend.
    pub backend: &'a str,
    /// The package's id, `cargo/my-cli`.
    pub package: &'a str,
    /// The released version.
    pub version: &'a str,
    /// The item at the destination: a file name, or the name of a step such as `finish`.
    pub item: &'a str,
}

/// How one delivery ended. The lower-case names are part of the report's format.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Sent, and confirmed by digest, or by size where the destination gives no digest.
    Delivered,
    /// The destination already held exactly this.
    Unchanged,
    /// Dry run: it is missing there and would be sent.
    WouldDeliver,
    /// Dry run: something else is there and would be replaced.
    WouldReplace,
    /// The destination holds something else under this name, and replacing was not asked for.
    Conflict,
    /// An error.
    Failed,
    /// Something it needs failed.
    Blocked,
    /// A filter or a pre-release rule left it out.
    Skipped,
}

impl Status {
    /// The name in reports and on the screen.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Unchanged => "unchanged",
            Self::WouldDeliver => "would-deliver",
            Self::WouldReplace => "would-replace",
            Self::Conflict => "conflict",
            Self::Failed => "failed",
            Self::Blocked => "blocked",
            Self::Skipped => "skipped",
        }
    }

    /// Whether this needs somebody's attention: it should stand at the destination and does not.
    pub fn is_problem(self) -> bool {
        matches!(self, Self::Conflict | Self::Failed | Self::Blocked)
    }
}

/// Where events go: a terminal, a CI log, a list in a test.
pub trait Reporter: Send + Sync {
    /// Called from any thread; must not block for long.
    fn report(&self, event: Event<'_>);
}

/// Drops every event.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Reporter for Silent {
    fn report(&self, _event: Event<'_>) {}
}

/// Keeps every event as its debug text, for tests of code that reports.
#[derive(Debug, Default)]
pub struct Recorder(Mutex<Vec<String>>);

impl Recorder {
    /// Everything reported so far.
    pub fn events(&self) -> Vec<String> {
        self.0.lock().expect("no reporter panics while it holds the lock").clone()
    }
}

impl Reporter for Recorder {
    fn report(&self, event: Event<'_>) {
        self.0.lock().expect("no reporter panics while it holds the lock").push(format!("{event:?}"));
    }
}
