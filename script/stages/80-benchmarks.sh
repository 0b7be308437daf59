# that the benchmarks run
go run -C benchmarks . -quick
