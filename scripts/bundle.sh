#!/usr/bin/env bash
# Creates build/dvt-VERSION-linux-ARCH.tar.gz, a relocatable folder that requires only glibc,
# libstdc++ and an OpenCL driver, and checks these requirements.
#
# The Swift runtime is linked statically; the C libraries are in lib/. libstdc++ and libgcc_s are
# excluded: Debian's need a newer glibc than dvt, and a GPU driver may need newer versions.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly scratch=.build/bundle
# The oldest supported distributions: Ubuntu 22.04, Red Hat 9, Debian 12.
readonly glibc_limit=2.34 libstdcxx_limit=3.4.29

libraries=(
    libclblast.so.1 libOpenCL.so.1 libturbojpeg.so.0 libpng16.so.16 libz.so.1 libwebp.so.7
    libgif.so.7)
packages=(libclblast1 ocl-icd-libopencl1 libturbojpeg0 libpng16-16 zlib1g libwebp7 libgif7)
# Dependencies of these libraries, linked to the program directly so that its rpath applies.
indirect=(-Xlinker -lz)
# libwebp 1.3 and newer depend on libsharpyuv.
if pkg-config --exists libsharpyuv; then
    libraries+=(libsharpyuv.so.0)
    packages+=(libsharpyuv0)
    indirect+=(-Xlinker -lsharpyuv)
fi
# What measure.sh needs for PyTorch.
peers=(
    measure timer models_pytorch operations_pytorch training_pytorch dvt_pytorch pytorch accuracy
    synthetic)
readonly libraries packages indirect peers
readonly from_the_machine=(
    libc.so.6 libm.so.6 libpthread.so.0 libdl.so.2 librt.so.1 ld-linux-x86-64.so.2
    ld-linux-aarch64.so.1 libstdc++.so.6 libgcc_s.so.1)

fail() {
    printf 'bundle.sh: %s\n' "$*" >&2
    exit 1
}

# Prints the path of the linked library with a name such as libz.so.1.
library_file() {
    local path
    path=$(ldd "$scratch/release/dvt" | sed -n "s|^[[:space:]]*$1 => \(/[^ ]*\).*|\1|p")
    [[ -n $path ]] || fail "dvt is not linked with $1"
    readlink -f "$path"
}

build() {
    mkdir -p "$scratch"
    clang -O2 -fno-builtin -c scripts/bundle/hypotf.c -o "$scratch/hypotf.o"
    # shellcheck disable=SC2016 # $ORIGIN is for the dynamic linker
    swift build -c release --product dvt --scratch-path "$scratch" --static-swift-stdlib \
        "${indirect[@]}" -Xlinker -rpath -Xlinker '$ORIGIN/lib' -Xlinker -s \
        -Xlinker "$scratch/hypotf.o"
}

assemble() {
    local library file package license
    rm -rf "$folder"
    mkdir -p "$folder/lib" "$folder/licenses"
    install -m 755 "$scratch/release/dvt" "$folder/dvt"
    for library in "${libraries[@]}"; do
        file=$(library_file "$library")
        install -m 644 "$file" "$folder/lib/$library"
    done
    install -m 755 scripts/bundle/{run,test,measure}.sh "$folder"
    install -m 644 scripts/bundle/tables.awk "$folder"
    mkdir "$folder/models" "$folder/peers"
    install -m 644 scripts/bundle/models/*.json "$folder/models"
    for file in "${peers[@]}"; do install -m 644 "Benchmarks/peers/$file.py" "$folder/peers"; done

    for package in "${packages[@]}"; do
        install -m 644 "/usr/share/doc/$package/copyright" "$folder/licenses/$package"
    done
    for license in "$scratch"/checkouts/*/LICENSE*; do
        [[ -f $license ]] || continue
        install -m 644 "$license" "$folder/licenses/$(basename "$(dirname "$license")")"
    done
    # LICENSE also covers the Swift runtime: Apache 2.0 with the Runtime Library Exception.
    install -m 644 LICENSE "$folder/LICENSE"
    if [[ -f NOTICE ]]; then install -m 644 NOTICE "$folder/NOTICE"; fi
}

# Prints the values of a tag in the dynamic section, one per line: dynamic TAG FILE
dynamic() { readelf -d "$2" | sed -nE "s/.*\(($1)\).*\[(.*)\]/\2/p"; }

# Prints the highest required version of a symbol family: highest GLIBC|GLIBCXX FILE...
highest() {
    local family=$1
    shift
    readelf --version-info "$@" | grep -o "Name: ${family}_[0-9.]*" | sed 's/.*_//' |
        sort -Vu | tail -n 1
}

within() { [[ $(printf '%s\n%s\n' "$1" "$2" | sort -V | tail -n 1) == "$2" ]]; }

check() {
    local file needed path name
    for file in "$folder/dvt" "$folder"/lib/*; do
        while read -r needed; do
            [[ -e $folder/lib/$needed || " ${from_the_machine[*]} " == *" $needed "* ]] ||
                fail "$file needs $needed, which is neither in the bundle nor on every machine"
        done < <(dynamic NEEDED "$file")
        while read -r path; do
            # shellcheck disable=SC2016
            [[ $path == '$ORIGIN' || $path == '$ORIGIN/lib' ]] ||
                fail "$file looks for libraries in '$path', which other machines do not have"
        done < <(dynamic 'RUNPATH|RPATH' "$file" | tr ':' '\n')
    done

    # The libraries that glibc finds after the folder has moved.
    local elsewhere report
    elsewhere=$(mktemp -d)
    cp -R "$folder" "$elsewhere/moved here"
    report=$(env -i PATH="$PATH" ldd "$elsewhere/moved here/dvt")
    name=$(env -i "$elsewhere/moved here/dvt" --version) || fail "dvt --version fails"
    rm -rf "$elsewhere"
    [[ $report != *'not found'* ]] || fail "libraries are missing: $report"
    for name in "${libraries[@]}"; do
        [[ $report == *"$name => $elsewhere/moved here/lib/$name "* ]] ||
            fail "not from lib/: $report"
    done

    glibc=$(highest GLIBC "$folder/dvt" "$folder"/lib/*)
    libstdcxx=$(highest GLIBCXX "$folder/dvt" "$folder"/lib/*)
    within "$glibc" "$glibc_limit" || fail "glibc $glibc is required, above the limit $glibc_limit"
    within "$libstdcxx" "$libstdcxx_limit" ||
        fail "GLIBCXX_$libstdcxx is required, above the limit $libstdcxx_limit"
}

build
full_version=$("$scratch/release/dvt" --version)
version=$(grep -oE '[0-9]+\.[0-9]+\.[0-9]+[0-9A-Za-z.-]*' <<< "$full_version" | head -n 1)
name=dvt-$version-linux-$(uname -m)
folder=build/$name
assemble
check
sed -e "s|@VERSION@|$(head -n 1 <<< "$full_version")|" -e "s|@GLIBC@|$glibc|" \
    -e "s|@LIBSTDCXX@|$libstdcxx|" scripts/bundle/README.md > "$folder/README.md"

# The archive is reproducible.
when=$(git log -1 --format=%ct 2> /dev/null || echo 0)
tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$when" -C build -cf - "$name" |
    gzip -9n > "build/$name.tar.gz"

echo "bundle.sh: needs glibc $glibc, libstdc++ with GLIBCXX_$libstdcxx, an OpenCL driver"
du -h "$folder/dvt" "$folder"/lib/* "build/$name.tar.gz"
