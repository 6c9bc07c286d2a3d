#!/usr/bin/env bash
# Shows what dvt does: names photos by the cascade that is part of it, on the OpenCL device and again
# on the CPU reference, and fails where the two differ in a class or an exit.
# Then draws images of every difficulty, trains a small cascade on them, and shows who leaves where.
# IMAGES names files and folders to classify instead, without the training:
#     IMAGES="cat.jpg photos/" demo.sh
# DVT names another program than the one that was built.
set -uo pipefail
root=$(realpath --relative-to=. "$(dirname "$0")/..")

dvt=${DVT:-$root/.build/release/dvt}

fail() {
    printf 'demo.sh: %s\n' "$*" >&2
    exit 1
}

say() { printf '\n%s\n' "$*"; }

# Prints a command as one could type it, and runs it.
show() {
    printf '\n$ dvt'
    printf ' %q' "$@"
    printf '\n'
    "$dvt" "$@"
}

# The images to classify: IMAGES is one path, or several with spaces between them.
if [[ -z ${IMAGES:-} ]]; then
    images=("$root"/Examples/snapshots/*.jpg)
    images=("${images[@]#./}")
elif [[ -e $IMAGES ]]; then
    images=("$IMAGES")
else
    # shellcheck disable=SC2206 # paths and patterns, as a command line would have them
    images=($IMAGES)
fi

# Each image's exit and class. In a name every quote is escaped, so none can look like these.
decisions() {
    "$dvt" classify --format jsonl "$@" -- "${images[@]}" 2> /dev/null |
        grep -oE '"exit":[0-9]+,"class":[0-9]+'
}

[[ -x $dvt ]] || fail "there is no $dvt; run make build first"
show devices || fail "there is no OpenCL device; the lines above say what to do"

say "A cascade for photos of ten kinds of things is part of dvt: airplane, automobile, bird, cat, deer,
dog, frog, horse, ship, truck. It was trained on other photos, and can be wrong. An image that is sure
at exit 1 leaves there, and costs a sixth:"
status=0
show classify -- "${images[@]}" || status=$?
# 1 is an image that could not be read; the rest went on. Ctrl-C, for example, ends the demo.
((status <= 1)) || exit "$status"

say "The same on the CPU reference, which is written for checking and shares no kernel:"
opencl=$(decisions)
reference=$(decisions --device reference)
[[ -n $opencl ]] || fail "nothing was classified; the lines above say why"
if [[ $opencl != "$reference" ]]; then
    diff <(echo "$opencl") <(echo "$reference")
    fail "OpenCL (<) and the reference (>) disagree"
fi
echo "OpenCL and the reference agree on class and exit of every image ($(wc -l <<< "$opencl"))."
[[ -z ${IMAGES:-} ]] || exit "$status"

say "Which images leave early? A small cascade is trained now, some seconds long, on images drawn
for it: a large object on a plain ground is easy, a small one in clutter hard."
scenes=$(mktemp -d) || fail "no temporary folder can be made"
trap 'rm -rf "$scenes"' EXIT
"$dvt" synthesize "$scenes/train" --count 4000 --validation-share 0 2> /dev/null ||
    fail "no images were drawn"
show train "$scenes/train" --split train --model "$root/Examples/small-cascade.json" \
    --output "$scenes/run" --epochs 8 --batch-size 64 --lr 0.002 --augmentation none ||
    fail "the training failed; the lines above say why"
for difficulty in 0-0.2 0.4-0.6 0.8-1; do
    "$dvt" synthesize "$scenes/$difficulty" --count 500 --seed 9 --validation-share 0 \
        --difficulty "$difficulty" 2> /dev/null || fail "no images were drawn"
    say "New images of difficulty $difficulty:"
    show evaluate --weights "$scenes/run/weights.safetensors" --threshold 0.7 \
        "$scenes/$difficulty" --split train || fail "the evaluation failed"
done
exit "$status"
