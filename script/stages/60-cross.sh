# builds of the published modules for other systems
for target in linux/386 linux/arm64 windows/amd64 darwin/arm64 js/wasm; do
  published | GOOS=${target%/*} GOARCH=${target#*/} CGO_ENABLED=0 each go build ./...
done
