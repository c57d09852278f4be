#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Proves the README's two commands in a minimal Debian tree: whatever the scripts forget to install
# is not there. The tree shares this machine's kernel and is thrown away. Needs root.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."

if [ "${RQS_FRESH_INSIDE:-}" != yes ]; then
    # A mount namespace of our own: whatever happens, no mount stays behind.
    exec env RQS_FRESH_INSIDE=yes unshare --mount --propagation private "$0" "$@"
fi

suite=bookworm
mirror=$(apt-get indextargets --format '$(SITE) $(CODENAME)' | sed -n "s/ $suite\$//p" | head -n 1)
tree=$(mktemp -d "${TMPDIR:-/tmp}/runqslower-fresh.XXXXXX")
trap 'umount -lR "$tree" 2>/dev/null; rm -rf --one-file-system "$tree"' EXIT

mount -t tmpfs -o size=12g,mode=755,dev,suid tmpfs "$tree"
echo "==> a minimal Debian $suite" >&2
mmdebstrap --variant=minbase --include=ca-certificates,git "$suite" "$tree" "$mirror" >&2
if [ -d /etc/apt/apt.conf.d ]; then # a proxy, where there is one
    grep -hs '^Acquire::.*[Pp]roxy' /etc/apt/apt.conf /etc/apt/apt.conf.d/* \
        >"$tree/etc/apt/apt.conf.d/80proxy" || true
fi
mount --bind /etc/resolv.conf "$tree/etc/resolv.conf" 2>/dev/null || true
mount -t proc proc "$tree/proc"
mount --rbind /sys "$tree/sys"
mount --rbind /dev "$tree/dev"
mountpoint -q /sys/fs/bpf || mount -t bpf bpf "$tree/sys/fs/bpf"

git clone --quiet . "$tree/root/runqslower"
inside() { chroot "$tree" env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin TERM=dumb \
    LANG=C.UTF-8 http_proxy="${http_proxy:-}" https_proxy="${https_proxy:-}" \
    bash -c "cd /root/runqslower && $1"; }

echo "==> ./dev run" >&2
inside './dev run' | tail -n 40
echo "==> ./dev test" >&2
inside './dev test'
