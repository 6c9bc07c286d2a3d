#!/usr/bin/env bash
# Compares whole models on OpenCL and on the reference with each other and, where DVT_REFERENCE
# names the folder, with the outputs of the original implementations.
set -euo pipefail
cd "$(dirname "$0")/.."

dvt=.build/release/dvt

compare() {
    echo "== dvt parity $*"
    "$dvt" parity "$@"
}

if [[ -n ${DVT_REFERENCE:-} ]]; then
    for setting in f0r0 f0r1 f1r0; do
        compare --model tiny-deit --expected "$DVT_REFERENCE/tiny_deit_${setting}_s1.safetensors"
    done
    compare --model tiny-deit --layers \
        --expected "$DVT_REFERENCE/tiny_deit_f1r1_s1.safetensors"
    for style in vector tile; do
        compare --model dvt-deit-small --kernel-style "$style" \
            --expected "$DVT_REFERENCE/deit_s_f1r1_s1.safetensors"
    done
else
    compare --model tiny-deit --layers
    compare --model dvt-deit-small
    echo "skipped: 6 comparisons with the original implementations; DVT_REFERENCE is not set"
fi
