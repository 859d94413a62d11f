//! The distribution protocol over the wire.

mod bounds;
mod corpus;
mod full_disk;
mod lists;
mod malformed;
mod nodes;
mod parallel;
mod proxies;
mod resume;
mod smuggling;
mod states;
mod topologies;
