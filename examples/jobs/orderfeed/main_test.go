package main

import (
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit/examples/jobs/internal/program"
	"github.com/linkit-go/linkit/linkittest"
)

// runProgram runs the program with files in the place of its outputs, and returns what it wrote.
func runProgram(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	folder := t.TempDir()
	outFile, err := os.Create(filepath.Join(folder, "out"))
	require.NoError(t, err)
	errFile, err := os.Create(filepath.Join(folder, "err"))
	require.NoError(t, err)
	code = run(t.Context(), args, program.NewOutput(outFile), errFile, nil)
	text := func(file *os.File) string {
		_, err := file.Seek(0, io.SeekStart)
		require.NoError(t, err)
		b, err := io.ReadAll(file)
		require.NoError(t, err)
		require.NoError(t, file.Close())
		return string(b)
	}
	return code, text(outFile), text(errFile)
}

// setService leads the LINKIT_* variables to a server in the place of the service.
func setService(t *testing.T) *linkittest.Server {
	t.Helper()
	server := linkittest.New(t)
	for name, value := range map[string]string{
		"LINKIT_BASE_URL": server.URL, "LINKIT_API_KEY": linkittest.APIKey, "LINKIT_ORGANIZATION_ID": linkittest.OrganizationID,
		"LINKIT_TOKEN": "", "LINKIT_EMAIL": "", "LINKIT_PASSWORD": "", "WEBHOOK_SECRET": "",
	} {
		t.Setenv(name, value)
	}
	return server
}

func TestWithoutFlagsItDemonstratesItselfWhateverVariablesAreSet(t *testing.T) {
	t.Parallel()
	service, folder := linkittest.New(t), t.TempDir()
	demonstration := exec.CommandContext(t.Context(), os.Args[0])
	demonstration.Env = append(os.Environ(), asWorker+"=1", "TMPDIR="+folder, "WEBHOOK_SECRET="+secret,
		"LINKIT_BASE_URL="+service.URL, "LINKIT_API_KEY="+linkittest.APIKey, "LINKIT_TOKEN=both", "LINKIT_LOG=debug")
	out, err := demonstration.CombinedOutput()
	require.NoError(t, err, string(out))
	assert.Contains(t, string(out), "400 orders at Linkit, 400 stored")
	assert.Contains(t, string(out), "1200 events are in order_events; 1200 were handed on")
	assert.Empty(t, service.Requests())
	left, err := os.ReadDir(folder)
	require.NoError(t, err)
	assert.Empty(t, left)
}

func TestFlagsThatAreWrongAreNamedBeforeAnythingHappens(t *testing.T) {
	service := setService(t)
	dsn := filepath.Join(t.TempDir(), "orders.db")
	short := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(short, []byte("s3cret\n"), 0o600))
	for args, want := range map[string]string{
		"-dsn " + dsn:                                     "-live",
		"-live -yes -dsn=":                                "-dsn",
		"-live -yes -exec a -post http://b":               "-exec and -post",
		"-live -yes -post nowhere/t0ken":                  "-post",
		"-live -yes -every 10ms":                          "-every",
		"-live -yes -workers 0":                           "-workers",
		"-live -yes -secret-file " + short:                "-listen",
		"-live -listen 127.0.0.1:0 -secret-file /no":      "-secret-file",
		"-live -listen 127.0.0.1:-1 -dsn " + dsn:          "-listen",
		"-live -dsn " + dsn:                               "-yes",
		"-live -listen 127.0.0.1:0 -secret-file " + short: "16 characters",
		"-no-such-flag":                                   "no-such-flag",
		"-live orders":                                    "orders",
	} {
		code, out, errs := runProgram(t, strings.Fields(args)...)
		assert.Equal(t, program.ExitUsage, code, args)
		assert.Contains(t, errs, want, args)
		for _, secret := range []string{"t0ken", "s3cret", linkittest.APIKey} {
			assert.NotContains(t, out+errs, secret, args)
		}
	}
	assert.Empty(t, service.Requests())
	assert.NoFileExists(t, dsn)
}

func TestADSNThatIsWrongIsAFlagThatIsWrong(t *testing.T) {
	service := setService(t)
	for dsn, want := range map[string]string{
		"mysql://feed:pa55word@db/shop":           `"mysql://"`,
		"postgres://feed:pa55word@db:x/shop":      "port",
		"host=db port=x password=pa55word":        "port",
		"password=pa55word host=db sslmode=never": "sslmode",
	} {
		code, out, errs := runProgram(t, "-live", "-yes", "-dsn", dsn)
		assert.Equal(t, program.ExitUsage, code, dsn)
		assert.Contains(t, errs, want)
		assert.NotContains(t, out+errs, "pa55word")
	}
	assert.Empty(t, service.Requests())
}

func TestASecondProcessOfASQLiteFileEndsWithAMessage(t *testing.T) {
	setService(t)
	dsn := filepath.Join(t.TempDir(), "orders.db")
	begin, halt := context.WithCancel(t.Context())
	defer halt()
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	require.NoError(t, err)
	first := make(chan int, 1)
	arguments := []string{"-live", "-yes", "-dsn", dsn}
	go func() { first <- run(begin, arguments, program.NewOutput(out), out, nil) }()
	require.Eventually(t, func() bool {
		text, err := os.ReadFile(out.Name())
		return assert.NoError(t, err) && strings.Contains(string(text), `"started"`)
	}, time.Minute, 10*time.Millisecond)

	code, text, _ := runProgram(t, arguments...)
	assert.Equal(t, program.ExitFailed, code)
	assert.Contains(t, text, dsn+": another orderfeed works on this file; for several processes use PostgreSQL")
	halt()
	assert.Equal(t, program.ExitOK, <-first)
	require.NoError(t, out.Close())
}

func TestItSaysWhatItWillWriteAndWhereBeforeItMay(t *testing.T) {
	setService(t)
	code, out, _ := runProgram(t, "-live", "-dsn", "postgres://feed:pa55word@db.internal/shop", "-post", "http://erp/t0ken")
	assert.Equal(t, program.ExitUsage, code)
	for _, part := range []string{
		linkittest.OrganizationID, "only reads orders", "linkit_orders", "linkit_order_hints", "order_events", "river_*",
		"postgres://db.internal/shop", "-post",
	} {
		assert.Contains(t, out, part)
	}
	assert.NotContains(t, out, "pa55word")
	assert.NotContains(t, out, "t0ken")
}

func TestSuspensionEndsItWithWhatToDo(t *testing.T) {
	service := setService(t)
	service.SetSuspended(linkittest.OrganizationID, true)
	code, out, _ := runProgram(t, "-live", "-yes", "-dsn", filepath.Join(t.TempDir(), "orders.db"))
	assert.Equal(t, program.ExitPerson, code)
	assert.Contains(t, out, "the organization is suspended")
}
