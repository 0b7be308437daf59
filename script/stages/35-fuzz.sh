# each fuzz target for 10 s
script/fuzz 10s | tee "$WORK/fuzzed"
figure "$(awk '{ n += $2 } END { printf "%d targets, %d inputs", NR, n }' "$WORK/fuzzed")"
