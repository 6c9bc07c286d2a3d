#!/usr/bin/env bash
# Compiles the kernels that multiply pairs of bfloat16 numbers for a CPU with AVX512-BF16, on any
# machine, and prints the hottest loop of each function that contains the instruction. Fails where a
# loop calls a function, moves a vector to or from the stack, has other products than one per sum and
# step, or spends more instructions on other things than on products.
#
# This checks the machine code, not its results: tests run the same kernels with the instruction
# emulated.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The clang of PoCL's LLVM.
clang=
for candidate in ${CLANG:-} clang-{14..21} clang; do
    if command -v "$candidate" > /dev/null && "$candidate" --print-targets | grep -q nvptx64; then
        clang=$candidate
        break
    fi
done
if [[ -z $clang ]]; then
    echo "check-cpu-kernels.sh: no clang; install Debian's clang-15" >&2
    exit 1
fi

# Each file with the macros of its tile, and the products in the loop of each of its functions.
kernels=(
    "linear_packed -DROWS=12 -DVECTORS=2:add_product=24"
    "attention_vector -DHEAD_WIDTH=64 -DROWS=6:add_scores=12 add_values=24"
    "relation_mlp -DROWS=12 -DVECTORS=2:add_product=24"
    "peak -DWG=1 -DCHAINS=12:dot_steps=12")

# Prints the products, instructions, calls and accesses to the stack of a function's hottest block,
# which ends at its branch back.
hottest_loop() {
    awk -v name="$2" '
        function finish() {
            if (products > most) { most = products; best = products " " count " " calls " " stack }
            products = count = calls = stack = 0
        }
        $0 == name ":" || index($0, name ":") == 1 { inside = 1; next }
        inside && /^\.Lfunc_end/ { finish(); inside = 0 }
        inside && /^\.LBB/ { finish(); next }
        inside && /^\t[a-z]/ && !/^\t\./ {
            count++
            if (/vdpbf16ps/) products++
            if (/\tcall/) calls++
            if (/\(%rsp/ && /%zmm/) stack++
            if (/\tj[a-z]+\t/) finish()
        }
        END { print best }' "$1"
}

status=0
for entry in "${kernels[@]}"; do
    read -ra words <<< "${entry%%:*}"
    "$clang" -x cl -cl-std=CL1.2 -Xclang -finclude-default-header -O3 -S -w \
        -target x86_64-linux-gnu -march=skylake-avx512 -mprefer-vector-width=512 \
        -DELEMENT_BFLOAT16 -DDOT -DDOT_NATIVE -include Kernels/cl/common.cl "${words[@]:1}" \
        "Kernels/cl/${words[0]}.cl" -o "$work/kernel.s"
    for expected in ${entry##*:}; do
        function=${expected%=*}
        read -r products instructions calls stack <<< "$(hottest_loop "$work/kernel.s" "$function")"
        echo "${words[*]}  $function: ${products:-0} products of $instructions instructions," \
            "$calls calls, $stack vectors on the stack"
        # A loop may be unrolled.
        if ((${products:-0} == 0 || products % ${expected#*=} != 0 ||
            instructions > 2 * products || calls + stack > 0)); then
            echo "check-cpu-kernels.sh: expected ${expected#*=} products in at most twice as many" \
                "instructions, without calls and without vectors on the stack" >&2
            status=1
        fi
    done
done
exit "$status"
