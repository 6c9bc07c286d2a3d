#!/usr/bin/env bash
# Checks every kernel as OpenCL C 1.2, without a device, by the clang that comes with Swift.
# common.cl is put in front of the others, as the program does when it builds them.
set -euo pipefail
cd "$(dirname "$0")/.."
shopt -s nullglob

clang=${CLANG:-}
if [[ -z $clang ]] && swift=$(command -v swift); then
    # swift may be a link into a toolchain, whose clang need not be in PATH.
    clang=$(dirname "$(readlink -f "$swift")")/clang
fi
[[ -n $clang && -x $(command -v "$clang") ]] || clang=$(command -v clang || true)

# A file need not use every function of common.cl.
options=(-x cl -cl-std=CL1.2 -Xclang -finclude-default-header -fsyntax-only
    -Wall -Wextra -Wno-unused-function -Werror)
if [[ -z $clang ]] || ! echo 'kernel void k(global float *x) { x[0] = exp(x[0]); }' |
    "$clang" "${options[@]}" - 2> /dev/null; then
    echo "lint-kernels.sh: SKIPPED: no clang with OpenCL headers was found" >&2
    exit 0
fi

kernels=(Kernels/cl/*.cl)
status=0
for kernel in "${kernels[@]}"; do
    common=()
    if [[ -f Kernels/cl/common.cl && $kernel != Kernels/cl/common.cl ]]; then
        common=(-include Kernels/cl/common.cl)
    fi
    # Both styles: a work-group of one item, and of many.
    for items in 1 64; do
        "$clang" "${options[@]}" "${common[@]}" "-DWG=$items" "$kernel" || status=1
    done
done
echo "lint-kernels.sh: ${#kernels[@]} kernel files checked"
exit "$status"
