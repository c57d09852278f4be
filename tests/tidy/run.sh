#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Rules of this repository that neither clang-format nor clang-tidy knows. `./dev check` runs it; so
# does ctest. Prints one line for each breach and fails if there is any. A folder given as argument
# is looked at in place of the repository: tests/tidy/selftest.sh does so.
set -uo pipefail
shopt -s lastpipe # breaches that are counted at the end of a pipe count
cd "${1:-$(dirname "$0")/../..}" || exit 2

# Source files longer than this hide more than one thought. There are no exceptions.
max_lines=500

breaches=0
breach() {
    printf 'tidy: %s\n' "$*"
    breaches=$((breaches + 1))
}

# What git knows or would add, without what the working tree lacks.
files() {
    local file
    git ls-files --cached --others --exclude-standard -- "$@" | sort -u | while read -r file; do
        [ -f "$file" ] && printf '%s\n' "$file"
    done
}

# each_line MESSAGE: a breach for each line of the input.
each_line() {
    local line
    while IFS= read -r line; do
        [ -n "$line" ] && breach "$line: $1"
    done
}

# files_with PATTERN FILE...: those whose code (no comment lines) matches.
files_with() {
    local pattern=$1
    shift
    [ $# -gt 0 ] && grep -lE "$pattern" -- "$@"
}

sources() { files '*.cpp' '*.h' '*.c'; }

check_spdx() {
    local file
    while read -r file; do
        head -n 3 "$file" | grep -q 'SPDX-License-Identifier: ' ||
            breach "$file: no SPDX line among the first three"
    done < <({
        sources
        files '*.sh' '*.py' dev
    })
    # What the kernel loads must say that it may be GPL, and so must what it includes.
    while read -r file; do
        head -n 3 "$file" | grep -q 'GPL-2.0-only OR BSD-2-Clause' ||
            breach "$file: BPF code is (GPL-2.0-only OR BSD-2-Clause)"
    done < <(files 'bpf/*' 'contract/*.h' '*.bpf.c' '*.bpf.h')
}

check_length() {
    local file lines
    while read -r file; do
        lines=$(wc -l <"$file")
        [ "$lines" -le $max_lines ] || breach "$file: $lines lines; the limit is $max_lines"
    done < <(files 'src/*.cpp' 'src/*.h' 'bpf/*' 'contract/*' 'bench/*.cpp' 'bench/*.h' 'bench/*.c')
}

# A folder may include what lies before it on an event's way, and no further.
check_layers() {
    local all=() outside=()
    mapfile -t all < <(files 'src/*.cpp' 'src/*.h')
    mapfile -t outside < <(printf '%s\n' "${all[@]}" | grep -vE '^src/tracer/(sources|decode)/')
    files_with '^#include "(contract|bpf)/' "${outside[@]}" |
        each_line "only src/tracer/sources and src/tracer/decode include contract/"

    mapfile -t outside < <(files '*.cpp' '*.h' '*.c' |
        grep -vE '^(src/tracer/sources/bpf|src/shared/bpfkit/|src/packages/|bench/|tests/kernel/)' |
        grep -vE '^(bpf/|examples/|tests/pkg/|tests/fuzz/(pkg|type_table)_)|\.bpf\.[ch]$')
    files_with '^#include [<"](bpf/(bpf|libbpf|btf)\.h|bpfkit/)' "${outside[@]}" |
        grep -vE '^src/tracer/commands/doctor' | # reads the kernel's BTF through bpfkit
        each_line "libbpf is for src/tracer/sources/bpf*, src/shared/bpfkit and the packages"

    # What each folder of the tracer may include beside itself and util, in the event's order.
    local folder allowed
    while read -r folder allowed; do
        mapfile -t outside < <(printf '%s\n' "${all[@]}" | grep -E "^src/tracer/$folder/" |
            grep -vE '_test\.cpp$|_for_test\.h$') # a test may take what it tests with
        includes_beyond "util|$folder${allowed:+|$allowed}" "${outside[@]}" |
            each_line "src/tracer/$folder may include ${allowed:-nothing of another folder}"
    done <<'EOF'
model
decode contract|model
ledger model
filter model
session model|ledger|filter
aggregate model|session
sinks model|session|aggregate
consumers model|session|aggregate|sinks
enrich model
record model
database model|session|sinks
perfetto model|session|sinks
html model|ledger|session|aggregate
import model|record
sources model|decode|enrich|session|record|contract|bpfkit
cli model|sinks
commands model|cli|enrich|filter|sources|session|record|aggregate|sinks|consumers|database|html|import|perfetto|bpfkit
EOF

    mapfile -t outside < <(printf '%s\n' "${all[@]}" | grep -E '^src/shared/util/')
    includes_beyond 'util' "${outside[@]}" | each_line "util knows no domain words"
}

# includes_beyond FOLDERS FILE...: FILE: "INCLUDE" for what is included from other folders than
# these (as in a|b). An include without a folder was made by the build.
includes_beyond() {
    local folders=$1
    shift
    [ $# -gt 0 ] && grep -HoE '^#include "[^"/]+/[^"]*"' -- "$@" |
        sed 's/:#include /: /' | grep -vE ": \"($folders)/"
}

# The folders of src/PRODUCT/ as a|b, for PRODUCT...
folders_of() {
    local product
    for product in "$@"; do
        files "src/$product/*" | sed -nE "s|^src/$product/([^/]+)/.*|\1|p"
    done | sort -u | paste -sd'|'
}

# Two products and what they share: the tracer and the packages know nothing of each other, and what
# is shared knows neither. (contract/ and bpf/ are the tracer's; check_layers says whose in there.)
check_products() {
    local all=()
    mapfile -t all < <(files 'src/shared/*.cpp' 'src/shared/*.h')
    includes_beyond "$(folders_of shared)" "${all[@]}" |
        each_line "src/shared includes nothing of a product"
    mapfile -t all < <(files 'src/tracer/*.cpp' 'src/tracer/*.h')
    includes_beyond "$(folders_of shared tracer)|contract|bpf" "${all[@]}" |
        each_line "src/tracer includes only itself and src/shared"
    mapfile -t all < <(files 'src/packages/*.cpp' 'src/packages/*.h')
    includes_beyond "$(folders_of shared packages)" "${all[@]}" |
        each_line "src/packages includes only itself and src/shared"
    # Within the packages: both programs use pkg/, and neither the other.
    mapfile -t all < <(files 'src/packages/pkg/*.cpp' 'src/packages/pkg/*.h')
    includes_beyond "$(folders_of shared)|pkg" "${all[@]}" |
        each_line "src/packages/pkg knows neither ecc nor ecli"
    mapfile -t all < <(files 'src/packages/ecc/*' | grep -E '\.(cpp|h)$')
    includes_beyond "$(folders_of shared)|pkg|ecc" "${all[@]}" | each_line "ecc does not know ecli"
    mapfile -t all < <(files 'src/packages/ecli/*' | grep -E '\.(cpp|h)$')
    includes_beyond "$(folders_of shared)|pkg|ecli" "${all[@]}" | each_line "ecli does not know ecc"
}

# Talk has one way out, so that a line is one write and nobody forgets that it may be closed.
check_stderr() {
    local all=()
    mapfile -t all < <(files 'src/*.cpp' 'src/*.h' | grep -vE '_test\.cpp$|^src/shared/util/say\.h$')
    files_with '^[^/]*([ (]stderr[,)]|std::(cerr|clog)|perror\(|write\((2|STDERR_FILENO),)' \
        "${all[@]}" | each_line "only util/say.h writes to standard error"
}

# Sinks turn events into bytes. What they print must depend on the events alone.
check_sinks() {
    local sinks=()
    mapfile -t sinks < <(files 'src/tracer/sinks/*.cpp' 'src/tracer/sinks/*.h' | grep -v '_test\.cpp$')
    files_with '^[^/]*("/proc|"/sys|ifstream|ofstream|fopen|util/procfs\.h)' "${sinks[@]}" |
        each_line "sinks read no files"
    files_with '^[^/]*(clock_gettime|gettimeofday|_clock::now|[^a-z_]time\((0|nullptr|NULL|&))' \
        "${sinks[@]}" | each_line "sinks read no clock"
    files_with '^[^/]*([^f]printf\((stdout|stderr|")|::write\(|std::cout|std::cerr|fwrite\()' \
        "${sinks[@]}" | each_line "sinks write to the buffer they are given"
}

# A file that no build file names and no other file includes is dead. What the build globs counts as
# named: src/tracer/<folder>/*.cpp, src/shared/util/*.cpp, src/*_test.cpp, tests/*/*_test.cpp.
check_dead() {
    local recipes=() every=() globbed file name stem
    mapfile -t recipes < <(files '*CMakeLists.txt' '*.cmake')
    mapfile -t every < <(sources)
    globbed='^src/(tracer/[a-z]+|shared/util)/[^/]*\.cpp$'
    globbed+='|^src/.*_test\.cpp$|^tests/fuzz/pkg_[^/]*_fuzz\.cpp$'
    while read -r file; do
        name=$(basename "$file")
        case $name in
        *.h)
            grep -qE "^#include [<\"]([^\">]*/)?${name//./\\.}[\">]" -- "${every[@]}" ||
                breach "$file: nobody includes it"
            ;;
        *)
            [[ $file =~ $globbed ]] && continue
            stem=${name%%.*}
            grep -qE "(^|[^A-Za-z0-9_])${stem}([^A-Za-z0-9_]|\$)" -- "${recipes[@]}" ||
                named_by_folder "$file" || breach "$file: no build file names it"
            ;;
        esac
    done < <(sources)
}

# A build file may name its sources by a pattern (file(GLOB ...)) or by their folder.
named_by_folder() {
    local folder
    folder=$(dirname "$1")
    while [ "$folder" != . ]; do
        if [ -f "$folder/CMakeLists.txt" ]; then
            grep -qE 'file\(GLOB|foreach\(' "$folder/CMakeLists.txt"
            return
        fi
        folder=$(dirname "$folder")
    done
    return 1
}

# Text that leaves a trail of a person's machine, or of work not done.
check_words() {
    local all=()
    mapfile -t all < <(sources | grep -v '^examples/.*/vmlinux')
    files_with '(^|[^A-Za-z])(TODO|FIXME|HACK)([^A-Za-z]|$)' "${all[@]}" |
        each_line "says that something is still to be done: do it or drop the word"
    files_with '^[[:space:]]*#include "\.\./' "${all[@]}" |
        each_line "include from the root of src/ or of the repository, not by ../"
    files_with $'\t' "${all[@]}" | each_line "has a tab; indent by 4 blanks"
}

check_headers() {
    local file
    while read -r file; do
        case $file in
        *.bpf.h | contract/* | bpf/* | examples/*) grep -q '^#ifndef ' "$file" ;;
        *) grep -qE '^#(pragma once|ifndef )' "$file" ;;
        esac || breach "$file: a header guards itself against being included twice"
    done < <(files '*.h')
}

check_spdx
check_length
check_layers
check_products
check_stderr
check_sinks
check_dead
check_words
check_headers

if [ "$breaches" -gt 0 ]; then
    printf 'tidy: %d breaches\n' "$breaches"
    exit 1
fi
printf 'tidy: all rules hold\n'
