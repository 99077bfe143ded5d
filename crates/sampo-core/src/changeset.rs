//! What a contributor noted: which packages change, by how much, and what readers of the changelog learn.

use serde::{Deserialize, Serialize};

/// How much a version rises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Repairs: 1.2.3 becomes 1.2.4.
    Patch,
    /// Additions: 1.2.3 becomes 1.3.0.
    Minor,
    /// Breaks: 1.2.3 becomes 2.0.0.
    Major,
}
