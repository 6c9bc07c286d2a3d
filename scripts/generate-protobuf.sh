#!/usr/bin/env bash
# Generates Sources/DVTCheckpoints/MindSpore/checkpoint.pb.swift from checkpoint.proto, with protoc
# (Debian: protobuf-compiler) and protoc-gen-swift, built from the package's version of
# swift-protobuf. The result is committed; run this script after a change of either.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v protoc > /dev/null; then
    echo "generate-protobuf.sh: protoc is not in PATH; on Debian: apt-get install" \
        "protobuf-compiler" >&2
    exit 1
fi

# A separate folder avoids the lock of the package's own build.
build=(swift build -c release --package-path .build/checkouts/swift-protobuf
    --scratch-path .build/protobuf)
swift package resolve
"${build[@]}" --product protoc-gen-swift

folder=Sources/DVTCheckpoints/MindSpore
protoc --plugin=protoc-gen-swift="$("${build[@]}" --show-bin-path)/protoc-gen-swift" \
    --swift_opt=Visibility=Internal --proto_path="$folder" --swift_out="$folder" checkpoint.proto
echo "generate-protobuf.sh: wrote $folder/checkpoint.pb.swift"
