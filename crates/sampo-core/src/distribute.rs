//! `distribute`: brings what was built for every release to every destination, and knows whether it got there.

pub mod backend;
pub mod binstall;
pub mod build;
pub mod checksum;
pub mod matrix;
pub mod model;
pub mod naming;
pub mod pack;
pub mod participant;
pub mod platform;
pub mod resolve;
pub mod select;
