//! Starting, stopping, and what goes wrong around the process.

mod bounds;
mod command;
mod database;
mod doctor;
mod memory;
mod refusals;
mod revoke;
mod shutdown;
mod tls;
mod traces;
