#version 450
#extension GL_GOOGLE_include_directive : require
#include "../cuda/fp4_matvec_i8.cu"
