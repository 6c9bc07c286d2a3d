#!/usr/bin/env bash
# Checks the documentation: docs/reference must match the generated pages, and the commands of
# docs/tour.md must run. These are the blocks marked ```sh; they run in one empty folder.
set -euo pipefail
cd "$(dirname "$0")/.."

root=$PWD
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

scripts/generate-reference.sh "$folder/reference"
outdated=()
while read -r page; do
    cmp -s "docs/reference/$page" "$folder/reference/$page" || outdated+=("docs/reference/$page")
done < <(find docs/reference "$folder/reference" -name '*.md' -printf "%f\n" | sort -u)
if ((${#outdated[@]})); then
    echo "check-docs.sh: outdated, run make reference: ${outdated[*]}" >&2
    exit 1
fi
echo "docs/reference is up to date"

ln -s "$root/Examples" "$folder/Examples"
mkdir "$folder/bin"
ln -s "$root/.build/release/dvt" "$folder/bin/dvt"

awk -v folder="$folder" '
    /^```sh$/ { block++; inside = 1; file = sprintf("%s/block%02d.sh", folder, block); next }
    /^```$/ { inside = 0 }
    inside { print > file }
' docs/tour.md

count=0
for block in "$folder"/block*.sh; do
    sed 's/^/$ /' "$block"
    if ! (cd "$folder" && PATH="$folder/bin:$PATH" bash -euo pipefail "$block") \
        > "$folder/output" 2>&1; then
        cat "$folder/output" >&2
        echo "check-docs.sh: a block of docs/tour.md fails; its commands and output are above" >&2
        exit 1
    fi
    tail -n 4 "$folder/output"
    count=$((count + 1))
done
echo "$count blocks of docs/tour.md run"
