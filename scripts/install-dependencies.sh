#!/usr/bin/env bash
# Installs missing packages: install-dependencies.sh PURPOSE [TRAITS], one of build, test, lint,
# check-kernels, check-gpu-kernels, check-drivers, bundle. TRAITS are those of Package.swift,
# separated by commas.
# Uses apt, without prompting, and changes nothing if every package is installed. Without apt it
# lists what to install.
set -euo pipefail
cd "$(dirname "$0")/.."

purpose=${1:-build}
traits=,${2:-},
build=(
    ocl-icd-opencl-dev opencl-headers libclblast-dev libturbojpeg0-dev libpng-dev zlib1g-dev
    libwebp-dev libgif-dev pkg-config)

if [[ $traits == *,MoreImageFormats,* ]]; then
    build+=(libtiff-dev libheif-dev libavif-dev)
fi

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
    # The tests need PoCL on every machine, in addition to other drivers.
    test) packages=("${build[@]}" pocl-opencl-icd) ;;
    lint) packages=(clang-format-14 shellcheck) ;;
    # Debian's Python 3.11 has tomllib. The last two are libraries of Intel's compiler, which
    # scripts/check-gpu-kernels.sh unpacks.
    check-gpu-kernels)
        packages=(
            clang-19 libclc-19 lld-19 llvm-19 python3 python3-venv libclang-cpp14 libllvm14)
        ;;
    check-kernels | check-drivers) packages=("${build[@]}" pocl-opencl-icd oclgrind) ;;
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
        say "swift is not in PATH. Install Swift $wanted or newer:" \
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

# Other distributions name the packages differently: libraries are found by pkg-config, and tools
# by their commands.
check_without_apt() {
    local missing=() tools=() libraries=() name
    case $purpose in
        lint) tools=(clang-format shellcheck) ;;
        check-gpu-kernels) tools=(clang-19 ld.lld-19 llvm-objdump-19 python3) ;;
        check-kernels | check-drivers) tools=(oclgrind) ;;
    esac
    if [[ $purpose != lint && $purpose != check-gpu-kernels ]]; then
        libraries=(OpenCL clblast libturbojpeg libpng zlib libwebp)
        if [[ $traits == *,MoreImageFormats,* ]]; then libraries+=(libtiff-4 libheif libavif); fi
        has_opencl_platform || missing+=("an OpenCL driver (a GPU vendor's, or PoCL)")
        # It has no file for pkg-config.
        echo '#include <gif_lib.h>' | cc -fsyntax-only -xc - 2> /dev/null || missing+=(giflib)
    fi
    for name in "${libraries[@]}"; do
        pkg-config --exists "$name" 2> /dev/null || missing+=("$name")
    done
    for name in "${tools[@]}"; do
        command -v "$name" > /dev/null || missing+=("$name")
    done
    if ((${#missing[@]} > 0)); then
        say "apt-get was not found. Install, with headers and pkg-config files:"
        printf '    %s\n' "${missing[@]}" >&2
        say "on Debian or Ubuntu these are: ${packages[*]}"
        return 1
    fi
}

# Prints the prefix that runs apt-get as root; fails if that is impossible without prompting.
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
    say "missing packages. Run, as root:"
    printf '    apt-get update && %s\n' "$install" >&2
    exit 1
fi

# shellcheck disable=SC2086 # $prefix is one word or none, and $install is split intentionally
run() { $prefix env DEBIAN_FRONTEND=noninteractive "$@" < /dev/null; }

say "running: ${prefix:+$prefix }$install"
# Package lists are updated if a package is unknown (a fresh image) or the lists are outdated.
# shellcheck disable=SC2086
{ apt-cache show "${missing[@]}" > /dev/null 2>&1 && run $install; } || {
    run apt-get update
    run $install
}
