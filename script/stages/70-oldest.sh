# the published modules' tests with the oldest Go that go.mod allows
export GOTOOLCHAIN=go$(go list -m -f '{{.GoVersion}}')
figure "$(go env GOVERSION)"
published | each go test ./...
