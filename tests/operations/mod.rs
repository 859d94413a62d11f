//! Starting, stopping, and what goes wrong around the process.

mod command;
mod database;
mod doctor;
mod refusals;
mod revoke;
mod shutdown;
mod tls;
mod traces;
