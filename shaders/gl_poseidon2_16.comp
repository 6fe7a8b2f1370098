#version 450
#extension GL_GOOGLE_include_directive : require
#include "../cuda/gl_poseidon2_16.cu"
