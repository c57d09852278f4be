#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# `./dev screenshots`: records the staged situation and takes pictures of its report. Needs root.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
seconds=${1:-12}
modules=build/web-test
mkdir -p "$modules"
cp web/package.json web/package-lock.json "$modules"
(cd "$modules" && npm ci --ignore-scripts --no-audit --no-fund >/dev/null)

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
docs/screenshots/stage.sh build/runqslower "$folder/runqslower.rec" "$seconds"
build/runqslower report "$folder/runqslower.rec" --html "$folder/report.html"
node web/screenshots.mjs "$modules/node_modules" "$folder/report.html" docs/screenshots "$(command -v chromium)"
