package linkitredis

import (
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"

	"github.com/linkit-go/linkit"
)

// sealedVersion is the first byte of an encrypted session. One in clear is JSON and begins with a brace.
const sealedVersion = 1

var (
	errClear  = errors.New("linkitredis: the stored session isn't encrypted")
	errSealed = errors.New("linkitredis: the stored session is encrypted: WithEncryption is needed to read it")
	errKey    = errors.New("linkitredis: the stored session can't be decrypted: another key, or changed since")
)

// sealer encrypts sessions: a version, a nonce, and AES-256-GCM bound to the Redis key that it is stored under. The nil
// sealer does nothing.
type sealer struct{ aead cipher.AEAD }

func newSealer(key []byte) (*sealer, error) {
	if len(key) != 32 {
		return nil, fmt.Errorf("%w: linkitredis: WithEncryption: the key has %d bytes, and AES-256 takes 32",
			linkit.ErrInvalid, len(key))
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return &sealer{aead}, err
}

func (s *sealer) seal(name string, value []byte) []byte {
	if s == nil {
		return value
	}
	//nolint:gosec // the cipher makes the nonce at random
	return s.aead.Seal([]byte{sealedVersion}, nil, value, []byte(name))
}

func (s *sealer) open(name string, stored []byte) ([]byte, error) {
	sealed := len(stored) > 0 && stored[0] == sealedVersion
	switch {
	case s == nil && sealed:
		return nil, errSealed
	case s == nil:
		return stored, nil
	case !sealed:
		return nil, errClear
	}
	value, err := s.aead.Open(nil, nil, stored[1:], []byte(name))
	if err != nil {
		return nil, errKey
	}
	return value, nil
}
