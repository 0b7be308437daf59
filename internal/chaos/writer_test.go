package chaos_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/internal/servers"
	"github.com/linkit-go/linkit/linkitredis"
)

const (
	taskVar = "CHAOS_TEST_TASK" // what this program does instead of running the tests

	writers   = 3
	lanes     = 8 // of each writer: goroutines that write one after the other
	rate      = 150
	tokenLife = 5 * time.Second
	email     = "writer@example.com"
	pass      = "wr1ter-Pa55-Zq"
)

// task is what a writer is to do.
type task struct {
	URL, Redis   string
	Journal      string
	Name         string // of this process, unique: its writes' names begin with it
	Organization string
}

func organization(writer int) string { return fmt.Sprintf("org_writer_%d", writer) }

// fleet is the writers, each in a process of its own.
type fleet struct {
	processes []*servers.Process
	mu        sync.Mutex
	journals  []string
}

// startWriters starts the writers.
func startWriters(t *testing.T, url, redis string) *fleet {
	t.Helper()
	f, dir := &fleet{}, t.TempDir()
	for i := range writers {
		starts, path := 0, ""
		f.processes = append(f.processes, servers.StartProcess(t, func() *exec.Cmd {
			starts++
			name := fmt.Sprintf("w%d.%d", i, starts)
			path = filepath.Join(dir, name)
			return f.command(&task{URL: url, Redis: redis, Journal: path, Name: name, Organization: organization(i)})
		}, func() bool {
			_, err := os.Stat(path)
			return err == nil // it has begun, and ends as it should
		}))
	}
	return f
}

func (f *fleet) command(do *task) *exec.Cmd {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.journals = append(f.journals, do.Journal)
	encoded, err := json.Marshal(do)
	if err != nil {
		panic(err) // strings can't fail
	}
	command := exec.Command(os.Args[0]) //nolint:noctx // it ends with the test
	command.Env = append(os.Environ(), taskVar+"="+string(encoded))
	return command
}

// runWriter is the program of a writer. It writes until SIGTERM, and returns its exit code: not zero
// when something of the client is left.
func runWriter(text string) int {
	var do task
	if err := json.Unmarshal([]byte(text), &do); err != nil {
		panic(err)
	}
	stop, release := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer release()
	file, err := os.OpenFile(do.Journal, os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		panic(err)
	}
	goroutines, sockets := runtime.NumGoroutine(), openSockets()
	connection := redis.NewClient(&redis.Options{Addr: do.Redis})
	store := linkitredis.New(connection)
	client, err := linkit.NewClient(
		linkit.WithBaseURL(do.URL), linkit.WithOrganization(do.Organization), linkit.WithUserAgent(do.Name),
		linkit.WithLogin(email, pass), linkit.WithSessionStore(store), linkit.WithLimiter(store.Limiter("chaos", rate, 10)),
		linkit.WithRetryWait(20*time.Millisecond, 500*time.Millisecond), linkit.WithAttemptTimeout(time.Second),
	)
	if err != nil {
		panic(err)
	}
	var group sync.WaitGroup
	for i := range lanes {
		l := &lane{
			client: client, journal: &journal{file: file}, organization: do.Organization, prefix: fmt.Sprintf("%s.%d", do.Name, i),
		}
		group.Go(func() { l.run(stop) })
	}
	group.Wait()
	if err := client.Close(); err != nil {
		panic(err)
	}
	if err := connection.Close(); err != nil {
		panic(err)
	}
	return left(goroutines, sockets)
}

// left waits until there are no more goroutines and sockets than before.
func left(goroutines, sockets int) (code int) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for runtime.NumGoroutine() > goroutines || openSockets() > sockets {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			stacks := make([]byte, 1<<20)
			fmt.Printf("%d goroutines instead of %d, %d sockets instead of %d are left:\n%s",
				runtime.NumGoroutine(), goroutines, openSockets(), sockets, stacks[:runtime.Stack(stacks, true)])
			return 1
		}
	}
	return 0
}

// openSockets counts this process's sockets, where the system shows them.
func openSockets() (n int) {
	files, _ := filepath.Glob("/proc/self/fd/*") // the pattern is correct
	for _, file := range files {
		if target, _ := os.Readlink(file); strings.HasPrefix(target, "socket:") {
			n++
		}
	}
	return n
}

// lane is one goroutine of a writer.
type lane struct {
	client       *linkit.Client
	journal      *journal
	organization string
	prefix       string // of the names of its writes
	product      string // the product that was created last
}

func (l *lane) run(stop context.Context) {
	ctx := context.WithoutCancel(stop) // what was begun is finished
	kinds := []kind{createProduct, updateProduct, createOffer, createProducts, updateProduct, upsertProducts}
	for n := 0; stop.Err() == nil; n++ {
		w := write{ID: fmt.Sprintf("%s.%d", l.prefix, n), Kind: kinds[n%len(kinds)], Key: l.product}
		if w.Kind == updateProduct && w.Key == "" {
			continue
		}
		l.write(ctx, &w)
		if l.product != "" && n%3 == 0 {
			l.read(ctx, l.product)
		}
	}
}

const callTimeout = 15 * time.Second

func (l *lane) write(ctx context.Context, w *write) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	var response linkit.Response
	l.journal.add(&line{Intent: w})
	err := l.call(linkit.ContextWithResponse(ctx, &response), w)
	o := &outcome{Write: w.ID, Result: resultOf(err), Attempts: response.Attempts}
	if err != nil {
		o.Error = err.Error()
	} else if w.Kind == createProduct {
		l.product = w.ID
	}
	l.journal.add(&line{Outcome: o})
}

func (l *lane) call(ctx context.Context, w *write) (err error) {
	switch w.Kind {
	case createProduct:
		_, err = l.client.Products.Create(ctx, linkit.ProductParams{IvID: w.ID, NameEn: w.ID})
	case updateProduct:
		_, err = l.client.Products.Update(ctx, w.Key, linkit.ProductParams{IvID: w.Key, NameEn: w.ID})
	case createOffer:
		_, err = l.client.Offers.Create(ctx, linkit.OfferParams{Name: w.ID})
	case createProducts:
		_, err = l.client.Products.Bulk(ctx, linkit.BulkCreate, products(w.names(), w.ID))
	case upsertProducts:
		_, err = l.client.Products.Bulk(ctx, linkit.BulkUpsert, products(w.names(), l.prefix))
	}
	return err
}

// products are records with names, and with keys that begin with key.
func products(names []string, key string) []linkit.ProductParams {
	records := make([]linkit.ProductParams, len(names))
	for i, name := range names {
		records[i] = linkit.ProductParams{IvID: fmt.Sprintf("%s.bulk.%d", key, i), NameEn: name}
	}
	return records
}

// read reads a product of this lane.
func (l *lane) read(ctx context.Context, key string) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	p, err := l.client.Products.Get(ctx, key)
	if err == nil && (p.IvID != key || p.OrganizationID != l.organization || !strings.HasPrefix(p.NameEn, l.prefix+".")) {
		l.journal.add(&line{Mixed: fmt.Sprintf("%s of %s, named %s, instead of %s of %s",
			p.IvID, p.OrganizationID, p.NameEn, key, l.organization)})
	}
}

func (f *fleet) victims() (all []*victim) {
	for _, p := range f.processes {
		all = append(all, plain("writer", p))
	}
	return all
}

// check lets the writers finish, checks that nothing of their clients is left, and accounts for their
// writes and sign-ins.
func (f *fleet) check(t *testing.T, s *service, took time.Duration) string {
	t.Helper()
	var ending sync.WaitGroup
	for _, p := range f.processes {
		ending.Go(func() { p.End(syscall.SIGTERM, time.Minute) })
	}
	ending.Wait()
	for _, p := range f.processes {
		assert.Zero(t, p.ExitCode(), "%s", p.Log())
	}
	// Each on its own, a process signs in once in a token's life, and once more after each start.
	most := writers*int(took/(tokenLife/2)) + 2*len(f.journals)
	assert.Less(t, s.signIns, most, "sign-ins")
	return s.balance(t, f.journals)
}
