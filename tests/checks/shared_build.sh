#!/usr/bin/env bash
# The README's two commands must share their dependencies: a crate that the tests compile with other
# features than the program makes Cargo build it, and all that depends on it, a second time.
set -euo pipefail
cd "$(dirname "$0")/../.."

# Registry crates with the features they are compiled with, for a selection of the workspace.
dependencies() {
    cargo tree --locked --format '{p} [{f}]' --prefix none "$@" | sed 's/ (\*)$//' | grep -v "($PWD" | sort -u
}

program=$(dependencies --package backdraft --edges normal,build)
tests=$(dependencies --workspace --edges normal,build,dev)
# What only the tests use may be added; what both use must be the same.
twice=$(comm -13 <(echo "$program") <(echo "$tests") | while read -r name version _; do
    grep -F "$name $version " <<<"$program" || true
done)
if [ -n "$twice" ]; then
    printf 'The tests turn on features of crates that the program uses, so that Cargo builds them twice:\n%s\n' "$twice" >&2
    echo 'Give the crate "default-features = false" and the features above in the workspace Cargo.toml.' >&2
    exit 1
fi
echo "the program and its tests share $(wc -l <<<"$program") dependencies"
