//! The key file that seals secrets in the database.
//!
//! It is made only when the database holds nothing sealed. Its fingerprint stands in the database,
//! so a node that was given another file refuses to start instead of losing what it cannot open.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use slipway_auth::seal::KeyRing;
use slipway_model::{Database, sealing_key};

use super::AccountError;

/// Reads the key file, or makes it when nothing was sealed yet.
///
/// # Errors
/// [`AccountError::Internal`] that names the file: it is missing, cannot be read or written, or
/// lacks a key that sealed something.
pub async fn open_key_file(db: &Database, path: &Path) -> Result<KeyRing, AccountError> {
    let known = sealing_key::list_keys(db).await?;
    let ring = match fs::read_to_string(path) {
        Ok(text) => KeyRing::parse(&text).map_err(|error| fault(path, &error.to_string()))?,
        Err(error) if error.kind() == ErrorKind::NotFound && known.is_empty() => make(path)?,
        Err(error) => {
            let text = format!(
                "it cannot be read ({error}), but the database holds what it seals: all nodes need \
                 the same file, named by accounts.secret_key_file"
            );
            return Err(fault(path, &text));
        }
    };
    if let Some(current) = ring.current() {
        sealing_key::insert_key(db, &current).await?;
    }
    let known = sealing_key::list_keys(db).await?;
    if known.iter().any(|fingerprint| !ring.holds(fingerprint)) {
        return Err(fault(path, "the database was sealed with another key"));
    }
    Ok(ring)
}

fn make(path: &Path) -> Result<KeyRing, AccountError> {
    let ring = KeyRing::generate()?;
    write_key_file(path, &ring)?;
    Ok(ring)
}

/// Writes a key file, readable by its owner only, so that it lasts.
///
/// # Errors
/// [`AccountError::Internal`] that names the file.
pub fn write_key_file(path: &Path, ring: &KeyRing) -> Result<(), AccountError> {
    let write = || -> std::io::Result<()> {
        let folder = path.parent().unwrap_or_else(|| Path::new("."));
        fs::create_dir_all(folder)?;
        let staged = path.with_extension("new");
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&staged)?;
        file.write_all(ring.render().expose().as_bytes())?;
        file.sync_all()?;
        fs::rename(&staged, path)?;
        fs::File::open(folder)?.sync_all()
    };
    write().map_err(|error| fault(path, &error.to_string()))
}

fn fault(path: &Path, text: &str) -> AccountError {
    AccountError::Internal(format!("key file `{}`: {text}", path.display()))
}
