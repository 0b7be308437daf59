# random programs of calls against linkittest and a plain map, over a network that fails in every way
go test -C internal/model -count=1 -v . >"$WORK/output" || { cat "$WORK/output"; exit 1; }
figure "$(sed -n 's/^.*figures: //p' "$WORK/output" | sed 's/;.*//')"
