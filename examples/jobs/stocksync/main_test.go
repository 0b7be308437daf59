package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/examples/jobs/internal/database"
	"github.com/linkit-go/linkit/linkittest"
)

const mainVariable = "STOCKSYNC_TEST_MAIN"

// TestMain runs the tests or, in a process that a test has started, the program.
func TestMain(m *testing.M) {
	if os.Getenv(mainVariable) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// output is what a process has printed.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(text []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(text)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// process is stocksync in a process of its own.
type process struct {
	t              *testing.T
	command        *exec.Cmd
	stdout, stderr output
}

// start starts stocksync. server may be nil.
func start(t *testing.T, server *linkittest.Server, args ...string) *process {
	t.Helper()
	p := &process{t: t, command: exec.CommandContext(t.Context(), os.Args[0], args...)}
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "LINKIT_") {
			p.command.Env = append(p.command.Env, variable)
		}
	}
	p.command.Env = append(p.command.Env, mainVariable+"=1")
	if server != nil {
		p.command.Env = append(p.command.Env, "LINKIT_BASE_URL="+server.URL, "LINKIT_API_KEY="+linkittest.APIKey)
	}
	p.command.Stdout, p.command.Stderr = &p.stdout, &p.stderr
	require.NoError(t, p.command.Start())
	t.Cleanup(func() {
		if p.command.ProcessState == nil {
			_ = p.command.Process.Kill()
			_ = p.command.Wait()
		}
	})
	return p
}

// wait returns the exit code.
func (p *process) wait() int {
	p.t.Helper()
	_ = p.command.Wait()
	return p.command.ProcessState.ExitCode()
}

// lines returns the JSON lines with a message.
func (p *process) lines(message string) (lines []map[string]any) {
	p.t.Helper()
	for text := range strings.Lines(p.stdout.String()) {
		var line map[string]any
		require.NoError(p.t, json.Unmarshal([]byte(text), &line), "each line is JSON: %s", text)
		if line["msg"] == message {
			lines = append(lines, line)
		}
	}
	return lines
}

// shop is a fake server with products at branches, and a database with their stock.
func shop(t *testing.T, branches, products int) (*linkittest.Server, string) {
	t.Helper()
	server := linkittest.New(t)
	for branch := range branches {
		server.AddBranches(linkit.Branch{IvID: fmt.Sprintf("B%d", branch)})
	}
	path := filepath.Join(t.TempDir(), "stock.db")
	exec := execOn(t, path)
	exec(`CREATE TABLE stock (sku, product, branch, qty, price, cost, available)`)
	for product := range products {
		server.AddProducts(linkit.Product{IvID: fmt.Sprintf("P%d", product)})
		for branch := range branches {
			exec(fmt.Sprintf(`INSERT INTO stock VALUES (NULL, 'P%d', 'B%d', %d, 7.25, 3, 1)`, product, branch, product))
		}
	}
	return server, path
}

func execOn(t *testing.T, path string) func(statement string) {
	t.Helper()
	db, err := database.Open(t.Context(), path)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	return func(statement string) {
		_, err := db.ExecContext(t.Context(), statement)
		require.NoError(t, err)
	}
}

func posts(server *linkittest.Server) (n int) {
	for _, r := range server.Requests() {
		if r.Method == http.MethodPost {
			n++
		}
	}
	return n
}

func TestDemonstrationAccountsForEveryRecordWhateverVariablesAreSet(t *testing.T) {
	t.Parallel()
	server, _ := shop(t, 1, 1) // to whose address the variables lead
	p := start(t, server)
	require.Zero(t, p.wait(), "%s%s", &p.stdout, &p.stderr)
	text := p.stdout.String()
	assert.Contains(t, text, "3000 records: 0 unchanged, 2998 sent, 2 rejected, 0 waiting")
	assert.Contains(t, text, "3000 records: 2998 unchanged, 0 sent, 2 rejected, 0 waiting; 0 requests with 0 records")
	assert.Contains(t, text, "Accounted for: 3000 records in the database, 2998 equal at Linkit, 2 rejected:")
	assert.Contains(t, text, "ITEM-007_BR-03: 422 Validation error: the branch is closed")
	assert.Contains(t, text, `ITEM-042_BR-11: qty: "12,5" is not a whole number`)
	assert.Empty(t, p.stderr.String())
	assert.Empty(t, server.Requests())
}

func TestAFlagThatIsWrongSaysWhatWouldBeRight(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"-once":                                    "stocksync: -dsn is missing: the database to read, postgres://... or the path of a SQLite file",
		"-live -yes":                               "stocksync: -dsn is missing",
		"-dsn x.db":                                "add -dry-run to see what would be sent, or -live -yes to send it",
		"-dsn mysql://u:secret@h/d -dry-run":       `the dsn begins with "mysql://": give postgres://`,
		"-dsn x.db -live -mode create":             "-mode create is not possible",
		"-dsn x.db -live -mode merge":              `-mode "merge" is neither upsert nor update`,
		"-dsn x.db -live -every 0s":                "-every 0s is not positive",
		"-dsn x.db -live -every soon":              "invalid value \"soon\" for flag -every",
		"-dsn x.db -live -timeout 10ms":            "-timeout 10ms is shorter than a second",
		"-dsn x.db -live -workers 0":               "-workers 0 is not between 1 and 256",
		"-dsn x.db -live -shards 5000":             "-shards 5000 is not between 1 and 1024",
		"-dsn x.db -dry-run -verify":               "-dry-run and -verify exclude each other",
		"-dsn x.db -live":                          "-live needs a credential: set LINKIT_API_KEY",
		"-dsn x.db -live -listen 127.0.0.1:999999": "-listen: ",
		"-dsn x.db -nonsense":                      "flag provided but not defined: -nonsense",
		"stock.db":                                 `unexpected argument "stock.db"`,
	} {
		p := start(t, nil, strings.Fields(args)...)
		assert.Equal(t, 2, p.wait(), args)
		assert.Contains(t, p.stderr.String(), want, args)
		assert.NotContains(t, p.stderr.String()+p.stdout.String(), "secret", args)
		assert.NoFileExists(t, "x.db", args)
	}
	p := start(t, nil, "-help")
	assert.Zero(t, p.wait())
	for _, flag := range []string{"dsn", "query", "state", "every", "once", "workers", "shards", "dry-run", "verify", "listen"} {
		assert.Contains(t, p.stderr.String(), "-"+flag)
	}
}

func TestLiveSaysWhatItWritesAndWhereAndNeedsYes(t *testing.T) {
	t.Parallel()
	server, path := shop(t, 1, 3)
	p := start(t, server, "-dsn", path, "-live", "-once")
	assert.Equal(t, 2, p.wait())
	assert.Contains(t, p.stdout.String(), "On 127.0.0.1:")
	assert.Contains(t, p.stdout.String(), "in the credential's own organization, this writes the stock and prices of "+path)
	assert.Contains(t, p.stderr.String(), "nothing was sent: add -yes to write that")
	assert.Empty(t, server.Requests())
	assert.NoFileExists(t, path+"-stocksync.lock")
}

func TestOnceEndsWithTheCodeOfItsResult(t *testing.T) {
	t.Parallel()
	server, path := shop(t, 3, 100)
	once := func(args ...string) *process {
		p := start(t, server, append([]string{"-dsn", path, "-live", "-yes", "-once"}, args...)...)
		p.wait()
		return p
	}
	summary := func(p *process) map[string]any {
		lines := p.lines("pass")
		require.Len(t, lines, 1, "%s%s", &p.stdout, &p.stderr)
		figures, ok := lines[0]["summary"].(map[string]any)
		require.True(t, ok)
		return figures
	}
	code := func(p *process) int { return p.command.ProcessState.ExitCode() }

	p := once()
	assert.Zero(t, code(p))
	assert.InDelta(t, 300, summary(p)["sent"], 0)
	p = once()
	assert.Zero(t, code(p))
	assert.InDelta(t, 300, summary(p)["unchanged"], 0)
	assert.InDelta(t, 0, summary(p)["requests"], 0)

	exec := execOn(t, path)
	exec(`UPDATE stock SET qty = qty + 500`)
	remove := server.Inject(linkittest.Fault{Method: http.MethodPost, Path: "/skus/bulk", Status: 429, Times: -1,
		Header: http.Header{"Retry-After": {"3600"}}})
	p = once()
	assert.Equal(t, 1, code(p), "another run may mend it")
	assert.InDelta(t, 300, summary(p)["failed"], 0)
	remove()

	assert.Equal(t, 2, code(once("-query", "SELECT qty FROM stock")))
	assert.Contains(t, once("-query", "SELECT qty FROM stock").stderr.String(),
		"stocksync: -query: it needs a column sku, or the columns product and branch")
	assert.Equal(t, 2, code(once("-shards", "3")))
	assert.Equal(t, 1, code(once("-dsn", path+".missing")), "the database is away")
	assert.NoFileExists(t, path+".missing")

	server.SetSuspended(linkittest.OrganizationID, true)
	p = once()
	assert.Equal(t, 4, code(p), "a person must do something")
	assert.Contains(t, p.stdout.String(), "the organization is suspended: settle its payments")
	server.SetSuspended(linkittest.OrganizationID, false)
	server.RevokeAPIKey(linkittest.APIKey)
	p = once()
	assert.Equal(t, 4, code(p))
	assert.Contains(t, p.stdout.String(), "put a valid one into LINKIT_API_KEY")
	server.AddAPIKey(linkittest.APIKey, linkittest.OrganizationID)

	server.Refuse("/skus", "P7_B1", http.StatusUnprocessableEntity, "closed")
	p = once()
	assert.Equal(t, 3, code(p), "in sync but for rejected records")
	assert.InDelta(t, 299, summary(p)["sent"], 0)
	assert.Contains(t, p.stdout.String(), "in sync but for 1 rejected records: SELECT * FROM linkit_rejected says why")
	assert.Equal(t, 3, code(once()))
	exec(`UPDATE stock SET qty = 1 WHERE product = 'P9'`)

	p = once("-verify")
	assert.Equal(t, 3, code(p))
	require.Len(t, p.lines("verified"), 1)
	assert.InDelta(t, 3, summary(p)["sent"], 0)
}

func TestDryRunPrintsTheDifferenceAndNeedsNoCredential(t *testing.T) {
	t.Parallel()
	server, path := shop(t, 2, 5)
	p := start(t, nil, "-dsn", path, "-dry-run")
	assert.Zero(t, p.wait(), "%s", &p.stderr)
	assert.Len(t, p.lines("difference"), 10)
	require.Equal(t, 0, start(t, server, "-dsn", path, "-live", "-yes", "-once").wait())
	sent := posts(server)

	execOn(t, path)(`UPDATE stock SET price = 8 WHERE product = 'P3' AND branch = 'B1'`)
	p = start(t, nil, "-dsn", path, "-dry-run")
	assert.Zero(t, p.wait())
	lines := p.lines("difference")
	require.Len(t, lines, 1)
	assert.Equal(t, "P3_B1", lines[0]["sku"])
	assert.Equal(t, map[string]any{"product": "P3", "qty": 3.0, "price": 7.25, "cost": 3.0, "available": true}, lines[0]["old"])
	assert.Equal(t, map[string]any{"product": "P3", "qty": 3.0, "price": 8.0, "cost": 3.0, "available": true}, lines[0]["new"])
	last := p.lines("dry run: nothing was sent or written")
	require.Len(t, last, 1)
	assert.InDelta(t, 9, last[0]["unchanged"], 0)
	assert.Equal(t, sent, posts(server))
}

func TestTermEndsAfterTheRequestsInFlight(t *testing.T) {
	t.Parallel()
	server, path := shop(t, 4, 100)
	server.SetDelay(time.Second)
	p := start(t, server, "-dsn", path, "-live", "-yes", "-workers", "1", "-listen", "127.0.0.1:0")
	require.Eventually(t, func() bool { return posts(server) == 1 }, time.Minute, time.Millisecond)
	metrics := p.lines("listening")[0]["metrics"].(string) //nolint:errcheck,forcetypeassert // it fails the test
	assert.Equal(t, "ok\n", get(t, strings.Replace(metrics, "/metrics", "/healthz", 1)))
	require.NoError(t, p.command.Process.Signal(syscall.SIGTERM))
	assert.Zero(t, p.wait(), "%s%s", &p.stdout, &p.stderr)
	assert.Equal(t, 1, posts(server), "no request is begun afterwards")
	assert.Len(t, p.lines("stopped by a signal; nothing is in flight"), 1)

	db, err := database.OpenReadOnly(t.Context(), path)
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	var sent, open int
	require.NoError(t, db.QueryRowContext(t.Context(), `SELECT (SELECT count(*) FROM linkit_sent),
		(SELECT count(*) FROM linkit_inflight)`).Scan(&sent, &open))
	assert.Positive(t, sent, "what was in flight is acknowledged")
	assert.Zero(t, open)
}

func TestListenServesWhatIsMeasured(t *testing.T) {
	t.Parallel()
	server, path := shop(t, 2, 50)
	p := start(t, server, "-dsn", path, "-live", "-yes", "-every", "50ms", "-listen", "127.0.0.1:0")
	require.Eventually(t, func() bool { return len(p.lines("pass")) > 1 }, time.Minute, 10*time.Millisecond)
	text := get(t, p.lines("listening")[0]["metrics"].(string)) //nolint:errcheck,forcetypeassert // it fails the test
	for _, line := range []string{
		`stocksync_records{`, `result="unchanged"} 100`, `stocksync_records_sent_total{`, `stocksync_last_sync_seconds`,
		`stocksync_passes_total{failed="false"`, `http_client_request_duration_seconds_count{`,
	} {
		assert.Contains(t, text, line)
	}
	execOn(t, path)(`UPDATE stock SET qty = 77`)
	require.Eventually(t, func() bool {
		return strings.Contains(get(t, p.lines("listening")[0]["metrics"].(string)), "} 200\n") //nolint:errcheck,forcetypeassert // likewise
	}, time.Minute, 50*time.Millisecond, "it looks again and again")
	require.NoError(t, p.command.Process.Signal(os.Interrupt))
	assert.Zero(t, p.wait())
}

func get(t *testing.T, url string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	require.NoError(t, err)
	response, err := new(http.Client).Do(request)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return string(text)
}
