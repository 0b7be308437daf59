package stock

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/linkit-go/linkit/examples/jobs/internal/database"
)

// ErrLockLost is the cause of requests that were cancelled because the connection that held their
// shard's lock was lost.
var ErrLockLost = errors.New("the lock of the shard was lost with its connection")

// ErrLocked is a SQLite file that another process works on.
var ErrLocked = errors.New("another stocksync works on this file; for several processes use PostgreSQL")

const (
	pingEvery = time.Second
	dbTimeout = 30 * time.Second // of a statement that isn't a stream
)

// lock is a held shard. What it writes is written only while it is held: on PostgreSQL by the
// session that holds it.
type lock struct {
	ctx     context.Context //nolint:containedctx // ends when the lock is lost
	session session
	release func()
}

// lockFile takes the lock of a SQLite file. It is that of another file beside it: nobody is kept
// from reading and writing the first. It ends with the process.
func lockFile(ctx context.Context, path string) (io.Closer, error) {
	file, err := database.Lock(ctx, path+"-stocksync.lock")
	if errors.Is(err, database.ErrLocked) {
		return nil, fmt.Errorf("%s: %w", path, ErrLocked)
	}
	return file, err
}

// lock takes the locks of names, all or none, on one connection. It returns nil where another
// process holds one of them.
func (s *State) lock(ctx context.Context, names ...string) (*lock, error) {
	held, cancel := context.WithCancelCause(ctx)
	if !s.db.Postgres {
		return &lock{ctx: held, session: s.writer, release: func() { cancel(nil) }}, nil
	}
	conn, err := s.db.Conn(ctx)
	if err == nil {
		err = s.take(ctx, conn, names)
	}
	if err != nil {
		cancel(err)
		if conn != nil {
			discard(conn)
		}
		if errors.Is(err, errTaken) {
			return nil, nil //nolint:nilnil // taken by another, which is no failure
		}
		return nil, fmt.Errorf("take a lock: %w", err)
	}
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		watch(held, conn, cancel)
	}()
	return &lock{ctx: held, session: conn, release: func() { //nolint:contextcheck // it must work once ctx has ended
		cancel(nil)
		<-watched
		release(conn)
	}}, nil
}

var errTaken = errors.New("taken")

func (s *State) take(ctx context.Context, conn *sql.Conn, names []string) error {
	// Requests must be written down for good before they are sent, whatever the server's default.
	_, err := conn.ExecContext(ctx,
		"SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'")
	if err != nil {
		return err
	}
	for _, name := range names {
		var ok bool
		err := conn.QueryRowContext(ctx, "SELECT pg_try_advisory_lock($1, $2)", lockClass, s.lockKey(name)).Scan(&ok)
		if err != nil {
			return err
		}
		if !ok {
			return errTaken
		}
	}
	return nil
}

// watch cancels once the connection is lost.
func watch(ctx context.Context, conn *sql.Conn, cancel context.CancelCauseFunc) {
	ticker := time.NewTicker(pingEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		// Not ctx: a cancelled statement would close the connection.
		ping, end := context.WithTimeout(context.WithoutCancel(ctx), 5*pingEvery)
		err := conn.PingContext(ping)
		end()
		if err != nil {
			cancel(fmt.Errorf("%w: %w", ErrLockLost, err))
			return
		}
	}
}

// release gives the locks back, and the connection unless that fails.
func release(conn *sql.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_unlock_all()"); err != nil {
		discard(conn)
		return
	}
	_ = conn.Close()
}

// discard closes a connection for good, and with it what it has locked.
func discard(conn *sql.Conn) {
	_ = conn.Raw(func(any) error { return driver.ErrBadConn })
	_ = conn.Close()
}
