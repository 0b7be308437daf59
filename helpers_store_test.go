package linkit_test

import (
	"context"
	"sync"

	"github.com/linkit-go/linkit"
)

// memoryStore is a SessionStore that notes what is done to it, and fails as it is told.
type memoryStore struct {
	mu       sync.Mutex
	sessions map[string]*linkit.Session
	log      []string
	fail     error
	panics   bool
	broken   *linkit.Session // what Load finds
}

func newMemoryStore() *memoryStore { return &memoryStore{sessions: map[string]*linkit.Session{}} }

func (m *memoryStore) note(what string) error {
	m.log = append(m.log, what)
	if m.panics {
		panic("store")
	}
	return m.fail
}

func (m *memoryStore) Load(_ context.Context, key string) (*linkit.Session, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.broken != nil {
		return m.broken, m.note("load")
	}
	return m.sessions[key], m.note("load")
}

func (m *memoryStore) Save(_ context.Context, key string, s *linkit.Session) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sessions[key] = s
	return m.note("save")
}

func (m *memoryStore) Lock(context.Context, string) (func(), error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.log = append(m.log, "unlock")
	}, m.note("lock")
}

type hungStore struct{}

func (hungStore) Load(ctx context.Context, _ string) (*linkit.Session, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func (hungStore) Save(ctx context.Context, _ string, _ *linkit.Session) error {
	<-ctx.Done()
	return ctx.Err()
}

func (hungStore) Lock(ctx context.Context, _ string) (func(), error) {
	<-ctx.Done()
	return nil, ctx.Err()
}
