# shellcheck shell=bash
# Where images are kept: the user's own storage, or, for root, /var/lib/containers.
# vfs works on every file system, also inside of a container.
in_storage() { buildah --storage-driver vfs "$@"; }

can_build() { command -v buildah >/dev/null && in_storage info >/dev/null 2>&1; }
