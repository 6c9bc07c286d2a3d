#!/usr/bin/env bash
# Writes the tables of a measurement (results.json of the bundle's measure.sh) between the markers
# of a document: write-results.sh RESULTS [DOCUMENT]
# The document is docs/benchmarks.md by default.
set -euo pipefail

readonly begin='<!-- measure: begin -->' end='<!-- measure: end -->'

fail() {
    printf 'write-results.sh: %s\n' "$*" >&2
    exit 1
}

(($# == 1 || $# == 2)) || fail "needs a results.json: make write-results RESULTS=results.json"
results=$(realpath -e -- "$1") || exit 1
cd "$(dirname "$0")/.."
document=${2:-docs/benchmarks.md}
grep -q '"kind":"run"' "$results" || fail "$results is not a result of measure.sh"
[[ $(grep -Fxc -e "$begin" -e "$end" "$document") == 2 ]] ||
    fail "$document needs one line '$begin' and, after it, one '$end'"

new=$(mktemp)
trap 'rm -f "$new"' EXIT
{
    sed "/^$begin\$/q" "$document"
    printf '\n'
    awk -f scripts/bundle/tables.awk "$results"
    printf '\n'
    sed -n "/^$end\$/,\$p" "$document"
} > "$new"
cat "$new" > "$document"
