#version 450
#extension GL_GOOGLE_include_directive : require
#include "../cuda/softmax_backward.cu"
