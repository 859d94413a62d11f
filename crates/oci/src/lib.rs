//! Pure types of the OCI distribution and image specifications.
//!
//! This crate owns the grammar of everything a registry client sends: digests, names, tags,
//! media types, manifests, ranges, page parameters and error codes. It does no I/O, knows no
//! clock and starts no task, so every rule here can be tested with bytes alone.
//!
//! What it leaves to others: whether a blob or a manifest exists, who may see it, and which
//! HTTP response carries the refusal.
//!
//! Start reading at [`Digest`], [`RepositoryName`] and [`ParsedManifest`].

pub mod code;
pub mod config;
pub mod descriptor;
pub mod digest;
pub mod error;
pub mod hasher;
mod json;
pub mod manifest;
pub mod media_type;
pub mod name;
pub mod page;
pub mod range;

pub use code::OciCode;
pub use config::{HistoryStep, ImageConfig};
pub use descriptor::{Descriptor, Platform};
pub use digest::{Algorithm, Digest};
pub use error::{ManifestError, ParseError};
pub use hasher::Hasher;
pub use manifest::{ManifestLimits, ParsedManifest};
pub use media_type::{ManifestKind, accepts};
pub use name::{NamespaceName, Reference, RepositoryName, TagName};
pub use page::PageRequest;
pub use range::{ContentRange, RangeRequest, parse_range};
