.PHONY: test lint check bench chaos model fuzz
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
model:
	go test -C internal/model -count=1 -timeout 30m -v -run Programs -rapid.checks=2100 -rapid.steps=50 .
