#!/usr/bin/env bash
# Checks the format of every kernel with clang-format, and compiles each as OpenCL C 1.2, without a
# device, with the clang of the Swift toolchain. As in a build, common.cl is prepended.
#   lint-kernels.sh [--fix]    with --fix, only formats the kernels in place
set -euo pipefail
cd "$(dirname "$0")/.."
shopt -s nullglob

kernels=(Kernels/cl/*.cl)
status=0

# Versions of clang-format break lines differently.
format=${CLANG_FORMAT:-"clang-format-14"}
command -v "$format" > /dev/null || format="clang-format"
if [[ $("$format" --version 2> /dev/null) != *"version 14."* ]]; then
    echo "lint-kernels.sh: SKIPPED the format: clang-format 14 is not installed" >&2
elif [[ ${1:-} == --fix ]]; then
    "$format" -i "${kernels[@]}" Kernels/faulty/*.cl
else
    "$format" --dry-run -Werror "${kernels[@]}" Kernels/faulty/*.cl || status=1
fi
[[ ${1:-} != --fix ]] || exit 0

clang=${CLANG:-}
if [[ -z $clang ]] && swift=$(command -v swift); then
    # If swift is a link into a toolchain, the toolchain's clang may not be in PATH.
    clang=$(dirname "$(readlink -f "$swift")")/clang
fi
[[ -n $clang && -x $(command -v "$clang") ]] || clang=$(command -v clang || true)

# A file may not use every function of common.cl, nor an emulation every argument.
options=(-x cl -cl-std=CL1.2 -Xclang -finclude-default-header -fsyntax-only
    -Wall -Wextra -Wno-unused-function -Wno-unused-parameter -Werror)
if [[ -z $clang ]] || ! echo 'kernel void k(global float *x) { x[0] = exp(x[0]); }' |
    "$clang" "${options[@]}" - 2> /dev/null; then
    echo "lint-kernels.sh: SKIPPED the compilation: no clang with OpenCL headers was found" >&2
    exit "$status"
fi

# The tile of linear_mma.cl for subgroups of 8.
tile="-DFRAGMENTS_Y=1 -DFRAGMENTS_X=2 -DSUBGROUPS_Y=2 -DSUBGROUPS_X=4 -DSUBGROUPS_K=1"
tile+=" -DROW=64 -DSTAGES=3"
# Both kernel styles, work-groups of one work-item and of many, and every precision.
variants=("-DWG=1" "-DWG=64" "-DWG=1 -DELEMENT_FLOAT16" "-DWG=64 -DELEMENT_BFLOAT16"
    "-DWG=1 -DELEMENT_BFLOAT16 -DDOT"
    "-DWG=1 -DELEMENT_BFLOAT16 -DDOT -DDOT_NATIVE -target x86_64-linux-gnu -march=skylake-avx512"
    "-DELEMENT_FLOAT16 -DMMA_XMX16 -DXMX_EMULATED"
    "-DELEMENT_BFLOAT16 -DMMA_XMX8 -DXMX_EMULATED $tile")
for kernel in "${kernels[@]}"; do
    common=()
    [[ $kernel == Kernels/cl/common.cl ]] || common=(-include Kernels/cl/common.cl)
    for variant in "${variants[@]}"; do
        # These are included by other files; AMD's clang compiles mma_amd.cl.
        case ${kernel##*/} in
            bfloat16_dot.cl | mma.cl | mma_amd.cl | mma_emulated.cl | mma_intel*.cl | mma_ptx.cl)
                continue
                ;;
            # These use matrix instructions, the first three in 16 bits only.
            attention_mma.cl | product_mma.cl | relation_mma.cl) [[ $variant == *ELEMENT* ]] || continue ;;
            linear_mma.cl | mma_trial.cl | pack_fragments.cl | peak_mma.cl) ;;
            *) [[ $variant != *XMX* ]] || continue ;;
        esac
        read -ra defines <<< "$variant"
        "$clang" "${options[@]}" -IKernels/cl "${common[@]}" "${defines[@]}" -DTRIAL=3 "$kernel" ||
            status=1
    done
done
echo "lint-kernels.sh: ${#kernels[@]} kernel files checked"
exit "$status"
