//! T06, the half about space: a push meets a full disk wherever it would write.
//!
//! The blobs lie on a small file system of their own that is filled up to the last page, or to the
//! last file it can name, but for as many as a push may still take: each one is refused at another
//! place, says so, harms nothing that is there, and passes once there is room. The other half, a
//! kill at every named point, is `tests/crash`. Mounting needs root; without it these are skipped.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use super::parallel::stored_bytes;
use crate::support::{Answer, Repo, Server, noise, sha256, wait_for};

const PAGE_BYTES: u64 = 4096;
const LAYER_BYTES: usize = 100_000;
/// More than a layer takes.
const ALL_PAGES: u64 = 26;

struct SmallDisk {
    folder: TempDir,
}

impl SmallDisk {
    fn mount(options: &str) -> Option<Self> {
        let folder = TempDir::new().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", options, "small"])
            .arg(folder.path())
            .output();
        match mounted {
            Ok(output) if output.status.success() => Some(Self { folder }),
            other => {
                // Past the test harness, which hides what a good test prints.
                let line = format!("SKIPPED: cannot mount a tmpfs here: {other:?}\n");
                std::io::stderr().write_all(line.as_bytes()).unwrap();
                None
            }
        }
    }

    fn blobs(&self) -> PathBuf {
        self.folder.path().join("blobs")
    }

    fn filler(&self) -> PathBuf {
        self.folder.path().join("filler")
    }

    /// Leaves room for `pages` pages.
    fn fill_pages(&self, pages: u64) {
        let mut filler = File::create(self.filler()).unwrap();
        let mut written = 0;
        while filler.write_all(&[0; 4096]).is_ok() {
            written += 1;
        }
        filler.set_len((written - pages) * PAGE_BYTES).unwrap();
    }

    /// Leaves room for `names` more files or folders.
    fn fill_names(&self, names: u64) {
        let folder = self.filler();
        std::fs::create_dir(&folder).unwrap();
        let mut made = 0;
        while File::create(folder.join(made.to_string())).is_ok() {
            made += 1;
        }
        for name in made - names..made {
            std::fs::remove_file(folder.join(name.to_string())).unwrap();
        }
    }

    fn free(&self) {
        if self.filler().is_dir() {
            std::fs::remove_dir_all(self.filler()).unwrap();
        } else {
            std::fs::remove_file(self.filler()).unwrap();
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let mut unmount = Command::new("umount");
        drop(unmount.arg("-l").arg(self.folder.path()).output());
    }
}

fn start_on(blobs: &Path) -> Server {
    Server::start(&[
        ("storage.path", blobs.to_str().unwrap()),
        ("storage.reserve", "0"),
        ("storage.inline_bytes", "4KiB"),
    ])
}

/// Whether the bytes were taken; any other answer than the proper refusal fails the test.
fn was_taken(answer: &Answer, status: u16) -> bool {
    if answer.status == status {
        return true;
    }
    assert_eq!(answer.status, 507, "{}", answer.text());
    assert_eq!(answer.code(), "UNAVAILABLE");
    false
}

/// Sends the layer in two chunks; stops at the first that is refused.
fn send(repo: &Repo<'_>, upload: &str, layer: &[u8]) -> bool {
    let (first, second) = layer.split_at(LAYER_BYTES / 2);
    was_taken(&repo.patch(upload, None, first), 202)
        && was_taken(&repo.patch(upload, None, second), 202)
        && was_taken(&repo.close_upload(upload, &sha256(layer)), 201)
}

/// Goes on with an upload where the server says that it stands.
fn go_on(repo: &Repo<'_>, upload: &str, layer: &[u8]) {
    let status = repo.get(upload).expect(204);
    let range = status.header("range").unwrap();
    let last: usize = range.strip_prefix("0-").unwrap().parse().unwrap();
    // Zero bytes and one byte both read `0-0`.
    let from = if last == 0 { 0 } else { last + 1 };
    if from < layer.len() {
        let range = format!("{from}-{}", layer.len() - 1);
        repo.patch(upload, Some(&range), &layer[from..]).expect(202);
    }
    repo.close_upload(upload, &sha256(layer)).expect(201);
}

/// Pushes while the disk is as full as it is, and again once it is freed; whether it was refused.
fn push_on_full_disk(repo: &Repo<'_>, disk: &SmallDisk, seed: u64) -> bool {
    let layer = noise(seed, LAYER_BYTES);
    let upload = repo.start_upload();
    let stored = send(repo, &upload, &layer);
    repo.get("manifests/before").expect(200);
    let before = noise(6, LAYER_BYTES);
    assert!(repo.get(&format!("blobs/{}", sha256(&before))).body == before);
    disk.free();
    if !stored {
        if seed.is_multiple_of(2) {
            go_on(repo, &upload, &layer);
        } else {
            repo.request("DELETE", &upload).send().expect(204);
            let again = repo.start_upload();
            assert!(send(repo, &again, &layer), "refused with room");
        }
    }
    assert!(repo.get(&format!("blobs/{}", sha256(&layer))).body == layer);
    !stored
}

/// After a kill all layers are there, and nothing but them.
fn expect_after_restart(server: Server, disk: &SmallDisk, seeds: &[u64]) {
    let server = server.kill_and_restart();
    let repo = server.repo("t06");
    for seed in seeds {
        let layer = noise(*seed, LAYER_BYTES);
        assert!(repo.get(&format!("blobs/{}", sha256(&layer))).body == layer);
    }
    let wanted = u64::try_from(seeds.len() * LAYER_BYTES).unwrap();
    wait_for("only layers are stored", Duration::from_secs(20), || {
        (stored_bytes(&disk.blobs()) == wanted).then_some(())
    });
}

#[test]
fn t06_no_space_at_any_page_of_a_push() {
    let Some(disk) = SmallDisk::mount("size=8m") else {
        return;
    };
    let server = start_on(&disk.blobs());
    let repo = server.repo("t06");
    repo.push_image("before", &noise(6, LAYER_BYTES));
    let mut seeds = vec![6];
    for pages in 0..=ALL_PAGES {
        disk.fill_pages(pages);
        let seed = 100 + pages;
        let was_refused = push_on_full_disk(&repo, &disk, seed);
        let needed = u64::try_from(LAYER_BYTES).unwrap().div_ceil(PAGE_BYTES);
        assert_eq!(was_refused, pages < needed, "with {pages} pages");
        seeds.push(seed);
    }
    expect_after_restart(server, &disk, &seeds);
}

#[test]
fn t06_no_name_for_a_file_or_folder_of_a_push() {
    let Some(disk) = SmallDisk::mount("size=8m,nr_inodes=64") else {
        return;
    };
    let server = start_on(&disk.blobs());
    let repo = server.repo("t06");
    repo.push_image("before", &noise(6, LAYER_BYTES));
    // A batch of its own, whose folder is still to be made.
    let server = server.kill_and_restart();
    let repo = server.repo("t06");
    let mut seeds = vec![6];
    let mut refused = 0;
    for names in 0..4 {
        disk.fill_names(names);
        let seed = 200 + names;
        refused += u64::from(push_on_full_disk(&repo, &disk, seed));
        seeds.push(seed);
    }
    assert!((1..4).contains(&refused), "{refused} of 4 were refused");
    expect_after_restart(server, &disk, &seeds);
}
