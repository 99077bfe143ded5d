//! From noted changes to new versions: a pure plan, then its writes.

pub mod plan_file;
