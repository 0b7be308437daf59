package stock

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// pinged is a database that can only be pinged.
type pinged struct {
	pings int
	ping  func(ctx context.Context) error
}

func (p *pinged) Connect(context.Context) (driver.Conn, error) { return p, nil }
func (p *pinged) Driver() driver.Driver                        { return nil }
func (p *pinged) Prepare(string) (driver.Stmt, error)          { return nil, errors.ErrUnsupported }
func (p *pinged) Begin() (driver.Tx, error)                    { return nil, errors.ErrUnsupported }
func (p *pinged) Close() error                                 { return nil }

func (p *pinged) Ping(ctx context.Context) error {
	p.pings++
	return p.ping(ctx)
}

func TestALockEndsSoonAfterItsConnection(t *testing.T) {
	t.Parallel()
	gone := errors.New("connection reset")
	for name, row := range map[string]struct {
		ping func(ctx context.Context) error // after 10 s
		ends time.Duration
		want error
	}{
		"it is closed":          {func(context.Context) error { return gone }, 11 * time.Second, gone},
		"it doesn't respond":    {func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, 16 * time.Second, context.DeadlineExceeded},
		"the server is shot at": {func(context.Context) error { return driver.ErrBadConn }, 11 * time.Second, driver.ErrBadConn},
	} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			server := &pinged{ping: func(ctx context.Context) error {
				if time.Since(began) <= 10*time.Second {
					return nil
				}
				return row.ping(ctx)
			}}
			db := sql.OpenDB(server)
			conn, err := db.Conn(t.Context())
			require.NoError(t, err)
			ctx, cancel := context.WithCancelCause(t.Context())
			watch(ctx, conn, cancel)
			assert.Equal(t, row.ends, time.Since(began), name)
			assert.Equal(t, 11, server.pings, name)
			require.ErrorIs(t, context.Cause(ctx), ErrLockLost, name)
			require.ErrorIs(t, context.Cause(ctx), row.want, name)
			_ = conn.Close()
			require.NoError(t, db.Close())
		})
	}
}

func TestALockThatIsReleasedIsNoLongerWatched(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		db := sql.OpenDB(&pinged{ping: func(context.Context) error { return nil }})
		conn, err := db.Conn(t.Context())
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
		defer cancel()
		watch(ctx, conn, func(error) { assert.Fail(t, "it isn't lost") })
		assert.Equal(t, 90*time.Second, time.Since(began))
		require.NoError(t, conn.Close())
		require.NoError(t, db.Close())
	})
}
