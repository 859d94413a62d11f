//! Writes `config.toml` and `docs/configuration.md` of the repository anew.
//!
//! Run it after changing a key: `cargo run -p slipway-config --example render`. The JSON Schema
//! has no file of its own; `-- schema` prints it.

#![expect(clippy::print_stdout, reason = "it is a program for the terminal")]

use std::error::Error;
use std::path::Path;
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    if env::args().nth(1).as_deref() == Some("schema") {
        println!(
            "{}",
            serde_json::to_string_pretty(&slipway_config::render_schema())?
        );
        return Ok(());
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    fs::create_dir_all(root.join("docs"))?;
    fs::write(root.join("config.toml"), slipway_config::render_toml())?;
    fs::write(
        root.join("docs/configuration.md"),
        slipway_config::render_markdown(),
    )?;
    Ok(())
}
