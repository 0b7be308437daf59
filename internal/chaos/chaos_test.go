package chaos_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
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

// duration is how long the torment lasts; LINKIT_CHAOS=10m makes it longer than in CI.
func duration(t *testing.T) time.Duration {
	t.Helper()
	text := os.Getenv("LINKIT_CHAOS")
	if text == "" {
		return 30 * time.Second
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

const tokenLife = 5 * time.Second

func TestEveryWriteIsAccountedForWhateverIsStoppedAndKilled(t *testing.T) {
	s := newService(t)
	var organizations []string
	for i := range writers {
		organizations = append(organizations, organization(i))
	}
	s.AddUser(email, pass, organizations...)
	s.SetTokenTTL(tokenLife)
	n := servers.StartNginx(t, servers.NginxConfig{Backend: strings.TrimSuffix(strings.TrimPrefix(s.URL, "http://"), "/api/v1")})
	r := servers.StartRedis(t)
	f := startWriters(t, fmt.Sprintf("http://127.0.0.1:%d/api/v1", n.Port), r.Addr)

	web := nginxVictim(n)
	m := &torment{t: t, victims: []*victim{web, web, plain("redis", r.Process)}}
	for _, p := range f.processes {
		m.victims = append(m.victims, plain("writer", p))
	}
	number := seed(t)
	t.Logf("LINKIT_CHAOS_SEED=%d", number)
	ctx, cancel := context.WithTimeout(t.Context(), duration(t))
	defer cancel()
	began := time.Now()
	m.run(ctx, number)

	f.end(t)
	t.Logf("figures: %s", s.balance(t, f.journals))
	t.Logf("figures: %s", m.figures())
	// Each on its own, a process signs in once in a token's life, and once more after each start.
	most := writers*int(time.Since(began)/(tokenLife/2)) + 2*len(f.journals)
	assert.Less(t, s.signIns, most, "sign-ins")
}
