//! Configuration of the registry: the one place that reads files and environment.
//!
//! Every key is declared once, in `sections/<name>.rs`, with its doc comment, Rust type, default,
//! limits, Quay names and flags. From these rows come the [`Config`] struct, the commented
//! `config.toml`, the JSON Schema, the table in `docs/configuration.md` and the checks made while
//! loading, so they cannot drift apart.
//!
//! Layers, later ones win: defaults, `./config.toml` if there is one, the file named on the
//! command line, environment variables `SLIPWAY__SECTION__KEY`. Unknown keys and bad values are
//! refused, all of them in one go ([`ConfigFaults`]). Start reading at [`Config`].

mod choice;
mod config;
mod duration;
mod fault;
mod host;
pub mod import;
mod key;
mod load;
mod network;
mod render;
mod rules;
mod secret;
pub mod sections;
mod size;
mod suggest;
mod value;

pub use crate::config::Config;
pub use crate::duration::{parse_duration, render_duration};
pub use crate::fault::{ConfigFaults, Fault, Origin};
pub use crate::host::HostRule;
pub use crate::key::{Flags, Key, SECTIONS, Section, find_key, list_keys};
pub use crate::load::Sources;
pub use crate::network::{IpNetwork, IpNetworkError};
pub use crate::render::{render_markdown, render_schema, render_toml};
pub use crate::secret::Secret;
pub use crate::size::{ByteSize, ByteSizeError};
