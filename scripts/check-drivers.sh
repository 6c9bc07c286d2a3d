#!/usr/bin/env bash
# Checks the kernels on OpenCL drivers of CPUs, installed in .build/drivers, and prints a table.
# Options are those of scripts/drivers/check.py, for example --quick, or --driver intel.
set -euo pipefail
cd "$(dirname "$0")/.."

exec "${PYTHON:-python3}" scripts/drivers/check.py "$@"
