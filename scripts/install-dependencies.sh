#!/usr/bin/env bash
# Installs what is missing: install-dependencies.sh build|test|check-kernels|bundle
# Asks nothing and changes nothing where all is there. Needs apt to install; says what to install
# where there is no apt.
set -euo pipefail
cd "$(dirname "$0")/.."

purpose=${1:-build}
build=(
    ocl-icd-opencl-dev opencl-headers libclblast-dev libturbojpeg0-dev libpng-dev libwebp-dev
    pkg-config)

say() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; }

has_opencl_platform() {
    [[ -n ${OCL_ICD_VENDORS:-} ]] ||
        compgen -G "${OPENCL_VENDOR_PATH:-/etc/OpenCL/vendors}/*.icd" > /dev/null
}

case $purpose in
    build)
        packages=("${build[@]}")
        has_opencl_platform || packages+=(pocl-opencl-icd)
        ;;
    # The tests want PoCL on every machine, beside whatever drivers there are.
    test) packages=("${build[@]}" pocl-opencl-icd) ;;
    check-kernels) packages=("${build[@]}" pocl-opencl-icd oclgrind) ;;
    bundle) packages=("${build[@]}" binutils) ;;
    *)
        say "unknown purpose '$purpose'"
        exit 64
        ;;
esac

check_swift() {
    local wanted found
    wanted=$(sed -n '1s|^// swift-tools-version: *||p' Package.swift)
    if ! command -v swift > /dev/null; then
        say "swift is not in PATH. Please install Swift $wanted or newer:" \
            "https://www.swift.org/install/linux/"
        return 1
    fi
    found=$(swift --version 2>&1 | sed -n 's/.*Swift version \([0-9.]*\).*/\1/p' | head -n 1)
    if [[ $(printf '%s\n%s\n' "$wanted" "$found" | sort -V | head -n 1) != "$wanted" ]]; then
        say "Swift $wanted or newer is needed; $(command -v swift) is" \
            "${found:-of unknown version}. See https://www.swift.org/install/linux/"
        return 1
    fi
}

is_installed() {
    [[ $(dpkg-query -W -f='${db:Status-Status}' "$1" 2> /dev/null) == installed ]]
}

# Other distributions name the packages differently: pkg-config tells what libraries there are.
check_without_apt() {
    local missing=() library
    for library in OpenCL clblast libturbojpeg libpng libwebp; do
        pkg-config --exists "$library" 2> /dev/null || missing+=("$library")
    done
    has_opencl_platform || missing+=("an OpenCL driver (a GPU vendor's, or PoCL)")
    [[ $purpose == check-kernels ]] && ! command -v oclgrind > /dev/null && missing+=(oclgrind)
    if ((${#missing[@]} > 0)); then
        say "there is no apt-get here. Please install, with headers and pkg-config files:"
        printf '    %s\n' "${missing[@]}" >&2
        say "on Debian or Ubuntu these are: ${packages[*]}"
        return 1
    fi
}

# Prints the words before apt-get; fails where there is no way to become root without asking.
privilege() {
    if [[ $(id -u) == 0 ]]; then
        return 0
    fi
    command -v sudo > /dev/null || return 1
    if [[ -t 0 ]] || sudo -n true > /dev/null 2>&1; then
        echo sudo
    else
        return 1
    fi
}

check_swift
if ! command -v apt-get > /dev/null; then
    check_without_apt
    exit
fi

missing=()
for package in "${packages[@]}"; do
    is_installed "$package" || missing+=("$package")
done
((${#missing[@]} > 0)) || exit 0

install="apt-get install -y --no-install-recommends ${missing[*]}"
if ! prefix=$(privilege); then
    say "missing packages. Please run, as root:"
    printf '    apt-get update && %s\n' "$install" >&2
    exit 1
fi

# shellcheck disable=SC2086 # $prefix is one word or none, $install is words on purpose
run() { $prefix env DEBIAN_FRONTEND=noninteractive "$@" < /dev/null; }

say "running: ${prefix:+$prefix }$install"
# Package lists are fetched where a package is unknown (a fresh image), or where they are too old.
# shellcheck disable=SC2086
{ apt-cache show "${missing[@]}" > /dev/null 2>&1 && run $install; } || {
    run apt-get update
    run $install
}
