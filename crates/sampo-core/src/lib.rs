//! The engine of Sampo: what was noted, what is released, and the delivery of what was built.
//!
//! Core never prints and never ends the process: it reports [`event::Event`]s and returns typed errors.

#![deny(clippy::print_stdout, clippy::print_stderr)]

pub mod announce;
pub mod atomic;
pub mod changeset;
pub mod clock;
pub mod config;
pub mod distribute;
pub mod environment;
pub mod error;
pub mod event;
pub mod git;
pub mod github;
pub mod github_output;
pub mod init;
pub mod interrupt;
pub mod markdown;
pub mod prerelease;
pub mod process;
pub mod project;
pub mod publish;
pub mod pull_request;
pub mod release;
pub mod repository;
pub mod schema;
pub mod secret;
pub mod shell;
pub mod similar;
pub mod target;
pub mod template;
pub mod transaction;
pub mod update;
pub mod workspace;

pub use error::SampoError;

#[cfg(test)]
#[path = "hostile_tests.rs"]
mod hostile;
