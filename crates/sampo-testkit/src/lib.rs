//! Real git repositories and strict fakes of the services that Sampo talks to, for its tests.

pub mod cargo_registry;
pub mod executables;
pub mod github;
pub mod npm_registry;
pub mod repo;
pub mod runner;
pub mod timing;
pub mod web_root;
#[cfg(unix)]
pub mod workflow;

pub use cargo_registry::CargoRegistry;
pub use github::FakeGithub;
pub use npm_registry::NpmRegistry;
pub use repo::Repo;
pub use runner::Runner;
pub use web_root::WebRoot;
