/* What tests ask of tests/vulkan_between.c, which exports this object, and what it has seen. */
#ifndef NC_VULKAN_BETWEEN_H
#define NC_VULKAN_BETWEEN_H
#include <stddef.h>
#include <stdint.h>

enum { BETWEEN_WORDS = 1 << 16, BETWEEN_DEVICES = 20, BETWEEN_COMMANDS = 32 };

/* A dispatch 'D', a copy 'C' or a barrier 'B' with its masks. */
typedef struct between_command {
    char kind;
    uint32_t from, wrote, to, uses;
} between_command;

typedef struct vulkan_between {
    /* asked for */
    int fail_submit, fail_after; /* a later submission, the next after 0, gives this VkResult */
    int hang;                    /* no fence is ever signalled */
    int fail_call;               /* this call of those that can fail does, counted from 1 */
    const char *missing;         /* this function is not there */
    int devices;     /* so many, the last of which is the driver's; 0: the driver's own */
    int float_modes; /* all modes of float32 are offered */
    uint32_t invocations, shared_bytes, buffers, buffer_bytes; /* limits; 0: the driver's */
    uint32_t timestamp_bits; /* of a clock that begins again in every program; 0: the driver's */
    int uncached;            /* no memory type that the host caches */
    int portable;            /* the driver is one of those that leave out parts, as MoltenVK */
    int commands;            /* those that are recorded from here on are kept */
    /* seen */
    int calls; /* of those that can fail */
    unsigned submits, waits, allocations, most_allocations;
    unsigned dispatches, barriers;               /* recorded; those between dispatches */
    between_command submitted[BETWEEN_COMMANDS]; /* of those kept, in the order of submission */
    size_t submitted_count;
    uint32_t mapped_flags; /* of the memory type that was mapped last */
    uint32_t modes[8];     /* execution modes for a width in the last module */
    size_t mode_count;
    int asked_portable; /* 1: for devices that leave out parts, 2: and for their extension */
    size_t cache_bytes; /* that the last pipeline cache began with */
} vulkan_between;
#endif
