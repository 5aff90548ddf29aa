#!/usr/bin/env bash
# Bundles d3.min.js anew from pinned versions; needs npm.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cp "$here/entry.js" "$folder"
cd "$folder"
npm install --no-audit --no-fund --silent d3-scale@4.0.3 d3-shape@3.2.1 esbuild@0.28.2
npx esbuild entry.js --bundle --minify --format=iife --global-name=d3 --target=es2020 \
  --banner:js="/*! d3-scale 4.0.3, d3-shape 3.2.1 and what they need. $(tr '\n' ' ' < "$here/LICENSE")*/" \
  --outfile="$here/d3.min.js"
