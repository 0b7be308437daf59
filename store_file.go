package linkit

import (
	"context"
	"path/filepath"

	"github.com/linkit-go/linkit/internal/filestore"
)

// FileSessionStore returns a store that keeps sessions as files in dir, for the processes of one
// user on one machine. It makes dir, readable by that user only, with its first file. The files
// hold tokens in clear; they are replaced atomically and locked across processes, and
// [SessionStore] Save removes the temporary files of processes that were killed. A relative dir is
// made absolute at once.
//
// [NewClient] returns [ErrInvalid] for a dir that is empty, begins with ~ or can't be made
// absolute. On Unix a folder or file that every user can write to, or whose owner is neither root
// nor the current user, is not used: the client logs a warning and signs in. So don't use /tmp
// itself, or a mounted volume that everybody can write to, but a folder below it.
func FileSessionStore(dir string) SessionStore {
	files, err := filestore.New(dir)
	if err != nil {
		return &fileStore{err: invalid("FileSessionStore: dir %v", err)}
	}
	return &fileStore{files: files}
}

type fileStore struct {
	files *filestore.Dir
	err   error // what is wrong with its folder
}

// checkKey refuses a key that isn't a plain file name.
func (f *fileStore) checkKey(key string) error {
	switch {
	case f.err != nil:
		return f.err
	case key == "." || key == ".." || filepath.Base(key) != key:
		return invalid("FileSessionStore: the key is not a file name")
	}
	return nil
}

// Load returns the session under key; nil when there is none.
func (f *fileStore) Load(_ context.Context, key string) (*Session, error) {
	if err := f.checkKey(key); err != nil {
		return nil, err
	}
	b, err := f.files.Read(key + ".session")
	if err != nil || b == nil {
		return nil, err
	}
	s := new(Session)
	if err := s.UnmarshalBinary(b); err != nil {
		return nil, err
	}
	return s, nil
}

// Save replaces the session under key.
func (f *fileStore) Save(_ context.Context, key string, s *Session) error {
	if err := f.checkKey(key); err != nil {
		return err
	}
	if s == nil {
		return invalid("FileSessionStore: the session is nil")
	}
	b, err := s.MarshalBinary()
	if err != nil {
		return err
	}
	return f.files.Write(key+".session", b)
}

// Lock keeps other processes out until unlock is called or this process ends.
func (f *fileStore) Lock(ctx context.Context, key string) (unlock func(), err error) {
	if err := f.checkKey(key); err != nil {
		return nil, err
	}
	return f.files.Lock(ctx, key+".lock")
}
