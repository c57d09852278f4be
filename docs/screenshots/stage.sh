#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Records a machine on which three things go wrong at once: stage.sh RUNQSLOWER OUT.rec [SECONDS]
#   image-resizer   has a CPU quota of 25 ms in each 100 ms, and wants more
#   web-server      computes for 8 ms at a time, beside four processes of a batch job, video-encoder
#   motor-control   a real-time task that computes for 180 ms at a time
# Needs root, perl and chrt; puts everything back.
set -euo pipefail
tool=$1 out=$2 seconds=${3:-10}
folder=$(mktemp -d)
group='' pids=()

finish() {
    [ ${#pids[@]} -gt 0 ] && kill "${pids[@]}" 2>/dev/null
    wait 2>/dev/null || true
    [ -n "$group" ] && rmdir "$group" 2>/dev/null
    rm -rf "$folder"
}
trap finish EXIT

# A process is called as the file that was executed. play NAME WORK_MS SLEEP_MS [COMMAND...]
play() {
    local name=$1 work_ms=$2 sleep_ms=$3
    shift 3
    [ -e "$folder/$name" ] || cp "$(command -v perl)" "$folder/$name"
    # shellcheck disable=SC2016
    "$@" "$folder/$name" -MTime::HiRes=clock -e '
        my ($work, $sleep) = @ARGV;
        while (1) {
            my $end = clock() + $work / 1000;
            1 while clock() < $end;
            select undef, undef, undef, $sleep / 1000 if $sleep;
        }' "$work_ms" "$sleep_ms" &
    pids+=($!)
}

# A cgroup with a quota below our own, in either version.
if [ -d /sys/fs/cgroup/cpu ]; then
    own=$(sed -nE 's/^[0-9]+:(.*,)?cpu(,.*)?:(.*)$/\3/p' /proc/self/cgroup)
    group=/sys/fs/cgroup/cpu${own%/}/images.slice
    mkdir -p "$group"
    echo 100000 >"$group/cpu.cfs_period_us"
    echo 25000 >"$group/cpu.cfs_quota_us"
else
    group=/sys/fs/cgroup/images.slice
    echo +cpu >/sys/fs/cgroup/cgroup.subtree_control
    mkdir -p "$group"
    echo '25000 100000' >"$group/cpu.max"
fi
# shellcheck disable=SC2016
in_group() { exec sh -c 'echo $$ >"$0/cgroup.procs"; exec "$@"' "$group" "$@"; }

last=$(($(nproc --all) - 1))
for _ in 1 2; do play image-resizer 40 5 in_group; done
for _ in 1 2; do play web-server 8 30 taskset -c "$last"; done
"$tool" record -d "$seconds" -o "$out" &
recorder=$!
# The batch job comes after a quarter of the time, the real-time task for the last third.
sleep "$((seconds * 1 / 4))"
for _ in 1 2 3 4; do play video-encoder 1000 0; done
sleep "$((seconds * 5 / 12))"
play motor-control 180 220 chrt -f 50 taskset -c "$last"
sleep 1
kill -0 "${pids[-1]}" 2>/dev/null || {
    echo "stage.sh: the real-time task did not start (cpu.rt_runtime_us of our cgroup?)" >&2
    exit 1
}
wait "$recorder"
