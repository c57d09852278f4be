#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Boots stock Debian kernels in virtual machines and runs the tests inside each: see --help. Needs
# qemu-system-x86, busybox-static and cpio; python is not needed. No root, no network in the machines.
set -euo pipefail

usage() {
    cat <<'END'
usage: tests/vm/run.sh [options] [KERNEL...]

Boots each KERNEL with the statically linked runqslower and its kernel tests and prints a table
kernel x step. KERNEL is a series such as 6.12, fetched as a Debian package through apt's configured
mirror, or the path of a bzImage. Without arguments: 5.10 6.1 6.12 6.18 7.3, of which 6.1 and 6.12
must be had and the others are skipped with the reason when they cannot.

  --jobs N     that many machines at a time (default 1)
  --refresh    look for newer packages; cached kernels are used as they are otherwise
  --steps A,B  run only these steps
  --list       print the steps and end
  --fetch      get the kernels and end

  VM_BUILD     folder with runqslower and kernel_tests (default: build)
  VM_EXTRA     more files for the machine, FILE or FILE:DEST, separated by spaces; without DEST they
               go to /build
  VM_ACCEL     kvm or tcg (default: kvm if it works here)

Logs: build/vmtest/<kernel>.log. Ends with 0 when nothing failed.
END
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
VM_BUILD=${VM_BUILD:-$root/build}
VM_CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/runqslower-vm
LOGS=$root/build/vmtest
# shellcheck source=tests/vm/kernels.sh
. "$here/kernels.sh"

readonly DEFAULT_KERNELS="5.10 6.1 6.12 6.18 7.3"
readonly NEEDED_KERNELS=" 6.1 6.12 "
# Seconds from power-on to the first step, under emulation on a busy host.
readonly BOOT_LIMIT=90
# What the machine may take beyond a step's own limit before it counts as stalled.
readonly STEP_GRACE=45

die() {
    echo "vmtest: $*" >&2
    exit 1
}

say() {
    echo "vmtest: $*" >&2
}

# The end of everything: our machines (by their ids) and the temporary folder.
clean_up() {
    local pid
    for pid in "${workers[@]}"; do
        kill "$pid" 2>/dev/null || true
    done
    wait
    rm -rf "$work"
}

# Fails with what to install when a tool is missing.
check_tools() {
    local missing='' pair
    [[ $(uname -m) == x86_64 ]] || die "the machines are x86-64 and so must be this one"
    for pair in qemu-system-x86_64:qemu-system-x86 busybox:busybox-static cpio:cpio flock:util-linux \
        apt-get:apt dpkg-deb:dpkg; do
        command -v "${pair%%:*}" >/dev/null || missing+=" ${pair#*:}"
    done
    [[ -z $missing ]] || die "missing programs; install them with: apt-get install$missing"
    is_static "$(command -v busybox)" || die "busybox is not static; apt-get install busybox-static"
}

# Whether a program runs without shared libraries.
is_static() {
    [[ $(ldd "$1" 2>&1) =~ "not a dynamic executable"|"statically linked" ]]
}

# Prints kvm when a machine starts with it, else tcg. A /dev/kvm that is there may still refuse.
pick_accel() {
    if [[ -n ${VM_ACCEL-} ]]; then
        echo "$VM_ACCEL"
    elif [[ -w /dev/kvm ]] && echo quit | timeout 10 qemu-system-x86_64 -accel kvm -cpu max -smp 2 \
        -m 64 -S -nodefaults -display none -monitor stdio >/dev/null 2>&1; then
        echo kvm
    else
        # One emulating thread for all CPUs: with one each, a CPU now and then runs into the
        # breakpoint of another that is patching the kernel's text, and dies ("Oops: int3").
        echo tcg,thread=single
    fi
}

# Prints the rows of the table of steps: "name limit need how what".
step_rows() {
    local name rest
    while read -r name rest; do
        [[ -n $name && $name != '#'* ]] || continue
        [[ -z $only_steps || ,$only_steps, == *,$name,* ]] || continue
        echo "$name $rest"
    done <"$here/steps"
}

# Copies a program into the image's /build, without its symbols.
#   $1 file, $2 image tree
add_program() {
    is_static "$1" || die "$1 is not statically linked and would not run in the machine"
    cp -L "$1" "$2/build/"
    chmod 755 "$2/build/${1##*/}"
    strip "$2/build/${1##*/}" 2>/dev/null || true
}

# Builds the initramfs, one for all kernels.
#   $1 output
build_initramfs() {
    local tree=$work/tree item file dest
    mkdir -p "$tree"/{bin,build,etc,root}
    cp -L "$(command -v busybox)" "$tree/bin/busybox"
    cp "$here/init" "$tree/init"
    chmod 755 "$tree/init" "$tree/bin/busybox"
    step_rows >"$tree/steps"
    printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n' >"$tree/etc/passwd"
    printf 'root:x:0:\nnogroup:x:65534:\n' >"$tree/etc/group"
    printf '127.0.0.1 localhost rqsvm\n' >"$tree/etc/hosts"
    [[ -f $VM_BUILD/runqslower ]] || die "$VM_BUILD/runqslower is missing; build first: ./dev build"
    add_program "$VM_BUILD/runqslower" "$tree"
    # Its absence fails the steps that need it, with that reason.
    [[ ! -f $VM_BUILD/kernel_tests ]] || add_program "$VM_BUILD/kernel_tests" "$tree"
    for item in ${VM_EXTRA-}; do
        file=${item%%:*}
        [[ -e $file ]] || die "VM_EXTRA: there is no $file"
        dest=/build/${file##*/}
        [[ $item == *:* ]] && dest=${item#*:}
        mkdir -p "$tree/$(dirname "$dest")"
        cp -rL "$file" "$tree/$dest"
    done
    (cd "$tree" && find . | LC_ALL=C sort | cpio --quiet -o -H newc -R 0:0 | gzip -1) >"$1"
    rm -rf "$tree"
}

# Prints the step that was begun last, from a file of markers.
last_step() {
    tr -d '\r' <"$1" | sed -n 's/^RQSVM-START //p' | tail -n 1
}

# Boots once and waits for the end. Sets outcome to how it ended; run in the caller's own shell, so that
# a signal to that reaches the machine:
#   done | no boot | stalled in <step> | died in <step>
#   $1 image, $2 console log, $3 file of the markers
boot_once() {
    local image=$1 console=$2 marks=$3 pid seen=-1 count step='' limit=$BOOT_LIMIT deadline
    : >"$marks"
    # The second port carries the markers. panic=-1 with -no-reboot ends the process at a panic.
    qemu-system-x86_64 -accel "$accel" -cpu max -smp 2 -m 1G -nodefaults -display none -monitor none \
        -no-reboot -kernel "$image" -initrd "$work/initramfs" \
        -append "console=ttyS0,115200 loglevel=4 panic=-1 random.trust_cpu=on" \
        -serial "file:$console" -serial "file:$marks" </dev/null >"$console.qemu" 2>&1 &
    pid=$!
    # shellcheck disable=SC2064  # this machine's id, now
    trap "kill -9 $pid 2>/dev/null; wait $pid 2>/dev/null; exit 1" TERM INT
    deadline=$((SECONDS + limit))
    while kill -0 "$pid" 2>/dev/null && ((SECONDS < deadline)); do
        count=$(grep -c '^RQSVM' "$marks" || true)
        if ((count != seen && count > 0)); then
            seen=$count
            step=$(last_step "$marks")
            limit=$(step_rows | awk -v step="$step" '$1 == step { print $2 }')
            deadline=$((SECONDS + ${limit:-0} + STEP_GRACE))
        fi
        sleep 0.3
    done
    step=$(last_step "$marks")
    outcome="died in $step"
    kill -9 "$pid" 2>/dev/null && outcome="stalled in $step"
    # Nothing of ours has run before the first step.
    [[ -n $step ]] || outcome="no boot"
    wait "$pid" 2>/dev/null || true
    trap - TERM INT
    # A failure of qemu itself, which never gets as far as a console.
    [[ -s $console ]] || cat "$console.qemu" >>"$console"
    rm -f "$console.qemu"
    ! grep -q '^RQSVM-END' "$marks" || outcome="done"
}

# Runs the steps on one kernel; leaves "step verdict detail" rows in $work/<kernel>.rows.
#   $1 label, $2 image
test_kernel() {
    local label=$1 image=$2 console=$LOGS/$1.log marks=$work/$1.marks rows=$work/$1.rows
    local outcome note='' begin=$SECONDS name rest verdict detail
    rm -f "$LOGS/$label".*log
    boot_once "$image" "$console" "$marks"
    # Emulated machines stall now and then for no reason of ours: once more, but never unsaid.
    if [[ $outcome == "no boot" || $outcome == stalled* ]]; then
        say "$label: $outcome; the machine is started once more"
        note="started twice, the first time: $outcome (${label}.first.log)"
        mv "$console" "$LOGS/$label.first.log"
        boot_once "$image" "$console" "$marks"
    fi
    tr -d '\r' <"$marks" >"$marks.lines"
    while read -r name rest; do
        read -r verdict detail < <(sed -n "s/^RQSVM $name //p" "$marks.lines") || verdict=''
        if [[ -z $verdict ]]; then
            verdict=FAIL detail="not run to its end; the machine: $outcome"
        fi
        echo "$name $verdict $detail"
    done < <(step_rows) >"$rows"
    [[ -z $note ]] || echo "$note" >"$work/$label.note"
    say "$label: $(cut -d' ' -f2 "$rows" | sort | uniq -c | tr -s ' \n' ' ')in" \
        "$((SECONDS - begin)) s${note:+ ($note)}"
}

# Prints the end of what a failed step said, from the machine's log.
#   $1 kernel, $2 step
show_failure() {
    echo "$1 $2, the end of its output:"
    tr -d '\r' <"$LOGS/$1.log" | sed -n "/^--- output of $2, /,/^--- end of output of $2\$/p" | tail -n 200
}

# Prints the table, the reasons and the totals; non-zero when something failed.
report() {
    local label name verdict detail passed=0 failed=0 skipped=0 reasons=() failures=() failure
    mapfile -t names < <(step_rows | cut -d' ' -f1)
    echo
    printf '%-12s' kernel
    printf ' %-11s' "${names[@]}"
    echo
    for label in "${labels[@]}"; do
        printf '%-12s' "$label"
        # A worker that ended without a word has failed, whatever the cause.
        [[ -f $work/$label.rows || -f $work/$label.missing ]] ||
            echo "FAIL ended early" >"$work/$label.missing"
        if [[ -f $work/$label.missing ]]; then
            read -r verdict detail <"$work/$label.missing"
            echo " $verdict: $detail"
            if [[ $verdict == FAIL ]]; then failed=$((failed + 1)); else skipped=$((skipped + 1)); fi
            continue
        fi
        while read -r name verdict detail; do
            printf ' %-11s' "$verdict"
            case $verdict in
                PASS) passed=$((passed + 1)) ;;
                SKIP) skipped=$((skipped + 1)) ;;
                *)
                    failed=$((failed + 1))
                    failures+=("$label $name")
                    ;;
            esac
            [[ $verdict == PASS && $detail != *skipped* ]] ||
                reasons+=("$label $name: $verdict $detail")
        done <"$work/$label.rows"
        echo
        [[ ! -f $work/$label.note ]] || reasons+=("$label: $(cat "$work/$label.note")")
    done
    echo
    for label in "${labels[@]}"; do
        [[ ! -f $work/$label.kernel ]] || printf '%-12s %s\n' "$label" "$(cat "$work/$label.kernel")"
    done
    ((${#reasons[@]} == 0)) || printf '%s\n' '' "${reasons[@]}"
    for failure in "${failures[@]}"; do
        echo
        # shellcheck disable=SC2086  # two words
        show_failure $failure
    done
    ((failed == 0)) || printf '\nlogs: %s\n' "$LOGS"
    printf '\n%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
    ((failed == 0 && passed > 0))
}

# Makes a kernel's image known as $work/<label>.image, or says in $work/<label>.missing why not.
#   $1 series or path of an image
get_kernel() {
    local kernel=$1 label=$1 release
    if [[ $kernel == */* ]]; then
        release=$(vm_release_of "$kernel" 2>/dev/null || true)
        [[ -n $release ]] || die "$kernel is not a kernel image (bzImage)"
        label=$release
        ln -s "$(realpath "$kernel")" "$work/$label.image"
        echo "$release $kernel" >"$work/$label.kernel"
    elif [[ ! $kernel =~ ^[0-9]+\.[0-9]+$ ]]; then
        die "$kernel is neither a kernel series such as 6.12 nor the path of an image"
    elif vm_kernel "$kernel"; then
        ln -s "$VM_CACHE/kernels/$kernel/vmlinuz" "$work/$label.image"
        cp "$VM_CACHE/kernels/$kernel/version" "$work/$label.kernel"
    elif [[ $NEEDED_KERNELS == *" $kernel "* ]]; then
        echo "FAIL cannot be had: $VM_REASON" >"$work/$label.missing"
    else
        echo "SKIP cannot be had: $VM_REASON" >"$work/$label.missing"
    fi
    labels+=("$label")
}

jobs_max=1 only_steps='' fetch_only='' kernels=() labels=() workers=()
while (($#)); do
    case $1 in
        -h | --help)
            usage
            exit 0
            ;;
        --jobs)
            jobs_max=${2-}
            [[ $jobs_max =~ ^[1-9][0-9]?$ ]] || die "--jobs needs a number from 1 to 99"
            shift
            ;;
        --refresh) export VM_REFRESH=1 ;;
        --steps)
            only_steps=${2-}
            shift
            ;;
        --list)
            step_rows
            exit 0
            ;;
        --fetch) fetch_only=1 ;;
        -*) die "unknown option $1; see --help" ;;
        *) kernels+=("$1") ;;
    esac
    shift
done
((${#kernels[@]})) || read -ra kernels <<<"$DEFAULT_KERNELS"
[[ -n $(step_rows) ]] || die "--steps $only_steps selects no step; see --list"

check_tools
work=$(mktemp -d)
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
mkdir -p "$VM_CACHE" "$LOGS"

# One at a time in the cache, whoever else runs this.
exec 9>"$VM_CACHE/lock"
flock 9
for kernel in "${kernels[@]}"; do
    get_kernel "$kernel"
done
exec 9>&-
if [[ -n $fetch_only ]]; then
    for label in "${labels[@]}"; do
        echo "$label $(cat "$work/$label".kernel "$work/$label".missing 2>/dev/null)"
    done
    exit 0
fi

build_initramfs "$work/initramfs"
accel=$(pick_accel)
say "accelerator $accel, image $(($(stat -c %s "$work/initramfs") / 1024)) KiB"
for label in "${labels[@]}"; do
    [[ -e $work/$label.image ]] || continue
    while (($(jobs -rp | wc -l) >= jobs_max)); do
        wait -n || true
    done
    test_kernel "$label" "$work/$label.image" &
    workers+=($!)
done
wait
report
