#!/bin/sh
# Kernel files as one C header, for nc_gpu_desc: embed.sh FILE... >nc_kernels.h
cat <<END
/* Kernels of nc_gpu.h, made by \`make build/nc_kernels.h\`. Include it in one file, and:
       desc.kernels = nc_kernels;
       desc.kernel_count = NC_KERNEL_COUNT; */
#ifndef NC_KERNELS_H
#define NC_KERNELS_H
#include <stdint.h>
END
for file; do
    echo "static const uint32_t nc_kernel_$(basename "$file" | tr . _)[] = {"
    { cat "$file" && printf '\0\0\0\0'; } | od -An -v -tx4 | sed 's/ *\([0-9a-f]\{8\}\)/0x\1,/g'
    echo '};'
done
echo 'static const nc_gpu_file nc_kernels[] = {'
for file; do
    name=$(basename "$file")
    echo "{\"$name\", nc_kernel_$(echo "$name" | tr . _), $(wc -c <"$file")},"
done
cat <<END
};
enum { NC_KERNEL_COUNT = $# };
#endif
END
