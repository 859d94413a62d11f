"""Volumes that can lose their power, or their space.

A power cut takes away whatever no sync had covered. Two witnesses say what that is, and both are
asked, because each is blind to something:

* The blob folder lies on an ext4 volume of its own, which is shut down without flushing
  (EXT4_IOC_SHUTDOWN). It forgets bytes that were never synced, whatever the server believes; but
  any sync commits the names of all files. Needs root and a loop device.
* The server's journal of syncs (debug.sync_journal) says which names and bytes were covered; names
  and bytes beyond that are removed here. It is as strict as any file system may be, but it believes
  the server.
"""

import errno
import fcntl
import os
import pathlib
import shutil
import struct
import subprocess
import time

EXT4_IOC_SHUTDOWN = 0x8004587D
WITHOUT_FLUSH = 2


def run(*command):
    return subprocess.run(command, capture_output=True, text=True)


class Folder:
    """A blob folder on whatever disk there is: only the journal can cut its power."""

    is_real = False

    def __init__(self, base):
        self.blobs = pathlib.Path(base) / "blobs"
        self.blobs.mkdir(parents=True)

    def lose_power(self, journal):
        drop_unsynced(self.blobs, journal)


class Volume(Folder):
    """A blob folder on an ext4 volume of its own."""

    is_real = True

    def __init__(self, base, size="2G"):
        self.mount_point = pathlib.Path(base) / "volume"
        self.mount_point.mkdir(parents=True)
        self.image = pathlib.Path(base) / "volume.img"
        run("truncate", "-s", size, str(self.image))
        made = run("mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=1", str(self.image))
        if made.returncode != 0 or not self.mount():
            raise OSError(f"no volume: {made.stderr}")
        self.blobs = self.mount_point / "blobs"

    def mount(self):
        return run("mount", "-o", "loop", str(self.image), str(self.mount_point)).returncode == 0

    def lose_power(self, journal):
        place = os.open(self.mount_point, os.O_RDONLY)
        fcntl.ioctl(place, EXT4_IOC_SHUTDOWN, struct.pack("I", WITHOUT_FLUSH))
        os.close(place)
        for _ in range(100):
            gone = run("umount", str(self.mount_point))
            if gone.returncode == 0:
                break
            time.sleep(0.05)
        else:
            raise OSError(f"the volume stays mounted: {gone.stderr}")
        self.wait_for_release()
        if not self.mount():
            raise OSError("the volume does not come back after the power cut")
        drop_unsynced(self.blobs, journal)

    def wait_for_release(self):
        """A mount namespace made meanwhile, such as a container's, holds a copy of the mount: mounting
        then would bring back the volume that was shut down, and every access would fail."""
        for _ in range(200):
            if not run("losetup", "-j", str(self.image)).stdout:
                return
            time.sleep(0.05)
        raise OSError("another mount namespace still holds the volume after the power cut")


def make_volume(base):
    """The most real volume that this machine allows."""
    if os.geteuid() == 0:
        try:
            return Volume(base)
        except OSError as error:
            print(f"# {error}; power cuts are told by the journal alone", flush=True)
            shutil.rmtree(base, ignore_errors=True)
    else:
        print("# not root: power cuts are told by the journal alone", flush=True)
    return Folder(base)


def drop_unsynced(blobs, journal):
    """Leaves of each segment what the journal says was covered by a sync."""
    sizes, loose = {}, set()
    # What follows the last line's end was cut off by the kill.
    text = pathlib.Path(journal).read_text()
    for line in text[:text.rfind("\n") + 1].splitlines():
        kind, _, rest = line.partition(" ")
        if kind == "file":
            path, _, size = rest.rpartition(" ")
            sizes[path] = int(size)
        elif kind == "made":
            loose.add(rest)
        elif kind == "entry":
            loose.discard(rest)
        elif kind == "dir":
            loose = {path for path in loose if os.path.dirname(path) != rest}
        else:
            raise ValueError(f"unknown line `{line}`")
    for batch in list((blobs / "seg").iterdir()):
        if str(batch) in loose:
            shutil.rmtree(batch)
            continue
        for segment in list(batch.iterdir()):
            if str(segment) in loose:
                segment.unlink()
            else:
                covered = sizes.get(str(segment), 0)
                if segment.stat().st_size > covered:
                    os.truncate(segment, covered)


class SmallDisk:
    """A blob folder on a tmpfs, and a file that takes up room."""

    def __init__(self, base, size_bytes):
        self.mount_point = pathlib.Path(base) / "small"
        self.mount_point.mkdir(parents=True)
        mounted = run("mount", "-t", "tmpfs", "-o", f"size={size_bytes},mode=0755", "small", str(self.mount_point))
        if mounted.returncode != 0:
            raise OSError(mounted.stderr)
        self.blobs = self.mount_point / "blobs"
        self.filler = self.mount_point / "filler"

    def free_bytes(self):
        state = os.statvfs(self.mount_point)
        return state.f_bavail * state.f_frsize

    def fill(self, leave_bytes):
        with open(self.filler, "ab") as filler:
            missing = self.free_bytes() - leave_bytes
            try:
                filler.write(bytes(max(missing, 0)))
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise

    def free(self):
        self.filler.unlink()
