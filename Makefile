.PHONY: test lint check bench
test:
	go test ./...
lint:
	script/check format lint
check:
	script/check
bench:
	go run -C benchmarks . -quick
