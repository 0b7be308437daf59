//go:build !unix

package filestore

import "io/fs"

// trusted accepts everything: these systems don't tell who may write by mode bits.
func trusted(string, fs.FileInfo) error { return nil }
