#!/usr/bin/env bash
# Builds and runs the example, and compares its results with those of dvt: examples.sh PATH_OF_DVT
set -euo pipefail
cd "$(dirname "$0")/.."

dvt=$1
program=Examples/Sources/ClassifyImage/ClassifyImage.swift
if ! diff <(awk '/^```$/ { inside = 0 } inside; /^```swift$/ { inside = 1 }' README.md) "$program"; then
    echo "examples.sh: the program in README.md (<) is not $program (>)" >&2
    exit 1
fi
folder=.build/examples
# A debug build takes half the time of a release build; the speed of the example does not matter.
swift build --package-path Examples --scratch-path "$folder"

# compare IMAGE [CHECKPOINT]
compare() {
    local image=$1
    local answer label exit
    answer=$("$folder/debug/ClassifyImage" "$@" ${2:+"${DVT_DEVICE:-auto}"} | tail -n 1)
    read -r label exit < <("$dvt" classify ${2:+--weights "$2"} --format csv "$image" 2> /dev/null |
        awk -F, 'NR == 2 { print $4, $2 + 1 }')
    echo "ClassifyImage $*: $answer"
    if [[ $answer != "$label ("*") at exit $exit" ]]; then
        echo "examples.sh: dvt prints $label at exit $exit" >&2
        return 1
    fi
}

# The trained model of the package, and an untrained checkpoint.
compare Examples/snapshots/cat.jpg
"$dvt" convert synthetic:50 "$folder/tiny-deit.safetensors" --model tiny-deit --labels cifar10
compare Examples/photos/01-ball.jpg "$folder/tiny-deit.safetensors"
