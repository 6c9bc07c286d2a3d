#!/usr/bin/env bash
# Demonstrates dvt: classifies photos with the bundled cascade on the OpenCL device and on the CPU
# reference, and fails if the two differ in a class or an exit. Then draws images of several
# difficulties, trains a small cascade on them, and shows where images exit.
# IMAGES selects files and folders to classify instead, without the training:
#     IMAGES="cat.jpg photos/" demo.sh
# DVT selects a program other than the built one.
set -uo pipefail
root=$(realpath --relative-to=. "$(dirname "$0")/..")

dvt=${DVT:-$root/.build/release/dvt}

fail() {
    printf 'demo.sh: %s\n' "$*" >&2
    exit 1
}

say() { printf '\n%s\n' "$*"; }

# Prints a command with shell quoting, and runs it.
show() {
    printf '\n$ dvt'
    printf ' %q' "$@"
    printf '\n'
    "$dvt" "$@"
}

# The images to classify: IMAGES is one path, or several separated by spaces.
if [[ -z ${IMAGES:-} ]]; then
    images=("$root"/Examples/snapshots/*.jpg)
    images=("${images[@]#./}")
elif [[ -e $IMAGES ]]; then
    images=("$IMAGES")
else
    # shellcheck disable=SC2206 # paths and patterns, split as on a command line
    images=($IMAGES)
fi

# The exit and class of each image. Quotes in names are escaped, so names cannot match the pattern.
decisions() {
    "$dvt" classify --format jsonl "$@" -- "${images[@]}" 2> /dev/null |
        grep -oE '"exit":[0-9]+,"class":[0-9]+'
}

[[ -x $dvt ]] || fail "$dvt does not exist; run make build first"
show devices || fail "no OpenCL device was found; see the lines above"

say "dvt includes a cascade for photos of ten classes: airplane, automobile, bird, cat, deer, dog, frog,
horse, ship and truck. It was trained on other photos, and it makes errors. Images with a high
confidence take exit 1, at a sixth of the full cost:"
status=0
show classify -- "${images[@]}" || status=$?
# Status 1 means that an image could not be read; the others were classified. Any other failure,
# such as Ctrl-C, ends the demo.
((status <= 1)) || exit "$status"

say "The same on the CPU reference, which shares no kernels with OpenCL:"
opencl=$(decisions)
reference=$(decisions --device reference)
[[ -n $opencl ]] || fail "no image was classified; see the lines above"
if [[ $opencl != "$reference" ]]; then
    diff <(echo "$opencl") <(echo "$reference")
    fail "OpenCL (<) and the reference (>) disagree"
fi
echo "OpenCL and the reference agree on the class and exit of every image ($(wc -l <<< "$opencl"))."
[[ -z ${IMAGES:-} ]] || exit "$status"

say "Which images exit early? The next commands train a small cascade for a few seconds on drawn images:
a large object on a plain background is easy, a small one in clutter is hard."
scenes=$(mktemp -d) || fail "cannot create a temporary folder"
trap 'rm -rf "$scenes"' EXIT
"$dvt" synthesize "$scenes/train" --count "${DEMO_IMAGES:-4000}" --validation-share 0 2> /dev/null ||
    fail "the images could not be drawn"
show train "$scenes/train" --split train --model "$root/Examples/small-cascade.json" \
    --output "$scenes/run" --epochs 8 --batch-size 64 --lr 0.002 --augmentation none ||
    fail "the training failed; see the lines above"
for difficulty in 0-0.2 0.4-0.6 0.8-1; do
    "$dvt" synthesize "$scenes/$difficulty" --count 500 --seed 9 --validation-share 0 \
        --difficulty "$difficulty" 2> /dev/null || fail "the images could not be drawn"
    say "New images of difficulty $difficulty:"
    show evaluate --weights "$scenes/run/weights.safetensors" --threshold 0.7 \
        "$scenes/$difficulty" --split train || fail "the evaluation failed"
done
exit "$status"
