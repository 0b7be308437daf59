// Package browsertest looks at the sandbox's page with a real browser.
package browsertest

import (
	"bufio"
	"context"
	"iter"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

// deadline is how long anything may take on a busy machine.
const deadline = 90 * time.Second

// The credentials of the sandbox, none of which the page may show.
const (
	apiKey   = "linkittest-api-key"
	token    = "sandbox-token"
	email    = "user@example.com"
	password = "your_password"
)

// browser returns the path of Chromium. Without one the test is skipped, but not in CI.
func browser(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("CI") == "true" {
		t.Fatal("Chromium isn't installed (Debian: chromium)")
	}
	t.Skip("Chromium isn't installed (Debian: chromium)")
	return ""
}

var built string // the folder of the sandbox's program, once it is built

// build builds the sandbox once.
var build = sync.OnceValues(func() (binary string, err error) {
	if built, err = os.MkdirTemp("", "sandbox"); err != nil {
		return "", err
	}
	binary = filepath.Join(built, "sandbox")
	command := exec.Command("go", "build", "-o", binary, "./examples/sandbox")
	command.Dir = "../../.."
	command.Env = append(os.Environ(), "GOWORK=off")
	command.Stderr = os.Stderr
	return binary, command.Run()
})

func TestMain(m *testing.M) {
	code := m.Run()
	if built != "" {
		_ = os.RemoveAll(built)
	}
	os.Exit(code)
}

// startSandbox starts a sandbox for one test and returns the address of its page.
func startSandbox(t *testing.T) string {
	t.Helper()
	binary, err := build()
	require.NoError(t, err)
	command := exec.CommandContext(t.Context(), binary, "-for", "5m")
	stdout, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		if address := regexp.MustCompile(`http://127\.0\.0\.1:\d+/$`).FindString(lines.Text()); address != "" {
			return strings.TrimSuffix(address, "/")
		}
	}
	require.Fail(t, "the sandbox printed no address")
	return ""
}

// tab is a page in a browser of its own.
type tab struct {
	context.Context //nolint:containedctx // chromedp's name for a tab

	t        *testing.T
	mu       sync.Mutex
	problems []string // what its console showed
}

// open starts a browser and opens the page of a sandbox.
func open(t *testing.T, address string) *tab {
	t.Helper()
	opts := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(browser(t)), chromedp.UserDataDir(t.TempDir()), chromedp.NoFirstRun, chromedp.NoSandbox,
		chromedp.DisableGPU, chromedp.Flag("headless", true), chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true), chromedp.Flag("disable-dev-shm-usage", true),
		chromedp.Flag("lang", "en-US"), chromedp.WindowSize(1360, 860), chromedp.WSURLReadTimeout(deadline),
	}
	allocator, release := chromedp.NewExecAllocator(t.Context(), opts...)
	t.Cleanup(release)
	ctx, closeTab := chromedp.NewContext(allocator)
	t.Cleanup(closeTab)
	b := &tab{Context: ctx, t: t}
	require.NoError(t, chromedp.Do(ctx)) // starts the browser
	messages := chromedp.Console(ctx)
	go b.listen(messages)
	b.run(chromedp.Navigate(address + "/"))
	b.until(`document.getElementById("connection")?.classList.contains("live")`)
	return b
}

// listen notes errors and warnings of the console.
func (b *tab) listen(messages iter.Seq2[chromedp.ConsoleMessage, error]) {
	for message, err := range messages {
		if err != nil {
			return // the browser has ended
		}
		switch message.Type {
		case chromedp.ConsoleError, chromedp.ConsoleWarning, chromedp.ConsoleException:
			b.mu.Lock()
			b.problems = append(b.problems, message.String())
			b.mu.Unlock()
		}
	}
}

// console returns the errors and warnings that the console showed, after a marker has arrived
// behind them.
func (b *tab) console() []string {
	b.t.Helper()
	const marker = "the test looks at the console"
	b.run(chromedp.Evaluate[chromedp.Void](`console.error("` + marker + `")`))
	var problems []string
	require.Eventually(b.t, func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		n := len(b.problems)
		problems = slices.Clone(b.problems)
		return n > 0 && strings.Contains(b.problems[n-1], marker)
	}, deadline, 10*time.Millisecond)
	return problems[:len(problems)-1]
}

func (b *tab) run(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b, deadline)
	defer cancel()
	require.NoError(b.t, chromedp.Do(ctx, actions...))
}

// eval returns the value of a JavaScript expression, or of the promise that it is.
func eval[T any](b *tab, expression string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b, deadline)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	require.NoError(b.t, err, expression)
	return v
}

// until waits until a JavaScript expression is true.
func (b *tab) until(expression string) {
	b.t.Helper()
	eval[bool](b, `new Promise((resolve) => {
		const check = () => (`+expression+`) ? resolve(true) : setTimeout(check, 5);
		check();
	})`)
}

// click clicks the button with a text.
func (b *tab) click(text string) {
	b.t.Helper()
	b.run(chromedp.Click(`//button[normalize-space()="` + text + `"]`))
}

// text returns all text of the document, of hidden parts too, and the values of its fields.
func (b *tab) text() string {
	b.t.Helper()
	return eval[string](
		b,
		`document.documentElement.outerHTML + [...document.querySelectorAll("input, select")].map((e) => e.value).join(" ")`,
	)
}

// newClient returns a client of a sandbox that doesn't retry, unless opts say otherwise.
func newClient(t *testing.T, address string, opts ...linkit.Option) *linkit.Client {
	t.Helper()
	opts = append([]linkit.Option{linkit.WithBaseURL(address + "/api/v1"), linkit.WithRetries(0)}, opts...)
	client, err := linkit.NewClient(opts...)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, client.Close()) })
	return client
}

// listenForHook starts a program that receives webhooks, and returns its URL and what it receives.
func listenForHook(t *testing.T) (url string, orders <-chan string) {
	t.Helper()
	received := make(chan string, 10)
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		order, err := linkit.ParseOrder(r.Body)
		if assert.NoError(t, err) {
			received <- order.ID
		}
		w.WriteHeader(http.StatusAccepted)
	})
	server := &http.Server{ReadHeaderTimeout: deadline, Handler: handler}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { assert.NoError(t, server.Close()) })
	return "http://" + listener.Addr().String() + "/orders", received
}
