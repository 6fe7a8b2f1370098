#version 450
#extension GL_GOOGLE_include_directive : require
#include "../cuda/axx_gemm_256.cu"
