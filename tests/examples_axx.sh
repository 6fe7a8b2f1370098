#!/bin/sh
# The examples of nc_axx.h, as users run them: results, --json, bad usage, bad input.
cd "$(dirname "$0")/.." || exit 1
. tests/expect.sh
usage lut_convert axx_vit_digits

# Multipliers: from every form to every other and back, the same metrics.
expect 0 $b/lut_convert mul8s_1L2H --json; json; contains '"MAE": 53.333984'
cp "$work/out" "$work/metrics"
last=mul8s_1L2H
for ending in i16 i32 npy h csv i16 h; do
    expect 0 $b/lut_convert "$last" -o "$work/mul8s_1L2H.$ending"
    last=$work/mul8s_1L2H.$ending
    expect 0 $b/lut_convert "$last" --json
    sed '1s/{.*/{/' "$work/out" | tr -d '\n' | sed 's/{ /{/; $s/$/\n/' | cmp -s - "$work/metrics" || { echo "FAILED: $ending changes a table"; failures=$((failures + 1)); }
done
expect 0 $b/lut_convert --families; contains "error_tolerant_7"; contains "mul8s_1KR3"
expect 0 $b/lut_convert --families --json; json
expect 0 $b/lut_convert mitchell --heatmap "$work/map.ppm" --heatmap "$work/map.svg" --metrics
contains mitchell
expect 0 $b/lut_convert mitchell --heatmap "$work/map.ppm"
[ "$(wc -c <"$work/map.ppm")" = 196623 ] && grep -q '</svg>' "$work/map.svg" ||
    { echo "FAILED: no maps"; failures=$((failures + 1)); }
printf 'int f(int8_t A, int8_t B) {\n  return A * ;\n}\n' >"$work/bad.c"
expect 1 $b/lut_convert "$work/bad.c"; grep -q 'bad.c:2:14' "$work/err" ||
    { echo "FAILED: no position"; failures=$((failures + 1)); }
expect 1 $b/lut_convert wallace
expect 1 $b/lut_convert drum:4 -o "$work/x.blif"
expect 2 $b/lut_convert
expect 2 $b/lut_convert a b

# The whole way of the vision transformer: 96 % in float32, exact within a point after retraining.
expect 0 $b/axx_vit_digits --json --out "$work/vit" --save "$work/vit.safetensors"; json
cp "$work/out" "$work/vit.json"
awk -F'[:,}]' '/"multiplier"/ { a[$2] = $4; for (i = 1; i < NF; i++) if ($i ~ /"retrained"/) r[$2] = $(i + 1) }
    END { f = a[" \"float32\""]; e = a[" \"mul8s_1KV8\""]; l = r[" \"mul8s_1L2H\""]
          exit !(f >= 0.96 && e >= f - 0.01 && l >= e - 0.01) }' "$work/vit.json" ||
    { echo "FAILED: accuracy"; head -n 6 "$work/vit.json"; failures=$((failures + 1)); }
[ -s "$work/vit.svg" ] && [ "$(wc -l <"$work/vit.csv")" -gt 50 ] ||
    { echo "FAILED: no plot or table"; failures=$((failures + 1)); }
expect 0 $b/axx_vit_digits --load "$work/vit.safetensors" --rounds 8 --out "$work/again" "$work/mul8s_1L2H.i16"
contains "float32"; contains "best assignment"
expect 1 $b/axx_vit_digits --load LICENSE
expect 1 $b/axx_vit_digits wallace
expect 1 $b/axx_vit_digits --data LICENSE
expect 2 $b/axx_vit_digits --epochs
finish
