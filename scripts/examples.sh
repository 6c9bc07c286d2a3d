#!/usr/bin/env bash
# Builds the package of examples and runs each: examples.sh PATH_OF_DVT
# dvt writes the checkpoint that they read, untrained.
set -euo pipefail
cd "$(dirname "$0")/.."

dvt=$1
folder=.build/examples
# Debug: the example's own time does not count, and the package builds in half the time.
swift build --package-path Examples --scratch-path "$folder"

checkpoint=$folder/tiny-deit.safetensors
"$dvt" convert synthetic:50 "$checkpoint" --model tiny-deit --labels cifar10
image=Examples/photos/01-ball.jpg
answer=$("$folder/debug/ClassifyImage" "$checkpoint" "$image")
echo "ClassifyImage $image: $answer"
# The program itself must say the same of the image.
expected=$("$dvt" classify --weights "$checkpoint" --format csv "$image" 2> /dev/null |
    awk -F, 'NR == 2 { print $4, $2 + 1 }')
read -r label exit <<< "$expected"
if [[ $answer != "$label ("*") at exit $exit" ]]; then
    echo "examples.sh: dvt says $label at exit $exit" >&2
    exit 1
fi
