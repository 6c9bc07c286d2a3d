#!/usr/bin/env bash
# Compiles the GPU kernels without a GPU: with clang for NVIDIA and AMD, and the PTX for NVIDIA with
# ptxas, which is installed from PyPI into a separate folder (60 MB). Prints registers and local
# memory; fails on errors and register spills.
#
# This checks that the code compiles, including inline PTX, but not that it is correct.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=.build/ptx
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# PoCL's clang has all targets; Swift's has no GPU targets.
clang=
for candidate in ${CLANG:-} clang-{21..14} clang; do
    if command -v "$candidate" > /dev/null && "$candidate" --print-targets | grep -q nvptx64; then
        clang=$candidate
        break
    fi
done
if [[ -z $clang ]]; then
    echo "check-gpu-kernels.sh: no clang with the target nvptx64; install Debian's clang" >&2
    exit 1
fi
if [[ ! -x $folder/bin/python ]]; then
    python3 -m venv "$folder"
fi
"$folder/bin/pip" install --quiet --disable-pip-version-check nvidia-cuda-nvcc-cu12
ptxas=$(find "$folder" -name ptxas -type f | head -n 1)

compile() {
    "$clang" -x cl -cl-std=CL1.2 -Xclang -finclude-default-header -O2 -S -w \
        -include Kernels/cl/common.cl "$@"
}

# Files, each with the macros of its largest variants.
kernels=(
    attention_gradient "attention_gradient -DHEAD_WIDTH=128" attention_tile
    "attention_tile -DELEMENT_FLOAT16" "attention_tile -DELEMENT_BFLOAT16" confidence layernorm
    "layernorm -DELEMENT_BFLOAT16" linear "linear_matrix -DELEMENT_FLOAT16"
    "linear_matrix -DELEMENT_BFLOAT16 -DOUTPUT_FLOAT32" linear_tile "linear_tile -DELEMENT_FLOAT16"
    "linear_tile -DELEMENT_BFLOAT16"
    "linear_tile -DQUADS_X=2 -DQUADS_Y=2 -DRIGHT_BY_DEPTH=1 -DBATCHED"
    "linear_tile -DLEFT_BY_DEPTH=1 -DRIGHT_BY_DEPTH=1 -DCHUNKED" performer
    "performer -DELEMENT_BFLOAT16" resample "resample -DELEMENT_FLOAT16" stacking
    "stacking -DELEMENT_BFLOAT16" tokens "tokens -DELEMENT_FLOAT16")
for variant in "${kernels[@]}"; do
    read -r kernel macros <<< "$variant"
    read -ra defines <<< "$macros"
    for arch in sm_80 sm_90; do
        # clang 15 supports up to sm_86; the assembler accepts the same PTX for newer GPUs.
        compile -target nvptx64-nvidia-cuda -march=sm_80 -Xclang -target-feature -Xclang +ptx72 \
            -DPTX "${defines[@]}" "Kernels/cl/$kernel.cl" -o "$work/kernel.ptx"
        sed -i "s/^\.target sm_80/.target $arch/; s/^\.version .*/.version 7.8/" "$work/kernel.ptx"
        "$ptxas" -c -v -arch="$arch" "$work/kernel.ptx" -o "$work/kernel.o" 2> "$work/log" ||
            { cat "$work/log" >&2; exit 1; }
        sed -n "s/.*Compiling entry function '\(.*\)' for.*/\1/p; 
            s/.*Used \([0-9]* registers\), used 0 barriers/\1/p" \
            "$work/log" | paste -d ' ' - - | sed "s/^/$arch  $kernel.cl${macros:+ $macros}  /"
        if grep -E '[1-9][0-9]* bytes spill' "$work/log" >&2; then
            echo "check-gpu-kernels.sh: $kernel.cl spills registers on $arch" >&2
            exit 1
        fi
    done
    for arch in gfx90a gfx1100; do
        compile -target amdgcn-amd-amdhsa -mcpu="$arch" -nogpulib "${defines[@]}" "Kernels/cl/$kernel.cl" \
            -o "$work/kernel.s"
    done
done
if [[ $(compile -target nvptx64-nvidia-cuda -march=sm_80 -Xclang -target-feature -Xclang +ptx72 \
    -DPTX -DELEMENT_BFLOAT16 Kernels/cl/linear_matrix.cl -o - | grep -c 'mma\.sync.*bf16\.bf16') == 0 ]]; then
    echo "check-gpu-kernels.sh: linear_matrix.cl has no mma.sync in its PTX" >&2
    exit 1
fi
echo "${#kernels[@]} variants of kernel files compile for sm_80, sm_90, gfx90a and gfx1100"
