# make help lists the targets. Nothing has to be built to use the headers: copy one.

B      ?= build
CFLAGS ?= -O2 -g
PREFIX ?= /usr/local
JOBS   ?= $(shell nproc 2>/dev/null || echo 2)

HEADERS  = nc_fp4.h nc_goldilocks.h nc_tirneural.h nc_axx.h nc_hlx.h nc_gpu.h
EXAMPLES = gl_hash gl_ntt gl_merkle gl_fixed fp4_atoms fp4_compile fp4_aes fp4_sha256 fp4_quantize fp4_perplexity fp4_convert tir_opt tir_train tir_self tasm_run lut_convert axx_vit_digits axx_cifar axx_eval \
           hlx_train hlx_verify hlx_export hlx_quantize gpu_devices chain
TESTS    = goldilocks_scalar goldilocks_ntt goldilocks_hash goldilocks_fixed goldilocks_debug goldilocks_memory goldilocks_gpu \
           fp4_scalar fp4_codes fp4_blocks fp4_rules fp4_rounding fp4_circuit fp4_verify fp4_files fp4_sources fp4_netlists fp4_tensor fp4_products fp4_weights fp4_memory fp4_gpu \
           tir_io tir_machine tir_terms tir_symbolic tir_optimize tir_cliff tir_link tir_trisha tir_model tir_memory tir_gpu \
           axx_scalar axx_files axx_wide axx_layers axx_data axx_graph axx_search axx_vit axx_timm axx_training axx_locale axx_memory axx_gpu \
           hlx_scalar hlx_simd hlx_kernels hlx_llama hlx_model hlx_training hlx_inference hlx_data hlx_sampling hlx_bpe hlx_tokenizer hlx_shard hlx_weights hlx_memory hlx_gpu gpu_host base_files base_text
FUZZERS  = goldilocks_parse fp4_circuit fp4_sources fp4_tensor fp4_weights fp4_paths tir_parse tir_tasm tir_optimize tir_model axx_table axx_model axx_data axx_graph axx_swin axx_spec hlx_checkpoint hlx_safetensors hlx_bpe hlx_tokenizer hlx_data hlx_model gpu_spirv
BENCHES  = goldilocks fp4 tirneural axx hlx
# A kernel is cuda/NAME.cu, which shaders/NAME.comp includes; those of the field say NC_FIELD.
KERNELS       = $(patsubst shaders/%.comp,%,$(wildcard shaders/*.comp))
FIELD_KERNELS = $(patsubst cuda/%.cu,%,$(shell grep -l 'define NC_FIELD' cuda/*.cu))
FLOAT_KERNELS = $(filter-out $(FIELD_KERNELS),$(KERNELS))
KERNEL_WORDS  = $(wildcard cuda/*.h) cuda/nc_math.cuh shaders/nc_math.glsl

# Debian and Ubuntu packages; on other systems install what provides the same.
DEMO_PACKAGES = libstb-dev
TEST_PACKAGES = $(DEMO_PACKAGES) g++ clang clang-tidy clang-format libclang-rt-14-dev/libclang-rt-dev libomp-dev \
                libcmocka-dev libjson-c-dev libvulkan-dev mesa-vulkan-drivers \
                vulkan-validationlayers glslang-tools spirv-tools binutils \
                gcc-aarch64-linux-gnu libc6-dev-arm64-cross gcc-s390x-linux-gnu \
                libc6-dev-s390x-cross qemu-user b3sum libopenmpi-dev openmpi-bin \
                berkeley-abc/ pkg-config cmake

WARN = -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wcast-qual -Wcast-align \
       -Wundef -Wdouble-promotion -Wvla -Werror
OPENMP ?= -fopenmp
# nvcc: the CUDA Toolkit's where it is installed, else what `make nvcc` has brought from PyPI.
NVCC   := $(or $(shell command -v nvcc 2>/dev/null),$(firstword \
          $(wildcard build/nvcc/lib/python3*/site-packages/nvidia/cu*/bin/nvcc)))
NVDISASM := $(or $(shell command -v nvdisasm 2>/dev/null),$(firstword \
            $(wildcard build/nvcc/lib/python3*/site-packages/nvidia/cu*/bin/nvdisasm)))
NVCC_PACKAGES = nvidia-cuda-nvcc nvidia-nvvm nvidia-cuda-crt nvidia-cuda-runtime nvidia-cuda-cccl \
                nvidia-cuda-nvdisasm

.PHONY: help demo test test-all test-kernels test-sass roofline bench peers bench-peers bench-mca \
        bench-results kernels lint mutate coverage valgrind tsan integers unit-uchar unit32 windows blocks nvcc fuzz dist docs install uninstall clean all \
        unit unit-gpu test-gpu demo-packages test-packages mca-packages

help:
	@echo "make demo      run the five libraries on real input (installs libstb-dev)"
	@echo "make test      unit tests, sanitizers, headers, digests, examples, lint, fuzzing"
	@echo "make test-all  the same over every build and processor, in half an hour"
	@echo "make bench     speed tables with a column an instruction set, and JSON in $(B)/bench"
	@echo "make bench-peers  beside Plonky3, twenty-first, ggml, bitsandbytes, PyTorch .. (make peers)"
	@echo "make bench-mca    cycles of the NEON code by llvm-mca, without an Arm machine"
	@echo "make bench-results  all of these into bench/RESULTS.md"
	@echo "make test-kernels  what each GPU kernel does to memory, counted, with ceilings; races"
	@echo "make test-sass  their registers and inner loops as nvcc compiles them (make nvcc)"
	@echo "make roofline   what they would take on an H100: a model of both"
	@echo "make kernels   GPU kernels to $(B)/kernels (SPIR-V; PTX where nvcc is)"
	@echo "make build/nc_kernels.h  all of them as one header to copy beside nc_gpu.h"
	@echo "make nvcc      nvcc from PyPI to build/nvcc, where no CUDA Toolkit is"
	@echo "make test-gpu  the kernel tests on this machine's GPU; skips without one"
	@echo "make blocks    copy a changed shared block to the other headers (FROM=nc_fp4.h says which)"
	@echo "make lint      clang-format and clang-tidy       make fuzz  20 s per parser"
	@echo "make mutate    single faults put into the code: how many do the tests notice?"
	@echo "make coverage  how much of each header do the tests run?"
	@echo "make valgrind  examples once under memcheck"
	@echo "make integers  unit tests under clang's checks of sizes that wrap and conversions that lose"
	@echo "make unit32    unit tests as 32-bit programs    make unit-uchar  with a char without sign"
	@echo "make windows   unit tests and examples by mingw-w64, run under wine where it is"
	@echo "make tsan      tests that use threads, under clang's thread sanitizer with OpenMP's archer"
	@echo "make build/NAME  one example: $(EXAMPLES)"
	@echo "make install   headers, pkg-config files, CMake package to $(PREFIX); make uninstall"
	@echo "make dist      a tarball with built kernels and checksums to $(B)      make clean"
	@echo "make docs      the manuals of all headers as one page, $(B)/nc.html"

# ---- packages: only what is missing, without questions -----------------------------------------

# $(call need,PACKAGES,STAMP): of A/B the one that this system has; A/ may be missing.
define need
	@mkdir -p $(B); missing=""; for p in $(1); do \
	    have=; for a in $$(echo $$p | tr / ' '); do dpkg -s $$a >/dev/null 2>&1 && have=$$a; done; \
	    [ -n "$$have" ] || missing="$$missing $$p"; done; \
	if [ -n "$$missing" ]; then \
	    if command -v apt-get >/dev/null 2>&1; then \
	        sudo=; [ "$$(id -u)" = 0 ] || sudo=sudo; \
	        $$sudo apt-get update -qq >/dev/null || exit 1; \
	        chosen=; for p in $$missing; do \
	            found=; for a in $$(echo $$p | tr / ' '); do \
	                [ -z "$$found" ] && apt-cache show $$a >/dev/null 2>&1 && found=$$a; done; \
	            case "$$found:$$p" in :*/) echo "no package $$p here: what needs it is skipped" ;; \
	                *) chosen="$$chosen $${found:-$$p}" ;; esac; done; \
	        [ -z "$$chosen" ] || { echo "installing$$chosen"; \
	        $$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
	            --no-install-recommends $$chosen >/dev/null; } || exit 1; \
	    else \
	        echo "This system has no apt-get. Please install what Debian calls:$$missing"; \
	        echo "(one of A/B; A/ is not needed), then: touch $(2)"; exit 1; \
	    fi; \
	fi; touch $(2)
endef

demo-packages: $(B)/.demo-packages
$(B)/.demo-packages: Makefile
	$(call need,$(DEMO_PACKAGES),$@)
test-packages: $(B)/.test-packages
$(B)/.test-packages: Makefile
	$(call need,$(TEST_PACKAGES),$@)

# ---- examples ---------------------------------------------------------------------------------

# $(call want_stb_ds,FILE): a word on the package before the compiler stops at a header within ours.
define want_stb_ds
	@if grep -qE 'nc_(axx|tirneural)\.h' $(1) && [ ! -f stb_ds.h ] && \
	    ! echo '#include <stb/stb_ds.h>' | $(CC) $(CFLAGS) -E -x c - >/dev/null 2>&1; then \
	    echo "$(1) needs stb_ds.h: apt-get install $(DEMO_PACKAGES) (Debian, Ubuntu), or copy" \
	        "https://github.com/nothings/stb/blob/master/stb_ds.h here"; exit 1; \
	fi
endef

$(addprefix $(B)/,$(EXAMPLES)): $(B)/%: examples/%.c examples/cli.h $(HEADERS)
	@mkdir -p $(@D)
	$(call want_stb_ds,$<)
	$(if $(TELL),@echo "  $(<F)")
	$(CC) $(CFLAGS) -Wall -Wextra $(OPENMP) $< -o $@ -lm

$(B)/chain: CFLAGS += -O1 # five headers for a second of work

# Needs MPI (Debian: libopenmpi-dev, openmpi-bin), which `make test` installs.
$(B)/hlx_mpi: examples/hlx_mpi.c examples/cli.h nc_hlx.h
	@mkdir -p $(@D)
	OMPI_CC=$(CC) mpicc $(CFLAGS) -Wall -Wextra $(OPENMP) -pthread $< -o $@ -lm

DEMO = gl_hash gl_ntt gl_merkle gl_fixed fp4_atoms fp4_aes fp4_quantize tir_opt tasm_run \
       axx_vit_digits axx_eval hlx_train
demo: demo-packages
	@echo "Compiling $(words $(DEMO)) programs, once: a minute or two on two cores."
	@$(MAKE) -s --no-print-directory -j$(JOBS) TELL=1 $(addprefix $(B)/,$(DEMO))
	@sh examples/demo.sh $(B)

# ---- kernels ----------------------------------------------------------------------------------

SPIRV = $(KERNELS:%=$(B)/kernels/%.spv) $(FLOAT_KERNELS:%=$(B)/kernels/%_f64fma.spv) \
        $(FIELD_KERNELS:%=$(B)/kernels/%_u32.spv)
PTX   = $(if $(NVCC),$(KERNELS:%=$(B)/kernels/%.ptx))
GLSL  = glslangValidator --quiet -V --target-env vulkan1.1

kernels: $(SPIRV) $(PTX)
$(B)/kernels/%_f64fma.spv: shaders/%.comp cuda/%.cu $(KERNEL_WORDS)
	@mkdir -p $(@D)
	$(GLSL) -DNC_FMA_F64 $< -o $@
$(B)/kernels/%_u32.spv: shaders/%.comp cuda/%.cu $(KERNEL_WORDS)
	@mkdir -p $(@D)
	$(GLSL) -DNC_FIELD_U32 $< -o $@
$(B)/kernels/%.spv: shaders/%.comp cuda/%.cu $(KERNEL_WORDS)
	@mkdir -p $(@D)
	$(GLSL) $< -o $@
# nvcc writes the PTX version of its own day, which older drivers refuse: the kernels use nothing
# beyond 6.3, the first that knows sm_75 (CUDA 10.0, drivers from 410).
$(B)/kernels/%.ptx: cuda/%.cu $(KERNEL_WORDS)
	@mkdir -p $(@D)
	$(NVCC) -ptx -arch=compute_75 -fmad=false $< -o $@.new
	sed 's/^\.version .*/.version 6.3/' $@.new >$@ && rm $@.new

# All of them as one header, so that a program is two files to copy: this and nc_gpu.h.
$(B)/nc_kernels.h: shaders/embed.sh $(SPIRV) $(PTX)
	@sh $< $(filter-out $<,$^) >$@.new && mv $@.new $@

nvcc: # 300 MB from PyPI, into the build folder alone
ifeq ($(and $(NVCC),$(NVDISASM)),)
	python3 -m venv build/nvcc || { echo "needs Python 3 with venv (Debian: python3-venv)"; exit 1; }
	build/nvcc/bin/pip install -q --disable-pip-version-check $(NVCC_PACKAGES)
else
	@echo "nvcc is there: $(NVCC), $(NVDISASM)"
endif

# ---- unit tests -------------------------------------------------------------------------------

SANITIZED = -fno-sanitize-recover=all -fsanitize=address,undefined
# Each header is compiled once, in its largest form: $(1) prefix of its tests, $(2) header, $(3) flags.
define test_rules
$(B)/obj/$(1).o: $$(HEADERS)
	@mkdir -p $$(@D)
	printf '#define NC_IMPLEMENTATION\n#include "$(2)"\n' | \
	    $(CC) $(CFLAGS) $(OPENMP) $(3) -I. -x c - -c -o $$@
$(B)/test/$(1)_%: tests/$(1)_%.c tests/test.h tests/checksum.h tests/roads.h tests/tir_runs.h tests/axx_toys.h tests/axx_timm.h tests/failing_malloc.h $(B)/obj/$(1).o
	@mkdir -p $$(@D)
	$(CC) $(CFLAGS) $(OPENMP) -Wall -Wextra $$< $(B)/obj/$(1).o -o $$@ $$(WRAPPED) -lcmocka -ljson-c -lm
$(B)/fuzz/$(1).o: $$(HEADERS)
	@mkdir -p $$(@D)
	printf '#define NC_IMPLEMENTATION\n#include "$(2)"\n' | \
	    clang -g1 -O1 $(SANITIZED),fuzzer-no-link $(filter -DNC_AXX_VIT,$(3)) -I. -x c - -c -o $$@
$(B)/fuzz/$(1)_%: tests/fuzz_$(1)_%.c tests/fuzz_file.h tests/checksum.h $(B)/fuzz/$(1).o
	clang -g1 -O1 $(SANITIZED),fuzzer -I. $$< $(B)/fuzz/$(1).o -o $$@ -lm
endef
$(eval $(call test_rules,goldilocks,nc_goldilocks.h,-DNC_GPU))
$(eval $(call test_rules,fp4,nc_fp4.h,-DNC_GPU))
$(eval $(call test_rules,tir,nc_tirneural.h,-DNC_GPU))
$(eval $(call test_rules,axx,nc_axx.h,-DNC_GPU -DNC_AXX_VIT))
$(eval $(call test_rules,hlx,nc_hlx.h,-DNC_GPU -DNC_HLX_FP4))
$(B)/test/hlx_gpu: tests/cuda_driver_on_cpu.h tests/vulkan_between.h
# Its own malloc, which fails.
$(patsubst %,$(B)/test/%_memory,goldilocks fp4 tir axx hlx): WRAPPED = -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=free
# The base block through a header's object; the other shared blocks, which are private, from its text.
$(B)/test/base_files: tests/base_files.c tests/test.h $(B)/obj/axx.o
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(OPENMP) -Wall -Wextra $< $(B)/obj/axx.o -o $@ -lcmocka -ljson-c -lm
$(B)/test/base_text: tests/base_text.c tests/test.h nc_hlx.h
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(OPENMP) -Wall -Wextra $< -o $@ -lcmocka -ljson-c -lm

# The list of a file's tensors and the prover's terms are private: these tests hold a header's text.
$(B)/test/fp4_sources: tests/fp4_sources.c tests/test.h nc_fp4.h
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(OPENMP) -Wall -Wextra $< -o $@ -lcmocka -ljson-c -lm
$(B)/test/tir_terms: tests/tir_terms.c tests/test.h nc_tirneural.h nc_goldilocks.h
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(OPENMP) -Wall -Wextra $< -o $@ -lcmocka -ljson-c -lm

# The host side of nc_gpu.h, from its text too, on drivers that can fail.
$(B)/test/gpu_host: tests/gpu_host.c tests/test.h tests/vulkan_between.h tests/cuda_driver_on_cpu.h \
                    nc_gpu.h
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -Wall -Wextra $< -o $@ -lcmocka -ljson-c -lm -ldl -pthread
$(B)/shim/libvulkan_between.so: tests/vulkan_between.c tests/vulkan_between.h
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -Wall -Wextra -fPIC -shared $< -o $@ -ldl

# The CUDA driver that runs cuda/ on the CPU, and files that stand for the PTX it needs not read.
# $(call driver_kernels,FILES): a namespace a kernel in one file.
define driver_kernels
	@mkdir -p $(@D) && rm -f $(@D)/*.ptx
	@for f in $(1); do k=$$(basename $$f .cu); \
	    printf 'namespace nc_%s {\n#include "%s"\n}\n#undef NC_LANES\n#undef NC_FIELD\n' $$k $$f; \
	    echo ".entry $$k : the driver in this folder holds the kernel" >$(@D)/$$k.ptx; \
	done >$(@D)/kernels.inc
endef
DRIVER = $(CXX) -std=c++17 -O1 -g -ffp-contract=off -Wall -Wextra -Wno-clobbered -Wno-unused-function \
         -Wno-unknown-pragmas -I. -I$(@D) -fPIC
$(B)/shim/libcuda_on_cpu.so: tests/cuda_driver_on_cpu.cpp tests/cuda_driver_on_cpu.h \
                             tests/cuda_on_cpu.h $(wildcard cuda/*)
	$(call driver_kernels,$(KERNELS:%=cuda/%.cu))
	$(DRIVER) -shared $< -o $@
# The same with its memory accesses counted: what gcc calls for them is in tests/cuda_count.cpp.
$(B)/count/libcuda_on_cpu.so: tests/cuda_driver_on_cpu.cpp tests/cuda_count.cpp tests/cuda_count.h \
                              tests/cuda_driver_on_cpu.h tests/cuda_on_cpu.h \
                              tests/kernels_self.cu $(wildcard cuda/*)
	$(call driver_kernels,$(KERNELS:%=cuda/%.cu) tests/kernels_self.cu)
	$(DRIVER) -O2 -c tests/cuda_count.cpp -o $(@D)/count.o
	$(DRIVER) -DNC_CUDA_COUNT -fsanitize=thread --param=tsan-instrument-func-entry-exit=0 \
	    -c $< -o $(@D)/driver.o
	$(DRIVER) -shared -Wl,-z,defs $(@D)/driver.o $(@D)/count.o -o $@ -lm -ldl

SHIMS = build/shim/libcuda_on_cpu.so build/shim/libvulkan_between.so
unit: $(addprefix $(B)/test/,$(TESTS)) $(SHIMS)
	@$(MAKE) --no-print-directory B=build kernels >/dev/null
	@sh tests/unit.sh $(B) $(TESTS)

# The drive of all kernels through it. The objects hold nc_gpu.h and others twice, the same text.
$(B)/test/kernels: tests/kernels.c tests/test.h tests/cuda_count.h \
                   $(B)/obj/hlx.o $(B)/obj/axx.o $(B)/obj/tir.o
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(OPENMP) -Wall -Wextra $(filter %.c %.o,$^) -Wl,-z,muldefs -o $@ -lcmocka -ljson-c -lm
$(B)/test/kernels_radv: tests/kernels_radv.c tests/test.h
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -Wall -Wextra $< -o $@ -lcmocka -ljson-c -lvulkan
test-kernels: test-packages $(B)/test/kernels $(B)/test/kernels_radv build/count/libcuda_on_cpu.so
	@$(MAKE) --no-print-directory B=build kernels >/dev/null
	@OMP_NUM_THREADS=1 $(B)/test/kernels
	@$(B)/test/kernels_radv

# What nvcc makes of the kernels: registers, spills, arithmetic in the hottest loop.
test-sass:
ifeq ($(and $(NVCC),$(NVDISASM)),)
	@echo "skipped: no nvcc or no nvdisasm (make nvcc brings both from PyPI)"
else
	@python3 tests/sass.py $(B)/sass $(NVCC) $(NVDISASM)
endif

# How long the kernels would take on an H100, modelled from both; some minutes.
roofline: $(B)/test/kernels build/count/libcuda_on_cpu.so
ifeq ($(and $(NVCC),$(NVDISASM)),)
	@echo "skipped: no nvcc or no nvdisasm (make nvcc brings both from PyPI)"
else
	@OMP_NUM_THREADS=1 python3 bench/roofline.py $(B) $(NVCC) $(NVDISASM)
endif

# ---- threads, integers, other machines --------------------------------------------------------

# Races, where clang and its thread sanitizer are, with OpenMP's archer: tests/threads.sh says how.
$(B)/test/threads: tests/threads.c $(addprefix $(B)/obj/,goldilocks.o fp4.o tir.o axx.o hlx.o)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(OPENMP) -Wall -Wextra $(filter %.c %.o,$^) -Wl,-z,muldefs -o $@ -lm -pthread
# Sizes that wrap and conversions that lose, where clang is; what wraps on purpose is in tests/integers.txt.
INTEGERS = -fsanitize=unsigned-integer-overflow,implicit-conversion -fno-sanitize-recover=all \
           -fsanitize-ignorelist=$(CURDIR)/tests/integers.txt
integers: test-packages $(SHIMS)
	@command -v clang >/dev/null || { echo "integers: skipped, no clang"; exit 0; }; \
	NC_TEST_NO_VULKAN=1 $(MAKE) --no-print-directory -j$(JOBS) B=build/integers CC=clang OPENMP= \
	    CFLAGS="-O1 -g1 $(INTEGERS)" unit
# A char without sign, and a machine of 32 bits with cmocka and json-c of its own.
unit-uchar: test-packages $(SHIMS)
	@$(MAKE) --no-print-directory -j$(JOBS) B=build/uchar CFLAGS="-O1 -g1 -funsigned-char" unit
M32 = -m32 -msse2 -mfpmath=sse -idirafter /usr/include/x86_64-linux-gnu
unit32: test-packages $(SHIMS) # needs Debian's gcc-multilib, or gcc-12-multilib beside compilers for others
	@mkdir -p build/lib; echo 'int main(void) { return 0; }' | $(CC) $(M32) -x c - -o build/lib/m32 2>/dev/null || \
	    { echo "unit32: skipped, $(CC) makes no 32-bit programs (Debian: gcc-multilib)"; exit 0; }; \
	sh tests/libraries.sh build/lib/i386 $(CC) $(M32) && \
	$(MAKE) --no-print-directory -j$(JOBS) B=build/m32 CFLAGS="-O1 -g1" \
	    TESTS="$(filter-out %_gpu gpu_host,$(TESTS))" \
	    CC="$(CC) $(M32) -isystem $(CURDIR)/build/lib/i386/include -L$(CURDIR)/build/lib/i386/lib \
	        -Wl,-rpath,$(CURDIR)/build/lib/i386/lib" unit
windows: test-packages # needs gcc-mingw-w64; runs where wine is
	@sh tests/windows.sh
tsan: test-packages # TSAN="hlx_kernels tir_model" looks at these alone
	@sh tests/threads.sh $(TSAN)

GPU_TESTS = $(filter %_gpu,$(TESTS))
unit-gpu: $(addprefix $(B)/test/,$(GPU_TESTS)) $(SHIMS)
	@sh tests/unit.sh $(B) $(GPU_TESTS)

test: test-packages
	@sh tests/run.sh

test-all: test-packages
	@sh tests/run.sh all

test-gpu: test-packages $(addprefix $(B)/test/,$(GPU_TESTS)) $(B)/bench/gpu kernels $(SHIMS)
	@for t in $(GPU_TESTS); do NC_TEST_GPU=1 $(B)/test/$$t || exit 1; done
	NC_KERNEL_PATH=$(B)/kernels $(B)/bench/gpu

# ---- fuzzing, lint, bench ---------------------------------------------------------------------

FUZZ_SECONDS ?= 20
$(B)/fuzz/gpu_spirv: tests/fuzz_gpu_spirv.c nc_gpu.h
	@mkdir -p $(@D)
	clang -g1 -O1 $(SANITIZED),fuzzer -I. $< -o $@ -lm
$(B)/fuzz/fp4_sources: tests/fuzz_fp4_sources.c nc_fp4.h
	@mkdir -p $(@D)
	clang -g1 -O1 $(SANITIZED),fuzzer -I. $< -o $@ -lm

fuzz: test-packages $(FUZZERS:%=$(B)/fuzz/%)
	@printf '%s\n' $(FUZZERS) | xargs -P $(JOBS) -I@ sh tests/fuzz.sh @ $(FUZZ_SECONDS) $(B)

# Single faults in the field, the prover and the codecs: how many do the tests notice? Code for
# AVX-512 is left out where the processor has none.
MUTANTS ?= 100
MUTATE = python3 tests/mutate.py --build $(B) --count $(MUTANTS) --least 90
NO_512 = $(if $(shell grep -m1 -wo avx512bw /proc/cpuinfo),,--functions '^(?!.*512)' \
         --without '512|lanes\(\) == 16|level\(\) >= 2|wide == 16')
mutate: test-packages
	@mkdir -p $(B)/mutate
	@$(MUTATE) nc_goldilocks.h --sections scalars,extensions \
	    --tests goldilocks_debug,goldilocks_scalar,goldilocks_hash \
	    --json $(B)/mutate/goldilocks.json
	@$(MUTATE) nc_tirneural.h --sections proofs --tests tir_terms,tir_symbolic \
	    --json $(B)/mutate/tir.json
	@$(MUTATE) nc_fp4.h --sections codes,blocks $(NO_512) \
	    --tests fp4_codes,fp4_blocks,fp4_scalar,fp4_rules,fp4_tensor --json $(B)/mutate/fp4.json

# How much of each header the unit tests run, lines and branches; what they never run is listed in
# build/cov/uncovered.txt, by function.
coverage: test-packages
	@rm -rf build/cov/*.gcda build/cov/*/*.gcda
	@$(MAKE) --no-print-directory -j$(JOBS) B=build/cov CFLAGS="-O1 -g1 --coverage -fprofile-update=prefer-atomic" \
	    unit >build/cov.log 2>&1 || { tail -n 40 build/cov.log; exit 1; }
	@python3 tests/coverage.py build/cov

valgrind: test-packages # needs valgrind: examples once under memcheck
	@sh tests/valgrind.sh

lint: test-packages
	@sh tests/lint.sh

blocks: # what stands to the letter in several headers: the one that was changed over the others
	@sh tests/blocks.sh --copy $(FROM)

$(BENCHES:%=$(B)/bench/%) $(B)/bench/gpu: $(B)/bench/%: bench/%.c bench/bench.h $(HEADERS)
	@mkdir -p $(@D)
	$(CC) -O2 $(OPENMP) -Wall -Wextra $< -o $@ -lm

bench: demo-packages $(BENCHES:%=$(B)/bench/%)
	@for b in $(BENCHES); do $(B)/bench/$$b $(B)/bench/$$b.json || exit 1; done

# Other libraries beside ours, in one run: PEERS="fp4 axx" takes only some. `make peers` brings them
# from PyPI and crates.io, 3 GB with PyTorch; what is not there is skipped by name.
peers:
	sh bench/peers/install.sh $(B)/peers

bench-peers:
	@mkdir -p $(B)/peers
	@python3 bench/peers/run.py $(B)/peers $(PEERS)

$(B)/bench/mca: bench/mca.c $(HEADERS)
	@mkdir -p $(@D)
	aarch64-linux-gnu-gcc -O2 -static -idirafter /usr/include $< -o $@ -lm

MCA_PACKAGES = $(DEMO_PACKAGES) gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user llvm
mca-packages: $(B)/.mca-packages
$(B)/.mca-packages: Makefile
	$(call need,$(MCA_PACKAGES),$@)
bench-mca: mca-packages $(B)/bench/mca # ROWS="gl fp4" takes those with one of the words
	@python3 bench/mca.py $(B)/bench/mca $(ROWS)

bench-results: demo-packages mca-packages test-packages $(BENCHES:%=$(B)/bench/%) $(B)/bench/mca \
               $(B)/test/kernels $(B)/test/kernels_radv build/count/libcuda_on_cpu.so
	@mkdir -p $(B)/peers
	@python3 bench/results.py $(B) $(PARTS) # PARTS="fp4 peers" renews only these tables

# ---- the rest ---------------------------------------------------------------------------------

all: $(addprefix $(B)/,$(EXAMPLES)) kernels

# A release: sources, examples and tests with the kernels as they are built here; PTX where nvcc is.
dist: kernels
	@sh tests/dist.sh $(B)

# The manuals at the headers' tops and every public declaration, as one page.
docs: $(B)/nc.html
$(B)/nc.html: tests/docs.py $(HEADERS)
	@mkdir -p $(@D)
	@python3 $^ >$@.new && mv $@.new $@ && echo $@

# DESTDIR=stage PREFIX=/usr: as packages of a distribution are made.
install uninstall:
	@DESTDIR="$(DESTDIR)" PREFIX="$(PREFIX)" sh tests/package.sh $@ "$(B)"

clean:
	rm -rf $(B)
