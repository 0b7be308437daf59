# gofmt, go mod tidy and go vet, in every module and for what only other systems or tags build
unformatted=$(gofmt -l .)
[ -z "$unformatted" ] || { echo "gofmt -w $unformatted"; exit 1; }
modules | each go mod tidy -diff
modules | each go vet ./...
go vet -tags live ./internal/repotest
GOARCH=386 go vet ./...
