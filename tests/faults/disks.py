"""Disks that are full for a while."""

import os
import pathlib
import subprocess

# Mounts are named after the process that made them.
NAME = "rostrum-faults"


class SmallDisk:
    """A small file system of its own, which can be filled: needs root."""

    def __init__(self, folder, size_mib):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        options = f"size={size_mib}m,mode=755"
        self.mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, f"{NAME}:{os.getpid()}", self.folder],
            capture_output=True, check=False).returncode == 0

    def fill(self):
        with open(self.folder / "ballast", "wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"\0" * 65536)
            except OSError:
                pass

    def free(self):
        (self.folder / "ballast").unlink(missing_ok=True)

    def unmount(self):
        if self.mounted:
            unmount(self.folder)
            self.mounted = False


def unmount(folder):
    subprocess.run(["umount", "-l", folder], capture_output=True, check=False)


def unmount_what_was_left():
    """By runs that were killed: 400 MB of memory each."""
    for line in pathlib.Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines():
        device, folder = line.split()[:2]
        name, _, pid = device.partition(":")
        if name == NAME and not os.path.exists(f"/proc/{pid}"):
            unmount(folder)


class ShortFiles:
    """Where nothing can be mounted: no file of a child's may grow (RLIMIT_FSIZE). PostgreSQL
    takes that for a full disk; Redis would end of it."""

    def __init__(self, pids):
        self.pids = pids

    def fill(self):
        self.limit(1 << 20)

    def free(self):
        self.limit("unlimited")

    def limit(self, most):
        for pid in self.pids():
            try:
                owner = os.stat(f"/proc/{pid}")
            except FileNotFoundError:
                continue
            # Root may be without the right to limit those of others.
            as_owner = ["setpriv", f"--reuid={owner.st_uid}", f"--regid={owner.st_gid}",
                        "--clear-groups"] if os.geteuid() == 0 else []
            done = subprocess.run([*as_owner, "prlimit", f"--pid={pid}", f"--fsize={most}:"],
                                  capture_output=True, text=True, check=False)
            assert done.returncode == 0 or not os.path.exists(f"/proc/{pid}"), done.stderr
