# the published modules' tests with the newest Go
export GOTOOLCHAIN=go1.27.4
figure "$(go env GOVERSION)"
published | each go test ./...
