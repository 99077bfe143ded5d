//! `distribute`: brings what was built for every release to every destination, and knows whether it got there.

pub mod backend;
pub mod checksum;
pub mod destination;
pub mod engine;
pub mod model;
pub mod participant;
pub mod platform;
pub mod report;
pub mod retry;

pub use destination::check_backends;
