# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Stock Debian kernels, for run.sh to source. Nothing under /etc/apt or /var/lib/apt is written: each
# suite gets an apt state directory of its own in the cache, with the mirror that this machine is
# already configured for and signatures checked against debian-archive-keyring.
#
# Callers set VM_CACHE. Layout below it:
#   apt/<suite>/       apt's state, with the error text of the last update in update.log
#   kernels/<series>/  vmlinuz, version (one line: kernel release, package and its version)

readonly VM_KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

# Kernel series -> suites to look into, best first. "security" in a name selects the security mirror.
vm_suites_of() {
    case $1 in
        5.10) echo "bullseye-security" ;;
        6.1 | 6.12) echo "bookworm-security bookworm bookworm-backports" ;;
        *) echo "trixie-backports trixie-security" ;;
    esac
}

# Prints "suite uri" for each Debian archive that apt is configured for on this machine.
vm_archives() {
    # shellcheck disable=SC2016  # apt's placeholders, not the shell's
    local format='$(ORIGIN)|$(RELEASE) $(REPO_URI)' known
    # Only lists that were fetched say whose they are.
    known=$(apt-get indextargets --format "$format" 'Identifier: Packages' 2>/dev/null |
        sed -n 's/^Debian|//p')
    if [[ -n $known ]]; then
        echo "$known"
        return
    fi
    # None fetched yet: what an update would ask for. A vendor who borrows Debian's code names is not
    # told from Debian here; its archive then fails the check of signatures.
    apt-get update --print-uris 2>/dev/null |
        sed -n "s|^'\(.*\)/dists/\(.*\)/InRelease'.*|\2 \1|p"
}

# Prints the URI of the Debian mirror, or of the security mirror, that apt uses on this machine.
#   $1  main | security
vm_mirror() {
    local suite uri
    while read -r suite uri; do
        case $1:$suite in
            security:*-security | security:*/updates) ;;
            main:bullseye | main:bookworm | main:trixie | main:stable | main:oldstable) ;;
            *) continue ;;
        esac
        echo "${uri%/}"
        return 0
    done < <(vm_archives)
    return 1
}

# Runs an apt tool on the private state of a suite.
#   $1 suite, $2 tool, rest: its arguments
vm_apt() {
    local dir=$VM_CACHE/apt/$1 tool=$2
    shift 2
    "$tool" -q \
        -o Dir::State="$dir" -o Dir::State::lists="$dir/lists" -o Dir::State::status="$dir/status" \
        -o Dir::Cache="$dir/cache" -o Dir::Etc::sourcelist="$dir/sources.list" \
        -o Dir::Etc::sourceparts=/dev/null -o Dir::Etc::preferences=/dev/null \
        -o Dir::Etc::preferencesparts=/dev/null -o APT::Architecture=amd64 \
        -o Acquire::Languages=none -o Acquire::Retries=2 \
        -o APT::Sandbox::User=root "$@"
}

# Brings the package lists of a suite up to date, at most once per process. Non-zero when the suite
# cannot be had; the reason is then in VM_REASON.
declare -A VM_SUITE_STATE=()
vm_update_suite() {
    local suite=$1 dir=$VM_CACHE/apt/$1 kind=main uri
    case ${VM_SUITE_STATE[$suite]-} in
        ok) return 0 ;;
        '') ;;
        *)
            VM_REASON=${VM_SUITE_STATE[$suite]}
            return 1
            ;;
    esac
    [[ $suite == *-security ]] && kind=security
    # A machine without a security source: mirrors keep that archive next to the main one.
    uri=$(vm_mirror "$kind") || uri=$(vm_mirror main)-security || true
    if [[ -z $uri || $uri == -security ]]; then
        VM_REASON="apt has no Debian $kind mirror configured"
        VM_SUITE_STATE[$suite]=$VM_REASON
        return 1
    fi
    mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
    : >"$dir/status"
    echo "deb [arch=amd64 signed-by=$VM_KEYRING] $uri $suite main" >"$dir/sources.list"
    # Error-Mode=any: apt reports a suite that cannot be reached as a warning otherwise.
    if ! vm_apt "$suite" apt-get -o APT::Update::Error-Mode=any update >"$dir/update.log" 2>&1; then
        VM_REASON="$suite: $(grep -m1 '^E:' "$dir/update.log" | cut -c4-160)"
        VM_SUITE_STATE[$suite]=$VM_REASON
        return 1
    fi
    VM_SUITE_STATE[$suite]=ok
}

# Prints "package version" for each cloud kernel of a series in a suite, newest first, the signed one
# before the unsigned one. The package's version decides: names carry an ABI number in old releases
# (linux-image-6.1.0-56-cloud-amd64) and the kernel's version in new ones.
vm_candidates() {
    local suite=$1 series=$2 pattern names
    pattern="^linux-image-${series//./\\.}\\.[0-9]+[^ ]*-cloud-amd64(-unsigned)?\$"
    mapfile -t names < <(vm_apt "$suite" apt-cache pkgnames linux-image- | grep -E "$pattern")
    ((${#names[@]})) || return 0
    vm_apt "$suite" apt-cache show --no-all-versions "${names[@]}" 2>/dev/null |
        awk -v series="$series." '
            $1 == "Package:" { name = $2 }
            # A kernel of one Debian rebuilt for an older one is not the stock kernel of its series.
            $1 == "Version:" && index($2, series) == 1 && name !~ /deb11/ { print name, $2 }' |
        sort -k2,2Vr -k1,1V
}

# Makes sure that VM_CACHE/kernels/<series>/vmlinuz exists. Non-zero with VM_REASON set when the kernel
# cannot be had. With VM_REFRESH=1 a cached kernel is looked up again; if that fails it is still used.
vm_kernel() {
    local series=$1 dir=$VM_CACHE/kernels/$1 suite reasons=''
    VM_REASON=
    if [[ -s $dir/vmlinuz && -s $dir/version && ${VM_REFRESH-} != 1 ]]; then
        return 0
    fi
    for suite in $(vm_suites_of "$series"); do
        vm_update_suite "$suite" && vm_kernel_from "$suite" "$series" && return 0
        reasons+="${reasons:+; }$VM_REASON"
    done
    VM_REASON=$reasons
    [[ -s $dir/vmlinuz && -s $dir/version ]]
}

# Downloads and unpacks the newest kernel of a series that a suite really has (see vm_kernel). A mirror
# may list packages that it no longer holds, so a few candidates are tried.
vm_kernel_from() {
    local suite=$1 series=$2 dir=$VM_CACHE/kernels/$2 candidates candidate work image=''
    mapfile -t candidates < <(vm_candidates "$suite" "$series" | head -n 4)
    if ((${#candidates[@]} == 0)); then
        VM_REASON="$suite has no $series cloud kernel"
        return 1
    fi
    if [[ -s $dir/vmlinuz && $(cut -d' ' -f2- "$dir/version" 2>/dev/null) == "${candidates[0]}" ]]; then
        return 0
    fi
    mkdir -p "$dir"
    # Beside its destination, so that the last step is a rename and an interrupted run leaves nothing
    # half done behind.
    work=$(mktemp -d "$dir/tmp.XXXXXX")
    for candidate in "${candidates[@]}"; do
        image=$(vm_download_image "$suite" "${candidate% *}" "${candidate#* }" "$work") && break
        image=''
    done
    if [[ -n $image ]]; then
        rm -f "$dir/version"
        mv "$image" "$dir/vmlinuz"
        echo "$(vm_release_of "$dir/vmlinuz") $candidate" >"$dir/version"
    else
        VM_REASON="$suite: cannot download ${candidates[0]}: $(
            grep -m1 '^E:' "$work/log" | cut -c4-160
        )"
    fi
    rm -rf "$work"
    [[ -n $image ]]
}

# Downloads a kernel package and prints the path of the image unpacked from it.
#   $1 suite, $2 package, $3 version, $4 directory to work in
vm_download_image() {
    local suite=$1 package=$2 version=$3 work=$4 name image
    # From 6.19 on linux-image-* is empty and linux-binary-* (or -unsigned-) holds the image.
    for name in "$package" "linux-binary-${package#linux-image-}"; do
        rm -rf "$work/tree" "$work"/*.deb
        mkdir -p "$work/tree"
        (cd "$work" && vm_apt "$suite" apt-get download "$name=$version") >>"$work/log" 2>&1 || continue
        # tar complains about each pattern that matches nothing: what counts is the image.
        dpkg-deb --fsys-tarfile "$work"/*.deb | tar -x -C "$work/tree" --wildcards \
            './boot/vmlinuz*' './usr/lib/modules/*/vmlinuz*' 2>/dev/null || true
        image=$(find "$work/tree" -type f -name 'vmlinuz*' -print -quit)
        if [[ -n $image ]]; then
            echo "$image"
            return 0
        fi
        echo "E: $name $version holds no kernel image" >>"$work/log"
    done
    return 1
}

# Prints the release ("uname -r") that is written in a bzImage, nothing when it is none.
vm_release_of() {
    # x86 boot protocol: "HdrS" at 0x202; kernel_version at 0x20e, offset of the text less 0x200.
    local offset
    [[ $(od -An -c -j $((0x202)) -N4 "$1" | tr -d ' ') == HdrS ]] || return 0
    offset=$(od -An -tu2 -j $((0x20e)) -N2 "$1" | tr -d ' ')
    tail -c +$((offset + 0x200 + 1)) "$1" | head -c 100 | tr '\0' '\n' | head -n1 | cut -d' ' -f1
}
