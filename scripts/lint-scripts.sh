#!/usr/bin/env bash
# Checks the shell scripts by shellcheck.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v shellcheck > /dev/null; then
    echo "lint-scripts.sh: SKIPPED: shellcheck is not installed" >&2
    exit 0
fi
mapfile -t scripts < <(find scripts .ci -type f \( -name '*.sh' -o -path '.ci/run' \) | sort)
shellcheck "${scripts[@]}"
echo "lint-scripts.sh: ${#scripts[@]} scripts checked"
