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

models=(dvt-deit-small dvt-t2t-vit-12 dvt-t2t-vit-14)
files=(deit_s t2t12 t2t14)
toys=(tiny-deit tiny-t2t tiny-t2t-transformer)

if [[ -z ${DVT_REFERENCE:-} ]]; then
    for model in "${toys[@]}"; do
        compare --model "$model" --layers
    done
    for model in "${models[@]}"; do
        compare --model "$model"
    done
    echo "skipped: 18 comparisons with the original implementations; DVT_REFERENCE is not set"
    exit
fi
for toy in "${toys[@]}"; do
    for setting in f0r0 f0r1 f1r0; do
        compare --model "$toy" --expected "$DVT_REFERENCE/${toy//-/_}_${setting}_s1.safetensors"
    done
    compare --model "$toy" --layers --expected "$DVT_REFERENCE/${toy//-/_}_f1r1_s1.safetensors"
done
for style in vector tile; do
    for index in "${!models[@]}"; do
        compare --model "${models[index]}" --kernel-style "$style" \
            --expected "$DVT_REFERENCE/${files[index]}_f1r1_s1.safetensors"
    done
done
