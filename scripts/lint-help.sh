#!/usr/bin/env bash
# Checks that the help of every command of dvt fits 80 columns.
# DVT selects the program, by default .build/release/dvt.
set -euo pipefail
cd "$(dirname "$0")/.."

dvt=${DVT:-.build/release/dvt}
# The width must not depend on the terminal.
export COLUMNS=80
pages=0
status=0

# check WORD...: the help of a command and of its subcommands.
check() {
    local help subcommand
    help=$("$dvt" "$@" --help)
    pages=$((pages + 1))
    if grep -nE '^.{81}' <<< "$help" | sed "s/^/dvt $*: line /"; then
        status=1
    fi
    # Subcommands are listed in lines such as "  kernels, operations     Benchmark each ...".
    local subcommands
    mapfile -t subcommands < <(awk '/^SUBCOMMANDS:/ { inside = 1; next }
        inside && /^  [a-z]/ { sub(/,$/, "", $1); print $1 }' <<< "$help")
    for subcommand in "${subcommands[@]}"; do
        check "$@" "$subcommand"
    done
}

check
((pages > 1)) || { echo "lint-help.sh: found no subcommands in the help of $dvt" >&2; exit 1; }
((status == 0)) || { echo "lint-help.sh: the lines above exceed 80 columns" >&2; exit 1; }
echo "lint-help.sh: the help of $pages commands fits 80 columns"
