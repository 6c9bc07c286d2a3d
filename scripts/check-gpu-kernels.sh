#!/usr/bin/env bash
# Compiles the kernels for GPUs of NVIDIA, AMD and Intel, without a GPU, and holds their machine
# code against scripts/machine-code/budget.toml. Options are those of scripts/machine-code/check.py,
# for example --file linear_tile --arch amd, or --format markdown.
#
# ptxas and nvdisasm are installed from PyPI, and Intel's compiler from Debian, into
# .build/machine-code (160 and 80 MB).
set -euo pipefail
cd "$(dirname "$0")/.."

folder=.build/machine-code
python=${PYTHON:-python3}

if [[ ! -x $folder/nvidia/bin/pip ]]; then
    "$python" -m venv "$folder/nvidia" || {
        echo "check-gpu-kernels.sh: $python cannot create a virtual environment; on Debian:" \
            "apt install python3-venv" >&2
        exit 1
    }
fi
# The version with which the budget was measured; another may allocate registers differently.
# Without their dependencies, the headers and libraries of CUDA.
"$folder/nvidia/bin/pip" install --quiet --disable-pip-version-check --no-deps \
    "nvidia-cuda-nvcc==13.2.*" "nvidia-cuda-nvdisasm==13.2.*"

# The offline compiler is in the package of Intel's OpenCL driver. The package is unpacked and not
# installed: that would add a platform to every OpenCL program of the machine.
if [[ ! -x $folder/intel/usr/bin/iga64 ]] && command -v apt-get dpkg-deb > /dev/null; then
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    packages=(
        intel-opencl-icd libigc1 libigc-tools libigdfcl1 libigdgmm12 libopencl-clang14
        libllvmspirvlib14)
    if (cd "$work" && apt-get download "${packages[@]}" > /dev/null 2>&1); then
        for package in "$work"/*.deb; do
            dpkg-deb --extract "$package" "$work/unpacked"
        done
        mkdir -p "$folder"
        rm -rf "$folder/intel"
        mv "$work/unpacked" "$folder/intel"
    fi
fi

"$python" scripts/machine-code/check.py "$@"
