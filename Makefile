.PHONY: test lint check bench chaos fuzz
test:
	go test ./...
lint:
	script/check format lint
check:
	script/check
bench:
	go run -C benchmarks . -quick
chaos:
	LINKIT_CHAOS=10m go test -C internal/chaos -count=1 -timeout 30m -v .
fuzz:
	script/fuzz 1h
