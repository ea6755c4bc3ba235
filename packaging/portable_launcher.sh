#!/bin/sh
# Spork, portable executable: this script, followed by an archive with the Deno runtime and the bundled program. The
# first start unpacks it into the user's cache; each start then becomes the unpacked program (exec), which keeps
# arguments, standard input, signals and exit status as they are. Made by compile.sh, which fills in the four values.
set -u
NAME=@NAME@
PAYLOAD_AT=@PAYLOAD_AT@
PAYLOAD_SHA256=@PAYLOAD_SHA256@

fail() {
  echo "spork: $*" >&2
  exit 1
}

owner_of() {
  # shellcheck disable=SC2012 # stat(1) has different options on different systems
  ls -ldn "$1" 2>/dev/null | { read -r _ _ owner _ && echo "$owner"; }
}

# Program files are run from a directory only when nobody but this user or root can have put them there.
is_ours() {
  owner=$(owner_of "$1")
  [ "$owner" = "$user" ] || [ "$owner" = 0 ]
}

# Unpacks beside the final place and renames, so that a program directory is complete or absent, however many start at
# the same time. Status 1: not possible in this cache.
unpack_into() {
  cache=$1
  mkdir -p -m 700 "$cache" 2>/dev/null && [ -w "$cache" ] && is_ours "$cache" || return 1
  find "$cache" -maxdepth 1 -name '.unpack-*' -mmin +60 -exec rm -rf {} + 2>/dev/null
  partial=$(mktemp -d "$cache/.unpack-XXXXXX" 2>/dev/null) || return 1
  trap 'rm -rf "$partial"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  tail -c "+$PAYLOAD_AT" "$self" | gzip -dc 2>/dev/null | (cd "$partial" && tar -xf - 2>/dev/null) &&
    "$partial/deno" --version >/dev/null 2>&1 || return 1
  mv -T "$partial" "$cache/$NAME" 2>/dev/null || [ -x "$cache/$NAME/deno" ]
}

self=$0
[ -f "$self" ] || self=$(command -v -- "$0") || fail "cannot find my own file ($0)"
user=$(id -u)

# Where the program may be, in this order; SPORK_CACHE_DIR stands alone.
if [ -n "${SPORK_CACHE_DIR:-}" ]; then
  set -- "$SPORK_CACHE_DIR" "" "" "$@"
else
  set -- "${XDG_CACHE_HOME:+$XDG_CACHE_HOME/spork}" "${HOME:+$HOME/.cache/spork}" "${TMPDIR:-/tmp}/spork-$user" "$@"
fi
program=
for cache in "$1" "$2" "$3"; do
  if [ -n "$cache" ] && [ -x "$cache/$NAME/deno" ] && is_ours "$cache" && is_ours "$cache/$NAME"; then
    program=$cache/$NAME
    break
  fi
done
if [ -z "$program" ]; then
  sum=$(tail -c "+$PAYLOAD_AT" "$self" | sha256sum | cut -d ' ' -f 1)
  [ "$sum" = "$PAYLOAD_SHA256" ] || fail "$self is damaged: its checksum is $sum, it should be $PAYLOAD_SHA256"
  for cache in "$1" "$2" "$3"; do
    if [ -n "$cache" ] && (unpack_into "$cache") </dev/null; then
      program=$cache/$NAME
      break
    fi
  done
  [ -n "$program" ] || fail "cannot unpack into ${1:-$2}${3:+ or $3}; set SPORK_CACHE_DIR to a directory where programs may be written and run"
fi
shift 3

export DENO_DIR="$program/deno_dir" DENO_NO_UPDATE_CHECK=1 DENO_NO_PACKAGE_JSON=1
# shellcheck disable=SC2086,SC2288 # the flags are words
exec "$program/deno" run @FLAGS@ --no-npm --cached-only --no-lock --config "$program/deno.json" "$program/app/main.js" "$@"
