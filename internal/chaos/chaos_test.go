package chaos_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit/internal/servers"
)

// TestMain lets the test binary be a writer.
func TestMain(m *testing.M) {
	redis.SetLogger(silent{})
	if task := os.Getenv(taskVar); task != "" {
		os.Exit(runWriter(task)) //nolint:forbidigo // it is a program here
	}
	m.Run()
}

// silent is go-redis' own logger, which tells of every connection that can't be made.
type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}

const shortest = 30 * time.Second // in which everything happens

// duration is how long the torment lasts; LINKIT_CHAOS=10m makes it longer than in CI.
func duration(t *testing.T) time.Duration {
	t.Helper()
	text := os.Getenv("LINKIT_CHAOS")
	if text == "" {
		return shortest
	}
	d, err := time.ParseDuration(text)
	require.NoError(t, err, "LINKIT_CHAOS")
	return d
}

// seed is what the torment's order is drawn from: LINKIT_CHAOS_SEED, or another one each time.
func seed(t *testing.T) uint64 {
	t.Helper()
	text := os.Getenv("LINKIT_CHAOS_SEED")
	if text == "" {
		return rand.Uint64()
	}
	n, err := strconv.ParseUint(text, 10, 64)
	require.NoError(t, err, "LINKIT_CHAOS_SEED")
	return n
}

func TestEverythingIsAccountedForWhateverIsStoppedAndKilled(t *testing.T) {
	s := newService(t)
	var organizations []string
	for i := range writers {
		organizations = append(organizations, organization(i))
	}
	s.AddUser(email, pass, organizations...)
	s.SetTokenTTL(tokenLife)
	web := servers.StartNginx(t, servers.NginxConfig{Backend: strings.TrimSuffix(strings.TrimPrefix(s.URL, "http://"), "/api/v1")})
	baseURL := fmt.Sprintf("http://127.0.0.1:%d/api/v1", web.Port)
	memory := servers.StartRedis(t)
	programs := newJobs(t, s, baseURL)
	stock, feed := startStock(t, programs), startFeed(t, programs)
	began := time.Now()
	writers := startWriters(t, baseURL, memory.Addr)

	m := &torment{t: t, victims: slices.Concat(
		[]*victim{nginxVictim(web), plain("redis", memory.Process)}, writers.victims(), programs.victims(),
	)}
	m.victims = append(m.victims, m.victims[0]) // nginx twice: everything goes through it
	number := seed(t)
	t.Logf("LINKIT_CHAOS_SEED=%d", number)
	ctx, cancel := context.WithTimeout(t.Context(), duration(t))
	defer cancel()
	var changing sync.WaitGroup
	changing.Go(func() { stock.change(ctx) })
	changing.Go(func() { feed.change(ctx) })
	m.run(ctx, number)
	changing.Wait()

	t.Logf("figures: %s", writers.check(t, s, time.Since(began)))
	t.Logf("figures: %s", stock.check(t))
	t.Logf("figures: %s", feed.check(t))
	t.Logf("figures: %s", m.figures())
	if duration(t) >= shortest {
		m.requireAll()
	}
}
