# golangci-lint, in every module
lint=$(tool golangci-lint)
export GOLANGCI_LINT_CACHE=$WORK/cache # a shared one would bring back another checkout's findings, with paths that no rule matches
modules | each "$lint" run ./...
