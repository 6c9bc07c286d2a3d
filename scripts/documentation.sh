#!/usr/bin/env bash
# Builds the API documentation with DocC from the outputs of `swift build -c release`. Fails on any
# DocC warning and if the Swift code on a page does not compile. docc and the symbol graph extractor
# are part of Swift; a plugin would be a dependency of every user of the package.
set -euo pipefail
cd "$(dirname "$0")/.."
shopt -s nullglob

build=.build/release
pages=.build/documentation/swift-dvt.doccarchive
work=.build/documentation/work
guide=docs/swift-dvt.docc
# Pages can only link to earlier modules of this list.
modules=(
    DVTSupport OpenCLRuntime DVTCore DVTModel DVTReference DVTOpenCL DVTCheckpoints DVTVision
    DVTEvaluation DVTTraining DVT)
# The order on the page of all modules.
shown=(
    DVT DVTModel DVTVision DVTCheckpoints DVTOpenCL DVTReference DVTCore OpenCLRuntime
    DVTEvaluation DVTTraining DVTSupport)

fail() {
    printf 'documentation.sh: %s\n' "$*" >&2
    exit 1
}

products=$(sed -n 's/^ *\.library(name: "\([^"]*\)".*/\1/p' Package.swift | sort)
[[ $products == "$(printf '%s\n' "${modules[@]}" | sort)" ]] ||
    fail "the modules here are not the libraries of Package.swift; give each a place in the lists"
[[ $products == "$(printf '%s\n' "${shown[@]}" | sort)" ]] ||
    fail "the lists of modules here differ"

# If swift is a link into a toolchain, the toolchain's other programs may not be in PATH.
tools=$(dirname "$(readlink -f "$(command -v swift)")")
if [[ ! -x $tools/docc ]]; then
    docc=$(command -v docc) || fail "there is no docc, neither in $tools nor in PATH"
    tools=$(dirname "$docc")
fi
for module in "${modules[@]}"; do
    [[ -f $build/Modules/$module.swiftmodule ]] ||
        fail "$module is not built; run swift build -c release first"
done

rm -rf "$work"
mkdir -p "$work"
status=0

# The search paths of the package's modules and the C modules they import.
search=(-I "$build/Modules" -module-cache-path "$work/module-cache")
for map in Sources/*/module.modulemap "$build"/*.build/module.modulemap; do
    search+=(-Xcc "-fmodule-map-file=$map")
done
for flag in $(pkg-config --cflags OpenCL clblast libturbojpeg libpng zlib libwebp); do
    search+=(-Xcc "$flag")
done

# The Swift blocks of a page form one program.
programs=0
for page in "$guide"/*.md Sources/*/*.docc/*.md; do
    program=$work/$(basename "$page" .md).swift
    awk -v page="$page" '
        /^```/ && inside { inside = 0; next }
        /^```swift$/ { inside = 1; print "#sourceLocation(file: \"" page "\", line: " NR + 1 ")" }
        inside && !/^```/ { print }' "$page" > "$program"
    [[ -s $program ]] || continue
    "$tools/swiftc" -typecheck -module-name Page -swift-version 6 -warnings-as-errors \
        "${search[@]}" "$program" || status=1
    programs=$((programs + 1))
done
((status == 0)) || fail "Swift code on the pages does not compile; see the errors above"

archives=()
# Converts a catalog and symbol graphs, either of which may be missing, to an archive.
convert() {
    local name=$1 catalog=$2 symbols=$3 archive arguments=()
    [[ -d $catalog ]] && arguments+=("$catalog")
    [[ -d $symbols ]] && arguments+=(--additional-symbol-graph-dir "$symbols")
    for archive in "${archives[@]}"; do
        arguments+=(--dependency "$archive")
    done
    "$tools/docc" convert "${arguments[@]}" --output-path "$work/$name.doccarchive" \
        --fallback-display-name "$name" --fallback-bundle-identifier "$name" \
        --fallback-default-module-kind Library --warnings-as-errors \
        --ide-console-output --enable-experimental-external-link-support ||
        fail "the lines above say what DocC warns of in $name"
    archives+=("$work/$name.doccarchive")
}

for module in "${modules[@]}"; do
    mkdir "$work/$module.symbols"
    "$tools/swift-symbolgraph-extract" -module-name "$module" "${search[@]}" \
        -minimum-access-level public -skip-synthesized-members -emit-extension-block-symbols \
        -output-dir "$work/$module.symbols"
    convert "$module" "Sources/$module/$module.docc" "$work/$module.symbols"
done
convert swift-dvt "$guide" ""

merged=("${shown[@]/#/$work/}")
rm -rf "$pages"
"$tools/docc" merge "$work/swift-dvt.doccarchive" \
    "${merged[@]/%/.doccarchive}" --output-path "$pages"
rm -rf "$work"
echo "documentation.sh: ${#modules[@]} modules, no warnings; the Swift on $programs pages compiles"
echo "documentation.sh: the pages are in $pages; to read them:"
echo "    python3 -m http.server --bind localhost --directory $pages 8000"
echo "    http://localhost:8000/documentation/swift-dvt/"
