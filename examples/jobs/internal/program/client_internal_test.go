package program

import (
	"bytes"
	"flag"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestClientIsMadeOnlyOfAWholeCredentialAndAYes(t *testing.T) {
	const writes = "writes stock"
	for name, row := range map[string]struct {
		flags  Flags
		writes string
		env    string
		said   string
		err    string // "": a client
	}{
		"not live":             {Flags{Yes: true}, writes, "LINKIT_API_KEY=k", "", "-live is missing"},
		"no credential":        {Flags{Live: true, Yes: true}, writes, "", "", "-live needs a credential"},
		"email alone":          {Flags{Live: true, Yes: true}, writes, "LINKIT_EMAIL=a@b.example", "", "-live needs a credential"},
		"password alone":       {Flags{Live: true, Yes: true}, writes, "LINKIT_PASSWORD=p", "", "-live needs a credential"},
		"no yes":               {Flags{Live: true}, writes, "LINKIT_API_KEY=k", "On linkit.works, in the credential's own organization, this writes stock.", "add -yes"},
		"reading needs no yes": {Flags{Live: true}, "", "LINKIT_API_KEY=k", "", ""},
		"key":                  {Flags{Live: true, Yes: true}, writes, "LINKIT_API_KEY=k LINKIT_ORGANIZATION_ID=org_7", "in organization org_7, this", ""},
		"token":                {Flags{Live: true, Yes: true}, writes, "LINKIT_TOKEN=t", writes, ""},
		"email and password":   {Flags{Live: true, Yes: true}, writes, "LINKIT_EMAIL=a@b.example LINKIT_PASSWORD=p", writes, ""},
		"another host":         {Flags{Live: true, Yes: true}, writes, "LINKIT_API_KEY=k LINKIT_BASE_URL=http://127.0.0.1:8080/api", "On 127.0.0.1:8080, in", ""},
		"no host":              {Flags{Live: true, Yes: true}, writes, "LINKIT_API_KEY=k LINKIT_BASE_URL=/api", "On the host of LINKIT_BASE_URL, in", "LINKIT_BASE_URL"},
		"no URL":               {Flags{Live: true, Yes: true}, writes, "LINKIT_API_KEY=k LINKIT_BASE_URL=http://[", "On the host of LINKIT_BASE_URL, in", "LINKIT_BASE_URL"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, variable := range []string{"API_KEY", "TOKEN", "EMAIL", "PASSWORD", "ORGANIZATION_ID", "BASE_URL"} {
				t.Setenv("LINKIT_"+variable, "")
			}
			for variable := range strings.FieldsSeq(row.env) {
				name, value, _ := strings.Cut(variable, "=")
				t.Setenv(name, value)
			}
			var screen bytes.Buffer
			client, err := row.flags.NewClient(newOutput(&screen, true), row.writes)
			assert.Contains(t, screen.String(), row.said)
			assert.Equal(t, row.said == "", screen.Len() == 0)
			if row.err == "" {
				require.NoError(t, err)
				require.NoError(t, client.Close())
				return
			}
			require.ErrorContains(t, err, row.err)
			assert.Equal(t, ExitUsage, ExitCode(err))
			assert.Nil(t, client)
		})
	}
}

func TestFlagsOfTheServiceAreRead(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]Flags{
		"": {}, "-live": {Live: true}, "-live -yes -listen :9090": {true, true, ":9090"},
	} {
		var got Flags
		set := flag.NewFlagSet("job", flag.ContinueOnError)
		got.Register(set)
		require.NoError(t, set.Parse(strings.Fields(args)))
		assert.Equal(t, want, got)
	}
}
