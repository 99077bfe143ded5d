//! Real git repositories and strict fakes of the services that Sampo talks to, for its tests.

pub mod executables;
pub mod repo;

pub use repo::Repo;
