//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd || windows)

package filestore

import "errors"

// tryLock fails: these systems have no lock that ends with the process.
func tryLock(string) (unlock func(), err error) { return nil, errors.ErrUnsupported }
