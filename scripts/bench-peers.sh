#!/usr/bin/env bash
# Benchmarks dvt, PyTorch, ONNX Runtime and OpenVINO in turns, and prints tables. The peers are
# installed from PyPI into a separate folder, about 6 GB because PyTorch includes CUDA. Options are
# those of Benchmarks/peers/compare.py, for example --only t2t --turns 1 for a quick run, or
# --data FOLDER with CIFAR-10.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=.build/peers
python=${PYTHON:-python3}
packages=(numpy torch onnx onnxruntime openvino)
if [[ ! -x $folder/bin/python ]]; then
    "$python" -m venv "$folder" || {
        echo "bench-peers.sh: $python cannot create a virtual environment; on Debian:" \
            "apt install python3-venv" >&2
        exit 1
    }
fi
"$folder/bin/pip" install --quiet --disable-pip-version-check "${packages[@]}"
# Without pinning, PoCL's threads migrate between cores, and some processes start at half speed.
export POCL_AFFINITY=${POCL_AFFINITY:-1}
"$folder/bin/python" Benchmarks/peers/compare.py "$PWD/.build/release/dvt" \
    ${DVT_REFERENCE:+--reference "$DVT_REFERENCE"} "$@"
