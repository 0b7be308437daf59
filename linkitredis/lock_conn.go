package linkitredis

import (
	"context"
	_ "embed"
	"sync/atomic"
	"time"

	syncredis "github.com/go-redsync/redsync/v4/redis"
	"github.com/go-redsync/redsync/v4/redis/goredis/v9"
	"github.com/redis/go-redis/v9"
)

//go:embed lock.lua
var lockSource string

var lockScript = redis.NewScript(lockSource)

// lockPool is redsync's connection to Redis, except for taking a lock: redsync's own command, once written to a Redis
// that hangs, would take the lock for nobody when Redis goes on, and hold the fleet up for a lease.
type lockPool struct {
	client redis.UniversalClient
	sent   atomic.Bool // the lock may have been taken
}

func (p *lockPool) Get(ctx context.Context) (syncredis.Conn, error) {
	conn, err := goredis.NewPool(p.client).Get(ctx)
	return &lockConn{Conn: conn, take: func(name, value string, lease time.Duration) (bool, error) {
		return p.take(ctx, name, value, lease)
	}}, err
}

// take asks for the time first, by Redis' own clock, and then for the lock by a second later.
func (p *lockPool) take(ctx context.Context, name, value string, lease time.Duration) (bool, error) {
	run := func(latest int64) (int64, error) {
		return lockScript.Run(ctx, p.client, []string{name}, value, lease.Milliseconds(), latest).Int64()
	}
	now, err := run(0)
	if err != nil || now < 0 {
		return false, err
	}
	p.sent.Store(true)
	taken, err := run(now + stepTime.Milliseconds())
	return taken == 1, err
}

type lockConn struct {
	syncredis.Conn
	take func(name, value string, lease time.Duration) (bool, error)
}

func (c *lockConn) SetNX(name, value string, lease time.Duration) (bool, error) {
	return c.take(name, value, lease)
}
