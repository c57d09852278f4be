#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Checks types and runs page_test.mjs: run.sh RUNQSLOWER UNIT_TESTS BUILD_FOLDER. Skips (77) and says
# why where there is no chromium, node or npm, or the program was built without its page.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
web=$(cd "$here/../../web" && pwd)
tool=$1 unit_tests=$2 build=$(cd "$3" && pwd)

skip() {
    echo "skipped: $*"
    exit 77
}
chromium=$(command -v chromium || command -v chromium-browser || true)
[ -n "$chromium" ] || skip "chromium is not installed (./dev test installs it)"
command -v node >/dev/null || skip "node is not installed"
command -v npm >/dev/null || skip "npm is not installed"

# What the tests take beside what the build takes, asked for when the lock file has changed.
modules=$build/web-test
mkdir -p "$modules"
if ! cmp -s "$web/package-lock.json" "$modules/installed"; then
    cp "$web/package.json" "$web/package-lock.json" "$modules"
    (cd "$modules" && npm ci --ignore-scripts --no-audit --no-fund) ||
        skip "npm could not install playwright-core and typescript"
    cp "$web/package-lock.json" "$modules/installed"
fi

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$tool" report "$here/situation.rec" --html "$folder/page.html" >/dev/null 2>"$folder/errors" || {
    grep -q 'built without npm' "$folder/errors" && skip "$(cat "$folder/errors")"
    cat "$folder/errors"
    exit 1
}
RQS_HOSTILE_PAGE=$folder/hostile.html RQS_LARGE_PAGE=$folder/large.html "$unit_tests" \
    --gtest_filter='HtmlWriter.*PageForTheBrowser' >/dev/null

# Types are looked up where they were installed: nothing lies in the source folder.
cat >"$modules/tsconfig.json" <<JSON
{
  "extends": "$web/tsconfig.json",
  "compilerOptions": { "paths": { "uplot": ["$modules/node_modules/uplot"] } },
  "include": ["$web/src"]
}
JSON
"$modules/node_modules/.bin/tsc" -p "$modules"
echo "ok      tsc --strict"
node "$here/page_test.mjs" "$modules/node_modules" "$chromium" "$folder/page.html" \
    "$folder/hostile.html" "$folder/large.html"
