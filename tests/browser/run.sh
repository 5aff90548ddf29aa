#!/usr/bin/env bash
# Opens Backdraft's pages in headless Chromium and looks at what is there.
#
#     tests/browser/run.sh [FILE.test.mjs…]
#
# Needs Node 20 and, on Debian as root, installs Chromium if it is missing (elsewhere: CHROMIUM=path).
# Screenshots land in target/browser/.
set -euo pipefail
cd "$(dirname "$0")"
if [ -z "${CHROMIUM:-}" ]; then
  CHROMIUM=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
  if [ -z "$CHROMIUM" ]; then
    apt-get update -q && apt-get install -qy chromium
    CHROMIUM=$(command -v chromium)
  fi
fi
export CHROMIUM
[ -d node_modules/playwright-core ] || npm install --no-audit --no-fund --no-package-lock --silent
(cd ../.. && cargo build --quiet --release --workspace)
node --test --test-concurrency=1 "${@:-.}"
