#!/usr/bin/env bash
# Builds one executable: `./compile.sh [--output FILE] [--portable]`, default dist/spork.
# With denort of the same version as deno (DENORT_BIN, beside deno, in Deno's cache, or from the network) it is what
# `deno compile` makes. Where denort cannot be had, or with --portable, it is the portable executable: one file that
# carries the Deno runtime and the bundled program and unpacks itself once into the user's cache.
set -euo pipefail
caller=$PWD
cd "$(dirname "${BASH_SOURCE[0]}")"

DENO_VERSION=2.9.6
DOWNLOAD_SECONDS_MAX=300

output=dist/spork
portable=""
while [ $# -gt 0 ]; do
  case $1 in
    --output)
      output=${2:?--output needs a file}
      [[ $output == /* ]] || output=$caller/$output
      shift 2
      ;;
    --portable) portable=yes; shift ;;
    *) echo "usage: ./compile.sh [--output FILE] [--portable]" >&2; exit 2 ;;
  esac
done

find_deno() {
  if [ -n "${DENO_EXECUTABLE:-}" ]; then echo "$DENO_EXECUTABLE"; return; fi
  local found
  found=$(command -v deno || true)
  if [ -n "$found" ] && [ "$("$found" eval -p Deno.version.deno)" = "$DENO_VERSION" ]; then
    "$found" eval -p 'Deno.execPath()'
  else
    npx -y "deno@$DENO_VERSION" eval -p 'Deno.execPath()'
  fi
}

deno=$(find_deno)
version=$("$deno" eval -p 'JSON.parse(Deno.readTextFileSync("deno.json")).version')
deno_dir=$("$deno" eval -p 'JSON.parse(new TextDecoder().decode(new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).outputSync().stdout)).denoDir')
# The flags of the start task are the flags of the executable.
flags=$("$deno" eval -p 'JSON.parse(Deno.readTextFileSync("deno.json")).tasks.start.command.match(/^deno run (.*) main\.ts$/)[1]')

# Programs of workers: they are reached by URL, which no bundler follows. One line each: file, path as the URL says.
worker_programs() {
  grep -roE --include='*.ts' --exclude='*_test.ts' --exclude='*_bench.ts' \
    'new URL\("\./[^"]+\.ts", import\.meta\.url\)' main.ts core modules plugins/*/main.ts plugins/sdk |
    sed -E 's|^([^:]*/)?[^/:]+:new URL\("\./([^"]+)".*|\1\2 \2|' | sort -u
}

work=$(mktemp -d)
tree=$work/tree
worker_urls=()
trap 'rm -rf "$work"' EXIT
mkdir -p "$(dirname "$output")"

# The bundled program with what it needs to run: one file for the main program, one for each worker, permissions.
build_tree() {
  mkdir -p "$tree/app"
  bundle main.ts "$tree/app/main.js"
  while read -r program url; do
    [ -n "$program" ] || continue
    [ ! -e "$tree/app/$url" ] || { echo "two workers have the URL ./$url" >&2; exit 1; }
    mkdir -p "$tree/app/$(dirname "$url")"
    bundle "$program" "$tree/app/$url"
    worker_urls+=("$url")
  done <<<"$(worker_programs)"
  "$deno" eval 'const { unstable, permissions: { server } } = JSON.parse(Deno.readTextFileSync("deno.json"));
    console.log(JSON.stringify({ unstable, permissions: { server } }));' >"$tree/deno.json"
}

# The bundler wants the suffix .js; a worker keeps the name that its URL has. It names packages by their path in this
# machine's cache, which the program must not know.
bundle() {
  "$deno" check --quiet "$1"
  "$deno" bundle --quiet --platform deno --output "$work/bundle.js" "$1"
  sed -E "s|[^\" ]*${deno_dir#/}/npm/[^/]+/|npm/|g" "$work/bundle.js" >"$2"
}

deno_compile() {
  local url includes=()
  for url in "${worker_urls[@]}"; do includes+=(--include "app/$url"); done
  # shellcheck disable=SC2086 # the flags are words
  (cd "$tree" && timeout "$DOWNLOAD_SECONDS_MAX" "$deno" compile $flags --no-npm --no-lock --config deno.json \
    "${includes[@]}" --output "$work/spork" app/main.js)
}

# Status 1: there is no denort to be had. Any other failure ends the script.
build_compiled() {
  if [ -z "${DENORT_BIN:-}" ] && [ -x "$(dirname "$deno")/denort" ]; then
    DENORT_BIN=$(dirname "$deno")/denort
    export DENORT_BIN
  fi
  # Deno looks into its cache and then to the network by itself.
  if deno_compile >"$work/log" 2>&1; then
    mv "$work/spork" "$output"
    return
  fi
  if [ -n "${DENORT_BIN:-}" ] || ! grep -q 'denort-' "$work/log"; then
    cat "$work/log" >&2
    exit 1
  fi
  return 1
}

build_portable() {
  # The stand-in proves that the program would compile; such a file runs as plain Deno, so it is thrown away.
  DENORT_BIN=$deno deno_compile >/dev/null
  rm -f "$work/spork"

  cp "$deno" "$tree/deno"
  chmod 755 "$tree/deno"
  cp LICENSE "$tree/LICENSE"
  tar -C "$tree" --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 -cf - . | gzip -6n >"$work/payload"
  write_executable "$work/payload"
}

# The launcher with its values filled in, followed by the payload.
write_executable() {
  local payload=$1 sum at=0 next=1
  sum=$(sha256sum "$payload" | cut -d ' ' -f 1)
  # The offset is part of the header whose length it tells: fill in until it agrees.
  while [ "$at" != "$next" ]; do
    at=$next
    sed -e "s|@NAME@|$version-${sum:0:16}|" -e "s|@PAYLOAD_SHA256@|$sum|" -e "s|@FLAGS@|$flags|" \
      -e "s|@PAYLOAD_AT@|$at|" packaging/portable_launcher.sh >"$work/header"
    next=$(($(wc -c <"$work/header") + 1))
  done
  cat "$work/header" "$payload" >"$work/spork"
  chmod 755 "$work/spork"
  mv "$work/spork" "$output"
}

build_tree
if [ -z "$portable" ] && build_compiled; then
  echo "built $output with deno compile"
else
  build_portable
  [ -n "$portable" ] || echo "no denort for Deno $DENO_VERSION can be had, so this is the portable executable"
  echo "built $output (portable), $(du -h "$output" | cut -f 1)"
fi
