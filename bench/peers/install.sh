#!/bin/sh
# Brings what `make bench-peers` compares with, each package by itself: one that cannot be had is
# named, and later skipped by name. sh bench/peers/install.sh FOLDER
set -u
folder=$(mkdir -p "$1" && cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
missing() { echo "not installed: $1 ($2)"; }

# ---- from PyPI: numpy, galois, torch, bitsandbytes; ggml's source is in llama-cpp-python ---------
python3 -m venv "$folder/venv" || { missing "all Python packages" "no python3 with venv"; exit 0; }
pip="$folder/venv/bin/pip --disable-pip-version-check -q"
for package in numpy galois torch bitsandbytes; do
    $pip install $package || missing $package "pip, see above"
done

ggml() { # LEVEL OPTIONS: ggml's CPU kernels built for one level
    out="$folder/ggml$1"
    shift
    # shellcheck disable=SC2086
    "$folder/venv/bin/cmake" -G Ninja -DCMAKE_MAKE_PROGRAM="$folder/venv/bin/ninja" \
        -DCMAKE_BUILD_TYPE=Release -DGGML_OPENMP=OFF -DGGML_CCACHE=OFF -DLLAMA_BUILD_COMMON=OFF \
        -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_TOOLS=OFF -DLLAMA_BUILD_EXAMPLES=OFF \
        -DLLAMA_BUILD_SERVER=OFF "$@" -S "$source/vendor/llama.cpp" -B "$out" >"$out.log" 2>&1 &&
        "$folder/venv/bin/ninja" -C "$out" ggml-cpu >>"$out.log" 2>&1 ||
        missing "ggml (${out##*/})" "see $out.log"
}
if $pip install cmake ninja scikit-build-core &&
    $pip download --no-deps --no-build-isolation --no-binary :all: -d "$folder/source" \
        llama-cpp-python; then
    (cd "$folder/source" && tar xzf llama_cpp_python-*.tar.gz)
    source=$(echo "$folder"/source/llama_cpp_python-*/)
    case $(uname -m) in
    x86_64)
        ggml 1 -DGGML_NATIVE=OFF
        ggml 2 -DGGML_NATIVE=OFF -DGGML_AVX512=ON -DGGML_AVX512_VBMI=ON -DGGML_AVX512_VNNI=ON \
            -DGGML_AVX512_BF16=ON
        ;;
    *) ggml 2 -DGGML_NATIVE=ON ;;
    esac
else
    missing ggml "pip, see above"
fi

# ---- from crates.io: Plonky3 and twenty-first, at the versions of Cargo.lock ---------------------
crates() { # LEVEL CPU
    (cd "$here" && RUSTFLAGS="-C target-cpu=$2" cargo build -q --release --locked \
        --target-dir "$folder/cargo$1") || missing "Plonky3, twenty-first (level $1)" "cargo, see above"
}
if command -v cargo >/dev/null 2>&1; then
    case $(uname -m) in
    x86_64) crates 1 x86-64-v3 ;;
    esac
    crates 2 native
else
    missing "Plonky3, twenty-first" "no cargo"
fi
