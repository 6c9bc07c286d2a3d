#!/usr/bin/env bash
# Compares models on OpenCL with the reference, and both with the outputs of the original
# implementations if DVT_REFERENCE is set to their folder.
set -euo pipefail
cd "$(dirname "$0")/.."

dvt=.build/release/dvt
# A kernel that reads what none has written must not pass by luck.
export DVT_UNDEFINED_MEMORY=nan

compare() {
    echo "== dvt parity $*"
    "$dvt" parity "$@"
}

# Tensors of 16 bits; where the processor has AVX512-BF16, its instruction computes, so the emulated
# kernels are compared as well.
compare_precisions() {
    for precision in float16 bfloat16; do
        compare "$@" --precision "$precision" --kernel-style vector
    done
    DVT_BFLOAT16_DOT=emulated compare "$@" --precision bfloat16 --kernel-style vector
}

models=(dvt-deit-small dvt-t2t-vit-12 dvt-t2t-vit-14 mindspore-dvt-deit-small)
files=(deit_s t2t12 t2t14 mindspore_deit_s)
# MindSpore's outputs have no intermediates.
traced=(tiny-deit tiny-t2t tiny-t2t-transformer)
toys=("${traced[@]}" mindspore-tiny)

if [[ -z ${DVT_REFERENCE:-} ]]; then
    for model in "${toys[@]}"; do
        compare --model "$model" --layers
    done
    for model in "${models[@]}"; do
        compare --model "$model"
        compare_precisions --model "$model"
    done
    for model in tiny-deit tiny-t2t-transformer mindspore-tiny; do
        compare --model "$model" --gradients
    done
    echo "skipped: 31 comparisons with the original implementations; DVT_REFERENCE is not set"
    exit
fi
for toy in "${toys[@]}"; do
    for setting in f0r0 f0r1 f1r0 f1r1; do
        layers=()
        [[ $setting == f1r1 && " ${traced[*]} " == *" $toy "* ]] && layers=(--layers)
        compare --model "$toy" "${layers[@]}" \
            --expected "$DVT_REFERENCE/${toy//-/_}_${setting}_s1.safetensors"
    done
done
# The same weights in files written by the original frameworks.
compare --model mindspore-tiny --weights "$DVT_REFERENCE/mindspore_tiny_f1r1_s1.ckpt" \
    --expected "$DVT_REFERENCE/mindspore_tiny_f1r1_s1.safetensors"
for file in tiny_deit_s1.pth.tar tiny_deit_s1_half_plain.pth; do
    compare --model tiny-deit --weights "$DVT_REFERENCE/$file" \
        --expected "$DVT_REFERENCE/tiny_deit_f1r1_s1.safetensors"
done
for style in vector tile; do
    for toy in tiny-deit tiny-t2t; do
        compare --model "$toy" --gradients --kernel-style "$style" \
            --expected "$DVT_REFERENCE/${toy//-/_}_gradients_s1.safetensors"
    done
    for index in "${!models[@]}"; do
        compare --model "${models[index]}" --kernel-style "$style" \
            --expected "$DVT_REFERENCE/${files[index]}_f1r1_s1.safetensors"
    done
done
for index in "${!models[@]}"; do
    compare_precisions --model "${models[index]}" \
        --expected "$DVT_REFERENCE/${files[index]}_f1r1_s1.safetensors"
done
for precision in float16 bfloat16; do
    for toy in tiny-deit tiny-t2t; do
        compare --model "$toy" --precision "$precision" --kernel-style tile \
            --expected "$DVT_REFERENCE/${toy//-/_}_f1r1_s1.safetensors"
    done
done
