#!/usr/bin/env bash
# Generates Sources/DVTCheckpoints/MindSpore/checkpoint.pb.swift from checkpoint.proto beside it:
# with protoc (Debian: protobuf-compiler), and with protoc-gen-swift built from the swift-protobuf
# that the package itself uses. The result is committed; this is run when either changes.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v protoc > /dev/null; then
    echo "generate-protobuf.sh: protoc is not in PATH; on Debian: apt-get install" \
        "protobuf-compiler" >&2
    exit 1
fi

# In a folder of its own: with the package's own build it would only share the lock.
build=(swift build -c release --package-path .build/checkouts/swift-protobuf
    --scratch-path .build/protobuf)
swift package resolve
"${build[@]}" --product protoc-gen-swift

folder=Sources/DVTCheckpoints/MindSpore
protoc --plugin=protoc-gen-swift="$("${build[@]}" --show-bin-path)/protoc-gen-swift" \
    --swift_opt=Visibility=Internal --proto_path="$folder" --swift_out="$folder" checkpoint.proto
echo "generate-protobuf.sh: wrote $folder/checkpoint.pb.swift"
