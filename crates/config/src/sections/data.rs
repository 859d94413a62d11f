//! The folder of everything the process keeps on local disk.
//!
//! It holds keys, and, unless configured otherwise, blobs and the embedded database.

use std::path::PathBuf;

use crate::key::section;

section! {
    /// Where the process keeps its files.
    Data in "data" {
        /// Folder for keys, blobs and the embedded database; made with mode 0700 when absent.
        dir: PathBuf = PathBuf::from("./data");
    }
}
