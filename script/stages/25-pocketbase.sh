# the client against a real PocketBase and its rate limiter
go test -C internal/pocketbase -count=1 .
