#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Each rule of run.sh must fail where it is broken: makes a small tree that keeps them all, breaks
# one after the other, and looks at what is said.
set -euo pipefail
run=$(readlink -f "$(dirname "$0")/run.sh")
command -v git >/dev/null || {
    echo "skipped: git is not installed"
    exit 77
}
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
spdx='// SPDX-License-Identifier: BSD-2-Clause'

fresh_tree() {
    rm -rf "${tree:?}"/{.git,src,contract}
    mkdir -p "$tree"/src/tracer/{sinks,ledger,decode} "$tree"/src/packages/{pkg,ecc,ecli} \
        "$tree"/src/shared/{util,bpfkit} "$tree/contract"
    git -C "$tree" init -q
    printf '/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */\n#ifndef W\n#endif\n' \
        >"$tree/contract/wire.h"
    printf '%s\n#include "contract/wire.h"\n' "$spdx" >"$tree/src/tracer/decode/decoder.cpp"
    printf '%s\n' "$spdx" >"$tree/src/tracer/sinks/text.cpp"
}

failed=0
# expect MESSAGE FILE [LINE...]: the file with these lines behind its SPDX line is a breach.
expect() {
    local message=$1 file=$2 out
    shift 2
    fresh_tree
    printf '%s\n' "$@" >"$tree/$file"
    if out=$("$run" "$tree") || ! grep -qF "$file: " <<<"$out" || ! grep -qF "$message" <<<"$out"
    then
        printf 'not caught: %s in %s\n%s\n' "$message" "$file" "$out"
        failed=1
    fi
}

fresh_tree
"$run" "$tree" || failed=1

expect "no SPDX line" src/shared/util/x.cpp "int x;"
expect "GPL-2.0-only OR BSD-2-Clause" contract/wire.h "$spdx" "#ifndef X" "#endif"
mapfile -t long < <(yes '// x' | head -n 500)
expect "the limit is" src/shared/util/x.cpp "$spdx" "${long[@]}"
expect "include contract/" src/tracer/sinks/text.cpp "$spdx" '#include "contract/wire.h"'
expect "libbpf is for" src/tracer/decode/x.cpp "$spdx" '#include <bpf/libbpf.h>'
expect "src/tracer/ledger may include" src/tracer/ledger/x.cpp "$spdx" '#include "sinks/sink.h"'
expect "no domain words" src/shared/util/x.cpp "$spdx" '#include "model/event.h"'
expect "includes nothing of a product" src/shared/bpfkit/x.cpp "$spdx" '#include "sinks/sink.h"'
expect "includes nothing of a product" src/shared/bpfkit/x.cpp "$spdx" '#include "pkg/meta.h"'
expect "includes only itself" src/tracer/sinks/text.cpp "$spdx" '#include "pkg/meta.h"'
expect "includes only itself" src/packages/pkg/x.cpp "$spdx" '#include "sinks/sink.h"'
expect "neither ecc nor ecli" src/packages/pkg/x.cpp "$spdx" '#include "ecc/docs.h"'
expect "ecc does not know ecli" src/packages/ecc/x.cpp "$spdx" '#include "ecli/main.h"'
expect "ecli does not know ecc" src/packages/ecli/x.cpp "$spdx" '#include "ecc/docs.h"'
for call in 'std::fputs("x", stderr);' 'std::fprintf(stderr, "x");' 'std::cerr << 1;' \
    'std::perror("x");' '(void)::write(STDERR_FILENO, "x", 1);'; do
    expect "only util/say.h" src/packages/pkg/x.cpp "$spdx" "$call"
done
expect "read no files" src/tracer/sinks/text.cpp "$spdx" 'auto f = open("/proc/stat");'
expect "read no clock" src/tracer/sinks/text.cpp "$spdx" 'auto t = std::chrono::steady_clock::now();'
expect "buffer they are given" src/tracer/sinks/text.cpp "$spdx" 'int x = std::printf("x");'
expect "nobody includes it" src/shared/util/x.h "$spdx" '#pragma once'
expect "no build file names it" src/tracer/main.cpp "$spdx" 'int main() {}'
expect "still to be done" src/shared/util/x.cpp "$spdx" '// TODO: this'
expect "not by ../" src/shared/util/x.cpp "$spdx" '#include "../x.h"'
expect "has a tab" src/shared/util/x.cpp "$spdx" $'\tint x;'
expect "guards itself" src/shared/util/x.h "$spdx" 'int x;'
[ $failed -eq 0 ] && echo "every rule can fail"
exit $failed
