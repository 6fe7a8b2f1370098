#!/bin/sh
# The devices of nc_gpu.h, as a user sees them, and a program of four files that runs from an empty
# folder with its kernels inside.
cd "$(dirname "$0")/.." || exit 1
. tests/expect.sh
make --no-print-directory -s build/nc_kernels.h build/shim/libcuda_on_cpu.so || exit 1

expect 0 $b/gpu_devices # its kernels are in the folder beside it
contains "Vulkan 0: "
contains "    sums: the bits of the CPU"
expect 0 $b/gpu_devices "$work/no_such_driver"
contains "no device: "
contains no_such_driver
usage gpu_devices

mkdir "$work/src" "$work/src/examples" "$work/empty"
cp nc_gpu.h build/nc_kernels.h "$work/src"
cp examples/gpu_devices.c examples/cli.h "$work/src/examples"
# The driver of the tests reads of PTX text no more than the name of its entry: without nvcc its own do.
[ -f build/kernels/probe.ptx ] ||
    sh shaders/embed.sh build/kernels/*.spv build/shim/*.ptx >"$work/src/nc_kernels.h"
expect 0 ${CC:-cc} -O1 -Wall -Wextra -Werror -I"$work/src" "$work/src/examples/gpu_devices.c" \
    -o "$work/empty/gpu_devices" -lm
rm -r "$work/src"
expect 0 env -C "$work/empty" ./gpu_devices
contains "    sums: the bits of the CPU"
expect 0 env -C "$work/empty" ./gpu_devices "$PWD/build/shim/libcuda_on_cpu.so"
contains "CUDA 1: "
contains "    sums: the bits of the CPU"
finish
