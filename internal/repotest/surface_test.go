package repotest

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

func TestAPIIsTheRecordedOne(t *testing.T) {
	t.Parallel()
	Surface{Folder: root, Packages: []string{rootModule, rootModule + "/linkittest"}}.Check(t)
}

// A record that a package doesn't fulfil must not compile: otherwise the program proves nothing.
func TestProgramOfAWrongRecordDoesNotCompile(t *testing.T) {
	t.Parallel()
	s := Surface{Folder: root, Packages: []string{rootModule}}
	exports := s.exportData(t)
	const imports = "import linkit \"" + rootModule + "\"\nimport context \"context\"\nimport iter \"iter\"\n"
	const used = "var linkit.ErrInvalid error\nfunc linkit.Collect[T any](iter.Seq2[T, error]) ([]T, error)\n" +
		"type linkit.Page[T any] struct\nfield linkit.Page.Data []T\nmethod (*linkit.AuthService).Check(context.Context) (*linkit.CredentialStatus, error)\n"
	require.NoError(t, compile(program(imports+used), exports))
	for _, wrong := range []string{
		"const linkit.Release untyped string = \"\"",
		"const linkit.Version int = 1",
		"var linkit.ErrInvalid string",
		"func linkit.Ptr[T any](T) T",
		"func linkit.FromEnv(string) linkit.Option",
		"type linkit.Clients struct",
		"type linkit.Page struct",
		"type linkit.Option = string",
		"field linkit.Page.Data string",
		"method (*linkit.AuthService).Check() error",
		"method linkit.SessionStore.Load(context.Context) error",
	} {
		assert.Error(t, compile(program(imports+used+wrong+"\n"), exports), wrong)
	}
}

func TestVersionIsTheChangelogsNewest(t *testing.T) {
	t.Parallel()
	heading := regexp.MustCompile(`(?m)^## \[([^\]]+)\]`).FindStringSubmatch(read(t, root, "CHANGELOG.md"))
	require.NotNil(t, heading)
	assert.Equal(t, linkit.Version, heading[1], "the top heading of CHANGELOG.md")
}
