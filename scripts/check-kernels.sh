#!/usr/bin/env bash
# Runs kernels under Oclgrind, which detects out-of-bounds accesses, data races, divergent barriers
# and uses of uninitialized memory. Its exit code is that of the program, so its log is checked.
#
# Each kernel of Kernels/faulty must first be reported as its first line expects, which tests the
# checker itself. The log must then stay empty for every real kernel in both styles.
set -euo pipefail
cd "$(dirname "$0")/.."

dvt=.build/release/dvt
run_kernel=.build/release/run-kernel
log=$(mktemp)
output=$(mktemp)
trap 'rm -f "$log" "$output"' EXIT

library=/usr/lib/oclgrind/liboclgrind-rt-icd.so
if [[ ! -e $library ]]; then
    library=$(ldconfig -p | awk '/liboclgrind-rt-icd/ { print $NF; exit }')
fi
if [[ -z $library ]]; then
    echo "oclgrind's ICD library (liboclgrind-rt-icd.so) is not installed" >&2
    exit 1
fi

# Oclgrind's check for uninitialized memory does not support some instructions of optimized code
# (freeze), so kernels are not optimized. CLBlast prepends the options to its own without a space.
# With a chunk of 32 keys, small inputs cover several chunks.
export OCL_ICD_VENDORS=$library DVT_CACHE=off DVT_DEVICE=oclgrind
export OCLGRIND_DATA_RACES=1 OCLGRIND_CHECK_API=1 OCLGRIND_UNINITIALIZED=1
export OCLGRIND_MAX_ERRORS=200 OCLGRIND_LOG=$log
export DVT_BUILD_OPTIONS='-cl-opt-disable -DCHUNK=32' CLBLAST_BUILD_OPTIONS='-cl-opt-disable '

faulty=0
for file in Kernels/faulty/*.cl; do
    expected=$(sed -n '1s|^// EXPECT: ||p' "$file")
    : > "$log"
    "$run_kernel" "$file" > "$output" 2>&1 || true
    if [[ -z $expected ]] || ! grep -qiF "$expected" "$log"; then
        echo "$file: oclgrind did not report '$expected'; it printed:" >&2
        cat "$output" "$log" >&2
        exit 1
    fi
    echo "reported: $(basename "$file"): $expected"
    faulty=$((faulty + 1))
done

# Checks all or some operations with one kernel style and linear engine.
check() {
    : > "$log"
    if ! "$dvt" parity --operations --small "$@" > "$output" 2>&1; then
        echo "kernels fail under oclgrind ($*):" >&2
        cat "$output" "$log" >&2
        exit 1
    fi
    if [[ -s $log ]]; then
        echo "oclgrind found faults in kernels ($*):" >&2
        cat "$log" >&2
        exit 1
    fi
    echo "clean: $*: $(tail -1 "$output")"
}

check --kernel-style vector --linear-engine packed-12x32
check --kernel-style tile --linear-engine tile-32x32x16
for engine in clblast packed-6x16 tile-128x128x8; do
    check --kernel-style tile --linear-engine "$engine" --filter linear
done
# Two stages in local memory, one written while the other is read: many stages, and unaligned rows.
for layer in "linear 17x264" "linear 5x33"; do
    check --kernel-style tile --linear-engine float-32x32x16 --filter "$layer"
done
# Tensors of 16 bits: both formats and styles, products of pairs, and matrix instructions. These are
# emulated, which takes long; scripts/check-mutants.py runs more of them, optimized.
check --kernel-style vector --precision float16
check --kernel-style tile --precision bfloat16
check --kernel-style tile --linear-engine mma-16x32-4k --precision float16 --filter 'linear 7x16'
export DVT_MATRIX_INSTRUCTIONS=emulated
check --kernel-style tile --precision bfloat16 --filter 'attention B=2 T=5 H=2 d=32 reuse=1'
check --kernel-style tile --precision float16 --filter 'relationReuse B'
unset DVT_MATRIX_INSTRUCTIONS
for operation in linear attention relationReuse; do
    DVT_BFLOAT16_DOT=emulated \
        check --kernel-style vector --precision bfloat16 --filter "$operation"
done

# The kernels of peak.cl and peak_mma.cl are not operations of the network.
: > "$log"
if ! DVT_MATRIX_INSTRUCTIONS=emulated "$dvt" bench peak --small > "$output" 2>&1 || [[ -s $log ]]; then
    echo "the kernels of dvt bench peak fail under oclgrind:" >&2
    cat "$output" "$log" >&2
    exit 1
fi
echo "clean: dvt bench peak"
echo "$faulty faulty kernels were reported, and the real ones are clean"
