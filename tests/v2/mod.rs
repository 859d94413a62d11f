//! The distribution protocol over the wire.

mod corpus;
mod lists;
mod malformed;
mod parallel;
mod proxies;
mod resume;
mod smuggling;
mod states;
mod topologies;
