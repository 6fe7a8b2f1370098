#!/bin/sh
# The examples of nc_fp4.h, as users run them: results, --json, bad usage, bad input.
cd "$(dirname "$0")/.." || exit 1
. tests/expect.sh
usage fp4_atoms fp4_compile fp4_aes fp4_sha256 fp4_quantize fp4_perplexity fp4_convert

expect 0 $b/fp4_atoms; contains "all exact"; contains "131072    100.00 %"
expect 0 $b/fp4_atoms --json; json
expect 0 $b/fp4_atoms --truth 0110100110010110; contains "4 inputs"; contains accepted; contains "all exact"
expect 0 $b/fp4_atoms --truth 00010111 --json; json; contains '"cases": 8'
expect 2 $b/fp4_atoms --truth 011; says "no table"
expect 0 $b/fp4_aes --bristol "$work/aes.txt" --fp4 "$work/aes.fp4"; contains "all right"
expect 0 $b/fp4_aes --json; json
expect 0 $b/fp4_sha256; contains "49651 threshold units"; contains "all right"
expect 0 $b/fp4_sha256 --json; json
expect 0 $b/fp4_compile --bristol "$work/aes.txt" --report; json
expect 0 $b/fp4_compile --fp4 "$work/aes.fp4" --report; contains '"units": 38869'
expect 1 $b/fp4_compile --fp4 "$work/aes.fp4" --verify
expect 1 $b/fp4_compile --blif "$work/aes.txt"
expect 1 $b/fp4_compile --json no_such_file
expect 1 $b/fp4_compile --template adder --bits 5000
expect 1 $b/fp4_compile --template adder --bits 4 -o "$work/no/such/folder"
expect 2 $b/fp4_compile --template adder
expect 2 $b/fp4_compile --template ladder --bits 4
for t in adder:64 subtractor:32 add-sub:16 comparator:64 multiplier:8 parity:64 popcount:16 mux:4 \
    decoder:5 priority-encoder:20 alu:16 shifter:32; do
    name=${t%:*} bits=${t#*:}
    expect 0 $b/fp4_compile --template $name --bits $bits --verify --emit circuit-blif -o "$work/c.blif"
    expect 0 $b/fp4_compile --blif "$work/c.blif" --verify --emit bristol -o "$work/c.txt"
    expect 0 $b/fp4_compile --bristol "$work/c.txt" --verify --emit circuit-json -o "$work/c.json"
    expect 0 $b/fp4_compile --json "$work/c.json" --verify --emit blif -o "$work/units.blif"
    # another tool's word for it: the threshold units after three formats are the template
    if command -v berkeley-abc >/dev/null; then
        expect 0 berkeley-abc -q "cec -n $work/c.blif $work/units.blif"; contains "are equivalent"
    fi
done
# other tools' files in, and out again; ABC compares by the names of inputs and outputs
for f in alu.words.v alu.conn.blif alu.yosys.aag alu.yosys.aig alu.abc.bench; do
    expect 0 $b/fp4_compile --circuit tests/data/fp4/$f --verify --emit aiger -o "$work/c.aig"
    expect 0 $b/fp4_compile --aiger "$work/c.aig" --emit blif -o "$work/units.blif"
    if command -v berkeley-abc >/dev/null; then
        expect 0 berkeley-abc -q "cec tests/data/fp4/alu.abc.blif $work/units.blif"; contains "are equivalent"
    fi
done
printf '.model m\n.inputs a\n.outputs y\n.latch d q 0\n.names a q d\n10 1\n01 1\n.gate inv A=q Y=y\n' >"$work/l.blif"
printf 'GATE inv 1 Y=!A; PIN * INV 1 999 1 1 1 1\n' >"$work/l.genlib"
expect 1 $b/fp4_compile --blif "$work/l.blif" -o "$work/l.fp4"
expect 0 $b/fp4_compile --circuit "$work/l.blif" --frames 3 --genlib "$work/l.genlib" --verify -o "$work/l.fp4"
expect 1 $b/fp4_compile --circuit "$work/l.blif" --frames 3 --genlib no_such_file
expect 1 $b/fp4_compile --verilog tests/data/fp4/alu.source.v --top no_such_module
# the emitted header stands alone, and agrees with the machine's addition
# a solver's word where the own budget is too small: no solution, and one that shows a wrong gate
m="$b/fp4_compile --template multiplier --bits 6 --verify --steps 100"
expect 4 $m -o "$work/m.fp4"; says UNDECIDED
expect 0 $b/fp4_compile --template multiplier --bits 6 -o "$work/m.fp4"
expect 0 $b/fp4_compile --template multiplier --bits 6 --emit circuit-blif -o "$work/m.blif"
sed '/^\.names b\[3\] a\[2\] /{n;s/^11 1/10 1/;}' "$work/m.blif" >"$work/wrong.blif"
m="$b/fp4_compile --fp4 $work/m.fp4 -o $work/again.fp4 --verify --against"
expect 0 $m "$work/m.blif"; says "exact: "
expect 3 $m "$work/wrong.blif"; says "NOT EXACT"
expect 4 $m "$work/wrong.blif" --steps 100; says UNDECIDED
expect 1 $m "$work/c.aig"; says "other numbers"
expect 1 $m no_such_file
expect 1 $b/fp4_compile --fp4 "$work/m.fp4" --verify; says "--against"
expect 2 $b/fp4_compile --fp4 "$work/m.fp4" --against "$work/m.blif"
expect 4 $m "$work/m.blif" --steps 100 --solver no_such_solver; says "gave no answer"
if command -v cadical >/dev/null; then
    expect 0 $m "$work/m.blif" --steps 100 --solver cadical; says "a solver's word"
    expect 3 $m "$work/wrong.blif" --steps 100 --solver cadical; says "NOT EXACT"; says "  b = "
else
    echo "skipped: --solver cadical, which is not installed"
fi
expect 0 $b/fp4_compile --template adder --bits 16 --emit c -o "$work/adder16.h"
cat >"$work/adder16.c" <<'EOF'
#include "adder16.h"
int main(void) {
    uint64_t in[33], out[17], a, b, i;
    for (a = 0; a < 65536; a += 255)
        for (b = 1; b < 65536; b += 1021) {
            uint64_t sum = a + b + 1, got = 0;
            for (i = 0; i < 33; i++) in[i] = 0 - ((i < 16 ? a >> i : i < 32 ? b >> (i - 16) : 1) & 1);
            nc_adder(in, out);
            for (i = 0; i < 17; i++) got |= (out[i] & 1) << i;
            if (got != sum) return 1;
        }
    return 0;
}
EOF
expect 0 ${CC:-cc} -std=c99 -Wall -Wextra -Wpedantic -Werror -O1 "$work/adder16.c" -o "$work/adder16"
expect 0 "$work/adder16"
expect 0 $b/fp4_compile --template adder --bits 4 --emit dot; contains digraph
expect 0 $b/fp4_compile --template adder --bits 4 --emit safetensors -o "$work/adder.safetensors"
nvcc=$(command -v nvcc || ls build/nvcc/lib/python3*/site-packages/nvidia/cu*/bin/nvcc 2>/dev/null)
if [ -n "$nvcc" ]; then # another encoder's word for it
    printf '#define NC_IMPLEMENTATION\n#include "nc_fp4.h"\n' >"$work/fp4.c"
    expect 0 ${CC:-cc} -O2 -I. -c "$work/fp4.c" -o "$work/fp4.o"
    expect 0 "$nvcc" -O2 tests/fp4_oracle.cu "$work/fp4.o" -o "$work/fp4_oracle"
    expect 0 "$work/fp4_oracle"; contains ": 0 differ"
fi
expect 0 $b/fp4_quantize; contains NVFP4; contains four_six
expect 0 $b/fp4_quantize --json; json
expect 1 $b/fp4_quantize LICENSE
printf '# two columns\n"a","b 1"\n"1", 2\r\n3;4\n' >"$work/m.csv"; expect 0 $b/fp4_quantize "$work/m.csv"; contains "4 values"
printf '1,2\n3,nan\n' >"$work/m.csv"; expect 1 $b/fp4_quantize "$work/m.csv"; says "m.csv:2:3: no finite number"
printf '3.3e38,2\n' >"$work/m.csv"; expect 0 $b/fp4_quantize --json "$work/m.csv"; json; contains '"snr_db": null'
printf 'inf,2\n' >"$work/m.csv"; expect 1 $b/fp4_quantize "$work/m.csv"; says "m.csv:1:1: no finite number"
printf '1,2e39\n' >"$work/m.csv"; expect 1 $b/fp4_quantize "$work/m.csv"; says "m.csv:1:3: no finite number"
printf '1,2x\n' >"$work/m.csv"; expect 1 $b/fp4_quantize "$work/m.csv"; says "m.csv:1:3: no finite number"
: >"$work/none.csv"; expect 1 $b/fp4_quantize "$work/none.csv"; says "there are no numbers"
here=$PWD; expect 1 sh -c "cd '$work' && '$here/$b/fp4_quantize'"; says "run in the repository, or name a CSV"
# weights of other projects: a table, and from one layout to another and back
d=tests/data/fp4
expect 0 $b/fp4_convert $d/bnb_nf4_nested.safetensors; contains bitsandbytes; contains l.bias
expect 0 $b/fp4_convert $d/gpt_oss.safetensors -o "$work/w.gguf"; contains kept
expect 0 $b/fp4_convert "$work/w.gguf" -o "$work/w.safetensors" --layout mlx; contains "2 tensors"
expect 0 $b/fp4_convert $d/blocks.gguf -o "$work/blocks.gguf" --layout gguf; expect 0 cmp $d/blocks.gguf "$work/blocks.gguf"
expect 0 $b/fp4_convert $d/gpt_oss.safetensors -o "$work/f.safetensors" --to f32
expect 0 $b/fp4_convert "$work/f.safetensors" -o "$work/n.safetensors" --to nvfp4; contains nvfp4
expect 2 $b/fp4_convert "$work/f.safetensors" -o "$work/n.gguf" --to nf4
expect 0 $b/fp4_convert "$work/f.safetensors" -o "$work/c.safetensors" --to nvfp4 --as compressed-tensors; contains nvfp4
expect 1 $b/fp4_convert "$work/f.safetensors" -o "$work/c.safetensors" --to nvfp4 --as ggml; says "with these options"
expect 1 $b/fp4_convert LICENSE
expect 0 $b/fp4_convert $d/gpt_oss.safetensors -o "$work/w.gguf" --layout GGUF --to MXFP4; contains kept
expect 2 $b/fp4_convert LICENSE --layout GGUFF; says "--layout is not 'GGUFF'"; says gguf
expect 2 $b/fp4_convert LICENSE --to int4; says "--to is not 'int4'"; says mxfp4
expect 2 $b/fp4_convert LICENSE --block 48; says "--block is not '48'"
# rows of 100 columns have no blocks of 16: named, and no file of floats is written instead
expect 1 $b/fp4_convert tests/data/fp4/bnb_nf4.npy -o "$work/odd.safetensors" --to nvfp4 --layout modelopt
says "no multiple of the block"
says "no file"
expect 0 test ! -e "$work/odd.safetensors"
expect 2 $b/fp4_compile --template adder --bits 4 --emit nothing; says circuit-blif
if command -v script >/dev/null; then # a terminal as stdout
    expect 2 sh -c "script -qec '$b/fp4_compile --template adder --bits 4' /dev/null >&2"; says "name a file with -o"
fi
expect 0 $b/fp4_perplexity --steps 3 --windows 2 --json; json; contains four_six
expect 1 $b/fp4_perplexity no_such_file
finish
