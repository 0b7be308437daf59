package repotest

import "testing"

func TestGoBlocksOfThePagesRun(t *testing.T) {
	t.Parallel()
	Blocks{Root: root, Module: "."}.Run(t)
}
