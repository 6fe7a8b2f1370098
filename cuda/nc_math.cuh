// Arithmetic of the numeric contract for every CUDA kernel; shaders/nc_math.glsl is its twin.
// Kernels are compiled with -fmad=false; every fusion is an explicit __fmaf_rn.
#ifndef NC_MATH_CUH
#define NC_MATH_CUH

// Version of the interface between kernels and nc_gpu.h, read after the module is loaded.
extern "C" {
__device__ unsigned nc_interface_version = 1;
}

static __device__ float nc_fma(float a, float b, float c) { return __fmaf_rn(a, b, c); }

#endif
