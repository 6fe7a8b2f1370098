/* What tests ask of the driver in tests/cuda_driver_on_cpu.cpp; it exports this object. */
#ifndef NC_CUDA_DRIVER_ON_CPU_H
#define NC_CUDA_DRIVER_ON_CPU_H
typedef struct cuda_driver_on_cpu {
    int fault,
        fault_after;  /* a later launch, the next after 0, fails with this code, which stays */
    int most_threads; /* of a compiled kernel; 0: 1,024 */
    int hang;         /* nothing ends */
    int nameless;     /* the second device says no name */
    unsigned waits;   /* for the device */
} cuda_driver_on_cpu;
#ifdef __cplusplus
extern "C" cuda_driver_on_cpu cuda_on_cpu;
#endif
#endif
