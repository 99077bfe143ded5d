//! Real git repositories and strict fakes of the services that Sampo talks to, for its tests.

pub mod github;
pub mod repo;

pub use github::FakeGithub;
pub use repo::Repo;
