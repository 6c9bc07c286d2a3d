#!/usr/bin/env bash
# Generates the .pb.swift file beside each .proto file of the package, with protoc (Debian:
# protobuf-compiler) and protoc-gen-swift, built from the package's version of swift-protobuf. The
# results are committed; run this script after a change of either.
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
plugin=$("${build[@]}" --show-bin-path)/protoc-gen-swift

for file in Sources/DVTCheckpoints/MindSpore/checkpoint.proto Sources/DVTExport/ONNX/onnx.proto; do
    folder=$(dirname "$file")
    protoc --plugin=protoc-gen-swift="$plugin" --swift_opt=Visibility=Internal \
        --proto_path="$folder" --swift_out="$folder" "$(basename "$file")"
    echo "generate-protobuf.sh: wrote ${file%.proto}.pb.swift"
done
